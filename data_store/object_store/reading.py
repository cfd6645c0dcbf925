"""Reading objects: streams that survive a broken connection, and a seekable reader. Neither mixes two versions."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Any, cast

from data_store.object_store.body import ObjectBody
from data_store.object_store.client import ObjectStoreClient
from data_store.object_store.errors import ConnectionFailed, IntegrityError, PreconditionFailed, TimedOut
from data_store.object_store.models import GetOptions, Object, ObjectMetadata

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["ObjectReader", "open_resuming", "without_body"]

_DEFAULT_BLOCK = 1024 * 1024


def open_resuming(client: ObjectStoreClient, bucket: str, key: str, options: GetOptions, attempts: int) -> Object:
    """Return an object whose body takes a broken connection up again, with ``attempts`` requests in all.

    Every further request names the ETag of the first (If-Match), so the body is of one version or raises
    ``IntegrityError``. A body of a whole object is compared with the MD5 that the server vouches for, if it does.
    """
    found = client.get_object(bucket, key, options)
    follower = _Follower(client, bucket, found, options, attempts - 1)
    cast(ObjectBody, found.body).follow(follower)
    if found.content_length == 0:
        follower.finished()
    return found


class _Follower:
    """Takes the body of an object up again where the connection broke, and compares its MD5 at the end."""

    __slots__ = ("_bucket", "_client", "_end", "_etag", "_hash", "_key", "_md5", "_resumes")

    def __init__(
        self, client: ObjectStoreClient, bucket: str, found: Object, options: GetOptions, resumes: int
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._key = found.key
        self._etag = found.etag
        self._end = _first_byte(found, options) + found.content_length
        self._resumes = resumes
        self._md5 = _expected_md5(found)
        self._hash: Any = hashlib.md5(usedforsecurity=False) if self._md5 else None

    def received(self, chunk: bytes, /) -> None:
        if self._hash is not None:
            self._hash.update(chunk)

    def recover(self, error: Exception, left: int, /) -> IO[bytes]:
        if self._resumes < 1 or self._etag is None or not isinstance(error, ConnectionFailed | TimedOut):
            raise error
        self._resumes -= 1
        rest = GetOptions(offset=self._end - left, length=left, if_match=self._etag)
        try:
            found = self._client.get_object(self._bucket, self._key, rest)
        except PreconditionFailed as changed:
            raise self._damaged("the object was replaced while it was read") from changed
        if (found.etag, found.content_length) != (self._etag, left):  # a server that ignores If-Match
            found.close()
            raise self._damaged("the object was replaced while it was read")
        return found.body

    def finished(self) -> None:
        if self._hash is not None and self._hash.hexdigest() != self._md5:
            raise self._damaged(f"the content's MD5 is {self._hash.hexdigest()}, not {self._md5}")

    def _damaged(self, reason: str) -> IntegrityError:
        return IntegrityError(reason).locate("get_object", self._bucket, self._key, self._client.config.framework)


def _first_byte(found: Object, options: GetOptions) -> int:
    offset = options.offset or 0
    return offset if offset >= 0 else max(0, (found.size or 0) + offset)


def _expected_md5(found: Object) -> str | None:
    whole = found.size == found.content_length
    return found.checksums.get("md5") if whole and found.checksums else None


class ObjectReader(io.RawIOBase):
    """A seekable reader of one version of an object: ranged reads, each of at least ``block_size`` bytes.

    Pinned to the ETag that it found when it was opened: ``PreconditionFailed`` if the object is replaced meanwhile.
    Wrap it in ``io.TextIOWrapper(io.BufferedReader(reader))`` to read text.
    """

    def __init__(
        self, client: ObjectStoreClient, bucket: str, found: ObjectMetadata, attempts: int, block_size: int | None
    ) -> None:
        super().__init__()
        self._client = client
        self._bucket = bucket
        self._attempts = attempts
        self._block_size = block_size or _DEFAULT_BLOCK
        self._position = 0
        self._block = b""
        self._block_at = 0
        self.metadata = found
        self.size = found.size or 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position in bytes."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position in bytes; behind the end reads return ``b""``."""
        self._check_open()
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}.get(whence)
        if base is None or base + offset < 0:
            raise ValueError(f"cannot seek to {offset} from {whence}")
        self._position = base + offset
        return self._position

    def read(self, size: int | None = -1, /) -> bytes:
        """Return at most ``size`` bytes (fewer only at the end), all that are left without a size."""
        self._check_open()
        left = max(0, self.size - self._position)
        wanted = left if size is None or size < 0 else min(size, left)
        chunk = self._buffered(wanted)
        if len(chunk) < wanted:
            chunk += self._fetch(self._position + len(chunk), wanted - len(chunk))
        self._position += len(chunk)
        return chunk

    def readall(self) -> bytes:
        """Return all that is left."""
        return self.read()

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Read into a buffer and return how many bytes; 0 at the end."""
        view = memoryview(buffer).cast("B")
        chunk = self.read(len(view))
        view[: len(chunk)] = chunk
        return len(chunk)

    def _check_open(self) -> None:
        if self.closed:
            raise ValueError("operation on a closed reader")

    def _buffered(self, wanted: int) -> bytes:
        at = self._position - self._block_at
        return self._block[at : at + wanted] if 0 <= at < len(self._block) else b""

    def _fetch(self, offset: int, wanted: int) -> bytes:
        length = min(max(wanted, self._block_size), self.size - offset)
        options = GetOptions(offset=offset, length=length, if_match=self.metadata.etag)
        found = open_resuming(self._client, self._bucket, self.metadata.key, options, self._attempts)
        block = found.read()
        if wanted < self._block_size:
            self._block, self._block_at = block, offset
        return block[:wanted]


def without_body(found: Object) -> ObjectMetadata:
    """Return the metadata of an object that was read."""
    fields = {name: getattr(found, name) for name in ObjectMetadata.__dataclass_fields__}
    return replace(ObjectMetadata(key=found.key), **fields)

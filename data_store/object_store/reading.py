"""Reading objects: streams that survive a broken connection, and a seekable reader. Neither mixes two versions."""

from __future__ import annotations

import hashlib
import io
from typing import IO, Any, cast

from data_store.object_store.body import ByteReader, ObjectBody
from data_store.object_store.client import ObjectStoreClient
from data_store.object_store.errors import (
    ConnectionFailed,
    IntegrityError,
    PreconditionFailed,
    RangeNotSatisfiable,
    TimedOut,
)
from data_store.object_store.models import GetOptions, Object, ObjectMetadata

__all__ = ["ObjectReader", "open_resuming", "without_body"]

_DEFAULT_BLOCK = 1024 * 1024


def open_resuming(client: ObjectStoreClient, bucket: str, key: str, options: GetOptions, attempts: int) -> Object:
    """Return an object whose body takes a broken connection up again, with ``attempts`` requests in all.

    ``attempts`` is ``retry.max_attempts``: the first GET, its retries below, and those that take the body up again
    spend the same budget. When it is spent, or a GET is refused, the last error is raised. Every further request names
    the ETag of the first (If-Match), so the body is of one version or raises ``IntegrityError``. A body of a whole
    object is compared with the MD5 that the server vouches for, if it does.
    """
    found = client.get_object(bucket, key, options)
    body = cast(ObjectBody, found.body)
    follower = _Follower(client, bucket, found, options, attempts - body.attempts)
    body.follow(follower)
    if found.content_length == 0:
        follower.finished()
    return found


class _Follower:
    """Takes the body of an object up again where the connection broke, and compares its MD5 at the end."""

    __slots__ = ("_attempts", "_bucket", "_client", "_end", "_etag", "_hash", "_key", "_md5")

    def __init__(
        self, client: ObjectStoreClient, bucket: str, found: Object, options: GetOptions, attempts: int
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._key = found.key
        self._etag = found.etag
        self._end = _end(found, options)
        self._attempts = attempts
        self._md5 = _expected_md5(found)
        self._hash: Any = hashlib.md5(usedforsecurity=False) if self._md5 else None

    def received(self, chunk: bytes, /) -> None:
        if self._hash is not None:
            self._hash.update(chunk)

    def recover(self, error: Exception, left: int, /) -> IO[bytes]:
        if self._attempts < 1 or not isinstance(error, ConnectionFailed | TimedOut):
            raise error
        if self._etag is None or self._end is None:
            raise error
        rest = GetOptions(offset=self._end - left, length=left, if_match=self._etag, attempts=self._attempts)
        try:
            found = self._client.get_object(self._bucket, self._key, rest)
        except (PreconditionFailed, RangeNotSatisfiable) as changed:
            raise self._damaged("the object was replaced while it was read") from changed
        self._attempts -= cast(ObjectBody, found.body).attempts
        if (found.etag, found.content_length) != (self._etag, left):  # a server that ignores If-Match
            found.close()
            raise self._damaged("the object was replaced while it was read")
        return found.body

    def finished(self) -> None:
        if self._hash is not None and self._hash.hexdigest() != self._md5:
            raise self._damaged(f"the content's MD5 is {self._hash.hexdigest()}, not {self._md5}")

    def _damaged(self, reason: str) -> IntegrityError:
        return IntegrityError(reason).locate("get_object", self._bucket, self._key, self._client.config.framework)


def _end(found: Object, options: GetOptions) -> int | None:
    """Return the position behind the last byte of a body; None for a suffix of an object of unknown size."""
    offset = options.offset or 0
    return offset + found.content_length if offset >= 0 else found.size


def _expected_md5(found: Object) -> str | None:
    whole = found.size == found.content_length
    return found.checksums.get("md5") if whole and found.checksums else None


class ObjectReader(ByteReader):
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
    return ObjectMetadata(**{name: getattr(found, name) for name in ObjectMetadata.__dataclass_fields__})

"""Reading objects: streams that survive a broken connection, and a seekable reader. Neither mixes two versions."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import IO, cast

from data_store.object_store.body import SMALL_BODY, ByteReader, HeldBody, ObjectBody, without_body
from data_store.object_store.checksums import cheapest, combine, new_hasher
from data_store.object_store.client import ObjectStoreClient
from data_store.object_store.errors import (
    ConnectionFailed,
    IntegrityError,
    PreconditionFailed,
    RangeNotSatisfiable,
    TimedOut,
)
from data_store.object_store.models import GetOptions, Object, ObjectMetadata

__all__ = ["ObjectReader", "Version", "open_resuming", "vouched", "without_body"]

_DEFAULT_BLOCK = 1024 * 1024
_CURRENT = GetOptions()
_REPLACED = "the object was replaced while it was read"


def open_resuming(client: ObjectStoreClient, bucket: str, key: str, options: GetOptions, attempts: int) -> Object:
    """Return an object whose body takes a broken connection up again, with ``attempts`` requests in all.

    ``attempts`` is ``retry.max_attempts``: the first GET, its retries below, and those that take the body up again
    spend the same budget. When it is spent, or a GET is refused, the last error is raised. Every further request names
    the ETag of the first (If-Match), so the body is of one version or raises ``IntegrityError``. A body of a whole
    object is compared with the digest, of those that the server vouches for, that costs the least.
    """
    found = client.get_object(bucket, key, options)
    _follow(Version(client, bucket, found, options), found, _end(found, options), attempts)
    return found


class Version:
    """One version of an object, of which more is read: ``IntegrityError`` if there is another one meanwhile.

    Args:
        client: the client.
        bucket: the bucket.
        found: what the first GET told; without an ETag nothing more can be read.
        options: those of that request.

    Attributes:
        key: the key.
        etag: the ETag that every further answer must have.
    """

    __slots__ = ("_bucket", "_client", "_options", "etag", "key")

    def __init__(self, client: ObjectStoreClient, bucket: str, found: Object, options: GetOptions) -> None:
        self._client = client
        self._bucket = bucket
        self._options = options
        self.key = found.key
        self.etag = found.etag

    def compares(self, length: int) -> bool:
        """Return whether content of so many bytes is compared with its digest."""
        return length <= SMALL_BODY or self._client.config.transfer.integrity == "verified"

    def get(self, offset: int | None, length: int, attempts: int) -> Object:
        """Return a range, or all of it (None), with that many requests; a body that breaks stays broken."""
        rest = GetOptions(
            version=self._options.version,
            offset=offset,
            length=None if offset is None else length,
            if_match=self.etag,
            encryption=self._options.encryption,
            attempts=attempts,
        )
        try:
            found = self._client.get_object(self._bucket, self.key, rest)
        except (PreconditionFailed, RangeNotSatisfiable) as changed:
            raise self.damaged(_REPLACED) from changed
        if (found.etag, found.content_length) != (self.etag, length):  # a server that ignores If-Match
            found.close()
            raise self.damaged(_REPLACED)
        return found

    def open(self, offset: int | None, length: int, attempts: int) -> Object:
        """Return the same with a body that takes a broken connection up again, with that many requests in all."""
        found = self.get(offset, length, attempts)
        _follow(self, found, (offset or 0) + length, attempts)
        return found

    def damaged(self, reason: str) -> IntegrityError:
        """Return the error to raise."""
        error = IntegrityError(reason)
        return error.locate("get_object", self._bucket, self.key, self._client.config.framework)


def _follow(version: Version, found: Object, end: int | None, attempts: int) -> None:
    if isinstance(found.body, HeldBody):
        _check_at_end(version, found, found.body)
        return
    body = cast(ObjectBody, found.body)
    follower = _Follower(version, found, end, attempts - body.attempts)
    body.follow(follower)
    if found.content_length == 0:
        follower.finished()


def _check_at_end(version: Version, found: Object, body: HeldBody) -> None:
    told = vouched(found)
    algorithm = cheapest(told) if version.compares(found.content_length) else None
    if algorithm is not None:
        body.check = partial(_compare, version, body, algorithm, told[algorithm])
        if not body.size:
            body.read()


def _compare(version: Version, body: HeldBody, algorithm: str, told: str) -> None:
    digest = body.digest(algorithm)
    if digest != told:
        raise version.damaged(_of_another_digest(algorithm, digest, told))


def _of_another_digest(algorithm: str, found: str, told: str) -> str:
    return f"the content's {algorithm} is {found}, not {told}"


class _Follower:
    """Takes the body of an object up again where the connection broke, and compares its digest at the end."""

    __slots__ = ("_attempts", "_end", "_hasher", "_length", "_told", "_version", "algorithm")

    def __init__(self, version: Version, found: Object, end: int | None, attempts: int) -> None:
        self._version = version
        self._length = found.content_length
        self._end = end
        self._attempts = attempts
        self._told = vouched(found)
        self.algorithm = cheapest(self._told) if version.compares(self._length) else None
        self._hasher = new_hasher(self.algorithm) if self.algorithm else None

    def received(self, chunk: bytes | memoryview, /) -> None:
        if self._hasher is not None:
            self._hasher.update(chunk)

    def recover(self, error: Exception, left: int, /) -> IO[bytes]:
        if self._attempts < 1 or not isinstance(error, ConnectionFailed | TimedOut):
            raise error
        if self._version.etag is None or self._end is None:
            raise error
        found = self._version.get(self._end - left, left, self._attempts)
        self._attempts -= cast(ObjectBody, found.body).attempts
        return found.body

    def finished(self, rest: Sequence[tuple[bytes, int]] = (), /) -> None:
        if self._hasher is None or self.algorithm is None:
            return
        digest = self._hasher.digest()
        if rest:
            digest = combine(self.algorithm, [(digest, self._length - sum(size for _, size in rest)), *rest])
        found, told = digest.hex(), self._told[self.algorithm]
        if found != told:
            raise self._version.damaged(_of_another_digest(self.algorithm, found, told))


def _end(found: Object, options: GetOptions) -> int | None:
    """Return the position behind the last byte of a body; None for a suffix of an object of unknown size."""
    offset = options.offset or 0
    return offset + found.content_length if offset >= 0 else found.size


def vouched(found: Object) -> Mapping[str, str]:
    """Return the digests that the server vouches for of what the body delivers: none if that is a range."""
    return found.checksums or {} if found.size == found.content_length else {}


class ObjectReader(ByteReader):
    """A seekable reader of one version of an object: ranged reads, each of at least ``block_size`` bytes.

    Pinned to the ETag that it found when it was opened: ``PreconditionFailed`` if the object is replaced meanwhile.
    Wrap it in ``io.TextIOWrapper(io.BufferedReader(reader))`` to read text.

    Args:
        client: the client.
        bucket: the bucket.
        found: the object, as HEAD told with the same options.
        attempts: requests at the most for one read.
        block_size: bytes that a request asks for at the least; None: 1 MiB.
        options: the version that is read, and the key of an object that was stored with SSE-C.
    """

    def __init__(
        self,
        client: ObjectStoreClient,
        bucket: str,
        found: ObjectMetadata,
        attempts: int,
        block_size: int | None,
        options: GetOptions = _CURRENT,
    ) -> None:
        super().__init__()
        self._client = client
        self._bucket = bucket
        self._attempts = attempts
        self._options = GetOptions(version=options.version, encryption=options.encryption, if_match=found.etag)
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
        options = replace(self._options, offset=offset, length=length)
        found = open_resuming(self._client, self._bucket, self.metadata.key, options, self._attempts)
        block = found.read()
        if wanted < self._block_size:
            self._block, self._block_at = block, offset
        return block[:wanted]

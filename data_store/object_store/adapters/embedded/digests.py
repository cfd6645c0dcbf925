"""The digests of content, and the ETag that is made from them.

Reads are verified by the digest that costs the least, so content gets a CRC-32C where that is computed by the
processor (google-crc32c: 4 KiB in .3 us, 1 GiB in .02 s; MD5: 6 us, 1.4 s). The ETag is the MD5, as S3 has it for
what comes in one PUT, up to the size from which an upload to S3 goes in parts. Beyond that S3's ETag is no MD5 of the
content either, and neither is this one: it looks like that of an upload in parts, so that nobody takes it for an MD5.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator

from data_store.object_store.adapters.embedded.changes import Content
from data_store.object_store.checksums import Hasher, is_fast, new_hasher

__all__ = ["BLOCK", "CRC32", "FAST", "Digests", "digested", "has_fast"]

CRC32 = "crc32"
"""The digest by which parts are verified when they are put together; computed in a fraction of the time of an MD5."""

FAST = "crc32c"
"""The digest by which whole objects are verified."""

BLOCK = 1024 * 1024
"""Bytes; content that comes in whole blocks is not copied."""

_FEW_PAGES = 8192  # bytes
_WITHOUT_OTHERS = 2047  # bytes: HASHLIB_GIL_MINSIZE of CPython is 2,048


def has_fast() -> bool:
    """Return whether the library of ``FAST`` is installed, and compiled."""
    return is_fast(FAST)


def digested(data: bytes, algorithms: Iterable[str]) -> Content:
    """Return small content with its digests."""
    md5 = _md5(data)
    others = {}
    for name in algorithms:
        hasher = _hasher(name)
        hasher.update(data)
        others[name] = hasher.digest().hex()
    return Content(len(data), md5, md5, others, data)


def _md5(data: bytes) -> str:
    """Return the MD5 in hex.

    Beyond 2,047 bytes a call lets other threads run meanwhile, and then waits for its turn: where many threads write,
    that takes longer than the MD5 of a few pages.
    """
    if len(data) > _FEW_PAGES:
        return hashlib.md5(data, usedforsecurity=False).hexdigest()
    md5 = hashlib.md5(usedforsecurity=False)
    for start in range(0, len(data), _WITHOUT_OTHERS):
        md5.update(data[start : start + _WITHOUT_OTHERS])
    return md5.hexdigest()


class Digests:
    """The digests of content that comes in pieces.

    Args:
        algorithms: those that are wanted besides the MD5.
        md5_limit: content of more bytes has no MD5; ``FAST`` is then one of ``algorithms``. None: all has one.
        size: the length of the content in bytes, if it is known.

    Attributes:
        size: bytes that came so far.
    """

    def __init__(self, algorithms: Iterable[str], md5_limit: int | None, size: int | None = None) -> None:
        self.size = 0
        self._hashers = {name: _hasher(name) for name in algorithms}
        self._limit = md5_limit
        self._md5 = None if self._is_beyond(size or 0) else hashlib.md5(usedforsecurity=False)
        # Of the CRC-32C behind each block: two contents that differ in one block only have one of 32 bits to differ
        # in, as many as S3 has for its full object checksums.
        self._blocks = hashlib.md5(usedforsecurity=False)

    @property
    def md5(self) -> str | None:
        """The MD5 in lower-case hex, if the content has one."""
        return None if self._md5 is None else self._md5.hexdigest()

    @property
    def etag(self) -> str:
        """The ETag; the same for the same content."""
        if self._md5 is not None:
            return self._md5.hexdigest()
        blocks = self._blocks.copy()
        blocks.update(self._hashers[FAST].digest() + self.size.to_bytes(8, "big"))
        return f"{blocks.hexdigest()}-1"

    @property
    def others(self) -> dict[str, str]:
        """The digests that are wanted, in lower-case hex."""
        return {name: hasher.digest().hex() for name, hasher in self._hashers.items()}

    def update(self, chunk: bytes) -> None:
        """Add the next bytes."""
        if self._is_beyond(self.size + len(chunk)):
            self._md5 = None
        if self._md5 is not None:
            self._md5.update(chunk)
        for piece in _by_block(chunk, self.size):
            for hasher in self._hashers.values():
                hasher.update(piece)
            self.size += len(piece)
            if self._limit is not None and self.size % BLOCK == 0:
                self._blocks.update(self._hashers[FAST].digest())

    def _is_beyond(self, size: int) -> bool:
        return self._limit is not None and size > self._limit


class _Crc32(Hasher):
    def __init__(self) -> None:
        self._value = 0

    def update(self, chunk: bytes, /) -> None:  # type: ignore[override]
        self._value = zlib.crc32(chunk, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


def _hasher(algorithm: str) -> Hasher:
    return _Crc32() if algorithm == CRC32 else new_hasher(algorithm)


def _by_block(chunk: bytes, position: int) -> Iterator[bytes]:
    """Yield a chunk that stands at a position in pieces that end where a block ends."""
    start = 0
    while start < len(chunk):
        end = start + BLOCK - (position + start) % BLOCK
        yield chunk[start:end]  # all of it is the chunk itself
        start = end

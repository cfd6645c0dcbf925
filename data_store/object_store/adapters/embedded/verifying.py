"""A range of a content, read together with all the rest of it, to verify it by the digests of the whole."""

from __future__ import annotations

from collections.abc import Mapping

from data_store.object_store.body import ByteReader, RawBody
from data_store.object_store.checksums import cheapest, new_hasher
from data_store.object_store.errors import IntegrityError

__all__ = ["VerifiedRange"]

_CHUNK = 1024 * 1024


class VerifiedRange(ByteReader):
    """Some bytes of a content, from its beginning or not.

    Args:
        content: the whole content; it is read once, from its beginning to its end.
        offset: the first byte that is delivered.
        length: bytes to deliver; the content has at least so many from there.
        digests: digests of the whole content, one at least: algorithm to lower-case hex.
    """

    def __init__(self, content: RawBody, offset: int, length: int, digests: Mapping[str, str]) -> None:
        super().__init__()
        self._content = content
        self._before = offset
        self._left = length
        self._algorithm = cheapest(digests) or next(iter(digests))
        self._expected = digests[self._algorithm]
        self._hasher = new_hasher(self._algorithm)

    def read(self, size: int | None = -1, /) -> bytes:
        """Return at most ``size`` bytes, ``b""`` behind the range; ``IntegrityError`` if the content ends before."""
        while self._before:
            self._before -= len(self._some(self._before))
        wanted = self._left if size is None or size < 0 else min(size, self._left)
        if not wanted:
            return b""
        chunk = self._some(wanted)
        self._left -= len(chunk)
        return chunk

    def verify(self) -> None:
        """Read what is behind the range; raise ``IntegrityError`` unless all of the content is as it was written."""
        while self._next(_CHUNK):
            pass
        if self._hasher.digest().hex() != self._expected:
            raise IntegrityError(f"the source is damaged: it has another {self._algorithm} than when it was written")

    def _some(self, most: int) -> bytes:
        chunk = self._next(most)
        if not chunk:
            raise IntegrityError("the source is damaged: it has become shorter than when it was written")
        return chunk

    def _next(self, most: int) -> bytes:
        chunk = self._content.read(min(most, _CHUNK))
        self._hasher.update(chunk)
        return chunk

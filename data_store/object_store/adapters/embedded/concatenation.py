"""The parts of an upload, read as one stream and verified on the way."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from typing import BinaryIO

from data_store.object_store.adapters.embedded.digests import CRC32
from data_store.object_store.adapters.embedded.uploads import Part
from data_store.object_store.body import ByteReader
from data_store.object_store.errors import IntegrityError

__all__ = ["Concatenation"]


class Concatenation(ByteReader):
    """The contents of parts, one behind the other; one is open at a time.

    Args:
        parts: the parts, in order.
        opened: opens the content of a part.
    """

    def __init__(self, parts: Iterable[Part], opened: Callable[[Part], BinaryIO]) -> None:
        super().__init__()
        self._parts = iter(parts)
        self._opened = opened
        self._current: tuple[Part, BinaryIO] | None = None
        self._crc = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """Return at most ``size`` bytes, ``b""`` at the end only; ``IntegrityError`` behind a part that is damaged."""
        while current := self._current or self._next():
            part, body = current
            chunk = body.read(-1 if size is None else size)
            if chunk:
                self._crc = zlib.crc32(chunk, self._crc)
                return chunk
            body.close()
            self._current = None
            self._check(part)
        return b""

    def close(self) -> None:
        """Close the part that is open."""
        if self._current is not None:
            self._current[1].close()
        super().close()

    def _next(self) -> tuple[Part, BinaryIO] | None:
        part = next(self._parts, None)
        self._crc = 0
        self._current = None if part is None else (part, self._opened(part))
        return self._current

    def _check(self, part: Part) -> None:
        if part.digests[CRC32] != f"{self._crc:08x}":
            raise IntegrityError(f"the content of part {part.number} is damaged: upload it again")

"""Bodies as callers have them: streams that cannot seek, that break, and lists of progress."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from data_store.object_store.store import ObjectStore

__all__ = [
    "BrokenStream",
    "Interrupt",
    "OneWayStream",
    "ProgressLog",
    "SourceError",
    "chunks",
    "copied_in_parts",
    "large_size",
]


class SourceError(Exception):
    """What a caller's own stream raises."""


class OneWayStream(io.RawIOBase):
    """A stream that cannot seek, as a socket or a pipe, and gives at most 64 KiB at a time."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self._content = io.BytesIO(content)

    def readable(self) -> bool:
        """Return True."""
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next bytes, fewer than asked for."""
        return self._content.read(65536 if size is None or size < 0 else min(size, 65536))


class BrokenStream(OneWayStream):
    """A stream that raises ``SourceError`` where its content ends."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next bytes, or raise at the end."""
        chunk = super().read(size)
        if not chunk and size != 0:
            raise SourceError("the source broke")
        return chunk


class ProgressLog:
    """A progress callback that remembers what it was told."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, int | None]] = []

    def __call__(self, done: int, total: int | None) -> None:
        """Remember a call."""
        self.calls.append((done, total))

    @property
    def done(self) -> list[int]:
        """The cumulative bytes of every call."""
        return [done for done, _ in self.calls]

    @property
    def totals(self) -> set[int | None]:
        """The totals that were named."""
        return {total for _, total in self.calls}


class Interrupt:
    """A progress callback that raises once ``after`` bytes have passed."""

    def __init__(self, error: BaseException, after: int = 1) -> None:
        self._error = error
        self._after = after

    def __call__(self, done: int, _total: int | None) -> None:
        """Raise, once enough has passed."""
        if done >= self._after:
            raise self._error


def chunks(content: bytes, size: int) -> Iterator[bytes]:
    """Yield the content in pieces of ``size`` bytes."""
    for offset in range(0, len(content), size):
        yield content[offset : offset + size]


def large_size(store: ObjectStore) -> int:
    """Return a size that is uploaded in at least two parts, the last one odd."""
    transfer = store.config.transfer
    return max(transfer.multipart_threshold, transfer.part_size) + 4321


def copied_in_parts(store: ObjectStore) -> int:
    """Return a size that is copied in parts, where the configuration has a threshold that a test can reach."""
    return max(large_size(store), min(store.config.transfer.copy_threshold, 16 * 1024**2) + 1)

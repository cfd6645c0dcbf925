"""How large the parts of a file are: by its size, and by how fast parts went before."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Pace"]

_MIB = 1024**2
_MOST = 64 * _MIB  # from here on larger parts save nothing
_SECONDS = 2.0  # what a broken connection may cost
_WEIGHT = 0.25


class Pace:
    """The pace of one store's uploads; used by many threads at once.

    Few large parts cost less: fewer requests, less waiting for answers. But there must be enough of them for all
    connections, and one that breaks is sent again.

    Args:
        least: bytes of the smallest part.
        concurrency: how many parts travel at once.
    """

    def __init__(self, least: int, concurrency: int) -> None:
        self._least = least
        self._concurrency = concurrency
        self._lock = threading.Lock()
        self._rate: float | None = None

    def part_size(self, size: int) -> int:
        """Return the bytes of each part of ``size`` bytes: two for each connection, and at most two seconds' worth."""
        affordable = _MOST if self._rate is None else min(_MOST, int(self._rate * _SECONDS))
        wanted = min(size // (2 * self._concurrency), affordable)
        return max(self._least, wanted // _MIB * _MIB)

    @contextmanager
    def measured(self, size: int) -> Iterator[None]:
        """Measure the block, in which one connection carries ``size`` bytes."""
        begun = time.monotonic()
        yield
        rate = size / max(time.monotonic() - begun, 1e-6)
        with self._lock:
            self._rate = rate if self._rate is None else self._rate + _WEIGHT * (rate - self._rate)

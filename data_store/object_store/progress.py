"""One rising count for the caller, from parts that travel at once and may be repeated."""

from __future__ import annotations

import threading
from collections.abc import Callable

from data_store.object_store.models import Progress

__all__ = ["Meter"]


class Meter:
    """Adds up what the parts of a transfer report and tells the caller, one thread at a time."""

    def __init__(self, progress: Progress | None, total: int | None) -> None:
        self._progress = progress
        self._total = total
        self._lock = threading.Lock()
        self._parts: dict[int, int] = {}
        self._done = 0

    def of_part(self, number: int) -> Callable[[int], None] | None:
        """Return what one part reports its position to; a position reached before is not counted again."""
        if self._progress is None:
            return None
        return lambda position: self._report(number, position)

    def stop(self) -> None:
        """Tell the caller nothing any more."""
        with self._lock:
            self._progress = None

    def _report(self, number: int, position: int) -> None:
        with self._lock:
            gained = position - self._parts.get(number, 0)
            if gained > 0 and self._progress is not None:
                self._parts[number] = position
                self._done += gained
                self._progress(self._done, self._total)

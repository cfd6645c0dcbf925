"""So many slots, each of which is taken as long as its owner lives; who waits for one stands in line."""

from __future__ import annotations

import time
from contextlib import suppress
from threading import Lock
from weakref import ref

__all__ = ["Slots"]

_LOOK_AGAIN = 0.1  # seconds; an owner who dies without leaving wakes nobody


class Slots:
    """Slots for owners, which no interrupt can lose, given in the order of arrival.

    All stand in one line of weak references, and the first have the slots. The interpreter itself takes out who is no
    more (``__delitem__`` is written in C): a counter would go wrong where Ctrl-C strikes between the step that counts
    and the next one. Without a line, a thread that leaves a slot and wants one again is back before a waiting one runs.

    Args:
        size: how many there are.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._line: dict[ref[object], Lock] = {}

    def take(self, owner: object, patience: float) -> bool:
        """Take a slot for an owner, and return whether there was one within so many seconds."""
        place, woken, until = ref(owner, self._line.__delitem__), Lock(), None
        woken.acquire()
        self._line[place] = woken
        while not self._is_first(place):
            until = until or time.monotonic() + patience
            left = until - time.monotonic()
            if left <= 0:
                self._line.pop(place, None)
                return False
            woken.acquire(timeout=min(left, _LOOK_AGAIN))
        return True

    def leave(self, owner: object) -> None:
        """Leave a slot or the line, or nothing. It takes no lock: destructors come here, amid anything."""
        self._line.pop(ref(owner), None)
        if len(self._line) < self._size:
            return
        for next_one in list(self._line.values())[self._size - 1 : self._size]:
            with suppress(RuntimeError):  # it was woken before
                next_one.release()

    def _is_first(self, place: ref[object]) -> bool:
        """Return whether a place in the line is one of the first, which have the slots."""
        if len(self._line) <= self._size:
            return True
        return any(each is place for each in list(self._line)[: self._size])

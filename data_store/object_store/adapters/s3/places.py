"""So many places, each of which is taken as long as its owner lives."""

from __future__ import annotations

import time
from contextlib import suppress
from queue import Empty, SimpleQueue
from weakref import ref

__all__ = ["Places"]

_LOOK_AGAIN = 0.1  # seconds; nobody is woken by an owner who dies, nor by two who give way to each other


class Places:
    """Places for owners, which no interrupt can lose.

    Who has one stands in a set of weak references, and the interpreter itself takes out who is no more (``discard`` is
    written in C). A counter would go wrong where Ctrl-C strikes between the step that counts and the next one. There is
    no lock: destructors and signal handlers may come here, amid anything.

    Args:
        size: how many there are.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._owners: set[ref[object]] = set()
        self._left: SimpleQueue[None] = SimpleQueue()

    def take(self, owner: object, patience: float) -> bool:
        """Take a place for an owner, and return whether there was one within so many seconds."""
        place, until = ref(owner, self._owners.discard), None
        while True:
            self._owners.add(place)
            if len(self._owners) <= self._size:
                return True
            self._owners.discard(place)
            until = until or time.monotonic() + patience
            left = until - time.monotonic()
            if left <= 0:
                return False
            with suppress(Empty):
                self._left.get(timeout=min(left, _LOOK_AGAIN))

    def leave(self, owner: object) -> None:
        """Leave a place; who has none may do so too."""
        self._owners.discard(ref(owner))
        if self._left.qsize() < self._size:  # else enough will look
            self._left.put(None)

"""A bell: writers of a store ring it, watchers of the store in the same process wake up."""

from __future__ import annotations

import os
import threading
import weakref

__all__ = ["Bell"]


class Bell:
    """Who waits for it misses no ring. In the child of a fork it is a new one, whatever other threads held."""

    def __init__(self) -> None:
        self._open()
        _bells.add(self)

    @property
    def rings(self) -> int:
        """How often it has rung; to be asked before looking for what a ring tells of."""
        return self._rings

    def ring(self) -> None:
        """Wake all who wait."""
        with self._rung:
            self._rings += 1
            self._rung.notify_all()

    def wait(self, rings: int, timeout: float) -> None:
        """Return once it has rung more often than ``rings``, or after ``timeout`` seconds."""
        with self._rung:
            self._rung.wait_for(lambda: self._rings != rings, timeout)

    def _open(self) -> None:
        self._rung = threading.Condition()
        self._rings = 0


_bells: weakref.WeakSet[Bell] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for bell in list(_bells):
        bell._open()


os.register_at_fork(after_in_child=_after_fork_in_child)

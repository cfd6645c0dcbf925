"""No connection to a database file is open while this process forks.

A child inherits what SQLite believes about locks, but not the locks, and the connections that it opens itself share
that belief (SQLite documentation, "How To Corrupt", 2.6). Without its locks the parent takes itself for the last user,
removes the log under the child, and what the child commits is lost; a transaction of another thread looks to the child
as if it never ended. So a fork waits for the operations under way, which are short and call nobody, and closes what
is idle.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable

__all__ = ["Gate"]

_LONGEST_WAIT = 60.0  # seconds; more than a transaction waits for a lock


class Gate:
    """What the users of the connections of one database pass through.

    Args:
        close: closes the connections that nobody uses.
        forget: called in the child, where the other threads are not: forgets who among them waits for what.
    """

    def __init__(self, close: Callable[[], None], forget: Callable[[], None]) -> None:
        self._close = weakref.WeakMethod(close)
        self._forget = weakref.WeakMethod(forget)
        self._open()
        with _forking:
            _gates.add(self)

    def enter(self) -> None:
        """Say that this thread uses a connection from now on; waits for the end of a fork.

        A user announces itself before it looks whether the gate is shut, who forks shuts it before looking for users:
        one of the two sees the other, and where nobody forks there is no lock to take.
        """
        self._users.add(threading.get_ident())
        if self._shut:
            self._wait()

    def leave(self) -> None:
        """Say that it has given it back; may be said without having entered."""
        self._users.discard(threading.get_ident())
        if self._shut:
            with self._changed:
                self._changed.notify_all()

    def _wait(self) -> None:
        me = threading.get_ident()
        with self._changed:
            self._users.discard(me)
            self._changed.notify_all()
            while self._shut:
                self._changed.wait()
            self._users.add(me)

    def _open(self) -> None:
        self._changed = threading.Condition()
        self._users: set[int] = set()
        self._shut = False

    def _before_fork(self) -> None:
        me = {threading.get_ident()}  # a signal handler may fork in the middle of an operation
        with self._changed:
            self._shut = True
            self._changed.wait_for(lambda: self._users <= me, _LONGEST_WAIT)
            close = self._close()
            if close is not None:
                close()

    def _after_fork_in_parent(self) -> None:
        with self._changed:
            self._shut = False
            self._changed.notify_all()

    def _after_fork_in_child(self) -> None:
        self._open()
        forget = self._forget()
        if forget is not None:
            forget()


_forking = threading.RLock()
_gates: weakref.WeakSet[Gate] = weakref.WeakSet()


def _before_fork() -> None:
    _forking.acquire()
    for gate in list(_gates):
        gate._before_fork()


def _after_fork_in_parent() -> None:
    for gate in list(_gates):
        gate._after_fork_in_parent()
    _forking.release()


def _after_fork_in_child() -> None:
    for gate in list(_gates):
        gate._after_fork_in_child()
    _forking.release()


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)

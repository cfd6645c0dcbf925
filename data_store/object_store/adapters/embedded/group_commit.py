"""Group commit: the changes of threads that write at once share a transaction, and so the wait for the disk.

One thread leads. In one transaction it makes its own change and those of the threads that have queued up meanwhile,
and commits for all of them; then the first of those who came later leads. Nobody returns before the commit that has
its change. A change that raises before it has written anything (a condition does not hold) is nothing to the others.
If one raises later, or the commit does (a full disk), all of the transaction is taken back, and each of its changes
gets one of its own: that is rare, and savepoints would cost every change two statements.

The main thread makes its own changes only: it alone is interrupted by Ctrl-C, which must not end what others wait for.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Generic, Self, TypeVar

__all__ = ["GroupCommit", "transact"]

T = TypeVar("T")

_Change = Callable[[sqlite3.Connection], T]

_MOST = 64  # changes in a transaction; the first of them waits for the last
_LONGEST_NAP = 0.1  # seconds; who was to wake a waiting thread may have been interrupted before


class GroupCommit:
    """The write transactions of one process on one database.

    Args:
        connections: lends a connection.
    """

    def __init__(self, connections: Callable[[], AbstractContextManager[sqlite3.Connection]]) -> None:
        self._connections = connections
        self.forget()

    def forget(self) -> None:
        """Forget who waits: in the child of a fork these threads do not exist."""
        self._leading = threading.Lock()
        self._queue: deque[_Turn[Any]] = deque()  # who leads takes from it, nobody else

    def run(self, change: _Change[T]) -> T:
        """Make a change in a transaction, maybe together with others; return what it returns once it is committed.

        ``change`` may be called in another thread, and more than once: what it did before is taken back then.
        """
        if threading.current_thread() is threading.main_thread():
            try:
                with self._leading, self._connections() as connection:
                    return transact(connection, change)
            finally:
                self._wake_next()
        turn = _Turn(change)
        self._queue.append(turn)
        while not turn.is_done:
            if self._leading.locked():
                turn.woken.acquire(timeout=_LONGEST_NAP)
                continue
            with self._leading:
                self._lead(turn)
            self._wake_next()
        return turn.outcome()

    @contextmanager
    def alone(self) -> Iterator[sqlite3.Connection]:
        """Return a connection on which no other thread of the process writes meanwhile; there is no transaction yet."""
        try:
            with self._leading, self._connections() as connection:
                yield connection
        finally:
            self._wake_next()

    def _wake_next(self) -> None:
        """Let the first in the queue lead; called when nobody leads, so that who queues up afterwards sees that."""
        if self._queue:
            with contextlib.suppress(IndexError):
                self._queue[0].wake()

    def _lead(self, own: _Turn[Any]) -> None:
        if own.is_done:
            return
        try:
            with self._connections() as connection:
                connection.execute("BEGIN IMMEDIATE")
                self._commit(connection, self._queue.popleft())
        except BaseException as error:
            with contextlib.suppress(ValueError):
                self._queue.remove(own)
            if not isinstance(error, Exception):
                raise
            if not own.is_done:
                own.end(error)

    def _commit(self, connection: sqlite3.Connection, first: _Turn[Any]) -> None:
        taken, alone = deque([first]), False
        try:
            try:
                self._make_all(connection, taken)
            except Exception:  # noqa: BLE001 each thread gets what its own change raises
                alone = True
                with contextlib.suppress(sqlite3.Error):  # what follows fails then too, and says so to each
                    connection.rollback()
            while taken:  # each is settled before it is let go
                if alone:
                    taken[0].make_alone(connection)
                taken[0].end()
                taken.popleft()
        except BaseException:  # this thread is being ended, the others are not
            if connection.in_transaction or alone:
                connection.rollback()
                self._queue.extendleft(reversed([turn.anew() for turn in taken if not turn.is_done]))
            else:
                for turn in taken:
                    turn.end()
            raise

    def _make_all(self, connection: sqlite3.Connection, taken: deque[_Turn[Any]]) -> None:
        """Make a change and those that have queued up meanwhile, which are then taken, too, and commit."""
        taken[0].make_or_nothing(connection)
        while self._queue and len(taken) < _MOST:
            taken.append(self._queue.popleft())
            taken[-1].make_or_nothing(connection)
        connection.execute("COMMIT")


class _Turn(Generic[T]):
    """The change of one thread, and what became of it."""

    __slots__ = ("_change", "_error", "_result", "is_done", "woken")

    _result: T

    def __init__(self, change: _Change[T]) -> None:
        self._change = change
        self._error: Exception | None = None
        self.is_done = False
        self.woken = threading.Lock()
        self.woken.acquire()

    def make(self, connection: sqlite3.Connection) -> None:
        """Make the change."""
        self._result = self._change(connection)

    def make_or_nothing(self, connection: sqlite3.Connection) -> None:
        """Make the change, or fail before anything is written; raise if something was."""
        before = connection.total_changes
        try:
            self.make(connection)
        except Exception as error:
            if connection.total_changes != before or not connection.in_transaction:
                raise
            self._error = error

    def make_alone(self, connection: sqlite3.Connection) -> None:
        """Make the change in a transaction of its own, whatever became of it before."""
        self._error = None
        try:
            self._result = transact(connection, self._change)
        except Exception as error:  # noqa: BLE001 the thread whose change it is raises it
            self._error = error

    def anew(self) -> Self:
        """Return it without what became of it, which was taken back."""
        self._error = None
        return self

    def end(self, error: Exception | None = None) -> None:
        """Have the thread go on."""
        self._error = error or self._error
        self.is_done = True
        self.wake()

    def wake(self) -> None:
        """Have the thread look again."""
        with contextlib.suppress(RuntimeError):  # it was woken before
            self.woken.release()

    def outcome(self) -> T:
        """Return what the change returned, or raise what it raised."""
        if self._error is None:
            return self._result
        try:
            raise self._error
        finally:
            self._error = None  # else it would hold itself, by its traceback


def transact(connection: sqlite3.Connection, change: _Change[T]) -> T:
    """Make a change in a transaction of its own."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = change(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return result

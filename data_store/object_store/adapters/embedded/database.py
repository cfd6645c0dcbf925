"""Connections to the database, and transactions on them."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Protocol, TypeVar

from data_store.object_store.adapters.embedded.bell import Bell
from data_store.object_store.adapters.embedded.forking import Gate
from data_store.object_store.adapters.embedded.group_commit import GroupCommit, transact
from data_store.object_store.adapters.embedded.schema import migrate
from data_store.object_store.errors import ConfigurationError, IntegrityError

__all__ = ["Database", "FileDatabase", "MemoryDatabase"]

T = TypeVar("T")

_BUSY_SECONDS = 30.0
_MAX_IDLE = 8
_CACHE_KIB = 8192  # of each connection, as it needs it: all pages that lead to one of a million keys are in it
_PING = "SELECT 1 FROM buckets LIMIT 1"

# FULL syncs the log at each commit. NORMAL syncs at checkpoints only: after a crash of the machine the last
# transactions can be gone, but the database is whole, which OFF does not promise
# (https://www.sqlite.org/pragma.html#pragma_synchronous, https://www.sqlite.org/wal.html#performance_considerations).
_SYNCHRONOUS = {"full": "FULL", "relaxed": "NORMAL"}


class Database(Protocol):
    """What the client needs of a database.

    Attributes:
        bell: rung by writers in this process when there are new events.
    """

    bell: Bell

    def read(self) -> AbstractContextManager[sqlite3.Connection]:
        """Return a connection of one's own; each statement sees what was committed before it."""

    def snapshot(self) -> AbstractContextManager[sqlite3.Connection]:
        """Return a connection whose statements all see one state."""

    def write(self) -> AbstractContextManager[sqlite3.Connection]:
        """Return a connection in the one write transaction there is; it commits, or leaves everything as it was."""

    def commit(self, change: Callable[[sqlite3.Connection], T]) -> T:
        """Make a change in a write transaction, which threads that write at once may share; see ``GroupCommit.run``."""

    def ping(self) -> None:
        """Raise if the database does not answer or its file is gone."""

    def close(self) -> None:
        """Close what is not in use; the rest closes when it is given back."""


class FileDatabase:
    """A database file in WAL mode: readers never wait, writers queue, in this process and across processes.

    Connections are opened on demand, one for each operation under way, and up to eight idle ones are kept. The first
    one calls ``start``, until that succeeds once. After a fork both sides open new ones. Each operation looks whether
    the file is still in its place: SQLite writes on into one that was removed.
    """

    def __init__(self, path: Path, durability: str, start: Callable[[sqlite3.Connection], None]) -> None:
        self._path = path
        self._name = str(path)
        self._synchronous = _SYNCHRONOUS[durability]
        self._start: Callable[[sqlite3.Connection], None] | None = start
        self._starting = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._closed = False
        self._file: tuple[int, int] | None = None
        self._writers = GroupCommit(self.read)
        self._gate = Gate(self._close_idle, self._writers.forget)
        self.bell = Bell()
        weakref.finalize(self, _close_all, self._idle)

    def read(self) -> AbstractContextManager[sqlite3.Connection]:
        """See ``Database``."""
        return _Loan(self)

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """See ``Database``."""
        with self.read() as connection, _transaction(connection, "BEGIN"):
            yield connection

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """See ``Database``. Threads queue on a lock, because SQLite's own waiting is polling."""
        with self._writers.alone() as connection, _transaction(connection, "BEGIN IMMEDIATE"):
            yield connection

    def commit(self, change: Callable[[sqlite3.Connection], T]) -> T:
        """See ``Database``."""
        return self._writers.run(change)

    def ping(self) -> None:
        """See ``Database``."""
        with self.read() as connection:
            connection.execute(_PING)

    def close(self) -> None:
        """See ``Database``."""
        self._closed = True
        self._close_idle()

    def lend(self) -> sqlite3.Connection:
        """Return a connection for this thread alone; ``give_back`` follows."""
        try:
            self._gate.enter()
            return self._take()
        except BaseException:
            self._gate.leave()
            raise

    def give_back(self, connection: sqlite3.Connection) -> None:
        """Take back a connection."""
        try:
            self._keep(connection)
        finally:
            self._gate.leave()

    def _take(self) -> sqlite3.Connection:
        if self._file is not None and self._file != _identity(self._name):
            raise IntegrityError(f"{self._path} was replaced while it was open: make a new ObjectStore")
        try:
            return self._idle.pop()
        except IndexError:
            return self._opened()

    def _keep(self, connection: sqlite3.Connection) -> None:
        if connection.in_transaction or len(self._idle) >= _MAX_IDLE:
            connection.close()
            return
        self._idle.append(connection)
        if self._closed:
            self._close_idle()

    def _close_idle(self) -> None:
        _close_all(self._idle)

    def _opened(self) -> sqlite3.Connection:
        with self._starting:
            return self._connect() if self._start is None else self._first(self._start)

    def _first(self, start: Callable[[sqlite3.Connection], None]) -> sqlite3.Connection:
        _make_directory(self._path.parent)
        connection = self._connect()
        with _closed_on_failure(connection):
            _enter_wal(connection)
            migrate(connection)
            start(connection)
        self._file = _identity(self._name)
        self._start = None
        return connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        with _closed_on_failure(connection):
            connection.execute(f"PRAGMA synchronous = {self._synchronous}")
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        return connection


class _Loan:
    """A connection for the time of a ``with`` block."""

    __slots__ = ("_connection", "_database")

    _connection: sqlite3.Connection

    def __init__(self, database: FileDatabase) -> None:
        self._database = database

    def __enter__(self) -> sqlite3.Connection:
        self._connection = self._database.lend()
        return self._connection

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._database.give_back(self._connection)


class MemoryDatabase:
    """A database in the memory of the process that made it: one connection, used by one operation at a time."""

    def __init__(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self.bell = Bell()
        self._connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        weakref.finalize(self, self._connection.close)
        migrate(self._connection)

    def read(self) -> AbstractContextManager[sqlite3.Connection]:
        """See ``Database``; ``ConfigurationError`` after a fork."""
        if self._pid != os.getpid():
            raise ConfigurationError(
                "a memory store lives in the process that made it and cannot be used after a fork: "
                "use framework local, or a store of another connection.name"
            )
        return _Locked(self._lock, self._connection)

    snapshot = read

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """See ``Database``."""
        with self.read() as connection, _transaction(connection, "BEGIN"):
            yield connection

    def commit(self, change: Callable[[sqlite3.Connection], T]) -> T:
        """See ``Database``; there is nothing to share."""
        with self.read() as connection:
            return transact(connection, change)

    def ping(self) -> None:
        """See ``Database``."""
        with self.read() as connection:
            connection.execute(_PING)

    def close(self) -> None:
        """Do nothing: the store outlives its clients."""


class _Locked:
    """The one connection, for the time of a ``with`` block."""

    __slots__ = ("_connection", "_lock")

    def __init__(self, lock: threading.Lock, connection: sqlite3.Connection) -> None:
        self._lock = lock
        self._connection = connection

    def __enter__(self) -> sqlite3.Connection:
        self._lock.acquire()
        return self._connection

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._lock.release()


def _close_all(connections: list[sqlite3.Connection]) -> None:
    while connections:
        connections.pop().close()


@contextmanager
def _closed_on_failure(connection: sqlite3.Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        connection.close()
        raise


@contextmanager
def _transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    connection.execute(begin)
    with connection:
        yield


def _identity(path: str) -> tuple[int, int]:
    found = os.stat(path)  # noqa: PTH116 each operation asks, and Path.stat() takes three times as long
    return found.st_dev, found.st_ino


def _make_directory(root: Path) -> None:
    try:
        root.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise ConfigurationError(f"connection.root: {root} cannot be a directory: a file is in the way") from None


def _enter_wal(connection: sqlite3.Connection) -> None:
    """Switch to WAL; SQLite does not wait for a lock here, so two processes that make the store at once would fail."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return

"""Threads that write at once: they share commits, and nothing else."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from data_store.object_store.adapters.embedded import group_commit
from data_store.object_store.adapters.embedded.client import LocalClient
from data_store.object_store.adapters.embedded.group_commit import GroupCommit
from data_store.object_store.errors import PreconditionFailed
from data_store.object_store.models import GetOptions, PutOptions
from tests.unit.embedded_support import BUCKET, LARGE, finish, local, put, read, start, with_bucket

Change = Callable[[sqlite3.Connection], int]


class Disk:
    """A database of one table, that counts its commits; the next of them fail as often as is said."""

    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.connection.execute("CREATE TABLE numbers (number INTEGER UNIQUE)")
        self.connection.set_trace_callback(self._traced)
        self.statements: list[str] = []
        self.writers = GroupCommit(self.lend)

    @contextmanager
    def lend(self) -> Iterator[sqlite3.Connection]:
        """Return the connection."""
        yield self.connection

    def _traced(self, statement: str) -> None:
        self.statements.append(statement)

    @property
    def commits(self) -> int:
        """How often it has committed."""
        return self.statements.count("COMMIT")

    @property
    def numbers(self) -> list[int]:
        """What was committed."""
        return [row[0] for row in self.connection.execute("SELECT number FROM numbers ORDER BY number")]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A database without numbers."""
    made = Disk(tmp_path / "numbers.db")
    yield made
    made.connection.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LocalClient]:
    """A durable store with an empty bucket."""
    with with_bucket(local(tmp_path, "full")) as made:
        yield made


def adding(number: int) -> Change:
    """Return a change that adds a number, and then fails if it is there already."""

    def change(connection: sqlite3.Connection) -> int:
        connection.execute("INSERT INTO numbers VALUES (? + 1000)", (number,))
        connection.execute("INSERT INTO numbers VALUES (?)", (number,))
        return number

    return change


def queued(disk: Disk, changes: list[Change]) -> list[Future[int]]:
    """Have as many threads queue up, in this order, behind a transaction of this one; return their outcomes."""
    threads = ThreadPoolExecutor(len(changes))
    outcomes = []
    with disk.writers.alone():
        for number, change in enumerate(changes, 1):
            outcomes.append(threads.submit(disk.writers.run, change))
            while len(disk.writers._queue) < number:
                threading.Event().wait(0.001)
    threads.shutdown()
    return outcomes


@pytest.mark.parametrize("at", [2, 4])
def test_a_thread_that_is_ended_while_it_leads_takes_no_other_change_along(disk: Disk, at: int) -> None:
    """By a limit of time, say: its own change is lost, which it hears, those of the others are made anew."""

    class EndedError(BaseException):
        """Ends a thread, once."""

    ended: list[bool] = []

    def ending(connection: sqlite3.Connection) -> int:
        if not ended:
            ended.append(True)
            raise EndedError
        return adding(at)(connection)

    outcomes = queued(disk, [ending if number == at else adding(number) for number in range(5)])
    failed = [number for number, each in enumerate(outcomes) if each.exception() is not None]
    assert [type(outcomes[number].exception()) for number in failed] == [EndedError]
    made = [number for number in range(5) if number not in failed]
    assert [outcomes[number].result() for number in made] == made
    assert [number for number in disk.numbers if number < 1000] == made


def test_threads_that_wait_together_share_one_commit(disk: Disk) -> None:
    """Ten changes, one commit, and each thread gets what its own change returned."""
    outcomes = queued(disk, [adding(number) for number in range(10)])
    assert [each.result() for each in outcomes] == list(range(10))
    assert disk.commits == 1
    assert disk.numbers == [*range(10), *range(1000, 1010)]


@pytest.mark.parametrize("failing", [0, 1, 4])
def test_a_change_that_fails_takes_back_itself_alone(disk: Disk, failing: int) -> None:
    """First, in the middle or last: what it had written is gone, what the others wrote is there."""
    disk.connection.execute("INSERT INTO numbers VALUES (77)")
    changes = [adding(77 if number == failing else number) for number in range(5)]
    outcomes = queued(disk, changes)
    kept = [number for number in range(5) if number != failing]
    assert isinstance(outcomes[failing].exception(), sqlite3.IntegrityError)
    assert [outcomes[number].result() for number in kept] == kept
    assert disk.numbers == [*kept, 77, *(number + 1000 for number in kept)]


@pytest.mark.parametrize("failing", [0, 1, 4])
def test_a_change_that_fails_before_it_writes_leaves_the_commit_to_the_others(disk: Disk, failing: int) -> None:
    """As one whose condition does not hold."""

    def refused(_: sqlite3.Connection) -> int:
        raise PreconditionFailed("there is an object under that key")

    outcomes = queued(disk, [refused if number == failing else adding(number) for number in range(5)])
    assert isinstance(outcomes[failing].exception(), PreconditionFailed)
    assert disk.numbers == [
        number for base in (0, 1000) for number in range(base, base + 5) if number % 1000 != failing
    ]
    assert disk.commits == 1


def test_changes_whose_transaction_fails_as_a_whole_get_one_each(disk: Disk) -> None:
    """As on a full disk, where SQLite takes back all of a transaction: only the change that does not fit fails."""

    def too_large(connection: sqlite3.Connection) -> int:
        connection.execute("ROLLBACK")
        raise sqlite3.OperationalError("database or disk is full")

    outcomes = queued(disk, [adding(1), adding(2), too_large, adding(3)])
    assert [outcomes[number].result() for number in (0, 1, 3)] == [1, 2, 3]
    assert isinstance(outcomes[2].exception(), sqlite3.OperationalError)
    assert disk.numbers == [1, 2, 3, 1001, 1002, 1003]


def test_a_commit_that_fails_is_tried_for_each_change_alone(disk: Disk) -> None:
    """A deferred constraint fails at the commit: the change that breaks it fails, the others stand."""
    disk.connection.execute("PRAGMA foreign_keys = ON")
    disk.connection.execute(
        "CREATE TABLE names (number INTEGER REFERENCES numbers (number) DEFERRABLE INITIALLY DEFERRED)"
    )

    def dangling(connection: sqlite3.Connection) -> int:
        return connection.execute("INSERT INTO names VALUES (5)").rowcount

    outcomes = queued(disk, [adding(1), dangling, adding(2)])
    assert [outcomes[0].result(), outcomes[2].result()] == [1, 2]
    assert isinstance(outcomes[1].exception(), sqlite3.IntegrityError)
    assert disk.numbers == [1, 2, 1001, 1002]


def test_a_transaction_that_cannot_begin_fails_who_leads_and_the_next_tries_anew(disk: Disk) -> None:
    """Each thread waits for the lock of another process by itself, and its own call says that it was in vain."""
    other = sqlite3.connect(disk.connection.execute("PRAGMA database_list").fetchone()[2], isolation_level=None)
    disk.connection.execute("PRAGMA busy_timeout = 1")
    other.execute("BEGIN IMMEDIATE")
    outcomes = queued(disk, [adding(1), adding(2)])
    other.execute("ROLLBACK")
    other.close()
    assert all(isinstance(each.exception(), sqlite3.OperationalError) for each in outcomes)
    assert disk.writers.run(adding(3)) == 3


def test_a_transaction_takes_a_bounded_number_of_changes(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    """So the first does not wait for ever longer; the rest gets another one."""
    monkeypatch.setattr(group_commit, "_MOST", 4)
    outcomes = queued(disk, [adding(number) for number in range(10)])
    assert [each.result() for each in outcomes] == list(range(10))
    assert disk.commits == 3


def test_ctrl_c_in_the_main_thread_ends_its_own_change_only(disk: Disk) -> None:
    """It runs no change of another thread, so it cannot be interrupted in one; those who wait go on."""

    def interrupted(_: sqlite3.Connection) -> int:
        outcomes.append(threads.submit(disk.writers.run, adding(1)))
        while not disk.writers._queue:
            threading.Event().wait(0.001)
        raise KeyboardInterrupt

    outcomes: list[Future[int]] = []
    with ThreadPoolExecutor(1) as threads, pytest.raises(KeyboardInterrupt):
        disk.writers.run(interrupted)
    assert outcomes[0].result() == 1
    assert disk.numbers == [1, 1001]


def test_conditions_of_threads_that_write_the_same_key_hold_one_after_the_other(store: LocalClient) -> None:
    """Sixteen threads make a key that must not be there: one does, fifteen are told so."""
    options = PutOptions(if_none_match="*")

    def make(number: int) -> bool:
        try:
            put(store, "key", b"%d" % number, options)
        except PreconditionFailed:
            return False
        return True

    with ThreadPoolExecutor(16) as threads:
        made = list(threads.map(make, range(16)))
    assert made.count(True) == 1
    assert read(store, "key") == b"%d" % made.index(True)


@pytest.mark.parametrize("size", [10, LARGE])
def test_durable_puts_of_many_threads_are_all_there_for_another_process(
    store: LocalClient, tmp_path: Path, size: int
) -> None:
    """Whatever shared a commit: each returned when its own was done."""
    with ThreadPoolExecutor(16) as threads:
        etags = list(threads.map(lambda number: put(store, f"{number}", b"%d" % number * size).etag, range(64)))
    assert [store.head_object(BUCKET, f"{number}", GetOptions()).etag for number in range(64)] == etags
    script = "print(len(local(Path(sys.argv[1])).list_page(BUCKET, '', ListOptions()).objects))"
    assert finish(start("from data_store.object_store.models import ListOptions\n" + script, tmp_path)) == "64\n"


def test_after_a_fork_nobody_waits_for_threads_that_are_not_there(tmp_path: Path) -> None:
    """A child of a process whose threads write all the time writes at once, in the main thread and in another."""
    script = """
import threading
client = local(Path(sys.argv[1]), 'full')
client.create_bucket(BUCKET, BucketOptions())
over = threading.Event()
def write(name):
    number = 0
    while not over.is_set():
        put(client, f"{name}-{number}", b"x")
        number += 1
writers = [threading.Thread(target=write, args=(name,)) for name in range(4)]
for each in writers:
    each.start()
for child in range(10):
    pid = os.fork()
    if not pid:
        put(client, f"child-{child}", b"x")
        thread = threading.Thread(target=put, args=(client, f"grandchild-{child}", b"x"))
        thread.start()
        thread.join()
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
over.set()
for each in writers:
    each.join()
print(sum(read(client, f"{who}child-{child}") == b"x" for child in range(10) for who in ("", "grand")))
"""
    assert finish(start(script, tmp_path)) == "20\n"

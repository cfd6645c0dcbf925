"""The lock at which writers of several processes queue; two locks within one process exclude each other just so."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from data_store.object_store.adapters.embedded import writers_lock
from data_store.object_store.adapters.embedded.writers_lock import WritersLock
from tests.unit.embedded_support import local, put, read, start, with_bucket
from tests.unit.interrupts import interrupted_everywhere

HOLD = """
import time
from data_store.object_store.adapters.embedded.writers_lock import WritersLock
lock = WritersLock(Path(sys.argv[1]), 0o600)
lock.acquire()
print("held", flush=True)
time.sleep(600)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the lock's file is to be."""
    return tmp_path / "data-store.lock"


@pytest.fixture
def held(path: Path) -> Iterator[WritersLock]:
    """A lock that somebody has."""
    lock = WritersLock(path, 0o600)
    lock.acquire()
    yield lock
    lock.close()


def test_a_writer_waits_until_the_one_before_has_released_it(path: Path, held: WritersLock) -> None:
    """The order of what two writers do shows that the second came after the first."""
    steps: list[str] = []
    waiting = threading.Event()

    def wait() -> None:
        lock = WritersLock(path, 0o600)
        waiting.set()
        lock.acquire()
        steps.append("second")
        lock.close()

    thread = threading.Thread(target=wait)
    thread.start()
    waiting.wait(10)
    time.sleep(0.05)
    steps.append("first")
    held.release()
    thread.join(10)
    assert steps == ["first", "second"]


def test_a_writer_that_is_killed_holds_nobody_up(path: Path) -> None:
    """The system drops the lock with the process."""
    holder = start(HOLD, path)
    assert holder.stdout is not None
    assert holder.stdout.readline().strip() == "held"
    assert _is_taken(path)
    holder.kill()
    holder.communicate(timeout=10)
    assert not _is_taken(path)


def test_who_is_out_of_patience_goes_on_to_sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that stands still with the lock must not hold up those that SQLite lets write."""
    monkeypatch.setattr(writers_lock, "PATIENCE", 0.01)
    with with_bucket(local(tmp_path)) as client:
        holder = WritersLock(tmp_path / "data-store.lock", 0o600)
        holder.acquire()
        put(client, "key", b"content")
        assert read(client, "key") == b"content"
        holder.close()


def test_where_files_cannot_be_locked_writers_do_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some network file systems have no such locks; SQLite's own lock keeps the order then."""

    def refuse(fd: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with with_bucket(local(tmp_path)) as client:
        put(client, "key", b"content")
        assert read(client, "key") == b"content"


def test_where_its_file_cannot_be_opened_writers_do_without(tmp_path: Path) -> None:
    """Something is in its way, the disk is full, or it belongs to somebody else: it is for order only."""
    (tmp_path / "data-store.lock").symlink_to(tmp_path / "data-store.lock")
    with with_bucket(local(tmp_path)) as client:
        put(client, "key", b"content")
        assert read(client, "key") == b"content"


def test_all_who_may_read_the_database_may_queue(tmp_path: Path) -> None:
    """The file has the permissions of the database, whatever umask its first writer has."""
    with with_bucket(local(tmp_path)) as client:
        (tmp_path / "data-store.lock").unlink()
        (tmp_path / "data-store.db").chmod(0o664)
        client.close()
    with closing(local(tmp_path)) as another:
        put(another, "key", b"content")
    assert stat.S_IMODE((tmp_path / "data-store.lock").stat().st_mode) == 0o664


def test_an_interrupt_that_somebody_keeps_holds_up_nobody(tmp_path: Path) -> None:
    """As in an interactive shell: the lock is not held until the last exception is forgotten."""
    with with_bucket(local(tmp_path)) as client:
        put(client, "key", b"content")
        taken = []

        def write() -> None:
            put(client, "key", b"content")

        interrupted_everywhere(write, lambda: taken.append(_is_taken(tmp_path / "data-store.lock")))
        assert taken.count(True) <= 1  # amid the entry of ``__exit__`` there is nobody who could release it


def test_an_interrupted_wait_leaves_the_lock_for_the_next_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while another process writes ends the wait, and nothing else."""
    with with_bucket(local(tmp_path)) as client:
        put(client, "key", b"before")
        holder = WritersLock(tmp_path / "data-store.lock", 0o600)
        holder.acquire()
        with monkeypatch.context() as patched:
            patched.setattr(time, "sleep", _interrupt)
            with pytest.raises(KeyboardInterrupt):
                put(client, "key", b"interrupted")
        holder.close()
        put(client, "key", b"after")
        assert read(client, "key") == b"after"


def test_a_child_of_a_fork_does_not_hold_the_lock_of_its_parent(tmp_path: Path) -> None:
    """Parent and child would share one lock, and neither wait for the other."""
    with with_bucket(local(tmp_path)) as client:
        put(client, "key", b"content")
        pid = os.fork()
        if pid == 0:
            open_ones = 99
            try:
                own = local(tmp_path)
                put(own, "child", b"content")
                own.close()
                open_ones = len(_open_locks())
            finally:
                os._exit(open_ones)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert read(client, "child") == b"content"


def test_a_closed_store_has_no_lock_open(tmp_path: Path) -> None:
    """Its descriptor is closed with the connections."""
    with with_bucket(local(tmp_path)) as client:
        put(client, "key", b"content")
        client.close()
        assert _open_locks() == []


def _is_taken(path: Path) -> bool:
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _interrupt(seconds: float) -> None:
    raise KeyboardInterrupt


def _open_locks() -> list[str]:
    paths = [os.path.realpath(path) for path in Path("/proc/self/fd").iterdir()]
    return [path for path in paths if path.endswith("data-store.lock")]

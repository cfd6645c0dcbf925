"""What once broke the embedded store: forks, a root that goes away, a damaged database, a path that is not UTF-8."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from data_store.object_store import IntegrityError, ObjectStore, ServerError
from data_store.object_store.models import BucketOptions
from tests.unit.embedded_support import BUCKET, local, put, read


def store_in(root: Path) -> ObjectStore:
    """Return an embedded store without fsync."""
    return ObjectStore({"framework": "local", "connection": {"root": root, "durability": "relaxed"}})


class Child:
    """A forked process that does one thing at a time when it is told to."""

    def __init__(self, *steps: Callable[[], object]) -> None:
        outcomes, outcome = os.pipe()
        go, self._go = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # this process may have threads: that is the point
            self._pid = os.fork()
        if self._pid == 0:
            try:
                for step in steps:
                    os.read(go, 1)
                    os.write(outcome, _outcome(step))
            finally:
                os._exit(0)
        os.close(outcome)
        os.close(go)
        self._outcomes = outcomes

    def step(self) -> str:
        """Have it do its next step and return the outcome."""
        os.write(self._go, b".")
        return os.read(self._outcomes, 1000).decode()

    def end(self) -> None:
        """Wait for its end."""
        os.close(self._go)
        os.close(self._outcomes)
        os.waitpid(self._pid, 0)


def _outcome(step: Callable[[], object]) -> bytes:
    try:
        step()
    except Exception as error:  # noqa: BLE001 whatever it is, the parent shows it
        return repr(error).encode()[:1000]
    return b"ok"


def test_what_a_child_writes_survives_that_its_parent_closes_the_store(tmp_path: Path) -> None:
    """The parent is not the last user of the database, and must not remove the log under the child."""
    store = store_in(tmp_path)
    store.put_object(b"", "parent")
    child = Child(lambda: store.put_object(b"", "child 1"), lambda: store.put_object(b"", "child 2"))
    assert child.step() == "ok"
    store.close()
    assert child.step() == "ok"
    child.end()
    with store_in(tmp_path) as again:
        assert [found.key for found in again.list_files()] == ["child 1", "child 2", "parent"]


def test_a_child_writes_although_another_thread_was_in_a_transaction_at_the_fork(tmp_path: Path) -> None:
    """The fork waits for the end of the transaction; in the child it would never end."""
    client = local(tmp_path)
    client.create_bucket(BUCKET, BucketOptions())
    begun = threading.Event()

    def write_slowly() -> None:
        with client._database.write() as connection:
            connection.execute("DELETE FROM current_objects")
            begun.set()
            forking.wait(0.2)

    forking = threading.Event()
    writer = threading.Thread(target=write_slowly)
    writer.start()
    begun.wait()
    child = Child(lambda: put(client, "child", b"1"))
    writer.join()
    assert child.step() == "ok"
    child.end()
    assert read(client, "child") == b"1"
    client.close()


def test_a_signal_handler_that_forks_in_the_middle_of_an_operation_does_not_hang(tmp_path: Path) -> None:
    """A thread does not wait for its own operation."""
    client = local(tmp_path)
    client.create_bucket(BUCKET, BucketOptions())
    with client._database.read():
        child = Child(lambda: None)
    assert child.step() == "ok"
    child.end()
    client.close()


def test_a_root_that_was_removed_is_an_error_and_not_a_success(tmp_path: Path) -> None:
    """SQLite would write on into the removed file: a small object would be stored nowhere."""
    store = store_in(tmp_path / "root")
    store.put_object(b"1", "key")
    shutil.rmtree(tmp_path / "root")
    with pytest.raises(ServerError, match="No such file"):
        store.put_object(b"2", "key")
    with pytest.raises(ServerError, match="No such file"):
        store.read_object("key")
    assert not (tmp_path / "root").exists()
    store.close()


def test_a_root_that_was_made_anew_is_an_error_and_no_second_store(tmp_path: Path) -> None:
    """Two stores of one root must not go on with two databases."""
    first, second = store_in(tmp_path / "root"), store_in(tmp_path / "root")
    first.put_object(b"1", "key")
    shutil.rmtree(tmp_path / "root")
    second.put_object(b"2", "key")
    with pytest.raises(IntegrityError, match="make a new ObjectStore"):
        first.put_object(b"3", "key")
    assert second.read_object("key") == b"2"
    first.close()
    second.close()


@pytest.mark.parametrize(
    "damage",
    ["metadata = '{\"a\": '", "content_type = CAST(x'ff' AS TEXT)", "updated = 9223372036854775807"],
)
def test_a_damaged_row_is_an_integrity_error(tmp_path: Path, damage: str) -> None:
    """Neither the decoder's exceptions nor the calendar's reach the caller."""
    store = store_in(tmp_path)
    store.put_object(b"1", "key")
    with sqlite3.connect(tmp_path / "data-store.db") as connection:
        connection.execute(f"UPDATE current_objects SET {damage}")
    connection.close()
    with pytest.raises(IntegrityError, match="damaged"):
        store.head_object("key")
    store.close()


def test_a_root_that_is_not_utf_8_has_a_repr(tmp_path: Path) -> None:
    """Linux allows any bytes in a path; the first operation logs where the store is."""
    with store_in(tmp_path / os.fsdecode(b"\xff")) as store:
        store.put_object(b"1", "key")
        assert "%FF" in repr(store)
        assert store.read_object("key") == b"1"

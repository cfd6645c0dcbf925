"""The embedded store used by several processes and threads at once."""

from __future__ import annotations

import os
import pickle
import sqlite3
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from data_store.object_store import ObjectStore
from data_store.object_store.adapters.embedded.client import LocalClient
from data_store.object_store.errors import ConfigurationError, StoreClosed
from data_store.object_store.models import BucketOptions, DeleteOptions, GetOptions, ListOptions
from tests.unit.embedded_support import BUCKET, LARGE, files, finish, local, memory, put, read, start, with_bucket

INCREMENT = """
from data_store.object_store.errors import PreconditionFailed
client = local(Path(sys.argv[1]))
for _ in range(25):
    while True:
        found = client.get_object(BUCKET, "counter", GetOptions())
        try:
            put(client, "counter", b"%d" % (int(found.read()) + 1), PutOptions(if_match=found.etag))
            break
        except PreconditionFailed:
            pass
"""
WRITE = """
client, name, size = local(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3])
for number in range(20):
    put(client, f"{name}-{number}", name.encode() * size)
    put(client, "shared", name.encode() * size)
client.close()
"""
CREATE = "assert local(Path(sys.argv[1]), 'full').list_buckets() == []"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[LocalClient]:
    """A store with an empty bucket."""
    with with_bucket(local(tmp_path)) as made:
        yield made


def test_a_compare_and_swap_counter_of_four_processes_ends_exact(client: LocalClient, tmp_path: Path) -> None:
    """If-Match is checked in the transaction that writes: no increment is lost."""
    put(client, "counter", b"0")
    for process in [start(INCREMENT, tmp_path) for _ in range(4)]:
        finish(process)
    assert read(client, "counter") == b"100"


@pytest.mark.parametrize("size", [10, LARGE])
def test_processes_that_write_the_same_and_other_keys_lose_nothing(
    client: LocalClient, tmp_path: Path, size: int
) -> None:
    """Every key of every process is there, the shared key is one of them whole, and no file is left over."""
    writers = [start(WRITE, tmp_path, name, size) for name in "abc"]
    while any(writer.poll() is None for writer in writers):
        page = client.list_page(BUCKET, "shared", ListOptions())
        if page.objects:
            assert len(set(read(client, "shared"))) == 1
    for writer in writers:
        finish(writer)
    keys = [found.key for found in client.list_page(BUCKET, "", ListOptions()).objects]
    assert keys == sorted([f"{name}-{number}" for name in "abc" for number in range(20)] + ["shared"])
    assert all(read(client, key) == key[0].encode() * size for key in keys if key != "shared")
    assert files(tmp_path) == {"content": 61 if size == LARGE else 0, "temp": 0, "pending": 0}


def test_processes_that_make_the_same_store_at_once_all_succeed(tmp_path: Path) -> None:
    """The schema is made once; nobody sees a locked or half-made database."""
    processes = [start(CREATE, tmp_path / "new") for _ in range(4)]
    for process in processes:
        finish(process)
    made = local(tmp_path / "new")
    assert made.list_buckets() == []
    made.close()


def test_threads_that_make_the_same_store_at_once_all_succeed(tmp_path: Path) -> None:
    """As processes, with a client each and less time between them."""
    clients = [local(tmp_path / "new") for _ in range(8)]
    together = threading.Barrier(len(clients))

    def use(number: int) -> str:
        together.wait()
        return clients[number].create_bucket(f"bucket-{number}", BucketOptions()).name

    with ThreadPoolExecutor(len(clients)) as threads:
        made = sorted(threads.map(use, range(len(clients))))
    assert [bucket.name for bucket in clients[0].list_buckets()] == made
    for client in clients:
        client.close()


@pytest.mark.parametrize("size", [10, LARGE])
def test_a_reader_keeps_the_content_that_it_opened(client: LocalClient, size: int) -> None:
    """The object is replaced, then deleted; the body that was open delivers the old bytes to the end."""
    put(client, "key", b"1" * size)
    found = client.get_object(BUCKET, "key", GetOptions())
    first = found.body.read(1)
    put(client, "key", b"2" * size)
    client.delete_object(BUCKET, "key", DeleteOptions())
    assert first + found.read() == b"1" * size


def test_a_reader_looks_again_when_the_file_went_before_it_was_opened(
    client: LocalClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the row and the file a writer replaced the object: the reader gets the new one."""
    put(client, "key", b"1" * LARGE)
    original = client._contents.open

    def replaced_meanwhile(*arguments: object) -> object:
        monkeypatch.undo()
        put(client, "key", b"2" * LARGE)
        return original(*arguments)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(client._contents, "open", replaced_meanwhile)
    assert read(client, "key") == b"2" * LARGE


def test_connections_are_bounded_and_closed_with_the_store(tmp_path: Path) -> None:
    """Twenty threads at once leave at most eight open connections; close() leaves none, though the threads ended."""
    client = local(tmp_path)
    client.create_bucket(BUCKET, BucketOptions())
    with ThreadPoolExecutor(20) as threads:
        assert len(list(threads.map(lambda number: put(client, str(number), b"x"), range(100)))) == 100
    database = client._database
    assert 1 <= len(database._idle) <= 8  # type: ignore[attr-defined]  # what is inside is what is tested
    client.close()
    assert database._idle == []  # type: ignore[attr-defined]  # as above
    assert not (tmp_path / "data-store.db-wal").exists()


def test_close_while_an_operation_runs_closes_its_connection_afterwards(client: LocalClient) -> None:
    """The operation ends well, the next one raises StoreClosed."""
    with client._database.read() as connection:
        client.close()
        assert connection.execute("SELECT count(*) FROM buckets").fetchone() == (1,)
    with pytest.raises(sqlite3.ProgrammingError):
        connection.execute("SELECT 1")
    with pytest.raises(StoreClosed):
        client.list_buckets()


def test_memory_clients_of_one_name_share_a_store_which_outlives_them(tmp_path: Path) -> None:
    """Another name is another store."""
    first, second, other = memory(f"{tmp_path}"), memory(f"{tmp_path}"), memory(f"{tmp_path} other")
    first.create_bucket(BUCKET, BucketOptions())
    put(first, "key", bytes(LARGE))
    first.close()
    assert read(second, "key") == bytes(LARGE)
    assert read(memory(f"{tmp_path}"), "key") == bytes(LARGE)
    assert other.list_buckets() == []


def test_a_memory_store_cannot_be_pickled_or_used_after_a_fork(tmp_path: Path) -> None:
    """Both are a ConfigurationError that says what to use instead, through the facade too."""
    with ObjectStore({"framework": "memory", "connection": {"name": f"{tmp_path}"}}) as store:
        store.put_object(b"1", "key")
        with pytest.raises(ConfigurationError, match="local"):
            pickle.dumps(store)
        assert in_child(lambda: store.read_object("key")).startswith("ConfigurationError: a memory store lives in")
        assert in_child(store.client.list_buckets).startswith("ConfigurationError: a memory store lives in")
        assert store.read_object("key") == b"1"


def test_a_local_store_works_on_both_sides_of_a_fork(tmp_path: Path) -> None:
    """The child opens connections of its own; the parent's are as they were."""
    with ObjectStore({"framework": "local", "connection": {"root": tmp_path}}) as store:
        store.put_object(b"parent", "key")
        assert in_child(lambda: store.put_object(store.read_object("key") + b", child", "key") and None) == "None"
        assert store.read_object("key") == b"parent, child"


def in_child(action: Callable[[], object]) -> str:
    """Return the repr of what an action returns after a fork, or its ConfigurationError as text."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the test run may have other threads, the child has not
        child = os.fork()
    if child == 0:
        outcome = "another error"
        try:
            outcome = repr(action())
        except ConfigurationError as error:
            outcome = f"{type(error).__name__}: {error}"
        finally:
            os.write(writing, outcome.encode())
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        outcome = pipe.read()
    os.waitpid(child, 0)
    return outcome

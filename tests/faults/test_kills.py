"""Kill -9 before each request of an operation of several: the old state or the new; the janitor finds the rest."""

from __future__ import annotations

import itertools
import json
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from data_store.object_store import ObjectStore
from data_store.object_store.testing.exceptions import CEPH_RGW, MINIO
from data_store.object_store.testing.facts import TAGS_IN_ONE_STEP
from data_store.object_store.testing.faults import FaultServer, Request
from tests.servers import Server
from tests.servers.plugin import RunningServers

PROGRAM = Path(__file__).with_name("working.py")
MIB = 1024**2
OLD = b"old"
NEW = random.Random(8).randbytes(11 * MIB)  # three parts
OLD_TAGS, NEW_TAGS = {"of": "old"}, {"of": "new"}
MANY = [f"many/{number}" for number in range(1500)]  # two batches


@dataclass(frozen=True)
class Operation:
    """What is killed.

    Attributes:
        prepare: makes what was there before; returns what the method is called with.
        method: the method of the store.
        check: asserts that the old state or the new one is there, by a store that works.
        options: what the method is called with by name.
        has_tags: whether the old object and the new one have tags, which are checked too.
    """

    prepare: Callable[[ObjectStore, Path], list[Any]]
    method: str
    check: Callable[[ObjectStore, list[Any]], None]
    options: dict[str, Any] = field(default_factory=dict)
    has_tags: bool = False


def _prepare_upload(store: ObjectStore, directory: Path) -> list[Any]:
    store.put_object(OLD, "key", tags=OLD_TAGS)
    (directory / "file").write_bytes(NEW)
    return [str(directory / "file"), "key"]


def _prepare_copy(store: ObjectStore, _directory: Path) -> list[Any]:
    store.put_object(OLD, "key", tags=OLD_TAGS)
    store.put_object(NEW, "source", tags=NEW_TAGS)
    return ["source", "key"]


def _prepare_small_move(store: ObjectStore, _directory: Path) -> list[Any]:
    store.put_object(OLD, "key")
    store.put_object(b"new", "source")
    return ["source", "key"]


def _prepare_restore(store: ObjectStore, _directory: Path) -> list[Any]:
    store.enable_versioning()
    first = store.put_object(NEW, "key", tags=NEW_TAGS)
    store.put_object(OLD, "key", tags=OLD_TAGS)
    return ["key", first.version_id]


def _prepare_many(store: ObjectStore, _directory: Path) -> list[Any]:
    for key in (*MANY[::100], "bystander"):
        store.put_object(key.encode(), key)
    return [MANY]


def _prepare_versions(store: ObjectStore, _directory: Path) -> list[Any]:
    store.enable_versioning()
    for content in (OLD, b"between", OLD):
        store.put_object(content, "key")
        store.delete_object("key")
    store.put_object(OLD, "key")
    store.put_object(b"bystander", "key2")
    return ["key"]


def _prepare_bucket(store: ObjectStore, _directory: Path) -> list[Any]:
    bucket = f"{store.config.root_bucket}-2"
    store.create_bucket(bucket)
    store.enable_versioning(bucket)
    store.create_multipart_upload("upload", bucket)
    for key in ("one", "two"):
        store.put_object(OLD, key, bucket)
        store.delete_object(key, bucket)
    store.put_object(b"bystander", "key2")
    return [bucket, True]


def _check_key(store: ObjectStore, _arguments: list[Any]) -> None:
    assert store.read_object("key") in (OLD, NEW)


def _is_without_tags(store: ObjectStore) -> bool:
    """Return whether the new object has no tags yet; assert that it has its own, and the old one has its."""
    found, tags = store.read_object("key"), store.get_tags("key")
    if found == NEW and not tags:
        return True
    assert tags == (OLD_TAGS if found == OLD else NEW_TAGS)
    return False


def _check_copy(store: ObjectStore, arguments: list[Any]) -> None:
    _check_key(store, arguments)
    assert store.read_object("source") == NEW
    assert store.get_tags("source") == NEW_TAGS


def _check_move(store: ObjectStore, _arguments: list[Any]) -> None:
    found = store.read_object("key")
    assert found in (OLD, NEW, b"new")
    if found == OLD:
        assert store.read_object("source") in (NEW, b"new")
    if store.exists("source"):
        assert store.read_object("source") in (NEW, b"new")
    elif found == NEW:
        assert store.get_tags("key") == NEW_TAGS


def _check_restore(store: ObjectStore, arguments: list[Any]) -> None:
    _check_key(store, arguments)
    assert store.read_object("key", version=arguments[1]) == NEW
    assert store.get_tags("key", version=arguments[1]) == NEW_TAGS
    versions = list(store.list_versions(key="key"))
    assert len(versions) == (2 if store.read_object("key") == OLD else 3)


def _check_many(store: ObjectStore, _arguments: list[Any]) -> None:
    assert store.read_object("bystander") == b"bystander"
    left = {found.key for found in store.list_files("many/")}
    first, second = set(MANY[:1000:100]), set(MANY[1000::100])
    assert left in (first | second, second, set())  # batch by batch, in order


def _check_purge(store: ObjectStore, _arguments: list[Any]) -> None:
    assert store.read_object("key2") == b"bystander"
    if store.exists("key"):
        assert store.read_object("key") == OLD
    else:
        assert all(each.is_delete_marker for each in store.list_versions(key="key"))


def _check_bucket(store: ObjectStore, arguments: list[Any]) -> None:
    assert store.read_object("key2") == b"bystander"
    if store.bucket_exists(arguments[0]):
        store.delete_bucket(arguments[0], force=True)  # it goes on where the other was ended


OPERATIONS = {
    "upload in parts": Operation(_prepare_upload, "upload_file", _check_key, {"tags": NEW_TAGS}, has_tags=True),
    "copy in parts": Operation(_prepare_copy, "copy_object", _check_copy, has_tags=True),
    "move in parts": Operation(_prepare_copy, "move_object", _check_move, has_tags=True),
    "move": Operation(_prepare_small_move, "move_object", _check_move),
    "restored version": Operation(_prepare_restore, "restore_version", _check_restore, has_tags=True),
    "deletion of many": Operation(_prepare_many, "delete_objects", _check_many),
    "purge": Operation(_prepare_versions, "purge", _check_purge),
    "deletion of a bucket": Operation(_prepare_bucket, "delete_bucket", _check_bucket),
}


PAIRS = [
    pytest.param("minio", "minio", marks=pytest.mark.server("minio")),
    pytest.param("boto3", "ceph", marks=pytest.mark.server("ceph")),
]
TAGS_COME_LATER = {"minio": TAGS_IN_ONE_STEP in MINIO.lacks, "ceph": TAGS_IN_ONE_STEP in CEPH_RGW.lacks}


@pytest.fixture
def server(name: str, running_servers: RunningServers) -> Server:
    """The real server of a pair."""
    return running_servers.get(name)


@pytest.mark.parametrize(("framework", "name"), PAIRS)
@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_a_process_that_is_killed_leaves_the_old_state_or_the_new(
    operation: Operation, framework: str, name: str, server: Server, wire: FaultServer, tmp_path: Path
) -> None:
    """Killed before its first request, its second, ...: until it is through without being killed."""
    was_without_tags = False
    for number in itertools.count(1):
        config = _configuration(framework, server, f"kills-{uuid4().hex[:12]}")
        with ObjectStore(config) as store:
            store.create_bucket(config["root_bucket"])
            arguments = operation.prepare(store, tmp_path)
            killed = _run_killed(wire, number, config, operation, arguments)
            operation.check(store, arguments)
            if operation.has_tags and _is_without_tags(store):
                assert killed
                was_without_tags = True
            store.abort_stale_uploads(0)
            assert list(store.list_multipart_uploads()) == []
            operation.check(store, arguments)
            store.delete_bucket(config["root_bucket"], force=True)
        if not killed:
            assert number > 2  # it takes several requests, and each was one to be killed before
            assert was_without_tags is (operation.has_tags and TAGS_COME_LATER[name])
            return


def _configuration(framework: str, server: Server, bucket: str) -> dict[str, Any]:
    return {
        "framework": framework,
        "root_bucket": bucket,
        "connection": {
            "endpoint": server.endpoint,
            "access_key": server.access_key,
            "secret_key": server.secret_key,
            "region": "us-east-1",
        },
        "transfer": {
            "multipart_threshold": "5MiB",
            "part_size": "5MiB",
            "copy_threshold": "5MiB",
            "copy_part_size": "5MiB",
            "max_concurrency": 1,
        },
    }


def _run_killed(
    wire: FaultServer, number: int, config: dict[str, Any], operation: Operation, arguments: list[Any]
) -> bool:
    """Run the operation in a process that is killed before its request of this number; return whether it was."""
    wire.forget()
    program = subprocess.Popen([sys.executable, PROGRAM], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wire.run(lambda: program.send_signal(signal.SIGKILL), when=_request(number))
    wire.hang(times=1, when=_request(number))
    connection = {**config["connection"], "endpoint": wire.endpoint}
    job = {"config": {**config, "connection": connection}, "method": operation.method, "arguments": arguments}
    job["options"] = operation.options
    _, errors = program.communicate(json.dumps(job), timeout=120)
    assert program.returncode in (0, -signal.SIGKILL), errors
    return program.returncode != 0


def _request(number: int) -> Callable[[Request], bool]:
    seen = itertools.count(1)
    return lambda _request: next(seen) == number

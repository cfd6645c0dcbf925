"""Conditions in the embedded store: on times as HTTP has them, and atomic with what they guard."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from data_store.object_store.adapters.embedded.client import EmbeddedClient
from data_store.object_store.errors import MissingDependency, NotModified, PreconditionFailed
from data_store.object_store.models import BucketOptions, Condition, CopyOptions, DeleteOptions, GetOptions, PutOptions
from tests.unit.embedded_support import BUCKET, LARGE, finish, local, memory, put, read, start, with_bucket

SECOND = timedelta(seconds=1)

COUNT = """
from data_store.object_store.errors import PreconditionFailed
from data_store.object_store.models import CompleteOptions, CopyOptions, PartOptions
client, way = local(Path(sys.argv[1])), sys.argv[2]
def write(data, etag):
    if way == "copy":
        name = f"source-{os.getpid()}"
        put(client, name, data)
        client.copy_object(BUCKET, name, BUCKET, "counter", CopyOptions(if_match=etag))
        return
    upload = client.create_multipart_upload(BUCKET, "counter", PutOptions()).upload_id
    part = client.upload_part(BUCKET, "counter", upload, 1, Source(io.BytesIO(data), len(data)), PartOptions())
    try:
        client.complete_multipart_upload(BUCKET, "counter", upload, [part], CompleteOptions(if_match=etag))
    except PreconditionFailed:
        client.abort_multipart_upload(BUCKET, "counter", upload)
        raise
for _ in range(10):
    while True:
        found = client.get_object(BUCKET, "counter", GetOptions())
        try:
            write(b"%d" % (int(found.read()) + 1), found.etag)
            break
        except PreconditionFailed:
            pass
"""
TAKE = """
from data_store.object_store.errors import ObjectNotFound, PreconditionFailed
client, taken = local(Path(sys.argv[1])), 0
for number in range(40):
    etag = client.head_object(BUCKET, f"etag-{number}", GetOptions()).etag
    try:
        client.delete_object(BUCKET, f"{number}", DeleteOptions(if_match=etag))
        taken += 1
    except PreconditionFailed:
        pass
print(taken)
"""


@pytest.fixture
def client(tmp_path: Path) -> Iterator[EmbeddedClient]:
    """A store with an empty bucket."""
    with with_bucket(memory(str(tmp_path))) as made:
        yield made


def test_every_kind_of_write_can_be_conditional(client: EmbeddedClient) -> None:
    """The store has no server that could ignore them."""
    assert all(client.honours(BUCKET, "key", condition) for condition in Condition)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (lambda t, e: GetOptions(if_modified_since=t), NotModified),
        (lambda t, e: GetOptions(if_modified_since=t + SECOND), NotModified),
        (lambda t, e: GetOptions(if_modified_since=t - SECOND), None),
        (lambda t, e: GetOptions(if_unmodified_since=t), None),
        (lambda t, e: GetOptions(if_unmodified_since=t + SECOND), None),
        (lambda t, e: GetOptions(if_unmodified_since=t - SECOND), PreconditionFailed),
        (lambda t, e: GetOptions(if_match=e, if_unmodified_since=t - SECOND), None),
        (lambda t, e: GetOptions(if_match="other", if_unmodified_since=t), PreconditionFailed),
        (lambda t, e: GetOptions(if_none_match="other", if_modified_since=t), None),
        (lambda t, e: GetOptions(if_none_match=e, if_modified_since=t - SECOND), NotModified),
        (lambda t, e: GetOptions(if_match="other", if_none_match=e), PreconditionFailed),
        (lambda t, e: GetOptions(if_unmodified_since=t - SECOND, if_modified_since=t), PreconditionFailed),
        (lambda t, e: GetOptions(if_unmodified_since=t, if_modified_since=t), NotModified),
    ],
)
def test_conditions_of_a_read_have_the_order_of_rfc_9110(
    client: EmbeddedClient, options: object, expected: type[Exception] | None
) -> None:
    """ETags before times, what refuses before what is current; times in whole seconds."""
    written = put(client, "key", b"1")
    assert written.updated_time is not None
    given = options(written.updated_time.replace(microsecond=0), written.etag)  # type: ignore[operator]  # a lambda
    for operation in (client.get_object, client.head_object):
        with pytest.raises(expected) if expected else contextlib.nullcontext():
            assert operation(BUCKET, "key", given).etag == written.etag


def test_times_hold_for_the_version_that_is_read(client: EmbeddedClient) -> None:
    """Not for the current one."""
    client.enable_versioning(BUCKET)
    first = put(client, "key", b"1")
    put(client, "key", b"2")
    with client._database.write() as connection:
        connection.execute("UPDATE versions SET updated = 0")
    options = GetOptions(version=first.version_id, if_modified_since=datetime(1980, 1, 1, tzinfo=UTC))
    with pytest.raises(NotModified):
        client.head_object(BUCKET, "key", options)


def test_a_copy_can_depend_on_its_target(client: EmbeddedClient) -> None:
    """If-None-Match only where there is none, If-Match only onto that one; a refused one changes nothing."""
    put(client, "source", b"1")
    client.copy_object(BUCKET, "source", BUCKET, "key", CopyOptions(if_none_match="*"))
    etag = put(client, "key", b"2").etag
    for options in (CopyOptions(if_none_match="*"), CopyOptions(if_match="other")):
        with pytest.raises(PreconditionFailed):
            client.copy_object(BUCKET, "source", BUCKET, "key", options)
    assert read(client, "key") == b"2"
    client.copy_object(BUCKET, "source", BUCKET, "key", CopyOptions(if_match=etag))
    assert read(client, "key") == b"1"


def test_where_a_delete_marker_is_there_is_no_object(client: EmbeddedClient) -> None:
    """If-None-Match holds, If-Match does not."""
    client.enable_versioning(BUCKET)
    etag = put(client, "key", b"1").etag
    client.delete_object(BUCKET, "key", DeleteOptions())
    with pytest.raises(PreconditionFailed):
        put(client, "key", b"2", PutOptions(if_match=etag))
    with pytest.raises(PreconditionFailed):
        client.delete_object(BUCKET, "key", DeleteOptions(if_match=etag))
    put(client, "key", b"2", PutOptions(if_none_match="*"))
    assert read(client, "key") == b"2"


@pytest.mark.parametrize("way", ["copy", "complete"])
def test_a_counter_of_four_processes_ends_exact_however_it_is_written(tmp_path: Path, way: str) -> None:
    """If-Match is checked in the transaction that writes, of a copy and of a multipart upload too."""
    client = local(tmp_path)
    client.create_bucket(BUCKET, BucketOptions())
    put(client, "counter", b"0")
    for process in [start(COUNT, tmp_path, way) for _ in range(4)]:
        finish(process)
    assert read(client, "counter") == b"40"
    client.close()


def test_of_processes_that_delete_the_same_objects_each_object_is_taken_once(tmp_path: Path) -> None:
    """A conditional delete of what is gone fails."""
    client = local(tmp_path)
    client.create_bucket(BUCKET, BucketOptions())
    for number in range(40):
        for key in (f"{number}", f"etag-{number}"):
            put(client, key, b"%d" % number)
    outcomes = [finish(process) for process in [start(TAKE, tmp_path) for _ in range(3)]]
    assert sum(map(int, outcomes)) == 40
    client.close()


@pytest.mark.parametrize("size", [0, 10, LARGE])
@pytest.mark.parametrize("algorithm", ["sha256", "crc32c", "crc64nvme"])
def test_a_digest_that_is_asked_for_is_kept_with_the_object(client: EmbeddedClient, algorithm: str, size: int) -> None:
    """It is reported by the write and by every read, and a copy has it too."""
    data = b"1" * size
    try:
        written = put(client, "key", data, PutOptions(checksum=algorithm))  # type: ignore[arg-type]  # one of the three
    except MissingDependency:
        assert algorithm != "sha256"
        return
    client.copy_object(BUCKET, "key", BUCKET, "copy", CopyOptions())
    expected = {"md5": hashlib.md5(data).hexdigest(), algorithm: (written.checksums or {})[algorithm]}
    for key in ("key", "copy"):
        assert client.head_object(BUCKET, key, GetOptions()).checksums == written.checksums == expected
    if algorithm == "sha256":
        assert expected["sha256"] == hashlib.sha256(data).hexdigest()

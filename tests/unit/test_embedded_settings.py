"""Tags and lifecycle rules of the embedded store, as they are kept."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from types import MappingProxyType

import pytest

from data_store.object_store.adapters.embedded.client import EmbeddedClient
from data_store.object_store.errors import BucketNotFound, IntegrityError, ObjectNotFound, VersionNotFound
from data_store.object_store.models import (
    BucketOptions,
    CopyOptions,
    DeleteOptions,
    GetOptions,
    LifecycleRule,
    PutOptions,
    Transition,
)
from tests.unit.embedded_support import BUCKET, local, memory, put, with_bucket

TAGS = {"name": "wört", "empty": "", "a b+/=._:-@": "x" * 256}
RULES = [
    LifecycleRule("all days", "päth/", expire_after_days=1, noncurrent_days=2, noncurrent_keep=3, enabled=False),
    LifecycleRule("a date", expire_at=datetime(2030, 1, 2, tzinfo=UTC), tags=TAGS, min_size=0, max_size=5 << 40),
    LifecycleRule("another zone", expire_at=datetime(2030, 1, 2, tzinfo=timezone(timedelta(hours=5, minutes=30)))),
    LifecycleRule("markers", expire_delete_markers=True, abort_uploads_after_days=7),
    LifecycleRule("move", transition=Transition(storage_class="COLD", after_days=0)),
    LifecycleRule("move at", transition=Transition(storage_class="COLD", at=datetime(2030, 1, 1, tzinfo=UTC)), tags={}),
]


@pytest.fixture
def client(tmp_path: Path) -> Iterator[EmbeddedClient]:
    """A store with an empty bucket."""
    with with_bucket(memory(str(tmp_path))) as made:
        yield made


def test_rules_come_back_equal_until_they_are_replaced_or_deleted(client: EmbeddedClient) -> None:
    """All fields of all rules, in their order."""
    assert client.get_lifecycle(BUCKET) == []
    client.set_lifecycle(BUCKET, RULES)
    assert client.get_lifecycle(BUCKET) == RULES
    client.set_lifecycle(BUCKET, RULES[2:3])
    assert client.get_lifecycle(BUCKET) == RULES[2:3]
    client.delete_lifecycle(BUCKET)
    assert client.get_lifecycle(BUCKET) == []
    for operation in (client.get_lifecycle, client.delete_lifecycle):
        with pytest.raises(BucketNotFound):
            operation("missing")


def test_tags_of_a_version_are_its_own(client: EmbeddedClient) -> None:
    """Given with the object or set later, with or without a version; any mapping will do."""
    client.enable_versioning(BUCKET)
    first = put(client, "key", b"1", PutOptions(tags=MappingProxyType(TAGS))).version_id
    put(client, "key", b"2")
    assert client.get_tags(BUCKET, "key") == {}
    client.set_tags(BUCKET, "key", {"b": "2"})
    assert client.get_tags(BUCKET, "key", first) == TAGS
    client.set_tags(BUCKET, "key", {"a": "1"}, first)
    assert (client.get_tags(BUCKET, "key", first), client.get_tags(BUCKET, "key")) == ({"a": "1"}, {"b": "2"})
    client.delete_tags(BUCKET, "key")
    assert (client.get_tags(BUCKET, "key", first), client.get_tags(BUCKET, "key")) == ({"a": "1"}, {})


def test_a_copy_has_the_tags_of_its_source_unless_it_gets_others(client: EmbeddedClient) -> None:
    """None keeps them, ``{}`` removes them; that metadata is replaced changes no tags."""
    put(client, "key", b"1", PutOptions(tags=TAGS))
    for tags, expected in ((None, TAGS), ({}, {}), ({"a": "1"}, {"a": "1"})):
        client.copy_object(BUCKET, "key", BUCKET, "copy", CopyOptions(replace=True, tags=tags))
        assert client.get_tags(BUCKET, "copy") == expected


def test_tags_change_neither_the_object_nor_its_time(client: EmbeddedClient) -> None:
    """They are beside it."""
    put(client, "key", b"1")
    before = client.head_object(BUCKET, "key", GetOptions())
    client.set_tags(BUCKET, "key", TAGS)
    assert client.head_object(BUCKET, "key", GetOptions()) == before


def test_tags_of_what_is_missing_are_not_found(client: EmbeddedClient) -> None:
    """The object, the version, a delete marker, the bucket."""
    client.enable_versioning(BUCKET)
    put(client, "deleted", b"1")
    marker = client.delete_object(BUCKET, "deleted", DeleteOptions()).version_id
    for operation in (
        lambda bucket, key, version: client.get_tags(bucket, key, version),
        lambda bucket, key, version: client.set_tags(bucket, key, TAGS, version),
        lambda bucket, key, version: client.delete_tags(bucket, key, version),
    ):
        for key in ("missing", "deleted"):
            with pytest.raises(ObjectNotFound):
                operation(BUCKET, key, None)
        for version in ("missing", marker):
            with pytest.raises(VersionNotFound):
                operation(BUCKET, "deleted", version)
        with pytest.raises(BucketNotFound):
            operation("missing", "key", None)


def test_tags_of_a_bucket_are_kept_until_they_are_deleted(client: EmbeddedClient) -> None:
    """They are none of its objects'."""
    assert client.get_bucket_tags(BUCKET) == {}
    client.set_bucket_tags(BUCKET, TAGS)
    put(client, "key", b"1")
    assert (client.get_bucket_tags(BUCKET), client.get_tags(BUCKET, "key")) == (TAGS, {})
    client.delete_bucket_tags(BUCKET)
    assert client.get_bucket_tags(BUCKET) == {}
    with pytest.raises(BucketNotFound):
        client.set_bucket_tags("missing", TAGS)


def test_what_is_set_for_a_bucket_goes_with_it(client: EmbeddedClient) -> None:
    """A bucket of the same name begins anew."""
    client.set_lifecycle(BUCKET, RULES)
    client.set_bucket_tags(BUCKET, TAGS)
    client.enable_versioning(BUCKET)
    client.delete_bucket(BUCKET)
    client.create_bucket(BUCKET, BucketOptions())
    assert (client.get_lifecycle(BUCKET), client.get_bucket_tags(BUCKET)) == ([], {})
    assert client.versioning_status(BUCKET).value == "disabled"


def test_writing_records_events_only_while_the_bucket_is_recorded(client: EmbeddedClient) -> None:
    """Unwatched buckets cost no statement; recording ends at the id it was allowed to reach."""
    statements: list[str] = []
    with client._database.read() as connection:
        connection.set_trace_callback(statements.append)
    put(client, "key", b"1")
    assert not [each for each in statements if "events" in each]
    with client._database.write() as connection:
        connection.set_trace_callback(None)
        connection.execute("UPDATE buckets SET recorded_until = 1 << 60, recorded_to = 2")
    for number in range(4):
        put(client, f"{number}", b"1")
    with client._database.read() as connection:
        assert events(connection) == [("created", "0"), ("created", "1")]


def events(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """Return kind and key of all events."""
    return connection.execute("SELECT kind, key FROM events ORDER BY id").fetchall()


@pytest.mark.parametrize(
    "damaged", ["{", "null", "5", '[{"x": 1}]', "[[]]", "[null]", '[{"expire_at": 5}]', "[" * 100_000]
)
def test_rules_that_are_damaged_are_told(tmp_path: Path, damaged: str) -> None:
    """By an error of ours, until they are replaced."""
    with with_bucket(local(tmp_path)) as store:
        with closing(sqlite3.connect(tmp_path / "data-store.db")) as connection, connection:
            connection.execute("UPDATE buckets SET lifecycle = ?", (damaged,))
        with pytest.raises(IntegrityError, match=r"lifecycle rules of bucket .* are damaged"):
            store.get_lifecycle(BUCKET)
        store.set_lifecycle(BUCKET, RULES)
        assert store.get_lifecycle(BUCKET) == RULES

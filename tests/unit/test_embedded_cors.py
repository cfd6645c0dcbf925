"""CORS rules of the embedded store, and stores of the release before it had them."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from data_store.object_store.adapters.embedded import schema
from data_store.object_store.adapters.embedded.client import EmbeddedClient, LocalClient
from data_store.object_store.body import Source
from data_store.object_store.errors import BucketNotFound, ConfigurationError, IntegrityError
from data_store.object_store.models import (
    BucketOptions,
    CorsRule,
    DefaultRetention,
    GetOptions,
    LifecycleRule,
    ListOptions,
    ObjectVersion,
    PutOptions,
    RetentionMode,
    VersioningStatus,
)
from tests.unit.embedded_support import BUCKET, LARGE, files, local, memory, put, read, with_bucket

RULES = [
    CorsRule(("https://app.example.com", "http://localhost:*"), ("GET", "PUT"), ("x-*",), ("ETag",), 0, "ü <&>"),
    CorsRule(("*",), ("GET",)),
]
LIFECYCLE = [LifecycleRule("all", expire_after_days=9)]
RETENTION = DefaultRetention(RetentionMode.GOVERNANCE, days=1)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[EmbeddedClient]:
    """A store with an empty bucket."""
    with with_bucket(memory(str(tmp_path))) as made:
        yield made


def test_rules_come_back_equal_until_they_are_replaced_or_deleted(client: EmbeddedClient) -> None:
    """All fields of all rules, in their order."""
    assert client.get_cors(BUCKET) == []
    client.set_cors(BUCKET, RULES)
    assert client.get_cors(BUCKET) == RULES
    client.set_cors(BUCKET, RULES[1:])
    assert client.get_cors(BUCKET) == RULES[1:]
    for _ in range(2):
        client.delete_cors(BUCKET)
        assert client.get_cors(BUCKET) == []


def test_rules_are_those_of_a_bucket(client: EmbeddedClient) -> None:
    """Another one has none, nor has one that is made anew; a missing one is told."""
    client.set_cors(BUCKET, RULES)
    client.create_bucket("other", BucketOptions())
    assert client.get_cors("other") == []
    client.delete_bucket(BUCKET)
    for call in (client.get_cors, client.delete_cors, lambda bucket: client.set_cors(bucket, RULES)):
        with pytest.raises(BucketNotFound):
            call(BUCKET)
    client.create_bucket(BUCKET, BucketOptions())
    assert client.get_cors(BUCKET) == []


def test_rules_are_seen_by_other_processes_at_once(tmp_path: Path) -> None:
    """They are in the store, and not with whoever set them."""
    with with_bucket(local(tmp_path)) as first, closing(local(tmp_path)) as second:
        assert second.get_cors(BUCKET) == []
        first.set_cors(BUCKET, RULES)
        assert second.get_cors(BUCKET) == RULES


@pytest.mark.parametrize(
    "damaged",
    [
        "{",
        "null",
        "5",
        '[{"x": 1}]',
        "[[]]",
        "[null]",
        "[" * 100_000,
        '[{"allowed_origins": 5, "allowed_methods": ["GET"]}]',
        '[{"allowed_origins": ["*"], "allowed_methods": "GET"}]',
        '[{"allowed_origins": [5], "allowed_methods": ["GET"]}]',
        '[{"allowed_origins": ["*"], "allowed_methods": ["GET"], "max_age": "5"}]',
        '[{"allowed_origins": ["*"], "allowed_methods": ["GET"], "id": 5}]',
    ],
    ids=lambda damaged: damaged[:60],
)
def test_rules_that_are_damaged_are_told(tmp_path: Path, damaged: str) -> None:
    """By an error of ours, until they are replaced."""
    with with_bucket(local(tmp_path)) as client:
        client.set_cors(BUCKET, RULES)
        with closing(sqlite3.connect(tmp_path / "data-store.db")) as connection, connection:
            connection.execute("UPDATE buckets SET cors = ?", (damaged,))
        with pytest.raises(IntegrityError, match=r"CORS rules of bucket .* are damaged"):
            client.get_cors(BUCKET)
        client.set_cors(BUCKET, RULES)
        assert client.get_cors(BUCKET) == RULES


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store that a release with schema 2 made: versions, an upload, and settings of buckets."""
    monkeypatch.setattr(schema, "_STEPS", schema._STEPS[:2])
    monkeypatch.setattr(schema, "VERSION", 2)
    with closing(local(tmp_path)) as client:
        client.create_bucket(BUCKET, BucketOptions(object_lock=True))
        put(client, "key", b"former")
        put(client, "key", b"l" * LARGE)
        client.put_object(BUCKET, "tagged", _source(b"small"), PutOptions(tags={"a": "b"}, metadata={"m": "ü"}))
        client.set_lifecycle(BUCKET, LIFECYCLE)
        client.set_bucket_tags(BUCKET, {"team": "web"})
        client.set_default_retention(BUCKET, RETENTION)
        client.create_multipart_upload(BUCKET, "upload", PutOptions())
    assert version(tmp_path) == 2
    monkeypatch.undo()
    return tmp_path


def _source(data: bytes) -> Source:
    return Source(io.BytesIO(data), len(data))


def test_a_store_of_schema_2_keeps_everything(old: Path) -> None:
    """And has rules from then on."""
    before = files(old)
    with closing(local(old)) as client:
        assert read(client, "key") == b"l" * LARGE
        newest, former = (each.version_id for each in versions(client) if each.key == "key")
        assert client.get_object(BUCKET, "key", GetOptions(version=former)).read() == b"former"
        assert client.head_object(BUCKET, "key", GetOptions()).version_id == newest
        assert client.get_tags(BUCKET, "tagged") == {"a": "b"}
        assert client.head_object(BUCKET, "tagged", GetOptions()).metadata == {"m": "ü"}
        assert client.versioning_status(BUCKET) is VersioningStatus.ENABLED
        assert (client.get_lifecycle(BUCKET), client.get_bucket_tags(BUCKET)) == (LIFECYCLE, {"team": "web"})
        assert client.get_default_retention(BUCKET) == RETENTION
        assert [each.key for each in client.list_uploads_page(BUCKET, "", ListOptions()).uploads] == ["upload"]
        assert client.get_cors(BUCKET) == []
        client.set_cors(BUCKET, RULES)
        assert client.get_cors(BUCKET) == RULES
    assert (files(old), version(old)) == (before, schema.VERSION)


def test_the_release_before_does_not_open_a_store_with_rules(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says which one does."""
    with closing(local(old)) as client:
        client.set_cors(BUCKET, RULES)
    monkeypatch.setattr(schema, "_STEPS", schema._STEPS[:2])
    monkeypatch.setattr(schema, "VERSION", 2)
    with closing(local(old)) as client, pytest.raises(ConfigurationError, match="schema version 3"):
        client.list_buckets()


def versions(client: LocalClient) -> list[ObjectVersion]:
    """Return all versions."""
    return list(client.list_versions_page(BUCKET, "", ListOptions()).versions)


def version(root: Path) -> int:
    """Return the version of a database."""
    with closing(sqlite3.connect(root / "data-store.db")) as connection:
        (found,) = connection.execute("PRAGMA user_version").fetchone()
    return int(found)

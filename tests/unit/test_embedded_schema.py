"""Stores that older releases made, opened by this one."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from data_store.object_store.adapters.embedded import schema
from data_store.object_store.adapters.embedded.client import LocalClient
from data_store.object_store.models import DeleteOptions, GetOptions, VersioningStatus
from tests.unit.embedded_support import BUCKET, LARGE, files, local, put, read

# As release 0.1 made it; never to be changed.
VERSION_1 = """
CREATE TABLE buckets (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, created INTEGER NOT NULL);
CREATE TABLE contents (id INTEGER PRIMARY KEY, refs INTEGER NOT NULL, file TEXT, data BLOB);
CREATE UNIQUE INDEX contents_by_file ON contents (file) WHERE file IS NOT NULL;
CREATE TABLE objects (
    bucket INTEGER NOT NULL REFERENCES buckets (id), key TEXT NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL,
    updated INTEGER NOT NULL, storage_class TEXT, content INTEGER NOT NULL REFERENCES contents (id),
    content_type TEXT NOT NULL, metadata TEXT, cache_control TEXT, content_disposition TEXT, content_encoding TEXT,
    content_language TEXT, PRIMARY KEY (bucket, key)
) WITHOUT ROWID;
INSERT INTO buckets (name, created) VALUES ('bucket', 1700000000000000);
PRAGMA user_version = 1;
"""
FILE = "ab" * 16
CONTENTS = {"small": b"small", "large": b"l" * LARGE, "copy": b"l" * LARGE}


@pytest.fixture
def old(tmp_path: Path) -> Iterator[LocalClient]:
    """A store of version 1 with a small and a large object and a copy of the large one."""
    for part in ("content/ab", "temp", "pending"):
        (tmp_path / part).mkdir(parents=True)
    (tmp_path / "content/ab" / FILE).write_bytes(CONTENTS["large"])
    with closing(sqlite3.connect(tmp_path / "data-store.db")) as connection, connection:
        connection.executescript(VERSION_1)
        connection.execute("INSERT INTO contents VALUES (1, 1, NULL, ?), (2, 2, ?, NULL)", (CONTENTS["small"], FILE))
        for key, data in CONTENTS.items():
            etag = hashlib.md5(data).hexdigest()
            row = (key, len(data), etag, 1700000000000001, 1 if key == "small" else 2, "text/plain", '{"name": "wört"}')
            statement = """INSERT INTO objects (bucket, key, size, etag, updated, content, content_type, metadata)
                VALUES (1, ?, ?, ?, ?, ?, ?, ?)"""
            connection.execute(statement, row)
    client = local(tmp_path)
    yield client
    client.close()


def test_objects_of_a_version_1_store_are_what_they_were(old: LocalClient) -> None:
    """Content, metadata and digests; the bucket has no versioning, so no version id is reported."""
    for key, data in CONTENTS.items():
        found = old.head_object(BUCKET, key, GetOptions())
        assert read(old, key) == data
        assert (found.metadata, found.content_type, found.version_id) == ({"name": "wört"}, "text/plain", None)
        assert found.checksums == {"md5": hashlib.md5(data).hexdigest()}


def test_objects_of_a_version_1_store_are_replaced_and_deleted_with_their_content(
    old: LocalClient, tmp_path: Path
) -> None:
    """The shared content goes with the last object of it."""
    put(old, "large", b"new")
    assert files(tmp_path)["content"] == 1
    old.delete_object(BUCKET, "copy", DeleteOptions())
    assert files(tmp_path) == {"content": 0, "temp": 0, "pending": 0}


def test_an_object_of_a_version_1_store_becomes_the_null_version(old: LocalClient) -> None:
    """Versioning can be enabled in it, and what is replaced then stays readable."""
    assert old.versioning_status(BUCKET) is VersioningStatus.DISABLED
    old.enable_versioning(BUCKET)
    put(old, "large", b"new")
    assert old.get_object(BUCKET, "large", GetOptions(version="null")).read() == CONTENTS["large"]
    assert read(old, "large") == b"new"


def test_every_store_has_an_identity_of_its_own(tmp_path: Path) -> None:
    """Two stores made by this release differ in it, and each has one row."""
    found = []
    for name in ("first", "second"):
        client = local(tmp_path / name)
        with client._database.read() as connection:
            found += connection.execute("SELECT id FROM identity").fetchall()
        client.close()
    assert len({identity for (identity,) in found}) == len(found) == 2


def test_a_migrated_store_has_the_tables_of_a_new_one(old: LocalClient, tmp_path: Path) -> None:
    """Column by column, so that no statement works on one kind of store only."""
    new = local(tmp_path / "new")
    assert columns(old) == columns(new)
    assert schema.VERSION == 3
    new.close()


def test_a_process_of_the_former_release_cannot_go_on_writing(old: LocalClient, tmp_path: Path) -> None:
    """It would write past versions and locks: its statements find no table of that name any more."""
    old.head_object(BUCKET, "small", GetOptions())
    with closing(sqlite3.connect(tmp_path / "data-store.db")) as connection:
        for statement in ("SELECT key FROM objects", "DELETE FROM objects", "INSERT INTO objects (key) VALUES ('k')"):
            with pytest.raises(sqlite3.OperationalError, match="no such table"):
                connection.execute(statement)


def columns(client: LocalClient) -> dict[str, list[tuple[object, ...]]]:
    """Return the columns of each table."""
    with client._database.read() as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return {name: connection.execute(f"PRAGMA table_info({name})").fetchall() for name in tables}

"""The tables, and how a database of an older version becomes one of this version.

- ``buckets``: one row each, with what is set for the whole bucket.
- ``current_objects``: one row for the current object of a key, ordered by (bucket, key). ``key`` is TEXT: SQLite
  compares it with memcmp of its UTF-8, the order S3 lists in, and a listing reads neither content nor other versions.
- ``versions``: the noncurrent versions and all delete markers, so that current objects cost the same however many
  versions there are. ``sequence`` rises from version to version of a key, in both tables together, and a version
  keeps it. A key that has no row in ``current_objects`` but some here is deleted: the newest is a delete marker.
- ``uploads`` and ``parts``: multipart uploads under way.
- ``contents``: one row for each content, with ``data`` (small) or ``file`` (the id of a content file), counted in
  ``refs`` by the objects, versions and parts that have it: a copy shares it.
- ``events``: what happened in buckets that are watched. ``identity``: one row, to tell this store from others.

Times are microseconds since 1970. Columns named ``tags``, ``metadata``, ``checksums``, ``lifecycle``, ``cors`` and
``default_retention`` are JSON, NULL if there is none. ``version_id`` is ``'null'`` for what was written while
versioning was not enabled.

The database must not be opened by other means in a process that uses it: POSIX drops all locks of a process when it
closes any descriptor of the file (SQLite documentation, "How To Corrupt", 2.2).
"""

from __future__ import annotations

import sqlite3

from data_store.object_store.errors import ConfigurationError

__all__ = ["VERSION", "migrate"]

_STEPS = (
    (
        """CREATE TABLE buckets (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL UNIQUE,
            created INTEGER NOT NULL
        )""",
        """CREATE TABLE contents (
            id INTEGER PRIMARY KEY,
            refs INTEGER NOT NULL,
            file TEXT,
            data BLOB
        )""",
        "CREATE UNIQUE INDEX contents_by_file ON contents (file) WHERE file IS NOT NULL",
        """CREATE TABLE objects (
            bucket INTEGER NOT NULL REFERENCES buckets (id),
            key TEXT NOT NULL,
            size INTEGER NOT NULL,
            etag TEXT NOT NULL,
            updated INTEGER NOT NULL,
            storage_class TEXT,
            content INTEGER NOT NULL REFERENCES contents (id),
            content_type TEXT NOT NULL,
            metadata TEXT,
            cache_control TEXT,
            content_disposition TEXT,
            content_encoding TEXT,
            content_language TEXT,
            PRIMARY KEY (bucket, key)
        ) WITHOUT ROWID""",
    ),
    (
        "ALTER TABLE buckets ADD COLUMN versioning TEXT NOT NULL DEFAULT 'disabled'",  # a VersioningStatus
        "ALTER TABLE buckets ADD COLUMN object_lock INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE buckets ADD COLUMN default_retention TEXT",
        "ALTER TABLE buckets ADD COLUMN recorded_until INTEGER NOT NULL DEFAULT 0",  # write events until this time,
        "ALTER TABLE buckets ADD COLUMN recorded_to INTEGER NOT NULL DEFAULT 0",  # and up to this id
        "ALTER TABLE buckets ADD COLUMN trimmed INTEGER NOT NULL DEFAULT 0",  # the last event that was removed
        "ALTER TABLE buckets ADD COLUMN tags TEXT",
        "ALTER TABLE buckets ADD COLUMN lifecycle TEXT",
        # A process of the former release that has the store open would write on, past versions and locks.
        "ALTER TABLE objects RENAME TO current_objects",
        "ALTER TABLE current_objects ADD COLUMN version_id TEXT NOT NULL DEFAULT 'null'",
        "ALTER TABLE current_objects ADD COLUMN sequence INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE current_objects ADD COLUMN tags TEXT",
        "ALTER TABLE current_objects ADD COLUMN checksums TEXT",  # those that the ETag is not
        "ALTER TABLE current_objects ADD COLUMN retention_mode TEXT",
        "ALTER TABLE current_objects ADD COLUMN retained_until INTEGER",
        "ALTER TABLE current_objects ADD COLUMN legal_hold INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE current_objects ADD COLUMN upload_id TEXT",  # of the multipart upload that made it
        """CREATE TABLE versions (
            bucket INTEGER NOT NULL REFERENCES buckets (id),
            key TEXT NOT NULL,
            sequence INTEGER NOT NULL,
            version_id TEXT NOT NULL,
            size INTEGER,
            etag TEXT,
            updated INTEGER NOT NULL,
            superseded INTEGER,  -- when it became noncurrent; NULL while it is the latest
            storage_class TEXT,
            content INTEGER REFERENCES contents (id),  -- NULL for a delete marker
            content_type TEXT,
            metadata TEXT,
            cache_control TEXT,
            content_disposition TEXT,
            content_encoding TEXT,
            content_language TEXT,
            tags TEXT,
            checksums TEXT,
            retention_mode TEXT,
            retained_until INTEGER,
            legal_hold INTEGER NOT NULL DEFAULT 0,
            upload_id TEXT,
            PRIMARY KEY (bucket, key, sequence DESC)
        ) WITHOUT ROWID""",
        "CREATE UNIQUE INDEX versions_by_id ON versions (bucket, key, version_id)",
        """CREATE TABLE uploads (
            id INTEGER PRIMARY KEY,
            upload_id TEXT NOT NULL UNIQUE,
            bucket INTEGER NOT NULL REFERENCES buckets (id),
            key TEXT NOT NULL,
            initiated INTEGER NOT NULL,
            storage_class TEXT,
            content_type TEXT NOT NULL,
            metadata TEXT,
            cache_control TEXT,
            content_disposition TEXT,
            content_encoding TEXT,
            content_language TEXT,
            tags TEXT,
            checksum TEXT,  -- the algorithm
            retention_mode TEXT,
            retained_until INTEGER,
            legal_hold INTEGER NOT NULL DEFAULT 0
        )""",
        "CREATE INDEX uploads_by_key ON uploads (bucket, key, id)",
        """CREATE TABLE parts (
            upload INTEGER NOT NULL REFERENCES uploads (id),
            number INTEGER NOT NULL,
            size INTEGER NOT NULL,
            etag TEXT NOT NULL,
            updated INTEGER NOT NULL,
            content INTEGER NOT NULL REFERENCES contents (id),
            checksums TEXT NOT NULL,
            PRIMARY KEY (upload, number)
        ) WITHOUT ROWID""",
        """CREATE TABLE events (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            bucket INTEGER NOT NULL,  -- may be deleted: its events are delivered still
            kind TEXT NOT NULL,
            key TEXT NOT NULL,
            version_id TEXT,
            size INTEGER,
            etag TEXT,
            time INTEGER NOT NULL
        )""",
        "CREATE INDEX events_by_bucket ON events (bucket, id)",
        "CREATE TABLE identity (id TEXT NOT NULL)",
        "INSERT INTO identity VALUES (lower(hex(randomblob(8))))",
    ),
    ("ALTER TABLE buckets ADD COLUMN cors TEXT",),
)

VERSION = len(_STEPS)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a database to ``VERSION``, in one transaction; of several processes that try at once, one does it.

    Raises:
        ConfigurationError: a newer release made the database.
    """
    if _version(connection) == VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        found = _version(connection)
        if found > VERSION:
            raise ConfigurationError(
                f"connection.root: the store there has schema version {found}, this release knows up to {VERSION}: "
                "use the release that made it, or a newer one"
            )
        for step in _STEPS[found:]:
            for statement in step:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)

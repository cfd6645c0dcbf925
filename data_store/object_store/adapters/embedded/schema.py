"""The tables, and how a database of an older version becomes one of this version.

- ``buckets``: one row each.
- ``objects``: one row for the current object of a key, ordered by (bucket, key). ``key`` is TEXT: SQLite compares it
  with memcmp of its UTF-8, which is the order S3 lists in, and a listing reads neither content nor other versions.
- ``contents``: one row for each content, with ``data`` (small) or ``file`` (the id of a content file), counted in
  ``refs`` by the objects that have it: a copy shares it.

Room for what comes: noncurrent versions and delete markers go to a table of their own, (bucket, key, order), whose
rows name contents as ``objects`` does, so that reading and listing current objects costs the same however many
versions there are; parts of an upload name contents likewise; tags, lifecycle and events are tables beside these.

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
            created INTEGER NOT NULL  -- microseconds since 1970
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
            updated INTEGER NOT NULL,  -- microseconds since 1970
            storage_class TEXT,
            content INTEGER NOT NULL REFERENCES contents (id),
            content_type TEXT NOT NULL,
            metadata TEXT,  -- JSON; NULL if there is none
            cache_control TEXT,
            content_disposition TEXT,
            content_encoding TEXT,
            content_language TEXT,
            PRIMARY KEY (bucket, key)
        ) WITHOUT ROWID""",
    ),
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

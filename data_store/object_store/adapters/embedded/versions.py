"""Operations on versions; how writes make them stands in ``changes``."""

from __future__ import annotations

import sqlite3
from heapq import merge
from itertools import chain, islice
from typing import Any

from data_store.object_store.adapters.embedded.cursors import packed_cursor, unpacked_cursor
from data_store.object_store.adapters.embedded.listing import successor
from data_store.object_store.adapters.embedded.rows import bucket_id, moment, no_bucket
from data_store.object_store.adapters.embedded.storage import Storage
from data_store.object_store.capabilities import SupportsVersioning
from data_store.object_store.errors import UnsupportedOperation
from data_store.object_store.models import ListOptions, ObjectVersion, VersioningStatus, VersionPage

__all__ = ["VersionOperations"]

_TABLES = (
    "SELECT key, sequence, version_id, size, etag, updated, storage_class, 1, 0 FROM current_objects",
    """SELECT key, sequence, version_id, size, etag, updated, storage_class, superseded IS NULL, content IS NULL
        FROM versions""",
)
_OF_KEY = "WHERE bucket = ? AND key = ? AND sequence < ? ORDER BY sequence DESC LIMIT ?"
_BEHIND_KEY = "WHERE bucket = ? AND key > ? AND key < ? ORDER BY key, sequence DESC LIMIT ?"
_ABOVE_ALL = (1 << 63) - 1

_Row = tuple[Any, ...]
_Position = tuple[str, int]
"""Behind which key and sequence to read on; sequences fall within a key."""


class VersionOperations(Storage, SupportsVersioning):
    """Versioning, of any bucket."""

    def enable_versioning(self, bucket: str) -> None:
        """See ``SupportsVersioning``."""
        self._set_versioning(bucket, VersioningStatus.ENABLED)

    def suspend_versioning(self, bucket: str) -> None:
        """See ``SupportsVersioning``; ``UnsupportedOperation`` in a bucket whose versions can be locked."""
        self._set_versioning(bucket, VersioningStatus.SUSPENDED)

    def versioning_status(self, bucket: str) -> VersioningStatus:
        """See ``SupportsVersioning``."""
        with self._database.read() as connection:
            return VersioningStatus(_state(connection, bucket)[0])

    def list_versions_page(self, bucket: str, prefix: str, options: ListOptions) -> VersionPage:
        """See ``SupportsVersioning``. A page shows one state of the bucket."""
        position = (prefix, _ABOVE_ALL) if options.cursor is None else unpacked_cursor(options.cursor)
        with self._database.snapshot() as connection:
            rows = _rows(connection, bucket_id(connection, bucket), position, successor(prefix), options.limit + 1)
        page = rows[: options.limit]
        cursor = packed_cursor(page[-1][0], page[-1][1]) if len(rows) > options.limit else None
        return VersionPage(tuple(map(_version, page)), cursor)

    def _set_versioning(self, bucket: str, status: VersioningStatus) -> None:
        with self._database.write() as connection:
            object_lock = _state(connection, bucket)[1]
            if object_lock and status is not VersioningStatus.ENABLED:
                raise UnsupportedOperation("the versions in this bucket can be locked, so it keeps them")
            connection.execute("UPDATE buckets SET versioning = ? WHERE name = ?", (status, bucket))


def _state(connection: sqlite3.Connection, bucket: str) -> tuple[str, int]:
    row = connection.execute("SELECT versioning, object_lock FROM buckets WHERE name = ?", (bucket,)).fetchone()
    return (row[0], row[1]) if row else no_bucket(bucket)


def _rows(connection: sqlite3.Connection, bucket: int, position: _Position, end: str | None, limit: int) -> list[_Row]:
    """Return rows behind a position and below the key ``end``: the rest of its key, then the keys behind it."""
    key, sequence = position
    rest, behind = [], []
    for table in _TABLES:
        rest.append(connection.execute(f"{table} {_OF_KEY}", (bucket, key, sequence, limit)).fetchall())
        # To SQLite any BLOB is greater than all TEXT.
        limits = (bucket, key, b"" if end is None else end, limit)
        behind.append(connection.execute(f"{table} {_BEHIND_KEY}", limits).fetchall())
    return list(islice(chain(merge(*rest, key=_order), merge(*behind, key=_order)), limit))


def _order(row: _Row) -> tuple[str, int]:
    return row[0], -row[1]


def _version(row: _Row) -> ObjectVersion:
    key, _, version_id, size, etag, updated, storage_class, is_latest, is_delete_marker = row
    return ObjectVersion(
        key=key,
        version_id=version_id,
        is_latest=bool(is_latest),
        is_delete_marker=bool(is_delete_marker),
        size=size,
        etag=etag,
        updated_time=moment(updated),
        storage_class=storage_class,
    )

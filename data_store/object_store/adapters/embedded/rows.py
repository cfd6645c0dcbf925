"""The statements on buckets, objects and contents."""

from __future__ import annotations

import json
import sqlite3
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, NoReturn, cast

from data_store.object_store.errors import BucketNotFound, ObjectNotFound
from data_store.object_store.models import ContentOptions

__all__ = [
    "Changes",
    "Content",
    "Place",
    "Row",
    "Stored",
    "bucket_id",
    "find",
    "find_with_content",
    "headers",
    "moment",
    "now",
    "object_fields",
    "refers_to",
]

_DEFAULT_CONTENT_TYPE = "application/octet-stream"
_HEADERS = "content_type, metadata, cache_control, content_disposition, content_encoding, content_language"
_COLUMNS = f"key, size, etag, updated, storage_class, {_HEADERS}"
_PLACE = "FROM buckets JOIN objects ON bucket = buckets.id AND key = ?"
_FIND = f"SELECT {_COLUMNS} {_PLACE} WHERE name = ?"
_FIND_WITH_CONTENT = f"SELECT {_COLUMNS}, file, data {_PLACE} JOIN contents ON contents.id = content WHERE name = ?"
_FIND_STORED = f"SELECT content, size, etag, {_HEADERS} {_PLACE} WHERE name = ?"
_FIND_PLACE = """SELECT buckets.id, content, etag
    FROM buckets LEFT JOIN objects ON bucket = buckets.id AND key = ? WHERE name = ?"""
_REPLACE = f"""INSERT OR REPLACE INTO objects (bucket, key, content, size, etag, updated, storage_class, {_HEADERS})
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""  # noqa: S608 column names of ours

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """Content that was received: ``data`` if it is small, else the id of its ``file``. The ETag is its MD5."""

    size: int
    etag: str
    data: bytes | None = None
    file: str | None = None


class Place(NamedTuple):
    """Where an object is written, and what is there now."""

    bucket: int
    content: int | None
    etag: str | None


class Stored(NamedTuple):
    """What an object is, wherever it lies."""

    content: int
    size: int
    etag: str
    headers: Row


class Changes:
    """Changes within one write transaction.

    Attributes:
        unused: ids of the content files that no row names any more once the transaction is committed.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.unused: list[str] = []

    def place(self, bucket: str, key: str) -> Place:
        """Return the place of a key; ``BucketNotFound`` if there is none."""
        row = self.connection.execute(_FIND_PLACE, (key, bucket)).fetchone()
        return Place(*row) if row else _no_bucket(bucket)

    def stored(self, bucket: str, key: str) -> Stored:
        """Return the object to copy; ``ObjectNotFound`` or ``BucketNotFound`` if there is none."""
        row = self.connection.execute(_FIND_STORED, (key, bucket)).fetchone()
        if row is None:
            _missing(self.connection, bucket, key)
        content, size, etag, *rest = row
        return Stored(content, size, etag, tuple(rest))

    def add(self, content: Content) -> int:
        """Store content, for one object, and return its id."""
        statement = "INSERT INTO contents (refs, file, data) VALUES (1, ?, ?)"
        return cast(int, self.connection.execute(statement, (content.file, content.data)).lastrowid)

    def share(self, content: int) -> None:
        """Count one object more for a content."""
        self.connection.execute("UPDATE contents SET refs = refs + 1 WHERE id = ?", (content,))

    def replace(self, place: Place, key: str, updated: int, storage_class: str | None, stored: Stored) -> None:
        """Write the row of an object, and drop the content it had."""
        values = (place.bucket, key, *stored[:3], updated, storage_class, *stored.headers)
        self.connection.execute(_REPLACE, values)
        if place.content is not None:
            self._drop(place.content)

    def remove(self, place: Place, key: str) -> None:
        """Remove an object, if there is one, and its content."""
        if place.content is not None:
            self.connection.execute("DELETE FROM objects WHERE bucket = ? AND key = ?", (place.bucket, key))
            self._drop(place.content)

    def _drop(self, content: int) -> None:
        execute = self.connection.execute
        refs, file = execute("SELECT refs, file FROM contents WHERE id = ?", (content,)).fetchone()
        if refs > 1:
            execute("UPDATE contents SET refs = refs - 1 WHERE id = ?", (content,))
            return
        execute("DELETE FROM contents WHERE id = ?", (content,))
        if file is not None:
            self.unused.append(file)


def find(connection: sqlite3.Connection, bucket: str, key: str) -> Row:
    """Return the row of an object, for ``object_fields``; ``ObjectNotFound`` or ``BucketNotFound`` if there is none."""
    row: Row | None = connection.execute(_FIND, (key, bucket)).fetchone()
    return row or _missing(connection, bucket, key)


def find_with_content(connection: sqlite3.Connection, bucket: str, key: str) -> Row:
    """Return the same with two columns more, the content's ``file`` and ``data``."""
    row: Row | None = connection.execute(_FIND_WITH_CONTENT, (key, bucket)).fetchone()
    return row or _missing(connection, bucket, key)


def bucket_id(connection: sqlite3.Connection, bucket: str) -> int:
    """Return the id of a bucket; ``BucketNotFound`` if there is none."""
    row = connection.execute("SELECT id FROM buckets WHERE name = ?", (bucket,)).fetchone()
    return int(row[0]) if row else _no_bucket(bucket)


def refers_to(connection: sqlite3.Connection, file: str) -> bool:
    """Return whether a row names a content file."""
    return connection.execute("SELECT 1 FROM contents WHERE file = ?", (file,)).fetchone() is not None


def headers(options: ContentOptions) -> Row:
    """Return the columns for what an object is stored with besides its content."""
    return (
        options.content_type or _DEFAULT_CONTENT_TYPE,
        json.dumps(dict(options.metadata), ensure_ascii=False) if options.metadata else None,
        options.cache_control,
        options.content_disposition,
        options.content_encoding,
        options.content_language,
    )


def object_fields(row: Row) -> dict[str, Any]:
    """Return the fields of ``ObjectMetadata`` for a row of ``find``."""
    metadata = row[6]
    return {
        "key": row[0],
        "size": row[1],
        "etag": row[2],
        "updated_time": moment(row[3]),
        "storage_class": row[4],
        "content_type": row[5],
        "metadata": json.loads(metadata) if metadata else {},
        "cache_control": row[7],
        "content_disposition": row[8],
        "content_encoding": row[9],
        "content_language": row[10],
        "checksums": {"md5": row[2]},
    }


def now() -> int:
    """Return the time in microseconds since 1970."""
    return time.time_ns() // 1000


def moment(microseconds: int) -> datetime:
    """Return a time of the database as a datetime."""
    return _EPOCH + timedelta(microseconds=microseconds)


def _missing(connection: sqlite3.Connection, bucket: str, key: str) -> NoReturn:
    bucket_id(connection, bucket)
    raise ObjectNotFound(f"there is no object under {key!r}", bucket=bucket, key=key)


def _no_bucket(bucket: str) -> NoReturn:
    raise BucketNotFound(f"there is no bucket {bucket!r}", bucket=bucket)

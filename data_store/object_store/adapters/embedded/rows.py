"""The columns of an object, and the statements that find objects, versions and buckets."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, NoReturn

from data_store.object_store.errors import BucketNotFound, ObjectNotFound, VersionNotFound
from data_store.object_store.models import ContentOptions, VersioningStatus

__all__ = [
    "HEADERS",
    "NULL_VERSION",
    "REPORTED_VERSION",
    "Finding",
    "Row",
    "bucket_id",
    "digests",
    "find",
    "find_object",
    "find_object_with_content",
    "headers",
    "microseconds",
    "missing",
    "moment",
    "no_bucket",
    "now",
    "packed",
    "packed_digests",
    "refers_to",
    "unpacked",
]

NULL_VERSION = "null"
HEADERS = "content_type, metadata, cache_control, content_disposition, content_encoding, content_language"
"""Columns for what an object is stored with besides its content."""

REPORTED_VERSION = f"CASE versioning WHEN '{VersioningStatus.DISABLED}' THEN NULL ELSE version_id END"
"""A column for the version id as callers are told: none where the bucket never had versions."""

_DEFAULT_CONTENT_TYPE = "application/octet-stream"
_COLUMNS = f"key, size, etag, updated, storage_class, {HEADERS}, checksums, {REPORTED_VERSION}"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Less than half the time of json.dumps() and json.loads(), which look at options and for spaces around.
_encode = json.JSONEncoder(ensure_ascii=False).encode
_decode = json.JSONDecoder().raw_decode

Row = tuple[Any, ...]


class Finding(NamedTuple):
    """The statements that find the current object of a key, and one of its versions that is no delete marker.

    The parameters are the key and the bucket's name; of the second those and the version id, and all three again.
    """

    current: str
    version: str

    @classmethod
    def of(cls, columns: str, join: str = "") -> Finding:
        """Return those that read some columns; the row of the object or version is named ``each``."""
        select = f"SELECT {columns} FROM buckets JOIN"  # noqa: S608 column names of ours
        on = "AS each ON bucket = buckets.id AND key = ?"
        current = f"{select} current_objects {on} {join} WHERE name = ?"
        noncurrent = f"{select} versions {on} {join} WHERE name = ? AND content IS NOT NULL"
        return cls(current, f"{current} AND version_id = ? UNION ALL {noncurrent} AND version_id = ?")


_OBJECT = Finding.of(_COLUMNS)
_OBJECT_WITH_CONTENT = Finding.of(f"{_COLUMNS}, file, data", "JOIN contents ON contents.id = content")


def find(connection: sqlite3.Connection, finding: Finding, bucket: str, key: str, version: str | None) -> Row:
    """Return the row of an object, or of one of its versions.

    Raises:
        ObjectNotFound: there is no current object.
        VersionNotFound: there is no such version, or it is a delete marker.
        BucketNotFound: there is no bucket.
    """
    if version is None:
        found = connection.execute(finding.current, (key, bucket)).fetchone()
    else:
        found = connection.execute(finding.version, (key, bucket, version) * 2).fetchone()
    row: Row | None = found
    return row or missing(connection, bucket, key, version)


def find_object(connection: sqlite3.Connection, bucket: str, key: str, version: str | None) -> Row:
    """Return the row of ``found.metadata_of``; raises as ``find``."""
    return find(connection, _OBJECT, bucket, key, version)


def find_object_with_content(connection: sqlite3.Connection, bucket: str, key: str, version: str | None) -> Row:
    """Return the same with two columns more, the content's ``file`` and ``data``."""
    return find(connection, _OBJECT_WITH_CONTENT, bucket, key, version)


def bucket_id(connection: sqlite3.Connection, bucket: str) -> int:
    """Return the id of a bucket; ``BucketNotFound`` if there is none."""
    row = connection.execute("SELECT id FROM buckets WHERE name = ?", (bucket,)).fetchone()
    return int(row[0]) if row else no_bucket(bucket)


def refers_to(connection: sqlite3.Connection, file: str) -> bool:
    """Return whether a content names a file."""
    return connection.execute("SELECT 1 FROM contents WHERE file = ?", (file,)).fetchone() is not None


def headers(options: ContentOptions) -> Row:
    """Return the columns ``HEADERS``."""
    return (
        options.content_type or _DEFAULT_CONTENT_TYPE,
        packed(options.metadata),
        options.cache_control,
        options.content_disposition,
        options.content_encoding,
        options.content_language,
    )


def digests(etag: str, checksums: str | None) -> dict[str, str]:
    """Return the digests of a content: the ETag, unless it was made of parts, and those of the column ``checksums``."""
    others = unpacked(checksums)
    return others if "-" in etag else {"md5": etag, **others}


def packed(names: Mapping[str, str] | None) -> str | None:
    """Return a JSON column."""
    return _encode(dict(names)) if names else None


def packed_digests(digests: Mapping[str, str]) -> str | None:
    """Return the JSON column of digests, whose names and values have nothing to escape."""
    return "{" + ", ".join([f'"{name}": "{value}"' for name, value in digests.items()]) + "}" if digests else None


def unpacked(column: str | None) -> dict[str, str]:
    """Return what a JSON column has."""
    return _decode(column)[0] if column else {}


def now() -> int:
    """Return the time in microseconds since 1970."""
    return time.time_ns() // 1000


def moment(microseconds: int) -> datetime:
    """Return a time of the database as a datetime."""
    return _EPOCH + timedelta(0, 0, microseconds)  # by position: a keyword doubles the time, and listings make many


def microseconds(moment: datetime) -> int:
    """Return an aware datetime as the database has it."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def missing(connection: sqlite3.Connection, bucket: str, key: str, version: str | None = None) -> NoReturn:
    """Raise what it means that nothing was found."""
    bucket_id(connection, bucket)
    if version is not None:
        raise VersionNotFound(f"there is no version {version!r} of {key!r}", bucket=bucket, key=key)
    raise ObjectNotFound(f"there is no object under {key!r}", bucket=bucket, key=key)


def no_bucket(bucket: str) -> NoReturn:
    """Raise what it means that a bucket was not found."""
    raise BucketNotFound(f"there is no bucket {bucket!r}", bucket=bucket)

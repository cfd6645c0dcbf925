"""Changes of objects and versions, and of the contents they have, within one write transaction."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, cast

from data_store.object_store.adapters.embedded.conditions import check_etag, check_updated
from data_store.object_store.adapters.embedded.found import written
from data_store.object_store.adapters.embedded.locks import UNLOCKED, Lock
from data_store.object_store.adapters.embedded.rows import (
    HEADERS,
    NULL_VERSION,
    REPORTED_VERSION,
    Finding,
    Row,
    digests,
    find,
    no_bucket,
    now,
)
from data_store.object_store.models import DeletedObject, EventKind, ObjectMetadata, VersioningStatus

__all__ = ["Changes", "Content", "Place", "Stored"]

_STATE = "buckets.id, versioning, object_lock, default_retention, recorded_until, recorded_to"
_FIND_PLACE = f"""SELECT {_STATE}, content, etag, version_id, sequence, updated
    FROM buckets LEFT JOIN current_objects ON bucket = buckets.id AND key = ? WHERE name = ?"""  # noqa: S608 columns of ours
_COLUMNS = f"""version_id, sequence, content, size, etag, checksums, {HEADERS}, tags, updated, storage_class,
    retention_mode, retained_until, legal_hold, upload_id"""
_STORED = Finding.of(f"updated, content, size, etag, checksums, {HEADERS}, each.tags")
_IDENTITY = Finding.of(f"bucket, sequence, {REPORTED_VERSION}")
_REPLACE = f"INSERT OR REPLACE INTO current_objects (bucket, key, {_COLUMNS}) VALUES ({', '.join('?' * 21)})"  # noqa: S608
_MAKE_NONCURRENT = f"""INSERT INTO versions (bucket, key, {_COLUMNS}, superseded)
    SELECT bucket, key, {_COLUMNS}, ? FROM current_objects WHERE bucket = ? AND key = ?"""  # noqa: S608
_MAKE_CURRENT = f"""INSERT INTO current_objects (bucket, key, {_COLUMNS})
    SELECT bucket, key, {_COLUMNS} FROM versions WHERE bucket = ? AND key = ? AND sequence = ?"""  # noqa: S608
_NEWEST = "SELECT sequence, content FROM versions WHERE bucket = ? AND key = ? ORDER BY sequence DESC LIMIT 1"
_SUPERSEDE = "UPDATE versions SET superseded = ? WHERE bucket = ? AND key = ? AND sequence = ?"
_DELETE_OBJECT = "DELETE FROM current_objects WHERE bucket = ? AND key = ?"
_DELETE_VERSION = "DELETE FROM versions WHERE bucket = ? AND key = ? AND version_id = ?"
_DELETE_SEQUENCE = "DELETE FROM versions WHERE bucket = ? AND key = ? AND sequence = ?"
_FIND_CURRENT = """SELECT content, etag, updated, retention_mode, retained_until, legal_hold
    FROM current_objects WHERE bucket = ? AND key = ? AND version_id = ?"""
_FIND_NONCURRENT = """SELECT content, etag, updated, retention_mode, retained_until, legal_hold
    FROM versions WHERE bucket = ? AND key = ? AND version_id = ?"""
_INSERT_MARKER = "INSERT INTO versions (bucket, key, sequence, version_id, updated) VALUES (?, ?, ?, ?, ?)"
_OF_PARTS = "WHERE id IN (SELECT content FROM parts WHERE upload = ?)"
_RELEASE_PARTS = f"UPDATE contents SET refs = refs - 1 {_OF_PARTS}"  # noqa: S608 columns of ours, here and below
_UNUSED_FILES = f"SELECT file FROM contents {_OF_PARTS} AND refs = 0 AND file IS NOT NULL"  # noqa: S608
_DELETE_UNUSED = f"DELETE FROM contents {_OF_PARTS} AND refs = 0"  # noqa: S608
_INSERT_EVENT = "INSERT INTO events (bucket, kind, key, version_id, size, etag, time) VALUES (?, ?, ?, ?, ?, ?, ?)"


class Content(NamedTuple):
    """Content that was received: ``data`` if it is small, else the id of its ``file``.

    Attributes:
        size: its length in bytes.
        etag: its ETag.
        md5: its MD5 in hex; None if it is that large that the ETag is another.
        digests: others that were asked for: algorithm to lower-case hex.
        shared: the id of the content in the database, where it is there already.
    """

    size: int
    etag: str
    md5: str | None
    digests: dict[str, str]
    data: bytes | None = None
    file: str | None = None
    shared: int | None = None

    @property
    def checksums(self) -> dict[str, str]:
        """All its digests."""
        return self.digests if self.md5 is None else {"md5": self.md5, **self.digests}


class Place(NamedTuple):
    """A key of a bucket: what is set for the bucket, and the current object, if there is one."""

    bucket: int
    versioning: str
    object_lock: int
    default_retention: str | None
    recorded_until: int
    recorded_to: int
    content: int | None
    etag: str | None
    version_id: str | None
    sequence: int | None
    updated: int | None

    def has_current(self, version_id: str) -> bool:
        """Return whether a version is the current object."""
        return self.content is not None and self.version_id == version_id

    def reported(self, version_id: str) -> str | None:
        """Return a version id as callers are told: None where the bucket never had versions."""
        return None if self.versioning == VersioningStatus.DISABLED else version_id


class Stored(NamedTuple):
    """An object to be written: the values of its columns."""

    content: int
    size: int
    etag: str
    checksums: str | None
    headers: Row
    tags: str | None
    updated: int
    storage_class: str | None
    lock: Lock
    upload_id: str | None = None

    def metadata(self, key: str, version_id: str | None, checksums: Mapping[str, str] | None = None) -> ObjectMetadata:
        """Return what the one who wrote it is told; ``checksums`` are the digests, where they are at hand."""
        if checksums is None:
            checksums = digests(self.etag, self.checksums)
        return written(key, self.size, self.etag, self.updated, version_id, checksums)


class Changes:
    """Changes within one write transaction.

    Attributes:
        connection: the connection that is in it.
        unused: ids of the content files that no row names any more once the transaction is committed.
        recorded: whether there are new events.
    """

    __slots__ = ("connection", "recorded", "unused")

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.unused: list[str] = []
        self.recorded = False

    def place(self, bucket: str, key: str) -> Place:
        """Return the place of a key; ``BucketNotFound`` if there is none."""
        row = self.connection.execute(_FIND_PLACE, (key, bucket)).fetchone()
        return Place(*row) if row else no_bucket(bucket)

    def source(self, bucket: str, key: str, version: str | None, updated_time: datetime | None = None) -> Stored:
        """Return the object or version to copy, as it is to be written now; raises as ``find``, ``check_updated``."""
        updated, content, size, etag, checksums, *rest, tags = find(self.connection, _STORED, bucket, key, version)
        check_updated(updated, updated_time)
        return Stored(content, size, etag, checksums, tuple(rest), tags, now(), None, UNLOCKED)

    def add(self, content: Content) -> int:
        """Store content, or share it, for one object, and return its id."""
        if content.shared is not None:
            self.share(content.shared)
            return content.shared
        statement = "INSERT INTO contents (refs, file, data) VALUES (1, ?, ?)"
        return cast(int, self.connection.execute(statement, (content.file, content.data)).lastrowid)

    def share(self, content: int) -> None:
        """Count one object more for a content."""
        self.connection.execute("UPDATE contents SET refs = refs + 1 WHERE id = ?", (content,))

    def drop(self, content: int) -> None:
        """Count one object less for a content, which goes with the last one."""
        execute = self.connection.execute
        refs, file = execute("SELECT refs, file FROM contents WHERE id = ?", (content,)).fetchone()
        if refs > 1:
            execute("UPDATE contents SET refs = refs - 1 WHERE id = ?", (content,))
            return
        execute("DELETE FROM contents WHERE id = ?", (content,))
        if file is not None:
            self.unused.append(file)

    def write(self, place: Place, key: str, stored: Stored) -> str | None:
        """Make the current object of a key, and return its version id as callers are told.

        What was there becomes noncurrent, or goes with its content, as the bucket's versioning has it.
        """
        version_id, sequence, replaced = NULL_VERSION, 0, place.content
        if place.versioning != VersioningStatus.DISABLED:
            version_id = _new_version(place)
            sequence, replaced = self._make_room(place, key, version_id, stored.updated)
        content, size, etag, checksums, headers, tags, updated, storage_class, lock, upload_id = stored
        values = (place.bucket, key, version_id, sequence, content, size, etag, checksums, *headers, tags, updated)
        self.connection.execute(_REPLACE, (*values, storage_class, *lock, upload_id))
        if replaced is not None:
            self.drop(replaced)
        reported = place.reported(version_id)
        self.record(place, EventKind.CREATED, key, reported, size, etag)
        return reported

    def delete(self, place: Place, key: str, kind: EventKind | None = None) -> DeletedObject:
        """Delete as without a version: the object goes, or a delete marker is made.

        Args:
            place: the place of the key.
            key: the key.
            kind: what kind of event it is; None: ``REMOVED`` or ``MARKER_CREATED``.
        """
        if place.versioning != VersioningStatus.DISABLED:
            return self._mark_deleted(place, key, kind or EventKind.MARKER_CREATED)
        if place.content is not None:
            self.connection.execute(_DELETE_OBJECT, (place.bucket, key))
            self.drop(place.content)
            self.record(place, kind or EventKind.REMOVED, key, None)
        return DeletedObject(key)

    def delete_version(
        self,
        place: Place,
        key: str,
        version_id: str,
        *,
        kind: EventKind = EventKind.REMOVED,
        bypass_governance: bool = False,
        if_match: str | None = None,
        if_updated_time: datetime | None = None,
    ) -> DeletedObject:
        """Delete a version or a delete marker for good; if it was the latest, the one before becomes that.

        A missing version is a success.

        Raises:
            AccessDenied: it is locked.
            PreconditionFailed: it has another ETag than ``if_match`` or another time, or is missing.
        """
        find_version = _FIND_CURRENT if place.has_current(version_id) else _FIND_NONCURRENT
        found = self.connection.execute(find_version, (place.bucket, key, version_id)).fetchone()
        check_etag(found and found[1], if_match)
        check_updated(found and found[2], if_updated_time)
        if found is None:
            return DeletedObject(key, version_id)
        content, _, _, *lock = found
        Lock(*lock).check_delete(bypass_governance=bypass_governance)
        self._remove_version(place, key, version_id, content)
        self.record(place, kind, key, place.reported(version_id))
        return DeletedObject(key, version_id, is_delete_marker=content is None)

    def set_storage_class(self, place: Place, key: str, storage_class: str) -> None:
        """Set the storage class of the current object; nothing else changes."""
        statement = "UPDATE current_objects SET storage_class = ? WHERE bucket = ? AND key = ?"
        self.connection.execute(statement, (storage_class, place.bucket, key))

    def update(self, bucket: str, key: str, version: str | None, column: str, value: object) -> str | None:
        """Set a column of an object or version; return its version id as callers are told. Raises as ``find``."""
        found, sequence, reported = find(self.connection, _IDENTITY, bucket, key, version)
        for table in ("current_objects", "versions"):  # a sequence is in one of them
            statement = f"UPDATE {table} SET {column} = ? WHERE bucket = ? AND key = ? AND sequence = ?"  # noqa: S608
            self.connection.execute(statement, (value, found, key, sequence))
        return cast("str | None", reported)

    def abort(self, upload: int) -> None:
        """Remove a multipart upload, by the id of its row, and its parts; there can be 10,000 of them."""
        execute = self.connection.execute
        execute(_RELEASE_PARTS, (upload,))
        self.unused += [file for (file,) in execute(_UNUSED_FILES, (upload,))]
        execute(_DELETE_UNUSED, (upload,))
        execute("DELETE FROM parts WHERE upload = ?", (upload,))
        execute("DELETE FROM uploads WHERE id = ?", (upload,))

    def record(
        self,
        place: Place,
        kind: EventKind,
        key: str,
        version_id: str | None,
        size: int | None = None,
        etag: str | None = None,
    ) -> None:
        """Record an event, if the bucket is being recorded; see ``events``."""
        if not place.recorded_until or place.recorded_until <= (time := now()):
            return
        values = (place.bucket, kind, key, version_id, size, etag, time)
        event = cast(int, self.connection.execute(_INSERT_EVENT, values).lastrowid)
        self.recorded = True
        if event >= place.recorded_to:
            self.connection.execute("UPDATE buckets SET recorded_until = 0 WHERE id = ?", (place.bucket,))

    def _remove_version(self, place: Place, key: str, version_id: str, content: int | None) -> None:
        """Remove a version and its content; None: it is a delete marker."""
        is_current = place.has_current(version_id)
        if is_current:
            self.connection.execute(_DELETE_OBJECT, (place.bucket, key))
        else:
            self.connection.execute(_DELETE_VERSION, (place.bucket, key, version_id))
        if content is not None:
            self.drop(content)
        if is_current or place.content is None:
            self._reveal(place, key)

    def _mark_deleted(self, place: Place, key: str, kind: EventKind) -> DeletedObject:
        version_id, time = _new_version(place), now()
        sequence, replaced = self._make_room(place, key, version_id, time)
        self.connection.execute(_DELETE_OBJECT, (place.bucket, key))
        if replaced is not None:
            self.drop(replaced)
        self.connection.execute(_INSERT_MARKER, (place.bucket, key, sequence, version_id, time))
        self.record(place, kind, key, version_id)
        return DeletedObject(key, version_id, is_delete_marker=True)

    def _make_room(self, place: Place, key: str, version_id: str, time: int) -> tuple[int, int | None]:
        """Make noncurrent what is the latest, and remove a null version that would be there twice.

        Returns:
            The sequence of the new version, and the content of the current object if that is to be replaced.
        """
        where = (place.bucket, key)
        if place.has_current(version_id):
            return cast(int, place.sequence) + 1, place.content
        newest = place.sequence
        if place.content is not None:
            self.connection.execute(_MAKE_NONCURRENT, (time, *where))
        elif marker := self.connection.execute(_NEWEST, where).fetchone():
            newest = marker[0]
            self.connection.execute(_SUPERSEDE, (time, *where, newest))
        if version_id == NULL_VERSION:
            self._remove_null_version(where)
        return (newest or 0) + 1, None

    def _remove_null_version(self, where: tuple[int, str]) -> None:
        found = self.connection.execute(_FIND_NONCURRENT, (*where, NULL_VERSION)).fetchone()
        if found is not None:
            self.connection.execute(_DELETE_VERSION, (*where, NULL_VERSION))
        if found is not None and found[0] is not None:
            self.drop(found[0])

    def _reveal(self, place: Place, key: str) -> None:
        """Make the newest of the rest the latest."""
        where = (place.bucket, key)
        newest = self.connection.execute(_NEWEST, where).fetchone()
        if newest is None:
            return
        sequence, content = newest
        if content is None:
            self.connection.execute(_SUPERSEDE, (None, *where, sequence))
            return
        self.connection.execute(_MAKE_CURRENT, (*where, sequence))
        self.connection.execute(_DELETE_SEQUENCE, (*where, sequence))


def _new_version(place: Place) -> str:
    return secrets.token_hex(16) if place.versioning == VersioningStatus.ENABLED else NULL_VERSION

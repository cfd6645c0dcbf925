"""The statements on multipart uploads and their parts."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from data_store.object_store.adapters.embedded.cursors import packed_cursor, unpacked_cursor
from data_store.object_store.adapters.embedded.digests import CRC32
from data_store.object_store.adapters.embedded.listing import successor
from data_store.object_store.adapters.embedded.locks import Lock, lock_of
from data_store.object_store.adapters.embedded.rows import HEADERS, Row, bucket_id, moment, unpacked
from data_store.object_store.errors import InvalidArgument, InvalidPart, UploadNotFound
from data_store.object_store.models import ListOptions, MultipartUpload, PartInfo, PartPage, UploadPage
from data_store.object_store.planning import MIN_PART_SIZE

__all__ = [
    "MIN_PART_SIZE",
    "Draft",
    "Part",
    "combined_etag",
    "digests_of",
    "draft",
    "find_upload",
    "list_parts",
    "list_uploads",
]

_FIND = "SELECT id FROM uploads WHERE upload_id = ? AND bucket = ? AND key = ?"
_FIND_DRAFT = f"""SELECT id, storage_class, tags, checksum, retention_mode, retained_until, legal_hold, {HEADERS}
    FROM uploads WHERE upload_id = ? AND bucket = ? AND key = ?"""  # noqa: S608 column names of ours
_PARTS = """SELECT number, etag, size, checksums, content, file
    FROM parts JOIN contents ON contents.id = content WHERE upload = ? ORDER BY number"""
_PAGE_OF_PARTS = """SELECT number, etag, size, updated, checksums FROM parts
    WHERE upload = ? AND number > ? ORDER BY number LIMIT ?"""
_PAGE_OF_UPLOADS = """SELECT key, id, upload_id, initiated FROM uploads
    WHERE bucket = ? AND (key, id) > (?, ?) AND key < ? ORDER BY key, id LIMIT ?"""


class Part(NamedTuple):
    """A part that has arrived."""

    number: int
    etag: str
    size: int
    checksums: str
    content: int
    file: str | None

    @property
    def digests(self) -> dict[str, str]:
        """What the column ``checksums`` has."""
        return unpacked(self.checksums)


class Draft(NamedTuple):
    """An upload that can be completed: what the object will be."""

    upload: int
    storage_class: str | None
    tags: str | None
    checksum: str | None
    lock: Lock
    headers: Row
    parts: tuple[Part, ...]
    etag: str

    def lock_at(self, default: str | None) -> Lock:
        """Return the lock of the object, in a bucket with this column ``default_retention``."""
        if self.lock.mode is not None:
            return self.lock
        return lock_of(None, bool(self.lock.hold), 1, default)


def find_upload(connection: sqlite3.Connection, bucket: str, key: str, upload_id: str) -> int:
    """Return the row id of an upload under way; ``UploadNotFound`` or ``BucketNotFound`` if there is none."""
    row = connection.execute(_FIND, (upload_id, bucket_id(connection, bucket), key)).fetchone()
    if row is None:
        raise UploadNotFound(f"there is no upload {upload_id!r} of {key!r}")
    return int(row[0])


def draft(
    connection: sqlite3.Connection, bucket: str, key: str, upload_id: str, parts: Sequence[PartInfo]
) -> Draft | None:
    """Return what these parts of an upload make, in the order of their numbers; None if there is no such upload.

    Raises:
        InvalidPart: a part is missing, another one, or too small.
    """
    row = connection.execute(_FIND_DRAFT, (upload_id, bucket_id(connection, bucket), key)).fetchone()
    if row is None:
        return None
    upload, storage_class, tags, checksum, mode, until, hold, *headers = row
    arrived = {row[0]: Part(*row) for row in connection.execute(_PARTS, (upload,))}
    chosen = tuple(_arrived(part, arrived) for part in _in_order(parts))
    for part in chosen[:-1]:
        if part.size < MIN_PART_SIZE:
            raise InvalidPart(
                f"part {part.number} is not the last and has {part.size} of at least {MIN_PART_SIZE} bytes"
            )
    etag = combined_etag(chosen)
    return Draft(upload, storage_class, tags, checksum, Lock(mode, until, hold), tuple(headers), chosen, etag)


def combined_etag(parts: Sequence[Part] | Sequence[PartInfo]) -> str:
    """Return the ETag of an object that is made from parts, as S3 forms it: the MD5 of their MD5s, and their number."""
    digests = b"".join(bytes.fromhex(part.etag) for part in parts)
    return f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(parts)}"


def list_parts(connection: sqlite3.Connection, upload: int, options: ListOptions) -> PartPage:
    """Return one page of the parts of an upload."""
    behind = 0 if options.cursor is None else _number(options.cursor)
    rows = connection.execute(_PAGE_OF_PARTS, (upload, behind, options.limit + 1)).fetchall()
    page = tuple(_part_info(*row) for row in rows[: options.limit])
    return PartPage(page, str(page[-1].part_number) if len(rows) > options.limit else None)


def list_uploads(connection: sqlite3.Connection, bucket: str, prefix: str, options: ListOptions) -> UploadPage:
    """Return one page of the uploads under way in a bucket, the oldest first within a key."""
    key, upload = (prefix, 0) if options.cursor is None else unpacked_cursor(options.cursor)
    end = successor(prefix)
    # To SQLite any BLOB is greater than all TEXT.
    limits = (bucket_id(connection, bucket), key, upload, b"" if end is None else end, options.limit + 1)
    rows = connection.execute(_PAGE_OF_UPLOADS, limits).fetchall()
    page = rows[: options.limit]
    uploads = tuple(MultipartUpload(key, bucket, upload_id, moment(initiated)) for key, _, upload_id, initiated in page)
    return UploadPage(uploads, packed_cursor(*page[-1][:2]) if len(rows) > options.limit else None)


def digests_of(digests: Mapping[str, str]) -> dict[str, str]:
    """Return the digests of a part that others are told of."""
    return {name: digest for name, digest in digests.items() if name != CRC32}


def _in_order(parts: Sequence[PartInfo]) -> list[PartInfo]:
    if not parts:
        raise InvalidPart("an object is made from at least one part")
    if len({part.part_number for part in parts}) < len(parts):
        raise InvalidPart("a part is named twice")
    return sorted(parts, key=lambda part: part.part_number)


def _arrived(part: PartInfo, arrived: dict[int, Part]) -> Part:
    found = arrived.get(part.part_number)
    if found is None:
        raise InvalidPart(f"part {part.part_number} is missing")
    if found.etag != part.etag:
        raise InvalidPart(f"part {part.part_number} has ETag {found.etag}, not {part.etag}")
    return found


def _part_info(number: int, etag: str, size: int, updated: int, checksums: str) -> PartInfo:
    return PartInfo(number, etag, size, moment(updated), {"md5": etag, **digests_of(unpacked(checksums))})


def _number(cursor: str) -> int:
    if not (cursor.isascii() and cursor.isdigit()) or len(cursor) > len("10000"):
        raise InvalidArgument("cursor must be the cursor of the page before")
    return int(cursor)

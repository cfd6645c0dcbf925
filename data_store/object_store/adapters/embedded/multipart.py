"""Multipart uploads: each part is a content; completing an upload puts them together outside of any transaction."""

from __future__ import annotations

import io
import secrets
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import BinaryIO, NamedTuple

from data_store.object_store.adapters.embedded import uploads
from data_store.object_store.adapters.embedded.changes import Changes, Content, Stored
from data_store.object_store.adapters.embedded.concatenation import Concatenation
from data_store.object_store.adapters.embedded.conditions import check_etag, check_write
from data_store.object_store.adapters.embedded.digests import CRC32
from data_store.object_store.adapters.embedded.found import metadata_of
from data_store.object_store.adapters.embedded.locks import lock_of
from data_store.object_store.adapters.embedded.rows import (
    HEADERS,
    Finding,
    digests,
    find,
    find_object,
    headers,
    moment,
    now,
    packed,
    packed_digests,
)
from data_store.object_store.adapters.embedded.storage import Storage
from data_store.object_store.adapters.embedded.uploads import Draft, Part, combined_etag, digests_of
from data_store.object_store.adapters.embedded.verifying import VerifiedRange
from data_store.object_store.body import Source
from data_store.object_store.capabilities import SupportsMultipart
from data_store.object_store.errors import IntegrityError, ObjectNotFound, RangeNotSatisfiable, UploadNotFound
from data_store.object_store.models import (
    CompleteOptions,
    CopySource,
    GetOptions,
    ListOptions,
    MultipartUpload,
    ObjectMetadata,
    PartInfo,
    PartOptions,
    PartPage,
    PutOptions,
    UploadPage,
)

__all__ = ["MultipartOperations"]

_COLUMNS = f"""upload_id, bucket, key, initiated, storage_class, {HEADERS}, tags, checksum, retention_mode,
    retained_until, legal_hold"""
_INSERT = f"INSERT INTO uploads ({_COLUMNS}) VALUES ({', '.join('?' * 16)})"  # noqa: S608 column names of ours
_FIND_PART = "SELECT content FROM parts WHERE upload = ? AND number = ?"
_PUT_PART = """INSERT OR REPLACE INTO parts (upload, number, size, etag, updated, content, checksums)
    VALUES (?, ?, ?, ?, ?, ?, ?)"""
_MADE_BY = Finding.of("upload_id, etag")


class MultipartOperations(Storage, SupportsMultipart):
    """Uploads in parts."""

    def create_multipart_upload(self, bucket: str, key: str, options: PutOptions) -> MultipartUpload:
        """See ``SupportsMultipart``."""
        upload_id, initiated = secrets.token_hex(16), now()
        with self._change() as changes:
            place = changes.place(bucket, key)
            lock = lock_of(options.retention, options.legal_hold, place.object_lock, None)
            about = (options.storage_class, *headers(options), packed(options.tags), options.checksum, *lock)
            changes.connection.execute(_INSERT, (upload_id, place.bucket, key, initiated, *about))
        return MultipartUpload(key, bucket, upload_id, moment(initiated))

    def upload_part(
        self, bucket: str, key: str, upload_id: str, part_number: int, body: Source, options: PartOptions
    ) -> PartInfo:
        """See ``SupportsMultipart``."""
        return self._put_part(_Target(bucket, key, upload_id), part_number, body, options)

    def upload_part_copy(
        self, bucket: str, key: str, upload_id: str, part_number: int, source: CopySource, options: PartOptions
    ) -> PartInfo:
        """See ``SupportsMultipart``. All of the source is read, and verified before the part is committed.

        The part has digests of its own, so it must not vouch for a damaged source. n ranges of one object cost n reads
        of all of it.
        """
        row, content, size = self._open(source.bucket, source.key, GetOptions(version=source.version))
        with closing(content):
            check_etag(row[2], source.etag)
            if source.offset + source.length > size:
                raise RangeNotSatisfiable(f"the source has {size} bytes, the range ends behind them")
            wanted = VerifiedRange(content, source.offset, source.length, digests(row[2], row[11]))
            body = Source(wanted, source.length, verify=wanted.verify)
            return self._put_part(_Target(bucket, key, upload_id), part_number, body, options)

    def list_parts_page(self, bucket: str, key: str, upload_id: str, options: ListOptions) -> PartPage:
        """See ``SupportsMultipart``."""
        with self._database.snapshot() as connection:
            return uploads.list_parts(connection, uploads.find_upload(connection, bucket, key, upload_id), options)

    def list_uploads_page(self, bucket: str, prefix: str, options: ListOptions) -> UploadPage:
        """See ``SupportsMultipart``; of several uploads of one key the oldest comes first."""
        with self._database.snapshot() as connection:
            return uploads.list_uploads(connection, bucket, prefix, options)

    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: Sequence[PartInfo], options: CompleteOptions
    ) -> ObjectMetadata:
        """See ``SupportsMultipart``. Completing it again is a success while the object is the one that it made."""
        target = _Target(bucket, key, upload_id)
        outdated = None
        while True:
            with self._database.snapshot() as connection:
                draft = uploads.draft(connection, *target, parts)
                if draft is None:
                    return _made(connection, target, parts)
                check_write(Changes(connection).place(bucket, key).etag, options)
            if draft == outdated:
                raise IntegrityError(f"the content of a part is missing (store in {self._where})")
            try:
                return self._complete(target, parts, draft, options)
            except (_Outdated, FileNotFoundError):
                outdated = draft

    def abort_multipart_upload(self, bucket: str, key: str, upload_id: str) -> None:
        """See ``SupportsMultipart``."""
        with self._change() as changes:
            changes.abort(uploads.find_upload(changes.connection, bucket, key, upload_id))

    def _put_part(self, target: _Target, number: int, body: Source, options: PartOptions) -> PartInfo:
        with self._database.read() as connection:
            uploads.find_upload(connection, *target)
        wanted = (CRC32, options.checksum) if options.checksum else (CRC32,)
        with self._receive(body, *wanted) as content:

            def put(changes: Changes) -> int:
                upload, updated = uploads.find_upload(changes.connection, *target), now()
                replaced = changes.connection.execute(_FIND_PART, (upload, number)).fetchone()
                row = (upload, number, content.size, content.etag, updated, self._add(changes, content))
                changes.connection.execute(_PUT_PART, (*row, packed_digests(content.digests)))
                if replaced is not None:
                    changes.drop(replaced[0])
                return updated

            updated = self._commit(put)
        return PartInfo(number, content.etag, content.size, moment(updated), digests_of(content.checksums))

    def _complete(
        self, target: _Target, parts: Sequence[PartInfo], draft: Draft, options: CompleteOptions
    ) -> ObjectMetadata:
        """Make the object; ``_Outdated`` or ``FileNotFoundError`` if the upload is another one by now."""
        wanted = {*(options.checksums or {}), *filter(None, [draft.checksum])} - {"md5"}
        with self._put_together(draft.parts, wanted, needs_md5="md5" in (options.checksums or {})) as content:
            checksums = content.checksums
            _check_digests(checksums, options.checksums or {})
            with self._change() as changes:
                if uploads.draft(changes.connection, *target, parts) != draft:
                    raise _Outdated
                place = changes.place(target.bucket, target.key)
                check_write(place.etag, options)
                stored = Stored(
                    content=self._add(changes, content),
                    size=content.size,
                    etag=draft.etag,
                    checksums=packed_digests(checksums),
                    headers=draft.headers,
                    tags=draft.tags,
                    updated=now(),
                    storage_class=draft.storage_class,
                    lock=draft.lock_at(place.default_retention),
                    upload_id=target.upload_id,
                )
                version_id = changes.write(place, target.key, stored)
                changes.abort(draft.upload)
        return stored.metadata(target.key, version_id)

    @contextmanager
    def _put_together(self, parts: Sequence[Part], wanted: set[str], *, needs_md5: bool) -> Iterator[Content]:
        """Hold the content that parts make; that of a single part is shared."""
        first = parts[0]
        known = digests_of(first.digests)
        if len(parts) == 1 and wanted <= known.keys():
            yield Content(first.size, first.etag, first.etag, known, shared=first.content)
            return
        with closing(Concatenation(parts, self._open_part)) as body:
            whole = Source(body, sum(part.size for part in parts))
            with self._receive_object(whole, *sorted(wanted), needs_md5=needs_md5) as content:
                yield content

    def _open_part(self, part: Part) -> BinaryIO:
        if part.file is not None:
            return self._contents.open(part.file, part.size, 0, part.size)
        with self._database.read() as connection:
            row = connection.execute("SELECT data FROM contents WHERE id = ?", (part.content,)).fetchone()
        if row is None or row[0] is None:
            raise FileNotFoundError(part.content)
        return io.BytesIO(row[0])


class _Target(NamedTuple):
    """What an operation on an upload names."""

    bucket: str
    key: str
    upload_id: str


class _Outdated(Exception):  # noqa: N818 no error: it is tried again
    """The parts of an upload were changed, or it has ended, while they were put together."""


def _made(connection: sqlite3.Connection, target: _Target, parts: Sequence[PartInfo]) -> ObjectMetadata:
    """Return the object if it is the one that an upload made of these parts; else raise ``UploadNotFound``."""
    try:
        made = find(connection, _MADE_BY, target.bucket, target.key, None)
        if made == (target.upload_id, combined_etag(sorted(parts, key=lambda part: part.part_number))):
            return metadata_of(find_object(connection, target.bucket, target.key, None))
    except (ObjectNotFound, ValueError):  # an ETag need not be hex
        pass
    raise UploadNotFound(f"there is no upload {target.upload_id!r} of {target.key!r}")


def _check_digests(found: Mapping[str, str], expected: Mapping[str, str]) -> None:
    for name, digest in expected.items():
        if found[name] != digest:
            raise IntegrityError(f"the content has the {name} digest {found[name]}, not {digest}")

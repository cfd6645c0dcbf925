"""Uploads in parts, steered by the caller."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Unpack

from data_store.object_store import validation
from data_store.object_store.capabilities import SupportsMultipart
from data_store.object_store.checksums import new_hasher
from data_store.object_store.errors import ObjectStoreError, RangeNotSatisfiable, UploadNotFound
from data_store.object_store.facade.base import Facade
from data_store.object_store.facade.writer import MultipartWriter
from data_store.object_store.models import (
    ChecksumAlgorithm,
    CompleteOptions,
    Condition,
    CopySource,
    GetOptions,
    ListOptions,
    MultipartOptions,
    MultipartUpload,
    ObjectMetadata,
    PartInfo,
    PartOptions,
    PutOptions,
    SseCustomer,
)
from data_store.object_store.paging import pages
from data_store.object_store.sources import Data, stream_of

__all__ = ["MultipartUploads"]


class MultipartUploads(Facade):
    """Uploads whose object is invisible until they are completed: ``SupportsMultipart``.

    An upload id that names no upload under way, whatever its shape, is ``UploadNotFound``.
    """

    def multipart_upload(
        self,
        key: str,
        bucket: str | None = None,
        *,
        if_match: str | None = None,
        if_none_match: str | None = None,
        **options: Unpack[MultipartOptions],
    ) -> AbstractContextManager[MultipartWriter]:
        """Return a context manager that completes an upload at its end, and aborts it if an exception leaves it.

        The conditions are those of ``complete_multipart_upload``, and are checked to be honoured before it starts.
        """
        checked, if_match = validation.multipart_options(options), validation.write_conditions(if_match, if_none_match)
        key = validation.key(key)
        self._may_start("multipart_upload", key, bucket, checked)
        customer = checked.encryption if isinstance(checked.encryption, SseCustomer) else None
        complete = CompleteOptions(if_match=if_match, if_none_match=if_none_match, encryption=customer)
        bucket = self._bucket(bucket)
        self._check_complete("multipart_upload", bucket, key, complete)
        return self._writing(bucket, key, checked, complete)

    def create_multipart_upload(
        self, key: str, bucket: str | None = None, **options: Unpack[MultipartOptions]
    ) -> MultipartUpload:
        """Start an upload; its ``upload_id`` is all that other processes need to go on with it.

        Raises:
            MissingDependency: the library of ``checksum`` is not installed; nothing was started.
            UnsupportedOperation: an option needs what this store does not have, or the server drops the tags of an
                upload, which only the store that also completes it could set; nothing was started.
        """
        checked, key = validation.multipart_options(options), validation.key(key)
        self._may_start("create_multipart_upload", key, bucket, checked)
        client = self._capable(SupportsMultipart, "create_multipart_upload", bucket, key)
        if checked.tags and not self.client.keeps_tags_of_uploads:
            reason = "this server drops the tags of an upload: set_tags once it is complete"
            raise self._unsupported(reason, "create_multipart_upload", self._name(bucket), key)
        return client.create_multipart_upload(self._bucket(bucket), key, checked)

    def upload_part(
        self,
        data: Data,
        key: str,
        upload_id: str,
        part_number: int,
        bucket: str | None = None,
        *,
        length: int | None = None,
        checksum: ChecksumAlgorithm | None = None,
        encryption: SseCustomer | None = None,
    ) -> PartInfo:
        """Upload one part: bytes, a binary stream (read from where it stands), or an iterable of bytes.

        Parts are numbered from 1 to 10,000 and may come in any order; one of the same number replaces the former. Each
        but the last has 5 MiB to 5 GiB. ``checksum`` and ``encryption`` are those that the upload was started with.

        Raises:
            UploadNotFound: no upload of that id is under way.
        """
        key, upload_id, part_number = _part_of(key, upload_id, part_number)
        options = validation.part_options(checksum, encryption)
        stream, size = stream_of(data, validation.length(length))
        self._capable(SupportsMultipart, "upload_part", bucket, key)
        self._permit("upload_part", bucket, key, {"encryption": encryption})
        return self._transfers.upload_part(stream, size, self._bucket(bucket), key, upload_id, part_number, options)

    def upload_part_copy(
        self,
        src_object: str,
        key: str,
        upload_id: str,
        part_number: int,
        bucket: str | None = None,
        *,
        src_bucket: str | None = None,
        src_version: str | None = None,
        offset: int = 0,
        length: int | None = None,
        if_match: str | None = None,
        checksum: ChecksumAlgorithm | None = None,
        encryption: SseCustomer | None = None,
        source_encryption: SseCustomer | None = None,
    ) -> PartInfo:
        """Make a part of ``length`` bytes of another object from ``offset`` (None: to its end), on the server.

        Args:
            src_object: the key of the other object.
            key: the key of the upload.
            upload_id: the upload.
            part_number: 1 to 10,000.
            bucket: the bucket of the upload; None: the root bucket.
            src_bucket: the bucket of the other object; None: the root bucket, wherever the upload is.
            src_version: this version of it.
            offset: the first byte.
            length: bytes from there, at least 1.
            if_match: only if the other object has this ETag, else ``PreconditionFailed``.
            checksum: the algorithm that the upload was started with. Where the server has no right
                checksums of parts that it copies, one is ``UnsupportedOperation``.
            encryption: the key that the upload was started with.
            source_encryption: the key that the other object was stored with.
        """
        key, upload_id, part_number = _part_of(key, upload_id, part_number)
        options = validation.part_options(checksum, encryption)
        source = validation.copy_source(
            self._name(src_bucket), src_object, src_version, offset, length, if_match, source_encryption
        )
        client = self._capable(SupportsMultipart, "upload_part_copy", bucket, key)
        self._permit("upload_part_copy", bucket, key, {"encryption": encryption})
        of_source = {"version": source.version, "encryption": source.encryption}
        self._permit("upload_part_copy", src_bucket, source.key, of_source)
        source = replace(source, bucket=self._bucket(src_bucket))
        where = self._bucket(bucket)
        return client.upload_part_copy(where, key, upload_id, part_number, self._sized(source), options)

    def list_parts(self, key: str, upload_id: str, bucket: str | None = None) -> Iterator[PartInfo]:
        """Return the parts that have arrived, lazily, in the order of their numbers."""
        key, upload_id = validation.key(key), validation.upload_id(upload_id)
        client = self._capable(SupportsMultipart, "list_parts", bucket, key)
        bucket = self._bucket(bucket)
        fetch = partial(client.list_parts_page, bucket, key, upload_id)
        found = pages(fetch, ListOptions(), self._locator("list_parts", bucket, key))
        return (part for page in found for part in page.parts)

    def list_multipart_uploads(self, prefix: str = "", bucket: str | None = None) -> Iterator[MultipartUpload]:
        """Return the uploads under way whose keys begin with ``prefix``, lazily, in UTF-8 byte order of their keys."""
        prefix = validation.prefix(prefix)
        client = self._capable(SupportsMultipart, "list_multipart_uploads", bucket)
        bucket = self._bucket(bucket)
        fetch = partial(client.list_uploads_page, bucket, prefix)
        found = pages(fetch, ListOptions(), self._locator("list_multipart_uploads", bucket))
        return (upload for page in found for upload in page.uploads)

    def complete_multipart_upload(
        self,
        key: str,
        upload_id: str,
        parts: Iterable[PartInfo],
        bucket: str | None = None,
        *,
        if_match: str | None = None,
        if_none_match: str | None = None,
        encryption: SseCustomer | None = None,
    ) -> ObjectMetadata:
        """Make the object from these parts, in the order of their numbers; other parts are dropped.

        Raises:
            InvalidPart: a part is missing, has another ETag, or is too small; the upload stays.
            PreconditionFailed: ``if_match`` or ``if_none_match`` does not hold.
            UnsupportedOperation: the server ignores these conditions here; nothing was done.
            UploadNotFound: no upload of that id is under way; it may have been completed.
        """
        key, upload_id, ordered = validation.key(key), validation.upload_id(upload_id), validation.parts(parts)
        validation.customer_key(encryption)
        if_match = validation.write_conditions(if_match, if_none_match)
        client = self._capable(SupportsMultipart, "complete_multipart_upload", bucket, key)
        self._permit("complete_multipart_upload", bucket, key, {"encryption": encryption})
        bucket = self._bucket(bucket)
        options = CompleteOptions(if_match=if_match, if_none_match=if_none_match, encryption=encryption)
        self._check_complete("complete_multipart_upload", bucket, key, options)
        return _with_size(client.complete_multipart_upload(bucket, key, upload_id, ordered, options), ordered)

    def abort_multipart_upload(self, key: str, upload_id: str, bucket: str | None = None) -> None:
        """Drop an upload and its parts.

        Raises:
            UploadNotFound: no upload of that id is under way; of one that has ended, where the server tells it.
        """
        key, upload_id = validation.key(key), validation.upload_id(upload_id)
        client = self._capable(SupportsMultipart, "abort_multipart_upload", bucket, key)
        client.abort_multipart_upload(self._bucket(bucket), key, upload_id)

    def abort_stale_uploads(
        self, older_than: timedelta | float, prefix: str = "", bucket: str | None = None, *, dry_run: bool = False
    ) -> list[MultipartUpload]:
        """Abort the uploads that nobody finished, at once; return them.

        An upload is stale if it was started at least ``older_than`` (a timedelta, or seconds) ago, by this machine's
        clock. One whose time the server does not tell is left alone, and so is one that was completed meanwhile. An
        upload that cannot be aborted raises, after those before it are gone.

        Args:
            older_than: how old.
            prefix: only keys that begin with it.
            bucket: the bucket.
            dry_run: abort nothing; return what would be.
        """
        age = validation.age(older_than)
        validation.flag("dry_run", dry_run)
        found = self.list_multipart_uploads(prefix, bucket)
        now = datetime.now(UTC)
        stale = [each for each in found if each.initiated_time is not None and now - each.initiated_time >= age]
        return stale if dry_run else [upload for upload in stale if self._abort(upload)]

    def _may_start(self, operation: str, key: str, bucket: str | None, options: PutOptions) -> None:
        self._capable(SupportsMultipart, operation, bucket, key)
        given = {name: getattr(options, name) for name in ("tags", "encryption", "retention", "legal_hold")}
        self._permit(operation, bucket, key, given)
        if options.checksum is not None:
            new_hasher(options.checksum)  # a missing library, before anything is sent

    def _check_complete(self, operation: str, bucket: str, key: str, options: CompleteOptions) -> None:
        if options.if_match is not None or options.if_none_match is not None:
            self._check_honoured(operation, bucket, key, Condition.COMPLETE, "multipart uploads")

    @contextmanager
    def _writing(
        self, bucket: str, key: str, options: PutOptions, complete: CompleteOptions
    ) -> Iterator[MultipartWriter]:
        client = self._capable(SupportsMultipart, "multipart_upload", bucket, key)
        upload = client.create_multipart_upload(bucket, key, options)
        try:
            part_options = PartOptions(checksum=options.checksum, encryption=complete.encryption)
            writer = MultipartWriter(upload, partial(self._send, upload, part_options))
            yield writer
            parts = validation.parts(writer.parts)
            done = client.complete_multipart_upload(bucket, key, upload.upload_id, parts, complete)
            writer.metadata = _with_size(done, parts)
        except BaseException as error:
            self._abort_after(upload, error)
            raise

    def _send(self, upload: MultipartUpload, options: PartOptions, data: Data, part_number: int) -> PartInfo:
        stream, size = stream_of(data, None)
        where = (upload.bucket, upload.key, upload.upload_id)
        return self._transfers.upload_part(stream, size, *where, part_number, options)

    def _abort_after(self, upload: MultipartUpload, error: BaseException) -> None:
        """Abort an upload because of an error, which no other may hide."""
        try:
            self._abort(upload)
        except ObjectStoreError as left:
            error.add_note(f"the multipart upload {upload.upload_id!r} could not be aborted: {left}")

    def _abort(self, upload: MultipartUpload) -> bool:
        try:
            self.abort_multipart_upload(upload.key, upload.upload_id, upload.bucket)
        except UploadNotFound:
            return False
        return True

    def _sized(self, source: CopySource) -> CopySource:
        """Return a range that ends with the object, if its length was not given."""
        if source.length:
            return source
        options = GetOptions(version=source.version, if_match=source.etag, encryption=source.encryption)
        found = self.client.head_object(source.bucket, source.key, options)
        length = (found.size or 0) - source.offset
        if length < 1:
            behind = RangeNotSatisfiable(f"the object has {found.size} bytes: a range cannot begin at {source.offset}")
            raise behind.locate("upload_part_copy", source.bucket, source.key, str(self._config.framework))
        return replace(source, etag=found.etag, length=length)


def _part_of(key: str, upload_id: str, part_number: int) -> tuple[str, str, int]:
    return validation.key(key), validation.upload_id(upload_id), validation.part_number(part_number)


def _with_size(done: ObjectMetadata, parts: Sequence[PartInfo]) -> ObjectMetadata:
    sizes = [part.size for part in parts if part.size is not None]
    return replace(done, size=sum(sizes)) if done.size is None and len(sizes) == len(parts) else done

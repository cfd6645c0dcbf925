"""Uploads, downloads and reads of one object."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Unpack

from data_store.object_store import validation
from data_store.object_store.content_types import guess_content_type
from data_store.object_store.errors import InvalidArgument, ObjectNotFound, VersionNotFound
from data_store.object_store.facade.base import Facade
from data_store.object_store.models import (
    GetOptions,
    Object,
    ObjectMetadata,
    Progress,
    PutOptions,
    ReadConditions,
    SseCustomer,
    UploadOptions,
)
from data_store.object_store.reading import ObjectReader
from data_store.object_store.sources import Data, stream_of

__all__ = ["Objects"]


class Objects(Facade):
    """Uploads, downloads and reads."""

    def upload_file(
        self,
        file_path: str | os.PathLike[str],
        key: str,
        bucket: str | None = None,
        *,
        progress: Progress | None = None,
        **options: Unpack[UploadOptions],
    ) -> ObjectMetadata:
        """Store a file; the content type is guessed from the names if it is not given.

        Large files go in parallel parts (``transfer.multipart_threshold``). Others see the old object or the new one,
        never a part; an upload that ends early leaves nothing behind.

        Raises:
            FileNotFoundError, IsADirectoryError, PermissionError: about ``file_path``.
            IntegrityError: the file changed meanwhile, or does not have the given digest; nothing was stored.
            PreconditionFailed: ``if_match`` or ``if_none_match`` does not hold; nothing was stored.
            UnsupportedOperation: an option needs what this store does not have; nothing was stored.
        """
        path = validation.file_path(file_path)
        if options.get("content_type") is None:
            options["content_type"] = guess_content_type(path.name, key if isinstance(key, str) else "")
        return self.upload_object(path, key, bucket, progress=progress, **options)

    def upload_object(
        self,
        file_path: str | os.PathLike[str],
        key: str,
        bucket: str | None = None,
        *,
        progress: Progress | None = None,
        **options: Unpack[UploadOptions],
    ) -> ObjectMetadata:
        """Store a file as ``upload_file`` does, with nothing guessed."""
        path, checked = validation.file_path(file_path), validation.put_options(options)
        key, bucket = self._target("upload_object", key, bucket, options, checked)
        return self._transfers.upload_file(path, bucket, key, checked, progress)

    def put_object(
        self,
        data: Data,
        key: str,
        bucket: str | None = None,
        *,
        length: int | None = None,
        progress: Progress | None = None,
        **options: Unpack[UploadOptions],
    ) -> ObjectMetadata:
        """Store bytes, a binary stream (read from where it stands), or an iterable of bytes.

        ``length`` in bytes is optional; a body that turns out shorter or longer is refused and nothing is stored. A
        stream that cannot seek is uploaded with one part in memory at a time.

        Raises:
            InvalidArgument: ``data`` is text, or not as long as ``length`` says.
            IntegrityError: it does not have the given digest; nothing was stored.
            PreconditionFailed: ``if_match`` or ``if_none_match`` does not hold; nothing was stored.
            UnsupportedOperation: an option needs what this store does not have; nothing was stored.
        """
        checked = validation.put_options(options)
        stream, size = stream_of(data, validation.length(length))
        key, bucket = self._target("put_object", key, bucket, options, checked)
        return self._transfers.upload(stream, size, bucket, key, checked, progress)

    def download_file(
        self,
        key: str,
        file_path: str | os.PathLike[str],
        bucket: str | None = None,
        *,
        version: str | None = None,
        encryption: SseCustomer | None = None,
        progress: Progress | None = None,
    ) -> ObjectMetadata:
        """Write an object to a file, which appears whole and verified or not at all.

        Missing parent directories are made. A connection that breaks is taken up again where it broke, on the same
        version of the object, within ``retry.max_attempts``.

        Raises:
            IsADirectoryError: ``file_path`` is a directory.
            OSError: the file cannot be written (no permission, no space).
            IntegrityError: the bytes are not those of the object, or it was replaced meanwhile.
        """
        path, options = validation.file_path(file_path), validation.get_options(version=version, encryption=encryption)
        key, bucket = self._source("download_file", key, bucket, options)
        return self._transfers.download(bucket, key, path, progress, options)

    def download_object(
        self,
        key: str,
        file_path: str | os.PathLike[str],
        bucket: str | None = None,
        *,
        version: str | None = None,
        encryption: SseCustomer | None = None,
        progress: Progress | None = None,
    ) -> ObjectMetadata:
        """Do the same as ``download_file``."""
        return self.download_file(key, file_path, bucket, version=version, encryption=encryption, progress=progress)

    def get_file(self, key: str, bucket: str | None = None, version: str | None = None) -> Object:
        """Return a whole object with a streaming body."""
        return self.get_object(key, bucket, version)

    def get_object(
        self,
        key: str,
        bucket: str | None = None,
        version: str | None = None,
        *,
        offset: int | None = None,
        length: int | None = None,
        encryption: SseCustomer | None = None,
        **conditions: Unpack[ReadConditions],
    ) -> Object:
        """Return an object, or ``length`` bytes of it from ``offset``, with a streaming body.

        A negative offset is a suffix: the last bytes, or all if there are fewer. An empty object has no range.
        Close the object, or read it to its end.

        Raises:
            RangeNotSatisfiable: the range begins behind the last byte.
            PreconditionFailed: the ETag is not ``if_match``, or it was modified after ``if_unmodified_since``.
            NotModified: the ETag is ``if_none_match``, or it was not modified after ``if_modified_since``.
            VersionNotFound: there is no version of that id, or it is a delete marker.
        """
        options = validation.get_options(offset, length, version=version, encryption=encryption, **conditions)
        key, bucket = self._source("get_object", key, bucket, options)
        return self._transfers.open(bucket, key, options)

    def read_object(
        self,
        key: str,
        bucket: str | None = None,
        version: str | None = None,
        *,
        encryption: SseCustomer | None = None,
    ) -> bytes:
        """Return the whole content of an object."""
        return self.get_object(key, bucket, version, encryption=encryption).read()

    def open_object(
        self,
        key: str,
        bucket: str | None = None,
        version: str | None = None,
        *,
        block_size: int | None = None,
        encryption: SseCustomer | None = None,
    ) -> ObjectReader:
        """Return a seekable reader; each request reads at least ``block_size`` bytes (default 1 MiB) of one version."""
        validation.positive("block_size", block_size)
        options = validation.get_options(version=version, encryption=encryption)
        key, bucket = self._source("open_object", key, bucket, options)
        found = self.client.head_object(bucket, key, options)
        return ObjectReader(self.client, bucket, found, self._config.retry.max_attempts, block_size, options)

    def get_ranges(
        self,
        key: str,
        ranges: Iterable[tuple[int, int]],
        bucket: str | None = None,
        version: str | None = None,
        *,
        encryption: SseCustomer | None = None,
    ) -> list[bytes]:
        """Return the bytes of ``(offset, length)`` pairs, in their order and all of one version of the object.

        A range that ends behind the last byte is cut there; one that begins there raises ``RangeNotSatisfiable``.
        """
        if not isinstance(ranges, Iterable):
            raise InvalidArgument(f"ranges must be an iterable of (offset, length) pairs, not {type(ranges).__name__}")
        whole = validation.get_options(version=version, encryption=encryption)
        options = [validation.byte_range(pair, whole) for pair in ranges]
        key, bucket = self._source("get_ranges", key, bucket, whole)
        return self._transfers.ranges(bucket, key, options)

    def head_object(
        self,
        key: str,
        bucket: str | None = None,
        version: str | None = None,
        *,
        encryption: SseCustomer | None = None,
        **conditions: Unpack[ReadConditions],
    ) -> ObjectMetadata:
        """Return all that is known of an object but its content; the conditions are those of ``get_object``."""
        options = validation.get_options(version=version, encryption=encryption, **conditions)
        key, bucket = self._source("head_object", key, bucket, options)
        return self.client.head_object(bucket, key, options)

    def exists(
        self,
        key: str,
        bucket: str | None = None,
        version: str | None = None,
        *,
        encryption: SseCustomer | None = None,
    ) -> bool:
        """Return whether there is an object, or that version of it; in a missing bucket raise ``BucketNotFound``."""
        try:
            self.head_object(key, bucket, version, encryption=encryption)
        except (ObjectNotFound, VersionNotFound):
            return False
        return True

    def _source(self, operation: str, key: str, bucket: str | None, options: GetOptions) -> tuple[str, str]:
        key = validation.key(key)
        if options.version is not None or options.encryption is not None:
            given = {"version": options.version, "encryption": options.encryption}
            self._permit(operation, bucket, key, given)
        return key, self._bucket(bucket)

    def _target(
        self, operation: str, key: str, bucket: str | None, options: UploadOptions, checked: PutOptions
    ) -> tuple[str, str]:
        key = validation.key(key)
        if options:
            self._permit(operation, bucket, key, {name: getattr(checked, name) for name in options})
        return key, self._bucket(bucket)

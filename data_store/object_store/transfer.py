"""Everything that moves bytes: uploads, resumed downloads, byte ranges, copies of any size, many keys.

It plans what moves and calls the client for every byte; no transport of its own. Whatever ends a transfer (an error, an
exception of the progress callback, Ctrl-C), nothing stays half-done: multipart uploads are aborted, temporary files
removed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from data_store.object_store.body import RawReadable
from data_store.object_store.bulk import Bulk
from data_store.object_store.checksums import new_hasher
from data_store.object_store.client import ObjectStoreClient
from data_store.object_store.configurations import ObjectStoreConfiguration
from data_store.object_store.copies import Copies
from data_store.object_store.downloads import Downloads
from data_store.object_store.errors import Located
from data_store.object_store.executor import Executor
from data_store.object_store.models import (
    GetOptions,
    MultipartUpload,
    Object,
    ObjectMetadata,
    PartInfo,
    PartOptions,
    Progress,
    PutOptions,
)
from data_store.object_store.reading import open_resuming
from data_store.object_store.sources import Digests
from data_store.object_store.uploads import Upload, Uploads

__all__ = ["Transfers"]


class Transfers:
    """The transfers of one client, and their threads.

    Attributes:
        copies: copies on the server.
        bulk: what is done to many keys.
    """

    def __init__(self, client: ObjectStoreClient, config: ObjectStoreConfiguration) -> None:
        self._client = client
        self._config = config.transfer
        self._framework = str(config.framework)
        self._attempts = config.retry.max_attempts
        self._executor = Executor(config.transfer.max_concurrency)
        self._downloads = Downloads(client, self._executor, self._attempts)
        self._uploads = Uploads(client, config.transfer, self._executor)
        self.copies = Copies(client, config.transfer, self._executor)
        self.bulk = Bulk(client, self.copies, self._executor, self._attempts)

    def close(self, at_end: Callable[[], object] = lambda: None) -> None:
        """End the transfers and their threads, then call ``at_end``; see ``Executor.close``."""
        self._executor.close(at_end)

    def open(self, bucket: str, key: str, options: GetOptions) -> Object:
        """Return an object whose body takes a broken connection up again."""
        return open_resuming(self._client, bucket, key, options, self._attempts)

    def download(
        self, bucket: str, key: str, path: Path, progress: Progress | None, options: GetOptions
    ) -> ObjectMetadata:
        """Write an object to a file, which appears whole or not at all."""
        return self._downloads.file(bucket, key, path, progress, options)

    def ranges(self, bucket: str, key: str, ranges: Sequence[GetOptions]) -> list[bytes]:
        """Return the bytes of several ranges, all of one version of the object; each names it, and its key."""
        if not ranges:
            return []
        first = self.open(bucket, key, ranges[0])
        content = first.read()
        others = (partial(self._read, bucket, key, replace(each, if_match=first.etag)) for each in ranges[1:])
        return [content, *self._executor.run(others)]

    def upload_file(
        self,
        path: Path,
        bucket: str,
        key: str,
        options: PutOptions,
        progress: Progress | None = None,
    ) -> ObjectMetadata:
        """Store a file; one that changes meanwhile raises ``IntegrityError`` and nothing is stored."""
        upload = _upload(bucket, key, options, progress)
        with Located("put_object", bucket, key, self._framework, reads=True):
            return self._uploads.file(path, upload)

    def upload(
        self,
        stream: RawReadable,
        size: int | None,
        bucket: str,
        key: str,
        options: PutOptions,
        progress: Progress | None = None,
    ) -> ObjectMetadata:
        """Store a stream, from where it stands."""
        upload = _upload(bucket, key, options, progress)
        with Located("put_object", bucket, key, self._framework, reads=True):
            return self._uploads.stream(stream, size, upload)

    def upload_part(
        self,
        stream: RawReadable,
        size: int | None,
        bucket: str,
        key: str,
        upload_id: str,
        part_number: int,
        options: PartOptions,
    ) -> PartInfo:
        """Store a part of a multipart upload from a stream, from where it stands."""
        with Located("upload_part", bucket, key, self._framework, reads=True), self._executor.transfer():
            upload = MultipartUpload(key, bucket, upload_id)
            return self._uploads.part(stream, size, upload, part_number, options)

    def _read(self, bucket: str, key: str, options: GetOptions) -> bytes:
        return self.open(bucket, key, options).read()


def _upload(bucket: str, key: str, options: PutOptions, progress: Progress | None) -> Upload:
    if options.checksum is not None:
        new_hasher(options.checksum)  # a missing library, before anything is sent
    return Upload(bucket, key, options, Digests(options), progress)

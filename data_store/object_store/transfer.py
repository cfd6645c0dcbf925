"""Everything that moves bytes: uploads, resumed downloads, byte ranges, copies of any size.

It plans what moves and calls the client for every byte; no transport of its own. Whatever ends a transfer (an error, an
exception of the progress callback, Ctrl-C), nothing stays half-done: multipart uploads are aborted, temporary files
removed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from data_store.object_store.body import RawReadable
from data_store.object_store.capabilities import SupportsMultipart
from data_store.object_store.client import ObjectStoreClient
from data_store.object_store.configurations import ObjectStoreConfiguration
from data_store.object_store.errors import IntegrityError, ObjectStoreError
from data_store.object_store.executor import Executor
from data_store.object_store.files import AtomicFile
from data_store.object_store.models import (
    ContentOptions,
    CopyContentOptions,
    CopyOptions,
    CopySource,
    GetOptions,
    Object,
    ObjectMetadata,
    Progress,
    PutOptions,
)
from data_store.object_store.multipart import Multipart
from data_store.object_store.planning import split
from data_store.object_store.reading import open_resuming, without_body
from data_store.object_store.sources import Digests
from data_store.object_store.uploads import Upload, Uploads

__all__ = ["Transfers"]

_BUFFER = 1024 * 1024
_CONTENT = tuple(ContentOptions.__dataclass_fields__)


class Transfers:
    """The transfers of one client, and their threads."""

    def __init__(self, client: ObjectStoreClient, config: ObjectStoreConfiguration) -> None:
        self._client = client
        self._config = config.transfer
        self._framework = str(config.framework)
        self._attempts = config.retry.max_attempts
        self._executor = Executor(config.transfer.max_concurrency)
        self._uploads = Uploads(client, config.transfer, self._executor)

    def close(self, at_end: Callable[[], object] = lambda: None) -> None:
        """End the transfers and their threads, then call ``at_end``; see ``Executor.close``."""
        self._executor.close(at_end)

    def open(self, bucket: str, key: str, options: GetOptions) -> Object:
        """Return an object whose body takes a broken connection up again."""
        return open_resuming(self._client, bucket, key, options, self._attempts)

    def download(self, bucket: str, key: str, path: Path, progress: Progress | None) -> ObjectMetadata:
        """Write an object to a file, which appears whole or not at all."""
        target = AtomicFile(path)
        with self.open(bucket, key, GetOptions()) as found, target as file:
            done = 0
            while chunk := found.body.read(_BUFFER):
                file.write(chunk)
                done += len(chunk)
                if progress is not None:
                    progress(done, found.content_length)
            target.commit()
        return without_body(found)

    def ranges(self, bucket: str, key: str, ranges: Sequence[GetOptions]) -> list[bytes]:
        """Return the bytes of several ranges, all of one version of the object."""
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
        upload = Upload(bucket, key, options, Digests(options), progress)
        with _Located("put_object", bucket, key, self._framework):
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
        upload = Upload(bucket, key, options, Digests(options), progress)
        with _Located("put_object", bucket, key, self._framework):
            return self._uploads.stream(stream, size, upload)

    def copy(
        self, source_bucket: str, source_key: str, bucket: str, key: str, changes: CopyContentOptions
    ) -> ObjectMetadata:
        """Copy on the server, of any size; what ``changes`` does not name stays as the source has it."""
        source = self._client.head_object(source_bucket, source_key, GetOptions())
        options = _copy_options(source, changes, onto_itself=(source_bucket, source_key) == (bucket, key))
        size = source.size or 0
        if size > self._config.copy_threshold and isinstance(self._client, SupportsMultipart):
            ranges = split(size, self._config.copy_part_size)
            sources = [CopySource(source_bucket, source_key, source.etag, *each) for each in ranges]
            unchanged = partial(self._check_unchanged, source_bucket, source)
            parts = Multipart(self._client, self._executor)
            copied = parts.copy(sources, bucket, key, PutOptions(**_merged(source, changes)), unchanged)
        else:
            copied = self._client.copy_object(source_bucket, source_key, bucket, key, options)
        return replace(copied, size=size)

    def move(
        self, source_bucket: str, source_key: str, bucket: str, key: str, changes: CopyContentOptions
    ) -> ObjectMetadata:
        """Copy, make sure that the copy is there, then delete the source; onto itself it is a copy."""
        copied = self.copy(source_bucket, source_key, bucket, key, changes)
        if (source_bucket, source_key) == (bucket, key):
            return copied
        found = self._client.head_object(bucket, key, GetOptions())
        if (found.etag, found.size) != (copied.etag, copied.size):
            changed = IntegrityError("the copy was replaced before the source was deleted; the source stays")
            raise changed.locate("copy_object", bucket, key, self._framework)
        self._client.delete_object(source_bucket, source_key)
        return copied

    def _check_unchanged(self, bucket: str, source: ObjectMetadata) -> None:
        """Ceph RGW 16 ignores the condition on the source of a part, so parts could be of two versions."""
        if self._client.head_object(bucket, source.key, GetOptions()).etag != source.etag:
            changed = IntegrityError("the source was replaced while it was copied")
            raise changed.locate("copy_object", bucket, source.key, self._framework)

    def _read(self, bucket: str, key: str, options: GetOptions) -> bytes:
        return self.open(bucket, key, options).read()


def _merged(source: ObjectMetadata, changes: CopyContentOptions) -> dict[str, Any]:
    given = {name: value for name, value in changes.items() if value is not None}
    return {name: given.get(name, getattr(source, name)) for name in _CONTENT}


def _copy_options(source: ObjectMetadata, changes: CopyContentOptions, *, onto_itself: bool) -> CopyOptions:
    """Merge: S3 replaces all of the content options or none, and forgets the storage class unless it is named."""
    merged = _merged(source, changes)
    if onto_itself or any(value is not None and name != "storage_class" for name, value in changes.items()):
        return CopyOptions(**merged, replace=True, source_etag=source.etag)
    return CopyOptions(storage_class=merged["storage_class"], source_etag=source.etag)


class _Located:
    """A block whose own errors say where they happened, as those of the client do."""

    __slots__ = ("_where",)

    def __init__(self, operation: str, bucket: str, key: str, framework: str) -> None:
        self._where = (operation, bucket, key, framework)

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, ObjectStoreError):
            error.locate(*self._where)

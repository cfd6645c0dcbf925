"""The only executor: uploads in parts, resumed downloads, byte ranges, large copies.

It plans what moves and calls the client for every byte; no transport of its own. Whatever ends a transfer (an error, an
exception of the progress callback, Ctrl-C), nothing stays half-done: multipart uploads are aborted, temporary files
removed.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from data_store.object_store.body import RawReadable, Source
from data_store.object_store.capabilities import SupportsMultipart
from data_store.object_store.client import ObjectStoreClient
from data_store.object_store.configurations import ObjectStoreConfiguration
from data_store.object_store.errors import (
    IntegrityError,
    InvalidArgument,
    ObjectStoreError,
    UnsupportedOperation,
)
from data_store.object_store.files import AtomicFile
from data_store.object_store.models import (
    CopyContentOptions,
    CopyOptions,
    GetOptions,
    MultipartUpload,
    Object,
    ObjectMetadata,
    PartInfo,
    Progress,
    PutOptions,
)
from data_store.object_store.planning import MAX_PARTS, MAX_SINGLE_PUT, split
from data_store.object_store.reading import open_resuming, without_body
from data_store.object_store.sources import Data, Digests, FileWindow, stream_of

__all__ = ["Transfers"]

_logger = logging.getLogger("data_store.object_store")
_BUFFER = 1024 * 1024
_SPOOL_MEMORY = 1024 * 1024
T = TypeVar("T")


class Transfers:
    """The transfers of one client."""

    def __init__(self, client: ObjectStoreClient, config: ObjectStoreConfiguration) -> None:
        self._client = client
        self._multipart = client if isinstance(client, SupportsMultipart) else None
        self._config = config.transfer
        self._attempts = config.retry.max_attempts
        self._lock = threading.Lock()
        self._executor: ThreadPoolExecutor | None = None

    def close(self) -> None:
        """End the worker threads; transfers that run are ended first."""
        with self._lock:
            executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown(wait=True, cancel_futures=True)

    def open(self, bucket: str, key: str, options: GetOptions) -> Object:
        """Return an object whose body takes a broken connection up again."""
        return open_resuming(self._client, bucket, key, options, self._attempts)

    def download(self, bucket: str, key: str, path: Path, progress: Progress | None) -> ObjectMetadata:
        """Write an object to a file, which appears whole or not at all."""
        target = AtomicFile(path)
        with self.open(bucket, key, GetOptions()) as found, target as file:
            buffer = memoryview(bytearray(min(_BUFFER, found.content_length or 1)))
            done = 0
            while count := found.body.readinto(buffer):  # type: ignore[attr-defined]  # an io.RawIOBase
                file.write(buffer[:count])
                done += count
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
        pinned = [replace(options, if_match=first.etag) for options in ranges[1:]]
        return [content, *self._map(lambda options: self.open(bucket, key, options).read(), pinned)]

    def upload_file(
        self,
        path: Path,
        bucket: str,
        key: str,
        options: PutOptions,
        checksum_sha256: str | None = None,
        progress: Progress | None = None,
    ) -> ObjectMetadata:
        """Store a file; one that changes meanwhile raises ``IntegrityError`` and nothing is stored."""
        digests = Digests(options.content_md5, checksum_sha256)
        with path.open("rb") as file:
            before = os.fstat(file.fileno())
            if not os.path.isfile(path):  # noqa: PTH113  # a pipe or a device: a stream without a length
                return self._upload_stream(*stream_of(file, None), bucket, key, options, digests, progress)
            window = FileWindow(file, 0, before.st_size)
            if digests:
                digests.check_stream(window)
            verify = _Unchanged(file, before)
            if self._goes_in_parts(before.st_size, options):
                sources = self._windows(file, before.st_size)
                return self._upload_parts(
                    bucket, key, options, sources, verify, progress, before.st_size, self._config.max_concurrency
                )
            return self._put(bucket, key, options, window, before.st_size, verify, progress)

    def upload(
        self,
        data: Data,
        length: int | None,
        bucket: str,
        key: str,
        options: PutOptions,
        checksum_sha256: str | None = None,
        progress: Progress | None = None,
    ) -> ObjectMetadata:
        """Store bytes, a binary stream or an iterable of bytes."""
        stream, size = stream_of(data, length)
        return self._upload_stream(
            stream, size, bucket, key, options, Digests(options.content_md5, checksum_sha256), progress
        )

    def copy(
        self, source_bucket: str, source_key: str, bucket: str, key: str, changes: CopyContentOptions
    ) -> ObjectMetadata:
        """Copy on the server, of any size; what ``changes`` does not name stays as the source has it."""
        source = self._client.head_object(source_bucket, source_key, GetOptions())
        options = _copy_options(source, changes, onto_itself=(source_bucket, source_key) == (bucket, key))
        size = source.size or 0
        if size > self._config.copy_threshold and self._multipart is not None:
            copied = self._copy_parts(source_bucket, source, bucket, key, options)
        else:
            copied = self._client.copy_object(source_bucket, source_key, bucket, key, options)
        return replace(copied, size=size)

    def move(
        self, source_bucket: str, source_key: str, bucket: str, key: str, changes: CopyContentOptions
    ) -> ObjectMetadata:
        """Copy, make sure that the copy is there, then delete the source; onto itself it is a copy."""
        copied = self.copy(source_bucket, source_key, bucket, key, changes)
        if (source_bucket, source_key) != (bucket, key):
            found = self._client.head_object(bucket, key, GetOptions())
            if found.etag != copied.etag or found.size != copied.size:
                raise IntegrityError(
                    "the copy was replaced before the source was deleted, which stays",
                    operation="move_object",
                    bucket=bucket,
                    key=key,
                )
            self._client.delete_object(source_bucket, source_key)
        return copied

    # one PUT, or parts

    def _goes_in_parts(self, size: int, options: PutOptions) -> bool:
        if size <= self._config.multipart_threshold or self._multipart is None:
            return False
        if _is_conditional(options):
            _refuse_condition_over(size)
            return False
        return True

    def _upload_stream(
        self,
        stream: RawReadable,
        size: int | None,
        bucket: str,
        key: str,
        options: PutOptions,
        digests: Digests,
        progress: Progress | None,
    ) -> ObjectMetadata:
        if self._client.accepts_streams:
            checked = digests.digesting(stream) if digests else stream
            return self._put(bucket, key, options, checked, size, digests.check, progress)
        if stream.seekable() and size is not None and not self._goes_in_parts(size, options):
            if digests:
                digests.check_stream(stream)
            return self._put(bucket, key, options, stream, size, _nothing, progress)
        return self._upload_unseekable(stream, size, bucket, key, options, digests, progress)

    def _upload_unseekable(
        self,
        stream: RawReadable,
        size: int | None,
        bucket: str,
        key: str,
        options: PutOptions,
        digests: Digests,
        progress: Progress | None,
    ) -> ObjectMetadata:
        """Upload what can be read only once, with one part in memory at a time."""
        checked = Source(stream, size)
        if self._multipart is None:
            return self._upload_spooled(checked, bucket, key, options, digests, progress)
        parts = _PartReader(checked, digests, self._config.part_size, size)
        first = parts.read()
        if parts.ended:
            digests.check()
            return self._put(bucket, key, options, io.BytesIO(first), len(first), _nothing, progress)
        if _is_conditional(options):
            raise UnsupportedOperation(
                "a condition holds for one PUT only, and the stream is longer than one part; "
                "put_object a seekable stream or upload_file a file",
                operation="put_object",
                bucket=bucket,
                key=key,
            )
        sources = ((io.BytesIO(part), len(part)) for part in parts.all_from(first))
        return self._upload_parts(bucket, key, options, sources, digests.check, progress, size, 1)

    def _upload_spooled(
        self,
        source: Source,
        bucket: str,
        key: str,
        options: PutOptions,
        digests: Digests,
        progress: Progress | None,
    ) -> ObjectMetadata:
        """For a framework that takes neither streams nor parts: a temporary file gives the body a length."""
        with tempfile.SpooledTemporaryFile(_SPOOL_MEMORY) as spool:
            while chunk := source.read(_BUFFER):
                digests.update(chunk)
                spool.write(chunk)
            digests.check()
            size = spool.tell()
            spool.seek(0)
            return self._put(bucket, key, options, spool, size, _nothing, progress)

    def _put(
        self,
        bucket: str,
        key: str,
        options: PutOptions,
        stream: RawReadable,
        size: int | None,
        verify: Callable[[], object],
        progress: Progress | None,
    ) -> ObjectMetadata:
        meter = _Meter(progress, size)
        return self._client.put_object(
            bucket, key, Source(stream, size, progress=meter.of_part(1), verify=verify), options
        )

    def _windows(self, file: BinaryIO, size: int) -> Iterator[tuple[RawReadable, int]]:
        for offset, length in split(size, self._config.part_size):
            yield FileWindow(file, offset, length), length

    def _upload_parts(
        self,
        bucket: str,
        key: str,
        options: PutOptions,
        streams: Iterable[tuple[RawReadable, int]],
        verify: Callable[[], object],
        progress: Progress | None,
        size: int | None,
        concurrency: int,
    ) -> ObjectMetadata:
        client = self._parts_client()
        meter = _Meter(progress, size)
        total = 0

        def tasks(upload_id: str) -> Iterator[Callable[[], PartInfo]]:
            nonlocal total
            for number, (stream, length) in enumerate(streams, 1):
                total += length
                source = Source(stream, length, progress=meter.of_part(number))
                yield lambda number=number, source=source: client.upload_part(bucket, key, upload_id, number, source)  # type: ignore[misc]

        with self._started(bucket, key, replace(options, content_md5=None)) as upload:
            parts = self._run(tasks(upload.upload_id), concurrency, meter.stop)
            verify()
            done = client.complete_multipart_upload(bucket, key, upload.upload_id, parts)
        return replace(done, size=total)

    def _copy_parts(
        self, source_bucket: str, source: ObjectMetadata, bucket: str, key: str, options: CopyOptions
    ) -> ObjectMetadata:
        client = self._parts_client()

        def tasks(upload_id: str) -> Iterator[Callable[[], PartInfo]]:
            for number, (offset, length) in enumerate(split(source.size or 0, self._config.copy_part_size), 1):
                yield lambda number=number, offset=offset, length=length: client.upload_part_copy(  # type: ignore[misc]
                    source_bucket, source.key, bucket, key, upload_id, number, offset, length, options
                )

        content = {name: getattr(options, name) or getattr(source, name) for name in _CONTENT}
        with self._started(bucket, key, PutOptions(**content)) as upload:
            parts = self._run(tasks(upload.upload_id), self._config.max_concurrency, _nothing)
            return client.complete_multipart_upload(bucket, key, upload.upload_id, parts)

    def _parts_client(self) -> SupportsMultipart:
        if self._multipart is None:
            raise UnsupportedOperation("this framework has no multipart uploads")
        return self._multipart

    @contextlib.contextmanager
    def _started(self, bucket: str, key: str, options: PutOptions) -> Iterator[MultipartUpload]:
        """Start a multipart upload, and abort it on whatever ends the block but its end."""
        client = self._parts_client()
        upload = client.create_multipart_upload(bucket, key, options)
        try:
            yield upload
        except BaseException:
            try:
                client.abort_multipart_upload(bucket, key, upload.upload_id)
            except ObjectStoreError as error:
                _logger.warning("a multipart upload could not be aborted: %s", error)
            raise

    # the executor

    def _pool(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._executor is None:
                self._executor = ThreadPoolExecutor(self._config.max_concurrency, "data-store")
            return self._executor

    def _map(self, function: Callable[[GetOptions], bytes], items: Sequence[GetOptions]) -> list[bytes]:
        return self._run((lambda item=item: function(item) for item in items), self._config.max_concurrency, _nothing)  # type: ignore[misc]

    def _run(self, tasks: Iterator[Callable[[], T]], concurrency: int, stop: Callable[[], object]) -> list[T]:
        """Run tasks in order, at most ``concurrency`` at once; the first failure ends the rest and is raised."""
        running: set[Future[T]] = set()
        started: list[Future[T]] = []
        try:
            for task in tasks:
                started.append(self._pool().submit(task))
                running.add(started[-1])
                if len(running) >= concurrency:
                    finished, running = wait(running, return_when=FIRST_COMPLETED)
                    for future in finished:
                        future.result()
            return [future.result() for future in started]
        except BaseException:
            stop()
            for future in running:
                future.cancel()
            wait(running)
            raise


_CONTENT = (
    "content_type",
    "metadata",
    "storage_class",
    "cache_control",
    "content_disposition",
    "content_encoding",
    "content_language",
)


def _copy_options(source: ObjectMetadata, changes: CopyContentOptions, *, onto_itself: bool) -> CopyOptions:
    """Merge: S3 replaces all of the content options or none, and forgets the storage class unless it is named."""
    given = {name: value for name, value in changes.items() if value is not None}
    merged: dict[str, Any] = {name: given.get(name, getattr(source, name)) for name in _CONTENT}
    replaced = onto_itself or any(name != "storage_class" for name in given)
    if not replaced:
        merged = {"storage_class": merged["storage_class"]}
    return CopyOptions(**merged, replace=replaced, source_etag=source.etag)


def _is_conditional(options: PutOptions) -> bool:
    return options.if_match is not None or options.if_none_match is not None


def _refuse_condition_over(size: int) -> None:
    if size > MAX_SINGLE_PUT:
        raise UnsupportedOperation(
            f"a conditional upload goes in one PUT of at most {MAX_SINGLE_PUT} bytes, not {size}"
        )


def _nothing() -> None:
    """Verify nothing."""


class _Unchanged:
    """Checks that an open file is what it was when the upload began."""

    def __init__(self, file: BinaryIO, before: os.stat_result) -> None:
        self._file = file
        self._before = before

    def __call__(self) -> None:
        now = os.fstat(self._file.fileno())
        if (now.st_size, now.st_mtime_ns) != (self._before.st_size, self._before.st_mtime_ns):
            raise IntegrityError("the file changed while it was uploaded")


class _PartReader:
    """Cuts a stream into parts, one in memory at a time."""

    def __init__(self, source: Source, digests: Digests, part_size: int, size: int | None) -> None:
        self._source = source
        self._digests = digests
        self._part_size = split(size, part_size)[0][1] if size else part_size
        self._ahead = b""
        self.ended = False

    def read(self) -> bytes:
        """Return the next part; ``ended`` tells whether it is the last, for which one byte is read ahead."""
        chunks, missing = [self._ahead], self._part_size - len(self._ahead)
        while missing and (chunk := self._source.read(missing)):
            self._digests.update(chunk)
            chunks.append(chunk)
            missing -= len(chunk)
        self._ahead = b"" if missing else self._source.read(1)
        self._digests.update(self._ahead)
        self.ended = not self._ahead
        return b"".join(chunks)

    def all_from(self, first: bytes) -> Iterator[bytes]:
        """Return the first part and all that follow."""
        yield first
        for _ in range(MAX_PARTS - 1):
            if self.ended:
                return
            yield self.read()
        if not self.ended:
            raise InvalidArgument(
                f"the stream is longer than {MAX_PARTS} parts of {self._part_size} bytes: "
                "give its length, or a larger transfer.part_size"
            )


class _Meter:
    """Adds up what the parts report, for one caller at a time."""

    def __init__(self, progress: Progress | None, total: int | None) -> None:
        self._progress = progress
        self._total = total
        self._lock = threading.Lock()
        self._parts: dict[int, int] = {}
        self._done = 0
        self._stopped = False

    def of_part(self, number: int) -> Callable[[int], None] | None:
        """Return the callback of one part; a position that was reported before is not reported again."""
        if self._progress is None:
            return None

        def report(position: int) -> None:
            with self._lock:
                gained = position - self._parts.get(number, 0)
                if gained > 0 and self._progress is not None and not self._stopped:
                    self._parts[number] = position
                    self._done += gained
                    self._progress(self._done, self._total)

        return report

    def stop(self) -> None:
        """Report nothing any more."""
        with self._lock:
            self._stopped = True

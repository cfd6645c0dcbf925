"""Multipart uploads and copies: started, sent in parallel, completed, or aborted on whatever ends them early."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial

from data_store.object_store.body import RawReadable, Source
from data_store.object_store.capabilities import SupportsMultipart
from data_store.object_store.executor import Executor
from data_store.object_store.models import CopyOptions, MultipartUpload, ObjectMetadata, PartInfo, PutOptions
from data_store.object_store.progress import Meter

__all__ = ["Multipart"]

_logger = logging.getLogger("data_store.object_store")


class Multipart:
    """The multipart transfers of one client."""

    def __init__(self, client: SupportsMultipart, executor: Executor) -> None:
        self._client = client
        self._executor = executor

    def upload(
        self,
        bucket: str,
        key: str,
        options: PutOptions,
        streams: Iterable[tuple[RawReadable, int]],
        meter: Meter,
        verify: Callable[[], object],
        concurrency: int | None = None,
    ) -> ObjectMetadata:
        """Upload streams of known length as parts, in order; ``verify`` is called before they become an object."""
        total = 0

        def tasks(upload: MultipartUpload) -> Iterator[Callable[[], PartInfo]]:
            nonlocal total
            for number, (stream, length) in enumerate(streams, 1):
                total += length
                source = Source(stream, length, progress=meter.of_part(number))
                yield partial(self._client.upload_part, bucket, key, upload.upload_id, number, source)

        with self._started(bucket, key, replace(options, content_md5=None)) as upload:
            parts = self._executor.run(tasks(upload), concurrency, meter.stop)
            verify()
            done = self._client.complete_multipart_upload(bucket, key, upload.upload_id, parts)
        return replace(done, size=total)

    def copy(
        self,
        source_bucket: str,
        source_key: str,
        bucket: str,
        key: str,
        ranges: Iterable[tuple[int, int]],
        content: PutOptions,
        options: CopyOptions,
        verify: Callable[[], object],
    ) -> ObjectMetadata:
        """Copy ranges of an object as the parts of a new one; ``verify`` is called before they become one."""
        with self._started(bucket, key, content) as upload:
            tasks = (
                partial(
                    self._client.upload_part_copy,
                    source_bucket,
                    source_key,
                    bucket,
                    key,
                    upload.upload_id,
                    number,
                    offset,
                    length,
                    options,
                )
                for number, (offset, length) in enumerate(ranges, 1)
            )
            parts = self._executor.run(tasks)
            verify()
            return self._client.complete_multipart_upload(bucket, key, upload.upload_id, parts)

    @contextlib.contextmanager
    def _started(self, bucket: str, key: str, options: PutOptions) -> Iterator[MultipartUpload]:
        with self._executor.transfer():
            upload = self._client.create_multipart_upload(bucket, key, options)
            try:
                yield upload
            except BaseException:
                self._abort(upload)
                raise

    def _abort(self, upload: MultipartUpload) -> None:
        try:
            self._client.abort_multipart_upload(upload.bucket, upload.key, upload.upload_id)
        except Exception as error:  # noqa: BLE001 whatever it is, it must not hide what ended the upload
            _logger.warning("a multipart upload could not be aborted: %s", error)

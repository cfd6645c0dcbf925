"""Multipart uploads and copies: started, sent in parallel, completed, or aborted on whatever ends them early."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from functools import partial

from data_store.object_store.body import RawReadable, Source
from data_store.object_store.capabilities import SupportsMultipart
from data_store.object_store.executor import Executor
from data_store.object_store.models import CopySource, MultipartUpload, ObjectMetadata, PartInfo, PutOptions
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

        with self._started(bucket, key, replace(options, content_md5=None, checksum_sha256=None)) as upload:
            parts = self._executor.run(tasks(upload), concurrency, meter.stop)
            verify()
            done = self._client.complete_multipart_upload(bucket, key, upload.upload_id, parts)
        return replace(done, size=total)

    def copy(
        self,
        sources: Iterable[CopySource],
        bucket: str,
        key: str,
        options: PutOptions,
        verify: Callable[[], object],
    ) -> ObjectMetadata:
        """Copy ranges of an object as the parts of a new one; ``verify`` is called before they become one."""
        with self._started(bucket, key, options) as upload:
            tasks = (
                partial(self._client.upload_part_copy, bucket, key, upload.upload_id, number, source)
                for number, source in enumerate(sources, 1)
            )
            parts = self._executor.run(tasks)
            verify()
            return self._client.complete_multipart_upload(bucket, key, upload.upload_id, parts)

    @contextlib.contextmanager
    def _started(self, bucket: str, key: str, options: PutOptions) -> Iterator[MultipartUpload]:
        with self._executor.transfer():
            # In another thread: interrupted while it waits for the answer, this one would never learn the id.
            starting: Future[MultipartUpload] = Future()
            create = partial(self._client.create_multipart_upload, bucket, key, options)
            try:
                self._executor.start(partial(_fill, starting, create))
                yield starting.result()
            except BaseException:
                self._abort(starting)
                raise

    def _abort(self, starting: Future[MultipartUpload]) -> None:
        if starting.cancel() or starting.exception() is not None:
            return
        upload = starting.result()
        try:
            self._client.abort_multipart_upload(upload.bucket, upload.key, upload.upload_id)
        except Exception as error:  # noqa: BLE001 whatever it is, it must not hide what ended the upload
            _logger.warning("a multipart upload could not be aborted: %s", error)


def _fill(future: Future[MultipartUpload], create: Callable[[], MultipartUpload]) -> None:
    """Call ``create`` for a future, unless nobody waits for that any more."""
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(create())
    except Exception as error:  # noqa: BLE001 whatever it is, who waits raises it
        future.set_exception(error)

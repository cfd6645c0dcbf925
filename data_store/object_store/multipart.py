"""Multipart uploads and copies: started, sent in parallel, completed, or aborted on whatever ends them early."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import TypeGuard

from data_store.object_store.body import RawReadable, Source
from data_store.object_store.capabilities import SupportsMultipart
from data_store.object_store.checksums import can_combine, combine
from data_store.object_store.client import ObjectStoreClient
from data_store.object_store.errors import InvalidArgument
from data_store.object_store.executor import Executor
from data_store.object_store.models import (
    CompleteOptions,
    CopySource,
    MultipartUpload,
    ObjectMetadata,
    PartInfo,
    PartOptions,
    PutOptions,
    SseCustomer,
)
from data_store.object_store.pace import Pace
from data_store.object_store.planning import MAX_PART_SIZE
from data_store.object_store.progress import Meter
from data_store.object_store.sources import with_digest

__all__ = ["Multipart", "send_part", "takes_parts"]

_logger = logging.getLogger("data_store.object_store")


def takes_parts(client: ObjectStoreClient) -> TypeGuard[SupportsMultipart]:
    """Return whether a client has multipart uploads, and its server was not seen to lack them."""
    return client.lacking(SupportsMultipart) is None


def send_part(
    client: SupportsMultipart,
    upload: MultipartUpload,
    part_number: int,
    source: Source,
    options: PartOptions,
) -> PartInfo:
    """Upload one part, made with ``checksum`` of the options; the answer has its size and this digest."""
    if source.size is not None and source.size > MAX_PART_SIZE:
        raise InvalidArgument(f"a part has at most {MAX_PART_SIZE} bytes (5 GiB), not {source.size}")
    part = client.upload_part(upload.bucket, upload.key, upload.upload_id, part_number, source, options)
    if options.checksum is not None:
        part = with_digest(part, options.checksum, source.digest(options.checksum))
    return replace(part, size=source.size)


class Multipart:
    """The multipart transfers of one client.

    The options are those of a PUT: conditions hold for completing, and a checksum that can be put together from those
    of the parts is named there and part of the answer.
    """

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
        pace: Pace,
        concurrency: int | None = None,
    ) -> ObjectMetadata:
        """Upload streams of known length as parts, in order; ``verify`` is called before they become an object.

        ``pace`` learns how fast they went.
        """
        part_options = _part_options(options)

        def tasks(upload: MultipartUpload) -> Iterator[Callable[[], PartInfo]]:
            for number, (stream, length) in enumerate(streams, 1):
                source = Source(stream, length, checksum=options.checksum, progress=meter.of_part(number))
                yield partial(self._send, upload, number, source, part_options, pace)

        with self._started(bucket, key, options) as upload:
            parts = self._executor.run(tasks(upload), concurrency, meter.stop)
            verify()
            return self._complete(upload, parts, options)

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
                partial(self._copy_part, upload, number, source, _part_options(options))
                for number, source in enumerate(sources, 1)
            )
            parts = self._executor.run(tasks)
            verify()
            return self._complete(upload, parts, options)

    def _send(self, upload: MultipartUpload, number: int, source: Source, options: PartOptions, pace: Pace) -> PartInfo:
        with pace.measured(source.size or 0):
            return send_part(self._client, upload, number, source, options)

    def _copy_part(self, upload: MultipartUpload, number: int, source: CopySource, options: PartOptions) -> PartInfo:
        part = self._client.upload_part_copy(upload.bucket, upload.key, upload.upload_id, number, source, options)
        return replace(part, size=source.length)

    def _complete(self, upload: MultipartUpload, parts: Sequence[PartInfo], options: PutOptions) -> ObjectMetadata:
        algorithm, digest = options.checksum, _whole_digest(parts, options.checksum)
        complete = CompleteOptions(
            if_match=options.if_match,
            if_none_match=options.if_none_match,
            checksums={algorithm: digest.hex()} if algorithm and digest else None,
            encryption=_part_options(options).encryption,
        )
        done = self._client.complete_multipart_upload(upload.bucket, upload.key, upload.upload_id, parts, complete)
        done = replace(done, size=sum(part.size or 0 for part in parts))
        return with_digest(done, algorithm, digest) if algorithm and digest else done

    @contextlib.contextmanager
    def _started(self, bucket: str, key: str, options: PutOptions) -> Iterator[MultipartUpload]:
        with self._executor.transfer():
            # In another thread: interrupted while it waits for the answer, this one would never learn the id.
            starting: Future[MultipartUpload] = Future()
            create = partial(self._client.create_multipart_upload, bucket, key, _start_options(options))
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


def _start_options(options: PutOptions) -> PutOptions:
    return replace(options, content_md5=None, checksum_sha256=None, if_match=None, if_none_match=None)


def _part_options(options: PutOptions) -> PartOptions:
    encryption = options.encryption if isinstance(options.encryption, SseCustomer) else None
    return PartOptions(checksum=options.checksum, encryption=encryption)


def _whole_digest(parts: Sequence[PartInfo], algorithm: str | None) -> bytes | None:
    if algorithm is None or not can_combine(algorithm):
        return None
    known = [((part.checksums or {})[algorithm], part.size or 0) for part in parts]
    return combine(algorithm, [(bytes.fromhex(digest), size) for digest, size in known])


def _fill(future: Future[MultipartUpload], create: Callable[[], MultipartUpload]) -> None:
    """Call ``create`` for a future, unless nobody waits for that any more."""
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(create())
    except Exception as error:  # noqa: BLE001 whatever it is, who waits raises it
        future.set_exception(error)

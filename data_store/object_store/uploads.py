"""What becomes of an upload: one PUT, or parts; the table stands in the project's design document."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from data_store.object_store.body import SMALL_BODY, RawReadable, Source
from data_store.object_store.capabilities import SupportsMultipart
from data_store.object_store.checksums import can_combine
from data_store.object_store.client import ObjectStoreClient
from data_store.object_store.configurations import TransferConfiguration
from data_store.object_store.errors import IntegrityError, InvalidArgument, UnsupportedOperation
from data_store.object_store.executor import Executor
from data_store.object_store.models import (
    ChecksumAlgorithm,
    Condition,
    MultipartUpload,
    ObjectMetadata,
    PartInfo,
    PartOptions,
    Progress,
    PutOptions,
)
from data_store.object_store.multipart import Multipart, send_part, takes_parts
from data_store.object_store.pace import Pace
from data_store.object_store.planning import MAX_OBJECT_SIZE, MAX_PART_SIZE, MAX_PARTS, MAX_SINGLE_PUT, split
from data_store.object_store.progress import Meter
from data_store.object_store.sources import Digests, FileWindow, stream_of, with_digest

__all__ = ["Upload", "Uploads"]

_BUFFER = 1024 * 1024
_SPOOL_MEMORY = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Upload:
    """What is uploaded where, but for its content."""

    bucket: str
    key: str
    options: PutOptions
    digests: Digests
    progress: Progress | None

    @property
    def is_conditional(self) -> bool:
        """Whether the object is written only if a condition holds."""
        return self.options.if_match is not None or self.options.if_none_match is not None

    def protected_by(self, algorithm: ChecksumAlgorithm | None) -> Upload:
        """Return the upload with that checksum, unless it has one."""
        if algorithm is None or self.options.checksum is not None:
            return self
        return replace(self, options=replace(self.options, checksum=algorithm))

    def want_whole_digest(self) -> None:
        """Compute the checksum of what goes in parts, if it cannot be put together from theirs."""
        if self.options.checksum is not None and not can_combine(self.options.checksum):
            self.digests.want(self.options.checksum)

    def with_whole_digest(self, done: ObjectMetadata) -> ObjectMetadata:
        """Return what went in parts with that checksum."""
        algorithm = self.options.checksum
        if algorithm is None or can_combine(algorithm):
            return done
        return with_digest(done, algorithm, self.digests[algorithm])


class Uploads:
    """The uploads of one client."""

    def __init__(self, client: ObjectStoreClient, config: TransferConfiguration, executor: Executor) -> None:
        self._client = client
        self._config = config
        self._executor = executor
        self._pace = Pace(config.part_size, config.max_concurrency)

    def file(self, path: Path, upload: Upload) -> ObjectMetadata:
        """Upload a file; one that changes meanwhile raises ``IntegrityError`` and nothing is stored."""
        with path.open("rb") as file:
            if not path.is_file():  # a pipe or a device: a stream without a length
                return self.stream(*stream_of(file, None), upload)
            before = os.fstat(file.fileno())
            size = before.st_size
            if size == 0 and file.peek(1):  # a file of /proc, which does not tell its size
                return self.stream(*stream_of(io.BytesIO(file.read()), None), upload)
            upload = self._protected(size, upload)
            window, verify = FileWindow(file, 0, size), _Unchanged(file, before)
            multipart = self._parts_for(size, upload)
            if multipart is not None:
                upload.want_whole_digest()
            if upload.digests:
                upload.digests.check_stream(window)
            if multipart is None:
                return self._put(window, size, upload, verify)
            meter = Meter(upload.progress, size)
            windows = self._windows(file, size)
            done = multipart.upload(upload.bucket, upload.key, upload.options, windows, meter, verify, self._pace)
            return upload.with_whole_digest(done)

    def stream(self, stream: RawReadable, size: int | None, upload: Upload) -> ObjectMetadata:
        """Upload a stream from where it stands."""
        if self._client.accepts_streams:
            checked = upload.digests.digesting(stream) if upload.digests else stream
            return self._put(checked, size, upload, upload.digests.check)
        upload = self._protected(size, upload)
        multipart = self._multipart() if size is None else self._parts_for(size, upload)
        if multipart is None and size is not None and stream.seekable():
            if upload.digests:
                upload.digests.check_stream(stream)
            return self._put(stream, size, upload)
        multipart = multipart or (None if upload.is_conditional else self._multipart())
        if multipart is None:
            return self._put_spooled(Source(stream, size), upload)
        return self._upload_cut(multipart, Source(stream, size), upload)

    def part(
        self, stream: RawReadable, size: int | None, upload: MultipartUpload, part_number: int, options: PartOptions
    ) -> PartInfo:
        """Upload one part from a stream, from where it stands; one that cannot be repeated may be spooled before."""
        client = self._client
        if not isinstance(client, SupportsMultipart):
            raise UnsupportedOperation(f"there is no SupportsMultipart: {client.lacking(SupportsMultipart)}")
        if size is not None and (stream.seekable() or self._client.accepts_streams):
            return send_part(client, upload, part_number, Source(stream, size, checksum=options.checksum), options)
        with _spooled(Source(stream, size), MAX_PART_SIZE) as (spool, found):
            return send_part(client, upload, part_number, Source(spool, found, checksum=options.checksum), options)

    def _protected(self, size: int | None, upload: Upload) -> Upload:
        """Return a large upload with the checksum that protects it."""
        is_large = size is None or size > SMALL_BODY
        return upload.protected_by(self._client.upload_checksum) if is_large else upload

    def _multipart(self) -> Multipart | None:
        """Return what sends parts; None where one PUT takes whatever there is, or there are no parts."""
        client = self._client
        return Multipart(client, self._executor) if not client.accepts_streams and takes_parts(client) else None

    def _parts_for(self, size: int, upload: Upload) -> Multipart | None:
        """Return what sends so many bytes in parts, or None if they go in one PUT."""
        multipart = self._multipart()
        if multipart is None or size <= self._config.multipart_threshold:
            return None
        if not upload.is_conditional or self._completes_conditionally(upload):
            return multipart
        if size > MAX_SINGLE_PUT:
            raise UnsupportedOperation(
                "this server ignores conditions of multipart uploads, and one PUT has "
                f"at most {MAX_SINGLE_PUT} bytes (5 GiB), not {size}"
            )
        return None

    def _completes_conditionally(self, upload: Upload) -> bool:
        return self._client.honours(upload.bucket, upload.key, Condition.COMPLETE)

    def _check_conditional_put(self, upload: Upload) -> None:
        if upload.is_conditional and not self._client.honours(upload.bucket, upload.key, Condition.PUT):
            raise UnsupportedOperation("this server ignores if_match and if_none_match of a PUT")

    def _put(
        self,
        stream: RawReadable,
        size: int | None,
        upload: Upload,
        verify: Callable[[], object] | None = None,
    ) -> ObjectMetadata:
        self._check_conditional_put(upload)
        report, checksum = Meter(upload.progress, size).of_part(1), upload.options.checksum
        source = Source(stream, size, checksum=checksum, progress=report, verify=verify)
        done = self._client.put_object(upload.bucket, upload.key, source, upload.options)
        return done if checksum is None else with_digest(done, checksum, source.digest(checksum))

    def _windows(self, file: BinaryIO, size: int) -> Iterator[tuple[RawReadable, int]]:
        for offset, length in split(size, self._part_size(size)):
            yield FileWindow(file, offset, length), length

    def _part_size(self, size: int) -> int:
        """Return the size of a file's parts; those of a stream are smaller, they are held in memory."""
        is_set = "part_size" in self._config.model_fields_set
        return self._config.part_size if is_set else self._pace.part_size(size)

    def _upload_cut(self, multipart: Multipart, source: Source, upload: Upload) -> ObjectMetadata:
        """Upload what is read only once, with one part in memory at a time; one that is all of it is one PUT."""
        upload.want_whole_digest()
        parts = _Parts(source, upload.digests, self._config.part_size)
        first, size = parts.read()
        if parts.ended:
            upload.digests.check()
            return self._put(first, size, upload)
        if upload.is_conditional and not self._completes_conditionally(upload):
            raise UnsupportedOperation(
                "this server ignores conditions of multipart uploads, and the stream is longer than one part: "
                "give its length, put_object a seekable stream, or upload_file a file"
            )
        meter = Meter(upload.progress, source.size)
        streams, check = parts.all_from(first, size), upload.digests.check
        done = multipart.upload(
            upload.bucket, upload.key, upload.options, streams, meter, check, self._pace, concurrency=1
        )
        return upload.with_whole_digest(done)

    def _put_spooled(self, source: Source, upload: Upload) -> ObjectMetadata:
        """For what can be read once and goes in one PUT: a temporary file gives the body a length."""
        self._check_conditional_put(upload)
        with _spooled(source, MAX_OBJECT_SIZE, upload.digests.update) as (spool, size):
            upload.digests.check()
            return self._put(spool, size, upload)


@contextlib.contextmanager
def _spooled(
    source: Source, most: int, update: Callable[[bytes], object] = lambda _chunk: None
) -> Iterator[tuple[RawReadable, int]]:
    """Return a source in a temporary file, and its length of at most so many bytes."""
    with tempfile.SpooledTemporaryFile(_SPOOL_MEMORY) as spool:
        while chunk := source.read(_BUFFER):
            update(chunk)
            spool.write(chunk)
            if spool.tell() > most:
                raise InvalidArgument(f"the stream is longer than {most} bytes, which is the most that can be sent")
        size = spool.tell()
        spool.seek(0)
        yield spool, size


class _Unchanged:
    """Checks that an open file is what it was when the upload began."""

    def __init__(self, file: BinaryIO, before: os.stat_result) -> None:
        self._file = file
        self._before = before

    def __call__(self) -> None:
        now = os.fstat(self._file.fileno())
        if (now.st_size, now.st_mtime_ns) != (self._before.st_size, self._before.st_mtime_ns):
            raise IntegrityError("the file changed while it was uploaded")


class _Parts:
    """Cuts a stream into parts, one in memory at a time."""

    def __init__(self, source: Source, digests: Digests, part_size: int) -> None:
        self._source = source
        self._digests = digests
        self._part_size = split(source.size, part_size)[0][1] if source.size else part_size
        self._ahead = b""
        self.ended = False

    def read(self) -> tuple[io.BytesIO, int]:
        """Return the next part and its size; ``ended`` tells whether it is the last, for which a byte is read ahead."""
        part = io.BytesIO()
        part.write(self._ahead)
        while (missing := self._part_size - part.tell()) and (chunk := self._source.read(min(missing, _BUFFER))):
            self._digests.update(chunk)
            part.write(chunk)
        self._ahead = b"" if missing else self._source.read(1)
        self._digests.update(self._ahead)
        self.ended = not self._ahead
        size = part.tell()
        part.seek(0)
        return part, size

    def all_from(self, part: io.BytesIO, size: int) -> Iterator[tuple[RawReadable, int]]:
        """Yield the first part and all that follow; each must have been sent when the next is asked for."""
        for _ in range(MAX_PARTS):
            yield part, size
            part.close()  # frees its memory, whoever still holds it
            if self.ended:
                return
            part, size = self.read()
        raise InvalidArgument(
            f"the stream is longer than {MAX_PARTS} parts of {self._part_size} bytes: "
            "give its length, or a larger transfer.part_size"
        )

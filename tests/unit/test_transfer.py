"""Transfers: uploads in parts, resumed downloads, byte ranges, copies; and what is left when they end early."""

from __future__ import annotations

import base64
import hashlib
import io
import logging
import os
import signal
import stat
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from data_store.object_store.body import Source
from data_store.object_store.errors import (
    AccessDenied,
    BucketNotFound,
    ConnectionFailed,
    IntegrityError,
    InvalidArgument,
    ObjectNotFound,
    ObjectStoreError,
    PreconditionFailed,
    StoreClosed,
    UnsupportedOperation,
)
from data_store.object_store.models import GetOptions, ObjectMetadata, PartInfo, Progress, PutOptions
from data_store.object_store.sources import stream_of
from data_store.object_store.transfer import Transfers
from tests.unit.dict_client import MIB, DictClient, PartsClient, StreamClient, VendorError, configuration

PART = 5 * MIB
CONTENT = os.urandom(MIB) * 11
CLIENTS = [DictClient, StreamClient, PartsClient]
NO_OPTIONS = PutOptions()


class _DataTransfers(Transfers):
    """Takes all that ``put_object`` takes."""

    def upload(self, data: Any, length: int | None, *rest: Any) -> ObjectMetadata:
        """Upload data."""
        return super().upload(*stream_of(data, length), *rest)


def _transfers(client: DictClient, **transfer: Any) -> _DataTransfers:
    client.buckets.setdefault("b", {})
    return _DataTransfers(client, configuration(**transfer))


def _file(tmp_path: Path, size: int) -> Path:
    path = tmp_path / "file"
    path.write_bytes(CONTENT[:size])
    return path


class Pipe(io.RawIOBase):
    """A stream that is read once and delivers short reads."""

    def __init__(self, content: bytes, most: int = 300_000) -> None:
        super().__init__()
        self._content = memoryview(content)
        self._at = 0
        self._most = most

    def readable(self) -> bool:
        """Return True."""
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """Return at most ``most`` bytes."""
        end = self._at + (self._most if size is None or size < 0 else min(size, self._most))
        piece = bytes(self._content[self._at : end])
        self._at += len(piece)
        return piece


def _upload_way(transfers: _DataTransfers, way: str, tmp_path: Path, size: int, progress: Progress) -> None:
    if way == "file":
        transfers.upload_file(_file(tmp_path, size), "b", "k", NO_OPTIONS, progress)
    else:
        data = CONTENT[:size] if way == "bytes" else Pipe(CONTENT[:size])
        transfers.upload(data, None, "b", "k", NO_OPTIONS, progress)


def _stored(client: DictClient, key: str = "k") -> bytes:
    return client.buckets["b"][key].content


def _nothing_is_left(client: DictClient) -> bool:
    return client.buckets["b"] == {} and not getattr(client, "uploads", {})


# the plan


@pytest.mark.parametrize(
    ("size", "parts"),
    [(0, []), (1, []), (PART, []), (PART + 1, [PART, 1]), (2 * PART, [PART, PART]), (2 * PART + 1, [PART, PART, 1])],
)
@pytest.mark.parametrize("way", ["file", "seekable", "unseekable", "unknown"])
def test_what_is_longer_than_the_threshold_goes_in_parts(tmp_path: Path, size: int, parts: list[int], way: str) -> None:
    """At the exact boundary; all parts but the last are equally long, and together they are the content."""
    client = PartsClient()
    transfers = _transfers(client)
    content = CONTENT[:size]
    if way == "file":
        done = transfers.upload_file(_file(tmp_path, size), "b", "k", NO_OPTIONS)
    else:
        data = io.BytesIO(content) if way == "seekable" else Pipe(content)
        done = transfers.upload(data, None if way == "unknown" else size, "b", "k", NO_OPTIONS)
    assert client.part_sizes == parts
    assert client.calls.count("put_object") == (0 if parts else 1)
    assert _stored(client) == content
    assert (done.key, done.size, done.etag) == ("k", size, client.buckets["b"]["k"].etag)
    assert client.uploads == {}
    transfers.close()


@pytest.mark.parametrize("cls", [DictClient, StreamClient])
@pytest.mark.parametrize("known", [True, False])
def test_a_framework_without_parts_gets_one_put(cls: type[DictClient], known: bool) -> None:
    """A stream that cannot seek is spooled where the framework does not take it."""
    client = cls()
    done = _transfers(client).upload(Pipe(CONTENT), len(CONTENT) if known else None, "b", "k", NO_OPTIONS)
    assert _stored(client) == CONTENT
    assert done.size == len(CONTENT)
    assert client.calls == ["put_object"]


def test_a_framework_that_takes_streams_is_handed_them_as_they_are() -> None:
    """Nothing is buffered before."""
    sources: list[Source] = []

    class Looking(StreamClient):
        def _drain(self, body: Source) -> bytes:
            sources.append(body)
            return super()._drain(body)

    client = Looking()
    _transfers(client).upload(iter([b"ab", b"", b"cd"]), None, "b", "k", NO_OPTIONS)
    assert _stored(client) == b"abcd"
    assert (sources[0].size, sources[0].seekable()) == (None, False)


def test_frameworks_that_take_no_streams_get_sources_that_can_be_repeated(tmp_path: Path) -> None:
    """With a size, so that a request can be sent twice; parts too."""
    sources: list[Source] = []

    class Twice(PartsClient):
        def _drain(self, body: Source) -> bytes:
            sources.append(body)
            first = super()._drain(body)
            body.seek(0)
            assert super()._drain(body) == first
            return first

    for data in (io.BytesIO(CONTENT), Pipe(CONTENT), Pipe(b"short"), iter([b"a", b"b"])):
        client = Twice()
        transfers = _transfers(client)
        transfers.upload(data, None, "b", "k", NO_OPTIONS)
        transfers.upload_file(_file(tmp_path, len(CONTENT)), "b", "f", NO_OPTIONS)
        assert _stored(client, "f") == CONTENT
        transfers.close()
    assert all(source.size is not None and source.seekable() for source in sources)


def test_the_options_go_with_the_parts() -> None:
    """The object that is completed has them."""
    client = PartsClient()
    options = PutOptions(content_type="text/plain", metadata={"a": "b"}, storage_class="COLD")
    transfers = _transfers(client)
    transfers.upload(CONTENT, None, "b", "k", options)
    found = client.head_object("b", "k", GetOptions())
    assert (found.content_type, found.metadata, found.storage_class) == ("text/plain", {"a": "b"}, "COLD")
    transfers.close()


@pytest.mark.parametrize("concurrency", [1, 2, 3])
def test_no_more_parts_at_once_than_configured(tmp_path: Path, concurrency: int) -> None:
    """And as many as that."""

    class Counting(PartsClient):
        lock = threading.Lock()
        active = 0
        most = 0
        full = threading.Event()

        def _drain(self, body: Source) -> bytes:
            with self.lock:
                self.active += 1
                self.most = max(self.most, self.active)
                if self.most == concurrency:
                    self.full.set()
            self.full.wait(10)
            content = super()._drain(body)
            with self.lock:
                self.active -= 1
            return content

    client = Counting()
    transfers = _transfers(client, max_concurrency=concurrency)
    path = tmp_path / "file"
    path.write_bytes(CONTENT * 2)
    transfers.upload_file(path, "b", "k", NO_OPTIONS)
    assert client.most == concurrency
    assert _stored(client) == CONTENT * 2
    transfers.close()


def test_a_stream_that_is_read_once_takes_the_memory_of_a_part() -> None:
    """Not that of the whole, nor of two parts."""

    class Dropping(PartsClient):
        def _drain(self, body: Source) -> bytes:
            while body.read(64 * 1024):
                pass
            return b""

        def complete_multipart_upload(self, bucket: str, key: str, upload_id: str, parts: Any) -> ObjectMetadata:
            return ObjectMetadata(key=key)

    transfers = _transfers(Dropping())
    block = bytes(64 * 1024)
    tracemalloc.start()
    try:
        done = transfers.upload((block for _ in range(8 * PART // len(block))), None, "b", "k", NO_OPTIONS)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        transfers.close()
    assert done.size == 8 * PART
    assert peak < 1.7 * PART


# conditions and digests


@pytest.mark.parametrize("options", [PutOptions(if_none_match="*"), PutOptions(if_match="etag")])
def test_a_condition_goes_in_one_put(tmp_path: Path, options: PutOptions) -> None:
    """Whatever the size: servers ignore conditions of multipart uploads."""
    client = PartsClient()
    transfers = _transfers(client)
    uploads: list[Callable[[], object]] = [
        lambda: transfers.upload_file(_file(tmp_path, len(CONTENT)), "b", "k", options),
        lambda: transfers.upload(io.BytesIO(CONTENT), None, "b", "k", options),
    ]
    for upload in uploads:
        client.buckets["b"].clear()
        client.calls.clear()
        if options.if_match:
            with pytest.raises(PreconditionFailed):
                upload()
        else:
            upload()
            assert _stored(client) == CONTENT
        assert client.calls == ["put_object"]


def test_a_condition_on_a_stream_longer_than_a_part_is_refused() -> None:
    """It can be read once only, and is too long to be held: nothing is stored."""
    client = PartsClient()
    with pytest.raises(UnsupportedOperation, match="condition") as caught:
        _transfers(client).upload(Pipe(CONTENT), None, "b", "k", PutOptions(if_none_match="*"))
    assert (caught.value.operation, caught.value.bucket, caught.value.key) == ("put_object", "b", "k")
    assert client.calls == []


def test_a_condition_on_a_short_stream_holds() -> None:
    """What fits in a part is one PUT."""
    client = PartsClient()
    transfers = _transfers(client)
    transfers.upload(Pipe(b"first"), None, "b", "k", PutOptions(if_none_match="*"))
    with pytest.raises(PreconditionFailed):
        transfers.upload(Pipe(b"second"), None, "b", "k", PutOptions(if_none_match="*"))
    assert _stored(client) == b"first"


def _md5(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content).digest()).decode()


def _sha256(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def _upload(client: DictClient, way: str, path: Path, content: bytes, options: PutOptions) -> None:
    transfers = _transfers(client)
    try:
        if way == "file":
            path.write_bytes(content)
            transfers.upload_file(path, "b", "k", options)
        else:
            data = {"bytes": content, "seekable": io.BytesIO(content), "pipe": Pipe(content), "chunks": [content, b""]}[
                way
            ]
            transfers.upload(data, None, "b", "k", options)
    finally:
        transfers.close()


@pytest.mark.parametrize("cls", CLIENTS)
@pytest.mark.parametrize("way", ["file", "bytes", "seekable", "pipe", "chunks"])
@pytest.mark.parametrize("size", [0, 1000, PART + 1])
def test_content_with_its_digests_is_stored(cls: type[DictClient], way: str, size: int, tmp_path: Path) -> None:
    """Both, on every way that bytes take."""
    client, content = cls(), CONTENT[:size]
    _upload(
        client, way, tmp_path / "file", content, PutOptions(content_md5=_md5(content), checksum_sha256=_sha256(content))
    )
    assert _stored(client) == content


@pytest.mark.parametrize("cls", CLIENTS)
@pytest.mark.parametrize("way", ["file", "bytes", "seekable", "pipe", "chunks"])
@pytest.mark.parametrize("size", [0, 1000, PART + 1])
@pytest.mark.parametrize("digest", ["md5", "sha256"])
def test_content_with_another_digest_leaves_the_old_object(
    cls: type[DictClient], way: str, size: int, digest: str, tmp_path: Path
) -> None:
    """Before anything is visible, with no upload left."""
    client, content = cls(), CONTENT[:size]
    _upload(client, "bytes", tmp_path, b"old", NO_OPTIONS)
    md5, sha256 = PutOptions(content_md5=_md5(b"other")), PutOptions(checksum_sha256=_sha256(b"other"))
    with pytest.raises(IntegrityError):
        _upload(client, way, tmp_path / "file", content, md5 if digest == "md5" else sha256)
    assert _stored(client) == b"old"
    assert getattr(client, "uploads", {}) == {}


@pytest.mark.parametrize("way", ["file", "bytes", "pipe"])
@pytest.mark.parametrize("size", [1000, PART + 1])
@pytest.mark.parametrize("cls", CLIENTS)
def test_an_integrity_error_says_what_it_is_about(cls: type[DictClient], way: str, size: int, tmp_path: Path) -> None:
    """Operation, bucket, key and framework, wherever it was noticed."""
    with pytest.raises(IntegrityError) as caught:
        _upload(cls(), way, tmp_path / "file", CONTENT[:size], PutOptions(checksum_sha256=_sha256(b"other")))
    error = caught.value
    assert (error.bucket, error.key, error.framework) == ("b", "k", "memory")
    assert error.operation


# lengths


@pytest.mark.parametrize("cls", CLIENTS)
@pytest.mark.parametrize("difference", [-1, 1])
@pytest.mark.parametrize("size", [1, 1000, PART, PART + 2])
def test_a_body_of_another_length_stores_nothing(cls: type[DictClient], size: int, difference: int) -> None:
    """Shorter or longer than declared, on every way that bytes take."""
    client = cls()
    transfers = _transfers(client)
    for data in (
        Pipe(CONTENT[: size + difference]),
        io.BytesIO(CONTENT[: size + difference]),
        [CONTENT[: size + difference]],
    ):
        with pytest.raises(InvalidArgument, match="length"):
            transfers.upload(data, size, "b", "k", NO_OPTIONS)
        assert _nothing_is_left(client)
    transfers.close()


# what ends an upload early


class FailingClient(PartsClient):
    """Part ``fails`` raises ``failure``."""

    fails = 2
    failure: BaseException = VendorError("AccessDenied", 403)

    def upload_part(self, bucket: str, key: str, upload_id: str, part_number: int, body: Source) -> PartInfo:
        """Fail, or store the part."""
        if part_number == self.fails:
            raise self.failure
        return super().upload_part(bucket, key, upload_id, part_number, body)


@pytest.mark.parametrize("fails", [1, 2, 3])
@pytest.mark.parametrize("way", ["file", "pipe"])
@pytest.mark.parametrize("failure", [VendorError("AccessDenied", 403), KeyboardInterrupt()])
def test_an_upload_that_fails_leaves_nothing(tmp_path: Path, fails: int, way: str, failure: BaseException) -> None:
    """Errors and Ctrl-C abort the multipart upload."""
    client = FailingClient()
    client.fails, client.failure = fails, failure
    expected: type[BaseException] = AccessDenied if isinstance(failure, VendorError) else KeyboardInterrupt
    with pytest.raises(expected):
        _upload(client, way, tmp_path / "file", CONTENT, NO_OPTIONS)
    assert _nothing_is_left(client)
    assert client.calls.count("abort_multipart_upload") == 1


def test_a_ctrl_c_while_parts_are_under_way_leaves_nothing(tmp_path: Path) -> None:
    """The signal arrives in the main thread, which waits for the parts."""

    class Interrupted(PartsClient):
        def _drain(self, body: Source) -> bytes:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            return super()._drain(body)

    client = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        _upload(client, "file", tmp_path / "file", CONTENT, NO_OPTIONS)
    assert _nothing_is_left(client)


def test_completing_that_fails_leaves_nothing() -> None:
    """The parts are dropped."""

    class Incomplete(PartsClient):
        def complete_multipart_upload(self, bucket: str, key: str, upload_id: str, parts: Any) -> ObjectMetadata:
            raise VendorError("AccessDenied", 403)

    client = Incomplete()
    with pytest.raises(AccessDenied):
        _upload(client, "bytes", Path(), CONTENT, NO_OPTIONS)
    assert _nothing_is_left(client)


@pytest.mark.parametrize(
    "failure", [VendorError("NoSuchUpload", 404), RuntimeError("bug in the adapter"), OSError("network")]
)
def test_an_abort_that_fails_is_logged_and_hides_nothing(failure: Exception, caplog: pytest.LogCaptureFixture) -> None:
    """The first error is the one to know."""

    class Stubborn(FailingClient):
        def abort_multipart_upload(self, bucket: str, key: str, upload_id: str) -> None:
            raise failure

    with caplog.at_level(logging.WARNING, "data_store"), pytest.raises(AccessDenied):
        _upload(Stubborn(), "bytes", Path(), CONTENT, NO_OPTIONS)
    (record,) = caplog.records
    assert (record.levelname, record.name) == ("WARNING", "data_store.object_store")
    assert "aborted" in record.getMessage()


class MineError(Exception):
    """The caller's own."""


@pytest.mark.parametrize("cls", CLIENTS)
@pytest.mark.parametrize("size", [1000, len(CONTENT)])
@pytest.mark.parametrize("way", ["bytes", "pipe", "file"])
def test_an_exception_of_progress_ends_the_upload(cls: type[DictClient], size: int, way: str, tmp_path: Path) -> None:
    """It comes out as it is, and nothing is left."""
    client = cls()
    transfers = _transfers(client)
    failure = MineError("enough")
    told: list[int] = []

    def refuse(done: int, _total: int | None) -> None:
        told.append(done)
        raise failure

    with pytest.raises(MineError) as caught:
        _upload_way(transfers, way, tmp_path, size, refuse)
    assert caught.value is failure
    assert _nothing_is_left(client)
    transfers.close()


@pytest.mark.parametrize("cls", CLIENTS)
@pytest.mark.parametrize("before", [0, 1000, PART + 1])
def test_an_exception_of_the_stream_ends_the_upload(cls: type[DictClient], before: int) -> None:
    """The caller's own passes as it is, and nothing is left."""
    failure = MineError("disk on fire")

    def chunks() -> Iterator[bytes]:
        yield CONTENT[:before]
        raise failure

    client = cls()
    transfers = _transfers(client)
    with pytest.raises(MineError) as caught:
        transfers.upload(chunks(), None, "b", "k", NO_OPTIONS)
    assert caught.value is failure
    assert _nothing_is_left(client)
    transfers.close()


def test_a_missing_bucket_starts_nothing(tmp_path: Path) -> None:
    """There is nothing to abort."""
    client = PartsClient()
    transfers = Transfers(client, configuration())
    with pytest.raises(BucketNotFound):
        transfers.upload_file(_file(tmp_path, len(CONTENT)), "b", "k", NO_OPTIONS)
    assert "abort_multipart_upload" not in client.calls
    transfers.close()


def test_closing_ends_a_transfer_that_runs_and_leaves_nothing(tmp_path: Path) -> None:
    """The other thread gets ``StoreClosed``; its multipart upload is aborted before the client is closed."""

    class Waiting(PartsClient):
        started, go_on = threading.Event(), threading.Event()

        def _drain(self, body: Source) -> bytes:
            self.started.set()
            self.go_on.wait(10)
            return super()._drain(body)

    client = Waiting()
    transfers = _transfers(client, max_concurrency=1)
    path = _file(tmp_path, len(CONTENT))
    ended: list[BaseException] = []

    def upload() -> None:
        try:
            transfers.upload_file(path, "b", "k", NO_OPTIONS)
        except Exception as error:  # noqa: BLE001  the main thread looks at it
            ended.append(error)

    def close() -> None:
        transfers.close()
        client.close()

    thread, closer = threading.Thread(target=upload), threading.Thread(target=close)
    thread.start()
    assert client.started.wait(10)
    closer.start()
    client.go_on.set()
    thread.join(10)
    closer.join(10)
    assert [type(error) for error in ended] == [StoreClosed] or _stored(client) == CONTENT
    assert client.uploads == {}


# files


def _grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def _shrink(path: Path) -> None:
    os.truncate(path, 10)


def _touch(path: Path) -> None:
    os.utime(path, ns=(1, 1))


@pytest.mark.parametrize("change", [_grow, _shrink, _touch])
@pytest.mark.parametrize("size", [1000, len(CONTENT)])
def test_a_file_that_changes_meanwhile_stores_nothing(
    tmp_path: Path, size: int, change: Callable[[Path], None]
) -> None:
    """Grown, shrunk or rewritten, in one PUT or in parts."""
    path = _file(tmp_path, size)

    class Changing(PartsClient):
        def _drain(self, body: Source) -> bytes:
            change(path)
            return super()._drain(body)

    client = Changing()
    transfers = _transfers(client)
    with pytest.raises(IntegrityError) as caught:
        transfers.upload_file(path, "b", "k", NO_OPTIONS)
    assert caught.value.key == "k"
    assert _nothing_is_left(client)
    transfers.close()


@pytest.mark.parametrize("cls", CLIENTS)
@pytest.mark.parametrize("size", [0, 1000, PART + 1])
def test_a_pipe_is_a_file_without_a_length(tmp_path: Path, cls: type[DictClient], size: int) -> None:
    """``upload_file`` reads it as a stream."""
    os.mkfifo(tmp_path / "pipe")

    def write() -> None:
        with (tmp_path / "pipe").open("wb") as pipe:
            pipe.write(CONTENT[:size])

    writer = threading.Thread(target=write)
    writer.start()
    client = cls()
    transfers = _transfers(client)
    transfers.upload_file(tmp_path / "pipe", "b", "k", NO_OPTIONS)
    writer.join(10)
    transfers.close()
    assert _stored(client) == CONTENT[:size]


@pytest.mark.parametrize(
    ("name", "expected"), [("missing", FileNotFoundError), (".", IsADirectoryError), ("file/below", NotADirectoryError)]
)
def test_errors_of_the_callers_file_stay_what_they_are(tmp_path: Path, name: str, expected: type[OSError]) -> None:
    """And nothing is sent."""
    _file(tmp_path, 1)
    client = PartsClient()
    with pytest.raises(expected):
        _transfers(client).upload_file(tmp_path / name, "b", "k", NO_OPTIONS)
    assert client.calls == []


# progress


@pytest.mark.parametrize("cls", CLIENTS)
@pytest.mark.parametrize("way", ["file", "bytes", "pipe"])
@pytest.mark.parametrize("size", [1000, len(CONTENT)])
def test_progress_rises_to_the_end(tmp_path: Path, cls: type[DictClient], way: str, size: int) -> None:
    """Cumulative bytes, from one thread at a time, with the total where it is known."""
    told: list[tuple[int, int | None]] = []
    inside = threading.Lock()

    def progress(done: int, total: int | None) -> None:
        assert inside.acquire(blocking=False), "two threads at once"
        told.append((done, total))
        inside.release()

    client = cls()
    transfers = _transfers(client)
    _upload_way(transfers, way, tmp_path, size, progress)
    transfers.close()
    done = [position for position, _ in told]
    assert done == sorted(set(done))
    assert done[-1] == size
    assert {total for _, total in told} <= {size, None}
    if way != "pipe":
        assert {total for _, total in told} == {size}


def test_progress_does_not_fall_when_a_request_is_repeated(tmp_path: Path) -> None:
    """What was reported once is not reported again."""

    class Twice(PartsClient):
        def _drain(self, body: Source) -> bytes:
            super()._drain(body)
            body.seek(0)
            return super()._drain(body)

    told: list[int] = []
    transfers = _transfers(Twice())
    transfers.upload_file(_file(tmp_path, len(CONTENT)), "b", "k", NO_OPTIONS, lambda done, _: told.append(done))
    transfers.close()
    assert told == sorted(set(told))
    assert told[-1] == len(CONTENT)


# downloads


def _put(client: DictClient, content: bytes, key: str = "k", options: PutOptions = NO_OPTIONS) -> ObjectMetadata:
    client.buckets.setdefault("b", {})
    return client.put_object("b", key, Source(io.BytesIO(content), len(content)), options)


class _Breaking(io.BytesIO):
    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() >= 2_000_000:
            raise VendorError("Reset")
        return super().read(size)


class BreakingClient(DictClient):
    """Its first bodies break in the middle."""

    breaks = 1

    def _body(self, content: bytes) -> io.BytesIO:
        self.breaks -= 1
        return _Breaking(content) if self.breaks >= 0 else io.BytesIO(content)


@pytest.mark.parametrize("size", [0, 1, len(CONTENT)])
def test_a_download_is_the_object(tmp_path: Path, size: int) -> None:
    """The file has its bytes, the answer its metadata, and nothing lies beside it."""
    client = DictClient()
    transfers = _transfers(client)
    _put(client, CONTENT[:size], options=PutOptions(metadata={"a": "b"}))
    done = transfers.download("b", "k", tmp_path / "new" / "file", None)
    assert done == client.head_object("b", "k", GetOptions())
    assert type(done) is ObjectMetadata
    assert (tmp_path / "new" / "file").read_bytes() == CONTENT[:size]
    assert len(list((tmp_path / "new").iterdir())) == 1
    assert client.bodies[0].closed


def test_a_download_that_breaks_is_taken_up_again(tmp_path: Path) -> None:
    """On the same version."""
    client = BreakingClient()
    transfers = _transfers(client)
    _put(client, CONTENT)
    transfers.download("b", "k", tmp_path / "file", None)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert client.calls.count("get_object") == 2


def _failing_download(tmp_path: Path, client: DictClient, expected: type[BaseException], progress: Any = None) -> None:
    transfers = _transfers(client)
    _put(client, CONTENT)
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(expected):
        transfers.download("b", "k", tmp_path / "file", progress)
    assert (tmp_path / "file").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert all(body.closed for body in client.bodies)


def test_a_download_that_breaks_for_good_leaves_the_old_file(tmp_path: Path) -> None:
    """And no temporary one."""
    client = BreakingClient()
    client.breaks = 100
    _failing_download(tmp_path, client, ConnectionFailed)


def test_a_download_of_an_object_that_is_replaced_leaves_the_old_file(tmp_path: Path) -> None:
    """Two versions are never mixed."""

    class Replaced(BreakingClient):
        def _body(self, content: bytes) -> io.BytesIO:
            _put(self, CONTENT[::-1])
            return super()._body(content)

    _failing_download(tmp_path, Replaced(), IntegrityError)


def test_a_download_that_does_not_have_its_md5_leaves_the_old_file(tmp_path: Path) -> None:
    """What is damaged never appears."""

    class Damaging(DictClient):
        def _body(self, content: bytes) -> io.BytesIO:
            return io.BytesIO(content[:-1] + bytes([content[-1] ^ 1]))

    _failing_download(tmp_path, Damaging(), IntegrityError)


@pytest.mark.parametrize("failure", [MineError, KeyboardInterrupt])
def test_an_exception_of_progress_ends_the_download(tmp_path: Path, failure: type[BaseException]) -> None:
    """It comes out as it is."""

    def refuse(_done: int, _total: int | None) -> None:
        raise failure

    _failing_download(tmp_path, DictClient(), failure, refuse)


def test_a_missing_object_leaves_no_directories(tmp_path: Path) -> None:
    """Nothing is made before there is something to write."""
    client = DictClient()
    with pytest.raises(ObjectNotFound):
        _transfers(client).download("b", "missing", tmp_path / "a" / "file", None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "expected"), [("dir", IsADirectoryError), ("pipe", InvalidArgument)])
def test_a_target_that_is_no_file_is_refused_before_anything_is_sent(
    tmp_path: Path, name: str, expected: type[Exception]
) -> None:
    """A directory, a pipe."""
    (tmp_path / "dir").mkdir()
    os.mkfifo(tmp_path / "pipe")
    client = DictClient()
    transfers = _transfers(client)
    _put(client, b"content")
    client.calls.clear()
    with pytest.raises(expected):
        transfers.download("b", "k", tmp_path / name, None)
    assert client.calls == []
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_progress_of_a_download_rises_to_the_end(tmp_path: Path) -> None:
    """Through a connection that broke."""
    client = BreakingClient()
    transfers = _transfers(client)
    _put(client, CONTENT)
    told: list[tuple[int, int | None]] = []
    transfers.download("b", "k", tmp_path / "file", lambda done, total: told.append((done, total)))
    assert told == sorted(set(told))
    assert told[-1] == (len(CONTENT), len(CONTENT))


# ranges


def _ranges(transfers: Transfers, *pairs: tuple[int, int]) -> list[bytes]:
    return transfers.ranges("b", "k", [GetOptions(offset=offset, length=length) for offset, length in pairs])


def test_ranges_come_in_their_order() -> None:
    """Overlapping, repeated, cut at the end."""
    client = DictClient()
    transfers = _transfers(client)
    _put(client, b"0123456789")
    assert _ranges(transfers, (8, 100), (0, 2), (1, 3), (0, 2)) == [b"89", b"01", b"123", b"01"]
    assert transfers.ranges("b", "k", []) == []
    transfers.close()


def test_ranges_are_of_one_version() -> None:
    """An object that is replaced between them is an error."""

    class Replaced(DictClient):
        def _body(self, content: bytes) -> io.BytesIO:
            _put(self, b"9876543210")
            return super()._body(content)

    client = Replaced()
    transfers = _transfers(client)
    _put(client, b"0123456789")
    with pytest.raises((PreconditionFailed, IntegrityError)):
        _ranges(transfers, (0, 2), (2, 2))
    transfers.close()


def test_many_ranges_stay_below_the_concurrency() -> None:
    """Threads are limited, results are not."""
    client = DictClient()
    transfers = _transfers(client, max_concurrency=2)
    _put(client, CONTENT)
    pairs = [(offset, 10) for offset in range(0, 2000, 10)]
    assert b"".join(_ranges(transfers, *pairs)) == CONTENT[:2000]
    transfers.close()


# copies

SOURCE = PutOptions(
    content_type="text/plain",
    metadata={"a": "b"},
    storage_class="COLD",
    cache_control="no-store",
    content_disposition="attachment",
    content_encoding="gzip",
    content_language="de",
)
FIELDS = (
    "content_type",
    "metadata",
    "storage_class",
    "cache_control",
    "content_disposition",
    "content_encoding",
    "content_language",
)


def _options_of(client: DictClient, key: str) -> dict[str, Any]:
    found = client.head_object("b", key, GetOptions())
    return {name: getattr(found, name) for name in FIELDS}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"content_type": None, "metadata": None},
        {"content_type": "image/png"},
        {"metadata": {"c": "d"}},
        {"metadata": {}},
        {"storage_class": "HOT"},
        {"cache_control": "no-cache"},
        {"content_language": "en", "content_encoding": "br", "storage_class": "HOT"},
    ],
)
@pytest.mark.parametrize("size", [10, PART + 1])
@pytest.mark.parametrize("target", ["l", "k"])
def test_a_copy_keeps_what_is_not_replaced(changes: Any, size: int, target: str) -> None:
    """In one request or in parts, to another key or onto itself."""
    client = PartsClient()
    transfers = _transfers(client)
    _put(client, CONTENT[:size], options=SOURCE)
    done = transfers.copy("b", "k", "b", target, changes)
    expected = {name: getattr(SOURCE, name) for name in FIELDS}
    expected |= {name: value for name, value in changes.items() if value is not None}
    assert _options_of(client, target) == expected
    assert _stored(client, target) == CONTENT[:size]
    assert (done.key, done.size, done.etag) == (target, size, client.buckets["b"][target].etag)
    assert client.calls.count("upload_part_copy") == (2 if size > PART else 0)
    transfers.close()


@pytest.mark.parametrize(("size", "parts"), [(PART, 0), (PART + 1, 2), (2 * PART + 1, 3)])
def test_a_copy_over_the_threshold_goes_in_parts(size: int, parts: int) -> None:
    """At the exact boundary."""
    client = PartsClient()
    transfers = _transfers(client)
    _put(client, CONTENT[:size])
    transfers.copy("b", "k", "b", "l", {})
    assert client.calls.count("upload_part_copy") == parts
    assert client.calls.count("copy_object") == (0 if parts else 1)
    assert _stored(client, "l") == CONTENT[:size]
    assert client.uploads == {}
    transfers.close()


def test_a_copy_of_a_missing_object_starts_nothing() -> None:
    """The error names the source."""
    client = PartsClient()
    client.create_bucket("b")
    with pytest.raises(ObjectNotFound) as caught:
        _transfers(client).copy("b", "missing", "b", "l", {})
    assert caught.value.key == "missing"
    assert client.calls == ["create_bucket", "head_object"]


@pytest.mark.parametrize("size", [10, PART + 1])
def test_a_copy_of_an_object_that_is_replaced_meanwhile_leaves_nothing(size: int) -> None:
    """The copy would have the options of one version and the content of another."""

    class Replaced(PartsClient):
        def head_object(self, bucket: str, key: str, options: GetOptions) -> ObjectMetadata:
            found = super().head_object(bucket, key, options)
            _put(self, CONTENT[:size])
            return found

    client = Replaced()
    transfers = _transfers(client)
    _put(client, CONTENT[:size])
    with pytest.raises(PreconditionFailed):
        transfers.copy("b", "k", "b", "l", {})
    assert "l" not in client.buckets["b"]
    assert client.uploads == {}
    transfers.close()


def test_a_move_deletes_the_source() -> None:
    """After the copy was seen."""
    client = DictClient()
    transfers = _transfers(client)
    _put(client, b"content")
    client.calls.clear()
    transfers.move("b", "k", "b", "l", {})
    assert client.calls == ["head_object", "copy_object", "head_object", "delete_object"]
    assert set(client.buckets["b"]) == {"l"}


@pytest.mark.parametrize("fault", ["copy", "verify", "delete"])
def test_a_move_that_fails_keeps_the_source(fault: str) -> None:
    """Wherever it ends."""

    class Failing(DictClient):
        def copy_object(self, *args: Any) -> ObjectMetadata:
            if fault == "copy":
                raise VendorError("AccessDenied", 403)
            done = super().copy_object(*args)
            if fault == "verify":
                _put(self, b"another", "l")
            return done

        def delete_object(self, bucket: str, key: str) -> Any:
            raise VendorError("AccessDenied", 403)

    client = Failing()
    transfers = _transfers(client)
    _put(client, b"content")
    with pytest.raises(IntegrityError if fault == "verify" else AccessDenied) as caught:
        transfers.move("b", "k", "b", "l", {})
    assert isinstance(caught.value, ObjectStoreError)
    assert caught.value.framework == "memory"
    assert _stored(client) == b"content"


def test_a_move_onto_itself_keeps_the_object() -> None:
    """With what was changed."""
    client = DictClient()
    transfers = _transfers(client)
    _put(client, b"content", options=SOURCE)
    transfers.move("b", "k", "b", "k", {"content_type": "image/png"})
    assert _stored(client) == b"content"
    assert _options_of(client, "k")["content_type"] == "image/png"
    assert _options_of(client, "k")["metadata"] == {"a": "b"}

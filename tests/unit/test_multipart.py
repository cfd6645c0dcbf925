"""Tests of uploads that end early, and of files that change meanwhile: nothing is left."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from data_store.object_store.body import Source
from data_store.object_store.errors import (
    AccessDenied,
    BucketNotFound,
    IntegrityError,
    StoreClosed,
)
from data_store.object_store.models import ObjectMetadata, PartInfo, PartOptions
from data_store.object_store.transfer import Transfers
from tests.unit.dict_client import DictClient, PartsClient, VendorError, configuration
from tests.unit.transfer_support import (
    CLIENTS,
    CONTENT,
    NO_OPTIONS,
    PART,
    MineError,
    file_of,
    nothing_is_left,
    stored_content,
    transfers_of,
    upload_as,
    upload_way,
)

# what ends an upload early


class FailingClient(PartsClient):
    """Part ``fails`` raises ``failure``."""

    fails = 2
    failure: BaseException = VendorError("AccessDenied", 403)

    def upload_part(
        self, bucket: str, key: str, upload_id: str, part_number: int, body: Source, options: PartOptions
    ) -> PartInfo:
        """Fail, or store the part."""
        if part_number == self.fails:
            raise self.failure
        return super().upload_part(bucket, key, upload_id, part_number, body, options)


@pytest.mark.parametrize("fails", [1, 2, 3])
@pytest.mark.parametrize("way", ["file", "pipe"])
@pytest.mark.parametrize("failure", [VendorError("AccessDenied", 403), KeyboardInterrupt()])
def test_an_upload_that_fails_leaves_nothing(tmp_path: Path, fails: int, way: str, failure: BaseException) -> None:
    """Errors and Ctrl-C abort the multipart upload."""
    client = FailingClient()
    client.fails, client.failure = fails, failure
    expected: type[BaseException] = AccessDenied if isinstance(failure, VendorError) else KeyboardInterrupt
    with pytest.raises(expected):
        upload_as(client, way, tmp_path / "file", CONTENT, NO_OPTIONS)
    assert nothing_is_left(client)
    assert client.calls.count("abort_multipart_upload") == 1


def test_a_ctrl_c_while_parts_are_under_way_leaves_nothing(tmp_path: Path) -> None:
    """The signal arrives in the main thread, which waits for the parts."""

    class Interrupted(PartsClient):
        def _drain(self, body: Source) -> bytes:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            return super()._drain(body)

    client = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        upload_as(client, "file", tmp_path / "file", CONTENT, NO_OPTIONS)
    assert nothing_is_left(client)


def test_completing_that_fails_leaves_nothing() -> None:
    """The parts are dropped."""

    class Incomplete(PartsClient):
        def complete_multipart_upload(self, *args: Any) -> ObjectMetadata:
            raise VendorError("AccessDenied", 403)

    client = Incomplete()
    with pytest.raises(AccessDenied):
        upload_as(client, "bytes", Path(), CONTENT, NO_OPTIONS)
    assert nothing_is_left(client)


@pytest.mark.parametrize(
    "failure", [VendorError("NoSuchUpload", 404), RuntimeError("bug in the adapter"), OSError("network")]
)
def test_an_abort_that_fails_is_logged_and_hides_nothing(failure: Exception, caplog: pytest.LogCaptureFixture) -> None:
    """The first error is the one to know."""

    class Stubborn(FailingClient):
        def abort_multipart_upload(self, bucket: str, key: str, upload_id: str) -> None:
            raise failure

    with caplog.at_level(logging.WARNING, "data_store"), pytest.raises(AccessDenied):
        upload_as(Stubborn(), "bytes", Path(), CONTENT, NO_OPTIONS)
    (record,) = caplog.records
    assert (record.levelname, record.name) == ("WARNING", "data_store.object_store")
    assert "aborted" in record.getMessage()


@pytest.mark.parametrize("cls", CLIENTS)
@pytest.mark.parametrize("size", [1000, len(CONTENT)])
@pytest.mark.parametrize("way", ["bytes", "pipe", "file"])
def test_an_exception_of_progress_ends_theupload_as(cls: type[DictClient], size: int, way: str, tmp_path: Path) -> None:
    """It comes out as it is, and nothing is left."""
    client = cls()
    transfers = transfers_of(client)
    failure = MineError("enough")
    told: list[int] = []

    def refuse(done: int, _total: int | None) -> None:
        told.append(done)
        raise failure

    with pytest.raises(MineError) as caught:
        upload_way(transfers, way, tmp_path, size, refuse)
    assert caught.value is failure
    assert nothing_is_left(client)
    transfers.close()


@pytest.mark.parametrize("cls", CLIENTS)
@pytest.mark.parametrize("before", [0, 1000, PART + 1])
def test_an_exception_of_the_stream_ends_theupload_as(cls: type[DictClient], before: int) -> None:
    """The caller's own passes as it is, and nothing is left."""
    failure = MineError("disk on fire")

    def chunks() -> Iterator[bytes]:
        yield CONTENT[:before]
        raise failure

    client = cls()
    transfers = transfers_of(client)
    with pytest.raises(MineError) as caught:
        transfers.upload(chunks(), None, "b", "k", NO_OPTIONS)
    assert caught.value is failure
    assert nothing_is_left(client)
    transfers.close()


def test_a_missing_bucket_starts_nothing(tmp_path: Path) -> None:
    """There is nothing to abort."""
    client = PartsClient()
    transfers = Transfers(client, configuration())
    with pytest.raises(BucketNotFound):
        transfers.upload_file(file_of(tmp_path, len(CONTENT)), "b", "k", NO_OPTIONS)
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
    transfers = transfers_of(client, max_concurrency=1)
    path = file_of(tmp_path, len(CONTENT))
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
    assert [type(error) for error in ended] == [StoreClosed] or stored_content(client) == CONTENT
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
    path = file_of(tmp_path, size)

    class Changing(PartsClient):
        def _drain(self, body: Source) -> bytes:
            change(path)
            return super()._drain(body)

    client = Changing()
    transfers = transfers_of(client)
    with pytest.raises(IntegrityError) as caught:
        transfers.upload_file(path, "b", "k", NO_OPTIONS)
    assert caught.value.key == "k"
    assert nothing_is_left(client)
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
    transfers = transfers_of(client)
    transfers.upload_file(tmp_path / "pipe", "b", "k", NO_OPTIONS)
    writer.join(10)
    transfers.close()
    assert stored_content(client) == CONTENT[:size]


@pytest.mark.parametrize(
    ("name", "expected"), [("missing", FileNotFoundError), (".", IsADirectoryError), ("file/below", NotADirectoryError)]
)
def test_errors_of_the_callers_file_stay_what_they_are(tmp_path: Path, name: str, expected: type[OSError]) -> None:
    """And nothing is sent."""
    file_of(tmp_path, 1)
    client = PartsClient()
    with pytest.raises(expected):
        transfers_of(client).upload_file(tmp_path / name, "b", "k", NO_OPTIONS)
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
    transfers = transfers_of(client)
    upload_way(transfers, way, tmp_path, size, progress)
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
    transfers = transfers_of(Twice())
    transfers.upload_file(file_of(tmp_path, len(CONTENT)), "b", "k", NO_OPTIONS, lambda done, _: told.append(done))
    transfers.close()
    assert told == sorted(set(told))
    assert told[-1] == len(CONTENT)

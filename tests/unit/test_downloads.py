"""Downloads that several connections share."""

from __future__ import annotations

import io
import itertools
import os
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from data_store.object_store.body import Source
from data_store.object_store.downloads import Downloads
from data_store.object_store.errors import (
    AccessDenied,
    ConnectionFailed,
    IntegrityError,
    ObjectStoreError,
    StoreClosed,
    UnsupportedOperation,
)
from data_store.object_store.executor import Executor
from data_store.object_store.models import GetOptions, Object, ObjectMetadata, Progress, SseCustomer
from tests.unit.dict_client import MIB, DictClient, VendorError
from tests.unit.transfer_support import MineError, put

CONTENT = os.urandom(30 * MIB)
OTHER = CONTENT[1:] + b"x"
ATTEMPTS = 3
_PATIENCE = 10.0


class _Slow(io.BytesIO):
    """The stream: from its third piece on, each waits for another connection's, the first time as long as it takes."""

    def __init__(self, content: bytes, others: threading.Semaphore) -> None:
        super().__init__(content)
        self._others = others
        self._patience = _PATIENCE

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() >= 3 * MIB and self._patience:
            came = self._others.acquire(timeout=self._patience)
            self._patience = 0.05 if came else 0.0
        return super().read(size)

    def readinto(self, buffer: Any, /) -> int:
        chunk = self.read(len(buffer))
        buffer[: len(chunk)] = chunk
        return len(chunk)


class SharedClient(DictClient):
    """Its streams are slow as long as there are other connections."""

    is_remote = True
    algorithm: str | None = "crc32c"
    slow = True

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[GetOptions] = []
        self.others = threading.Semaphore(0)

    def get_object(self, bucket: str, key: str, options: GetOptions) -> Object:
        """Return an object; what is asked for is noted."""
        self.asked.append(options)
        if options.offset is not None:
            self.on_block(options)
        return super().get_object(bucket, key, options)

    @property
    def blocks(self) -> list[GetOptions]:
        """What the other connections asked for."""
        return [each for each in self.asked if each.offset is not None]

    def on_block(self, options: GetOptions) -> None:
        """Let the stream go on; faults happen here."""
        self.others.release()

    def _body(self, content: bytes) -> io.BytesIO:
        if len(content) == len(CONTENT) and self.slow:
            return _Slow(content, self.others)
        return self._block(content)

    def _block(self, content: bytes) -> io.BytesIO:
        return io.BytesIO(content)

    def _checksums(self, content: bytes) -> dict[str, str] | None:
        if self.algorithm is None:
            return None
        return {self.algorithm: Source(io.BytesIO(content), len(content)).digest(self.algorithm).hex()}


def _ticking() -> Callable[[], float]:
    """Return a clock that goes on by 0.3 seconds whenever it is looked at."""
    return partial(next, itertools.count(0.0, 0.3))


@pytest.fixture
def executor() -> Iterator[Executor]:
    """An executor of four threads, which are gone afterwards."""
    before = set(threading.enumerate())
    made = Executor(4)
    yield made
    made.close()
    assert set(threading.enumerate()) <= before


def _stored(client: SharedClient) -> ObjectMetadata:
    return put(client, CONTENT)


def _download(
    client: SharedClient, executor: Executor, path: Path, progress: Progress | None = None, **options: Any
) -> ObjectMetadata:
    downloads = Downloads(client, executor, ATTEMPTS, _ticking())
    return downloads.file("b", "k", path, progress, GetOptions(**options))


def _failing(
    client: SharedClient,
    executor: Executor,
    tmp_path: Path,
    expected: type[BaseException],
    progress: Progress | None = None,
) -> BaseException:
    _stored(client)
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(expected) as caught:
        _download(client, executor, tmp_path / "file", progress)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_bytes() == b"old"
    assert all(body.closed for body in client.bodies)
    return caught.value


@pytest.mark.parametrize("algorithm", ["crc32c", "crc64nvme", None])
def test_a_download_that_is_shared_is_the_object(tmp_path: Path, executor: Executor, algorithm: str | None) -> None:
    """With and without a digest; every connection has gone back, and nothing lies beside the file."""
    client = SharedClient()
    client.algorithm = algorithm
    _stored(client)
    done = _download(client, executor, tmp_path / "file")
    assert done == client.head_object("b", "k", GetOptions())
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert client.blocks
    assert all(body.closed for body in client.bodies)


def test_every_connection_reads_the_same_version_with_the_same_key(tmp_path: Path, executor: Executor) -> None:
    """Pinned to the ETag that the first found."""
    client, key = SharedClient(), SseCustomer(bytes(32))
    etag = _stored(client).etag
    _download(client, executor, tmp_path / "file", version="v1", encryption=key)
    assert {(each.version, each.encryption, each.if_match) for each in client.blocks} == {("v1", key, etag)}


def test_progress_of_a_shared_download_is_one_rising_count(tmp_path: Path, executor: Executor) -> None:
    """Told by one thread at a time, to the end."""
    client, told, inside = SharedClient(), list[tuple[int, int | None]](), threading.Lock()
    _stored(client)

    def progress(done: int, total: int | None) -> None:
        assert inside.acquire(blocking=False)
        told.append((done, total))
        inside.release()

    _download(client, executor, tmp_path / "file", progress)
    assert client.blocks
    assert told == sorted(set(told))
    assert told[-1] == (len(CONTENT), len(CONTENT))


def test_no_connection_has_more_than_one_buffer(tmp_path: Path, executor: Executor) -> None:
    """Of 1 MiB, however large a block is."""
    sizes = list[int]()

    class Measuring(io.BytesIO):
        def readinto(self, buffer: Any, /) -> int:
            sizes.append(len(buffer))
            return super().readinto(buffer)

    class Client(SharedClient):
        def _block(self, content: bytes) -> io.BytesIO:
            return Measuring(content)

    client = Client()
    _stored(client)
    _download(client, executor, tmp_path / "file")
    assert max(sizes) == MIB
    assert max(each.length or 0 for each in client.blocks) > MIB


class _Breaking(io.BytesIO):
    def readinto(self, buffer: Any, /) -> int:
        if self.tell() >= MIB:
            raise VendorError("Reset")
        return super().readinto(buffer)


class BreakingClient(SharedClient):
    """The first bodies of blocks break behind their first piece."""

    breaks = 2

    def _block(self, content: bytes) -> io.BytesIO:
        self.breaks -= 1
        return _Breaking(content) if self.breaks >= 0 else io.BytesIO(content)


def test_a_block_that_breaks_is_taken_up_again(tmp_path: Path, executor: Executor) -> None:
    """Where it broke, on the same version."""
    client = BreakingClient()
    _stored(client)
    _download(client, executor, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert client.breaks < 0


def test_a_block_that_breaks_for_good_ends_the_download(tmp_path: Path, executor: Executor) -> None:
    """With the error; nothing is left, and the old file stays."""
    client = BreakingClient()
    client.breaks = 1000
    _failing(client, executor, tmp_path, ConnectionFailed)


class ReplacedClient(SharedClient):
    """The object is replaced when the second connection asks for it."""

    def on_block(self, options: GetOptions) -> None:
        """Replace it."""
        put(self, OTHER)
        super().on_block(options)


class CarelessClient(ReplacedClient):
    """Its server ignores If-Match."""

    @staticmethod
    def _check_reading(found: Any, options: GetOptions) -> None:
        return


class WholeClient(SharedClient):
    """Its server ignores Range."""

    def get_object(self, bucket: str, key: str, options: GetOptions) -> Object:
        """Return all of it."""
        if options.offset is not None:
            self.on_block(options)
        return super().get_object(bucket, key, GetOptions())


@pytest.mark.parametrize("client_class", [ReplacedClient, CarelessClient, WholeClient])
def test_two_versions_are_never_mixed(tmp_path: Path, executor: Executor, client_class: type[SharedClient]) -> None:
    """Nor what is no such range: the error says where, and the old file stays."""
    error = _failing(client_class(), executor, tmp_path, IntegrityError)
    assert isinstance(error, IntegrityError)
    assert "replaced" in error.reason
    assert (error.operation, error.bucket, error.key, error.framework) == ("get_object", "b", "k", "memory")


def test_a_block_that_is_damaged_is_found(tmp_path: Path, executor: Executor) -> None:
    """By the digest of the whole, put together from those of the blocks; nobody was told that all is there."""
    told = list[int]()

    class Damaging(SharedClient):
        def _block(self, content: bytes) -> io.BytesIO:
            return io.BytesIO(content[:-1] + bytes([content[-1] ^ 1]))

    error = _failing(Damaging(), executor, tmp_path, IntegrityError, lambda done, _: told.append(done))
    assert "crc32c" in str(error)
    assert 0 < max(told) < len(CONTENT)


def test_a_stream_that_is_damaged_is_found(tmp_path: Path, executor: Executor) -> None:
    """Though it ends before its end."""

    class Damaging(SharedClient):
        def _body(self, content: bytes) -> io.BytesIO:
            return super()._body(bytes([content[0] ^ 1]) + content[1:] if len(content) == len(CONTENT) else content)

    client = Damaging()
    _failing(client, executor, tmp_path, IntegrityError)
    assert client.blocks


def test_an_error_of_a_block_ends_the_download(tmp_path: Path, executor: Executor) -> None:
    """It comes out as it is."""

    class Refusing(SharedClient):
        def on_block(self, options: GetOptions) -> None:
            super().on_block(options)
            raise VendorError("AccessDenied", 403)

    _failing(Refusing(), executor, tmp_path, AccessDenied)


class FullClient(SharedClient):
    """There is no second connection, as long as the first is in use."""

    for_good = False

    def on_block(self, options: GetOptions) -> None:
        """Refuse the connection."""
        super().on_block(options)
        if self.for_good or not self.bodies[0].closed:
            raise VendorError("Reset")


def test_a_connection_that_cannot_be_had_does_no_harm(tmp_path: Path, executor: Executor) -> None:
    """What it would have read is read by the first one."""
    client = FullClient()
    _stored(client)
    _download(client, executor, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert client.blocks


class NoRangeClient(SharedClient):
    """Its server answers with the whole object whatever range is asked for, which the adapters refuse."""

    def on_block(self, options: GetOptions) -> None:
        """Refuse what came."""
        super().on_block(options)
        raise UnsupportedOperation("the server answered with another range than the one asked for", status=200)


def test_a_server_that_ignores_ranges_is_read_as_one_stream(tmp_path: Path, executor: Executor) -> None:
    """It is asked for few of them, and all bytes come over the first connection."""
    client = NoRangeClient()
    _stored(client)
    _download(client, executor, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert 0 < len(client.blocks) <= executor.max_concurrency
    assert len(client.bodies) == 1
    assert client.bodies[0].closed


class LateNoRangeClient(SharedClient):
    """Its server does, too, and takes its time to say so: until the stream is over."""

    def on_block(self, options: GetOptions) -> None:
        """Wait for the end of the stream, then refuse."""
        super().on_block(options)
        until = time.monotonic() + 10
        while not self.bodies[0].closed and time.monotonic() < until:
            time.sleep(0.001)
        raise UnsupportedOperation("the server answered with another range than the one asked for", status=200)


def test_a_server_that_says_late_that_it_ignores_ranges_is_read_anew(tmp_path: Path, executor: Executor) -> None:
    """As one stream; who is told how far it is sees no step back."""
    client, told = LateNoRangeClient(), list[int]()
    _stored(client)
    _download(client, executor, tmp_path / "file", lambda done, _: told.append(done))
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert len(client.bodies) == 2
    assert told == sorted(told)
    assert told[-1] == len(CONTENT)


@pytest.mark.parametrize("failure", [MineError, KeyboardInterrupt])
def test_an_interrupted_task_leaves_the_old_file(
    failure: type[BaseException], tmp_path: Path, executor: Executor
) -> None:
    """What another connection's thread raises comes out of the call."""

    class Interrupted(SharedClient):
        def on_block(self, options: GetOptions) -> None:
            super().on_block(options)
            raise failure

    _failing(Interrupted(), executor, tmp_path, failure)


@pytest.mark.parametrize("failure", [MineError, KeyboardInterrupt])
def test_the_progress_is_told_in_the_callers_thread(
    failure: type[BaseException], tmp_path: Path, executor: Executor
) -> None:
    """Without a lock, so that a callback may call the store; what it raises comes out of the call."""
    told = []

    def refuse(done: int, _total: int | None) -> None:
        told.append(threading.get_ident())
        if done > 4 * MIB:
            raise failure

    client = SharedClient()
    _failing(client, executor, tmp_path, failure, refuse)
    assert client.blocks
    assert set(told) == {threading.get_ident()}


def test_a_store_that_is_closed_begins_no_further_connection(tmp_path: Path, executor: Executor) -> None:
    """As all transfers: the call says that the store was closed, and the threads end."""
    client, all_closed = SharedClient(), list[bool]()

    def at_end() -> None:
        all_closed.append(all(body.closed for body in client.bodies))

    error = _failing(client, executor, tmp_path, StoreClosed, lambda _done, _total: executor.close(at_end))
    assert isinstance(error, ObjectStoreError)
    assert (error.operation, error.key) == ("get_object", "k")
    assert all_closed == [True]
    assert client.blocks == []


def test_a_failure_ends_the_other_connections(tmp_path: Path, executor: Executor) -> None:
    """They do not read their blocks to the end, and tell no progress any more."""
    begun, failed, pieces, told = threading.Event(), threading.Event(), list[int](), list[int]()

    class Waiting(io.BytesIO):
        def readinto(self, buffer: Any, /) -> int:
            pieces.append(len(buffer))
            if len(pieces) > 1:
                begun.set()
                assert failed.wait(_PATIENCE)
                time.sleep(0.2)  # the failure is on its way through the other thread
            return super().readinto(buffer)

    class Client(SharedClient):
        def _block(self, content: bytes) -> io.BytesIO:
            return Waiting(content)

    def progress(done: int, _total: int | None) -> None:
        told.append(done)
        if threading.current_thread() is threading.main_thread() and done > 4 * MIB:
            assert begun.wait(_PATIENCE)
            failed.set()
            raise MineError

    client = Client()
    _failing(client, executor, tmp_path, MineError, progress)
    assert sum(pieces) < sum(each.length or 0 for each in client.blocks)
    assert told[-1] <= 6 * MIB


def test_a_download_that_is_a_task_itself_stays_one_stream(tmp_path: Path, executor: Executor) -> None:
    """All threads may be waiting for it."""
    client = SharedClient()
    client.slow = False
    _stored(client)
    executor.run([lambda: _download(client, executor, tmp_path / "file")])
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert client.blocks == []


class NoTagClient(SharedClient):
    """Its server tells no ETags."""

    def get_object(self, bucket: str, key: str, options: GetOptions) -> Object:
        """Return an object without an ETag."""
        found = super().get_object(bucket, key, options)
        object.__setattr__(found, "etag", None)
        return found


class NearClient(SharedClient):
    """No network lies between."""

    is_remote = False


class Md5Client(SharedClient):
    """Vouches for a digest that cannot be put together."""

    algorithm = "md5"


@pytest.mark.parametrize("client_class", [NoTagClient, NearClient, Md5Client])
def test_what_cannot_be_verified_or_pinned_stays_one_stream(
    tmp_path: Path, executor: Executor, client_class: type[SharedClient]
) -> None:
    """And what no other connection would bring faster."""
    client = client_class()
    client.slow = False
    _stored(client)
    _download(client, executor, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert client.asked == [GetOptions()]


def test_a_range_stays_one_stream(tmp_path: Path, executor: Executor) -> None:
    """It is read as it was asked for."""
    client = SharedClient()
    _stored(client)
    _download(client, executor, tmp_path / "file", offset=5)
    assert (tmp_path / "file").read_bytes() == CONTENT[5:]
    assert client.asked == [GetOptions(offset=5)]


def test_never_more_connections_than_configured(tmp_path: Path) -> None:
    """The stream is one of them."""
    alone = Executor(1)
    client = SharedClient()
    client.slow = False
    _stored(client)
    _download(client, alone, tmp_path / "file")
    alone.close()
    assert client.asked == [GetOptions()]

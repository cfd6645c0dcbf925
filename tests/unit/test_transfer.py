"""Tests of ``transfer``: resumed downloads, byte ranges, copies; and what is left when they end early."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from data_store.object_store.errors import (
    ConnectionFailed,
    IntegrityError,
    InvalidArgument,
    NotModified,
    ObjectNotFound,
    PreconditionFailed,
)
from data_store.object_store.models import GetOptions, Object, ObjectMetadata, PutOptions, SseCustomer
from data_store.object_store.transfer import Transfers
from tests.unit.dict_client import DictClient, VendorError
from tests.unit.transfer_support import CONTENT, MineError, put, transfers_of

# downloads


class _Breaking(io.BytesIO):
    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() >= 2_000_000:
            raise VendorError("Reset")
        return super().read(size)

    def readinto(self, buffer: Any, /) -> int:
        chunk = self.read(len(buffer))
        buffer[: len(chunk)] = chunk
        return len(chunk)


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
    transfers = transfers_of(client)
    put(client, CONTENT[:size], options=PutOptions(metadata={"a": "b"}))
    done = transfers.download("b", "k", tmp_path / "new" / "file", None, GetOptions())
    assert done == client.head_object("b", "k", GetOptions())
    assert type(done) is ObjectMetadata
    assert (tmp_path / "new" / "file").read_bytes() == CONTENT[:size]
    assert len(list((tmp_path / "new").iterdir())) == 1
    assert client.bodies[0].closed


def test_a_download_that_breaks_is_taken_up_again(tmp_path: Path) -> None:
    """On the same version."""
    client = BreakingClient()
    transfers = transfers_of(client)
    put(client, CONTENT)
    transfers.download("b", "k", tmp_path / "file", None, GetOptions())
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert client.calls.count("get_object") == 2


def _failing_download(tmp_path: Path, client: DictClient, expected: type[BaseException], progress: Any = None) -> None:
    transfers = transfers_of(client)
    put(client, CONTENT)
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(expected):
        transfers.download("b", "k", tmp_path / "file", progress, GetOptions())
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
            put(self, CONTENT[::-1])
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
        transfers_of(client).download("b", "missing", tmp_path / "a" / "file", None, GetOptions())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "expected"), [("dir", IsADirectoryError), ("pipe", InvalidArgument)])
def test_a_target_that_is_no_file_is_refused_before_anything_is_sent(
    tmp_path: Path, name: str, expected: type[Exception]
) -> None:
    """A directory, a pipe."""
    (tmp_path / "dir").mkdir()
    os.mkfifo(tmp_path / "pipe")
    client = DictClient()
    transfers = transfers_of(client)
    put(client, b"content")
    client.calls.clear()
    with pytest.raises(expected):
        transfers.download("b", "k", tmp_path / name, None, GetOptions())
    assert client.calls == []
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_progress_of_a_download_rises_to_the_end(tmp_path: Path) -> None:
    """Through a connection that broke."""
    client = BreakingClient()
    transfers = transfers_of(client)
    put(client, CONTENT)
    told: list[tuple[int, int | None]] = []
    transfers.download("b", "k", tmp_path / "file", lambda done, total: told.append((done, total)), GetOptions())
    assert told == sorted(set(told))
    assert told[-1] == (len(CONTENT), len(CONTENT))


# ranges


def _ranges(transfers: Transfers, *pairs: tuple[int, int]) -> list[bytes]:
    return transfers.ranges("b", "k", [GetOptions(offset=offset, length=length) for offset, length in pairs])


def test_ranges_come_in_their_order() -> None:
    """Overlapping, repeated, cut at the end."""
    client = DictClient()
    transfers = transfers_of(client)
    put(client, b"0123456789")
    assert _ranges(transfers, (8, 100), (0, 2), (1, 3), (0, 2)) == [b"89", b"01", b"123", b"01"]
    assert transfers.ranges("b", "k", []) == []
    transfers.close()


def test_ranges_are_of_one_version() -> None:
    """An object that is replaced between them is an error."""

    class Replaced(DictClient):
        def _body(self, content: bytes) -> io.BytesIO:
            put(self, b"9876543210")
            return super()._body(content)

    client = Replaced()
    transfers = transfers_of(client)
    put(client, b"0123456789")
    with pytest.raises((PreconditionFailed, IntegrityError)):
        _ranges(transfers, (0, 2), (2, 2))
    transfers.close()


def test_many_ranges_stay_below_the_concurrency() -> None:
    """Threads are limited, results are not."""
    client = DictClient()
    transfers = transfers_of(client, max_concurrency=2)
    put(client, CONTENT)
    pairs = [(offset, 10) for offset in range(0, 2000, 10)]
    assert b"".join(_ranges(transfers, *pairs)) == CONTENT[:2000]
    transfers.close()


class AskedClient(DictClient):
    """Notes the options of each GET."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[GetOptions] = []

    def get_object(self, bucket: str, key: str, options: GetOptions) -> Object:
        """Note the options."""
        self.asked.append(options)
        return super().get_object(bucket, key, options)


def test_ranges_are_of_the_version_that_was_asked_for() -> None:
    """Read with its key, and all but the first pinned to the ETag."""
    client, key = AskedClient(), SseCustomer(bytes(32))
    transfers = transfers_of(client)
    etag = put(client, b"0123456789").etag
    asked = [GetOptions(version="v1", encryption=key, offset=offset, length=2) for offset in (0, 4, 8)]
    assert transfers.ranges("b", "k", asked) == [b"01", b"45", b"89"]
    transfers.close()
    assert {(each.version, each.encryption) for each in client.asked} == {("v1", key)}
    assert sorted(str(each.if_match) for each in client.asked) == sorted(["None", str(etag), str(etag)])


@pytest.mark.parametrize(
    ("options", "expected"),
    [(GetOptions(if_match="another"), PreconditionFailed), (GetOptions(if_none_match="*"), NotModified)],
)
def test_a_download_whose_condition_does_not_hold_leaves_the_old_file(
    tmp_path: Path, options: GetOptions, expected: type[Exception]
) -> None:
    """Nothing is written, and nothing lies beside it."""
    client = AskedClient()
    transfers = transfers_of(client)
    put(client, b"content")
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(expected):
        transfers.download("b", "k", tmp_path / "file", None, options)
    assert client.asked == [options]
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]

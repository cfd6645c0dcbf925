"""Tests of ``transfer``: resumed downloads, byte ranges, copies; and what is left when they end early."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from data_store.object_store.body import Source
from data_store.object_store.errors import (
    AccessDenied,
    ConnectionFailed,
    IntegrityError,
    InvalidArgument,
    ObjectNotFound,
    ObjectStoreError,
    PreconditionFailed,
)
from data_store.object_store.models import GetOptions, ObjectMetadata, PutOptions
from data_store.object_store.transfer import Transfers
from tests.unit.dict_client import DictClient, PartsClient, VendorError
from tests.unit.transfer_support import (
    CONTENT,
    NO_OPTIONS,
    PART,
    MineError,
    stored_content,
    transfers_of,
)

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
    transfers = transfers_of(client)
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
    transfers = transfers_of(client)
    _put(client, CONTENT)
    transfers.download("b", "k", tmp_path / "file", None)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert client.calls.count("get_object") == 2


def _failing_download(tmp_path: Path, client: DictClient, expected: type[BaseException], progress: Any = None) -> None:
    transfers = transfers_of(client)
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
        transfers_of(client).download("b", "missing", tmp_path / "a" / "file", None)
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
    _put(client, b"content")
    client.calls.clear()
    with pytest.raises(expected):
        transfers.download("b", "k", tmp_path / name, None)
    assert client.calls == []
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_progress_of_a_download_rises_to_the_end(tmp_path: Path) -> None:
    """Through a connection that broke."""
    client = BreakingClient()
    transfers = transfers_of(client)
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
    transfers = transfers_of(client)
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
    transfers = transfers_of(client)
    _put(client, b"0123456789")
    with pytest.raises((PreconditionFailed, IntegrityError)):
        _ranges(transfers, (0, 2), (2, 2))
    transfers.close()


def test_many_ranges_stay_below_the_concurrency() -> None:
    """Threads are limited, results are not."""
    client = DictClient()
    transfers = transfers_of(client, max_concurrency=2)
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
    transfers = transfers_of(client)
    _put(client, CONTENT[:size], options=SOURCE)
    done = transfers.copy("b", "k", "b", target, changes)
    expected = {name: getattr(SOURCE, name) for name in FIELDS}
    expected |= {name: value for name, value in changes.items() if value is not None}
    assert _options_of(client, target) == expected
    assert stored_content(client, target) == CONTENT[:size]
    assert (done.key, done.size, done.etag) == (target, size, client.buckets["b"][target].etag)
    assert client.calls.count("upload_part_copy") == (2 if size > PART else 0)
    transfers.close()


@pytest.mark.parametrize(("size", "parts"), [(PART, 0), (PART + 1, 2), (2 * PART + 1, 3)])
def test_a_copy_over_the_threshold_goes_in_parts(size: int, parts: int) -> None:
    """At the exact boundary."""
    client = PartsClient()
    transfers = transfers_of(client)
    _put(client, CONTENT[:size])
    transfers.copy("b", "k", "b", "l", {})
    assert client.calls.count("upload_part_copy") == parts
    assert client.calls.count("copy_object") == (0 if parts else 1)
    assert stored_content(client, "l") == CONTENT[:size]
    assert client.uploads == {}
    transfers.close()


def test_a_copy_of_a_missing_object_starts_nothing() -> None:
    """The error names the source."""
    client = PartsClient()
    client.create_bucket("b")
    with pytest.raises(ObjectNotFound) as caught:
        transfers_of(client).copy("b", "missing", "b", "l", {})
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
    transfers = transfers_of(client)
    _put(client, CONTENT[:size])
    with pytest.raises(PreconditionFailed):
        transfers.copy("b", "k", "b", "l", {})
    assert "l" not in client.buckets["b"]
    assert client.uploads == {}
    transfers.close()


def test_a_move_deletes_the_source() -> None:
    """After the copy was seen."""
    client = DictClient()
    transfers = transfers_of(client)
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
    transfers = transfers_of(client)
    _put(client, b"content")
    with pytest.raises(IntegrityError if fault == "verify" else AccessDenied) as caught:
        transfers.move("b", "k", "b", "l", {})
    assert isinstance(caught.value, ObjectStoreError)
    assert caught.value.framework == "memory"
    assert stored_content(client) == b"content"


def test_a_move_onto_itself_keeps_the_object() -> None:
    """With what was changed."""
    client = DictClient()
    transfers = transfers_of(client)
    _put(client, b"content", options=SOURCE)
    transfers.move("b", "k", "b", "k", {"content_type": "image/png"})
    assert stored_content(client) == b"content"
    assert _options_of(client, "k")["content_type"] == "image/png"
    assert _options_of(client, "k")["metadata"] == {"a": "b"}

"""What the embedded store promises beyond the conformance suite: where content lies, and what a change costs."""

from __future__ import annotations

import hashlib
import io
import os
import tracemalloc
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import google_crc32c
import pytest

from data_store.object_store.adapters.embedded.client import LocalClient, MemoryClient
from data_store.object_store.adapters.embedded.receiving import INLINE_LIMIT
from data_store.object_store.body import Source
from data_store.object_store.errors import (
    BucketNotFound,
    IntegrityError,
    NotModified,
    ObjectNotFound,
    PreconditionFailed,
    RangeNotSatisfiable,
)
from data_store.object_store.models import (
    BucketOptions,
    CopyOptions,
    DeleteOptions,
    GetOptions,
    ListOptions,
    ObjectIdentifier,
    PutOptions,
)
from tests.unit.embedded_support import BUCKET, LARGE, files, local, of, put, read, with_bucket

SIZES = [0, 1, INLINE_LIMIT, INLINE_LIMIT + 1, LARGE]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[LocalClient]:
    """A store with an empty bucket in a directory."""
    with with_bucket(local(tmp_path)) as made:
        yield made


@pytest.fixture(params=["local", "memory"])
def client(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LocalClient | MemoryClient]:
    """A store with an empty bucket, in a directory and in memory."""
    with with_bucket(of(request.param, tmp_path)) as made:
        yield made


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("size", SIZES)
def test_content_of_any_size_comes_back_with_its_md5(
    client: LocalClient | MemoryClient, size: int, known: bool
) -> None:
    """On both sides of the limit, from a stream that cannot seek, its length known or not."""
    data = os.urandom(size)
    stream = io.BytesIO(data)
    stream.seekable = lambda: False  # type: ignore[method-assign]  # a pipe, say
    written = client.put_object(BUCKET, "key", Source(stream, size if known else None), PutOptions())
    assert read(client, "key") == data
    assert (written.size, written.etag) == (size, hashlib.md5(data).hexdigest())
    assert written.checksums == {"md5": written.etag, "crc32c": f"{google_crc32c.value(data):08x}"}


@pytest.mark.parametrize(("size", "count"), [*zip(SIZES, [0, 0, 0, 1, 1], strict=True)])
def test_only_content_over_the_limit_is_a_file_and_never_named_by_its_key(
    disk: LocalClient, tmp_path: Path, size: int, count: int
) -> None:
    """A key that looks like a path touches nothing but a row."""
    put(disk, "../../../climber", bytes(size))
    assert files(tmp_path) == {"content": count, "temp": 0, "pending": 0}
    assert not list(tmp_path.parent.rglob("climber"))


def test_replacing_and_deleting_collect_the_content(disk: LocalClient, tmp_path: Path) -> None:
    """Large by large, by small, and deleted alone or with others: no file stays."""
    for number in range(3):
        put(disk, f"key-{number}", bytes(LARGE))
    put(disk, "key-0", bytes(LARGE + 1))
    assert files(tmp_path)["content"] == 3
    put(disk, "key-0", b"small")
    assert files(tmp_path)["content"] == 2
    disk.delete_objects(BUCKET, [ObjectIdentifier(key) for key in ("key-1", "missing", "key-1", "key-2")])
    assert files(tmp_path) == {"content": 0, "temp": 0, "pending": 0}
    assert rows(disk, "contents") == 1


@pytest.mark.parametrize("size", [10, LARGE])
def test_a_copy_shares_the_content_until_the_last_object_of_it_goes(
    disk: LocalClient, tmp_path: Path, size: int
) -> None:
    """Neither deleting the source nor replacing a copy changes another copy."""
    put(disk, "source", b"1" * size)
    disk.copy_object(BUCKET, "source", BUCKET, "first", CopyOptions())
    disk.copy_object(BUCKET, "first", BUCKET, "second", CopyOptions())
    assert rows(disk, "contents") == 1
    disk.delete_object(BUCKET, "source", DeleteOptions())
    put(disk, "first", b"2" * size)
    assert (read(disk, "first"), read(disk, "second")) == (b"2" * size, b"1" * size)
    disk.delete_objects(BUCKET, [ObjectIdentifier("first"), ObjectIdentifier("second")])
    assert rows(disk, "contents") == 0
    assert files(tmp_path)["content"] == 0


@pytest.mark.parametrize("size", [10, LARGE])
def test_a_copy_onto_itself_keeps_the_content(client: LocalClient | MemoryClient, size: int) -> None:
    """Only what it is stored with is replaced, and twice does no harm."""
    put(client, "key", b"1" * size, PutOptions(content_type="text/plain", metadata={"a": "1"}))
    for value in ("2", "3"):
        client.copy_object(BUCKET, "key", BUCKET, "key", CopyOptions(replace=True, metadata={"a": value}))
    found = client.head_object(BUCKET, "key", GetOptions())
    assert (found.metadata, found.content_type) == ({"a": "3"}, "application/octet-stream")
    assert read(client, "key") == b"1" * size


def test_a_copy_takes_over_what_the_source_is_stored_with(client: LocalClient | MemoryClient) -> None:
    """All but the storage class, which is as given; the source's ETag is checked."""
    options = PutOptions(
        content_type="text/plain",
        metadata={"name": " wört "},
        storage_class="STANDARD_IA",
        cache_control="no-store",
        content_disposition="inline",
        content_encoding="gzip",
        content_language="de",
    )
    etag = put(client, "key", b"1", options).etag
    client.copy_object(BUCKET, "key", BUCKET, "copy", CopyOptions(source_etag=etag))
    source, copy = (client.head_object(BUCKET, key, GetOptions()) for key in ("key", "copy"))
    for name in ("content_type", "metadata", "cache_control", "content_disposition", "content_encoding"):
        assert getattr(copy, name) == getattr(source, name) == getattr(options, name)
    assert (source.storage_class, copy.storage_class, copy.content_language) == ("STANDARD_IA", None, "de")
    with pytest.raises(PreconditionFailed):
        client.copy_object(BUCKET, "key", BUCKET, "other", CopyOptions(source_etag="other"))


def test_a_copy_says_which_of_its_parts_is_missing(client: LocalClient | MemoryClient) -> None:
    """The error names the source where that is missing, and the target bucket where that is."""
    put(client, "key", b"1")
    with pytest.raises(ObjectNotFound) as caught:
        client.copy_object(BUCKET, "missing", BUCKET, "copy", CopyOptions())
    assert (caught.value.bucket, caught.value.key) == (BUCKET, "missing")
    for source, target in (("missing", BUCKET), (BUCKET, "missing")):
        with pytest.raises(BucketNotFound) as failed:
            client.copy_object(source, "key", target, "copy", CopyOptions())
        assert failed.value.bucket == "missing"


@pytest.mark.parametrize("size", [10, LARGE])
@pytest.mark.parametrize(
    ("offset", "length", "first", "last"),
    [(0, 1, 0, 1), (3, 4, 3, 7), (3, None, 3, None), (None, 4, 0, 4), (-3, None, -3, None), (-(10**9), None, 0, None)],
)
def test_a_range_is_a_slice(
    client: LocalClient | MemoryClient, size: int, offset: int | None, length: int | None, first: int, last: int | None
) -> None:
    """From rows and from files alike; a suffix longer than the object is all of it."""
    data = os.urandom(size)
    put(client, "key", data)
    found = client.get_object(BUCKET, "key", GetOptions(offset=offset, length=length))
    expected = data[first:last]
    assert (found.size, found.content_length, found.read()) == (size, len(expected), expected)


@pytest.mark.parametrize(
    ("size", "options"),
    [
        (10, GetOptions(offset=10)),
        (LARGE, GetOptions(offset=LARGE + 1, length=1)),
        (0, GetOptions(offset=0)),
        (0, GetOptions(offset=-1)),
        (0, GetOptions(length=1)),
    ],
)
def test_a_range_that_begins_behind_the_end_is_refused(
    client: LocalClient | MemoryClient, size: int, options: GetOptions
) -> None:
    """An empty object has no byte to begin with, for a suffix neither."""
    put(client, "key", bytes(size))
    with pytest.raises(RangeNotSatisfiable):
        client.get_object(BUCKET, "key", options)


def test_conditions_of_reads_hold_for_get_and_head(client: LocalClient | MemoryClient) -> None:
    """If-Match and If-None-Match; a condition comes before a range."""
    etag = put(client, "key", b"1").etag
    for read_it in (client.get_object, client.head_object):
        assert read_it(BUCKET, "key", GetOptions(if_match=etag, if_none_match="other")).etag == etag
        with pytest.raises(PreconditionFailed):
            read_it(BUCKET, "key", GetOptions(if_match="other", offset=5))
        for value in (etag, "*"):
            with pytest.raises(NotModified):
                read_it(BUCKET, "key", GetOptions(if_none_match=value))


@pytest.mark.parametrize("size", [10, LARGE])
@pytest.mark.parametrize(
    "options",
    [
        PutOptions(if_none_match="*"),
        PutOptions(if_match="other"),
        PutOptions(content_md5=b64encode(b"0" * 16).decode()),
    ],
)
def test_a_write_that_is_refused_changes_nothing(
    disk: LocalClient, tmp_path: Path, size: int, options: PutOptions
) -> None:
    """A condition or a digest that does not hold: the old object stays, no file of the new one does."""
    put(disk, "key", b"1" * LARGE)
    with pytest.raises((PreconditionFailed, IntegrityError)):
        put(disk, "key", b"2" * size, options)
    assert read(disk, "key") == b"1" * LARGE
    assert files(tmp_path) == {"content": 1, "temp": 0, "pending": 0}


def test_if_match_of_a_missing_object_fails(client: LocalClient | MemoryClient) -> None:
    """PreconditionFailed, not ObjectNotFound."""
    with pytest.raises(PreconditionFailed):
        put(client, "key", b"1", PutOptions(if_match="etag"))


def test_a_stream_is_stored_and_read_in_constant_memory(disk: LocalClient) -> None:
    """64 MB of unknown length take less than 8 MB, up and down."""

    class Zeros(io.RawIOBase):
        left = 64_000_000

        def read(self, size: int = -1, /) -> bytes:
            chunk = bytes(min(size, self.left))
            self.left -= len(chunk)
            return chunk

    tracemalloc.start()
    disk.put_object(BUCKET, "key", Source(Zeros(), None), PutOptions())
    body, length = disk.get_object(BUCKET, "key", GetOptions()).body, 0
    while chunk := body.read(1_000_000):
        length += len(chunk)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert length == 64_000_000
    assert peak < 8_000_000


@pytest.mark.parametrize(("durability", "synchronous", "synced"), [("full", 2, 3), ("relaxed", 1, 0)])
def test_durability_decides_what_is_synced(
    tmp_path: Path, durability: str, synchronous: int, synced: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Full: SQLite's FULL, and a large PUT into a new directory syncs the file and two directories. Else NORMAL."""
    calls: list[int] = []
    client = local(tmp_path, durability)
    client.create_bucket(BUCKET, BucketOptions())
    with client._database.read() as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (synchronous,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    monkeypatch.setattr(os, "fsync", calls.append)
    put(client, "key", bytes(LARGE))
    assert len(calls) == synced
    client.close()


def test_a_relative_root_stays_where_it_was_when_the_process_moves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The root is resolved when the client is made."""
    monkeypatch.chdir(tmp_path)
    client = local(Path("store"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    client.create_bucket(BUCKET, BucketOptions())
    put(client, "key", bytes(LARGE))
    assert files(tmp_path / "store")["content"] == 1
    assert client.list_page(BUCKET, "", ListOptions()).objects[0].size == LARGE
    client.close()


def rows(client: LocalClient, table: str) -> int:
    """Return how many rows a table has."""
    with client._database.read() as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

"""Tests of ``uploads`` and ``multipart``: one PUT or parts, conditions, digests, lengths."""

from __future__ import annotations

import base64
import hashlib
import io
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data_store.object_store.body import SMALL_BODY, Source
from data_store.object_store.errors import (
    IntegrityError,
    InvalidArgument,
    PreconditionFailed,
    UnsupportedOperation,
)
from data_store.object_store.models import GetOptions, ObjectMetadata, PutOptions
from tests.unit.dict_client import DictClient, PartsClient, StreamClient
from tests.unit.transfer_support import (
    CLIENTS,
    CONTENT,
    NO_OPTIONS,
    PART,
    Pipe,
    file_of,
    nothing_is_left,
    stored_content,
    transfers_of,
    upload_as,
)

# the plan


@pytest.mark.parametrize(
    ("size", "parts"),
    [(0, []), (1, []), (PART, []), (PART + 1, [PART, 1]), (2 * PART, [PART, PART]), (2 * PART + 1, [PART, PART, 1])],
)
@pytest.mark.parametrize("way", ["file", "seekable", "unseekable", "unknown"])
def test_what_is_longer_than_the_threshold_goes_in_parts(tmp_path: Path, size: int, parts: list[int], way: str) -> None:
    """At the exact boundary; all parts but the last are equally long, and together they are the content."""
    client = PartsClient()
    transfers = transfers_of(client)
    content = CONTENT[:size]
    if way == "file":
        done = transfers.upload_file(file_of(tmp_path, size), "b", "k", NO_OPTIONS)
    else:
        data = io.BytesIO(content) if way == "seekable" else Pipe(content)
        done = transfers.upload(data, None if way == "unknown" else size, "b", "k", NO_OPTIONS)
    assert client.part_sizes == parts
    assert client.calls.count("put_object") == (0 if parts else 1)
    assert stored_content(client) == content
    assert (done.key, done.size, done.etag) == ("k", size, client.buckets["b"]["k"].etag)
    assert client.uploads == {}
    transfers.close()


@pytest.mark.parametrize("cls", [DictClient, StreamClient])
@pytest.mark.parametrize("known", [True, False])
def test_a_framework_without_parts_gets_one_put(cls: type[DictClient], known: bool) -> None:
    """A stream that cannot seek is spooled where the framework does not take it."""
    client = cls()
    done = transfers_of(client).upload(Pipe(CONTENT), len(CONTENT) if known else None, "b", "k", NO_OPTIONS)
    assert stored_content(client) == CONTENT
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
    transfers_of(client).upload(iter([b"ab", b"", b"cd"]), None, "b", "k", NO_OPTIONS)
    assert stored_content(client) == b"abcd"
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
        transfers = transfers_of(client)
        transfers.upload(data, None, "b", "k", NO_OPTIONS)
        transfers.upload_file(file_of(tmp_path, len(CONTENT)), "b", "f", NO_OPTIONS)
        assert stored_content(client, "f") == CONTENT
        transfers.close()
    assert all(source.size is not None and source.seekable() for source in sources)


@pytest.mark.parametrize(("size", "checksum"), [(SMALL_BODY, None), (SMALL_BODY + 1, "crc32c")])
@pytest.mark.parametrize("way", ["file", "stream"])
def test_what_is_no_small_body_has_the_checksum_of_the_client(
    tmp_path: Path, size: int, checksum: str | None, way: str
) -> None:
    """Small bodies are protected by clients in their own way."""

    class Protecting(PartsClient):
        upload_checksum = "crc32c"
        asked: str | None = "nobody"

        def put_object(self, bucket: str, key: str, body: Source, options: PutOptions) -> ObjectMetadata:
            self.asked = options.checksum
            return super().put_object(bucket, key, body, options)

    client = Protecting()
    transfers = transfers_of(client)
    if way == "file":
        transfers.upload_file(file_of(tmp_path, size), "b", "k", NO_OPTIONS)
    else:
        transfers.upload(io.BytesIO(CONTENT[:size]), size, "b", "k", NO_OPTIONS)
    assert client.asked == checksum


def test_the_options_go_with_the_parts() -> None:
    """The object that is completed has them."""
    client = PartsClient()
    options = PutOptions(content_type="text/plain", metadata={"a": "b"}, storage_class="COLD")
    transfers = transfers_of(client)
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
    transfers = transfers_of(client, max_concurrency=concurrency)
    path = tmp_path / "file"
    path.write_bytes(CONTENT * 2)
    transfers.upload_file(path, "b", "k", NO_OPTIONS)
    assert client.most == concurrency
    assert stored_content(client) == CONTENT * 2
    transfers.close()


def test_a_stream_that_is_read_once_takes_the_memory_of_a_part() -> None:
    """Not that of the whole, nor of two parts."""

    class Dropping(PartsClient):
        def _drain(self, body: Source) -> bytes:
            while body.read(64 * 1024):
                pass
            return b""

        def complete_multipart_upload(self, *args: Any) -> ObjectMetadata:
            return ObjectMetadata(key="k")

    transfers = transfers_of(Dropping())
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
    """Of a file or a seekable stream, where the server ignores conditions of multipart uploads."""
    client = PartsClient()
    transfers = transfers_of(client)
    uploads: list[Callable[[], object]] = [
        lambda: transfers.upload_file(file_of(tmp_path, len(CONTENT)), "b", "k", options),
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
            assert stored_content(client) == CONTENT
        assert client.calls == ["put_object"]


def test_a_condition_on_a_stream_longer_than_a_part_is_refused() -> None:
    """It can be read once only, and is too long to be held: nothing is stored."""
    client = PartsClient()
    with pytest.raises(UnsupportedOperation, match="condition") as caught:
        transfers_of(client).upload(Pipe(CONTENT), None, "b", "k", PutOptions(if_none_match="*"))
    assert (caught.value.operation, caught.value.bucket, caught.value.key) == ("put_object", "b", "k")
    assert client.calls == []


def test_a_condition_on_a_short_stream_holds() -> None:
    """What fits in a part is one PUT."""
    client = PartsClient()
    transfers = transfers_of(client)
    transfers.upload(Pipe(b"first"), None, "b", "k", PutOptions(if_none_match="*"))
    with pytest.raises(PreconditionFailed):
        transfers.upload(Pipe(b"second"), None, "b", "k", PutOptions(if_none_match="*"))
    assert stored_content(client) == b"first"


def _md5(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content).digest()).decode()


def _sha256(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


@pytest.mark.parametrize("cls", CLIENTS)
@pytest.mark.parametrize("way", ["file", "bytes", "seekable", "pipe", "chunks"])
@pytest.mark.parametrize("size", [0, 1000, PART + 1])
def test_content_with_its_digests_is_stored(cls: type[DictClient], way: str, size: int, tmp_path: Path) -> None:
    """Both, on every way that bytes take."""
    client, content = cls(), CONTENT[:size]
    upload_as(
        client, way, tmp_path / "file", content, PutOptions(content_md5=_md5(content), checksum_sha256=_sha256(content))
    )
    assert stored_content(client) == content


@pytest.mark.parametrize("cls", CLIENTS)
@pytest.mark.parametrize("way", ["file", "bytes", "seekable", "pipe", "chunks"])
@pytest.mark.parametrize("size", [0, 1000, PART + 1])
@pytest.mark.parametrize("digest", ["md5", "sha256"])
def test_content_with_another_digest_leaves_the_old_object(
    cls: type[DictClient], way: str, size: int, digest: str, tmp_path: Path
) -> None:
    """Before anything is visible, with no upload left."""
    client, content = cls(), CONTENT[:size]
    upload_as(client, "bytes", tmp_path, b"old", NO_OPTIONS)
    md5, sha256 = PutOptions(content_md5=_md5(b"other")), PutOptions(checksum_sha256=_sha256(b"other"))
    with pytest.raises(IntegrityError):
        upload_as(client, way, tmp_path / "file", content, md5 if digest == "md5" else sha256)
    assert stored_content(client) == b"old"
    assert getattr(client, "uploads", {}) == {}


@pytest.mark.parametrize("way", ["file", "bytes", "pipe"])
@pytest.mark.parametrize("size", [1000, PART + 1])
@pytest.mark.parametrize("cls", CLIENTS)
def test_an_integrity_error_says_what_it_is_about(cls: type[DictClient], way: str, size: int, tmp_path: Path) -> None:
    """Operation, bucket, key and framework, wherever it was noticed."""
    with pytest.raises(IntegrityError) as caught:
        upload_as(cls(), way, tmp_path / "file", CONTENT[:size], PutOptions(checksum_sha256=_sha256(b"other")))
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
    transfers = transfers_of(client)
    for data in (
        Pipe(CONTENT[: size + difference]),
        io.BytesIO(CONTENT[: size + difference]),
        [CONTENT[: size + difference]],
    ):
        with pytest.raises(InvalidArgument, match="length"):
            transfers.upload(data, size, "b", "k", NO_OPTIONS)
        assert nothing_is_left(client)
    transfers.close()

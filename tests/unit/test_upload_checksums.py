"""Tests of uploads with ``checksum``, whose digest is computed on the way and part of the answer; single parts."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from data_store.object_store import checksums, multipart, uploads
from data_store.object_store.body import Source
from data_store.object_store.errors import IntegrityError, InvalidArgument, MissingDependency, UnsupportedOperation
from data_store.object_store.models import (
    CompleteOptions,
    MultipartUpload,
    ObjectMetadata,
    PartInfo,
    PartOptions,
    PutOptions,
    SseCustomer,
    SseS3,
)
from data_store.object_store.sources import stream_of
from tests.unit.dict_client import DictClient, PartsClient, StreamClient
from tests.unit.transfer_support import CONTENT, PART, Pipe, nothing_is_left, stored_content, transfers_of, upload_as

ALGORITHMS: list[Any] = ["crc32c", "crc64nvme", "sha256"]


def _digest(algorithm: str, content: bytes) -> str:
    return Source(io.BytesIO(content), len(content)).digest(algorithm).hex()


class AskedClient(PartsClient):
    """Notes what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.started: list[PutOptions] = []
        self.part_options: list[PartOptions] = []
        self.completed: list[tuple[Sequence[PartInfo], CompleteOptions]] = []

    def create_multipart_upload(self, bucket: str, key: str, options: PutOptions) -> MultipartUpload:
        """Note the options."""
        self.started.append(options)
        return super().create_multipart_upload(bucket, key, options)

    def upload_part(
        self, bucket: str, key: str, upload_id: str, part_number: int, body: Source, options: PartOptions
    ) -> PartInfo:
        """Note the options."""
        self.part_options.append(options)
        return super().upload_part(bucket, key, upload_id, part_number, body, options)

    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: Sequence[PartInfo], options: CompleteOptions
    ) -> ObjectMetadata:
        """Note parts and options."""
        self.completed.append((parts, options))
        return super().complete_multipart_upload(bucket, key, upload_id, parts, options)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("cls", [DictClient, StreamClient, PartsClient])
@pytest.mark.parametrize("way", ["file", "bytes", "pipe"])
@pytest.mark.parametrize("size", [0, 1000, len(CONTENT)])
def test_the_answer_has_the_digest_of_the_content(
    algorithm: Any, cls: type[DictClient], way: str, size: int, tmp_path: Path
) -> None:
    """On every way that bytes take, beside what the server says."""
    client, content = cls(), CONTENT[:size]
    transfers, options = transfers_of(client), PutOptions(checksum=algorithm)
    if way == "file":
        (tmp_path / "file").write_bytes(content)
        done = transfers.upload_file(tmp_path / "file", "b", "k", options)
    else:
        done = transfers.upload(content if way == "bytes" else Pipe(content), None, "b", "k", options)
    transfers.close()
    assert stored_content(client) == content
    assert done.checksums == {algorithm: _digest(algorithm, content)}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("way", ["file", "bytes", "pipe"])
def test_parts_have_digests_and_those_of_crcs_are_put_together(algorithm: Any, way: str, tmp_path: Path) -> None:
    """A SHA-256 of the whole is not what the server has; it gets none."""
    client = AskedClient()
    upload_as(client, way, tmp_path / "file", CONTENT, PutOptions(checksum=algorithm))
    assert client.started == [PutOptions(checksum=algorithm)]
    assert client.part_options == [PartOptions(checksum=algorithm)] * 3
    ((parts, options),) = client.completed
    pieces = [CONTENT[at : at + PART] for at in range(0, len(CONTENT), PART)]
    assert [part.checksums for part in parts] == [{algorithm: _digest(algorithm, piece)} for piece in pieces]
    assert [part.size for part in parts] == [len(piece) for piece in pieces]
    whole = None if algorithm == "sha256" else {algorithm: _digest(algorithm, CONTENT)}
    assert options == CompleteOptions(checksums=whole)


@pytest.mark.parametrize(
    ("encryption", "key"), [(SseCustomer(bytes(32)), SseCustomer(bytes(32))), (SseS3(), None), (None, None)]
)
def test_the_key_of_the_caller_goes_with_each_part(encryption: Any, key: SseCustomer | None) -> None:
    """SSE-C needs it in every request; other encryption is said once."""
    client = AskedClient()
    upload_as(client, "bytes", Path(), CONTENT, PutOptions(encryption=encryption))
    assert client.started[0].encryption == encryption
    assert {options.encryption for options in client.part_options} == {key}
    assert client.completed[0][1].encryption == key


@pytest.mark.parametrize("size", [1000, len(CONTENT)])
def test_a_server_that_has_another_digest_is_not_believed(size: int) -> None:
    """What it keeps is not what was sent; parts of that become no object."""

    class Wrong(PartsClient):
        def put_object(self, *args: Any) -> ObjectMetadata:
            return replace(super().put_object(*args), checksums={"crc32c": "00000000"})

        def upload_part(self, *args: Any) -> PartInfo:
            return replace(super().upload_part(*args), checksums={"crc32c": "00000000"})

    client = Wrong()
    with pytest.raises(IntegrityError, match="crc32c 00000000") as caught:
        upload_as(client, "bytes", Path(), CONTENT[:size], PutOptions(checksum="crc32c"))
    assert (caught.value.operation, caught.value.key) == ("put_object", "k")
    assert client.uploads == {}


@pytest.mark.parametrize("way", ["file", "bytes", "pipe"])
@pytest.mark.parametrize("size", [1000, len(CONTENT)])
def test_nothing_is_sent_if_the_library_is_missing(
    way: str, size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names what to install."""
    checksums._extend.cache_clear()
    monkeypatch.setitem(sys.modules, "anycrc", None)
    client = PartsClient()
    with pytest.raises(MissingDependency, match="anycrc"):
        upload_as(client, way, tmp_path / "file", CONTENT[:size], PutOptions(checksum="crc64nvme"))
    assert client.calls == []
    assert nothing_is_left(client)


# single parts


@pytest.mark.parametrize("way", ["bytes", "seekable", "pipe", "chunks"])
@pytest.mark.parametrize("algorithm", [None, "crc64nvme"])
def test_a_part_is_sent_from_whatever_has_bytes(way: str, algorithm: Any) -> None:
    """With a size, and so that it can be repeated; its answer has the size and the digest."""
    sources: list[Source] = []

    class Twice(PartsClient):
        def _drain(self, body: Source) -> bytes:
            sources.append(body)
            first = super()._drain(body)
            body.seek(0)
            assert super()._drain(body) == first
            return first

    data: Any = {
        "bytes": b"content",
        "seekable": io.BytesIO(b"content"),
        "pipe": Pipe(b"content", 3),
        "chunks": [b"con", b"tent"],
    }[way]
    client = Twice()
    transfers = transfers_of(client)
    upload = client.create_multipart_upload("b", "k", PutOptions())
    options = PartOptions(checksum=algorithm)
    part = transfers.upload_part(*stream_of(data, None), "b", "k", upload.upload_id, 7, options)
    transfers.close()
    assert sources[0].size == 7
    assert client.uploads[upload.upload_id].parts == {7: b"content"}
    assert (part.part_number, part.size) == (7, 7)
    assert part.checksums == ({algorithm: _digest(algorithm, b"content")} if algorithm else None)


@pytest.mark.parametrize("way", ["seekable", "pipe"])
def test_a_part_that_is_too_long_is_refused_before_anything_is_sent(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """5 GiB; what does not tell its length is read no further."""
    monkeypatch.setattr(uploads, "MAX_PART_SIZE", 1000)
    monkeypatch.setattr(multipart, "MAX_PART_SIZE", 1000)
    client = PartsClient()
    transfers = transfers_of(client)
    for size in (1000, 1001):
        upload = client.create_multipart_upload("b", "k", PutOptions())
        data: Any = io.BytesIO(CONTENT[:size]) if way == "seekable" else Pipe(CONTENT[:size], 100)
        arguments = (*stream_of(data, None), "b", "k", upload.upload_id, 1, PartOptions())
        if size == 1000:
            assert transfers.upload_part(*arguments).size == 1000
        else:
            with pytest.raises(InvalidArgument, match="1000 bytes"):
                transfers.upload_part(*arguments)
    assert client.calls.count("upload_part") == 1
    transfers.close()


def test_a_part_for_a_framework_without_parts_is_refused() -> None:
    """The error names the capability and the framework."""
    with pytest.raises(UnsupportedOperation, match=r"SupportsMultipart.*memory") as caught:
        transfers_of(DictClient()).upload_part(*stream_of(b"", None), "b", "k", "id", 1, PartOptions())
    assert (caught.value.operation, caught.value.bucket, caught.value.key) == ("upload_part", "b", "k")

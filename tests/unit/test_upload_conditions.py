"""Tests of conditional uploads of every size: parts, one PUT, or a refusal before anything is sent."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from data_store.object_store import uploads
from data_store.object_store.errors import PreconditionFailed, UnsupportedOperation
from data_store.object_store.models import Condition, MultipartUpload, PutOptions
from tests.unit.dict_client import DictClient, PartsClient, StreamClient
from tests.unit.transfer_support import (
    CONTENT,
    NO_OPTIONS,
    PART,
    Pipe,
    nothing_is_left,
    stored_content,
    transfers_of,
    upload_as,
)

NEW = PutOptions(if_none_match="*")
WAYS = ["file", "bytes", "seekable", "pipe", "chunks"]


class CompletingClient(PartsClient):
    """Its server honours the conditions of completing too."""

    conditions = frozenset({Condition.PUT, Condition.COMPLETE})


class CarelessClient(PartsClient):
    """Its server ignores all conditions."""

    conditions = frozenset()


class CarelessStreamClient(StreamClient):
    """Its server ignores all conditions."""

    conditions = frozenset()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("size", [0, 1000, len(CONTENT)])
def test_a_conditional_upload_goes_in_parts_where_completing_is_conditional(
    way: str, size: int, tmp_path: Path
) -> None:
    """As any other of its size: it is new, or refused with nothing left."""
    client, content = CompletingClient(), CONTENT[:size]
    upload_as(client, way, tmp_path / "file", content, NEW)
    assert stored_content(client) == content
    assert client.calls.count("complete_multipart_upload") == (1 if size > PART else 0)
    with pytest.raises(PreconditionFailed):
        upload_as(client, way, tmp_path / "file", content[::-1], NEW)
    assert stored_content(client) == content
    assert client.uploads == {}


@pytest.mark.parametrize("way", WAYS)
def test_an_upload_in_parts_replaces_what_it_expects(way: str, tmp_path: Path) -> None:
    """And nothing else."""
    client = CompletingClient()
    upload_as(client, "bytes", tmp_path, b"old", NO_OPTIONS)
    with pytest.raises(PreconditionFailed):
        upload_as(client, way, tmp_path / "file", CONTENT, PutOptions(if_match="another"))
    assert stored_content(client) == b"old"
    upload_as(client, way, tmp_path / "file", CONTENT, PutOptions(if_match=client.buckets["b"]["k"].etag))
    assert stored_content(client) == CONTENT
    assert client.uploads == {}


def test_conditions_are_not_given_when_parts_begin() -> None:
    """A server that looked at them then would say nothing of the end."""
    seen: list[PutOptions] = []

    class Looking(CompletingClient):
        def create_multipart_upload(self, bucket: str, key: str, options: PutOptions) -> MultipartUpload:
            seen.append(options)
            return super().create_multipart_upload(bucket, key, options)

    upload_as(Looking(), "bytes", Path(), CONTENT, PutOptions(if_none_match="*", content_type="text/plain"))
    assert seen == [PutOptions(content_type="text/plain")]


@pytest.mark.parametrize("way", ["file", "seekable", "bytes"])
def test_what_is_longer_than_one_put_is_refused_where_only_a_put_is_conditional(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is sent."""
    monkeypatch.setattr(uploads, "MAX_SINGLE_PUT", PART + 1)
    client = PartsClient()
    upload_as(client, way, tmp_path / "file", CONTENT[: PART + 1], NEW)
    assert client.calls == ["put_object"]
    client.buckets["b"].clear()
    with pytest.raises(UnsupportedOperation, match="5 GiB") as caught:
        upload_as(client, way, tmp_path / "file", CONTENT[: PART + 2], NEW)
    assert (caught.value.operation, caught.value.key) == ("put_object", "k")
    assert client.calls == ["put_object"]


def test_a_stream_of_known_length_is_one_put_where_only_a_put_is_conditional() -> None:
    """Spooled, so that it can be repeated."""
    client = PartsClient()
    transfers = transfers_of(client)
    transfers.upload(Pipe(CONTENT), len(CONTENT), "b", "k", NEW)
    assert stored_content(client) == CONTENT
    assert client.calls == ["put_object"]
    with pytest.raises(PreconditionFailed):
        transfers.upload(Pipe(CONTENT), len(CONTENT), "b", "k", NEW)
    transfers.close()


@pytest.mark.parametrize("cls", [CarelessClient, CarelessStreamClient])
@pytest.mark.parametrize("options", [NEW, PutOptions(if_match="etag")])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("size", [0, 1000, len(CONTENT)])
def test_nothing_is_sent_to_a_server_that_ignores_conditions(
    cls: type[DictClient], options: PutOptions, way: str, size: int, tmp_path: Path
) -> None:
    """It would overwrite in silence."""
    client = cls()
    with pytest.raises(UnsupportedOperation) as caught:
        upload_as(client, way, tmp_path / "file", CONTENT[:size], options)
    assert (caught.value.operation, caught.value.bucket, caught.value.key) == ("put_object", "b", "k")
    assert client.calls == []
    assert nothing_is_left(client)


def test_uploads_without_a_condition_ask_for_none() -> None:
    """A probe would cost requests."""

    class Asked(PartsClient):
        def honours(self, bucket: str, key: str, condition: Condition) -> bool:
            raise AssertionError(condition)

    client = Asked()
    for content in (b"short", CONTENT):
        upload_as(client, "bytes", Path(), content, NO_OPTIONS)
    transfers_of(client).upload(io.BytesIO(CONTENT), None, "b", "k", NO_OPTIONS)
    assert stored_content(client) == CONTENT

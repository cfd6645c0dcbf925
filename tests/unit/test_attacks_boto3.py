"""Answers that only botocore's parser reads as something else than they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from data_store.object_store import ObjectStore, ServerError
from data_store.object_store.models import CopyOptions, ListOptions, PutOptions
from tests.unit.s3_server import Answer, RecordingServer, recording_server


@pytest.fixture
def server() -> Iterator[RecordingServer]:
    """A server that answers as it is told to."""
    with recording_server() as running:
        yield running


def list_page(client: Any) -> object:
    """List without a prefix."""
    return client.list_page("b", "", ListOptions())


TWICE = [
    (list_page, "<ListBucketResult><EncodingType>url</EncodingType>{}</ListBucketResult>", "<Prefix>a</Prefix>"),
    (list_page, "<ListBucketResult><Contents>{}</Contents></ListBucketResult>", "<Key>a</Key>"),
    (list_page, "<ListBucketResult><Contents><Key>a</Key>{}</Contents></ListBucketResult>", "<ETag>e</ETag>"),
    (list_page, "<ListBucketResult><Contents><Key>a</Key>{}</Contents></ListBucketResult>", "<Size>1</Size>"),
    (list_page, "<ListBucketResult><CommonPrefixes>{}</CommonPrefixes></ListBucketResult>", "<Prefix>a</Prefix>"),
    (
        lambda client: client.copy_object("b", "k", "b", "l", CopyOptions()),
        "<CopyObjectResult>{}</CopyObjectResult>",
        "<ETag>e</ETag>",
    ),
    (
        lambda client: client.create_multipart_upload("b", "k", PutOptions()),
        "<InitiateMultipartUploadResult>{}</InitiateMultipartUploadResult>",
        "<UploadId>u</UploadId>",
    ),
]


@pytest.mark.parametrize(("call", "answer", "element"), TWICE)
def test_what_stands_there_twice_is_an_error_of_the_server(
    server: RecordingServer, call: Callable[[Any], object], answer: str, element: str
) -> None:
    """It is read as a list, which no text may be; once it is right."""
    with ObjectStore(f"boto3://A:S@{server.address}/b") as store:
        server.answers = [Answer(body=answer.format(element * 2).encode())]
        with pytest.raises(ServerError, match="not what S3 says"):
            call(store.client)
        server.answers = [Answer(body=answer.format(element).encode())]
        assert call(store.client)


@pytest.mark.parametrize("etag", ["", '""'])
def test_an_empty_etag_is_an_error_of_the_server(server: RecordingServer, etag: str) -> None:
    """It is no receipt."""
    with ObjectStore(f"boto3://A:S@{server.address}/b") as store:
        server.answers = [Answer(headers={"ETag": etag})]
        with pytest.raises(ServerError, match="no ETag"):
            store.put_object(b"content", "key")

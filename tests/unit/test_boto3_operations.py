"""The names that requests of the S3 core have in botocore's events."""

from __future__ import annotations

from urllib.parse import urlsplit

import botocore.session
import pytest

from data_store.object_store.adapters import boto3_operations
from data_store.object_store.adapters.boto3_operations import operation_of
from data_store.object_store.adapters.s3.exchange import Request

MODEL = botocore.session.Session().get_service_model("s3")
TABLES = {
    None: boto3_operations._SERVICE,
    "/{Bucket}": boto3_operations._BUCKET,
    "/{Bucket}/{Key+}": boto3_operations._OBJECT,
}
ENTRIES = [(path, *entry, name) for path, table in TABLES.items() for entry, name in table.items()]


@pytest.mark.parametrize(("path", "method", "about", "name"), ENTRIES)
def test_a_name_is_that_of_botocore(path: str | None, method: str, about: str, name: str) -> None:
    """The same method, the same path, and a parameter of that name."""
    operation = MODEL.operation_model(name)
    uri = urlsplit(operation.http["requestUri"])
    members = operation.input_shape.members.values() if operation.input_shape else ()
    parameters = {member.serialization.get("name") for member in members} | set(uri.query.replace("=", "&").split("&"))
    assert operation.http["method"] == method
    assert uri.path == (path or "/")
    assert not about or about in parameters


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        (Request(method="GET"), "ListBuckets"),
        (Request(method="GET", bucket="b", query=[("list-type", "2"), ("prefix", "uploads")]), "ListObjectsV2"),
        (Request(method="GET", bucket="b", key="k", query={"versionId": "v"}), "GetObject"),
        (Request(method="PUT", bucket="b", key="k", query={"partNumber": "1", "uploadId": "u"}), "UploadPart"),
        (Request(method="GET", bucket="b", key="k", query={"uploadId": "u", "max-parts": "1"}), "ListParts"),
        (Request(method="PUT", bucket="b", key="k", headers={"x-amz-copy-source": "b/k"}), "CopyObject"),
        (Request(method="PATCH", bucket="b"), "Other"),
    ],
)
def test_a_request_has_the_name_of_what_it_asks(request_: Request, name: str) -> None:
    """Parameters beside that which says what it is about change nothing; what AWS does not have has no name."""
    assert operation_of(request_) == name

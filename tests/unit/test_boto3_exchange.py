"""Who signs a request of framework ``boto3``, the S3 core or botocore, and what protects its content then."""

from __future__ import annotations

import base64
import hashlib
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import google_crc32c
import pytest

from data_store.object_store.adapters.boto3_client import Boto3Client
from data_store.object_store.adapters.s3.checksum_headers import is_checksum
from data_store.object_store.body import Source
from data_store.object_store.configurations import ObjectStoreConfiguration
from data_store.object_store.models import GetOptions, PutOptions
from data_store.object_store.signing import sigv4
from tests.unit.boto3_support import Answering, Sent, answered_client, configure_nothing

KEY = "a b/../ü"
SMALL, LARGE = b"content", bytes(range(256)) * 5000
PLAIN = "plain"
EXPRESS = "mine--use1-az4--x-s3"
OUTPOSTS = "arn:aws:s3-outposts:us-east-1:123456789012:outpost/op-01ac5d28a6a232904/accesspoint/mine"
OBJECT_LAMBDA = "arn:aws:s3-object-lambda:us-east-1:123456789012:accesspoint/mine"
ACCESS_POINT = "arn:aws:s3:us-east-1:123456789012:accesspoint:mine"
UNSIGNED = "UNSIGNED-PAYLOAD"


@pytest.fixture(autouse=True)
def _nothing_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    configure_nothing(monkeypatch, tmp_path)


def own_client() -> dict[str, Any]:
    """Return the settings of a store that uses a client of the program's own."""
    mine = boto3.client("s3", aws_access_key_id="MINE", aws_secret_access_key="S3CRET", region_name="us-east-1")
    return {"driver_config": {"client": mine}}


def noted(client: Boto3Client) -> list[str]:
    """Return a list that gets the name of each event of a request that botocore signs."""
    events: list[str] = []
    client._client.meta.events.register("before-sign.s3", lambda event_name, **_: events.append(event_name))
    return events


def put(client: Boto3Client, bucket: str, content: bytes, **options: Any) -> None:
    """PUT content."""
    client._api.put_object(bucket, KEY, Source(io.BytesIO(content), len(content)), PutOptions(**options))


def protection_of(sent: Sent) -> dict[str, str]:
    """Return the headers that protect the content."""
    return {name: value for name, value in sent.headers.items() if name == "content-md5" or is_checksum(name)}


def md5(content: bytes) -> dict[str, str]:
    """Return the header of RFC 1864."""
    return {"content-md5": base64.b64encode(hashlib.md5(content).digest()).decode()}


def crc32c(content: bytes) -> dict[str, str]:
    """Return the checksum as S3 has it."""
    return {"x-amz-checksum-crc32c": base64.b64encode(google_crc32c.value(content).to_bytes(4)).decode()}


def signed_headers(sent: Sent) -> set[str]:
    """Return the names of the headers that the signature is about."""
    return set(sent.headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";"))


@pytest.mark.parametrize(
    ("bucket", "where"),
    [
        (PLAIN, {"region": "us-east-1"}),
        (ACCESS_POINT, {"region": "us-east-1"}),
        (PLAIN, {"endpoint": "s3.example.com:9000"}),
    ],
)
def test_an_ordinary_request_is_signed_by_the_core(bucket: str, where: dict[str, str]) -> None:
    """With its content, and without botocore's taking part."""
    client, answering = answered_client(**where)
    events = noted(client)
    put(client, bucket, SMALL)
    sent = answering.of("PutObject")
    assert sent.headers["x-amz-content-sha256"] == hashlib.sha256(SMALL).hexdigest()
    assert protection_of(sent) == {}
    assert "before-sign.s3.PutObject" not in events
    client.close()


@pytest.mark.parametrize(
    ("bucket", "service"),
    [(EXPRESS, "s3express"), (OUTPOSTS, "s3-outposts"), (OBJECT_LAMBDA, "s3-object-lambda")],
)
@pytest.mark.parametrize("content", [SMALL, LARGE, b""])
def test_what_the_core_cannot_sign_is_signed_by_botocore(bucket: str, service: str, content: bytes) -> None:
    """For a service of its own; a CRC-32C protects the content, which botocore does not get to see."""
    client, answering = answered_client(region="us-east-1")
    events = noted(client)
    put(client, bucket, content)
    sent = answering.of("PutObject")
    assert sent.scope[1:] == ("us-east-1", service)
    assert sent.headers["x-amz-content-sha256"] == UNSIGNED
    assert protection_of(sent) == (crc32c(content) if content else {})
    assert events.count("before-sign.s3.PutObject") == 1
    client.close()


@pytest.mark.parametrize("bucket", [EXPRESS, OUTPOSTS, OBJECT_LAMBDA])
def test_what_is_read_needs_no_protection(bucket: str) -> None:
    """There is no content."""
    client, answering = answered_client(region="us-east-1")
    client.head_object(bucket, KEY, GetOptions())
    sent = answering.of("HeadObject")
    assert (protection_of(sent), sent.body) == ({}, None)
    assert sent.headers["x-amz-content-sha256"] == UNSIGNED
    client.close()


@pytest.mark.parametrize("bucket", [EXPRESS, OUTPOSTS, OBJECT_LAMBDA])
@pytest.mark.parametrize("content", [SMALL, LARGE])
@pytest.mark.parametrize("algorithm", ["crc32c", "sha256"])
def test_a_checksum_that_is_there_is_the_only_one(bucket: str, content: bytes, algorithm: str) -> None:
    """S3 Express takes no MD5 beside it (S3 user guide, "Directory buckets")."""
    client, answering = answered_client(region="us-east-1")
    put(client, bucket, content, checksum=algorithm)
    assert list(protection_of(answering.of("PutObject"))) == [f"x-amz-checksum-{algorithm}"]
    client.close()


def test_a_large_body_that_need_not_be_verified_is_not_read_for_it() -> None:
    """``transfer.integrity: transport``; what is in memory has its checksum all the same."""
    connection = {"region": "us-east-1", "access_key": "A", "secret_key": "S"}
    config = {"framework": "boto3", "connection": connection, "transfer": {"integrity": "transport"}}
    client, answering = Boto3Client(ObjectStoreConfiguration(**config)), Answering()
    events: Any = client._client.meta.events
    events.register("before-send.s3", answering)
    for content, expected in ((LARGE, {}), (SMALL, crc32c(SMALL))):
        put(client, EXPRESS, content)
        assert protection_of(answering.of("PutObject")) == expected
    client.close()


@pytest.mark.parametrize("content", [SMALL, LARGE, b""])
def test_a_client_of_ones_own_has_everything_signed_by_botocore(content: bytes) -> None:
    """Its handlers take part in that; an MD5 protects the content, as every server knows it."""
    client, answering = answered_client(**own_client())
    events = noted(client)
    put(client, PLAIN, content)
    sent = answering.of("PutObject")
    assert sent.scope == ("MINE", "us-east-1", "s3")
    assert sent.headers["x-amz-content-sha256"] == UNSIGNED
    assert protection_of(sent) == (md5(content) if content else {})
    assert events.count("before-sign.s3.PutObject") == 1
    client.close()


def test_a_large_body_with_a_checksum_has_no_md5_where_aws_compares_it() -> None:
    """It would be read once more for nothing."""
    client, answering = answered_client(**own_client())
    put(client, PLAIN, LARGE, checksum="crc32c")
    assert protection_of(answering.of("PutObject")) == crc32c(LARGE)
    client.close()


@pytest.mark.parametrize("where", [{"region": "us-east-1"}, own_client], ids=["core", "botocore"])
def test_nobody_signs_for_what_changes_on_the_way(where: Any) -> None:
    """Proxies may change these two; all the rest is signed for, the metadata too."""
    client, answering = answered_client(**(where() if callable(where) else where))
    put(client, PLAIN, SMALL, metadata={"a": "b"}, content_type="text/plain")
    sent = answering.of("PutObject")
    assert (sent.headers["user-agent"], sent.headers["accept-encoding"]) == ("data-store", "identity")
    assert {"user-agent", "accept-encoding"}.isdisjoint(signed_headers(sent))
    assert {"host", "x-amz-date", "x-amz-content-sha256", "x-amz-meta-a", "content-type"} <= signed_headers(sent)
    client.close()


def test_botocore_and_the_core_agree_on_a_signature() -> None:
    """Of the same request at the same time, with a key that has to be encoded."""
    client, answering = answered_client(**own_client())
    put(client, PLAIN, SMALL, metadata={"a": "b  c"})
    sent = answering.of("PutObject")
    again = sigv4.sign_headers(
        "PUT",
        sent.url,
        {name: sent.headers[name] for name in signed_headers(sent) - {"x-amz-date", "x-amz-content-sha256"}},
        sigv4.Credentials("MINE", "S3CRET"),
        "us-east-1",
        payload_hash=UNSIGNED,
        now=datetime.strptime(sent.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC),
    )
    told = {name.lower(): value for name, value in again.items()}
    assert told["authorization"].rpartition("=")[2] == sent.headers["authorization"].rpartition("=")[2]
    client.close()


@pytest.mark.parametrize("where", [{"region": "us-east-1"}, own_client], ids=["core", "botocore"])
def test_a_bucket_elsewhere_is_signed_for_there(where: Any) -> None:
    """Whoever signs; the body travels again, and handlers are asked once for each of both requests."""
    client, answering = answered_client(**(where() if callable(where) else where))
    error = b"<Error><Code>PermanentRedirect</Code></Error>"
    answering.answers = [{"status": 301, "body": error, "x_amz_bucket_region": "eu-north-1"}, {}]
    put(client, PLAIN, LARGE)
    assert [sent.operation for sent in answering.sent] == ["PutObject"] * 2
    assert [sent.scope[1] for sent in answering.sent] == ["us-east-1", "eu-north-1"]
    assert answering.sent[1].body.tell() == 0
    client.close()


@pytest.mark.parametrize("bucket", [PLAIN, EXPRESS])
def test_an_operation_has_its_name_whoever_signs(bucket: str) -> None:
    """Handlers know it by that."""
    client, answering = answered_client(region="us-east-1")
    api, source = client._api, Source(io.BytesIO(SMALL), len(SMALL))
    api.put_object(bucket, KEY, source, PutOptions())
    answering.answers = [{"body": SMALL}]
    api.get_object(bucket, KEY, GetOptions()).close()
    named = [sent.operation for sent in answering.sent if sent.operation != "CreateSession"]
    assert named == ["PutObject", "GetObject"]
    client.close()


def test_botocore_is_asked_for_a_place_once() -> None:
    """That costs as much as a request."""
    client, _ = answered_client(region="us-east-1")
    asked: list[str] = []
    put(client, EXPRESS, SMALL)
    client._client.meta.events.register("before-call.s3", lambda event_name, **_: asked.append(event_name))
    put(client, EXPRESS, SMALL)
    assert asked == []
    put(client, PLAIN, SMALL)
    assert asked != []
    client.close()


def test_what_botocore_adds_while_it_signs_is_sent() -> None:
    """A header of a handler, and the token of a session of S3 Express."""
    client, answering = answered_client(region="us-east-1")
    client._client.meta.events.register(
        "before-sign.s3.PutObject", lambda request, **_: request.headers.add_header("X-Mine", "1")
    )
    put(client, EXPRESS, SMALL)
    sent = answering.of("PutObject")
    assert (sent.headers["x-mine"], sent.headers["x-amz-s3session-token"]) == ("1", "token")
    assert {"x-mine", "x-amz-s3session-token"} <= signed_headers(sent)
    client.close()


def test_the_secret_is_in_no_repr() -> None:
    """Not of what is sent, nor of where it goes."""
    client, _ = answered_client(**own_client())
    put(client, PLAIN, SMALL)
    place = client._clients.places.of(PLAIN, None) if client._clients.places else None
    assert place is not None
    assert "S3CRET" not in f"{place!r} {client!r} {client._exchange!r}"
    client.close()

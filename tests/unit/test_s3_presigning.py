"""Presigned requests of S3 servers: what is bound, for which place, and that nobody is asked."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import pytest
from minio import Minio

from data_store.object_store.adapters.s3.client import S3Client
from data_store.object_store.errors import AccessDenied, ConfigurationError, InvalidArgument, UnsupportedOperation
from data_store.object_store.models import Condition, PresignGetOptions, PresignPostOptions, PresignPutOptions
from data_store.object_store.store import ObjectStore
from tests.unit.presign_support import (
    FRAMEWORKS,
    GET,
    NOWHERE,
    ODD_KEYS,
    POST,
    PUT,
    bound,
    conditions,
    signed_at,
    signing_client,
    taken_apart,
)
from tests.unit.s3_server import Answer, recording_server

SHA256 = base64.b64encode(hashlib.sha256(b"hello").digest()).decode()
MD5 = base64.b64encode(hashlib.md5(b"hello", usedforsecurity=False).digest()).decode()
EVERYTHING = PresignPutOptions(
    expires=60,
    content_type="text/plain",
    content_length=5,
    content_md5=MD5,
    metadata={"owner": "Zoë", "b": "1"},
    tags={"kind": "a b"},
    if_none_match="*",
)
LISTED = b"<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>"
CEPH = Answer(body=LISTED, headers={"x-amz-request-id": "tx000000000000000000001-00650a-1-default"})


class MakeClient(Protocol):
    """Makes a client of one framework."""

    def __call__(self, public_endpoint: str | None = None, **connection: Any) -> AbstractContextManager[S3Client]:
        """Make it."""


@pytest.fixture(params=FRAMEWORKS)
def make(request: pytest.FixtureRequest) -> MakeClient:
    """Make clients of each framework."""
    return partial(signing_client, request.param)


@pytest.fixture
def client(make: MakeClient) -> Iterator[S3Client]:
    """A client of each framework, whose server is down."""
    with make() as made:
        yield made


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "MINIO_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))


def sign_everything(client: S3Client) -> list[object]:
    """Sign in every way that asks nobody, even of a server that has not answered yet."""
    read = PresignGetOptions(expires=60, response_expires=datetime.now(UTC), response_content_type="a/b")
    url = client.presign_get("bucket", "key", read)
    return [
        client.verify_presigned(url, None, {}),
        client.presign_get("bucket", "odd key/ä+%/", PresignGetOptions(expires=60, method="HEAD")),
        client.presign_put("bucket", "key", PUT),
        client.presign_put("bucket", "key", replace(EVERYTHING, tags=None)),
        client.presign_parts("bucket", "key", "id", [5, 4], 60),
        client.presign_post("bucket", "key", POST),
        client.presign_post("bucket", "key", PresignPostOptions(expires=60)),
    ]


def test_signing_needs_no_server(make: MakeClient) -> None:
    """Nobody listens where the server should be."""
    with make(endpoint="localhost:9") as client:
        assert all(sign_everything(client))


def test_signing_sends_nothing(make: MakeClient) -> None:
    """A server that is there is not asked either."""
    with recording_server() as server, make(endpoint=server.address) as client:
        sign_everything(client)
    assert server.seen == []


def test_the_facade_signs_with_the_server_down() -> None:
    """So do the methods that people call; what stands behind them asks nobody."""
    with ObjectStore.from_url(f"minio://ACCESS:S3CRET@{NOWHERE}/bucket") as store:
        assert store.get_presigned_url("key", download_name="ä.txt").startswith(f"http://{NOWHERE}/bucket/key?")
        assert store.presign_upload("key", content_length=3).headers == {}
        assert store.get_presigned_post("key").fields["key"] == "key"
        assert len(store.presign_multipart("key", 6 * 1024**2, 5 * 1024**2, upload_id="id").parts) == 2


@pytest.mark.parametrize("key", [key for key in ODD_KEYS if not {".", ".."} & set(key.split("/"))])
def test_a_url_is_the_one_that_minio_py_signs(key: str) -> None:
    """For keys that minio-py takes as they are; its own presigner signs with the same rules."""
    with signing_client("minio") as client:
        options = PresignGetOptions(expires=60, version="v", response_content_type="text/plain; charset=utf-8")
        url = client.presign_get("bucket", key, options)
    theirs = Minio(NOWHERE, access_key="ACCESS", secret_key="S3CRET", secure=False, region="us-east-1")
    expected = theirs.presigned_get_object(
        bucket_name="bucket",
        object_name=key,
        expires=timedelta(seconds=60),
        response_headers={"response-content-type": "text/plain; charset=utf-8"},
        version_id="v",
        request_date=signed_at(url).replace(tzinfo=None),
    )
    assert taken_apart(url) == taken_apart(expected)


def test_what_is_given_is_bound(client: S3Client) -> None:
    """Every header is signed, and none is moved into the query, where servers would not look for it."""
    upload = client.presign_put("bucket", "key", EVERYTHING)
    names = ["content-length", "content-md5", "content-type", "host", "if-none-match"]
    assert bound(upload.url) == [*names, "x-amz-meta-b", "x-amz-meta-owner", "x-amz-tagging"]
    assert {name for name in taken_apart(upload.url)[1] if not name.startswith("X-Amz-")} <= {"x-id"}
    assert upload.headers == {
        "Content-Type": "text/plain",
        "Content-MD5": MD5,
        "If-None-Match": "*",
        "x-amz-meta-owner": "=?UTF-8?B?Wm/Dqw==?=",
        "x-amz-meta-b": "1",
        "x-amz-tagging": "kind=a%20b",
    }


def test_a_plain_upload_binds_its_host_alone(client: S3Client) -> None:
    """No checksum and no type comes from a default: any client can send it."""
    upload = client.presign_put("bucket", "key", PUT)
    assert (bound(upload.url), upload.headers, upload.method) == (["host"], {}, "PUT")


def test_an_empty_body_can_be_bound(client: S3Client) -> None:
    """Zero is a length."""
    upload = client.presign_put("bucket", "key", PresignPutOptions(expires=60, content_length=0))
    assert bound(upload.url) == ["content-length", "host"]


def test_parts_bind_their_number_and_length(client: S3Client) -> None:
    """And have nothing to send along."""
    parts = client.presign_parts("bucket", "key", "an/id+", [5, 4], 60)
    found = [taken_apart(part.url)[1] for part in parts]
    assert [(each["partNumber"], each["uploadId"]) for each in found] == [("1", "an/id+"), ("2", "an/id+")]
    assert [bound(part.url) for part in parts] == [["content-length", "host"]] * 2
    assert parts[0].headers == {}


def test_a_form_binds_what_it_is_given(client: S3Client) -> None:
    """The policy names each field, and the length."""
    options = PresignPostOptions(
        expires=60, key_prefix="a/", content_type="image/*", max_length=9, metadata={"a": "1"}, success_status=201
    )
    form = client.presign_post("bucket", "a/${filename}", options)
    for expected in (
        {"bucket": "bucket"},
        ["starts-with", "$key", "a/"],
        ["starts-with", "$Content-Type", "image/"],
        ["content-length-range", 0, 9],
        {"x-amz-meta-a": "1"},
        {"success_action_status": "201"},
    ):
        assert conditions(form).count(expected) == 1
    assert form.url == f"http://{NOWHERE}/bucket"
    assert form.fields["key"] == "a/${filename}"
    assert "Content-Type" not in form.fields


def test_a_form_for_one_key_binds_it(client: S3Client) -> None:
    """Exactly once."""
    found = conditions(client.presign_post("bucket", "ä key", POST))
    assert [each for each in found if "key" in each or "$key" in each] == [{"key": "ä key"}]


def test_the_end_is_told_in_whole_seconds(client: S3Client) -> None:
    """As the signature has it."""
    upload = client.presign_put("bucket", "key", PUT)
    assert upload.expires_at == signed_at(upload.url) + timedelta(seconds=60)
    form = client.presign_post("bucket", "key", POST)
    at = datetime.strptime(form.fields["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert form.expires_at == at + timedelta(seconds=60)


@pytest.mark.parametrize(
    ("public_endpoint", "connection", "base"),
    [
        (None, {}, f"http://{NOWHERE}/bucket/key"),
        ("https://files.example.com", {}, "https://files.example.com/bucket/key"),
        ("https://files.example.com/a/b", {}, "https://files.example.com/a/b/bucket/key"),
        ("http://files.example.com:8080", {"addressing_style": "virtual"}, "http://bucket.files.example.com:8080/key"),
        ("https://f.example.com/a", {"addressing_style": "virtual"}, "https://bucket.f.example.com/a/key"),
        (None, {"endpoint": None, "region": "eu-west-1"}, "https://bucket.s3.eu-west-1.amazonaws.com/key"),
        (None, {"endpoint": None, "region": "us-east-1"}, "https://bucket.s3.us-east-1.amazonaws.com/key"),
        (
            None,
            {"endpoint": None, "region": "eu-west-1", "addressing_style": "path"},
            "https://s3.eu-west-1.amazonaws.com/bucket/key",
        ),
        (None, {"endpoint": "s3.dualstack.eu-west-1.amazonaws.com"}, None),
        (
            "https://files.example.com",
            {"endpoint": None, "region": "eu-west-1"},
            "https://files.example.com/bucket/key",
        ),
    ],
)
def test_urls_are_for_the_place_that_clients_reach(
    public_endpoint: str | None, connection: dict[str, Any], base: str | None, make: MakeClient
) -> None:
    """Whatever the service itself calls, path and virtual-host style; and they are read again."""
    base = base or "http://bucket.s3.dualstack.eu-west-1.amazonaws.com/key"
    with make(public_endpoint, **connection) as client:
        url = client.presign_get("bucket", "key", GET)
        form = client.presign_post("bucket", "key", POST)
        claims = client.verify_presigned(url, None, {})
    assert taken_apart(url)[0] == base
    assert form.url.rstrip("/") == base.removesuffix("/key")
    assert (claims.bucket, claims.key) == ("bucket", "key")


def test_a_prefix_is_not_signed(make: MakeClient) -> None:
    """The server sees the path without it, because a proxy takes it away."""
    with make("https://files.example.com/a") as behind, make("https://files.example.com") as plain:
        signatures = set()
        for _ in range(3):  # until both are of the same second
            url, expected = (each.presign_get("bucket", "key", GET) for each in (behind, plain))
            if signed_at(url) == signed_at(expected):
                signatures = {taken_apart(url)[1]["X-Amz-Signature"], taken_apart(expected)[1]["X-Amz-Signature"]}
                break
    assert len(signatures) == 1


SIGNING: dict[str, Callable[[S3Client, str], object]] = {
    "get": lambda client, key: client.presign_get("bucket", key, GET),
    "put": lambda client, key: client.presign_put("bucket", key, PUT),
    "parts": lambda client, key: client.presign_parts("bucket", key, "id", [1], 60),
    "post": lambda client, key: client.presign_post("bucket", key, POST),
}


@pytest.mark.parametrize("sign", SIGNING)
def test_nothing_is_signed_without_credentials(sign: str, make: MakeClient) -> None:
    """An unsigned URL would look like one."""
    with make(anonymous=True) as client, pytest.raises(AccessDenied):
        SIGNING[sign](client, "key")


def test_aws_needs_a_region(make: MakeClient) -> None:
    """It is a question to the server otherwise, and none is asked."""
    with make(endpoint=None) as client, pytest.raises(ConfigurationError, match=r"connection\.region"):
        client.presign_get("bucket", "key", GET)


def test_temporary_credentials_end_it_sooner(
    make: MakeClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """And their token is in the URL, which is nowhere in a log."""
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=2)
    found = {
        "AccessKeyId": "TEMPORARY",
        "SecretAccessKey": "S3CRET",
        "Token": "T0KEN/+=",
        "Expiration": f"{end:%Y-%m-%dT%H:%M:%SZ}",
        "Code": "Success",
    }
    caplog.set_level(logging.DEBUG)
    with recording_server() as server:
        server.answers = [Answer(body=json.dumps(found).encode())]
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"http://{server.address}/credentials")
        with make(credentials="chain") as client:
            options = PresignPutOptions(expires=7 * 24 * 3600)
            uploads = [client.presign_put("bucket", "key", options) for _ in range(2)]
            form = client.presign_post("bucket", "key", PresignPostOptions(expires=7 * 24 * 3600))
            part = client.presign_parts("bucket", "key", "id", [5], 60)[0]
    for told in (form.expires_at, *(upload.expires_at for upload in uploads)):
        assert timedelta(0) <= end - told <= timedelta(seconds=2)
    assert part.expires_at == signed_at(part.url) + timedelta(seconds=60)
    assert taken_apart(uploads[0].url)[1]["X-Amz-Security-Token"] == "T0KEN/+="
    assert form.fields["x-amz-security-token"] == "T0KEN/+="
    secrets = [taken_apart(each.url)[1]["X-Amz-Signature"] for each in uploads]
    assert not [secret for secret in ("T0KEN", "S3CRET", *secrets) if secret in caplog.text]


def test_a_url_says_what_it_is(client: S3Client) -> None:
    """Unverified: the server alone can check it."""
    upload = client.presign_put("bucket", "ä/key", EVERYTHING)
    claims = client.verify_presigned(upload.url, None, {})
    assert (claims.bucket, claims.key, claims.expired, claims.verified) == ("bucket", "ä/key", False, False)
    assert claims.expires_at == upload.expires_at
    assert "x-amz-tagging" in claims.bound_headers
    part = client.presign_parts("bucket", "key", "id", [5], 60)[0]
    told = client.verify_presigned(part.url, None, {})
    assert (told.upload_id, told.part_number) == ("id", 1)


@pytest.mark.parametrize(
    "url", ["http://elsewhere/bucket/key?X-Amz-Signature=a", "no URL", f"http://{NOWHERE}/bucket/key"]
)
def test_a_url_of_somebody_else_is_refused(url: str, client: S3Client) -> None:
    """As is one that is not signed."""
    with pytest.raises(InvalidArgument):
        client.verify_presigned(url, None, {})


def test_a_key_is_refused_where_the_server_changes_it(make: MakeClient) -> None:
    """A URL for it would reach another object; so a server is asked, once, who it is."""
    with recording_server() as server, make(endpoint=server.address) as client:
        server.answers = [Answer(body=LISTED, headers={"Server": "MinIO"})]
        for sign in SIGNING.values():
            with pytest.raises(UnsupportedOperation, match="MinIO drops"):
                sign(client, "/key")
    assert len(server.seen) == 1


def test_a_version_is_not_signed_where_the_server_ignores_it(make: MakeClient) -> None:
    """A URL for it would read the current one."""
    with recording_server() as server, make(endpoint=server.address) as client:
        server.answers = [Answer(501, body=b"<Error><Code>NotImplemented</Code></Error>")]
        with pytest.raises(UnsupportedOperation, match="SupportsVersioning"):
            client.presign_get("bucket", "key", PresignGetOptions(expires=60, version="v"))


def test_a_form_is_refused_where_a_prefix_binds_nothing(make: MakeClient) -> None:
    """To versitygw ``up/../b`` begins with ``up/``, and is ``b``: so a server is asked, once, who it is."""
    options = PresignPostOptions(expires=60, key_prefix="a/")
    with recording_server() as server, make(endpoint=server.address) as client:
        server.answers = [Answer(body=LISTED, headers={"Server": "VERSITYGW"})]
        assert client.presign_post("bucket", "key", POST)
        assert server.seen == []
        for _ in range(2):
            with pytest.raises(UnsupportedOperation, match="outside the prefix"):
                client.presign_post("bucket", "a/${filename}", options)
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("answer", "names"),
    [
        (CEPH, ["host", "x-amz-checksum-sha256", "x-amz-content-sha256"]),
        (Answer(body=LISTED, headers={"Server": "MinIO"}), ["host", "x-amz-checksum-sha256"]),
    ],
)
def test_the_digest_of_a_body_is_bound_in_the_way_that_the_server_checks(
    answer: Answer, names: list[str], make: MakeClient
) -> None:
    """Ceph compares another header than the rest, who refuse that one; so it is asked, once, who it is."""
    options = PresignPutOptions(expires=60, checksum_sha256=SHA256)
    with recording_server() as server, make(endpoint=server.address) as client:
        server.answers = [answer]
        uploads = [client.presign_put("bucket", "key", options) for _ in range(2)]
    assert len(server.seen) == 1
    for upload in uploads:
        assert bound(upload.url) == names
        assert sorted(upload.headers) == names[1:]
        assert upload.headers["x-amz-checksum-sha256"] == SHA256
    assert uploads[0].headers.get("x-amz-content-sha256") in (None, hashlib.sha256(b"hello").hexdigest())


def test_aws_is_not_asked_who_it_is(make: MakeClient) -> None:
    """It checks what its documentation says."""
    options = PresignPutOptions(expires=60, checksum_sha256=SHA256)
    with make(endpoint=None, region="eu-west-1") as client:
        assert bound(client.presign_put("bucket", "key", options).url) == ["host", "x-amz-checksum-sha256"]


def test_no_overwriting_is_not_promised_where_versions_come_in_between(make: MakeClient) -> None:
    """In a bucket with versions If-None-Match always holds on Ceph."""

    def answer(seen: Any) -> Answer:
        if seen.target.endswith("?versioning="):
            return Answer(
                body=b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
                headers=CEPH.headers,
            )
        return Answer(412 if seen.method == "PUT" else 204, headers=CEPH.headers)

    with recording_server() as server, make(endpoint=server.address) as client:
        server.answers = [answer]
        assert not client.honours("bucket", "key", Condition.PUT)


def test_what_is_signed_shows_no_secret(client: S3Client) -> None:
    """A URL is good for whoever has it."""
    upload = client.presign_put("bucket", "key", PUT)
    form = client.presign_post("bucket", "key", POST)
    signature = taken_apart(upload.url)[1]["X-Amz-Signature"]
    assert signature not in repr(upload) + repr(client.verify_presigned(upload.url, None, {}))
    assert form.fields["x-amz-signature"] not in repr(form)

"""What the boto3 client sends through the S3 core: signed with boto3's credentials, its errors ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from data_store.object_store.adapters import boto3_errors
from data_store.object_store.adapters.boto3_client import Boto3Client
from data_store.object_store.adapters.s3.connections import ConnectionsInUse
from data_store.object_store.configurations import ObjectStoreConfiguration
from data_store.object_store.errors import (
    AccessDenied,
    BucketNotFound,
    ConnectionFailed,
    ServerError,
    Throttled,
    UnsupportedOperation,
)
from data_store.object_store.models import (
    BucketOptions,
    EventKind,
    ListOptions,
    VersioningStatus,
    WatchOptions,
)
from tests.unit.s3_server import Answer, RecordingServer, Seen, connection, error, quick_retry, recording_server

VERSIONING = Answer(body=b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>")
NO_LOCK = error(404, "ObjectLockConfigurationNotFoundError")
VERSIONS = b"""<ListVersionsResult><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>
<DeleteMarker><Key>a%01</Key><VersionId>3</VersionId><IsLatest>true</IsLatest></DeleteMarker>
<Version><Key>a%01</Key><VersionId>2</VersionId><IsLatest>false</IsLatest><Size>1</Size></Version>
<DeleteMarker><Key>a%01</Key><VersionId>1</VersionId><IsLatest>false</IsLatest></DeleteMarker>
<Version><Key>b</Key><VersionId>null</VersionId><IsLatest>true</IsLatest><Size>2</Size></Version>
</ListVersionsResult>"""
EVENT = {
    "eventName": "s3:ObjectCreated:Put",
    "eventTime": "2026-11-21T00:00:00.000Z",
    "s3": {"bucket": {"name": "bucket"}, "object": {"key": "k", "size": 1, "eTag": "e"}},
}


@pytest.fixture
def server() -> Iterator[RecordingServer]:
    """A server that answers as it is told to."""
    with recording_server() as running:
        running.answers = [VERSIONING]
        yield running


@pytest.fixture
def no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An environment without credentials; what boto3 reads as its configuration file."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    return tmp_path / "config"


def make_client(where: dict[str, Any] | Any) -> Boto3Client:
    """A client with three attempts."""
    return Boto3Client(ObjectStoreConfiguration(framework="boto3", connection=where, retry=quick_retry()))


def key_of(seen: Seen) -> str:
    """The access key that a request was signed with."""
    return seen.headers["authorization"].partition("Credential=")[2].partition("/")[0]


def test_a_subresource_is_signed_with_the_credentials_of_boto3s_chain(
    server: RecordingServer, no_credentials: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the environment, with the session's token."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "first")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    client = make_client({"endpoint": server.address})
    assert client.versioning_status("bucket") is VersioningStatus.ENABLED
    assert key_of(server.seen[0]) == "first"
    assert server.seen[0].headers["x-amz-security-token"] == "token"
    client.close()


def test_credentials_that_expire_are_refreshed_for_the_core_too(server: RecordingServer, no_credentials: Path) -> None:
    """They come from a process, and are about to expire."""
    found = no_credentials.parent / "found.json"
    no_credentials.write_text(f"[default]\ncredential_process = cat {found}\n")

    def hand_out(key: str) -> None:
        soon = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
        keys = {"AccessKeyId": key, "SecretAccessKey": "secret", "SessionToken": "t", "Expiration": soon, "Version": 1}
        found.write_text(json.dumps(keys))

    hand_out("first")
    client = make_client({"endpoint": server.address})
    client.versioning_status("bucket")
    hand_out("second")
    client.versioning_status("bucket")
    assert [key_of(seen) for seen in server.seen] == ["first", "second"]
    client.close()


def test_without_credentials_nothing_is_sent(server: RecordingServer, no_credentials: Path) -> None:
    """And it is said what to do."""
    client = make_client({"endpoint": server.address})
    with pytest.raises(AccessDenied, match=r"connection\.access_key"):
        client.versioning_status("bucket")
    assert server.seen == []
    client.close()


def test_a_token_that_cannot_travel_is_not_shown(
    server: RecordingServer, no_credentials: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line end too many, say."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "first")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token-of-the-test\n")
    client = make_client({"endpoint": server.address})
    with pytest.raises(AccessDenied) as caught:
        client.versioning_status("bucket")
    assert "token-of-the-test" not in str(caught.value)
    assert server.seen == []
    client.close()


def test_an_anonymous_client_signs_no_subresource(server: RecordingServer) -> None:
    """And looks for no credentials."""
    client = make_client(connection(server.address, anonymous=True))
    client.versioning_status("bucket")
    assert "authorization" not in server.seen[0].headers
    client.close()


@pytest.mark.parametrize(
    ("answer", "expected", "sent"),
    [
        (error(404, "NoSuchBucket"), BucketNotFound, 1),
        (error(503, "SlowDown"), Throttled, 3),
        (Answer(body=b"<html></html>"), ServerError, 1),
    ],
)
def test_an_error_of_the_core_is_one_of_ours(
    server: RecordingServer, answer: Answer, expected: type[Exception], sent: int
) -> None:
    """With the attempts that are configured, and where it happened."""
    server.answers = [answer]
    client = make_client(connection(server.address))
    with pytest.raises(expected) as caught:
        client.versioning_status("bucket")
    assert len(server.seen) == sent
    assert (getattr(caught.value, "operation", None), getattr(caught.value, "framework", None)) == (
        "versioning_status",
        "boto3",
    )
    client.close()


def test_no_free_connection_is_told_as_such() -> None:
    """It is a matter of ``max_connections``, not of the network."""
    found = boto3_errors.classify(ConnectionsInUse())
    assert isinstance(found, ConnectionFailed)
    assert "max_connections" in found.reason


def test_versions_keep_the_order_that_they_have_in_the_answer(server: RecordingServer) -> None:
    """Botocore has markers and versions in two lists, and which of them is newer is lost."""
    server.answers = [Answer(body=VERSIONS, headers={"Server": "MinIO"})]
    client = make_client(connection(server.address))
    page = client.list_versions_page("bucket", "", ListOptions())
    assert [(found.key, found.version_id, found.is_delete_marker) for found in page.versions] == [
        ("a\x01", "3", True),
        ("a\x01", "2", False),
        ("a\x01", "1", True),
        ("b", "null", False),
    ]
    client.close()


def test_a_bucket_with_locks_is_asked_for_as_such(server: RecordingServer) -> None:
    """And it is made sure that it has become one."""
    lock = b"<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>"
    server.answers = [Answer(), Answer(body=lock)]
    client = make_client(connection(server.address))
    client.create_bucket("bucket", BucketOptions(object_lock=True))
    assert server.seen[0].headers["x-amz-bucket-object-lock-enabled"].lower() == "true"
    assert server.seen[1].target.partition("?")[2].startswith("object-lock")
    client.close()


def test_a_bucket_that_got_no_locks_is_deleted_again(server: RecordingServer) -> None:
    """Garage ignores the header."""
    server.answers = [Answer(), NO_LOCK, Answer(204)]
    client = make_client(connection(server.address))
    with pytest.raises(UnsupportedOperation):
        client.create_bucket("bucket", BucketOptions(object_lock=True))
    assert [seen.method for seen in server.seen] == ["PUT", "GET", "HEAD", "DELETE"]
    client.close()


def test_events_are_asked_for_with_the_credentials_of_boto3(server: RecordingServer) -> None:
    """boto3 has no call for MinIO's stream of events."""
    line = json.dumps({"Records": [EVENT]}).encode() + b"\n"
    server.answers = [Answer(body=line, headers={"Server": "MinIO"})]
    client = make_client(connection(server.address))
    server.answers.insert(0, Answer(body=b"<ListAllMyBucketsResult/>", headers={"Server": "MinIO"}))
    feed = client.watch("bucket", WatchOptions())
    event = feed.poll(10)[0]
    feed.close()
    assert (event.kind, event.key, event.size) == (EventKind.CREATED, "k", 1)
    assert key_of(next(seen for seen in server.seen if "events=" in seen.target)) == "ACCESS"
    client.close()

"""A client, session or ``Config`` of the program's own: ``connection.driver_config``."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import boto3
import pytest
from boto3.session import Session
from botocore.config import Config
from minio.credentials import StaticProvider

from data_store.object_store import ObjectStore
from data_store.object_store.adapters.boto3_client import Boto3Client
from data_store.object_store.adapters.minio_client import MinioClient
from data_store.object_store.body import Source
from data_store.object_store.configurations import ObjectStoreConfiguration
from data_store.object_store.errors import AccessDenied, ConfigurationError
from data_store.object_store.models import GetOptions, PresignGetOptions, PutOptions, VersioningStatus
from tests.unit.boto3_support import answered_client
from tests.unit.s3_server import Answer, RecordingServer

READ = Answer(body=b"content", headers={"ETag": "e"})
VERSIONING = Answer(body=b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>")


def make_client(driver_config: dict[str, Any], **connection: Any) -> Boto3Client:
    """A client that uses these objects."""
    config = ObjectStoreConfiguration(framework="boto3", connection={"driver_config": driver_config, **connection})
    return Boto3Client(config)


def own_client(server: RecordingServer, **settings: Any) -> Any:
    """A boto3 client as a program makes it."""
    keys = {"aws_access_key_id": "MINE", "aws_secret_access_key": "S3CRET", "region_name": "eu-north-1"}
    return boto3.client("s3", endpoint_url=f"http://{server.address}", **keys, **settings)


def put(client: Boto3Client) -> None:
    """A small PUT."""
    client.put_object("bucket", "key", Source(io.BytesIO(b"content"), 7), PutOptions())


def test_the_clients_endpoint_region_and_credentials_are_used(server: RecordingServer) -> None:
    """For what the core sends, and for what botocore sends; the client stays open, and as it was."""
    server.answers = [READ]
    mine = own_client(server)
    client = make_client({"client": mine})
    put(client)
    assert client.get_object("bucket", "key", GetOptions()).read() == b"content"
    client.delete_bucket("bucket")
    client.close()
    sent = [seen.headers["authorization"].partition("Credential=")[2].split("/") for seen in server.seen]
    assert {(each[0], each[2]) for each in sent} == {("MINE", "eu-north-1")}
    asked = len(server.seen)
    mine.head_bucket(Bucket="bucket")
    assert len(server.seen) == asked + 1
    mine.close()


def test_a_payload_that_is_not_signed_for_has_a_checksum(server: RecordingServer) -> None:
    """Over HTTP nothing else would protect it."""
    mine = own_client(server)
    client = make_client({"client": mine})
    server.answers = [READ]
    put(client)
    sent = next(seen for seen in server.seen if seen.method == "PUT").headers
    assert sent["x-amz-content-sha256"] == "UNSIGNED-PAYLOAD"
    assert "content-md5" in sent or [name for name in sent if name.startswith("x-amz-checksum-")]
    client.close()


@pytest.mark.parametrize("event", ["before-sign.s3", "before-sign.s3.PutObject", "before-send.s3.PutObject"])
def test_a_handler_of_the_client_adds_a_header(server: RecordingServer, event: str) -> None:
    """Signed for, where it comes in time for that."""
    mine = own_client(server)

    def add(request: Any, **_event: object) -> None:
        request.headers["X-Amz-Request-Payer"] = "requester"

    client = make_client({"client": mine})
    server.answers = [READ]
    mine.meta.events.register(event, add)  # afterwards
    put(client)
    sent = next(seen for seen in server.seen if seen.method == "PUT").headers
    assert sent["x-amz-request-payer"] == "requester"
    assert ("x-amz-request-payer" in sent["authorization"]) == event.startswith("before-sign")
    client.close()


def test_a_handler_that_reads_the_body_leaves_it_to_be_sent(server: RecordingServer) -> None:
    """A log of what is sent, say; large bodies are streams."""
    mine, content = own_client(server), bytes(2 << 20)
    lengths = []

    def read(request: Any, **_event: object) -> None:
        lengths.append((len(request.body.read()), request.headers["content-length"]))

    mine.meta.events.register("before-send.s3.PutObject", read)
    client = make_client({"client": mine})
    server.answers = [READ]
    client.put_object("bucket", "key", Source(io.BytesIO(content), len(content)), PutOptions())
    assert lengths == [(len(content), str(len(content)))]
    assert next(seen for seen in server.seen if seen.method == "PUT").body == content
    client.close()


def test_subresources_meet_the_clients_handlers_too(server: RecordingServer) -> None:
    """By the name of their operation."""
    mine = own_client(server)
    seen: list[str] = []
    mine.meta.events.register("before-send.s3.*", lambda event_name, **_: seen.append(event_name))
    client = make_client({"client": mine})
    server.answers = [VERSIONING]
    assert client.versioning_status("bucket") is VersioningStatus.ENABLED
    assert seen == ["before-send.s3.GetBucketVersioning"]
    client.close()


def test_urls_are_presigned_with_the_clients_credentials(server: RecordingServer) -> None:
    """With SigV4, whatever the client would presign with."""
    mine = own_client(server, config=Config(signature_version="s3"))
    client = make_client({"client": mine})
    url = client.presign_get("bucket", "key", PresignGetOptions(expires=60))
    assert url.startswith(f"http://{server.address}/bucket/key?X-Amz-Algorithm=AWS4-HMAC-SHA256")
    assert "X-Amz-Credential=MINE%2F" in url
    assert "%2Feu-north-1%2Fs3%2F" in url
    client.close()


def test_the_clients_addressing_style_holds(server: RecordingServer) -> None:
    """The bucket in the host name."""
    mine = boto3.client(
        "s3",
        endpoint_url="http://localhost:9",
        aws_access_key_id="A",
        aws_secret_access_key="S",
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "virtual"}),
    )
    client, answering = answered_client(driver_config={"client": mine})
    put(client)
    assert answering.of("PutObject").url == "http://bucket.localhost:9/key"
    assert client.presign_get("bucket", "key", PresignGetOptions(expires=60)).startswith(
        "http://bucket.localhost:9/key"
    )
    client.close()


def test_the_sessions_credentials_and_region_are_used(server: RecordingServer) -> None:
    """And its handlers; clients are made from it, and closed again."""
    session = Session("FROM-SESSION", "S", "token", region_name="eu-west-3")
    session.events.register("before-sign.s3.PutObject", lambda request, **_: request.headers.add_header("X-Mine", "1"))
    client = make_client({"session": session}, endpoint=server.address)
    server.answers = [READ]
    put(client)
    client.delete_bucket("bucket")
    sent = next(seen for seen in server.seen if seen.method == "PUT").headers
    assert "Credential=FROM-SESSION/" in sent["authorization"]
    assert "/eu-west-3/s3/" in sent["authorization"]
    assert (sent["x-amz-security-token"], sent["x-mine"]) == ("token", "1")
    url = client.presign_get("bucket", "key", PresignGetOptions(expires=60))
    assert "X-Amz-Credential=FROM-SESSION%2F" in url
    client.close()


def test_a_config_adds_what_the_store_has_no_name_for(server: RecordingServer) -> None:
    """What it has a name for stays as it is configured there."""
    theirs = Config(user_agent_extra="mine/1", retries={"total_max_attempts": 9}, read_timeout=7)
    client = make_client({"config": theirs}, endpoint=server.address, access_key="A", secret_key="S")
    client.delete_bucket("bucket")
    assert "mine/1" in server.seen[0].headers["user-agent"]
    used: Any = client._client.meta.config
    assert (used.retries["total_max_attempts"], used.read_timeout, used.signature_version) == (3, 60, "s3v4")
    client.close()


@pytest.mark.parametrize(
    ("given", "connection", "said"),
    [
        ({"http_client": 1}, {}, r"driver_config\.http_client: unknown.*client, session, config"),
        ({"client": "s3"}, {}, r"driver_config\.client: must be a BaseClient, not str"),
        ({"session": 1}, {}, r"driver_config\.session: must be a Session, not int"),
        ({"config": {}}, {}, r"driver_config\.config: must be a Config, not dict"),
        ({"session": Session()}, {"access_key": "A", "secret_key": "S"}, r"excludes connection\.access_key"),
    ],
)
def test_what_boto3_cannot_use_is_refused(given: dict[str, Any], connection: dict[str, Any], said: str) -> None:
    """Before anything is sent, with its name and without its value."""
    with pytest.raises(ConfigurationError, match=said):
        make_client(given, **connection)


@pytest.mark.parametrize(
    "connection",
    [{"endpoint": "localhost:1"}, {"region": "eu-west-1"}, {"anonymous": True}, {"addressing_style": "path"}],
)
def test_what_a_client_brings_along_is_not_configured_beside_it(
    server: RecordingServer, connection: dict[str, Any]
) -> None:
    """Only one of both could hold."""
    with pytest.raises(ConfigurationError, match=f"excludes connection.{next(iter(connection))}"):
        make_client({"client": own_client(server)}, **connection)


def test_a_client_comes_alone(server: RecordingServer) -> None:
    """A session or a Config could no longer change it."""
    with pytest.raises(ConfigurationError, match="excludes session and config"):
        make_client({"client": own_client(server), "config": Config()})


def test_a_client_of_another_service_is_refused() -> None:
    """It has none of the calls."""
    other = boto3.client("sts", region_name="us-east-1")
    with pytest.raises(ConfigurationError, match="for s3"):
        make_client({"client": other})


def test_objects_are_in_no_repr_url_or_dump(server: RecordingServer) -> None:
    """They may hold secrets, and no text stands for them."""
    connection = {"endpoint": server.address, "driver_config": {"session": Session("KEY-OF-SESSION", "S")}}
    config = ObjectStoreConfiguration(framework="boto3", connection=connection)
    assert "driver_config" not in f"{config!r} {config.to_url(show_secrets=True)} {config.model_dump_json()}"
    with pytest.raises(ConfigurationError, match="driver_config"):
        ObjectStore(f"boto3://{server.address}/bucket?driver_config=x")


def test_minio_takes_a_provider_of_credentials(server: RecordingServer) -> None:
    """For the core and for minio-py alike."""
    config = {"endpoint": server.address, "driver_config": {"credentials": StaticProvider("PROVIDED", "S")}}
    client = MinioClient(ObjectStoreConfiguration(framework="minio", connection=config))
    server.answers = [READ]
    client.get_object("bucket", "key", GetOptions()).close()
    assert "Credential=PROVIDED/" in server.seen[0].headers["authorization"]
    client.close()


@pytest.mark.parametrize(
    ("given", "connection", "said"),
    [
        ({"client": 1}, {}, r"driver_config\.client: unknown.*Allowed: credentials"),
        ({"credentials": "A"}, {}, r"driver_config\.credentials: must be a Provider, not str"),
        ({"credentials": StaticProvider("A", "S")}, {"anonymous": True}, r"excludes connection\.anonymous"),
    ],
)
def test_what_minio_cannot_use_is_refused(given: dict[str, Any], connection: dict[str, Any], said: str) -> None:
    """Likewise."""
    config = {"endpoint": "localhost:1", "driver_config": given, **connection}
    with pytest.raises(ConfigurationError, match=said):
        MinioClient(ObjectStoreConfiguration(framework="minio", connection=config))


def test_a_token_that_cannot_travel_is_not_shown_by_what_botocore_signs(
    server: RecordingServer, tmp_path: Path
) -> None:
    """A line end too many, for the core and for botocore."""
    session = Session("A", "S", "token-of-the-test\n", region_name="eu-west-3")
    client = make_client({"session": session}, endpoint=server.address)
    for call in (lambda: client.head_object("bucket", "key", GetOptions()), client.list_buckets):
        with pytest.raises(AccessDenied) as caught:
            call()
        assert "token-of-the-test" not in str(caught.value)
    assert server.seen == []
    client.close()

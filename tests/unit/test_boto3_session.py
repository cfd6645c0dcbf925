"""The session that framework ``boto3`` makes, and when it makes a client of it."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config

from data_store.object_store.adapters import boto3_connection, boto3_session
from data_store.object_store.adapters.boto3_client import Boto3Client
from data_store.object_store.body import Source
from data_store.object_store.configurations import ObjectStoreConfiguration
from data_store.object_store.errors import AccessDenied, ConfigurationError, ObjectNotFound, ObjectStoreError
from data_store.object_store.models import DeleteOptions, GetOptions, ListOptions, PresignGetOptions, PutOptions
from tests.unit.boto3_support import Answering, answer, configure_nothing
from tests.unit.s3_server import Answer, RecordingServer, recording_server

KEYS = {"access_key": "A", "secret_key": "S"}


@pytest.fixture(autouse=True)
def _nothing_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    configure_nothing(monkeypatch, tmp_path)


@pytest.fixture
def server() -> Iterator[RecordingServer]:
    """A server that answers everything, as it is told to."""
    with recording_server() as running:
        yield running


def make_client(**connection: Any) -> Boto3Client:
    """Return a client of that connection."""
    return Boto3Client(ObjectStoreConfiguration(framework="boto3", connection=connection))


def move_objects(client: Boto3Client) -> None:
    """PUT, GET, list and delete, whatever is answered."""
    for operation in (
        lambda: client.put_object("bucket", "key", Source(io.BytesIO(b"content"), 7), PutOptions()),
        lambda: client.get_object("bucket", "key", GetOptions()).close(),
        lambda: client.list_page("bucket", "", ListOptions()),
        lambda: client.delete_object("bucket", "key", DeleteOptions()),
    ):
        with suppress(ObjectStoreError):
            operation()


def test_objects_of_a_server_with_an_endpoint_need_no_client(server: RecordingServer) -> None:
    """Nor botocore's models; what is left to boto3 does."""
    boto3_session._loader.cache_clear()
    client = make_client(endpoint=server.address, **KEYS)
    move_objects(client)
    assert len(server.seen) >= 4
    assert boto3_session._loader.cache_info().misses == 0
    with suppress(ObjectStoreError):
        client.delete_bucket("bucket")
    assert boto3_session._loader.cache_info().misses == 1
    client.close()


def test_many_threads_make_one_client(server: RecordingServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is first."""
    made = []
    make = boto3_connection.Clients._make
    monkeypatch.setattr(boto3_connection.Clients, "_make", lambda self: made.append(1) or make(self))
    client = make_client(endpoint=server.address, **KEYS)
    with ThreadPoolExecutor(8) as pool:
        found = {id(each) for each in pool.map(lambda _: client._client, range(32))}
    assert (len(found), len(made)) == (1, 1)
    client.close()


def test_a_client_that_was_never_made_is_closed(server: RecordingServer) -> None:
    """And not made for that."""
    client = make_client(endpoint=server.address, **KEYS)
    client.close()
    assert client._clients._usual is None


def test_handlers_of_the_session_see_what_the_core_and_what_boto3_sends(server: RecordingServer) -> None:
    """With an endpoint, where the client may come later."""
    client, answering = make_client(endpoint=server.address, **KEYS), Answering()
    client._clients.events.register("before-send.s3", answering)
    move_objects(client)
    client.delete_bucket("bucket")
    operations = [sent.operation for sent in answering.sent]
    assert operations[:2] == ["PutObject", "GetObject"]
    assert operations[-1] == "DeleteBucket"
    assert server.seen == []
    client.close()


@pytest.mark.parametrize("endpoint", [None, "127.0.0.1:1"])
def test_a_role_is_assumed_in_the_region_of_the_store(
    endpoint: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Not in that of the STS of all regions, which is another partition's in China."""
    (tmp_path / "token").write_text("token")
    (tmp_path / "config").write_text(
        f"[default]\nrole_arn = arn:aws-cn:iam::123456789012:role/mine\nweb_identity_token_file = {tmp_path}/token\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    asked: list[str] = []

    def refuse(request: AWSPreparedRequest, **_event: object) -> AWSResponse:
        asked.append(str(request.url))
        return answer(str(request.url), 403, b"<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>")

    client = make_client(endpoint=endpoint, region="cn-north-1")
    client._clients._session.events.register("before-send.sts", refuse)
    with pytest.raises(AccessDenied):
        client.get_object("bucket", "key", GetOptions())
    assert asked
    assert all(url.startswith("https://sts.cn-north-1.amazonaws.com.cn") for url in asked)
    client.close()


@pytest.mark.parametrize(
    "profile",
    [
        "credential_process = /nowhere/at/all",
        "credential_process = echo []",
        "credential_process = echo null",
        "role_arn = arn:aws:iam::123456789012:role/mine\nweb_identity_token_file = /nowhere/at/all",
    ],
)
def test_credentials_that_cannot_be_read_are_an_error_of_ours(
    profile: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """When the store is made, or when they are first needed."""
    (tmp_path / "config").write_text(f"[default]\n{profile}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    with pytest.raises((ConfigurationError, AccessDenied)):
        make_client(endpoint="127.0.0.1:1").get_object("bucket", "key", GetOptions())


def test_nobody_looks_for_credentials_beside_a_client_of_the_program(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A profile's program would be run for it."""
    ran = tmp_path / "ran"
    (tmp_path / "config").write_text(f"[default]\ncredential_process = {sys.executable} -c \"open('{ran}', 'w')\"\n")
    mine = boto3.client("s3", region_name="eu-west-1", aws_access_key_id="MINE", aws_secret_access_key="S")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    client = make_client(driver_config={"client": mine})
    assert client.presign_get("bucket", "key", PresignGetOptions(expires=60))
    client.close()
    assert not ran.exists()


@pytest.mark.parametrize("keys", [KEYS, {"anonymous": True}])
@pytest.mark.parametrize("region", [{}, {"region": "eu-west-1"}])
@pytest.mark.parametrize("default_region", [None, "eu-west-3"])
def test_a_profile_of_the_environment_that_is_gone_is_a_configuration_error(
    keys: dict[str, Any], region: dict[str, str], default_region: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is sent, whatever else answers for it."""
    monkeypatch.setenv("AWS_PROFILE", "gone")
    if default_region is not None:
        monkeypatch.setenv("AWS_DEFAULT_REGION", default_region)
    with pytest.raises(ConfigurationError, match="gone"):
        make_client(endpoint="127.0.0.1:1", **keys, **region)


@pytest.mark.parametrize(
    ("connection", "said"),
    [
        ({"endpoint": "minio_server:9000"}, "cannot use the endpoint minio_server:9000"),
        ({"endpoint": "127.0.0.1:1", "region": "default_zone"}, "region"),
        ({"endpoint": "127.0.0.1:1", "region": "123"}, "region"),
    ],
)
def test_what_boto3_cannot_use_is_said_before_objects_move(connection: dict[str, str], said: str) -> None:
    """Not by the first upload that is large enough for boto3."""
    with pytest.raises(ConfigurationError, match=said):
        make_client(**connection, **KEYS)


@pytest.mark.parametrize(
    ("region", "config", "expected"),
    [
        (None, "eu-west-1", "eu-west-1"),
        ("eu-north-1", "eu-west-1", "eu-north-1"),
        ("fips-us-gov-west-1", None, "us-gov-west-1"),
        (None, None, "us-east-1"),
    ],
)
def test_the_core_signs_for_the_region_that_boto3_signs_for(
    region: str | None, config: str | None, expected: str, server: RecordingServer
) -> None:
    """Whoever names it."""
    driver_config = {"config": Config(region_name=config)} if config else {}
    client = make_client(endpoint=server.address, region=region, driver_config=driver_config, **KEYS)
    client.bucket_exists("bucket")
    client.delete_bucket("bucket")
    assert [f"/{expected}/s3/" in seen.headers["authorization"] for seen in server.seen] == [True, True]
    client.close()


def test_a_region_of_the_environment_with_a_line_end_is_a_configuration_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be part of a header."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1\n")
    with pytest.raises(ConfigurationError, match="line end"):
        make_client(endpoint="127.0.0.1:1", **KEYS)


def test_what_boto3_cannot_use_does_not_stop_what_needs_none_of_it(
    server: RecordingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A 404 asks for the bucket, and gets its answer."""
    client = make_client(endpoint=server.address, **KEYS)
    monkeypatch.setenv("AWS_DEFAULTS_MODE", "nonsense")
    server.answers = [Answer(404), Answer(200)]
    with pytest.raises(ObjectNotFound):
        client.head_object("bucket", "key", GetOptions())
    with pytest.raises(ConfigurationError, match="nonsense"):
        client.delete_bucket("bucket")
    client.close()

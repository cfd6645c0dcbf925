"""The adapter of minio-py: which credentials, which errors, which keys are refused."""

from __future__ import annotations

import inspect
import io
from xml.etree.ElementTree import ParseError

import minio.error
import pytest
import urllib3.exceptions
from urllib3 import HTTPResponse

from data_store.object_store.adapters.minio_client import MinioClient
from data_store.object_store.body import Source
from data_store.object_store.configurations import ObjectStoreConfiguration
from data_store.object_store.errors import (
    AccessDenied,
    ConfigurationError,
    ConnectionFailed,
    ObjectNotFound,
    ObjectStoreError,
    ServerError,
    Throttled,
    UnsupportedOperation,
)
from data_store.object_store.models import BucketOptions, GetOptions, ListOptions, ObjectIdentifier, PutOptions
from tests.unit.s3_server import Answer, error, quick_retry, recording_server

KEYS = {"access_key": "ACCESS", "secret_key": "S3CRET"}
STORED = Answer(headers={"ETag": '"e"'})
BUCKETS = b"<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>"


@pytest.fixture
def server():
    """A server that records."""
    with recording_server() as running:
        yield running


@pytest.fixture
def make_client(server):
    """Make clients of that server."""
    made = []

    def make(max_attempts=3, **given):
        config = {"endpoint": server.address, **(given or KEYS)}
        made.append(
            MinioClient(ObjectStoreConfiguration(framework="minio", connection=config, retry=quick_retry(max_attempts)))
        )
        return made[-1]

    yield make
    for client in made:
        client.close()


def put(client, key="key"):
    """Store a small object."""
    return client.put_object("bucket", key, Source(io.BytesIO(b"content"), 7), PutOptions())


@pytest.mark.parametrize(
    "operation",
    [
        put,
        lambda client: client.get_object("bucket", "key", GetOptions()),
        lambda client: client.head_object("bucket", "key", GetOptions()),
        lambda client: client.list_buckets(),
        lambda client: client.create_bucket("bucket", BucketOptions()),
        lambda client: client.delete_bucket("bucket"),
        lambda client: client.bucket_exists("bucket"),
    ],
)
@pytest.mark.parametrize("attempts", [1, 4])
def test_a_busy_server_sees_max_attempts_requests_of_core_and_sdk(operation, attempts, server, make_client):
    """One retry layer below both."""
    server.answers = [error(503, "SlowDown", Content_Type="application/xml")]
    with pytest.raises(Throttled):
        operation(make_client(attempts))
    assert len(server.seen) == attempts


def test_a_key_that_minio_would_change_is_refused_before_it_is_sent(server, make_client):
    """A first request finds out what the server is; others ask nothing."""
    server.answers = [Answer(body=BUCKETS, headers={"Server": "MinIO"}), STORED]
    client = make_client()
    for _ in range(2):
        with pytest.raises(UnsupportedOperation, match="leading"):
            put(client, "/key")
    assert [seen.target for seen in server.seen] == ["/"]


def test_a_key_with_a_leading_slash_travels_to_other_servers(server, make_client):
    """As it is."""
    server.answers = [Answer(body=BUCKETS), STORED]
    put(make_client(), "/key")
    assert [seen.target for seen in server.seen] == ["/", "/bucket//key"]


def test_keys_that_xml_cannot_hold_are_deleted_one_by_one(server, make_client):
    """And one that the answer does not name: no key is forgotten, each keeps its place."""
    server.answers = [
        Answer(body=b"<DeleteResult><Deleted><Key>a</Key></Deleted></DeleteResult>"),
        Answer(204),
        error(403, "AccessDenied"),
    ]
    outcomes = make_client().delete_objects("bucket", [ObjectIdentifier(key) for key in ("a", "\x01", "b")])
    assert [(seen.method, seen.target) for seen in server.seen] == [
        ("POST", "/bucket?delete="),
        ("DELETE", "/bucket/%01"),
        ("DELETE", "/bucket/b"),
    ]
    assert [found.key for found in outcomes] == ["a", "\x01", "b"]
    assert [type(found.error) for found in outcomes] == [type(None), type(None), AccessDenied]


@pytest.mark.parametrize(
    "variables", [("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), ("MINIO_ACCESS_KEY", "MINIO_SECRET_KEY")]
)
def test_credentials_come_from_the_environment(variables, server, make_client, monkeypatch):
    """Where the configuration has none: AWS's names, or MinIO's."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY", "AWS_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in zip(variables, ("FROMENV", "secret"), strict=True):
        monkeypatch.setenv(name, value)
    server.answers = [STORED]
    put(make_client(region="us-east-1"))
    assert "Credential=FROMENV/" in server.seen[0].headers["authorization"]


def test_credentials_come_from_a_profile(server, make_client, monkeypatch, tmp_path):
    """Of the AWS credentials file, its session token too; for minio-py's own requests as well."""
    (tmp_path / "credentials").write_text(
        "[mine]\naws_access_key_id=PROFILED\naws_secret_access_key=s\naws_session_token=TOKEN\n"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    server.answers = [STORED, Answer(body=BUCKETS)]
    client = make_client(profile="mine")
    put(client)
    client.list_buckets()
    for seen in server.seen:
        assert "Credential=PROFILED/" in seen.headers["authorization"]
        assert seen.headers["x-amz-security-token"] == "TOKEN"


@pytest.mark.parametrize("operation", [put, lambda client: client.list_buckets(), lambda client: client.ping()])
def test_a_profile_that_is_missing_is_access_denied(operation, server, make_client, monkeypatch, tmp_path):
    """Before anything is sent, and by our own word."""
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "missing"))
    with pytest.raises(AccessDenied, match="no credentials"):
        operation(make_client(profile="mine"))
    assert server.seen == []


def test_no_credentials_anywhere_names_what_to_set(server, make_client, monkeypatch, tmp_path):
    """The keys of the configuration, and the variables."""
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "missing"))
    with pytest.raises(AccessDenied, match=r"access_key and connection\.secret_key, .* AWS_SECRET_ACCESS_KEY .*MINIO_"):
        make_client(profile="mine").ping()
    assert server.seen == []


def test_an_anonymous_client_signs_nothing(server, make_client):
    """Neither in the core nor in minio-py."""
    server.answers = [STORED, Answer(body=BUCKETS)]
    client = make_client(anonymous=True)
    put(client)
    client.list_buckets()
    assert all("authorization" not in seen.headers for seen in server.seen)


def test_a_bucket_is_made_in_the_configured_region(server, make_client):
    """Which minio-py names in the body."""
    assert make_client(**KEYS, region="eu-west-1").create_bucket("bucket", BucketOptions()).name == "bucket"
    assert b"<LocationConstraint>eu-west-1</LocationConstraint>" in server.seen[0].body


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("path", ["http://s3.eu-west-1.amazonaws.com/bucket", "http://s3.eu-west-1.amazonaws.com/bucket/key"]),
        ("virtual", ["http://bucket.s3.eu-west-1.amazonaws.com/", "http://bucket.s3.eu-west-1.amazonaws.com/key"]),
    ],
)
def test_core_and_sdk_address_a_bucket_in_the_same_style(style, expected, server, make_client):
    """As configured."""
    aws = {"endpoint": "http://s3.eu-west-1.amazonaws.com", "proxy": f"http://{server.address}"}
    client = make_client(**KEYS, **aws, addressing_style=style)
    client.delete_bucket("bucket")
    client.head_object("bucket", "key", GetOptions())
    assert [seen.target for seen in server.seen] == expected


MINIO_ERRORS = {
    "MinioException": lambda: minio.error.MinioException("m"),
    "InvalidResponseError": lambda: minio.error.InvalidResponseError(503, "text/html", "<html>"),
    "ServerError": lambda: minio.error.ServerError("m", 503),
    "S3Error": lambda: minio.error.S3Error(
        code="NoSuchKey",
        message="m",
        resource="/b/k",
        request_id="ID",
        host_id="h",
        response=HTTPResponse(status=404, headers={"x-amz-request-id": "ID"}),
    ),
    "MinioAdminException": lambda: minio.error.MinioAdminException("500", "body"),
}


def exceptions_of(module):
    """The exception classes that a module defines, warnings left out."""
    return {
        name: found
        for name, found in inspect.getmembers(module, inspect.isclass)
        if issubclass(found, Exception) and not issubclass(found, Warning) and found.__module__ == module.__name__
    }


def test_every_exception_of_minio_py_has_a_class_of_ours(make_client):
    """None is left out, also when minio-py gets a new one."""
    assert set(exceptions_of(minio.error)) == set(MINIO_ERRORS)
    client = make_client()
    for make in MINIO_ERRORS.values():
        assert isinstance(client.classify(make()), ObjectStoreError)


def test_an_s3_error_keeps_code_status_and_request_id(make_client):
    """And InvalidResponseError, which has no public attribute for it, its status."""
    found = make_client().classify(MINIO_ERRORS["S3Error"]())
    assert type(found) is ObjectNotFound
    assert (found.code, found.status, found.request_id, found.reason) == ("NoSuchKey", 404, "ID", "m")
    assert type(make_client().classify(MINIO_ERRORS["InvalidResponseError"]())) is Throttled


def made(kind):
    """An exception of a class, from whatever arguments its constructor takes."""
    for arguments in (
        ("m",),
        (None, "m"),
        (None, "u", "m"),
        (None, "/", None),
        (HTTPResponse(), b"x"),
        ("h", None, OSError("m")),
    ):
        try:
            return kind(*arguments)
        except (TypeError, AttributeError):
            continue
    raise AssertionError(f"no arguments for {kind}")


@pytest.mark.parametrize("name", exceptions_of(urllib3.exceptions))
def test_every_exception_of_urllib3_has_a_class_of_ours(name, make_client):
    """Whatever the transport raises."""
    assert isinstance(make_client().classify(made(exceptions_of(urllib3.exceptions)[name])), ObjectStoreError)


def test_what_is_not_the_sdks_is_not_classified(make_client):
    """A mistake of ours stays what it is, to be found."""
    assert make_client().classify(KeyError("k")) is None
    assert make_client().classify(ValueError("k")) is None


@pytest.mark.parametrize(
    ("exc", "kind"),
    [
        (ValueError("invalid bucket name a"), UnsupportedOperation),
        (ValueError("XML element <Buckets> not found"), ServerError),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), ServerError),
        (ParseError("no element found"), ServerError),
        (urllib3.exceptions.EmptyPoolError(None, "m"), ConnectionFailed),
    ],
)
def test_what_minio_py_raises_of_others_is_classified(exc, kind, make_client):
    """Names that it dislikes, answers that are no XML, a pool without a free connection."""
    assert type(make_client().classify(exc)) is kind


def test_what_minio_py_cannot_use_of_aws_is_a_configuration_error(make_client):
    """Before anything is sent."""
    with pytest.raises(ConfigurationError, match="China"):
        make_client(**KEYS, endpoint="https://s3.amazonaws.com.cn")


def test_no_secret_is_in_what_can_be_printed(server, make_client):
    """Of the client, its errors, and what they were made from."""
    server.answers = [error(403, "SignatureDoesNotMatch")]
    client = make_client(**KEYS, session_token="T0KEN")
    with pytest.raises(AccessDenied) as raised:
        client.list_page("bucket", "", ListOptions())
    shown = repr(client) + repr(raised.value) + str(raised.value) + repr(raised.value.__cause__) + repr(vars(client))
    assert "S3CRET" not in shown
    assert "T0KEN" not in shown

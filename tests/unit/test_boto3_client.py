"""The boto3 adapter against a server that answers, and fails, as it is told to."""

from __future__ import annotations

import hashlib
import inspect
import io
import string
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pytest
from botocore import exceptions as botocore
from botocore.parsers import QueryParser, RestJSONParser, RestXMLParser

from data_store.object_store.adapters import boto3_errors, boto3_session
from data_store.object_store.adapters.boto3_answers import AnswerParsers
from data_store.object_store.adapters.boto3_client import Boto3Client
from data_store.object_store.body import ObjectBody, Source
from data_store.object_store.configurations import ObjectStoreConfiguration
from data_store.object_store.errors import (
    AccessDenied,
    BucketNotFound,
    ConfigurationError,
    ConnectionFailed,
    InvalidPart,
    NotModified,
    ObjectNotFound,
    ObjectStoreError,
    PreconditionFailed,
    ServerError,
    Throttled,
    TimedOut,
    UnsupportedOperation,
    UploadNotFound,
)
from data_store.object_store.models import (
    BucketOptions,
    CompleteOptions,
    CopyOptions,
    GetOptions,
    ListOptions,
    ObjectIdentifier,
    PartInfo,
    PutOptions,
)
from data_store.object_store.testing.faults import FaultServer, Request

MIB = 1024**2
PARTS = [PartInfo(1, hashlib.md5(b"one").hexdigest(), 3), PartInfo(2, hashlib.md5(b"two").hexdigest(), 3)]
DIGESTS = b"".join(bytes.fromhex(part.etag) for part in PARTS)
WHOLE = f"{hashlib.md5(DIGESTS).hexdigest()}-2"
SECRET = "s3cr3t-of-the-test"

# Raised when a client is made, or by parts of botocore that this adapter does not use.
NEVER_MET = {
    "ApiVersionNotFoundError": "the API version is botocore's default",
    "AwsChunkedWrapperError": "trailing checksums are off",
    "CapacityNotAvailableError": "retry mode adaptive",
    "DataNotFoundError": "the model of S3 comes with botocore",
    "InvalidChecksumConfigError": "set in the Config",
    "InvalidDefaultsMode": "when the client is made",
    "InvalidEndpointConfigurationError": "when the client is made",
    "InvalidEndpointDiscoveryConfigurationError": "when the client is made",
    "InvalidExpressionError": "waiters",
    "InvalidMaxRetryAttemptsError": "when the client is made",
    "InvalidRetryConfigurationError": "when the client is made",
    "InvalidRetryModeError": "when the client is made",
    "InvalidS3UsEast1RegionalEndpointConfigError": "when the client is made",
    "InvalidSTSRegionalEndpointsConfigError": "when the client is made",
    "MD5UnavailableError": "Content-MD5 comes from the caller",
    "MissingParametersError": "method arguments are complete",
    "OperationNotPageableError": "no paginators",
    "PaginationError": "no paginators",
    "ServiceNotInRegionError": "old, never raised",
    "StubAssertionError": "botocore's stubber",
    "StubResponseError": "botocore's stubber",
    "UnStubbedResponseError": "botocore's stubber",
    "UnknownClientMethodError": "presigning and waiters",
    "UnknownServiceError": "the model of S3 comes with botocore",
    "UnknownServiceStyle": "when the client is made",
    "UnknownSignatureVersionError": "s3v4, or none",
    "UnsupportedOutpostResourceError": "Outposts",
    "UnsupportedS3ControlArnError": "S3 Control",
    "UnsupportedS3ControlConfigurationError": "S3 Control",
    "UnsupportedServiceProtocolsError": "when the client is made",
    "WaiterConfigError": "waiters",
    "WaiterError": "waiters",
}


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[FaultServer, Boto3Client]]:
    """A server and its client."""
    with FaultServer() as running:
        made = make_client(running.endpoint)
        yield running, made
        made.close()


@pytest.fixture
def server(shared: tuple[FaultServer, Boto3Client]) -> FaultServer:
    """A server that answers as it is told to, and has not been told anything yet."""
    shared[0].forget()
    return shared[0]


@pytest.fixture
def client(shared: tuple[FaultServer, Boto3Client]) -> Boto3Client:
    """A client of that server, with two attempts."""
    return shared[1]


def make_client(endpoint: str, **settings: Any) -> Boto3Client:
    """A client with keys and two attempts."""
    retry = settings.pop("retry", {"max_attempts": 2})
    keys = {} if settings.get("anonymous") else {"access_key": "access", "secret_key": SECRET}
    connection = {"endpoint": endpoint, "read_timeout": 20, **keys, **settings}
    return Boto3Client(ObjectStoreConfiguration(framework="boto3", connection=connection, retry=retry))


def source(content: bytes) -> Source:
    """What a PUT reads from."""
    return Source(io.BytesIO(content), len(content))


def put(client: Boto3Client, content: bytes = b"content", key: str = "key") -> None:
    """A plain PUT."""
    client.put_object("bucket", key, source(content), PutOptions())


def of_method(*methods: str) -> Any:
    """A condition on staged answers."""

    def holds(request: Request) -> bool:
        return request.method in methods

    return holds


@pytest.mark.parametrize("attempts", [1, 3])
def test_a_fresh_client_makes_exactly_the_configured_number_of_requests(server: FaultServer, attempts: int) -> None:
    """Nothing above the one retry layer repeats a request."""
    server.answer(503, "SlowDown")
    client = make_client(server.endpoint, retry={"max_attempts": attempts})
    with pytest.raises(Throttled, match="SlowDown"):
        client.get_object("bucket", "key", GetOptions())
    assert len(server.requests) == attempts
    client.close()


@pytest.mark.parametrize("read", ["get_object", "head_object"])
def test_a_read_is_sent_as_often_as_its_options_allow(server: FaultServer, read: str) -> None:
    """Fewer times or more often than configured; and other requests as often as before."""
    server.answer(503, "SlowDown")
    client = make_client(server.endpoint, retry={"max_attempts": 2})
    for attempts, sent in [(1, 1), (3, 3), (1, 1), (None, 2)]:
        server.forget()
        server.answer(503, "SlowDown")
        with pytest.raises(Throttled):
            getattr(client, read)("bucket", "key", GetOptions(attempts=attempts))
        assert len(server.requests) == sent
    client.close()


def test_a_body_says_how_many_requests_it_took(server: FaultServer) -> None:
    """The retries below are among them."""
    client = make_client(server.endpoint, retry={"max_attempts": 3})
    for failures in (0, 1, 2):
        server.forget()
        if failures:
            server.answer(503, "SlowDown", times=failures)
        server.answer(200, body=b"content")
        found = client.get_object("bucket", "key", GetOptions())
        assert cast(ObjectBody, found.body).attempts == 1 + failures
        assert found.read() == b"content"
    client.close()


def test_a_read_with_other_attempts_is_signed_with_the_same_credentials(
    server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that boto3's chain found first, whatever the environment says by then."""
    server.answer(200, body=b"content")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "first")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    config = ObjectStoreConfiguration(framework="boto3", connection={"endpoint": server.endpoint})
    client = Boto3Client(config)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "second")
    another = Boto3Client(config)
    client.get_object("bucket", "key", GetOptions(attempts=1)).close()
    another.get_object("bucket", "key", GetOptions(attempts=1)).close()
    signed = [request.headers["authorization"].partition("Credential=")[2] for request in server.requests]
    assert [credential.partition("/")[0] for credential in signed] == ["first", "second"]
    client.close()
    another.close()


def test_clients_made_at_the_same_time_all_work(server: FaultServer) -> None:
    """They share botocore's models, and a client that is asked for new numbers of attempts its session."""
    server.answer(200, body=b"content")
    boto3_session._loader.cache_clear()

    def read(attempts: int) -> bytes:
        client = make_client(server.endpoint)
        client.delete_bucket("bucket")
        content = client.get_object("bucket", "key", GetOptions(attempts=1 + attempts % 3)).read()
        client.close()
        return content

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(read, range(16))) == [b"content"] * 16
        client = make_client(server.endpoint)
        options = [GetOptions(attempts=1 + number % 4) for number in range(16)]
        found = pool.map(lambda given: client.get_object("bucket", "key", given).read(), options)
        assert list(found) == [b"content"] * 16
        client.close()


def test_botocores_models_are_read_once_for_each_place(
    server: FaultServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A client with another AWS_DATA_PATH has those that it finds there."""
    server.answer(200, body=b"")
    boto3_session._loader.cache_clear()
    for path in (None, None, tmp_path, tmp_path, None):
        monkeypatch.delenv("AWS_DATA_PATH", raising=False)
        if path is not None:
            monkeypatch.setenv("AWS_DATA_PATH", str(path))
        client = make_client(server.endpoint)
        client.delete_bucket("bucket")
        client.close()
    assert boto3_session._loader.cache_info().misses == 2
    assert str(tmp_path) in boto3_session._loader(str(tmp_path)).search_paths
    assert str(tmp_path) not in boto3_session._loader(None).search_paths


@pytest.mark.parametrize("size", [10, 2 * MIB])
def test_a_repeated_put_sends_the_whole_body_again(server: FaultServer, client: Boto3Client, size: int) -> None:
    """The body is rewound, whether it went as bytes or as a stream."""
    server.answer(503, times=1)
    server.answer(200, body=b"", headers={"ETag": '"e"', "Date": "Sat, 21 Nov 2026 00:00:00 GMT"})
    put(client, b"x" * size)
    assert [request.headers["content-length"] for request in server.requests] == [str(size)] * 2


def test_no_checksum_travels_unasked(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Botocore's default CRC32 breaks older servers, and the environment must not bring it back."""
    monkeypatch.setenv("AWS_REQUEST_CHECKSUM_CALCULATION", "when_supported")
    monkeypatch.setenv("AWS_RESPONSE_CHECKSUM_VALIDATION", "when_supported")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    server.answer(200, body=b"", headers={"ETag": '"e"'})
    other = make_client(server.endpoint)
    put(other)
    sent = server.requests[0].headers
    assert not [name for name in sent if "checksum" in name or "trailer" in name]
    other.close()


def test_anonymous_requests_are_not_signed(server: FaultServer) -> None:
    """And no credentials are looked for."""
    server.answer(200, body=b"", headers={"ETag": '"e"'})
    client = make_client(server.endpoint, anonymous=True)
    put(client)
    assert "authorization" not in server.requests[0].headers
    client.close()


def test_user_metadata_survives_the_wire(server: FaultServer, client: Boto3Client) -> None:
    """Botocore refuses what is not ASCII; it is encoded before."""
    server.answer(200, body=b"", headers={"ETag": '"e"'})
    client.put_object("bucket", "key", source(b""), PutOptions(metadata={"a": "ü ", "b": "", "c": "x  y"}))
    sent = {k: v for k, v in server.requests[0].headers.items() if k.startswith("x-amz-meta-")}
    server.forget()
    server.answer(200, body=b"", headers=sent)
    assert client.head_object("bucket", "key", GetOptions()).metadata == {"a": "ü ", "b": "", "c": "x  y"}


def test_a_put_tells_what_the_answer_says(server: FaultServer, client: Boto3Client) -> None:
    """ETag without quotes, the answer's date, the size that was sent."""
    etag = hashlib.md5(b"content").hexdigest()
    headers = {"ETag": f'"{etag}"', "Date": "Sat, 21 Nov 2026 00:00:00 GMT", "x-amz-version-id": "v1"}
    server.answer(200, body=b"", headers=headers)
    found = client.put_object("bucket", "key", source(b"content"), PutOptions())
    assert (found.key, found.size, found.etag, found.version_id) == ("key", 7, etag, "v1")
    assert found.checksums == {"md5": etag}
    assert found.updated_time is not None
    assert found.updated_time.isoformat() == "2026-11-21T00:00:00+00:00"


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [(404, "NoSuchBucket", BucketNotFound), (403, "SignatureDoesNotMatch", AccessDenied), (500, None, ServerError)],
)
def test_an_error_answer_is_told_with_its_details(
    server: FaultServer, client: Boto3Client, status: int, code: str | None, expected: type[ObjectStoreError]
) -> None:
    """Code, status and request id are for the server's log."""
    server.answer(status, code, "the server's words")
    with pytest.raises(expected) as caught:
        client.list_page("bucket", "", ListOptions())
    assert (caught.value.status, caught.value.request_id) == (status, "STAGED")
    assert caught.value.reason == "the server's words"
    assert caught.value.operation == "list_page"


@pytest.mark.parametrize(
    ("status", "expected"), [(403, AccessDenied), (412, PreconditionFailed), (304, NotModified), (503, Throttled)]
)
def test_a_head_without_a_body_is_judged_by_its_status(
    server: FaultServer, client: Boto3Client, status: int, expected: type[ObjectStoreError]
) -> None:
    """Botocore makes up the code "403"; ours is None then."""
    server.answer(status, body=b"")
    with pytest.raises(expected) as caught:
        client.head_object("bucket", "key", GetOptions())
    assert caught.value.code is None


def test_a_head_that_finds_nothing_asks_for_the_bucket(server: FaultServer, client: Boto3Client) -> None:
    """404 does not say what is missing."""
    server.answer(404, body=b"", when=lambda request: request.target.endswith("/key"))
    server.answer(200, body=b"", times=1)
    with pytest.raises(ObjectNotFound):
        client.head_object("never-seen", "key", GetOptions())
    server.forget()
    server.answer(404, body=b"")
    with pytest.raises(BucketNotFound):
        client.head_object("never-seen-either", "key", GetOptions())


def test_a_server_that_ignores_ranges_is_not_believed(server: FaultServer, client: Boto3Client) -> None:
    """200 means the whole object, not the range."""
    server.answer(200, body=b"0123456789")
    with pytest.raises(UnsupportedOperation, match="range"):
        client.get_object("bucket", "key", GetOptions(offset=3, length=2))
    assert client.get_object("bucket", "key", GetOptions(offset=0, length=10)).read() == b"0123456789"


def test_a_body_that_breaks_is_a_failed_connection(server: FaultServer) -> None:
    """A stream fails after the call returned, and is translated all the same."""
    with FaultServer(upstream=server.endpoint) as between:
        server.answer(200, body=b"x" * 100_000)
        between.cut_response(after=1000)
        other = make_client(between.endpoint)
        found = other.get_object("bucket", "key", GetOptions())
        with pytest.raises(ConnectionFailed) as caught:
            found.read()
        assert caught.value.key == "key"
        other.close()


def test_a_body_that_falls_silent_times_out(server: FaultServer) -> None:
    """No answer within read_timeout."""
    with FaultServer(upstream=server.endpoint) as between:
        server.answer(200, body=b"x" * 100_000)
        between.stall_response(after=1000)
        other = make_client(between.endpoint, read_timeout=0.5)
        with pytest.raises(TimedOut):
            other.get_object("bucket", "key", GetOptions()).read()
        other.close()


def test_what_the_callers_stream_raises_is_raised(server: FaultServer, client: Boto3Client) -> None:
    """Botocore wraps it; the caller wants his own."""

    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise PermissionError("not yours")

    server.answer(200, body=b"")
    with pytest.raises(PermissionError, match="not yours"):
        client.put_object("bucket", "key", Source(Broken(b"x" * 2 * MIB), 2 * MIB), PutOptions())


COPY_FAILED = b"<Error><Code>InternalError</Code><Message>broke</Message></Error>"


def test_a_copy_that_fails_after_its_200_is_an_error(server: FaultServer, client: Boto3Client) -> None:
    """S3 API reference, CopyObject: the error may stand in the body of a 200."""
    server.answer(200, body=COPY_FAILED)
    with pytest.raises(ServerError):
        client.copy_object("bucket", "source", "bucket", "key", CopyOptions())


def test_a_completion_that_fails_after_its_200_is_an_error(server: FaultServer, client: Boto3Client) -> None:
    """S3 API reference, CompleteMultipartUpload: likewise. The question after it finds no object."""
    server.answer(404, body=b"", when=of_method("HEAD"))
    server.answer(200, body=COPY_FAILED)
    with pytest.raises(ServerError):
        client.complete_multipart_upload("bucket", "key", "upload", PARTS, CompleteOptions())


def test_a_completion_whose_answer_was_lost_succeeds(server: FaultServer, client: Boto3Client) -> None:
    """The retry hears that there is no such upload; the object's ETag says that it was completed."""
    server.answer(503, times=1)
    server.answer(404, "NoSuchUpload", when=of_method("POST"))
    server.answer(200, body=b"", headers={"ETag": f'"{WHOLE}"'}, when=of_method("HEAD"))
    assert client.complete_multipart_upload("bucket", "key", "upload", PARTS, CompleteOptions()).etag == WHOLE


@pytest.mark.parametrize("etag", [hashlib.md5(b"another").hexdigest(), f"{'0' * 32}-2"])
def test_a_lost_upload_is_not_taken_for_another_object(server: FaultServer, client: Boto3Client, etag: str) -> None:
    """What lies under the key was not made from these parts."""
    server.answer(503, times=1)
    server.answer(404, "NoSuchUpload", when=of_method("POST"))
    server.answer(200, body=b"", headers={"ETag": etag}, when=of_method("HEAD"))
    with pytest.raises(UploadNotFound):
        client.complete_multipart_upload("bucket", "key", "upload", PARTS, CompleteOptions())


def test_a_completion_that_is_refused_for_its_parts_is_not_looked_for(server: FaultServer, client: Boto3Client) -> None:
    """Even if it was repeated: the upload is still there."""
    server.answer(503, times=1)
    server.answer(400, "InvalidPart", when=of_method("POST"))
    server.answer(200, body=b"", headers={"ETag": f'"{WHOLE}"'}, when=of_method("HEAD"))
    with pytest.raises(InvalidPart):
        client.complete_multipart_upload("bucket", "key", "upload", PARTS, CompleteOptions())


def test_a_lost_upload_that_cannot_be_looked_for_is_one(server: FaultServer, client: Boto3Client) -> None:
    """Whatever keeps the object from being seen."""
    server.answer(503, times=1)
    server.answer(404, "NoSuchUpload", when=of_method("POST"))
    server.answer(200, body=b"", headers={"ETag": "e", "Content-Length": "-1"}, when=of_method("HEAD"))
    with pytest.raises(UploadNotFound):
        client.complete_multipart_upload("bucket", "key", "upload", PARTS, CompleteOptions())


def test_an_unknown_upload_asks_nothing_further(server: FaultServer, client: Boto3Client) -> None:
    """Without a retry no answer was lost."""
    server.answer(404, "NoSuchUpload")
    with pytest.raises(UploadNotFound):
        client.complete_multipart_upload("bucket", "key", "upload", PARTS, CompleteOptions())
    assert len(server.requests) == 1


def test_a_completion_without_an_etag_has_the_one_of_its_parts(server: FaultServer, client: Boto3Client) -> None:
    """Ceph 16 leaves it empty now and then."""
    body = b"<CompleteMultipartUploadResult><Key>key</Key><ETag></ETag></CompleteMultipartUploadResult>"
    server.answer(200, body=body)
    found = client.complete_multipart_upload("bucket", "key", "upload", list(reversed(PARTS)), CompleteOptions())
    assert (found.etag, found.size) == (WHOLE, 6)


def test_deleting_many_keeps_each_outcome(server: FaultServer, client: Boto3Client) -> None:
    """In any order of the answer; one that the answer leaves out is deleted by itself, as is one XML cannot hold."""
    body = b"""<DeleteResult><Deleted></Deleted><Deleted><Key>b</Key></Deleted>
    <Error><Key>a</Key><Code>AccessDenied</Code><Message>no</Message></Error>
    <Error><Key>d</Key><Code>NoSuchKey</Code></Error></DeleteResult>"""
    server.answer(200, body=body, when=of_method("POST"))
    server.answer(204, body=b"", when=of_method("DELETE"))
    asked = [ObjectIdentifier(key) for key in ("a", "b", "c", "d", "e\x01")]
    outcomes = client.delete_objects("bucket", asked)
    assert [outcome.key for outcome in outcomes] == ["a", "b", "c", "d", "e\x01"]
    assert [type(outcome.error) for outcome in outcomes] == [AccessDenied] + [type(None)] * 4
    assert outcomes[0].error is not None
    assert (outcomes[0].error.operation, outcomes[0].error.key) == ("delete_objects", "a")
    assert [request.method for request in server.requests] == ["POST", "DELETE", "DELETE"]


def test_a_listing_of_keys_with_control_characters_is_read(server: FaultServer, client: Boto3Client) -> None:
    """Ceph repeats prefix and token with references that XML does not allow."""
    body = b"""<ListBucketResult><EncodingType>url</EncodingType><Prefix>a&#x01;</Prefix><IsTruncated>true</IsTruncated>
    <NextContinuationToken>a&#x01;\xc3\xbc&#x0a;</NextContinuationToken>
    <Contents><Key>a%01%C3%BC%0A</Key></Contents></ListBucketResult>"""
    server.answer(200, body=body)
    page = client.list_page("bucket", "a\x01", ListOptions(limit=1))
    assert [found.key for found in page.objects] == ["a\x01ü\n"]
    assert page.cursor == "a\x01ü\n"
    assert len(server.requests) == 1


def test_a_key_that_minio_would_change_is_never_sent(server: FaultServer) -> None:
    """The first answer tells who the server is, even if it is an error."""
    client = make_client(server.endpoint)
    server.answer(403, "AccessDenied", headers={"Server": "MinIO"})
    with pytest.raises(UnsupportedOperation, match="leading"):
        put(client, key="/key")
    with pytest.raises(UnsupportedOperation, match="leading"):
        client.copy_object("bucket", "/source", "bucket", "key", CopyOptions())
    assert [request.method for request in server.requests] == ["GET"]
    client.close()


@pytest.mark.parametrize("status", [301, 302, 307])
def test_a_redirect_that_names_no_region_is_an_error(server: FaultServer, client: Boto3Client, status: int) -> None:
    """Botocore would ask HeadBucket for the region, and again for that one's, until the stack ends."""
    server.answer(status, body=b"<html></html>", headers={"Location": "/login"})
    with pytest.raises(ObjectStoreError) as caught:
        client.copy_object("bucket", "source", "bucket", "key", CopyOptions())
    assert caught.value.status == status
    assert len(server.requests) == 1


def test_a_wrong_region_is_put_right(server: FaultServer, client: Boto3Client) -> None:
    """A server with a region of its own says which; the request is signed once more for that one."""
    body = b"<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-south-9</Region></Error>"
    server.answer(400, body=body, times=1)
    server.answer(200, body=b"content")
    assert client.get_object("elsewhere", "key", GetOptions()).read() == b"content"
    assert "/eu-south-9/s3/" in server.requests[-1].headers["authorization"]


def test_a_tenants_bucket_reaches_the_server(server: FaultServer, client: Boto3Client) -> None:
    """Ceph writes "tenant:bucket", which botocore's own rule refuses."""
    server.answer(404, "NoSuchBucket")
    with pytest.raises(BucketNotFound):
        client.get_object("tenant:bucket", "key", GetOptions())
    assert server.requests[0].target == "/tenant%3Abucket/key"


def test_a_bucket_that_is_forbidden_is_not_said_to_be_missing(server: FaultServer, client: Boto3Client) -> None:
    """Wrong credentials must not read as "no such bucket"."""
    server.answer(403, body=b"")
    with pytest.raises(AccessDenied):
        client.bucket_exists("bucket")
    server.forget()
    server.answer(404, body=b"")
    assert client.bucket_exists("bucket") is False


def test_other_servers_get_no_location_for_a_bucket(server: FaultServer) -> None:
    """Only AWS has regions to choose from; others refuse what they do not know."""
    server.answer(200, body=b"")
    client = make_client(server.endpoint, region="eu-west-1")
    client.create_bucket("bucket", BucketOptions())
    assert server.requests[0].headers.get("content-length", "0") == "0"
    client.close()


def test_no_connection_is_said_plainly() -> None:
    """With the address, without the signed URL."""
    with FaultServer() as server:
        client = make_client(server.endpoint, retry={"max_attempts": 1})
        server.refuse()
        with pytest.raises(ConnectionFailed) as caught:
            client.ping()
    assert caught.value.reason == f"the connection was refused ({server.endpoint}): Connection refused"
    client.close()


def test_missing_credentials_are_said_with_what_to_do(
    server: FaultServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """boto3's chain finds nothing."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    config = ObjectStoreConfiguration(framework="boto3", connection={"endpoint": server.endpoint})
    client = Boto3Client(config)
    with pytest.raises(AccessDenied, match=r"connection\.access_key"):
        client.ping()
    assert server.requests == []
    client.close()


def test_an_unknown_profile_is_a_configuration_error() -> None:
    """Said when the client is made."""
    config = ObjectStoreConfiguration(framework="boto3", connection={"profile": "nobody-has-this"})
    with pytest.raises(ConfigurationError, match="nobody-has-this"):
        Boto3Client(config)


@pytest.mark.parametrize("name", ["ca_bundle", "client_cert"])
def test_an_unreadable_certificate_is_a_configuration_error(tmp_path: Path, name: str) -> None:
    """Said when the client is made, not as a failed connection later."""
    with pytest.raises(ConfigurationError, match=name):
        make_client("https://127.0.0.1:9", **{name: tmp_path / "missing.pem"})


def test_the_secret_is_in_no_error_and_no_repr(server: FaultServer, client: Boto3Client) -> None:
    """Neither is a signature."""
    server.answer(403, "SignatureDoesNotMatch")
    with pytest.raises(AccessDenied) as caught:
        client.get_object("bucket", "key", GetOptions())
    shown = f"{caught.value} {caught.value!r} {client!r} {client.config!r}"
    assert SECRET not in shown
    assert "Signature=" not in shown


def botocore_classes() -> list[type[Exception]]:
    """Every exception of the installed botocore."""
    classes = {cls.__name__: cls for cls in vars(botocore).values() if inspect.isclass(cls)}
    return [
        cls for cls in classes.values() if issubclass(cls, botocore.BotoCoreError) and cls is not botocore.BotoCoreError
    ]


def raised(cls: type[Exception]) -> Exception:
    """An instance, with a word for each gap in its message."""
    gaps = [name for _, name, _, _ in string.Formatter().parse(getattr(cls, "fmt", "")) if name]
    more: dict[str, Any] = {"last_response": {}} if cls is botocore.WaiterError else {}
    return cls(**dict.fromkeys(gaps, "word"), **more)


@pytest.mark.parametrize("cls", botocore_classes(), ids=lambda cls: cls.__name__)
def test_every_exception_of_botocore_is_translated(cls: type[Exception]) -> None:
    """Into a class of its own, or its name stands in the list of those that cannot be met."""
    error = boto3_errors.classify(raised(cls))
    assert isinstance(error, ObjectStoreError)
    assert (type(error) is ObjectStoreError) == (cls.__name__ in NEVER_MET)


def test_a_client_error_without_details_is_translated() -> None:
    """Botocore makes them without answers too."""
    error = boto3_errors.classify(botocore.ClientError({}, "PutObject"))
    assert type(error) is ObjectStoreError
    assert boto3_errors.classify(ValueError("not theirs")) is None


def test_other_services_are_read_by_the_parsers_of_botocore() -> None:
    """Credentials come from STS and SSO, and botocore reads their times itself."""
    parsers = AnswerParsers()
    assert [type(parsers.create_parser(name)) for name in ("query", "rest-json")] == [QueryParser, RestJSONParser]
    assert type(parsers.create_parser("rest-xml")) is not RestXMLParser

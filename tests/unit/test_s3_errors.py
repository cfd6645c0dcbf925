"""What S3 answers and what the transport raises, as our errors."""

from __future__ import annotations

import errno
import http.client
import inspect
import socket
import ssl
from collections.abc import Iterator

import pytest
import trustme
import urllib3
from urllib3 import exceptions as urllib3_exceptions

from data_store.object_store import errors as ours
from data_store.object_store.adapters.s3.errors import from_answer, from_transport, said_in_headers
from data_store.object_store.errors import (
    AccessDenied,
    ConnectionFailed,
    ObjectStoreError,
    ServerError,
    StoreClosed,
    TimedOut,
    UnsupportedOperation,
)
from data_store.object_store.testing.faults import FaultServer

SECRET = "pAssw0rd"
# What these were raised for is no failed request: they are warnings, or errors of whoever calls urllib3.
NO_FAILURES = {"HTTPWarning", "MessageDefect"}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("NoSuchBucket", ours.BucketNotFound),
        ("NoSuchKey", ours.ObjectNotFound),
        ("NoSuchVersion", ours.VersionNotFound),
        ("NoSuchUpload", ours.UploadNotFound),
        ("BucketAlreadyOwnedByYou", ours.AlreadyExists),
        ("BucketNotEmpty", ours.BucketNotEmpty),
        ("PreconditionFailed", ours.PreconditionFailed),
        ("InvalidRange", ours.RangeNotSatisfiable),
        ("RequestTimeTooSkewed", ours.AccessDenied),
        ("ExpiredToken", ours.AccessDenied),
        ("SlowDown", ours.Throttled),
        ("BadDigest", ours.IntegrityError),
        ("QuotaExceeded", ours.InsufficientStorage),
        ("InternalError", ours.ServerError),
        ("XMinioInvalidObjectName", ours.UnsupportedOperation),
        ("RequestTimeout", ours.TimedOut),
    ],
)
def test_a_code_decides_whatever_the_status_is(code: str, expected: type[ObjectStoreError]) -> None:
    """Servers send one code with different statuses: QuotaExceeded comes with 403."""
    error = from_answer(code, 403, "words", "id-1")
    assert type(error) is expected
    assert (error.code, error.status, error.reason, error.request_id) == (code, 403, "words", "id-1")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (304, ours.NotModified),
        (400, ours.ObjectStoreError),
        (401, ours.AccessDenied),
        (403, ours.AccessDenied),
        (404, ours.NotFound),
        (405, ours.UnsupportedOperation),
        (412, ours.PreconditionFailed),
        (416, ours.RangeNotSatisfiable),
        (429, ours.Throttled),
        (500, ours.ServerError),
        (501, ours.UnsupportedOperation),
        (502, ours.ServerError),
        (503, ours.Throttled),
        (507, ours.InsufficientStorage),
        (599, ours.ServerError),
        (None, ours.ObjectStoreError),
    ],
)
@pytest.mark.parametrize("code", [None, "NeverHeardOf"])
def test_the_status_decides_where_the_code_does_not(
    code: str | None, status: int | None, expected: type[ObjectStoreError]
) -> None:
    """A HEAD's answer has no code, and servers invent codes."""
    assert type(from_answer(code, status, "", None)) is expected


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [("NoSuchKey", 404, "NoSuchKey"), (None, 412, "Precondition Failed"), (None, 599, "no reason"), (None, None, "no")],
)
def test_an_error_always_has_a_reason(code: str | None, status: int | None, reason: str) -> None:
    """Ceph sends codes without words."""
    assert reason in from_answer(code, status, "", None).reason


def test_minio_says_why_a_head_failed_in_headers() -> None:
    """An answer to HEAD has no body; MinIO names the error in two headers."""
    said = {"x-minio-error-code": "NoSuchBucket", "x-minio-error-desc": '"The specified bucket does not exist"'}
    assert said_in_headers(said) == ("NoSuchBucket", "The specified bucket does not exist")
    assert said_in_headers({}) == (None, "")


def urllib3_classes() -> list[type[Exception]]:
    """Every exception that urllib3 may raise, of the installed version."""
    classes = vars(urllib3_exceptions).values()
    found = [cls for cls in classes if inspect.isclass(cls) and issubclass(cls, Exception)]
    return [cls for cls in found if not {base.__name__ for base in cls.__mro__} & NO_FAILURES]


@pytest.mark.parametrize("cls", urllib3_classes(), ids=lambda cls: cls.__name__)
def test_every_exception_of_urllib3_is_translated(cls: type[Exception]) -> None:
    """No vendor exception leaves; the class decides, so it is made without its many kinds of arguments."""
    assert isinstance(from_transport(cls.__new__(cls)), ConnectionFailed | TimedOut | ServerError | StoreClosed)


@pytest.mark.parametrize(
    ("exc", "expected", "words"),
    [
        (TimeoutError(), TimedOut, "in time"),
        (ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"), ConnectionFailed, "reset by peer"),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), ConnectionFailed, "Broken pipe"),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), ConnectionFailed, "unreachable"),
        (socket.gaierror(-2, "Name or service not known"), ConnectionFailed, "resolved: Name or service"),
        (http.client.IncompleteRead(b"abc", 7), ConnectionFailed, "before the whole answer"),
        (http.client.BadStatusLine("x"), ConnectionFailed, "broke"),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER]"), ConnectionFailed, "TLS"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_exceptions_of_the_standard_library_are_translated(
    exc: Exception, expected: type[ObjectStoreError], words: str
) -> None:
    """Bodies are read through http.client and ssl, which raise their own."""
    error = from_transport(exc)
    assert type(error) is expected
    assert words in error.reason


@pytest.mark.parametrize("exc", [ValueError("x"), FileNotFoundError(errno.ENOENT, "No such file"), KeyError("x")])
def test_what_is_no_matter_of_transport_is_not_translated(exc: Exception) -> None:
    """An error about the caller's own file stays what it is."""
    assert from_transport(exc) is None


@pytest.fixture
def server() -> Iterator[FaultServer]:
    """A server that fails as it is told to."""
    with FaultServer() as running:
        yield running


def failure(url: str, pool: urllib3.PoolManager | None = None) -> ObjectStoreError:
    """Our error for a GET that cannot succeed."""
    with pool or urllib3.PoolManager(retries=0, timeout=urllib3.Timeout(connect=5, read=0.3)) as manager:
        with pytest.raises((urllib3_exceptions.HTTPError, ValueError)) as caught:
            manager.request("GET", url)
        error = from_transport(caught.value)
        assert error is not None
        return error


def test_a_refused_connection_says_where_and_why(server: FaultServer) -> None:
    """MaxRetryError hides the reason three links down."""
    server.refuse()
    error = failure(f"http://{server.endpoint}/?X-Amz-Signature={SECRET}")
    assert type(error) is ConnectionFailed
    assert error.reason == f"the connection was refused ({server.endpoint}): Connection refused"


def test_an_unknown_host_is_said_to_be_unknown() -> None:
    """The name .invalid never resolves (RFC 6761, 6.4)."""
    error = failure("http://nowhere.invalid/")
    assert type(error) is ConnectionFailed
    assert error.reason.startswith("the host name cannot be resolved")


def test_a_silent_server_is_a_timeout(server: FaultServer) -> None:
    """The server reads the request and never answers."""
    server.hang()
    assert type(failure(f"http://{server.endpoint}/")) is TimedOut


def test_a_connection_that_breaks_is_a_failed_connection(server: FaultServer) -> None:
    """The answer is cut in its body."""
    server.answer(200, body=b"x" * 1000, headers={"Content-Length": "2000"}, times=1)
    with urllib3.PoolManager(retries=0, timeout=0.3) as manager:
        answer = manager.request("GET", f"http://{server.endpoint}/", preload_content=False)
        server.refuse()
        with pytest.raises(urllib3_exceptions.HTTPError) as caught:
            answer.read()
    assert type(from_transport(caught.value)) is ConnectionFailed


def test_a_certificate_that_is_not_trusted_is_named_as_the_reason() -> None:
    """The server's authority is not among the trusted ones."""
    issued = trustme.CA().issue_cert("127.0.0.1")
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued.configure_cert(serving)
    client = ssl.create_default_context()
    ours_in, theirs_in = ssl.MemoryBIO(), ssl.MemoryBIO()
    connection = client.wrap_bio(ours_in, theirs_in, server_hostname="127.0.0.1")
    answering = serving.wrap_bio(theirs_in, ours_in, server_side=True)
    with pytest.raises(ssl.SSLCertVerificationError) as caught:  # noqa: PT012 a handshake has several steps
        for side in (connection, answering, connection):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    error = from_transport(urllib3_exceptions.SSLError(caught.value))
    assert type(error) is ConnectionFailed
    assert "certificate was not accepted: unable to get local issuer certificate" in error.reason


def test_tls_to_a_plain_port_asks_for_secure_false() -> None:
    """OpenSSL calls a plain HTTP answer a wrong version number."""
    client = ssl.create_default_context()
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    connection = client.wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
    incoming.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    with pytest.raises(ssl.SSLError) as caught:
        connection.do_handshake()
    error = from_transport(urllib3_exceptions.SSLError(caught.value))
    assert type(error) is ConnectionFailed
    assert error.reason.endswith("does the server speak plain HTTP? then secure: false")


def test_a_proxys_password_is_never_in_the_message(server: FaultServer) -> None:
    """A proxy that refuses connections, and one that refuses the password."""
    proxied = f"http://user:{SECRET}@{server.endpoint}"
    server.answer(407, "AccessDenied", times=1)
    refused = failure("https://127.0.0.1:1/", urllib3.ProxyManager(proxied, retries=0, timeout=1))
    server.refuse()
    gone = failure("http://127.0.0.1:1/", urllib3.ProxyManager(proxied, retries=0, timeout=1))
    assert type(refused) is type(gone) is ConnectionFailed
    assert "407" in refused.reason
    assert "through the proxy" in gone.reason
    assert SECRET not in f"{refused!r} {refused} {gone!r} {gone}"


@pytest.mark.parametrize(
    ("code", "status", "message", "kind"),
    [
        ("InvalidRequest", 400, "Object is WORM protected and cannot be overwritten", AccessDenied),
        ("InvalidRequest", 400, "Bucket is missing ObjectLockConfiguration", UnsupportedOperation),
        ("InvalidRequest", 400, "bucket object lock not configured", UnsupportedOperation),
        ("InvalidRequest", 400, "... must be made over a secure connection.", UnsupportedOperation),
        ("InvalidRequest", 400, "You must specify at least one part", ObjectStoreError),
        ("kms:KeyNotFound", 404, "key with given key ID does not exist", ObjectStoreError),
        ("InvalidTag", 400, "The TagKey you have provided is invalid", UnsupportedOperation),
        ("InvalidBucketState", 409, "", UnsupportedOperation),
        ("MalformedXML", 400, "", UnsupportedOperation),
    ],
)
def test_a_code_that_says_too_little_is_judged_by_its_words(code, status, message, kind):
    """MinIO has one code for a lock that is there, and one that is not; and a missing key of KMS is no object."""
    assert type(from_answer(code, status, message, None)) is kind

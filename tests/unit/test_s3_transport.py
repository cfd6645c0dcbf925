"""What goes over the wire: targets as they are, one retry layer, connections that come back."""

from __future__ import annotations

import io
import ssl
from http.client import RemoteDisconnected
from pathlib import Path

import pytest
import trustme
from minio import Minio
from urllib3.exceptions import ProxyError

from data_store.object_store.adapters.s3.answer import Answer as Answered
from data_store.object_store.adapters.s3.answers import InvalidAnswer
from data_store.object_store.adapters.s3.connections import ConnectionsInUse
from data_store.object_store.adapters.s3.route import Route
from data_store.object_store.adapters.s3.transport import Attempts, SdkPools, Transport
from data_store.object_store.adapters.s3.wire import Header, Headers
from data_store.object_store.body import Source
from data_store.object_store.configurations import RetryConfiguration
from data_store.object_store.errors import ConfigurationError
from data_store.object_store.signing.sigv4 import encode_path
from tests.unit.s3_server import Answer, connection, quick_retry, recording_server

KEYS = [
    "a/../b",
    "../../x",
    "a//b",
    "/a",
    "//a",
    "./a",
    "a/",
    "%2F",
    "%",
    "a b+c",
    "new\nline",
    "🎉",
    "a?b#c",
    ".",
    "..",
]


@pytest.fixture
def server():
    """A server that records."""
    with recording_server() as running:
        yield running


@pytest.fixture
def carry(server):
    """Send a request to the server by a transport of its own."""
    made = []

    def send(method="GET", target="/", body=None, *, attempts=3, origin=None, **given):
        transport = Transport(connection(**{"endpoint": server.address, **given}), quick_retry(attempts))
        made.append(transport)
        origin = origin or f"http://{server.address}"
        headers = {"Host": origin.partition("://")[2], "Content-Length": str(body.size if body else 0)}
        return transport.send(method, origin, target, headers, body)

    yield send
    for transport in made:
        transport.close()


@pytest.mark.parametrize("key", KEYS)
def test_a_key_travels_as_it_is(key, server, carry):
    """No segment is folded, no slash dropped, nothing encoded twice."""
    target = f"/bucket/{encode_path(key)}?x=%2F"
    assert carry(target=target).status == 200
    assert server.seen[0].target == target


@pytest.mark.parametrize("key", KEYS)
def test_a_key_travels_through_a_proxy_as_it_is(key, server, carry):
    """In the absolute form, which urllib3 itself would normalise (RFC 9112, 3.2.2)."""
    target = f"/bucket/{encode_path(key)}?x=%2F"
    origin = "http://s3.example.com:9000"
    assert carry(target=target, origin=origin, proxy=f"http://me:p%40ss@{server.address}").status == 200
    assert server.seen[0].target == origin + target
    assert server.seen[0].headers["host"] == "s3.example.com:9000"
    assert server.seen[0].headers["proxy-authorization"] == "Basic bWU6cEBzcw=="


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
@pytest.mark.parametrize("attempts", [1, 3])
def test_a_failing_server_sees_exactly_max_attempts_requests(status, attempts, server, carry):
    """And its last answer is handed out, not an exception."""
    server.answers = [Answer(status)]
    assert carry("POST", attempts=attempts).status == status
    assert len(server.seen) == attempts


@pytest.mark.parametrize(("attempts", "sent"), [(1, 1), (2, 2), (5, 5), (None, 3)])
def test_a_request_may_have_attempts_of_its_own(attempts, sent, server):
    """Fewer or more than configured; the answer tells how many there were."""
    server.answers = [Answer(503)]
    transport = Transport(connection(server.address), quick_retry(3))
    granted = transport.attempts(attempts)
    answer = transport.send("GET", f"http://{server.address}", "/", {"Host": server.address}, attempts=granted)
    transport.close()
    assert (len(server.seen), answer.attempts) == (sent, sent)


def test_a_connection_that_breaks_is_tried_max_attempts_times(server, carry):
    """POST too: whether it may have been carried out is its sender's to find out."""
    server.answers = [Answer(0)]
    with pytest.raises(RemoteDisconnected):
        carry("POST")
    assert len(server.seen) == 3


@pytest.mark.parametrize("status", [301, 307, 308])
def test_a_redirect_is_not_followed(status, server, carry):
    """A signature holds for one host only."""
    server.answers = [Answer(status, headers={"Location": "/elsewhere"})]
    assert carry().status == status
    assert len(server.seen) == 1


def test_a_body_is_sent_again_from_its_beginning(server, carry):
    """Whole, with its length, in every attempt."""
    content = bytes(range(256)) * 4096
    server.answers = [Answer(503), Answer(0), Answer(200)]
    answer = carry("PUT", body=Source(io.BytesIO(content), len(content)))
    assert (answer.status, answer.was_retried) == (200, True)
    assert [seen.body for seen in server.seen] == [content] * 3
    assert "transfer-encoding" not in server.seen[0].headers


def test_what_the_callers_stream_raises_is_not_tried_again(server, carry):
    """It would be raised again."""

    class Broken(io.BytesIO):
        def read(self, size=-1):
            raise RuntimeError("my own")

    with pytest.raises(RuntimeError, match="my own"):
        carry("PUT", body=Source(Broken(b"12"), 2))
    assert len(server.seen) < 2


@pytest.mark.parametrize(("header", "seconds"), [("1", 1.0), ("3600", 5.0), ("soon", 0.5), (None, 0.5)])
def test_retry_after_is_heeded_up_to_max_backoff(header, seconds):
    """A server cannot make a caller wait for an hour."""
    attempts = Attempts(RetryConfiguration(initial_backoff=0.5, max_backoff=5), 3)
    attempts.made = 1
    headers = Headers([Header("Retry-After", "retry-after", header)] if header else [])
    assert attempts.pause(Answered(503, "", headers, io.BytesIO())) == seconds


def test_pauses_begin_at_initial_backoff_and_double_up_to_max_backoff():
    """Before the second attempt, the third, ..."""
    attempts, pauses = Attempts(RetryConfiguration(initial_backoff=0.5, max_backoff=3), 10), []
    for made in range(1, 6):
        attempts.made = made
        pauses.append(attempts.pause())
    assert pauses == [0.5, 1, 2, 3, 3]


def test_an_unfinished_body_frees_its_place_and_a_finished_one_its_connection(server, carry):
    """With one connection allowed, all of these would hang if one leaked."""
    server.answers = [Answer(body=b"x" * 1_000_000)]
    transport = Transport(connection(server.address, max_connections=1), quick_retry())
    ports = []
    for size in (10, 1_000_000, 1_000_000):
        answer = transport.send("GET", f"http://{server.address}", "/", {"Host": server.address}, stream=True)
        left = size
        while left:
            left -= len(answer.read(left))
        answer.close()
        ports.append(server.seen[-1].client)
    transport.close()
    assert ports[0] != ports[1] == ports[2]


def test_waiting_for_a_connection_ends(server):
    """A program that holds all connections and asks for one more hears of it."""
    server.answers = [Answer(body=b"x" * 1_000_000)]
    transport = Transport(connection(server.address, max_connections=1, read_timeout=0.1), quick_retry())
    held = transport.send("GET", f"http://{server.address}", "/", {"Host": server.address}, stream=True)
    with pytest.raises(ConnectionsInUse):
        transport.send("GET", f"http://{server.address}", "/", {"Host": server.address})
    held.close()
    transport.close()


def test_an_answer_without_end_is_not_waited_for():
    """Of what is read at once there are never more than 64 MiB: the server's memory must not be ours."""
    limit, read = 64 * 1024**2, list[int]()

    class Endless(io.BytesIO):
        def read(self, size=-1):
            read.append(size)
            return bytes(size)

    with pytest.raises(InvalidAnswer, match="64 MiB"):
        Answered(200, "", {}, Endless()).load()
    assert limit < sum(read) <= limit + 1024**2
    whole = Answered(200, "", {}, io.BytesIO(bytes(limit)))
    assert len(whole.data) == limit
    first = Answered(500, "", {}, Endless())
    first.load(100)
    assert len(first.data) == 100


def test_an_sdk_sends_through_the_same_layer(server):
    """minio-py: the same number of attempts, and its target as it made it."""
    server.answers = [Answer(503)]
    transport = Transport(connection(server.address), quick_retry(2))
    sdk = Minio(endpoint=server.address, access_key="A", secret_key="S", secure=False, http_client=SdkPools(transport))
    with pytest.raises(Exception, match="503"):
        sdk.list_buckets()
    assert [seen.target for seen in server.seen] == ["/", "/"]


@pytest.fixture(scope="module")
def authority():
    """A certificate authority of our own."""
    return trustme.CA()


@pytest.fixture
def tls_server(authority):
    """A server with a certificate of that authority, which asks for one of the client, too."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    with recording_server(context) as running:
        yield running


@pytest.fixture
def certificates(authority, tmp_path: Path):
    """Paths of the authority's and of a client's certificate."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    authority.issue_cert("client@example.com").private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "me.pem"))
    return {"ca_bundle": tmp_path / "ca.pem", "client_cert": tmp_path / "me.pem"}


def test_tls_trusts_the_bundle_and_shows_the_client_certificate(tls_server, certificates, carry):
    """Both from the configuration."""
    origin = f"https://{tls_server.address}"
    assert carry(origin=origin, endpoint=origin, **certificates).status == 200
    assert len(tls_server.seen) == 1


def test_tls_goes_through_a_proxy_in_a_tunnel(tls_server, certificates, server, carry):
    """The proxy learns host and port, and its own credentials; the target stays secret and as it is."""
    origin = f"https://{tls_server.address}"
    proxy = f"http://me:pass@{server.address}"
    assert carry(target="/b/a/../c", origin=origin, endpoint=origin, proxy=proxy, **certificates).status == 200
    assert [(seen.method, seen.target) for seen in server.seen] == [("CONNECT", tls_server.address)]
    assert "proxy-authorization" in server.seen[0].headers
    assert tls_server.seen[0].target == "/b/a/../c"
    assert "proxy-authorization" not in tls_server.seen[0].headers


def test_a_proxy_has_the_port_of_its_own_scheme(monkeypatch):
    """Not that of the server behind it."""
    asked = []

    def connect(address, *_given, **_options):
        asked.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr("urllib3.util.connection.create_connection", connect)
    route = Route(connection("https://s3.example.com", proxy="http://proxy.example.com"))
    with pytest.raises(ProxyError):
        route.connect("https://s3.example.com")
    assert asked == [("proxy.example.com", 80)]


def test_tls_does_not_trust_an_unknown_authority(tls_server, carry):
    """There is no switch that would."""
    origin = f"https://{tls_server.address}"
    with pytest.raises(ssl.SSLCertVerificationError, match="CERTIFICATE_VERIFY_FAILED"):
        carry(origin=origin, endpoint=origin, attempts=1)


@pytest.mark.parametrize("name", ["ca_bundle", "client_cert"])
def test_a_certificate_that_cannot_be_read_is_a_mistake_in_the_configuration(name, tmp_path):
    """Found when the client is made."""
    with pytest.raises(ConfigurationError, match=name):
        Transport(connection("https://127.0.0.1:1", **{name: tmp_path / "missing.pem"}), quick_retry())

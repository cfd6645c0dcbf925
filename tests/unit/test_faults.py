"""The fault server against a plain HTTP server, through the standard library's client."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from data_store.object_store.testing.faults import FaultServer

CONTENT = bytes(range(256)) * 4


class Upstream(ThreadingHTTPServer):
    """Keeps what was put, and serves CONTENT, chunked where the path says so."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), UpstreamHandler)
        self.stored: list[bytes] = []
        self.hosts: list[str] = []
        self.broken = threading.Event()


class UpstreamHandler(BaseHTTPRequestHandler):
    """HTTP/1.1 with keep-alive and Expect."""

    protocol_version = "HTTP/1.1"
    server: Upstream

    def do_GET(self) -> None:
        """Serve CONTENT."""
        self.server.hosts.append(self.headers["Host"])
        if self.path == "/chunked":
            return self._chunked()
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(CONTENT)
        return None

    do_HEAD = do_GET  # noqa: N815 the name is http.server's

    def do_PUT(self) -> None:
        """Keep the body."""
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) < length:
            self.server.broken.set()
            return
        self.server.stored.append(body)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _chunked(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for start in (0, 512):
            self.wfile.write(b"200\r\n" + CONTENT[start : start + 512] + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the name is http.server's
        """Say nothing."""


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """A plain HTTP server."""
    with Upstream() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def server(upstream: Upstream) -> Iterator[FaultServer]:
    """A fault server in front of it."""
    with FaultServer(f"127.0.0.1:{upstream.server_port}") as server:
        yield server


@pytest.fixture
def connect(server: FaultServer) -> Iterator[Callable[[], http.client.HTTPConnection]]:
    """Make connections to the fault server that end with the test."""
    made: list[http.client.HTTPConnection] = []

    def make() -> http.client.HTTPConnection:
        made.append(http.client.HTTPConnection(server.endpoint, timeout=10))
        return made[-1]

    yield make
    for connection in made:
        connection.close()


@pytest.fixture
def client(connect: Callable[[], http.client.HTTPConnection]) -> http.client.HTTPConnection:
    """One connection to the fault server."""
    return connect()


def get(client: http.client.HTTPConnection, path: str = "/") -> bytes:
    """Read a whole answer's body."""
    client.request("GET", path)
    return client.getresponse().read()


@pytest.mark.parametrize("path", ["/", "/chunked"])
def test_what_is_not_staged_passes_unchanged_on_one_connection(client, server, upstream, path):
    """Two requests in a row, with a body of known length or chunked, arrive whole and keep the Host header."""
    assert get(client, path) == CONTENT
    assert get(client, path) == CONTENT
    assert upstream.hosts == [server.endpoint] * 2


def test_a_head_has_no_body_and_keeps_the_connection(client):
    """A HEAD's Content-Length announces a body that does not come (RFC 9110, 8.6)."""
    client.request("HEAD", "/")
    answer = client.getresponse()
    assert answer.getheader("Content-Length") == str(len(CONTENT))
    assert answer.read() == b""
    assert get(client) == CONTENT


def test_a_body_that_waits_for_100_continue_arrives(client, upstream):
    """The upstream's 100 is passed back, then the body is passed on."""
    client.putrequest("PUT", "/")
    client.putheader("Content-Length", "4")
    client.putheader("Expect", "100-continue")
    client.endheaders()
    client.send(b"body")
    assert client.getresponse().status == 200
    assert upstream.stored == [b"body"]


def test_requests_are_recorded_without_secrets_in_their_repr(client, server):
    """Method, target and headers can be asked for; a repr shows neither signature nor headers."""
    client.request("GET", "/key?part=1&X-Amz-Signature=s3cr3t&x=2", headers={"Authorization": "s3cr3t"})
    client.getresponse().read()
    (seen,) = server.requests
    assert (seen.method, seen.headers["authorization"]) == ("GET", "s3cr3t")
    assert repr(seen) == "Request(GET /key?part=1&X-Amz-Signature=***&x=2)"


def test_a_staged_answer_is_given_so_many_times(client, server, upstream):
    """Two throttled answers with XML and headers, then the upstream's; the upstream saw one request only."""
    server.answer(503, headers={"Retry-After": "7"}, times=2)
    for _ in range(2):
        client.request("GET", "/")
        answer = client.getresponse()
        assert (answer.status, answer.getheader("Retry-After")) == (503, "7")
        assert b"<Code>SlowDown</Code>" in answer.read()
    assert get(client) == CONTENT
    assert (len(server.requests), len(upstream.hosts)) == (3, 1)


def test_answers_are_played_in_order_to_the_requests_they_are_for(client, server):
    """A condition picks requests; those of another kind leave the fault staged."""
    server.answer(500, times=1, when=lambda request: request.target == "/a")
    server.answer(403, "AccessDenied", times=1)
    statuses = []
    for path in ("/b", "/a", "/a"):
        client.request("GET", path)
        answer = client.getresponse()
        answer.read()
        statuses.append(answer.status)
    assert statuses == [403, 500, 200]


def test_without_an_upstream_nothing_is_answered_but_501():
    """A request that no fault was staged for is seen as a mistake of the test."""
    with FaultServer() as server:
        client = http.client.HTTPConnection(server.endpoint, timeout=10)
        client.request("GET", "/")
        assert client.getresponse().status == 501
        client.close()


@pytest.mark.parametrize("path", ["/", "/chunked"])
def test_a_cut_answer_ends_after_so_many_bytes(client, server, path):
    """The client gets what came before the cut, then the end of the connection."""
    server.cut_response(after=300)
    client.request("GET", path)
    with pytest.raises(http.client.IncompleteRead) as raised:
        client.getresponse().read()
    if path == "/":
        assert raised.value.partial == CONTENT[:300]


def test_a_cut_request_never_reaches_the_upstream_whole(client, server, upstream):
    """The upstream sees a body that ends early, the client a connection that breaks."""
    server.cut_request(after=10)
    client.request("PUT", "/", body=b"x" * 1000)
    with pytest.raises(ConnectionError):
        client.getresponse()
    assert upstream.broken.wait(10)
    assert upstream.stored == []


def test_a_lost_answer_comes_after_the_work_was_done(client, server, upstream):
    """The upstream has stored the body, and the client does not know."""
    server.lose_answer()
    client.request("PUT", "/", body=b"stored")
    with pytest.raises(ConnectionError):
        client.getresponse()
    assert upstream.stored == [b"stored"]


def test_one_byte_of_an_answer_is_corrupted(client, server):
    """Exactly the byte at the position is another one, and only once."""
    server.corrupt_response(at=700)
    read = get(client)
    assert [index for index, pair in enumerate(zip(read, CONTENT, strict=True)) if len(set(pair)) == 2] == [700]
    assert get(client) == CONTENT


@pytest.mark.parametrize("stage", [FaultServer.hang, lambda server: server.stall_response(after=10)])
def test_a_silent_server_makes_the_client_time_out(server, stage):
    """Before the answer or in the middle of its body."""
    stage(server)
    client = http.client.HTTPConnection(server.endpoint, timeout=0.2)
    client.request("GET", "/")
    with pytest.raises(TimeoutError):
        client.getresponse().read()
    client.close()


def test_refused_connections_are_accepted_again(client, server):
    """Open connections end, new ones are refused until the server accepts them on the same port."""
    assert get(client) == CONTENT
    server.refuse()
    client.close()
    with pytest.raises(ConnectionRefusedError):
        client.connect()
    server.accept()
    assert get(client) == CONTENT


def test_an_action_runs_before_the_request_is_passed_on(client, server, upstream):
    """The upstream has not seen the request when the action runs."""
    seen: list[int] = []
    server.run(lambda: seen.append(len(upstream.hosts)))
    server.delay(0.01, times=1)
    get(client)
    assert seen == [0]


def test_what_is_forgotten_is_not_played(client, server):
    """Requests and faults start anew."""
    server.answer(500)
    client.request("GET", "/")
    client.getresponse().read()
    server.forget()
    assert get(client) == CONTENT
    assert [request.target for request in server.requests] == ["/"]


def test_closing_ends_all_threads_even_of_silent_connections(connect, server):
    """A client that waits for an answer that never comes does not keep a thread of the server alive."""
    server.hang()
    client = connect()
    client.request("GET", "/")
    server.close()
    name = f"fault-server-{server.endpoint.rpartition(':')[2]}"
    assert not [thread for thread in threading.enumerate() if thread.name == name]


def test_what_is_no_http_ends_the_connection(server):
    """The beginning of a TLS handshake is not waited on for a line's end, and is no request."""
    with socket.create_connection(("127.0.0.1", int(server.endpoint.rpartition(":")[2])), timeout=10) as client:
        client.sendall(b"\x16\x03\x01\x02\x00")
        with contextlib.suppress(ConnectionResetError):
            assert client.recv(1) == b""
    assert server.requests == []

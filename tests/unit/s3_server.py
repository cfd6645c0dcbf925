"""An HTTP server that records requests as they stand on the wire and answers as it was told to."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from data_store.object_store.adapters.s3.api import S3Api
from data_store.object_store.adapters.s3.endpoint import endpoint
from data_store.object_store.adapters.s3.exchange import Exchange
from data_store.object_store.adapters.s3.transport import Transport
from data_store.object_store.configurations import ObjectStoreConnectionConfiguration, RetryConfiguration
from data_store.object_store.signing.sigv4 import Credentials

ERROR = "<Error><Code>{code}</Code><Message>said so</Message>{more}</Error>"


@dataclass(frozen=True)
class Answer:
    """What to answer; ``status`` 0 breaks the connection."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


STORED = Answer(headers={"ETag": "0" * 32})
UNVERSIONED = Answer(body=b"<VersioningConfiguration/>")


@dataclass(frozen=True)
class Seen:
    """A request as it came; header names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    client: Any


def error(status: int, code: str, more: str = "", **headers: str) -> Answer:
    """Return an S3 error answer."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, ERROR.format(code=code, more=more).encode(), named)


def answers(server: RecordingServer, *rules: tuple[str, Answer], otherwise: Answer = STORED) -> None:
    """Answer each request as the first rule says whose pattern fits ``METHOD target``."""

    def answer(seen: Seen) -> Answer:
        line = f"{seen.method} {seen.target}"
        usual = stored(seen) if otherwise is STORED else otherwise
        return next((found for pattern, found in rules if re.search(pattern, line)), usual)

    server.answers = [answer]


def stored(seen: Seen) -> Answer:
    """Return what a server without versions answers to a write, and to who asks whether it has any."""
    asks = seen.method == "GET" and seen.target.endswith("?versioning=")
    return UNVERSIONED if asks else STORED


def lines(server: RecordingServer) -> list[str]:
    """Return what was asked, probes without their random part."""
    return [re.sub("probe-[0-9a-f]{32}", "probe", f"{seen.method} {seen.target}") for seen in server.seen]


class RecordingServer(ThreadingHTTPServer):
    """Answers from ``answers``, the last one again and again; as a proxy it also tunnels (CONNECT)."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[Seen] = []
        self.answers: list[Answer | Callable[[Seen], Answer]] = [Answer()]

    @property
    def address(self) -> str:
        """``host:port``."""
        return f"127.0.0.1:{self.server_address[1]}"

    def next_answer(self, seen: Seen) -> Answer:
        """Record a request and return its answer."""
        self.seen.append(seen)
        answer = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        return answer(seen) if callable(answer) else answer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that leave are no error here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: RecordingServer

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        method, target = self.requestline.split()[:2]
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.server.next_answer(Seen(method, target, headers, body, self.client_address))
        if answer.status == 0:
            self.close_connection = True
            return
        self.send_response_only(answer.status)
        for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if method != "HEAD":
            self.wfile.write(answer.body)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _serve  # noqa: N815 names of http.server

    def do_CONNECT(self) -> None:
        """Tunnel, as a proxy does for TLS."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append(Seen("CONNECT", self.path, headers, b"", self.client_address))
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port))) as upstream:
            self.send_response_only(200)
            self.end_headers()
            back = threading.Thread(target=_pump, args=(upstream, self.connection), daemon=True)
            back.start()
            _pump(self.connection, upstream)
            back.join()
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 a name of http.server
        """Say nothing."""


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


@contextmanager
def recording_server(tls: ssl.SSLContext | None = None) -> Iterator[RecordingServer]:
    """Run a server on loopback."""
    with RecordingServer() as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def connection(endpoint: str | None, **values: Any) -> ObjectStoreConnectionConfiguration:
    """Return the configuration of a connection with keys, unless others are given."""
    keys = {} if values.get("anonymous") else {"access_key": "ACCESS", "secret_key": "SECRET"}
    return ObjectStoreConnectionConfiguration(**{"endpoint": endpoint, "read_timeout": 5, **keys, **values})


def quick_retry(max_attempts: int = 3) -> RetryConfiguration:
    """Return retries without pauses worth waiting for."""
    return RetryConfiguration(max_attempts=max_attempts, initial_backoff=0.001, max_backoff=0.002)


@contextmanager
def s3_api(server: RecordingServer, max_attempts: int = 1, **values: Any) -> Iterator[S3Api]:
    """Make the API of a server; ``values`` are those of its connection."""
    configured = connection(server.address, **values)
    transport = Transport(configured, quick_retry(max_attempts))
    yield S3Api(Exchange(endpoint(configured), lambda: Credentials("A", "S"), transport, lambda _: None))
    transport.close()

"""A server that fails on purpose: faults on the wire, between a client and a real S3 server or all by itself.

::

    with FaultServer(upstream="127.0.0.1:9000") as server:
        server.cut_response(after=1000, when=lambda request: request.method == "GET")
        store = ObjectStore(f"minio://ACCESS:SECRET@{server.endpoint}/bucket")

Each method stages one kind of fault for the next ``times`` requests that ``when`` is true for; ``times=None`` means
all of them. Faults of one kind are played in the order in which they were staged; those of different kinds come
together. A request without a fault is passed on unchanged, its Host header too, so that its signature holds; where
there is no upstream, it is answered with 501.
"""

from __future__ import annotations

import contextlib
import io
import re
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from http import HTTPStatus
from types import TracebackType
from typing import Self

from data_store.object_store.testing.wire import (
    PIECE,
    BrokenConnection,
    Head,
    corrupted,
    cut,
    drain,
    make_answer,
    make_error,
    read_answer,
)

__all__ = ["FaultServer", "Request"]

_SECRET_QUERY = re.compile(r"(?i)\b((?:X-Amz-(?:Signature|Credential|Security-Token)|Signature|AWSAccessKeyId)=)[^&]*")
_NOTHING_STAGED = make_answer(501, b"", {})


@dataclass(frozen=True, slots=True)
class Request:
    """A request that the server saw.

    Attributes:
        method: ``"GET"``, ``"PUT"``, ...
        target: path and query, as they were sent. The repr masks signatures in it.
        headers: names in lower case. Not in the repr: they hold signatures and tokens.
    """

    method: str
    target: str
    headers: Mapping[str, str] = field(repr=False)

    def __repr__(self) -> str:
        target = _SECRET_QUERY.sub(r"\1***", self.target)
        return f"Request({self.method} {target})"


When = Callable[[Request], object]


class FaultServer:
    """A threaded HTTP/1.1 server on loopback that passes requests on, or fails as it was told to.

    A context manager; leaving it ends all its connections and threads.

    Args:
        upstream: ``host:port`` of a real server over plain HTTP; None: every request needs a staged answer.
    """

    def __init__(self, upstream: str | None = None) -> None:
        self._upstream = _address(upstream) if upstream else None
        self._lock = threading.RLock()
        self._closing = threading.Event()
        self._faults: list[_Fault] = []
        self._requests: list[Request] = []
        self._sockets: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = _listen(0)
        self._port: int = self._listener.getsockname()[1]
        self._start(self._accept, self._listener)

    @property
    def endpoint(self) -> str:
        """``"127.0.0.1:port"``."""
        return f"127.0.0.1:{self._port}"

    @property
    def requests(self) -> list[Request]:
        """The requests seen so far, oldest first."""
        with self._lock:
            return list(self._requests)

    def forget(self) -> None:
        """Drop the requests seen so far and all staged faults."""
        with self._lock:
            self._requests.clear()
            self._faults.clear()

    def refuse(self) -> None:
        """Refuse connections from now on; those that are open end."""
        _end(self._listener)
        with self._lock:
            for sock in self._sockets:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    def accept(self) -> None:
        """Take connections again, on the same port, after ``refuse``."""
        self._listener = _listen(self._port)
        self._start(self._accept, self._listener)

    def answer(
        self,
        status: int,
        code: str | None = None,
        message: str = "staged",
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        times: int | None = None,
        when: When | None = None,
    ) -> None:
        """Answer with a status and an S3 error (XML of ``code`` and ``message``), or with ``body``; pass nothing on.

        The request's body is read first, so that a client has to rewind it before it tries again.
        """
        content = make_error(status, code, message) if body is None else body
        self._stage(_Plan(answer=make_answer(status, content, headers or {})), times, when)

    def hang(self, *, times: int | None = None, when: When | None = None) -> None:
        """Read the request and never answer, until the client gives up."""
        self._stage(_Plan(hang=True), times, when)

    def delay(self, seconds: float, *, times: int | None = None, when: When | None = None) -> None:
        """Wait before the request is passed on or answered."""
        self._stage(_Plan(delay=seconds), times, when)

    def run(self, action: Callable[[], object], *, times: int | None = 1, when: When | None = None) -> None:
        """Call ``action`` when the head of a request has arrived, before anything is passed on or answered."""
        self._stage(_Plan(action=action), times, when)

    def cut_request(self, after: int, *, times: int | None = 1, when: When | None = None) -> None:
        """Pass on ``after`` bytes of the request's body, then break both connections."""
        self._stage(_Plan(cut_request=after), times, when)

    def cut_response(self, after: int, *, times: int | None = 1, when: When | None = None) -> None:
        """Pass back ``after`` bytes of the answer's body, then break the connection."""
        self._stage(_Plan(cut_response=after), times, when)

    def stall_response(self, after: int, *, times: int | None = 1, when: When | None = None) -> None:
        """Pass back ``after`` bytes of the answer's body, then fall silent until the client gives up."""
        self._stage(_Plan(cut_response=after, stall=True), times, when)

    def corrupt_response(self, at: int = 0, *, times: int | None = 1, when: When | None = None) -> None:
        """Change the byte at position ``at`` of the answer's body."""
        self._stage(_Plan(corrupt=at), times, when)

    def lose_answer(self, *, times: int | None = 1, when: When | None = None) -> None:
        """Let the real server do its work, then break the connection instead of answering."""
        self._stage(_Plan(lose=True), times, when)

    def close(self) -> None:
        """End the server, its connections and its threads; may be called twice."""
        self._closing.set()
        self.refuse()
        for thread in self._threads:
            thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _stage(self, plan: _Plan, times: int | None, when: When | None) -> None:
        with self._lock:
            self._faults.append(_Fault(plan, times, when))

    def _start(self, target: Callable[[socket.socket], None], sock: socket.socket) -> None:
        thread = threading.Thread(target=target, args=(sock,), name=f"fault-server-{self._port}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):  # refuse() closes the listener
            while True:
                client, _ = listener.accept()
                self._start(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError, BrokenConnection), self._open(client), client.makefile("rb") as stream:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while True:
                self._handle(Head.read(stream), client, stream)

    @contextlib.contextmanager
    def _open(self, sock: socket.socket) -> Iterator[None]:
        """Keep a socket where ``refuse`` and ``close`` can end it."""
        with sock:
            with self._lock:
                self._sockets.add(sock)
            try:
                if self._closing.is_set():
                    raise BrokenConnection
                yield
            finally:
                with self._lock:
                    self._sockets.discard(sock)

    def _handle(self, head: Head, client: socket.socket, stream: io.BufferedReader) -> None:
        plan = self._seen(Request(head.start[0], head.start[1], head.headers))
        if plan.action is not None:
            plan.action()
        if plan.delay is not None:
            self._closing.wait(plan.delay)
        if plan.hang:
            _wait_for_end(stream)
        if plan.answer is not None or self._upstream is None:
            _answer(head, client, stream, plan.answer or _NOTHING_STAGED)
        else:
            with socket.create_connection(self._upstream) as upstream, self._open(upstream):
                _pass_on(head, client, stream, upstream, plan)
        if head.closes:
            raise BrokenConnection

    def _seen(self, request: Request) -> _Plan:
        """Record a request and take the faults that are staged for it."""
        with self._lock:
            self._requests.append(request)
            plan = _Plan()
            for fault in self._faults:
                fault.add_to(plan, request)
            self._faults = [fault for fault in self._faults if fault.times != 0]
        return plan


@dataclass(slots=True)
class _Plan:
    """What happens to one request."""

    action: Callable[[], object] | None = None
    delay: float | None = None
    hang: bool | None = None
    answer: tuple[bytes, bytes] | None = None
    cut_request: int | None = None
    cut_response: int | None = None
    stall: bool | None = None
    corrupt: int | None = None
    lose: bool | None = None


@dataclass(slots=True)
class _Fault:
    """What is staged: a part of a plan, for so many requests (None: all) of a kind."""

    plan: _Plan
    times: int | None
    when: When | None

    def add_to(self, plan: _Plan, request: Request) -> None:
        """Add this fault to a request's plan, unless the plan has one of its kind or the request is of another."""
        staged = {f.name: value for f in fields(_Plan) if (value := getattr(self.plan, f.name)) is not None}
        if any(getattr(plan, name) is not None for name in staged) or not (self.when is None or self.when(request)):
            return
        for name, value in staged.items():
            setattr(plan, name, value)
        if self.times is not None:
            self.times -= 1


def _answer(head: Head, client: socket.socket, stream: io.BufferedReader, answer: tuple[bytes, bytes]) -> None:
    if head.expects_continue:
        client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    drain(head.body(stream))
    client.sendall(answer[0] if head.start[0] == "HEAD" else b"".join(answer))


def _pass_on(
    head: Head, client: socket.socket, stream: io.BufferedReader, upstream: socket.socket, plan: _Plan
) -> None:
    with upstream.makefile("rb") as answers:
        upstream.sendall(head.raw)
        if head.expects_continue:
            first = Head.read(answers)
            if first.status != HTTPStatus.CONTINUE:
                _pass_back(head, first, answers, client, stream, plan)
                raise BrokenConnection  # the body is still to come: nothing else can be read from this client
            client.sendall(first.raw)
        _send(upstream, cut(head.body(stream), plan.cut_request))
        _pass_back(head, read_answer(answers), answers, client, stream, plan)


def _send(upstream: socket.socket, pieces: Iterator[bytes]) -> None:
    try:
        for piece in pieces:
            upstream.sendall(piece)
    except OSError:  # a server may answer and close before it has read all; the client is still to be heard out
        drain(pieces)


def _pass_back(
    head: Head, answer: Head, answers: io.BufferedReader, client: socket.socket, stream: io.BufferedReader, plan: _Plan
) -> None:
    body = corrupted(answer.answer_body(answers, head), plan.corrupt)
    if plan.lose:
        drain(body)
        raise BrokenConnection
    client.sendall(answer.raw)
    try:
        for piece in cut(body, plan.cut_response):
            client.sendall(piece)
    except BrokenConnection:
        if plan.stall:
            _wait_for_end(stream)
        raise
    if answer.closes:
        raise BrokenConnection


def _wait_for_end(stream: io.BufferedReader) -> None:
    while stream.read1(PIECE):
        pass
    raise BrokenConnection


def _address(endpoint: str) -> tuple[str, int]:
    host, _, port = endpoint.rpartition(":")
    return host, int(port)


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(128)
    return listener


def _end(listener: socket.socket) -> None:
    with contextlib.suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)  # what wakes accept() up on Linux; elsewhere it is close()
    listener.close()

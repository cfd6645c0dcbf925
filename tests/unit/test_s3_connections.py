"""What a connection does on the wire: large bodies wait for leave, the system sends files, answers come early."""

from __future__ import annotations

import errno
import gc
import os
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.client import HTTPException
from pathlib import Path
from types import FrameType
from typing import NamedTuple

import pytest
import trustme
from urllib3.connection import HTTPConnection

from data_store.object_store.adapters.s3 import connections, sending
from data_store.object_store.adapters.s3.transport import Transport
from data_store.object_store.body import Source
from data_store.object_store.errors import IntegrityError
from data_store.object_store.sources import FileWindow
from tests.unit.interrupts import is_in_destructor
from tests.unit.s3_server import connection, quick_retry

MIB = 1024 * 1024
CONTENT = bytes(range(256)) * (3 * MIB // 256)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
REFUSED = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

Script = Callable[[socket.socket, int], None]


@contextmanager
def scripted(script: Script, tls: ssl.SSLContext | None = None, *, at_once: bool = False) -> Iterator[str]:
    """Run a server that does with its n-th connection what the script says, one after the other or at once."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads = []

    def follow(connected: socket.socket, number: int) -> None:
        connected.settimeout(10)  # a test that fails must not wait for ever
        with connected, suppress(OSError):
            script(connected, number)

    def serve() -> None:
        number = 0
        with suppress(OSError):
            while True:
                connected, _ = listener.accept()
                if tls is not None:
                    connected = tls.wrap_socket(connected, server_side=True)
                threads.append(threading.Thread(target=follow, args=(connected, number)))
                threads[-1].start()
                if not at_once:
                    threads[-1].join()
                number += 1

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for each in (thread, *threads):
            each.join()


def head_of(connected: socket.socket) -> bytes:
    """Read the head of a request."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += connected.recv(1) or b"\r\n\r\n"
    return head


def body_of(connected: socket.socket, size: int = len(CONTENT)) -> bytes:
    """Read the body of a request."""
    body = b""
    while len(body) < size and (piece := connected.recv(MIB)):
        body += piece
    return body


@contextmanager
def put(
    address: str, source: Source, *, scheme: str = "http", attempts: int = 1, **given: object
) -> Iterator[tuple[int, bytes]]:
    """Send a source; hand out the answer's status and content."""
    transport = Transport(connection(f"{scheme}://{address}", **given), quick_retry(attempts))
    headers = {"Host": address, "Content-Length": str(source.size)}
    try:
        answer = transport.send("PUT", f"{scheme}://{address}", "/b/k", headers, source)
        yield answer.status, answer.data
    finally:
        transport.close()


class Tls(NamedTuple):
    """What a server proves itself with, and what a connection needs to believe it."""

    context: ssl.SSLContext
    given: dict[str, object]


@pytest.fixture
def tls(tmp_path: Path) -> Tls:
    """Make an authority and a server's certificate."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return Tls(context, {"ca_bundle": tmp_path / "ca.pem"})


@pytest.fixture
def window(tmp_path: Path) -> Iterator[FileWindow]:
    """Open a file with the content in its middle."""
    (tmp_path / "file").write_bytes(b"before" + CONTENT + b"behind")
    with (tmp_path / "file").open("rb") as file:
        yield FileWindow(file, 6, len(CONTENT))


def test_a_file_arrives_as_it_is_and_its_progress_is_told(window: FileWindow) -> None:
    """Sent by the system: this process has not read it."""
    got, told = [], []

    def script(connected: socket.socket, _number: int) -> None:
        head_of(connected)
        connected.sendall(CONTINUE)
        got.append(body_of(connected))
        connected.sendall(OK)

    window.read = None  # type: ignore[method-assign,assignment]  # nobody may
    with scripted(script) as address, put(address, Source(window, len(CONTENT), progress=told.append)) as (status, _):
        assert (status, got) == (200, [CONTENT])
    assert told == [MIB, 2 * MIB, 3 * MIB]


def test_a_file_arrives_as_it_is_over_tls(window: FileWindow, tls: Tls) -> None:
    """There it is read, to be encrypted."""
    got = []

    def script(connected: socket.socket, _number: int) -> None:
        head_of(connected)
        connected.sendall(CONTINUE)
        got.append(body_of(connected))
        connected.sendall(OK)

    source = Source(window, len(CONTENT))
    with scripted(script, tls.context) as address, put(address, source, scheme="https", **tls.given) as (status, _):
        assert (status, got) == (200, [CONTENT])


def test_a_body_that_is_refused_by_its_head_is_not_sent(window: FileWindow) -> None:
    """The answer is handed out, and the connection not used again."""
    rest = []

    def script(connected: socket.socket, _number: int) -> None:
        assert b"Expect: 100-continue" in head_of(connected)
        connected.sendall(REFUSED)
        rest.append(connected.recv(MIB))

    with scripted(script) as address, put(address, Source(window, len(CONTENT))) as (status, content):
        assert (status, content) == (403, b"no")
    assert rest == [b""]


def test_a_server_that_gives_no_leave_gets_the_body_all_the_same(window: FileWindow) -> None:
    """It may not know ``Expect`` (RFC 9110, 10.1.1)."""
    got = []

    def script(connected: socket.socket, _number: int) -> None:
        head_of(connected)
        got.append(body_of(connected))
        connected.sendall(OK)

    with scripted(script) as address, put(address, Source(window, len(CONTENT))) as (status, _):
        assert (status, got) == (200, [CONTENT])


def test_a_server_that_takes_no_expectation_is_asked_without(window: FileWindow) -> None:
    """417 says so; it is no failed attempt (RFC 9110, 10.1.1)."""
    heads = []

    def script(connected: socket.socket, number: int) -> None:
        heads.append(head_of(connected))
        if number == 0:
            connected.sendall(b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")
            return
        body_of(connected)
        connected.sendall(OK)

    with scripted(script) as address, put(address, Source(window, len(CONTENT)), attempts=1) as (status, _):
        assert status == 200
    assert [b"Expect" in head for head in heads] == [True, False]


def test_why_a_server_ends_the_connection_amid_a_body_is_told(window: FileWindow) -> None:
    """What it says before it does so is the answer, not the broken pipe."""

    def script(connected: socket.socket, _number: int) -> None:
        head_of(connected)
        connected.sendall(CONTINUE)
        connected.recv(1000)
        connected.sendall(REFUSED)
        connected.shutdown(socket.SHUT_RDWR)  # unlike closing, no reset that would overtake the words

    with scripted(script) as address, put(address, Source(window, len(CONTENT))) as (status, content):
        assert (status, content) == (403, b"no")


def test_a_server_that_does_not_know_expectations_is_asked_once(window: FileWindow, tls: Tls) -> None:
    """Over TLS, too, where session tickets come before any answer; a second's wait for each part would be too much."""
    heads = []

    def script(connected: socket.socket, _number: int) -> None:
        for _ in range(2):
            heads.append(head_of(connected))
            body_of(connected)
            connected.sendall(OK)

    for context, given in ((None, {}), (tls.context, tls.given)):
        heads.clear()
        with scripted(script, context) as address:
            scheme = "http" if context is None else "https"
            transport = Transport(connection(f"{scheme}://{address}", **given), quick_retry(1))
            headers = {"Host": address, "Content-Length": str(len(CONTENT))}
            for _ in range(2):
                source = Source(window, len(CONTENT))
                assert transport.send("PUT", f"{scheme}://{address}", "/b/k", headers, source).status == 200
                window.seek(0)
            transport.close()
        assert [b"Expect" in head for head in heads] == [True, False]


def test_bytes_behind_a_body_are_no_answer_over_tls_either(tls: Tls) -> None:
    """TLS has decrypted them with the body, and the system does not tell of them."""
    numbers = []

    def script(connected: socket.socket, number: int) -> None:
        numbers.append(number)
        head_of(connected)
        forged = b"HTTP/1.1 200 Forged\r\nContent-Length: 6\r\n\r\nforged"
        connected.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000 + forged)
        connected.recv(1)

    with scripted(script, tls.context) as address:
        transport = Transport(connection(f"https://{address}", **tls.given), quick_retry(1))
        found = [transport.send("GET", f"https://{address}", "/", {"Host": address}).data for _ in range(2)]
        transport.close()
    assert found == [b"x" * 100_000] * 2
    assert numbers == [0, 1]


def test_why_a_server_ends_the_connection_amid_a_body_is_told_over_tls(window: FileWindow, tls: Tls) -> None:
    """There the broken connection is another error."""

    def script(connected: socket.socket, _number: int) -> None:
        head_of(connected)
        connected.sendall(CONTINUE)
        connected.recv(1000)
        connected.sendall(REFUSED)
        connected.shutdown(socket.SHUT_RDWR)

    source = Source(window, len(CONTENT))
    with (
        scripted(script, tls.context) as address,
        put(address, source, scheme="https", **tls.given) as (status, content),
    ):
        assert (status, content) == (403, b"no")


def test_a_success_before_the_whole_body_was_sent_is_none(window: FileWindow) -> None:
    """Whatever the server has stored, it is not this."""

    def script(connected: socket.socket, _number: int) -> None:
        head_of(connected)
        connected.sendall(OK)

    early = pytest.raises(HTTPException, match="before it had the whole body")
    with scripted(script) as address, early, put(address, Source(window, len(CONTENT))):
        pass


def test_leave_may_come_behind_other_news(window: FileWindow) -> None:
    """An informational answer is none, and no leave (RFC 9110, 15.2)."""
    got = []

    def script(connected: socket.socket, _number: int) -> None:
        head_of(connected)
        connected.sendall(b"HTTP/1.1 102 Processing\r\n\r\n" + CONTINUE)
        got.append(body_of(connected))
        connected.sendall(OK)

    with scripted(script) as address, put(address, Source(window, len(CONTENT))) as (status, _):
        assert (status, got) == (200, [CONTENT])


def test_a_child_of_a_fork_has_connections_of_its_own() -> None:
    """On the parent's it would read the parent's answers."""
    numbers = []

    def script(connected: socket.socket, number: int) -> None:
        while head_of(connected).startswith(b"GET"):
            numbers.append(number)
            connected.sendall(OK)

    with scripted(script, at_once=True) as address:
        transport = Transport(connection(address, max_connections=1), quick_retry(1))
        transport.send("GET", f"http://{address}", "/", {"Host": address})
        child = os.fork()
        if child == 0:
            transport.send("GET", f"http://{address}", "/", {"Host": address})
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        transport.send("GET", f"http://{address}", "/", {"Host": address})
        transport.close()
    assert numbers == [0, 1, 0]


def test_a_file_that_the_system_cannot_send_is_read(window: FileWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some file systems have no sendfile."""
    got = []

    def script(connected: socket.socket, _number: int) -> None:
        head_of(connected)
        connected.sendall(CONTINUE)
        got.append(body_of(connected))
        connected.sendall(OK)

    def refuse(*_given: int) -> int:
        raise OSError(errno.EINVAL, "no sendfile here")

    monkeypatch.setattr(sending, "_sendfile", refuse)
    with scripted(script) as address, put(address, Source(window, len(CONTENT))) as (status, _):
        assert (status, got) == (200, [CONTENT])


def test_an_error_of_the_file_is_the_callers(window: FileWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not tried again: the disk would say the same."""
    connections = []

    def script(connected: socket.socket, number: int) -> None:
        connections.append(number)
        head_of(connected)
        connected.sendall(CONTINUE)
        body_of(connected)

    def fail(*_given: int) -> int:
        raise OSError(errno.EIO, "the disk is broken")

    monkeypatch.setattr(sending, "_sendfile", fail)
    source = Source(window, len(CONTENT))
    with scripted(script) as address, pytest.raises(OSError, match="disk"), put(address, source, attempts=3):
        pass
    assert connections == [0]


def test_a_file_that_becomes_shorter_is_an_error_of_the_caller(tmp_path: Path) -> None:
    """Found where the system finds nothing more to send; it is not sent again."""
    (tmp_path / "file").write_bytes(CONTENT)
    connections = []

    def script(connected: socket.socket, number: int) -> None:
        connections.append(number)
        head_of(connected)
        (tmp_path / "file").write_bytes(b"short")
        connected.sendall(CONTINUE)
        body_of(connected)

    with (tmp_path / "file").open("rb") as file, scripted(script) as address:
        source = Source(FileWindow(file, 0, len(CONTENT)), len(CONTENT))
        with pytest.raises(IntegrityError, match="shorter"), put(address, source, attempts=3):
            pass
    assert connections == [0]


def test_a_connection_with_more_than_an_answer_is_not_used_again() -> None:
    """The rest would be taken for the next answer."""
    numbers = []

    def script(connected: socket.socket, number: int) -> None:
        numbers.append(number)
        head_of(connected)
        connected.sendall(OK + b"HTTP/1.1 200 Forged\r\nContent-Length: 6\r\n\r\nforged")
        connected.recv(1)

    with scripted(script) as address:
        transport = Transport(connection(address), quick_retry(1))
        found = [transport.send("GET", f"http://{address}", "/", {"Host": address}).data for _ in range(2)]
        transport.close()
    assert (found, numbers) == ([b"", b""], [0, 1])


def test_a_body_that_nobody_holds_frees_its_connection() -> None:
    """With one connection allowed, the next request would wait in vain."""

    def script(connected: socket.socket, _number: int) -> None:
        head_of(connected)
        connected.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        connected.recv(1)

    with scripted(script) as address:
        transport = Transport(connection(address, max_connections=1, read_timeout=5), quick_retry(1))
        for _ in range(3):
            transport.send("GET", f"http://{address}", "/", {"Host": address}, stream=True)
            gc.collect()
        assert transport.send("GET", f"http://{address}", "/", {"Host": address}, stream=True).read(4) == b"half"
        transport.close()


@pytest.mark.parametrize("bad", ["a\r\nX: y", "a\nb", "a\rb", "a\0b"])
def test_what_would_end_a_header_is_not_sent_and_not_shown(bad: str) -> None:
    """It could smuggle another header, or another request."""
    transport = Transport(connection("127.0.0.1:1"), quick_retry(1))
    with scripted(lambda connected, _number: connected.sendall(OK)) as address:
        with pytest.raises(ValueError, match="cannot travel") as caught:
            transport.send("GET", f"http://{address}", "/", {"Host": address, "X-Secret": bad})
        with pytest.raises(ValueError, match="cannot travel"):
            transport.send("GET", f"http://{address}", f"/{bad}", {"Host": address})
    transport.close()
    assert bad not in str(caught.value)


def interrupt(number: int) -> Callable[[], bool]:
    """Have Ctrl-C strike at the n-th opportunity from here on; return what ends it, and tells if there was one.

    An interpreter looks for signals where a function begins, and where one that is written in C has returned. What is
    urllib3's is left out.
    """
    seen = -1

    def profile(frame: FrameType, event: str, _: object) -> None:
        nonlocal seen
        is_ours = "/adapters/s3/" in frame.f_code.co_filename and "route" not in frame.f_code.co_filename
        if is_ours and event in ("call", "c_return") and not is_in_destructor(frame):
            seen += 1
            if seen == number:
                sys.setprofile(None)
                raise KeyboardInterrupt

    def end() -> bool:
        sys.setprofile(None)
        return seen >= number

    sys.setprofile(profile)
    return end


def test_no_interrupt_loses_a_place() -> None:
    """Wherever it strikes; with one connection allowed, the next request would wait in vain."""

    def script(connected: socket.socket, _number: int) -> None:
        while head_of(connected).startswith(b"GET"):
            connected.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody")

    with scripted(script, at_once=True) as address:
        transport = Transport(connection(address, max_connections=1, read_timeout=1), quick_retry(1))
        get = partial(transport.send, "GET", f"http://{address}", "/", {"Host": address}, stream=True)
        number, strikes = 0, True
        while strikes:
            end = interrupt(number)
            with suppress(KeyboardInterrupt):
                get().read(10)
            strikes = end()
            assert get().read(10) == b"body"
            number += 1
        transport.close()
    assert number > 20


def test_a_connection_that_cannot_be_closed_frees_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system may find an error then; nobody needs that connection any more."""

    def script(connected: socket.socket, _number: int) -> None:
        head_of(connected)
        connected.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")

    close = HTTPConnection.close

    def fail(self: HTTPConnection) -> None:
        close(self)
        raise OSError(errno.EIO, "it cannot be closed")

    monkeypatch.setattr(HTTPConnection, "close", fail)
    with scripted(script) as address:
        transport = Transport(connection(address, max_connections=1, read_timeout=1), quick_retry(1))
        found = [transport.send("GET", f"http://{address}", "/", {"Host": address}).status for _ in range(2)]
        transport.close()
    assert found == [200, 200]


def lapsing(seen: list[tuple[int, str]], last_words: bytes = b"") -> Script:
    """Answer once on each connection; end it, with those words, when the head of the next request has come."""

    def script(connected: socket.socket, number: int) -> None:
        for answer in (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", last_words):
            method = head_of(connected).decode().partition(" ")[0]
            if method.strip():
                seen.append((number, method))
                connected.sendall(answer if method != "HEAD" else answer.removesuffix(b"ok"))

    return script


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_kept_connection_that_ends_without_an_answer_is_no_failed_attempt(method: str) -> None:
    """The server may have ended it before the request came: what changes nothing is repeated (RFC 9110, 9.2.1)."""
    seen = list[tuple[int, str]]()
    with scripted(lapsing(seen), at_once=True) as address:
        transport = Transport(connection(address), quick_retry(1))
        first, second = (transport.send(method, f"http://{address}", "/", {"Host": address}) for _ in range(2))
        transport.close()
    assert seen == [(0, method), (0, method), (1, method)]
    assert (first.status, first.attempts, first.was_retried, first.answer_lost) == (200, 1, False, False)
    assert (second.status, second.attempts, second.was_retried, second.answer_lost) == (200, 1, True, True)


@pytest.mark.parametrize(
    ("method", "last_words"), [("POST", b""), ("PUT", b""), ("DELETE", b""), ("GET", b"HTTP/1.1 2")]
)
def test_what_may_have_been_carried_out_is_a_failed_attempt(method: str, last_words: bytes) -> None:
    """What changes something, and what the server has begun to answer, is repeated within ``max_attempts`` only."""
    seen = list[tuple[int, str]]()
    with scripted(lapsing(seen, last_words), at_once=True) as address:
        for attempts in (1, 2):
            transport = Transport(connection(address), quick_retry(attempts))
            transport.send(method, f"http://{address}", "/", {"Host": address})
            if attempts == 1:
                with pytest.raises((ConnectionError, HTTPException)):
                    transport.send(method, f"http://{address}", "/", {"Host": address})
            else:
                assert transport.send(method, f"http://{address}", "/", {"Host": address}).attempts == 2
            transport.close()
    assert [number for number, _ in seen] == [0, 0, 1, 1, 2]


def test_a_kept_connection_that_ends_is_replaced_by_a_new_one() -> None:
    """Not by another that was kept as long; and there are never more than allowed."""
    seen = list[tuple[int, str]]()
    with scripted(lapsing(seen), at_once=True) as address:
        transport = Transport(connection(address, max_connections=2), quick_retry(1))
        get = partial(transport.send, "GET", f"http://{address}", "/", {"Host": address}, stream=True)
        for held in [get(), get()]:
            assert held.data == b"ok"
        assert get().data == b"ok"
        transport.close()
    assert [number for number, _ in seen] == [0, 1, 1, 2]


def test_a_body_for_a_kept_connection_that_ends_is_sent_from_its_beginning(
    window: FileWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole, to the new one."""
    monkeypatch.setattr(connections, "_SECONDS_FOR_CONTINUE", 0.01)
    got = []

    def script(connected: socket.socket, number: int) -> None:
        head_of(connected)
        if number == 0:
            connected.sendall(OK)
            head_of(connected)
            connected.recv(MIB)  # not all of it
            return
        got.append(body_of(connected))
        connected.sendall(OK)

    with scripted(script, at_once=True) as address:
        transport = Transport(connection(address), quick_retry(2))
        transport.send("GET", f"http://{address}", "/", {"Host": address})
        headers = {"Host": address, "Content-Length": str(len(CONTENT))}
        answer = transport.send("PUT", f"http://{address}", "/", headers, Source(window, len(CONTENT)))
        transport.close()
    assert (answer.status, got) == (200, [CONTENT])


def test_a_body_is_sent_from_its_beginning_where_the_expectation_fails_late(window: FileWindow) -> None:
    """The server has taken some of it before it says that it takes no expectation."""
    got = []

    def script(connected: socket.socket, number: int) -> None:
        head_of(connected)
        if number == 0:
            connected.sendall(CONTINUE)
            connected.recv(1000)
            connected.sendall(b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")
            connected.shutdown(socket.SHUT_RDWR)
            return
        got.append(body_of(connected))
        connected.sendall(OK)

    with scripted(script) as address, put(address, Source(window, len(CONTENT))) as (status, _):
        assert (status, got) == (200, [CONTENT])

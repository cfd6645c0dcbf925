"""The stream of events, from a server that sends, breaks off, refuses and keeps silent."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import parse_qsl, urlsplit

import pytest

from data_store.object_store.adapters.s3.answers import InvalidAnswer
from data_store.object_store.adapters.s3.exchange import AnswerError
from data_store.object_store.adapters.s3.listener import Listener
from data_store.object_store.errors import StoreClosed
from data_store.object_store.facade.watch import Watch
from data_store.object_store.models import EventKind, ObjectEvent, WatchOptions
from data_store.object_store.signing.sigv4 import Credentials
from tests.unit.s3_server import connection, quick_retry

HEAD = b"HTTP/1.1 200 OK\r\nServer: MinIO\r\nTransfer-Encoding: chunked\r\n\r\n"
PATIENCE = 10.0  # seconds until a test gives up; nothing is expected to take so long
Script = Callable[[socket.socket], object]


def chunk(data: bytes) -> bytes:
    """Return a chunk of an answer of unknown length."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def line(key: str, name: str = "s3:ObjectCreated:Put", agent: str = "x", **more: object) -> bytes:
    """Return an event as MinIO sends it."""
    found = {"key": key, "size": 3, "eTag": "e", "versionId": "", **more}
    record = {
        "eventName": name,
        "eventTime": "2026-01-02T03:04:05.678Z",
        "s3": {"bucket": {"name": "b"}, "object": found},
        "source": {"userAgent": agent},
    }
    return json.dumps({"Records": [record]}).encode() + b"\n"


class Streams:
    """A server that answers each connection by the next script, and then hangs up; the last script stays."""

    def __init__(self, *scripts: Script) -> None:
        self.scripts = list(scripts)
        self.requests: list[str] = []
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self) -> None:
        """Serve one connection after the other."""
        while True:
            try:
                connected, _ = self.listening.accept()
            except OSError:
                return
            with connected, suppress(OSError):
                request = b""
                while b"\r\n\r\n" not in request:
                    request += connected.recv(65536)
                self.requests.append(request.decode())
                script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
                script(connected)


@contextmanager
def listening(*scripts: Script, options: WatchOptions = WatchOptions()) -> Iterator[tuple[Listener, Streams]]:  # noqa: B008  frozen
    """Listen to a server of these scripts."""
    server = Streams(*scripts)
    server.thread.start()
    port = server.listening.getsockname()[1]
    configured = connection(f"127.0.0.1:{port}", connect_timeout=1)
    feed = Listener(configured, quick_retry(), lambda: Credentials("A", "S"), "b", options)
    try:
        yield feed, server
    finally:
        feed.close()
        server.listening.shutdown(socket.SHUT_RDWR)
        server.listening.close()
        server.thread.join(PATIENCE)


def sends(*pieces: bytes, then: Script = lambda connected: connected.recv(1)) -> Script:
    """Send pieces, then wait for the client to hang up, or do something else."""

    def script(connected: socket.socket) -> None:
        connected.sendall(HEAD)
        for piece in pieces:
            connected.sendall(chunk(piece))
        then(connected)

    return script


def collect(feed: Listener, count: int) -> list[ObjectEvent]:
    """Return so many events."""
    found: list[ObjectEvent] = []
    end = time.monotonic() + PATIENCE
    while len(found) < count and time.monotonic() < end:
        found += feed.poll(0.2)
    return found


def test_events_arrive_whole_however_they_are_cut():
    """In lines, with pings between them; keys are as they are."""
    whole = line("p/ü +%.x") + b" \n" + b'{"Records":[]}\n' + line("l")
    with listening(sends(whole[:40], whole[40:60], whole[60:])) as (feed, _):
        feed.start()
        first, second = collect(feed, 2)
    assert (first.kind, first.bucket, first.key, first.size, first.etag) == (EventKind.CREATED, "b", "p/ü +%.x", 3, "e")
    assert first.time is not None
    assert first.time.isoformat() == "2026-01-02T03:04:05.678000+00:00"
    assert (first.version_id, first.after_gap, second.key) == (None, False, "l")


def test_an_event_without_a_size_is_of_an_empty_object_that_was_created():
    """MinIO leaves out a size of 0; what was removed has none."""
    piece = line("k").replace(b'"size": 3, ', b"")
    assert b"size" not in piece
    removed = line("k", "s3:ObjectRemoved:Delete").replace(b'"size": 3, ', b"")
    with listening(sends(piece, removed)) as (feed, _):
        feed.start()
        found = collect(feed, 2)
    assert [(event.kind, event.size) for event in found] == [(EventKind.CREATED, 0), (EventKind.REMOVED, None)]


def test_events_arrive_at_once_where_a_proxy_has_taken_the_chunks_away():
    """The answer is then as long as the connection lives."""

    def script(connected: socket.socket) -> None:
        connected.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + line("a"))
        connected.recv(1)

    with listening(script) as (feed, _):
        feed.start()
        assert [event.key for event in collect(feed, 1)] == ["a"]


def test_the_request_names_what_to_send_and_is_signed():
    """A prefix and a suffix at the most once, pings every second."""
    with listening(sends(line("k")), options=WatchOptions(prefix="p/", suffix=".x")) as (feed, server):
        feed.start()
        collect(feed, 1)
    method, target, _ = server.requests[0].split(" ", 2)
    assert (method, urlsplit(target).path) == ("GET", "/b")
    assert parse_qsl(urlsplit(target).query) == [
        ("events", "s3:ObjectCreated:*"),
        ("events", "s3:ObjectRemoved:*"),
        ("prefix", "p/"),
        ("suffix", ".x"),
        ("ping", "1"),
    ]
    assert "AWS4-HMAC-SHA256" in server.requests[0]


def test_only_the_kinds_that_are_asked_for_are_handed_out():
    """What a lifecycle rule has removed is of a kind of its own."""
    events = (
        line("a"),
        line("b", "s3:ObjectRemoved:Delete", agent="Internal: [ILM-Expiry]"),
        line("c", "s3:ObjectRemoved:Delete"),
        line("d", "s3:ObjectAccessed:Get"),
    )
    wanted = WatchOptions(events=frozenset({EventKind.REMOVED, EventKind.EXPIRED}))
    with listening(sends(*events), options=wanted) as (feed, _):
        feed.start()
        assert [(event.key, event.kind) for event in collect(feed, 2)] == [
            ("b", EventKind.EXPIRED),
            ("c", EventKind.REMOVED),
        ]


@pytest.mark.parametrize(
    "broken",
    [
        sends(line("a"), then=lambda _: None),
        sends(line("a"), then=lambda connected: connected.sendall(b"0\r\n\r\n")),
        sends(line("a"), then=lambda connected: connected.sendall(b"40\r\n{half")),
    ],
    ids=["hangs up", "ends", "cut"],
)
def test_a_connection_that_breaks_is_made_anew(broken):
    """The first event behind the gap says so, the next one does not."""
    busy: Script = lambda connected: connected.sendall(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")  # noqa: E731  a script
    with listening(broken, busy, lambda _: None, sends(line("b"), line("c"))) as (feed, server):
        feed.start()
        found = collect(feed, 3)
    assert [(event.key, event.after_gap) for event in found] == [("a", False), ("b", True), ("c", False)]
    assert len(server.requests) == 4


def test_a_refusal_is_raised_at_once():
    """A bucket that is missing, say."""
    body = b"<Error><Code>NoSuchBucket</Code></Error>"
    refusal = b"HTTP/1.1 404 Not Found\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    with listening(lambda connected: connected.sendall(refusal)) as (feed, _), pytest.raises(AnswerError):
        feed.start()


def test_a_refusal_after_a_gap_ends_the_feed():
    """Each further poll says so again."""
    refusal = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
    with listening(sends(line("a"), then=lambda _: None), lambda connected: connected.sendall(refusal)) as (feed, _):
        feed.start()
        assert len(collect(feed, 1)) == 1
        for _ in range(2):
            with pytest.raises(AnswerError):
                feed.poll(PATIENCE)


def test_events_that_came_while_a_watch_began_are_handed_out(monkeypatch):
    """Also where the feed has ended before its beginner looks."""
    wait = threading.Event.wait
    beginner = threading.current_thread()

    def wait_late(event, timeout=None):
        if threading.current_thread() is beginner:
            time.sleep(0.2)
        return wait(event, timeout)

    monkeypatch.setattr(threading.Event, "wait", wait_late)
    refusal = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
    with listening(sends(line("a"), then=lambda _: None), lambda connected: connected.sendall(refusal)) as (feed, _):
        feed.start()
        assert len(collect(feed, 1)) == 1
        with pytest.raises(AnswerError):
            feed.poll(PATIENCE)


def test_a_server_that_is_not_there_is_raised_at_once():
    """Nothing was connected that could be connected again."""
    with listening(lambda _: None) as (feed, server):
        server.listening.shutdown(socket.SHUT_RDWR)
        server.thread.join(PATIENCE)
        server.listening.close()
        server.listening = socket.create_server(("127.0.0.1", 0))
        with pytest.raises(Exception, match="refused"):
            feed.start()


@pytest.mark.parametrize(
    "piece",
    [
        b"<ListBucketResult/>\n",
        b"<html>Welcome",
        b'{"message":"hello"}\n',
        b'{"Records":5}\n',
        b"[]\n",
        b'{"Records":' + b"[" * 100_000 + b"\n",
        b'{"Records":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n",
        line(""),
        line("k", size=-1),
        line("k", size="3"),
        line("k", size=True),
        line("k", versionId=5),
        line("k").replace(b'"k"', b"5"),
        line("k").replace(b'"b"', b"null"),
        line("k").replace(b"2026-01-02", b"2026-31-02"),
    ],
)
def test_another_stream_than_one_of_events_ends_the_feed(piece):
    """A listing, from a server that does not know the request; a page without a line's end; what cannot be."""
    with listening(sends(b"\n", piece)) as (feed, server):
        feed._thread.start()  # which may have seen it before ``start`` would return
        with pytest.raises(InvalidAnswer):
            feed.poll(PATIENCE)
        assert len(server.requests) == 1


def test_a_line_without_an_end_is_not_gathered_for_ever():
    """Neither is it waited for: the server would fill the memory."""
    endless: Script = lambda connected: [connected.sendall(chunk(b"x" * 65536)) for _ in range(100)]  # noqa: E731  a script
    with listening(sends(b'{"Records":[', then=endless)) as (feed, _):
        feed._thread.start()
        with pytest.raises(InvalidAnswer, match="without an end"):
            feed.poll(PATIENCE)


def test_spaces_may_come_for_as_long_as_nothing_happens():
    """MinIO shows with them that it is there; they are no line without an end."""
    with listening(sends(b" " * 3_000_000, line("k"))) as (feed, _):
        feed.start()
        assert [event.key for event in collect(feed, 1)] == ["k"]


@pytest.mark.parametrize("body", [b"", b'{"status":"ok"}'], ids=["nothing", "no line"])
def test_a_stream_that_always_ends_before_anything_has_come_ends_the_feed(body):
    """A web server answers so whatever it is asked, and would be asked for ever."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    with listening(lambda connected: connected.sendall(answer)) as (feed, server):
        feed._thread.start()
        with pytest.raises(InvalidAnswer, match="before anything has come"):
            feed.poll(PATIENCE)
        assert len(server.requests) == 5


def test_a_stream_that_ends_after_a_ping_is_taken_up_as_often_as_it_ends():
    """A proxy may end it by its own clock."""
    pings = [sends(b" \n", then=lambda connected: connected.sendall(b"0\r\n\r\n")) for _ in range(9)]
    with listening(*pings, sends(line("k"))) as (feed, server):
        feed.start()
        assert [(event.key, event.after_gap) for event in collect(feed, 1)] == [("k", True)]
        assert len(server.requests) == 10


def test_what_a_forked_child_does_with_a_watch_leaves_the_parents_as_it_is():
    """It cannot poll what it has inherited; closing it gives up its share of the connection, and no more."""
    closed = threading.Event()

    def then(connected: socket.socket) -> None:
        closed.wait(PATIENCE)
        connected.sendall(chunk(line("b")))
        connected.recv(1)

    with listening(sends(line("a"), then=then)) as (feed, server):
        feed.start()
        assert [event.key for event in collect(feed, 1)] == ["a"]
        assert _closes_in_a_child(feed)
        closed.set()
        assert [(event.key, event.after_gap) for event in collect(feed, 1)] == [("b", False)]
        assert len(server.requests) == 1


def _closes_in_a_child(feed: Listener) -> bool:
    """Return whether a forked child could close a watch, but not poll it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # this process has threads: that is the point
        child = os.fork()
    if child == 0:
        status = 1
        try:
            with Watch(feed) as watch, suppress(StoreClosed):
                watch.next(0)
                os._exit(2)
            feed.close()
            assert feed._socket is not None
            status = 0 if feed._socket.fileno() == -1 else 3
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_poll_ends_when_nothing_comes():
    """With nothing."""
    with listening(sends()) as (feed, _):
        feed.start()
        assert feed.poll(0.01) == ()


@pytest.mark.parametrize("script", [sends(), lambda connected: connected.recv(1)], ids=["answered", "silent"])
def test_closing_ends_a_poll_in_another_thread(script):
    """Whether the server has answered or keeps silent; nothing of it stays behind."""
    with listening(script) as (feed, _):
        feed.start()
        polled: list[object] = []
        poller = threading.Thread(target=lambda: polled.append(feed.poll(None)))
        poller.start()
        feed.close()
        feed.close()
        poller.join(PATIENCE)
        assert polled == [()]
        assert feed.poll(None) == ()
        assert not [thread for thread in threading.enumerate() if thread.name == "events of b"]

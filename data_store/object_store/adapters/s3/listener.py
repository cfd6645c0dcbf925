"""Events of a bucket as MinIO sends them: one long answer with a line for each (MinIO, ListenBucketNotification)."""

from __future__ import annotations

import json
import os
import queue
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from data_store.object_store.adapters.s3 import errors, xml
from data_store.object_store.adapters.s3.answer import Answer
from data_store.object_store.adapters.s3.answers import InvalidAnswer, required
from data_store.object_store.adapters.s3.endpoint import endpoint
from data_store.object_store.adapters.s3.exchange import AnswerError, Exchange, Request
from data_store.object_store.adapters.s3.transport import Transport
from data_store.object_store.adapters.s3.xml_notifications import event_kind
from data_store.object_store.configurations import ObjectStoreConnectionConfiguration, RetryConfiguration
from data_store.object_store.errors import StoreClosed
from data_store.object_store.feed import EventFeed
from data_store.object_store.models import EventKind, ObjectEvent, WatchOptions
from data_store.object_store.signing import sigv4

__all__ = ["Listener"]

_EVENTS = (("events", "s3:ObjectCreated:*"), ("events", "s3:ObjectRemoved:*"))
_PING_SECONDS = 1  # MinIO may hold events back until 4 KiB have gathered: pings fill them up
_SECONDS_TO_LISTEN = 0.5  # the server says nothing until there is something to say
_SECONDS_TO_END = 2.0
_MAX_PIECE = 64 * 1024
_MAX_LINE = 1024 * 1024  # an event has a few KiB
_MAX_EMPTY_ANSWERS = 5
_KEEPALIVE = {"TCP_KEEPIDLE": 15, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}  # seconds, seconds, probes
_BRACE = ord("{")
_BY_LIFECYCLE = "[ILM-Expiry]"
_MAY_PASS = frozenset({408, 429})


class Listener(EventFeed):
    """A feed of the events of a bucket; its own connection, read by its own thread.

    Args:
        connection: how to reach the server.
        retry: the pauses before the connection is made again.
        signer: gives the current credentials; None: nothing is signed.
        bucket: the bucket.
        options: what to watch for.
    """

    def __init__(
        self,
        connection: ObjectStoreConnectionConfiguration,
        retry: RetryConfiguration,
        signer: Callable[[], sigv4.Credentials] | None,
        bucket: str,
        options: WatchOptions,
    ) -> None:
        self._connect_timeout = connection.connect_timeout
        self._retry = retry
        self._bucket = bucket
        self._options = options
        self._arrived: queue.SimpleQueue[ObjectEvent | Exception | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._closed = threading.Event()
        self._connected = threading.Event()
        self._answered = threading.Event()
        self._failure: Exception | None = None
        self._gap = False
        self._heard_events = False
        self._empty_answers = 0
        self._process = os.getpid()
        once = retry.model_copy(update={"max_attempts": 1})
        self._transport = Transport(connection, once, self._take_socket)
        self._exchange = Exchange(endpoint(connection), signer, self._transport, lambda _: None)
        self._thread = threading.Thread(target=self._run, name=f"events of {bucket}", daemon=True)

    def start(self) -> None:
        """Begin to listen; raise what keeps the server from sending events, unless some have come: then poll has them.

        MinIO gives no sign that it listens: what happens from now on is not missed, unless it takes more than half a
        second to begin.
        """
        self._thread.start()
        self._connected.wait(self._connect_timeout)
        self._answered.wait(_SECONDS_TO_LISTEN)
        if self._failure is not None and not self._heard_events:
            self.close()
            raise self._failure

    def poll(self, timeout: float | None) -> Sequence[ObjectEvent]:
        """See ``EventFeed``."""
        if os.getpid() != self._process:
            raise StoreClosed("a watch is not inherited by the child of a fork: begin one there")
        if self._closed.is_set():
            return ()
        try:
            first = self._arrived.get(timeout=timeout)
        except queue.Empty:
            return ()
        if isinstance(first, Exception):
            self._arrived.put(first)
            raise first
        return () if first is None else (first, *self._more())

    def close(self) -> None:
        """See ``EventFeed``; the thread, and what locks may be held, are left behind by a fork."""
        if os.getpid() != self._process:
            _leave(self._socket)
            return
        with self._lock:
            self._closed.set()
            _shut(self._socket)
        self._arrived.put(None)
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(_SECONDS_TO_END)

    def _more(self) -> Iterator[ObjectEvent]:
        """Yield the events that have come already."""
        while not self._arrived.empty():
            item = self._arrived.get()
            if not isinstance(item, ObjectEvent):
                self._arrived.put(item)  # for the next poll: nothing follows it
                return
            yield item

    def _take_socket(self, connected: socket.socket) -> None:
        with suppress(OSError):
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for name, value in _KEEPALIVE.items():
                if hasattr(socket, name):
                    connected.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        with self._lock:
            self._socket = connected
            if self._closed.is_set():
                _shut(connected)
        self._connected.set()

    def _run(self) -> None:
        pause = self._retry.initial_backoff
        while not self._closed.is_set():
            try:
                self._listen()
            except Exception as error:  # noqa: BLE001  poll raises it
                if not self._may_pass(error):
                    self._end(error)
                    break
            well, self._gap = self._answered.is_set() and not self._empty_answers, True
            self._answered.clear()
            pause = self._retry.initial_backoff if well else min(2 * pause, self._retry.max_backoff)
            self._closed.wait(pause)
        self._transport.close()

    def _listen(self) -> None:
        """Hand out events until the connection ends.

        Raises:
            InvalidAnswer: it ended well, as did the ones before, and no line of events has come, not even a ping.
        """
        wanted = (("prefix", self._options.prefix), ("suffix", self._options.suffix), ("ping", str(_PING_SECONDS)))
        answer = self._exchange.send(Request(method="GET", bucket=self._bucket, query=(*_EVENTS, *wanted), stream=True))
        self._answered.set()
        heard = False
        try:
            for line in _lines(_pieces(answer)):
                for event in _events(line):
                    self._hand_out(event)
                heard, self._empty_answers = True, 0
        finally:
            answer.close()
        if not heard:
            self._empty_answers += 1
        if self._empty_answers >= _MAX_EMPTY_ANSWERS:
            raise InvalidAnswer("each time the stream of events ends before anything has come")

    def _hand_out(self, event: ObjectEvent) -> None:
        if event.kind in self._options.events:
            self._heard_events = True
            self._arrived.put(replace(event, after_gap=self._gap))
            self._gap = False

    def _may_pass(self, error: Exception) -> bool:
        """Return whether it makes sense to connect again: once the server has answered, only a refusal is final."""
        if self._closed.is_set():
            return True
        if isinstance(error, AnswerError):
            return error.status >= 500 or error.status in _MAY_PASS
        return errors.from_transport(error) is not None and (self._gap or self._connected.is_set())

    def _end(self, error: Exception) -> None:
        self._failure = error
        self._arrived.put(error)
        self._connected.set()
        self._answered.set()


def _shut(connected: socket.socket | None) -> None:
    """End a connection that another thread may be reading."""
    if connected is not None:
        with suppress(OSError):
            connected.shutdown(socket.SHUT_RDWR)


def _leave(connected: socket.socket | None) -> None:
    """Give up this process's share of a connection, which goes on for the process that it is inherited from."""
    if connected is not None:
        with suppress(OSError):
            os.close(connected.detach())


def _pieces(answer: Answer) -> Iterator[bytes]:
    """Yield what has arrived."""
    return iter(partial(answer.read1, _MAX_PIECE), b"")


def _lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield lines as soon as they are whole.

    Raises:
        InvalidAnswer: one does not begin as an event does, or has no end; a page, say. It is not waited for.
    """
    rest = bytearray()
    for piece in pieces:
        *ends, begun = piece.split(b"\n")
        for end in ends:
            yield bytes(rest + end)
            rest.clear()
        rest += begun if rest else begun.lstrip()  # MinIO sends spaces to show that it is there
        if rest and (rest[0] != _BRACE or len(rest) > _MAX_LINE):
            raise InvalidAnswer("the stream of events has something else, or a line without an end")


def _events(line: bytes) -> Iterator[ObjectEvent]:
    """Yield the events of a line; pings have none.

    Raises:
        InvalidAnswer: it is something else.
    """
    if not line.strip():
        return
    try:
        records = json.loads(line)["Records"] or ()
        yield from filter(None, map(_event, records))
    except (ValueError, AttributeError, KeyError, TypeError, RecursionError) as error:
        raise InvalidAnswer(f"the stream of events has something else: {error!r}") from error


def _event(record: dict[str, Any]) -> ObjectEvent | None:
    kind = event_kind(record["eventName"])
    if kind is None:
        return None
    if kind is EventKind.REMOVED and _BY_LIFECYCLE in record.get("source", {}).get("userAgent", ""):
        kind = EventKind.EXPIRED
    found = record["s3"]["object"]
    return ObjectEvent(
        kind=kind,
        bucket=required(_text(record["s3"]["bucket"], "name"), "name"),
        key=required(_text(found, "key"), "key"),
        version_id=_text(found, "versionId"),
        size=_size(found, 0 if kind is EventKind.CREATED else None),
        etag=_text(found, "eTag"),
        time=xml.time(record.get("eventTime")),
    )


def _text(told: dict[str, Any], name: str) -> str | None:
    """Return a text, None for an empty or a missing one."""
    found = told.get(name) or None
    if found is not None and not isinstance(found, str):
        raise TypeError(f"{name} is no text")
    return found


def _size(told: dict[str, Any], left_out: int | None) -> int | None:
    """Return the size, or what it means that there is none: MinIO leaves out a size of 0."""
    found = told.get("size", left_out)
    if found is not None and (type(found) is not int or found < 0):
        raise TypeError("the size is no number of bytes")
    return found

"""Connections to one host that are kept open, each for one exchange at a time.

urllib3 makes them (proxies, tunnels, TLS, host names); from then on the bytes are ours to move.
"""

from __future__ import annotations

import math
import os
import socket
import ssl
import weakref
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.client import HTTPException
from queue import Empty, SimpleQueue

from urllib3.connection import HTTPConnection
from urllib3.util.wait import wait_for_read

from data_store.object_store.adapters.s3.answer import Answer
from data_store.object_store.adapters.s3.sending import send_head, send_source
from data_store.object_store.adapters.s3.wire import Body, Head, Inbox, read_any_head, read_head
from data_store.object_store.body import Source

__all__ = ["Connection", "ConnectionsInUse", "Pool"]

_SECONDS_FOR_CONTINUE = 1.0
_CONTINUE, _OK, _ERROR, _EXPECTATION_FAILED = 100, 200, 300, 417
_ENDS = (ConnectionError, ssl.SSLError, TimeoutError)
_QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)


class ConnectionsInUse(Exception):  # noqa: N818  the condition's name
    """All connections that there may be to a host are in use, and none came back in time."""


class Connection:
    """One connection, made when it is first needed.

    Args:
        make: connects.
        read_timeout: seconds that the server may be silent; None: for ever.
        on_connect: called with its socket.

    Attributes:
        ignores_expectation: whether the server gave neither leave nor a refusal when it was last asked for leave.
    """

    __slots__ = (
        "_inbox",
        "_link",
        "_make",
        "_on_connect",
        "_process",
        "_read_timeout",
        "_socket",
        "ignores_expectation",
    )

    def __init__(
        self,
        make: Callable[[], HTTPConnection],
        read_timeout: float | None,
        on_connect: Callable[[socket.socket], object] | None,
    ) -> None:
        self._make = make
        self._read_timeout = read_timeout
        self._on_connect = on_connect
        self._process = os.getpid()
        self._link: HTTPConnection | None = None
        self._socket: socket.socket
        self._inbox: Inbox
        self.ignores_expectation = False

    def exchange(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | Source | None, *, expects: bool
    ) -> tuple[Head, Body, bool]:
        """Send a request; return the head of the answer, its body, and whether another request may follow.

        With ``expects`` a large body waits for the server's leave: it may refuse the request by its head alone. It may
        do so while the body is sent, too, and end the connection.
        """
        self._connect()
        self.ignores_expectation = False
        head = self._send(method, target, headers, body, expects=expects)
        sent_whole = head is None
        if head is None:
            head = self._answer()
        elif head.status < _ERROR:
            raise HTTPException("the server took the request for done before it had the whole body")
        content = Body(self._inbox, head, method)
        return head, content, sent_whole and head.keeps_open and content.is_delimited

    @property
    def is_inherited(self) -> bool:
        """Whether it was made before a fork: then it is the parent's, too."""
        return self._process != os.getpid()

    @property
    def is_clean(self) -> bool:
        """Whether nothing has come that belongs to no answer."""
        return self._link is not None and self._inbox.is_empty and not _pending(self._socket)

    def close(self) -> None:
        """End it; the next exchange connects anew."""
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _connect(self) -> None:
        if self._link is not None and wait_for_read(self._socket, 0):
            self.close()  # the server has ended it meanwhile
        if self._link is not None:
            return
        self._link = link = self._make()
        self._socket, self._inbox = link.sock, Inbox(link.sock)
        link.sock.settimeout(self._read_timeout)
        if self._on_connect is not None:
            self._on_connect(link.sock)

    def _send(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | Source | None, *, expects: bool
    ) -> Head | None:
        """Send a request; return the answer if it came before all was sent."""
        try:
            if not isinstance(body, Source):
                send_head(self._socket, method, target, headers, body)
                return None
            send_head(self._socket, method, target, {**headers, "Expect": "100-continue"} if expects else headers)
            refusal = self._refusal() if expects else None
            if refusal is None:
                send_source(self._socket, body)
        except _ENDS:
            is_of_body = isinstance(body, Source) and body.failure is not None
            if not is_of_body and wait_for_read(self._socket, 0):
                with suppress(OSError, HTTPException):  # the server may have said why it takes no more
                    return self._answer()
            raise
        return refusal

    def _refusal(self) -> Head | None:
        """Wait for the server's leave to send the body; return its answer if that is none (RFC 9110, 10.1.1)."""
        self._acknowledge_at_once()
        self._socket.settimeout(_SECONDS_FOR_CONTINUE)  # what can be read under TLS may be no answer
        try:
            while (head := read_any_head(self._inbox)).status < _OK:
                if head.status == _CONTINUE:
                    return None
        except TimeoutError:
            self.ignores_expectation = True
            return None
        finally:
            self._socket.settimeout(self._read_timeout)
        return head

    def _answer(self) -> Head:
        self._acknowledge_at_once()
        return read_head(self._inbox)

    def _acknowledge_at_once(self) -> None:
        """Have the system acknowledge what comes at once: a server that waits for that stalls 40 ms (Ceph does)."""
        if _QUICKACK is not None and isinstance(self._socket, socket.socket):
            self._socket.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)


def _pending(sock: socket.socket) -> bool:
    """Return whether TLS has decrypted what nobody has read, or may have: the system does not tell of it."""
    if isinstance(sock, ssl.SSLSocket):
        return sock.pending() > 0
    return not isinstance(sock, socket.socket)  # TLS in TLS, which does not say it


class Pool:
    """The connections to one host; used by many threads at once, and by the destructors of bodies: it takes no lock.

    Args:
        make: makes a connection.
        size: how many there may be.
        patience: seconds to wait for one that is in use.
    """

    def __init__(self, make: Callable[[], Connection], size: int, patience: float) -> None:
        self._make = make
        self._patience = math.ceil(patience)
        self._closed = False
        self._expects = True
        self._size = size
        self._idle: deque[Connection] = deque()
        self._begin()
        weakref.finalize(self, _close_all, self._idle)

    def exchange(self, method: str, target: str, headers: Mapping[str, str], body: bytes | Source | None) -> Answer:
        """Send a request; its connection comes back when the answer is read to its end, or closed.

        Raises:
            ConnectionsInUse: all of them are.
        """
        connection = self._take()
        expects = self._expects and isinstance(body, Source)
        try:
            head, content, stays = connection.exchange(method, target, headers, body, expects=expects)
            if expects and head.status == _EXPECTATION_FAILED:
                self._expects = False
                connection.close()
                head, content, stays = connection.exchange(method, target, headers, body, expects=False)
        except BaseException:
            self.take_back(connection, usable=False)
            raise
        if connection.ignores_expectation:
            self._expects = False
        return Answer(head.status, head.reason, head.headers, _Lease(self, connection, content, stays))

    def take_back(self, connection: Connection, *, usable: bool) -> None:
        """Have a connection again; one that is not usable, or comes back after the end, is closed."""
        if connection.is_inherited:
            connection.close()
            return
        try:
            if usable and connection.is_clean:
                self._idle.append(connection)
            else:
                connection.close()
            if self._closed:
                self.close()
        finally:
            self._places.put(None)

    def close(self) -> None:
        """Close the connections; one that is in use, when it comes back."""
        self._closed = True
        _close_all(self._idle)

    def _begin(self) -> None:
        """Begin with no connection, in each process anew: those from before a fork are the parent's."""
        self._process = os.getpid()
        _close_all(self._idle)
        self._places: SimpleQueue[None] = SimpleQueue()
        for _ in range(self._size):
            self._places.put(None)

    def _take(self) -> Connection:
        if self._process != os.getpid():
            self._begin()
        try:
            self._places.get(timeout=self._patience)
        except Empty:
            raise ConnectionsInUse from None
        try:
            return self._idle.pop()
        except IndexError:
            return self._make()


def _close_all(idle: deque[Connection]) -> None:
    with suppress(IndexError):
        while True:
            idle.pop().close()


class _Lease:
    """The body of an answer, with the connection that it comes from."""

    __slots__ = ("_connection", "_content", "_pool", "_stays")

    def __init__(self, pool: Pool, connection: Connection, content: Body, stays: bool) -> None:
        self._pool: Pool | None = pool
        self._connection = connection
        self._content = content
        self._stays = stays
        if content.ended:
            self.close()

    def read(self, size: int, /) -> bytes:
        """See ``AnswerBody``."""
        piece = self._content.read(size)
        if self._content.ended:
            self.close()
        return piece

    def read1(self, size: int, /) -> bytes:
        """See ``AnswerBody``."""
        piece = self._content.read1(size)
        if self._content.ended:
            self.close()
        return piece

    def readinto(self, view: memoryview, /) -> int:
        """See ``AnswerBody``."""
        size = self._content.readinto(view)
        if self._content.ended:
            self.close()
        return size

    def close(self) -> None:
        """See ``AnswerBody``."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.take_back(self._connection, usable=self._stays and self._content.ended)

    def __del__(self) -> None:
        self.close()

"""Connections to one host that are kept open, each for one exchange at a time.

urllib3 makes them (proxies, tunnels, TLS, host names); from then on the bytes are ours to move.
"""

from __future__ import annotations

import os
import socket
import ssl
import weakref
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.client import HTTPException
from typing import TypeVar

from urllib3.connection import HTTPConnection
from urllib3.util.wait import wait_for_read

from data_store.object_store.adapters.s3.answer import Answer
from data_store.object_store.adapters.s3.sending import send_head, send_source
from data_store.object_store.adapters.s3.slots import Slots
from data_store.object_store.adapters.s3.wire import Body, Head, Inbox, read_head
from data_store.object_store.body import Source

__all__ = ["Connection", "ConnectionsInUse", "Pool", "StaleConnection"]

_SECONDS_FOR_CONTINUE = 1.0
_CONTINUE, _ERROR, _EXPECTATION_FAILED = 100, 300, 417
_T = TypeVar("_T")
_LAPSES = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)
_ENDS = (ConnectionError, ssl.SSLError, TimeoutError)
_QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)


class ConnectionsInUse(Exception):  # noqa: N818  the condition's name
    """All connections that there may be to a host are in use, and none came back in time."""


class StaleConnection(ConnectionError):  # noqa: N818  the condition's name
    """A connection that was kept from another exchange ended before anything of the answer had come."""


class Connection:
    """One connection, made when it is first needed; closed, too, when it becomes garbage.

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

        Raises:
            StaleConnection: it has ended: the server may do that between two requests, and be noticed too late.
        """
        is_new = self._connect()
        self.ignores_expectation = False
        self._inbox.is_silent = True
        try:
            head = self._send(method, target, headers, body, expects=expects)
            sent_whole = head is None
            head = head or self._answer()
        except _LAPSES as error:
            if is_new or not self._inbox.is_silent:
                raise
            raise StaleConnection from error
        if not sent_whole and head.status < _ERROR:
            raise HTTPException("the server took the request for done before it had the whole body")
        content = Body(self._inbox, head, method)
        return head, content, sent_whole and head.keeps_open and content.is_delimited

    @property
    def is_clean(self) -> bool:
        """Whether nothing has come that belongs to no answer, and it is not the parent's, too, from before a fork."""
        has_more = self._link is None or not self._inbox.is_empty or _pending(self._socket)
        return not has_more and self._process == os.getpid()

    def close(self) -> None:
        """End it; the next exchange connects anew."""
        link, self._link = self._link, None
        if link is not None:
            with suppress(OSError):
                link.close()

    def __del__(self) -> None:
        with suppress(AttributeError):  # interrupted while it was made
            self.close()

    def _connect(self) -> bool:
        """See to it that there is a connection; return whether it is new."""
        if self._link is not None and wait_for_read(self._socket, 0):
            self.close()  # the server has ended it meanwhile
        if self._link is not None:
            return False
        self._link = link = self._make()
        self._socket, self._inbox = link.sock, Inbox(link.sock)
        link.sock.settimeout(self._read_timeout)
        if self._on_connect is not None:
            self._on_connect(link.sock)
        return True

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
            head = read_head(self._inbox, or_leave=True)
        except TimeoutError:
            self.ignores_expectation = True
            return None
        finally:
            self._socket.settimeout(self._read_timeout)
        return None if head.status == _CONTINUE else head

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
    """The connections to one host; used by many threads at once, and by the destructors of bodies.

    Args:
        make: makes a connection.
        size: how many there may be.
        patience: seconds to wait for one that is in use.
    """

    def __init__(self, make: Callable[[], Connection], size: int, patience: float) -> None:
        self._make = make
        self._patience = patience
        self._closed = False
        self._expects = True
        self._size = size
        self._idle: deque[Connection] = deque()
        self._slots = Slots(size)
        weakref.finalize(self, _close_all, self._idle)
        _pools.add(self)

    def exchange(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | Source | None,
        *,
        anew: bool = False,
    ) -> Answer:
        """Send a request; its connection comes back when the answer is read to its end, or closed.

        Args:
            method: the HTTP method.
            target: the path and query.
            headers: all headers.
            body: the content.
            anew: use no connection that was kept.

        Raises:
            ConnectionsInUse: all of them are.
            StaleConnection: the one that was kept has ended.
        """
        lease = _Lease(self, self._slots)
        try:
            connection = self._lend(lease, anew=anew)
            offered = body if self._expects and isinstance(body, Source) else None
            head, content, stays = connection.exchange(method, target, headers, body, expects=offered is not None)
            if offered is not None and self._takes_none(connection, head):
                connection.close()
                offered.seek(0)
                head, content, stays = connection.exchange(method, target, headers, body, expects=False)
            lease.hold(content, stays)
        except BaseException:
            lease.close()
            raise
        return Answer(head.status, head.reason, head.headers, lease)

    def take_back(self, connection: Connection, *, usable: bool) -> None:
        """Have a connection again; one that is not usable, or comes back after the end, is closed."""
        if usable and connection.is_clean:
            self._idle.append(connection)
        else:
            connection.close()
        if self._closed:
            self.close()

    def close(self) -> None:
        """Close the connections; one that is in use, when it comes back."""
        self._closed = True
        _close_all(self._idle)

    def begin_in_child(self) -> None:
        """Begin with no connection: those from before a fork are the parent's."""
        _close_all(self._idle)
        self._slots = Slots(self._size)

    def _lend(self, lease: _Lease, *, anew: bool) -> Connection:
        """Have a lease hold a slot and a connection."""
        if not lease.slots.take(lease, self._patience):
            raise ConnectionsInUse
        try:
            lease.connection = connection = self._idle.pop()
        except IndexError:
            lease.connection = connection = self._make()
        if anew:
            connection.close()
        return connection

    def _takes_none(self, connection: Connection, head: Head) -> bool:
        """Return whether a server refuses an expectation (RFC 9110, 10.1.1); if so, or if deaf, it was the last."""
        is_refused = head.status == _EXPECTATION_FAILED
        if is_refused or connection.ignores_expectation:
            self._expects = False
        return is_refused


_pools: weakref.WeakSet[Pool] = weakref.WeakSet()


def _begin_in_child() -> None:
    for pool in list(_pools):
        pool.begin_in_child()


os.register_at_fork(after_in_child=_begin_in_child)


def _close_all(idle: deque[Connection]) -> None:
    with suppress(IndexError):
        while True:
            idle.pop().close()


class _Lease:
    """The use of a connection, which has a slot of the pool, for an exchange and for the body of its answer.

    It has its slot until it is closed or is no more, whatever interrupts who uses it.
    """

    __slots__ = ("__weakref__", "_content", "_pool", "_stays", "connection", "slots")

    def __init__(self, pool: Pool, slots: Slots) -> None:
        self._pool: Pool | None = pool
        self._content: Body
        self._stays = False
        self.slots = slots
        self.connection: Connection | None = None

    def hold(self, content: Body, stays: bool) -> None:
        """Have the body of the answer; ``stays``: its connection may be used again."""
        self._content = content
        self._stays = stays
        if content.ended:
            self.close()

    def read(self, size: int, /) -> bytes:
        """See ``AnswerBody``."""
        return self._unless_ended(self._content.read(size))

    def read1(self, size: int, /) -> bytes:
        """See ``AnswerBody``."""
        return self._unless_ended(self._content.read1(size))

    def readinto(self, view: memoryview, /) -> int:
        """See ``AnswerBody``."""
        return self._unless_ended(self._content.readinto(view))

    def close(self) -> None:
        """See ``AnswerBody``."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        connection, self.connection = self.connection, None
        try:
            if connection is not None:
                pool.take_back(connection, usable=self._stays and self._content.ended)
        finally:
            self.slots.leave(self)

    def _unless_ended(self, found: _T) -> _T:
        """Return what was found, and give the connection back if that was the last of the body."""
        if self._content.ended:
            self.close()
        return found

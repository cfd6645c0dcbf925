"""The one transport of the S3 core: connections that are kept open, and the one retry layer.

Targets travel byte for byte (urllib3 would fold ``a/../b`` into ``b``, which is another object), to an HTTP proxy in
the absolute form. Waiting for a free connection ends: a program that holds ``max_connections`` open bodies and asks for
one more gets ``ConnectionsInUse``, not a standstill.
"""

from __future__ import annotations

import io
import re
import socket
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

from urllib3 import BaseHTTPResponse, HTTPResponse, PoolManager
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ProxyError

from data_store.object_store.adapters.s3.answer import Answer
from data_store.object_store.adapters.s3.connections import Connection, Pool, StaleConnection
from data_store.object_store.adapters.s3.route import Route
from data_store.object_store.body import Source
from data_store.object_store.configurations import ObjectStoreConnectionConfiguration, RetryConfiguration

__all__ = ["RETRIED_STATUSES", "Attempts", "SdkPools", "Transport"]

RETRIED_STATUSES = frozenset({429, 500, 502, 503, 504})
_RETRIED_ERRORS = (OSError, HTTPException, HTTPError)
_SAFE = frozenset({"GET", "HEAD"})  # RFC 9110, 9.2.1
_UNSENT = (NewConnectionError, ConnectTimeoutError, ProxyError)  # no connection: nobody can have carried it out
_SECONDS = re.compile(r"[0-9]{1,9}")
_ERROR = 300
_MAX_ERROR_BODY = 64 * 1024
_MAX_HOSTS = 64


class Attempts:
    """The attempts of one request: how many there were, and may be.

    Every method is repeated, POST too: those of S3 that are not idempotent (CompleteMultipartUpload) are settled by
    who sent them. The first attempt of a GET or HEAD does not count if it meets a kept connection that ends before any
    answer, as servers end idle ones: it is made at once on a new one. Of what changes something, each attempt counts.

    Args:
        retry: the pauses between them.
        most: how many there may be.

    Attributes:
        made: how many there were.
        answer_lost: whether a request had no answer: it may have been carried out.
    """

    __slots__ = ("_most", "_retry", "answer_lost", "made")

    def __init__(self, retry: RetryConfiguration, most: int) -> None:
        self._retry = retry
        self._most = most
        self.made = 0
        self.answer_lost = False

    @property
    def are_left(self) -> bool:
        """Whether there may be another."""
        return self.made < self._most

    def grant_one(self) -> None:
        """See to it that there may be another: the answer said where to send it."""
        self._most = max(self._most, self.made + 1)

    def failed(self, method: str, error: Exception) -> float:
        """Take note that a request had no answer, and return the seconds until the next.

        Raises:
            Exception: that error, where there may be no other.
        """
        self.answer_lost |= not isinstance(error, _UNSENT)
        if isinstance(error, StaleConnection) and method in _SAFE and self.made == 1:
            self.made = 0
            return 0.0
        if not self.are_left:
            raise error
        return self.pause()

    def pause(self, answer: Answer | None = None) -> float:
        """Return the seconds until the next: ``Retry-After`` up to ``max_backoff``, else twice as long as before."""
        asked = None if answer is None else answer.headers.get("Retry-After")
        doubled: float = self._retry.initial_backoff * 2.0 ** (self.made - 1)
        seconds = float(asked) if asked is not None and _SECONDS.fullmatch(asked) else doubled
        return min(seconds, self._retry.max_backoff)


class Transport:
    """Carries requests to the hosts of one server; used by many threads at once.

    Args:
        connection: TLS, proxy, timeouts and the number of connections.
        retry: how often, and after which pauses, a request is sent again.
        on_connect: called with the socket of each new connection; answers may then take as long as they like.
    """

    def __init__(
        self,
        connection: ObjectStoreConnectionConfiguration,
        retry: RetryConfiguration,
        on_connect: Callable[[socket.socket], object] | None = None,
    ) -> None:
        self._retry = retry
        self._route = Route(connection)
        self._max_connections = connection.max_connections
        self._read_timeout = connection.read_timeout
        self._on_connect = on_connect
        self._lock = threading.Lock()
        self._pools: dict[str, Pool] = {}

    def send(
        self,
        method: str,
        origin: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | Source | None = None,
        *,
        stream: bool = False,
        attempts: Attempts | None = None,
    ) -> Answer:
        """Send a request, again where that may help, and return the last answer, whatever its status.

        Args:
            method: the HTTP method.
            origin: ``scheme://host:port``.
            target: the path and query, encoded; sent as it is.
            headers: all headers; ``Host`` and, with a body, ``Content-Length`` are among them.
            body: bytes, or a source that can seek, so that it can be sent again.
            stream: leave the answer's body unread; the connection is the caller's until he has read it or closed it.
            attempts: those that were made and may be made; as configured without.

        Raises:
            OSError, HTTPException, urllib3.HTTPError: the last attempt had no answer.
            ConnectionsInUse: there is no connection.
        """
        attempts = attempts or self.attempts()
        if self._route.forwards:
            target, headers = f"{origin}{target}", {**headers, **self._route.proxy_headers}
        pool, is_stale = self._pools.get(origin) or self._new_pool(origin), False
        while True:
            attempts.made += 1
            try:
                answer = pool.exchange(method, target, headers, body, anew=is_stale)
                if answer.status >= _ERROR or not stream:
                    answer.load(_MAX_ERROR_BODY if answer.status >= _ERROR else None)
            except _RETRIED_ERRORS as error:
                if isinstance(body, Source) and body.failure is not None:
                    raise
                is_stale = isinstance(error, StaleConnection)
                time.sleep(attempts.failed(method, error))
            else:
                if answer.status not in RETRIED_STATUSES or not attempts.are_left:
                    answer.attempts, answer.answer_lost = attempts.made, attempts.answer_lost
                    return answer
                time.sleep(attempts.pause(answer))
            if isinstance(body, Source):
                body.seek(0)

    def attempts(self, most: int | None = None) -> Attempts:
        """Return the attempts of a request that may be sent ``most`` times; as configured for None."""
        return Attempts(self._retry, self._retry.max_attempts if most is None else most)

    def close(self) -> None:
        """Close the connections; one whose body is being read, when that ends."""
        with self._lock:
            for pool in self._pools.values():
                pool.close()

    def _new_pool(self, origin: str) -> Pool:
        """Return the pool of a host, made if nobody was faster; the oldest one goes where there are too many."""
        with self._lock:
            if origin not in self._pools:
                while len(self._pools) >= _MAX_HOSTS:
                    self._pools.pop(next(iter(self._pools))).close()
                timeout = None if self._on_connect is not None else self._read_timeout
                make = partial(Connection, partial(self._route.connect, origin), timeout, self._on_connect)
                self._pools[origin] = Pool(make, self._max_connections, self._read_timeout)
            return self._pools[origin]


class SdkPools(PoolManager):
    """A ``PoolManager`` for an SDK, which sends everything through a transport.

    It streams nothing: with ``preload_content=False``, too, an answer is in memory, up to 64 MiB. No SDK is asked for
    the content of objects here.
    """

    def __init__(self, transport: Transport) -> None:
        super().__init__()
        self._transport = transport

    def urlopen(  # type: ignore[override]  # as ProxyManager's: its own has every option of a pool
        self, method: str, url: str, redirect: bool = True, **options: Any
    ) -> BaseHTTPResponse:
        """Send a request as ``Transport.send`` does; redirects are the SDK's to follow."""
        parts = urlsplit(url)
        target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        headers, body = dict(options.get("headers") or {}), options.get("body")
        answer = self._transport.send(method, f"{parts.scheme}://{parts.netloc}", target, headers, body)
        return HTTPResponse(
            body=io.BytesIO(answer.data),
            headers=answer.headers,
            status=answer.status,
            reason=answer.reason,
            preload_content=bool(options.get("preload_content", True)),
            request_method=method,
            enforce_content_length=False,
        )

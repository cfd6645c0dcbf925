"""The one transport of the S3 core: HTTP connections that are kept open, and the one retry layer.

urllib3 below, with two things of our own. Targets travel byte for byte: ``PoolManager.urlopen`` would fold ``a/../b``
into ``b``, which is another object, so requests go to the pool of their host, and to an HTTP proxy through a connection
that writes the absolute form itself. And waiting for a free connection ends: a program that holds
``max_connections`` open bodies and asks for one more gets ``EmptyPoolError``, not a standstill.
"""

from __future__ import annotations

import math
import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPSConnectionPool, PoolManager, ProxyManager, Retry, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import InvalidHeader, LocationParseError
from urllib3.util import Url, make_headers, parse_url
from urllib3.util.retry import RequestHistory

from data_store.object_store.body import Source
from data_store.object_store.configurations import ObjectStoreConnectionConfiguration, RetryConfiguration
from data_store.object_store.errors import ConfigurationError

__all__ = ["SdkPools", "Transport", "attempts_made", "lost_answers", "retries_left", "was_retried"]

_BLOCK_SIZE = 256 * 1024
_MAX_HOSTS = 64
_RETRIED_STATUSES = frozenset({429, 500, 502, 503, 504})


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
        proxy = _proxy(connection)
        self._forwarder = None if connection.secure else proxy
        self._forwarder_headers = _proxy_headers(proxy) if self._forwarder else {}
        patient = on_connect is not None
        self._timeout = Timeout(connect=connection.connect_timeout, read=None if patient else connection.read_timeout)
        self._seconds_for_a_connection = math.ceil(connection.read_timeout)
        self._retries = _Retry.of(retry)
        self._pools = _pools(connection, proxy, self._timeout)
        if on_connect is not None:
            self._pools.pool_classes_by_scheme = {
                scheme: _reporting(pool, on_connect) for scheme, pool in self._pools.pool_classes_by_scheme.items()
            }

    def send(
        self,
        method: str,
        origin: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | Source | None = None,
        *,
        stream: bool = False,
        retries: Retry | None = None,
    ) -> BaseHTTPResponse:
        """Send a request, again where that may help, and return the last answer, whatever its status.

        Args:
            method: the HTTP method.
            origin: ``scheme://host:port``.
            target: the path and query, encoded; sent as it is.
            headers: all headers; ``Host`` and, with a body, ``Content-Length`` are among them.
            body: bytes, or a source that can seek, so that it can be sent again.
            stream: leave the answer's body unread; the connection is the caller's until he has read it or closed it.
            retries: how often it may be sent again; as configured without.
        """
        where: Url = parse_url(origin)
        if self._forwarder is not None:
            where, headers = self._forwarder, {**headers, **self._forwarder_headers}
        pool = self._pools.connection_from_host(where.host, where.port, where.scheme)
        return pool.urlopen(
            method,
            target,
            body=body,
            headers=headers,
            retries=self._retries if retries is None else retries,
            redirect=False,
            assert_same_host=False,
            pool_timeout=self._seconds_for_a_connection,
            preload_content=not stream,
            decode_content=False,
        )

    def retries(self, attempts: int | None) -> Retry:
        """Return the retries of a request that may be sent ``attempts`` times; as configured for None."""
        return self._retries if attempts is None else self._retries.new(total=attempts - 1)

    def close(self) -> None:
        """Close the connections; one whose body is being read, when that ends."""
        self._pools.clear()


class SdkPools(PoolManager):
    """A ``PoolManager`` for an SDK, which sends everything through a transport."""

    def __init__(self, transport: Transport) -> None:
        super().__init__()
        self._transport = transport

    def urlopen(  # type: ignore[override]  # as ProxyManager's: its own has every option of a pool
        self, method: str, url: str, redirect: bool = True, **options: Any
    ) -> BaseHTTPResponse:
        """Send a request as ``Transport.send`` does; redirects are the SDK's to follow."""
        parts = urlsplit(url)
        target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        stream = not options.get("preload_content", True)
        headers, body = options.get("headers") or {}, options.get("body")
        return self._transport.send(method, f"{parts.scheme}://{parts.netloc}", target, headers, body, stream=stream)


def attempts_made(response: BaseHTTPResponse) -> int:
    """Return how many requests were sent for an answer."""
    return 1 if response.retries is None else 1 + len(response.retries.history)


def was_retried(response: BaseHTTPResponse) -> bool:
    """Return whether an answer is not that to the first attempt, which may have been carried out."""
    return attempts_made(response) > 1


def lost_answers(response: BaseHTTPResponse) -> bool:
    """Return whether an attempt before this answer had none: it may have been carried out, unlike one that failed."""
    return response.retries is not None and any(each.error is not None for each in response.retries.history)


def retries_left(response: BaseHTTPResponse) -> Retry | None:
    """Return the retries of a request that has to follow an answer, and counts as one more attempt."""
    spent = response.retries
    if spent is None:
        return None
    answered = RequestHistory(None, None, None, response.status, None)
    return spent.new(total=max(0, int(spent.total or 0) - 1), history=(*spent.history, answered))


class _Retry(Retry):
    """urllib3's retries with the pauses of ``RetryConfiguration``.

    Every method is repeated, POST too: those of S3 that are not idempotent (CompleteMultipartUpload) are settled by
    who sent them. A ``Retry-After`` is heeded up to ``max_backoff``.
    """

    @classmethod
    def of(cls, retry: RetryConfiguration) -> _Retry:
        return cls(
            total=retry.max_attempts - 1,
            redirect=0,
            raise_on_redirect=False,
            status_forcelist=_RETRIED_STATUSES,
            raise_on_status=False,
            allowed_methods=None,
            backoff_factor=retry.initial_backoff,
            backoff_max=retry.max_backoff,
        )

    def get_backoff_time(self) -> float:
        """Return the seconds until the next attempt; urllib3's own first pause is none at all."""
        doubled: float = self.backoff_factor * 2.0 ** (len(self.history) - 1)
        return min(doubled, self.backoff_max)

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        """Return the seconds that the server asks for, at most the longest pause; None for what is no number."""
        with suppress(InvalidHeader):
            asked = super().get_retry_after(response)
            return None if asked is None else min(asked, self.backoff_max)
        return None


class _ForwardedConnection(HTTPConnection):
    """A connection to a proxy that forwards: the request line has the whole URL (RFC 9112, 3.2.2)."""

    def request(self, method: str, url: str, body: Any = None, headers: Any = None, **options: Any) -> None:
        """Send a request with ``url`` in the absolute form."""
        super().request(method, f"http://{headers['Host']}{url}", body=body, headers=headers, **options)


class _TlsForwardedConnection(HTTPSConnection):
    """The same to a proxy that is reached over TLS."""

    def request(self, method: str, url: str, body: Any = None, headers: Any = None, **options: Any) -> None:
        """Send a request with ``url`` in the absolute form."""
        super().request(method, f"http://{headers['Host']}{url}", body=body, headers=headers, **options)


class _ForwardingPool(HTTPConnectionPool):
    ConnectionCls = _ForwardedConnection


class _TlsForwardingPool(HTTPSConnectionPool):
    ConnectionCls = _TlsForwardedConnection


def _reporting(pool: type[HTTPConnectionPool], on_connect: Callable[[socket.socket], object]) -> Any:
    """Return a class of pools whose connections say when they are made."""

    def connect(self: HTTPConnection) -> None:
        super(connection_class, self).connect()
        on_connect(self.sock)

    connection_class: Any = type(pool.ConnectionCls.__name__, (pool.ConnectionCls,), {"connect": connect})
    return type(pool.__name__, (pool,), {"ConnectionCls": connection_class})


def _pools(connection: ObjectStoreConnectionConfiguration, proxy: Url | None, timeout: Timeout) -> PoolManager:
    options: dict[str, Any] = {
        "num_pools": _MAX_HOSTS,
        "maxsize": connection.max_connections,
        "block": True,
        "timeout": timeout,
        "blocksize": _BLOCK_SIZE,
    }
    if connection.secure or (proxy and proxy.scheme == "https"):
        options["ssl_context"] = _tls(connection)
    if proxy and connection.secure:
        return ProxyManager(
            proxy.url, proxy_headers=_proxy_headers(proxy), proxy_ssl_context=options["ssl_context"], **options
        )
    pools = PoolManager(**options)
    if proxy:
        pools.pool_classes_by_scheme = {"http": _ForwardingPool, "https": _TlsForwardingPool}
    return pools


def _proxy(connection: ObjectStoreConnectionConfiguration) -> Url | None:
    """Return the proxy: the configured one, else that of the environment (``HTTPS_PROXY``, ``NO_PROXY``), as boto3."""
    url = connection.proxy
    if url is None and not proxy_bypass(connection.endpoint or "amazonaws.com"):
        url = getproxies().get("https" if connection.secure else "http")
    try:
        return parse_url(url) if url else None
    except LocationParseError:  # which quotes the URL, and so its password
        raise ConfigurationError("connection.proxy, or HTTP_PROXY or HTTPS_PROXY, is no URL") from None


def _proxy_headers(proxy: Url | None) -> dict[str, str]:
    if proxy is None or not proxy.auth:
        return {}
    return dict(make_headers(proxy_basic_auth=unquote(proxy.auth)))


def _tls(connection: ObjectStoreConnectionConfiguration) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=connection.ca_bundle)
        if connection.client_cert is not None:
            context.load_cert_chain(connection.client_cert)
    except OSError as error:
        raise ConfigurationError(f"connection.ca_bundle or connection.client_cert cannot be used: {error}") from error
    return context

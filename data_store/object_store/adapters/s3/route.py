"""The way to a host: directly or through a proxy, plain or over TLS."""

from __future__ import annotations

import ssl
from base64 import b64encode
from http.client import HTTPException
from typing import Any
from urllib.parse import unquote_to_bytes
from urllib.request import getproxies, proxy_bypass

from urllib3.connection import HTTPConnection, HTTPSConnection, ProxyConfig, port_by_scheme
from urllib3.exceptions import HTTPError, LocationParseError, ProxyError
from urllib3.util import Url, parse_url

from data_store.object_store.configurations import ObjectStoreConnectionConfiguration
from data_store.object_store.errors import ConfigurationError

__all__ = ["Route", "tls_context"]


class Route:
    """The way to the hosts of one server.

    Args:
        connection: TLS, proxy and timeouts.

    Attributes:
        forwards: whether a proxy is told the whole URL of each request (RFC 9112, 3.2.2).
        proxy_headers: what the proxy wants to have with each request that it forwards.

    Raises:
        ConfigurationError: a certificate cannot be read, or the proxy is none.
    """

    def __init__(self, connection: ObjectStoreConnectionConfiguration) -> None:
        self._proxy = _proxy(connection)
        self._timeout = connection.connect_timeout
        self.forwards = self._proxy is not None and not connection.secure
        self.proxy_headers = _proxy_headers(self._proxy)
        is_tls = connection.secure or (self._proxy is not None and self._proxy.scheme == "https")
        self._tls = tls_context(connection) if is_tls else None

    def connect(self, origin: str) -> HTTPConnection:
        """Return a connection to a host, connected.

        Raises:
            ProxyError: there is none to the proxy.
            OSError, HTTPException, urllib3.HTTPError: there is none to the host.
        """
        made = self._make(parse_url(origin))
        try:
            made.connect()
        except BaseException as error:
            made.close()
            is_of_proxy = self._proxy is not None and not made.has_connected_to_proxy
            if is_of_proxy and isinstance(error, OSError | HTTPException | HTTPError):
                raise ProxyError("no connection to the proxy", error) from error
            raise
        return made

    def _make(self, host: Url) -> HTTPConnection:
        proxy, next_hop = self._proxy, self._proxy or host
        options: dict[str, Any] = {
            "host": (next_hop.host or "").strip("[]"),
            "port": next_hop.port or port_by_scheme[next_hop.scheme or "http"],
            "timeout": self._timeout,
            "proxy": proxy,
        }
        if next_hop.scheme != "https" and (proxy is None or self.forwards):
            return HTTPConnection(**options)
        if proxy is None or self.forwards:
            return HTTPSConnection(ssl_context=self._tls, **options)
        tunnel = HTTPSConnection(
            ssl_context=self._tls, proxy_config=ProxyConfig(self._tls, False, None, None), **options
        )
        tunnel.set_tunnel((host.host or "").strip("[]"), host.port or 443, self.proxy_headers, proxy.scheme or "http")
        return tunnel


def _proxy(connection: ObjectStoreConnectionConfiguration) -> Url | None:
    """Return the proxy: the configured one, else that of the environment (``HTTPS_PROXY``, ``NO_PROXY``), as boto3."""
    url = connection.proxy
    if url is None and not proxy_bypass(connection.endpoint or "amazonaws.com"):
        url = getproxies().get("https" if connection.secure else "http")
    if not url:
        return None
    found = _parsed(url if "://" in url else f"http://{url}")
    if found is None or not found.host or found.scheme not in port_by_scheme:
        raise ConfigurationError("connection.proxy, or HTTP_PROXY or HTTPS_PROXY, is no URL of an HTTP proxy")
    return found


def _parsed(url: str) -> Url | None:
    """Return a URL, or None for what is none: the error would quote it, and so its password."""
    try:
        return parse_url(url)
    except LocationParseError:
        return None


def _proxy_headers(proxy: Url | None) -> dict[str, str]:
    """Return the credentials in the URL of a proxy (RFC 7617), whatever characters they have."""
    if proxy is None or not proxy.auth:
        return {}
    return {"proxy-authorization": f"Basic {b64encode(unquote_to_bytes(proxy.auth)).decode()}"}


def tls_context(connection: ObjectStoreConnectionConfiguration) -> ssl.SSLContext:
    """Return what trusts the configured authorities and shows the client's certificate.

    Raises:
        ConfigurationError: a file cannot be used; one whose key wants a password cannot.
    """
    try:
        context = ssl.create_default_context(cafile=connection.ca_bundle)
    except OSError as error:
        raise ConfigurationError(f"connection.ca_bundle cannot be used: {error}") from error
    try:
        if connection.client_cert is not None:
            context.load_cert_chain(connection.client_cert, password="")  # without, OpenSSL would ask at the terminal
    except OSError as error:
        raise ConfigurationError(f"connection.client_cert cannot be used: {error}") from error
    return context

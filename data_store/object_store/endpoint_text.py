"""Hosts and schemes of endpoints, as they are written in configurations."""

from __future__ import annotations

from data_store.object_store.dsn_text import HOST

__all__ = ["check_scheme", "checked_host"]


def check_scheme(scheme: str, given: bool, secure: bool | None) -> None:
    """Check the scheme of an endpoint, if one is given, and that it does not contradict ``secure``; else ValueError."""
    if given and scheme not in ("http", "https"):
        raise ValueError("must be host:port or a URL that begins with http:// or https://")
    if given and secure is not None and secure != (scheme == "https"):
        raise ValueError(f"the scheme {scheme}:// contradicts secure={str(secure).lower()}; leave secure out")


def checked_host(host: str) -> str:
    """Check ``host`` or ``host:port``; return it in lower case. ValueError says what is wrong, without the text."""
    if "@" in host:
        raise ValueError("must not hold credentials; give access_key and secret_key")
    host = host.removesuffix("/").lower()
    parts = HOST.fullmatch(host)
    if not parts:
        raise ValueError("must be host, host:port or their URL, without path, query or fragment")
    if parts["port"] and not 0 < int(parts["port"]) < 65536:
        raise ValueError("the port must be 1 to 65535")
    return host

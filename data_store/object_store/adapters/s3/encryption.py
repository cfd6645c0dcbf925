"""Encryption at rest in the S3 protocol (S3 user guide, "Protecting data with server-side encryption")."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import json
from collections.abc import Mapping
from urllib.request import getproxies, proxy_bypass

from data_store.object_store.configurations import ObjectStoreConnectionConfiguration
from data_store.object_store.errors import UnsupportedOperation
from data_store.object_store.models import Encryption, SseCustomer, SseKms

__all__ = [
    "KMS_KEY_ID",
    "check_private",
    "customer_headers",
    "encryption_headers",
    "encryption_told",
    "kept_as",
    "source_customer_headers",
]

_SSE = "x-amz-server-side-encryption"
KMS_KEY_ID = f"{_SSE}-aws-kms-key-id"
_CUSTOMER = f"{_SSE}-customer"
_SOURCE_CUSTOMER = "x-amz-copy-source-server-side-encryption-customer"


def encryption_headers(encryption: Encryption | None) -> dict[str, str]:
    """Return the headers that something is written with."""
    if encryption is None:
        return {}
    if isinstance(encryption, SseCustomer):
        return customer_headers(encryption)
    if not isinstance(encryption, SseKms):
        return {_SSE: "AES256"}
    headers = {_SSE: "aws:kms"}
    if encryption.key_id is not None:
        headers[KMS_KEY_ID] = encryption.key_id
    if encryption.context:
        document = json.dumps(dict(encryption.context), separators=(",", ":"))
        headers[f"{_SSE}-context"] = base64.b64encode(document.encode()).decode()
    return headers


def customer_headers(encryption: Encryption | None) -> dict[str, str]:
    """Return the headers that bring the caller's key, if it is one of his."""
    return _key_headers(_CUSTOMER, encryption)


def source_customer_headers(encryption: SseCustomer | None) -> dict[str, str]:
    """Return the headers that bring the key of a copy's source."""
    return _key_headers(_SOURCE_CUSTOMER, encryption)


def kept_as(encryption: Encryption) -> str:
    """Return how a server says that it keeps what is encrypted so, as ``encryption_told`` has it."""
    if isinstance(encryption, SseCustomer):
        return "SSE-C"
    return "aws:kms" if isinstance(encryption, SseKms) else "AES256"


def encryption_told(headers: Mapping[str, str]) -> str | None:
    """Return how the server says that it keeps the object; None if it says nothing."""
    if headers.get(f"{_CUSTOMER}-algorithm"):
        return "SSE-C"
    return headers.get(_SSE) or None


def check_private(connection: ObjectStoreConnectionConfiguration) -> None:
    """Check that a key of the caller's may travel over this connection: with TLS, or within this machine.

    Raises:
        UnsupportedOperation: everybody on the way could read it.
    """
    host = connection.endpoint or ""
    stays_here = _is_loopback(host) and connection.proxy is None and not _is_proxied(host)
    if not connection.secure and not stays_here:
        raise UnsupportedOperation("a key for SSE-C is sent over TLS only: set connection.secure, or an https endpoint")


def _key_headers(name: str, encryption: Encryption | None) -> dict[str, str]:
    if not isinstance(encryption, SseCustomer):
        return {}
    digest = hashlib.md5(encryption.key, usedforsecurity=False).digest()
    return {
        f"{name}-algorithm": "AES256",
        f"{name}-key": base64.b64encode(encryption.key).decode(),
        f"{name}-key-MD5": base64.b64encode(digest).decode(),
    }


def _is_proxied(authority: str) -> bool:
    """Return whether the environment names a proxy for plain HTTP to this server."""
    proxies = getproxies()
    return bool(proxies.get("http") or proxies.get("all")) and not proxy_bypass(authority)


def _is_loopback(authority: str) -> bool:
    host = authority.rpartition(":")[0] if not authority.endswith("]") and ":" in authority else authority
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"

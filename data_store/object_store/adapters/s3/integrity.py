"""How the content of uploads is protected on its way to an S3 server."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping

from data_store.object_store.adapters.s3.checksum_headers import checksum_header, is_checksum, to_wire
from data_store.object_store.body import Source
from data_store.object_store.checksums import is_fast, new_hasher
from data_store.object_store.models import ChecksumAlgorithm
from data_store.object_store.signing import sigv4

__all__ = ["Protection", "content_md5"]

_CHECKSUM: ChecksumAlgorithm = "crc32c"
_WITHOUT_LIBRARY: ChecksumAlgorithm = "sha256"


class Protection:
    """What is sent along with the content, so that the server stores that and nothing else.

    What is in memory is signed with its SHA-256, which every server checks. A large body, of which that would take
    half a second of CPU time for each GiB, has a CRC-32C where the server is known to compare it (an eighth of a
    second, and S3 keeps it for readers), else its SHA-256 all the same; with ``transfer.integrity: transport``
    nothing but what TCP and TLS do.

    Args:
        is_verified: whether large bodies are protected at all.
        compares: returns whether the server compares ``x-amz-checksum-*`` with the body.
    """

    def __init__(self, is_verified: bool = True, compares: Callable[[], bool] = lambda: False) -> None:
        self._is_verified = is_verified
        self._compares = compares

    def upload_checksum(self) -> ChecksumAlgorithm | None:
        """Return the checksum that large uploads are to have; None where another one protects them."""
        if not self._is_verified or not is_fast(_CHECKSUM) or not self._compares():
            return None
        return _CHECKSUM

    def payload_hash(self, body: bytes | Source, headers: Mapping[str, str]) -> str:
        """Return what is signed for a body (S3 API reference, "Signature Version 4", ``x-amz-content-sha256``)."""
        if isinstance(body, bytes):
            return hashlib.sha256(body).hexdigest() if body else sigv4.EMPTY_PAYLOAD_HASH
        return sigv4.UNSIGNED_PAYLOAD if self._needs_nothing(headers) else body.digest("sha256").hex()

    def headers(self, body: bytes | Source, headers: Mapping[str, str]) -> dict[str, str]:
        """Return what protects a body that no signature does: its MD5 (RFC 1864), unless a checksum does."""
        if not body or (isinstance(body, Source) and self._needs_nothing(headers)):
            return {}
        return {"Content-MD5": content_md5(body)}

    def checksum(self, body: bytes | Source, headers: Mapping[str, str]) -> dict[str, str]:
        """Return the same for a server that takes no MD5, but compares checksums: a CRC-32C, or a SHA-256."""
        if not body or any(map(is_checksum, headers)) or (isinstance(body, Source) and not self._is_verified):
            return {}
        algorithm = _CHECKSUM if is_fast(_CHECKSUM) else _WITHOUT_LIBRARY
        return {checksum_header(algorithm): to_wire(_digest(body, algorithm).hex())}

    def _needs_nothing(self, headers: Mapping[str, str]) -> bool:
        """Return whether a large body needs no other protection than it has."""
        return not self._is_verified or (any(map(is_checksum, headers)) and self._compares())


def content_md5(body: bytes | Source) -> str:
    """Return the Content-MD5 of a body (RFC 1864)."""
    return base64.b64encode(_digest(body, "md5")).decode()


def _digest(body: bytes | Source, algorithm: str) -> bytes:
    if isinstance(body, Source):
        return body.digest(algorithm)
    hasher = new_hasher(algorithm)
    hasher.update(body)
    return hasher.digest()

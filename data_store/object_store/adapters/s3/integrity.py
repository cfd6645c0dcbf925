"""How the content of uploads is protected on its way to an S3 server."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

from data_store.object_store.adapters.s3.checksum_headers import is_checksum
from data_store.object_store.body import Source
from data_store.object_store.checksums import is_fast
from data_store.object_store.models import ChecksumAlgorithm
from data_store.object_store.signing import sigv4

__all__ = ["Protection"]

_CHECKSUM: ChecksumAlgorithm = "crc32c"


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
        if not self._is_verified or (any(map(is_checksum, headers)) and self._compares()):
            return sigv4.UNSIGNED_PAYLOAD
        return body.digest("sha256").hex()

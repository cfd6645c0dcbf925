"""Boto3Exchange: the exchanges of the S3 core, with signatures that only botocore can make."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from data_store.object_store.adapters.boto3_headers import check_signed
from data_store.object_store.adapters.boto3_operations import operation_of
from data_store.object_store.adapters.boto3_places import Place, Places
from data_store.object_store.adapters.boto3_transport import NamedHeaders
from data_store.object_store.adapters.s3.endpoint import Endpoint
from data_store.object_store.adapters.s3.exchange import Exchange, Request, SignedRequest
from data_store.object_store.adapters.s3.integrity import Protection
from data_store.object_store.adapters.s3.transport import Transport
from data_store.object_store.body import Source
from data_store.object_store.signing import sigv4

__all__ = ["Boto3Exchange"]

_UNSIGNED = frozenset({"User-Agent", "Accept-Encoding"})  # hops on the way may change them


class Boto3Exchange(Exchange):
    """Signs requests and sends them for framework ``boto3``.

    Args:
        endpoint: the server.
        credentials: gives the current credentials; None: the core signs nothing.
        transport: carries the requests.
        on_answer: called with the server that each answer identifies (``quirks.identify``).
        protection: how bodies are protected.
        places: where buckets stand; None: where the S3 core says it, which signs then.
        botocore_signs: whether botocore signs what the core could sign, too.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        credentials: Callable[[], sigv4.Credentials] | None,
        transport: Transport,
        on_answer: Callable[[str | None], object],
        protection: Protection,
        *,
        places: Places | None,
        botocore_signs: bool,
    ) -> None:
        super().__init__(endpoint, credentials, transport, on_answer, protection)
        self._places = places
        self._botocore_signs = botocore_signs

    def sign(
        self, request: Request, region: str, payload_hash: str, headers: Mapping[str, str] | None = None
    ) -> SignedRequest:
        """See ``Exchange``; what botocore signs has a payload that is not signed for: it does not get to see it."""
        signed = super().sign(request, region, payload_hash, headers)
        operation = operation_of(request)
        named = NamedHeaders(operation, signed.headers)
        place = self._place_that_signs(request, region)
        if place is not None:
            to_sign = {name: value for name, value in signed.headers.items() if name not in _UNSIGNED}
            made = place.sign(operation, signed.method, signed.origin + signed.target, to_sign)
            check_signed(made)
            always = {name: value for name, value in signed.headers.items() if name in _UNSIGNED}
            named = NamedHeaders(operation, {**always, **made})
        return replace(signed, headers=named)

    def _signs_payload(self, request: Request, region: str) -> bool:
        return super()._signs_payload(request, region) and self._place_that_signs(request, region) is None

    def _unsigned(self, request: Request, region: str, body: bytes | Source) -> dict[str, str]:
        """See ``Exchange``; S3 Express takes no MD5 (S3 user guide, "Directory buckets", checksums)."""
        place = self._place_that_signs(request, region)
        if place is None or place.is_plain or request.method != "PUT":
            return super()._unsigned(request, region, body)
        return self._protection.checksum(body, request.headers)

    def _place_that_signs(self, request: Request, region: str) -> Place | None:
        """Return the place of a bucket whose requests botocore has to sign."""
        place = None if self._places is None else self._places.of(request.bucket, region)
        return place if place is not None and (self._botocore_signs or not place.is_plain) else None

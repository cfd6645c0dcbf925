"""Checking presigned requests that come in, on the side that has the keys: a store without a server of its own.

A request is checked as it came, byte for byte: path and query are taken as they travelled, never decoded and encoded
again. So there is one way to write a URL that is good, the way it was signed.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from data_store.object_store.errors import AccessDenied
from data_store.object_store.models import PresignedClaims
from data_store.object_store.signing.claims import SignedQuery, claims_of, read_query, split_path
from data_store.object_store.signing.refusals import FORBIDDEN, key_of, malformed
from data_store.object_store.signing.sigv4 import Credentials, folded, query_signature

__all__ = ["SignedRequest", "check"]

_SIGNATURE = "&X-Amz-Signature="
_CLOCK_SKEW = timedelta(minutes=15)  # S3 API reference, RequestTimeTooSkewed


class SignedRequest(NamedTuple):
    """A request as it came in; its repr has neither query nor headers, which are secrets.

    Attributes:
        method: in upper case.
        host: the header ``Host`` as the client sent it.
        path: the path as it travelled, encoded; what a proxy or a mount stands under is taken away.
        query: the query as it travelled, without ``?``.
        headers: by their names in lower case; one that came several times has its values joined by commas.
    """

    method: str
    host: str
    path: str
    query: str
    headers: Mapping[str, str]

    def __repr__(self) -> str:
        return f"SignedRequest(method={self.method!r}, host={self.host!r}, path={self.path!r})"


def check(request: SignedRequest, keys: Sequence[Credentials], now: datetime) -> PresignedClaims:
    """Return what a request may do, after its signature was found to be right, and its time not to be over.

    Raises:
        AccessDenied: it is refused, with ``code`` and ``status`` as S3 has them: ``AccessDenied`` (403; no signature,
            expired, not yet begun, a header ``x-amz-*`` that was not signed), ``InvalidAccessKeyId`` (403),
            ``SignatureDoesNotMatch`` (403), ``AuthorizationQueryParametersError`` (400).
    """
    signed, found, signature = request.query.rpartition(_SIGNATURE)
    if not found:
        raise AccessDenied("the request is not signed", code="AccessDenied", status=FORBIDDEN)
    with malformed():
        query = read_query(request.query)
        bucket, key = split_path(request.path)
    credentials = key_of(query.access_key, keys, now)
    headers = _signed_values(request, query)
    names = ";".join(query.signed_headers)
    right = query_signature(request.method, request.path, signed, headers, names, credentials, query.scope)
    if not hmac.compare_digest(right.encode(), signature.encode()):
        raise _mismatch("the signature is not that of this method, URL and headers")
    _check_time(query, now)
    with malformed():
        return claims_of(bucket, key, query, now, method=request.method, verified=True)


def _signed_values(request: SignedRequest, query: SignedQuery) -> dict[str, str]:
    """Return the headers that were signed, with the values that came."""
    came = {**request.headers, "host": request.host.lower()}
    missing = [name for name in query.signed_headers if name not in came]
    if missing:
        raise _mismatch(f"the request does not bring what was signed: {', '.join(missing)}")
    unsigned = [name for name in came if name.startswith("x-amz-") and name not in query.signed_headers]
    if unsigned:
        reason = f"there were headers that were not signed: {', '.join(sorted(unsigned))}"
        raise AccessDenied(reason, code="AccessDenied", status=FORBIDDEN)
    return {name: folded(came[name]) for name in query.signed_headers}


def _check_time(query: SignedQuery, now: datetime) -> None:
    if now >= query.expires_at:
        reason = f"Request has expired: it was good until {query.expires_at:%Y-%m-%dT%H:%M:%SZ}"
        raise AccessDenied(reason, code="AccessDenied", status=FORBIDDEN)
    if now + _CLOCK_SKEW < query.signed_at:
        raise AccessDenied("Request is not yet valid", code="AccessDenied", status=FORBIDDEN)


def _mismatch(reason: str) -> AccessDenied:
    return AccessDenied(reason, code="SignatureDoesNotMatch", status=FORBIDDEN)

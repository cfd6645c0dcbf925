"""Reading what a presigned URL says of itself, strictly; whether it was signed by us ``verifying`` finds out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import unquote

from data_store.object_store.errors import InvalidArgument
from data_store.object_store.models import PresignedClaims
from data_store.object_store.models.presigned import MAX_EXPIRES
from data_store.object_store.signing.place import Place
from data_store.object_store.signing.sigv4 import ALGORITHM, Scope

__all__ = ["SignedQuery", "SignedUrl", "claims_of", "read_claims", "read_query", "read_scope", "read_url", "split_path"]

_QUERY = re.compile(r"(?:[\w.~=&-]|%[0-9A-F]{2})*+", re.ASCII)
_PATH = re.compile(r"/(?:[\w.~/-]|%[0-9A-F]{2})*+", re.ASCII)
_URL = re.compile(r"(?P<origin>https?://[!-.0->A-~]+)(?P<path>/[!-\"$->@-~]*)\?(?P<query>[!-\"$->@-~]+)")
_CREDENTIAL = re.compile(r"(?P<id>[^/]+)/(?P<date>\d{8})/(?P<region>[^/]+)/s3/aws4_request", re.ASCII)
_TIMESTAMP = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
_SIGNATURE = re.compile(r"[0-9a-f]{64}", re.ASCII)
_SIGNATURE_PARAMETER = "X-Amz-Signature"
_DECIMAL = re.compile(r"[1-9][0-9]{0,5}")
_PARAMETERS = (
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    _SIGNATURE_PARAMETER,
)


@dataclass(frozen=True, slots=True)
class SignedQuery:
    """What a query that was signed says; its repr has no signature.

    Attributes:
        access_key: who signed.
        scope: what the signature is good for.
        signed_at: when, in whole seconds.
        expires_at: until when it may be used.
        signed_headers: names, as they stand there.
        parameters: all others, decoded.
    """

    access_key: str
    scope: Scope
    signed_at: datetime
    expires_at: datetime
    signed_headers: tuple[str, ...]
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SignedUrl:
    """The parts of a URL of a known place, as they travel; its repr has no query, whose signature whoever has may use.

    Attributes:
        place: the place.
        bucket: whose it is.
        path: what is signed of the path.
        query: the query.
    """

    place: Place
    bucket: str
    path: str
    query: str = field(repr=False)


def read_query(query: str) -> SignedQuery:
    """Return what a query says (S3 API reference, "Using Query Parameters").

    Raises:
        InvalidArgument: it is none that SigV4 signed for S3; the message names the parameter.
    """
    parameters = _parameters(query)
    for name in _PARAMETERS:
        if name not in parameters:
            raise InvalidArgument(f"the query has no {name}")
    _check(parameters["X-Amz-Algorithm"] == ALGORITHM, "X-Amz-Algorithm")
    _check(_SIGNATURE.fullmatch(parameters[_SIGNATURE_PARAMETER]) is not None, _SIGNATURE_PARAMETER)
    access_key, scope, signed_at = read_scope(parameters["X-Amz-Credential"], parameters["X-Amz-Date"])
    return SignedQuery(
        access_key,
        scope,
        signed_at,
        _end(signed_at, _expires(parameters["X-Amz-Expires"])),
        _signed_headers(parameters["X-Amz-SignedHeaders"]),
        {name: value for name, value in parameters.items() if name not in _PARAMETERS},
    )


def read_scope(credential: str, timestamp: str) -> tuple[str, Scope, datetime]:
    """Return who signed, what the signature is good for, and when it was made.

    Args:
        credential: ``X-Amz-Credential``.
        timestamp: ``X-Amz-Date``.

    Raises:
        InvalidArgument: they are malformed, or of two days.
    """
    found = _CREDENTIAL.fullmatch(credential)
    if found is None or not timestamp.startswith(found["date"]):
        raise InvalidArgument("X-Amz-Credential must be id/date/region/s3/aws4_request, with the date of X-Amz-Date")
    return found["id"], Scope(timestamp, found["date"], found["region"]), _moment(timestamp)


def read_url(url: str, locate: Callable[[str], Place]) -> SignedUrl:
    """Return the parts of a URL, and whose it is.

    Args:
        url: the URL.
        locate: returns the place of a bucket, if there is a bucket of that name.

    Raises:
        InvalidArgument: it is at none of these places.
    """
    found = _URL.fullmatch(url)
    if found is None:
        raise InvalidArgument("this is no presigned URL: no http(s)://host/path?query, as a client would send it")
    base = found["origin"] + found["path"]
    for bucket in _candidates(found["origin"], found["path"]):
        place = locate(bucket)
        if base.startswith(f"{place.base}{place.path}/"):
            return SignedUrl(place, bucket, base.removeprefix(place.base), found["query"])
    raise InvalidArgument("this is no presigned URL of this store: it has another scheme, host, port or path")


def read_claims(url: str, locate: Callable[[str], Place], now: datetime) -> PresignedClaims:
    """Return what a URL says, unverified.

    Raises:
        InvalidArgument: it is no presigned URL of one of these places.
    """
    parts = read_url(url, locate)
    key = _decoded(parts.path.removeprefix(f"{parts.place.path}/"), "key")
    return claims_of(parts.bucket, key, read_query(parts.query), now)


def claims_of(
    bucket: str, key: str, query: SignedQuery, now: datetime, *, method: str | None = None, verified: bool = False
) -> PresignedClaims:
    """Return the claims of a request about a key."""
    if not key:
        raise InvalidArgument("the path names no key")
    part = query.parameters.get("partNumber")
    return PresignedClaims(
        bucket=bucket,
        key=key,
        expires_at=query.expires_at,
        expired=now >= query.expires_at,
        method=method,
        version=query.parameters.get("versionId"),
        upload_id=query.parameters.get("uploadId"),
        part_number=None if part is None else _number(part, "partNumber"),
        bound_headers=tuple(sorted(set(query.signed_headers) - {"host"})),
        overrides={name: value for name, value in query.parameters.items() if name.startswith("response-")},
        verified=verified,
    )


def split_path(path: str) -> tuple[str, str]:
    """Return bucket and key of a path as ``encode_path`` writes it, path style.

    Raises:
        InvalidArgument: it is written in another way.
    """
    if not _PATH.fullmatch(path):
        raise InvalidArgument("the path is not encoded as RFC 3986 says")
    bucket, _, key = path.removeprefix("/").partition("/")
    return _decoded(bucket, "bucket"), _decoded(key, "key")


def _candidates(origin: str, path: str) -> Iterable[str]:
    """Yield what may be the bucket: each segment of the path, and what the host name begins with."""
    for segment in path.split("/"):
        if segment:
            yield _decoded(segment, "path")
    labels = origin.partition("://")[2].split(".")
    for count in range(1, len(labels)):
        yield ".".join(labels[:count])


def _parameters(query: str) -> dict[str, str]:
    if not _QUERY.fullmatch(query):
        raise InvalidArgument("the query is not encoded as RFC 3986 says")
    parameters: dict[str, str] = {}
    for pair in query.split("&"):
        name, _, value = (_decoded(part, "query") for part in pair.partition("="))
        if name in parameters:
            raise InvalidArgument("the query has a parameter twice")
        parameters[name] = value
    return parameters


def _decoded(text: str, what: str) -> str:
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise InvalidArgument(f"the {what} is not UTF-8") from None


def _moment(timestamp: str) -> datetime:
    _check(_TIMESTAMP.fullmatch(timestamp) is not None, "X-Amz-Date")
    try:
        return datetime.fromisoformat(timestamp)
    except ValueError:
        raise InvalidArgument("the query has another X-Amz-Date than a time") from None


def _expires(value: str) -> int:
    seconds = _number(value, "X-Amz-Expires")
    if seconds > MAX_EXPIRES:
        raise InvalidArgument(f"the query has an X-Amz-Expires of more than {MAX_EXPIRES} seconds")
    return seconds


def _end(signed_at: datetime, seconds: int) -> datetime:
    try:
        return signed_at + timedelta(seconds=seconds)
    except OverflowError:
        raise InvalidArgument("the query has an X-Amz-Expires that ends after the year 9999") from None


def _number(value: str, name: str) -> int:
    _check(_DECIMAL.fullmatch(value) is not None, name)
    return int(value)


def _signed_headers(value: str) -> tuple[str, ...]:
    names = tuple(value.split(";"))
    _check("host" in names and "" not in names and names == tuple(sorted(set(names))), "X-Amz-SignedHeaders")
    return names


def _check(condition: bool, name: str) -> None:
    if not condition:
        raise InvalidArgument(f"the query has a wrong {name}")

"""GET and HEAD of an object."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus

from data_store.object_store import validation
from data_store.object_store.errors import InvalidArgument, PreconditionFailed
from data_store.object_store.http_dates import http_date
from data_store.object_store.metadata import encode_metadata
from data_store.object_store.models import Object, ObjectMetadata, PresignedClaims
from data_store.object_store.serve.answers import Answer, RefusalError
from data_store.object_store.serve.conditions import CONDITIONS, Outcome, outcome, range_holds
from data_store.object_store.serve.content_policy import BINARY
from data_store.object_store.serve.ranges import Span, span_of
from data_store.object_store.signing.upload_headers import METADATA_PREFIX
from data_store.object_store.store import ObjectStore

__all__ = ["CHUNK", "read"]

# Bytes that are read and sent at once: a change of threads each. Larger ones save nothing more.
CHUNK = 512 * 1024
_RACES = 5
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ASKING_FIRST = CONDITIONS | {"range"}
_OVERRIDES = {
    "response-cache-control": "cache-control",
    "response-content-disposition": "content-disposition",
    "response-content-encoding": "content-encoding",
    "response-content-language": "content-language",
    "response-content-type": "content-type",
    "response-expires": "expires",
}
_OF_NOT_MODIFIED = ("cache-control", "etag", "expires", "last-modified", "x-amz-version-id")  # RFC 9110, 15.4.5


def read(store: ObjectStore, claims: PresignedClaims, method: str, headers: Mapping[str, str]) -> Answer:
    """Return what a request for an object is answered.

    Args:
        store: the store.
        claims: what the request may do.
        method: ``"GET"`` or ``"HEAD"``.
        headers: those of the request, by their names in lower case.

    Raises:
        RefusalError: a condition does not hold, or the range begins behind the last byte.
    """
    validation.key(claims.key)
    if method == "HEAD":
        return _checked(store.head_object(claims.key, claims.bucket, claims.version), claims, headers)
    if _ASKING_FIRST.isdisjoint(headers):
        found = store.get_object(claims.key, claims.bucket, claims.version)
        return _delivered(found, HTTPStatus.OK, _headers_of(found, claims))
    for _ in range(_RACES):
        try:
            return _read_asking_first(store, claims, headers)
        except PreconditionFailed:  # it was replaced between the two
            continue
    raise RefusalError(HTTPStatus.SERVICE_UNAVAILABLE, "SlowDown", "The object is replaced too often: try again.")


def _read_asking_first(store: ObjectStore, claims: PresignedClaims, headers: Mapping[str, str]) -> Answer:
    """Answer a request whose outcome hangs on what the object is: conditions come before ranges (RFC 9110, 13.2.2)."""
    metadata = store.head_object(claims.key, claims.bucket, claims.version)
    told = _checked(metadata, claims, headers)
    if told.status != HTTPStatus.OK:
        return told
    span = _span(metadata, headers)
    found = store.get_object(
        claims.key,
        claims.bucket,
        claims.version,
        offset=span.offset if span else None,
        length=span.length if span else None,
        if_match=metadata.etag,
    )
    if span is None:
        return _delivered(found, HTTPStatus.OK, told.headers)
    about = {"content-range": span.content_range(metadata.size or 0), "content-length": str(span.length)}
    return _delivered(found, HTTPStatus.PARTIAL_CONTENT, told.headers | about)


def _checked(found: ObjectMetadata, claims: PresignedClaims, headers: Mapping[str, str]) -> Answer:
    """Return the answer to HEAD."""
    told = outcome(headers, found.etag or "", found.updated_time or _EPOCH)
    if told is Outcome.FAILED:
        raise RefusalError(HTTPStatus.PRECONDITION_FAILED, "PreconditionFailed", "A precondition does not hold.")
    about = _headers_of(found, claims)
    if told is Outcome.NOT_MODIFIED:
        return Answer(HTTPStatus.NOT_MODIFIED, {name: about[name] for name in _OF_NOT_MODIFIED if name in about})
    return Answer(HTTPStatus.OK, about)


def _span(found: ObjectMetadata, headers: Mapping[str, str]) -> Span | None:
    size, modified = found.size or 0, found.updated_time or _EPOCH
    if "range" not in headers or not range_holds(headers.get("if-range"), found.etag or "", modified):
        return None
    try:
        return span_of(headers["range"], size)
    except IndexError as error:
        about = {"content-range": f"bytes */{size}"}
        raise RefusalError(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, "InvalidRange", str(error), about) from None


def _delivered(found: Object, status: int, headers: dict[str, str]) -> Answer:
    """Return an answer with the beginning of the body, or all of it if it is short."""
    try:
        beginning = found.body.read(CHUNK)
    except BaseException:
        found.close()
        raise
    if len(beginning) == found.content_length:
        found.close()
        return Answer(status, headers, beginning)
    return Answer(status, headers, beginning, found.body)


def _headers_of(found: ObjectMetadata, claims: PresignedClaims) -> dict[str, str]:
    """Return the headers of an object; those that the URL overrides are the URL's."""
    given = {
        "content-type": found.content_type or BINARY,
        "content-length": str(found.size or 0),
        "etag": f'"{found.etag}"',
        "last-modified": http_date(found.updated_time or _EPOCH),
        "accept-ranges": "bytes",
        "cache-control": found.cache_control,
        "content-disposition": found.content_disposition,
        "content-encoding": found.content_encoding,
        "content-language": found.content_language,
        "x-amz-storage-class": found.storage_class,
        "x-amz-version-id": found.version_id,
    }
    headers = {name: value for name, value in given.items() if value is not None}
    headers |= {METADATA_PREFIX + name: value for name, value in encode_metadata(found.metadata or {}).items()}
    return headers | _overriding(claims)


def _overriding(claims: PresignedClaims) -> dict[str, str]:
    for name, value in claims.overrides.items():
        if name not in _OVERRIDES or not value.isascii() or not value.isprintable():
            raise InvalidArgument(f"an override must be one of {', '.join(_OVERRIDES)}, and visible ASCII")
    return {_OVERRIDES[name]: value for name, value in claims.overrides.items()}

"""HTTP headers of the S3 protocol <-> models: pure functions (S3 API reference, PutObject and GetObject)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import IO, Any, cast

from data_store.object_store.adapters.s3 import etags
from data_store.object_store.adapters.s3.answers import InvalidAnswer
from data_store.object_store.body import RawBody
from data_store.object_store.errors import AccessDenied
from data_store.object_store.metadata import decode_metadata, encode_metadata
from data_store.object_store.models import ContentOptions, GetOptions, Object, ObjectMetadata

__all__ = [
    "check_credentials",
    "content_headers",
    "http_time",
    "object_metadata",
    "range_header",
    "read_headers",
    "read_object",
    "storage_class_header",
    "version_id",
    "written_metadata",
]

_META = "x-amz-meta-"
_DEFAULT_CONTENT_TYPE = "application/octet-stream"
_CONTENT = {
    "content_type": "Content-Type",
    "cache_control": "Cache-Control",
    "content_disposition": "Content-Disposition",
    "content_encoding": "Content-Encoding",
    "content_language": "Content-Language",
}
_NUMBER = re.compile(r"[0-9]{1,19}")
_HEADER_TEXT = re.compile(r"[!-~]+")
_TOTAL = re.compile(r"bytes (?:\d+-\d+|\*)/(\d+)")


def check_credentials(*travelling: str) -> None:
    """Check what of the credentials is sent in headers: the access key and the session token.

    Raises:
        AccessDenied: it cannot be sent. ``http.client`` would say so, too, and show it.
    """
    if not all(_HEADER_TEXT.fullmatch(text) for text in travelling):
        raise AccessDenied("the access key or the session token cannot travel in a header: a line end too many?")


def content_headers(options: ContentOptions) -> dict[str, str]:
    """Return the headers that an object is stored with; without a content type it is ``application/octet-stream``."""
    headers = {"Content-Type": _DEFAULT_CONTENT_TYPE}
    for name, header in _CONTENT.items():
        value = getattr(options, name)
        if value is not None:
            headers[header] = value
    headers |= storage_class_header(options)
    for name, value in encode_metadata(options.metadata or {}).items():
        headers[_META + name] = value
    return headers


def storage_class_header(options: ContentOptions) -> dict[str, str]:
    """Return the header of the storage class, none where the server chooses."""
    return {} if options.storage_class is None else {"x-amz-storage-class": options.storage_class}


def read_headers(options: GetOptions) -> dict[str, str]:
    """Return the conditions of a GET or HEAD, ETags bare: the one form that all servers take."""
    headers = {"If-Match": options.if_match, "If-None-Match": options.if_none_match}
    return {name: value for name, value in headers.items() if value is not None}


def range_header(options: GetOptions) -> dict[str, str]:
    """Return the Range header of a GET (RFC 9110, 14.1.2), none for the whole object."""
    offset, length = options.offset or 0, options.length
    if offset < 0:
        return {"Range": f"bytes={offset}"}
    if length is not None:
        return {"Range": f"bytes={offset}-{offset + length - 1}"}
    return {"Range": f"bytes={offset}-"} if offset else {}


def object_metadata(bucket: str, key: str, headers: Mapping[str, str]) -> ObjectMetadata:
    """Return what the headers of a HEAD say; ``headers`` finds names in any case.

    Raises:
        InvalidAnswer: the length is no number.
    """
    return ObjectMetadata(**_fields(bucket, key, headers))


def read_object(bucket: str, key: str, headers: Mapping[str, str], body: RawBody) -> Object:
    """Return what the headers of a GET say, with its body."""
    length = int(headers["Content-Length"])
    return Object(**_fields(bucket, key, headers), content_length=length, body=cast(IO[bytes], body))


def _fields(bucket: str, key: str, headers: Mapping[str, str]) -> dict[str, Any]:
    etag = etags.bare(headers.get("ETag"))
    return {
        "key": key,
        "size": _size(headers),
        "etag": etag,
        "updated_time": http_time(headers.get("Last-Modified")),
        "content_type": headers.get("Content-Type"),
        "version_id": version_id(headers),
        "metadata": _user_metadata(headers),
        "storage_class": headers.get("x-amz-storage-class"),
        "checksums": _checksums(bucket, etag, headers),
        "cache_control": headers.get("Cache-Control"),
        "content_disposition": headers.get("Content-Disposition"),
        "content_encoding": headers.get("Content-Encoding"),
        "content_language": headers.get("Content-Language"),
    }


def written_metadata(
    bucket: str, key: str, headers: Mapping[str, str], size: int | None, etag: str | None
) -> ObjectMetadata:
    """Return what the answer to a write says; the time is the answer's own, which is approximate."""
    return ObjectMetadata(
        key=key,
        size=size,
        etag=etag,
        updated_time=http_time(headers.get("Date")),
        version_id=version_id(headers),
        checksums=_checksums(bucket, etag, headers),
    )


def version_id(headers: Mapping[str, str]) -> str | None:
    """Return the version's id."""
    return headers.get("x-amz-version-id")


def http_time(value: str | None) -> datetime | None:
    """Return the time of an HTTP date (RFC 9110, 5.6.7) as an aware UTC datetime; None for what is none."""
    if value is None:
        return None
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _checksums(bucket: str, etag: str | None, headers: Mapping[str, str]) -> dict[str, str] | None:
    return etags.checksums(
        bucket,
        etag,
        headers.get("x-amz-server-side-encryption"),
        headers.get("x-amz-server-side-encryption-customer-algorithm"),
    )


def _size(headers: Mapping[str, str]) -> int | None:
    length, sent = headers.get("Content-Length"), headers.get("Content-Range")
    if length is not None and not _NUMBER.fullmatch(length):
        raise InvalidAnswer("the Content-Length is no number")
    if sent is None:
        return None if length is None else int(length)
    total = _TOTAL.fullmatch(sent)  # none in "bytes 0-9/*": the server does not know
    return int(total[1]) if total and _NUMBER.fullmatch(total[1]) else None


def _user_metadata(headers: Mapping[str, str]) -> dict[str, str]:
    found = {name.lower(): value for name, value in headers.items()}
    return decode_metadata({name[len(_META) :]: value for name, value in found.items() if name.startswith(_META)})

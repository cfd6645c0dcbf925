"""What the headers of answers say, as models (S3 API reference, PutObject and GetObject): pure functions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import IO, Any, cast

from data_store.object_store.adapters.s3 import etags
from data_store.object_store.adapters.s3.answers import InvalidAnswer, required_etag
from data_store.object_store.adapters.s3.checksum_headers import told
from data_store.object_store.adapters.s3.encryption import KMS_KEY_ID, encryption_told
from data_store.object_store.adapters.s3.wire import Headers
from data_store.object_store.body import RawBody
from data_store.object_store.errors import AccessDenied
from data_store.object_store.http_dates import http_time
from data_store.object_store.metadata import decode_metadata
from data_store.object_store.models import Object, ObjectMetadata, PartInfo

__all__ = [
    "check_credentials",
    "object_metadata",
    "part_info",
    "read_object",
    "version_id",
    "written_metadata",
]

_META = "x-amz-meta-"
_NUMBER = re.compile(r"[0-9]{1,19}")
_HEADER_TEXT = re.compile(r"[!-~]+")
_TOTAL = re.compile(r"bytes (?:\d+-\d+|\*)/(\d+)")


def check_credentials(*travelling: str) -> None:
    """Check what of the credentials is sent in headers: the access key and the session token.

    Raises:
        AccessDenied: it cannot be sent. SDKs would say so, too, and show it.
    """
    if not all(_HEADER_TEXT.fullmatch(text) for text in travelling):
        raise AccessDenied("the access key or the session token cannot travel in a header: a line end too many?")


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
    headers = _in_lower_case(headers)
    etag = etags.bare(headers.get("etag"))
    return {
        "key": key,
        "size": _size(headers),
        "etag": etag,
        "updated_time": _time(headers.get("last-modified")),
        "content_type": headers.get("content-type"),
        "version_id": version_id(headers),
        "metadata": _user_metadata(headers),
        "storage_class": headers.get("x-amz-storage-class"),
        "checksums": _checksums(bucket, etag, headers),
        "cache_control": headers.get("cache-control"),
        "content_disposition": headers.get("content-disposition"),
        "content_encoding": headers.get("content-encoding"),
        "content_language": headers.get("content-language"),
        "encryption": encryption_told(headers),
        "kms_key_id": headers.get(KMS_KEY_ID) or None,
    }


def written_metadata(
    bucket: str, key: str, headers: Mapping[str, str], size: int | None, etag: str | None
) -> ObjectMetadata:
    """Return what the answer to a write says; the time is the answer's own, which is approximate."""
    headers = _in_lower_case(headers)
    return ObjectMetadata(
        key=key,
        size=size,
        etag=etag,
        updated_time=_time(headers.get("date")),
        version_id=version_id(headers),
        checksums=_checksums(bucket, etag, headers),
        encryption=encryption_told(headers),
        kms_key_id=headers.get(KMS_KEY_ID) or None,
    )


def part_info(number: int, size: int | None, etag: str | None, headers: Mapping[str, str]) -> PartInfo:
    """Return what the answer to a part says.

    Raises:
        InvalidAnswer: it has no ETag.
    """
    return PartInfo(number, required_etag(etag), size, checksums=told(headers) or None)


def version_id(headers: Mapping[str, str]) -> str | None:
    """Return the version's id."""
    return headers.get("x-amz-version-id") or None


def _time(date: str | None) -> datetime | None:
    return None if date is None else http_time(date)


def _checksums(bucket: str, etag: str | None, headers: Mapping[str, str]) -> dict[str, str] | None:
    md5 = etags.checksums(
        bucket,
        etag,
        headers.get("x-amz-server-side-encryption"),
        headers.get("x-amz-server-side-encryption-customer-algorithm"),
    )
    return {**(md5 or {}), **told(headers)} or None


def _size(headers: Mapping[str, str]) -> int | None:
    length, sent = headers.get("content-length"), headers.get("content-range")
    if length is not None and not _NUMBER.fullmatch(length):
        raise InvalidAnswer("the Content-Length is no number")
    if sent is None:
        return None if length is None else int(length)
    total = _TOTAL.fullmatch(sent)  # none in "bytes 0-9/*": the server does not know
    return int(total[1]) if total and _NUMBER.fullmatch(total[1]) else None


def _user_metadata(headers: Mapping[str, str]) -> dict[str, str]:
    return decode_metadata({name[len(_META) :]: value for name, value in headers.items() if name.startswith(_META)})


def _in_lower_case(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Return the headers with names in lower case; what a SDK hands out finds them in any."""
    if isinstance(headers, Headers):
        return headers.in_lower_case
    return {name.lower(): value for name, value in headers.items()}

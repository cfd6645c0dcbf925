"""Options as the headers of requests (S3 API reference, one function per action): pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from data_store.object_store.adapters.s3.checksum_headers import checksum_header, start_headers, to_wire
from data_store.object_store.adapters.s3.encryption import (
    customer_headers,
    encryption_headers,
    source_customer_headers,
)
from data_store.object_store.adapters.s3.xml_lock import legal_hold_status, lock_time
from data_store.object_store.http_dates import http_date
from data_store.object_store.metadata import encode_metadata
from data_store.object_store.models import (
    CompleteOptions,
    ContentOptions,
    CopyOptions,
    CopySource,
    DeleteOptions,
    GetOptions,
    PartOptions,
    PutOptions,
)
from data_store.object_store.signing.sigv4 import encode_path, encode_query

__all__ = [
    "bypass_header",
    "complete_headers",
    "content_headers",
    "copy_headers",
    "delete_headers",
    "part_copy_headers",
    "part_headers",
    "put_headers",
    "range_header",
    "read_headers",
    "upload_headers",
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


def content_headers(options: ContentOptions) -> dict[str, str]:
    """Return the headers that an object is stored with; without a content type it is ``application/octet-stream``."""
    headers = {"Content-Type": _DEFAULT_CONTENT_TYPE}
    headers |= _given({header: getattr(options, name) for name, header in _CONTENT.items()})
    headers |= _storage_class(options)
    return headers | {_META + name: value for name, value in encode_metadata(options.metadata or {}).items()}


def put_headers(options: PutOptions, digest: str | None = None) -> dict[str, str]:
    """Return the headers of PutObject; ETags are bare, the one form that all servers take.

    Args:
        options: the options.
        digest: the digest of the body, hex, by ``options.checksum``.
    """
    conditions = {
        "If-Match": options.if_match,
        "If-None-Match": options.if_none_match,
        "Content-MD5": options.content_md5,
    }
    return _stored_with(options) | _given(conditions) | _digest(options.checksum, digest)


def upload_headers(options: PutOptions) -> dict[str, str]:
    """Return the headers of CreateMultipartUpload."""
    return _stored_with(options) | start_headers(options.checksum)


def part_headers(options: PartOptions, digest: str | None = None) -> dict[str, str]:
    """Return the headers of UploadPart; ``digest`` is the part's, hex, by ``options.checksum``."""
    return customer_headers(options.encryption) | _digest(options.checksum, digest)


def complete_headers(options: CompleteOptions) -> dict[str, str]:
    """Return the headers of CompleteMultipartUpload."""
    headers = _given({"If-Match": options.if_match, "If-None-Match": options.if_none_match})
    whole = {checksum_header(name): to_wire(digest) for name, digest in (options.checksums or {}).items()}
    kind = {"x-amz-checksum-type": "FULL_OBJECT"} if whole else {}
    return headers | whole | kind | customer_headers(options.encryption)


def copy_headers(source_bucket: str, source_key: str, options: CopyOptions) -> dict[str, str]:
    """Return the headers of CopyObject."""
    headers = _source(source_bucket, source_key, options.source_version, options.source_etag)
    headers |= source_customer_headers(options.source_encryption) | encryption_headers(options.encryption)
    headers["x-amz-metadata-directive"] = "REPLACE" if options.replace else "COPY"
    headers |= content_headers(options) if options.replace else _storage_class(options)
    if options.tags is not None:
        headers |= {"x-amz-tagging-directive": "REPLACE", "x-amz-tagging": encode_query(options.tags)}
    return headers


def part_copy_headers(source: CopySource, options: PartOptions) -> dict[str, str]:
    """Return the headers of UploadPartCopy."""
    span = {"x-amz-copy-source-range": f"bytes={source.offset}-{source.offset + source.length - 1}"}
    keys = source_customer_headers(source.encryption) | customer_headers(options.encryption)
    return _source(source.bucket, source.key, source.version, source.etag) | span | keys


def read_headers(options: GetOptions) -> dict[str, str]:
    """Return the headers of GetObject and HeadObject but the range; a whole object is asked for its checksums too."""
    headers = {
        "If-Match": options.if_match,
        "If-None-Match": options.if_none_match,
        "If-Modified-Since": _date(options.if_modified_since),
        "If-Unmodified-Since": _date(options.if_unmodified_since),
        "x-amz-checksum-mode": None if range_header(options) else "ENABLED",
    }
    return _given(headers) | customer_headers(options.encryption)


def range_header(options: GetOptions) -> dict[str, str]:
    """Return the Range header of a GET (RFC 9110, 14.1.2), none for the whole object."""
    offset, length = options.offset or 0, options.length
    if offset < 0:
        return {"Range": f"bytes={offset}"}
    if length is not None:
        return {"Range": f"bytes={offset}-{offset + length - 1}"}
    return {"Range": f"bytes={offset}-"} if offset else {}


def delete_headers(options: DeleteOptions) -> dict[str, str]:
    """Return the headers of DeleteObject."""
    return _given({"If-Match": options.if_match}) | bypass_header(options.bypass_governance)


def bypass_header(bypass: bool) -> dict[str, str]:
    """Return the header that passes over a retention of mode GOVERNANCE."""
    return {"x-amz-bypass-governance-retention": "true"} if bypass else {}


def _stored_with(options: PutOptions) -> dict[str, str]:
    headers = content_headers(options) | encryption_headers(options.encryption)
    headers |= {"x-amz-tagging": encode_query(options.tags)} if options.tags else {}
    if options.retention is not None:
        headers["x-amz-object-lock-mode"] = options.retention.mode
        headers["x-amz-object-lock-retain-until-date"] = lock_time(options.retention.until)
    if options.legal_hold is not None:
        headers["x-amz-object-lock-legal-hold"] = legal_hold_status(options.legal_hold)
    return headers


def _storage_class(options: ContentOptions) -> dict[str, str]:
    return _given({"x-amz-storage-class": options.storage_class})


def _source(bucket: str, key: str, version: str | None, etag: str | None) -> dict[str, str]:
    path = f"{bucket}/object/{key}" if bucket.startswith("arn:") else f"/{bucket}/{key}"
    query = "" if version is None else f"?{encode_query({'versionId': version})}"
    return {"x-amz-copy-source": encode_path(path) + query} | _given({"x-amz-copy-source-if-match": etag})


def _digest(algorithm: str | None, digest: str | None) -> dict[str, str]:
    return {} if algorithm is None or digest is None else {checksum_header(algorithm): to_wire(digest)}


def _date(moment: datetime | None) -> str | None:
    return None if moment is None else http_date(moment)


def _given(values: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in values.items() if value is not None}

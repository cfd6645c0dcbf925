"""What an upload is stored with, as the headers of its request (S3 API reference, PutObject), and back.

A form has the same names for its fields (S3 API reference, POST Object).
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from data_store.object_store.errors import InvalidArgument
from data_store.object_store.metadata import decode_metadata, encode_metadata
from data_store.object_store.models import PresignPutOptions, PutOptions
from data_store.object_store.signing.sigv4 import encode_query

__all__ = ["METADATA_PREFIX", "bound_headers", "metadata_headers", "put_options"]

METADATA_PREFIX = "x-amz-meta-"

_CHECKSUM = "x-amz-checksum-sha256"


def bound_headers(options: PresignPutOptions) -> dict[str, str]:
    """Return the headers that a presigned PUT binds: what the options give, nothing else.

    ``Content-Length`` is among them, which clients make themselves.
    """
    given = {
        "Content-Type": options.content_type,
        "Content-Length": None if options.content_length is None else str(options.content_length),
        "Content-MD5": options.content_md5,
        _CHECKSUM: options.checksum_sha256,
        "If-None-Match": options.if_none_match,
        "x-amz-tagging": encode_query(options.tags) if options.tags else None,
    }
    headers = {name: value for name, value in given.items() if value is not None}
    return headers | metadata_headers(options.metadata) if options.metadata else headers


def metadata_headers(metadata: Mapping[str, str] | None) -> dict[str, str]:
    """Return user metadata as headers, visible ASCII: RFC 2047 words where that is needed."""
    return {METADATA_PREFIX + name: value for name, value in encode_metadata(metadata or {}).items()}


def put_options(headers: Mapping[str, str]) -> PutOptions:
    """Return what the headers of a PUT, or the fields of a form, ask to store an object with.

    Args:
        headers: by their names in lower case; those that mean nothing here are left alone.

    Raises:
        InvalidArgument: ``x-amz-tagging`` is no query, or has a tag twice.
    """
    metadata = {
        name.removeprefix(METADATA_PREFIX): value for name, value in headers.items() if name.startswith(METADATA_PREFIX)
    }
    tagging = headers.get("x-amz-tagging")
    return PutOptions(
        content_type=headers.get("content-type"),
        cache_control=headers.get("cache-control"),
        content_disposition=headers.get("content-disposition"),
        content_encoding=headers.get("content-encoding"),
        content_language=headers.get("content-language"),
        if_match=headers.get("if-match"),
        if_none_match=headers.get("if-none-match"),
        content_md5=headers.get("content-md5"),
        metadata=decode_metadata(metadata) or None,
        tags=_tags(tagging) if tagging else None,
        checksum="sha256" if _CHECKSUM in headers else None,
        checksum_sha256=headers.get(_CHECKSUM),
    )


def _tags(tagging: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(tagging, keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError:
        raise InvalidArgument("x-amz-tagging must be a query: key=value&key=value") from None
    tags = dict(pairs)
    if len(tags) < len(pairs):
        raise InvalidArgument("x-amz-tagging has a tag twice")
    return tags

"""What an object is stored with: headers, metadata, digests; and the conditions of a write."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import get_args

from data_store.object_store.errors import InvalidArgument
from data_store.object_store.metadata import wire_size
from data_store.object_store.models import ChecksumAlgorithm
from data_store.object_store.validation.rules import CONTROL, TOKEN, text

__all__ = ["checksum", "content", "digest", "etag", "write_conditions"]

_CHECKSUMS = get_args(ChecksumAlgorithm)
_VISIBLE_ASCII = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_ETAG = re.compile(r"[!#-~\x80-\xff]+")  # RFC 9110, 8.8.3, less the quotes
_MAX_METADATA_BYTES = 2048
_HEADERS = (
    "content_type",
    "storage_class",
    "cache_control",
    "content_disposition",
    "content_encoding",
    "content_language",
)


def header(name: str, value: object) -> None:
    """Check the value of a header."""
    if not (isinstance(value, str) and _VISIBLE_ASCII.fullmatch(value)):
        raise InvalidArgument(f"{name} must be an HTTP header value: visible ASCII, not empty (RFC 9110, 5.5)")


def content(options: dict[str, object]) -> None:
    """Check headers and metadata; put the names of the latter in lower case."""
    for name in _HEADERS:
        value = options.get(name)
        if value is not None:
            header(name, value)
    metadata = options.get("metadata")
    if metadata is not None:
        options["metadata"] = _metadata(metadata)


def write_conditions(if_match: str | None, if_none_match: str | None) -> str | None:
    """Check the conditions of a write; return the ETag bare."""
    if if_none_match not in (None, "*"):
        raise InvalidArgument('if_none_match of a write must be "*": write only if there is no object')
    bare = etag("if_match", if_match)
    if bare is not None and if_none_match is not None:
        raise InvalidArgument("if_match and if_none_match contradict each other: give one")
    return bare


def etag(name: str, value: str | None) -> str | None:
    """Return an ETag bare: the one form that all servers take."""
    if value is None:
        return None
    text(name, value)
    bare = value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
    if bare == "*" or not _ETAG.fullmatch(bare):
        raise InvalidArgument(f"{name} must be an ETag, as etag of ObjectMetadata has it")
    return bare


def checksum(value: object) -> None:
    """Check the name of a checksum, or None."""
    if value is not None and (not isinstance(value, str) or value not in _CHECKSUMS):
        raise InvalidArgument(f"checksum must be one of {', '.join(_CHECKSUMS)}, not {value!r}")


def digest(name: str, value: str | None, size: int) -> None:
    """Check base64 of a digest of so many bytes, or None."""
    if value is None:
        return
    text(name, value)
    try:
        raw = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != size:
        raise InvalidArgument(f"{name} must be base64 of {size} bytes (RFC 1864)")


def _metadata(metadata: object) -> dict[str, str]:
    if not isinstance(metadata, Mapping):
        raise InvalidArgument(f"metadata must be a mapping of str to str, not {type(metadata).__name__}")
    lowered: dict[str, str] = {}
    for name, value in metadata.items():
        _metadata_item(name, value)
        if name.lower() in lowered:
            raise InvalidArgument(f"metadata name {name!r} is there twice: names are case-insensitive")
        lowered[name.lower()] = value
    size = wire_size(lowered)
    if size > _MAX_METADATA_BYTES:
        raise InvalidArgument(f"metadata takes {size} bytes encoded, of {_MAX_METADATA_BYTES} at the most")
    return lowered


def _metadata_item(name: object, value: object) -> None:
    if not isinstance(name, str) or not TOKEN.fullmatch(name):
        raise InvalidArgument(f"metadata name {name!r} is not a token (RFC 9110, 5.6.2)")
    if not isinstance(value, str):
        raise InvalidArgument(f"metadata value of {name!r} must be a str, not {type(value).__name__}")
    if CONTROL.search(value):
        raise InvalidArgument(f"metadata value of {name!r} holds a control character")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidArgument(f"metadata value of {name!r} holds a lone surrogate") from None

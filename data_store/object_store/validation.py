"""The rules for what callers pass, as pure functions; each names the rule it enforces in an ``InvalidArgument``.

The facade calls them before anything is sent, so that every framework refuses the same input with the same words.
"""

from __future__ import annotations

import base64
import binascii
import errno
import ipaddress
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from data_store.object_store.errors import InvalidArgument
from data_store.object_store.metadata import wire_size
from data_store.object_store.models import (
    CopyContentOptions,
    GetOptions,
    ListOptions,
    PutOptions,
    UploadOptions,
)

__all__ = [
    "MAX_KEYS",
    "bucket",
    "byte_range",
    "content_options",
    "file_path",
    "get_options",
    "key",
    "list_options",
    "new_bucket",
    "new_bucket_problem",
    "positive",
    "prefix",
    "put_options",
]

MAX_KEYS = 1000  # S3 API reference, ListObjectsV2, max-keys

_BUCKET = re.compile(r"[a-z0-9](?:[a-z0-9.-]{1,61})[a-z0-9]")
_RESERVED_STARTS = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_ENDS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
_VISIBLE_ASCII = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_ETAG = re.compile(r"[!#-~\x80-\xff]+")  # RFC 9110, 8.8.3, less the quotes
_MAX_KEY_BYTES = 1024
_MAX_METADATA_BYTES = 2048
_HEADERS = (
    "content_type",
    "storage_class",
    "cache_control",
    "content_disposition",
    "content_encoding",
    "content_language",
)


def new_bucket(name: str) -> str:
    """Check a name for a bucket that is to be made (S3 user guide, "Bucket naming rules")."""
    _text("bucket", name)
    problem = new_bucket_problem(name)
    if problem:
        raise InvalidArgument(f"invalid bucket name {name!r}: {problem}")
    return name


def new_bucket_problem(name: str) -> str | None:
    """Return the rule for new buckets that a name breaks, without the name; None if it keeps them all."""
    if not _BUCKET.fullmatch(name):
        return "3 to 63 characters of a-z, 0-9, '.' and '-', beginning and ending with a letter or a digit"
    if ".." in name or ".-" in name or "-." in name:
        return "no '..', '.-' or '-.'"
    if _is_ip_address(name):
        return "not formatted as an IP address"
    if name.startswith(_RESERVED_STARTS) or name.endswith(_RESERVED_ENDS):
        return "S3 reserves that beginning or ending"
    return None


def bucket(name: str) -> str:
    """Check the name of a bucket that may exist: loose, so that legacy names and ARNs stay reachable."""
    _utf8("bucket name", name)
    if not name or len(name) > _MAX_KEY_BYTES or _CONTROL.search(name) or {" ", "?", "#", "\\"} & set(name):
        raise InvalidArgument(f"invalid bucket name {name!r}: a name is not empty and has no spaces, '?' or '#'")
    if name in {".", ".."} or (not name.startswith("arn:") and "/" in name):
        raise InvalidArgument(f"invalid bucket name {name!r}: a name is no path")
    return name


def key(value: str, name: str = "key") -> str:
    """Check a key: 1 to 1,024 bytes of UTF-8, no NUL (S3 user guide, "Object key naming guidelines")."""
    if _utf8(name, value) == 0:
        raise InvalidArgument(f"invalid {name}: empty; a key has 1 to {_MAX_KEY_BYTES} bytes")
    return value


def prefix(value: str, name: str = "prefix") -> str:
    """Check a prefix: as a key, but it may be empty."""
    _utf8(name, value)
    return value


def file_path(value: str | os.PathLike[str]) -> Path:
    """Check the path of a file of the caller."""
    path = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(path, str):
        raise InvalidArgument(f"file_path must be a path, not {type(value).__name__}")
    if not path or "\0" in path:
        raise InvalidArgument("file_path must not be empty or hold a NUL")
    if path.endswith(os.sep):  # which Path would drop
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    return Path(path)


def positive(name: str, value: int | None, most: int | None = None) -> int | None:
    """Check a whole number of at least 1, or None."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidArgument(f"{name} must be a whole number, not {type(value).__name__}")
    if value < 1 or (most is not None and value > most):
        raise InvalidArgument(f"{name} must be at least 1{f' and at most {most}' if most else ''}, not {value}")
    return value


def get_options(
    offset: int | None = None,
    length: int | None = None,
    if_match: str | None = None,
    if_none_match: str | None = None,
) -> GetOptions:
    """Check a range (RFC 9110, 14.1.2: it has at least one byte) and conditions."""
    if offset is not None and (isinstance(offset, bool) or not isinstance(offset, int)):
        raise InvalidArgument(f"offset must be a whole number, not {type(offset).__name__}")
    positive("length", length)
    if offset == 0 and length is None:
        offset = None  # the whole object, which may be empty; a range may not
    if offset is not None and offset < 0 and length is not None:
        raise InvalidArgument("a negative offset counts from the end and takes no length")
    if if_none_match != "*":
        if_none_match = _etag("if_none_match", if_none_match)
    return GetOptions(offset=offset, length=length, if_match=_etag("if_match", if_match), if_none_match=if_none_match)


def byte_range(pair: tuple[int, int]) -> GetOptions:
    """Check an ``(offset, length)`` pair: an offset of at least 0, a length of at least 1."""
    try:
        offset, length = pair
    except (TypeError, ValueError):
        raise InvalidArgument(f"ranges must be (offset, length) pairs, not {pair!r}") from None
    if length is None or offset is None or (isinstance(offset, int) and offset < 0):
        raise InvalidArgument(f"a range has an offset of at least 0 and a length of at least 1, not {pair!r}")
    return get_options(offset, length)


def put_options(options: UploadOptions) -> PutOptions:
    """Check the options of an upload."""
    if not options:
        return _NO_OPTIONS
    _known("an upload", options, UploadOptions.__optional_keys__)
    checked = dict(options)
    if options.get("if_none_match") not in (None, "*"):
        raise InvalidArgument('if_none_match of a write must be "*": write only if there is no object')
    checked["if_match"] = _etag("if_match", options.get("if_match"))
    if checked["if_match"] is not None and options.get("if_none_match") is not None:
        raise InvalidArgument("if_match and if_none_match contradict each other: give one")
    _digest("content_md5", options.get("content_md5"), 16)
    _digest("checksum_sha256", options.get("checksum_sha256"), 32)
    _content(checked)
    return PutOptions(**checked)  # type: ignore[arg-type]  # checked above


def content_options(options: CopyContentOptions) -> CopyContentOptions:
    """Check what a copy replaces."""
    _known("a copy", options, CopyContentOptions.__optional_keys__)
    checked = dict(options)
    _content(checked)
    return cast(CopyContentOptions, checked)


def list_options(
    delimiter: str | None = None,
    cursor: str | None = None,
    start_after: str | None = None,
    limit: int | None = None,
) -> ListOptions:
    """Check the options of one page of a listing."""
    if delimiter is not None and prefix(delimiter, "delimiter") == "":
        raise InvalidArgument("delimiter must not be empty; leave it out for a recursive listing")
    if start_after is not None:
        prefix(start_after, "start_after")
    if cursor is not None and (not isinstance(cursor, str) or not cursor or _SURROGATE.search(cursor)):
        raise InvalidArgument("cursor must be the cursor of the page before")
    return ListOptions(
        delimiter=delimiter,
        cursor=cursor,
        start_after=start_after or None,
        limit=positive("limit", limit, MAX_KEYS) or MAX_KEYS,
    )


_NO_OPTIONS = PutOptions()


def _known(what: str, options: Mapping[str, object], names: frozenset[str]) -> None:
    if unknown := options.keys() - names:
        raise TypeError(f"{what} has no option {', '.join(sorted(unknown))}")


def _text(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise InvalidArgument(f"{name} must be a str, not {type(value).__name__}")


def _utf8(name: str, value: str) -> int:
    _text(name, value)
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise InvalidArgument(f"invalid {name}: a lone surrogate has no UTF-8 form") from None
    if size > _MAX_KEY_BYTES:
        raise InvalidArgument(f"invalid {name}: {size} bytes of UTF-8, of {_MAX_KEY_BYTES} at the most")
    if "\0" in value:
        raise InvalidArgument(f"invalid {name}: it holds a NUL")
    return size


def _is_ip_address(name: str) -> bool:
    try:
        ipaddress.IPv4Address(name)
    except ValueError:
        return bool(re.fullmatch(r"(\d+\.){3}\d+", name))
    return True


def _content(options: dict[str, object]) -> None:
    for name in _HEADERS:
        value = options.get(name)
        if value is not None and not (isinstance(value, str) and _VISIBLE_ASCII.fullmatch(value)):
            raise InvalidArgument(f"{name} must be an HTTP header value: visible ASCII, not empty (RFC 9110, 5.5)")
    metadata = options.get("metadata")
    if metadata is not None:
        options["metadata"] = _metadata(metadata)


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
    if not isinstance(name, str) or not _TOKEN.fullmatch(name):
        raise InvalidArgument(f"metadata name {name!r} is not a token (RFC 9110, 5.6.2)")
    if not isinstance(value, str):
        raise InvalidArgument(f"metadata value of {name!r} must be a str, not {type(value).__name__}")
    if _CONTROL.search(value):
        raise InvalidArgument(f"metadata value of {name!r} holds a control character")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidArgument(f"metadata value of {name!r} holds a lone surrogate") from None


def _etag(name: str, value: str | None) -> str | None:
    """Return an ETag bare: the one form that all servers take."""
    if value is None:
        return None
    _text(name, value)
    bare = value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
    if bare == "*" or not _ETAG.fullmatch(bare):
        raise InvalidArgument(f"{name} must be an ETag, as etag of ObjectMetadata has it")
    return bare


def _digest(name: str, value: str | None, size: int) -> None:
    if value is None:
        return
    _text(name, value)
    try:
        raw = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != size:
        raise InvalidArgument(f"{name} must be base64 of {size} bytes (RFC 1864)")

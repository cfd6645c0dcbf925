"""Options of uploads, reads, copies, deletions and listings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Unpack, cast

from data_store.object_store.errors import InvalidArgument
from data_store.object_store.models import (
    CopyContentOptions,
    DeleteOptions,
    GetOptions,
    ListOptions,
    PutOptions,
    ReadConditions,
    SseCustomer,
    UploadOptions,
)
from data_store.object_store.validation.content import checksum, content, digest, etag, write_conditions
from data_store.object_store.validation.names import prefix
from data_store.object_store.validation.names import version as checked_version
from data_store.object_store.validation.protection import customer_key, encryption, retention
from data_store.object_store.validation.rules import SURROGATE, aware, flag, known, positive, whole
from data_store.object_store.validation.tags import tags

__all__ = [
    "MAX_KEYS",
    "byte_range",
    "content_options",
    "delete_options",
    "get_options",
    "length",
    "list_options",
    "put_options",
    "stored_with",
]

MAX_KEYS = 1000  # S3 API reference, ListObjectsV2, max-keys

_NO_OPTIONS = PutOptions()
_ANY = GetOptions()


def get_options(
    offset: int | None = None,
    length: int | None = None,
    *,
    version: str | None = None,
    encryption: SseCustomer | None = None,
    **conditions: Unpack[ReadConditions],
) -> GetOptions:
    """Check a range (RFC 9110, 14.1.2: it has at least one byte), conditions, a version and a key of SSE-C."""
    if offset is None and length is None and version is None and encryption is None and not conditions:
        return _ANY
    offset = _range(offset, length)
    customer_key(encryption)
    return GetOptions(
        version=checked_version(version),
        offset=offset,
        length=length,
        encryption=encryption,
        **(_read_conditions(conditions) if conditions else {}),
    )


def byte_range(pair: tuple[int, int], of: GetOptions = _ANY) -> GetOptions:
    """Check an ``(offset, length)`` pair: an offset of at least 0, a length of at least 1.

    Args:
        pair: the range.
        of: the version and the key of what it is a range of; checked before.
    """
    try:
        offset, length = pair
    except (TypeError, ValueError):
        raise InvalidArgument(f"ranges must be (offset, length) pairs, not {pair!r}") from None
    if length is None or offset is None or (isinstance(offset, int) and offset < 0):
        raise InvalidArgument(f"a range has an offset of at least 0 and a length of at least 1, not {pair!r}")
    return GetOptions(offset=_range(offset, length), length=length, version=of.version, encryption=of.encryption)


def length(value: int | None) -> int | None:
    """Check the length of a body in bytes, or None."""
    return None if value is None else whole("length", value, 0)


def delete_options(version: str | None, if_match: str | None, bypass_governance: bool) -> DeleteOptions:
    """Check the options of a deletion."""
    if version is not None and if_match is not None:
        raise InvalidArgument("if_match is about the current object, and takes no version: a version never changes")
    return DeleteOptions(
        version=checked_version(version),
        if_match=etag("if_match", if_match),
        bypass_governance=flag("bypass_governance", bypass_governance),
    )


def put_options(options: UploadOptions) -> PutOptions:
    """Check the options of an upload."""
    if not options:
        return _NO_OPTIONS
    digest("content_md5", options.get("content_md5"), 16)
    digest("checksum_sha256", options.get("checksum_sha256"), 32)
    return stored_with("an upload", options, UploadOptions.__optional_keys__)


def stored_with(what: str, options: Mapping[str, Any], names: frozenset[str]) -> PutOptions:
    """Check what an object is to be stored with; no tags and no legal hold are as if nothing was said."""
    known(what, options, names)
    checked = dict(options)
    checked["if_match"] = write_conditions(options.get("if_match"), options.get("if_none_match"))
    content(checked)
    checksum(options.get("checksum"))
    encryption(options.get("encryption"))
    for name, check in (("tags", tags), ("retention", retention), ("legal_hold", _legal_hold)):
        if options.get(name) is not None:
            checked[name] = check(options[name]) or None
    return PutOptions(**checked)


def content_options(options: CopyContentOptions) -> CopyContentOptions:
    """Check what a copy replaces, and its conditions; no tags are none, not those of the source."""
    known("a copy", options, CopyContentOptions.__optional_keys__)
    checked = dict(options)
    if_match = write_conditions(options.get("if_match"), options.get("if_none_match"))
    if if_match is not None:
        checked["if_match"] = if_match
    content(checked)
    encryption(options.get("encryption"))
    customer_key(options.get("source_encryption"), "source_encryption")
    if options.get("tags") is not None:
        checked["tags"] = tags(options["tags"])
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
    if cursor is not None and (not isinstance(cursor, str) or not cursor or SURROGATE.search(cursor)):
        raise InvalidArgument("cursor must be the cursor of the page before")
    return ListOptions(
        delimiter=delimiter,
        cursor=cursor,
        start_after=start_after or None,
        limit=positive("limit", limit, MAX_KEYS) or MAX_KEYS,
    )


def _range(offset: int | None, length: int | None) -> int | None:
    if offset is not None and (isinstance(offset, bool) or not isinstance(offset, int)):
        raise InvalidArgument(f"offset must be a whole number, not {type(offset).__name__}")
    positive("length", length)
    if offset == 0 and length is None:
        return None  # the whole object, which may be empty; a range may not
    if offset is not None and offset < 0 and length is not None:
        raise InvalidArgument("a negative offset counts from the end and takes no length")
    return offset


def _read_conditions(conditions: ReadConditions) -> ReadConditions:
    known("a read", conditions, ReadConditions.__optional_keys__)
    if_none_match = conditions.get("if_none_match")
    return {
        "if_match": etag("if_match", conditions.get("if_match")),
        "if_none_match": if_none_match if if_none_match == "*" else etag("if_none_match", if_none_match),
        "if_modified_since": _time("if_modified_since", conditions.get("if_modified_since")),
        "if_unmodified_since": _time("if_unmodified_since", conditions.get("if_unmodified_since")),
    }


def _time(name: str, value: datetime | None) -> datetime | None:
    return None if value is None else aware(name, value)


def _legal_hold(value: object) -> bool:
    return flag("legal_hold", value)

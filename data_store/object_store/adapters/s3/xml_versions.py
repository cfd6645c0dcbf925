"""Versions in the S3 protocol (S3 API reference, ListObjectVersions and PutBucketVersioning)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import groupby
from urllib.parse import unquote_plus
from xml.etree.ElementTree import Element

from data_store.object_store.adapters.s3 import etags, markers
from data_store.object_store.adapters.s3.answers import InvalidAnswer
from data_store.object_store.adapters.s3.xml import flag, number, text, time
from data_store.object_store.adapters.s3.xml_writer import document, leaf
from data_store.object_store.models import ListOptions, ObjectVersion, VersioningStatus, VersionPage

__all__ = ["version_page", "versioning_request", "versioning_status", "versions_query"]

_STATUSES = {"Enabled": VersioningStatus.ENABLED, "Suspended": VersioningStatus.SUSPENDED}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ULID = re.compile(f"[0-7][{_CROCKFORD}]{{25}}")


def versions_query(prefix: str, options: ListOptions) -> dict[str, str]:
    """Return the query of ListObjectVersions."""
    query = {"versions": "", "encoding-type": "url", "max-keys": str(options.limit), "prefix": prefix}
    key, version = markers.split(options.cursor)
    if key:
        query["key-marker"] = key
        query |= {"version-id-marker": version} if version else {}
    return query


def version_page(root: Element, prefix: str, cursor: str | None = None) -> VersionPage:
    """Return a page of ListObjectVersions that was asked for with ``encoding-type=url``, this prefix and cursor.

    It is sorted: versitygw lists all delete markers, then all versions. It also repeats the entry that the page before
    ended with.

    Raises:
        InvalidAnswer: an entry cannot be, or is none of this listing, or it goes on and does not say where.
    """
    decode = unquote_plus if root.findtext("EncodingType") == "url" else str
    before = markers.split(cursor)
    found = [_version(item, decode) for item in root if item.tag in ("Version", "DeleteMarker")]
    if not all(entry.key.startswith(prefix) for entry in found):
        raise InvalidAnswer("the listing has keys that do not begin with the prefix")
    kinds = {(entry.key, entry.version_id): entry.is_delete_marker for entry in found}
    if any(kinds[entry.key, entry.version_id] != entry.is_delete_marker for entry in found):
        raise InvalidAnswer("the listing has a version that is a delete marker as well")
    new = (entry for entry in found if (entry.key, entry.version_id) != before)
    return VersionPage(tuple(_sorted(new)), _next(root, decode, {entry.key for entry in found}))


def _next(root: Element, decode: Callable[[str], str], keys: set[str]) -> str | None:
    if not flag(root, "IsTruncated"):
        return None
    marker = root.findtext("NextKeyMarker") or ""
    if not marker:
        raise InvalidAnswer("the listing goes on, but does not say where")
    # Ceph encodes keys, but no markers; MinIO encodes both, and adds something of its own to markers.
    key = marker if marker in keys and decode(marker) not in keys else decode(marker)
    return markers.join(key, root.findtext("NextVersionIdMarker") or "")


def _version(item: Element, decode: Callable[[str], str]) -> ObjectVersion:
    key, version_id = decode(item.findtext("Key") or ""), item.findtext("VersionId")
    if not key or not version_id:
        raise InvalidAnswer("the listing has an entry without a key or without a version")
    is_marker = item.tag == "DeleteMarker"
    return ObjectVersion(
        key=key,
        version_id=version_id,
        is_latest=flag(item, "IsLatest"),
        is_delete_marker=is_marker,
        size=None if is_marker else number(item, "Size"),
        etag=None if is_marker else etags.bare(item.findtext("ETag")),
        updated_time=time(text(item, "LastModified")),
        storage_class=None if is_marker else text(item, "StorageClass"),
    )


def _sorted(versions: Iterable[ObjectVersion]) -> Iterator[ObjectVersion]:
    by_key = sorted(versions, key=lambda version: version.key.encode())
    for _, same in groupby(by_key, key=lambda version: version.key):
        yield from _newest_first(list(same))


def _newest_first(versions: list[ObjectVersion]) -> list[ObjectVersion]:
    """Return the versions of one key in order: as they stand, but for versitygw's, whose ids are ULIDs."""
    if not any(_ULID.fullmatch(version.version_id) for version in versions):
        return versions
    return sorted(versions, key=_age, reverse=True)


def _age(version: ObjectVersion) -> tuple[bool, float, str]:
    """Return what the versions of a key sort by; a ULID begins with its time, to the millisecond.

    As a number: there are ULIDs, such as 7ZZZ..., of times behind the last one that ``datetime`` has.
    """
    if _ULID.fullmatch(version.version_id):
        milliseconds = 0
        for digit in version.version_id[:10]:
            milliseconds = milliseconds * 32 + _CROCKFORD.index(digit)
        return version.is_latest, milliseconds / 1000, version.version_id
    return version.is_latest, (version.updated_time or _EPOCH).timestamp(), ""


def versioning_status(root: Element) -> VersioningStatus:
    """Return what GetBucketVersioning says.

    Raises:
        InvalidAnswer: S3 has no such status.
    """
    told = text(root, "Status")
    if told is not None and told not in _STATUSES:
        raise InvalidAnswer("the bucket has a versioning status that S3 does not have")
    return _STATUSES[told] if told else VersioningStatus.DISABLED


def versioning_request(status: VersioningStatus) -> bytes:
    """Return the body of PutBucketVersioning; a bucket can be enabled or suspended."""
    return document("VersioningConfiguration", leaf("Status", status.value.capitalize()))

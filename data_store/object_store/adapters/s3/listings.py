"""Listings of servers whose own paging cannot be relied on."""

from __future__ import annotations

from collections.abc import Sequence

from data_store.object_store.adapters.s3 import markers
from data_store.object_store.adapters.s3.answers import InvalidAnswer
from data_store.object_store.adapters.s3.api import S3Api
from data_store.object_store.errors import UnsupportedOperation
from data_store.object_store.models import ListOptions, MultipartUpload, ObjectVersion, VersionPage

__all__ = ["every_upload", "versions_page_by_key"]


def every_upload(api: S3Api, bucket: str) -> list[MultipartUpload]:
    """Return all uploads under way in a bucket.

    MinIO gives them at once. versitygw refuses the upload id that it says a page ends with, and behind a key alone it
    leaves the key's other uploads out: so what a page has of its last key waits for the next one.

    Raises:
        InvalidAnswer: a page does not begin behind the one before, and there would be no end of it.
    """
    found: list[MultipartUpload] = []
    cursor: str | None = None
    while True:
        page = api.list_uploads_page(bucket, "", ListOptions(cursor=cursor), encoded=True)
        if page.cursor is None:
            return [*found, *page.uploads]
        whole = [upload for upload in page.uploads if upload.key != page.uploads[-1].key]
        if not whole:
            raise UnsupportedOperation("this server does not list more uploads of one key than a page has")
        if found and whole[0].key.encode() <= found[-1].key.encode():
            raise InvalidAnswer("the listing goes on where it has been")
        found += whole
        cursor = markers.join(whole[-1].key, "")


def versions_page_by_key(api: S3Api, bucket: str, prefix: str, options: ListOptions) -> VersionPage:
    """Return a page of versions from versitygw, which loses entries behind a delete marker and behind ``"null"``.

    Behind a key alone it begins with that key: what is already known of it is left out here.
    """
    key, version = markers.split(options.cursor)
    start = markers.join(key, "") if key else None
    read = api.list_versions_page(bucket, prefix, ListOptions(cursor=start))
    ahead = _behind(read.versions, key, version)
    if not ahead and read.cursor is not None:  # the key has more versions than a page
        read = api.list_versions_page(bucket, prefix, ListOptions(cursor=options.cursor))
        ahead = read.versions
    page = ahead[: options.limit]
    if not page or (len(ahead) == len(page) and read.cursor is None):
        return VersionPage(tuple(page), read.cursor)
    return VersionPage(tuple(page), markers.join(page[-1].key, page[-1].version_id))


def _behind(versions: Sequence[ObjectVersion], key: str, version: str) -> Sequence[ObjectVersion]:
    """Return what comes behind a version, which may have been deleted meanwhile; ids sort by their age."""
    place = next((i for i, each in enumerate(versions) if (each.key, each.version_id) == (key, version)), None)
    if place is not None:
        return versions[place + 1 :]
    return [each for each in versions if each.key != key or version in ("", "null") or _is_older(each, version)]


def _is_older(each: ObjectVersion, version: str) -> bool:
    return each.version_id == "null" or each.version_id < version

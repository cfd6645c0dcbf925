"""Listings of versions: by key, newest first within a key, delete markers included."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar

import pytest

from data_store.object_store.capabilities import SupportsVersioning
from data_store.object_store.models import ListOptions, ObjectVersion
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.versioned import listed, write

__all__ = ["VersionListing"]

SPECIAL = ["a b", "a+b", "a%20b", "ä/😀", "a&b=c", "<a>", "a'b\"c"]


def _in_pages(store: ObjectStore, bucket: str, prefix: str, limit: int) -> Iterator[ObjectVersion]:
    assert isinstance(store.client, SupportsVersioning)
    options = ListOptions(limit=limit)
    while True:
        page = store.client.list_versions_page(bucket, prefix, options)
        assert len(page.versions) <= limit
        yield from page.versions
        if page.cursor is None:
            return
        options = replace(options, cursor=page.cursor)


class VersionListing(ConformanceGroup):
    """Listing versions."""

    capability: ClassVar[type | None] = SupportsVersioning

    def test_versions_are_listed_newest_first(self, store: ObjectStore, versioned_bucket: str, unique_key: str) -> None:
        """The latest version comes first, and is the only one that is_latest."""
        versions = [write(store, b"x" * size, unique_key, versioned_bucket) for size in range(5)]
        found = list(store.list_versions(bucket=versioned_bucket, key=unique_key))
        assert [each.version_id for each in found] == versions[::-1]
        assert [each.is_latest for each in found] == [True, False, False, False, False]
        assert [each.size for each in found] == [4, 3, 2, 1, 0]

    def test_a_listed_version_tells_what_it_is(
        self, store: ObjectStore, versioned_bucket: str, unique_key: str
    ) -> None:
        """Key, size, ETag and an aware UTC time are those of a HEAD of that version."""
        version = write(store, b"content", unique_key, versioned_bucket)
        head = store.head_object(unique_key, versioned_bucket)
        found = next(store.list_versions(unique_key, versioned_bucket))
        assert (found.key, found.version_id, found.size, found.etag) == (unique_key, version, 7, head.etag)
        assert not found.is_delete_marker
        assert found.updated_time is not None
        assert found.updated_time.utcoffset() == timedelta(0)

    def test_delete_markers_are_listed(self, store: ObjectStore, versioned_bucket: str, unique_key: str) -> None:
        """A delete marker stands where it was made, without size and ETag."""
        first = write(store, b"first", unique_key, versioned_bucket)
        marker = store.delete_object(unique_key, versioned_bucket).version_id
        second = write(store, b"second", unique_key, versioned_bucket)
        history = listed(store, unique_key, versioned_bucket)
        assert history == [(second, False), (marker, True), (first, False)]
        found = list(store.list_versions(bucket=versioned_bucket, key=unique_key))
        assert [each.is_latest for each in found] == [True, False, False]
        assert (found[1].size, found[1].etag) == (None, None)

    def test_versions_come_in_the_order_of_their_keys(
        self, store: ObjectStore, versioned_bucket: str, unique_key: str
    ) -> None:
        """All versions of a key stand together, in UTF-8 byte order of the keys."""
        keys = [f"{unique_key}/{name}" for name in ("b", "a", "a!", "ä", "B", "a.b")]
        for _ in range(2):
            for key in keys:
                write(store, b"content", key, versioned_bucket)
        store.delete_object(keys[1], versioned_bucket)
        found = [each.key for each in store.list_versions(f"{unique_key}/", versioned_bucket)]
        expected = [key for key in keys for _ in range(2)] + [keys[1]]
        assert found == sorted(expected, key=str.encode)

    def test_a_prefix_limits_the_listing(self, store: ObjectStore, versioned_bucket: str, unique_key: str) -> None:
        """Only versions of keys that begin with the prefix are listed."""
        inside = [f"{unique_key}-in", f"{unique_key}-inside"]
        for key in (*inside, f"{unique_key}-out"):
            write(store, b"content", key, versioned_bucket)
        found = [each.key for each in store.list_versions(f"{unique_key}-in", versioned_bucket)]
        assert found == inside
        assert list(store.list_versions(f"{unique_key}-nothing", versioned_bucket)) == []

    def test_a_key_is_listed_alone(self, store: ObjectStore, versioned_bucket: str, unique_key: str) -> None:
        """key= is exact: keys that only begin with it are not listed, nor are those before it."""
        for key in (unique_key[:-1], unique_key, f"{unique_key}0", f"{unique_key}.below", unique_key):
            write(store, b"content", key, versioned_bucket)
        found = [each.key for each in store.list_versions(bucket=versioned_bucket, key=unique_key)]
        assert found == [unique_key] * 2

    @pytest.mark.parametrize("key", SPECIAL)
    def test_special_characters_are_listed_as_they_are(
        self, store: ObjectStore, versioned_bucket: str, unique_key: str, key: str
    ) -> None:
        """A key of spaces, markup or any script is listed, and found with key=."""
        key = f"{unique_key}{key}"
        version = write(store, b"content", key, versioned_bucket)
        assert [each.key for each in store.list_versions(unique_key, versioned_bucket)] == [key]
        assert listed(store, key, versioned_bucket) == [(version, False)]

    def test_objects_without_versioning_are_null_versions(self, store: ObjectStore, bucket: str) -> None:
        """In a bucket that never kept versions, each object is its own only version, "null"."""
        for key in ("b", "a"):
            store.put_object(b"content", key, bucket)
        found = list(store.list_versions(bucket=bucket))
        assert [(each.key, each.version_id, each.is_latest) for each in found] == [
            ("a", "null", True),
            ("b", "null", True),
        ]

    def test_a_listing_of_versions_is_lazy(self, store: ObjectStore, versioned_bucket: str, unique_key: str) -> None:
        """Nothing is asked before the first version is wanted."""
        versions = store.list_versions(bucket=versioned_bucket, key=unique_key)
        version = write(store, b"later", unique_key, versioned_bucket)
        assert [each.version_id for each in versions] == [version]

    @pytest.mark.parametrize("limit", [1, 2, 3, 7])
    def test_pages_of_versions_make_the_whole_listing(
        self, store: ObjectStore, versioned_bucket: str, unique_key: str, limit: int
    ) -> None:
        """Wherever pages end, inside a key too, each version and marker is listed once, in order."""
        for number in range(3):
            for name in ("a", "b", "c"):
                write(store, b"x" * number, f"{unique_key}/{name}", versioned_bucket)
        store.delete_object(f"{unique_key}/a", versioned_bucket)
        store.delete_object(f"{unique_key}/c", versioned_bucket)
        whole = list(store.list_versions(f"{unique_key}/", versioned_bucket))
        assert len(whole) == 11
        assert list(_in_pages(store, versioned_bucket, f"{unique_key}/", limit)) == whole

    def test_thousands_of_versions_are_listed(self, store: ObjectStore, versioned_bucket: str, unique_key: str) -> None:
        """2,500 versions take several pages, and each is there once, in its place."""
        assert listed(store, unique_key, versioned_bucket) == []

        def write_all(name: int) -> list[tuple[str, str]]:
            key = f"{unique_key}/{name:02}"
            versions = [write(store, b"x", key, versioned_bucket) for _ in range(50)]
            return [(key, version) for version in reversed(versions)]

        with ThreadPoolExecutor(8) as pool:
            expected = [each for written in pool.map(write_all, range(50)) for each in written]
        found = [(each.key, each.version_id) for each in store.list_versions(f"{unique_key}/", versioned_bucket)]
        assert found == expected

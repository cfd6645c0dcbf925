"""Listings: by prefix and delimiter, in UTF-8 byte order."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import pytest

from data_store.object_store.errors import InvalidArgument
from data_store.object_store.models import ObjectMetadata
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup

__all__ = ["Listing"]

TREE = ("a", "a.b", "b/1", "b/2", "b/c/3", "b/c/4", "b-5", "c/d/e/6", "d")


def put_all(store: ObjectStore, bucket: str, keys: Iterable[str]) -> None:
    """Store an object under each key, in an order that is not sorted."""
    for key in sorted(keys, key=lambda key: key[::-1]):
        store.put_object(b"content", key, bucket)


def keys_of(found: Iterable[ObjectMetadata]) -> list[str]:
    """Return the keys of a listing."""
    return [each.key for each in found]


class Listing(ConformanceGroup):
    """Listing."""

    def test_an_empty_bucket_lists_nothing(self, store: ObjectStore, bucket: str) -> None:
        """Nothing in a bucket is an empty listing, not an error."""
        assert list(store.list_objects(bucket=bucket)) == []
        assert list(store.list_prefixes(bucket=bucket)) == []

    def test_a_listing_reports_size_etag_and_time(self, store: ObjectStore, bucket: str) -> None:
        """Each entry has what a HEAD says of size and ETag, and an aware UTC time."""
        store.put_object(b"content", "key", bucket)
        (found,) = store.list_objects(bucket=bucket)
        head = store.head_object("key", bucket)
        assert (found.key, found.size, found.etag) == ("key", 7, head.etag)
        assert found.updated_time is not None
        assert found.updated_time.utcoffset() == timedelta(0)

    def test_a_listing_reports_no_metadata(self, store: ObjectStore, bucket: str) -> None:
        """What a listing does not tell is None; a HEAD of an object without metadata says {}."""
        store.put_object(b"content", "key", bucket)
        (found,) = store.list_objects(bucket=bucket)
        assert found.metadata is None
        assert store.head_object("key", bucket).metadata == {}

    def test_keys_come_in_utf8_byte_order(self, store: ObjectStore, bucket: str) -> None:
        """Upper before lower case, '.' before '/', and U+FFFD before an emoji (which UTF-16 order turns round)."""
        keys = ["B", "a.b", "a/b", "aa", "é", "z", "~", "\ufffd", "😀", "0", "10", "9"]
        put_all(store, bucket, keys)
        assert keys_of(store.list_objects(bucket=bucket)) == sorted(keys, key=str.encode)

    @pytest.mark.parametrize("method", ["list_objects", "list_files"])
    def test_a_listing_is_recursive(self, store: ObjectStore, bucket: str, method: str) -> None:
        """Without a delimiter all keys are listed, at any depth."""
        put_all(store, bucket, TREE)
        assert keys_of(getattr(store, method)(bucket=bucket)) == sorted(TREE)

    @pytest.mark.parametrize("prefix", ["a", "a.", "b", "b/", "b/c", "b/c/", "b/c/3", "c/d/e", "x", "/", "B"])
    def test_a_prefix_selects_the_keys_that_begin_with_it(self, store: ObjectStore, bucket: str, prefix: str) -> None:
        """A prefix is a text, not a directory: it may end anywhere, and is not normalised."""
        put_all(store, bucket, TREE)
        expected = sorted(key for key in TREE if key.startswith(prefix))
        assert keys_of(store.list_files(prefix, bucket)) == expected
        assert keys_of(store.list_objects(prefix, bucket)) == expected

    @pytest.mark.parametrize("prefix", ["100%", "100%25", "a+b", "a b", "ä/", "a&b=c", "a?x", "a#y", "<x>", "'q\""])
    def test_a_prefix_of_special_characters_is_taken_literally(
        self, store: ObjectStore, bucket: str, prefix: str
    ) -> None:
        """Nothing in a prefix is decoded, as a pattern or otherwise."""
        put_all(store, bucket, ["other", "100%-a", "100%25-a", "a+b-a", "a b-a", "ä/a", "a&b=c-a", "a?x", "a#y", "<x>"])
        store.put_object(b"content", prefix + "!", bucket)
        expected = [key for key in keys_of(store.list_objects(bucket=bucket)) if key.startswith(prefix)]
        assert prefix + "!" in expected
        assert keys_of(store.list_objects(prefix, bucket)) == expected

    def test_a_delimiter_hides_what_lies_below(self, store: ObjectStore, bucket: str) -> None:
        """list_objects with a delimiter gives the objects of one level, and no prefixes."""
        put_all(store, bucket, TREE)
        assert keys_of(store.list_objects(bucket=bucket, delimiter="/")) == ["a", "a.b", "b-5", "d"]
        assert keys_of(store.list_objects("b/", bucket, delimiter="/")) == ["b/1", "b/2"]
        assert keys_of(store.list_objects("c/", bucket, delimiter="/")) == []

    @pytest.mark.parametrize(
        ("prefix", "expected"),
        [
            ("", ["b/", "c/"]),
            ("b/", ["b/c/"]),
            ("b", ["b/"]),
            ("b/c", ["b/c/"]),
            ("b/c/", []),
            ("c/d", ["c/d/"]),
            ("a", []),
            ("x/", []),
        ],
    )
    def test_prefixes_are_what_lies_below(
        self, store: ObjectStore, bucket: str, prefix: str, expected: list[str]
    ) -> None:
        """list_prefixes gives each common prefix once, delimiter included."""
        put_all(store, bucket, TREE)
        assert list(store.list_prefixes(prefix, bucket)) == expected

    def test_prefixes_come_in_utf8_byte_order(self, store: ObjectStore, bucket: str) -> None:
        """Prefixes are ordered as keys are."""
        names = ["B/", "a/", "a.b/", "é/", "\ufffd/", "😀/"]
        put_all(store, bucket, [f"{name}{number}" for name in names for number in range(2)])
        assert list(store.list_prefixes(bucket=bucket)) == sorted(names, key=str.encode)

    @pytest.mark.parametrize("delimiter", ["-", ".", "b", "%", "+", "ä", "--"])
    def test_any_text_is_a_delimiter(self, store: ObjectStore, bucket: str, delimiter: str) -> None:
        """Delimiters are not only slashes, and may have several characters."""
        put_all(store, bucket, [f"x{delimiter}1", f"x{delimiter}2", f"y{delimiter}3", "z"])
        assert list(store.list_prefixes(bucket=bucket, delimiter=delimiter)) == [f"x{delimiter}", f"y{delimiter}"]
        assert keys_of(store.list_objects(bucket=bucket, delimiter=delimiter)) == ["z"]

    def test_a_marker_is_an_object_of_its_own_prefix(self, store: ObjectStore, bucket: str) -> None:
        """An object 'm/' is listed below the prefix 'm/', and as that prefix above it."""
        store.put_object(b"", "m/", bucket)
        put_all(store, bucket, ["m/1"])
        assert keys_of(store.list_objects("m/", bucket, delimiter="/")) == ["m/", "m/1"]
        assert list(store.list_prefixes(bucket=bucket)) == ["m/"]
        assert keys_of(store.list_objects(bucket=bucket, delimiter="/")) == []

    def test_an_encoded_slash_is_no_slash(self, store: ObjectStore, bucket: str) -> None:
        """'a%2Fb' has no delimiter in it."""
        put_all(store, bucket, ["a%2Fb", "a/b"])
        assert keys_of(store.list_objects(bucket=bucket, delimiter="/")) == ["a%2Fb"]
        assert list(store.list_prefixes(bucket=bucket)) == ["a/"]

    def test_a_listing_is_lazy(self, store: ObjectStore, bucket: str) -> None:
        """list_objects and list_prefixes return iterators, which can be left in the middle."""
        put_all(store, bucket, TREE)
        listing = store.list_objects(bucket=bucket)
        assert next(listing).key == "a"
        assert next(listing).key == "a.b"
        assert next(store.list_prefixes(bucket=bucket)) == "b/"

    def test_what_a_listing_gives_can_be_deleted_meanwhile(self, store: ObjectStore, bucket: str) -> None:
        """Deleting each key as it comes misses none."""
        put_all(store, bucket, TREE)
        for found in store.list_objects(bucket=bucket):
            store.delete_object(found.key, bucket)
        assert list(store.list_objects(bucket=bucket)) == []

    def test_a_deleted_object_is_not_listed(self, store: ObjectStore, bucket: str) -> None:
        """A listing behind a deletion no longer has the key, nor the prefix of the last key below it."""
        put_all(store, bucket, ["a/1", "b"])
        store.delete_object("a/1", bucket)
        assert keys_of(store.list_objects(bucket=bucket)) == ["b"]
        assert list(store.list_prefixes(bucket=bucket)) == []

    @pytest.mark.parametrize("method", ["list_objects", "list_prefixes", "list_page"])
    def test_an_empty_delimiter_is_refused(self, store: ObjectStore, missing_bucket: str, method: str) -> None:
        """An empty delimiter raises InvalidArgument before anything is sent."""
        with pytest.raises(InvalidArgument, match="delimiter"):
            getattr(store, method)(bucket=missing_bucket, delimiter="")

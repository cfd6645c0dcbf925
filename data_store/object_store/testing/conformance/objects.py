"""Objects: what is put is what is there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError
from datetime import timedelta

import pytest

from data_store.object_store.errors import ObjectNotFound, UnsupportedOperation
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.facts import KEYS_BELOW_OBJECTS, LISTING_BELOW_OBJECTS
from data_store.object_store.testing.helpers import random_bytes

__all__ = ["Objects"]

HEADERS = {
    "content_type": "text/csv; charset=utf-8",
    "cache_control": "max-age=60, public",
    "content_disposition": 'attachment; filename="a b.csv"',
    "content_encoding": "x-none",
    "content_language": "de, en",
}


class Objects(ConformanceGroup):
    """Objects."""

    @pytest.mark.parametrize("make", [bytes, bytearray, memoryview], ids=lambda make: str(make.__name__))
    def test_bytes_of_any_kind_are_stored(
        self, store: ObjectStore, bucket: str, make: Callable[[bytes], bytes | bytearray | memoryview]
    ) -> None:
        """bytes, bytearray and memoryview all become the object's content."""
        content = random_bytes(1000)
        store.put_object(make(content), "key", bucket)
        assert store.read_object("key", bucket) == content

    def test_an_empty_object_exists(self, store: ObjectStore, bucket: str) -> None:
        """An object of no bytes has size 0, an ETag, and reads as no bytes."""
        store.put_object(b"", "key", bucket)
        head = store.head_object("key", bucket)
        assert head.size == 0
        assert head.etag
        assert store.read_object("key", bucket) == b""

    def test_a_put_answers_with_what_was_stored(self, store: ObjectStore, bucket: str) -> None:
        """The answer has the key, the size, the ETag that a HEAD reports, and an aware UTC time."""
        answer = store.put_object(b"content", "key", bucket)
        head = store.head_object("key", bucket)
        assert (answer.key, answer.size, answer.etag) == ("key", 7, head.etag)
        assert answer.updated_time is not None
        assert answer.updated_time.utcoffset() == timedelta(0)

    def test_a_head_tells_all_but_the_content(self, store: ObjectStore, bucket: str) -> None:
        """A HEAD reports key, size, an ETag without quotes and an aware UTC time."""
        store.put_object(random_bytes(1234), "key", bucket)
        head = store.head_object("key", bucket)
        assert (head.key, head.size) == ("key", 1234)
        assert head.etag
        assert '"' not in head.etag
        assert head.updated_time is not None
        assert head.updated_time.utcoffset() == timedelta(0)

    def test_other_content_has_another_etag(self, store: ObjectStore, bucket: str) -> None:
        """The ETag changes with the content."""
        first = store.put_object(b"one", "key", bucket)
        second = store.put_object(b"two", "key", bucket)
        assert first.etag != second.etag
        assert store.head_object("key", bucket).etag == second.etag

    def test_a_put_replaces_the_whole_object(self, store: ObjectStore, bucket: str) -> None:
        """Nothing of the old object stays: neither content, nor metadata, nor headers."""
        store.put_object(b"old and longer", "key", bucket, metadata={"old": "yes"}, cache_control="no-store")
        store.put_object(b"new", "key", bucket, metadata={"new": "yes"})
        head = store.head_object("key", bucket)
        assert store.read_object("key", bucket) == b"new"
        assert head.metadata == {"new": "yes"}
        assert head.cache_control is None

    @pytest.mark.parametrize("name", HEADERS)
    def test_a_content_header_comes_back(self, store: ObjectStore, bucket: str, name: str) -> None:
        """Each content header is reported by HEAD and GET as it was given."""
        options: dict[str, str] = {name: HEADERS[name]}
        store.put_object(b"content", "key", bucket, **options)  # type: ignore[arg-type]  # the name is a parameter
        assert getattr(store.head_object("key", bucket), name) == HEADERS[name]
        with store.get_object("key", bucket) as found:
            assert getattr(found, name) == HEADERS[name]

    def test_headers_not_given_are_not_reported(self, store: ObjectStore, bucket: str) -> None:
        """What nobody set is None, not an empty text."""
        store.put_object(b"content", "key", bucket)
        head = store.head_object("key", bucket)
        assert head.cache_control is None
        assert head.content_disposition is None
        assert head.content_encoding is None
        assert head.content_language is None

    def test_the_standard_storage_class_is_taken(self, store: ObjectStore, bucket: str) -> None:
        """STANDARD, which every store has, can be named and reads back as that or as unreported."""
        store.put_object(b"content", "key", bucket, storage_class="STANDARD")
        assert store.head_object("key", bucket).storage_class in {"STANDARD", None}

    def test_a_missing_object_is_not_found(self, store: ObjectStore, bucket: str) -> None:
        """A HEAD of a key that nobody wrote raises ObjectNotFound with bucket and key."""
        with pytest.raises(ObjectNotFound) as caught:
            store.head_object("missing", bucket)
        assert (caught.value.bucket, caught.value.key) == (bucket, "missing")

    def test_exists_tells_a_key_from_none(self, store: ObjectStore, bucket: str) -> None:
        """Exists is True for a stored key and False for another."""
        store.put_object(b"", "key", bucket)
        assert store.exists("key", bucket) is True
        assert store.exists("other", bucket) is False

    @pytest.mark.parametrize("neighbour", ["foo.bar", "foo/bar", "foo ", "fo", "Foo", "foo%20"])
    def test_a_key_is_not_its_neighbour(self, store: ObjectStore, bucket: str, neighbour: str) -> None:
        """An object does not make keys exist that begin with its key, or only look like it."""
        store.put_object(b"content", neighbour, bucket)
        assert store.exists("foo", bucket) is False
        with pytest.raises(ObjectNotFound):
            store.read_object("foo", bucket)

    def test_a_key_and_keys_below_it_live_side_by_side(self, store: ObjectStore, bucket: str) -> None:
        """There are no directories: 'a', 'a/' and 'a/b' are three objects."""
        if KEYS_BELOW_OBJECTS in self.limits.lacks:
            _assert_not_side_by_side(store, bucket)
            return
        contents = {"a": b"file", "a/": b"marker", "a/b": b"below"}
        for key, content in contents.items():
            store.put_object(content, key, bucket)
        hidden = {"a/b"} if LISTING_BELOW_OBJECTS in self.limits.lacks else set()
        assert {found.key for found in store.list_objects(bucket=bucket)} == set(contents) - hidden
        assert {key: store.read_object(key, bucket) for key in contents} == contents
        store.delete_object("a", bucket)
        assert {found.key for found in store.list_objects(bucket=bucket)} == {"a/", "a/b"}

    def test_a_deleted_prefix_marker_leaves_what_is_below(self, store: ObjectStore, bucket: str) -> None:
        """Deleting 'a/' deletes that object only."""
        store.put_object(b"", "a/", bucket)
        store.put_object(b"below", "a/b", bucket)
        store.delete_object("a/", bucket)
        assert [found.key for found in store.list_objects(bucket=bucket)] == ["a/b"]

    def test_another_store_sees_a_write_at_once(
        self, store: ObjectStore, another_store: ObjectStore, bucket: str
    ) -> None:
        """What one store has written, another of the same configuration reads and lists."""
        answer = store.put_object(b"content", "key", bucket)
        assert another_store.read_object("key", bucket) == b"content"
        assert [found.etag for found in another_store.list_objects(bucket=bucket)] == [answer.etag]

    def test_models_are_frozen(self, store: ObjectStore, bucket: str) -> None:
        """What the store returns cannot be changed by mistake."""
        store.put_object(b"content", "key", bucket)
        with pytest.raises(FrozenInstanceError):
            store.head_object("key", bucket).size = 1  # type: ignore[misc]  # the assignment that must fail
        with pytest.raises(FrozenInstanceError):
            store.list_page(bucket=bucket).cursor = "x"  # type: ignore[misc]  # the assignment that must fail


def _assert_not_side_by_side(store: ObjectStore, bucket: str) -> None:
    for first, second in (("a", "a/b"), ("b/c", "b"), ("d", "d/")):
        store.put_object(b"first", first, bucket)
        with pytest.raises(UnsupportedOperation):
            store.put_object(b"", second, bucket)
        assert store.exists(second, bucket) is False
        assert store.read_object(first, bucket) == b"first"

"""Copies on the server: nothing changes but what is named."""

from __future__ import annotations

import pytest

from data_store.object_store.errors import InvalidArgument, ObjectNotFound
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.streams import copied_in_parts
from data_store.object_store.testing.helpers import assert_same_object, random_bytes

__all__ = ["Copying"]

BEFORE = {
    "content_type": "text/x-before",
    "metadata": {"name": "välue", "other": "b"},
    "cache_control": "max-age=1",
    "content_disposition": 'attachment; filename="before"',
    "content_encoding": "x-before",
    "content_language": "de",
}
AFTER = {
    "content_type": "text/x-after",
    "metadata": {"new": "ä"},
    "cache_control": "max-age=2",
    "content_disposition": "inline",
    "content_encoding": "x-after",
    "content_language": "fr",
}


class Copying(ConformanceGroup):
    """Copying."""

    @pytest.fixture
    def full(self, store: ObjectStore, bucket: str) -> str:
        """The key of a small object that has every header."""
        store.put_object(b"content", "full", bucket, **BEFORE)  # type: ignore[arg-type]  # a table of options
        return "full"

    def test_a_copy_is_the_same_object(self, store: ObjectStore, bucket: str, full: str) -> None:
        """Content, type, metadata and every header are the source's, which stays."""
        answer = store.copy_object(full, "copy", bucket, bucket)
        head = store.head_object("copy", bucket)
        assert (answer.key, answer.size, answer.etag) == ("copy", 7, head.etag)
        assert {name: getattr(head, name) for name in BEFORE} == BEFORE
        assert_same_object(store, full, "copy", bucket)

    @pytest.mark.parametrize("name", AFTER)
    def test_a_value_replaces_only_that_one(self, store: ObjectStore, bucket: str, full: str, name: str) -> None:
        """What is given is new in the copy, and all the rest is the source's."""
        store.copy_object(full, "copy", bucket, bucket, **{name: AFTER[name]})  # type: ignore[arg-type]  # a parameter
        head = store.head_object("copy", bucket)
        assert {each: getattr(head, each) for each in BEFORE} == {**BEFORE, name: AFTER[name]}
        assert store.read_object("copy", bucket) == b"content"

    def test_none_keeps_the_value_of_the_source(self, store: ObjectStore, bucket: str, full: str) -> None:
        """None is the same as leaving it out."""
        store.copy_object(full, "copy", bucket, bucket, content_type=None, metadata=None, cache_control=None)
        assert_same_object(store, full, "copy", bucket)

    def test_empty_metadata_removes_the_metadata(self, store: ObjectStore, bucket: str, full: str) -> None:
        """An empty mapping is a value: the copy has no metadata, and keeps its headers."""
        store.copy_object(full, "copy", bucket, bucket, metadata={})
        head = store.head_object("copy", bucket)
        assert (head.metadata, head.content_type) == ({}, "text/x-before")

    def test_a_copy_replaces_its_target(self, store: ObjectStore, bucket: str) -> None:
        """Nothing of the target's former content, metadata or headers stays."""
        store.put_object(b"old and longer", "target", bucket, metadata={"old": "yes"}, cache_control="no-store")
        store.put_object(b"new", "source", bucket)
        store.copy_object("source", "target", bucket, bucket)
        head = store.head_object("target", bucket)
        assert (head.metadata, head.cache_control) == ({}, None)
        assert store.read_object("target", bucket) == b"new"

    def test_a_copy_is_no_alias(self, store: ObjectStore, bucket: str) -> None:
        """Replacing or deleting the source leaves the copy, and the other way round."""
        store.put_object(b"content", "source", bucket)
        store.copy_object("source", "copy", bucket, bucket)
        store.put_object(b"other", "source", bucket)
        assert store.read_object("copy", bucket) == b"content"
        store.delete_object("source", bucket)
        assert store.read_object("copy", bucket) == b"content"
        store.copy_object("copy", "second", bucket, bucket)
        store.delete_object("copy", bucket)
        assert store.read_object("second", bucket) == b"content"

    def test_a_copy_goes_to_another_bucket(self, store: ObjectStore, bucket: str, other_bucket: str, full: str) -> None:
        """A copy crosses buckets with everything it has."""
        store.copy_object(full, full, bucket, other_bucket)
        assert_same_object(store, full, full, bucket, b_bucket=other_bucket)

    @pytest.mark.parametrize("name", AFTER)
    def test_an_object_is_changed_by_a_copy_onto_itself(
        self, store: ObjectStore, bucket: str, full: str, name: str
    ) -> None:
        """A copy onto itself changes what is given and keeps the rest, the content first of all."""
        store.copy_object(full, full, bucket, bucket, **{name: AFTER[name]})  # type: ignore[arg-type]  # a parameter
        head = store.head_object(full, bucket)
        assert {each: getattr(head, each) for each in BEFORE} == {**BEFORE, name: AFTER[name]}
        assert store.read_object(full, bucket) == b"content"

    def test_a_copy_onto_itself_without_changes_keeps_everything(
        self, store: ObjectStore, bucket: str, full: str
    ) -> None:
        """Copied onto itself with nothing given, an object stays as it is."""
        store.copy_object(full, full, bucket, bucket)
        head = store.head_object(full, bucket)
        assert {name: getattr(head, name) for name in BEFORE} == BEFORE
        assert store.read_object(full, bucket) == b"content"

    def test_an_empty_object_is_copied(self, store: ObjectStore, bucket: str) -> None:
        """An object of no bytes is copied like any other."""
        store.put_object(b"", "empty", bucket, metadata={"a": "b"})
        store.copy_object("empty", "copy", bucket, bucket)
        assert_same_object(store, "empty", "copy", bucket)

    def test_a_large_object_is_copied_with_everything(self, store: ObjectStore, bucket: str) -> None:
        """An object that is copied in parts keeps content, type, metadata and headers."""
        content = random_bytes(copied_in_parts(store))
        store.put_object(content, "large", bucket, **BEFORE)  # type: ignore[arg-type]  # a table of options
        answer = store.copy_object("large", "copy", bucket, bucket)
        assert answer.size == len(content)
        assert_same_object(store, "large", "copy", bucket)

    @pytest.mark.parametrize(("name", "value"), [*AFTER.items(), ("metadata", {})], ids=lambda value: str(value)[:20])
    def test_a_value_replaces_only_that_one_in_a_large_copy(
        self, store: ObjectStore, bucket: str, name: str, value: object
    ) -> None:
        """Large or small, a copy changes only what is given."""
        store.put_object(bytes(copied_in_parts(store)), "large", bucket, **BEFORE)  # type: ignore[arg-type]
        store.copy_object("large", "copy", bucket, bucket, **{name: value})  # type: ignore[arg-type]  # a parameter
        head = store.head_object("copy", bucket)
        assert {each: getattr(head, each) for each in BEFORE} == {**BEFORE, name: value}

    def test_copying_a_missing_object_keeps_the_target(self, store: ObjectStore, bucket: str) -> None:
        """A missing source raises ObjectNotFound with the source's key, and the target stays."""
        store.put_object(b"kept", "target", bucket)
        with pytest.raises(ObjectNotFound) as caught:
            store.copy_object("missing", "target", bucket, bucket)
        assert (caught.value.bucket, caught.value.key) == (bucket, "missing")
        assert store.read_object("target", bucket) == b"kept"

    @pytest.mark.parametrize("key", ["a b", "a+b", "a%20b", "a%2Fb", "ä/😀", "a?b#c", "a&b=c", "a'b\"c"])
    def test_a_source_of_special_characters_is_copied(self, store: ObjectStore, bucket: str, key: str) -> None:
        """The source's key travels in a header, where it arrives as it is."""
        store.put_object(b"content", key, bucket)
        store.copy_object(key, "copy", bucket, bucket)
        assert store.read_object("copy", bucket) == b"content"

    def test_a_change_that_cannot_travel_is_refused(self, store: ObjectStore, bucket: str) -> None:
        """Options of a copy are checked as those of an upload."""
        store.put_object(b"content", "key", bucket)
        with pytest.raises(InvalidArgument, match="token"):
            store.copy_object("key", "copy", bucket, bucket, metadata={"sp ace": "value"})
        with pytest.raises(InvalidArgument, match="content_type"):
            store.copy_object("key", "copy", bucket, bucket, content_type="a\nb")
        assert store.exists("copy", bucket) is False

"""Moves: the copy is there before the source goes."""

from __future__ import annotations

import pytest

from data_store.object_store.errors import ObjectNotFound, UnsupportedOperation
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.streams import large_size
from data_store.object_store.testing.facts import KEYS_BELOW_OBJECTS
from data_store.object_store.testing.helpers import random_bytes

__all__ = ["Moving"]


class Moving(ConformanceGroup):
    """Moving."""

    def test_a_moved_object_is_there_and_not_here(self, store: ObjectStore, bucket: str) -> None:
        """The target has content, type and metadata; the source is gone."""
        store.put_object(b"content", "source", bucket, content_type="text/x-own", metadata={"a": "b"})
        answer = store.move_object("source", "target", bucket, bucket)
        head = store.head_object("target", bucket)
        assert (answer.key, answer.size, answer.etag) == ("target", 7, head.etag)
        assert (head.content_type, head.metadata) == ("text/x-own", {"a": "b"})
        assert store.read_object("target", bucket) == b"content"
        assert store.exists("source", bucket) is False

    def test_a_move_replaces_its_target(self, store: ObjectStore, bucket: str) -> None:
        """A move to a key that is taken replaces that object wholly."""
        store.put_object(b"old", "target", bucket, metadata={"old": "yes"})
        store.put_object(b"new", "source", bucket)
        store.move_object("source", "target", bucket, bucket)
        assert store.read_object("target", bucket) == b"new"
        assert store.head_object("target", bucket).metadata == {}
        assert [found.key for found in store.list_objects(bucket=bucket)] == ["target"]

    def test_moving_a_missing_object_keeps_the_target(self, store: ObjectStore, bucket: str) -> None:
        """A missing source raises ObjectNotFound, and the target stays."""
        store.put_object(b"kept", "target", bucket)
        with pytest.raises(ObjectNotFound) as caught:
            store.move_object("missing", "target", bucket, bucket)
        assert caught.value.key == "missing"
        assert store.read_object("target", bucket) == b"kept"

    def test_an_object_moved_onto_itself_stays(self, store: ObjectStore, bucket: str) -> None:
        """A move that goes nowhere deletes nothing."""
        store.put_object(b"content", "key", bucket, metadata={"a": "b"})
        store.move_object("key", "key", bucket, bucket)
        assert store.read_object("key", bucket) == b"content"
        assert store.head_object("key", bucket).metadata == {"a": "b"}

    def test_a_move_crosses_buckets(self, store: ObjectStore, bucket: str, other_bucket: str) -> None:
        """The same key in another bucket is another place."""
        store.put_object(b"content", "key", bucket)
        store.move_object("key", "key", bucket, other_bucket)
        assert store.exists("key", bucket) is False
        assert store.read_object("key", other_bucket) == b"content"

    def test_a_move_changes_what_is_given(self, store: ObjectStore, bucket: str) -> None:
        """A move takes the options of a copy."""
        store.put_object(b"content", "source", bucket, content_type="text/x-old", metadata={"a": "b"})
        store.move_object("source", "target", bucket, bucket, content_type="text/x-new")
        head = store.head_object("target", bucket)
        assert (head.content_type, head.metadata) == ("text/x-new", {"a": "b"})

    def test_a_move_leaves_the_neighbours(self, store: ObjectStore, bucket: str) -> None:
        """Keys that begin with the source's stay where they are."""
        neighbours = ["a.b", "ab"] if KEYS_BELOW_OBJECTS in self.limits.lacks else ["a.b", "a/b", "ab"]
        for key in ("a", *neighbours):
            store.put_object(key.encode(), key, bucket)
        store.move_object("a", "z", bucket, bucket)
        assert [found.key for found in store.list_objects(bucket=bucket)] == [*neighbours, "z"]

    def test_a_move_below_its_own_key_is_a_move(self, store: ObjectStore, bucket: str) -> None:
        """'a' can become 'a/b': there are no directories in the way; where there are, it stays 'a'."""
        store.put_object(b"content", "a", bucket)
        if KEYS_BELOW_OBJECTS in self.limits.lacks:
            with pytest.raises(UnsupportedOperation):
                store.move_object("a", "a/b", bucket, bucket)
            assert [found.key for found in store.list_objects(bucket=bucket)] == ["a"]
            return
        store.move_object("a", "a/b", bucket, bucket)
        assert [found.key for found in store.list_objects(bucket=bucket)] == ["a/b"]
        assert store.read_object("a/b", bucket) == b"content"

    def test_a_large_object_is_moved_whole(self, store: ObjectStore, bucket: str) -> None:
        """An object that is copied in parts is moved as well."""
        content = random_bytes(large_size(store))
        store.put_object(content, "source", bucket, metadata={"a": "b"})
        store.move_object("source", "target", bucket, bucket)
        assert store.read_object("target", bucket) == content
        assert store.head_object("target", bucket).metadata == {"a": "b"}
        assert store.exists("source", bucket) is False

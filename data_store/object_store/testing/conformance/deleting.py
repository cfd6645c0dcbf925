"""Deletions: what is missing is deleted already."""

from __future__ import annotations

import pytest

from data_store.object_store.errors import InvalidArgument
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.facts import KEYS_BELOW_OBJECTS

__all__ = ["Deleting"]

SPECIAL = ["a b", "a+b", "a%2Fb", "a/b", "<a>&\"'", "ä", "😀", "a\nb", "a?b#c", "]]>", "a/"]


class Deleting(ConformanceGroup):
    """Deleting."""

    @pytest.mark.parametrize("method", ["delete_object", "delete_file"])
    def test_a_deleted_object_is_gone(self, store: ObjectStore, bucket: str, method: str) -> None:
        """The object is gone, and the answer names the key without an error."""
        store.put_object(b"content", "key", bucket)
        outcome = getattr(store, method)("key", bucket)
        assert (outcome.key, outcome.error) == ("key", None)
        assert store.exists("key", bucket) is False

    @pytest.mark.parametrize("method", ["delete_object", "delete_file"])
    def test_deleting_what_is_missing_succeeds(self, store: ObjectStore, bucket: str, method: str) -> None:
        """A key that was never there, or is deleted twice, is no error."""
        assert getattr(store, method)("missing", bucket).key == "missing"
        store.put_object(b"content", "key", bucket)
        for _ in range(2):
            assert getattr(store, method)("key", bucket).error is None

    def test_a_deletion_leaves_the_neighbours(self, store: ObjectStore, bucket: str) -> None:
        """Only that very key goes."""
        keys = ["foo", "foo.bar", "foo/", "foo/bar", "Foo", "fo"]
        if KEYS_BELOW_OBJECTS in self.limits.lacks:
            keys = [key for key in keys if not key.startswith("foo/")]
        for key in keys:
            store.put_object(b"content", key, bucket)
        store.delete_object("foo", bucket)
        assert {found.key for found in store.list_objects(bucket=bucket)} == set(keys) - {"foo"}

    def test_many_objects_are_deleted_in_order(self, store: ObjectStore, bucket: str) -> None:
        """The answer has one entry for each key, in the order given, missing ones included."""
        for key in ("a", "b", "c", "kept"):
            store.put_object(b"content", key, bucket)
        outcomes = store.delete_objects(["c", "missing", "a", "b"], bucket)
        assert [outcome.key for outcome in outcomes] == ["c", "missing", "a", "b"]
        assert [outcome.error for outcome in outcomes] == [None] * 4
        assert [found.key for found in store.list_objects(bucket=bucket)] == ["kept"]

    def test_a_quiet_deletion_returns_failures_only(self, store: ObjectStore, bucket: str) -> None:
        """With quiet=True an answer without failures is empty, and the objects are gone."""
        for key in ("a", "b"):
            store.put_object(b"content", key, bucket)
        assert store.delete_objects(["a", "b", "missing"], bucket, quiet=True) == []
        assert list(store.list_objects(bucket=bucket)) == []

    def test_no_keys_delete_nothing(self, store: ObjectStore, bucket: str) -> None:
        """An empty list is allowed, and does nothing."""
        store.put_object(b"content", "key", bucket)
        assert store.delete_objects([], bucket) == []
        assert store.exists("key", bucket) is True

    def test_keys_come_from_any_iterable(self, store: ObjectStore, bucket: str) -> None:
        """A generator of keys is taken, also one that lists what it deletes."""
        for key in ("a", "b", "c"):
            store.put_object(b"content", key, bucket)
        outcomes = store.delete_objects((found.key for found in store.list_objects(bucket=bucket)), bucket)
        assert [outcome.key for outcome in outcomes] == ["a", "b", "c"]
        assert list(store.list_objects(bucket=bucket)) == []

    def test_keys_of_special_characters_are_deleted_together(self, store: ObjectStore, bucket: str) -> None:
        """Whatever the request's format makes of markup, spaces and newlines: every key goes, and no other."""
        special = [key for key in SPECIAL if not self.limits.refusal(key)]
        for key in (*special, "kept"):
            store.put_object(b"content", key, bucket)
        outcomes = store.delete_objects(special, bucket)
        assert [(outcome.key, outcome.error) for outcome in outcomes] == [(key, None) for key in special]
        assert [found.key for found in store.list_objects(bucket=bucket)] == ["kept"]

    def test_a_key_named_twice_is_deleted_once(self, store: ObjectStore, bucket: str) -> None:
        """A key that is there twice has two entries in the answer, without an error."""
        store.put_object(b"content", "key", bucket)
        outcomes = store.delete_objects(["key", "key"], bucket)
        assert [(outcome.key, outcome.error) for outcome in outcomes] == [("key", None), ("key", None)]
        assert store.exists("key", bucket) is False

    @pytest.mark.parametrize("keys", ["key", b"key"])
    def test_one_key_is_no_list_of_keys(self, store: ObjectStore, bucket: str, keys: object) -> None:
        """A text, which is an iterable of its letters, is refused."""
        store.put_object(b"content", "k", bucket)
        with pytest.raises(InvalidArgument, match="keys"):
            store.delete_objects(keys, bucket)  # type: ignore[arg-type]  # the mistake under test
        assert store.exists("k", bucket) is True

    def test_one_bad_key_of_a_list_deletes_nothing(self, store: ObjectStore, bucket: str) -> None:
        """A list is checked before the first key is deleted."""
        store.put_object(b"content", "key", bucket)
        with pytest.raises(InvalidArgument):
            store.delete_objects(["key", ""], bucket)
        assert store.exists("key", bucket) is True

    def test_a_deleted_key_can_be_written_again(self, store: ObjectStore, bucket: str) -> None:
        """Nothing of the deleted object comes back with the new one."""
        store.put_object(b"old", "key", bucket, metadata={"old": "yes"})
        store.delete_object("key", bucket)
        store.put_object(b"new", "key", bucket)
        assert store.read_object("key", bucket) == b"new"
        assert store.head_object("key", bucket).metadata == {}

"""Buckets: made once, listed by name, deleted when empty."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from data_store.object_store.errors import (
    AlreadyExists,
    BucketNotEmpty,
    BucketNotFound,
    InvalidArgument,
)
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.facts import KEYS_BELOW_OBJECTS

__all__ = ["Buckets"]

NewName = Callable[[], str]


class Buckets(ConformanceGroup):
    """Buckets."""

    def test_a_new_bucket_is_listed_and_exists(self, store: ObjectStore, new_bucket_name: NewName) -> None:
        """What create_bucket made is found by list_buckets and bucket_exists."""
        name = new_bucket_name()
        store.create_bucket(name)
        assert name in [found.name for found in store.list_buckets()]
        assert store.bucket_exists(name) is True

    def test_create_bucket_returns_the_bucket(self, store: ObjectStore, new_bucket_name: NewName) -> None:
        """The answer of create_bucket carries the name."""
        name = new_bucket_name()
        assert store.create_bucket(name).name == name

    def test_a_bucket_never_made_does_not_exist(self, store: ObjectStore, missing_bucket: str) -> None:
        """A bucket that nobody made neither exists nor is listed."""
        assert store.bucket_exists(missing_bucket) is False
        assert missing_bucket not in [found.name for found in store.list_buckets()]

    def test_buckets_are_listed_by_name(self, store: ObjectStore, new_bucket_name: NewName) -> None:
        """Whatever the order of creation, the list is sorted by name."""
        names = sorted((new_bucket_name() for _ in range(3)), reverse=True)
        for name in names:
            store.create_bucket(name)
        listed = [found.name for found in store.list_buckets()]
        assert listed == sorted(listed)
        assert set(names) <= set(listed)

    def test_the_time_of_a_bucket_is_aware_utc(self, store: ObjectStore, bucket: str) -> None:
        """A bucket's created_time is in UTC, or None where the server does not say."""
        times = [found.created_time for found in store.list_buckets() if found.name == bucket]
        assert len(times) == 1
        assert times[0] is None or times[0].utcoffset() == timedelta(0)

    def test_creating_a_bucket_twice_is_an_error_and_keeps_its_objects(self, store: ObjectStore, bucket: str) -> None:
        """The second creation raises AlreadyExists, and the bucket stays as it was."""
        store.put_object(b"kept", "key", bucket)
        with pytest.raises(AlreadyExists) as caught:
            store.create_bucket(bucket)
        assert caught.value.bucket == bucket
        assert store.read_object("key", bucket) == b"kept"

    def test_a_deleted_bucket_is_gone(self, store: ObjectStore, other_bucket: str) -> None:
        """After delete_bucket the bucket is not found, also by a store that has used it before."""
        store.put_object(b"content", "key", other_bucket)
        store.delete_object("key", other_bucket)
        store.delete_bucket(other_bucket)
        assert store.bucket_exists(other_bucket) is False
        with pytest.raises(BucketNotFound):
            store.head_object("key", other_bucket)

    def test_a_deleted_bucket_can_be_made_again_and_is_empty(self, store: ObjectStore, other_bucket: str) -> None:
        """A bucket made anew has none of the objects of the one before."""
        store.put_object(b"old", "key", other_bucket)
        store.delete_bucket(other_bucket, force=True)
        store.create_bucket(other_bucket)
        assert list(store.list_objects(bucket=other_bucket)) == []

    def test_a_bucket_with_objects_is_not_deleted(self, store: ObjectStore, bucket: str) -> None:
        """Deleting a bucket that holds an object raises BucketNotEmpty and deletes nothing."""
        store.put_object(b"kept", "key", bucket)
        with pytest.raises(BucketNotEmpty) as caught:
            store.delete_bucket(bucket)
        assert caught.value.bucket == bucket
        assert store.read_object("key", bucket) == b"kept"

    def test_a_forced_deletion_takes_the_objects_along(self, store: ObjectStore, other_bucket: str) -> None:
        """With force=True a bucket goes with everything in it."""
        for key in ("a", "b/c", "b/d/e"):
            store.put_object(b"content", key, other_bucket)
        store.delete_bucket(other_bucket, force=True)
        assert store.bucket_exists(other_bucket) is False

    def test_a_forced_deletion_takes_along_what_lies_below_an_object(
        self, store: ObjectStore, other_bucket: str
    ) -> None:
        """Also where 'a/b' is listed only once 'a' is gone."""
        keys = ["a/b/c"] if KEYS_BELOW_OBJECTS in self.limits.lacks else ["a", "a/b", "a/b/c"]
        for key in keys:
            store.put_object(b"content", key, other_bucket)
        store.delete_bucket(other_bucket, force=True)
        assert store.bucket_exists(other_bucket) is False

    @pytest.mark.parametrize("force", [False, True])
    def test_deleting_a_missing_bucket_is_an_error(self, store: ObjectStore, missing_bucket: str, force: bool) -> None:
        """A bucket that does not exist cannot be deleted, forced or not."""
        with pytest.raises(BucketNotFound) as caught:
            store.delete_bucket(missing_bucket, force=force)
        assert caught.value.bucket == missing_bucket

    def test_a_bucket_keeps_its_keys_to_itself(self, store: ObjectStore, bucket: str, other_bucket: str) -> None:
        """The same key in two buckets is two objects."""
        store.put_object(b"one", "key", bucket)
        store.put_object(b"two", "key", other_bucket)
        store.delete_object("key", other_bucket)
        assert store.read_object("key", bucket) == b"one"
        assert store.exists("key", other_bucket) is False

    @pytest.mark.parametrize(
        "name",
        [
            "",
            "ab",
            "a" * 64,
            "Upper-Case",
            "under_score",
            "two..dots",
            "-dash-first",
            "dash-last-",
            "dot.-dash",
            "192.168.5.4",
            "xn--reserved",
            "reserved-s3alias",
            "sp ace",
            "slash/es",
            "ümlaut",
        ],
    )
    def test_an_invalid_name_is_refused_on_creation(self, store: ObjectStore, name: str) -> None:
        """Names that break a rule of S3 raise InvalidArgument and make no bucket."""
        with pytest.raises(InvalidArgument, match="bucket"):
            store.create_bucket(name)
        assert name not in [found.name for found in store.list_buckets()]

    @pytest.mark.parametrize("ending", ["x" * 35, ".with.dots", "-with-dashes", "0123"])
    def test_an_unusual_valid_name_is_taken(self, store: ObjectStore, new_bucket_name: NewName, ending: str) -> None:
        """A name of 63 characters, and one with dots, make buckets that hold objects."""
        name = new_bucket_name() + ending
        store.create_bucket(name)
        try:
            store.put_object(b"content", "key", name)
            assert store.read_object("key", name) == b"content"
        finally:
            store.delete_bucket(name, force=True)

"""Many objects at once: in order, each with its own outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from data_store.object_store.capabilities import SupportsTags
from data_store.object_store.errors import BucketNotFound, InvalidArgument, ObjectNotFound
from data_store.object_store.models import ObjectResult
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.needs import needs

__all__ = ["Bulk"]

MANY = 2500
KEYS = [f"many/{number:05}" for number in range(MANY)]


class Bulk(ConformanceGroup):
    """Many objects at once."""

    def test_thousands_are_copied_looked_at_and_deleted(self, store: ObjectStore, bucket: str) -> None:
        """2,500 objects, more than two batches: each has its outcome, in order, from a generator too."""
        store.put_object(b"content", "one", bucket, metadata={"a": "b"})
        copies = store.copy_objects((("one", key) for key in KEYS), bucket, bucket)
        assert [(each.key, each.error) for each in copies] == [(key, None) for key in KEYS]
        found = list(store.head_objects(iter(KEYS), bucket))
        assert [(each.key, each.error) for each in found] == [(key, None) for key in KEYS]
        assert {(each.metadata.size, str(each.metadata.metadata)) for each in found if each.metadata} == {
            (7, "{'a': 'b'}")
        }
        outcomes = store.delete_objects((key for key in KEYS), bucket)
        assert [(each.key, each.error) for each in outcomes] == [(key, None) for key in KEYS]
        assert [each.key for each in store.list_objects(bucket=bucket)] == ["one"]

    def test_many_heads_tell_what_is_missing(self, store: ObjectStore, bucket: str) -> None:
        """A key that is not there has ObjectNotFound as its error, and the others their metadata."""
        for key in ("a", "c"):
            written = store.put_object(b"content", key, bucket, metadata={"of": key})
        found = list(store.head_objects(["a", "b", "c", "a"], bucket))
        assert [each.key for each in found] == ["a", "b", "c", "a"]
        assert [type(each.error) for each in found] == [type(None), ObjectNotFound, type(None), type(None)]
        assert [each.metadata and each.metadata.metadata for each in found] == [
            {"of": "a"},
            None,
            {"of": "c"},
            {"of": "a"},
        ]
        assert found[2].metadata is not None
        assert found[2].metadata.etag == written.etag

    def test_many_heads_are_lazy(self, store: ObjectStore, bucket: str) -> None:
        """Keys are read as the answers are, so that there may be more of them than anybody can hold."""
        store.put_object(b"content", "key", bucket)
        read: list[int] = []

        def endless() -> Iterator[str]:
            while True:
                read.append(1)
                yield "key"

        found = store.head_objects(endless(), bucket)
        assert [next(found).key for _ in range(3)] == ["key"] * 3
        assert len(read) < 1000

    def test_many_copies_tell_what_failed(self, store: ObjectStore, bucket: str) -> None:
        """A missing source is the error of its copy, named by the target; the others are made."""
        store.put_object(b"content", "one", bucket)
        results = store.copy_objects([("one", "a"), ("missing", "b"), ("one", "c")], bucket, bucket)
        assert [each.key for each in results] == ["a", "b", "c"]
        assert [type(each.error) for each in results] == [type(None), ObjectNotFound, type(None)]
        assert results[0].metadata is not None
        assert [each.key for each in store.list_objects(bucket=bucket)] == ["a", "c", "one"]

    def test_quiet_copies_return_failures_only(self, store: ObjectStore, bucket: str) -> None:
        """With quiet=True the answer has what went wrong, and nothing else."""
        store.put_object(b"content", "one", bucket)
        results = store.copy_objects([("one", "a"), ("missing", "b")], bucket, bucket, quiet=True)
        assert [each.key for each in results] == ["b"]
        assert store.copy_objects([("one", "c")], bucket, bucket, quiet=True) == []
        assert store.exists("c", bucket) is True

    def test_many_copies_cross_buckets_and_change(self, store: ObjectStore, bucket: str, other_bucket: str) -> None:
        """What is given is new in every copy, and the rest is each source's."""
        for key in ("a", "b"):
            store.put_object(key.encode(), key, bucket, metadata={"of": key})
        store.copy_objects([("a", "x/a"), ("b", "x/b")], bucket, other_bucket, content_type="text/x-new")
        for key in ("a", "b"):
            head = store.head_object(f"x/{key}", other_bucket)
            assert (head.content_type, head.metadata) == ("text/x-new", {"of": key})
            assert store.read_object(f"x/{key}", other_bucket) == key.encode()

    @needs(SupportsTags)
    def test_many_copies_keep_tags(self, store: ObjectStore, bucket: str) -> None:
        """As a single copy does."""
        store.put_object(b"content", "one", bucket, tags={"a": "b"})
        store.copy_objects([("one", "copy")], bucket, bucket)
        assert store.get_tags("copy", bucket) == {"a": "b"}

    def test_nothing_is_many(self, store: ObjectStore, bucket: str) -> None:
        """Empty input is allowed, and does nothing."""
        assert list(store.head_objects([], bucket)) == []
        assert store.copy_objects([], bucket, bucket) == []
        assert store.delete_objects(iter([]), bucket, quiet=True) == []
        assert list(store.list_objects(bucket=bucket)) == []

    def test_one_bad_pair_copies_nothing(self, store: ObjectStore, bucket: str) -> None:
        """A list is checked before the first copy is made."""
        store.put_object(b"content", "one", bucket)
        with pytest.raises(InvalidArgument):
            store.copy_objects([("one", "a"), ("one", "")], bucket, bucket)
        assert store.exists("a", bucket) is False

    def test_many_in_a_missing_bucket(self, store: ObjectStore, bucket: str, missing_bucket: str) -> None:
        """A bucket that does not exist is an error of the call or of every key, but never silence."""
        store.put_object(b"content", "one", bucket)
        with pytest.raises(BucketNotFound):
            store.delete_objects(["a", "b"], missing_bucket)
        for results in (
            _outcomes(lambda: list(store.head_objects(["a", "b"], missing_bucket))),
            _outcomes(lambda: store.copy_objects([("one", "a"), ("one", "b")], bucket, missing_bucket)),
        ):
            assert results
            assert all(isinstance(error, BucketNotFound) for error in results)
        assert store.bucket_exists(missing_bucket) is False


def _outcomes(do: Callable[[], list[ObjectResult]]) -> list[object]:
    try:
        return [each.error for each in do()]
    except BucketNotFound as error:
        return [error]

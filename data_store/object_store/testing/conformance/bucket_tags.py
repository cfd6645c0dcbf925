"""Tags of buckets."""

from __future__ import annotations

from typing import ClassVar

import pytest

from data_store.object_store.capabilities import SupportsBucketTags
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup

__all__ = ["BucketTags"]


class BucketTags(ConformanceGroup):
    """Tags of buckets."""

    capability: ClassVar[type | None] = SupportsBucketTags

    def test_a_new_bucket_has_no_tags(self, store: ObjectStore, other_bucket: str) -> None:
        """get_bucket_tags returns an empty dict."""
        assert store.get_bucket_tags(other_bucket) == {}

    @pytest.mark.parametrize("count", [1, 50])
    def test_bucket_tags_come_back_as_they_were_set(self, store: ObjectStore, other_bucket: str, count: int) -> None:
        """Up to 50 tags are kept, and the bucket keeps its objects."""
        tags = {f"key {number}": f"value/{number}" for number in range(count)}
        store.put_object(b"content", "key", other_bucket)
        store.set_bucket_tags(tags, other_bucket)
        assert store.get_bucket_tags(other_bucket) == tags
        assert store.read_object("key", other_bucket) == b"content"

    def test_setting_bucket_tags_replaces_them_all(self, store: ObjectStore, other_bucket: str) -> None:
        """None of the former tags is left."""
        store.set_bucket_tags({"old": "1", "both": "1"}, other_bucket)
        store.set_bucket_tags({"both": "2", "new": "2"}, other_bucket)
        assert store.get_bucket_tags(other_bucket) == {"both": "2", "new": "2"}

    def test_bucket_tags_are_removed(self, store: ObjectStore, other_bucket: str) -> None:
        """delete_bucket_tags leaves none, also where there are none, and the bucket stays with its objects."""
        store.put_object(b"content", "key", other_bucket)
        store.set_bucket_tags({"a": "b"}, other_bucket)
        for _ in range(2):
            store.delete_bucket_tags(other_bucket)
            assert store.get_bucket_tags(other_bucket) == {}
        assert store.read_object("key", other_bucket) == b"content"

    def test_an_empty_bucket_survives_the_removal_of_its_tags(self, store: ObjectStore, other_bucket: str) -> None:
        """A server that takes the request for the deletion of the bucket would have nothing to hold it back."""
        store.set_bucket_tags({"a": "b"}, other_bucket)
        store.delete_bucket_tags(other_bucket)
        assert store.bucket_exists(other_bucket) is True

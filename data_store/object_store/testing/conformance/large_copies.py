"""Copies in parts: as small ones, of any size, and nothing left behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from data_store.object_store.capabilities import SupportsMultipart, SupportsTags
from data_store.object_store.errors import BucketNotFound, ObjectNotFound, PreconditionFailed
from data_store.object_store.models import Condition, MultipartUpload, UploadOptions
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.needs import needs
from data_store.object_store.testing.conformance.streams import copied_in_parts
from data_store.object_store.testing.helpers import assert_same_object, random_bytes

__all__ = ["LargeCopies"]

OPTIONS: UploadOptions = {"content_type": "text/x-large", "metadata": {"name": "välue"}, "cache_control": "max-age=1"}


def _under_way(store: ObjectStore, bucket: str) -> list[MultipartUpload]:
    """Return the uploads that somebody has left behind; an adapter without uploads leaves none."""
    if not isinstance(store.client, SupportsMultipart):
        return []
    return list(store.list_multipart_uploads(bucket=bucket))


class LargeCopies(ConformanceGroup):
    """Large copies."""

    @pytest.fixture
    def in_parts(self, store: ObjectStore, bucket: str) -> Iterator[str]:
        """The key of an object that is copied in several parts; no upload is left when the test has ended."""
        content = random_bytes(2 * copied_in_parts(store) + 17)
        store.put_object(content, "in-parts", bucket, **OPTIONS)
        yield "in-parts"
        assert _under_way(store, bucket) == []

    def test_a_copy_in_parts_is_the_same_object(self, store: ObjectStore, bucket: str, in_parts: str) -> None:
        """Content and every header are the source's, in another bucket too, and no upload is left."""
        answer = store.copy_object(in_parts, "copy", bucket, bucket)
        head = store.head_object("copy", bucket)
        assert (answer.key, answer.size, answer.etag) == ("copy", head.size, head.etag)
        assert_same_object(store, in_parts, "copy", bucket)
        assert _under_way(store, bucket) == []

    def test_a_copy_in_parts_crosses_buckets(
        self, store: ObjectStore, bucket: str, other_bucket: str, in_parts: str
    ) -> None:
        """So is one to another bucket."""
        store.copy_object(in_parts, "copy", bucket, other_bucket)
        assert_same_object(store, in_parts, "copy", bucket, b_bucket=other_bucket)
        assert _under_way(store, other_bucket) == []

    def test_a_large_object_is_changed_by_a_copy_onto_itself(
        self, store: ObjectStore, bucket: str, in_parts: str
    ) -> None:
        """Content and the rest stay, what is given is new."""
        content = store.read_object(in_parts, bucket)
        store.copy_object(in_parts, in_parts, bucket, bucket, metadata={"new": "1"})
        head = store.head_object(in_parts, bucket)
        assert (head.metadata, head.content_type, head.cache_control) == ({"new": "1"}, "text/x-large", "max-age=1")
        assert store.read_object(in_parts, bucket) == content
        assert _under_way(store, bucket) == []

    def test_a_large_object_is_moved(self, store: ObjectStore, bucket: str, in_parts: str) -> None:
        """The source goes once the copy is there, with everything."""
        content = store.read_object(in_parts, bucket)
        store.move_object(in_parts, "moved", bucket, bucket)
        assert store.exists(in_parts, bucket) is False
        assert store.read_object("moved", bucket) == content
        assert store.head_object("moved", bucket).metadata == {"name": "välue"}
        assert _under_way(store, bucket) == []

    @needs(SupportsTags)
    def test_a_large_move_takes_the_tags_along(self, store: ObjectStore, bucket: str, in_parts: str) -> None:
        """Tags travel with parts, too."""
        store.set_tags(in_parts, {"a": "b c"}, bucket)
        store.move_object(in_parts, "moved", bucket, bucket)
        assert store.get_tags("moved", bucket) == {"a": "b c"}

    def test_a_large_copy_to_a_missing_bucket_leaves_nothing(
        self, store: ObjectStore, bucket: str, missing_bucket: str, in_parts: str
    ) -> None:
        """BucketNotFound names it, the source stays, and nothing is under way."""
        assert _under_way(store, bucket) == []
        with pytest.raises(BucketNotFound) as caught:
            store.move_object(in_parts, "moved", bucket, missing_bucket)
        assert caught.value.bucket == missing_bucket
        assert store.exists(in_parts, bucket) is True
        assert store.bucket_exists(missing_bucket) is False

    @needs(Condition.COPY)
    def test_a_large_copy_that_may_not_replace_leaves_nothing(
        self, store: ObjectStore, bucket: str, in_parts: str
    ) -> None:
        """PreconditionFailed keeps the target, and the parts that were copied are dropped."""
        store.put_object(b"kept", "taken", bucket)
        with pytest.raises(PreconditionFailed):
            store.copy_object(in_parts, "taken", bucket, bucket, if_none_match="*")
        assert store.read_object("taken", bucket) == b"kept"
        assert _under_way(store, bucket) == []

    def test_large_copies_of_many_tell_what_failed(self, store: ObjectStore, bucket: str, in_parts: str) -> None:
        """copy_objects copies in parts as well; a missing source is the error of its copy alone."""
        results = store.copy_objects([(in_parts, "a"), ("missing", "b"), (in_parts, "c")], bucket, bucket)
        assert [type(each.error) for each in results] == [type(None), ObjectNotFound, type(None)]
        assert_same_object(store, in_parts, "a", bucket)
        assert_same_object(store, in_parts, "c", bucket)
        assert _under_way(store, bucket) == []

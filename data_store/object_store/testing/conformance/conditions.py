"""Conditions on reads and writes (RFC 9110, section 13)."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from data_store.object_store.capabilities import SupportsMultipart, SupportsVersioning
from data_store.object_store.errors import (
    InvalidArgument,
    NotModified,
    ObjectNotFound,
    PreconditionFailed,
    UnsupportedOperation,
)
from data_store.object_store.models import Condition
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.needs import lacking, needs
from data_store.object_store.testing.conformance.streams import large_size
from data_store.object_store.testing.facts import CONDITIONS_WITH_VERSIONS, Fact
from data_store.object_store.testing.helpers import random_bytes

__all__ = ["Conditions"]


def _etag(store: ObjectStore, bucket: str) -> str:
    etag = store.head_object("key", bucket).etag
    assert etag
    return etag


class Conditions(ConformanceGroup):
    """Conditions."""

    def _lacks_any(self, store: ObjectStore, *facts: Fact) -> bool:
        return any(lacking(self, store, fact) is not None for fact in facts)

    @needs(Condition.PUT)
    def test_a_write_only_if_absent_makes_the_object(self, store: ObjectStore, bucket: str) -> None:
        """if_none_match="*" is no obstacle where there is no object."""
        store.put_object(b"new", "key", bucket, if_none_match="*")
        assert store.read_object("key", bucket) == b"new"

    @needs(Condition.PUT)
    @pytest.mark.parametrize("size", [0, 1000], ids=["empty", "small"])
    def test_a_write_only_if_absent_does_not_replace(self, store: ObjectStore, bucket: str, size: int) -> None:
        """if_none_match="*" raises PreconditionFailed where there is an object, which stays."""
        store.put_object(b"old", "key", bucket)
        with pytest.raises(PreconditionFailed) as caught:
            store.put_object(random_bytes(size), "key", bucket, if_none_match="*")
        assert (caught.value.bucket, caught.value.key) == (bucket, "key")
        assert store.read_object("key", bucket) == b"old"

    @needs(Condition.PUT)
    def test_a_large_write_only_if_absent_does_not_replace(self, store: ObjectStore, bucket: str) -> None:
        """The condition holds for an object that would travel in parts, too."""
        store.put_object(b"old", "key", bucket)
        with pytest.raises(PreconditionFailed):
            store.put_object(random_bytes(large_size(store)), "key", bucket, if_none_match="*")
        assert store.read_object("key", bucket) == b"old"

    @needs(Condition.PUT)
    def test_a_large_write_only_if_absent_makes_the_object(self, store: ObjectStore, bucket: str) -> None:
        """And it is no obstacle where there is no object."""
        content = random_bytes(large_size(store))
        store.put_object(content, "key", bucket, if_none_match="*")
        assert store.read_object("key", bucket) == content

    @needs(Condition.PUT)
    @pytest.mark.parametrize("form", ["{}", '"{}"'], ids=["bare", "quoted"])
    def test_a_write_with_the_current_etag_replaces(self, store: ObjectStore, bucket: str, form: str) -> None:
        """if_match with the ETag of the object replaces it, quoted or not."""
        store.put_object(b"old", "key", bucket)
        store.put_object(b"new", "key", bucket, if_match=form.format(_etag(store, bucket)))
        assert store.read_object("key", bucket) == b"new"

    @needs(Condition.PUT)
    def test_a_write_with_an_old_etag_does_not_replace(self, store: ObjectStore, bucket: str) -> None:
        """if_match with the ETag of a former object raises PreconditionFailed."""
        store.put_object(b"first", "key", bucket)
        former = _etag(store, bucket)
        store.put_object(b"second", "key", bucket)
        with pytest.raises(PreconditionFailed):
            store.put_object(b"third", "key", bucket, if_match=former)
        assert store.read_object("key", bucket) == b"second"

    @needs(Condition.PUT)
    def test_a_write_with_an_etag_does_not_make_an_object(self, store: ObjectStore, bucket: str) -> None:
        """if_match where there is no object raises PreconditionFailed, not ObjectNotFound."""
        with pytest.raises(PreconditionFailed):
            store.put_object(b"new", "key", bucket, if_match="0123456789abcdef0123456789abcdef")
        assert store.exists("key", bucket) is False

    @needs(SupportsVersioning)
    @pytest.mark.parametrize("size", ["small", "large"])
    def test_a_conditional_write_leaves_only_the_object(
        self, store: ObjectStore, other_versioned_bucket: str, size: str
    ) -> None:
        """In a bucket whose versioning is suspended nothing else is there afterwards, not even a delete marker.

        Nor is there where the store refuses the condition in this bucket, having found out that it is not honoured.
        """
        store.suspend_versioning(other_versioned_bucket)
        content = random_bytes(1000 if size == "small" else large_size(store))
        if self._lacks_any(store, Condition.PUT, CONDITIONS_WITH_VERSIONS):
            with pytest.raises(UnsupportedOperation):
                store.put_object(content, "directory/key", other_versioned_bucket, if_none_match="*")
            expected = []
        else:
            store.put_object(content, "directory/key", other_versioned_bucket, if_none_match="*")
            expected = [("directory/key", "null", False)]
        found = store.list_versions(bucket=other_versioned_bucket)
        assert [(each.key, each.version_id, each.is_delete_marker) for each in found] == expected
        if store.supports(SupportsMultipart):
            assert list(store.list_multipart_uploads(bucket=other_versioned_bucket)) == []

    @needs(SupportsVersioning)
    def test_a_conditional_deletion_leaves_only_the_object(
        self, store: ObjectStore, other_versioned_bucket: str
    ) -> None:
        """Nor is there a marker of one that failed for its condition, or was refused where that is not honoured."""
        store.suspend_versioning(other_versioned_bucket)
        store.put_object(b"content", "directory/key", other_versioned_bucket)
        is_refused = self._lacks_any(store, Condition.DELETE)
        with pytest.raises(UnsupportedOperation if is_refused else PreconditionFailed):
            store.delete_object("directory/key", other_versioned_bucket, if_match="0123456789abcdef0123456789abcdef")
        found = store.list_versions(bucket=other_versioned_bucket)
        assert [(each.key, each.version_id, each.is_delete_marker) for each in found] == [
            ("directory/key", "null", False)
        ]

    @needs(Condition.PUT)
    def test_a_write_matches_the_etag_of_an_object_in_parts(self, store: ObjectStore, bucket: str) -> None:
        """The ETag of an object that was uploaded in parts serves as condition."""
        store.put_object(random_bytes(large_size(store)), "key", bucket)
        store.put_object(b"new", "key", bucket, if_match=_etag(store, bucket))
        assert store.read_object("key", bucket) == b"new"

    @pytest.mark.parametrize("form", ["{}", '"{}"'], ids=["bare", "quoted"])
    def test_a_read_of_the_named_etag_gives_the_object(self, store: ObjectStore, bucket: str, form: str) -> None:
        """A read with if_match succeeds while the object is that one."""
        store.put_object(b"content", "key", bucket)
        with store.get_object("key", bucket, if_match=form.format(_etag(store, bucket))) as found:
            assert found.body.read() == b"content"

    def test_a_read_of_a_former_etag_fails(self, store: ObjectStore, bucket: str) -> None:
        """A read with the ETag of a former object raises PreconditionFailed."""
        store.put_object(b"first", "key", bucket)
        former = _etag(store, bucket)
        store.put_object(b"second", "key", bucket)
        with pytest.raises(PreconditionFailed):
            store.get_object("key", bucket, if_match=former)

    def test_a_range_of_a_former_etag_fails(self, store: ObjectStore, bucket: str) -> None:
        """The condition holds for a range, too."""
        store.put_object(b"first", "key", bucket)
        former = _etag(store, bucket)
        store.put_object(b"second", "key", bucket)
        with pytest.raises(PreconditionFailed):
            store.get_object("key", bucket, offset=1, length=2, if_match=former)

    def test_a_read_of_what_one_has_is_not_modified(self, store: ObjectStore, bucket: str) -> None:
        """A read with if_none_match raises NotModified while the object is that one."""
        store.put_object(b"content", "key", bucket)
        with pytest.raises(NotModified) as caught:
            store.get_object("key", bucket, if_none_match=_etag(store, bucket))
        assert (caught.value.bucket, caught.value.key) == (bucket, "key")

    def test_a_read_of_what_has_changed_gives_the_object(self, store: ObjectStore, bucket: str) -> None:
        """A read with if_none_match gives the object once it is another one."""
        store.put_object(b"first", "key", bucket)
        former = _etag(store, bucket)
        store.put_object(b"second", "key", bucket)
        with store.get_object("key", bucket, if_none_match=former) as found:
            assert found.body.read() == b"second"

    def test_a_conditional_read_of_a_missing_object_is_not_found(self, store: ObjectStore, bucket: str) -> None:
        """A missing object is missing, whatever the condition."""
        with pytest.raises(ObjectNotFound):
            store.get_object("key", bucket, if_match="0123456789abcdef0123456789abcdef")

    @pytest.mark.parametrize(
        "conditions",
        [{"if_match": "a", "if_none_match": "*"}, {"if_none_match": "an-etag"}, {"if_match": "*"}, {"if_match": ""}],
        ids=str,
    )
    def test_an_impossible_condition_of_a_write_is_refused(
        self, store: ObjectStore, missing_bucket: str, conditions: Mapping[str, str]
    ) -> None:
        """Contradictory and unknown conditions raise InvalidArgument before anything is sent."""
        with pytest.raises(InvalidArgument, match="match"):
            store.put_object(b"content", "key", missing_bucket, **conditions)  # type: ignore[arg-type]  # parameters

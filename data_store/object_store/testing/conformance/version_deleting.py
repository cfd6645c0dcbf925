"""Deletions in buckets with versions: a marker without a version, for good with one."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import pytest

from data_store.object_store.capabilities import SupportsMultipart, SupportsVersioning
from data_store.object_store.errors import BucketNotEmpty, ObjectNotFound, VersionNotFound
from data_store.object_store.models import DeletedObject, ObjectIdentifier
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.needs import needs
from data_store.object_store.testing.conformance.versioned import NO_VERSIONS, deleted_version, listed, write
from data_store.object_store.testing.facts import (
    DELETED_MARKERS_OF_MANY,
    DELETED_NULL_MARKERS,
    MARKERS_OVER_MARKERS,
    MARKERS_WITHOUT_OBJECTS,
    REVEALED_VERSIONS,
    TOLD_NULL_MARKERS,
)

__all__ = ["VersionDeleting"]

DELETIONS: dict[str, Callable[[ObjectStore, str, str, str | None], DeletedObject]] = {
    "delete_object": lambda store, key, bucket, version: store.delete_object(key, bucket, version),
    "delete_objects": lambda store, key, bucket, version: store.delete_objects(
        [ObjectIdentifier(key, version)], bucket
    )[0],
}
"""Both ways to delete: ``delete(store, key, bucket, version)``."""


class VersionDeleting(ConformanceGroup):
    """Deleting versions."""

    capability: ClassVar[type | None] = SupportsVersioning

    def test_a_deletion_makes_a_marker(self, store: ObjectStore, versioned_bucket: str, unique_key: str) -> None:
        """The object is not found any more, the answer names the marker, and the version can still be read."""
        version = write(store, b"content", unique_key, versioned_bucket)
        outcome = store.delete_object(unique_key, versioned_bucket)
        marker = next(store.list_versions(bucket=versioned_bucket, key=unique_key)).version_id
        assert (outcome.key, outcome.version_id, outcome.is_delete_marker) == (unique_key, marker, True)
        assert store.exists(unique_key, versioned_bucket) is False
        with pytest.raises(ObjectNotFound):
            store.read_object(unique_key, versioned_bucket)
        assert unique_key not in [found.key for found in store.list_objects(unique_key, versioned_bucket)]
        assert store.read_object(unique_key, versioned_bucket, version) == b"content"

    @pytest.mark.parametrize("method", ["get_object", "head_object", "read_object", "open_object"])
    def test_a_marker_cannot_be_read(
        self, store: ObjectStore, versioned_bucket: str, unique_key: str, method: str
    ) -> None:
        """A read of a delete marker by its id raises VersionNotFound."""
        write(store, b"content", unique_key, versioned_bucket)
        store.delete_object(unique_key, versioned_bucket)
        marker = next(store.list_versions(bucket=versioned_bucket, key=unique_key))
        assert marker.is_delete_marker
        with pytest.raises(VersionNotFound):
            getattr(store, method)(unique_key, versioned_bucket, marker.version_id)

    def test_a_marker_cannot_be_copied(self, store: ObjectStore, versioned_bucket: str, unique_key: str) -> None:
        """Neither a key under a marker nor the marker itself is a source; nothing is written."""
        write(store, b"content", unique_key, versioned_bucket)
        store.delete_object(unique_key, versioned_bucket)
        marker = next(store.list_versions(bucket=versioned_bucket, key=unique_key)).version_id
        with pytest.raises(ObjectNotFound):
            store.copy_object(unique_key, f"{unique_key}-copy", versioned_bucket, versioned_bucket)
        with pytest.raises(VersionNotFound):
            store.copy_object(unique_key, f"{unique_key}-copy", versioned_bucket, versioned_bucket, src_version=marker)
        assert listed(store, f"{unique_key}-copy", versioned_bucket) == []

    def test_deleting_a_marker_reveals_the_object(
        self, store: ObjectStore, versioned_bucket: str, unique_key: str
    ) -> None:
        """With the marker gone, the version below it is the object again."""
        version = write(store, b"content", unique_key, versioned_bucket)
        store.delete_object(unique_key, versioned_bucket)
        marker = next(store.list_versions(bucket=versioned_bucket, key=unique_key)).version_id
        outcome = store.delete_object(unique_key, versioned_bucket, marker)
        assert (outcome.version_id, outcome.error) == (marker, None)
        assert store.read_object(unique_key, versioned_bucket) == b"content"
        assert listed(store, unique_key, versioned_bucket) == [(version, False)]

    def test_removing_a_marker_reveals_the_newest_version(self, store: ObjectStore, other_bucket: str) -> None:
        """Not an older one, though it is "null"; where that is revealed, the newest can be read as a version."""
        write(store, b"before", "key", other_bucket)
        store.enable_versioning(other_bucket)
        newest = write(store, b"newest", "key", other_bucket)
        marker = store.delete_object("key", other_bucket).version_id
        store.delete_object("key", other_bucket, marker)
        is_older = REVEALED_VERSIONS in self.limits.lacks
        assert store.read_object("key", other_bucket) == (b"before" if is_older else b"newest")
        assert store.read_object("key", other_bucket, newest) == b"newest"

    def test_a_deleted_version_is_gone_for_good(
        self, store: ObjectStore, versioned_bucket: str, unique_key: str
    ) -> None:
        """Only that version goes, without a marker."""
        versions = [write(store, b"%d" % number, unique_key, versioned_bucket) for number in range(3)]
        outcome = store.delete_object(unique_key, versioned_bucket, versions[1])
        assert (outcome.key, outcome.version_id, outcome.is_delete_marker) == (unique_key, versions[1], False)
        assert listed(store, unique_key, versioned_bucket) == [(versions[2], False), (versions[0], False)]
        with pytest.raises(VersionNotFound):
            store.read_object(unique_key, versioned_bucket, versions[1])

    def test_deleting_the_latest_version_reveals_the_one_before(
        self, store: ObjectStore, versioned_bucket: str, unique_key: str
    ) -> None:
        """The next older version becomes the object, with its content and metadata."""
        store.put_object(b"before", unique_key, versioned_bucket, metadata={"is": "before"})
        latest = write(store, b"latest", unique_key, versioned_bucket)
        store.delete_object(unique_key, versioned_bucket, latest)
        assert store.read_object(unique_key, versioned_bucket) == b"before"
        assert store.head_object(unique_key, versioned_bucket).metadata == {"is": "before"}
        assert [found.is_latest for found in store.list_versions(bucket=versioned_bucket, key=unique_key)] == [True]

    def test_deleting_the_only_version_deletes_the_object(
        self, store: ObjectStore, versioned_bucket: str, unique_key: str
    ) -> None:
        """Nothing is left, not even a marker."""
        version = write(store, b"content", unique_key, versioned_bucket)
        store.delete_object(unique_key, versioned_bucket, version)
        assert store.exists(unique_key, versioned_bucket) is False
        assert listed(store, unique_key, versioned_bucket) == []

    @pytest.mark.parametrize("kind", NO_VERSIONS)
    def test_deleting_no_version_succeeds_and_deletes_nothing(
        self, store: ObjectStore, versioned_bucket: str, unique_key: str, kind: str
    ) -> None:
        """A version that is not there is deleted already, whatever the shape of its id."""
        version = deleted_version(store, kind, unique_key, versioned_bucket)
        kept = write(store, b"kept", unique_key, versioned_bucket)
        outcome = store.delete_object(unique_key, versioned_bucket, version)
        assert (outcome.key, outcome.error) == (unique_key, None)
        assert listed(store, unique_key, versioned_bucket) == [(kept, False)]
        assert store.read_object(unique_key, versioned_bucket) == b"kept"

    def test_an_object_written_over_a_marker_is_there(
        self, store: ObjectStore, versioned_bucket: str, unique_key: str
    ) -> None:
        """A write brings the key back, and the marker stays in its history."""
        first = write(store, b"first", unique_key, versioned_bucket)
        store.delete_object(unique_key, versioned_bucket)
        second = write(store, b"second", unique_key, versioned_bucket)
        assert store.read_object(unique_key, versioned_bucket) == b"second"
        history = listed(store, unique_key, versioned_bucket)
        assert [(history[0]), history[2]] == [(second, False), (first, False)]
        assert history[1][1] is True

    def test_a_suspended_deletion_makes_a_null_marker(self, store: ObjectStore, other_versioned_bucket: str) -> None:
        """While versioning is suspended, a deletion replaces the version "null" by a marker; the others stay."""
        kept = write(store, b"kept", "key", other_versioned_bucket)
        store.suspend_versioning(other_versioned_bucket)
        write(store, b"replaced", "key", other_versioned_bucket)
        outcome = store.delete_object("key", other_versioned_bucket)
        assert outcome.error is None
        assert listed(store, "key", other_versioned_bucket) == [("null", True), (kept, False)]
        assert store.exists("key", other_versioned_bucket) is False
        store.delete_object("key", other_versioned_bucket, "null")
        assert store.read_object("key", other_versioned_bucket) == b"kept"

    @pytest.mark.parametrize("delete", DELETIONS)
    def test_a_suspended_deletion_tells_its_marker(
        self, store: ObjectStore, other_versioned_bucket: str, delete: str
    ) -> None:
        """The answer names the marker "null", or no marker at all where the server does not tell it."""
        kept = write(store, b"kept", "key", other_versioned_bucket)
        store.suspend_versioning(other_versioned_bucket)
        outcome = DELETIONS[delete](store, "key", other_versioned_bucket, None)
        told = (None, False) if TOLD_NULL_MARKERS in self.limits.lacks else ("null", True)
        assert (outcome.version_id, outcome.is_delete_marker) == told
        assert listed(store, "key", other_versioned_bucket) == [("null", True), (kept, False)]

    @pytest.mark.parametrize("delete", DELETIONS)
    def test_the_deletion_of_a_marker_says_that_it_was_one(
        self, store: ObjectStore, versioned_bucket: str, unique_key: str, delete: str
    ) -> None:
        """With the id of the marker; not of delete_objects where the server tells only the id."""
        write(store, b"content", unique_key, versioned_bucket)
        store.delete_object(unique_key, versioned_bucket)
        marker = next(store.list_versions(bucket=versioned_bucket, key=unique_key)).version_id
        outcome = DELETIONS[delete](store, unique_key, versioned_bucket, marker)
        is_untold = delete == "delete_objects" and DELETED_MARKERS_OF_MANY in self.limits.lacks
        assert (outcome.version_id, outcome.is_delete_marker) == (marker, not is_untold)
        assert store.read_object(unique_key, versioned_bucket) == b"content"

    @pytest.mark.parametrize("delete", DELETIONS)
    def test_the_deletion_of_a_null_marker_says_that_it_was_one(
        self, store: ObjectStore, other_versioned_bucket: str, delete: str
    ) -> None:
        """With its id "null"; that it was a marker only where the server tells it."""
        kept = write(store, b"kept", "key", other_versioned_bucket)
        store.suspend_versioning(other_versioned_bucket)
        store.delete_object("key", other_versioned_bucket)
        outcome = DELETIONS[delete](store, "key", other_versioned_bucket, "null")
        is_told = DELETED_NULL_MARKERS not in self.limits.lacks
        assert (outcome.version_id, outcome.is_delete_marker) == ("null", is_told)
        assert listed(store, "key", other_versioned_bucket) == [(kept, False)]

    @pytest.mark.parametrize("delete", DELETIONS)
    def test_a_key_that_never_was_gets_a_marker(
        self, store: ObjectStore, versioned_bucket: str, unique_key: str, delete: str
    ) -> None:
        """Deleting it is a success, and makes a marker as of any other key; or nothing is made."""
        outcome = DELETIONS[delete](store, unique_key, versioned_bucket, None)
        assert (outcome.key, outcome.error) == (unique_key, None)
        history = listed(store, unique_key, versioned_bucket)
        if MARKERS_WITHOUT_OBJECTS in self.limits.lacks:
            assert history == []
        else:
            assert outcome.is_delete_marker is True
            assert history == [(outcome.version_id, True)]
        assert store.exists(unique_key, versioned_bucket) is False

    def test_a_deleted_key_gets_another_marker(
        self, store: ObjectStore, versioned_bucket: str, unique_key: str
    ) -> None:
        """Deleting it again makes a second marker above the first; or the first stays alone."""
        version = write(store, b"content", unique_key, versioned_bucket)
        for _ in range(2):
            store.delete_object(unique_key, versioned_bucket)
        markers = 1 if MARKERS_OVER_MARKERS in self.limits.lacks else 2
        history = listed(store, unique_key, versioned_bucket)
        assert [is_marker for _, is_marker in history] == [True] * markers + [False]
        assert history[-1] == (version, False)

    def test_the_null_version_is_deleted_by_its_name(self, store: ObjectStore, other_bucket: str) -> None:
        """The version "null" goes for good, and what was written since stays."""
        write(store, b"before", "key", other_bucket)
        store.enable_versioning(other_bucket)
        kept = write(store, b"after", "key", other_bucket)
        store.delete_object("key", other_bucket, "null")
        assert listed(store, "key", other_bucket) == [(kept, False)]

    def test_many_versions_are_deleted_together(
        self, store: ObjectStore, versioned_bucket: str, unique_key: str
    ) -> None:
        """delete_objects takes versions; each has its outcome, in order, and the others stay."""
        versions = [write(store, b"%d" % number, unique_key, versioned_bucket) for number in range(4)]
        gone = [ObjectIdentifier(unique_key, versions[0]), ObjectIdentifier(unique_key, versions[2])]
        outcomes = store.delete_objects(gone, versioned_bucket)
        assert [(each.key, each.version_id, each.error) for each in outcomes] == [
            (unique_key, versions[0], None),
            (unique_key, versions[2], None),
        ]
        assert listed(store, unique_key, versioned_bucket) == [(versions[3], False), (versions[1], False)]

    def test_many_objects_get_markers_together(
        self, store: ObjectStore, versioned_bucket: str, unique_key: str
    ) -> None:
        """delete_objects without versions makes a marker for each key, which the answer names."""
        keys = [f"{unique_key}/{number}" for number in range(3)]
        for key in keys:
            write(store, b"content", key, versioned_bucket)
        outcomes = store.delete_objects(keys, versioned_bucket)
        markers = [next(store.list_versions(bucket=versioned_bucket, key=key)) for key in keys]
        assert [marker.is_delete_marker for marker in markers] == [True] * 3
        assert [(each.key, each.version_id, each.is_delete_marker, each.error) for each in outcomes] == [
            (marker.key, marker.version_id, True, None) for marker in markers
        ]

    @pytest.mark.parametrize("left", ["versions", "markers"])
    def test_a_bucket_with_versions_is_not_empty(
        self, store: ObjectStore, other_versioned_bucket: str, left: str
    ) -> None:
        """A bucket of which every object is deleted, but not its versions or markers, raises BucketNotEmpty."""
        version = write(store, b"content", "key", other_versioned_bucket)
        assert listed(store, "key", other_versioned_bucket) == [(version, False)]
        store.delete_object("key", other_versioned_bucket)
        if left == "markers":
            store.delete_object("key", other_versioned_bucket, version)
        with pytest.raises(BucketNotEmpty):
            store.delete_bucket(other_versioned_bucket)
        assert len(listed(store, "key", other_versioned_bucket)) == (2 if left == "versions" else 1)

    @needs(SupportsMultipart)
    def test_a_forced_deletion_takes_along_versions_markers_and_uploads(
        self, store: ObjectStore, other_versioned_bucket: str
    ) -> None:
        """With force=True nothing in a bucket stands in the way; made again, it has none of it."""
        for content in (b"one", b"two"):
            write(store, content, "a", other_versioned_bucket)
            write(store, content, "b/c", other_versioned_bucket)
        store.delete_object("a", other_versioned_bucket)
        upload = store.create_multipart_upload("b/d", other_versioned_bucket)
        store.upload_part(b"part", "b/d", upload.upload_id, 1, other_versioned_bucket)
        store.suspend_versioning(other_versioned_bucket)
        write(store, b"null", "b/c", other_versioned_bucket)
        store.delete_bucket(other_versioned_bucket, force=True)
        assert store.bucket_exists(other_versioned_bucket) is False
        store.create_bucket(other_versioned_bucket)
        assert list(store.list_versions(bucket=other_versioned_bucket)) == []
        assert list(store.list_multipart_uploads(bucket=other_versioned_bucket)) == []

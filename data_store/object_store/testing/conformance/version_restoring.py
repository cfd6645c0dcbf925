"""Getting back a version, and getting rid of all of them."""

from __future__ import annotations

from typing import ClassVar

import pytest

from data_store.object_store.capabilities import SupportsTags, SupportsVersioning
from data_store.object_store.errors import VersionNotFound
from data_store.object_store.models import UploadOptions
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.needs import needs
from data_store.object_store.testing.conformance.streams import copied_in_parts
from data_store.object_store.testing.conformance.versioned import NO_VERSIONS, deleted_version, listed, write
from data_store.object_store.testing.helpers import random_bytes

__all__ = ["VersionRestoring"]

OPTIONS: UploadOptions = {
    "content_type": "text/x-restored",
    "metadata": {"name": "välue"},
    "cache_control": "max-age=1",
    "content_disposition": "inline",
    "content_encoding": "x-restored",
    "content_language": "de",
}


class VersionRestoring(ConformanceGroup):
    """Restoring versions."""

    capability: ClassVar[type | None] = SupportsVersioning

    @pytest.mark.parametrize("size", ["empty", "small", "large"])
    def test_a_restored_version_is_the_latest(
        self, store: ObjectStore, versioned_bucket: str, unique_key: str, size: str
    ) -> None:
        """Of any size, it is a new version on top with the content and every header, and the old ones stay."""
        content = random_bytes({"empty": 0, "small": 1000, "large": copied_in_parts(store)}[size])
        first = write(store, content, unique_key, versioned_bucket, **OPTIONS)
        second = write(store, b"second", unique_key, versioned_bucket)
        restored = store.restore_version(unique_key, first, versioned_bucket)
        history = listed(store, unique_key, versioned_bucket)
        assert history[1:] == [(second, False), (first, False)]
        assert restored.version_id == history[0][0]
        head = store.head_object(unique_key, versioned_bucket)
        assert {name: getattr(head, name) for name in OPTIONS} == OPTIONS
        assert (head.size, head.etag, head.version_id) == (len(content), restored.etag, restored.version_id)
        assert store.read_object(unique_key, versioned_bucket) == content

    @needs(SupportsTags)
    @pytest.mark.parametrize("size", ["small", "large"])
    def test_a_restored_version_keeps_its_tags(
        self, store: ObjectStore, versioned_bucket: str, unique_key: str, size: str
    ) -> None:
        """The tags of the version come along, copied in parts too, and not those of the latest."""
        content = random_bytes(1000 if size == "small" else copied_in_parts(store))
        first = write(store, content, unique_key, versioned_bucket, tags={"is": "first"})
        store.put_object(b"second", unique_key, versioned_bucket, tags={"is": "second"})
        store.restore_version(unique_key, first, versioned_bucket)
        assert store.get_tags(unique_key, versioned_bucket) == {"is": "first"}
        assert store.get_tags(unique_key, versioned_bucket, first) == {"is": "first"}

    def test_restoring_the_latest_version_writes_nothing(
        self, store: ObjectStore, versioned_bucket: str, unique_key: str
    ) -> None:
        """What is on top already is returned, and no version is made."""
        write(store, b"first", unique_key, versioned_bucket)
        latest = store.put_object(b"latest", unique_key, versioned_bucket)
        history = listed(store, unique_key, versioned_bucket)
        restored = store.restore_version(unique_key, history[0][0], versioned_bucket)
        assert (restored.version_id, restored.etag, restored.size) == (latest.version_id, latest.etag, 6)
        assert listed(store, unique_key, versioned_bucket) == history

    def test_restoring_from_a_marker_undeletes(
        self, store: ObjectStore, versioned_bucket: str, unique_key: str
    ) -> None:
        """Given the marker, it is removed, and the version that it hid is returned: no copy is made."""
        version = write(store, b"content", unique_key, versioned_bucket)
        store.delete_object(unique_key, versioned_bucket)
        marker = listed(store, unique_key, versioned_bucket)[0][0]
        restored = store.restore_version(unique_key, marker, versioned_bucket)
        assert (restored.version_id, restored.size) == (version, 7)
        assert listed(store, unique_key, versioned_bucket) == [(version, False)]
        assert store.read_object(unique_key, versioned_bucket) == b"content"

    def test_a_version_below_a_marker_is_restored(
        self, store: ObjectStore, versioned_bucket: str, unique_key: str
    ) -> None:
        """Given a version of a deleted object, it is copied on top of the marker, which stays."""
        first = write(store, b"first", unique_key, versioned_bucket)
        write(store, b"second", unique_key, versioned_bucket)
        store.delete_object(unique_key, versioned_bucket)
        store.restore_version(unique_key, first, versioned_bucket)
        assert store.read_object(unique_key, versioned_bucket) == b"first"
        assert [marker for _, marker in listed(store, unique_key, versioned_bucket)] == [False, True, False, False]

    def test_the_null_version_is_restored(self, store: ObjectStore, other_bucket: str) -> None:
        """What was written before versioning was enabled comes back on top, with an id of its own."""
        store.put_object(b"before", "key", other_bucket, metadata={"when": "before"})
        store.enable_versioning(other_bucket)
        after = write(store, b"after", "key", other_bucket)
        store.restore_version("key", "null", other_bucket)
        assert listed(store, "key", other_bucket)[1:] == [(after, False), ("null", False)]
        assert store.read_object("key", other_bucket) == b"before"
        assert store.head_object("key", other_bucket).metadata == {"when": "before"}

    @pytest.mark.parametrize("kind", NO_VERSIONS)
    def test_restoring_no_version_changes_nothing(
        self, store: ObjectStore, versioned_bucket: str, unique_key: str, kind: str
    ) -> None:
        """An id that names no version raises VersionNotFound, and the latest stays on top."""
        version = deleted_version(store, kind, unique_key, versioned_bucket)
        kept = write(store, b"kept", unique_key, versioned_bucket)
        with pytest.raises(VersionNotFound) as caught:
            store.restore_version(unique_key, version, versioned_bucket)
        assert (caught.value.bucket, caught.value.key) == (versioned_bucket, unique_key)
        assert listed(store, unique_key, versioned_bucket) == [(kept, False)]

    def test_a_purge_leaves_nothing_of_a_key(self, store: ObjectStore, versioned_bucket: str, unique_key: str) -> None:
        """All versions and markers of the key go, each with its outcome; keys that begin with it stay."""
        neighbours = [f"{unique_key}0", f"{unique_key}.below", unique_key[:-1]]
        for key in (unique_key, *neighbours, unique_key):
            write(store, b"content", key, versioned_bucket)
        store.delete_object(unique_key, versioned_bucket)
        history = listed(store, unique_key, versioned_bucket)
        outcomes = store.purge(unique_key, versioned_bucket)
        assert {(each.key, each.version_id, each.error) for each in outcomes} == {
            (unique_key, version, None) for version, _ in history
        }
        assert listed(store, unique_key, versioned_bucket) == []
        assert [store.read_object(key, versioned_bucket) for key in neighbours] == [b"content"] * 3

    def test_purging_what_is_missing_succeeds(self, store: ObjectStore, versioned_bucket: str, unique_key: str) -> None:
        """A key without versions has nothing to be purged."""
        write(store, b"content", f"{unique_key}0", versioned_bucket)
        assert store.purge(unique_key, versioned_bucket) == []
        assert store.read_object(f"{unique_key}0", versioned_bucket) == b"content"

    def test_a_purge_deletes_an_object_without_versions(self, store: ObjectStore, bucket: str) -> None:
        """In a bucket that keeps none, the object goes."""
        store.put_object(b"content", "key", bucket)
        assert [each.key for each in store.purge("key", bucket)] == ["key"]
        assert store.exists("key", bucket) is False

"""Versions: what is replaced or deleted in a bucket that keeps them can be read."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest

from data_store.object_store.capabilities import SupportsMultipart, SupportsTags, SupportsVersioning
from data_store.object_store.errors import ObjectNotFound, VersionNotFound
from data_store.object_store.models import VersioningStatus
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.needs import needs
from data_store.object_store.testing.conformance.streams import large_size
from data_store.object_store.testing.conformance.versioned import NO_VERSIONS, READS, deleted_version, listed, write
from data_store.object_store.testing.facts import TOLD_NULL_VERSIONS, VERSIONS_OF_CHANGES
from data_store.object_store.testing.helpers import random_bytes

__all__ = ["Versions"]


class Versions(ConformanceGroup):
    """Versions."""

    capability: ClassVar[type | None] = SupportsVersioning

    def test_a_new_bucket_keeps_no_versions(self, store: ObjectStore, bucket: str) -> None:
        """The status of a bucket nobody asked to keep versions is DISABLED, and it has none."""
        assert store.versioning_status(bucket) is VersioningStatus.DISABLED
        assert list(store.list_versions(bucket=bucket)) == []

    def test_versioning_is_enabled_and_suspended_again(self, store: ObjectStore, other_bucket: str) -> None:
        """The status follows, however often it is said."""
        for _ in range(2):
            store.enable_versioning(other_bucket)
            assert store.versioning_status(other_bucket) is VersioningStatus.ENABLED
        for _ in range(2):
            store.suspend_versioning(other_bucket)
            assert store.versioning_status(other_bucket) is VersioningStatus.SUSPENDED
        store.enable_versioning(other_bucket)
        assert store.versioning_status(other_bucket) is VersioningStatus.ENABLED

    def test_every_write_makes_a_version(self, store: ObjectStore, versioned_bucket: str, unique_key: str) -> None:
        """Each write answers an id of its own, under which its content and metadata stay."""
        written = [
            write(store, b"%d" % number, unique_key, versioned_bucket, metadata={"n": str(number)})
            for number in range(3)
        ]
        assert listed(store, unique_key, versioned_bucket) == [(version, False) for version in reversed(written)]
        for number, version in enumerate(written):
            with store.get_object(unique_key, versioned_bucket, version) as found:
                assert (found.read(), found.metadata, found.version_id) == (b"%d" % number, {"n": str(number)}, version)

    @pytest.mark.parametrize("read", READS)
    def test_a_read_finds_the_version_it_names(
        self, store: ObjectStore, versioned_bucket: str, unique_key: str, tmp_path: Path, read: str
    ) -> None:
        """Every read takes a version, the first and the latest."""
        first = write(store, b"first", unique_key, versioned_bucket)
        second = write(store, b"second, and longer", unique_key, versioned_bucket)
        assert READS[read](store, unique_key, versioned_bucket, first, tmp_path) == b"first"
        assert READS[read](store, unique_key, versioned_bucket, second, tmp_path) == b"second, and longer"

    def test_metadata_is_of_the_version(self, store: ObjectStore, versioned_bucket: str, unique_key: str) -> None:
        """HEAD with a version reports that version; without one, the latest."""
        first = write(store, b"a", unique_key, versioned_bucket, content_type="text/x-first")
        second = write(store, b"bb", unique_key, versioned_bucket, content_type="text/x-second")
        old = store.head_object(unique_key, versioned_bucket, first)
        assert (old.version_id, old.size, old.content_type) == (first, 1, "text/x-first")
        new = store.head_object(unique_key, versioned_bucket)
        assert (new.version_id, new.size, new.content_type) == (second, 2, "text/x-second")
        assert new.etag != old.etag

    @pytest.mark.parametrize("kind", NO_VERSIONS)
    @pytest.mark.parametrize("read", READS)
    def test_an_id_of_no_version_is_not_found(
        self, store: ObjectStore, versioned_bucket: str, unique_key: str, tmp_path: Path, read: str, kind: str
    ) -> None:
        """Whatever the shape of the id, a read raises VersionNotFound with the key, and leaves no file."""
        version = deleted_version(store, kind, unique_key, versioned_bucket)
        write(store, b"latest", unique_key, versioned_bucket)
        with pytest.raises(VersionNotFound) as caught:
            READS[read](store, unique_key, versioned_bucket, version, tmp_path)
        assert (caught.value.bucket, caught.value.key) == (versioned_bucket, unique_key)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("kind", NO_VERSIONS)
    def test_the_metadata_of_no_version_is_not_found(
        self, store: ObjectStore, versioned_bucket: str, unique_key: str, kind: str
    ) -> None:
        """HEAD raises VersionNotFound, although its answer has no body."""
        version = deleted_version(store, kind, unique_key, versioned_bucket)
        write(store, b"latest", unique_key, versioned_bucket)
        with pytest.raises(VersionNotFound):
            store.head_object(unique_key, versioned_bucket, version)

    @needs(SupportsTags)
    @pytest.mark.parametrize("kind", NO_VERSIONS)
    def test_the_tags_of_no_version_are_not_found(
        self, store: ObjectStore, versioned_bucket: str, unique_key: str, kind: str
    ) -> None:
        """Reading, setting and removing the tags of such a version raises VersionNotFound; the latest keeps its own."""
        version = deleted_version(store, kind, unique_key, versioned_bucket)
        write(store, b"latest", unique_key, versioned_bucket)
        store.set_tags(unique_key, {"a": "b"}, versioned_bucket)
        with pytest.raises(VersionNotFound):
            store.get_tags(unique_key, versioned_bucket, version)
        with pytest.raises(VersionNotFound):
            store.set_tags(unique_key, {"c": "d"}, versioned_bucket, version)
        with pytest.raises(VersionNotFound):
            store.delete_tags(unique_key, versioned_bucket, version)
        assert store.get_tags(unique_key, versioned_bucket) == {"a": "b"}

    @needs(SupportsMultipart)
    def test_an_object_in_parts_is_a_version(
        self, store: ObjectStore, versioned_bucket: str, unique_key: str, tmp_path: Path
    ) -> None:
        """A large object has an id in its answer, and is read and downloaded under it once it is replaced."""
        content = random_bytes(large_size(store))
        version = write(store, content, unique_key, versioned_bucket)
        write(store, b"small", unique_key, versioned_bucket)
        assert store.read_object(unique_key, versioned_bucket, version) == content
        store.download_file(unique_key, tmp_path / "target", versioned_bucket, version=version)
        assert (tmp_path / "target").read_bytes() == content

    def test_what_was_there_before_is_the_null_version(self, store: ObjectStore, other_bucket: str) -> None:
        """An object from before versioning was enabled stays as the version "null"."""
        store.put_object(b"before", "key", other_bucket, metadata={"when": "before"})
        store.enable_versioning(other_bucket)
        assert store.head_object("key", other_bucket, "null").size == 6
        version = write(store, b"after", "key", other_bucket)
        assert listed(store, "key", other_bucket) == [(version, False), ("null", False)]
        assert store.read_object("key", other_bucket, "null") == b"before"
        assert store.head_object("key", other_bucket, "null").metadata == {"when": "before"}
        assert store.read_object("key", other_bucket) == b"after"

    def test_suspended_writes_replace_the_null_version(self, store: ObjectStore, other_versioned_bucket: str) -> None:
        """While versioning is suspended, a write replaces the version "null" only, and the others stay."""
        kept = write(store, b"kept", "key", other_versioned_bucket)
        store.suspend_versioning(other_versioned_bucket)
        for content in (b"one", b"two"):
            write(store, content, "key", other_versioned_bucket)
            assert store.read_object("key", other_versioned_bucket, "null") == content
            assert listed(store, "key", other_versioned_bucket) == [("null", False), (kept, False)]
        assert store.read_object("key", other_versioned_bucket) == b"two"
        assert store.read_object("key", other_versioned_bucket, kept) == b"kept"

    def test_the_null_version_is_always_found_by_its_name(
        self, store: ObjectStore, other_versioned_bucket: str
    ) -> None:
        """A read that names "null" is told so; one that names nothing, and a write, where the server tells it."""
        store.suspend_versioning(other_versioned_bucket)
        written = store.put_object(b"content", "key", other_versioned_bucket)
        told = None if TOLD_NULL_VERSIONS in self.limits.lacks else "null"
        assert written.version_id == told
        assert store.head_object("key", other_versioned_bucket).version_id == told
        assert store.head_object("key", other_versioned_bucket, "null").version_id == "null"
        with store.get_object("key", other_versioned_bucket, "null") as found:
            assert (found.version_id, found.read()) == ("null", b"content")

    def test_versions_go_on_where_they_were_suspended(self, store: ObjectStore, other_versioned_bucket: str) -> None:
        """Enabled again, a bucket keeps the version "null" and makes others on top."""
        store.suspend_versioning(other_versioned_bucket)
        write(store, b"suspended", "key", other_versioned_bucket)
        store.enable_versioning(other_versioned_bucket)
        version = write(store, b"again", "key", other_versioned_bucket)
        assert listed(store, "key", other_versioned_bucket) == [(version, False), ("null", False)]
        assert store.read_object("key", other_versioned_bucket, "null") == b"suspended"

    @pytest.mark.parametrize("source", ["first", "latest"])
    def test_a_version_is_copied(self, store: ObjectStore, versioned_bucket: str, unique_key: str, source: str) -> None:
        """src_version copies that version with its metadata, which then is the latest at the target."""
        versions = {
            name: write(store, name.encode(), unique_key, versioned_bucket, metadata={"is": name})
            for name in ("first", "latest")
        }
        store.copy_object(
            unique_key, f"{unique_key}-copy", versioned_bucket, versioned_bucket, src_version=versions[source]
        )
        assert len(listed(store, f"{unique_key}-copy", versioned_bucket)) == 1
        assert store.read_object(f"{unique_key}-copy", versioned_bucket) == source.encode()
        assert store.head_object(f"{unique_key}-copy", versioned_bucket).metadata == {"is": source}

    @needs(VERSIONS_OF_CHANGES)
    @pytest.mark.parametrize("names_it", [True, False], ids=["named", "current"])
    def test_a_copy_onto_itself_leaves_the_version_as_it_was(
        self, store: ObjectStore, versioned_bucket: str, unique_key: str, names_it: bool
    ) -> None:
        """What is changed is a version of its own."""
        first = write(store, b"content", unique_key, versioned_bucket, metadata={"n": "1"})
        where = (unique_key, unique_key, versioned_bucket, versioned_bucket)
        store.copy_object(*where, metadata={"n": "2"}, src_version=first if names_it else None)
        assert store.head_object(unique_key, versioned_bucket).metadata == {"n": "2"}
        assert store.head_object(unique_key, versioned_bucket, first).metadata == {"n": "1"}

    def test_a_version_is_copied_to_another_bucket(
        self, store: ObjectStore, versioned_bucket: str, unique_key: str, bucket: str
    ) -> None:
        """The target need not keep versions."""
        first = write(store, b"first", unique_key, versioned_bucket)
        write(store, b"second", unique_key, versioned_bucket)
        store.copy_object(unique_key, "copy", versioned_bucket, bucket, src_version=first)
        assert store.read_object("copy", bucket) == b"first"
        assert listed(store, unique_key, versioned_bucket)[1] == (first, False)

    @pytest.mark.parametrize("kind", NO_VERSIONS)
    def test_copying_no_version_keeps_the_target(
        self, store: ObjectStore, versioned_bucket: str, unique_key: str, kind: str
    ) -> None:
        """A source version that is not there raises VersionNotFound with the source's key, and nothing is written."""
        version = deleted_version(store, kind, unique_key, versioned_bucket)
        write(store, b"source", unique_key, versioned_bucket)
        target = write(store, b"target", f"{unique_key}-copy", versioned_bucket)
        with pytest.raises(VersionNotFound) as caught:
            store.copy_object(unique_key, f"{unique_key}-copy", versioned_bucket, versioned_bucket, src_version=version)
        assert (caught.value.bucket, caught.value.key) == (versioned_bucket, unique_key)
        assert listed(store, f"{unique_key}-copy", versioned_bucket) == [(target, False)]

    def test_a_move_leaves_the_versions_of_its_source(
        self, store: ObjectStore, versioned_bucket: str, unique_key: str
    ) -> None:
        """A move without a version deletes as a deletion does: the source gets a marker, its versions stay."""
        version = write(store, b"content", unique_key, versioned_bucket)
        store.move_object(unique_key, f"{unique_key}-moved", versioned_bucket, versioned_bucket)
        assert store.read_object(f"{unique_key}-moved", versioned_bucket) == b"content"
        assert store.read_object(unique_key, versioned_bucket, version) == b"content"
        with pytest.raises(ObjectNotFound):
            store.head_object(unique_key, versioned_bucket)

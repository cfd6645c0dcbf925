"""Versions through the facade: reading, listing, restoring, purging, and buckets that are full of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_store.object_store.errors import AccessDenied, ObjectNotFound, ServerError, VersionNotFound
from data_store.object_store.models import (
    DeletedObject,
    ListOptions,
    ObjectIdentifier,
    ObjectVersion,
    VersioningStatus,
    VersionPage,
)
from data_store.object_store.store import ObjectStore
from tests.unit import facade_support
from tests.unit.facade_support import client_of

capable = facade_support.capable
plain = facade_support.plain


@pytest.fixture
def store(capable: ObjectStore) -> ObjectStore:
    """A store whose root bucket has versions v1 ("one") and v2 ("two!") of a key."""
    capable.enable_versioning()
    capable.put_object(b"one", "k", content_type="text/one", tags={"number": "1"})
    capable.put_object(b"two!", "k")
    return capable


def _versions(store: ObjectStore, key: str = "k") -> list[str]:
    return [found.version_id for found in store.list_versions(key=key)]


def test_a_bucket_is_told_to_keep_versions(capable: ObjectStore) -> None:
    """And to stop, and says what it does."""
    assert capable.versioning_status() is VersioningStatus.DISABLED
    capable.enable_versioning()
    assert capable.versioning_status() is VersioningStatus.ENABLED
    capable.suspend_versioning()
    assert capable.versioning_status() is VersioningStatus.SUSPENDED


def test_every_read_takes_a_version(store: ObjectStore, tmp_path: Path) -> None:
    """By position behind the bucket; of a download by name."""
    assert store.read_object("k") == b"two!"
    assert store.read_object("k", None, "v1") == b"one"
    with store.get_object("k", None, "v1", offset=1) as found:
        assert found.read() == b"ne"
    with store.get_file("k", None, "v1") as found:
        assert found.read() == b"one"
    with store.open_object("k", None, "v1") as reader:
        assert reader.read() == b"one"
    assert store.get_ranges("k", [(0, 1), (2, 1)], None, "v1") == [b"o", b"e"]
    assert store.head_object("k", None, "v1").size == 3
    assert store.exists("k", None, "v1")
    assert not store.exists("k", None, "other")
    store.download_file("k", tmp_path / "one", version="v1")
    store.download_object("k", tmp_path / "two", version="v2")
    assert ((tmp_path / "one").read_bytes(), (tmp_path / "two").read_bytes()) == (b"one", b"two!")
    with pytest.raises(VersionNotFound):
        store.read_object("k", version="no such / version?")


def test_a_version_is_copied(store: ObjectStore) -> None:
    """And moved, which deletes that version."""
    assert store.copy_object("k", "l", src_version="v1").size == 3
    assert store.read_object("l") == b"one"
    store.move_object("k", "m", src_version="v1")
    assert (store.read_object("m"), _versions(store)) == (b"one", ["v2"])


def test_versions_are_listed_lazily(store: ObjectStore) -> None:
    """By key, newest first, with markers; a page is asked for when its first version is."""
    store.put_object(b"", "a")
    store.delete_object("k")
    client = client_of(store)
    client.page_size = 2
    client.calls.clear()
    listing = store.list_versions()
    assert client.calls == []
    assert next(listing) == ObjectVersion(key="a", version_id="v3", is_latest=True, size=0)
    assert client.calls == ["list_versions_page"]
    assert [(found.version_id, found.is_latest, found.is_delete_marker) for found in listing] == [
        ("v4", True, True),
        ("v2", False, False),
        ("v1", False, False),
    ]
    assert client.calls == ["list_versions_page"] * 2


def test_versions_of_one_key_end_with_it(store: ObjectStore) -> None:
    """Those of longer keys are not asked for."""
    for number in range(5):
        store.put_object(b"", f"k{number}")
    client = client_of(store)
    client.page_size = 1
    client.calls.clear()
    assert _versions(store) == ["v2", "v1"]
    assert client.calls == ["list_versions_page"] * 3
    assert _versions(store, "missing") == []
    assert len(list(store.list_versions("k"))) == 7


def test_a_listing_of_versions_that_does_not_go_on_ends(store: ObjectStore) -> None:
    """With an error that says where."""

    def again(bucket: str, prefix: str, options: ListOptions) -> VersionPage:
        return VersionPage(cursor="again")

    store.client.list_versions_page = again  # type: ignore[attr-defined]  # a server that is broken
    with pytest.raises(ServerError, match="again and again") as caught:
        list(store.list_versions())
    assert (caught.value.operation, caught.value.bucket) == ("list_versions", "root")


# deleting


def test_deleting_makes_a_marker_and_deleting_that_reveals(store: ObjectStore) -> None:
    """A version is deleted for good."""
    marker = store.delete_object("k")
    assert (marker.is_delete_marker, store.exists("k")) == (True, False)
    assert store.delete_object("k", None, marker.version_id).is_delete_marker
    assert store.read_object("k") == b"two!"
    store.delete_object("k", version="v2")
    assert store.read_object("k") == b"one"


def test_deleting_a_missing_version_is_a_success(store: ObjectStore) -> None:
    """One by one, or many at once."""
    assert store.delete_object("k", version="other") == DeletedObject("k", "other")
    many: list[str | ObjectIdentifier] = [ObjectIdentifier("k", "other"), "missing", ObjectIdentifier("k", "v1")]
    outcomes = store.delete_objects(many)
    assert [(outcome.key, outcome.error) for outcome in outcomes] == [("k", None), ("missing", None), ("k", None)]
    assert _versions(store) == ["v2"]


# restoring


def test_an_older_version_is_copied_to_the_top(store: ObjectStore) -> None:
    """With what it was stored with; it stays where it is."""
    restored = store.restore_version("k", "v1")
    assert (restored.version_id, restored.size) == ("v3", 3)
    assert store.read_object("k") == b"one"
    assert store.head_object("k").content_type == "text/one"
    assert store.get_tags("k") == {"number": "1"}
    assert _versions(store) == ["v3", "v2", "v1"]


def test_the_latest_version_is_left_alone(store: ObjectStore) -> None:
    """Nothing is written."""
    client_of(store).asked.clear()
    assert store.restore_version("k", "v2").version_id == "v2"
    assert [call[0] for call in client_of(store).asked] == ["head_object"]


def test_a_marker_is_removed(store: ObjectStore) -> None:
    """Which undeletes the object."""
    marker = store.delete_object("k").version_id
    assert marker is not None
    assert store.restore_version("k", marker).size == 4
    assert (store.read_object("k"), _versions(store)) == (b"two!", ["v2", "v1"])


def test_a_marker_behind_which_there_is_another_reveals_nothing(store: ObjectStore) -> None:
    """It is removed all the same."""
    store.delete_object("k")
    marker = store.delete_object("k").version_id
    assert marker is not None
    with pytest.raises(ObjectNotFound):
        store.restore_version("k", marker)
    assert _versions(store) == ["v3", "v2", "v1"]


@pytest.mark.parametrize("key", ["k", "missing"])
def test_a_version_that_is_not_there_cannot_be_restored(store: ObjectStore, key: str) -> None:
    """Whatever the shape of its id."""
    with pytest.raises(VersionNotFound) as caught:
        store.restore_version(key, "../no version")
    assert (caught.value.operation, caught.value.key, caught.value.framework) == ("restore_version", key, "capable")


# purging


def test_purging_deletes_all_of_one_key(store: ObjectStore) -> None:
    """Oldest first, so that it stays what it was if that ends early; longer keys stay."""
    store.put_object(b"", "k2")
    marker = store.delete_object("k").version_id
    assert [found.version_id for found in store.purge("k")] == ["v1", "v2", marker]
    assert (_versions(store), store.exists("k2")) == ([], True)
    assert store.purge("k") == []


def test_purging_tells_what_it_may_not_delete(store: ObjectStore) -> None:
    """And deletes the others."""
    client_of(store).locked.add("v1")
    outcomes = store.purge("k")
    assert [type(outcome.error) for outcome in outcomes] == [AccessDenied, type(None)]
    assert _versions(store) == ["v1"]


# buckets


def test_force_removes_versions_markers_and_uploads(capable: ObjectStore) -> None:
    """More than a page of them."""
    capable.create_bucket("full")
    capable.enable_versioning("full")
    for number in range(7):
        capable.put_object(b"", f"k{number % 3}", "full")
    capable.delete_object("k0", "full")
    capable.create_multipart_upload("u", "full")
    client_of(capable).page_size = 2
    capable.delete_bucket("full", force=True)
    assert not capable.bucket_exists("full")
    assert client_of(capable).uploads == {}


def test_force_says_what_may_not_be_deleted(capable: ObjectStore) -> None:
    """And the bucket stays."""
    capable.create_bucket("full")
    capable.enable_versioning("full")
    capable.put_object(b"", "k", "full")
    client_of(capable).locked.add("v1")
    with pytest.raises(AccessDenied):
        capable.delete_bucket("full", force=True)
    assert capable.bucket_exists("full")


def test_force_needs_no_versions(capable: ObjectStore, plain: ObjectStore) -> None:
    """A bucket that never had any is emptied as it was before, and nobody lists its versions."""
    for store in (capable, plain):
        store.create_bucket("full")
        store.put_object(b"", "k", "full")
        store.create_multipart_upload("u", "full")
        store.delete_bucket("full", force=True)
        assert not store.bucket_exists("full")
    assert "list_versions_page" not in client_of(capable).calls

"""Versions in the embedded store: what the rules of S3 come to on its tables, and what listings cost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_store.object_store.adapters.embedded.client import EmbeddedClient, LocalClient
from data_store.object_store.errors import (
    BucketNotEmpty,
    BucketNotFound,
    InvalidArgument,
    ObjectNotFound,
    PreconditionFailed,
    UnsupportedOperation,
    VersionNotFound,
)
from data_store.object_store.models import (
    BucketOptions,
    CopyOptions,
    DeleteOptions,
    GetOptions,
    ListOptions,
    ObjectIdentifier,
    ObjectVersion,
    PutOptions,
    VersioningStatus,
)
from tests.unit.embedded_support import BUCKET, LARGE, files, local, memory, put, read

NULL = "null"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[LocalClient]:
    """A store with an empty bucket that keeps versions."""
    made = local(tmp_path)
    made.create_bucket(BUCKET, BucketOptions())
    made.enable_versioning(BUCKET)
    yield made
    made.close()


def test_each_write_makes_a_version_of_its_own_that_stays_readable(client: EmbeddedClient) -> None:
    """By GET, HEAD and copy; without a version the newest is read."""
    written = [put(client, "key", text, PutOptions(metadata={"n": text.decode()})) for text in (b"1", b"2", b"3")]
    ids = [str(each.version_id) for each in written]
    assert len(set(ids)) == 3
    for number, version in enumerate(ids, 1):
        found = client.get_object(BUCKET, "key", GetOptions(version=version))
        assert (found.read(), found.version_id, found.metadata) == (b"%d" % number, version, {"n": str(number)})
        client.copy_object(BUCKET, "key", BUCKET, f"copy-{number}", CopyOptions(source_version=version))
        assert read(client, f"copy-{number}") == b"%d" % number
    assert client.head_object(BUCKET, "key", GetOptions()).version_id == ids[-1]


@pytest.mark.parametrize("version", ["null", "", "0" * 32, "ö", "x" * 10_000, "' OR 1=1 --"])
def test_an_id_that_names_no_version_is_version_not_found(client: EmbeddedClient, version: str) -> None:
    """Of any shape, of a key that exists or not; deleting it changes nothing and is a success."""
    put(client, "key", b"1")
    for key in ("key", "missing"):
        for operation in (client.get_object, client.head_object):
            with pytest.raises(VersionNotFound):
                operation(BUCKET, key, GetOptions(version=version))
        assert client.delete_object(BUCKET, key, DeleteOptions(version=version)).version_id == version
    assert read(client, "key") == b"1"
    with pytest.raises(BucketNotFound):
        client.head_object("missing", "key", GetOptions(version=version))


def test_a_delete_marker_hides_the_object_until_it_is_deleted(client: EmbeddedClient) -> None:
    """The marker cannot be read; deleting it reveals what was there, with all it was stored with."""
    options = PutOptions(metadata={"a": "1"}, tags={"t": "v"}, content_type="text/plain", storage_class="STANDARD_IA")
    written = put(client, "key", b"1", options)
    marker = client.delete_object(BUCKET, "key", DeleteOptions())
    assert marker.is_delete_marker
    with pytest.raises(ObjectNotFound):
        read(client, "key")
    with pytest.raises(VersionNotFound):
        client.head_object(BUCKET, "key", GetOptions(version=marker.version_id))
    assert client.list_page(BUCKET, "", ListOptions()).objects == ()
    undone = client.delete_object(BUCKET, "key", DeleteOptions(version=marker.version_id))
    assert (undone.version_id, undone.is_delete_marker) == (marker.version_id, True)
    found = client.head_object(BUCKET, "key", GetOptions())
    assert (found.version_id, found.metadata, found.storage_class) == (written.version_id, {"a": "1"}, "STANDARD_IA")
    assert client.get_tags(BUCKET, "key") == {"t": "v"}


def test_deleting_the_latest_version_reveals_the_one_before(client: LocalClient, tmp_path: Path) -> None:
    """From the newest to the oldest; the content of each goes with it."""
    ids = [put(client, "key", b"%d" % number * LARGE).version_id for number in range(3)]
    for number in (2, 1, 0):
        assert read(client, "key") == b"%d" % number * LARGE
        assert files(tmp_path)["content"] == number + 1
        client.delete_object(BUCKET, "key", DeleteOptions(version=ids[number]))
    assert shown(client) == []
    assert files(tmp_path) == {"content": 0, "temp": 0, "pending": 0}


def test_deleting_a_version_in_the_middle_changes_no_other(client: EmbeddedClient) -> None:
    """The latest stays the latest, behind a marker too."""
    ids = [put(client, "key", b"%d" % number).version_id for number in range(3)]
    client.delete_object(BUCKET, "key", DeleteOptions(version=ids[1]))
    assert read(client, "key") == b"2"
    marker = client.delete_object(BUCKET, "key", DeleteOptions())
    client.delete_object(BUCKET, "key", DeleteOptions(version=ids[0]))
    assert [(each.version_id, each.is_latest) for each in versions(client)] == [
        (marker.version_id, True),
        (ids[2], False),
    ]


def test_what_was_written_before_is_the_null_version(tmp_path: Path) -> None:
    """It is reported as such once versioning was enabled; before, callers are told of no version."""
    client = memory(f"{tmp_path}")
    client.create_bucket(BUCKET, BucketOptions())
    assert put(client, "key", b"old").version_id is None
    assert client.head_object(BUCKET, "key", GetOptions()).version_id is None
    assert client.delete_object(BUCKET, "missing", DeleteOptions()).version_id is None
    client.enable_versioning(BUCKET)
    assert client.head_object(BUCKET, "key", GetOptions()).version_id == NULL
    put(client, "key", b"new")
    assert client.get_object(BUCKET, "key", GetOptions(version=NULL)).read() == b"old"


def test_while_suspended_writes_and_deletes_replace_the_null_version_only(client: LocalClient, tmp_path: Path) -> None:
    """There is one null version at a time, an object or a marker; the others stay."""
    kept = put(client, "key", b"kept" * LARGE).version_id
    client.suspend_versioning(BUCKET)
    assert client.versioning_status(BUCKET) is VersioningStatus.SUSPENDED
    assert put(client, "key", b"1" * LARGE).version_id == NULL
    assert put(client, "key", b"2" * LARGE).version_id == NULL
    assert shown(client) == [("key", NULL, False), ("key", kept, False)]
    assert files(tmp_path)["content"] == 2
    assert client.delete_object(BUCKET, "key", DeleteOptions()).version_id == NULL
    assert shown(client) == [("key", NULL, True), ("key", kept, False)]
    assert files(tmp_path)["content"] == 1
    put(client, "key", b"3")
    assert shown(client) == [("key", NULL, False), ("key", kept, False)]


def test_a_null_version_that_is_noncurrent_goes_when_another_is_written(client: LocalClient) -> None:
    """Written while suspended, then replaced while enabled, then suspended again."""
    client.suspend_versioning(BUCKET)
    put(client, "key", b"null 1")
    client.enable_versioning(BUCKET)
    kept = put(client, "key", b"kept").version_id
    assert shown(client) == [("key", kept, False), ("key", NULL, False)]
    client.suspend_versioning(BUCKET)
    put(client, "key", b"null 2")
    assert shown(client) == [("key", NULL, False), ("key", kept, False)]
    assert read(client, "key") == b"null 2"


def test_a_bucket_with_versions_or_markers_alone_is_not_empty(client: EmbeddedClient) -> None:
    """Though no object can be seen in it."""
    put(client, "key", b"1")
    client.delete_object(BUCKET, "key", DeleteOptions())
    with pytest.raises(BucketNotEmpty, match="versions"):
        client.delete_bucket(BUCKET)
    page = client.list_versions_page(BUCKET, "", ListOptions()).versions
    deleted = client.delete_objects(BUCKET, [ObjectIdentifier(each.key, each.version_id) for each in page])
    assert [each.is_delete_marker for each in deleted] == [True, False]
    client.delete_bucket(BUCKET)
    assert client.list_buckets() == []


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_hold_every_version_once_newest_first(client: EmbeddedClient, limit: int) -> None:
    """Whatever the size of a page, within a key and across keys; others' keys and prefixes stay out."""
    expected = []
    for key in ("a", "b", "b/c", "ba", "é"):
        ids = [put(client, key, b"").version_id for _ in range(3)]
        ids.append(client.delete_object(BUCKET, key, DeleteOptions()).version_id)
        expected += [(key, version) for version in reversed(ids)]
    found = [(each.key, each.version_id) for each in versions(client, limit=limit)]
    assert found == expected
    assert [each.is_latest for each in versions(client, limit=limit)] == [True, False, False, False] * 5
    below = [(each.key, each.version_id) for each in versions(client, "b", limit)]
    assert below == expected[4:16]


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_a_listing_from_which_all_is_deleted_page_by_page_misses_nothing(client: EmbeddedClient, limit: int) -> None:
    """Deleting the latest makes another one the latest, behind the cursor: it is listed still."""
    for key in ("a", "b"):
        for _ in range(4):
            put(client, key, b"")
    cursor = None
    while True:
        page = client.list_versions_page(BUCKET, "", ListOptions(limit=limit, cursor=cursor))
        client.delete_objects(BUCKET, [ObjectIdentifier(each.key, each.version_id) for each in page.versions])
        cursor = page.cursor
        if cursor is None:
            break
    assert versions(client) == []


@pytest.mark.parametrize("cursor", ["x", "ö", "eA==", "OmE=", "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA6YQ==", "/w=="])
def test_a_cursor_that_is_none_is_refused(client: EmbeddedClient, cursor: str) -> None:
    """Not base64, no number, a number that is too great, not UTF-8: InvalidArgument."""
    with pytest.raises(InvalidArgument, match="cursor"):
        client.list_versions_page(BUCKET, "", ListOptions(cursor=cursor))


def test_a_bucket_that_never_had_versions_lists_its_objects_as_null_versions(tmp_path: Path) -> None:
    """As S3 does; one can be deleted by that id."""
    client = memory(f"{tmp_path}")
    client.create_bucket(BUCKET, BucketOptions())
    put(client, "key", b"1")
    assert [(each.version_id, each.is_latest, each.size) for each in versions(client)] == [(NULL, True, 1)]
    client.delete_object(BUCKET, "key", DeleteOptions(version=NULL))
    assert versions(client) == []


def test_objects_cost_the_same_however_many_versions_there_are(client: LocalClient) -> None:
    """A listing and a read of current objects execute as many instructions among 2,000 versions as among none."""
    for key in ("a", "b", "c"):
        put(client, key, b"1")
    before = steps(client)
    for _ in range(1000):
        put(client, "b", b"1")
        client.delete_object(BUCKET, "d", DeleteOptions())
    assert steps(client) == before


def test_a_bucket_with_object_lock_cannot_be_suspended(client: EmbeddedClient) -> None:
    """Its versions can be locked, so they must stay."""
    client.create_bucket("locked", BucketOptions(object_lock=True))
    assert client.versioning_status("locked") is VersioningStatus.ENABLED
    with pytest.raises(UnsupportedOperation):
        client.suspend_versioning("locked")
    assert client.versioning_status("locked") is VersioningStatus.ENABLED


def test_a_delete_can_depend_on_the_etag_of_what_it_deletes(client: EmbeddedClient) -> None:
    """Of the object, or of the version that is named; one that is missing has none."""
    first, second = put(client, "key", b"1"), put(client, "key", b"2")
    for options in (
        DeleteOptions(if_match=first.etag),
        DeleteOptions(if_match=second.etag, version=first.version_id),
        DeleteOptions(if_match=first.etag, version="missing"),
    ):
        with pytest.raises(PreconditionFailed):
            client.delete_object(BUCKET, "key", options)
    assert len(versions(client)) == 2
    client.delete_object(BUCKET, "key", DeleteOptions(if_match=first.etag, version=first.version_id))
    client.delete_object(BUCKET, "key", DeleteOptions(if_match=second.etag))
    assert [each.is_delete_marker for each in versions(client)] == [True, False]


class Model:
    """What S3 says of one key: its versions, newest first, as (id, content or None for a marker)."""

    def __init__(self) -> None:
        self.status = "disabled"
        self.versions: list[tuple[str | None, bytes | None]] = []

    def add(self, content: bytes | None, version: str | None) -> None:
        """Put an object, or a marker, on top."""
        if self.status != "enabled":
            self.versions = [each for each in self.versions if each[0] != NULL]
        if self.status != "disabled" or content is not None:
            self.versions.insert(0, (version or NULL, content))


ACTIONS = st.lists(
    st.sampled_from(["put", "put", "delete", "enable", "suspend", "oldest", "newest", "middle", "null"]), max_size=14
)


@given(actions=ACTIONS)
@settings(max_examples=150)
def test_any_course_of_actions_leaves_what_a_plain_model_of_s3_has(actions: list[str]) -> None:
    """Writing, deleting, enabling, suspending, and deleting versions at any place."""
    client, model = memory("test_any_course_of_actions"), Model()
    client.create_bucket(BUCKET, BucketOptions())
    for number, action in enumerate(actions):
        act(client, model, action, b"%d" % number)
        found = versions(client)
        assert [(each.version_id, each.is_delete_marker) for each in found] == [
            (version, content is None) for version, content in model.versions
        ]
        assert [each.is_latest for each in found] == [place == 0 for place in range(len(found))]
    for version, content in model.versions:
        if content is not None:
            assert client.get_object(BUCKET, "key", GetOptions(version=version)).read() == content
    clear(client)


def act(client: EmbeddedClient, model: Model, action: str, content: bytes) -> None:
    """Do one thing to both."""
    if action == "put":
        model.add(content, put(client, "key", content).version_id)
    elif action == "delete":
        model.add(None, client.delete_object(BUCKET, "key", DeleteOptions()).version_id)
    elif action in ("enable", "suspend"):
        model.status = f"{action.rstrip('e')}ed"
        getattr(client, f"{action}_versioning")(BUCKET)
    elif action == "null":
        client.delete_object(BUCKET, "key", DeleteOptions(version=NULL))
        model.versions = [each for each in model.versions if each[0] != NULL]
    elif model.versions:
        place = {"newest": 0, "middle": len(model.versions) // 2, "oldest": -1}[action]
        client.delete_object(BUCKET, "key", DeleteOptions(version=model.versions.pop(place)[0]))


def clear(client: EmbeddedClient) -> None:
    """Delete the bucket of the tests with all that is in it; no content stays."""
    client.delete_objects(BUCKET, [ObjectIdentifier(each.key, each.version_id) for each in versions(client)])
    client.delete_bucket(BUCKET)
    with client._database.read() as connection:
        assert connection.execute("SELECT count(*) FROM contents").fetchone() == (0,)


def versions(client: EmbeddedClient, prefix: str = "", limit: int = 1000) -> list[ObjectVersion]:
    """Return all pages of a listing of versions."""
    found: list[ObjectVersion] = []
    cursor = None
    while True:
        page = client.list_versions_page(BUCKET, prefix, ListOptions(limit=limit, cursor=cursor))
        assert len(page.versions) <= limit
        found += page.versions
        cursor = page.cursor
        if cursor is None:
            return found


def shown(client: EmbeddedClient) -> list[tuple[str, Any, bool]]:
    """Return key, id and whether it is a marker, of each version."""
    return [(each.key, each.version_id, each.is_delete_marker) for each in versions(client)]


def steps(client: LocalClient) -> int:
    """Return how many instructions SQLite's machine executes for a listing and a read of current objects."""
    count = 0

    def step() -> int:
        nonlocal count
        count += 1
        return 0

    with client._database.read() as connection:
        connection.set_progress_handler(step, 1)
    client.list_page(BUCKET, "", ListOptions())
    client.head_object(BUCKET, "b", GetOptions())
    with client._database.read() as connection:
        connection.set_progress_handler(None, 0)
    return count

"""Reads, deletions, copies and their options through the facade; and many keys at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest

from data_store.object_store.errors import (
    BucketNotFound,
    InvalidArgument,
    NotModified,
    ObjectNotFound,
    PreconditionFailed,
    UnsupportedOperation,
)
from data_store.object_store.models import (
    BucketOptions,
    DeleteOptions,
    GetOptions,
    ObjectIdentifier,
    PutOptions,
    Retention,
    RetentionMode,
    SseS3,
)
from data_store.object_store.store import ObjectStore
from tests.unit import facade_support
from tests.unit.facade_support import KEY_OF_32, client_of

capable = facade_support.capable
plain = facade_support.plain

LATER = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
LOCK = Retention(RetentionMode.GOVERNANCE, LATER)


def _asked(store: ObjectStore, operation: str) -> list[object]:
    return [call[-1] for call in client_of(store).asked if call[0] == operation]


def test_what_an_object_is_stored_with_reaches_the_client(capable: ObjectStore) -> None:
    """Checked and normalised."""
    capable.put_object(b"", "k", tags={"a": "b"}, encryption=SseS3(), retention=LOCK, legal_hold=True, if_match=None)
    capable.put_object(b"", "l", tags={}, legal_hold=False)
    with capable.multipart_upload("m", storage_class="COLD", tags={"a": "b"}) as writer:
        writer.upload_part(b"")
    assert _asked(capable, "put_object") == [
        PutOptions(tags={"a": "b"}, encryption=SseS3(), retention=LOCK, legal_hold=True),
        PutOptions(),
    ]
    assert (capable.head_object("m").storage_class, capable.get_tags("m")) == ("COLD", {"a": "b"})
    capable.create_bucket("locked", object_lock=True)
    assert _asked(capable, "create_bucket")[-1] == BucketOptions(object_lock=True)


def test_conditions_and_keys_of_reads_reach_the_client(capable: ObjectStore) -> None:
    """Times in UTC."""
    etag = capable.put_object(b"content", "k").etag
    before = datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1)))
    expected = GetOptions(
        if_match=etag,
        if_modified_since=datetime(2025, 12, 31, 23, tzinfo=UTC),
        if_unmodified_since=LATER,
        encryption=KEY_OF_32,
    )
    given = {"if_modified_since": before, "if_unmodified_since": LATER, "encryption": KEY_OF_32}
    with capable.get_object("k", if_match=f'"{etag}"', **given) as found:  # type: ignore[arg-type]  # of several types
        assert found.read() == b"content"
    capable.head_object("k", if_match=etag, **given)  # type: ignore[arg-type]  # of several types
    assert (_asked(capable, "get_object"), _asked(capable, "head_object")) == ([expected], [expected])


def test_every_read_takes_a_key(capable: ObjectStore, tmp_path: object) -> None:
    """Of an object that was stored with it."""
    capable.put_object(b"content", "k", encryption=KEY_OF_32)
    client_of(capable).asked.clear()
    assert capable.read_object("k", encryption=KEY_OF_32) == b"content"
    assert capable.open_object("k", encryption=KEY_OF_32).read(3) == b"con"
    assert capable.get_ranges("k", [(0, 1), (1, 1)], encryption=KEY_OF_32) == [b"c", b"o"]
    assert capable.exists("k", encryption=KEY_OF_32)
    capable.download_file("k", f"{tmp_path}/file", encryption=KEY_OF_32)
    capable.download_object("k", f"{tmp_path}/file", encryption=KEY_OF_32)
    asked = [*_asked(capable, "get_object"), *_asked(capable, "head_object")]
    assert len(asked) == 8
    assert {getattr(options, "encryption", None) for options in asked} == {KEY_OF_32}


def test_a_head_can_be_conditional(capable: ObjectStore) -> None:
    """As a GET can."""
    etag = capable.put_object(b"content", "k").etag
    with pytest.raises(NotModified):
        capable.head_object("k", if_none_match=etag)
    with pytest.raises(PreconditionFailed):
        capable.head_object("k", if_match="other")


# deletions


def test_a_deletion_can_be_conditional(capable: ObjectStore) -> None:
    """The object stays if the condition does not hold."""
    etag = capable.put_object(b"content", "k").etag
    with pytest.raises(PreconditionFailed):
        capable.delete_object("k", if_match="other")
    assert capable.exists("k")
    capable.delete_object("k", if_match=f'"{etag}"', bypass_governance=True)
    assert _asked(capable, "delete_object")[-1] == DeleteOptions(if_match=etag, bypass_governance=True)
    assert not capable.exists("k")


def test_a_condition_that_a_store_ignores_deletes_nothing(plain: ObjectStore) -> None:
    """It is refused before it is sent."""
    etag = plain.put_object(b"content", "k").etag
    with pytest.raises(UnsupportedOperation, match="no conditional deletions") as caught:
        plain.delete_object("k", if_match=etag)
    assert (caught.value.operation, caught.value.bucket, caught.value.key) == ("delete_object", "root", "k")
    assert plain.exists("k")


def test_objects_and_versions_are_deleted_together(capable: ObjectStore) -> None:
    """In order; the options reach each."""
    many: list[str | ObjectIdentifier] = ["a", ObjectIdentifier("b"), ObjectIdentifier("c", "v9")]
    capable.delete_objects(iter(many), bypass_governance=True)
    assert [call[2] for call in client_of(capable).asked if call[0] == "delete_object"] == ["a", "b", "c"]
    assert _asked(capable, "delete_object") == [
        DeleteOptions(bypass_governance=True),
        DeleteOptions(bypass_governance=True),
        DeleteOptions(version="v9", bypass_governance=True),
    ]


# many at once


def test_many_objects_are_looked_at(capable: ObjectStore) -> None:
    """In order, lazily, each with its own error."""
    capable.put_object(b"a", "a")
    capable.put_object(b"bb", "b")
    client_of(capable).calls.clear()
    listing = capable.head_objects(iter(["b", "missing", "a"]))
    assert client_of(capable).calls == []
    found = list(listing)
    assert [result.key for result in found] == ["b", "missing", "a"]
    assert [result.metadata and result.metadata.size for result in found] == [2, None, 1]
    assert [type(result.error) for result in found] == [type(None), ObjectNotFound, type(None)]


def test_a_missing_bucket_is_no_error_of_a_key(capable: ObjectStore) -> None:
    """It is raised."""
    with pytest.raises(BucketNotFound):
        list(capable.head_objects(["k"], "missing"))
    with pytest.raises(BucketNotFound):
        capable.copy_objects([("k", "l")], "missing", "missing")


def test_a_bad_key_of_an_iterator_ends_it(capable: ObjectStore) -> None:
    """When its turn comes."""
    capable.put_object(b"", "a")

    def pairs() -> Iterator[tuple[str, str]]:
        yield "a", "b"
        yield "a", ""

    with pytest.raises(InvalidArgument):
        capable.copy_objects(pairs())
    with pytest.raises(InvalidArgument):
        list(capable.head_objects(iter(["a", ""])))


def test_many_objects_are_copied(capable: ObjectStore) -> None:
    """In order, each with its own error; with ``quiet`` the failures only; the changes are for all."""
    capable.put_object(b"a", "a")
    capable.create_bucket("other")
    pairs = [("a", "x"), ("missing", "y"), ("a", "z")]
    results = capable.copy_objects(pairs, None, "other", content_type="text/x")
    assert [(result.key, type(result.error)) for result in results] == [
        ("x", type(None)),
        ("y", ObjectNotFound),
        ("z", type(None)),
    ]
    assert [capable.head_object(key, "other").content_type for key in "xz"] == ["text/x", "text/x"]
    assert [result.key for result in capable.copy_objects(iter(pairs), quiet=True)] == ["y"]


def test_a_conditional_copy_is_about_the_target(capable: ObjectStore) -> None:
    """Which stays as it is if the condition does not hold."""
    capable.put_object(b"a", "a")
    capable.put_object(b"b", "b")
    with pytest.raises(PreconditionFailed):
        capable.copy_object("a", "b", if_none_match="*")
    assert capable.read_object("b") == b"b"
    capable.copy_object("a", "c", if_none_match="*", tags={"a": "b"}, content_type="text/x")
    assert (capable.read_object("c"), capable.get_tags("c")) == (b"a", {"a": "b"})


def test_what_is_stored_is_verified(capable: ObjectStore) -> None:
    """Below a prefix, in the order of the listing."""
    for key in ("a/1", "a/2", "b"):
        capable.put_object(key.encode(), key)
    assert [(found.key, found.error) for found in capable.verify("a/")] == [("a/1", None), ("a/2", None)]

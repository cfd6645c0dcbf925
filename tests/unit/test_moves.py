"""Tests of moves, and of copies and moves of versions: what is deleted, and when."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from data_store.object_store.copies import Copy
from data_store.object_store.errors import (
    AccessDenied,
    IntegrityError,
    ObjectStoreError,
    VersionNotFound,
)
from data_store.object_store.models import (
    DeletedObject,
    DeleteOptions,
    GetOptions,
    ObjectMetadata,
    PartInfo,
    PutOptions,
)
from tests.unit.dict_client import DictClient, Stored, TagsClient, VendorError
from tests.unit.transfer_support import (
    CONTENT,
    FIELDS,
    PART,
    SOURCE,
    options_of,
    put,
    stored_content,
    transfers_of,
)

# moves


def test_a_move_deletes_the_source() -> None:
    """After the copy was seen."""
    client = DictClient()
    transfers = transfers_of(client)
    put(client, b"content")
    client.calls.clear()
    transfers.copies.move(Copy("b", "k", "b", "l", {}))
    assert client.calls == ["head_object", "copy_object", "head_object", "head_object", "delete_object"]
    assert set(client.buckets["b"]) == {"l"}


@pytest.mark.parametrize("fault", ["copy", "verify", "delete"])
def test_a_move_that_fails_keeps_the_source(fault: str) -> None:
    """Wherever it ends."""

    class Failing(DictClient):
        def copy_object(self, *args: Any) -> ObjectMetadata:
            if fault == "copy":
                raise VendorError("AccessDenied", 403)
            done = super().copy_object(*args)
            if fault == "verify":
                put(self, b"another", "l")
            return done

        def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> DeletedObject:
            raise VendorError("AccessDenied", 403)

    client = Failing()
    transfers = transfers_of(client)
    put(client, b"content")
    with pytest.raises(IntegrityError if fault == "verify" else AccessDenied) as caught:
        transfers.copies.move(Copy("b", "k", "b", "l", {}))
    assert isinstance(caught.value, ObjectStoreError)
    assert caught.value.framework == "memory"
    assert stored_content(client) == b"content"


def test_a_move_onto_itself_keeps_the_object() -> None:
    """With what was changed."""
    client = DictClient()
    transfers = transfers_of(client)
    put(client, b"content", options=SOURCE)
    transfers.copies.move(Copy("b", "k", "b", "k", {"content_type": "image/png"}))
    assert stored_content(client) == b"content"
    assert options_of(client, "k")["content_type"] == "image/png"
    assert options_of(client, "k")["metadata"] == {"a": "b"}


def test_a_source_that_is_replaced_while_it_is_moved_stays() -> None:
    """What came meanwhile was not copied: deleting it would lose it."""

    class Replaced(DictClient):
        def copy_object(self, *args: Any) -> ObjectMetadata:
            done = super().copy_object(*args)
            put(self, b"another")
            return done

    client = Replaced()
    put(client, b"content")
    with pytest.raises(IntegrityError, match="source was replaced"):
        transfers_of(client).copies.move(Copy("b", "k", "b", "l", {}))
    assert (stored_content(client), stored_content(client, "l")) == (b"another", b"content")


# versions


class VersionsClient(TagsClient):
    """Keeps what is replaced: the id of a version is its ETag, or ``"null"`` where it has no others."""

    suspended = False

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[str, Stored] = {}
        self._asked = threading.local()

    def head_object(self, bucket: str, key: str, options: GetOptions) -> ObjectMetadata:
        """Look at a version."""
        with self._at(options.version):
            found = super().head_object(bucket, key, options)
        return replace(found, version_id=self._id(found))

    def copy_object(self, *args: Any) -> ObjectMetadata:
        """Copy a version."""
        with self._at(args[4].source_version):
            return self._known(args[2], args[3], super().copy_object(*args))

    def upload_part_copy(self, *args: Any) -> PartInfo:
        """Copy a part of a version."""
        with self._at(args[4].version):
            return super().upload_part_copy(*args)

    def get_tags(self, bucket: str, key: str, version: str | None = None) -> dict[str, str]:
        """Return the tags of a version."""
        with self._at(version):
            return super().get_tags(bucket, key, version)

    def put_object(self, *args: Any) -> ObjectMetadata:
        """Make a version."""
        return self._known(args[0], args[1], super().put_object(*args))

    def complete_multipart_upload(self, *args: Any) -> ObjectMetadata:
        """Make a version."""
        return self._known(args[0], args[1], super().complete_multipart_upload(*args))

    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> DeletedObject:
        """Delete a version."""
        self.calls.append("delete_object")
        gone = self.kept.pop(options.version or "")
        if self.buckets[bucket].get(key) is gone:
            del self.buckets[bucket][key]
        return DeletedObject(key, options.version)

    def _known(self, bucket: str, key: str, done: ObjectMetadata) -> ObjectMetadata:
        version = self._id(done)
        self.kept[version] = self.buckets[bucket][key]
        return replace(done, version_id=version)

    def _id(self, found: ObjectMetadata) -> str:
        return "null" if self.suspended else str(found.etag)

    @contextmanager
    def _at(self, version: str | None) -> Iterator[None]:
        self._asked.version = version
        try:
            yield
        finally:
            self._asked.version = None

    def _found(self, bucket: str, key: str, missing: str) -> Stored:
        version = getattr(self._asked, "version", None)
        if version is None:
            return super()._found(bucket, key, missing)
        if version not in self.kept:
            raise VendorError("404", 404)
        return self.kept[version]


@pytest.mark.parametrize("size", [0, 10, PART + 1])
def test_a_version_is_restored_to_the_top(size: int) -> None:
    """Onto its own key, with all that it had; the version stays."""
    client = VersionsClient()
    transfers = transfers_of(client)
    old = put(client, CONTENT[:size], options=replace(SOURCE, tags={"a": "b"})).version_id
    put(client, b"current", options=PutOptions(content_type="image/png"))
    done = transfers.copies.copy(Copy("b", "k", "b", "k", {}, old))
    assert stored_content(client) == CONTENT[:size]
    assert client.buckets["b"]["k"].tags == {"a": "b"}
    assert options_of(client, "k") == {name: getattr(SOURCE, name) for name in FIELDS}
    assert done.version_id not in (None, old)
    assert old in client.kept
    transfers.close()


def test_a_missing_version_is_not_copied() -> None:
    """Nor is the current one in its place."""
    client = VersionsClient()
    put(client, b"content")
    with pytest.raises(VersionNotFound):
        transfers_of(client).copies.copy(Copy("b", "k", "b", "l", {}, "missing"))
    assert set(client.buckets["b"]) == {"k"}


@pytest.mark.parametrize("size", [10, PART + 1])
@pytest.mark.parametrize("target", ["l", "k"])
def test_moving_a_version_deletes_that_version(size: int, target: str) -> None:
    """The current one stays, or becomes the one that was moved."""
    client = VersionsClient()
    transfers = transfers_of(client)
    old = put(client, CONTENT[:size]).version_id
    current = put(client, b"current").version_id
    transfers.copies.move(Copy("b", "k", "b", target, {}, old))
    assert stored_content(client, target) == CONTENT[:size]
    assert old not in client.kept
    assert current in client.kept
    assert stored_content(client, "k") == (b"current" if target == "l" else CONTENT[:size])
    transfers.close()


def test_moving_a_version_that_the_copy_replaces_deletes_nothing() -> None:
    """The version "null", onto itself while versioning is suspended."""
    client = VersionsClient()
    client.suspended = True
    put(client, b"content")
    transfers_of(client).copies.move(Copy("b", "k", "b", "k", {"content_type": "image/png"}, "null"))
    assert stored_content(client) == b"content"
    assert options_of(client, "k")["content_type"] == "image/png"
    assert "delete_object" not in client.calls

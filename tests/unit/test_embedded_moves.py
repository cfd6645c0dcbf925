"""Copies and moves in the embedded store whose source is replaced on the way by the same bytes: that is noticed too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from data_store.object_store import IntegrityError, ObjectStore

NEWER = {"who": "another"}


@pytest.fixture(params=["local", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ObjectStore]:
    """A store in a directory and in memory, with an object ``source``."""
    connection = {"root": tmp_path} if request.param == "local" else {"name": str(tmp_path)}
    with ObjectStore({"framework": request.param, "root_bucket": "bucket", "connection": connection}) as made:
        made.put_object(b"content", "source", metadata={"who": "one"})
        yield made


def _replace_before(store: ObjectStore, operation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the source by the same bytes with other metadata, just before the client does an operation."""
    original = getattr(store.client, operation)

    def replaced(*args: Any) -> Any:
        store.put_object(b"content", "source", metadata=NEWER)
        return original(*args)

    monkeypatch.setattr(store.client, operation, replaced)


@pytest.mark.parametrize("target", ["target", "source"])
@pytest.mark.parametrize("changes", [{}, {"cache_control": "no-store"}])
def test_a_copy_notices_that_its_source_was_replaced_by_the_same_bytes(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch, target: str, changes: Any
) -> None:
    """The metadata that it would write would be the older ones; onto itself they would be lost."""
    _replace_before(store, "copy_object", monkeypatch)
    with pytest.raises(IntegrityError, match="replaced"):
        store.copy_object("source", target, **changes)
    assert [found.key for found in store.list_files()] == ["source"]
    assert store.head_object("source").metadata == NEWER


@pytest.mark.parametrize("operation", ["copy_object", "delete_object"])
@pytest.mark.parametrize("version", [None, "null"])
def test_a_move_does_not_delete_what_replaced_its_source_with_the_same_bytes(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch, operation: str, version: str | None
) -> None:
    """Before it was copied, and between the last look at it and the deletion."""
    _replace_before(store, operation, monkeypatch)
    with pytest.raises(IntegrityError, match="replaced"):
        store.move_object("source", "target", src_version=version)
    assert store.head_object("source").metadata == NEWER


def test_a_move_in_a_bucket_with_versions_keeps_what_replaced_its_source(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No delete marker hides it."""
    store.enable_versioning()
    store.put_object(b"content", "source", metadata={"who": "two"})
    _replace_before(store, "delete_object", monkeypatch)
    with pytest.raises(IntegrityError, match="replaced"):
        store.move_object("source", "target")
    assert store.head_object("source").metadata == NEWER


def test_a_version_is_moved_although_there_is_a_newer_one(store: ObjectStore) -> None:
    """It is that version which must not have changed."""
    store.enable_versioning()
    older = store.put_object(b"content", "source").version_id
    newer = store.put_object(b"content", "source", metadata=NEWER).version_id
    store.move_object("source", "target", src_version=older)
    assert [found.version_id for found in store.list_versions(key="source")] == [newer, "null"]

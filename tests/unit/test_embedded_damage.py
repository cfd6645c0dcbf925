"""Content at rest that has changed: each flipped bit is found, whatever the content lies in and however it was made."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from data_store.object_store import IntegrityError, ObjectStore
from data_store.object_store.adapters.embedded import receiving, uploads
from data_store.object_store.adapters.embedded.verifying import VerifiedRange

CONTENT = bytes(range(100, 116))
SPLIT = 6  # the last byte of the first part
Flip = Callable[[int], None]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ObjectStore]:
    """An embedded store."""
    with ObjectStore({"framework": "local", "connection": {"root": tmp_path / "store"}}) as store:
        yield store


def _put(store: ObjectStore) -> None:
    store.put_object(CONTENT, "key")


def _put_in_parts(store: ObjectStore) -> None:
    with store.multipart_upload("key") as writer:
        writer.upload_part(CONTENT[:SPLIT])
        writer.upload_part(CONTENT[SPLIT:])


def _in_a_file(root: Path) -> Flip:
    (file,) = (root / "content").glob("*/*")
    assert file.read_bytes() == CONTENT

    def flip(bit: int) -> None:
        file.write_bytes(_flipped(file.read_bytes(), bit))

    return flip


def _in_the_database(root: Path) -> Flip:
    def flip(bit: int) -> None:
        with closing(sqlite3.connect(root / "data-store.db")) as connection, connection:
            ((data,),) = connection.execute("SELECT data FROM contents").fetchall()
            connection.execute("UPDATE contents SET data = ?", (_flipped(data, bit),))

    return flip


def _flipped(content: bytes, bit: int) -> bytes:
    return (int.from_bytes(content) ^ 1 << bit).to_bytes(len(content))


@pytest.mark.parametrize("make", [_put, _put_in_parts])
@pytest.mark.parametrize(("limit", "lies"), [(0, _in_a_file), (receiving.INLINE_LIMIT, _in_the_database)])
def test_each_flipped_bit_is_found(
    limit: int,
    lies: Callable[[Path], Flip],
    make: Callable[[ObjectStore], None],
    store: ObjectStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By the read that comes to the end, each time, and by verify(); once it is flipped back, both find nothing."""
    monkeypatch.setattr(receiving, "INLINE_LIMIT", limit)
    monkeypatch.setattr(uploads, "MIN_PART_SIZE", 1)
    make(store)
    flip = lies(Path(store.config.connection.root))
    for bit in range(8 * len(CONTENT)):
        flip(bit)
        with store.get_object("key") as found:
            assert len(found.body.read(1)) == 1
            for _ in range(2):
                with pytest.raises(IntegrityError):
                    found.body.read()
        assert [(type(one.error), len(one.checked)) for one in store.verify()] == [(IntegrityError, 1)], bit
        flip(bit)
    assert store.read_object("key") == CONTENT
    assert [(one.error, len(one.checked)) for one in store.verify()] == [(None, 1)]


def test_a_flipped_bit_in_an_older_version_is_found(store: ObjectStore) -> None:
    """By verify(versions=True), which names the version."""
    store.enable_versioning()
    damaged = store.put_object(bytes(100_000), "key").version_id
    store.put_object(b"good", "key")
    store.delete_object("key")
    (file,) = (Path(store.config.connection.root) / "content").glob("*/*")
    file.write_bytes(_flipped(file.read_bytes(), 50_000))
    assert list(store.verify()) == []
    found = {each.version_id: type(each.error) for each in store.verify(versions=True)}
    assert len(found) == 2
    assert found.pop(damaged) is IntegrityError
    assert set(found.values()) == {type(None)}


@pytest.mark.parametrize("left", [0, 5, 10, 15], ids="{} bytes are left".format)
def test_a_range_of_content_that_shrinks_while_it_is_read_is_damaged(left: int, tmp_path: Path) -> None:
    """Before the range or within it: nothing waits for bytes that do not come."""
    file = tmp_path / "content"
    file.write_bytes(CONTENT)
    with file.open("rb", buffering=0) as content:
        wanted = VerifiedRange(content, 10, 6, {"md5": "0" * 32})
        file.write_bytes(CONTENT[:left])
        with pytest.raises(IntegrityError, match="the source is damaged"):
            list(iter(partial(wanted.read, 4), b""))

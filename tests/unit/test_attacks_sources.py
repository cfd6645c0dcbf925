"""What callers once handed over that was stored wrong, or refused with an exception of nobody's."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from data_store.object_store import InvalidArgument, ObjectStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ObjectStore]:
    """A store of this test alone."""
    with ObjectStore({"framework": "memory", "connection": {"name": str(tmp_path)}}) as made:
        yield made


class SilentSeek(io.BytesIO):
    """A stream whose seek() returns nothing, as those of old libraries do."""

    def seek(self, *position: int) -> None:  # type: ignore[override]  # that is what is wrong with it
        """Move, and return nothing."""
        super().seek(*position)


def test_an_iterable_that_yields_none_is_refused_and_not_cut_there(store: ObjectStore) -> None:
    """None is no end: what follows it would be lost without a word."""
    with pytest.raises(InvalidArgument, match="not NoneType"):
        store.put_object([b"a", None, b"b"], "key")  # type: ignore[list-item]  # a caller without mypy
    assert not store.exists("key")


def test_a_stream_that_cannot_be_read_is_refused_although_nothing_is_left_in_it(
    store: ObjectStore, tmp_path: Path
) -> None:
    """A file that was just written stands at its end: an empty object is not what the caller meant."""
    with (tmp_path / "file").open("wb") as file:
        file.write(b"content")
        with pytest.raises(InvalidArgument, match="writing only"):
            store.put_object(file, "key")
    assert not store.exists("key")


def test_a_seek_that_returns_nothing_is_no_error(store: ObjectStore) -> None:
    """The position is asked for with tell()."""
    assert store.put_object(SilentSeek(b"content"), "key").size == 7
    assert store.read_object("key") == b"content"


def test_an_object_that_was_read_can_be_stored_again(store: ObjectStore) -> None:
    """Its body is what is stored."""
    store.put_object(b"content", "key")
    store.put_object(store.get_object("key"), "copy")  # type: ignore[arg-type]  # has read(), but without a size
    assert store.read_object("copy") == b"content"


def test_a_file_that_does_not_tell_its_size_is_uploaded_whole(store: ObjectStore) -> None:
    """Files of /proc have size 0 until they are read."""
    path = Path("/proc/self/cmdline")
    assert store.upload_file(path, "key").size == len(path.read_bytes()) > 0

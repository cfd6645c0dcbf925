"""Downloads to files, which appear whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_store.object_store.errors import InvalidArgument, ObjectNotFound
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.streams import Interrupt, ProgressLog, SourceError, large_size
from data_store.object_store.testing.helpers import random_bytes

__all__ = ["Downloading"]


class Downloading(ConformanceGroup):
    """Downloading."""

    @pytest.mark.parametrize("method", ["download_file", "download_object"])
    @pytest.mark.parametrize("kind", [str, Path])
    def test_an_object_becomes_a_file(
        self, store: ObjectStore, bucket: str, tmp_path: Path, method: str, kind: type[str] | type[Path]
    ) -> None:
        """The file has the content, and the answer is the object's metadata."""
        content = random_bytes(5000)
        put = store.put_object(content, "key", bucket, metadata={"a": "b"})
        target = tmp_path / "target"
        answer = getattr(store, method)("key", kind(target), bucket)
        assert target.read_bytes() == content
        assert (answer.key, answer.size, answer.etag, answer.metadata) == ("key", 5000, put.etag, {"a": "b"})

    def test_an_empty_object_becomes_an_empty_file(self, store: ObjectStore, bucket: str, tmp_path: Path) -> None:
        """An object of no bytes is a file of no bytes."""
        store.put_object(b"", "key", bucket)
        store.download_file("key", tmp_path / "target", bucket)
        assert (tmp_path / "target").read_bytes() == b""

    def test_a_large_object_becomes_a_file(self, store: ObjectStore, bucket: str, tmp_path: Path) -> None:
        """An object that was uploaded in parts is downloaded whole."""
        content = random_bytes(large_size(store), seed=4)
        store.put_object(content, "key", bucket)
        store.download_file("key", tmp_path / "target", bucket)
        assert (tmp_path / "target").read_bytes() == content

    def test_missing_parents_are_made(self, store: ObjectStore, bucket: str, tmp_path: Path) -> None:
        """The directories of the target need not exist."""
        store.put_object(b"content", "key", bucket)
        target = tmp_path / "a" / "b" / "target"
        store.download_file("key", target, bucket)
        assert target.read_bytes() == b"content"

    def test_an_existing_file_is_replaced(self, store: ObjectStore, bucket: str, tmp_path: Path) -> None:
        """Of a longer file that was there nothing is left."""
        store.put_object(b"new", "key", bucket)
        target = tmp_path / "target"
        target.write_bytes(b"old and longer")
        store.download_file("key", target, bucket)
        assert target.read_bytes() == b"new"

    def test_a_directory_is_no_target(self, store: ObjectStore, bucket: str, tmp_path: Path) -> None:
        """A directory raises IsADirectoryError and is left as it was."""
        store.put_object(b"content", "key", bucket)
        with pytest.raises(IsADirectoryError):
            store.download_file("key", tmp_path, bucket)
        assert list(tmp_path.iterdir()) == []

    def test_a_parent_that_is_a_file_is_an_error_of_the_file(
        self, store: ObjectStore, bucket: str, tmp_path: Path
    ) -> None:
        """A directory that cannot be made raises the OSError that Python users expect."""
        store.put_object(b"content", "key", bucket)
        parent = tmp_path / "file"
        parent.write_bytes(b"kept")
        with pytest.raises((NotADirectoryError, FileExistsError)):
            store.download_file("key", parent / "target", bucket)
        assert parent.read_bytes() == b"kept"

    def test_a_missing_object_leaves_no_file(self, store: ObjectStore, bucket: str, tmp_path: Path) -> None:
        """Where there is no object no file is made, nor a temporary one."""
        with pytest.raises(ObjectNotFound):
            store.download_file("missing", tmp_path / "target", bucket)
        assert list(tmp_path.iterdir()) == []

    def test_a_missing_object_leaves_the_file_that_was_there(
        self, store: ObjectStore, bucket: str, tmp_path: Path
    ) -> None:
        """A file that was there stays as it was."""
        target = tmp_path / "target"
        target.write_bytes(b"kept")
        with pytest.raises(ObjectNotFound):
            store.download_file("missing", target, bucket)
        assert target.read_bytes() == b"kept"

    def test_nothing_but_the_file_is_left(self, store: ObjectStore, bucket: str, tmp_path: Path) -> None:
        """No temporary file stays beside the target."""
        store.put_object(b"content", "key", bucket)
        store.download_file("key", tmp_path / "target", bucket)
        assert [path.name for path in tmp_path.iterdir()] == ["target"]

    @pytest.mark.parametrize("error", [KeyboardInterrupt(), SourceError()], ids=["Ctrl-C", "an error"])
    def test_an_interrupted_download_leaves_the_file_that_was_there(
        self, store: ObjectStore, bucket: str, tmp_path: Path, error: BaseException
    ) -> None:
        """What the progress callback raises ends the download: the old file stays, and no temporary one."""
        store.put_object(random_bytes(large_size(store)), "key", bucket)
        target = tmp_path / "target"
        target.write_bytes(b"kept")
        with pytest.raises(type(error)):
            store.download_file("key", target, bucket, progress=Interrupt(error))
        assert [path.name for path in tmp_path.iterdir()] == ["target"]
        assert target.read_bytes() == b"kept"

    @pytest.mark.parametrize("large", [False, True], ids=["small", "large"])
    def test_progress_of_a_download_rises_to_the_size(
        self, store: ObjectStore, bucket: str, tmp_path: Path, large: bool
    ) -> None:
        """Progress never falls and ends at the size of the object."""
        size = large_size(store) if large else 1000
        store.put_object(random_bytes(size), "key", bucket)
        log = ProgressLog()
        store.download_file("key", tmp_path / "target", bucket, progress=log)
        assert log.done == sorted(log.done)
        assert (log.done[-1], log.totals) == (size, {size})

    @pytest.mark.parametrize("path", ["", "a\0b", None, 1])
    def test_what_is_no_path_is_refused(self, store: ObjectStore, missing_bucket: str, path: object) -> None:
        """An impossible path raises InvalidArgument before anything is sent."""
        with pytest.raises(InvalidArgument, match="path"):
            store.download_file("key", path, missing_bucket)  # type: ignore[arg-type]  # the mistake under test

    def test_a_file_goes_up_and_down_unchanged(self, store: ObjectStore, bucket: str, tmp_path: Path) -> None:
        """What upload_file has stored, download_file gives back."""
        source = tmp_path / "source.bin"
        source.write_bytes(random_bytes(123_457))
        store.upload_file(source, "key", bucket)
        store.download_file("key", tmp_path / "target.bin", bucket)
        assert (tmp_path / "target.bin").read_bytes() == source.read_bytes()

"""Uploads of files."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_store.object_store.errors import PreconditionFailed
from data_store.object_store.models import Condition
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.needs import needs
from data_store.object_store.testing.conformance.streams import Interrupt, ProgressLog, large_size
from data_store.object_store.testing.helpers import random_bytes

__all__ = ["UploadingFiles"]


class UploadingFiles(ConformanceGroup):
    """Uploading files."""

    @pytest.mark.parametrize("method", ["upload_file", "upload_object"])
    @pytest.mark.parametrize("kind", [str, Path])
    def test_a_file_is_stored(
        self, store: ObjectStore, bucket: str, tmp_path: Path, method: str, kind: type[str] | type[Path]
    ) -> None:
        """The file's content arrives, its path given as str or Path, and the answer has size and ETag."""
        source = tmp_path / "source.bin"
        source.write_bytes(random_bytes(5000))
        answer = getattr(store, method)(kind(source), "key", bucket)
        head = store.head_object("key", bucket)
        assert (answer.key, answer.size, answer.etag) == ("key", 5000, head.etag)
        assert store.read_object("key", bucket) == source.read_bytes()

    def test_an_empty_file_makes_an_empty_object(self, store: ObjectStore, bucket: str, tmp_path: Path) -> None:
        """A file of no bytes is an object of no bytes."""
        source = tmp_path / "empty"
        source.touch()
        store.upload_file(source, "key", bucket)
        assert store.head_object("key", bucket).size == 0

    def test_a_large_file_is_stored_whole(self, store: ObjectStore, bucket: str, tmp_path: Path) -> None:
        """A file that travels in parts arrives whole, with type and metadata."""
        source = tmp_path / "large.json"
        source.write_bytes(random_bytes(large_size(store)))
        store.upload_file(source, "key", bucket, metadata={"a": "b"})
        head = store.head_object("key", bucket)
        assert (head.content_type, head.metadata) == ("application/json", {"a": "b"})
        assert store.read_object("key", bucket) == source.read_bytes()

    @pytest.mark.parametrize(
        ("name", "content_type"), [("a.txt", "text/plain"), ("b.json", "application/json"), ("c.png", "image/png")]
    )
    def test_upload_file_guesses_the_content_type(
        self, store: ObjectStore, bucket: str, tmp_path: Path, name: str, content_type: str
    ) -> None:
        """Without a content type the file's name decides."""
        source = tmp_path / name
        source.write_bytes(b"content")
        store.upload_file(source, name, bucket)
        assert store.head_object(name, bucket).content_type == content_type

    def test_a_given_content_type_is_not_guessed(self, store: ObjectStore, bucket: str, tmp_path: Path) -> None:
        """What the caller says stands against the file's name."""
        source = tmp_path / "source.txt"
        source.write_bytes(b"content")
        store.upload_file(source, "key.txt", bucket, content_type="x-own/type")
        assert store.head_object("key.txt", bucket).content_type == "x-own/type"

    def test_upload_object_guesses_nothing(self, store: ObjectStore, bucket: str, tmp_path: Path) -> None:
        """upload_object leaves the content type to the store, as put_object does."""
        source = tmp_path / "source.txt"
        source.write_bytes(b"content")
        store.upload_object(source, "uploaded.txt", bucket)
        store.put_object(b"content", "put.txt", bucket)
        uploaded = store.head_object("uploaded.txt", bucket).content_type
        assert uploaded == store.head_object("put.txt", bucket).content_type
        assert uploaded != "text/plain"

    @pytest.mark.parametrize("method", ["upload_file", "upload_object"])
    def test_a_missing_file_is_an_error_of_the_file(
        self, store: ObjectStore, bucket: str, tmp_path: Path, method: str
    ) -> None:
        """A file that is not there raises FileNotFoundError and stores nothing."""
        with pytest.raises(FileNotFoundError):
            getattr(store, method)(tmp_path / "missing", "key", bucket)
        assert store.exists("key", bucket) is False

    def test_a_directory_is_not_uploaded(self, store: ObjectStore, bucket: str, tmp_path: Path) -> None:
        """A directory raises IsADirectoryError and stores nothing."""
        with pytest.raises(IsADirectoryError):
            store.upload_file(tmp_path, "key", bucket)
        assert store.exists("key", bucket) is False

    def test_content_headers_travel_with_a_file(self, store: ObjectStore, bucket: str, tmp_path: Path) -> None:
        """All options of put_object hold for files."""
        source = tmp_path / "source"
        source.write_bytes(b"content")
        store.upload_file(source, "key", bucket, cache_control="no-store", content_language="fr", metadata={"x": "y"})
        head = store.head_object("key", bucket)
        assert (head.cache_control, head.content_language, head.metadata) == ("no-store", "fr", {"x": "y"})

    @needs(Condition.PUT)
    def test_a_condition_holds_for_a_file(self, store: ObjectStore, bucket: str, tmp_path: Path) -> None:
        """An upload with if_none_match does not replace."""
        source = tmp_path / "source"
        source.write_bytes(b"new")
        store.put_object(b"old", "key", bucket)
        with pytest.raises(PreconditionFailed):
            store.upload_file(source, "key", bucket, if_none_match="*")
        assert store.read_object("key", bucket) == b"old"

    @pytest.mark.parametrize("large", [False, True], ids=["small", "large"])
    def test_progress_of_a_file_rises_to_its_size(
        self, store: ObjectStore, bucket: str, tmp_path: Path, large: bool
    ) -> None:
        """Progress never falls and ends at the size of the file."""
        source = tmp_path / "source"
        source.write_bytes(random_bytes(large_size(store) if large else 1000))
        log = ProgressLog()
        store.upload_file(source, "key", bucket, progress=log)
        size = source.stat().st_size
        assert log.done == sorted(log.done)
        assert (log.done[-1], log.totals) == (size, {size})

    @pytest.mark.parametrize("large", [False, True], ids=["small", "large"])
    def test_an_interrupted_upload_of_a_file_keeps_the_old_object(
        self, store: ObjectStore, bucket: str, tmp_path: Path, large: bool
    ) -> None:
        """Ctrl-C in the upload of a file ends it, and the old object stays."""
        source = tmp_path / "source"
        source.write_bytes(random_bytes(large_size(store) if large else 1000))
        store.put_object(b"old", "key", bucket)
        with pytest.raises(KeyboardInterrupt):
            store.upload_file(source, "key", bucket, progress=Interrupt(KeyboardInterrupt()))
        assert store.read_object("key", bucket) == b"old"

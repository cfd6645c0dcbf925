"""A missing bucket is told apart from a missing object, by every operation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from data_store.object_store.errors import BucketNotFound
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup

__all__ = ["MissingBuckets"]

OPERATIONS: dict[str, Callable[[ObjectStore, str], object]] = {
    "put_object": lambda store, bucket: store.put_object(b"content", "key", bucket),
    "put_object_empty": lambda store, bucket: store.put_object(b"", "key", bucket),
    "put_object_iterable": lambda store, bucket: store.put_object(iter([b"a", b"b"]), "key", bucket),
    "get_object": lambda store, bucket: store.get_object("key", bucket),
    "get_file": lambda store, bucket: store.get_file("key", bucket),
    "read_object": lambda store, bucket: store.read_object("key", bucket),
    "open_object": lambda store, bucket: store.open_object("key", bucket),
    "get_ranges": lambda store, bucket: store.get_ranges("key", [(0, 1)], bucket),
    "head_object": lambda store, bucket: store.head_object("key", bucket),
    "exists": lambda store, bucket: store.exists("key", bucket),
    "delete_object": lambda store, bucket: store.delete_object("key", bucket),
    "delete_file": lambda store, bucket: store.delete_file("key", bucket),
    "delete_objects": lambda store, bucket: list(store.delete_objects(["key"], bucket)),
    "list_objects": lambda store, bucket: list(store.list_objects(bucket=bucket)),
    "list_files": lambda store, bucket: list(store.list_files(bucket=bucket)),
    "list_prefixes": lambda store, bucket: list(store.list_prefixes(bucket=bucket)),
    "list_page": lambda store, bucket: store.list_page(bucket=bucket),
}


class MissingBuckets(ConformanceGroup):
    """Missing buckets."""

    @pytest.mark.parametrize("operation", OPERATIONS)
    def test_an_operation_in_a_missing_bucket_says_so(
        self, store: ObjectStore, missing_bucket: str, operation: str
    ) -> None:
        """Every operation raises BucketNotFound with the name, and makes no bucket."""
        with pytest.raises(BucketNotFound) as caught:
            OPERATIONS[operation](store, missing_bucket)
        assert caught.value.bucket == missing_bucket
        assert store.bucket_exists(missing_bucket) is False

    def test_a_download_from_a_missing_bucket_leaves_no_file(
        self, store: ObjectStore, missing_bucket: str, tmp_path: Path
    ) -> None:
        """A download that cannot begin makes no file."""
        target = tmp_path / "target"
        with pytest.raises(BucketNotFound):
            store.download_object("key", target, missing_bucket)
        assert list(tmp_path.iterdir()) == []

    def test_an_upload_to_a_missing_bucket_says_so(
        self, store: ObjectStore, missing_bucket: str, tmp_path: Path
    ) -> None:
        """The upload of a file raises BucketNotFound, not an error about the file."""
        source = tmp_path / "source.txt"
        source.write_bytes(b"content")
        with pytest.raises(BucketNotFound):
            store.upload_file(source, "key", missing_bucket)

    def test_a_copy_from_a_missing_bucket_says_which(
        self, store: ObjectStore, bucket: str, missing_bucket: str
    ) -> None:
        """Where the source's bucket is missing, the error names that one and the target stays away."""
        with pytest.raises(BucketNotFound) as caught:
            store.copy_object("key", "copy", missing_bucket, bucket)
        assert caught.value.bucket == missing_bucket
        assert store.exists("copy", bucket) is False

    def test_a_copy_to_a_missing_bucket_says_which(self, store: ObjectStore, bucket: str, missing_bucket: str) -> None:
        """Where the target's bucket is missing, the error names that one."""
        store.put_object(b"content", "key", bucket)
        with pytest.raises(BucketNotFound) as caught:
            store.copy_object("key", "copy", bucket, missing_bucket)
        assert caught.value.bucket == missing_bucket

    def test_a_move_to_a_missing_bucket_keeps_the_source(
        self, store: ObjectStore, bucket: str, missing_bucket: str
    ) -> None:
        """A move that cannot arrive deletes nothing."""
        store.put_object(b"content", "key", bucket)
        with pytest.raises(BucketNotFound):
            store.move_object("key", "moved", bucket, missing_bucket)
        assert store.read_object("key", bucket) == b"content"

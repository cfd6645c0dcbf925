"""A missing bucket is told apart from a missing object, by every operation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from data_store.object_store.capabilities import (
    SupportsBucketTags,
    SupportsCors,
    SupportsLifecycle,
    SupportsLifecycleRuns,
    SupportsMultipart,
    SupportsNotificationRules,
    SupportsNotifications,
    SupportsObjectLock,
    SupportsTags,
    SupportsVersioning,
)
from data_store.object_store.errors import BucketNotFound, UnsupportedOperation
from data_store.object_store.models import CorsRule, LifecycleRule
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.needs import lacking

__all__ = ["MissingBuckets"]

RULE = LifecycleRule("rule", expire_after_days=9)
CORS = CorsRule(("*",), ("GET",))

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

OF_CAPABILITIES: dict[str, tuple[type, Callable[[ObjectStore, str], object]]] = {
    "enable_versioning": (SupportsVersioning, lambda store, bucket: store.enable_versioning(bucket)),
    "suspend_versioning": (SupportsVersioning, lambda store, bucket: store.suspend_versioning(bucket)),
    "versioning_status": (SupportsVersioning, lambda store, bucket: store.versioning_status(bucket)),
    "list_versions": (SupportsVersioning, lambda store, bucket: list(store.list_versions(bucket=bucket))),
    "purge": (SupportsVersioning, lambda store, bucket: store.purge("key", bucket)),
    "create_multipart_upload": (SupportsMultipart, lambda store, bucket: store.create_multipart_upload("key", bucket)),
    "list_multipart_uploads": (
        SupportsMultipart,
        lambda store, bucket: list(store.list_multipart_uploads(bucket=bucket)),
    ),
    "abort_stale_uploads": (SupportsMultipart, lambda store, bucket: store.abort_stale_uploads(0, bucket=bucket)),
    "get_tags": (SupportsTags, lambda store, bucket: store.get_tags("key", bucket)),
    "set_tags": (SupportsTags, lambda store, bucket: store.set_tags("key", {"a": "b"}, bucket)),
    "delete_tags": (SupportsTags, lambda store, bucket: store.delete_tags("key", bucket)),
    "get_bucket_tags": (SupportsBucketTags, lambda store, bucket: store.get_bucket_tags(bucket)),
    "set_bucket_tags": (SupportsBucketTags, lambda store, bucket: store.set_bucket_tags({"a": "b"}, bucket)),
    "delete_bucket_tags": (SupportsBucketTags, lambda store, bucket: store.delete_bucket_tags(bucket)),
    "get_lifecycle": (SupportsLifecycle, lambda store, bucket: store.get_lifecycle(bucket)),
    "set_lifecycle": (SupportsLifecycle, lambda store, bucket: store.set_lifecycle([RULE], bucket)),
    "delete_lifecycle": (SupportsLifecycle, lambda store, bucket: store.delete_lifecycle(bucket)),
    "run_lifecycle": (SupportsLifecycleRuns, lambda store, bucket: store.run_lifecycle(bucket)),
    "watch": (SupportsNotifications, lambda store, bucket: _watch(store, bucket)),
    "get_notifications": (SupportsNotificationRules, lambda store, bucket: store.get_notifications(bucket)),
    "set_notifications": (SupportsNotificationRules, lambda store, bucket: store.set_notifications([], bucket)),
    "get_default_retention": (SupportsObjectLock, lambda store, bucket: store.get_default_retention(bucket)),
    "get_retention": (SupportsObjectLock, lambda store, bucket: store.get_retention("key", bucket)),
    "set_legal_hold": (SupportsObjectLock, lambda store, bucket: store.set_legal_hold("key", True, bucket)),
    "get_cors": (SupportsCors, lambda store, bucket: store.get_cors(bucket)),
    "set_cors": (SupportsCors, lambda store, bucket: store.set_cors([CORS], bucket)),
    "delete_cors": (SupportsCors, lambda store, bucket: store.delete_cors(bucket)),
}


def _watch(store: ObjectStore, bucket: str) -> None:
    with store.watch(bucket) as watch:
        watch.next(timeout=60)


class MissingBuckets(ConformanceGroup):
    """Missing buckets."""

    @pytest.mark.parametrize("operation", OPERATIONS)
    def test_an_operation_in_a_missing_bucket_says_so(
        self, store: ObjectStore, missing_bucket: str, operation: str
    ) -> None:
        """Every operation raises BucketNotFound with that name and a method of the store's, and makes no bucket."""
        with pytest.raises(BucketNotFound) as caught:
            OPERATIONS[operation](store, missing_bucket)
        assert caught.value.bucket == missing_bucket
        assert hasattr(store, caught.value.operation or "")
        assert store.bucket_exists(missing_bucket) is False

    @pytest.mark.parametrize("operation", OF_CAPABILITIES)
    def test_a_capability_does_not_hide_that_a_bucket_is_missing(
        self, store: ObjectStore, missing_bucket: str, operation: str
    ) -> None:
        """BucketNotFound with the name, or UnsupportedOperation where it is not there either; no bucket is made."""
        capability, use = OF_CAPABILITIES[operation]
        refused = (UnsupportedOperation,) if lacking(self, store, capability) else ()
        with pytest.raises((BucketNotFound, *refused)) as caught:
            use(store, missing_bucket)
        assert caught.value.bucket == missing_bucket
        assert hasattr(store, caught.value.operation or "")
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

"""Storage classes: kept as they are named, or refused."""

from __future__ import annotations

import pytest

from data_store.object_store.errors import ObjectStoreError
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.streams import copied_in_parts, large_size

__all__ = ["StorageClasses"]

STANDARD = "STANDARD"
CLASSES = [STANDARD, "REDUCED_REDUNDANCY", "GLACIER", "NO_SUCH_CLASS"]


def _class(store: ObjectStore, key: str, bucket: str) -> str:
    """Return the class of an object; S3 names every one but STANDARD (S3 API reference, HeadObject)."""
    return store.head_object(key, bucket).storage_class or STANDARD


class StorageClasses(ConformanceGroup):
    """Storage classes."""

    @pytest.mark.parametrize("size", ["small", "large"])
    @pytest.mark.parametrize("storage_class", CLASSES)
    def test_a_storage_class_is_kept_or_refused(
        self, store: ObjectStore, bucket: str, storage_class: str, size: str
    ) -> None:
        """Of any size, an object has the class that was named, or there is an error and no object."""
        content = bytes(7 if size == "small" else large_size(store))
        try:
            store.put_object(content, "key", bucket, storage_class=storage_class)
        except ObjectStoreError:
            assert storage_class != STANDARD
            assert store.exists("key", bucket) is False
        else:
            assert _class(store, "key", bucket) == storage_class

    @pytest.mark.parametrize("size", ["small", "large"])
    @pytest.mark.parametrize("storage_class", CLASSES)
    def test_a_copy_keeps_its_storage_class_or_gets_another(
        self, store: ObjectStore, bucket: str, storage_class: str, size: str
    ) -> None:
        """A value replaces it, None keeps it, and a class that there is not leaves no copy."""
        store.put_object(bytes(7 if size == "small" else copied_in_parts(store)), "key", bucket)
        try:
            store.copy_object("key", "copy", bucket, bucket, storage_class=storage_class)
        except ObjectStoreError:
            assert storage_class != STANDARD
            assert store.exists("copy", bucket) is False
        else:
            assert _class(store, "copy", bucket) == storage_class
            store.copy_object("copy", "second", bucket, bucket)
            assert _class(store, "second", bucket) == storage_class

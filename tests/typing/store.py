"""What the methods of the facade take and return, as a type checker sees it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO, assert_type

from data_store.object_store import (
    Bucket,
    DeletedObject,
    Object,
    ObjectMetadata,
    ObjectPage,
    ObjectReader,
    ObjectStore,
    ObjectStoreClient,
    ObjectStoreConfiguration,
)


def makes_stores() -> None:
    """Every form of a configuration is accepted."""
    assert_type(ObjectStore(), ObjectStore)
    assert_type(ObjectStore({"framework": "memory"}), ObjectStore)
    assert_type(ObjectStore(ObjectStoreConfiguration(framework="memory")), ObjectStore)
    assert_type(ObjectStore("memory://bucket"), ObjectStore)
    assert_type(ObjectStore(Path("store.yaml")), ObjectStore)
    assert_type(ObjectStore.from_url("memory://bucket"), ObjectStore)
    ObjectStore(5)  # type: ignore[arg-type]  # what is to be refused
    with ObjectStore() as store:
        assert_type(store, ObjectStore)


def uses_the_store_itself(store: ObjectStore) -> None:
    """Configuration and client are typed."""
    assert_type(store.config, ObjectStoreConfiguration)
    assert_type(store.client, ObjectStoreClient)
    store.config = store.config  # type: ignore[misc]  # what is to be refused


def uploads(store: ObjectStore, stream: IO[bytes], raw: io.RawIOBase, chunks: Iterator[bytes]) -> None:
    """Options are checked by name and by type."""
    assert_type(store.upload_file("file", "key"), ObjectMetadata)
    assert_type(store.upload_object(Path("file"), "key", "bucket", content_type="text/plain"), ObjectMetadata)
    assert_type(store.put_object(b"data", "key", metadata={"name": "value"}, if_none_match="*"), ObjectMetadata)
    store.put_object(bytearray(b"data"), "key")
    store.put_object(memoryview(b"data"), "key")
    store.put_object(stream, "key", length=5)
    store.put_object(raw, "key")
    store.put_object(chunks, "key", progress=lambda done, total: (done, total))
    store.put_object("text", "key")  # type: ignore[arg-type]  # what is to be refused
    store.put_object(b"data", "key", contenttype="text/plain")  # type: ignore[call-arg]  # what is to be refused
    store.put_object(b"data", "key", content_type=5)  # type: ignore[arg-type]  # what is to be refused
    store.put_object(b"data", "key", "bucket", 5)  # type: ignore[call-arg]  # what is to be refused


def downloads(store: ObjectStore) -> None:
    """An object has a binary stream, a reader is a raw stream."""
    assert_type(store.download_file("key", "file"), ObjectMetadata)
    assert_type(store.download_object("key", Path("file"), progress=lambda done, total: None), ObjectMetadata)
    assert_type(store.get_file("key"), Object)
    with store.get_object("key", offset=-5, if_match="etag") as found:
        assert_type(found, Object)
        assert_type(found.body, IO[bytes])
        assert_type(found.size, int | None)
        assert_type(found.content_length, int)
        assert_type(found.read(), bytes)
    assert_type(store.read_object("key"), bytes)
    assert_type(store.open_object("key", block_size=5), ObjectReader)
    io.BufferedReader(store.open_object("key"))
    assert_type(store.get_ranges("key", [(0, 5)]), list[bytes])
    store.get_ranges("key", [5])  # type: ignore[list-item]  # what is to be refused
    assert_type(store.head_object("key"), ObjectMetadata)
    assert_type(store.exists("key"), bool)


def deletes_and_copies(store: ObjectStore, keys: Iterator[str]) -> None:
    """Outcomes are typed."""
    assert_type(store.delete_file("key"), DeletedObject)
    assert_type(store.delete_object("key"), DeletedObject)
    assert_type(store.delete_objects(keys, quiet=True), list[DeletedObject])
    assert_type(store.copy_object("key", "other", content_type="text/plain"), ObjectMetadata)
    assert_type(store.move_object("key", "other", "bucket", "bucket"), ObjectMetadata)
    store.copy_object("key", "other", contenttype="text/plain")  # type: ignore[call-arg]  # what is to be refused


def lists(store: ObjectStore) -> None:
    """Listings are iterators."""
    assert_type(store.list_files(), Iterator[ObjectMetadata])
    assert_type(store.list_objects(limit=5), Iterator[ObjectMetadata])
    assert_type(store.list_prefixes(), Iterator[str])
    page = assert_type(store.list_page(), ObjectPage)
    assert_type(page.objects, tuple[ObjectMetadata, ...])
    assert_type(page.cursor, str | None)


def uses_buckets(store: ObjectStore) -> None:
    """Buckets are typed."""
    assert_type(store.list_buckets(), list[Bucket])
    assert_type(store.create_bucket("bucket"), Bucket)
    assert_type(store.bucket_exists("bucket"), bool)

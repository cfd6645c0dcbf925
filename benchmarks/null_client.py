"""An adapter that does nothing, so that what is measured is the facade and the guard."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import ClassVar

from data_store.object_store import (
    Bucket,
    BucketOptions,
    CopyOptions,
    DeletedObject,
    DeleteOptions,
    GetOptions,
    ListOptions,
    Object,
    ObjectMetadata,
    ObjectPage,
    ObjectStoreClient,
    ObjectStoreError,
    PutOptions,
)
from data_store.object_store.body import Source
from data_store.object_store.configurations import ConnectionConfiguration

_TIME = datetime(2026, 1, 1, tzinfo=UTC)
_CONTENT = bytes(4096)
_STORED = ObjectMetadata(key="key", size=len(_CONTENT), etag="etag", updated_time=_TIME, metadata={})
_PAGE = tuple(ObjectMetadata(key=f"key-{number:04}", size=0, etag="etag", updated_time=_TIME) for number in range(1000))


class NullConnection(ConnectionConfiguration):
    """It has no keys."""


class NullClient(ObjectStoreClient):
    """Answers at once, always the same."""

    connection_model: ClassVar[type[ConnectionConfiguration]] = NullConnection

    def put_object(self, bucket: str, key: str, body: Source, options: PutOptions) -> ObjectMetadata:
        return _STORED

    def get_object(self, bucket: str, key: str, options: GetOptions) -> Object:
        return Object(key=key, size=len(_CONTENT), etag="etag", body=io.BytesIO(_CONTENT), content_length=len(_CONTENT))

    def head_object(self, bucket: str, key: str, options: GetOptions) -> ObjectMetadata:
        return _STORED

    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> DeletedObject:
        return DeletedObject(key)

    def list_page(self, bucket: str, prefix: str, options: ListOptions) -> ObjectPage:
        page = int(options.cursor or 0)
        return ObjectPage(objects=_PAGE, cursor=str(page + 1) if page < 9 else None)

    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectMetadata:
        return _STORED

    def create_bucket(self, bucket: str, options: BucketOptions) -> Bucket:
        return Bucket(bucket)

    def delete_bucket(self, bucket: str) -> None:
        return None

    def list_buckets(self) -> list[Bucket]:
        return [Bucket("bucket")]

    def ping(self) -> None:
        return None

    def close(self) -> None:
        return None

    def classify(self, exc: Exception) -> ObjectStoreError | None:
        return None

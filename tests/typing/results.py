"""Results are frozen, and errors carry typed fields."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import assert_type

from data_store.object_store import (
    DeletedObject,
    ObjectMetadata,
    ObjectStoreClient,
    ObjectStoreError,
    SupportsMultipart,
)


def reads_results(found: ObjectMetadata, deleted: DeletedObject) -> None:
    """What was not reported is None."""
    assert_type(found.key, str)
    assert_type(found.metadata, Mapping[str, str] | None)
    assert_type(found.updated_time, datetime | None)
    assert_type(deleted.error, ObjectStoreError | None)
    found.key = "other"  # type: ignore[misc]  # what is to be refused


def reads_errors(error: ObjectStoreError) -> None:
    """All that is known of a failure."""
    assert_type(error.operation, str | None)
    assert_type(error.bucket, str | None)
    assert_type(error.key, str | None)
    assert_type(error.status, int | None)
    assert_type(error.request_id, str | None)


def narrows_to_a_capability(client: ObjectStoreClient) -> None:
    """A framework that has parts has all their operations."""
    if isinstance(client, SupportsMultipart):
        client.abort_multipart_upload("bucket", "key", "upload-id")
    client.abort_multipart_upload("bucket", "key", "upload-id")  # type: ignore[attr-defined]  # what is to be refused

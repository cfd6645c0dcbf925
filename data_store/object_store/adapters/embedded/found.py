"""What callers are told of objects, made from rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from data_store.object_store.adapters.embedded.rows import Row, digests, moment, unpacked
from data_store.object_store.body import RawBody
from data_store.object_store.models import Object, ObjectMetadata
from data_store.object_store.models.building import frozen, unfrozen_metadata, unfrozen_object

__all__ = ["metadata_of", "object_of", "written"]


def metadata_of(row: Row) -> ObjectMetadata:
    """Return the object of a row of ``find_object``."""
    made = unfrozen_metadata()
    _fill(made, row)
    return frozen(made, ObjectMetadata)


def object_of(row: Row, body: RawBody, length: int) -> Object:
    """Return the same with a body of so many bytes."""
    made = unfrozen_object()
    _fill(made, row)
    made.body = body
    made.content_length = length
    return frozen(made, Object)


def written(
    key: str, size: int, etag: str, updated: int, version_id: str | None, checksums: Mapping[str, str]
) -> ObjectMetadata:
    """Return what the one who wrote an object is told."""
    made = unfrozen_metadata()
    made.key, made.size, made.etag, made.updated_time = key, size, etag, moment(updated)
    made.version_id, made.checksums = version_id, checksums
    made.content_type = made.metadata = made.storage_class = None
    made.cache_control = made.content_disposition = made.content_encoding = made.content_language = None
    made.encryption = made.kms_key_id = None
    return frozen(made, ObjectMetadata)


def _fill(made: Any, row: Row) -> None:
    made.key, made.size, etag, updated, made.storage_class, made.content_type, metadata = row[:7]
    made.cache_control, made.content_disposition, made.content_encoding, made.content_language = row[7:11]
    made.etag, made.updated_time, made.metadata = etag, moment(updated), unpacked(metadata)
    made.checksums, made.version_id = digests(etag, row[11]), row[12]
    made.encryption = made.kms_key_id = None

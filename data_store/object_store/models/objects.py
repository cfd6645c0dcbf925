"""Buckets and objects, their versions, and what became of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import TracebackType
from typing import IO, Self

from data_store.object_store.errors import ObjectStoreError

__all__ = [
    "Bucket",
    "DeletedObject",
    "Object",
    "ObjectIdentifier",
    "ObjectMetadata",
    "ObjectPage",
    "ObjectResult",
    "ObjectVersion",
    "Progress",
    "Verification",
    "VersionPage",
    "VersioningStatus",
]

Progress = Callable[[int, int | None], object]
"""``progress(done, total)``: cumulative bytes, rising; ``total`` is None where the length is unknown. Called by one
thread at a time. An exception raised by it ends the transfer, which leaves nothing half-done."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket.

    Attributes:
        name: its name.
        created_time: when it was made; None where the server does not say.
    """

    name: str
    created_time: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectMetadata:
    """An object without its content.

    Attributes:
        key: the key, exactly as it was stored.
        size: length of the whole object in bytes.
        etag: the ETag without quotes. It changes when the content does; nothing else can be read from it.
        updated_time: last modification. After a PUT it is the time of the answer (its ``Date``), which can
            differ by a moment from what a HEAD reports later.
        content_type: media type.
        version_id: id of the version, where the bucket has versions. The version ``"null"`` is told by some servers
            alone, unless it was asked for; None elsewhere.
        metadata: the user's own metadata, names in lower case.
        storage_class: storage class, where the server reports one.
        checksums: digests of the whole content that the server vouches for: algorithm (``"md5"``, ``"sha256"``,
            ``"crc32c"``, ``"crc64nvme"``) to lower-case hex.
        cache_control: the Cache-Control header it is served with (RFC 9111).
        content_disposition: the Content-Disposition header it is served with (RFC 6266).
        content_encoding: the Content-Encoding header it is served with (RFC 9110, 8.4). Content is never decoded.
        content_language: the Content-Language header it is served with (RFC 9110, 8.5).
        encryption: how the server keeps it: ``"AES256"`` (SSE-S3), ``"aws:kms"``, ``"SSE-C"``; None if it says nothing.
        kms_key_id: id or ARN of the key of the server's key management service, where it tells it.
    """

    key: str
    size: int | None = None
    etag: str | None = None
    updated_time: datetime | None = None
    content_type: str | None = None
    version_id: str | None = None
    metadata: Mapping[str, str] | None = None
    storage_class: str | None = None
    checksums: Mapping[str, str] | None = None
    cache_control: str | None = None
    content_disposition: str | None = None
    content_encoding: str | None = None
    content_language: str | None = None
    encryption: str | None = None
    kms_key_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Object(ObjectMetadata):
    """An object that is being read: its metadata and a stream of its content.

    A context manager; the connection is given back when the body is exhausted, closed or garbage.

    Attributes:
        body: the content, a binary stream. A read raises ``ConnectionFailed``, ``TimedOut`` or ``IntegrityError``.
        content_length: bytes that ``body`` delivers; less than ``size`` where a range was asked for.
    """

    body: IO[bytes]
    content_length: int

    def read(self) -> bytes:
        """Return the rest of the content and close the body."""
        try:
            return self.body.read()
        finally:
            self.body.close()

    def close(self) -> None:
        """Give the connection back; what was not read is dropped."""
        self.body.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class ObjectIdentifier:
    """One object, or one version of it, as ``delete_objects`` takes them.

    Attributes:
        key: the key.
        version_id: the version; None: the current one, which in a bucket with versions gets a delete marker.
    """

    key: str
    version_id: str | None = None


@dataclass(frozen=True, slots=True)
class DeletedObject:
    """The outcome of deleting one key, or one version of it.

    Attributes:
        key: the key.
        version_id: the version that was deleted or, in a bucket with versions, the delete marker that was made, if the
            server tells it.
        error: why it could not be deleted, or None. Operations on many report errors this way (``delete_objects``,
            ``purge``); ``delete_object`` raises them.
        is_delete_marker: True if ``version_id`` is that of a delete marker, made now or deleted now, and the server
            tells so.
    """

    key: str
    version_id: str | None = None
    error: ObjectStoreError | None = None
    is_delete_marker: bool = False


@dataclass(frozen=True, slots=True)
class ObjectResult:
    """What became of one key of many.

    Attributes:
        key: the key; of a copy, the new one.
        metadata: the object, or None if there is an error.
        error: why it could not be done, or None.
    """

    key: str
    metadata: ObjectMetadata | None = None
    error: ObjectStoreError | None = None


@dataclass(frozen=True, slots=True)
class Verification:
    """What ``verify`` found out about one object.

    Attributes:
        key: the key.
        checked: the digests of the whole content that were compared (``("md5",)``); empty where the server vouches for
            none, and then only the length was.
        error: ``IntegrityError`` if the content is damaged, another one if it could not be read, else None.
        version_id: the version, where versions were asked for.
    """

    key: str
    checked: tuple[str, ...] = ()
    error: ObjectStoreError | None = None
    version_id: str | None = None


@dataclass(frozen=True, slots=True)
class ObjectPage:
    """One page of a listing.

    Attributes:
        objects: the objects, in UTF-8 byte order of their keys.
        prefixes: the common prefixes up to and including the delimiter, in the same order.
        cursor: where the next page begins, or None at the end. Opaque; good for this listing only.
    """

    objects: tuple[ObjectMetadata, ...] = ()
    prefixes: tuple[str, ...] = ()
    cursor: str | None = None


class VersioningStatus(StrEnum):
    """Whether a bucket keeps versions (S3 API reference, GetBucketVersioning)."""

    DISABLED = "disabled"
    """It never did: an object that is replaced is gone."""
    ENABLED = "enabled"
    """Every write makes a version with an id of its own."""
    SUSPENDED = "suspended"
    """It did: writes replace the version ``"null"``, the others stay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectVersion:
    """One version of an object, or a delete marker.

    Attributes:
        key: the key.
        version_id: its id; ``"null"`` for what was written while versioning was not enabled.
        is_latest: whether it is what a read without a version finds.
        is_delete_marker: whether it says that the object was deleted; then it has no content.
        size: length in bytes; None for a delete marker.
        etag: the ETag without quotes; None for a delete marker.
        updated_time: when it was written.
        storage_class: storage class, where the server reports one.
    """

    key: str
    version_id: str
    is_latest: bool
    is_delete_marker: bool = False
    size: int | None = None
    etag: str | None = None
    updated_time: datetime | None = None
    storage_class: str | None = None


@dataclass(frozen=True, slots=True)
class VersionPage:
    """One page of a listing of versions.

    Attributes:
        versions: versions and delete markers, in UTF-8 byte order of their keys, newest first within a key.
        cursor: where the next page begins, or None at the end. Opaque; good for this listing only.
    """

    versions: tuple[ObjectVersion, ...] = ()
    cursor: str | None = None

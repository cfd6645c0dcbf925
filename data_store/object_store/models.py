"""What the store takes (options) and returns: frozen, slotted dataclasses.

Times are aware UTC datetimes, sizes are bytes, ETags come without quotes. What a response did not report is
``None``, never empty: a listing reports no metadata (``metadata is None``), a HEAD of an object that has none does
(``metadata == {}``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import IO, Self, TypedDict

from data_store.object_store.errors import ObjectStoreError

__all__ = [
    "Bucket",
    "ContentOptions",
    "CopyContentOptions",
    "CopyOptions",
    "CopySource",
    "DeletedObject",
    "GetOptions",
    "ListOptions",
    "MultipartUpload",
    "Object",
    "ObjectMetadata",
    "ObjectPage",
    "PartInfo",
    "Progress",
    "PutOptions",
    "UploadOptions",
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
        version_id: id of the version, where the bucket has versions.
        metadata: the user's own metadata, names in lower case.
        storage_class: storage class, where the server reports one.
        checksums: digests of the whole content that the server vouches for: algorithm (``"md5"``, ``"sha256"``) to
            lower-case hex.
        cache_control: the Cache-Control header it is served with (RFC 9111).
        content_disposition: the Content-Disposition header it is served with (RFC 6266).
        content_encoding: the Content-Encoding header it is served with (RFC 9110, 8.4). Content is never decoded.
        content_language: the Content-Language header it is served with (RFC 9110, 8.5).
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
        with self:
            return self.body.read()

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
class DeletedObject:
    """The outcome of deleting one key.

    Attributes:
        key: the key.
        version_id: the version that was deleted or, in a bucket with versions, the delete marker that was made.
        error: why it could not be deleted, or None. Only ``delete_objects`` reports errors this way.
    """

    key: str
    version_id: str | None = None
    error: ObjectStoreError | None = None


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


@dataclass(frozen=True, slots=True)
class MultipartUpload:
    """A multipart upload that has been started; its object is invisible until it is completed.

    Attributes:
        key: the key the object will have.
        bucket: its bucket.
        upload_id: the server's id of the upload.
        initiated_time: when it was started, where the server says.
    """

    key: str
    bucket: str
    upload_id: str
    initiated_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class PartInfo:
    """A part of a multipart upload.

    Attributes:
        part_number: 1 to 10,000; parts are put together in this order.
        etag: the ETag that completing the upload must name, without quotes.
        size: bytes in it.
    """

    part_number: int
    etag: str
    size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentOptions:
    """What an object is stored with besides its content. None leaves the choice to the store."""

    content_type: str | None = None
    metadata: Mapping[str, str] | None = None
    storage_class: str | None = None
    cache_control: str | None = None
    content_disposition: str | None = None
    content_encoding: str | None = None
    content_language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PutOptions(ContentOptions):
    """Options of a PUT, as adapters get them (validated, ETags bare, metadata names in lower case).

    Attributes:
        if_match: write only if the object there has this ETag.
        if_none_match: ``"*"``: write only if there is no object.
        content_md5: base64 of the content's MD5 (RFC 1864), for the server to check too; the store checks it anyway.
        checksum_sha256: base64 of the content's SHA-256; the store checks it, an adapter need not.
    """

    if_match: str | None = None
    if_none_match: str | None = None
    content_md5: str | None = None
    checksum_sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GetOptions:
    """Options of a GET or HEAD.

    Attributes:
        offset: first byte; negative counts from the end and then ``length`` is None. None: from the start.
        length: bytes from ``offset``, at least 1. None: to the end.
        if_match: read only if the ETag is this one.
        if_none_match: read only if the ETag is not this one (else ``NotModified``).
        attempts: requests at the most for this call, at least 1. None: ``retry.max_attempts``.
    """

    offset: int | None = None
    length: int | None = None
    if_match: str | None = None
    if_none_match: str | None = None
    attempts: int | None = None


@dataclass(frozen=True, slots=True)
class CopySource:
    """A range of an object that a part is made from.

    Attributes:
        bucket: its bucket.
        key: its key.
        etag: copy only if it still has this ETag; None: whatever it has.
        offset: the first byte.
        length: bytes from there, at least 1.
    """

    bucket: str
    key: str
    etag: str | None
    offset: int
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyOptions(ContentOptions):
    """Options of a server-side copy, as adapters get them.

    Attributes:
        replace: True: the copy gets exactly the content options given here; False: those of the source.
            ``storage_class`` holds in both cases.
        source_etag: copy only if the source still has this ETag.
    """

    replace: bool = False
    source_etag: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOptions:
    """Options of one page of a listing.

    Attributes:
        delimiter: keys that have it behind the prefix are rolled up into common prefixes.
        cursor: the cursor of the page before.
        start_after: only keys behind this one, in UTF-8 byte order. Ignored with a cursor.
        limit: objects and prefixes in the page, 1 to 1,000.
    """

    delimiter: str | None = None
    cursor: str | None = None
    start_after: str | None = None
    limit: int = 1000


class CopyContentOptions(TypedDict, total=False):
    """Keyword arguments of ``copy_object`` and ``move_object``; None, or absent, keeps the source's value."""

    content_type: str | None
    metadata: Mapping[str, str] | None
    storage_class: str | None
    cache_control: str | None
    content_disposition: str | None
    content_encoding: str | None
    content_language: str | None


class UploadOptions(CopyContentOptions, total=False):
    """Keyword arguments of ``upload_file``, ``upload_object`` and ``put_object``.

    ``if_match`` is an ETag, ``if_none_match`` is ``"*"``; ``content_md5`` and ``checksum_sha256`` are base64 digests of
    the whole content, checked before the object becomes visible (``IntegrityError``, and the old object stays).
    """

    if_match: str | None
    if_none_match: str | None
    content_md5: str | None
    checksum_sha256: str | None

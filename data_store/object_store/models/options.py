"""Options: frozen dataclasses for adapters, and keyword arguments of the facade."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, TypedDict

from data_store.object_store.models.protection import Encryption, Retention, SseCustomer

__all__ = [
    "BucketOptions",
    "ChecksumAlgorithm",
    "CompleteOptions",
    "Condition",
    "ContentOptions",
    "CopyContentOptions",
    "CopyOptions",
    "CopySource",
    "DeleteOptions",
    "GetOptions",
    "ListOptions",
    "MultipartOptions",
    "PartOptions",
    "PutOptions",
    "ReadConditions",
    "UploadOptions",
]

ChecksumAlgorithm = Literal["crc32c", "crc64nvme", "sha256"]


class Condition(StrEnum):
    """A kind of write that a store may be able to make conditional (``if_match``, ``if_none_match``)."""

    PUT = "put"
    COMPLETE = "complete"
    COPY = "copy"
    DELETE = "delete"


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
        tags: the object's tags.
        encryption: how the server encrypts it.
        retention: how long the version cannot be deleted.
        legal_hold: True: it cannot be deleted until the hold is taken away.
        checksum: the digest that goes along, is checked by the server, and kept. Of a multipart upload that is
            started, the algorithm of its parts; ``crc32c`` and ``crc64nvme`` are then digests of the whole object.
        if_match: write only if the object there has this ETag.
        if_none_match: ``"*"``: write only if there is no object.
        content_md5: base64 of the content's MD5 (RFC 1864), for the server to check too; the store checks it anyway.
        checksum_sha256: base64 of the content's SHA-256; the store checks it, an adapter need not.
    """

    tags: Mapping[str, str] | None = None
    encryption: Encryption | None = None
    retention: Retention | None = None
    legal_hold: bool | None = None
    checksum: ChecksumAlgorithm | None = None
    if_match: str | None = None
    if_none_match: str | None = None
    content_md5: str | None = None
    checksum_sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GetOptions:
    """Options of a GET or HEAD.

    Attributes:
        version: this version; None: the current one.
        offset: first byte; negative counts from the end and then ``length`` is None. None: from the start.
        length: bytes from ``offset``, at least 1. None: to the end.
        if_match: read only if the ETag is this one.
        if_none_match: read only if the ETag is not this one (else ``NotModified``).
        if_modified_since: read only if it was modified after this time (else ``NotModified``).
        if_unmodified_since: read only if it was not modified after this time (else ``PreconditionFailed``).
        encryption: the key of an object that was stored with SSE-C.
        attempts: requests at the most for this call, at least 1. None: ``retry.max_attempts``.
    """

    version: str | None = None
    offset: int | None = None
    length: int | None = None
    if_match: str | None = None
    if_none_match: str | None = None
    if_modified_since: datetime | None = None
    if_unmodified_since: datetime | None = None
    encryption: SseCustomer | None = None
    attempts: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteOptions:
    """Options of a DELETE.

    Attributes:
        version: delete this version, for good; None: the object, which in a bucket with versions gets a delete marker.
        if_match: delete only if the object has this ETag.
        if_updated_time: delete only if it was updated at this very time, too. Only with ``if_match``, and only a store
            that tells times of its own exactly need look at it.
        bypass_governance: delete a version although its retention of mode GOVERNANCE is not over.
    """

    version: str | None = None
    if_match: str | None = None
    if_updated_time: datetime | None = None
    bypass_governance: bool = False


@dataclass(frozen=True, slots=True)
class CopySource:
    """A range of an object that a part is made from.

    Attributes:
        bucket: its bucket.
        key: its key.
        etag: copy only if it still has this ETag; None: whatever it has.
        offset: the first byte.
        length: bytes from there, at least 1.
        version: this version; None: the current one.
        encryption: the key of a source that was stored with SSE-C.
    """

    bucket: str
    key: str
    etag: str | None
    offset: int
    length: int
    version: str | None = None
    encryption: SseCustomer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyOptions(ContentOptions):
    """Options of a server-side copy, as adapters get them.

    Attributes:
        replace: True: the copy gets exactly the content options given here; False: those of the source.
            ``storage_class`` holds in both cases.
        tags: the copy's tags; None: those of the source.
        encryption: how the server encrypts the copy.
        source_version: copy this version; None: the current one.
        source_etag: copy only if the source still has this ETag.
        source_updated_time: copy only if the source was updated at this very time, too: what replaced it with the same
            content has another. Only a store that tells times of its own exactly need look at it.
        source_encryption: the key of a source that was stored with SSE-C.
        if_match: write only if the object at the target has this ETag.
        if_none_match: ``"*"``: write only if there is no object at the target.
    """

    replace: bool = False
    tags: Mapping[str, str] | None = None
    encryption: Encryption | None = None
    source_version: str | None = None
    source_etag: str | None = None
    source_updated_time: datetime | None = None
    source_encryption: SseCustomer | None = None
    if_match: str | None = None
    if_none_match: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartOptions:
    """Options of a part.

    Attributes:
        checksum: the algorithm that its upload was started with.
        encryption: the key of an upload with SSE-C.
    """

    checksum: ChecksumAlgorithm | None = None
    encryption: SseCustomer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteOptions:
    """Options of completing a multipart upload.

    Attributes:
        if_match: write only if the object there has this ETag.
        if_none_match: ``"*"``: write only if there is no object.
        checksums: digests of the whole object, for the server to compare: algorithm to lower-case hex.
        encryption: the key of an upload with SSE-C.
    """

    if_match: str | None = None
    if_none_match: str | None = None
    checksums: Mapping[str, str] | None = None
    encryption: SseCustomer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketOptions:
    """Options of a new bucket.

    Attributes:
        object_lock: versions in it can be locked; versioning is enabled and stays so.
    """

    object_lock: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOptions:
    """Options of one page of a listing, of objects, versions, uploads or parts.

    Attributes:
        delimiter: keys that have it behind the prefix are rolled up into common prefixes. Objects only.
        cursor: the cursor of the page before.
        start_after: only keys behind this one, in UTF-8 byte order. Ignored with a cursor. Objects only.
        limit: entries in the page, 1 to 1,000.
    """

    delimiter: str | None = None
    cursor: str | None = None
    start_after: str | None = None
    limit: int = 1000


class ReadConditions(TypedDict, total=False):
    """Keyword arguments of ``get_object`` and ``head_object``; ETags as ``etag`` of ``ObjectMetadata`` has them.

    Times are aware, and servers compare whole seconds.
    """

    if_match: str | None
    if_none_match: str | None
    if_modified_since: datetime | None
    if_unmodified_since: datetime | None


class _ContentArguments(TypedDict, total=False):
    content_type: str | None
    metadata: Mapping[str, str] | None
    storage_class: str | None
    cache_control: str | None
    content_disposition: str | None
    content_encoding: str | None
    content_language: str | None
    tags: Mapping[str, str] | None
    encryption: Encryption | None


class CopyContentOptions(_ContentArguments, total=False):
    """Keyword arguments of ``copy_object`` and ``move_object``; None, or absent, keeps the source's value.

    ``if_match`` and ``if_none_match`` are about the target. ``source_encryption`` is the key of a source that was
    stored with SSE-C.
    """

    source_encryption: SseCustomer | None
    if_match: str | None
    if_none_match: str | None


class MultipartOptions(_ContentArguments, total=False):
    """Keyword arguments of ``create_multipart_upload`` and ``multipart_upload``."""

    checksum: ChecksumAlgorithm | None
    retention: Retention | None
    legal_hold: bool | None


class UploadOptions(MultipartOptions, total=False):
    """Keyword arguments of ``upload_file``, ``upload_object`` and ``put_object``.

    ``if_match`` is an ETag, ``if_none_match`` is ``"*"``; ``content_md5`` and ``checksum_sha256`` are base64 digests of
    the whole content, checked before the object becomes visible (``IntegrityError``, and the old object stays).
    """

    if_match: str | None
    if_none_match: str | None
    content_md5: str | None
    checksum_sha256: str | None

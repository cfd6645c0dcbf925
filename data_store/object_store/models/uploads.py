"""Multipart uploads and their parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

__all__ = ["MultipartUpload", "PartInfo", "PartPage", "UploadPage"]


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
        updated_time: when it was uploaded; only a listing says.
        checksums: digests of the part that the server vouches for: algorithm to lower-case hex.
    """

    part_number: int
    etag: str
    size: int | None = None
    updated_time: datetime | None = None
    checksums: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class PartPage:
    """One page of the parts of an upload.

    Attributes:
        parts: the parts, in the order of their numbers.
        cursor: where the next page begins, or None at the end.
    """

    parts: tuple[PartInfo, ...] = ()
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class UploadPage:
    """One page of the multipart uploads that are under way in a bucket.

    Attributes:
        uploads: the uploads, in UTF-8 byte order of their keys.
        cursor: where the next page begins, or None at the end.
    """

    uploads: tuple[MultipartUpload, ...] = ()
    cursor: str | None = None

"""Carrier: what carries objects to and from an S3 server, as plainly as the SDK or the core does it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar

from data_store.object_store.body import Source
from data_store.object_store.models import (
    CompleteOptions,
    CopyOptions,
    CopySource,
    DeletedObject,
    DeleteOptions,
    GetOptions,
    ListOptions,
    MultipartUpload,
    Object,
    ObjectIdentifier,
    ObjectMetadata,
    ObjectPage,
    PartInfo,
    PartOptions,
    PutOptions,
)

__all__ = ["Answered", "Carrier"]

_Result = TypeVar("_Result")


class Answered(NamedTuple, Generic[_Result]):
    """What an answer about an upload says.

    Attributes:
        result: what the operation returns.
        encryption: how the server says that it keeps the upload, in the words of ``ObjectMetadata``; None if it does
            not say it.
    """

    result: _Result
    encryption: str | None


class Carrier(Protocol):
    """The operations of ``ObjectStoreClient`` and ``SupportsMultipart`` that move content.

    Each is one call and one conversion: whatever has to be made sure of before is done by ``S3Client``.
    """

    def put_object(self, bucket: str, key: str, body: Source, options: PutOptions) -> ObjectMetadata:
        """PutObject."""

    def lost_answers(self, error: Exception) -> bool:
        """Return whether an error answers a repeated request, of which an attempt before had no answer."""

    def get_object(self, bucket: str, key: str, options: GetOptions) -> Object:
        """GetObject."""

    def head_object(self, bucket: str, key: str, options: GetOptions) -> ObjectMetadata:
        """HeadObject."""

    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> DeletedObject:
        """DeleteObject."""

    def delete_objects(
        self, bucket: str, objects: Sequence[ObjectIdentifier], *, bypass_governance: bool = False
    ) -> dict[ObjectIdentifier, DeletedObject]:
        """DeleteObjects, keys that fit into XML; what the answer leaves out is left out."""

    def list_page(self, bucket: str, prefix: str, options: ListOptions) -> ObjectPage:
        """ListObjectsV2."""

    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectMetadata:
        """CopyObject."""

    def create_multipart_upload(self, bucket: str, key: str, options: PutOptions) -> Answered[MultipartUpload]:
        """CreateMultipartUpload."""

    def upload_part(
        self, bucket: str, key: str, upload_id: str, part_number: int, body: Source, options: PartOptions
    ) -> Answered[PartInfo]:
        """UploadPart."""

    def upload_part_copy(
        self, bucket: str, key: str, upload_id: str, part_number: int, source: CopySource, options: PartOptions
    ) -> Answered[PartInfo]:
        """UploadPartCopy."""

    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: Sequence[PartInfo], options: CompleteOptions
    ) -> ObjectMetadata:
        """CompleteMultipartUpload."""

    def abort_multipart_upload(self, bucket: str, key: str, upload_id: str) -> None:
        """AbortMultipartUpload."""

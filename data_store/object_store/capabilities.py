"""What only some frameworks have, one Protocol each.

An adapter inherits the protocols it has, so that a forgotten method fails when the adapter is made and a type
checker sees the signatures.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from data_store.object_store.body import Source
from data_store.object_store.models import CopySource, MultipartUpload, ObjectMetadata, PartInfo, PutOptions

__all__ = ["SupportsMultipart"]


@runtime_checkable
class SupportsMultipart(Protocol):
    """Uploads in parts: the object is invisible until it is completed (S3 API reference, CreateMultipartUpload).

    Parts are numbered from 1 to 10,000, and each but the last has at least 5 MiB.
    """

    @abstractmethod
    def create_multipart_upload(self, bucket: str, key: str, options: PutOptions) -> MultipartUpload:
        """Start an upload of an object with these options (conditions and digests are not among them)."""

    @abstractmethod
    def upload_part(self, bucket: str, key: str, upload_id: str, part_number: int, body: Source) -> PartInfo:
        """Upload one part; ``body`` has a size and can seek. A part of the same number is replaced."""

    @abstractmethod
    def upload_part_copy(self, bucket: str, key: str, upload_id: str, part_number: int, source: CopySource) -> PartInfo:
        """Make a part from a range of another object."""

    @abstractmethod
    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: Sequence[PartInfo]
    ) -> ObjectMetadata:
        """Make the object from its parts, in the order of their numbers."""

    @abstractmethod
    def abort_multipart_upload(self, bucket: str, key: str, upload_id: str) -> None:
        """Drop the upload and its parts."""

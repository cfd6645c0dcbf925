"""What one client remembers of uploads under way: what no answer tells it when they are completed."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from data_store.object_store.errors import UnsupportedOperation
from data_store.object_store.models import ObjectMetadata, PutOptions

__all__ = ["UploadUnderWay", "UploadsUnderWay"]

_MAX_UPLOADS = 10_000


@dataclass(slots=True)
class UploadUnderWay:
    """What is known of one upload.

    Attributes:
        tags: what its object must be given when it is there, because the server drops them (Ceph); None if it does not.
        has_checksum: whether it was begun with a checksum.
        is_encrypted: whether it was begun with an encryption, or an answer told that it has one.
        encryption: how the server said that it keeps it, in the words of ``ObjectMetadata``; None if it never did.
        made: the object that was made of it, if its tags are still to be set.
    """

    tags: Mapping[str, str] | None = None
    has_checksum: bool = False
    is_encrypted: bool = False
    encryption: str | None = None
    made: ObjectMetadata | None = None


class UploadsUnderWay:
    """The uploads under way of one client; used by many threads at once.

    Of more than 10,000 uploads those without tags are forgotten, the oldest first: then a result does not say how the
    object is encrypted, and a part copied into one with a checksum is not refused. Tags are never forgotten.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._uploads: dict[str, UploadUnderWay] = {}

    def check_room(self) -> None:
        """Raise if the tags of one more upload could not be kept."""
        with self._lock:
            if len(self._uploads) < _MAX_UPLOADS or self._oldest_without_tags() is not None:
                return
        raise UnsupportedOperation(
            f"this server drops the tags of an upload, and those of {_MAX_UPLOADS} others are kept here already: "
            "complete or abort some"
        )

    def begun(self, upload_id: str, options: PutOptions, tags: Mapping[str, str] | None, told: str | None) -> None:
        """Remember an upload.

        Args:
            upload_id: the upload.
            options: what it was begun with.
            tags: those that its object must be given afterwards.
            told: how it is encrypted, as the answer says.
        """
        is_encrypted = told is not None or options.encryption is not None
        upload = UploadUnderWay(tags, options.checksum is not None, is_encrypted, told)
        if upload != UploadUnderWay():
            self._keep(upload_id, upload)

    def told(self, upload_id: str, told: str | None) -> None:
        """Remember how an upload is encrypted, if the answer to a part says it."""
        if told is None:
            return
        upload = self.of(upload_id)
        upload.is_encrypted, upload.encryption = True, told
        self._keep(upload_id, upload)

    def of(self, upload_id: str) -> UploadUnderWay:
        """Return what is known of an upload, which may be nothing."""
        with self._lock:
            return self._uploads.get(upload_id) or UploadUnderWay()

    def forget(self, upload_id: str) -> None:
        """Drop what is known of an upload that is gone."""
        with self._lock:
            self._uploads.pop(upload_id, None)

    def _keep(self, upload_id: str, upload: UploadUnderWay) -> None:
        with self._lock:
            self._uploads[upload_id] = upload
            oldest = self._oldest_without_tags() if len(self._uploads) > _MAX_UPLOADS else None
            if oldest is not None:
                del self._uploads[oldest]

    def _oldest_without_tags(self) -> str | None:
        return next((upload_id for upload_id, upload in self._uploads.items() if not upload.tags), None)

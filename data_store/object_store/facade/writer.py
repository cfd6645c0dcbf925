"""MultipartWriter: a multipart upload that is under way in a ``with`` block."""

from __future__ import annotations

import threading
from collections.abc import Callable

from data_store.object_store import validation
from data_store.object_store.models import MultipartUpload, ObjectMetadata, PartInfo
from data_store.object_store.sources import Data

__all__ = ["MultipartWriter"]


class MultipartWriter:
    """A multipart upload, in the block of ``multipart_upload``; several threads may upload its parts.

    Attributes:
        upload: the upload; its ``upload_id`` lets other processes add parts.
        metadata: the object, once the block has ended well.
    """

    def __init__(self, upload: MultipartUpload, send: Callable[[Data, int], PartInfo]) -> None:
        self.upload = upload
        self.metadata: ObjectMetadata | None = None
        self._send = send
        self._lock = threading.Lock()
        self._last = 0
        self._parts: dict[int, PartInfo] = {}

    @property
    def parts(self) -> list[PartInfo]:
        """The parts that were uploaded here, in the order of their numbers; the object will consist of them."""
        with self._lock:
            return [self._parts[number] for number in sorted(self._parts)]

    def upload_part(self, data: Data, part_number: int | None = None) -> PartInfo:
        """Upload a part as ``ObjectStore.upload_part`` does; without a number it goes behind those that there are."""
        with self._lock:
            number = validation.part_number(self._last + 1 if part_number is None else part_number)
            self._last = max(self._last, number)
        part = self._send(data, number)
        with self._lock:
            self._parts[number] = part
        return part

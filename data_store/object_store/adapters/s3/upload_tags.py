"""The tags of uploads under way, for a server that drops them when an upload begins (Ceph)."""

from __future__ import annotations

from collections.abc import Mapping

from data_store.object_store.errors import UnsupportedOperation

__all__ = ["UploadTags"]

_MAX_UPLOADS = 10_000


class UploadTags:
    """Tags that one client keeps until their object is there; used by many threads at once."""

    def __init__(self) -> None:
        self._tags: dict[str, Mapping[str, str]] = {}

    def check_room(self) -> None:
        """Raise if the tags of one more upload would be lost."""
        if len(self._tags) >= _MAX_UPLOADS:
            raise UnsupportedOperation(
                f"this server drops the tags of an upload, and those of {_MAX_UPLOADS} others are kept here already: "
                "complete or abort some"
            )

    def keep(self, upload_id: str, tags: Mapping[str, str]) -> None:
        """Keep the tags of an upload that has begun."""
        self._tags[upload_id] = tags

    def of(self, upload_id: str) -> Mapping[str, str] | None:
        """Return what is kept for an upload."""
        return self._tags.get(upload_id)

    def forget(self, upload_id: str) -> None:
        """Drop the tags of an upload that is gone."""
        self._tags.pop(upload_id, None)

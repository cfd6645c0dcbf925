"""An object as a listing tells it, made quickly: listings make thousands at once."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import Any

from data_store.object_store.models.objects import ObjectMetadata

__all__ = ["listed"]


def listed(
    key: str, size: int | None, etag: str | None, updated_time: datetime | None, storage_class: str | None
) -> ObjectMetadata:
    """Return an object of which these are known; see ``ObjectMetadata``.

    It is made unfrozen and becomes an ``ObjectMetadata`` then, which takes a quarter of the time: a frozen dataclass
    sets each field by a call of ``object.__setattr__``.
    """
    entry: Any = _Unfrozen(key, size, etag, updated_time, storage_class)
    entry.__class__ = ObjectMetadata
    made: ObjectMetadata = entry
    return made


class _Unfrozen:
    """The same slots as those of ``ObjectMetadata``, so that one can become the other."""

    __slots__ = tuple(field.name for field in fields(ObjectMetadata))

    def __init__(
        self, key: str, size: int | None, etag: str | None, updated_time: datetime | None, storage_class: str | None
    ) -> None:
        self.key = key
        self.size = size
        self.etag = etag
        self.updated_time = updated_time
        self.storage_class = storage_class
        self.content_type = self.version_id = self.metadata = self.checksums = self.cache_control = None
        self.content_disposition = self.content_encoding = self.content_language = None
        self.encryption = self.kms_key_id = None

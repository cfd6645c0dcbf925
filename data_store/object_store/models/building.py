"""Results made quickly: there are thousands of them in a listing, and one in every answer.

A frozen dataclass sets each field by a call of ``object.__setattr__``, which takes ten times as long as an assignment.
So a result is made unfrozen, filled, and becomes what it is then.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from data_store.object_store.models.objects import Object, ObjectMetadata

__all__ = ["frozen", "listed", "unfrozen_metadata", "unfrozen_object"]

M = TypeVar("M", bound=ObjectMetadata)


class _Metadata(ObjectMetadata):
    __slots__ = ()
    __setattr__ = object.__setattr__
    __delattr__ = object.__delattr__  # one slot of a type has both, and is fast only if neither is Python's


class _Object(Object):
    __slots__ = ()
    __setattr__ = object.__setattr__
    __delattr__ = object.__delattr__


def unfrozen_metadata() -> Any:
    """Return an ``ObjectMetadata`` without fields, to be given all of them."""
    return object.__new__(_Metadata)


def unfrozen_object() -> Any:
    """Return an ``Object`` without fields, to be given all of them."""
    return object.__new__(_Object)


def frozen(made: Any, kind: type[M]) -> M:
    """Make what has all its fields what it is."""
    made.__class__ = kind
    result: M = made
    return result


def listed(
    key: str, size: int | None, etag: str | None, updated_time: datetime | None, storage_class: str | None
) -> ObjectMetadata:
    """Return an object of which these are known, as a listing tells it; see ``ObjectMetadata``."""
    made: Any = object.__new__(_Metadata)
    made.key = key
    made.size = size
    made.etag = etag
    made.updated_time = updated_time
    made.storage_class = storage_class
    made.content_type = made.version_id = made.metadata = made.checksums = made.cache_control = None
    made.content_disposition = made.content_encoding = made.content_language = None
    made.encryption = made.kms_key_id = None
    return frozen(made, ObjectMetadata)

"""Lifecycle rules: what the store does to objects by their age."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from datetime import datetime

__all__ = ["LifecycleReport", "LifecycleRule", "Transition"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A move to another storage class; exactly one of ``after_days`` and ``at``.

    Attributes:
        storage_class: the storage class it gets.
        after_days: days after the object was written.
        at: from this day on, midnight UTC.
    """

    storage_class: str
    after_days: int | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LifecycleRule:
    """One rule of a bucket (S3 API reference, PutBucketLifecycleConfiguration). It has at least one action.

    A day is over at the next midnight UTC after it has passed, as on AWS; servers run rules once a day or so.

    Attributes:
        id: its name, unique in the bucket, at most 255 characters.
        prefix: only keys that begin with it.
        expire_after_days: delete objects so many days after they were written. In a bucket with versions the current
            version gets a delete marker.
        expire_at: delete objects from this day on, midnight UTC.
        expire_delete_markers: remove delete markers behind which no version is left.
        noncurrent_days: delete versions so many days after they were replaced.
        noncurrent_keep: how many noncurrent versions of each key ``noncurrent_days`` leaves, newest first.
        abort_uploads_after_days: abort multipart uploads so many days after they were started.
        transition: move objects to another storage class.
        tags: only objects that have all of these tags.
        min_size: only objects of at least so many bytes.
        max_size: only objects of at most so many bytes.
        enabled: False: it is kept, and does nothing.
    """

    id: str
    prefix: str = ""
    _: KW_ONLY
    expire_after_days: int | None = None
    expire_at: datetime | None = None
    expire_delete_markers: bool = False
    noncurrent_days: int | None = None
    noncurrent_keep: int | None = None
    abort_uploads_after_days: int | None = None
    transition: Transition | None = None
    tags: Mapping[str, str] | None = None
    min_size: int | None = None
    max_size: int | None = None
    enabled: bool = True

    @property
    def actions(self) -> dict[str, object]:
        """The actions by name; None or False is one that the rule does not have."""
        return {
            "expire_after_days": self.expire_after_days,
            "expire_at": self.expire_at,
            "expire_delete_markers": self.expire_delete_markers,
            "noncurrent_days": self.noncurrent_days,
            "abort_uploads_after_days": self.abort_uploads_after_days,
            "transition": self.transition,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleReport:
    """What one run of the rules of a bucket did, as counts."""

    expired_objects: int = 0
    deleted_versions: int = 0
    deleted_markers: int = 0
    aborted_uploads: int = 0
    transitioned_objects: int = 0

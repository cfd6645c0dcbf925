"""Events: what happened to objects, and where a server is to send them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

__all__ = ["EventKind", "NotificationRule", "ObjectEvent", "WatchOptions"]


class EventKind(StrEnum):
    """What happened."""

    CREATED = "created"
    """Written: put, copied, or completed from parts."""
    REMOVED = "removed"
    """An object or a version is gone."""
    MARKER_CREATED = "marker_created"
    """Deleted in a bucket with versions: it got a delete marker."""
    TAGS_CHANGED = "tags_changed"
    """Its tags were set or removed."""
    EXPIRED = "expired"
    """Removed by a lifecycle rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectEvent:
    """Something that happened to an object.

    Attributes:
        kind: what.
        bucket: the bucket.
        key: the key.
        version_id: the version, in a bucket with versions.
        size: length in bytes, of what was created.
        etag: ETag without quotes, of what was created.
        time: when, by the server's clock.
        cursor: where to go on behind this event (``watch(start=event.cursor)``); None where that is not possible.
        after_gap: True if events before this one may have been missed: the connection was broken meanwhile, or what
            the cursor names is no longer kept.
    """

    kind: EventKind
    bucket: str
    key: str
    version_id: str | None = None
    size: int | None = None
    etag: str | None = None
    time: datetime | None = None
    cursor: str | None = None
    after_gap: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchOptions:
    """What to watch for.

    Attributes:
        prefix: only keys that begin with it.
        suffix: only keys that end with it.
        events: only these kinds.
        cursor: go on behind this event; None: from now on.
    """

    prefix: str = ""
    suffix: str = ""
    events: frozenset[EventKind] = frozenset(EventKind)
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class NotificationRule:
    """Where a server sends the events of a bucket (S3 API reference, PutBucketNotificationConfiguration).

    Attributes:
        id: its name, unique in the bucket.
        target: the ARN of a queue, a topic or a function that the server knows.
        events: the kinds that are sent; kept as a frozenset.
        prefix: only keys that begin with it.
        suffix: only keys that end with it.
    """

    id: str
    target: str
    events: Collection[EventKind]
    prefix: str = ""
    suffix: str = ""

    def __post_init__(self) -> None:
        if isinstance(self.events, list | tuple | set):
            object.__setattr__(self, "events", frozenset(self.events))

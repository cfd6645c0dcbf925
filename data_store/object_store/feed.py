"""EventFeed: where the events of a bucket come from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from data_store.object_store.models import ObjectEvent

__all__ = ["EventFeed"]


class EventFeed(ABC):
    """A source of events, made by the ``watch`` of an adapter. One thread polls it; any thread may close it.

    It belongs to the process that made it: whatever the child of a fork does with what it has inherited, the parent's
    goes on. Where a child cannot poll it, ``poll`` raises ``StoreClosed`` there.
    """

    @abstractmethod
    def poll(self, timeout: float | None) -> Sequence[ObjectEvent]:
        """Return events that have not been returned yet, at least one; ``()`` after ``timeout`` seconds without any.

        None waits for as long as it takes. A connection that breaks is made anew, and the next event has
        ``after_gap``. Once the feed is closed, ``()`` comes at once.
        """

    @abstractmethod
    def close(self) -> None:
        """End it, and a ``poll`` that is waiting in another thread; closing it again does nothing."""

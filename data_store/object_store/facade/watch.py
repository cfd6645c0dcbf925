"""Watch: the events of a bucket, as an iterator that any thread may end."""

from __future__ import annotations

from collections import deque
from types import TracebackType
from typing import Self

from data_store.object_store import validation
from data_store.object_store.feed import EventFeed
from data_store.object_store.models import ObjectEvent

__all__ = ["Watch"]


class Watch:
    """The events of a bucket, as ``watch`` returns them: an iterator, and a context manager.

    One thread takes the events. Any thread may ``close`` it, which ends the iteration at once, and a ``next`` that
    waits. Closing the store ends its watches.

    ``next`` returns None when its time is over, and once the watch is closed: a loop of it asks for ``closed``
    (``while not watch.closed: event = watch.next(timeout=60)``).

    Attributes:
        cursor: where to go on behind the last event that was taken (``watch(start=watch.cursor)``); None before the
            first, and where that is not possible.
        gaps: how many of the events that were taken have ``after_gap``: before each, some may have been missed.
    """

    def __init__(self, feed: EventFeed, cursor: str | None = None) -> None:
        self.cursor = cursor
        self.gaps = 0
        self._feed = feed
        self._waiting: deque[ObjectEvent] = deque()
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether it was closed, by ``close`` or with the store: then no event comes any more."""
        return self._closed

    def next(self, timeout: float | None = None) -> ObjectEvent | None:
        """Return the next event; None if there is none within ``timeout`` seconds, or, at once, if it is ``closed``.

        Without a timeout it waits for as long as it takes, and None says that the watch is closed.
        """
        validation.timeout(timeout)
        if not self._waiting and not self._closed:
            self._waiting.extend(self._feed.poll(timeout))
        if self._closed or not self._waiting:
            return None
        event = self._waiting.popleft()
        self.cursor = event.cursor
        self.gaps += event.after_gap
        return event

    def close(self) -> None:
        """End it; closing it again does nothing."""
        self._closed = True
        self._feed.close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> ObjectEvent:
        event = self.next()
        if event is None:
            raise StopIteration
        return event

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

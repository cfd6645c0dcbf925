"""Events of the embedded store: a table that writers fill while a bucket is recorded, and feeds that read it.

Recording begins with the first ``watch`` of a bucket and goes on for ``KEPT_SECONDS`` after the last poll, or for
``KEPT_EVENTS`` events if that is sooner. Writers do no more than insert a row; feeds prolong the recording and remove
what is old. Where recording has stopped meanwhile, or events were removed unread, the next event has ``after_gap``.

Event ids rise in the order of the commits, because there is one write transaction at a time. The events of a bucket
that was deleted stay until they are old, so that feeds still deliver them.
"""

from __future__ import annotations

import re
import sqlite3
import time
import zlib
from collections.abc import Sequence
from typing import Any, NamedTuple

from data_store.object_store.adapters.embedded.database import Database
from data_store.object_store.adapters.embedded.rows import bucket_id, moment, now
from data_store.object_store.errors import BucketNotFound, InvalidArgument
from data_store.object_store.feed import EventFeed
from data_store.object_store.models import EventKind, ObjectEvent, WatchOptions

__all__ = ["KEPT_EVENTS", "KEPT_SECONDS", "Watchers", "trim"]

KEPT_SECONDS = 24 * 3600
"""How long events are kept, and how long a bucket is recorded after the last poll."""
KEPT_EVENTS = 1_000_000
"""How many events of the store are kept at the most, and recorded after the last poll."""

_SECOND = 1_000_000  # in microseconds, as the database has times
_KEPT = KEPT_SECONDS * _SECOND
_ENOUGH = _KEPT - 3600 * _SECOND  # prolonging once an hour will do
_ENOUGH_EVENTS = KEPT_EVENTS // 2
_BATCH = 1000
_TRIM_SECONDS = 60.0

# A feed looks again after this part of the time that nothing has happened, within these limits in seconds: soon while
# there is something to come, seldom later on. Writers of the same process wake it at once.
_PART_OF_QUIET = 0.01
_SHORTEST_PAUSE = 0.001
_LONGEST_PAUSE = 0.05
_SHORTEST_NAP = 0.001  # between two looks, even if there are more writes: a writer must not wait for its watchers

_GAP = "gap"  # the kind of a row that says: what happened before it was not recorded

_TOP = "SELECT seq FROM sqlite_sequence WHERE name = 'events'"
_RECORDING = "SELECT recorded_until, recorded_to, trimmed FROM buckets WHERE id = ?"
_RECORD = "UPDATE buckets SET recorded_until = ?, recorded_to = ? WHERE id = ?"
_INSERT_GAP = "INSERT INTO events (bucket, kind, key, time) VALUES (?, 'gap', '', ?)"
_SCAN = """SELECT count(*), max(id)
    FROM (SELECT id FROM events WHERE bucket = ? AND id > ? AND id <= ? ORDER BY id LIMIT ?)"""
_READ = """SELECT id, kind, key, version_id, size, etag, time FROM events
    WHERE bucket = :bucket AND id > :after AND id <= :last AND (kind = 'gap'
        OR substr(key, 1, :prefix_length) = :prefix
        AND (:suffix = '' OR substr(key, -:suffix_length) = :suffix)
        AND instr(:kinds, ' ' || kind || ' '))
    ORDER BY id"""
_OLDEST = "SELECT id, time FROM events ORDER BY id LIMIT 1"
_LAST_OLD = """SELECT max(id)
    FROM (SELECT id, time FROM events ORDER BY id LIMIT ?) WHERE time < ? OR id <= ?"""
_MARK_TRIMMED = """UPDATE buckets SET trimmed = (SELECT max(id) FROM events WHERE bucket = buckets.id AND id <= :last)
    WHERE id IN (SELECT bucket FROM events WHERE id <= :last)"""
_CURSOR = re.compile(r"([0-9a-f]{16})\.([0-9a-f]{8})\.(\d{1,18})\.(\d{1,18})")


class Watchers:
    """What watches a store by one client; closing it ends their feeds."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.closed = False

    def watch(self, bucket: str, options: WatchOptions) -> EventFeed:
        """Return a feed; what is committed from now on, or behind the cursor, is not lost.

        Raises:
            InvalidArgument: the cursor is not one of this bucket of this store.
        """
        cursor = None if options.cursor is None else _Cursor.parse(options.cursor)
        with self.database.read() as connection:
            place = _Place(_identity(connection), bucket, bucket_id(connection, bucket))
        if cursor is not None and cursor.origin != place.origin:
            raise InvalidArgument("cursor must be that of an event of this bucket of this store")
        with self.database.write() as connection:
            _record(connection, place.bucket)
            top = _top(connection)
            after_gap = cursor is not None and _is_lost(connection, cursor, top)
        position = top if cursor is None else min(cursor.event, top)
        return _Feed(self, place, options, position, after_gap)

    def close(self) -> None:
        """End the feeds."""
        self.closed = True
        self.database.bell.ring()


class _Place(NamedTuple):
    """A bucket of a store."""

    store: str
    name: str
    bucket: int

    @property
    def origin(self) -> tuple[str, str]:
        return self.store, f"{zlib.crc32(self.name.encode()):08x}"


class _Cursor(NamedTuple):
    """An event, by its id and its time: a machine that crashes can lose the last ids, and give them anew."""

    origin: tuple[str, str]
    event: int
    time: int

    @classmethod
    def parse(cls, text: str) -> _Cursor:
        found = _CURSOR.fullmatch(text)
        if found is None:
            raise InvalidArgument("cursor must be that of an event")
        store, name, event, when = found.groups()
        return cls((store, name), int(event), int(when))

    def __str__(self) -> str:
        return f"{self.origin[0]}.{self.origin[1]}.{self.event}.{self.time}"


class _Recording(NamedTuple):
    """How far a bucket is recorded: the time in microseconds, the event id; and the last id that was removed."""

    until: int
    to: int
    trimmed: int

    def is_ending(self, top: int) -> bool:
        return self.until < now() + _ENOUGH or self.to < top + _ENOUGH_EVENTS


class _Feed(EventFeed):
    """The events of one bucket behind a position."""

    def __init__(
        self, watchers: Watchers, place: _Place, options: WatchOptions, position: int, after_gap: bool
    ) -> None:
        self._watchers = watchers
        self._database = watchers.database
        self._place = place
        self._filter = _filter(options)
        self._position = position
        self._after_gap = after_gap
        self._closed = False
        self._active = self._next_trim = time.monotonic()

    def poll(self, timeout: float | None) -> Sequence[ObjectEvent]:
        """See ``EventFeed``; ``BucketNotFound`` once the bucket is deleted and its last event was returned."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self._is_over():
            rings = self._database.bell.rings
            events = self._look()
            pause = self._pause(deadline)
            if events or pause <= 0:
                return tuple(events)
            looked = time.monotonic()
            self._database.bell.wait(rings, pause)
            time.sleep(max(0.0, looked + _SHORTEST_NAP - time.monotonic()))
        return ()

    def close(self) -> None:
        """See ``EventFeed``."""
        self._closed = True
        self._database.bell.ring()

    def _is_over(self) -> bool:
        return self._closed or self._watchers.closed

    def _pause(self, deadline: float | None) -> float:
        instant = time.monotonic()
        pause = min(max((instant - self._active) * _PART_OF_QUIET, _SHORTEST_PAUSE), _LONGEST_PAUSE)
        return pause if deadline is None else min(pause, deadline - instant)

    def _look(self) -> list[ObjectEvent]:
        with self._database.read() as connection:
            recording, top = _recording(connection, self._place.bucket), _top(connection)
        if recording is not None and recording.is_ending(top):
            with self._database.write() as connection:
                _record(connection, self._place.bucket)
        self._trim()
        events: list[ObjectEvent] = []
        while self._position < top and not events:
            events = self._read(top)
        if recording is None and not events:
            raise BucketNotFound(f"bucket {self._place.name!r} was deleted", bucket=self._place.name)
        return events

    def _read(self, top: int) -> list[ObjectEvent]:
        bucket = self._place.bucket
        with self._database.snapshot() as connection:
            recording = _recording(connection, bucket)
            count, last = connection.execute(_SCAN, (bucket, self._position, top, _BATCH)).fetchone()
            wanted = {"bucket": bucket, "after": self._position, "last": last, **self._filter}
            rows = connection.execute(_READ, wanted).fetchall() if count else []
        if recording is not None and self._position < recording.trimmed:
            self._after_gap = True
        self._position = last if count == _BATCH else top
        return self._events(rows)

    def _events(self, rows: list[tuple[Any, ...]]) -> list[ObjectEvent]:
        events = []
        for row in rows:
            if row[1] == _GAP:
                self._after_gap = True
            else:
                events.append(self._event(*row))
                self._after_gap = False
                self._active = time.monotonic()
        return events

    def _event(
        self, event: int, kind: str, key: str, version: str | None, size: int | None, etag: str | None, when: int
    ) -> ObjectEvent:
        return ObjectEvent(
            kind=EventKind(kind),
            bucket=self._place.name,
            key=key,
            version_id=version,
            size=size,
            etag=etag,
            time=moment(when),
            cursor=str(_Cursor(self._place.origin, event, when)),
            after_gap=self._after_gap,
        )

    def _trim(self) -> None:
        if time.monotonic() >= self._next_trim:
            more = trim(self._database)
            self._next_trim = time.monotonic() + (_LONGEST_PAUSE if more else _TRIM_SECONDS)


def trim(database: Database) -> bool:
    """Remove a batch of the events that are too old or too many; return whether there may be more of them."""
    oldest_time = now() - _KEPT
    with database.read() as connection:
        oldest, top = connection.execute(_OLDEST).fetchone(), _top(connection)
    if oldest is None or (oldest[1] >= oldest_time and oldest[0] > top - KEPT_EVENTS):
        return False
    with database.write() as connection:
        (last,) = connection.execute(_LAST_OLD, (_BATCH, oldest_time, top - KEPT_EVENTS)).fetchone()
        if last is None:
            return False
        connection.execute(_MARK_TRIMMED, {"last": last})
        return connection.execute("DELETE FROM events WHERE id <= ?", (last,)).rowcount == _BATCH


def _record(connection: sqlite3.Connection, bucket: int) -> None:
    """Switch recording on, or prolong it, if the bucket is still there."""
    recording = _recording(connection, bucket)
    if recording is None:
        return
    instant = now()
    if recording.until <= instant:
        connection.execute(_INSERT_GAP, (bucket, instant))
    connection.execute(_RECORD, (instant + _KEPT, _top(connection) + KEPT_EVENTS, bucket))


def _recording(connection: sqlite3.Connection, bucket: int) -> _Recording | None:
    row = connection.execute(_RECORDING, (bucket,)).fetchone()
    return _Recording(*row) if row else None


def _top(connection: sqlite3.Connection) -> int:
    """Return the highest event id there ever was."""
    row = connection.execute(_TOP).fetchone()
    return int(row[0]) if row else 0


def _identity(connection: sqlite3.Connection) -> str:
    return str(connection.execute("SELECT id FROM identity").fetchone()[0])


def _is_lost(connection: sqlite3.Connection, cursor: _Cursor, top: int) -> bool:
    """Return whether the event of a cursor is one that a crash of the machine took back."""
    found = connection.execute("SELECT time FROM events WHERE id = ?", (cursor.event,)).fetchone()
    return cursor.event > top or (found is not None and found[0] != cursor.time)


def _filter(options: WatchOptions) -> dict[str, Any]:
    return {
        "prefix": options.prefix,
        "prefix_length": len(options.prefix),
        "suffix": options.suffix,
        "suffix_length": len(options.suffix),
        "kinds": f" {' '.join(options.events)} ",
    }

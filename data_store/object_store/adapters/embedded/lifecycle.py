"""A run of the lifecycle rules of a bucket, for a job to start: what is due by them is deleted, moved or aborted.

A page is read, and what is due on it is changed in short transactions, between which other writers get their turn.
Each transaction reads the rules and the rows anew and decides again: an object that was replaced meanwhile stays, and
several runs at once do no harm. A run that is cut off has done whole transactions; the next one goes on.

Versions come before objects, so that a run does not look at what it made noncurrent itself.
"""

from __future__ import annotations

import json
import sqlite3
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any, ClassVar

from data_store.object_store.adapters.embedded.ageing import Aged, Rules
from data_store.object_store.adapters.embedded.changes import Changes
from data_store.object_store.adapters.embedded.database import Database
from data_store.object_store.adapters.embedded.events import trim
from data_store.object_store.adapters.embedded.rows import bucket_id, microseconds
from data_store.object_store.adapters.embedded.rows import now as clock
from data_store.object_store.adapters.embedded.settings import lifecycle_rules
from data_store.object_store.errors import BucketNotFound
from data_store.object_store.models import EventKind, LifecycleReport

__all__ = ["run"]

_PAGE = 1000
_BATCH = 100

_Change = Callable[[], AbstractContextManager[Changes]]
_Row = dict[str, Any]


def run(database: Database, change: _Change, bucket: str, now: datetime) -> LifecycleReport:
    """Do what the rules of a bucket say at a time. What it writes itself has the time of the machine's clock.

    Args:
        database: the database.
        change: begins a write transaction.
        bucket: the bucket.
        now: the time. Locks are judged by the clock of the machine instead.
    """
    with database.read() as connection:
        found = bucket_id(connection, bucket)
    counts: Counter[str] = Counter()
    for each in (_Uploads, _Noncurrent, _Markers, _Objects):
        each(database, change, bucket, found, microseconds(now)).run(counts)
    _remove_old_events(database)
    return LifecycleReport(**counts)


class _Pass(ABC):
    """A walk through one table.

    Attributes:
        actions: the attributes of the rules that matter.
        page: the statement for the rows of the bucket behind a row, in order.
        again: the statement for that row as it is now.
        first: what stands before the first row.
    """

    actions: ClassVar[tuple[str, ...]]
    page: ClassVar[str]
    again: ClassVar[str]
    first: ClassVar[_Row]

    def __init__(self, database: Database, change: _Change, bucket: str, found: int, now: int) -> None:
        self._database = database
        self._change = change
        self._bucket = bucket
        self._id = found
        self._now = now

    def run(self, counts: Counter[str]) -> None:
        """Do what is due, and count it."""
        row = self.first
        while True:
            with self._database.read() as connection:
                rules = self._rules(connection)
                rows = self._read(connection, rules, self.page, row) if rules else []
            due = [each for each in rows if self.is_due(rules, each)]
            for start in range(0, len(due), _BATCH):
                self._apply(due[start : start + _BATCH], counts)
            if len(rows) < _PAGE:
                return
            row = rows[-1]

    @abstractmethod
    def is_due(self, rules: Rules, row: _Row) -> bool:
        """Return whether something is to be done."""

    @abstractmethod
    def do(self, changes: Changes, rules: Rules, row: _Row) -> str:
        """Do it; return the name of the count."""

    def _apply(self, rows: list[_Row], counts: Counter[str]) -> None:
        done: Counter[str] = Counter()
        with _taking_turns(), self._change() as changes:
            rules = self._rules(changes.connection)
            for row in rows:
                for current in self._read(changes.connection, rules, self.again, row):
                    if self.is_due(rules, current):
                        done[self.do(changes, rules, current)] += 1
        counts.update(done)

    def _rules(self, connection: sqlite3.Connection) -> Rules:
        if connection.execute("SELECT 1 FROM buckets WHERE id = ?", (self._id,)).fetchone() is None:
            raise BucketNotFound(f"bucket {self._bucket!r} was deleted", bucket=self._bucket)
        return Rules(lifecycle_rules(connection, self._id), self._now, self.actions)

    def _read(self, connection: sqlite3.Connection, rules: Rules, statement: str, row: _Row) -> list[_Row]:
        wanted = {**row, "bucket": self._id, "clock": clock(), "limit": _PAGE, "most_kept": rules.most_kept}
        found = connection.execute(statement, wanted)
        names = [column[0] for column in found.description]
        return [dict(zip(names, values, strict=True)) for values in found]


class _Uploads(_Pass):
    """Multipart uploads that stood still."""

    actions = ("abort_uploads_after_days",)
    _COLUMNS = "SELECT id, key, initiated FROM uploads WHERE bucket = :bucket"
    page = f"{_COLUMNS} AND (key, id) > (:key, :id) ORDER BY key, id LIMIT :limit"
    again = f"{_COLUMNS} AND id = :id"
    first: ClassVar[_Row] = {"key": "", "id": 0}

    def is_due(self, rules: Rules, row: _Row) -> bool:
        return rules.abort(Aged(row["key"], row["initiated"]))

    def do(self, changes: Changes, rules: Rules, row: _Row) -> str:
        changes.abort(row["id"])
        return "aborted_uploads"


class _Versions(_Pass):
    """What is in the table of versions. ``newer`` is capped at what any rule keeps."""

    _COLUMNS = """SELECT key, sequence, version_id, updated, superseded, size, tags, content IS NULL AS is_marker,
            legal_hold OR coalesce(retained_until, 0) > :clock AS is_locked,
            superseded IS NULL AND NOT EXISTS (SELECT 1 FROM versions AS older WHERE older.bucket = v.bucket
                AND older.key = v.key AND older.sequence < v.sequence) AS is_alone,
            (SELECT count(*) FROM (SELECT 1 FROM versions AS n WHERE n.bucket = v.bucket AND n.key = v.key
                AND n.sequence > v.sequence AND n.content IS NOT NULL LIMIT :most_kept)) AS newer
        FROM versions AS v WHERE bucket = :bucket"""
    page = f"""{_COLUMNS} AND key >= :key AND NOT (key = :key AND sequence >= :sequence)
        ORDER BY key, sequence DESC LIMIT :limit"""
    again = f"{_COLUMNS} AND key = :key AND sequence = :sequence"
    first: ClassVar[_Row] = {"key": "", "sequence": 0}

    def do(self, changes: Changes, rules: Rules, row: _Row) -> str:
        place = changes.place(self._bucket, row["key"])
        changes.delete_version(place, row["key"], row["version_id"], kind=EventKind.EXPIRED)
        return "deleted_markers" if row["is_marker"] else "deleted_versions"


class _Noncurrent(_Versions):
    """Noncurrent versions, and markers among them.

    A retention is over by the clock of the machine alone: a run for another time must not delete what is locked.
    """

    actions = ("noncurrent_days",)

    def is_due(self, rules: Rules, row: _Row) -> bool:
        if row["superseded"] is None or row["is_locked"]:
            return False
        version = Aged(row["key"], row["superseded"], row["size"], json.loads(row["tags"] or "{}"))
        return rules.expire_noncurrent(version, row["newer"])


class _Markers(_Versions):
    """Delete markers behind which no version is left, be it that this run has deleted the last."""

    actions = ("expire_delete_markers", "expire_after_days")

    def is_due(self, rules: Rules, row: _Row) -> bool:
        return bool(row["is_alone"]) and rules.remove_marker(Aged(row["key"], row["updated"]))


class _Objects(_Pass):
    """Current objects."""

    actions = ("expire_after_days", "expire_at", "transition")
    _COLUMNS = "SELECT key, updated, size, storage_class, tags FROM current_objects WHERE bucket = :bucket"
    page = f"{_COLUMNS} AND key > :key ORDER BY key LIMIT :limit"
    again = f"{_COLUMNS} AND key = :key"
    first: ClassVar[_Row] = {"key": ""}

    def is_due(self, rules: Rules, row: _Row) -> bool:
        return rules.expire(_aged(row)) or _new_class(rules, row) is not None

    def do(self, changes: Changes, rules: Rules, row: _Row) -> str:
        place = changes.place(self._bucket, row["key"])
        storage_class = _new_class(rules, row)
        if storage_class is None or rules.expire(_aged(row)):
            changes.delete(place, row["key"], EventKind.EXPIRED)
            return "expired_objects"
        changes.set_storage_class(place, row["key"], storage_class)
        return "transitioned_objects"


def _new_class(rules: Rules, row: _Row) -> str | None:
    found = rules.storage_class(_aged(row))
    return None if found == row["storage_class"] else found


def _aged(row: _Row) -> Aged:
    return Aged(row["key"], row["updated"], row["size"], json.loads(row["tags"] or "{}"))


def _remove_old_events(database: Database) -> None:
    """Remove what is left of a recording that nobody watches any more."""
    more = True
    while more:
        with _taking_turns():
            more = trim(database)


@contextmanager
def _taking_turns() -> Iterator[None]:
    """Rest as long as the transaction took: who waits for the lock looks for it now and then only."""
    started = time.monotonic()
    yield
    time.sleep(time.monotonic() - started)

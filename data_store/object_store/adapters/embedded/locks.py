"""Retention and legal hold of a version: what it is written with, whether it may be deleted, how it may be changed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from data_store.object_store.adapters.embedded.rows import microseconds, moment, now
from data_store.object_store.errors import AccessDenied, UnsupportedOperation
from data_store.object_store.models import DefaultRetention, Retention, RetentionMode

__all__ = [
    "UNLOCKED",
    "Lock",
    "check_lockable",
    "check_new_retention",
    "lock_of",
    "packed_default",
    "unpacked_default",
]


class Lock(NamedTuple):
    """The columns that keep a version from being deleted."""

    mode: str | None = None
    until: int | None = None
    hold: int = 0

    @property
    def retention(self) -> Retention | None:
        """The retention, over or not; None if there is none."""
        return None if self.mode is None else Retention(RetentionMode(self.mode), moment(self.until or 0))

    def check_delete(self, *, bypass_governance: bool) -> None:
        """Raise ``AccessDenied`` if the version must not be deleted now."""
        if self.hold:
            raise AccessDenied("there is a legal hold on the version")
        if self._binds(bypass_governance=bypass_governance):
            raise AccessDenied(f"the version is retained until {moment(self.until or 0)} ({self.mode})")

    def _binds(self, *, bypass_governance: bool) -> bool:
        bypassed = bypass_governance and self.mode == RetentionMode.GOVERNANCE
        return self.mode is not None and (self.until or 0) > now() and not bypassed


UNLOCKED = Lock()


def lock_of(retention: Retention | None, legal_hold: bool | None, object_lock: int, default: str | None) -> Lock:
    """Return the lock of a new version: what was asked for, else the bucket's default.

    Args:
        retention: what was asked for.
        legal_hold: as well.
        object_lock: the column of the bucket; ``UnsupportedOperation`` if something was asked for and it is 0.
        default: the bucket's column ``default_retention``.
    """
    if retention is not None or legal_hold:
        check_lockable(object_lock)
    if retention is None and default is not None:
        retention = _from_now(_unpacked_default(default))
    if retention is None:
        return Lock(hold=1) if legal_hold else UNLOCKED
    return Lock(retention.mode, microseconds(retention.until), int(bool(legal_hold)))


def check_new_retention(lock: Lock, retention: Retention | None, *, bypass_governance: bool) -> None:
    """Raise ``AccessDenied`` if a retention would make the one that holds now weaker.

    Longer, or COMPLIANCE in place of GOVERNANCE for at least as long, is always allowed; anything else only to who
    may bypass the retention (S3 user guide, "Using Object Lock", "Retention modes").
    """
    if not lock._binds(bypass_governance=bypass_governance):
        return
    firm = retention is not None and retention.mode in (lock.mode, RetentionMode.COMPLIANCE)
    if retention is None or not firm or microseconds(retention.until) < (lock.until or 0):
        raise AccessDenied(f"the version is retained until {moment(lock.until or 0)} ({lock.mode})")


def check_lockable(object_lock: int) -> None:
    """Raise ``UnsupportedOperation`` if versions of a bucket cannot be locked."""
    if not object_lock:
        raise UnsupportedOperation(
            "nothing is locked in this bucket: make one with create_bucket(..., object_lock=True)"
        )


def unpacked_default(column: str | None) -> DefaultRetention | None:
    """Return what the column ``default_retention`` has."""
    return None if column is None else _unpacked_default(column)


def packed_default(retention: DefaultRetention | None) -> str | None:
    """Return the column ``default_retention``."""
    return None if retention is None else json.dumps([retention.mode, retention.days, retention.years])


def _unpacked_default(column: str) -> DefaultRetention:
    mode, days, years = json.loads(column)
    return DefaultRetention(RetentionMode(mode), days=days, years=years)


def _from_now(default: DefaultRetention) -> Retention:
    start = datetime.now(UTC)
    if default.days is not None:
        return Retention(default.mode, start + timedelta(days=default.days))
    return Retention(default.mode, _years_later(start, default.years or 0))


def _years_later(start: datetime, years: int) -> datetime:
    try:
        return start.replace(year=start.year + years)
    except ValueError:  # 29 February
        return start.replace(year=start.year + years, month=3, day=1)

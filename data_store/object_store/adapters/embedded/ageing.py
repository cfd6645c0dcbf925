"""What the lifecycle rules of a bucket say about one object, version, delete marker or upload; nothing is done here.

Times are microseconds since 1970. "Amazon S3 calculates the time by adding the number of days specified in the rule to
the object creation time and rounding the resulting time to the next day midnight UTC" (S3 user guide, "Lifecycle
configuration elements", "Lifecycle rules: Based on an object's age"); a noncurrent version counts from when its
successor was written, an upload from when it was started.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from data_store.object_store.adapters.embedded.rows import microseconds
from data_store.object_store.models import LifecycleRule, Transition

__all__ = ["Aged", "Rules", "due"]

_DAY = 24 * 3600 * 1_000_000


class Aged(NamedTuple):
    """What a rule may apply to.

    Attributes:
        key: its key.
        since: when it was written or started; of a noncurrent version, when it was replaced.
        size: bytes; None for a delete marker, to which no rule with a size applies.
        tags: its tags.
    """

    key: str
    since: int
    size: int | None = None
    tags: Mapping[str, str] = {}


class Rules:
    """Those rules of a bucket that are enabled, at a time.

    Args:
        rules: all of them.
        now: the time.
        actions: names of attributes of rules; only rules that have one of these are looked at. None: all.
    """

    def __init__(self, rules: Iterable[LifecycleRule], now: int, actions: Sequence[str] | None = None) -> None:
        self._rules = [rule for rule in rules if rule.enabled and (actions is None or _has(rule, actions))]
        self._now = now

    def __bool__(self) -> bool:
        return bool(self._rules)

    @property
    def most_kept(self) -> int:
        """How many noncurrent versions a rule keeps at the most."""
        return max((rule.noncurrent_keep or 0 for rule in self._rules), default=0)

    def expire(self, current: Aged) -> bool:
        """Return whether the current object is to be deleted."""
        return any(
            self._is_over(current.since, rule.expire_after_days) or self._has_come(rule.expire_at)
            for rule in self._applying_to(current)
        )

    def storage_class(self, current: Aged) -> str | None:
        """Return the storage class that the current object is to have by now: by what was due last; None: its own."""
        due_ones = [
            (_due_time(rule.transition, current.since), rule.transition.storage_class)
            for rule in self._applying_to(current)
            if rule.transition is not None
        ]
        past = [each for each in due_ones if each[0] <= self._now]
        return max(past)[1] if past else None

    def expire_noncurrent(self, version: Aged, newer: int) -> bool:
        """Return whether a noncurrent version is to be deleted, of which there are ``newer`` that are newer."""
        return any(
            self._is_over(version.since, rule.noncurrent_days) and newer >= (rule.noncurrent_keep or 0)
            for rule in self._applying_to(version)
        )

    def remove_marker(self, marker: Aged) -> bool:
        """Return whether a delete marker is to be removed behind which no version is left.

        An expiration after days does that too (S3 user guide, "Lifecycle configuration elements", "Expiration").
        """
        return any(
            rule.expire_delete_markers or self._is_over(marker.since, rule.expire_after_days)
            for rule in self._applying_to(marker)
        )

    def abort(self, upload: Aged) -> bool:
        """Return whether a multipart upload is to be aborted; rules with tags or sizes do not apply to uploads."""
        return any(self._is_over(upload.since, rule.abort_uploads_after_days) for rule in self._applying_to(upload))

    def _applying_to(self, aged: Aged) -> Sequence[LifecycleRule]:
        return [rule for rule in self._rules if _applies(rule, aged)]

    def _is_over(self, since: int, days: int | None) -> bool:
        return days is not None and due(since, days) <= self._now

    def _has_come(self, day: datetime | None) -> bool:
        return day is not None and microseconds(day) <= self._now


def due(since: int, days: int) -> int:
    """Return the midnight UTC at which ``days`` are over; what happened at a midnight belongs to the day it begins."""
    return ((since // _DAY) + days + 1) * _DAY


def _has(rule: LifecycleRule, actions: Sequence[str]) -> bool:
    return any(getattr(rule, name) is not None and getattr(rule, name) is not False for name in actions)


def _due_time(transition: Transition, since: int) -> int:
    if transition.at is not None:
        return microseconds(transition.at)
    return due(since, transition.after_days or 0)


def _applies(rule: LifecycleRule, aged: Aged) -> bool:
    tags = rule.tags or {}
    return (
        aged.key.startswith(rule.prefix)
        and all(aged.tags.get(name) == value for name, value in tags.items())
        and (rule.min_size is None or (aged.size is not None and aged.size >= rule.min_size))
        and (rule.max_size is None or (aged.size is not None and aged.size <= rule.max_size))
    )

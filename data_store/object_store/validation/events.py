"""Watching, and notification rules."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable

from data_store.object_store.errors import InvalidArgument
from data_store.object_store.models import EventKind, NotificationRule, WatchOptions
from data_store.object_store.validation.names import prefix as checked_prefix
from data_store.object_store.validation.rules import instance, items, text, text_without_controls

__all__ = ["notification_rules", "timeout", "watch_options"]

_MAX_ID = 255
_ARN = re.compile(
    r"arn:[!-9;-~]+:[!-9;-~]+:[!-9;-~]*:[!-9;-~]*:[!-~]+"
)  # arn:partition:service:region:account:resource


def watch_options(prefix: str, suffix: str, events: Iterable[EventKind] | None, start: str) -> WatchOptions:
    """Check what to watch for; ``events`` None is all, ``start`` is "now" or the cursor of an event."""
    kinds = frozenset(EventKind) if events is None else frozenset(_kinds(events))
    cursor = None if text("start", start) == "now" else text_without_controls("start", start)
    return WatchOptions(
        prefix=checked_prefix(prefix), suffix=checked_prefix(suffix, "suffix"), events=kinds, cursor=cursor
    )


def notification_rules(rules: Iterable[NotificationRule]) -> list[NotificationRule]:
    """Check the rules of a bucket, each with an id of its own; none removes those that are there."""
    checked = [_rule(instance("a rule", each, NotificationRule)) for each in items("rules", rules)]
    ids = [rule.id for rule in checked]
    if twice := {each for each in ids if ids.count(each) > 1}:
        raise InvalidArgument(f"the rule id {min(twice)!r} is there twice")
    return checked


def timeout(value: float | None) -> float | None:
    """Check seconds of at least 0, or None: for as long as it takes."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise InvalidArgument(f"timeout must be a number of seconds of at least 0, not {value!r}")
    return min(value, threading.TIMEOUT_MAX)


def _rule(rule: NotificationRule) -> NotificationRule:
    if len(text_without_controls("id of a rule", rule.id)) > _MAX_ID:
        raise InvalidArgument(f"id of a rule must have at most {_MAX_ID} characters")
    if not _ARN.fullmatch(text("target", rule.target)):
        raise InvalidArgument(
            f"target of rule {rule.id!r} must be an ARN: arn:partition:service:region:account:resource"
        )
    checked_prefix(rule.prefix)
    checked_prefix(rule.suffix, "suffix")
    return NotificationRule(
        id=rule.id, target=rule.target, events=tuple(_kinds(rule.events)), prefix=rule.prefix, suffix=rule.suffix
    )


def _kinds(events: Iterable[EventKind]) -> list[EventKind]:
    given = items("events", events)
    if not given:
        raise InvalidArgument("events must not be empty; leave it out for all of them")
    try:
        return [EventKind(each) for each in given]
    except ValueError:
        raise InvalidArgument(f"events must be of {', '.join(EventKind)}, not {given!r}") from None

"""Lifecycle rules (S3 API reference, LifecycleRule; S3 user guide, "Lifecycle configuration elements")."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, time

from data_store.object_store.errors import InvalidArgument
from data_store.object_store.models import LifecycleRule, Transition
from data_store.object_store.validation.content import header
from data_store.object_store.validation.names import prefix
from data_store.object_store.validation.rules import aware, flag, instance, items, text_without_controls, whole
from data_store.object_store.validation.tags import tags

__all__ = ["lifecycle_rules"]

_MAX_RULES = 1000
_MAX_ID = 255
_MAX_KEPT = 100
_MAX_DAYS = 2**31 - 1  # a 32-bit integer in the S3 API
_DAYS = ("expire_after_days", "noncurrent_days", "abort_uploads_after_days")


def lifecycle_rules(rules: Iterable[LifecycleRule]) -> list[LifecycleRule]:
    """Check the rules of a bucket: 1 to 1,000, each with an id of its own.

    A filter that lets everything through (no tags, a least size of 0) is as if nothing was said.
    """
    checked = [_rule(instance("a rule", each, LifecycleRule)) for each in items("rules", rules)]
    if not 1 <= len(checked) <= _MAX_RULES:
        raise InvalidArgument(
            f"there must be 1 to {_MAX_RULES} rules, not {len(checked)}; delete_lifecycle() removes all"
        )
    ids = [rule.id for rule in checked]
    if twice := {each for each in ids if ids.count(each) > 1}:
        raise InvalidArgument(f"the rule id {min(twice)!r} is there twice")
    return checked


def _rule(rule: LifecycleRule) -> LifecycleRule:
    name = f"id of a rule, {rule.id!r},"
    if len(text_without_controls(name, rule.id)) > _MAX_ID:
        raise InvalidArgument(f"{name} has more than {_MAX_ID} characters")
    try:
        checked = _filtered(_dated(rule))
        _check_actions(checked)
    except InvalidArgument as error:
        raise InvalidArgument(f"lifecycle rule {rule.id!r}: {error}") from None
    return checked


def _filtered(rule: LifecycleRule) -> LifecycleRule:
    prefix(rule.prefix)
    flag("enabled", rule.enabled)
    least, most = rule.min_size, rule.max_size
    if least is not None:
        whole("min_size", least, 0)
    if most is not None and whole("max_size", most, 0) < (least or 0):
        raise InvalidArgument("max_size must be at least min_size")
    return replace(rule, tags=None if rule.tags is None else tags(rule.tags) or None, min_size=least or None)


def _dated(rule: LifecycleRule) -> LifecycleRule:
    expire_at = None if rule.expire_at is None else _midnight("expire_at", rule.expire_at)
    return replace(rule, expire_at=expire_at, transition=_transition(rule.transition))


def _transition(value: object) -> Transition | None:
    if value is None:
        return None
    given = instance("transition", value, Transition)
    header("storage_class of Transition", given.storage_class)
    if (given.after_days is None) == (given.at is None):
        raise InvalidArgument("a Transition has exactly one of after_days and at")
    if given.after_days is not None:
        whole("after_days of Transition", given.after_days, 0)
    return replace(given, at=None if given.at is None else _midnight("at of Transition", given.at))


def _midnight(name: str, value: object) -> datetime:
    checked = aware(name, value)
    if checked.time() != time():
        raise InvalidArgument(f"{name} must be midnight UTC")
    return checked


def _check_actions(rule: LifecycleRule) -> None:
    for name in _DAYS:
        days = getattr(rule, name)
        if days is not None:
            whole(name, days, 1, _MAX_DAYS)
    flag("expire_delete_markers", rule.expire_delete_markers)
    if not any(rule.actions.values()):
        raise InvalidArgument(f"it does nothing: give at least one of {', '.join(rule.actions)}")
    if rule.noncurrent_keep is not None:
        whole("noncurrent_keep", rule.noncurrent_keep, 1, _MAX_KEPT)
    for problem in _conflicts(rule):
        raise InvalidArgument(problem)


def _conflicts(rule: LifecycleRule) -> Iterable[str]:
    """Yield what S3 does not allow together."""
    transition = rule.transition
    by_days, by_date = rule.expire_after_days is not None, rule.expire_at is not None
    if by_days and by_date:
        yield "expire_after_days and expire_at contradict each other: give one"
    if rule.expire_delete_markers and (by_days or by_date or rule.tags):
        yield "expire_delete_markers takes no expire_after_days, expire_at or tags"
    if rule.noncurrent_keep is not None and rule.noncurrent_days is None:
        yield "noncurrent_keep needs noncurrent_days"
    if rule.abort_uploads_after_days is not None and (rule.tags or rule.min_size or rule.max_size is not None):
        yield "abort_uploads_after_days takes no tags or sizes: an upload has none"
    if transition is not None and ((by_days and transition.at) or (by_date and transition.at is None)):
        yield "expiry and transition are both in days, or both at dates"
    if transition is not None and _expires_first(rule, transition):
        yield "it expires objects no later than it moves them"


def _expires_first(rule: LifecycleRule, transition: Transition) -> bool:
    if rule.expire_after_days is not None and transition.after_days is not None:
        return rule.expire_after_days <= transition.after_days
    return rule.expire_at is not None and transition.at is not None and rule.expire_at <= transition.at

"""Lifecycle rules in the S3 protocol (S3 API reference, PutBucketLifecycleConfiguration)."""

from __future__ import annotations

from collections.abc import Iterable, Set
from datetime import UTC, datetime
from typing import Any, TypeVar
from xml.etree.ElementTree import Element

from data_store.object_store.adapters.s3.answers import InvalidAnswer, required
from data_store.object_store.adapters.s3.xml import flag, number, text, time
from data_store.object_store.adapters.s3.xml_tags import tag_element, tags_in
from data_store.object_store.adapters.s3.xml_writer import document, leaf, node
from data_store.object_store.errors import UnsupportedOperation
from data_store.object_store.models import LifecycleRule, Transition

__all__ = ["lifecycle_request", "lifecycle_rules"]

_T = TypeVar("_T")

# What each element of a rule may hold; anything else has no field in LifecycleRule.
_KNOWN: dict[str, frozenset[str]] = {
    "Rule": frozenset(
        {
            "AbortIncompleteMultipartUpload",
            "Expiration",
            "Filter",
            "ID",
            "NoncurrentVersionExpiration",
            "Prefix",
            "Status",
            "Transition",
        }
    ),
    "Filter": frozenset({"And", "ObjectSizeGreaterThan", "ObjectSizeLessThan", "Prefix", "Tag"}),
    "And": frozenset({"ObjectSizeGreaterThan", "ObjectSizeLessThan", "Prefix", "Tag"}),
    "Tag": frozenset({"Key", "Value"}),
    "Expiration": frozenset({"Date", "Days", "ExpiredObjectDeleteMarker"}),
    "NoncurrentVersionExpiration": frozenset({"NewerNoncurrentVersions", "NoncurrentDays"}),
    "AbortIncompleteMultipartUpload": frozenset({"DaysAfterInitiation"}),
    "Transition": frozenset({"Date", "Days", "StorageClass"}),
}
_FILTERS = ("Filter", "Filter/And")  # Ceph puts a prefix beside And
_PREFIXES = ("Prefix", "Filter/Prefix", "Filter/And/Prefix")
_STATUSES = {"Enabled": True, "Disabled": False}
_SEVERAL = frozenset({"Expiration", "Tag"})  # days and delete markers are two of one rule


def lifecycle_rules(root: Element) -> list[LifecycleRule]:
    """Return the rules of GetBucketLifecycleConfiguration.

    Raises:
        UnsupportedOperation: one has an element that ``LifecycleRule`` has no field for, or no action, which is what
            Garage makes of actions that it does not know.
        InvalidAnswer: one cannot be.
    """
    return [_rule(item) for item in root.iterfind("Rule")]


def lifecycle_request(rules: Iterable[LifecycleRule]) -> bytes:
    """Return the body of PutBucketLifecycleConfiguration."""
    return document("LifecycleConfiguration", *(_element(rule) for rule in rules))


def _element(rule: LifecycleRule) -> str:
    status = leaf("Status", "Enabled" if rule.enabled else "Disabled")
    return node("Rule", leaf("ID", rule.id), _filter(rule), status, *_actions(rule))


def _filter(rule: LifecycleRule) -> str:
    """Return the filter; more than one condition stand in ``And``."""
    conditions = [leaf("Prefix", rule.prefix)] if rule.prefix else []
    conditions += [tag_element(key, value) for key, value in (rule.tags or {}).items()]
    # S3's bounds are exclusive, ours inclusive; no object is smaller than 0 bytes.
    conditions += [leaf("ObjectSizeGreaterThan", rule.min_size - 1)] if rule.min_size else []
    conditions += [leaf("ObjectSizeLessThan", rule.max_size + 1)] if rule.max_size is not None else []
    if len(conditions) > 1:
        return node("Filter", node("And", *conditions))
    return node("Filter", *(conditions or [leaf("Prefix", "")]))


def _actions(rule: LifecycleRule) -> Iterable[str]:
    if rule.expire_after_days is not None or rule.expire_at is not None:
        yield node("Expiration", leaf("Days", rule.expire_after_days), leaf("Date", _date(rule.expire_at)))
    if rule.expire_delete_markers:
        yield node("Expiration", leaf("ExpiredObjectDeleteMarker", "true"))
    if rule.noncurrent_days is not None:
        kept = leaf("NewerNoncurrentVersions", rule.noncurrent_keep)
        yield node("NoncurrentVersionExpiration", leaf("NoncurrentDays", rule.noncurrent_days), kept)
    if rule.abort_uploads_after_days is not None:
        yield node("AbortIncompleteMultipartUpload", leaf("DaysAfterInitiation", rule.abort_uploads_after_days))
    if rule.transition is not None:
        yield _transition(rule.transition)


def _transition(transition: Transition) -> str:
    when = leaf("Days", transition.after_days), leaf("Date", _date(transition.at))
    return node("Transition", *when, leaf("StorageClass", transition.storage_class))


def _date(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _rule(item: Element) -> LifecycleRule:
    _check_known(item)
    rule = LifecycleRule(
        # AWS names each rule, and its reference (LifecycleRule) has it not required; Garage leaves it as it was put.
        text(item, "ID") or "",
        _single("Prefix", {found for path in _PREFIXES if (found := text(item, path))}) or "",
        abort_uploads_after_days=number(item, "AbortIncompleteMultipartUpload/DaysAfterInitiation", 1),
        enabled=_is_enabled(item),
        **_expiration(item),
        **_noncurrent(item),
        **_conditions(item),
        **_transitions(item),
    )
    if not any(rule.actions.values()):
        raise _inexpressible(f"{rule.id!r} has no action")
    return rule


def _is_enabled(item: Element) -> bool:
    status = item.findtext("Status")
    if status not in _STATUSES:
        raise InvalidAnswer("the lifecycle rule is neither Enabled nor Disabled")
    return _STATUSES[status]


def _expiration(item: Element) -> dict[str, Any]:
    found = item.findall("Expiration")
    days = _single("Days", {days for each in found if (days := number(each, "Days", 1)) is not None})
    date = _single("Date", {date for each in found if (date := time(text(each, "Date"))) is not None})
    if days is not None and date is not None:
        raise InvalidAnswer("the lifecycle rule expires objects by their age and at a date")
    markers = [flag(each, "ExpiredObjectDeleteMarker") for each in found]
    return {"expire_after_days": days, "expire_at": date, "expire_delete_markers": any(markers)}


def _noncurrent(item: Element) -> dict[str, Any]:
    found = item.find("NoncurrentVersionExpiration")
    if found is None:
        return {}
    days, keep = number(found, "NoncurrentDays", 1), number(found, "NewerNoncurrentVersions", 1)
    if days is None and keep is not None:  # MinIO has such rules
        raise _inexpressible("NewerNoncurrentVersions without NoncurrentDays")
    return {"noncurrent_days": days, "noncurrent_keep": keep}


def _conditions(item: Element) -> dict[str, Any]:
    above, below = _bound(item, "ObjectSizeGreaterThan", 0), _bound(item, "ObjectSizeLessThan", 1)
    return {
        "tags": tags_in(tag for path in _FILTERS for tag in item.iterfind(f"{path}/Tag")) or None,
        "min_size": None if above is None else above + 1,
        "max_size": None if below is None else below - 1,
    }


def _bound(item: Element, name: str, least: int) -> int | None:
    found = (number(item, f"{path}/{name}", least) for path in _FILTERS)
    return _single(name, {bound for bound in found if bound is not None})


def _single(name: str, found: Set[_T]) -> _T | None:
    """Return what a rule says in one of the places that it may stand in."""
    if len(found) > 1:
        raise InvalidAnswer(f"the lifecycle rule has more than one {name}")
    return next(iter(found), None)


def _transitions(item: Element) -> dict[str, Any]:
    found = item.find("Transition")
    if found is None:
        return {}
    after_days, at = number(found, "Days"), time(text(found, "Date"))
    if (after_days is None) == (at is None):
        raise InvalidAnswer("the transition has not exactly one of Days and Date")
    storage_class = required(text(found, "StorageClass"), "StorageClass")
    return {"transition": Transition(storage_class=storage_class, after_days=after_days, at=at)}


def _check_known(element: Element) -> None:
    """Raise for an element, or one too many, that a rule has no field for.

    Raises:
        UnsupportedOperation: S3 has it.
        InvalidAnswer: S3 does not.
    """
    names = [child.tag for child in element]
    for name in names:
        if name not in _KNOWN[element.tag]:
            raise _inexpressible(f"{element.tag}/{name}")
        if name in ("Transition", "NoncurrentVersionExpiration") and names.count(name) > 1:
            raise _inexpressible(f"more than one {name}")
        if name not in _SEVERAL and names.count(name) > 1:
            raise InvalidAnswer(f"the lifecycle rule has more than one {name}")
    for child in element:
        if child.tag in _KNOWN:
            _check_known(child)


def _inexpressible(what: str) -> UnsupportedOperation:
    return UnsupportedOperation(f"the bucket has a lifecycle rule that LifecycleRule cannot express: {what}")

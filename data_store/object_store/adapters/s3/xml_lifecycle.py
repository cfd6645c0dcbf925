"""Lifecycle rules in the S3 protocol (S3 API reference, PutBucketLifecycleConfiguration)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import Element

from data_store.object_store.adapters.s3.xml import size, text, time
from data_store.object_store.adapters.s3.xml_tags import tag_element
from data_store.object_store.adapters.s3.xml_writer import document, leaf, node
from data_store.object_store.errors import UnsupportedOperation
from data_store.object_store.models import LifecycleRule, Transition

__all__ = ["lifecycle_request", "lifecycle_rules"]

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


def lifecycle_rules(root: Element) -> list[LifecycleRule]:
    """Return the rules of GetBucketLifecycleConfiguration.

    Raises:
        UnsupportedOperation: one has an element that ``LifecycleRule`` has no field for.
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
    return LifecycleRule(
        text(item, "ID") or "",
        next((prefix for path in ("Prefix", "Filter/Prefix", "Filter/And/Prefix") if (prefix := text(item, path))), ""),
        expire_after_days=size(text(item, "Expiration/Days")),
        expire_at=time(text(item, "Expiration/Date")),
        expire_delete_markers=text(item, "Expiration/ExpiredObjectDeleteMarker") == "true",
        noncurrent_days=size(text(item, "NoncurrentVersionExpiration/NoncurrentDays")),
        noncurrent_keep=size(text(item, "NoncurrentVersionExpiration/NewerNoncurrentVersions")),
        abort_uploads_after_days=size(text(item, "AbortIncompleteMultipartUpload/DaysAfterInitiation")),
        enabled=text(item, "Status") == "Enabled",
        **_conditions(item),
        **_transitions(item),
    )


def _conditions(item: Element) -> dict[str, Any]:
    found = [tag for path in _FILTERS for tag in item.iterfind(f"{path}/Tag")]
    above, below = _bound(item, "ObjectSizeGreaterThan"), _bound(item, "ObjectSizeLessThan")
    return {
        "tags": {tag.findtext("Key") or "": tag.findtext("Value") or "" for tag in found} or None,
        "min_size": None if above is None else above + 1,
        "max_size": None if below is None else below - 1,
    }


def _bound(item: Element, name: str) -> int | None:
    return size(next((told for path in _FILTERS if (told := text(item, f"{path}/{name}"))), None))


def _transitions(item: Element) -> dict[str, Any]:
    found = item.find("Transition")
    if found is None:
        return {}
    after_days, at = size(text(found, "Days")), time(text(found, "Date"))
    return {"transition": Transition(storage_class=text(found, "StorageClass") or "", after_days=after_days, at=at)}


def _check_known(element: Element) -> None:
    """Raise UnsupportedOperation for an element, or one too many, that a rule has no field for."""
    names = [child.tag for child in element]
    for name in names:
        if name not in _KNOWN[element.tag]:
            raise _inexpressible(f"{element.tag}/{name}")
        if name in ("Transition", "NoncurrentVersionExpiration") and names.count(name) > 1:
            raise _inexpressible(f"more than one {name}")
    for child in element:
        if child.tag in _KNOWN:
            _check_known(child)


def _inexpressible(what: str) -> UnsupportedOperation:
    return UnsupportedOperation(f"the bucket has a lifecycle rule that LifecycleRule cannot express: {what}")

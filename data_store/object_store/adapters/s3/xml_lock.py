"""Object lock in the S3 protocol (S3 API reference, PutObjectRetention, PutObjectLegalHold, ...)."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.etree.ElementTree import Element

from data_store.object_store.adapters.s3.answers import InvalidAnswer, required
from data_store.object_store.adapters.s3.xml import number, text, time
from data_store.object_store.adapters.s3.xml_writer import document, leaf, node
from data_store.object_store.models import DefaultRetention, Retention, RetentionMode

__all__ = [
    "default_retention",
    "legal_hold",
    "legal_hold_request",
    "legal_hold_status",
    "lock_request",
    "lock_time",
    "retention",
    "retention_request",
]

_HOLDS = {"ON": True, "OFF": False}


def retention(root: Element) -> Retention | None:
    """Return what GetObjectRetention says; None for an empty answer.

    Raises:
        InvalidAnswer: it has no mode, or no date, or one that cannot be.
    """
    if not len(root):
        return None
    until = time(required(text(root, "RetainUntilDate"), "RetainUntilDate"))
    return None if until is None else Retention(_mode(root), until)


def retention_request(retention: Retention | None) -> bytes:
    """Return the body of PutObjectRetention; without anything in it, it takes the retention away."""
    if retention is None:
        return document("Retention")
    return document("Retention", leaf("Mode", retention.mode), leaf("RetainUntilDate", lock_time(retention.until)))


def legal_hold(root: Element) -> bool:
    """Return what GetObjectLegalHold says.

    Raises:
        InvalidAnswer: it is neither on nor off.
    """
    told = root.findtext("Status")
    if told not in _HOLDS:
        raise InvalidAnswer("the legal hold is neither ON nor OFF")
    return _HOLDS[told]


def legal_hold_request(hold: bool) -> bytes:
    """Return the body of PutObjectLegalHold."""
    return document("LegalHold", leaf("Status", legal_hold_status(hold)))


def legal_hold_status(hold: bool) -> str:
    """Return a legal hold as it travels."""
    return "ON" if hold else "OFF"


def default_retention(root: Element) -> DefaultRetention | None:
    """Return what GetObjectLockConfiguration says.

    Raises:
        InvalidAnswer: object lock is not on, though the server says so with an error where it is not; or the rule has
            no mode, or not one of days and years.
    """
    if root.findtext("ObjectLockEnabled") != "Enabled":
        raise InvalidAnswer("the object lock of the bucket is not Enabled")
    found = root.find("Rule/DefaultRetention")
    if found is None:
        return None
    days, years = number(found, "Days", 1), number(found, "Years", 1)
    if (days is None) == (years is None):
        raise InvalidAnswer("the default retention has not exactly one of Days and Years")
    return DefaultRetention(_mode(found), days, years)


def lock_request(retention: DefaultRetention | None) -> bytes:
    """Return the body of PutObjectLockConfiguration; without a rule, it takes the default away."""
    rule = ""
    if retention is not None:
        content = leaf("Mode", retention.mode), leaf("Days", retention.days), leaf("Years", retention.years)
        rule = node("Rule", node("DefaultRetention", *content))
    return document("ObjectLockConfiguration", leaf("ObjectLockEnabled", "Enabled"), rule)


def lock_time(moment: datetime) -> str:
    """Return a time as it travels: whole seconds, UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _mode(element: Element) -> RetentionMode:
    told = required(element.findtext("Mode"), "Mode")
    if told not in RetentionMode.__members__:
        raise InvalidAnswer("the retention has a mode that S3 does not have")
    return RetentionMode(told)

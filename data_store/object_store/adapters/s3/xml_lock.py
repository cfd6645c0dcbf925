"""Object lock in the S3 protocol (S3 API reference, PutObjectRetention, PutObjectLegalHold, ...)."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.etree.ElementTree import Element

from data_store.object_store.adapters.s3.answers import InvalidAnswer, required
from data_store.object_store.adapters.s3.xml import size, text, time
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


def retention(root: Element) -> Retention | None:
    """Return what GetObjectRetention says; None for an empty answer."""
    until = time(text(root, "RetainUntilDate"))
    return None if until is None else Retention(_mode(root), until)


def retention_request(retention: Retention | None) -> bytes:
    """Return the body of PutObjectRetention; without anything in it, it takes the retention away."""
    if retention is None:
        return document("Retention")
    return document("Retention", leaf("Mode", retention.mode), leaf("RetainUntilDate", lock_time(retention.until)))


def legal_hold(root: Element) -> bool:
    """Return what GetObjectLegalHold says."""
    return text(root, "Status") == "ON"


def legal_hold_request(hold: bool) -> bytes:
    """Return the body of PutObjectLegalHold."""
    return document("LegalHold", leaf("Status", legal_hold_status(hold)))


def legal_hold_status(hold: bool) -> str:
    """Return a legal hold as it travels."""
    return "ON" if hold else "OFF"


def default_retention(root: Element) -> DefaultRetention | None:
    """Return what GetObjectLockConfiguration says."""
    found = root.find("Rule/DefaultRetention")
    if found is None:
        return None
    return DefaultRetention(_mode(found), size(text(found, "Days")), size(text(found, "Years")))


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

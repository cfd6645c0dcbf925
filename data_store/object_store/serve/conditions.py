"""Conditional requests: whether to read at all (RFC 9110, 13)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from enum import Enum, auto

from data_store.object_store.http_dates import http_time

__all__ = ["CONDITIONS", "Outcome", "outcome", "range_holds"]

CONDITIONS = frozenset({"if-match", "if-none-match", "if-modified-since", "if-unmodified-since"})
"""The headers that ``outcome`` looks at."""

_ETAG = re.compile(r'(?P<weak>W/)?(?:"(?P<quoted>[^"]*)"|(?P<bare>[^",\s]+))')


class Outcome(Enum):
    """What conditions say."""

    READ = auto()
    FAILED = auto()
    NOT_MODIFIED = auto()


def outcome(headers: Mapping[str, str], etag: str, modified: datetime) -> Outcome:
    """Return what the conditions of a GET or HEAD say of an object (RFC 9110, 13.2.2).

    ETags come before times. Times are compared in whole seconds; one that is no HTTP date counts as not given.

    Args:
        headers: those of the request, by their names in lower case.
        etag: the object's ETag, without quotes.
        modified: its last modification.
    """
    unmodified_since, modified_since = (_date(headers, name) for name in ("if-unmodified-since", "if-modified-since"))
    second = modified.replace(microsecond=0)
    if "if-match" in headers:
        if not _is_among(headers["if-match"], etag, weakly=False):
            return Outcome.FAILED
    elif unmodified_since is not None and second > unmodified_since:
        return Outcome.FAILED
    if "if-none-match" in headers:
        if _is_among(headers["if-none-match"], etag, weakly=True):
            return Outcome.NOT_MODIFIED
    elif modified_since is not None and second <= modified_since:
        return Outcome.NOT_MODIFIED
    return Outcome.READ


def range_holds(if_range: str | None, etag: str, modified: datetime) -> bool:
    """Return whether ``If-Range`` lets a range be answered (RFC 9110, 13.1.5)."""
    if if_range is None:
        return True
    if if_range.strip().startswith(('"', "W/")):
        return if_range.strip() == f'"{etag}"'
    return http_time(if_range) == modified.replace(microsecond=0)


def _is_among(header: str, etag: str, *, weakly: bool) -> bool:
    """Return whether a list has an ETag; S3 takes one without quotes, too."""
    if header.strip() == "*":
        return True
    found = _ETAG.finditer(header)
    return any(etag in (each["quoted"], each["bare"]) and (weakly or not each["weak"]) for each in found)


def _date(headers: Mapping[str, str], name: str) -> datetime | None:
    return http_time(headers[name]) if name in headers else None

"""HTTP dates (RFC 9110, 5.6.7): whole seconds, always of Greenwich."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

__all__ = ["http_date", "http_time"]


def http_date(moment: datetime) -> str:
    """Return the date of an aware time: ``"Sun, 06 Nov 1994 08:49:37 GMT"``; a fraction of a second is left out."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def http_time(text: str) -> datetime | None:
    """Return the time of a date as an aware UTC datetime; None for what is none."""
    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None

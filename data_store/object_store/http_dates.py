"""HTTP dates (RFC 9110, 5.6.7): whole seconds, always of Greenwich."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

__all__ = ["http_date", "http_time"]


_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"
_IMF_FIXDATE = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), ([0-9]{2}) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) ([0-9]{4}) "
    r"([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT"
)


def http_date(moment: datetime) -> str:
    """Return the date of an aware time: ``"Sun, 06 Nov 1994 08:49:37 GMT"``; a fraction of a second is left out."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def http_time(text: str) -> datetime | None:
    """Return the time of a date as an aware UTC datetime; None for what is none."""
    usual = _IMF_FIXDATE.fullmatch(text)  # what servers send; the library takes ten times as long for it
    try:
        if usual is not None:
            day, month, *rest = usual.groups()
            year, hour, minute, second = map(int, rest)
            return datetime(year, _MONTHS.index(month) // 3 + 1, int(day), hour, minute, second, tzinfo=UTC)
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None

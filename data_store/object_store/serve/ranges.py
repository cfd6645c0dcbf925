"""The header ``Range`` (RFC 9110, 14)."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["Span", "span_of"]

_RANGE = re.compile(r"bytes\s*=\s*(?P<first>[0-9]{0,30})\s*-\s*(?P<last>[0-9]{0,30})", re.ASCII | re.IGNORECASE)


class Span(NamedTuple):
    """Bytes of an object: ``length`` of them, at least 1, from ``offset``."""

    offset: int
    length: int

    def content_range(self, size: int) -> str:
        """Return the header ``Content-Range``."""
        return f"bytes {self.offset}-{self.offset + self.length - 1}/{size}"


def span_of(header: str, size: int) -> Span | None:
    """Return the bytes that a header asks for; None: the header is to be ignored, and the whole object meant.

    A server may ignore any ``Range`` (RFC 9110, 14.2). S3 has one range only, so several are ignored; and so is what is
    malformed, or in another unit, as the RFC wants.

    Raises:
        IndexError: the range begins behind the last byte.
    """
    found = _RANGE.fullmatch(header.strip())
    if found is None or not (found["first"] or found["last"]):
        return None
    if not found["first"]:
        return _within(max(0, size - int(found["last"])), size, size)
    first, last = int(found["first"]), int(found["last"] or size)
    return None if found["last"] and last < first else _within(first, last + 1, size)


def _within(first: int, end: int, size: int) -> Span:
    if first >= size:
        raise IndexError("the range begins behind the last byte")
    return Span(first, min(end, size) - first)

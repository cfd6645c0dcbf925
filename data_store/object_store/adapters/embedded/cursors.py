"""Cursors of listings that are ordered by a key and a number: opaque to callers."""

from __future__ import annotations

import base64
import binascii
import re

from data_store.object_store.errors import InvalidArgument

__all__ = ["packed_cursor", "unpacked_cursor"]

_TEXT = re.compile(r"(?P<number>[0-9]{1,18}):(?P<key>.*)", re.DOTALL)  # SQLite takes no greater numbers


def packed_cursor(key: str, number: int) -> str:
    """Return the cursor that stands behind an entry."""
    return base64.urlsafe_b64encode(f"{number}:{key}".encode()).decode("ascii")


def unpacked_cursor(cursor: str) -> tuple[str, int]:
    """Return the entry that a cursor stands behind; ``InvalidArgument`` if it is none."""
    try:
        text = base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError):
        text = ""
    found = _TEXT.fullmatch(text)
    if found is None:
        raise InvalidArgument("cursor must be the cursor of the page before")
    return found["key"], int(found["number"])

"""Where listings go on: behind a key, or behind two markers: a key, and a version or an upload of it."""

from __future__ import annotations

from urllib.parse import quote, unquote

from data_store.object_store.models import ListOptions

__all__ = ["join", "split", "start_after"]


def join(key: str, identifier: str) -> str:
    """Return the cursor for two markers."""
    return f"{quote(key, safe='')}/{quote(identifier, safe='')}"


def split(cursor: str | None) -> tuple[str, str]:
    """Return the markers of a cursor, empty ones without a cursor."""
    key, _, identifier = (cursor or "").partition("/")
    return unquote(key), unquote(identifier)


def start_after(prefix: str, options: ListOptions) -> str | None:
    """Return where ListObjectsV2 starts; nothing if that is before the prefix, where Garage would find nothing."""
    start = options.start_after
    is_before = start is not None and start.encode() < prefix.encode()
    return None if options.cursor is not None or is_before else start

"""One page of a listing, by seeks in the index: what lies below a common prefix is never read."""

from __future__ import annotations

import base64
import binascii
import sqlite3
from collections.abc import Generator, Iterator
from contextlib import closing
from itertools import islice

from data_store.object_store.adapters.embedded.rows import Row, bucket_id, moment
from data_store.object_store.errors import InvalidArgument
from data_store.object_store.models import ListOptions, ObjectMetadata, ObjectPage
from data_store.object_store.models.building import listed

__all__ = ["list_page", "successor"]

_SELECT = "SELECT key, size, etag, updated, storage_class FROM current_objects WHERE bucket = ? AND key"
_LAST_CHARACTER = "\U0010ffff"

_Position = tuple[str, str]
"""Where to read on: ``(">", key)`` or ``(">=", key)``."""


def list_page(connection: sqlite3.Connection, bucket: str, prefix: str, options: ListOptions) -> ObjectPage:
    """Return one page; see ``ObjectStoreClient.list_page``. ``InvalidArgument`` for a cursor that is none of ours."""
    rows = _Rows(connection, bucket_id(connection, bucket), successor(prefix))
    start = _start(prefix, options)
    if options.delimiter is None:
        return _flat_page(rows, start, options.limit)
    with closing(_rolled_up(rows, start, prefix, options.delimiter)) as entries:
        return _page_of(entries, options.limit)


def successor(prefix: str) -> str | None:
    """Return the least text that is greater than all texts that begin with ``prefix``; None if there is none.

    Code points order as their UTF-8 does. Surrogates have no UTF-8, so U+E000 follows U+D7FF.
    """
    rest = prefix.rstrip(_LAST_CHARACTER)
    if not rest:
        return None
    following = ord(rest[-1]) + 1
    return rest[:-1] + chr(0xE000 if following == 0xD800 else following)


class _Rows:
    """The rows of a bucket below ``end``, in order of their keys."""

    def __init__(self, connection: sqlite3.Connection, bucket: int, end: str | None) -> None:
        self._connection = connection
        self._bucket = bucket
        self._end = end

    def read(self, position: _Position, limit: int = -1) -> sqlite3.Cursor:
        """Return the rows from a position on, read as they are consumed."""
        operator, key = position
        if self._end is None:
            statement = f"{_SELECT} {operator} ? ORDER BY key LIMIT ?"
            return self._connection.execute(statement, (self._bucket, key, limit))
        statement = f"{_SELECT} {operator} ? AND key < ? ORDER BY key LIMIT ?"
        return self._connection.execute(statement, (self._bucket, key, self._end, limit))


def _flat_page(rows: _Rows, start: _Position | None, limit: int) -> ObjectPage:
    found = rows.read(start, limit + 1).fetchall() if start else []
    objects = tuple(map(_metadata, found[:limit]))
    return ObjectPage(objects, (), _cursor("k", objects[-1].key) if len(found) > limit else None)


def _page_of(entries: Iterator[Row | str], limit: int) -> ObjectPage:
    taken = list(islice(entries, limit))
    objects = tuple(_metadata(entry) for entry in taken if isinstance(entry, tuple))
    prefixes = tuple(entry for entry in taken if isinstance(entry, str))
    if next(entries, None) is None:
        return ObjectPage(objects, prefixes)
    last = taken[-1]
    return ObjectPage(objects, prefixes, _cursor("p", last) if isinstance(last, str) else _cursor("k", last[0]))


def _rolled_up(
    rows: _Rows, position: _Position | None, prefix: str, delimiter: str
) -> Generator[Row | str, None, None]:
    """Yield objects as rows and common prefixes as text; each common prefix costs one seek."""
    while position is not None:
        common = None
        for row in rows.read(position):
            common = _common_prefix(row[0], prefix, delimiter)
            if common is not None:
                break
            yield row
        if common is None:
            return
        yield common
        position = _behind(common)


def _common_prefix(key: str, prefix: str, delimiter: str) -> str | None:
    found = key.find(delimiter, len(prefix))
    return None if found < 0 else key[: found + len(delimiter)]


def _start(prefix: str, options: ListOptions) -> _Position | None:
    if options.cursor is not None:
        return _position_of(options.cursor)
    if options.start_after is not None and options.start_after >= prefix:
        return (">", options.start_after)
    return (">=", prefix)


def _behind(common_prefix: str) -> _Position | None:
    following = successor(common_prefix)
    return None if following is None else (">=", following)


def _cursor(kind: str, last: str) -> str:
    return base64.urlsafe_b64encode(f"{kind}{last}".encode()).decode("ascii")


def _position_of(cursor: str) -> _Position | None:
    try:
        text = base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError):
        text = ""
    if text[:1] not in ("k", "p") or len(text) < 2:
        raise InvalidArgument("cursor must be the cursor of the page before")
    return (">", text[1:]) if text[0] == "k" else _behind(text[1:])


def _metadata(row: Row) -> ObjectMetadata:
    key, size, etag, updated, storage_class = row
    return listed(key, size, etag, moment(updated), storage_class)

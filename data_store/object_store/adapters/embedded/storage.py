"""What all groups of operations stand on: transactions, and contents that are received and opened."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVar

from data_store.object_store.adapters.embedded.changes import Changes, Content
from data_store.object_store.adapters.embedded.conditions import check_read
from data_store.object_store.adapters.embedded.content import Contents
from data_store.object_store.adapters.embedded.database import Database
from data_store.object_store.adapters.embedded.digests import FAST, has_fast
from data_store.object_store.adapters.embedded.receiving import receive
from data_store.object_store.adapters.embedded.rows import Row, find_object_with_content, refers_to
from data_store.object_store.body import HeldBody, RawBody, Source
from data_store.object_store.errors import IntegrityError, RangeNotSatisfiable
from data_store.object_store.models import GetOptions

__all__ = ["Storage"]

T = TypeVar("T")


class Storage:
    """A database, and a place for large content; each group of operations is a class below this one."""

    _database: Database
    _contents: Contents
    _where: str
    """The place of both, for a person."""
    _md5_limit: int
    """A larger object has no MD5."""

    def _receive(self, body: Source, *algorithms: str) -> AbstractContextManager[Content]:
        """Read a body to its end and hold its content, ready to be added, for the time of a ``with`` block."""
        return receive(self._contents, body, self._resolve, algorithms)

    def _receive_object(self, body: Source, *algorithms: str, needs_md5: bool) -> AbstractContextManager[Content]:
        """Do the same with a whole object: by a digest that is asked for its reads are verified, else by ``FAST``."""
        if not algorithms and has_fast():
            algorithms = (FAST,)
        md5_limit = None if needs_md5 or FAST not in algorithms else self._md5_limit
        return receive(self._contents, body, self._resolve, algorithms, md5_limit)

    @contextmanager
    def _change(self) -> Iterator[Changes]:
        """Return the changes of a write transaction, which commits at the end of a ``with`` block."""
        with self._database.write() as connection:
            changes = Changes(connection)
            yield changes
            self._contents.doubt(changes.unused)
        self._committed(changes)

    def _commit(self, change: Callable[[Changes], T]) -> T:
        """Make a change of one object, in a transaction that threads may share; return what it returns.

        It may be called in another thread, and again after a failure, so it changes nothing but the database.
        """

        def make(connection: sqlite3.Connection) -> tuple[T, Changes]:
            changes = Changes(connection)
            result = change(changes)
            self._contents.doubt(changes.unused)
            return result, changes

        result, changes = self._database.commit(make)
        self._committed(changes)
        return result

    def _committed(self, changes: Changes) -> None:
        for file in changes.unused:
            self._contents.settle(file, referenced=False)
        if changes.recorded:
            self._database.bell.ring()

    def _add(self, changes: Changes, content: Content) -> int:
        """Add content that is being received, and return its id."""
        if content.file is not None:
            self._contents.hold(content.file)
        return changes.add(content)

    def _open(self, bucket: str, key: str, options: GetOptions) -> tuple[Row, RawBody, int]:
        """Look up an object and open its content; again if a writer removed the file between the two.

        Returns:
            The row of ``object_of``, the content from the first byte that is asked for on, and how many bytes are.
        """
        lost = None
        while True:
            with self._database.read() as connection:
                row = find_object_with_content(connection, bucket, key, options.version)
            check_read(row[2], row[3], options)
            start, length = _span(row[1], options)
            file, data = row[-2:]
            try:
                return row, self._open_content(file, data, row[1], start, length), length
            except FileNotFoundError:
                if file == lost:
                    raise IntegrityError(f"content file {file} is missing (store in {self._where})") from None
                lost = file

    def _open_content(self, file: str | None, data: bytes | None, size: int, start: int, length: int) -> RawBody:
        """Return a reader of a part of a content; ``FileNotFoundError`` if it was removed."""
        if file is None:
            return HeldBody((data or b"")[start : start + length])
        return self._contents.open(file, size, start, length)

    def _resolve(self, file: str) -> None:
        """Settle a file after a failure; if that fails too, the next start does it."""
        with contextlib.suppress(sqlite3.Error, OSError), self._database.read() as connection:
            self._contents.settle(file, referenced=refers_to(connection, file))


def _span(size: int, options: GetOptions) -> tuple[int, int]:
    """Return first byte and length of what is asked for (RFC 9110, 14.1.2)."""
    offset = options.offset or 0
    if options.offset is None and options.length is None:
        return 0, size
    if offset >= size:
        raise RangeNotSatisfiable(f"the object has {size} bytes, the range begins at {offset}")
    start = offset if offset >= 0 else max(size + offset, 0)
    if size == 0:
        raise RangeNotSatisfiable("the object is empty")
    return start, min(size - start, options.length or size)

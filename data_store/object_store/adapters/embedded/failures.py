"""What SQLite and the file system raise, as errors of ours: one table each."""

from __future__ import annotations

import errno
import json
import sqlite3

from data_store.object_store.errors import (
    AccessDenied,
    InsufficientStorage,
    IntegrityError,
    ObjectStoreError,
    ServerError,
    Throttled,
)

__all__ = ["classify"]

_BY_ERRNO: dict[int, type[ObjectStoreError]] = {
    errno.ENOSPC: InsufficientStorage,
    errno.EDQUOT: InsufficientStorage,
    errno.EFBIG: InsufficientStorage,  # the limit of the file system, or of the process
    errno.EACCES: AccessDenied,
    errno.EPERM: AccessDenied,
    errno.EROFS: AccessDenied,
}

# https://www.sqlite.org/rescode.html; an extended code has its primary one in the low byte.
_BY_SQLITE: dict[int, type[ObjectStoreError]] = {
    sqlite3.SQLITE_FULL: InsufficientStorage,
    sqlite3.SQLITE_IOERR_SHMSIZE: InsufficientStorage,
    sqlite3.SQLITE_READONLY: AccessDenied,
    sqlite3.SQLITE_CANTOPEN: AccessDenied,
    sqlite3.SQLITE_PERM: AccessDenied,
    sqlite3.SQLITE_BUSY: Throttled,
    sqlite3.SQLITE_LOCKED: Throttled,
    sqlite3.SQLITE_CORRUPT: IntegrityError,
    sqlite3.SQLITE_NOTADB: IntegrityError,
}

# What reading a row raises whose bytes are not those that were written.
_DAMAGED_ROW = (UnicodeDecodeError, json.JSONDecodeError, OverflowError)


def classify(exc: Exception, root: str) -> ObjectStoreError | None:
    """Return the error for an exception, or None if it comes from neither SQLite nor the file system.

    Args:
        exc: the exception.
        root: where the store lies, for the message.
    """
    if isinstance(exc, sqlite3.Error):
        return _of_sqlite(exc, root)
    if isinstance(exc, OSError):
        found = _BY_ERRNO.get(exc.errno or 0, ServerError)
        return found(f"{exc.strerror or exc} (store in {root})", code=errno.errorcode.get(exc.errno or 0))
    if isinstance(exc, _DAMAGED_ROW):
        return IntegrityError(f"a row of the database is damaged: {type(exc).__name__} (store in {root})")
    return None


def _of_sqlite(exc: sqlite3.Error, root: str) -> ObjectStoreError:
    code = getattr(exc, "sqlite_errorcode", 0)  # absent where the module itself raises
    if not code and str(exc).startswith("Could not decode"):
        return IntegrityError(f"a row of the database is damaged: {exc} (store in {root})")
    found = _BY_SQLITE.get(code) or _BY_SQLITE.get(code & 0xFF) or ServerError
    return found(f"{exc} (store in {root})", code=getattr(exc, "sqlite_errorname", None))

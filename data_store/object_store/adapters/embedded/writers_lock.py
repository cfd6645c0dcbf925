"""A lock at which the writers of several processes queue, before they ask SQLite for the one write transaction.

SQLite's own waiting has pauses of up to 100 ms, and who has just written is the first to ask again: of four processes
that write without a break, one waits for over a second. Asking for this lock costs a hundredth of asking for a
transaction, so it can be asked for often.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
import weakref
from pathlib import Path

if sys.platform != "win32":
    import fcntl

__all__ = ["PATIENCE", "WritersLock"]

PATIENCE = 10.0
"""Seconds until a writer goes on without the lock: SQLite, which it asks then, tells it if nothing moves."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.00005, 0.001  # seconds


class WritersLock:
    """The lock of one process; used by one thread at a time.

    It is for order only: where its file cannot be had, a file system has no locks, or a writer is out of patience,
    SQLite's own lock does.

    Args:
        path: a file that only serves this; made if it is missing.
        mode: the permissions of a new one; those of the database, whatever the umask.
    """

    def __init__(self, path: Path, mode: int) -> None:
        self._fd = _opened(path, mode)
        self._closing = weakref.finalize(self, _close, self._fd)

    def acquire(self) -> None:
        """Wait for the lock, for some seconds."""
        if self._is_ours():
            return
        deadline, pause = time.monotonic() + PATIENCE, _FIRST_PAUSE
        while time.monotonic() < deadline:
            time.sleep(pause)
            if self._is_ours():
                return
            pause = min(2 * pause, _LONGEST_PAUSE)

    def release(self) -> None:
        """Let the next writer have it."""
        if sys.platform != "win32" and self._fd is not None:
            with contextlib.suppress(OSError):
                fcntl.flock(self._fd, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the file, and with it release the lock."""
        self._closing()

    def _is_ours(self) -> bool:
        if sys.platform == "win32" or self._fd is None:
            return True
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # there are no such locks here
            return True
        return True


def _opened(path: Path, mode: int) -> int | None:
    """Return a descriptor; None where there can be none (a full disk, no permission)."""
    with contextlib.suppress(OSError):
        try:
            return os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            fd = os.open(path, os.O_RDONLY | os.O_CREAT, mode)
            os.fchmod(fd, mode)
            return fd
    return None


def _close(fd: int | None) -> None:
    if fd is not None:
        os.close(fd)

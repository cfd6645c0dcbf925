"""Content that is too large for the database: files named by a random id, never by a key.

How a content file comes and goes, so that a crash at any point loses nothing and leaves nothing for good::

    temp/ID            written, synced
    pending/ID         a mark: "ask the database whether ID is content"
    content/xx/ID      the file, renamed; directory synced
    (commit)           now it is content
    pending/ID         the mark is removed

To remove content: the mark, the commit that drops it, the file, the mark. What a dead process left is settled by the
next start: temporary files older than the grace time go, and so do files with a mark that old that no row names. A
slow writer whose file was taken notices inside its transaction (``hold``), while nobody else can settle.
"""

from __future__ import annotations

import contextlib
import io
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from data_store.object_store.adapters.embedded.cloning import clone
from data_store.object_store.errors import IntegrityError, TimedOut
from data_store.object_store.files import FileRange, reserve, sync_directory

__all__ = ["GRACE_SECONDS", "Contents", "FileContents", "MemoryContents"]

GRACE_SECONDS = 3600.0
_CLEANED_UP = f"the upload stood still for over {GRACE_SECONDS:.0f} s, and another process has cleaned it up"


class Contents(Protocol):
    """Where large content lies."""

    def create(self, file: str) -> BinaryIO:
        """Return the temporary file of an id, to be written."""

    def clone(self, source: FileRange, temporary: BinaryIO) -> bool:
        """Have a temporary file share the blocks of a range of another file; return False where it cannot."""

    def reserve(self, temporary: BinaryIO, size: int) -> None:
        """Say how many bytes will be written."""

    def publish(self, file: str, temporary: BinaryIO) -> None:
        """Make what was written readable under its id, durably, and mark it as in doubt.

        Raises:
            TimedOut: it was written so slowly that another process took it for abandoned.
        """

    def discard(self, file: str) -> None:
        """Remove the temporary file, which is closed, if there is one that was not published."""

    def hold(self, file: str) -> None:
        """Raise ``TimedOut`` unless a published file is there; inside a write transaction it then stays."""

    def open(self, file: str, size: int, start: int, length: int) -> BinaryIO:
        """Return a reader of ``length`` bytes from ``start`` on, or more, that lives on when the file is removed.

        Raises:
            FileNotFoundError: it was removed already.
            IntegrityError: it has not ``size`` bytes.
        """

    def doubt(self, files: Iterable[str]) -> None:
        """Mark content that is about to lose its row."""

    def settle(self, file: str, *, referenced: bool) -> None:
        """Remove the mark, and the file too unless a row names it."""


class FileContents:
    """Content in files under the root of the store.

    Args:
        root: the directory of the store.
        durable: sync files and directories (``durability: full``).
    """

    def __init__(self, root: Path, *, durable: bool) -> None:
        self._content = root / "content"
        self._temp = root / "temp"
        self._pending = root / "pending"
        self._durable = durable

    def prepare(self) -> None:
        """Make the directories, where they are missing."""
        missing = [place for place in (self._content, self._temp, self._pending) if not place.is_dir()]
        for directory in missing:
            directory.mkdir(exist_ok=True)
        if missing:
            self._sync_directory(self._content.parent)
            self._sync_directory(self._content.parent.parent)

    def create(self, file: str) -> BinaryIO:
        """See ``Contents``."""
        return (self._temp / file).open("x+b", buffering=0)

    def clone(self, source: FileRange, temporary: BinaryIO) -> bool:
        """See ``Contents``."""
        return clone(source, temporary.fileno())

    def reserve(self, temporary: BinaryIO, size: int) -> None:
        """See ``Contents``."""
        reserve(temporary.fileno(), size)

    def publish(self, file: str, temporary: BinaryIO) -> None:
        """See ``Contents``."""
        if self._durable:
            os.fsync(temporary.fileno())
        self._mark(file)
        target = self._path(file)
        if not target.parent.is_dir():
            target.parent.mkdir(exist_ok=True)
            self._sync_directory(self._content)
        try:
            (self._temp / file).rename(target)
        except FileNotFoundError:
            raise TimedOut(_CLEANED_UP) from None
        self._sync_directory(target.parent)

    def discard(self, file: str) -> None:
        """See ``Contents``."""
        (self._temp / file).unlink(missing_ok=True)

    def hold(self, file: str) -> None:
        """See ``Contents``."""
        if not self._path(file).exists():
            raise TimedOut(_CLEANED_UP)

    def open(self, file: str, size: int, start: int, length: int) -> BinaryIO:
        """See ``Contents``.

        Too short is how content looks that was written with ``durability: relaxed`` just before the machine crashed.
        """
        body = _ContentFile(self._path(file), start, length)
        found = os.fstat(body.fileno()).st_size
        if found != size:
            body.close()
            raise IntegrityError(f"content file {file} has {found} of {size} bytes")
        return cast(BinaryIO, body)

    def doubt(self, files: Iterable[str]) -> None:
        """See ``Contents``. On a full disk there is no room for a mark, and deleting must go on without."""
        for file in files:
            with contextlib.suppress(OSError):
                self._mark(file)

    def settle(self, file: str, *, referenced: bool) -> None:
        """See ``Contents``. What cannot be removed now keeps its mark, for the next start."""
        with contextlib.suppress(OSError):
            if not referenced:
                self._path(file).unlink(missing_ok=True)
            (self._pending / file).unlink(missing_ok=True)

    def clean(self) -> list[str]:
        """Remove abandoned temporary files; return the ids that have been in doubt for longer than the grace time."""
        for file in _older_than_grace(self._temp):
            (self._temp / file).unlink(missing_ok=True)
        return _older_than_grace(self._pending)

    def _path(self, file: str) -> Path:
        return self._content / file[:2] / file

    def _mark(self, file: str) -> None:
        (self._pending / file).open("wb", buffering=0).close()  # touch() loses a descriptor to Ctrl-C

    def _sync_directory(self, directory: Path) -> None:
        if self._durable:
            sync_directory(directory)


class MemoryContents:
    """Content in the memory of the process."""

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}

    def create(self, file: str) -> BinaryIO:
        """See ``Contents``."""
        return io.BytesIO()

    def clone(self, source: FileRange, temporary: BinaryIO) -> bool:
        """Return False."""
        return False

    def reserve(self, temporary: BinaryIO, size: int) -> None:
        """Do nothing."""

    def publish(self, file: str, temporary: BinaryIO) -> None:
        """See ``Contents``."""
        temporary.seek(0)
        self._files[file] = temporary.read()

    def discard(self, file: str) -> None:
        """Do nothing: it is gone."""

    def hold(self, file: str) -> None:
        """Do nothing: nobody else removes it."""

    def open(self, file: str, size: int, start: int, length: int) -> BinaryIO:
        """See ``Contents``."""
        data = self._files.get(file)
        if data is None:
            raise FileNotFoundError(file)
        body = io.BytesIO(data)
        body.seek(start)
        return body

    def doubt(self, files: Iterable[str]) -> None:
        """Do nothing: a process that dies takes its memory along."""

    def settle(self, file: str, *, referenced: bool) -> None:
        """See ``Contents``."""
        if not referenced:
            self._files.pop(file, None)


class _ContentFile(io.FileIO):
    """A part of a content file, which can be moved without being read."""

    def __init__(self, path: Path, start: int, length: int) -> None:
        super().__init__(path)
        self._range = FileRange(self.fileno(), start, length)
        if start:
            self.seek(start)

    def file_range(self) -> FileRange:
        """Return all of it."""
        return self._range


def _older_than_grace(directory: Path) -> list[str]:
    oldest = time.time() - GRACE_SECONDS
    with os.scandir(directory) as entries:
        return [entry.name for entry in entries if _modified(entry) < oldest]


def _modified(entry: os.DirEntry[str]) -> float:
    try:
        return entry.stat().st_mtime
    except FileNotFoundError:  # its writer was faster
        return time.time()

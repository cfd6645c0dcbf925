"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import secrets
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple

from data_store.object_store.errors import InvalidArgument

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

__all__ = ["AtomicFile", "FileRange", "NewFile", "reserve", "sync_directory"]

_BLOCK = 1024 * 1024
_PIECE = 64 * _BLOCK
_CANNOT_COPY = frozenset({errno.ENOSYS, errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.EBADF, errno.ETXTBSY})
_CANNOT_RESERVE = frozenset({errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.ENODEV})
_copy_file_range: Callable[[int, int, int, int], int] | None = getattr(os, "copy_file_range", None)  # Linux
_fallocate: Callable[[int, int, int], None] | None = getattr(os, "posix_fallocate", None)  # not on macOS and Windows
_pwrite: Callable[[int, memoryview, int], int] | None = getattr(os, "pwrite", None)  # not on Windows


class FileRange(NamedTuple):
    """A range of an open file, which the system can move without this process reading it.

    Attributes:
        fd: the file's descriptor.
        offset: where it begins, in bytes.
        size: its length in bytes.
    """

    fd: int
    offset: int
    size: int


class AtomicFile:
    """A file that is written beside its target and renamed onto it by ``commit()``.

    A context manager; leaving the block without a commit leaves the target as it was, and nothing beside it. A target
    that is there keeps its mode; one that is a symbolic link is followed.
    Missing parent directories are made when the block is entered.

    Raises:
        IsADirectoryError: the target is a directory.
        InvalidArgument: the target is there and no regular file (a device, a pipe), which a rename would replace.
    """

    def __init__(self, target: Path) -> None:
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
        if target.exists() and not target.is_file():
            raise InvalidArgument(f"{str(target)!r} is no regular file")
        self._target = Path(os.path.realpath(target))
        self._temporary = self._target.with_name(f".data-store-{secrets.token_hex(8)}.part")
        self._block = _temporary_file(str(self._temporary), self._target)
        self._file: NewFile | None = None

    def __enter__(self) -> NewFile:
        self._target.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._block.__enter__()
        return self._file

    def commit(self) -> None:
        """Make the content durable, then make it the target."""
        if self._file is None:
            raise ValueError("commit() of a file that is not open")
        self._file.sync()
        self._file.close()
        self._temporary.replace(self._target)
        sync_directory(self._target.parent)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._block.__exit__(kind, error, traceback)


class NewFile(io.FileIO):
    """A new file, unbuffered; its errors (no space left) name the target, which the caller knows."""

    def __init__(self, path: str, target: Path) -> None:
        super().__init__(path, "xb")
        self._target = target
        self._lock = threading.Lock()

    def write_at(self, offset: int, chunk: ReadableBuffer) -> None:
        """Write all of a chunk where it belongs; many threads may do so at once."""
        rest = memoryview(chunk).cast("B")
        with self._named():
            while rest:
                written = self._write_some(offset, rest)
                offset, rest = offset + written, rest[written:]

    def reserve(self, size: int) -> None:
        """Have so many bytes set aside: a full disk is found now."""
        with self._named():
            reserve(self.fileno(), size)

    def copy(self, content: FileRange, copied: Callable[[int], object]) -> None:
        """Append a range of another file, which shares its blocks where the file system can, and call ``copied``."""
        position, end = content.offset, content.offset + content.size
        with self._named():
            while position < end:
                size = _copy_some(content.fd, self.fileno(), position, min(_PIECE, end - position))
                if size == 0:
                    raise OSError(errno.EIO, "the file became shorter while it was copied")
                position += size
                copied(position - content.offset)

    def sync(self) -> None:
        """Make what was written durable."""
        with self._named():
            os.fsync(self.fileno())

    def _write_some(self, offset: int, chunk: memoryview) -> int:
        if _pwrite is not None:
            return _pwrite(self.fileno(), chunk, offset)
        with self._lock:
            self.seek(offset)
            return self.write(chunk)

    @contextlib.contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            error.filename = str(self._target)
            raise


@contextlib.contextmanager
def _temporary_file(path: str, target: Path) -> Iterator[NewFile]:
    """Make a file with the mode of its target, and close and remove it in the end, whenever Ctrl-C comes.

    Once an interrupt of ``__enter__`` or ``__exit__`` themselves is forgotten, the generator is dropped, and runs its
    ``finally``. There, only functions of C are called: an interrupt is raised behind them, or at the first line of one
    in Python.
    """
    file = None
    try:
        file = NewFile(path, target)
        with contextlib.suppress(FileNotFoundError):
            os.fchmod(file.fileno(), stat.S_IMODE(target.stat().st_mode))
        yield file
    finally:
        try:
            if file is not None:
                file.close()
        finally:
            try:  # noqa: SIM105 - suppress() is Python
                os.unlink(path)  # noqa: PTH108 - Path.unlink() is Python
            except FileNotFoundError:
                pass


def _copy_some(source: int, target: int, offset: int, size: int) -> int:
    """Copy bytes from an offset to where the target stands, and return how many; 0 at the end of the source."""
    if _copy_file_range is not None:
        try:
            return _copy_file_range(source, target, size, offset)
        except OSError as error:
            if error.errno not in _CANNOT_COPY:
                raise
    return os.write(target, os.pread(source, min(size, _BLOCK), offset))


def reserve(fd: int, size: int) -> None:
    """Have the file system set so many bytes of a file aside, where it can: writing them costs half as much then."""
    if not size or _fallocate is None:
        return
    try:
        _fallocate(fd, 0, size)
    except OSError as error:
        if error.errno not in _CANNOT_RESERVE:
            raise


def sync_directory(directory: Path) -> None:
    """Make the names in a directory as durable as their files are."""
    if os.name == "nt":  # Windows cannot open a directory
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""What callers hand over to be uploaded, as streams; and the digests they announce."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Any, BinaryIO, TypeVar

from data_store.object_store.body import RawReadable
from data_store.object_store.checksums import Hasher, new_hasher
from data_store.object_store.errors import IntegrityError, InvalidArgument
from data_store.object_store.files import FileRange
from data_store.object_store.models import Object, ObjectMetadata, PartInfo, PutOptions

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

__all__ = ["Data", "Digests", "FileWindow", "IterableReader", "TypedReader", "stream_of", "with_digest"]

Data = bytes | bytearray | memoryview | IO[bytes] | io.RawIOBase | Iterable[bytes]
"""What ``put_object`` takes: bytes, a binary stream (read from where it stands), or an iterable of bytes."""

Stored = TypeVar("Stored", ObjectMetadata, PartInfo)

_BLOCK = 1024 * 1024
_ANNOUNCED = {"md5": "content_md5", "sha256": "checksum_sha256"}
_END: Any = object()


class FileWindow:
    """A seekable stream of a range of an open file.

    Windows of one file can be read by several threads at once: reads name their offset (``pread``).
    """

    def __init__(self, file: BinaryIO, offset: int, size: int) -> None:
        self._file = file
        self._offset = offset
        self._size = size
        self._position = 0

    def read(self, size: int = -1, /) -> bytes:
        """Return at most ``size`` bytes; ``IntegrityError`` if the file has become shorter."""
        left = self._size - self._position
        wanted = left if size < 0 else min(size, left)
        chunk = os.pread(self._file.fileno(), wanted, self._offset + self._position)
        if wanted and not chunk:
            raise IntegrityError("the file became shorter while it was uploaded")
        self._position += len(chunk)
        return chunk

    def file_range(self) -> FileRange:
        """Return the window, whatever was read of it."""
        return FileRange(self._file.fileno(), self._offset, self._size)

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position in the window."""
        return self._position

    def seek(self, offset: int, /) -> int:
        """Move to a position in the window."""
        self._position = offset
        return offset


class IterableReader:
    """A stream of an iterable of bytes."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks: Iterator[bytes] = iter(chunks)
        self._rest = memoryview(b"")

    def read(self, size: int = -1, /) -> bytes:
        """Return at most ``size`` bytes, ``b""`` at the end."""
        while not self._rest:
            chunk = next(self._chunks, _END)
            if chunk is _END:
                return b""
            self._rest = memoryview(_binary(chunk, "the iterable", "encode text with .encode()")).cast("B")
        piece, self._rest = (self._rest, memoryview(b"")) if size < 0 else (self._rest[:size], self._rest[size:])
        return bytes(piece)

    def seekable(self) -> bool:
        """Return False."""
        return False

    def tell(self) -> int:
        """Raise: an iterable has no position."""
        raise io.UnsupportedOperation("tell")

    def seek(self, _offset: int, /) -> int:
        """Raise: an iterable has no position."""
        raise io.UnsupportedOperation("seek")


class TypedReader:
    """The caller's own stream, with what it reads checked to be bytes."""

    def __init__(self, stream: Any) -> None:
        if not getattr(stream, "readable", _yes)():
            raise InvalidArgument("data must be a stream that can be read: this one is open for writing only")
        self._stream = stream
        self._seekable = _seekable(stream)

    def read(self, size: int = -1, /) -> bytes:
        """Return at most ``size`` bytes."""
        chunk = self._stream.read(size)
        if chunk is None:
            raise InvalidArgument("the body is a non-blocking stream that had no data")
        return _binary(chunk, "the stream", "open files in binary mode")

    def seekable(self) -> bool:
        """Return whether the stream can seek."""
        return self._seekable

    def tell(self) -> int:
        """Return the stream's position."""
        return int(self._stream.tell())

    def seek(self, offset: int, /) -> int:
        """Move to a position of the stream."""
        self._stream.seek(offset)  # some return nothing
        return offset


class Digests:
    """The digests that a caller announced, or that are wanted, computed while the content passes."""

    def __init__(self, options: PutOptions) -> None:
        self._announced: dict[str, bytes] = {}
        self._hashes: dict[str, Hasher] = {}
        for algorithm, name in _ANNOUNCED.items():
            value = getattr(options, name)
            if value is not None:
                self._announced[algorithm] = base64.b64decode(value)
                self._hashes[algorithm] = new_hasher(algorithm)

    def __bool__(self) -> bool:
        return bool(self._hashes)

    def want(self, algorithm: str) -> None:
        """Compute this one too; before anything passes."""
        self._hashes.setdefault(algorithm, new_hasher(algorithm))

    def __getitem__(self, algorithm: str) -> bytes:
        return self._hashes[algorithm].digest()

    def update(self, chunk: ReadableBuffer) -> None:
        """Add the next bytes."""
        for digest in self._hashes.values():
            digest.update(chunk)

    def check(self) -> None:
        """Raise ``IntegrityError`` if the content is not what was announced."""
        for algorithm, announced in self._announced.items():
            if self[algorithm] != announced:
                found, given = (base64.b64encode(digest).decode() for digest in (self[algorithm], announced))
                raise IntegrityError(f"the {_ANNOUNCED[algorithm]} of the content is {found}, not {given}")

    def check_stream(self, stream: RawReadable) -> None:
        """Check a seekable stream from where it stands, and go back there."""
        start = stream.tell()
        while chunk := stream.read(_BLOCK):
            self.update(chunk)
        stream.seek(start)
        self.check()

    def digesting(self, stream: RawReadable) -> RawReadable:
        """Return the stream with everything read from it added; it is read once, so it does not seek."""
        return IterableReader(self._passing(stream))

    def _passing(self, stream: RawReadable) -> Iterator[bytes]:
        while chunk := stream.read(_BLOCK):
            self.update(chunk)
            yield chunk


def with_digest(stored: Stored, algorithm: str, digest: bytes) -> Stored:
    """Return what was stored with the digest of what was sent; ``IntegrityError`` if the server has another one."""
    told = stored.checksums or {}
    if told.get(algorithm, digest.hex()) != digest.hex():
        raise IntegrityError(f"the server has the {algorithm} {told[algorithm]}, not {digest.hex()}")
    return replace(stored, checksums={**told, algorithm: digest.hex()})


def stream_of(data: Data, length: int | None) -> tuple[RawReadable, int | None]:
    """Return the caller's data as a stream, and its length in bytes where it is known."""
    if isinstance(data, bytes | bytearray | memoryview):
        content = bytes(data)
        if length is not None and length != len(content):
            raise InvalidArgument(f"length is {length}, but data has {len(content)} bytes")
        return io.BytesIO(content), len(content)
    if isinstance(data, Object):
        data = data.body
    if hasattr(data, "read"):
        stream = TypedReader(data)
        return stream, _length(stream, data, length)
    if isinstance(data, str | os.PathLike | Mapping) or not isinstance(data, Iterable):
        raise InvalidArgument(
            f"data must be bytes, a binary stream or an iterable of bytes, not {type(data).__name__}{_instead(data)}"
        )
    return IterableReader(data), length


def _instead(data: object) -> str:
    if isinstance(data, str):
        return ": data comes first, then the key; encode text with .encode()"
    return ": use upload_file for a file's path" if isinstance(data, os.PathLike) else ""


def _length(stream: TypedReader, data: Any, declared: int | None) -> int | None:
    if not stream.seekable():
        return declared
    start = stream.tell()
    data.seek(0, io.SEEK_END)
    found = max(0, stream.tell() - start)
    stream.seek(start)
    if declared is not None and declared != found:
        raise InvalidArgument(f"length is {declared}, but the stream has {found} bytes from where it stands")
    return found


def _seekable(stream: Any) -> bool:
    try:
        return bool(stream.seekable())
    except AttributeError:
        return False


def _yes() -> bool:
    return True


def _binary(chunk: Any, source: str, advice: str) -> bytes:
    if isinstance(chunk, bytes):
        return chunk
    if isinstance(chunk, bytearray | memoryview):
        return bytes(chunk)
    hint = f": {advice}" if isinstance(chunk, str) else ""
    raise InvalidArgument(f"{source} must deliver bytes, not {type(chunk).__name__}{hint}")

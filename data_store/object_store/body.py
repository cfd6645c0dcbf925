"""The two streams of an operation: what an upload reads from, and what a download reads.

Adapters are given a ``Source`` and return any raw stream with ``read(size)`` and ``close()``; the guard turns the
latter into an ``ObjectBody``. What they have in memory they return as a ``HeldBody``, and that is handed out.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NoReturn, Protocol, TypeVar, cast, runtime_checkable

from data_store.object_store.checksums import new_hasher
from data_store.object_store.errors import ConnectionFailed, IntegrityError, InvalidArgument
from data_store.object_store.files import FileRange
from data_store.object_store.models import Object, ObjectMetadata

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = [
    "SMALL_BODY",
    "ByteReader",
    "Follower",
    "HeldBody",
    "InFile",
    "ObjectBody",
    "RawBody",
    "Source",
    "without_body",
]

SMALL_BODY = 1024 * 1024
"""Bytes up to which a body is sent from memory, and protected and compared whatever ``transfer.integrity`` says."""

_BLOCK = 1024 * 1024
_Piece = TypeVar("_Piece", bytes, memoryview)


class RawBody(Protocol):
    """What an adapter returns as the body of an object.

    It may have ``attempts``, the number of requests that it took to get it; without, it was one. It may have
    ``readinto(view) -> int``, which reads into a buffer and returns how many bytes, 0 only at the end; without, what
    ``read`` returns is copied. It may have ``file_range() -> FileRange | None``, as a stream that is one.
    """

    def read(self, size: int, /) -> bytes:
        """Return at most ``size`` bytes, ``b""`` only at the end."""

    def close(self) -> None:
        """Give the connection back, whatever was read; may be called twice."""


class ByteReader(io.RawIOBase):
    """A readable stream whose one source of bytes is ``read``."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Return at most ``size`` bytes, all that are left without a size, ``b""`` at the end."""
        raise io.UnsupportedOperation("read")

    def readable(self) -> bool:
        """Return True."""
        return True

    def readall(self) -> bytes:
        """Return all that is left."""
        return self.read()

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Read into a buffer and return how many bytes; 0 at the end."""
        view = memoryview(buffer).cast("B")
        chunk = self.read(len(view))
        view[: len(chunk)] = chunk
        return len(chunk)


class Source(ByteReader):
    """The content of one PUT or one part.

    Promises to adapters: ``size`` is the exact length in bytes and ``seek()`` works, so that a request can be
    repeated; an adapter that declares ``accepts_streams`` also gets sources that cannot seek, with ``size`` None
    where it is unknown. ``read()`` delivers exactly ``size`` bytes or raises, and so does the read that finds the end
    of a source of unknown size if the content is not what the caller announced: an adapter commits only after
    it has read ``b""`` or ``size`` bytes.

    Args:
        stream: a binary stream, read from where it stands.
        size: its length in bytes, if known.
        checksum: the algorithm of a digest that is computed while the content is read; ``digest`` then knows it.
        progress: called with the position after each read.
        verify: called once, before the last bytes (``size`` known) or the end (unknown) are handed out.
    """

    def __init__(
        self,
        stream: RawReadable,
        size: int | None,
        *,
        checksum: str | None = None,
        progress: Callable[[int], object] | None = None,
        verify: Callable[[], object] | None = None,
    ) -> None:
        super().__init__()
        self.size = size
        self.failure: Exception | None = None
        self._digests: dict[str, bytes] = {}
        self._passing = _Passing(checksum) if checksum is not None else None
        self._stream = stream
        self._start = stream.tell() if stream.seekable() else None
        self._position = 0
        self._ended = False
        self._progress = progress
        self._verify = verify
        if size == 0:
            self._check_end()

    def seekable(self) -> bool:
        """Return whether the content can be read again."""
        return self._start is not None

    def tell(self) -> int:
        """Return the position from the beginning of this source."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position of this source; only where ``seekable()``."""
        if self._start is None:
            raise io.UnsupportedOperation("seek")
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size or 0}[whence]
        self._position, self._ended = base + offset, False
        if self._passing is not None and self._position == 0:
            self._passing = _Passing(self._passing.algorithm)
        self._stream.seek(self._start + self._position)
        return self._position

    def read(self, size: int | None = -1, /) -> bytes:
        """Return at most ``size`` bytes; what the caller's stream raises is kept in ``failure`` for the guard."""
        if self.failure is not None:
            raise self.failure
        try:
            return self._read(-1 if size is None else size)
        except Exception as failure:
            self.failure = failure
            raise

    def file_range(self) -> FileRange | None:
        """Return what is left as a range of a file; None where it is none, or has to be digested on its way.

        Who moves it calls ``passed`` for each piece before that goes out.
        """
        found = self._stream.file_range() if isinstance(self._stream, InFile) else None
        if found is None or self.size is None or (self._passing and self._passing.algorithm not in self._digests):
            return None
        return FileRange(found.fd, found.offset + self._position, self.size - self._position)

    def passed(self, size: int) -> None:
        """Take note that the next bytes go out, as if they had been read; raises what ``read`` would raise there."""
        try:
            self._position += size
            self._passed()
        except Exception as failure:
            self.failure = failure
            raise

    def digest(self, algorithm: str) -> bytes:
        """Return a digest of the whole content: ``"crc32c"``, ``"crc64nvme"``, or one that hashlib knows.

        One that is not known yet is computed, and the source goes back to its beginning; only where ``size`` and
        ``seekable()``. That reports no progress and verifies nothing: these belong to the bytes that travel. Content
        that travels and does not have it raises ``IntegrityError``.
        """
        known = self._digests.get(algorithm)
        return known if known is not None else self._digest(algorithm)

    def _digest(self, algorithm: str) -> bytes:
        found = new_hasher(algorithm)
        try:
            for chunk in self._pieces():
                found.update(chunk)
            self.seek(0)
        except Exception as failure:
            self.failure = failure
            raise
        self._digests[algorithm] = found.digest()
        return self._digests[algorithm]

    def _pieces(self) -> Iterator[bytes]:
        self.seek(0)
        left = self.size or 0
        while left:
            chunk = self._stream.read(min(left, _BLOCK))
            if not chunk:
                raise InvalidArgument(f"the body ended {left} bytes before its declared length")
            left -= len(chunk)
            yield chunk

    def _read(self, wanted: int) -> bytes:
        if wanted < 0:
            return b"".join(iter(lambda: self._read_some(_BLOCK), b""))
        return self._read_some(wanted)

    def _read_some(self, wanted: int) -> bytes:
        if self.size is not None:
            wanted = min(wanted, self.size - self._position)
        if wanted <= 0 or self._ended:
            return b""
        chunk = self._stream.read(wanted)
        if chunk is None:
            raise InvalidArgument("the body is a non-blocking stream that had no data")
        if len(chunk) > wanted:
            raise InvalidArgument(f"the body delivered more than the {wanted} bytes it was asked for")
        if not chunk and self.size is not None:
            raise InvalidArgument(f"the body ended {self.size - self._position} bytes before its declared length")
        self._advance(chunk)
        return chunk

    def _advance(self, chunk: bytes) -> None:
        if self._passing is not None:
            self._passing.add(self._position, chunk)
        self._position += len(chunk)
        self._ended = not chunk
        self._passed()

    def _passed(self) -> None:
        if self._ended or self._position == self.size:
            self._check_end()
        if self._progress is not None:
            self._progress(self._position)

    def _check_end(self) -> None:
        if self.size is not None and not self.seekable() and self._stream.read(1):
            raise InvalidArgument("the body is longer than its declared length")
        self._check_passing()
        if self._verify is not None:
            self._verify()

    def _check_passing(self) -> None:
        if self._passing is None or self._passing.position != self._position:
            return
        found = self._passing.hasher.digest()
        if self._digests.setdefault(self._passing.algorithm, found) != found:
            raise IntegrityError("the content changed while it was uploaded")


class _Passing:
    """The digest of what is read from the beginning on; reading elsewhere adds nothing."""

    __slots__ = ("algorithm", "hasher", "position")

    def __init__(self, algorithm: str) -> None:
        self.algorithm = algorithm
        self.hasher = new_hasher(algorithm)
        self.position = 0

    def add(self, position: int, chunk: bytes) -> None:
        if position == self.position:
            self.hasher.update(chunk)
            self.position += len(chunk)


class RawReadable(Protocol):
    """The part of a binary stream that a ``Source`` needs."""

    def read(self, size: int = -1, /) -> bytes | None:
        """Return at most ``size`` bytes."""

    def seekable(self) -> bool:
        """Return whether ``seek`` works."""

    def tell(self) -> int:
        """Return the position."""

    def seek(self, offset: int, /) -> int:
        """Move to a position."""


@runtime_checkable
class InFile(Protocol):
    """A stream that is a range of a file."""

    def file_range(self) -> FileRange | None:
        """Return all of it, whatever was read; None if it is no regular file."""


class Follower(Protocol):
    """What goes along with the reading of a body: it may take it up again, and checks it at the end."""

    @property
    def algorithm(self) -> str | None:
        """The algorithm of the digest that it computes of what it sees; None: it need not see the bytes."""

    def received(self, chunk: bytes | memoryview, /) -> None:
        """Take note of the next bytes."""

    def recover(self, error: Exception, left: int, /) -> RawBody:
        """Return a body of the ``left`` bytes that an error kept back, or raise (that error, if it is final)."""

    def finished(self, rest: Sequence[tuple[bytes, int]] = (), /) -> None:
        """Raise if what was received, and the ``rest`` that others were, is not the content; see ``finish``."""


class ObjectBody(ByteReader):
    """The content of an object, as the guard hands it out.

    It delivers exactly ``length`` bytes or raises; the connection goes back when the last byte was read, on an error,
    on ``close()`` and when it becomes garbage.

    Args:
        raw: what the adapter returned.
        length: bytes to deliver.
        translate: turns what ``raw`` raises into the error to raise.

    Attributes:
        attempts: requests that it took to get ``raw``.
    """

    def __init__(self, raw: RawBody, length: int, translate: Callable[[Exception], Exception]) -> None:
        self.attempts: int = getattr(raw, "attempts", 1)
        self._raw: RawBody | None = raw
        self._left = length
        self._translate = translate
        self._failure: Exception | None = None
        self._follower: Follower | None = None
        if length == 0:
            self._release()

    def follow(self, follower: Follower) -> None:
        """Have a follower from here on; before anything is read."""
        self._follower = follower

    @property
    def algorithm(self) -> str | None:
        """The algorithm of the digest that is compared at the end, None if there is none."""
        return None if self._follower is None else self._follower.algorithm

    def finish(self, rest: Sequence[tuple[bytes, int]]) -> None:
        """Raise if what was read here and the ``rest``, which was read elsewhere, is not the content together.

        Args:
            rest: digests of ``algorithm``, and lengths in bytes, of all pieces behind what was read here, in order.
        """
        if self._follower is not None:
            self._follower.finished(rest)

    def read(self, size: int | None = -1, /) -> bytes:
        """Return at most ``size`` bytes, all that are left without a size, ``b""`` at the end."""
        self._check_open()
        if size is None or size < 0:
            return self._read_all()
        return self._read_some(min(size, self._left))

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Read into a buffer, which is full then except at the end; return how many bytes."""
        self._check_open()
        view = memoryview(buffer).cast("B")
        wanted = min(len(view), self._left)
        done = 0
        while done < wanted:
            done += self._read_into(view[done:wanted])
        return done

    def close(self) -> None:
        """Give the connection back; what was not read is dropped."""
        try:
            self._release()
        finally:
            super().close()

    def file_range(self) -> FileRange | None:
        """Return the content as a range of a file, before anything is read, where it is one and nobody digests."""
        raw = self._raw
        if self.algorithm is not None:
            return None
        return raw.file_range() if isinstance(raw, InFile) else None

    def _check_open(self) -> None:
        if self.closed:
            raise ValueError("read of a closed body")
        if self._failure is not None:  # what is missing must not look like the end
            raise self._failure

    def _read_all(self) -> bytes:
        chunks = []
        while self._left:
            chunks.append(self._read_some(min(self._left, _BLOCK)))
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def _read_some(self, wanted: int) -> bytes:
        return self._next(lambda raw: raw.read(wanted)) if wanted else b""

    def _read_into(self, view: memoryview) -> int:
        return len(self._next(lambda raw: _fill(raw, view)))

    def _next(self, take: Callable[[RawBody], _Piece]) -> _Piece:
        """Return the next piece, which is not empty."""
        try:
            piece = self._taken(take)
            self._received(piece)
        except BaseException as failure:
            self._release()
            interrupted = ConnectionFailed("the reading of the body was interrupted")  # and what it had read is lost
            self._failure = failure if isinstance(failure, Exception) else interrupted
            raise
        return piece

    def _taken(self, take: Callable[[RawBody], _Piece]) -> _Piece:
        raw = cast(RawBody, self._raw)  # there is one as long as bytes are left
        while True:
            try:
                return take(raw) or _ended_early(self._left)
            except Exception as exc:  # noqa: BLE001  # whatever the adapter's stream raises is translated
                raw = self._raw = self._recovered(exc)

    def _recovered(self, exc: Exception) -> RawBody:
        self._release()
        error = self._translate(exc)
        if error is not exc:
            error.__cause__ = exc
        if self._follower is None:
            raise error
        return self._follower.recover(error, self._left)

    def _received(self, piece: bytes | memoryview) -> None:
        self._left -= len(piece)
        if self._follower is not None:
            self._follower.received(piece)
        if not self._left:
            self._release()
            if self._follower is not None:
                self._follower.finished()

    def _release(self) -> None:
        raw, self._raw = self._raw, None
        if raw is not None:
            raw.close()


class HeldBody(ByteReader):
    """Content that is in memory as a whole: nothing of it can break any more, and nobody need follow it.

    An adapter may return one; the guard hands it out as it is.

    Args:
        content: all that it delivers.

    Attributes:
        check: called, and again until it does not raise, by the read that comes to the end.
    """

    algorithm: str | None = None
    attempts = 1

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._position = 0
        self.check: Callable[[], object] | None = None

    @property
    def size(self) -> int:
        """Its length in bytes."""
        return len(self._content)

    def digest(self, algorithm: str) -> str:
        """Return a digest of all of it, in lower-case hex."""
        hasher = new_hasher(algorithm)
        hasher.update(self._content)
        return hasher.digest().hex()

    def read(self, size: int | None = -1, /) -> bytes:
        """See ``ObjectBody``."""
        if self.closed:
            raise ValueError("read of a closed body")
        start = self._position
        end = len(self._content) if size is None or size < 0 else min(start + size, len(self._content))
        self._position = end
        if self.check is not None and end == len(self._content):
            self.check()
            self.check = None
        return self._content[start:end]

    def finish(self, rest: Sequence[tuple[bytes, int]]) -> None:
        """See ``ObjectBody``; there is nothing to compare."""

    def file_range(self) -> None:
        """See ``ObjectBody``; it is in no file."""


def _fill(raw: RawBody, view: memoryview) -> memoryview:
    """Read into a buffer, and return as much of it as was read."""
    readinto: Callable[[memoryview], int] | None = getattr(raw, "readinto", None)
    if readinto is not None:
        return view[: readinto(view)]
    chunk = raw.read(len(view))
    view[: len(chunk)] = chunk
    return view[: len(chunk)]


def _ended_early(left: int) -> NoReturn:
    raise ConnectionFailed(f"the body ended {left} bytes early")


def without_body(found: Object) -> ObjectMetadata:
    """Return the metadata of an object that was read."""
    return ObjectMetadata(**{name: getattr(found, name) for name in ObjectMetadata.__dataclass_fields__})

"""The two streams of an operation: what an upload reads from, and what a download reads."""

from __future__ import annotations

import gc
import hashlib
import io
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_store.object_store.body import HeldBody, ObjectBody, Source
from data_store.object_store.errors import ConnectionFailed, IntegrityError, InvalidArgument
from data_store.object_store.sources import IterableReader, TypedReader


class Once(IterableReader):
    """A stream that is read once."""

    def __init__(self, *chunks: bytes) -> None:
        super().__init__(chunks)


class RefusedError(Exception):
    """What the caller's own code raises."""


# Source


@given(st.binary(max_size=40), st.lists(st.integers(1, 15), min_size=1, max_size=5), st.booleans(), st.booleans())
def test_a_source_delivers_the_stream(content: bytes, sizes: list[int], known: bool, seekable: bool) -> None:
    """Whatever sizes are asked for, of a stream that seeks or not, of known size or not."""
    stream: Any = io.BytesIO(content) if seekable else Once(content[:7], content[7:])
    source = Source(stream, len(content) if known else None)
    got, turn = b"", 0
    while chunk := source.read(sizes[turn % len(sizes)]):
        assert len(chunk) <= sizes[turn % len(sizes)]
        got += chunk
        turn += 1
    assert got == content
    assert source.tell() == len(content)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("seekable", [True, False])
def test_a_source_can_be_read_in_one_go(known: bool, seekable: bool) -> None:
    """``read()`` returns all that is left, however the stream cuts it."""
    stream: Any = io.BytesIO(b"abcdefghi") if seekable else Once(b"abc", b"def", b"", b"ghi")
    source = Source(stream, 9 if known else None)
    assert source.read(1) == b"a"
    assert source.read() == b"bcdefghi"
    assert source.read() == b""


@pytest.mark.parametrize("known", [True, False])
def test_a_source_is_a_raw_stream(known: bool) -> None:
    """HTTP libraries use ``readinto``, ``readall`` or wrap it."""
    assert Source(Once(b"abc", b"def"), 6 if known else None).readall() == b"abcdef"
    assert io.BufferedReader(Source(Once(b"abc", b"def"), 6 if known else None)).read() == b"abcdef"
    buffer = bytearray(4)
    source = Source(io.BytesIO(b"abcdef"), 6 if known else None)
    assert [source.readinto(buffer), bytes(buffer), source.readinto(buffer), source.readinto(buffer)] == [
        4,
        b"abcd",
        2,
        0,
    ]
    assert source.readable()


def test_a_source_of_many_small_pieces_can_be_read_in_one_go() -> None:
    """However many there are."""
    for size in (None, 5000):
        assert Source(Once(*[b"a"] * 5000), size).read() == b"a" * 5000


def test_a_source_begins_where_its_stream_stands() -> None:
    """Its positions count from there."""
    stream = io.BytesIO(b"0123456789")
    stream.seek(4)
    source = Source(stream, 6)
    assert (source.tell(), source.read(2), source.tell()) == (0, b"45", 2)
    assert (source.seek(0), source.read()) == (0, b"456789")
    assert (source.seek(-1, io.SEEK_END), source.read()) == (5, b"9")
    assert (source.seek(1), source.seek(1, io.SEEK_CUR), source.read(1)) == (1, 2, b"6")


def test_a_source_hands_out_no_more_than_its_size() -> None:
    """A part is a window of a longer stream."""
    source = Source(io.BytesIO(b"0123456789"), 4)
    assert (source.read(100), source.read(100)) == (b"0123", b"")


def test_a_stream_that_was_read_once_does_not_seek() -> None:
    """So a request cannot be repeated."""
    source = Source(Once(b"abc"), 3)
    assert not source.seekable()
    with pytest.raises(io.UnsupportedOperation):
        source.seek(0)


@pytest.mark.parametrize("stream", [io.BytesIO(b"abc"), Once(b"abc")])
def test_a_body_that_is_too_short_is_refused(stream: Any) -> None:
    """What is missing is not made up."""
    source = Source(stream, 5)
    assert source.read(3) == b"abc"
    with pytest.raises(InvalidArgument, match="2 bytes before"):
        source.read(2)


@pytest.mark.parametrize("stream", [io.BytesIO(b"abc"), Once(b"abc")])
def test_a_body_that_is_too_short_is_refused_in_one_go(stream: Any) -> None:
    """Also by ``read()``."""
    with pytest.raises(InvalidArgument, match="before its declared length"):
        Source(stream, 5).read()


@pytest.mark.parametrize("chunks", [(b"abcd",), (b"abc", b"d"), (b"abc", b"", b"d")])
def test_a_body_that_is_too_long_is_refused_before_its_last_bytes(chunks: tuple[bytes, ...]) -> None:
    """An adapter that commits after ``size`` bytes never gets them."""
    source = Source(Once(*chunks), 3)
    with pytest.raises(InvalidArgument, match="longer"):
        source.read(3)


def test_a_body_that_should_be_empty_is_checked_when_it_is_made() -> None:
    """An adapter need not read a body of no bytes."""
    with pytest.raises(InvalidArgument, match="longer"):
        Source(Once(b"a"), 0)
    assert Source(Once(), 0).read() == b""


@pytest.mark.parametrize("size", [None, 10])
def test_a_stream_that_delivers_more_than_asked_for_is_refused(size: int | None) -> None:
    """Its bytes would not fit behind the others."""

    class Greedy:
        def read(self, _size: int = -1) -> bytes:
            return b"0123456789"

    source = Source(TypedReader(Greedy()), size)
    with pytest.raises(InvalidArgument, match="more than"):
        source.read(4)


def test_a_non_blocking_stream_without_data_is_refused() -> None:
    """None is not the end."""

    class Nothing:
        def read(self, _size: int = -1) -> None:
            return None

    for size in (None, 3):
        with pytest.raises(InvalidArgument, match="non-blocking"):
            Source(TypedReader(Nothing()), size).read(3)


def test_progress_is_told_each_position() -> None:
    """In bytes from the beginning of this source."""
    told: list[int] = []
    source = Source(io.BytesIO(b"abcdef"), 6, progress=told.append)
    while source.read(4):
        pass
    assert told == [4, 6]


@pytest.mark.parametrize("seekable", [True, False])
@pytest.mark.parametrize("known", [True, False])
def test_the_content_is_verified_once_before_it_ends(seekable: bool, known: bool) -> None:
    """Before the last bytes where the size is known, else before the end."""
    events: list[Any] = []
    stream: Any = io.BytesIO(b"abcd") if seekable else Once(b"ab", b"cd")
    source = Source(stream, 4 if known else None, verify=lambda: events.append("verified"))
    while chunk := source.read(2):
        events.append(chunk)
    source.read(2)
    assert events == ([b"ab", "verified", b"cd"] if known else [b"ab", b"cd", "verified"])


def test_an_empty_content_is_verified_when_it_is_made() -> None:
    """An adapter need not read a body of no bytes."""
    events: list[str] = []
    Source(io.BytesIO(b""), 0, verify=lambda: events.append("verified"))
    assert events == ["verified"]


@pytest.mark.parametrize("size", [None, 3])
def test_reading_nothing_is_not_the_end(size: int | None) -> None:
    """``read(0)`` returns nothing and verifies nothing."""
    events: list[str] = []
    source = Source(Once(b"abc"), size, verify=lambda: events.append("verified"))
    assert (source.read(0), source.readinto(bytearray()), events) == (b"", 0, [])
    assert source.read(3) == b"abc"


@pytest.mark.parametrize("size", [None, 3])
def test_content_that_is_not_as_announced_never_ends(size: int | None) -> None:
    """The read that would let an adapter commit raises instead, each time."""

    def refuse() -> None:
        raise RefusedError

    source = Source(Once(b"abc"), size, verify=refuse)
    for _ in range(2):
        with pytest.raises(RefusedError):
            b"".join(iter(lambda: source.read(2), b""))


def test_what_the_stream_raises_is_kept_for_the_guard() -> None:
    """The same exception, and again on every further read."""

    def chunks() -> Iterator[bytes]:
        yield b"abc"
        raise RefusedError("disk on fire")

    source = Source(IterableReader(chunks()), None)
    assert source.read(5) == b"abc"
    with pytest.raises(RefusedError) as caught:
        source.read(5)
    assert source.failure is caught.value
    with pytest.raises(RefusedError) as again:
        source.read(5)
    assert again.value is caught.value


def test_what_progress_raises_is_kept_as_well() -> None:
    """It ends the upload like an error of the stream."""

    def refuse(_position: int) -> None:
        raise RefusedError

    source = Source(io.BytesIO(b"abc"), 3, progress=refuse)
    with pytest.raises(RefusedError):
        source.read()
    assert isinstance(source.failure, RefusedError)


def test_ctrl_c_passes() -> None:
    """It is no failure of the stream."""

    def interrupted(_position: int) -> None:
        raise KeyboardInterrupt

    source = Source(io.BytesIO(b"abc"), 3, progress=interrupted)
    with pytest.raises(KeyboardInterrupt):
        source.read()
    assert source.failure is None


# digests of a Source


def _md5(content: bytes) -> bytes:
    return hashlib.md5(content).digest()


class Counting(io.BytesIO):
    """Counts the bytes that are read from it."""

    taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """Read."""
        chunk = super().read(size)
        self.taken += len(chunk)
        return chunk


@pytest.mark.parametrize("algorithm", ["md5", "sha256", "crc32c", "crc64nvme"])
@pytest.mark.parametrize("seekable", [True, False])
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("content", [b"", b"abcdefghi"])
def test_a_source_knows_the_digest_of_what_was_read(
    algorithm: str, seekable: bool, known: bool, content: bytes
) -> None:
    """Without reading it again, even if it cannot."""
    stream: Any = io.BytesIO(content) if seekable else Once(content[:4], content[4:])
    source = Source(stream, len(content) if known else None, checksum=algorithm)
    while source.read(2):
        pass
    assert source.digest(algorithm) == Source(io.BytesIO(content), len(content)).digest(algorithm)


@pytest.mark.parametrize("checksum", [None, "md5"])
def test_a_digest_is_computed_once(checksum: str | None) -> None:
    """Asked for again it costs nothing; with what travels it is read twice."""
    stream = Counting(b"abcdefghi")
    source = Source(stream, 9, checksum=checksum)
    assert source.digest("md5") == source.digest("md5") == _md5(b"abcdefghi")
    assert source.tell() == 0
    assert source.read() == b"abcdefghi"
    assert source.digest("md5") == _md5(b"abcdefghi")
    assert stream.taken == 18


@pytest.mark.parametrize("position", [0, 3, 9])
def test_a_digest_survives_a_request_that_is_repeated(position: int) -> None:
    """Read in part, sought, and read again."""
    source = Source(io.BytesIO(b"abcdefghi"), 9, checksum="md5")
    assert source.read(5) == b"abcde"
    source.seek(position)
    source.read(2)
    source.seek(0, io.SEEK_END)
    source.seek(0)
    assert source.read() == b"abcdefghi"
    assert source.digest("md5") == _md5(b"abcdefghi")


def test_content_read_out_of_order_is_read_again_for_its_digest() -> None:
    """What passed does not make it up."""
    source = Source(io.BytesIO(b"abcdefghi"), 9, checksum="md5")
    source.seek(5)
    source.read()
    source.seek(2)
    source.read()
    assert source.digest("md5") == _md5(b"abcdefghi")


def test_content_that_changes_behind_its_digest_is_refused() -> None:
    """Before its last bytes are handed out: a server that ignores checksums would keep it."""
    stream = io.BytesIO(b"abcdefghi")
    source = Source(stream, 9, checksum="crc32c")
    source.digest("crc32c")
    stream.getbuffer()[4] = 0
    assert source.read(8) == b"abcd\0fgh"
    with pytest.raises(IntegrityError, match="changed"):
        source.read(1)


# ObjectBody


class Raw:
    """What an adapter returns; counts how often it is closed."""

    def __init__(self, *chunks: bytes | Exception) -> None:
        self.chunks = list(chunks)
        self.closes = 0

    def read(self, size: int, /) -> bytes:
        """Return the next chunk."""
        assert not self.closes, "read after close"
        if not self.chunks:
            return b""
        chunk = self.chunks.pop(0)
        if isinstance(chunk, Exception):
            raise chunk
        self.chunks[:0] = [chunk[size:]] if len(chunk) > size else []
        return chunk[:size]

    def close(self) -> None:
        """Count."""
        self.closes += 1


class BrokenError(Exception):
    """What an SDK raises."""


def _body(raw: Raw, length: int) -> ObjectBody:
    return ObjectBody(raw, length, lambda exc: ConnectionFailed(str(exc)) if isinstance(exc, BrokenError) else exc)


@pytest.mark.parametrize(
    "read",
    [lambda body: body.read(), lambda body: body.readall(), lambda body: b"".join(body), lambda body: body.read(6)],
)
def test_a_body_that_is_exhausted_gives_its_connection_back(read: Any) -> None:
    """After the last byte, not after one read more."""
    raw = Raw(b"abcdef")
    body = _body(raw, 6)
    assert read(body) == b"abcdef"
    assert raw.closes == 1
    assert body.read() == b""
    body.close()
    assert raw.closes == 1


@pytest.mark.parametrize(
    "body_of", [lambda content: _body(Raw(content[:2], content[2:]), len(content)), HeldBody], ids=["stream", "held"]
)
def test_a_body_is_a_stream(body_of: Any) -> None:
    """It can be wrapped, read into, and read in pieces; there is no way back."""
    assert io.BufferedReader(body_of(b"abcd")).read() == b"abcd"
    assert io.TextIOWrapper(io.BufferedReader(body_of("é\nb".encode()))).readlines() == ["é\n", "b"]
    buffer, body = bytearray(3), body_of(b"abcd")
    assert (body.readable(), body.writable(), body.seekable()) == (True, False, False)
    assert (body.readinto(buffer), bytes(buffer), body.read(None), body.read(), body.read(1)) == (
        3,
        b"abc",
        b"d",
        b"",
        b"",
    )
    body.close()
    with pytest.raises(ValueError, match="closed"):
        body.read()


def test_a_body_reads_no_more_than_its_length() -> None:
    """What comes behind belongs to the next answer of the connection."""
    assert _body(Raw(b"abcdef"), 4).read() == b"abcd"


@pytest.mark.parametrize("read", [lambda body: body.read(), lambda body: [body.read(4), body.read(4)]])
def test_a_body_that_ends_early_is_a_failed_connection(read: Any) -> None:
    """Missing bytes are never taken for the end, and the connection goes back."""
    raw = Raw(b"abc")
    with pytest.raises(ConnectionFailed, match="2 bytes early"):
        read(_body(raw, 5))
    assert raw.closes == 1


def test_a_read_that_fails_is_translated_and_gives_the_connection_back() -> None:
    """With the exception of the SDK as its cause."""
    raw, broken = Raw(b"abc", BrokenError("reset")), BrokenError("reset")
    raw.chunks[1] = broken
    body = _body(raw, 5)
    with pytest.raises(ConnectionFailed, match="reset") as caught:
        body.read()
    assert caught.value.__cause__ is broken
    assert raw.closes == 1


def test_an_exception_that_is_nobodys_passes() -> None:
    """A mistake in an adapter stays visible."""
    with pytest.raises(ZeroDivisionError):
        _body(Raw(ZeroDivisionError()), 5).read()


def test_a_body_that_failed_does_not_end_quietly() -> None:
    """A caller who catches the error and reads on must not take what came for the whole."""
    body = _body(Raw(b"abc", BrokenError("reset")), 5)
    with pytest.raises(ConnectionFailed):
        body.read()
    with pytest.raises((ConnectionFailed, ValueError)):
        body.read()


def test_a_body_that_was_interrupted_does_not_go_on() -> None:
    """What Ctrl-C cut off is lost: reading on would leave a gap."""

    class Interrupted(Raw):
        def read(self, size: int, /) -> bytes:
            raise KeyboardInterrupt

    raw = Interrupted(b"abc")
    body = _body(raw, 3)
    with pytest.raises(KeyboardInterrupt):
        body.read(1)
    assert raw.closes == 1
    with pytest.raises(ConnectionFailed, match="interrupted"):
        body.read()


def test_a_translation_that_fails_does_not_end_quietly() -> None:
    """A mistake in an adapter's ``classify`` is no end of the content."""
    raw = Raw(b"abc", BrokenError("reset"))
    body = ObjectBody(raw, 5, lambda _exc: ConnectionFailed(str(1 // 0)))
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            body.read()
    assert raw.closes == 1


class Again:
    """A follower with another body for each break."""

    def __init__(self, *raws: Raw) -> None:
        self.raws = list(raws)
        self.lefts: list[int] = []
        self.got = b""

    def received(self, chunk: bytes, /) -> None:
        """Collect."""
        self.got += chunk

    def recover(self, error: Exception, left: int, /) -> Raw:
        """Return the next body, or raise."""
        self.lefts.append(left)
        if not self.raws:
            raise error
        return self.raws.pop(0)

    def finished(self) -> None:
        """Refuse one content."""
        if self.got == b"wrong":
            raise RefusedError


def test_a_follower_takes_a_body_up_as_often_as_it_likes() -> None:
    """Thousands of breaks are no deeper than one, and every connection goes back."""
    raws = [Raw(b"a", BrokenError("reset")) for _ in range(3000)]
    body = _body(raws[0], 3000)
    follower = Again(*raws[1:])
    body.follow(follower)
    assert body.read() == b"a" * 3000
    empty = [Raw(BrokenError("reset")) for _ in range(3000)]
    body = _body(empty[0], 1)
    body.follow(Again(*empty[1:], Raw(b"a")))
    assert body.read() == b"a"
    assert {raw.closes for raw in [*raws, *empty]} == {1}


def test_what_a_follower_raises_stays() -> None:
    """The break that it gives up on, with its cause, and the content that it refuses."""
    raw, broken = Raw(b"abc"), BrokenError("reset")
    raw.chunks.append(broken)
    body = _body(raw, 5)
    body.follow(Again())
    for _ in range(2):
        with pytest.raises(ConnectionFailed) as caught:
            body.read()
        assert caught.value.__cause__ is broken
    wrong = Raw(b"wrong")
    body = _body(wrong, 5)
    body.follow(Again())
    for _ in range(2):
        with pytest.raises(RefusedError):
            body.read()
    assert (raw.closes, wrong.closes) == (1, 1)


def test_a_body_knows_how_many_requests_it_took() -> None:
    """What its adapter says, else one."""
    raw: Any = Raw(b"a")
    assert _body(raw, 1).attempts == 1
    raw.attempts = 3
    assert _body(raw, 1).attempts == 3


def test_a_body_that_is_closed_or_garbage_gives_its_connection_back() -> None:
    """What was not read is dropped."""
    closed, garbage = Raw(b"abc"), Raw(b"abc")
    body = _body(closed, 3)
    body.close()
    body.close()
    assert closed.closes == 1
    with pytest.raises(ValueError, match="closed"):
        body.read()
    _body(garbage, 3)
    gc.collect()
    assert garbage.closes == 1


def test_an_empty_body_gives_its_connection_back_at_once() -> None:
    """Nobody reads a body of no bytes."""
    raw = Raw()
    assert _body(raw, 0).read() == b""
    assert raw.closes == 1

"""What callers hand over to be uploaded, as streams."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_store.object_store.errors import IntegrityError, InvalidArgument
from data_store.object_store.models import PutOptions
from data_store.object_store.sources import Digests, FileWindow, IterableReader, TypedReader, stream_of

CHUNKS = st.lists(st.binary(max_size=9), max_size=9)


def _all(stream: Any, size: int) -> bytes:
    return b"".join(iter(lambda: stream.read(size), b""))


class Unseekable(io.RawIOBase):
    """A stream like a socket's: it delivers what there is, and only once."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self._rest = content

    def readable(self) -> bool:
        """Return True."""
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """Return at most ``size`` bytes."""
        size = len(self._rest) if size is None or size < 0 else size
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece


@pytest.mark.parametrize("data", [b"abc", bytearray(b"abc"), memoryview(b"abc"), memoryview(b"a-b-c")[::2]])
def test_bytes_of_every_kind_are_a_seekable_stream(data: bytes) -> None:
    """Their length is known."""
    stream, length = stream_of(data, None)
    assert (stream.read(), length, stream.seekable()) == (b"abc", 3, True)


def test_a_view_of_numbers_counts_in_bytes() -> None:
    """Four numbers of two bytes are eight bytes."""
    view: Any = memoryview(bytes(8)).cast("H")
    assert stream_of(view, None)[1] == 8
    assert IterableReader([view]).read() == bytes(8)


def test_bytes_that_change_later_do_not_change_the_upload() -> None:
    """A bytearray is copied."""
    data = bytearray(b"abc")
    stream, _ = stream_of(data, None)
    data[:] = b"xyz"
    assert stream.read() == b"abc"


@pytest.mark.parametrize("data", ["text", None, 5, Path("file"), object(), {"key": b"value"}])
def test_what_is_no_data_is_refused(data: Any) -> None:
    """A str would be a sequence of characters, a path the name of something."""
    with pytest.raises(InvalidArgument, match="data must be bytes"):
        stream_of(data, None)


@pytest.mark.parametrize("data", [b"abc", io.BytesIO(b"abc")])
@pytest.mark.parametrize("length", [0, 2, 4])
def test_a_length_that_is_wrong_is_refused(data: Any, length: int) -> None:
    """Before anything is read."""
    with pytest.raises(InvalidArgument, match=f"length is {length}"):
        stream_of(data, length)


def test_a_stream_is_read_from_where_it_stands() -> None:
    """What was read before is not part of it."""
    data = io.BytesIO(b"abcdef")
    data.seek(2)
    stream, length = stream_of(data, None)
    assert (length, data.tell(), stream.read()) == (4, 2, b"cdef")


def test_a_stream_that_stands_behind_its_end_is_empty() -> None:
    """There are no bytes of negative number."""
    data = io.BytesIO(b"abc")
    data.seek(10)
    assert stream_of(data, None)[1] == 0


def test_the_length_of_an_unseekable_stream_is_what_the_caller_says() -> None:
    """Or unknown."""
    assert stream_of(Unseekable(b"abc"), 3)[1] == 3
    assert stream_of(Unseekable(b"abc"), None)[1] is None


def test_a_reader_without_seekable_is_a_stream() -> None:
    """``read`` alone is enough."""

    class OnlyRead:
        def read(self, size: int = -1) -> bytes:
            return b""

    stream, length = stream_of(OnlyRead(), None)  # type: ignore[arg-type]  # less than IO[bytes], on purpose
    assert (stream.seekable(), length, stream.read(5)) == (False, None, b"")


def test_a_compressed_file_is_as_long_as_its_content() -> None:
    """Streams that seek by decompressing tell their length too."""
    packed = io.BytesIO(gzip.compress(b"x" * 1000))
    with gzip.open(packed) as file:
        stream, length = stream_of(file, None)
        assert (length, len(stream.read(2000) or b"")) == (1000, 1000)


@pytest.mark.parametrize(
    ("data", "advice"),
    [
        ("text", r"not str: data comes first, then the key; encode text with \.encode\(\)$"),
        (Path("file"), "Path: use upload_file for a file's path$"),
        ({"key": b"value"}, "not dict$"),
    ],
)
def test_a_refusal_says_what_to_do_instead(data: Any, advice: str) -> None:
    """Where it can be told what was meant."""
    with pytest.raises(InvalidArgument, match=advice):
        stream_of(data, None)


@pytest.mark.parametrize(
    ("data", "advice"),
    [
        (io.StringIO("text"), "the stream must deliver bytes, not str: open files in binary mode$"),
        (["text"], r"the iterable must deliver bytes, not str: encode text with \.encode\(\)$"),
        (iter(["text"]), r"the iterable must deliver bytes, not str: encode text with \.encode\(\)$"),
        ([1], "the iterable must deliver bytes, not int$"),
    ],
)
def test_text_is_refused_when_it_is_read(data: Any, advice: str) -> None:
    """The message speaks of files only where there may be one."""
    stream, _ = stream_of(data, None)
    with pytest.raises(InvalidArgument, match=advice):
        stream.read(5)


@given(CHUNKS, st.integers(1, 12))
def test_an_iterable_is_its_chunks_joined(chunks: list[bytes], size: int) -> None:
    """Empty chunks are not its end, and no read returns more than it was asked for."""
    reader = IterableReader(chunks)
    pieces = list(iter(lambda: reader.read(size), b""))
    assert b"".join(pieces) == b"".join(chunks)
    assert all(len(piece) <= size for piece in pieces)
    assert reader.read(size) == b""


@given(CHUNKS, st.integers(0, 5))
def test_an_iterable_can_be_read_to_its_end(chunks: list[bytes], size: int) -> None:
    """Without a size, ``read`` returns all that is left, as every stream does."""
    reader = IterableReader(chunks)
    assert reader.read(size) + b"".join(iter(reader.read, b"")) == b"".join(chunks)


def test_an_iterable_is_pulled_no_further_than_needed() -> None:
    """A generator may be endless."""
    pulled = []

    def endless() -> Iterator[bytes]:
        while True:
            pulled.append(1)
            yield b"ab"

    reader = IterableReader(endless())
    assert [reader.read(1), reader.read(1)] == [b"a", b"b"]
    assert len(pulled) == 1


def test_an_iterable_does_not_seek() -> None:
    """And says so."""
    reader = IterableReader([b"a"])
    assert not reader.seekable()
    with pytest.raises(io.UnsupportedOperation):
        reader.seek(0)
    with pytest.raises(io.UnsupportedOperation):
        reader.tell()


def test_a_non_blocking_stream_without_data_is_refused() -> None:
    """None is not the end."""

    class Nothing(Unseekable):
        def read(self, size: int | None = -1, /) -> Any:
            return None

    with pytest.raises(InvalidArgument, match="non-blocking"):
        TypedReader(Nothing(b"")).read(5)


def test_windows_of_a_file_are_independent(tmp_path: Path) -> None:
    """Each has its own position, whatever the others and the file do."""
    (tmp_path / "file").write_bytes(b"0123456789")
    with (tmp_path / "file").open("rb") as file:
        first, second = FileWindow(file, 0, 4), FileWindow(file, 4, 6)
        file.seek(7)
        assert [first.read(2), second.read(2), first.read(), second.read(100), first.read(1)] == [
            b"01",
            b"45",
            b"23",
            b"6789",
            b"",
        ]
        assert (first.tell(), first.seek(1), first.read(), file.tell()) == (4, 1, b"123", 7)


def test_a_file_that_became_shorter_is_noticed(tmp_path: Path) -> None:
    """Its missing bytes are not taken for its end."""
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    with path.open("rb") as file:
        window = FileWindow(file, 0, 10)
        path.write_bytes(b"0123")
        assert window.read(10) == b"0123"
        with pytest.raises(IntegrityError, match="shorter"):
            window.read(6)


CONTENT = b"content" * 1000
MD5 = base64.b64encode(hashlib.md5(CONTENT).digest()).decode()
SHA256 = base64.b64encode(hashlib.sha256(CONTENT).digest()).decode()


BOTH = PutOptions(content_md5=MD5, checksum_sha256=SHA256)


@pytest.mark.parametrize("announced", [PutOptions(content_md5=MD5), PutOptions(checksum_sha256=SHA256), BOTH])
def test_content_that_has_its_digests_passes(announced: PutOptions) -> None:
    """One or both."""
    digests = Digests(announced)
    assert digests
    stream = io.BytesIO(b"before" + CONTENT)
    stream.seek(6)
    digests.check_stream(stream)
    assert stream.tell() == 6


@pytest.mark.parametrize("name", ["content_md5", "checksum_sha256"])
def test_content_that_has_another_digest_is_refused(name: str) -> None:
    """The error names both, as they are given: in base64."""
    algorithm = {"content_md5": "md5", "checksum_sha256": "sha256"}[name]
    found = base64.b64encode(hashlib.new(algorithm, CONTENT[1:]).digest()).decode()
    given = getattr(BOTH, name)
    with pytest.raises(IntegrityError, match=re.escape(f"the {name} of the content is {found}, not {given}")):
        Digests(PutOptions(**{name: given})).check_stream(io.BytesIO(CONTENT[1:]))


def test_without_digests_there_is_nothing_to_check() -> None:
    """Nothing announced, nothing computed."""
    digests = Digests(PutOptions())
    assert not digests
    digests.update(b"anything")
    digests.check()


def test_a_stream_is_digested_while_it_passes() -> None:
    """The content comes through as it is."""
    digests = Digests(BOTH)
    passing = digests.digesting(Unseekable(CONTENT))
    assert _all(passing, 100) == CONTENT
    digests.check()


def test_a_non_blocking_stream_is_not_cut_short_by_its_digests() -> None:
    """None is not the end of the content."""
    answers = iter([b"ab", None, b"cd", b""])

    class Slow(Unseekable):
        def read(self, size: int | None = -1, /) -> Any:
            return next(answers)

    digests = Digests(PutOptions(content_md5=base64.b64encode(hashlib.md5(b"ab").digest()).decode()))
    passing = digests.digesting(TypedReader(Slow(b"")))
    assert passing.read(2) == b"ab"
    with pytest.raises(InvalidArgument, match="non-blocking"):
        passing.read(2)

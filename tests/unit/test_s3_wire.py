"""How answers are read from a socket: heads, bodies in every framing, and what is no answer (RFC 9112)."""

from __future__ import annotations

import socket
from http.client import BadStatusLine, HTTPException, IncompleteRead, LineTooLong, RemoteDisconnected

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_store.object_store.adapters.s3.answers import InvalidAnswer
from data_store.object_store.adapters.s3.wire import Body, Headers, Inbox, read_head

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKS = OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n"


class Pieces:
    """A socket from which the pieces come one by one, then the end of the connection."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = [piece for piece in pieces if piece]

    def recv_into(self, view: memoryview) -> int:
        """Receive into a buffer."""
        piece = self.recv(len(view))
        view[: len(piece)] = piece
        return len(piece)

    def recv(self, size: int) -> bytes:
        """Receive at most ``size`` bytes."""
        if not self._pieces:
            return b""
        piece, rest = self._pieces[0][:size], self._pieces[0][size:]
        self._pieces[:1] = [rest] if rest else []
        return piece


def inbox(*pieces: bytes) -> Inbox:
    """Return an inbox of such a socket."""
    sock: object = Pieces(*pieces)
    return Inbox(sock)  # type: ignore[arg-type]  # a socket as far as an inbox needs one


def answer(*pieces: bytes, method: str = "GET") -> tuple[int, Headers, bytes]:
    """Return status, headers and body."""
    source = inbox(*pieces)
    head = read_head(source)
    body, content = Body(source, head, method), b""
    while piece := body.read(7):
        content += piece
    return head.status, head.headers, content


@given(st.data())
def test_an_answer_is_the_same_however_it_is_cut(data: st.DataObject) -> None:
    """TCP keeps bytes, not pieces."""
    sized = OK + b"Content-Length: 5\r\nETag: x\r\n\r\nhello"
    wire = data.draw(st.sampled_from([sized, CHUNKS]))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=8)))
    pieces = [wire[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(wire)], strict=True)]
    assert answer(*pieces)[2] == (b"hello" if wire is sized else b"abc0123456789")


@given(st.binary(max_size=300), st.lists(st.integers(1, 40), min_size=1, max_size=20))
def test_reading_into_a_buffer_reads_what_reading_reads(content: bytes, sizes: list[int]) -> None:
    """In pieces of any size, and never beyond the body."""
    wire = OK + b"Content-Length: %d\r\n\r\n" % len(content) + content + b"HTTP/1.1 500 next\r\n\r\n"
    source = inbox(wire)
    body, found = Body(source, read_head(source), "GET"), b""
    while not body.ended:
        buffer = memoryview(bytearray(sizes[len(found) % len(sizes)]))
        found += bytes(buffer[: body.readinto(buffer)])
    assert found == content
    assert not source.is_empty


def test_a_body_without_a_length_ends_with_the_connection() -> None:
    """And its connection cannot be used again."""
    source = inbox(b"HTTP/1.0 200 OK\r\n\r\nall ", b"of it")
    head = read_head(source)
    body = Body(source, head, "GET")
    assert (body.read(100), body.is_delimited, head.keeps_open) == (b"all of it", False, False)


@pytest.mark.parametrize(
    ("wire", "method"),
    [
        (OK + b"Content-Length: 5\r\n\r\n", "HEAD"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "DELETE"),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "GET"),
        (OK + b"Content-Length: 0\r\n\r\n", "GET"),
    ],
)
def test_some_answers_have_no_body_whatever_their_head_says(wire: bytes, method: str) -> None:
    """RFC 9112, 6.3."""
    assert answer(wire, method=method)[2] == b""


@pytest.mark.parametrize(
    ("wire", "keeps_open"),
    [
        (OK + b"\r\n", True),
        (OK + b"Connection: Close\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n", True),
        (OK + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n", False),
    ],
)
def test_a_connection_stays_open_only_where_all_agree_on_the_end(wire: bytes, keeps_open: bool) -> None:
    """RFC 9112, 6.1, 6.3 and 9.3."""
    assert read_head(inbox(wire)).keeps_open is keeps_open


def test_what_is_only_informational_is_passed_over() -> None:
    """RFC 9110, 15.2."""
    assert answer(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + CHUNKS)[0] == 200


def test_headers_are_found_in_any_case_and_repeated_ones_joined() -> None:
    """And their names are told as they came."""
    headers = answer(OK + b"ETag:x\r\nvary: a \r\nVary:\tb\r\nFolded: one\r\n  two\r\nContent-Length: 0\r\n\r\n")[1]
    assert (headers["etag"], headers.get("VARY"), headers["folded"], headers.get("none")) == (
        "x",
        "a, b",
        "one two",
        None,
    )
    assert "ETAG" in headers
    assert len(headers) == len(list(headers)) == 4
    assert dict(headers.items())["ETag"] == "x"


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        (b"", RemoteDisconnected),
        (b"SSH-2.0-OpenSSH\r\n", BadStatusLine),
        (b"\x15\x03\x01\x00\x02", BadStatusLine),
        (b"HTTP/2 200\r\n\r\n", BadStatusLine),
        (b"HTTP/1.1 20 OK\r\n\r\n", BadStatusLine),
        (b"HTTP/1.1 101 Switching\r\n\r\n", HTTPException),
        (OK[:-4], IncompleteRead),
        (OK + b"no header\r\n\r\n", HTTPException),
        (OK + b"a b: c\r\n\r\n", HTTPException),
        (OK + b"X: a\nY: b\r\n\r\n", HTTPException),
        (OK + b"X: a\0b\r\n\r\n", HTTPException),
        (b"HTTP/1.1 102 Processing\r\n\r\n" * 200, HTTPException),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: y\r\n" * 200, HTTPException),
        (OK + b"Name : blank before the colon\r\n\r\n", HTTPException),
        (b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", HTTPException),
        (OK + b"Content-Length: 5\n\nhello", HTTPException),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n3\nabc", HTTPException),
        (OK + b"X: " + b"x" * 70_000, LineTooLong),
        (OK + b"Content-Length: 5\r\n\r\nhell", IncompleteRead),
        (OK + b"Content-Length: 5, 6\r\n\r\nhello", InvalidAnswer),
        (OK + b"Content-Length: -5\r\n\r\nhello", InvalidAnswer),
        (OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", InvalidAnswer),
        (OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n", HTTPException),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nx\r\n", HTTPException),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n", HTTPException),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", HTTPException),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nab", IncompleteRead),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", IncompleteRead),
    ],
)
def test_what_is_no_answer_is_refused(wire: bytes, expected: type[Exception]) -> None:
    """At once, and never taken for content."""
    with pytest.raises(expected):
        answer(wire)


def test_a_length_that_is_said_twice_alike_counts() -> None:
    """RFC 9110, 8.6."""
    assert answer(OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nok")[2] == b"ok"


def test_what_comes_is_handed_out_without_waiting_for_more() -> None:
    """A stream of events, whose next line may come much later."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        source = Inbox(ours)
        body = Body(source, read_head(source), "GET")
        assert body.read1(1000) == b"hello"


@pytest.mark.parametrize("wire", [b"HTTP/1.1 200 OK\nETag: x\n\n", OK + b"ETag: x\n", CHUNKS[:47] + b"3\nabc"])
def test_lines_that_end_otherwise_are_not_waited_for(wire: bytes) -> None:
    """The end of the head, or of the size of a chunk, would never come (RFC 9112, 2.2, leaves it to us)."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(5)
        theirs.sendall(wire)
        source = Inbox(ours)
        with pytest.raises(HTTPException, match="line"):
            Body(source, read_head(source), "GET").read(10)

"""HTTP/1.1 on one socket, as a client reads it (RFC 9112): the head of an answer, then its body.

A reader of our own because it was measured to matter: ``http.client`` makes an e-mail message of each head, which takes
ten times as long as this (35 us to 3.5), and a file object of each answer. What arrives together is taken with one
call of the system, and a large body goes from the socket into the caller's buffer.
"""

from __future__ import annotations

import re
import socket
from collections.abc import ItemsView, Iterator, Mapping, Sequence
from functools import lru_cache
from http.client import BadStatusLine, HTTPException, IncompleteRead, LineTooLong, RemoteDisconnected
from typing import NamedTuple, TypeVar, overload

from data_store.object_store.adapters.s3.answers import InvalidAnswer

__all__ = ["Body", "Head", "Header", "Headers", "Inbox", "read_head"]

_T = TypeVar("_T")
_LONG = 256
_BUFFER = 64 * 1024  # also the longest head
_MAX_PIECE = 1024 * 1024
_MOST = 100  # informational answers, trailers
_BEGINNING = b"HTTP/1."
_STATUS_LINE = re.compile(r"HTTP/1\.([01]) ([1-9][0-9]{2})(?: (.*))?")
_FOLD = re.compile(r"\r\n[ \t]+")  # obsolete (RFC 9112, 5.2)
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
_BARE_LF = re.compile(rb"(?<!\r)\n")
_CONTROL = re.compile(r"[\0\r\n]")  # RFC 9110, 5.5
_LENGTH = re.compile(r"[0-9]{1,19}")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?")
_CONTINUE, _SWITCHING, _OK = 100, 101, 200
_WITHOUT_BODY = frozenset({204, 304})


class Header(NamedTuple):
    """One header, with its name as it was written and in lower case."""

    name: str
    lower: str
    value: str


class Headers(Mapping[str, str]):
    """Headers of an answer, found in any case; repeated ones are joined with commas.

    Args:
        told: the headers, in order.
    """

    __slots__ = ("_told", "_values")

    def __init__(self, told: Sequence[Header] = ()) -> None:
        self._told = told
        values: dict[str, str] = {}
        for _, lower, value in told:
            values[lower] = f"{values[lower]}, {value}" if lower in values else value
        self._values = values

    @property
    def in_lower_case(self) -> Mapping[str, str]:
        """The same, names in lower case, which are found fastest."""
        return self._values

    def __getitem__(self, name: str, /) -> str:
        return self._values[name.lower()]

    def __contains__(self, name: object, /) -> bool:
        return isinstance(name, str) and name.lower() in self._values

    def __iter__(self) -> Iterator[str]:
        return iter({each.lower: each.name for each in self._told}.values())

    def __len__(self) -> int:
        return len(self._values)

    @overload
    def get(self, name: str, /) -> str | None: ...
    @overload
    def get(self, name: str, /, default: str) -> str: ...
    @overload
    def get(self, name: str, /, default: _T) -> str | _T: ...
    def get(self, name: str, /, default: object = None) -> object:
        """Return the value of a header, or the default."""
        return self._values.get(name.lower(), default)

    def items(self) -> ItemsView[str, str]:
        """Return names, as they were written, and values."""
        return dict(zip(self, self._values.values(), strict=True)).items()


class Head(NamedTuple):
    """The head of an answer.

    Attributes:
        status: the status.
        reason: the server's words for it.
        headers: the headers.
        keeps_open: whether the server will take another request on this connection.
    """

    status: int
    reason: str
    headers: Headers
    keeps_open: bool


class Inbox:
    """What arrives on a socket: what came along with a head waits here.

    Args:
        sock: the socket; what it raises is passed on.

    Attributes:
        is_silent: whether nothing of a head has come since this was last set.
    """

    __slots__ = ("_buffer", "_end", "_socket", "_start", "_view", "is_silent")

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._buffer = bytearray(_BUFFER)
        self._view = memoryview(self._buffer)
        self._start = self._end = 0
        self.is_silent = True

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits that nobody has read."""
        return self._start == self._end

    def until(self, end: bytes) -> bytes:
        """Return what comes before a marker, and drop the marker.

        Raises:
            IncompleteRead: the connection ended before the marker.
            LineTooLong: no marker within 64 KiB.
            HTTPException: a line ends with LF alone: who writes so never sends the marker (RFC 9112, 2.2).
        """
        searched = self._start
        while (at := self._buffer.find(end, searched, self._end)) < 0:
            if _BARE_LF.search(self._buffer, searched, self._end):
                raise HTTPException("the answer has a line that does not end with CR LF")
            searched = max(self._start, self._end - len(end) + 1) - self._start
            self._receive()
            searched += self._start
        found = bytes(self._view[self._start : at])
        self._start = at + len(end)
        return found

    def begins(self, text: bytes) -> bool:
        """Return whether what comes next is this text, as far as it has come; waits for the first of it.

        Raises:
            RemoteDisconnected: the connection ended, and nothing had come.
        """
        if self.is_empty:
            try:
                self._receive()
            except IncompleteRead:
                raise RemoteDisconnected("the server closed the connection without an answer") from None
        if self._buffer.startswith(text, self._start, self._end):
            return True
        return text.startswith(self._buffer[self._start : self._end])

    def readinto(self, view: memoryview) -> int:
        """Read into a buffer until it is full, and return how many bytes; fewer where the connection has ended."""
        done, size = min(self._end - self._start, len(view)), len(view)
        if done:
            view[:done] = self._view[self._start : self._start + done]
            self._start += done
        receive = self._socket.recv_into
        while done < size and (come := receive(view[done:])):
            done += come
        return done

    def read(self, size: int) -> bytes:
        """Return what has come, at most ``size`` bytes; ``b""`` where the connection has ended."""
        waiting = self._end - self._start
        if not waiting:
            return self._socket.recv(min(size, _MAX_PIECE))
        found = bytes(self._view[self._start : self._start + min(waiting, size)])
        self._start += len(found)
        return found

    def _receive(self) -> None:
        if self._start == self._end:
            self._start = self._end = 0
        elif self._end == _BUFFER:
            if self._start == 0:
                raise LineTooLong("head of an answer")
            self._buffer[: self._end - self._start] = self._buffer[self._start : self._end]
            self._start, self._end = 0, self._end - self._start
        size = self._socket.recv_into(self._view[self._end :])
        if size == 0:
            raise IncompleteRead(b"")
        self._end += size
        self.is_silent = False


def read_head(inbox: Inbox, *, or_leave: bool = False) -> Head:
    """Return the head of the answer; those with a status of 1xx are passed over (RFC 9110, 15.2).

    Args:
        inbox: where it comes from.
        or_leave: return that of ``100 Continue`` too.
    """
    for _ in range(_MOST):
        head = _read_any_head(inbox)
        if head.status >= _OK or (or_leave and head.status == _CONTINUE):
            return head
        if head.status == _SWITCHING:
            raise HTTPException("the server switches to another protocol, which nobody asked for")
    raise HTTPException("the server says again and again that the answer will come")


def _read_any_head(inbox: Inbox) -> Head:
    if not inbox.begins(_BEGINNING):
        raise BadStatusLine("the server speaks something else than HTTP/1.1")
    status_line, _, lines = inbox.until(b"\r\n\r\n").decode("latin-1").partition("\r\n")
    told = _STATUS_LINE.fullmatch(status_line)
    if told is None:
        raise BadStatusLine("the server speaks something else than HTTP/1.1")
    headers = _headers(lines)
    values = headers.in_lower_case
    connection = values.get("connection", "").lower()
    keeps_open = "close" not in connection if told[1] == "1" else "keep-alive" in connection
    if "transfer-encoding" in values and ("content-length" in values or told[1] == "0"):
        keeps_open = False  # somebody on the way may think of another end (RFC 9112, 6.1 and 6.3)
    return Head(int(told[2]), (told[3] or "").strip(), headers, keeps_open)


def _headers(lines: str) -> Headers:
    told = _FOLD.sub(" ", lines).split("\r\n") if lines else ()
    return Headers([_usual_header(line) if len(line) < _LONG else _header(line) for line in told])


def _header(line: str) -> Header:
    name, colon, value = line.partition(":")
    if not colon or not _TOKEN.fullmatch(name) or _CONTROL.search(value):
        raise HTTPException("the head of the answer has a line that is no header")
    return Header(name, name.lower(), value.strip(" \t"))


_usual_header = lru_cache(maxsize=256)(_header)  # most lines are in every answer of a server


class Body:
    """The body of an answer (RFC 9112, 6): of a known length, in chunks, or all until the connection ends.

    Args:
        inbox: where it comes from.
        head: the head of the answer.
        method: the method of the request: the answer to a HEAD has none.

    Attributes:
        ended: whether all of it was read.
        is_delimited: whether its end can be told from the end of the connection.

    Raises:
        InvalidAnswer: the head has two lengths, or one that is no number.
        HTTPException: it has a coding that was not asked for.
    """

    __slots__ = ("_chunked", "_inbox", "_left", "ended", "is_delimited")

    def __init__(self, inbox: Inbox, head: Head, method: str) -> None:
        self._inbox = inbox
        self._left = _length(head, method)
        self._chunked = self._left is None and "transfer-encoding" in head.headers
        self.is_delimited = self._left is not None or self._chunked
        self.ended = self._left == 0
        if self._chunked:
            self._left = 0

    def read(self, size: int) -> bytes:
        """Return ``size`` bytes, fewer only at the end.

        Raises:
            IncompleteRead: the connection ended before the body did.
        """
        if self.ended:
            return b""
        first = self.read1(size)
        if len(first) == size or self.ended:
            return first
        pieces = [first]
        size -= len(first)
        while size and not self.ended:
            pieces.append(self.read1(size))
            size -= len(pieces[-1])
        return b"".join(pieces)

    def read1(self, size: int) -> bytes:
        """Return what has come, at most ``size`` bytes, ``b""`` only at the end; raises as ``read`` does."""
        room = self._room(size)
        if room == 0:
            return b""
        piece = self._inbox.read(room)
        self._took(len(piece))
        return piece

    def readinto(self, view: memoryview) -> int:
        """Read into a buffer, and return how many bytes, fewer only at the end; raises as ``read`` does."""
        room = self._room(len(view))
        if room == 0:
            return 0
        size = self._inbox.readinto(view[:room])
        self._took(size)
        return size

    def _room(self, size: int) -> int:
        """Return how many bytes may be read at once; 0 at the end."""
        if self._chunked and self._left == 0 and not self.ended:
            self._next_chunk()
        if self.ended:
            return 0
        return size if self._left is None else min(size, self._left)

    def _took(self, size: int) -> None:
        if self._left is None:
            self.ended = size == 0
            return
        if size == 0:
            raise IncompleteRead(b"", self._left)
        self._left -= size
        if self._left:
            return
        if self._chunked:
            self._expect(b"")
        else:
            self.ended = True

    def _next_chunk(self) -> None:
        told = _CHUNK_SIZE.fullmatch(self._inbox.until(b"\r\n"))
        if told is None:
            raise HTTPException("the answer has a chunk without a size")
        self._left = int(told[1], 16)
        if self._left == 0:
            for _ in range(_MOST):  # trailers
                if not self._inbox.until(b"\r\n"):
                    self.ended = True
                    return
            raise HTTPException("the answer has trailers without end")

    def _expect(self, line: bytes) -> None:
        if self._inbox.until(b"\r\n") != line:
            raise HTTPException("the answer has a chunk that is longer than its size")


def _length(head: Head, method: str) -> int | None:
    """Return the length of a body; None where its head does not tell."""
    if method == "HEAD" or head.status in _WITHOUT_BODY:
        return 0
    values = head.headers.in_lower_case
    coding = values.get("transfer-encoding")
    if coding is not None:
        if coding.lower() != "chunked":
            raise HTTPException("the answer has a transfer coding that nobody asked for")
        return None
    length = values.get("content-length")
    if length is None:
        return None
    lengths = {each.strip() for each in length.split(",")}  # sent twice, the same (RFC 9110, 8.6)
    told = lengths.pop()
    if lengths or not _LENGTH.fullmatch(told):
        raise InvalidAnswer("the Content-Length is no number")
    return int(told)

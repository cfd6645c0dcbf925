"""HTTP/1.1 messages as they stand on the wire, for the fault server: read, cut short, corrupted, made."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import NoReturn
from xml.sax.saxutils import escape

__all__ = ["PIECE", "BrokenConnection", "Head", "corrupted", "cut", "drain", "make_answer", "make_error", "read_answer"]

PIECE = 16 * 1024  # bytes that are read at once, at the most
_CODES = {429: "TooManyRequests", 500: "InternalError", 503: "SlowDown"}
_WITHOUT_BODY = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}


class BrokenConnection(Exception):  # noqa: N818 nothing went wrong: a connection is to end here
    """The connection ended, or is to be ended."""


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a request or of an answer.

    Attributes:
        raw: its bytes, unchanged.
        start: the three words of its first line.
        headers: names in lower case.
    """

    raw: bytes
    start: tuple[str, ...]
    headers: dict[str, str]

    @classmethod
    def read(cls, stream: io.BufferedReader) -> Head:
        """Return the next head; ``BrokenConnection`` at the end, and where something else than HTTP comes."""
        if not stream.peek(1)[:1].isalpha():
            raise BrokenConnection
        lines = [stream.readline()]
        while lines[-1] not in {b"\r\n", b"\n", b""}:
            lines.append(stream.readline())
        if lines[-1] == b"":
            raise BrokenConnection
        pairs = (line.decode("latin-1").partition(":") for line in lines[1:-1])
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        return cls(b"".join(lines), tuple(lines[0].decode("latin-1").split(maxsplit=2)), headers)

    @property
    def status(self) -> int:
        """The status of an answer."""
        return int(self.start[1])

    @property
    def expects_continue(self) -> bool:
        """Whether the client waits for a 100 before it sends the body (RFC 9110, 10.1.1)."""
        return self.headers.get("expect", "").lower() == "100-continue"

    @property
    def closes(self) -> bool:
        """Whether the connection ends after this message."""
        return self.headers.get("connection", "").lower() == "close"

    def body(self, stream: io.BufferedReader) -> Iterator[bytes]:
        """Yield the body as it stands on the wire (RFC 9112, 6): chunked, or as long as it says, or none."""
        if "chunked" in self.headers.get("transfer-encoding", "").lower():
            return _chunks(stream)
        return _read(stream, int(self.headers.get("content-length", "0")))

    def answer_body(self, stream: io.BufferedReader, request: Head) -> Iterator[bytes]:
        """Yield the body of this answer to a request."""
        if request.start[0] == "HEAD" or self.status in _WITHOUT_BODY:
            return iter(())
        return self.body(stream)


def read_answer(stream: io.BufferedReader) -> Head:
    """Return the head of the final answer, whatever interim ones (1xx) come before it."""
    head = Head.read(stream)
    while head.status < HTTPStatus.OK:
        head = Head.read(stream)
    return head


def cut(pieces: Iterable[bytes], after: int | None) -> Iterator[bytes]:
    """Yield ``after`` bytes, then raise ``BrokenConnection``; None: yield all."""
    left = after
    for piece in pieces:
        if left is not None and len(piece) >= left:
            yield piece[:left]
            raise BrokenConnection
        left = None if left is None else left - len(piece)
        yield piece


def corrupted(pieces: Iterable[bytes], at: int | None) -> Iterator[bytes]:
    """Yield the pieces with one bit of the byte at ``at`` changed; None: unchanged."""
    position = 0
    for piece in pieces:
        index = -1 if at is None else at - position
        position += len(piece)
        hit = 0 <= index < len(piece)
        yield piece[:index] + bytes([piece[index] ^ 1]) + piece[index + 1 :] if hit else piece


def drain(pieces: Iterable[bytes]) -> None:
    """Read a body to its end."""
    for _ in pieces:
        pass


def make_answer(status: int, body: bytes, headers: Mapping[str, str]) -> tuple[bytes, bytes]:
    """Return head and body of an answer."""
    own = {"Content-Type": "application/xml", "Content-Length": str(len(body)), "x-amz-request-id": "STAGED"}
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    lines += [f"{name}: {value}" for name, value in {**own, **headers}.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1"), body


def make_error(status: int, code: str | None, message: str) -> bytes:
    """Return the body of an error (S3 API reference, "REST error responses")."""
    code = code or _CODES.get(status) or HTTPStatus(status).phrase.replace(" ", "")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message><RequestId>STAGED</RequestId></Error>"
    ).encode()


def _chunks(stream: io.BufferedReader) -> Iterator[bytes]:
    """Yield a chunked body with its frame (RFC 9112, 7.1)."""
    size = -1
    while size:
        line = stream.readline() or _broken()
        size = int(line.split(b";")[0], 16)
        yield line
        if size:
            yield from _read(stream, size + 2)
    while (line := stream.readline() or _broken()) != b"\r\n":
        yield line
    yield line


def _read(stream: io.BufferedReader, size: int) -> Iterator[bytes]:
    while size:
        piece = stream.read1(min(size, PIECE)) or _broken()
        size -= len(piece)
        yield piece


def _broken() -> NoReturn:
    raise BrokenConnection

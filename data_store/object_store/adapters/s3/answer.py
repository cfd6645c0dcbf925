"""Answer: what a request got back, from the wire or from whoever stands in for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from data_store.object_store.adapters.s3.answers import InvalidAnswer

__all__ = ["Answer", "AnswerBody"]

_BLOCK = 1024 * 1024
_MOST = 64 * 1024 * 1024


class AnswerBody(Protocol):
    """The body of an answer."""

    def read(self, size: int, /) -> bytes:
        """Return at most ``size`` bytes, ``b""`` only at the end."""

    def read1(self, size: int, /) -> bytes:
        """Return what has come, at most ``size`` bytes, ``b""`` only at the end."""

    def readinto(self, view: memoryview, /) -> int:
        """Read into a buffer, and return how many bytes, 0 only at the end."""

    def close(self) -> None:
        """Give back what it is read from; may be called twice."""


class Answer:
    """An answer.

    Args:
        status: the HTTP status.
        reason: the server's words for it.
        headers: finds names in any case.
        body: its content, not read yet.
        attempts: how many requests were sent for it.

    Attributes:
        answer_lost: whether an attempt before it had no answer: that may have been carried out.
    """

    __slots__ = ("_body", "_data", "answer_lost", "attempts", "headers", "reason", "status")

    def __init__(
        self, status: int, reason: str, headers: Mapping[str, str], body: AnswerBody, *, attempts: int = 1
    ) -> None:
        self.status = status
        self.reason = reason
        self.headers = headers
        self.attempts = attempts
        self.answer_lost = False
        self._body = body
        self._data: bytes | None = None

    @property
    def was_retried(self) -> bool:
        """Whether it answers a repeated request, of which an attempt before may have been carried out."""
        return self.attempts > 1 or self.answer_lost

    @property
    def data(self) -> bytes:
        """All of the body, or what was loaded of it; read once, as ``load`` does."""
        if self._data is None:
            self.load()
        return self._data or b""

    def load(self, most: int | None = None) -> None:
        """Read all of the body, or its first ``most`` bytes, and give the connection back.

        Raises:
            InvalidAnswer: all of it would be more than 64 MiB.
        """
        pieces, left = [], _MOST + 1 if most is None else most
        try:
            while left and (piece := self._body.read(min(_BLOCK, left))):
                pieces.append(piece)
                left -= len(piece)
        finally:
            self._body.close()
        if not left and most is None:
            raise InvalidAnswer("it is longer than 64 MiB")
        self._data = b"".join(pieces)

    def read(self, size: int) -> bytes:
        """Return at most ``size`` bytes of the body, ``b""`` only at the end."""
        return self._body.read(size)

    def read1(self, size: int) -> bytes:
        """Return what has come of the body, at most ``size`` bytes, ``b""`` only at the end."""
        return self._body.read1(size)

    def readinto(self, view: memoryview) -> int:
        """Read into a buffer, and return how many bytes, 0 only at the end."""
        return self._body.readinto(view)

    def close(self) -> None:
        """Give the connection back; one whose body is not read to its end is closed."""
        self._body.close()

"""uvicorn's HTTP protocol, with an end to the patience with clients that hold a connection and do nothing with it."""

from __future__ import annotations

import re
from asyncio import TimerHandle, Transport

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["BoundedProtocol"]

_MAX_BYTES = 64 * 1024  # what uvicorn's other protocol, and most servers, take
_DRAINED_BYTES = 1024 * 1024


class BoundedProtocol(HttpToolsProtocol):
    """Closes connections that hold what they do not use, and lets go of what was kept for them.

    Those are connections that

    - bring over 64 KiB of head or trailer, of which the parser would keep all;
    - have no request under way for ``HEAD_SECONDS``: from the connection, or from the last answer, to the end of the
      next head (uvicorn's own limit for idle ones ends with the first byte of anything). The rest of a body that was
      refused is dropped meanwhile: each 1 MiB of it begins the time again, so that clients which read the answer only
      when they have sent all, as browsers, see it;
    - take too little of what was written for ``WRITE_SECONDS``: 512 KiB, a chunk of the application, at the most;
    - name another host in the target than in the header ``Host``: RFC 9112, 3.2.2 has the one in the target count, and
      the application is told the other one.
    """

    HEAD_SECONDS = 20.0
    WRITE_SECONDS = 60.0

    _unparsed = 0
    _drained = 0
    _waiting: TimerHandle | None = None
    _writing: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin with a connection."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """End with a connection."""
        self._stop_waiting()
        self._stop_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes of the client."""
        self._unparsed += len(data)
        super().data_received(data)
        if self._unparsed > _MAX_BYTES and not self.transport.is_closing():
            self.send_400_response("The head of the request is too long.")

    def on_headers_complete(self) -> None:
        """Begin with a request."""
        self._unparsed = 0
        self._check_authority()
        super().on_headers_complete()
        self._stop_waiting()

    def on_body(self, body: bytes) -> None:
        """Take bytes of a body."""
        self._unparsed = 0
        super().on_body(body)
        if self._waiting is not None:
            self._drained += len(body)
            if self._drained >= _DRAINED_BYTES:
                self._wait()

    def on_message_complete(self) -> None:
        """End with a request."""
        self._unparsed = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """End with an answer."""
        super().on_response_complete()
        if self.cycle.response_complete:  # else the next request came ahead, and is under way
            self._wait()

    def pause_writing(self) -> None:
        """Wait for the client to take what was written."""
        super().pause_writing()
        self._stop_writing()
        self._writing = self.loop.call_later(self.WRITE_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on writing."""
        self._stop_writing()
        super().resume_writing()

    def _check_authority(self) -> None:
        """Raise ValueError, which is answered 400, if the target has a host of its own."""
        scheme, found, rest = self.url.partition(b"://")
        if found and b"/" not in scheme:
            authority = re.split(rb"[/?#]", rest, maxsplit=1)[0].lower()
            if [authority] != [value.lower() for name, value in self.headers if name == b"host"]:
                raise ValueError("the target names another host than the header Host")

    def _wait(self) -> None:
        self._stop_waiting()
        self._drained = 0
        self._waiting = self.loop.call_later(self.HEAD_SECONDS, self._end_waiting)

    def _end_waiting(self) -> None:
        if self._writing is not None:  # the client is still taking the last answer
            self._wait()
        else:
            self.transport.abort()

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _stop_writing(self) -> None:
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None

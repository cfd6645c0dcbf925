"""uvicorn's HTTP protocol, with an end to the patience with heads and trailers that never end."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["BoundedProtocol"]

_MAX_BYTES = 64 * 1024  # what uvicorn's other protocol, and most servers, take


class BoundedProtocol(HttpToolsProtocol):
    """Closes a connection that brings over 64 KiB of head or trailer, of which the parser would keep all."""

    _unparsed = 0

    def data_received(self, data: bytes) -> None:
        """Take bytes of the client."""
        self._unparsed += len(data)
        super().data_received(data)
        if self._unparsed > _MAX_BYTES and not self.transport.is_closing():
            self.send_400_response("The head of the request is too long.")

    def on_headers_complete(self) -> None:
        """Begin with a request."""
        self._unparsed = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take bytes of a body."""
        self._unparsed = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End with a request."""
        self._unparsed = 0
        super().on_message_complete()

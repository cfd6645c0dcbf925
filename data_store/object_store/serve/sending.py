"""Sending answers, at the pace of the client."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import IO

import anyio
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Send

from data_store.object_store.serve.answers import Answer
from data_store.object_store.serve.bridge import Threads
from data_store.object_store.serve.reading import CHUNK

__all__ = ["SEND_SECONDS", "Sending"]

SEND_SECONDS = 60.0
"""How long a client may take for what was sent before, at the most a chunk of 512 KiB, when there is more for it."""

_WITHOUT_LENGTH = frozenset({204, 304})  # RFC 9110, 8.6


class Sending:
    """An answer on its way, chunk by chunk; the server takes one when the client has taken those before.

    So a client, however slow, holds two chunks (1 MiB) and an open file, and both for ``SEND_SECONDS`` only if it
    takes nothing.

    Attributes:
        sent: bytes of the body that the server has taken.
    """

    def __init__(self, receive: Receive, send: Send, threads: Threads) -> None:
        self._receive = receive
        self._send = send
        self._threads = threads
        self._gone = False
        self.sent = 0

    async def run(self, answer: Answer, method: str) -> None:
        """Send an answer.

        Raises:
            ClientDisconnect: the client went away before the end, or was too slow.
            ObjectStoreError: the body broke; what is missing tells the client so.
        """
        try:
            await self._begin(answer)
            await self._pass(b"" if method == "HEAD" else answer.body, more=answer.rest is not None)
            if answer.rest is not None:
                await self._while_there(partial(self._pass_all, answer.rest))
                await self._pass(b"", more=False)
        finally:
            if answer.rest is not None:
                answer.rest.close()

    async def _begin(self, answer: Answer) -> None:
        headers = answer.headers
        if answer.status not in _WITHOUT_LENGTH:
            headers.setdefault("content-length", str(len(answer.body)))
        raw = [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers.items()]
        await self._tell({"type": "http.response.start", "status": int(answer.status), "headers": raw})

    async def _pass_all(self, rest: IO[bytes]) -> None:
        while chunk := await self._threads.run(partial(rest.read, CHUNK)):
            await self._pass(chunk, more=True)

    async def _pass(self, body: bytes, *, more: bool) -> None:
        await self._tell({"type": "http.response.body", "body": body, "more_body": more})
        self.sent += len(body)

    async def _tell(self, message: Message) -> None:
        with anyio.move_on_after(SEND_SECONDS) as waiting:
            await self._send(message)
        if waiting.cancelled_caught:
            raise ClientDisconnect

    async def _while_there(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do work until it is done or the client has gone."""
        failure: Exception | None = None
        async with anyio.create_task_group() as group:
            group.start_soon(self._listen, group.cancel_scope)
            try:
                await work()
            except Exception as error:  # noqa: BLE001 a group would wrap it
                failure = error
            group.cancel_scope.cancel()
        if failure is not None:
            raise failure
        if self._gone:
            raise ClientDisconnect

    async def _listen(self, working: anyio.CancelScope) -> None:
        """Notice that the client has gone: sending does not tell everywhere (ASGI, "Disconnected Client")."""
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone = True
        working.cancel()

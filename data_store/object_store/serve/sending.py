"""Sending answers, at the pace of the client."""

from __future__ import annotations

from functools import partial
from typing import IO

import anyio
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Send

from data_store.object_store.serve.answers import Answer
from data_store.object_store.serve.bridge import Threads
from data_store.object_store.serve.reading import CHUNK

__all__ = ["send_answer"]

_WITHOUT_LENGTH = frozenset({204, 304})  # RFC 9110, 8.6


async def send_answer(answer: Answer, method: str, receive: Receive, send: Send, threads: Threads) -> int:
    """Send an answer; return the bytes of its body.

    Raises:
        ClientDisconnect: the client went away before the end.
        ObjectStoreError: the body broke; what is missing tells the client so.
    """
    headers = answer.headers
    if answer.status not in _WITHOUT_LENGTH:
        headers.setdefault("content-length", str(len(answer.body)))
    raw = [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": int(answer.status), "headers": raw})
    body = b"" if method == "HEAD" else answer.body
    await send({"type": "http.response.body", "body": body, "more_body": answer.rest is not None})
    if answer.rest is None:
        return len(body)
    return len(body) + await _send_rest(answer.rest, receive, send, threads)


async def _send_rest(rest: IO[bytes], receive: Receive, send: Send, threads: Threads) -> int:
    """Send the rest of a body, chunk by chunk; the server takes one when the client has taken those before."""
    sent, gone = 0, False
    failure: Exception | None = None

    async def listen() -> None:
        """Notice that the client has gone: sending does not tell everywhere (ASGI, "Disconnected Client")."""
        nonlocal gone
        while (await receive())["type"] != "http.disconnect":
            pass
        gone = True
        group.cancel_scope.cancel()

    try:
        async with anyio.create_task_group() as group:
            group.start_soon(listen)
            try:
                while chunk := await threads.run(partial(rest.read, CHUNK)):
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
                    sent += len(chunk)
            except Exception as error:  # noqa: BLE001 a group would wrap it
                failure = error
            group.cancel_scope.cancel()
    finally:
        rest.close()
    if failure is not None:
        raise failure
    if gone:
        raise ClientDisconnect
    await send({"type": "http.response.body", "body": b"", "more_body": False})
    return sent

"""Between the server's loop, where nothing may wait, and the store, whose calls do.

A body comes in pieces as the network has them, and goes to the store in blocks. The store asks for a block when it
has done with the one before, and only then the client is read on: so what is in memory of an upload is a block or two,
however long it is and however slow either side.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Protocol, TypeVar

import anyio
from anyio import CapacityLimiter, from_thread, to_thread
from anyio.lowlevel import RunVar
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from data_store.object_store.serve.answers import RefusalError

__all__ = ["BLOCK", "IDLE_SECONDS", "Blocks", "Body", "Threads", "consume", "gathered"]

# Bytes. A block costs a change of threads, some 50 microseconds; its MD5 takes thirty times as long.
BLOCK = 1024 * 1024
IDLE_SECONDS = 60.0
"""How long a client may send nothing in the middle of a body."""
_THREADS = 32
_UPLOADS = 32

T = TypeVar("T")


class Threads:
    """The threads of one application.

    Uploads hold a thread for as long as the client sends, so they have places of their own: slow ones never keep a
    read from its turn, and those that find no place wait, unread.
    """

    def __init__(self) -> None:
        self._short: RunVar[CapacityLimiter] = RunVar("short")
        self._long: RunVar[CapacityLimiter] = RunVar("long")

    async def run(self, work: Callable[[], T]) -> T:
        """Return the result of work that takes its time on disk only."""
        return await to_thread.run_sync(work, limiter=_limiter(self._short, _THREADS))

    async def run_long(self, work: Callable[[], T]) -> T:
        """Return the result of work that waits for the client."""
        return await to_thread.run_sync(work, limiter=_limiter(self._long, _UPLOADS))


def _limiter(variable: RunVar[CapacityLimiter], places: int) -> CapacityLimiter:
    """Return the limiter of the running loop."""
    try:
        return variable.get()
    except LookupError:
        limiter = CapacityLimiter(places)
        variable.set(limiter)
        return limiter


class Blocks(Protocol):
    """Bytes that come from a client."""

    async def block(self) -> bytes:
        """Return the next bytes, ``BLOCK`` or a little more; fewer only at the end, ``b""`` behind it."""


class Body:
    """The body of a request.

    Attributes:
        begun: whether anything was asked for: then a client that waits for ``100 Continue`` has got it.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._ended = False
        self.begun = False

    async def piece(self) -> bytes:
        """Return the next bytes as they come; ``b""`` only at the end.

        Raises:
            ClientDisconnect: the client went away.
            RefusalError: it sent nothing for a minute.
        """
        self.begun = True
        while not self._ended:
            with anyio.CancelScope(deadline=anyio.current_time() + IDLE_SECONDS) as idle:
                message = await self._receive()
            if idle.cancelled_caught:
                raise RefusalError(
                    400, "RequestTimeout", "Nothing of the body came for too long.", {"connection": "close"}
                )
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            self._ended = not message.get("more_body", False)
            if body := message.get("body", b""):
                return bytes(body)
        return b""

    async def block(self) -> bytes:
        """See ``Blocks``."""
        return await gathered(self.piece)


async def gathered(piece: Callable[[], Awaitable[bytes]]) -> bytes:
    """Return what pieces have until they are a block."""
    pieces, size = [], 0
    while size < BLOCK and (found := await piece()):
        pieces.append(found)
        size += len(found)
    return b"".join(pieces)


async def consume(body: Blocks, work: Callable[[Iterable[bytes]], T], threads: Threads) -> T:
    """Return the result of work on a body, which is handed to it as blocks; what reading them raises, the work meets.

    A body of no more than a block is waited for before any thread is taken.
    """
    first = await body.block()
    if len(first) < BLOCK:
        return await threads.run(lambda: work([first]))
    return await threads.run_long(lambda: work(_blocks(first, body)))


def _blocks(first: bytes, body: Blocks) -> Iterator[bytes]:
    yield first
    while block := from_thread.run(body.block):
        yield block

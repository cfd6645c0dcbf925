"""Between the server's loop, where nothing may wait, and the store, whose calls do.

A body comes in pieces as the network has them, and goes to the store in blocks. The store asks for a block when it
has done with the one before, and only then the client is read on: so what is in memory of an upload is a block or two,
however long it is and however slow either side. At most ``BODIES`` uploads are read at a time: some 256 MiB for all
of them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from itertools import count
from typing import Protocol, TypeVar

import anyio
from anyio import CapacityLimiter, from_thread, to_thread
from anyio.lowlevel import RunVar
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from data_store.object_store.serve.answers import RefusalError

__all__ = [
    "BLOCK",
    "BLOCK_SECONDS",
    "BODIES",
    "PLACE_SECONDS",
    "Blocks",
    "Body",
    "Threads",
    "consume",
    "gathered",
    "in_time",
]

# Bytes. A block costs a change of threads, some 50 microseconds; its MD5 takes thirty times as long.
BLOCK = 1024 * 1024
BLOCK_SECONDS = 60.0
"""How long a client may take for a block of a body, or for its end: 17 KiB each second are enough."""
BODIES = 128
"""How many bodies are read at a time."""
PLACE_SECONDS = 60.0
"""How long another one waits, unread, to be among them."""
_THREADS = 32
_numbers = count()

T = TypeVar("T")


class Threads:
    """The threads of one application.

    Uploads hold a thread for as long as the client sends, so those have places of their own: slow ones never keep a
    read from its turn.
    """

    def __init__(self) -> None:
        number = next(_numbers)  # older versions of anyio know a RunVar by its name
        self._short: RunVar[CapacityLimiter] = RunVar(f"short {number}")
        self._bodies: RunVar[CapacityLimiter] = RunVar(f"bodies {number}")

    async def run(self, work: Callable[[], T]) -> T:
        """Return the result of work that takes its time on disk only."""
        return await to_thread.run_sync(work, limiter=_limiter(self._short, _THREADS))

    async def run_long(self, work: Callable[[], T]) -> T:
        """Return the result of work that waits for a client who has a place."""
        return await to_thread.run_sync(work, limiter=CapacityLimiter(1))

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Hold one of the places for bodies.

        Raises:
            RefusalError: none became free in time.
        """
        places = _limiter(self._bodies, BODIES)
        with anyio.move_on_after(PLACE_SECONDS) as waiting:
            await places.acquire()
        if waiting.cancelled_caught:
            message = "Too many uploads are under way: try again."
            raise RefusalError(HTTPStatus.SERVICE_UNAVAILABLE, "SlowDown", message)
        try:
            yield
        finally:
            places.release()


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
        """
        self.begun = True
        while not self._ended:
            message = await self._receive()
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
    """Return what pieces have until they are a block.

    Raises:
        RefusalError: they did not come in time.
    """
    pieces: list[bytes] = []

    async def gather() -> None:
        size = 0
        while size < BLOCK and (found := await piece()):
            pieces.append(found)
            size += len(found)

    await in_time(gather)
    return b"".join(pieces)


async def in_time(work: Callable[[], Awaitable[object]]) -> None:
    """Wait for something of a body, as long as a client may take.

    Raises:
        RefusalError: it took longer.
    """
    with anyio.move_on_after(BLOCK_SECONDS) as waiting:
        await work()
    if waiting.cancelled_caught:
        message = "The body came too slowly, or no more of it."
        raise RefusalError(HTTPStatus.BAD_REQUEST, "RequestTimeout", message, {"connection": "close"})


async def consume(body: Blocks, work: Callable[[Iterable[bytes]], T], threads: Threads) -> T:
    """Return the result of work on a body, which is handed to it as blocks; what reading them raises, the work meets.

    A body of no more than a block is waited for before any thread is taken.

    Raises:
        RefusalError: too many bodies are read already, or this one came too slowly.
    """
    async with threads.place():
        begun = [await body.block()]
        if len(begun[0]) < BLOCK:
            return await threads.run(lambda: work(begun))
        return await threads.run_long(lambda: work(_blocks(begun, body)))


def _blocks(begun: list[bytes], body: Blocks) -> Iterator[bytes]:
    yield begun.pop()  # nothing else keeps it
    while block := from_thread.run(body.block):
        yield block

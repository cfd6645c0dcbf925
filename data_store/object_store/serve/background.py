"""The application in a thread of this process: for tests, and for programs that serve on the side."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

from starlette.types import ASGIApp
from uvicorn import Server

from data_store.object_store.errors import ConnectionFailed
from data_store.object_store.serve.server import bound, configuration, url_of

__all__ = ["running"]

_START_SECONDS = 10.0
_END_SECONDS = 5


@contextmanager
def running(app: ASGIApp, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Yield the base URL (``http://host:port``) at which the application answers, until the block ends.

    Args:
        app: the application.
        host: the address to listen on.
        port: the port; 0: one that is free.

    Raises:
        OSError: there is no listening there.
        ConnectionFailed: the server did not start.
    """
    with closing(bound(host, port)) as listener:
        server = Server(configuration(app, end_seconds=_END_SECONDS))
        thread = threading.Thread(target=server.run, args=([listener],), name="data-store-serve", daemon=True)
        thread.start()
        try:
            _wait_until_started(server, thread)
            yield url_of(listener)
        finally:
            server.should_exit = True
            thread.join()


def _wait_until_started(server: Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise ConnectionFailed("the server did not start")
        time.sleep(0.005)

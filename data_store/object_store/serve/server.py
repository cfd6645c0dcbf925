"""How uvicorn runs the application."""

from __future__ import annotations

import logging
import signal
import socket
from collections.abc import Callable
from contextlib import closing, suppress

from starlette.types import ASGIApp
from uvicorn import Config, Server

from data_store.object_store.serve.protocol import BoundedProtocol

__all__ = ["bound", "configuration", "serve", "url_of"]

_BACKLOG = 2048
_END_SECONDS = 30


def serve(app: ASGIApp, host: str, port: int, started: Callable[[str], object]) -> None:
    """Run until SIGINT or SIGTERM.

    Args:
        app: the application.
        host: the address to listen on.
        port: the port; 0: one that is free.
        started: called with the URL, when clients can connect.

    Raises:
        OSError: there is no listening there.
    """
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # uvicorn raises a signal again when it has ended
    with closing(bound(host, port)) as listener, suppress(KeyboardInterrupt):
        started(url_of(listener))
        Server(configuration(app, end_seconds=_END_SECONDS)).run([listener])


def configuration(app: ASGIApp, *, end_seconds: int) -> Config:
    """Return the configuration of a server.

    Its access log is off: it would show signatures. The application has a log of its own. There is no
    ``limit_concurrency``: it counts idle connections, and from then on refuses every request, also those of clients
    that were connected before. ``BoundedProtocol`` ends the idle ones instead.

    Args:
        app: the application.
        end_seconds: how long requests under way may take when the server is to end.
    """
    return Config(
        app,
        http=BoundedProtocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=end_seconds,
    )


def bound(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    It says that it is TCP's, which those of ``socket.create_server`` leave open: only then asyncio turns Nagle's
    algorithm off, with which a small answer waits 40 ms for the client to acknowledge the one before.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


def url_of(listener: socket.socket) -> str:
    """Return the URL of what listens, without a path."""
    host, port, *_ = listener.getsockname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

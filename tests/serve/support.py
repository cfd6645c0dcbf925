"""What the tests of the serving application share."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple, cast
from urllib.parse import urlsplit

from data_store.object_store import ObjectStore

PATIENCE_SECONDS = 10.0


class Served(NamedTuple):
    """A store that signs for the URL at which it is served."""

    store: ObjectStore
    url: str
    root: Path

    @property
    def leftovers(self) -> list[str]:
        """What lies in the store's directories for unfinished content."""
        return [f"{place}/{file.name}" for place in ("temp", "pending") for file in (self.root / place).glob("*")]


def open_store(root: str | Path, public_endpoint: str | None = None) -> ObjectStore:
    """Return a store in a directory."""
    connection = {"root": root, "durability": "relaxed"}
    config = {"framework": "local", "root_bucket": "photos", "connection": connection}
    return ObjectStore(config | {"presign": {"public_endpoint": public_endpoint}})


@contextmanager
def program(*arguments: str, stderr: int | None = None) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
    """Run Python in a process of its own, which ends with the block; yield it, and what it says."""
    with subprocess.Popen([sys.executable, *arguments], stdout=subprocess.PIPE, stderr=stderr, text=True) as process:
        try:
            yield process, cast(IO[str], process.stdout)
        finally:
            process.kill()


def connect(url: str) -> socket.socket:
    """Return a connection to the server of a URL."""
    place = urlsplit(url)
    return socket.create_connection((place.hostname or "", place.port or 80), timeout=PATIENCE_SECONDS)


def head(method: str, url: str, *headers: str, version: str = "1.1") -> bytes:
    """Return the head of a request for a URL."""
    place = urlsplit(url)
    target = f"{place.path}?{place.query}" if place.query else place.path
    lines = [f"{method} {target} HTTP/{version}", f"Host: {place.netloc}", *headers, "", ""]
    return "\r\n".join(lines).encode()


def answer_of(connection: socket.socket, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
    """Return status, headers (by names in lower case) and body of the next answer, which is one to such a request."""
    top = bytearray()
    while not top.endswith(b"\r\n\r\n"):
        top += _some(connection, 1)
    lines = top.decode().strip().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:])
    length = 0 if method == "HEAD" else int(headers.get("content-length", "0"))
    body = bytearray()
    while len(body) < length:
        body += _some(connection, min(length - len(body), 65536))
    return int(lines[0].split()[1]), headers, bytes(body)


def exchange(method: str, url: str, *headers: str, body: bytes = b"", version: str = "1.1") -> tuple[int, bytes]:
    """Send one request as it is written; return status and body of the answer."""
    with connect(url) as connection:
        connection.sendall(head(method, url, *headers, version=version) + body)
        status, _, content = answer_of(connection, method)
        return status, content


def code_of(body: bytes) -> str:
    """Return the code of an error's document."""
    return body.partition(b"<Code>")[2].partition(b"</Code>")[0].decode()


def eventually(holds: Callable[[], object]) -> bool:
    """Return whether something becomes true before patience ends."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.01)
    return bool(holds())


def pieces(size: int, piece: int = 1024 * 1024) -> Iterable[bytes]:
    """Yield so many bytes, which are not all the same."""
    content = bytes(range(256)) * (piece // 256)
    for start in range(0, size, piece):
        yield content[: min(piece, size - start)]


def _some(connection: socket.socket, most: int) -> bytes:
    found = connection.recv(most)
    assert found, "the server closed the connection"
    return found

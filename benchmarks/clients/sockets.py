"""The bound: the least that moves the same bytes from Python. ``http.client``, URLs signed beforehand, ``sendfile``."""

from __future__ import annotations

import http.client
import os
import socket
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from benchmarks.clients.base import MIB, Client, Connection

if TYPE_CHECKING:
    import ssl

_EXPIRES = 12 * 3600


class Sockets(Client):
    """One connection a thread, kept alive; nothing is verified and nothing is retried."""

    def __init__(self, connection: Connection, options: dict[str, Any], threads: int) -> None:
        super().__init__(connection, options, threads)
        self._at = urlsplit(connection["endpoint"])
        self._tls = _trusting(connection.get("ca")) if self._at.scheme == "https" else None
        self._signed: dict[str, str] = dict(options.get("signed", {}))
        self._local = threading.local()

    def sign(self, method: str, keys: list[str]) -> None:
        from data_store.object_store.signing import sigv4

        self._sigv4 = sigv4
        for key in keys:
            self._signed[f"{method} {key}"] = self._presigned(method, f"/{self.connection['bucket']}/{key}", {})

    def upload(self, path: str, key: str) -> None:
        size = os.stat(path).st_size
        wire = self._wire()
        wire.putrequest("PUT", self.target("PUT", key), skip_accept_encoding=True)
        wire.putheader("Content-Length", str(size))
        wire.endheaders()
        with open(path, "rb") as file:
            if self._tls is None:
                _send_file(wire.sock, file.fileno(), size)
            else:
                while chunk := file.read(MIB):
                    wire.sock.sendall(chunk)
        self._answer(wire).read()

    def download(self, key: str, path: str) -> None:
        wire = self._wire()
        wire.request("GET", self.target("GET", key))
        answer = self._answer(wire)
        buffer = memoryview(bytearray(MIB))
        with open(path, "wb", buffering=0) as file:
            while count := answer.readinto(buffer):
                file.write(buffer[:count])

    def put(self, key: str, data: bytes) -> None:
        wire = self._wire()
        wire.request("PUT", self.target("PUT", key), data)
        self._answer(wire).read()

    def get(self, key: str) -> int:
        wire = self._wire()
        wire.request("GET", self.target("GET", key))
        return len(self._answer(wire).read())

    def delete(self, key: str) -> None:
        self._do("DELETE", f"/{self.connection['bucket']}/{key}")

    def create_bucket(self) -> None:
        """Make the bucket of the connection."""
        self._do("PUT", f"/{self.connection['bucket']}")

    def _do(self, method: str, path: str) -> None:
        self.sign(method, [])
        wire = self._wire()
        wire.request(method, self._presigned(method, path, {}))
        self._answer(wire).read()

    def list_keys(self, prefix: str) -> int:
        from xml.parsers import expat

        found, token = 0, ""
        while True:
            names: list[str] = []
            text: dict[str, str] = {}
            parser = expat.ParserCreate()
            parser.buffer_text = True
            parser.StartElementHandler = lambda name, _, seen=names: seen.append(name)
            parser.CharacterDataHandler = lambda data, seen=names, kept=text: kept.__setitem__(seen[-1], data)
            parser.Parse(self._page(prefix, token), True)
            found += names.count("Key")
            if text["IsTruncated"] != "true":
                return found
            token = text["NextContinuationToken"]

    def _page(self, prefix: str, token: str) -> bytes:
        parameters = {"list-type": "2", "prefix": prefix} | ({"continuation-token": token} if token else {})
        wire = self._wire()
        wire.request("GET", self._presigned("GET", f"/{self.connection['bucket']}", parameters))
        return self._answer(wire).read()

    def _wire(self) -> http.client.HTTPConnection:
        wire: http.client.HTTPConnection | None = getattr(self._local, "wire", None)
        if wire is None:
            wire = self._connected()
            self._local.wire = wire
        return wire

    def _connected(self) -> http.client.HTTPConnection:
        host, port = str(self._at.hostname), self._at.port
        if self._tls is None:
            wire = http.client.HTTPConnection(host, port, blocksize=MIB)
        else:
            wire = http.client.HTTPSConnection(host, port, blocksize=MIB, context=self._tls)
        wire.connect()
        wire.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return wire

    def _answer(self, wire: http.client.HTTPConnection) -> http.client.HTTPResponse:
        if hasattr(socket, "TCP_QUICKACK"):
            wire.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        answer = wire.getresponse()
        if answer.status not in (200, 204):
            raise RuntimeError(f"HTTP {answer.status}: {answer.read()[:500]!r}")
        return answer

    def target(self, method: str, key: str) -> str:
        """Return path and query of a request, signed now if that was not done beforehand."""
        name = f"{method} {key}"
        if name not in self._signed:
            self.sign(method, [key])
        return self._signed[name]

    def _presigned(self, method: str, path: str, parameters: dict[str, str]) -> str:
        from datetime import UTC, datetime

        at = self.connection
        credentials = self._sigv4.Credentials(at["access_key"], at["secret_key"])
        query = self._sigv4.presign_query(
            method,
            self._at.netloc,
            path,
            parameters,
            {},
            credentials,
            at["region"],
            expires=_EXPIRES,
            now=datetime.now(UTC),
        )
        return f"{path}?{query}"


def _trusting(ca: str | None) -> ssl.SSLContext:
    import ssl

    return ssl.create_default_context(cafile=ca)


def _send_file(wire: socket.socket, file: int, size: int) -> None:
    """Have the kernel send it all. The socket has no timeout, so that it blocks."""
    offset = 0
    while offset < size:
        offset += os.sendfile(wire.fileno(), file, offset, size - offset)

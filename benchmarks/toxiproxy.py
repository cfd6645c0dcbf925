"""Latency between clients and a server on loopback: toxiproxy, a program on loopback that this starts and ends."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from benchmarks import environments
from benchmarks.servers import Running
from tests.servers.loopback import free_port

_SECONDS_TO_START = 10


@contextmanager
def toxiproxy() -> Iterator[str]:
    """Start it; give the URL of its API.

    Raises:
        NotToBeHad: it cannot be built here.
    """
    port = free_port()
    command = [str(environments.program("toxiproxy")), "-host", "127.0.0.1", "-port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        api = f"http://127.0.0.1:{port}"
        _wait(api)
        yield api
    finally:
        process.terminate()
        process.wait(timeout=30)


def slowed(api: str, server: Running, milliseconds: int) -> Running:
    """Return the server behind a proxy that holds back each byte of its answers for so long."""
    at, listen = urlsplit(server.connection["endpoint"]), f"127.0.0.1:{free_port()}"
    name = f"proxy-{milliseconds}"
    _post(f"{api}/proxies", {"name": name, "listen": listen, "upstream": at.netloc, "enabled": True})
    toxic = {"name": "latency", "type": "latency", "stream": "downstream", "attributes": {"latency": milliseconds}}
    _post(f"{api}/proxies/{name}/toxics", toxic)
    connection = server.connection.copy()
    connection["endpoint"] = f"{at.scheme}://{listen}"
    return replace(server, connection=connection)


def _wait(api: str) -> None:
    deadline = time.monotonic() + _SECONDS_TO_START
    while True:
        try:
            with urlopen(f"{api}/version", timeout=1):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _post(url: str, body: dict[str, Any]) -> None:
    # toxiproxy refuses programs that look like browsers.
    headers = {"Content-Type": "application/json", "User-Agent": "data-store-benchmarks"}
    with urlopen(Request(url, json.dumps(body).encode(), headers), timeout=10):
        pass

"""What serving presigned requests costs, beside MinIO and static files: 4 KiB and 1 GiB, GET and PUT.

    python -m benchmarks.serving [--quick] [--runs 5] [--requests 2000] [--size 1024] [--directory DIRECTORY]

One client on one connection of ``http.client``, on loopback, the same for all, writing and reading blocks of 1 MiB that
touch no disk. The servers are measured in turn; what is printed are medians over the runs, of the time that passed and
of the CPU time of both sides, and the highest peak of the server's resident memory. MinIO is the program that
``DATA_STORE_MINIO`` names, or ``minio`` on PATH; what is not installed is left out. Linux only (/proc).
"""

from __future__ import annotations

import argparse
import http.client
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from benchmarks.web_servers import SERVERS, WebServer

MIB = 1024**2
BLOCK = os.urandom(MIB)
SMALL, LARGE, SMALL_SIZE = "small", "large", 4096
KEYS = 100


class Cost(NamedTuple):
    """What one run took: seconds that passed, CPU seconds of client and server, bytes of the server's peak."""

    seconds: float
    client: float
    server: float
    peak: int


class Work(NamedTuple):
    """What is measured: its name, how many requests it makes, how many bytes all of them move, and how it is done."""

    name: str
    requests: int
    bytes: int
    uploads: bool
    run: Callable[[WebServer], None]


def main() -> None:
    """Measure small, then large objects, and print a table of each."""
    given = _arguments()
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=given.directory)))
        servers = [stack.enter_context(kind(directory)) for kind in SERVERS if kind.is_there()]
        files = {SMALL: _file(directory / SMALL, SMALL_SIZE), LARGE: _file(directory / LARGE, given.size * MIB)}
        for server in servers:
            server.fill(files)
        small, large = _works(given.requests, given.size * MIB)
        print("| 4 KiB | server | requests/s | / MinIO | client CPU us | server CPU us | server peak MiB |")
        _print(small, servers, given.runs, 1e6 / given.requests)
        print(f"\n| {given.size} MiB | server | MB/s | / MinIO | client CPU s | server CPU s | server peak MiB |")
        _print(large, servers, given.runs, 1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--requests", type=int, default=2000, help="for small objects, in each run")
    parser.add_argument("--size", type=int, default=1024, help="of the large object, in MiB")
    parser.add_argument("--directory", help="where the servers keep what they store")
    parser.add_argument("--quick", action="store_true", help="two runs of 200 requests and of 64 MiB")
    given = parser.parse_args()
    if given.quick:
        given.runs, given.requests, given.size = 2, 200, 64
    return given


def _file(path: Path, size: int) -> Path:
    with path.open("wb") as file:
        for start in range(0, size, MIB):
            file.write(BLOCK[: size - start])
    return path


def _works(requests: int, size: int) -> tuple[list[Work], list[Work]]:
    small = [
        Work("GET", requests, requests * SMALL_SIZE, False, lambda server: _get(server, SMALL, requests, SMALL_SIZE)),
        Work("PUT", requests, requests * SMALL_SIZE, True, lambda server: _put(server, SMALL, requests, SMALL_SIZE)),
    ]
    large = [
        Work("GET", 1, size, False, lambda server: _get(server, LARGE, 1, size)),
        Work("PUT", 1, size, True, lambda server: _put(server, LARGE, 1, size)),
    ]
    return small, large


def _print(works: list[Work], servers: list[WebServer], runs: int, cpu_unit: float) -> None:
    print("|---|---|---:|---:|---:|---:|---:|")
    for work in works:
        able = [server for server in servers if server.takes_uploads or not work.uploads]
        costs = _interleaved(work, able, runs)
        rates = {name: _rate(work, cost.seconds) for name, cost in costs.items()}
        for name, cost in costs.items():
            beside = f"{rates[name] / rates['MinIO']:.2f}" if "MinIO" in rates else ""
            cpu = " | ".join(
                f"{seconds * cpu_unit:.{0 if cpu_unit > 1 else 2}f}" for seconds in (cost.client, cost.server)
            )
            print(f"| {work.name} | {name} | {rates[name]:.0f} | {beside} | {cpu} | {cost.peak / MIB:.0f} |")


def _rate(work: Work, seconds: float) -> float:
    """Return requests a second, of one large object megabytes a second."""
    return work.requests / seconds if work.requests > 1 else work.bytes / seconds / 1e6


def _interleaved(work: Work, servers: list[WebServer], runs: int) -> dict[str, Cost]:
    """Return the medians of each; the first run warms up and does not count."""
    costs: dict[str, list[Cost]] = {server.name: [] for server in servers}
    for _ in range(runs + 1):
        for server in servers:
            costs[server.name].append(_measured(work, server))
    return {name: _median(results[1:]) for name, results in costs.items()}


def _median(costs: list[Cost]) -> Cost:
    seconds, client, server = (statistics.median(times) for times in list(zip(*costs, strict=True))[:3])
    return Cost(seconds, client, server, max(cost.peak for cost in costs))


def _measured(work: Work, server: WebServer) -> Cost:
    server.forget_peak()
    theirs, ours, started = server.cpu_seconds(), time.process_time(), time.perf_counter()
    work.run(server)
    seconds = time.perf_counter() - started
    return Cost(seconds, time.process_time() - ours, server.cpu_seconds() - theirs, server.peak_memory())


def _get(server: WebServer, name: str, requests: int, size: int) -> None:
    target, connection = _target(server, "GET", name)
    buffer = bytearray(MIB)
    for _ in range(requests):
        connection.request("GET", target)
        answer = connection.getresponse()
        got = 0
        while count := answer.readinto(buffer):
            got += count
        assert (answer.status, got) == (200, size), answer.status
    connection.close()


def _put(server: WebServer, name: str, requests: int, size: int) -> None:
    targets = [_target(server, "PUT", f"{name}-{number}") for number in range(min(requests, KEYS))]
    connection = targets[0][1]
    for number in range(requests):
        connection.request("PUT", targets[number % len(targets)][0], _Body(size), {"Content-Length": str(size)})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status
    connection.close()


def _target(server: WebServer, method: str, name: str) -> tuple[str, http.client.HTTPConnection]:
    url = urlsplit(server.url(method, name))
    assert url.hostname is not None
    return f"{url.path}?{url.query}", http.client.HTTPConnection(url.hostname, url.port, blocksize=MIB)


class _Body:
    """A body of so many bytes, from memory."""

    def __init__(self, size: int) -> None:
        self._left = size

    def read(self, size: int = MIB, /) -> bytes:
        taken = BLOCK[: min(size, self._left)]
        self._left -= len(taken)
        return taken


if __name__ == "__main__":
    main()

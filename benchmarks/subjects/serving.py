"""What serving presigned requests costs, beside MinIO and static files: 4 KiB and 1 GiB, GET and PUT.

One client on one connection of ``http.client``, on loopback, the same for all, writing and reading blocks of 1 MiB that
touch no disk. The servers are measured in turn; what is printed are medians over the runs, of the time that passed and
of the CPU time of both sides, and the highest peak of the server's resident memory. MinIO is the program that
``DATA_STORE_MINIO`` names, or ``minio`` on PATH; what is not installed is left out. Linux only (/proc).
"""

from __future__ import annotations

import argparse
import http.client
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from benchmarks import machine, options
from benchmarks.environments import own_versions
from benchmarks.interleave import Measured, Results, middle
from benchmarks.report import Report, publish, table
from benchmarks.web_servers import SERVERS, WebServer

MIB = 1024**2
BLOCK = os.urandom(MIB)
SMALL, LARGE, SMALL_SIZE = "small", "large", 4096
KEYS = 100


class Work(NamedTuple):
    """What is measured: its name, how many requests it makes, how many bytes all of them move, and how it is done."""

    name: str
    requests: int
    bytes: int
    uploads: bool
    run: Callable[[WebServer], None]


def main(arguments: Sequence[str]) -> None:
    """Measure small, then large objects."""
    given = _arguments(arguments)
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=given.directory)))
        servers = [stack.enter_context(kind(directory)) for kind in SERVERS if kind.is_there()]
        files = {SMALL: _file(directory / SMALL, SMALL_SIZE), LARGE: _file(directory / LARGE, given.size * MIB)}
        for server in servers:
            server.fill(files)
        works = _works(given.requests, given.size * MIB)
        results = {work.name: _interleaved(work, _able(work, servers), given.runs) for work in works}
    publish(_report(given, works, results), write=given.write)


def _arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = options.parser("serving", __doc__)
    parser.add_argument("--requests", type=int, default=2000, help="for small objects, in each run; quick: 200")
    parser.add_argument("--size", type=int, default=1024, help="of the large object, in MiB; quick: 64")
    given = parser.parse_args(arguments)
    options.settle(given)
    if given.quick:
        given.requests, given.size = 200, 64
    return given


def _report(given: argparse.Namespace, works: list[Work], results: Results) -> Report:
    small, large = (
        [row for work in works if (work.requests > 1) is many for row in _rows(work, results[work.name])]
        for many in (True, False)
    )
    names = ["server", "{}", "/ MinIO", "client CPU {}", "server CPU {}", "server peak MiB"]
    lines = [
        *table(["4 KiB", *(name.format("requests/s" if name == "{}" else "us") for name in names)], small, names=2),
        "",
        *table(
            [f"{given.size} MiB", *(name.format("MB/s" if name == "{}" else "s") for name in names)], large, names=2
        ),
    ]
    title = "What serving costs: CPU seconds of the client"
    command = f"python -m benchmarks serving --runs {given.runs}"
    facts = machine.description(own_versions(["starlette", "uvicorn"]), set())
    return Report("serving", title, command, facts, given.runs, results, lines, plotted=False)


def _file(path: Path, size: int) -> Path:
    with path.open("wb") as file:
        for start in range(0, size, MIB):
            file.write(BLOCK[: size - start])
    return path


def _works(requests: int, size: int) -> list[Work]:
    moved, mib = requests * SMALL_SIZE, f"{size // MIB} MiB"
    return [
        Work("GET 4 KiB", requests, moved, False, lambda server: _get(server, SMALL, requests, SMALL_SIZE)),
        Work("PUT 4 KiB", requests, moved, True, lambda server: _put(server, SMALL, requests, SMALL_SIZE)),
        Work(f"GET {mib}", 1, size, False, lambda server: _get(server, LARGE, 1, size)),
        Work(f"PUT {mib}", 1, size, True, lambda server: _put(server, LARGE, 1, size)),
    ]


def _able(work: Work, servers: list[WebServer]) -> list[WebServer]:
    return [server for server in servers if server.takes_uploads or not work.uploads]


def _rows(work: Work, found: dict[str, list[Measured]]) -> list[list[str]]:
    rates = {name: _rate(work, middle(samples, "wall")) for name, samples in found.items()}
    unit, digits = (1e6 / work.requests, 0) if work.requests > 1 else (1.0, 2)
    rows = []
    for name, samples in found.items():
        beside = f"{rates[name] / rates['MinIO']:.2f}" if "MinIO" in rates else ""
        cpu = (f"{middle(samples, who) * unit:.{digits}f}" for who in ("cpu", "server"))
        peak = max(sample["memory"] for sample in samples)
        rows.append([work.name.split()[0], name, f"{rates[name]:.0f}", beside, *cpu, f"{peak / MIB:.0f}"])
    return rows


def _rate(work: Work, seconds: float) -> float:
    """Return requests a second, of one large object megabytes a second."""
    return work.requests / seconds if work.requests > 1 else work.bytes / seconds / 1e6


def _interleaved(work: Work, servers: list[WebServer], runs: int) -> dict[str, list[Measured]]:
    """Measure all in turn; the first run warms up and does not count."""
    found: dict[str, list[Measured]] = {server.name: [] for server in servers}
    for run in range(runs + 1):
        for server in servers:
            measured = _measured(work, server)
            if run:
                found[server.name].append(measured)
    return found


def _measured(work: Work, server: WebServer) -> Measured:
    """Return CPU seconds of this process, and of the server with its peak of memory."""
    server.forget_peak()
    theirs, ours, started = server.cpu_seconds(), time.process_time(), time.perf_counter()
    work.run(server)
    wall = time.perf_counter() - started
    cpu, used = time.process_time() - ours, server.cpu_seconds() - theirs
    return Measured(cpu=cpu, wall=wall, memory=server.peak_memory(), server=used)


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

"""Large and small objects, listings and the first request, beside the SDKs and the least that Python's sockets need.

Files and the servers' data are in memory if there is enough. Peers are used as their documentation has it, with a pool
as wide as the threads. The first request ("cold start") includes the client's imports.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

from benchmarks import options
from benchmarks.fixtures import Fixtures, Sizes
from benchmarks.interleave import Results, Task, interleaved, middle
from benchmarks.on_server import (
    BOUND,
    MORE_PEERS,
    OWN,
    PEERS,
    add_server,
    bound,
    command,
    facts,
    on_each,
    prepared,
    there,
)
from benchmarks.report import Goals, Report, Unit, best_peer_rows, goal_rows, matrix, publish, table

COLD = "cold start"
_UNITS = {COLD: Unit("ms", 1e3, 0), "list": Unit(digits=3)}
_GOALS = {
    "up": {"`minio`": 0.15, "`boto3`": 0.15},
    "down": {"`minio`": 0.55, "`boto3`": 0.55},
    "PUT": {"`minio`": 0.45, "`boto3`": 1.2},
    "GET": {"`minio`": 0.35, "`boto3`": 1.2},
    "list": {"`minio`": 0.06, "`boto3`": 0.25},
}
_SDKS = {"`minio`": "minio-py itself", "`boto3`": "boto3 itself"}
_ABOVE_SDK = 0.005


def main(arguments: Sequence[str]) -> None:
    """Measure the servers that are asked for, one after the other."""
    parser = options.parser("s3", __doc__)
    add_server(parser, "both")
    parser.add_argument("--threads", type=int, default=16, help="for small objects")
    given = parser.parse_args(arguments)
    options.settle(given)
    on_each(given, lambda name: _measure(name, given))


def _measure(name: str, given: Namespace) -> None:
    sizes = Sizes.quick() if given.quick else Sizes()
    with prepared(name, given, sizes) as (server, fixtures):
        candidates = there([bound(fixtures), *options.OWN, *PEERS, *MORE_PEERS], given)
        tasks = options.chosen_tasks(_tasks(fixtures, given.threads), given)
        results = interleaved(tasks, candidates, server.connection, given.runs, server.cpu_seconds)
        publish(_report(name, given, facts(server, candidates), results, sizes), write=given.write)


def _tasks(fixtures: Fixtures, threads: int) -> list[Task]:
    return [
        Task("up", "up", fixtures.upload(), cleanup=fixtures.forget_upload),
        Task("down", "down", fixtures.download()),
        Task("PUT", "put", fixtures.small(), threads),
        Task("GET", "get", fixtures.small(), threads),
        Task("list", "list", fixtures.listing()),
        Task(COLD, "cold", fixtures.cold()),
    ]


def _goals(results: Results) -> Goals:
    """Return the goals for all that was measured; the cold start's is relative to the SDK in the same run."""
    found = results.get(COLD, {})
    cold = {own: middle(found[sdk], "cpu") + _ABOVE_SDK for own, sdk in _SDKS.items() if found.get(sdk)}
    return {task: goal for task, goal in {**_GOALS, COLD: cold}.items() if task in results}


def _report(name: str, given: Namespace, machine: dict[str, str], results: Results, sizes: Sizes) -> Report:
    goals = {} if given.quick else _goals(results)
    head = ["", *(_heading(task, sizes, given.threads) for task in results)]
    rows = matrix(results, "cpu", _UNITS) + goal_rows(goals, results, OWN, _UNITS)
    lines = [
        "CPU seconds of the client ± half the range, in brackets seconds that passed; cold start in milliseconds.",
        "",
        *table(head, rows + best_peer_rows(results, OWN, [BOUND])),
        "",
        "CPU seconds of the server:",
        "",
        *table(head, matrix(results, "server", beside=None)),
    ]
    title = f"{machine['server']}: CPU time of the client"
    made_by = command("s3", name, given)
    return Report(f"s3-{name}", title, made_by, machine, given.runs, results, lines, goals, units=_UNITS)


def _heading(task: str, sizes: Sizes, threads: int) -> str:
    if task in ("PUT", "GET"):
        return f"{sizes.count:,} {task} {sizes.small >> 10} KiB, {threads} threads"
    more = {"up": f" {sizes.large >> 20} MiB", "down": f" {sizes.large >> 20} MiB", "list": f" {sizes.keys:,}"}
    return task + more.get(task, "")

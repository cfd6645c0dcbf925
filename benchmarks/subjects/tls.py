"""Large and small objects over TLS, beside curl, obstore and the SDKs, on MinIO with a certificate made by the run.

curl is one process for each measurement, start included, with as many transfers at once as the others have threads.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

from benchmarks import options
from benchmarks.fixtures import Fixtures, Sizes
from benchmarks.interleave import Results, Task, interleaved
from benchmarks.on_server import BOUND, CURL, OWN, PEERS, bound, facts, prepared, there
from benchmarks.report import Report, best_peer_rows, goal_rows, matrix, publish, table

_GOALS = {
    "up": {"`minio`": 0.60, "`boto3`": 0.60},
    "down": {"`minio`": 1.15, "`boto3`": 1.15},
    "PUT": {"`minio`": 0.25},
    "GET": {"`minio`": 0.25},
}
_BOUND_IS = "the least that Python needs: `http.client` and `ssl`"


def main(arguments: Sequence[str]) -> None:
    """Measure."""
    parser = options.parser("tls", __doc__)
    parser.add_argument("--threads", type=int, default=16, help="for small objects")
    given = parser.parse_args(arguments)
    options.settle(given)
    sizes = Sizes.quick() if given.quick else Sizes(count=1000)
    with prepared("minio", given, sizes, tls=True) as (server, fixtures):
        candidates = there([bound(fixtures), *options.OWN, *PEERS, CURL], given)
        tasks = options.chosen_tasks(_tasks(fixtures, given.threads), given)
        results = interleaved(tasks, candidates, server.connection, given.runs, server.cpu_seconds)
        publish(_report(given, facts(server, candidates), results, sizes), write=given.write)


def _tasks(fixtures: Fixtures, threads: int) -> list[Task]:
    return [
        Task("up", "up", fixtures.upload(), cleanup=fixtures.forget_upload),
        Task("down", "down", fixtures.download()),
        Task("PUT", "put", fixtures.small(), threads),
        Task("GET", "get", fixtures.small(), threads),
    ]


def _report(given: Namespace, machine: dict[str, str], results: Results, sizes: Sizes) -> Report:
    goals = {} if given.quick else {task: goal for task, goal in _GOALS.items() if task in results}
    large, small = f" {sizes.large >> 20} MiB", f"{sizes.count:,} "
    head = ["", *(f"{small}{task} 4 KiB" if task.isupper() else f"{task}{large}" for task in results)]
    rows = matrix(results) + goal_rows(goals, results, OWN, {})
    rows += best_peer_rows(results, OWN, [BOUND])
    rows += [[f"{cells[0]}, time", *cells[1:]] for cells in best_peer_rows(results, OWN, [BOUND], "wall")]
    lines = [
        "CPU seconds of the client ± half the range, in brackets seconds that passed. `sockets` is "
        f"{_BOUND_IS}. {given.threads} threads for small objects.",
        "",
        *table(head, rows),
    ]
    title = f"{machine['server']} over TLS: CPU time of the client"
    made_by = f"python -m benchmarks tls --runs {given.runs}"
    return Report("tls", title, made_by, machine, given.runs, results, lines, goals)

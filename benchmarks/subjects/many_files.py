"""Many files up and down, whole processes from their start to their end: 10,000 of 4 KiB, 100 of 10 MiB.

Libraries have as many threads, each with plain calls, as s5cmd has workers.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

from benchmarks import options
from benchmarks.clients.base import MIB
from benchmarks.fixtures import Fixtures, Sizes
from benchmarks.interleave import Results, Task, interleaved
from benchmarks.on_server import OWN, PEERS, S5CMD, add_server, command, facts, on_each, prepared, there
from benchmarks.report import Report, best_peer_rows, matrix, publish, table


def main(arguments: Sequence[str]) -> None:
    """Measure the servers that are asked for, one after the other."""
    parser = options.parser("many-files", __doc__)
    add_server(parser)
    parser.add_argument("--threads", type=int, default=32)
    given = parser.parse_args(arguments)
    options.settle(given)
    on_each(given, lambda name: _measure(name, given))


def _measure(name: str, given: Namespace) -> None:
    groups = ((500, 4096), (5, 10 * MIB)) if given.quick else ((10_000, 4096), (100, 10 * MIB))
    with prepared(name, given, Sizes()) as (server, fixtures):
        candidates = there([*options.OWN, *PEERS, S5CMD], given)
        tasks = [task for count, size in groups for task in _tasks(fixtures, count, size, given.threads)]
        chosen = options.chosen_tasks(tasks, given)
        results = interleaved(chosen, candidates, server.connection, given.runs, server.cpu_seconds)
        publish(_report(name, given, facts(server, candidates), results), write=given.write)


def _tasks(fixtures: Fixtures, count: int, size: int, threads: int) -> list[Task]:
    tree = fixtures.tree(count, size)
    what = f"{count:,} x {size // MIB} MiB" if size >= MIB else f"{count:,} x {size // 1024} KiB"
    return [
        Task(f"up {what}", "tree-up", tree, threads),
        Task(f"down {what}", "tree-down", tree, threads),
    ]


def _report(name: str, given: Namespace, machine: dict[str, str], results: Results) -> Report:
    rows = matrix(results, "wall", beside="cpu")
    rows += best_peer_rows(results, OWN, [], "wall")
    rows += [[f"{cells[0]}, CPU", *cells[1:]] for cells in best_peer_rows(results, OWN, [])]
    lines = [
        "Seconds that passed ± half the range, in brackets CPU seconds of the process; "
        f"{given.threads} threads or workers.",
        "",
        *table(["", *results], rows),
    ]
    title = f"Many files, {machine['server']}: seconds that passed"
    made_by = command("many-files", name, given)
    return Report(f"many-files-{name}", title, made_by, machine, given.runs, results, lines, figure="wall")

"""Memory over idle: the peak of resident memory above that of a warm, connected client, up, down and for listings.

Objects of 1 GiB beside peers, of 10 GiB by ours alone, listings of 10,000 and of 100,000 keys.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace

from benchmarks import options
from benchmarks.clients.base import MIB
from benchmarks.fixtures import Fixtures, Sizes
from benchmarks.interleave import Candidate, Results, Task, interleaved
from benchmarks.on_server import OWN, PEERS, add_server, command, facts, on_each, prepared, there
from benchmarks.report import Report, Unit, goal_rows, matrix, publish, table

_MIB = Unit("MiB", 1 / MIB, 1)
_GOAL = 64e6
_HUGE = 10 * 1024 * MIB


def main(arguments: Sequence[str]) -> None:
    """Measure the servers that are asked for, one after the other."""
    parser = options.parser("memory", __doc__)
    add_server(parser)
    given = parser.parse_args(arguments)
    options.settle(given)
    on_each(given, lambda name: _measure(name, given))


def _measure(name: str, given: Namespace) -> None:
    sizes = Sizes.quick() if given.quick else Sizes()
    with prepared(name, given, sizes) as (server, fixtures):
        tasks = options.chosen_tasks(_tasks(fixtures, sizes, quick=given.quick or name == "ceph"), given)
        huge = frozenset(task.title for task in tasks if f"{_HUGE // MIB}" in task.title)
        candidates = there([*options.OWN, *(replace(peer, without=huge) for peer in PEERS)], given)
        results = interleaved(tasks, candidates, server.connection, given.runs, server.cpu_seconds)
        publish(_report(name, given, facts(server, candidates), results, candidates), write=given.write)


def _tasks(fixtures: Fixtures, sizes: Sizes, *, quick: bool) -> list[Task]:
    """Ceph's OSD keeps everything in memory, and so gets nothing huge."""
    large = [sizes.large] if quick else [sizes.large, _HUGE]
    keys = [sizes.keys] if quick else [sizes.keys, 10 * sizes.keys]
    tasks = []
    for size in large:
        title = f"{size // MIB} MiB"
        tasks.append(Task(f"up {title}", "up", fixtures.upload(size), cleanup=fixtures.forget_upload))
        tasks.append(Task(f"down {title}", "down", fixtures.download(size)))
    return [*tasks, *(Task(f"list {count:,}", "list", fixtures.listing(count)) for count in keys)]


def _report(
    name: str, given: Namespace, machine: dict[str, str], results: Results, candidates: Sequence[Candidate]
) -> Report:
    units = dict.fromkeys(results, _MIB)
    goals = {task: {own: _GOAL for own in OWN if any(own == one.name for one in candidates)} for task in results}
    rows = matrix(results, "memory", units, beside=None) + goal_rows(goals, results, OWN, units)
    lines = ["MiB of resident memory at the peak, above idle, ± half the range.", "", *table(["", *results], rows)]
    title = f"Memory over idle, {machine['server']}: MiB"
    made_by = command("memory", name, given)
    return Report(
        f"memory-{name}", title, made_by, machine, given.runs, results, lines, goals, figure="memory", units=units
    )

"""Listings: microseconds of CPU time a key, of 10,000 and 100,000 keys, beside the SDKs and a bare XML parser."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

from benchmarks import options
from benchmarks.fixtures import Sizes
from benchmarks.interleave import Results, Task, interleaved
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
from benchmarks.report import Report, Unit, best_peer_rows, goal_rows, matrix, publish, table

# CPU seconds for 10,000 keys: the goal is one a key.
_GOAL = {"`minio`": 0.06 / 10_000, "`boto3`": 0.25 / 10_000}


def main(arguments: Sequence[str]) -> None:
    """Measure the servers that are asked for, one after the other."""
    parser = options.parser("list", __doc__)
    add_server(parser, "both")
    given = parser.parse_args(arguments)
    options.settle(given)
    on_each(given, lambda name: _measure(name, given))


def _measure(name: str, given: Namespace) -> None:
    numbers = (1000, 5000) if given.quick else (10_000, 100_000)
    with prepared(name, given, Sizes()) as (server, fixtures):
        candidates = there([bound(fixtures), *options.OWN, *PEERS, *MORE_PEERS], given)
        tasks = [Task(f"{count:,} keys", "list", fixtures.listing(count)) for count in numbers]
        chosen = options.chosen_tasks(tasks, given)
        results = interleaved(chosen, candidates, server.connection, given.runs, server.cpu_seconds)
        publish(_report(name, given, facts(server, candidates), results), write=given.write)


def _report(name: str, given: Namespace, machine: dict[str, str], results: Results) -> Report:
    counts = {task: int(task.split()[0].replace(",", "")) for task in results}
    units = {task: Unit("us a key", 1e6 / count, 2) for task, count in counts.items()}
    goals = {task: {own: goal * count for own, goal in _GOAL.items()} for task, count in counts.items()}
    rows = matrix(results, "cpu", units) + goal_rows(goals, results, OWN, units)
    lines = [
        "Microseconds of CPU time a key ± half the range, in brackets of time that passed.",
        "",
        *table(["", *results], rows + best_peer_rows(results, OWN, [BOUND])),
    ]
    title = f"Listings, {machine['server']}: CPU time a key"
    made_by = command("list", name, given)
    return Report(f"list-{name}", title, made_by, machine, given.runs, results, lines, goals, units=units)

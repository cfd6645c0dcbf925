"""Growth: what a key, a byte and a part cost at 1, 10 and 100 times as many. What scales costs the same each."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace

from benchmarks import options
from benchmarks.clients.base import MIB
from benchmarks.fixtures import Fixtures, Sizes
from benchmarks.interleave import Results, Task, interleaved, middle
from benchmarks.on_server import add_server, command, facts, on_each, prepared, there
from benchmarks.report import Report, Unit, names_in, publish, table

_PART = 5 * MIB
_BIG_PARTS = {"transfer.part_size": 5 * 1024 * MIB, "transfer.multipart_threshold": 5 * 1024 * MIB}
_SMALL_PARTS = {"transfer.part_size": _PART, "transfer.multipart_threshold": _PART}


def main(arguments: Sequence[str]) -> None:
    """Measure the servers that are asked for, one after the other."""
    parser = options.parser("growth", __doc__)
    add_server(parser)
    given = parser.parse_args(arguments)
    options.settle(given)
    on_each(given, lambda name: _measure(name, given))


def _measure(name: str, given: Namespace) -> None:
    keys, size, parts = (100, MIB, 2) if given.quick else (1000, 10 * MIB, 4)
    factors = (1, 10) if given.quick else (1, 10, 100)
    with prepared(name, given, Sizes()) as (server, fixtures):
        candidates = there(options.OWN, given)
        whole = [replace(one, options=one.options | _BIG_PARTS) for one in candidates]
        in_parts = [replace(one, options=one.options | _SMALL_PARTS) for one in candidates]
        counts: dict[str, int] = {}
        results: Results = {}
        for who, tasks in (
            (candidates, _keys(fixtures, keys, factors, counts)),
            (whole, _bytes(fixtures, size, factors, counts)),
            (in_parts, _parts(fixtures, parts, factors, counts)),
        ):
            chosen = options.chosen_tasks(tasks, given)
            results |= interleaved(chosen, who, server.connection, given.runs, server.cpu_seconds)
        publish(_report(name, given, facts(server, candidates), results, counts), write=given.write)


def _keys(fixtures: Fixtures, count: int, factors: Sequence[int], counts: dict[str, int]) -> list[Task]:
    tasks = [Task(f"a key of {count * by:,}", "list", fixtures.listing(count * by)) for by in factors]
    counts |= {task.title: count * by for task, by in zip(tasks, factors, strict=True)}
    return tasks


def _bytes(fixtures: Fixtures, size: int, factors: Sequence[int], counts: dict[str, int]) -> list[Task]:
    """Up in one request, and down."""
    tasks = []
    for by in factors:
        mib = size * by // MIB
        up = Task(f"a MiB up, of {mib:,}", "up", fixtures.upload(size * by), cleanup=fixtures.forget_upload)
        down = Task(f"a MiB down, of {mib:,}", "down", fixtures.download(size * by))
        tasks += [up, down]
        counts |= {up.title: mib, down.title: mib}
    return sorted(tasks, key=lambda task: task.work)


def _parts(fixtures: Fixtures, count: int, factors: Sequence[int], counts: dict[str, int]) -> list[Task]:
    """Parts of 5 MiB, the smallest there are."""
    tasks = []
    for by in factors:
        parameters = fixtures.upload(_PART * count * by)
        tasks.append(Task(f"a part of {count * by:,}", "up", parameters, cleanup=fixtures.forget_upload))
        counts[tasks[-1].title] = count * by
    return tasks


def _report(name: str, given: Namespace, machine: dict[str, str], results: Results, counts: dict[str, int]) -> Report:
    rows, most = [], 0
    groups = dict.fromkeys(title.partition(" of ")[0].removesuffix(",") for title in results)
    for group in groups:
        titles = [title for title in results if title.startswith(group)]
        most = max(most, len(titles))
        for candidate in names_in(results):
            costs = [middle(results[title][candidate], "cpu") / counts[title] * 1e6 for title in titles]
            sizes = " / ".join(f"{counts[title]:,}" for title in titles)
            rows.append([group, candidate, sizes, *(f"{cost:.1f}" for cost in costs), f"{costs[-1] / costs[0]:.2f}x"])
    head = ["", "", "of", *(f"{by}x" for by in (1, 10, 100)[:most]), "last / first"]
    lines = ["Microseconds of CPU time of the client.", "", *table(head, rows, names=3)]
    units = {title: Unit("us each", 1e6 / count, 1) for title, count in counts.items()}
    title = f"Growth, {machine['server']}: CPU time of a key, a MiB, a part"
    made_by = command("growth", name, given)
    return Report(f"growth-{name}", title, made_by, machine, given.runs, results, lines, units=units)

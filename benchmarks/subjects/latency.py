"""Behind a slow network: MinIO with 0, 5 and 50 ms added to each answer, where only what is in flight at once helps.

Small objects by 16, 64 and 256 threads, a large object up and down; time that passed, not CPU time. The 0 ms are
those of the proxy alone.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace

from benchmarks import options
from benchmarks.clients.base import MIB
from benchmarks.environments import NotToBeHad
from benchmarks.fixtures import Fixtures, Sizes
from benchmarks.interleave import Results, Task, interleaved
from benchmarks.on_server import OWN, PEERS, S5CMD, add_server, command, facts, on_each, prepared, there
from benchmarks.report import Report, best_peer_rows, matrix, publish, table
from benchmarks.toxiproxy import slowed, toxiproxy


def main(arguments: Sequence[str]) -> None:
    """Measure the servers that are asked for, one after the other."""
    parser = options.parser("latency", __doc__)
    add_server(parser)
    parser.add_argument("--milliseconds", type=int, action="append", help="default: 0, 5 and 50")
    parser.add_argument("--threads", type=int, action="append", help="for small objects; default: 16, 64 and 256")
    given = parser.parse_args(arguments)
    options.settle(given)
    try:
        on_each(given, lambda name: _measure(name, given))
    except NotToBeHad as error:
        print(f"latency: left out: {error}")


def _measure(name: str, given: Namespace) -> None:
    sizes = Sizes(32 * MIB, 200) if given.quick else Sizes(256 * MIB)
    delays = given.milliseconds or ([0, 50] if given.quick else [0, 5, 50])
    threads = given.threads or ([16, 64] if given.quick else [16, 64, 256])
    with prepared(name, given, sizes) as (server, fixtures), toxiproxy() as api:
        candidates = there([*options.OWN, *PEERS, S5CMD], given)
        tasks = _tasks(fixtures, sizes, threads)
        results: Results = {}
        for delay in delays:
            titled = [replace(task, title=f"{task.title}, {delay} ms") for task in tasks]
            chosen, behind = options.chosen_tasks(titled, given), slowed(api, server, delay)
            results |= interleaved(chosen, candidates, behind.connection, given.runs, server.cpu_seconds)
        publish(_report(name, given, facts(server, candidates), results, delays), write=given.write)


def _tasks(fixtures: Fixtures, sizes: Sizes, threads: Sequence[int]) -> list[Task]:
    small = [
        Task(f"{sizes.count:,} {work.upper()} by {count}", work, fixtures.small(), count)
        for count in threads
        for work in ("put", "get")
    ]
    mib = f"{sizes.large // MIB} MiB"
    return [
        Task(f"up {mib}", "up", fixtures.upload(), cleanup=fixtures.forget_upload),
        Task(f"down {mib}", "down", fixtures.download()),
        *small,
    ]


def _report(name: str, given: Namespace, machine: dict[str, str], results: Results, delays: Sequence[int]) -> Report:
    lines = ["Seconds that passed ± half the range, in brackets CPU seconds of the client."]
    for delay in delays:
        ending = f", {delay} ms"
        found = {title: by for title, by in results.items() if title.endswith(ending)}
        rows = matrix(found, "wall", beside="cpu") + best_peer_rows(found, OWN, [], "wall")
        head = [f"{delay} ms", *(title.removesuffix(ending) for title in found)]
        lines += ["", *table(head, rows)]
    title = f"{machine['server']} behind a slow network: seconds that passed"
    made_by = command("latency", name, given)
    return Report(f"latency-{name}", title, made_by, machine, given.runs, results, lines, figure="wall")

"""The embedded store through the facade, beside obstore's ``LocalStore`` and plain files, on a real disk.

Objects of 4 KiB in stores that have 1,000 and 1,000,000 keys: PUT, GET, listings; PUTs by 16 threads and by 4
processes; a large file up and down. ``LocalStore`` never syncs; "file" writes beside and renames, "file + fsync" syncs
the file and its directory as ``durability: full`` does.
"""

from __future__ import annotations

import os
import tempfile
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks import machine, options
from benchmarks.clients import Connection
from benchmarks.clients.base import MIB
from benchmarks.environments import OURS
from benchmarks.fixtures import write_file
from benchmarks.interleave import Candidate, Results, Task, interleaved, middle, run_job
from benchmarks.jobs import Job
from benchmarks.report import Report, Unit, matrix, publish, table

RELAXED, FULL, MEMORY = "`local` relaxed", "`local` full", "`memory`"
OBSTORE, FILE, DURABLE = "obstore LocalStore", "file", "file + fsync"
SIZE, THREADS, PROCESSES = 4096, 16, 4
_SOURCE = "source"

CANDIDATES = (
    Candidate(RELAXED, "ours-embedded", OURS, {"framework": "local", "connection.durability": "relaxed"}),
    Candidate(FULL, "ours-embedded", OURS, {"framework": "local", "connection.durability": "full"}),
    Candidate(MEMORY, "ours-embedded", OURS, {"framework": "memory"}),
    Candidate(OBSTORE, "obstore-local", "peers"),
    Candidate(FILE, "file", OURS),
    Candidate(DURABLE, "file", OURS, {"durable": True}),
)
_FILL_AS = {FULL: RELAXED, DURABLE: FILE}

# Candidate, task's beginning: whom it is compared with, in which figure, and the most that the project wants.
_GOALS = (
    (RELAXED, "PUT", OBSTORE, "cpu", 1.0),
    (FULL, "PUT", DURABLE, "wall", 1.0),
    (RELAXED, "GET", OBSTORE, "cpu", 0.6),
    (FULL, "GET", OBSTORE, "cpu", 0.6),
    (RELAXED, "list", OBSTORE, "cpu", 0.5),
    (FULL, "list", OBSTORE, "cpu", 0.5),
    (RELAXED, "up", OBSTORE, "cpu", 1.0),
    (FULL, "up", OBSTORE, "cpu", 1.0),
    (RELAXED, "down", OBSTORE, "cpu", 1.0),
    (FULL, "down", OBSTORE, "cpu", 1.0),
)


def main(arguments: Sequence[str]) -> None:
    """Measure each number of keys, then large files."""
    parser = options.parser("embedded", __doc__)
    parser.add_argument("--keys", type=int, action="append", help="that a store has already; default 1000 and 1000000")
    parser.add_argument("--count", type=int, help="of objects in a measurement; default 2000, quick: 300")
    parser.add_argument("--size", type=int, help="of the large file, in MiB; default 1024, quick: 64")
    given = parser.parse_args(arguments)
    options.settle(given)
    numbers = given.keys or ([1000] if given.quick else [1000, 1_000_000])
    count, size = given.count or (300 if given.quick else 2000), (given.size or (64 if given.quick else 1024)) * MIB
    results: Results = {}
    with tempfile.TemporaryDirectory(dir=given.directory or tempfile.gettempdir()) as directory:
        small, large = [(_tasks(keys, count), keys) for keys in numbers], _large(Path(directory), size)
        chosen = options.chosen_tasks([*(task for tasks, _ in small for task in tasks), *large], given)
        for tasks, keys in small:
            results |= _measure(Path(directory), given, [task for task in tasks if task in chosen], keys)
        if any(task in chosen for task in large):
            write_file(Path(directory, _SOURCE), size)
            results |= _measure(Path(directory), given, [task for task in large if task in chosen], 1)
    candidates = options.chosen_candidates(CANDIDATES, given)
    facts = machine.description({}, {candidate.environment for candidate in candidates})
    publish(_report(given, facts, results, numbers, count), write=given.write)


def _tasks(keys: int, count: int) -> list[Task]:
    given = {"prefix": "kept/", "keys": keys, "count": count, "size": SIZE}
    at = f", {keys:,} keys"
    return [
        Task(f"PUT{at}", "put-new", given, cleanup=os.sync),
        Task(f"GET{at}", "get-some", given),
        Task(f"list{at}", "list-all", given),
        Task(f"{THREADS} threads PUT{at}", "put-new", given, THREADS, cleanup=os.sync),
        Task(f"{PROCESSES} processes PUT{at}", "put-processes", given | {"processes": PROCESSES}, cleanup=os.sync),
    ]


def _large(directory: Path, size: int) -> list[Task]:
    source, target = directory / _SOURCE, directory / "target"
    title = f"{size // MIB} MiB"
    down = {"key": "kept/large", "warm": "warm", "target": str(target), "size": size}
    return [
        Task(f"up {title}", "up-new", {"path": str(source)}, cleanup=os.sync),
        Task(f"down {title}", "down-kept", down | {"path": str(source)}, cleanup=os.sync),
    ]


def _measure(directory: Path, given: Namespace, tasks: Sequence[Task], keys: int) -> Results:
    """Fill a store for each candidate, measure, and throw the stores away."""
    if not tasks:
        return {}
    titles = frozenset(task.title for task in tasks if task.work == "put-processes" or keys > 100_000)
    with tempfile.TemporaryDirectory(dir=directory) as root:
        candidates = []
        for number, candidate in enumerate(options.chosen_candidates(CANDIDATES, given)):
            own = Path(root, str(number))
            own.mkdir()
            without = titles if candidate.options.get("framework") == "memory" else frozenset()
            candidates.append(replace(candidate, connection=Connection(directory=str(own)), without=without))
            _fill(candidates[-1], keys)
        os.sync()
        return interleaved(tasks, candidates, Connection(), given.runs)


def _fill(candidate: Candidate, keys: int) -> None:
    if candidate.options.get("framework") == "memory":
        return
    quicker = next((one for one in CANDIDATES if one.name == _FILL_AS.get(candidate.name)), candidate)
    job = Job(
        client=candidate.client,
        options=quicker.options,
        connection=candidate.connection or Connection(),
        threads=1,
        work="fill",
        parameters={"prefix": "kept/", "keys": keys, "size": SIZE},
    )
    run_job(job, candidate)


def _report(given: Namespace, facts: dict[str, str], results: Results, numbers: Sequence[int], count: int) -> Report:
    units = {task: _unit(task, count) for task in results}
    lines = [
        "CPU time of the client ± half the range, in brackets the time that passed: microseconds an object (a key,"
    ]
    lines += ["for listings), of large files seconds."]
    for part in (*(f"{keys:,} keys" for keys in numbers), "MiB"):
        found = {task: by for task, by in results.items() if part in task and (part != "MiB" or "keys" not in task)}
        rows = matrix(found, "cpu", units)
        lines += ["", *table(["", *found], rows)] if found else []
    lines += ["", *_beside(results)]
    command = f"python -m benchmarks embedded --runs {given.runs}"
    title = "Embedded: CPU time of the client"
    return Report("embedded", title, command, facts, given.runs, results, lines, units=units)


def _unit(task: str, count: int) -> Unit:
    if "keys" not in task:
        return Unit()
    if task.startswith("list"):
        return Unit("us a key", 1e6 / int(task.partition(", ")[2].split()[0].replace(",", "")), 2)
    return Unit("us", 1e6 / count, 1)


def _beside(results: Results) -> list[str]:
    """Return the comparisons that the project has goals for."""
    rows = []
    for name, task, peer, figure, goal in _GOALS:
        for title, found in results.items():
            if title.startswith(task) and found.get(name) and found.get(peer):
                ratio = middle(found[name], figure) / middle(found[peer], figure)
                shown = "CPU" if figure == "cpu" else "time"
                rows.append([f"{name}: {title}", f"{shown}, {peer}", f"{ratio:.2f}x", f"{goal:.1f}x"])
    rows += _shared(results)
    return table(["", "beside", "ratio", "goal, at most"], rows, names=2)


def _shared(results: Results) -> list[list[str]]:
    """Return the time of many writers as a part of that of one: sharing commits makes it less."""
    rows = []
    for writers, goal in ((f"{THREADS} threads ", "0.33x"), (f"{PROCESSES} processes ", "1.0x")):
        for title, found in results.items():
            alone = results.get(title.removeprefix(writers), {})
            if title.startswith(writers) and found.get(FULL) and alone.get(FULL):
                ratio = middle(found[FULL], "wall") / middle(alone[FULL], "wall")
                rows.append([f"{FULL}: {title}", "time, one writer", f"{ratio:.2f}x", goal])
    return rows

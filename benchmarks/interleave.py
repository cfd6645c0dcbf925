"""Candidates in turn, each measurement in a fresh process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, TypedDict

from benchmarks import environments
from benchmarks.clients import Connection
from benchmarks.jobs import Job, Sample
from benchmarks.snapshot import CHECKOUT, snapshot

_SECONDS = 3600


@dataclass(frozen=True)
class Candidate:
    """One of those that are compared.

    Attributes:
        name: as the tables have it.
        client: a name of ``benchmarks.clients``.
        environment: of ``benchmarks.environments``, which runs it.
        options: of the client.
        without: titles of the tasks that it cannot do.
        connection: where it works, if that is not where all others do.
        checkout: whose code it runs, if it is ours.
    """

    name: str
    client: str
    environment: str
    options: dict[str, Any] = field(default_factory=dict)
    without: frozenset[str] = frozenset()
    connection: Connection | None = None
    checkout: Path = CHECKOUT


@dataclass(frozen=True)
class Task:
    """What each candidate is asked to do.

    Attributes:
        title: as the tables have it.
        work: a name of ``benchmarks.works``.
        parameters: of the work.
        threads: how many calls are in flight.
        cleanup: called after each measurement, which does not count it.
    """

    title: str
    work: str
    parameters: dict[str, Any]
    threads: int = 1
    cleanup: Callable[[], object] = lambda: None


class Measured(TypedDict):
    """A sample, and the CPU seconds that the server used meanwhile; None where there is none."""

    cpu: float
    wall: float
    memory: int
    server: float | None


Results = dict[str, dict[str, list[Measured]]]
"""Title of the task, name of the candidate, the runs."""


def interleaved(
    tasks: Sequence[Task],
    candidates: Sequence[Candidate],
    connection: Connection,
    runs: int,
    server_cpu: Callable[[], float] | None = None,
    rounds_to_warm_up: int = 0,
) -> Results:
    """Measure each task: all candidates in turn, as often as there are runs, beginning with another each time."""
    results: Results = {}
    for task in tasks:
        able = [candidate for candidate in candidates if task.title not in candidate.without]
        found: dict[str, list[Measured]] = {candidate.name: [] for candidate in able}
        for run in range(-rounds_to_warm_up, runs):
            for candidate in _turned(able, run):
                measured = _measured(task, candidate, connection, server_cpu)
                if measured is None:
                    able = [other for other in able if other is not candidate]
                elif run >= 0:
                    found[candidate.name].append(measured)
        results[task.title] = {name: samples for name, samples in found.items() if len(samples) == runs}
        _say(task.title, results[task.title])
    return results


def _turned(candidates: list[Candidate], by: int) -> list[Candidate]:
    start = by % len(candidates) if candidates else 0
    return candidates[start:] + candidates[:start]


def _measured(
    task: Task, candidate: Candidate, connection: Connection, server_cpu: Callable[[], float] | None
) -> Measured | None:
    job = Job(
        client=candidate.client,
        options=candidate.options,
        connection=candidate.connection or connection,
        threads=task.threads,
        work=task.work,
        parameters=task.parameters,
    )
    before = server_cpu() if server_cpu else 0.0
    try:
        sample = run_job(job, candidate)
    except RuntimeError as error:
        print(f"{candidate.name}, {task.title}: left out: {error}", file=sys.stderr)
        return None
    finally:
        after = server_cpu() - before if server_cpu else None
        task.cleanup()
    return Measured(**sample, server=after)


def run_job(job: Job, candidate: Candidate) -> Sample:
    """Do one job in a process of its own.

    Raises:
        RuntimeError: it failed; the message is the last of what it said.
    """
    command = [environments.python(candidate.environment), "-m", "benchmarks.worker"]
    code, asked = snapshot(candidate.checkout), json.dumps(job)
    done = subprocess.run(command, input=asked, capture_output=True, text=True, cwd=code, timeout=_SECONDS, check=False)
    if done.returncode:
        raise RuntimeError("; ".join(done.stderr.strip().splitlines()[-3:])[-600:])
    sample: Sample = json.loads(done.stdout.splitlines()[-1])
    return sample


def middle(samples: Sequence[Measured], figure: str) -> float:
    """The median of a figure: ``cpu``, ``wall``, ``memory``, ``server``."""
    return median(_figures(samples, figure))


def spread(samples: Sequence[Measured], figure: str) -> float:
    """Half of what lies between the least and the most."""
    figures = _figures(samples, figure)
    return (max(figures) - min(figures)) / 2


def _figures(samples: Sequence[Measured], figure: str) -> list[float]:
    return [float(sample.get(figure) or 0) for sample in samples]  # type: ignore[arg-type]  # names of the TypedDict


def _say(title: str, found: dict[str, list[Measured]]) -> None:
    said = ", ".join(f"{name} {middle(samples, 'cpu'):.3f}" for name, samples in found.items())
    print(f"{title}: {said}", file=sys.stderr)

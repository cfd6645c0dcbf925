"""What all subjects are told on the command line."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from benchmarks.environments import OURS
from benchmarks.interleave import Candidate, Task
from tests.servers.loopback import MEMORY

_SPACE = 16 << 30

OWN = (
    Candidate("`minio`", "ours", OURS, {"framework": "minio"}),
    Candidate("`boto3`", "ours", OURS, {"framework": "boto3"}),
)


def parser(subject: str, description: str | None) -> argparse.ArgumentParser:
    """Return a parser with the options that all have."""
    made = argparse.ArgumentParser(
        prog=f"python -m benchmarks {subject}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--runs", type=int, default=5, help="of each candidate; the tables have medians")
    made.add_argument("--quick", action="store_true", help="little of everything, two runs: to try it")
    made.add_argument("--write", action="store_true", help="write results, tables and plots into the checkout")
    made.add_argument(
        "--directory", type=_directory, help="where files and servers' data are; default: memory if there is enough"
    )
    made.add_argument("--only", help="candidates by name, commas between: minio,obstore; all others are left out")
    made.add_argument("--tasks", help="beginnings of tasks' titles, commas between; all others are left out")
    made.add_argument(
        "--variant",
        action="append",
        default=[],
        metavar="NAME:KEY=VALUE[;KEY=VALUE...]",
        help="measure ours with these keys of the configuration too, e.g. 'parts:transfer.part_size=64MiB'",
    )
    made.add_argument(
        "--beside",
        action="append",
        default=[],
        metavar="NAME=CHECKOUT",
        help="measure ours as another checkout has it too, e.g. 'before=../data-store-before'",
    )
    return made


def settle(given: argparse.Namespace) -> None:
    """Make ``--quick`` mean two runs."""
    if given.quick:
        given.runs = min(given.runs, 2)


def chosen_candidates(candidates: Iterable[Candidate], given: argparse.Namespace) -> list[Candidate]:
    """Return those that are asked for, and variants of ours that are among them."""
    named = {one.name.replace("`", ""): one for one in candidates}
    wanted = [name.strip().replace("`", "") for name in given.only.split(",")] if given.only else list(named)
    unknown = [name for name in wanted if name not in named]
    if unknown:
        raise SystemExit(f"--only: there is no {unknown[0]!r} here; there are {', '.join(named)}")
    known = [one for name, one in named.items() if name in wanted]
    ours = [one for one in known if one.client.startswith("ours")]
    for variant in given.variant:
        name, _, settings = variant.partition(":")
        options = {key: _value(value) for key, _, value in (pair.partition("=") for pair in settings.split(";"))}
        known += [replace(one, name=f"{one.name}, {name}", options=one.options | options) for one in ours]
    for other in given.beside:
        name, _, checkout = other.partition("=")
        known += [replace(one, name=f"{one.name}, {name}", checkout=Path(checkout).resolve()) for one in ours]
    return known


def chosen_tasks(tasks: Iterable[Task], given: argparse.Namespace) -> list[Task]:
    """Return those that are asked for."""
    beginnings = tuple(name.strip() for name in given.tasks.split(",")) if given.tasks else ("",)
    all_tasks = list(tasks)
    chosen = [task for task in all_tasks if task.title.startswith(beginnings)]
    if not chosen:
        raise SystemExit(f"--tasks: none begins so; there are {', '.join(task.title for task in all_tasks)}")
    return chosen


def _directory(text: str) -> str:
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"{text} is no directory")
    return text


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def place(given: argparse.Namespace) -> Path:
    """Return where files and servers' data go: what is asked for, else memory if there is enough, else a disk."""
    if given.directory:
        return Path(given.directory)
    return MEMORY if _available() > _SPACE and os.access(MEMORY, os.W_OK) else Path(tempfile.gettempdir())


def _available() -> int:
    """Return the bytes of memory that can be had without swapping (proc(5), /proc/meminfo)."""
    text = Path("/proc/meminfo").read_text()
    return int(text.partition("MemAvailable:")[2].split()[0]) * 1024

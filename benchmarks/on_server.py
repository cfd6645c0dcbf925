"""What subjects that need servers have in common."""

from __future__ import annotations

import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks import environments, machine, options, servers
from benchmarks.environments import OURS, PROGRAM
from benchmarks.fixtures import Fixtures, Sizes
from benchmarks.interleave import Candidate
from tests.servers import ServerStartError

BOUND = "sockets"
OWN = [own.name for own in options.OWN]
PEERS = (
    Candidate("boto3 itself", "boto3", "peers"),
    Candidate("minio-py itself", "minio-py", "peers"),
    Candidate("obstore", "obstore", "peers"),
)
MORE_PEERS = (Candidate("opendal", "opendal", "peers"), Candidate("s3fs", "s3fs", "s3fs"))
S5CMD = Candidate("s5cmd", "s5cmd", PROGRAM)
CURL = Candidate("curl", "curl", PROGRAM)


def add_server(parser: ArgumentParser, default: str = "minio") -> None:
    """Add the option that chooses servers."""
    parser.add_argument("--server", choices=(*servers.NAMES, "both"), default=default)


def on_each(given: Namespace, measure: Callable[[str], None]) -> None:
    """Measure on the servers that are asked for, one after the other; one that is not installed is left out."""
    for name in servers.NAMES if given.server == "both" else (given.server,):
        try:
            measure(name)
        except ServerStartError as error:
            print(f"{name}: left out: {error}")


@contextmanager
def prepared(
    name: str, given: Namespace, sizes: Sizes, *, tls: bool = False
) -> Iterator[tuple[servers.Running, Fixtures]]:
    """Start a server, with a bucket and a directory for files."""
    with (
        tempfile.TemporaryDirectory(dir=options.place(given)) as directory,
        servers.running(name, Path(directory), tls=tls) as server,
        Fixtures(server, sizes) as fixtures,
    ):
        yield server, fixtures


def bound(fixtures: Fixtures) -> Candidate:
    """The least that Python's sockets need; its first request is signed beforehand, as all its others."""
    return Candidate(BOUND, "sockets", OURS, {"signed": fixtures.signed_warm_up()})


def there(candidates: Sequence[Candidate], given: Namespace) -> list[Candidate]:
    """Return those that are asked for and can be had here; say which cannot."""
    found = []
    for candidate in options.chosen_candidates(candidates, given):
        try:
            environments.python(candidate.environment)
            if candidate.client == S5CMD.client:
                environments.program(candidate.client)
        except environments.NotToBeHad as error:
            print(f"{candidate.name}: left out: {error}")
        else:
            found.append(candidate)
    return found


def facts(server: servers.Running, candidates: Sequence[Candidate]) -> dict[str, str]:
    """Return what a result was measured on."""
    return machine.description({"server": server.title}, {candidate.environment for candidate in candidates})


def command(subject: str, name: str, given: Namespace) -> str:
    """Return the command that makes a table."""
    return f"python -m benchmarks {subject} --server {name} --runs {given.runs}{' --quick' if given.quick else ''}"

"""What a worker is asked for and what it answers, as JSON."""

from __future__ import annotations

from typing import Any, TypedDict

from benchmarks.clients.base import Connection


class Job(TypedDict):
    """What to measure.

    Attributes:
        client: a name of ``benchmarks.clients``.
        options: of the client.
        threads: how many calls are in flight.
        work: a name of ``benchmarks.works``.
        parameters: of the work.
    """

    client: str
    options: dict[str, Any]
    connection: Connection
    threads: int
    work: str
    parameters: dict[str, Any]


class Sample(TypedDict):
    """What one measurement found: CPU seconds, seconds that passed, bytes of memory over idle."""

    cpu: float
    wall: float
    memory: int

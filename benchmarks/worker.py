"""One measurement in a process of its own: ``python -m benchmarks.worker`` with a job as JSON on stdin.

Its answer is one line of JSON. The client is imported, connected and warm before the measurement begins, except for
``cold``, which measures just that, and for processes, each of which makes its own. Imports as little as it can.
"""

from __future__ import annotations

import json
import sys

from benchmarks.jobs import Job, Sample
from benchmarks.usage import Usage


def main() -> None:
    """Measure the job on stdin."""
    job: Job = json.load(sys.stdin)
    sample = _OTHERS.get(job["work"], _warm)(job)
    print(json.dumps(sample), flush=True)


def _cold(job: Job) -> Sample:
    from benchmarks import clients

    started = Usage.now()
    client = clients.open_client(job["client"], job["connection"], job["options"], job["threads"])
    client.get(job["parameters"]["warm"])
    used = started.since()
    client.close()
    return Sample(cpu=used.cpu, wall=used.wall, memory=0)


def _warm(job: Job) -> Sample:
    from benchmarks.clients import open_client
    from benchmarks.works import WORKS

    client = open_client(job["client"], job["connection"], job["options"], job["threads"])
    try:
        return WORKS[job["work"]](client, job["parameters"])
    finally:
        client.close()


def _processes(job: Job) -> Sample:
    from benchmarks.processes import put_by_processes

    return put_by_processes(job)


_OTHERS = {"cold": _cold, "put-processes": _processes}


if __name__ == "__main__":
    main()

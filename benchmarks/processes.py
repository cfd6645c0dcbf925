"""Several processes that write at once: forked before any opens a client, begun together, each with keys of its own."""

from __future__ import annotations

import os
import time
from typing import Any

from benchmarks.clients import open_client
from benchmarks.jobs import Job, Sample
from benchmarks.usage import Usage


def put_by_processes(job: Job) -> Sample:
    """Have ``processes`` store ``count`` new objects in all; check that none is lost, and remove them.

    Raises:
        RuntimeError: a process failed, or a key is missing.
    """
    given = job["parameters"]
    shares = [range(number, given["count"], given["processes"]) for number in range(given["processes"])]
    go_read, go_write = os.pipe()
    children = [_fork(job, share, go_read, go_write) for share in shares]
    for _, ready in children:
        os.read(ready, 1)
    started = time.perf_counter()
    os.close(go_write)
    said = [_all_of(ready) for _, ready in children]
    wall = time.perf_counter() - started
    failed = [pid for pid, _ in children if os.waitpid(pid, 0)[1] != 0]
    if failed:
        raise RuntimeError(f"{len(failed)} of {len(children)} processes failed")
    _check_and_remove(job)
    return Sample(cpu=sum(map(float, said)), wall=wall, memory=0)


def _fork(job: Job, share: range, go_read: int, go_write: int) -> tuple[int, int]:
    ready_read, ready_write = os.pipe()
    pid = os.fork()
    if pid:
        os.close(ready_write)
        return pid, ready_read
    status = 1
    try:
        os.close(go_write)
        os.write(ready_write, _work(job, share, go_read, ready_write).encode())
        status = 0
    finally:
        os._exit(status)


def _work(job: Job, share: range, go: int, ready: int) -> str:
    client = open_client(job["client"], job["connection"], job["options"], 1)
    data = os.urandom(job["parameters"]["size"])
    client.put(f"warm/{share.start}", data)
    os.write(ready, b"\n")
    os.read(go, 1)
    started = Usage.now()
    for number in share:
        client.put(_key(number), data)
    return str(started.since().cpu)


def _all_of(pipe: int) -> str:
    with os.fdopen(pipe) as file:
        return file.read() or "0"


def _check_and_remove(job: Job) -> None:
    client = open_client(job["client"], job["connection"], job["options"], 1)
    given: dict[str, Any] = job["parameters"]
    found = client.list_keys("new/")
    for number in range(given["count"]):
        client.delete(_key(number))
    client.close()
    if found != given["count"]:
        raise RuntimeError(f"{given['count'] - found} of {given['count']} keys are lost")


def _key(number: int) -> str:
    return f"new/{number // 1000:04}/{number:07}"

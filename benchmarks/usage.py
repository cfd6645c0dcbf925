"""What a process has used so far, and what it uses from a moment on. Linux (proc(5)); imports little."""

from __future__ import annotations

import gc
import os
import resource
import time
from typing import NamedTuple


class Usage(NamedTuple):
    """CPU seconds (user and system mode, with children that have ended), and the clock's seconds."""

    cpu: float
    wall: float

    @classmethod
    def now(cls) -> Usage:
        """What this process has used."""
        own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
        return cls(cpu, time.perf_counter())

    def since(self) -> Usage:
        """What was used since then."""
        now = Usage.now()
        return Usage(now.cpu - self.cpu, now.wall - self.wall)


class Memory:
    """The peak of resident memory over what was resident when this was made, in bytes."""

    def __init__(self) -> None:
        gc.collect()
        self._idle = _status("VmRSS")
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")

    def over_idle(self) -> int:
        """Of this process, or of its largest child if that is more."""
        child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
        return max(_status("VmHWM") - self._idle, child)


def cpu_of(pid: int) -> float:
    """CPU seconds that a process has used in all its threads (proc(5), /proc/pid/stat)."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def whole_process() -> Usage:
    """What this process has used since its start (proc(5): field 22 counts ticks since the machine's)."""
    with open("/proc/self/stat") as file:
        ticks = int(file.read().rpartition(")")[2].split()[19])
    alive = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    return Usage(Usage.now().cpu, alive)


def _status(name: str) -> int:
    with open("/proc/self/status") as file:
        return int(file.read().partition(f"{name}:")[2].split()[0]) * 1024

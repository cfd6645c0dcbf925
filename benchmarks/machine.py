"""What a result was measured on: enough to judge it by, and nothing that names the machine."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from benchmarks import environments

_LIBRARIES = {"peers": ["boto3", "minio", "obstore", "opendal"], "s3fs": ["s3fs"]}


def description(extra: dict[str, str], used: set[str]) -> dict[str, str]:
    """Return facts by name: processor, cores, kernel, versions of Python, of the peers and of ``extra``."""
    facts = {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1024**3:.0f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
    }
    for name in sorted(used & _LIBRARIES.keys()):
        facts |= environments.versions(name, _LIBRARIES[name])
    return facts | extra


def sentence(facts: dict[str, str]) -> str:
    """Return the description as one line of Markdown."""
    named = {"processor", "cores", "memory", "kernel"}
    libraries = ", ".join(f"{name} {version}" for name, version in facts.items() if name not in named)
    return f"{facts['processor']}, {facts['cores']} cores, {facts['memory']}, {facts['kernel']}; {libraries}."


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()

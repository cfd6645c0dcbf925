"""Disks that are full or cannot be written, as far as this machine lets a test make them."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

NOBODY = 65534
ROOM = 512 * 1024


def can_mount() -> bool:
    """Whether a tmpfs can be mounted here: Linux, root, no container that forbids it. In CI it must be."""
    if os.environ.get("CI", "").lower() == "true":
        return True
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return False
    probe = ["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


@contextlib.contextmanager
def small_tmpfs(directory: Path, options: str = f"size={ROOM}") -> Iterator[None]:
    """Make a directory a file system with little room."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", directory], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", directory], check=True)


@contextlib.contextmanager
def read_only_tmpfs(directory: Path) -> Iterator[None]:
    """Make a directory a read-only file system."""
    with small_tmpfs(directory, "ro"):
        yield


@contextlib.contextmanager
def limited_size(_directory: Path) -> Iterator[None]:
    """Let this process write no longer file: the nearest to a full disk that needs no privilege (setrlimit(2))."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, old[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)


@contextlib.contextmanager
def no_permission(path: Path) -> Iterator[None]:
    """Take all permissions from a path, and from root, whom none bind, its privilege: it is nobody meanwhile."""
    mode, root = path.stat().st_mode, os.geteuid() == 0
    path.chmod(0o000 if path.is_file() else 0o555)
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        path.chmod(mode)

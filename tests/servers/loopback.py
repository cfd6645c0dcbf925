"""What servers on this machine are given: a port of loopback, and a directory for a time."""

import contextlib
import os
import random
import shutil
import socket
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on.

    It lies below the range that Linux takes for outgoing connections (from 32768 on): one of those could get
    the port before the server listens, which may take seconds.
    """
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def parents(space: int = 0) -> list[Path]:
    """Where temporary directories can be, the best first: in memory if so many bytes are free there, then on disk.

    A container often has 64 MiB of /dev/shm.
    """
    in_memory = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= space
    return [MEMORY] * in_memory + [Path(tempfile.gettempdir())]


def temporary_directory(server: str, parent: Path) -> Path:
    """A new directory for the state of a server."""
    return Path(tempfile.mkdtemp(prefix=f"data-store-{server}-", dir=parent))

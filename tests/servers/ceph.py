"""Ceph with its S3 gateway, from the distribution's packages, run by the script `ceph-rgw`."""

import contextlib
import os
import random
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from tests.servers.server import RealServer, Server, ServerStartError

SCRIPT = Path(__file__).with_name("ceph-rgw")
PROGRAMS = ("ceph", "ceph-authtool", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin")
LIFECYCLE_INTERVAL_VARIABLE = "DATA_STORE_CEPH_LIFECYCLE_INTERVAL"
MEMORY = Path("/dev/shm")
SECONDS_TO_STOP = 120


class CephServer(RealServer):
    """A monitor, an OSD in memory and the gateway; the state is in /dev/shm where there is one.

    Args:
        lifecycle_interval: Seconds that count as a day for lifecycle rules; -1 means real days. The default
            is the environment's `DATA_STORE_CEPH_LIFECYCLE_INTERVAL`, else -1.
    """

    name = "ceph"
    title = "Ceph RGW"

    def __init__(self, lifecycle_interval: int | None = None) -> None:
        super().__init__()
        if lifecycle_interval is None:
            lifecycle_interval = int(os.environ.get(LIFECYCLE_INTERVAL_VARIABLE, "-1"))
        self._lifecycle_interval = lifecycle_interval
        self._state: Path | None = None
        self._process: subprocess.Popen[str] | None = None

    @classmethod
    def why_unavailable(cls) -> str | None:
        """None where all of Ceph's programs are on PATH."""
        missing = [program for program in PROGRAMS if shutil.which(program) is None]
        if not missing:
            return None
        return (
            f"Ceph is not installed here ({', '.join(missing)} not found). To get it on Debian or Ubuntu: "
            "apt-get install --no-install-recommends ceph-mon ceph-osd ceph-common radosgw"
        )

    def start(self) -> Server:
        """Start the script; ten to fifteen seconds. The script ends all by itself when this process dies."""
        gateway, monitor = free_port(), free_port()
        self._state = _state_directory()
        self._process = subprocess.Popen(
            [SCRIPT, self._state, str(gateway), str(monitor)],
            env={
                **os.environ,
                "RGW_ACCESS_KEY": self.access_key,
                "RGW_SECRET_KEY": self.secret_key,
                "RGW_LC_DEBUG_INTERVAL": str(self._lifecycle_interval),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # Not in the terminal's process group: Ctrl-C is for the tests, which then end the script.
            start_new_session=True,
        )
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        if self._process.stdout.readline() != "ready\n":
            raise ServerStartError(f"Ceph did not start. Its script says:\n{self._process.stderr.read()}")
        endpoint = f"http://127.0.0.1:{gateway}"
        return Server(self.name, endpoint, self.access_key, self.secret_key, _version())

    def stop(self) -> None:
        """Tell the script to end its daemons, wait for that, and remove the state."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            with contextlib.suppress(BrokenPipeError):
                process.communicate(timeout=SECONDS_TO_STOP)
        if self._state is not None:
            shutil.rmtree(self._state, ignore_errors=True)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on.

    It lies below the range that Linux takes for outgoing connections (from 32768 on): one of those could get
    the port before the server listens, which takes seconds.
    """
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _state_directory() -> Path:
    parent = MEMORY if os.access(MEMORY, os.W_OK) else None
    return Path(tempfile.mkdtemp(prefix="data-store-ceph-", dir=parent))


def _version() -> str | None:
    """The "16.2.15" out of "ceph version 16.2.15 (618f4408...) pacific (stable)"."""
    said = subprocess.run(["radosgw", "--version"], capture_output=True, text=True, check=False)
    words = said.stdout.split()
    return words[2] if words[:2] == ["ceph", "version"] else None

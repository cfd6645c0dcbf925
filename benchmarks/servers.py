"""The servers that are measured against: processes on loopback that the command starts and ends, Linux only (/proc)."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from benchmarks.certificates import make_certificate
from benchmarks.clients import Connection
from benchmarks.environments import PROGRAMS
from benchmarks.usage import cpu_of
from tests.servers.ceph import CephServer
from tests.servers.program import CACHE, ProgramServer
from tests.servers.server import Server

BUCKET, REGION = "bucket", "us-east-1"


@dataclass(frozen=True)
class Running:
    """A server that answers.

    Attributes:
        title: as the tables have it, with its version.
        connection: where it is, with a bucket that is to be made.
        pid: of the process that answers.
        directory: where the clients' files are.
        collect: frees what deleted objects take; servers keep them for minutes or hours, in memory here.
    """

    title: str
    connection: Connection
    pid: int
    directory: Path
    collect: Callable[[], object]

    def cpu_seconds(self) -> float:
        """What the process that answers has used."""
        return cpu_of(self.pid)


class Minio(ProgramServer):
    """MinIO on one directory; with TLS under a certificate that is made for it."""

    name = "minio"
    title = "MinIO"
    variable = "DATA_STORE_MINIO"
    cached = "minio-*/minio"
    to_build = "go install github.com/minio/minio@latest"
    place: ClassVar[Path] = Path()

    def __init__(self, tls: bool = False) -> None:
        super().__init__()
        self._tls = tls

    @classmethod
    def program(cls) -> str | None:
        found = sorted(CACHE.glob(cls.cached))
        named = shutil.which(os.environ.get(cls.variable) or cls.name)
        return named or (str(found[-1]) if found else None)

    @classmethod
    def parent(cls) -> Path:
        return cls.place

    def prepare(self, directory: Path, port: int) -> tuple[list[str], dict[str, str]]:
        arguments = ["server", "--quiet", "--address", f"127.0.0.1:{port}"]
        if self._tls:
            arguments += ["--certs-dir", str(make_certificate(directory / "certs"))]
        keys = {"MINIO_ROOT_USER": self.access_key, "MINIO_ROOT_PASSWORD": self.secret_key}
        return [*arguments, str(directory / "data")], {**keys, "MINIO_BROWSER": "off"}

    def start(self) -> Server:
        server = super().start()
        return replace(server, endpoint=server.endpoint.replace("http://", "https://")) if self._tls else server

    @property
    def directory(self) -> Path:
        """Where it keeps everything."""
        assert self._directory is not None
        return self._directory

    def collect(self) -> None:
        """Free what deleted objects take."""
        for deleted in (self.directory / "data" / ".minio.sys" / "tmp" / ".trash").glob("*"):
            shutil.rmtree(deleted, ignore_errors=True)  # MinIO may be at it, too

    @property
    def pid(self) -> int:
        """Of the program itself, below its leash."""
        assert self._leash is not None
        return _child(self._leash.pid, "minio")

    def _version(self) -> str | None:
        return Path(self.found_program()).parent.name.partition("-")[2] or None


class Ceph(CephServer):
    """Ceph with real days for lifecycle rules, so that none are looked at."""

    def __init__(self) -> None:
        super().__init__(lifecycle_interval=-1)

    @property
    def directory(self) -> Path:
        """Where its state is."""
        assert self._state is not None
        return self._state

    @property
    def pid(self) -> int:
        """Of the gateway."""
        assert self._process is not None
        return _child(self._process.pid, "radosgw")

    def collect(self) -> None:
        """Free what deleted objects take."""
        environment = {**os.environ, "CEPH_CONF": str(self.directory / "ceph.conf")}
        command = ["radosgw-admin", "gc", "process", "--include-all"]
        subprocess.run(command, env=environment, check=True, capture_output=True)


NAMES = ("minio", "ceph")


@contextmanager
def running(name: str, files: Path, *, tls: bool = False) -> Iterator[Running]:
    """Start a server, make its bucket, and end it.

    Raises:
        ServerStartError: it is not installed, or does not start.
    """
    Minio.place = files
    server = Ceph() if name == "ceph" else Minio(tls)
    with server as started:
        connection = Connection(
            endpoint=started.endpoint,
            access_key=started.access_key,
            secret_key=started.secret_key,
            region=REGION,
            bucket=BUCKET,
            ca=str(server.directory / "certs" / "CAs" / "authority.pem") if tls else None,
            directory=str(files),
            programs=str(PROGRAMS),
        )
        title = f"{server.title} {started.version or ''}".strip()
        yield Running(title, connection, server.pid, files, server.collect)


def _child(parent: int, name: str) -> int:
    """Return the pid of a child of a process by the name of its program (proc(5), /proc/pid/stat)."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command, _, rest = (entry / "stat").read_text().rpartition(")")
            except OSError:
                continue
            if command.partition("(")[2] == name and int(rest.split()[1]) == parent:
                return int(entry.name)
    raise RuntimeError(f"no process {name}")

"""The servers that ``serving`` compares, each a process on loopback with the same two objects."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Route

from data_store.object_store import ObjectStore

_BUCKET, _ACCESS, _SECRET = "bucket", "benchmark", "secret-of-nobody"
_EXPIRES = 24 * 3600
_ROOT = "DATA_STORE_BENCHMARK_ROOT"
_CACHED_MINIO = "data-store-ci/minio-*/minio"
_SECONDS_TO_START = 30
_NGINX = """
daemon off; master_process off; pid {root}/nginx.pid; error_log {root}/nginx.log;
events {{}}
http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
  client_body_temp_path {root}/body; proxy_temp_path {root}/proxy; fastcgi_temp_path {root}/fastcgi;
  uwsgi_temp_path {root}/uwsgi; scgi_temp_path {root}/scgi;
  server {{ listen 127.0.0.1:{port}; root {root}; }} }}
"""


class WebServer(ABC):
    """A server in a directory of its own; a context manager that starts and ends it."""

    name: ClassVar[str]
    takes_uploads: ClassVar[bool] = True

    def __init__(self, directory: Path) -> None:
        self.root = directory / type(self).__name__
        self.root.mkdir()
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def is_there(cls) -> bool:
        """Whether it is installed."""
        return True

    @abstractmethod
    def command(self) -> tuple[list[str], dict[str, str]]:
        """Return what starts it: its arguments, and what is added to the environment."""

    @abstractmethod
    def fill(self, objects: dict[str, Path]) -> None:
        """Store these files under their names."""

    @abstractmethod
    def url(self, method: str, name: str) -> str:
        """Return where to send a request."""

    def __enter__(self) -> WebServer:
        arguments, environment = self.command()
        with (self.root / "log").open("wb") as log:
            self._process = subprocess.Popen(arguments, env={**os.environ, **environment}, stdout=log, stderr=log)
        deadline = time.monotonic() + _SECONDS_TO_START
        while not _answers(self.port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise RuntimeError(f"{self.name} did not start: {(self.root / 'log').read_text()[-2000:]}")
            time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=30)

    def cpu_seconds(self) -> float:
        """Return what it has used, in user and system mode (proc(5), /proc/pid/stat)."""
        fields = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def forget_peak(self) -> None:
        """Measure the peak of its memory anew (proc(5), /proc/pid/clear_refs)."""
        Path(f"/proc/{self._pid}/clear_refs").write_text("5")

    def peak_memory(self) -> int:
        """Return the peak of its resident memory, in bytes."""
        status = Path(f"/proc/{self._pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024

    @property
    def _pid(self) -> int:
        assert self._process is not None
        return self._process.pid


class _Store(WebServer):
    """Answers presigned URLs of a store."""

    @abstractmethod
    def configuration(self) -> dict[str, Any]:
        """Return the store that signs."""

    def fill(self, objects: dict[str, Path]) -> None:
        self._signer = ObjectStore(self.configuration())
        for name, path in objects.items():
            self._signer.upload_file(path, name)

    def url(self, method: str, name: str) -> str:
        if method == "PUT":
            return self._signer.get_presigned_upload_url(name, expires=_EXPIRES)
        return self._signer.get_presigned_url(name, expires=_EXPIRES)

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        if hasattr(self, "_signer"):
            self._signer.close()


class Serve(_Store):
    """The embedded store, as ``python -m data_store.object_store.serve`` serves it."""

    name = "`serve`"

    def configuration(self) -> dict[str, Any]:
        return {
            "framework": "local",
            "root_bucket": _BUCKET,
            "connection": {"root": str(self.root / "store")},
            "presign": {"public_endpoint": f"http://127.0.0.1:{self.port}"},
        }

    def command(self) -> tuple[list[str], dict[str, str]]:
        url = f"local:///{_BUCKET}?root={self.root / 'store'}&presign.public_endpoint=http://127.0.0.1:{self.port}"
        return [sys.executable, "-m", "data_store.object_store.serve", "--config", url, "--port", str(self.port)], {}


class Minio(_Store):
    """MinIO on one directory."""

    name = "MinIO"

    @classmethod
    def is_there(cls) -> bool:
        return cls._program() is not None

    def configuration(self) -> dict[str, Any]:
        return {
            "framework": "minio",
            "root_bucket": _BUCKET,
            "create_root_bucket": True,
            "connection": {
                "endpoint": f"127.0.0.1:{self.port}",
                "access_key": _ACCESS,
                "secret_key": _SECRET,
                "region": "us-east-1",
            },
        }

    def command(self) -> tuple[list[str], dict[str, str]]:
        arguments = ["server", "--quiet", "--address", f"127.0.0.1:{self.port}", str(self.root / "data")]
        keys = {"MINIO_ROOT_USER": _ACCESS, "MINIO_ROOT_PASSWORD": _SECRET, "MINIO_BROWSER": "off"}
        return [str(self._program()), *arguments], keys

    @staticmethod
    def _program() -> str | None:
        cached = sorted((Path.home() / ".cache").glob(_CACHED_MINIO))
        return os.environ.get("DATA_STORE_MINIO") or shutil.which("minio") or (str(cached[-1]) if cached else None)


class _Files(WebServer):
    """Answers plain URLs of files."""

    takes_uploads = False

    def fill(self, objects: dict[str, Path]) -> None:
        for name, path in objects.items():
            shutil.copyfile(path, self.root / name)

    def url(self, method: str, name: str) -> str:
        return f"http://127.0.0.1:{self.port}/{name}"


class Static(_Files):
    """Starlette's ``FileResponse``, run by uvicorn."""

    name = "`FileResponse`"

    def command(self) -> tuple[list[str], dict[str, str]]:
        program = [sys.executable, "-m", "uvicorn", "--factory", "benchmarks.web_servers:file_responses"]
        return [*program, "--no-access-log", "--port", str(self.port)], {_ROOT: str(self.root)}


class Nginx(_Files):
    """Nginx, with sendfile."""

    name = "nginx"

    @classmethod
    def is_there(cls) -> bool:
        return shutil.which("nginx") is not None

    def command(self) -> tuple[list[str], dict[str, str]]:
        settings = self.root / "nginx.conf"
        settings.write_text(_NGINX.format(root=self.root, port=self.port))
        return ["nginx", "-c", str(settings)], {}


SERVERS: tuple[type[WebServer], ...] = (Serve, Minio, Static, Nginx)


def file_responses() -> Starlette:
    """Return an application that answers with the files of a directory."""
    root = Path(os.environ[_ROOT])

    async def answer(request: Request) -> FileResponse:
        return FileResponse(root / request.path_params["name"])

    return Starlette(routes=[Route("/{name}", answer)])


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False

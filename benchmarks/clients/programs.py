"""Programs that are no libraries: each call starts one, whose CPU time counts as the client's."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.clients.base import Connection, NotMeasuredError, Program
from benchmarks.clients.sockets import Sockets


class S5cmd(Program):
    """``s5cmd`` with as many workers as there are threads."""

    def upload(self, path: str, key: str) -> None:
        self._run("cp", path, self._url(key))

    def download(self, key: str, path: str) -> None:
        self._run("cp", self._url(key), path)

    def put(self, key: str, data: bytes) -> None:
        self.put_all([key], data)

    def get(self, key: str) -> int:
        return self.get_all([key])

    def put_all(self, keys: list[str], data: bytes) -> None:
        with tempfile.TemporaryDirectory(dir=self.connection["directory"]) as directory:
            source = Path(directory, "source")
            source.write_bytes(data)
            self._all(directory, (f"cp {source} {self._url(key)}" for key in keys))

    def get_all(self, keys: list[str]) -> int:
        with tempfile.TemporaryDirectory(dir=self.connection["directory"]) as directory:
            self._all(directory, (f"cp {self._url(key)} {directory}/{number}" for number, key in enumerate(keys)))
            return sum(Path(directory, str(number)).stat().st_size for number in range(len(keys)))

    def list_keys(self, prefix: str) -> int:
        return self._run("ls", self._url(f"{prefix}*")).count(b"\n")

    def upload_tree(self, directory: str, names: list[str], prefix: str) -> None:
        self._run("cp", f"{directory}/", self._url(prefix))

    def download_tree(self, prefix: str, names: list[str], directory: str) -> None:
        self._run("cp", self._url(f"{prefix}*"), f"{directory}/")

    def _all(self, directory: str, commands: Any) -> None:
        path = Path(directory, "commands")
        path.write_text("\n".join(commands))
        self._run("run", str(path))

    def _url(self, key: str) -> str:
        return f"s3://{self.connection['bucket']}/{key}"

    def _run(self, *arguments: str) -> bytes:
        at = self.connection
        environment = {
            **os.environ,
            "AWS_ACCESS_KEY_ID": at["access_key"],
            "AWS_SECRET_ACCESS_KEY": at["secret_key"],
            "AWS_REGION": at["region"],
        }
        settings = ["--endpoint-url", at["endpoint"], "--numworkers", str(self.threads)]
        command = [f"{at['programs']}/s5cmd", *settings, *arguments]
        return subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True).stdout


class Curl(Program):
    """``curl`` with URLs signed beforehand; many of them go to one process, which keeps its connections."""

    def __init__(self, connection: Connection, options: dict[str, Any], threads: int) -> None:
        super().__init__(connection, options, threads)
        self._signer = Sockets(connection, {}, threads)
        self._origin = "{0.scheme}://{0.netloc}".format(urlsplit(connection["endpoint"]))

    def upload(self, path: str, key: str) -> None:
        self._run(self._put(path, key))

    def download(self, key: str, path: str) -> None:
        self._run(self._get(key, path))

    def put(self, key: str, data: bytes) -> None:
        self.put_all([key], data)

    def get(self, key: str) -> int:
        return self.get_all([key])

    def put_all(self, keys: list[str], data: bytes) -> None:
        with tempfile.NamedTemporaryFile(dir=self.connection["directory"]) as source:
            source.write(data)
            source.flush()
            self._run("".join(self._put(source.name, key) for key in keys))

    def get_all(self, keys: list[str]) -> int:
        settings = "".join(self._get(key, "/dev/null") for key in keys)
        said = self._run(settings + 'write-out = "%{size_download}\\n"\n')
        return sum(map(int, said.split()))

    def list_keys(self, prefix: str) -> int:
        raise NotMeasuredError

    def upload_tree(self, directory: str, names: list[str], prefix: str) -> None:
        self._run("".join(self._put(f"{directory}/{name}", f"{prefix}{name}") for name in names))

    def download_tree(self, prefix: str, names: list[str], directory: str) -> None:
        self._run("".join(self._get(f"{prefix}{name}", f"{directory}/{name}") for name in names))

    def sign(self, method: str, keys: list[str]) -> None:
        self._signer.sign(method, keys)

    def _put(self, path: str, key: str) -> str:
        return f'url = "{self._origin}{self._signer.target("PUT", key)}"\nupload-file = "{path}"\n'

    def _get(self, key: str, path: str) -> str:
        return f'url = "{self._origin}{self._signer.target("GET", key)}"\noutput = "{path}"\n'

    def _run(self, settings: str) -> bytes:
        """The URLs go through a file that only the user reads, and not through the arguments: they are signed."""
        command = ["curl", "--silent", "--show-error", "--fail", "--parallel", "--parallel-max", str(self.threads)]
        command += ["--cacert", str(self.connection["ca"])] if self.connection.get("ca") else []
        with tempfile.NamedTemporaryFile("w", dir=self.connection["directory"]) as file:
            file.write(settings)
            file.flush()
            done = [*command, "--config", file.name]
            return subprocess.run(done, stdout=subprocess.PIPE, check=True).stdout

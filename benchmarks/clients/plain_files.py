"""What Python does without a library: write beside, rename; with ``durable``, sync the file and its directory too."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path
from typing import Any

from benchmarks.clients.base import Client, Connection


class PlainFiles(Client):
    """A directory in which keys are paths."""

    def __init__(self, connection: Connection, options: dict[str, Any], threads: int) -> None:
        super().__init__(connection, options, threads)
        self.root = f"{connection['directory']}/files"
        self.durable = bool(options.get("durable"))
        self._known: set[str] = set()

    def upload(self, path: str, key: str) -> None:
        target = self._path(key)
        shutil.copyfile(path, f"{target}.new")
        self._appear(target)

    def download(self, key: str, path: str) -> None:
        shutil.copyfile(self._path(key), path)

    def put(self, key: str, data: bytes) -> None:
        target = self._path(key)
        beside = f"{target}.{threading.get_ident()}.new"
        file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(file, data)
            if self.durable:
                os.fsync(file)
        finally:
            os.close(file)
        os.rename(beside, target)
        if self.durable:
            _sync(os.path.dirname(target))

    def get(self, key: str) -> int:
        with open(self._path(key), "rb", buffering=0) as file:
            return len(file.read())

    def delete(self, key: str) -> None:
        os.unlink(self._path(key))

    def list_keys(self, prefix: str) -> int:
        return sum(1 for found in Path(self.root, prefix).rglob("*") if found.stat().st_size >= 0 and found.is_file())

    def _appear(self, target: str) -> None:
        if self.durable:
            _sync(f"{target}.new")
        os.rename(f"{target}.new", target)
        if self.durable:
            _sync(os.path.dirname(target))

    def _path(self, key: str) -> str:
        path = f"{self.root}/{key}"
        directory = path.rpartition("/")[0]
        if directory not in self._known:
            os.makedirs(directory, exist_ok=True)
            self._known.add(directory)
        return path


def _sync(path: str) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)

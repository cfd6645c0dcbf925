"""opendal's blocking operator; uploads in chunks as large as our parts, eight at once."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from benchmarks.clients.base import MIB, Client, Connection


class Opendal(Client):
    """An operator of the service ``s3``."""

    def __init__(self, connection: Connection, options: dict[str, Any], threads: int) -> None:
        super().__init__(connection, options, threads)
        opendal: Any = import_module("opendal")
        self.operator = opendal.Operator(
            "s3",
            bucket=connection["bucket"],
            endpoint=connection["endpoint"],
            region=connection["region"],
            access_key_id=connection["access_key"],
            secret_access_key=connection["secret_key"],
            disable_config_load="true",
        )

    def upload(self, path: str, key: str) -> None:
        buffer = memoryview(bytearray(8 * MIB))
        with (
            open(path, "rb", buffering=0) as file,
            self.operator.open(key, "wb", chunk=8 * MIB, concurrent=8) as target,
        ):
            while count := file.readinto(buffer):
                target.write(bytes(buffer[:count]))

    def download(self, key: str, path: str) -> None:
        buffer = bytearray(MIB)
        view = memoryview(buffer)
        with self.operator.open(key, "rb") as source, open(path, "wb", buffering=0) as file:
            while count := source.readinto(buffer):
                file.write(view[:count])

    def put(self, key: str, data: bytes) -> None:
        self.operator.write(key, data)

    def get(self, key: str) -> int:
        return len(self.operator.read(key))

    def list_keys(self, prefix: str) -> int:
        return sum(1 for found in self.operator.list(prefix, recursive=True) if not found.path.endswith("/"))

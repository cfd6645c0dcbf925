"""The facade: on a server with one of the frameworks, or embedded."""

from __future__ import annotations

from typing import Any

from benchmarks.clients.base import Client, Connection


class Ours(Client):
    """``ObjectStore``; its options are keys of the configuration, with dots: ``framework``, ``transfer.part_size``."""

    def __init__(self, connection: Connection, options: dict[str, Any], threads: int) -> None:
        super().__init__(connection, options, threads)
        from data_store.object_store import ObjectStore

        self.store = ObjectStore(self._configuration())

    def _configuration(self) -> dict[str, Any]:
        return _nested(self._place() | self.options)

    def _place(self) -> dict[str, Any]:
        at = self.connection
        return {
            "root_bucket": at["bucket"],
            "connection.endpoint": at["endpoint"],
            "connection.access_key": at["access_key"],
            "connection.secret_key": at["secret_key"],
            "connection.region": at["region"],
            "connection.ca_bundle": at.get("ca"),
            "connection.max_connections": max(32, self.threads),
        }

    def upload(self, path: str, key: str) -> None:
        self.store.upload_file(path, key)

    def download(self, key: str, path: str) -> None:
        self.store.download_file(key, path)

    def put(self, key: str, data: bytes) -> None:
        self.store.put_object(data, key)

    def get(self, key: str) -> int:
        return len(self.store.read_object(key))

    def list_keys(self, prefix: str) -> int:
        return sum(1 for _ in self.store.list_objects(prefix))

    def delete(self, key: str) -> None:
        self.store.delete_object(key)

    def close(self) -> None:
        self.store.close()


class Embedded(Ours):
    """``ObjectStore`` on a directory, or in memory."""

    def __init__(self, connection: Connection, options: dict[str, Any], threads: int) -> None:
        super().__init__(connection, options, threads)
        self.volatile = options["framework"] == "memory"

    def _place(self) -> dict[str, Any]:
        if self.options["framework"] == "memory":
            return {"root_bucket": "bucket"}
        return {"root_bucket": "bucket", "connection.root": f"{self.connection['directory']}/store"}


def _nested(flat: dict[str, Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for path, value in flat.items():
        *parents, name = path.split(".")
        level = nested
        for parent in parents:
            level = level.setdefault(parent, {})
        level[name] = value
    return nested

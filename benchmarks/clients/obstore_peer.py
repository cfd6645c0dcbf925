"""obstore, on a server and on a directory (``LocalStore``, which never syncs)."""

from __future__ import annotations

from abc import abstractmethod
from importlib import import_module
from typing import Any

from benchmarks.clients.base import Client, Connection


class _Obstore(Client):
    """What both stores do alike."""

    def __init__(self, connection: Connection, options: dict[str, Any], threads: int) -> None:
        super().__init__(connection, options, threads)
        self.api: Any = import_module("obstore")
        self.store = self._store(import_module("obstore.store"))

    @abstractmethod
    def _store(self, stores: Any) -> Any: ...

    def upload(self, path: str, key: str) -> None:
        with open(path, "rb") as file:
            self.api.put(self.store, key, file)

    def download(self, key: str, path: str) -> None:
        with open(path, "wb", buffering=0) as file:
            for chunk in self.api.get(self.store, key):
                file.write(chunk)

    def put(self, key: str, data: bytes) -> None:
        self.api.put(self.store, key, data)

    def get(self, key: str) -> int:
        return len(self.api.get(self.store, key).bytes())

    def delete(self, key: str) -> None:
        self.api.delete(self.store, key)

    def list_keys(self, prefix: str) -> int:
        return sum(len(found) for found in self.api.list(self.store, prefix))


class ObstoreS3(_Obstore):
    """``S3Store``."""

    def _store(self, stores: Any) -> Any:
        at, settings = self.connection, {"allow_http": True, "timeout": "600s"}
        if ca := at.get("ca"):
            with open(ca, "rb") as file:
                settings["root_certificate"] = file.read()
        return stores.S3Store(
            at["bucket"],
            endpoint=at["endpoint"],
            access_key_id=at["access_key"],
            secret_access_key=at["secret_key"],
            region=at["region"],
            virtual_hosted_style_request=False,
            client_options=settings,
        )


class ObstoreLocal(_Obstore):
    """``LocalStore``."""

    def _store(self, stores: Any) -> Any:
        return stores.LocalStore(f"{self.connection['directory']}/obstore", mkdir=True)

"""s3fs, the file system of fsspec on aiobotocore."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from benchmarks.clients.base import Client, Connection


class S3fs(Client):
    """A file system without caches."""

    def __init__(self, connection: Connection, options: dict[str, Any], threads: int) -> None:
        super().__init__(connection, options, threads)
        s3fs: Any = import_module("s3fs")
        self.bucket = connection["bucket"]
        self.files = s3fs.S3FileSystem(
            key=connection["access_key"],
            secret=connection["secret_key"],
            endpoint_url=connection["endpoint"],
            client_kwargs={"region_name": connection["region"], "verify": connection.get("ca")},
            config_kwargs={"max_pool_connections": max(10, threads), "s3": {"addressing_style": "path"}},
            skip_instance_cache=True,
            use_listings_cache=False,
        )

    def upload(self, path: str, key: str) -> None:
        self.files.put_file(path, f"{self.bucket}/{key}")

    def download(self, key: str, path: str) -> None:
        self.files.get_file(f"{self.bucket}/{key}", path)

    def put(self, key: str, data: bytes) -> None:
        self.files.pipe_file(f"{self.bucket}/{key}", data)

    def get(self, key: str) -> int:
        return len(self.files.cat_file(f"{self.bucket}/{key}"))

    def list_keys(self, prefix: str) -> int:
        return len(self.files.find(f"{self.bucket}/{prefix}"))

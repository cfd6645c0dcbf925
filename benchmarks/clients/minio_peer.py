"""minio-py with its defaults: ``fput_object`` and ``fget_object``, a pool for all threads."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import urlsplit

from benchmarks.clients.base import Client, Connection


class MinioPy(Client):
    """A client of minio-py."""

    def __init__(self, connection: Connection, options: dict[str, Any], threads: int) -> None:
        super().__init__(connection, options, threads)
        import urllib3
        from minio import Minio

        # minio-py's own pool holds ten connections, and would throw away those of the other threads.
        pool = urllib3.PoolManager(
            maxsize=max(10, threads),
            timeout=300,
            cert_reqs="CERT_REQUIRED",
            ca_certs=connection.get("ca"),
            retries=urllib3.Retry(total=5, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504]),
        )
        self.bucket, at = connection["bucket"], urlsplit(connection["endpoint"])
        self.client = Minio(
            at.netloc,
            access_key=connection["access_key"],
            secret_key=connection["secret_key"],
            region=connection["region"],
            secure=at.scheme == "https",
            http_client=pool,
        )

    def upload(self, path: str, key: str) -> None:
        self.client.fput_object(self.bucket, key, path)

    def download(self, key: str, path: str) -> None:
        self.client.fget_object(self.bucket, key, path)

    def put(self, key: str, data: bytes) -> None:
        self.client.put_object(self.bucket, key, io.BytesIO(data), len(data))

    def get(self, key: str) -> int:
        answer = self.client.get_object(self.bucket, key)
        try:
            return len(answer.read())
        finally:
            answer.close()
            answer.release_conn()

    def list_keys(self, prefix: str) -> int:
        return sum(1 for _ in self.client.list_objects(self.bucket, prefix, recursive=True))

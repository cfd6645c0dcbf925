"""boto3 as its documentation has it: ``upload_file``, ``download_file``, their defaults; a pool for all threads."""

from __future__ import annotations

from typing import Any

from benchmarks.clients.base import Client, Connection


class Boto3(Client):
    """A client of boto3."""

    def __init__(self, connection: Connection, options: dict[str, Any], threads: int) -> None:
        super().__init__(connection, options, threads)
        import boto3
        from botocore.config import Config

        self.bucket = connection["bucket"]
        self.client = boto3.client(
            "s3",
            endpoint_url=connection["endpoint"],
            aws_access_key_id=connection["access_key"],
            aws_secret_access_key=connection["secret_key"],
            region_name=connection["region"],
            verify=connection.get("ca"),
            config=Config(max_pool_connections=max(10, threads), s3={"addressing_style": "path"}),
        )

    def upload(self, path: str, key: str) -> None:
        self.client.upload_file(path, self.bucket, key)

    def download(self, key: str, path: str) -> None:
        self.client.download_file(self.bucket, key, path)

    def put(self, key: str, data: bytes) -> None:
        self.client.put_object(Bucket=self.bucket, Key=key, Body=data)

    def get(self, key: str) -> int:
        return len(self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read())

    def list_keys(self, prefix: str) -> int:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return sum(len(page.get("Contents", ())) for page in pages)

    def close(self) -> None:
        self.client.close()

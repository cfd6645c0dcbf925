"""What the tests of this package ask of an error, a bucket and a directory."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from data_store.object_store import ObjectStoreError
from tests.servers import Server

SECRETS = ("s3cr3t-key-8f1c", "s3cr3t-token-77aa", "s3cr3t-proxy-password")


@contextlib.contextmanager
def raw_client(server: Server) -> Iterator[Any]:
    """boto3 alone, with good credentials and straight to a real server."""
    client = boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}, request_checksum_calculation="when_required"),
    )
    with contextlib.closing(client):
        yield client


@dataclass(frozen=True)
class Bucket:
    """A bucket as another client sees it."""

    client: Any
    name: str

    def put(self, key: str, content: bytes) -> None:
        """Store an object."""
        self.client.put_object(Bucket=self.name, Key=key, Body=content)

    def content(self, key: str) -> bytes | None:
        """The content of an object, or None if there is none."""
        try:
            return bytes(self.client.get_object(Bucket=self.name, Key=key)["Body"].read())
        except self.client.exceptions.NoSuchKey:
            return None

    def keys(self) -> list[str]:
        """The keys of all objects."""
        return [found["Key"] for found in self.client.list_objects_v2(Bucket=self.name).get("Contents", [])]

    def uploads(self, key: str) -> list[str]:
        """The ids of the multipart uploads of a key that are under way. MinIO lists by the whole key only."""
        found = self.client.list_multipart_uploads(Bucket=self.name, Prefix=key).get("Uploads", [])
        return [upload["UploadId"] for upload in found]

    def remove(self) -> None:
        """Delete the objects and the bucket."""
        for key in self.keys():
            self.client.delete_object(Bucket=self.name, Key=key)
        self.client.delete_bucket(Bucket=self.name)


def assert_explains(error: ObjectStoreError, framework: str, operation: str, **where: str | None) -> None:
    """Check that an error says what failed, where and what to try, hides the vendor, and shows no secret."""
    assert (error.operation, error.framework) == (operation, framework)
    assert {name: getattr(error, name) for name in where} == where
    assert error.reason or error.status  # Ceph gives no message
    assert str(error).endswith(type(error).hint)
    assert_hides_secrets(error)


def assert_caused_by_vendor(error: ObjectStoreError) -> None:
    """Check that what the SDK raised is kept as the cause, and only there."""
    assert type(error).__module__ == "data_store.object_store.errors"
    assert isinstance(error.__cause__, Exception)
    assert not isinstance(error.__cause__, ObjectStoreError)


def assert_hides_secrets(error: BaseException) -> None:
    """Check that neither the error nor its traceback, causes included, shows a secret."""
    shown = "\n".join([str(error), repr(error), repr(vars(error)), *traceback.format_exception(error)])
    assert not [secret for secret in SECRETS if secret in shown]


def files_in(directory: Path) -> list[str]:
    """The names of all files in and below a directory."""
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if not path.is_dir())

"""A server that records what the S3 core asks it, and what asks; a file's own fixture of the same name goes before."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from data_store.object_store.adapters.minio_client import MinioClient
from data_store.object_store.adapters.s3.api import S3Api
from data_store.object_store.configurations import ObjectStoreConfiguration
from tests.unit.s3_server import RecordingServer, recording_server, s3_api


@pytest.fixture
def server() -> Iterator[RecordingServer]:
    """A server that records."""
    with recording_server() as running:
        yield running


@pytest.fixture
def api(server: RecordingServer) -> Iterator[S3Api]:
    """The API of that server; each request is sent once."""
    with s3_api(server) as made:
        yield made


@pytest.fixture
def client(server: RecordingServer) -> Iterator[MinioClient]:
    """A client of that server; each request is sent once."""
    config = {"endpoint": server.address, "access_key": "A", "secret_key": "S", "region": "us-east-1"}
    made = MinioClient(ObjectStoreConfiguration(framework="minio", connection=config, retry={"max_attempts": 1}))
    yield made
    made.close()

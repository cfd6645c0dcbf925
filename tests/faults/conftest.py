"""Stores of both SDKs, the fault server alone or before a real one, and a bucket that is looked at from outside."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from data_store.object_store import ObjectStore
from data_store.object_store.testing.faults import FaultServer
from tests.faults.checks import SECRETS, Bucket, raw_client
from tests.servers import Server

MakeStore = Callable[..., ObjectStore]


@pytest.fixture(params=["minio", "boto3"])
def framework(request: pytest.FixtureRequest) -> str:
    """The SDK below the facade."""
    return str(request.param)


@pytest.fixture
def make_store(framework: str) -> Iterator[MakeStore]:
    """Make stores that are closed with the test; short pauses between attempts, and small parts."""
    made: list[ObjectStore] = []

    def make(endpoint: str, *, root_bucket: str = "bucket", max_attempts: int = 3, **connection: Any) -> ObjectStore:
        keys = {"access_key": "ACCESS", "secret_key": SECRETS[0]}
        made.append(
            ObjectStore(
                {
                    "framework": framework,
                    "root_bucket": root_bucket,
                    "connection": {"endpoint": endpoint, "read_timeout": 10, **keys, **connection},
                    "retry": {"max_attempts": max_attempts, "initial_backoff": 0.01, "max_backoff": 0.02},
                    "transfer": {"multipart_threshold": "5MiB", "part_size": "5MiB"},
                }
            )
        )
        return made[-1]

    yield make
    for store in made:
        store.close()


@pytest.fixture
def alone() -> Iterator[FaultServer]:
    """A fault server that answers by itself."""
    with FaultServer() as server:
        yield server


@pytest.fixture(
    scope="module", params=[pytest.param(name, marks=pytest.mark.server(name)) for name in ("minio", "ceph")]
)
def any_server(request: pytest.FixtureRequest) -> Server:
    """Each of the real servers."""
    running = request.getfixturevalue("running_servers").get(request.param)
    assert isinstance(running, Server)
    return running


@pytest.fixture
def server(minio_server: Server) -> Server:
    """The real server behind the fault server; a module may override it."""
    return minio_server


@pytest.fixture
def bucket(server: Server) -> Iterator[Bucket]:
    """A bucket of it, seen from outside: past the fault server, without our code."""
    with raw_client(server) as client:
        bucket = Bucket(client, f"faults-{uuid4().hex[:12]}")
        client.create_bucket(Bucket=bucket.name)
        yield bucket
        bucket.remove()


@pytest.fixture
def wire(server: Server) -> Iterator[FaultServer]:
    """A fault server in front of it."""
    with FaultServer(server.endpoint.removeprefix("http://")) as faults:
        yield faults


@pytest.fixture
def make_wired(make_store: MakeStore, wire: FaultServer, bucket: Bucket, server: Server) -> MakeStore:
    """Make stores that reach the bucket through the fault server."""
    keys = {"access_key": server.access_key, "secret_key": server.secret_key}
    return partial(make_store, wire.endpoint, root_bucket=bucket.name, **keys)


@pytest.fixture
def store(make_wired: MakeStore) -> ObjectStore:
    """One of them."""
    return make_wired()


@pytest.fixture(autouse=True)
def _no_secret_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever a test does: our log at its most talkative, and the warnings of all others, show no secret."""
    caplog.set_level(logging.DEBUG, logger="data_store")
    yield
    text = "\n".join(record.getMessage() for record in caplog.get_records("call"))
    assert not [secret for secret in SECRETS if secret in text]

"""The conformance suite on every framework and server."""

from collections.abc import Iterator
from typing import ClassVar

import pytest

from data_store.object_store import ObjectStore
from data_store.object_store.testing import ObjectStoreConformance
from tests.servers import SERVERS, Server
from tests.servers.plugin import RunningServers

# What S3 allows at least: the suite moves fewer bytes, and still in parts.
SMALLEST_PARTS = {
    "part_size": "5MiB",
    "multipart_threshold": "5MiB",
    "copy_part_size": "5MiB",
    "copy_threshold": "5MiB",
}

VERSIONS: dict[str, str] = {}
"""The servers that a store was made on in this run -> their versions, where they tell them."""


def store_on(server: Server, framework: str) -> ObjectStore:
    """A store on a real server."""
    connection = {
        "endpoint": server.endpoint,
        "access_key": server.access_key,
        "secret_key": server.secret_key,
        "region": "us-east-1",
    }
    if server.version is not None:
        VERSIONS[SERVERS[server.name].title] = server.version
    return ObjectStore({"framework": framework, "connection": connection, "transfer": SMALLEST_PARTS})


class OnServer(ObjectStoreConformance):
    """The suite on a real server of this run.

    Attributes:
        framework: the framework.
        server_name: the server.
    """

    framework: ClassVar[str]
    server_name: ClassVar[str]

    @pytest.fixture(scope="class")
    @classmethod
    def server(cls, running_servers: RunningServers) -> Server:
        """The server."""
        return running_servers.get(cls.server_name)

    @pytest.fixture(scope="class")
    @classmethod
    def store(cls, server: Server) -> Iterator[ObjectStore]:
        """A store on it."""
        with store_on(server, cls.framework) as store:
            yield store

    @pytest.fixture(scope="class")
    @classmethod
    def kms_key(cls, server: Server) -> str | None:
        """A key of its key management service."""
        return server.kms_key

    @pytest.fixture(scope="class")
    @classmethod
    def notification_target(cls, server: Server) -> str:
        """A queue or topic that it knows, or an ARN of none."""
        return server.notification_target or "arn:aws:sns:us-east-1:000000000000:unknown"

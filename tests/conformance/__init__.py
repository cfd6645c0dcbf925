"""The conformance suite on every framework and server."""

from data_store.object_store import ObjectStore
from tests.servers import SERVERS, Server

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

"""The real servers that the tests talk to, on loopback, each for one test run.

`python -m tests.servers minio`, and likewise `ceph`, `versitygw` and `garage`, starts one for a developer.
"""

from tests.servers.ceph import CephServer
from tests.servers.garage import GarageServer
from tests.servers.minio import MinioServer
from tests.servers.server import RealServer, Server, ServerStartError
from tests.servers.versitygw import VersitygwServer

SERVERS: dict[str, type[RealServer]] = {
    kind.name: kind for kind in (MinioServer, CephServer, VersitygwServer, GarageServer)
}

__all__ = [
    "SERVERS",
    "CephServer",
    "GarageServer",
    "MinioServer",
    "RealServer",
    "Server",
    "ServerStartError",
    "VersitygwServer",
]

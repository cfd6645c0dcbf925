"""The real servers that the tests talk to, on loopback, each for one test run.

`python -m tests.servers minio` and `python -m tests.servers ceph` start one for a developer.
"""

from tests.servers.ceph import CephServer
from tests.servers.minio import MinioServer
from tests.servers.server import RealServer, Server, ServerStartError

SERVERS: dict[str, type[RealServer]] = {kind.name: kind for kind in (MinioServer, CephServer)}

__all__ = ["SERVERS", "CephServer", "MinioServer", "RealServer", "Server", "ServerStartError"]

"""What is compared: clients of S3 and of directories behind one interface, each imported when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from benchmarks.clients.base import Client, Connection

__all__ = ["Client", "Connection", "open_client"]

_PLACES = {
    "ours": "ours:Ours",
    "ours-embedded": "ours:Embedded",
    "sockets": "sockets:Sockets",
    "boto3": "boto3_peer:Boto3",
    "minio-py": "minio_peer:MinioPy",
    "obstore": "obstore_peer:ObstoreS3",
    "obstore-local": "obstore_peer:ObstoreLocal",
    "opendal": "opendal_peer:Opendal",
    "s3fs": "s3fs_peer:S3fs",
    "s5cmd": "programs:S5cmd",
    "curl": "programs:Curl",
    "file": "plain_files:PlainFiles",
}


def open_client(name: str, connection: Connection, options: dict[str, Any], threads: int) -> Client:
    """Import a client and make it, with connections enough for so many threads."""
    module, _, attribute = _PLACES[name].partition(":")
    made: Client = getattr(import_module(f"benchmarks.clients.{module}"), attribute)(connection, options, threads)
    return made

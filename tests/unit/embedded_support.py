"""What the tests of the embedded store share: clients, bodies, and a view of what lies on the disk."""

from __future__ import annotations

import functools
import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from data_store.object_store.adapters.embedded.client import EmbeddedClient, LocalClient, MemoryClient
from data_store.object_store.adapters.embedded.content import GRACE_SECONDS
from data_store.object_store.body import Source
from data_store.object_store.configurations import ObjectStoreConfiguration
from data_store.object_store.models import (
    BucketOptions,
    DeleteOptions,
    GetOptions,
    ListOptions,
    ObjectMetadata,
    PartInfo,
    PartOptions,
    PutOptions,
)

__all__ = [
    "BUCKET",
    "LARGE",
    "BucketOptions",
    "DeleteOptions",
    "GetOptions",
    "ListOptions",
    "PutOptions",
    "Source",
    "age",
    "files",
    "finish",
    "io",
    "killed",
    "local",
    "memory",
    "of",
    "put",
    "read",
    "start",
    "started",
    "upload_part",
    "with_bucket",
]

C = TypeVar("C", bound=EmbeddedClient)

BUCKET = "bucket"
LARGE = 100_000  # bytes; more than the database takes


# Runs a command, in a namespace of its own, where a directory (the first argument) is a file system with reflinks.
ON_XFS = [
    "unshare",
    "--mount",
    "sh",
    "-c",
    'truncate -s 512M "$0.image" && mkfs.xfs -q -m reflink=1 "$0.image" && mount -o loop "$0.image" "$0" && exec "$@"',
]


@functools.cache
def can_mount_xfs() -> bool:
    """Return whether this user may mount an XFS on this machine."""
    if os.getuid() != 0 or not (shutil.which("unshare") and shutil.which("mkfs.xfs")):
        return False
    with tempfile.TemporaryDirectory() as directory:
        command = [*ON_XFS, f"{directory}/mnt", "true"]
        Path(directory, "mnt").mkdir()
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


def local(root: Path, durability: str = "relaxed") -> LocalClient:
    """Return a client of the store in a directory."""
    connection = {"root": root, "durability": durability}
    return LocalClient(ObjectStoreConfiguration(framework="local", connection=connection))


def memory(name: str) -> MemoryClient:
    """Return a client of the memory store of a name."""
    return MemoryClient(ObjectStoreConfiguration(framework="memory", connection={"name": name}))


@contextmanager
def with_bucket(made: C, options: BucketOptions | None = None) -> Iterator[C]:
    """Make the bucket, and close the client at the end."""
    try:
        made.create_bucket(BUCKET, options or BucketOptions())
        yield made
    finally:
        made.close()


def of(framework: str, directory: Path) -> EmbeddedClient:
    """Return a client of the store in a directory, or of one in memory of that name."""
    return local(directory) if framework == "local" else memory(str(directory))


def put(client: LocalClient | MemoryClient, key: str, data: bytes, options: PutOptions | None = None) -> ObjectMetadata:
    """Store an object in the bucket of the tests."""
    return client.put_object(BUCKET, key, Source(io.BytesIO(data), len(data)), options or PutOptions())


def read(client: LocalClient | MemoryClient, key: str) -> bytes:
    """Return the content of an object in the bucket of the tests."""
    return client.get_object(BUCKET, key, GetOptions()).read()


def started(
    client: LocalClient | MemoryClient,
    data: Sequence[bytes],
    options: PutOptions | None = None,
    part_options: PartOptions | None = None,
    key: str = "key",
) -> tuple[str, list[PartInfo]]:
    """Start a multipart upload and put parts; return its id and the parts."""
    upload = client.create_multipart_upload(BUCKET, key, options or PutOptions()).upload_id
    made = [upload_part(client, upload, number, each, key, part_options) for number, each in enumerate(data, 1)]
    return upload, made


def upload_part(
    client: LocalClient | MemoryClient,
    upload: str,
    number: int,
    data: bytes,
    key: str = "key",
    options: PartOptions | None = None,
) -> PartInfo:
    """Upload one part."""
    body = Source(io.BytesIO(data), len(data))
    return client.upload_part(BUCKET, key, upload, number, body, options or PartOptions())


def files(root: Path) -> dict[str, int]:
    """Return how many files there are in each part of a store's directory."""
    return {part: sum(p.is_file() for p in (root / part).rglob("*")) for part in ("content", "temp", "pending")}


def age(root: Path) -> None:
    """Make every file of a store older than the grace time."""
    long_ago = time.time() - GRACE_SECONDS - 60
    for part in ("content", "temp", "pending"):
        for path in (root / part).rglob("*"):
            os.utime(path, (long_ago, long_ago))


def start(script: str, *arguments: object, within: Sequence[str] = ()) -> subprocess.Popen[str]:
    """Run a script in a process of its own, which has this module's names; ``within`` is a command to run it by."""
    head = "import os, signal, sys\nfrom pathlib import Path\nfrom tests.unit.embedded_support import *\n"
    return subprocess.Popen(
        [*within, sys.executable, "-c", head + script, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def finish(process: subprocess.Popen[str]) -> str:
    """Wait for a process to end well and return what it printed."""
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    return output


def killed(script: str, *arguments: object) -> None:
    """Run a script that must die by SIGKILL."""
    process = start(script, *arguments)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL, errors

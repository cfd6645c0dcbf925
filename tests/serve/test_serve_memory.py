"""Constant memory: a server of its own, whose memory the system tells."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import requests

from data_store.object_store import ObjectStore
from tests.serve.support import open_store, pieces, program

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not tell memory")

SIZE = 300 * 1024 * 1024
ROOM_KIB = 24 * 1024


class Server(NamedTuple):
    """A server in a process of its own."""

    process: subprocess.Popen[str]
    store: ObjectStore

    @property
    def peak_kib(self) -> int:
        """The most memory that it ever had, in KiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that has answered before."""
    root = tmp_path_factory.mktemp("store")
    with (
        program("-m", "data_store.object_store.serve", "--port", "0", "--config", f"local://{root}/photos") as (
            process,
            output,
        ),
        open_store(root, output.readline().split()[-1]) as store,
    ):
        served = Server(process, store)
        requests.put(store.get_presigned_upload_url("warm"), data=bytes(4 * 1024 * 1024), timeout=10)
        requests.get(store.get_presigned_url("warm"), timeout=10)
        yield served


class Body:
    """A body that is made while it is sent."""

    def __init__(self, size: int) -> None:
        self.len = size
        self._pieces = iter(pieces(size))

    def read(self, _size: int = -1) -> bytes:
        """Return the next piece."""
        return next(self._pieces, b"")


def test_memory_stays_flat_for_large_bodies(server: Server) -> None:
    """300 MiB up, as a part, and down again take no more than some blocks."""
    before = server.peak_kib
    assert requests.put(server.store.get_presigned_upload_url("x"), data=Body(SIZE), timeout=100).status_code == 200
    upload = server.store.presign_multipart("y", SIZE, SIZE)
    assert requests.put(upload.parts[0].url, data=Body(SIZE), timeout=100).status_code == 200
    received = 0
    with requests.get(server.store.get_presigned_url("x"), stream=True, timeout=100) as answer:
        for chunk in answer.iter_content(1024 * 1024):
            received += len(chunk)
    assert received == SIZE
    assert server.peak_kib - before < ROOM_KIB

"""The objects and files that the works need, made before anything is measured."""

from __future__ import annotations

import os
import random
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.clients import open_client
from benchmarks.clients.base import MIB
from benchmarks.clients.sockets import Sockets
from benchmarks.servers import Running
from benchmarks.threads import in_threads

_WARM, _LARGE, _UPLOAD, _SMALL, _LIST = "warm", "large", "upload", "small/", "list/"


@dataclass(frozen=True)
class Sizes:
    """How much: bytes of the large object, small objects and their bytes, keys of a listing."""

    large: int = 1024 * MIB
    count: int = 2000
    small: int = 4096
    keys: int = 10_000

    @classmethod
    def quick(cls) -> Sizes:
        """Little of everything."""
        return cls(64 * MIB, 200, 4096, 2000)


class Fixtures:
    """What is stored in a bucket of a server, each thing when it is first asked for."""

    def __init__(self, server: Running, sizes: Sizes) -> None:
        self._server, self._sizes = server, sizes
        self._there: set[str] = set()

    def __enter__(self) -> Self:
        self._client().create_bucket()
        self._client().put(_WARM, bytes(self._sizes.small))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The server ends with all that is stored."""

    def upload(self, size: int | None = None) -> dict[str, Any]:
        """Parameters of ``up``."""
        path = self.file(size or self._sizes.large)
        return {"path": str(path), "key": _UPLOAD, "warm": _WARM}

    def download(self, size: int | None = None) -> dict[str, Any]:
        """Parameters of ``down``: an object as ours stores it, in parts, with a checksum where servers keep one."""
        wanted = size or self._sizes.large
        key = f"{_LARGE}-{wanted}"
        if key not in self._there:
            with closing(open_client("ours", self._server.connection, {"framework": "minio"}, 8)) as client:
                client.upload(str(self.file(wanted)), key)
            self._there.add(key)
        target = str(self._server.directory / "downloaded")
        return {"key": key, "target": target, "size": wanted, "warm": _WARM}

    def small(self) -> dict[str, Any]:
        """Parameters of ``put`` and ``get``, which use the same keys."""
        assert self._small_objects
        return {"prefix": _SMALL, "count": self._sizes.count, "size": self._sizes.small, "warm": _WARM}

    def listing(self, keys: int | None = None) -> dict[str, Any]:
        """Parameters of ``list``."""
        count = keys or self._sizes.keys
        prefix = f"{_LIST}{count}/"
        self._fill([f"{prefix}{number // 1000:04}/{number:07}" for number in range(count)], b"")
        return {"prefix": prefix, "count": count, "warm": _WARM}

    def tree(self, count: int, size: int) -> dict[str, Any]:
        """Parameters of ``tree-up`` and ``tree-down``, which use the same keys."""
        path, prefix = self._server.directory / f"tree-{size}", f"tree-{size}/"
        path.mkdir()
        names = [f"{number:06}" for number in range(count)]
        for name in names:
            write_file(path / name, size)
        client = self._client()
        in_threads(16, names, lambda name: client.upload(str(path / name), f"{prefix}{name}"))
        target = str(self._server.directory / "tree-downloaded")
        return {"path": str(path), "prefix": prefix, "target": target, "count": count, "size": size}

    def cold(self) -> dict[str, Any]:
        """Parameters of ``cold``."""
        return {"warm": _WARM}

    def signed_warm_up(self) -> dict[str, str]:
        """The request that warms up, signed."""
        return {f"GET {_WARM}": self._client().target("GET", _WARM)}

    def forget_upload(self) -> None:
        """Remove what ``up`` has stored, and have the server free its space."""
        self._client().delete(_UPLOAD)
        self._server.collect()

    def file(self, size: int) -> Path:
        """Return a file of random bytes."""
        path = self._server.directory / f"file-{size}"
        if not path.exists():
            write_file(path, size)
        return path

    @cached_property
    def _small_objects(self) -> bool:
        sizes = self._sizes
        keys = [f"{_SMALL}{number // 1000:04}/{number:07}" for number in range(sizes.count)]
        self._fill(keys, os.urandom(sizes.small))
        return True

    def _client(self) -> Sockets:
        """Return one with new connections: a server closes those that were idle while something was measured."""
        return Sockets(self._server.connection, {}, 16)

    def _fill(self, keys: list[str], data: bytes) -> None:
        client = self._client()
        in_threads(16, keys, lambda key: client.put(key, data))


def write_file(path: Path, size: int) -> None:
    """Write so many bytes that do not repeat within a block."""
    source = random.Random(size)  # the same bytes each time
    block = source.randbytes(min(size, 64 * MIB))
    with path.open("wb") as file:
        for start in range(0, size, len(block) or 1):
            file.write(block[: size - start])

"""What the tests of transfers share."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

from data_store.object_store.body import Source
from data_store.object_store.models import GetOptions, ObjectMetadata, Progress, PutOptions
from data_store.object_store.sources import stream_of
from data_store.object_store.transfer import Transfers
from tests.unit.dict_client import MIB, DictClient, PartsClient, StreamClient, configuration

PART = 5 * MIB
CONTENT = os.urandom(MIB) * 11
CLIENTS = [DictClient, StreamClient, PartsClient]
NO_OPTIONS = PutOptions()


SOURCE = PutOptions(
    content_type="text/plain",
    metadata={"a": "b"},
    storage_class="COLD",
    cache_control="no-store",
    content_disposition="attachment",
    content_encoding="gzip",
    content_language="de",
)
FIELDS = (
    "content_type",
    "metadata",
    "storage_class",
    "cache_control",
    "content_disposition",
    "content_encoding",
    "content_language",
)


class DataTransfers(Transfers):
    """Takes all that ``put_object`` takes."""

    def upload(self, data: Any, length: int | None, *rest: Any) -> ObjectMetadata:
        """Upload data."""
        return super().upload(*stream_of(data, length), *rest)


def transfers_of(client: DictClient, **transfer: Any) -> DataTransfers:
    """Return the transfers of a client that has the bucket b."""
    client.buckets.setdefault("b", {})
    return DataTransfers(client, configuration(**transfer))


def file_of(tmp_path: Path, size: int) -> Path:
    """Return a file of that many bytes of CONTENT."""
    path = tmp_path / "file"
    path.write_bytes(CONTENT[:size])
    return path


class Pipe(io.RawIOBase):
    """A stream that is read once and delivers short reads."""

    def __init__(self, content: bytes, most: int = 300_000) -> None:
        super().__init__()
        self._content = memoryview(content)
        self._at = 0
        self._most = most

    def readable(self) -> bool:
        """Return True."""
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """Return at most ``most`` bytes."""
        end = self._at + (self._most if size is None or size < 0 else min(size, self._most))
        piece = bytes(self._content[self._at : end])
        self._at += len(piece)
        return piece


def upload_way(transfers: DataTransfers, way: str, tmp_path: Path, size: int, progress: Progress) -> None:
    """Upload that many bytes of CONTENT in one of the ways that bytes take."""
    if way == "file":
        transfers.upload_file(file_of(tmp_path, size), "b", "k", NO_OPTIONS, progress)
    else:
        data = CONTENT[:size] if way == "bytes" else Pipe(CONTENT[:size])
        transfers.upload(data, None, "b", "k", NO_OPTIONS, progress)


def stored_content(client: DictClient, key: str = "k") -> bytes:
    """Return what is stored under a key."""
    return client.buckets["b"][key].content


def nothing_is_left(client: DictClient) -> bool:
    """Return whether there is neither an object nor an upload."""
    return client.buckets["b"] == {} and not getattr(client, "uploads", {})


class MineError(Exception):
    """The caller's own."""


def upload_as(client: DictClient, way: str, path: Path, content: bytes, options: PutOptions) -> None:
    """Upload content in one of the ways that bytes take."""
    transfers = transfers_of(client)
    try:
        if way == "file":
            path.write_bytes(content)
            transfers.upload_file(path, "b", "k", options)
        else:
            data = {"bytes": content, "seekable": io.BytesIO(content), "pipe": Pipe(content), "chunks": [content, b""]}[
                way
            ]
            transfers.upload(data, None, "b", "k", options)
    finally:
        transfers.close()


def put(client: DictClient, content: bytes, key: str = "k", options: PutOptions = NO_OPTIONS) -> ObjectMetadata:
    """Store content in the bucket b, past all transfers."""
    client.buckets.setdefault("b", {})
    return client.put_object("b", key, Source(io.BytesIO(content), len(content)), options)


def options_of(client: DictClient, key: str) -> dict[str, Any]:
    """Return the content options of an object."""
    found = client.head_object("b", key, GetOptions())
    return {name: getattr(found, name) for name in FIELDS}

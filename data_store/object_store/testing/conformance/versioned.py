"""What the groups about versions share."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

if TYPE_CHECKING:
    from data_store.object_store.models import UploadOptions
    from data_store.object_store.store import ObjectStore

__all__ = ["NO_VERSIONS", "READS", "deleted_version", "listed", "write"]

NO_VERSIONS = ["missing", "ill-formed", "of another key"]
"""Kinds of ids that name no version of a key; see ``deleted_version``."""

READS: dict[str, Callable[[ObjectStore, str, str, str, Path], bytes]] = {
    "get_object": lambda store, key, bucket, version, _: store.get_object(key, bucket, version).read(),
    "get_object_range": lambda store, key, bucket, version, _: store.get_object(key, bucket, version, offset=0).read(),
    "read_object": lambda store, key, bucket, version, _: store.read_object(key, bucket, version),
    "open_object": lambda store, key, bucket, version, _: store.open_object(key, bucket, version).read(),
    "get_ranges": lambda store, key, bucket, version, _: store.get_ranges(key, [(0, 100)], bucket, version)[0],
    "download_file": lambda store, key, bucket, version, path: _file(
        path, lambda target: store.download_file(key, target, bucket, version=version)
    ),
    "download_object": lambda store, key, bucket, version, path: _file(
        path, lambda target: store.download_object(key, target, bucket, version=version)
    ),
}
"""Each way to read a version: ``read(store, key, bucket, version, directory)``."""


def write(store: ObjectStore, content: bytes, key: str, bucket: str, **options: Unpack[UploadOptions]) -> str:
    """Store an object; return the id of its version, asking for it where the answer does not tell ("null", say)."""
    written = store.put_object(io.BytesIO(content), key, bucket, **options)
    return written.version_id or next(store.list_versions(bucket=bucket, key=key)).version_id


def deleted_version(store: ObjectStore, kind: str, key: str, bucket: str) -> str:
    """Return an id that names no version of a key, of one of the kinds in ``NO_VERSIONS``."""
    if kind == "ill-formed":
        return "no such version"
    if kind == "of another key":
        return write(store, b"other", f"{key}-other", bucket)
    missing = write(store, b"deleted", key, bucket)
    store.delete_object(key, bucket, missing)
    return missing


def listed(store: ObjectStore, key: str, bucket: str) -> list[tuple[str, bool]]:
    """Return the versions of a key: their ids, and whether they are delete markers."""
    return [(found.version_id, found.is_delete_marker) for found in store.list_versions(bucket=bucket, key=key)]


def _file(directory: Path, download: Callable[[Path], object]) -> bytes:
    target = directory / "target"
    download(target)
    return target.read_bytes()

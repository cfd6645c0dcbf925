"""Names of buckets and keys, and the ids that servers make."""

from __future__ import annotations

import errno
import ipaddress
import os
import re
from pathlib import Path

from data_store.object_store.errors import InvalidArgument
from data_store.object_store.models import ObjectIdentifier
from data_store.object_store.validation.rules import (
    CONTROL,
    MAX_KEY_BYTES,
    text,
    text_without_controls,
    utf8,
)

__all__ = [
    "bucket",
    "file_path",
    "identifier",
    "key",
    "key_pair",
    "needed_version",
    "new_bucket",
    "new_bucket_problem",
    "prefix",
    "upload_id",
    "version",
]

_BUCKET = re.compile(r"[a-z0-9](?:[a-z0-9.-]{1,61})[a-z0-9]")
_RESERVED_STARTS = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_ENDS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")


def new_bucket(name: str) -> str:
    """Check a name for a bucket that is to be made (S3 user guide, "Bucket naming rules")."""
    text("bucket", name)
    problem = new_bucket_problem(name)
    if problem:
        raise InvalidArgument(f"invalid bucket name {name!r}: {problem}")
    return name


def new_bucket_problem(name: str) -> str | None:
    """Return the rule for new buckets that a name breaks, without the name; None if it keeps them all."""
    if not _BUCKET.fullmatch(name):
        return "3 to 63 characters of a-z, 0-9, '.' and '-', beginning and ending with a letter or a digit"
    if ".." in name or ".-" in name or "-." in name:
        return "no '..', '.-' or '-.'"
    if _is_ip_address(name):
        return "not formatted as an IP address"
    if name.startswith(_RESERVED_STARTS) or name.endswith(_RESERVED_ENDS):
        return "S3 reserves that beginning or ending"
    return None


def bucket(name: str) -> str:
    """Check the name of a bucket that may exist: loose, so that legacy names and ARNs stay reachable."""
    utf8("bucket name", name)
    if not name or len(name) > MAX_KEY_BYTES or CONTROL.search(name) or {" ", "?", "#", "\\"} & set(name):
        raise InvalidArgument(f"invalid bucket name {name!r}: a name is not empty and has no spaces, '?' or '#'")
    if name in {".", ".."} or (not name.startswith("arn:") and "/" in name):
        raise InvalidArgument(f"invalid bucket name {name!r}: a name is no path")
    return name


def key(value: str, name: str = "key") -> str:
    """Check a key: 1 to 1,024 bytes of UTF-8, no NUL (S3 user guide, "Object key naming guidelines")."""
    if utf8(name, value) == 0:
        raise InvalidArgument(f"invalid {name}: empty; a key has 1 to {MAX_KEY_BYTES} bytes")
    return value


def prefix(value: str, name: str = "prefix") -> str:
    """Check a prefix: as a key, but it may be empty."""
    utf8(name, value)
    return value


def version(value: str | None, name: str = "version") -> str | None:
    """Check a version id, or None. Any shape will do: one that no version has is ``VersionNotFound``."""
    return None if value is None else text_without_controls(name, value)


def needed_version(value: str) -> str:
    """Check a version id that must be given."""
    return text_without_controls("version", value)


def identifier(value: str | ObjectIdentifier) -> ObjectIdentifier:
    """Check a key, or a version of one, that is one of many."""
    if isinstance(value, ObjectIdentifier):
        return ObjectIdentifier(key(value.key), version(value.version_id, "version_id"))
    return ObjectIdentifier(key(value))


def key_pair(value: tuple[str, str]) -> tuple[str, str]:
    """Check a pair of keys: source and target of a copy."""
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise InvalidArgument(f"pairs must be (source, target) pairs of keys, not {value!r}")
    return key(value[0], "source"), key(value[1], "target")


def upload_id(value: str) -> str:
    """Check the id of a multipart upload. Any shape will do: one that no upload has is ``UploadNotFound``."""
    return text_without_controls("upload_id", value)


def file_path(value: str | os.PathLike[str]) -> Path:
    """Check the path of a file of the caller."""
    path = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(path, str):
        raise InvalidArgument(f"file_path must be a path, not {type(value).__name__}")
    if not path or "\0" in path:
        raise InvalidArgument("file_path must not be empty or hold a NUL")
    if path.endswith(os.sep):  # which Path would drop
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    return Path(path)


def _is_ip_address(name: str) -> bool:
    try:
        ipaddress.IPv4Address(name)
    except ValueError:
        return bool(re.fullmatch(r"(\d+\.){3}\d+", name))
    return True

"""The keys that an embedded store signs presigned URLs with: its own, made on first use."""

from __future__ import annotations

import json
import os
import secrets
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple, Protocol

from data_store.object_store.adapters.embedded.database import Database
from data_store.object_store.errors import IntegrityError
from data_store.object_store.files import sync_directory
from data_store.object_store.signing.sigv4 import MAX_EXPIRES, Credentials

__all__ = ["FileKeys", "MemoryKeys", "PresignKeys"]

_FILE = "presign-keys.json"
_LONGEST_LIFE = timedelta(seconds=MAX_EXPIRES)
_SECRET_BYTES = 32  # as many as SHA-256 has (RFC 2104, section 3)


class PresignKeys(Protocol):
    """Keys, the one that signs first."""

    def good(self) -> Sequence[Credentials]:
        """Return the keys, at least one; former ones have an end, and may be past it."""

    def rotate(self, *, revoke: bool) -> None:
        """Put a new key in front; the former ones end when what they signed has expired, with ``revoke`` at once."""


class _Read(NamedTuple):
    """The keys of a file, and how the file looked."""

    identity: tuple[int, int, int]
    keys: tuple[Credentials, ...]


class FileKeys:
    """Keys in a file that only its owner may read, for any number of processes.

    The file is replaced as a whole, inside a write transaction of the store, of which there is one at a time. Each use
    looks whether it is still the file that was read.

    Args:
        root: the directory of the store.
        database: the database in it.
    """

    def __init__(self, root: Path, database: Database) -> None:
        self._path = root / _FILE
        self._name = str(self._path)  # os.stat is faster with a str, and each signature asks it
        self._temp = root / "temp"
        self._database = database
        self._last: _Read | None = None

    def good(self) -> Sequence[Credentials]:
        """See ``PresignKeys``.

        Raises:
            IntegrityError: the file is damaged.
        """
        last = self._last
        try:
            if last is None or last.identity != _identity(os.stat(self._name)):  # noqa: PTH116
                last = self._last = self._read()
        except FileNotFoundError:
            return self._first()
        return last.keys

    def rotate(self, *, revoke: bool) -> None:
        """See ``PresignKeys``. With ``revoke`` a damaged file is replaced too."""
        with self._database.write():
            former = () if revoke or not self._path.exists() else _ending(self._read().keys)
            self._write([_new_key(), *former])

    def _first(self) -> Sequence[Credentials]:
        with self._database.write():
            if not self._path.exists():
                self._write([_new_key()])
        self._last = self._read()
        return self._last.keys

    def _read(self) -> _Read:
        with self._path.open(encoding="ascii") as file:
            identity = _identity(os.fstat(file.fileno()))
            try:
                return _Read(identity, _unpacked(file.read()))
            except (ValueError, TypeError, KeyError):
                reason = f"{self._path} is damaged; rotate_presign_key(revoke=True) makes a new one"
                raise IntegrityError(reason) from None

    def _write(self, keys: Sequence[Credentials]) -> None:
        """Replace the file; what a dead process leaves of it is a temporary file, which the store removes."""
        temporary = self._temp / secrets.token_hex(16)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(_packed(keys))
                file.flush()
                os.fsync(descriptor)
            # The kernel's own times advance in ticks of milliseconds, and a file may get the inode of the last but one:
            # a process would not see that it is another.
            now = time.time_ns()
            os.utime(temporary, ns=(now, now))
            temporary.replace(self._path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync_directory(self._path.parent)


class MemoryKeys:
    """Keys in the memory of the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: tuple[Credentials, ...] = (_new_key(),)

    def good(self) -> Sequence[Credentials]:
        """See ``PresignKeys``."""
        return self._keys

    def rotate(self, *, revoke: bool) -> None:
        """See ``PresignKeys``."""
        with self._lock:
            self._keys = (_new_key(), *(() if revoke else _ending(self._keys)))


def _new_key() -> Credentials:
    return Credentials(secrets.token_hex(10).upper(), secrets.token_urlsafe(_SECRET_BYTES))


def _ending(keys: Sequence[Credentials]) -> tuple[Credentials, ...]:
    """Return keys that sign no more: good until the last URL that they may have signed expires."""
    now = datetime.now(UTC).replace(microsecond=0)
    ends = [(key, key.expires_at or now + _LONGEST_LIFE) for key in keys]
    return tuple(Credentials(key.access_key, key.secret_key, expires_at=end) for key, end in ends if end > now)


def _packed(keys: Sequence[Credentials]) -> str:
    listed = [
        {"id": key.access_key, "secret": key.secret_key, "until": key.expires_at and key.expires_at.isoformat()}
        for key in keys
    ]
    return json.dumps({"keys": listed}, indent=1)


def _unpacked(text: str) -> tuple[Credentials, ...]:
    """Read keys; ``ValueError``, ``TypeError`` or ``KeyError`` if there are none."""
    keys = tuple(_key(each["id"], each["secret"], each["until"]) for each in json.loads(text)["keys"])
    if not keys or keys[0].expires_at is not None:
        raise ValueError("no key signs")
    return keys


def _key(access_key: str, secret_key: str, until: str | None) -> Credentials:
    if not (access_key and secret_key and isinstance(access_key, str) and isinstance(secret_key, str)):
        raise ValueError("a key is empty")
    return Credentials(access_key, secret_key, expires_at=None if until is None else datetime.fromisoformat(until))


def _identity(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_ino, found.st_mtime_ns, found.st_size

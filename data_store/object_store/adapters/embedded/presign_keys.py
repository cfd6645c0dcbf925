"""The keys that an embedded store signs presigned URLs with: its own, made on first use."""

from __future__ import annotations

import errno
import json
import os
import secrets
import stat
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple, Protocol

from data_store.object_store.adapters.embedded.database import Database
from data_store.object_store.errors import ConfigurationError, IntegrityError
from data_store.object_store.files import sync_directory
from data_store.object_store.models.presigned import MAX_EXPIRES
from data_store.object_store.signing.sigv4 import Credentials

__all__ = ["FileKeys", "MemoryKeys", "PresignKeys"]

_FILE = "presign-keys.json"
_LONGEST_LIFE = timedelta(seconds=MAX_EXPIRES)
# Windows has neither; a link may lead to anybody's file, and opening a FIFO waits for its writer.
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_LINK = (errno.ELOOP, errno.EMLINK)  # EMLINK: FreeBSD, open(2)
_REVOKE = "rotate_presign_key(revoke=True) makes a new one"
_SECRET_BYTES = 32  # as many as SHA-256 has (RFC 2104, section 3)


class PresignKeys(Protocol):
    """Keys, the one that signs first."""

    def good(self) -> Sequence[Credentials]:
        """Return the keys, at least one; former ones have an end, and may be past it."""

    def rotate(self, *, revoke: bool) -> None:
        """Put a new key in front; the former ones end when what they signed has expired, with ``revoke`` at once."""


class _Read(NamedTuple):
    """The keys of a file, and how the file looked."""

    identity: tuple[int, ...]
    keys: tuple[Credentials, ...]


class FileKeys:
    """Keys in a file that only its owner may read, for any number of processes.

    The file is replaced as a whole, inside a write transaction of the store, of which there is one at a time. Each use
    looks whether it is still the file that was read. As of SSH's keys, one that others may read or have written is
    none: it signs nothing, and nothing that it signed is good.

    Args:
        root: the directory of the store.
        database: the database in it.
    """

    def __init__(self, root: Path, database: Database) -> None:
        self._path = root / _FILE
        self._name = str(self._path)  # os.lstat is faster with a str, and each signature asks it
        self._temp = root / "temp"
        self._database = database
        self._last: _Read | None = None

    def good(self) -> Sequence[Credentials]:
        """See ``PresignKeys``.

        Raises:
            IntegrityError: the file is damaged.
            ConfigurationError: it is no file, others may read or write it, or it belongs to another user.
        """
        last = self._last
        try:
            if last is None or last.identity != _identity(os.lstat(self._name)):
                last = self._last = self._read()
        except FileNotFoundError:
            return self._first()
        return last.keys

    def rotate(self, *, revoke: bool) -> None:
        """See ``PresignKeys``. With ``revoke`` a damaged file is replaced too."""
        with self._database.write():
            former = () if revoke or not os.path.lexists(self._path) else _ending(self._read().keys)
            self._write([_new_key(), *former])

    def _first(self) -> Sequence[Credentials]:
        with self._database.write():
            if not os.path.lexists(self._path):
                self._write([_new_key()])
        self._last = self._read()
        return self._last.keys

    def _read(self) -> _Read:
        with os.fdopen(self._open(), encoding="ascii") as file:
            found = os.fstat(file.fileno())
            try:
                return _Read(_identity(found), _unpacked(file.read()))
            except (ValueError, TypeError, KeyError, RecursionError):
                raise IntegrityError(f"{self._path} is damaged; {_REVOKE}") from None

    def _open(self) -> int:
        """Return a descriptor of the file, which is nobody else's."""
        try:
            descriptor = os.open(self._name, _FLAGS)
        except OSError as error:
            if error.errno in _LINK:
                raise ConfigurationError(f"{self._path} must be a file, not a symbolic link; {_REVOKE}") from None
            raise
        problem = _problem(os.fstat(descriptor))
        if problem:
            os.close(descriptor)
            raise ConfigurationError(f"{self._path} {problem}")
        return descriptor

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
    end = None if until is None else datetime.fromisoformat(until)
    if end is not None and end.utcoffset() is None:
        raise ValueError("an end is naive")
    return Credentials(access_key, secret_key, expires_at=end)


def _problem(found: os.stat_result) -> str | None:
    """Return why a file is not to be trusted with keys; Windows has no modes and owners of this kind."""
    if not stat.S_ISREG(found.st_mode):
        return f"must be a file: remove what is there; {_REVOKE}"
    if os.name == "nt":
        return None
    if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return (
            f"may be used by others than its owner (mode {stat.S_IMODE(found.st_mode):04o}): chmod 600 it; "
            f"if somebody has read it, {_REVOKE}"
        )
    if found.st_uid not in (0, os.geteuid()):
        return f"belongs to user {found.st_uid}, who knows the key then: chown it; {_REVOKE}"
    return None


def _identity(found: os.stat_result) -> tuple[int, ...]:
    return found.st_ino, found.st_mtime_ns, found.st_size, found.st_mode, found.st_uid

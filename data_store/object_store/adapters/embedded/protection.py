"""Retention and legal hold of versions, and the retention that new ones get."""

from __future__ import annotations

from data_store.object_store.adapters.embedded.changes import Changes
from data_store.object_store.adapters.embedded.locks import (
    Lock,
    check_lockable,
    check_new_retention,
    packed_default,
    unpacked_default,
)
from data_store.object_store.adapters.embedded.rows import Finding, find, microseconds, no_bucket
from data_store.object_store.adapters.embedded.storage import Storage
from data_store.object_store.capabilities import SupportsObjectLock
from data_store.object_store.models import DefaultRetention, Retention

__all__ = ["ObjectLockOperations"]

_LOCK = Finding.of("retention_mode, retained_until, legal_hold")
_BUCKET = "SELECT object_lock, default_retention FROM buckets WHERE name = ?"


class ObjectLockOperations(Storage, SupportsObjectLock):
    """Locks, in buckets made with ``object_lock``."""

    def get_retention(self, bucket: str, key: str, version: str | None = None) -> Retention | None:
        """See ``SupportsObjectLock``."""
        return self._lock(bucket, key, version).retention

    def set_retention(
        self,
        bucket: str,
        key: str,
        retention: Retention | None,
        version: str | None = None,
        *,
        bypass_governance: bool = False,
    ) -> None:
        """See ``SupportsObjectLock``."""
        new = Lock() if retention is None else Lock(retention.mode, microseconds(retention.until))
        with self._change() as changes:
            lock = _lock(changes, bucket, key, version)
            check_new_retention(lock, retention, bypass_governance=bypass_governance)
            changes.update(bucket, key, version, "retention_mode", new.mode)
            changes.update(bucket, key, version, "retained_until", new.until)

    def get_legal_hold(self, bucket: str, key: str, version: str | None = None) -> bool:
        """See ``SupportsObjectLock``."""
        return bool(self._lock(bucket, key, version).hold)

    def set_legal_hold(self, bucket: str, key: str, hold: bool, version: str | None = None) -> None:
        """See ``SupportsObjectLock``."""
        with self._change() as changes:
            _lock(changes, bucket, key, version)
            changes.update(bucket, key, version, "legal_hold", int(hold))

    def get_default_retention(self, bucket: str) -> DefaultRetention | None:
        """See ``SupportsObjectLock``."""
        with self._database.read() as connection:
            object_lock, default = connection.execute(_BUCKET, (bucket,)).fetchone() or no_bucket(bucket)
        check_lockable(object_lock)
        return unpacked_default(default)

    def set_default_retention(self, bucket: str, retention: DefaultRetention | None) -> None:
        """See ``SupportsObjectLock``."""
        with self._database.write() as connection:
            object_lock, _ = connection.execute(_BUCKET, (bucket,)).fetchone() or no_bucket(bucket)
            check_lockable(object_lock)
            statement = "UPDATE buckets SET default_retention = ? WHERE name = ?"
            connection.execute(statement, (packed_default(retention), bucket))

    def _lock(self, bucket: str, key: str, version: str | None) -> Lock:
        with self._database.snapshot() as connection:
            return _lock(Changes(connection), bucket, key, version)


def _lock(changes: Changes, bucket: str, key: str, version: str | None) -> Lock:
    check_lockable(changes.place(bucket, key).object_lock)
    return Lock(*find(changes.connection, _LOCK, bucket, key, version))

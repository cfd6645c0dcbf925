"""Retention and legal hold."""

from __future__ import annotations

from data_store.object_store import validation
from data_store.object_store.capabilities import SupportsObjectLock
from data_store.object_store.facade.base import Facade
from data_store.object_store.models import DefaultRetention, Retention

__all__ = ["Protection"]


class Protection(Facade):
    """Versions that cannot be deleted, in a bucket made with ``object_lock``: ``SupportsObjectLock``.

    In any other bucket these raise ``UnsupportedOperation``.
    """

    def get_retention(self, key: str, bucket: str | None = None, version: str | None = None) -> Retention | None:
        """Return how long an object, or a version of it, cannot be deleted; None if it has no retention."""
        client = self._of_lock("get_retention", key, bucket, version)
        return client.get_retention(self._bucket(bucket), key, version)

    def set_retention(
        self,
        key: str,
        retention: Retention | None,
        bucket: str | None = None,
        version: str | None = None,
        *,
        bypass_governance: bool = False,
    ) -> None:
        """Set how long an object cannot be deleted, or take that away (None).

        Raises:
            AccessDenied: that would make it shorter, and the mode is COMPLIANCE, or there is no ``bypass_governance``.
        """
        checked = None if retention is None else validation.retention(retention)
        bypass = validation.flag("bypass_governance", bypass_governance)
        client = self._of_lock("set_retention", key, bucket, version)
        client.set_retention(self._bucket(bucket), key, checked, version, bypass_governance=bypass)

    def get_legal_hold(self, key: str, bucket: str | None = None, version: str | None = None) -> bool:
        """Return whether there is a legal hold on an object, or on a version of it."""
        client = self._of_lock("get_legal_hold", key, bucket, version)
        return client.get_legal_hold(self._bucket(bucket), key, version)

    def set_legal_hold(self, key: str, hold: bool, bucket: str | None = None, version: str | None = None) -> None:
        """Set a legal hold, which lasts until it is taken away (False)."""
        checked = validation.flag("hold", hold)
        client = self._of_lock("set_legal_hold", key, bucket, version)
        client.set_legal_hold(self._bucket(bucket), key, checked, version)

    def get_default_retention(self, bucket: str | None = None) -> DefaultRetention | None:
        """Return the retention that new objects of a bucket get; None if there is none."""
        client = self._capable(SupportsObjectLock, "get_default_retention", bucket)
        return client.get_default_retention(self._bucket(bucket))

    def set_default_retention(self, retention: DefaultRetention | None, bucket: str | None = None) -> None:
        """Set the retention that new objects of a bucket get, or take it away (None)."""
        checked = None if retention is None else validation.default_retention(retention)
        client = self._capable(SupportsObjectLock, "set_default_retention", bucket)
        client.set_default_retention(self._bucket(bucket), checked)

    def _of_lock(self, operation: str, key: str, bucket: str | None, version: str | None) -> SupportsObjectLock:
        validation.key(key)
        validation.version(version)
        client = self._capable(SupportsObjectLock, operation, bucket, key)
        self._permit(operation, bucket, key, {"version": version})
        return client

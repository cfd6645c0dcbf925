"""Object lock: versions that cannot be deleted before their time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest

from data_store.object_store.capabilities import SupportsMultipart, SupportsObjectLock
from data_store.object_store.errors import AccessDenied, ObjectNotFound, ObjectStoreError, UnsupportedOperation
from data_store.object_store.models import (
    DefaultRetention,
    ObjectIdentifier,
    Retention,
    RetentionMode,
    VersioningStatus,
)
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.needs import needs
from data_store.object_store.testing.conformance.streams import large_size
from data_store.object_store.testing.conformance.versioned import listed, write
from data_store.object_store.testing.facts import CLEARED_RETENTION, DEFAULT_RETENTION, LOCKED_UPLOADS

__all__ = ["ObjectLock"]

GOVERNANCE, COMPLIANCE = RetentionMode.GOVERNANCE, RetentionMode.COMPLIANCE
SECONDS = 30


def _retention(mode: RetentionMode = GOVERNANCE, **duration: float) -> Retention:
    return Retention(mode, datetime.now(UTC).replace(microsecond=0) + timedelta(**(duration or {"days": 1})))


class ObjectLock(ConformanceGroup):
    """Object lock."""

    capability: ClassVar[type | None] = SupportsObjectLock

    @pytest.fixture(scope="class")
    @classmethod
    def locked_bucket(cls, store: ObjectStore, reused_bucket: str) -> Iterator[str]:
        """A bucket with object lock, for all tests of the class; where there is no such thing, one without."""
        name = f"{reused_bucket}-locked"
        try:
            store.create_bucket(name, object_lock=True)
        except UnsupportedOperation:  # for the case to find out
            yield reused_bucket
            return
        yield name
        _empty(store, name)
        store.delete_bucket(name, force=True)

    def test_a_bucket_with_object_lock_keeps_versions(self, store: ObjectStore, locked_bucket: str) -> None:
        """Versioning is enabled in it, and nothing is retained by default."""
        assert store.get_default_retention(locked_bucket) is None
        assert store.versioning_status(locked_bucket) is VersioningStatus.ENABLED

    @pytest.mark.parametrize("mode", RetentionMode)
    def test_a_retained_version_is_not_deleted(
        self, store: ObjectStore, locked_bucket: str, unique_key: str, mode: RetentionMode
    ) -> None:
        """Deleting it raises AccessDenied, and it stays; without a version the object gets a marker as always."""
        retention = _retention(mode, seconds=10)
        version = write(store, b"kept", unique_key, locked_bucket, retention=retention)
        assert store.get_retention(unique_key, locked_bucket) == retention
        with pytest.raises(AccessDenied) as caught:
            store.delete_object(unique_key, locked_bucket, version)
        assert (caught.value.bucket, caught.value.key) == (locked_bucket, unique_key)
        store.delete_object(unique_key, locked_bucket)
        assert store.read_object(unique_key, locked_bucket, version) == b"kept"

    def test_governance_gives_way_to_those_who_may(
        self, store: ObjectStore, locked_bucket: str, unique_key: str
    ) -> None:
        """With bypass_governance the version is deleted for good."""
        version = write(store, b"kept", unique_key, locked_bucket, retention=_retention())
        store.delete_object(unique_key, locked_bucket, version, bypass_governance=True)
        assert listed(store, unique_key, locked_bucket) == []

    def test_compliance_gives_way_to_nobody(self, store: ObjectStore, locked_bucket: str, unique_key: str) -> None:
        """bypass_governance is no help, until the time is over."""
        retention = _retention(COMPLIANCE, seconds=4)
        version = write(store, b"kept", unique_key, locked_bucket, retention=retention)
        with pytest.raises(AccessDenied):
            store.delete_object(unique_key, locked_bucket, version, bypass_governance=True)
        while datetime.now(UTC) <= retention.until + timedelta(seconds=1):
            time.sleep(0.1)
        store.delete_object(unique_key, locked_bucket, version)
        assert listed(store, unique_key, locked_bucket) == []

    @needs(SupportsMultipart, LOCKED_UPLOADS)
    def test_a_large_object_is_retained(self, store: ObjectStore, locked_bucket: str, unique_key: str) -> None:
        """An object in parts has its retention and its hold from the start."""
        store.put_object(bytes(large_size(store)), unique_key, locked_bucket, retention=_retention(), legal_hold=True)
        assert store.get_legal_hold(unique_key, locked_bucket) is True
        assert store.get_retention(unique_key, locked_bucket) is not None
        version = listed(store, unique_key, locked_bucket)[0][0]
        with pytest.raises(AccessDenied):
            store.delete_object(unique_key, locked_bucket, version)

    def test_a_retention_is_set_and_extended(self, store: ObjectStore, locked_bucket: str, unique_key: str) -> None:
        """An object without one gets it later; making it longer is always allowed."""
        write(store, b"kept", unique_key, locked_bucket)
        assert store.get_retention(unique_key, locked_bucket) is None
        for days in (1, 2):
            retention = _retention(days=days)
            store.set_retention(unique_key, retention, locked_bucket)
            assert store.get_retention(unique_key, locked_bucket) == retention

    def test_a_retention_is_not_shortened(self, store: ObjectStore, locked_bucket: str, unique_key: str) -> None:
        """Making it shorter raises AccessDenied, but not with bypass_governance."""
        longer, shorter = _retention(days=2), _retention(days=1)
        store.put_object(b"kept", unique_key, locked_bucket, retention=longer)
        with pytest.raises(AccessDenied):
            store.set_retention(unique_key, shorter, locked_bucket)
        assert store.get_retention(unique_key, locked_bucket) == longer
        store.set_retention(unique_key, shorter, locked_bucket, bypass_governance=True)
        assert store.get_retention(unique_key, locked_bucket) == shorter

    @needs(CLEARED_RETENTION)
    def test_a_retention_is_taken_away(self, store: ObjectStore, locked_bucket: str, unique_key: str) -> None:
        """None takes it away, with bypass_governance, and the version can be deleted."""
        version = write(store, b"kept", unique_key, locked_bucket, retention=_retention())
        store.set_retention(unique_key, None, locked_bucket, bypass_governance=True)
        assert store.get_retention(unique_key, locked_bucket) is None
        store.delete_object(unique_key, locked_bucket, version)
        assert listed(store, unique_key, locked_bucket) == []

    def test_a_legal_hold_lasts_until_it_is_taken_away(
        self, store: ObjectStore, locked_bucket: str, unique_key: str
    ) -> None:
        """Under a hold the version is not deleted, with bypass_governance neither; without it, it is."""
        version = write(store, b"kept", unique_key, locked_bucket, legal_hold=True)
        assert store.get_legal_hold(unique_key, locked_bucket) is True
        for bypass in (False, True):
            with pytest.raises(AccessDenied):
                store.delete_object(unique_key, locked_bucket, version, bypass_governance=bypass)
        store.set_legal_hold(unique_key, False, locked_bucket)
        assert store.get_legal_hold(unique_key, locked_bucket) is False
        store.delete_object(unique_key, locked_bucket, version)
        assert listed(store, unique_key, locked_bucket) == []

    def test_a_hold_is_on_one_version(self, store: ObjectStore, locked_bucket: str, unique_key: str) -> None:
        """With a version, that one is held and asked; the others are free."""
        first = write(store, b"first", unique_key, locked_bucket)
        second = write(store, b"second", unique_key, locked_bucket)
        store.set_legal_hold(unique_key, True, locked_bucket, first)
        assert store.get_legal_hold(unique_key, locked_bucket, first) is True
        assert store.get_legal_hold(unique_key, locked_bucket, second) is False
        store.delete_object(unique_key, locked_bucket, second)
        with pytest.raises(AccessDenied):
            store.delete_object(unique_key, locked_bucket, first)

    def test_one_locked_version_of_many_stays(self, store: ObjectStore, locked_bucket: str, unique_key: str) -> None:
        """delete_objects reports AccessDenied for it alone, and deletes the others."""
        free = write(store, b"free", unique_key, locked_bucket)
        held = write(store, b"held", unique_key, locked_bucket, legal_hold=True)
        other = write(store, b"other", unique_key, locked_bucket)
        gone = [ObjectIdentifier(unique_key, version) for version in (free, held, other)]
        outcomes = store.delete_objects(gone, locked_bucket)
        assert [each.version_id for each in outcomes] == [free, held, other]
        assert [type(each.error) for each in outcomes] == [type(None), AccessDenied, type(None)]
        assert listed(store, unique_key, locked_bucket) == [(held, False)]
        failures = store.delete_objects(gone, locked_bucket, quiet=True)
        assert [each.version_id for each in failures] == [held]

    def test_a_forced_deletion_respects_the_lock(self, store: ObjectStore, locked_bucket: str, unique_key: str) -> None:
        """delete_bucket(force=True) raises, and what is locked stays, the bucket too."""
        version = write(store, b"held", unique_key, locked_bucket, legal_hold=True)
        with pytest.raises(ObjectStoreError):
            store.delete_bucket(locked_bucket, force=True)
        assert store.bucket_exists(locked_bucket) is True
        assert store.read_object(unique_key, locked_bucket, version) == b"held"
        assert store.get_legal_hold(unique_key, locked_bucket, version) is True

    @pytest.mark.parametrize(
        "default", [DefaultRetention(GOVERNANCE, days=1), DefaultRetention(GOVERNANCE, years=1)], ids=["days", "years"]
    )
    def test_new_objects_get_the_default_retention(
        self, store: ObjectStore, locked_bucket: str, unique_key: str, default: DefaultRetention
    ) -> None:
        """What is written while there is a default has it; taken away, nothing new does."""
        store.set_default_retention(default, locked_bucket)
        assert store.get_default_retention(locked_bucket) == default
        store.put_object(b"kept", unique_key, locked_bucket)
        store.set_default_retention(None, locked_bucket)
        assert store.get_default_retention(locked_bucket) is None
        retention = store.get_retention(unique_key, locked_bucket)
        if DEFAULT_RETENTION in self.limits.lacks:
            assert retention is None
            return
        assert retention is not None
        assert retention.mode is GOVERNANCE
        assert retention.until > datetime.now(UTC) + timedelta(hours=23)
        write(store, b"free", unique_key, locked_bucket)
        assert store.get_retention(unique_key, locked_bucket) is None

    def test_a_bucket_without_object_lock_locks_nothing(
        self, store: ObjectStore, locked_bucket: str, bucket: str
    ) -> None:
        """Retention and hold are UnsupportedOperation there, at an upload too; it says how to make one with it."""
        assert store.get_default_retention(locked_bucket) is None
        store.put_object(b"content", "key", bucket)
        with pytest.raises(UnsupportedOperation, match="object_lock=True"):
            store.set_legal_hold("key", True, bucket)
        with pytest.raises(UnsupportedOperation, match="object_lock=True"):
            store.set_retention("key", _retention(), bucket)
        with pytest.raises(UnsupportedOperation, match="object_lock=True"):
            store.put_object(b"locked", "locked", bucket, legal_hold=True)
        assert store.exists("locked", bucket) is False
        assert store.supports(SupportsObjectLock) is True

    def test_a_missing_object_has_no_lock(self, store: ObjectStore, locked_bucket: str, unique_key: str) -> None:
        """Asking for retention or hold of what is not there raises ObjectNotFound."""
        with pytest.raises(ObjectNotFound):
            store.get_retention(unique_key, locked_bucket)
        with pytest.raises(ObjectNotFound):
            store.get_legal_hold(unique_key, locked_bucket)


def _empty(store: ObjectStore, bucket: str) -> None:
    """Delete what a bucket has, its locks first, as soon as they are over."""
    store.set_default_retention(None, bucket)
    for found in store.list_versions(bucket=bucket):
        if not found.is_delete_marker and store.get_legal_hold(found.key, bucket, found.version_id):
            store.set_legal_hold(found.key, False, bucket, found.version_id)
    end = time.monotonic() + SECONDS
    while versions := list(store.list_versions(bucket=bucket)):
        left = [ObjectIdentifier(found.key, found.version_id) for found in versions]
        failed = store.delete_objects(left, bucket, quiet=True, bypass_governance=True)
        assert not failed or time.monotonic() < end, failed
        time.sleep(0.2 if failed else 0)

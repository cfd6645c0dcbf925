"""Lifecycle rules at work: run by a job with a moved clock, or by a server whose days are short."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from data_store.object_store.capabilities import (
    SupportsLifecycle,
    SupportsLifecycleRuns,
    SupportsMultipart,
    SupportsTags,
    SupportsVersioning,
)
from data_store.object_store.models import LifecycleReport, LifecycleRule, Transition
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.needs import lacking, needs
from data_store.object_store.testing.conformance.versioned import listed, write
from data_store.object_store.testing.facts import LIFECYCLE_SOON

__all__ = ["Expiry", "LifecycleRuns"]

SECONDS = 240  # what a server needs to run its rules, generously


def _in_days(days: float) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


class LifecycleRuns(ConformanceGroup):
    """Running lifecycle rules."""

    capability: ClassVar[type | None] = SupportsLifecycleRuns

    def test_objects_expire_by_age(self, store: ObjectStore, other_bucket: str) -> None:
        """A day after they were old enough, objects below the prefix are gone, and no others."""
        for key in ("logs/a", "logs/b", "other"):
            store.put_object(b"content", key, other_bucket)
        store.set_lifecycle([LifecycleRule("logs", "logs/", expire_after_days=7)], other_bucket)
        assert store.run_lifecycle(other_bucket) == LifecycleReport()
        assert store.run_lifecycle(other_bucket, now=_in_days(6.9)) == LifecycleReport()
        assert store.run_lifecycle(other_bucket, now=_in_days(8.1)) == LifecycleReport(expired_objects=2)
        assert [found.key for found in store.list_objects(bucket=other_bucket)] == ["other"]

    def test_objects_expire_at_a_date(self, store: ObjectStore, other_bucket: str) -> None:
        """From that midnight on, and not before it."""
        assert store.run_lifecycle(other_bucket) == LifecycleReport()
        store.put_object(b"content", "key", other_bucket)
        day = _in_days(10).replace(hour=0, minute=0, second=0, microsecond=0)
        store.set_lifecycle([LifecycleRule("rule", expire_at=day)], other_bucket)
        assert store.run_lifecycle(other_bucket, now=day - timedelta(seconds=1)).expired_objects == 0
        assert store.run_lifecycle(other_bucket, now=day).expired_objects == 1
        assert store.exists("key", other_bucket) is False

    @needs(SupportsTags)
    def test_filters_hold_together(self, store: ObjectStore, other_bucket: str) -> None:
        """Only what has the prefix, all the tags, and a size within the limits, which are inclusive."""
        assert store.run_lifecycle(other_bucket) == LifecycleReport()
        tags = {"plan": "trial", "team": "a"}
        for name, size in (("small", 9), ("least", 10), ("most", 20), ("large", 21)):
            store.put_object(b"x" * size, f"in/{name}", other_bucket, tags=tags)
        store.put_object(b"x" * 15, "in/tag", other_bucket, tags={"plan": "trial"})
        store.put_object(b"x" * 15, "in/none", other_bucket)
        store.put_object(b"x" * 15, "out/all", other_bucket, tags=tags)
        store.set_lifecycle(
            [LifecycleRule("rule", "in/", tags=tags, min_size=10, max_size=20, expire_after_days=1)], other_bucket
        )
        assert store.run_lifecycle(other_bucket, now=_in_days(3)).expired_objects == 2
        left = [found.key for found in store.list_objects(bucket=other_bucket)]
        assert left == ["in/large", "in/none", "in/small", "in/tag", "out/all"]

    def test_a_disabled_rule_does_nothing(self, store: ObjectStore, other_bucket: str) -> None:
        """It is kept, and waits."""
        assert store.run_lifecycle(other_bucket) == LifecycleReport()
        store.put_object(b"content", "key", other_bucket)
        rule = LifecycleRule("rule", expire_after_days=1, enabled=False)
        store.set_lifecycle([rule], other_bucket)
        assert store.run_lifecycle(other_bucket, now=_in_days(100)) == LifecycleReport()
        assert store.get_lifecycle(other_bucket) == [rule]
        assert store.exists("key", other_bucket) is True

    def test_a_bucket_without_rules_runs_none(self, store: ObjectStore, other_bucket: str) -> None:
        """A run does nothing then."""
        store.put_object(b"content", "key", other_bucket)
        assert store.run_lifecycle(other_bucket, now=_in_days(10_000)) == LifecycleReport()
        assert store.exists("key", other_bucket) is True

    @needs(SupportsMultipart)
    def test_old_uploads_are_aborted(self, store: ObjectStore, other_bucket: str) -> None:
        """Uploads below the prefix go with their parts, others stay."""
        assert store.run_lifecycle(other_bucket) == LifecycleReport()
        for key in ("in/a", "out"):
            store.create_multipart_upload(key, other_bucket)
        store.set_lifecycle([LifecycleRule("rule", "in/", abort_uploads_after_days=2)], other_bucket)
        assert store.run_lifecycle(other_bucket, now=_in_days(1)) == LifecycleReport()
        assert store.run_lifecycle(other_bucket, now=_in_days(4)) == LifecycleReport(aborted_uploads=1)
        assert [upload.key for upload in store.list_multipart_uploads(bucket=other_bucket)] == ["out"]
        store.abort_stale_uploads(0, bucket=other_bucket)

    @needs(SupportsVersioning)
    def test_an_expired_object_with_versions_gets_a_marker(
        self, store: ObjectStore, other_versioned_bucket: str
    ) -> None:
        """Expiry is a deletion without a version: the content stays as a version; a second run adds no marker."""
        assert store.run_lifecycle(other_versioned_bucket) == LifecycleReport()
        version = write(store, b"content", "key", other_versioned_bucket)
        store.set_lifecycle([LifecycleRule("rule", expire_after_days=1)], other_versioned_bucket)
        assert store.run_lifecycle(other_versioned_bucket, now=_in_days(3)).expired_objects == 1
        assert store.run_lifecycle(other_versioned_bucket, now=_in_days(5)).expired_objects == 0
        history = listed(store, "key", other_versioned_bucket)
        assert [marker for _, marker in history] == [True, False]
        assert store.read_object("key", other_versioned_bucket, version) == b"content"

    @needs(SupportsVersioning)
    def test_old_versions_go_but_the_newest(self, store: ObjectStore, other_versioned_bucket: str) -> None:
        """noncurrent_keep of the noncurrent versions stay whatever their age, and the current one always."""
        assert store.run_lifecycle(other_versioned_bucket) == LifecycleReport()
        versions = [write(store, b"%d" % number, "key", other_versioned_bucket) for number in range(5)]
        store.set_lifecycle([LifecycleRule("rule", noncurrent_days=3, noncurrent_keep=2)], other_versioned_bucket)
        assert store.run_lifecycle(other_versioned_bucket, now=_in_days(2)) == LifecycleReport()
        assert store.run_lifecycle(other_versioned_bucket, now=_in_days(5)) == LifecycleReport(deleted_versions=2)
        assert [version for version, _ in listed(store, "key", other_versioned_bucket)] == versions[:1:-1]

    @needs(SupportsVersioning)
    def test_markers_without_versions_are_removed(self, store: ObjectStore, other_versioned_bucket: str) -> None:
        """A marker goes once nothing is left behind it, and not before."""
        assert store.run_lifecycle(other_versioned_bucket) == LifecycleReport()
        only = write(store, b"content", "alone", other_versioned_bucket)
        write(store, b"content", "kept", other_versioned_bucket)
        for key in ("alone", "kept"):
            store.delete_object(key, other_versioned_bucket)
        store.delete_object("alone", other_versioned_bucket, only)
        store.set_lifecycle([LifecycleRule("rule", expire_delete_markers=True)], other_versioned_bucket)
        assert store.run_lifecycle(other_versioned_bucket, now=_in_days(2)).deleted_markers == 1
        assert listed(store, "alone", other_versioned_bucket) == []
        assert len(listed(store, "kept", other_versioned_bucket)) == 2

    def test_objects_move_to_another_class(self, store: ObjectStore, other_bucket: str) -> None:
        """A transition changes the storage class, once, and nothing else."""
        assert store.run_lifecycle(other_bucket) == LifecycleReport()
        written = store.put_object(b"content", "key", other_bucket, metadata={"a": "b"})
        move = Transition(storage_class="GLACIER", after_days=1)
        store.set_lifecycle([LifecycleRule("rule", transition=move)], other_bucket)
        assert store.run_lifecycle(other_bucket, now=_in_days(3)) == LifecycleReport(transitioned_objects=1)
        assert store.run_lifecycle(other_bucket, now=_in_days(4)) == LifecycleReport()
        head = store.head_object("key", other_bucket)
        assert (head.storage_class, head.etag, head.metadata) == ("GLACIER", written.etag, {"a": "b"})


class Expiry(ConformanceGroup):
    """Expiry."""

    capability: ClassVar[type | None] = SupportsLifecycle

    def test_what_a_rule_names_expires(self, store: ObjectStore, other_bucket: str) -> None:
        """What is old enough goes by itself, and nothing else; a server whose days are long keeps it till then."""
        for key in ("in/key", "out/key"):
            store.put_object(b"content", key, other_bucket)
        store.set_lifecycle([LifecycleRule("rule", "in/", expire_after_days=1)], other_bucket)
        if lacking(self, store, SupportsLifecycleRuns) is None:
            store.run_lifecycle(other_bucket, now=_in_days(3))
        elif LIFECYCLE_SOON not in self.limits.lacks:
            _wait_until_gone(store, "in/key", other_bucket)
        gone = LIFECYCLE_SOON not in self.limits.lacks
        assert store.exists("in/key", other_bucket) is not gone
        assert store.read_object("out/key", other_bucket) == b"content"


def _wait_until_gone(store: ObjectStore, key: str, bucket: str) -> None:
    end = time.monotonic() + SECONDS
    while store.exists(key, bucket) and time.monotonic() < end:
        time.sleep(0.5)

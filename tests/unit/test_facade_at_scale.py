"""The store where there is much of it, and where somebody else writes at the same time."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from data_store.object_store import (
    AccessDenied,
    DefaultRetention,
    IntegrityError,
    InvalidArgument,
    LifecycleRule,
    ObjectStore,
    Retention,
    RetentionMode,
)
from data_store.object_store.models import DeletedObject, GetOptions, ObjectMetadata
from tests.unit.embedded_support import files

LARGE = {"copy_threshold": "5MiB", "copy_part_size": "5MiB"}
KEYS = 100_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ObjectStore]:
    """An embedded store with small thresholds."""
    with ObjectStore({"framework": "local", "connection": {"root": tmp_path / "store"}, "transfer": LARGE}) as store:
        yield store


def test_deleting_any_number_of_keys_quietly_takes_constant_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """100,000 keys of a generator: no more at once than a few batches of 1,000."""
    store = ObjectStore("memory://at-scale")
    deleted = 0

    def delete(_bucket: str, objects: list[object], **_options: object) -> list[DeletedObject]:
        nonlocal deleted
        deleted += len(objects)
        return [DeletedObject("key") for _ in objects]

    monkeypatch.setattr(store.client, "delete_objects", delete)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        assert store.delete_objects((f"key-{number}" for number in range(KEYS)), quiet=True) == []
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
        store.close()
    assert deleted == KEYS
    assert peak < 2_000_000  # bytes; 100,000 outcomes would be more than ten times as much


def test_what_is_written_to_the_source_of_a_move_at_the_last_moment_survives(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The embedded store deletes the source only if it still is what was copied."""
    store.put_object(b"old", "source")
    head, looks = store.client.head_object, 0

    def look(bucket: str, key: str, options: GetOptions) -> ObjectMetadata:
        nonlocal looks
        found = head(bucket, key, options)
        looks += key == "source"
        if looks == 2:  # the last look before the deletion
            store.put_object(b"new", "source")
        return found

    monkeypatch.setattr(store.client, "head_object", look)
    with pytest.raises(IntegrityError, match="deleted after it was copied"):
        store.move_object("source", "target")
    assert store.read_object("source") == b"new"
    assert store.read_object("target") == b"old"


def test_a_large_copy_in_the_embedded_store_shares_the_content(store: ObjectStore) -> None:
    """Nothing is written again, and the ETag stays."""
    store.put_object(bytes(6 * 1024**2), "large")
    copied = store.copy_object("large", "copy")
    assert copied.etag == store.head_object("large").etag
    assert files(Path(store.config.connection.root))["content"] == 1


def test_good_keys_before_a_bad_one_are_answered() -> None:
    """head_objects is lazy: what comes before the bad key is not lost."""
    with ObjectStore("memory://lazy-heads") as store:
        store.put_object(b"content", "good")
        results = store.head_objects(iter(["good", ""]))
        first = next(results)
        assert (first.key, first.error) == ("good", None)
        with pytest.raises(InvalidArgument, match="key"):
            next(results)


@pytest.mark.parametrize(
    "retention",
    [
        DefaultRetention(RetentionMode.GOVERNANCE, days=36_501),
        DefaultRetention(RetentionMode.GOVERNANCE, years=101),
        DefaultRetention(RetentionMode.GOVERNANCE, days=10**12),
    ],
    ids=str,
)
def test_a_default_retention_beyond_a_lifetime_is_refused(store: ObjectStore, retention: DefaultRetention) -> None:
    """S3 takes at most 100 years; more would make a bucket that nothing can be written to."""
    with pytest.raises(InvalidArgument, match="at most"):
        store.set_default_retention(retention)


def test_a_retention_at_the_end_of_time_is_refused(store: ObjectStore) -> None:
    """Rounding it up has to be possible."""
    with pytest.raises(InvalidArgument, match="9999"):
        store.set_retention("key", Retention(RetentionMode.GOVERNANCE, datetime.max.replace(tzinfo=UTC)))


def test_days_of_a_rule_are_bounded(store: ObjectStore) -> None:
    """By what the S3 API can carry."""
    with pytest.raises(InvalidArgument, match="expire_after_days"):
        store.set_lifecycle([LifecycleRule("rule", expire_after_days=10**12)])


def test_a_purge_that_meets_a_locked_version_brings_nothing_back(store: ObjectStore) -> None:
    """The delete marker stays as long as a version behind it does."""
    store.create_bucket("locked", object_lock=True)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    store.put_object(b"kept", "key", "locked", retention=Retention(RetentionMode.GOVERNANCE, tomorrow))
    store.delete_object("key", "locked")
    (outcome,) = store.purge("key", "locked")
    assert isinstance(outcome.error, AccessDenied)
    with pytest.raises(AccessDenied):
        store.delete_bucket("locked", force=True)
    assert not store.exists("key", "locked")

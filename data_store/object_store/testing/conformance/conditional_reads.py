"""Conditions on reads by time, and on HEAD (RFC 9110, section 13)."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest

from data_store.object_store.capabilities import SupportsVersioning
from data_store.object_store.errors import NotModified, ObjectNotFound, PreconditionFailed
from data_store.object_store.models import ObjectMetadata
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.needs import needs
from data_store.object_store.testing.conformance.versioned import write
from data_store.object_store.testing.facts import TIMES_IN_SECONDS

__all__ = ["ConditionalReads"]

DAY = timedelta(days=1)


def _get(store: ObjectStore, key: str, bucket: str, **conditions: datetime | str | None) -> bytes:
    with store.get_object(key, bucket, **conditions) as found:  # type: ignore[arg-type]  # a table of conditions
        return found.read()


def _head(store: ObjectStore, key: str, bucket: str, **conditions: datetime | str | None) -> bytes:
    head = store.head_object(key, bucket, **conditions)  # type: ignore[arg-type]  # a table of conditions
    return b"content"[: head.size]


READS: dict[str, Callable[..., bytes]] = {"get_object": _get, "head_object": _head}


def _written(store: ObjectStore, bucket: str) -> tuple[ObjectMetadata, datetime]:
    """Store an object; return it, and a time behind its last modification that is over by now."""
    store.put_object(b"content", "key", bucket)
    head = store.head_object("key", bucket)
    assert head.updated_time is not None
    after = head.updated_time + timedelta(seconds=1)
    while datetime.now(UTC) <= after:  # servers leave a time in the future alone (RFC 9110, 13.1.3)
        time.sleep(0.05)
    return head, after


class ConditionalReads(ConformanceGroup):
    """Conditional reads."""

    @pytest.mark.parametrize("read", READS)
    def test_what_has_changed_since_is_read(self, store: ObjectStore, bucket: str, read: str) -> None:
        """if_modified_since before the last modification gives the object."""
        head, _ = _written(store, bucket)
        assert head.updated_time is not None
        assert READS[read](store, "key", bucket, if_modified_since=head.updated_time - DAY) == b"content"

    @pytest.mark.parametrize("read", READS)
    def test_what_has_not_changed_since_is_not_modified(self, store: ObjectStore, bucket: str, read: str) -> None:
        """if_modified_since behind the last modification raises NotModified with the key."""
        _, after = _written(store, bucket)
        with pytest.raises(NotModified) as caught:
            READS[read](store, "key", bucket, if_modified_since=after)
        assert (caught.value.bucket, caught.value.key) == (bucket, "key")

    @pytest.mark.parametrize("read", READS)
    def test_what_has_changed_meanwhile_is_refused(self, store: ObjectStore, bucket: str, read: str) -> None:
        """if_unmodified_since before the last modification raises PreconditionFailed."""
        head, _ = _written(store, bucket)
        assert head.updated_time is not None
        with pytest.raises(PreconditionFailed):
            READS[read](store, "key", bucket, if_unmodified_since=head.updated_time - DAY)

    @pytest.mark.parametrize("read", READS)
    def test_what_has_not_changed_meanwhile_is_read(self, store: ObjectStore, bucket: str, read: str) -> None:
        """if_unmodified_since behind the last modification gives the object."""
        _, after = _written(store, bucket)
        assert READS[read](store, "key", bucket, if_unmodified_since=after) == b"content"

    @pytest.mark.parametrize("read", READS)
    def test_the_time_an_object_tells_is_its_own(self, store: ObjectStore, bucket: str, read: str) -> None:
        """Asked with the very updated_time of a HEAD, nothing has changed since."""
        head, _ = _written(store, bucket)
        if TIMES_IN_SECONDS in self.limits.lacks:
            assert READS[read](store, "key", bucket, if_modified_since=head.updated_time) == b"content"
            return
        with pytest.raises(NotModified):
            READS[read](store, "key", bucket, if_modified_since=head.updated_time)
        assert READS[read](store, "key", bucket, if_unmodified_since=head.updated_time) == b"content"

    @pytest.mark.parametrize("zone", [-11, 0, 5.5, 14])
    def test_a_time_of_any_zone_is_the_same_time(self, store: ObjectStore, bucket: str, zone: float) -> None:
        """An aware time counts, in whatever zone it is given."""
        _, after = _written(store, bucket)
        local = after.astimezone(timezone(timedelta(hours=zone)))
        with pytest.raises(NotModified):
            store.head_object("key", bucket, if_modified_since=local)
        assert store.head_object("key", bucket, if_unmodified_since=local).size == 7

    @pytest.mark.parametrize("read", READS)
    def test_an_etag_goes_before_a_time(self, store: ObjectStore, bucket: str, read: str) -> None:
        """With both, if_match counts and if_unmodified_since does not (RFC 9110, 13.2.2)."""
        head, _ = _written(store, bucket)
        assert head.updated_time is not None
        early = head.updated_time - DAY
        assert READS[read](store, "key", bucket, if_match=head.etag, if_unmodified_since=early) == b"content"
        with pytest.raises(NotModified):
            READS[read](store, "key", bucket, if_none_match=head.etag, if_modified_since=early)

    def test_a_head_of_the_named_etag_gives_the_object(self, store: ObjectStore, bucket: str) -> None:
        """HEAD takes if_match, and raises PreconditionFailed for a former ETag."""
        former = store.put_object(b"former", "key", bucket).etag
        etag = store.put_object(b"current", "key", bucket).etag
        assert store.head_object("key", bucket, if_match=etag).etag == etag
        with pytest.raises(PreconditionFailed):
            store.head_object("key", bucket, if_match=former)

    def test_a_head_of_what_one_has_is_not_modified(self, store: ObjectStore, bucket: str) -> None:
        """HEAD takes if_none_match, and gives the object once it is another one."""
        former = store.put_object(b"former", "key", bucket).etag
        with pytest.raises(NotModified):
            store.head_object("key", bucket, if_none_match=former)
        etag = store.put_object(b"current", "key", bucket).etag
        assert store.head_object("key", bucket, if_none_match=former).etag == etag

    @pytest.mark.parametrize("read", READS)
    def test_a_missing_object_is_missing_at_any_time(self, store: ObjectStore, bucket: str, read: str) -> None:
        """A conditional read of what is not there raises ObjectNotFound."""
        now = datetime.now(UTC)
        with pytest.raises(ObjectNotFound):
            READS[read](store, "key", bucket, if_modified_since=now - DAY)
        with pytest.raises(ObjectNotFound):
            READS[read](store, "key", bucket, if_unmodified_since=now - DAY)

    @needs(SupportsVersioning)
    def test_a_condition_is_about_the_version_that_is_read(
        self, store: ObjectStore, versioned_bucket: str, unique_key: str
    ) -> None:
        """With a version, its ETag counts and not that of the latest."""
        first = write(store, b"first", unique_key, versioned_bucket)
        write(store, b"second", unique_key, versioned_bucket)
        etag = store.head_object(unique_key, versioned_bucket, first).etag
        assert store.get_object(unique_key, versioned_bucket, first, if_match=etag).read() == b"first"
        with pytest.raises(NotModified):
            store.get_object(unique_key, versioned_bucket, first, if_none_match=etag)
        with pytest.raises(PreconditionFailed):
            store.get_object(unique_key, versioned_bucket, if_match=etag)

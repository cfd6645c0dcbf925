"""Events: what happens in a bucket comes to those who watch it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Thread
from typing import ClassVar

from data_store.object_store.capabilities import SupportsMultipart, SupportsNotifications, SupportsVersioning
from data_store.object_store.errors import StoreClosed
from data_store.object_store.facade.watch import Watch
from data_store.object_store.models import EventKind, ObjectEvent
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.needs import needs
from data_store.object_store.testing.conformance.streams import large_size
from data_store.object_store.testing.facts import EVENTS_AT_ONCE, RESUMED_EVENTS

__all__ = ["Events"]

SECONDS = 60.0  # until an event must have come, generously
PADDING = 12  # writes of long keys, whose events together have more than the 4 KiB that MinIO gathers
PAD = "padding/" + "x" * 200


class Events(ConformanceGroup):
    """Events."""

    capability: ClassVar[type | None] = SupportsNotifications

    def test_what_is_written_is_told(self, store: ObjectStore, bucket: str) -> None:
        """A write is an event of kind CREATED, with key, size, ETag and an aware UTC time."""
        with store.watch(bucket) as watch:
            written = store.put_object(b"content", "a key/ä", bucket)
            event = self._events(store, watch, bucket, ["a key/ä"])[0]
        assert (event.kind, event.bucket, event.key) == (EventKind.CREATED, bucket, "a key/ä")
        assert (event.size, event.etag) == (7, written.etag)
        assert event.time is not None
        assert event.time.utcoffset() == timedelta(0)
        assert event.after_gap is False

    def test_what_is_deleted_is_told(self, store: ObjectStore, bucket: str) -> None:
        """A deletion is an event of kind REMOVED, after that of the write."""
        with store.watch(bucket) as watch:
            store.put_object(b"content", "key", bucket)
            store.delete_object("key", bucket)
            events = self._events(store, watch, bucket, ["key"] * 2)
        assert [event.kind for event in events] == [EventKind.CREATED, EventKind.REMOVED]

    def test_copies_are_told(self, store: ObjectStore, bucket: str) -> None:
        """A copy is an event of its target, and none of its source."""
        store.put_object(b"content", "source", bucket)
        with store.watch(bucket) as watch:
            store.copy_object("source", "copy", bucket, bucket)
            events = self._events(store, watch, bucket, ["copy"])
        assert [(event.kind, event.key, event.size) for event in events] == [(EventKind.CREATED, "copy", 7)]

    def test_an_empty_object_is_told_with_its_size(self, store: ObjectStore, bucket: str) -> None:
        """Its event has a size of 0, which a server may leave out."""
        with store.watch(bucket) as watch:
            store.put_object(b"", "empty", bucket)
            events = self._events(store, watch, bucket, ["empty"])
        assert [(event.kind, event.key, event.size) for event in events] == [(EventKind.CREATED, "empty", 0)]

    @needs(SupportsMultipart)
    def test_objects_in_parts_are_told_once(self, store: ObjectStore, bucket: str) -> None:
        """A large object is one event, of its whole size, when it is complete."""
        size = large_size(store)
        with store.watch(bucket) as watch:
            store.put_object(bytes(size), "large", bucket)
            events = self._events(store, watch, bucket, ["large"])
        assert [(event.kind, event.size) for event in events] == [(EventKind.CREATED, size)]

    @needs(SupportsVersioning)
    def test_events_name_the_version(self, store: ObjectStore, other_versioned_bucket: str) -> None:
        """In a bucket with versions an event has the version's id, and a deletion is MARKER_CREATED."""
        with store.watch(other_versioned_bucket) as watch:
            version = store.put_object(b"content", "key", other_versioned_bucket).version_id
            store.delete_object("key", other_versioned_bucket)
            events = self._events(store, watch, other_versioned_bucket, ["key"] * 2)
        assert [event.kind for event in events] == [EventKind.CREATED, EventKind.MARKER_CREATED]
        assert events[0].version_id == version

    def test_events_come_in_order(self, store: ObjectStore, bucket: str) -> None:
        """None is lost or told twice, and those of one writer come in its order."""
        keys = [f"key-{number:03}" for number in range(50)]
        with store.watch(bucket) as watch:
            for key in keys:
                store.put_object(b"content", key, bucket)
            events = self._events(store, watch, bucket, keys)
        assert [event.key for event in events] == keys

    def test_events_of_many_writers_all_come(self, store: ObjectStore, bucket: str) -> None:
        """Each write of several threads is told once."""
        keys = [f"key-{number:03}" for number in range(40)]
        with store.watch(bucket) as watch:
            with ThreadPoolExecutor(4) as pool:
                list(pool.map(lambda key: store.put_object(b"content", key, bucket), keys))
            events = self._events(store, watch, bucket, keys)
        assert sorted(event.key for event in events) == keys

    def test_filters_limit_what_is_told(self, store: ObjectStore, bucket: str) -> None:
        """Only keys with the prefix and the suffix, and only the kinds that are asked for."""
        with store.watch(bucket, prefix="in/", suffix=".txt", events=[EventKind.CREATED]) as watch:
            for key in ("in/a.txt", "in/a.bin", "out/a.txt", "in/b.txt"):
                store.put_object(b"content", key, bucket)
                store.delete_object(key, bucket)
            events = self._events(store, watch, bucket, ["in/a.txt", "in/b.txt"], pad="in/{}.txt")
        assert [(event.kind, event.key) for event in events] == [
            (EventKind.CREATED, "in/a.txt"),
            (EventKind.CREATED, "in/b.txt"),
        ]

    def test_other_buckets_are_not_told(self, store: ObjectStore, bucket: str, other_bucket: str) -> None:
        """A watch is of one bucket."""
        with store.watch(bucket) as watch:
            store.put_object(b"content", "other", other_bucket)
            store.put_object(b"content", "own", bucket)
            events = self._events(store, watch, bucket, ["own"])
        assert [(event.bucket, event.key) for event in events] == [(bucket, "own")]

    def test_what_was_before_is_not_told(self, store: ObjectStore, bucket: str) -> None:
        """A watch begins now."""
        store.put_object(b"content", "before", bucket)
        with store.watch(bucket) as watch:
            store.put_object(b"content", "after", bucket)
            events = self._events(store, watch, bucket, ["after"])
        assert [event.key for event in events] == ["after"]

    def test_two_watches_are_told_both(self, store: ObjectStore, another_store: ObjectStore, bucket: str) -> None:
        """Watching takes nothing away from others, in another store too."""
        with store.watch(bucket) as one, another_store.watch(bucket) as other:
            store.put_object(b"content", "key", bucket)
            assert [event.key for event in self._events(store, one, bucket, ["key"])] == ["key"]
            assert [event.key for event in self._events(store, other, bucket, ["key"])] == ["key"]

    def test_an_event_comes_at_once(self, store: ObjectStore, bucket: str) -> None:
        """One event is told without waiting for others; a server that gathers them tells it with the next ones."""
        with store.watch(bucket) as watch:
            store.put_object(b"content", "key", bucket)
            if EVENTS_AT_ONCE in self.limits.lacks:
                assert watch.next(timeout=0.5) is None
                assert [event.key for event in self._events(store, watch, bucket, ["key"])] == ["key"]
            else:
                event = watch.next(timeout=SECONDS)
                assert event is not None
                assert event.key == "key"

    def test_a_watch_without_events_times_out(self, store: ObjectStore, bucket: str) -> None:
        """next() returns None after its time, and the watch goes on."""
        with store.watch(bucket) as watch:
            assert watch.next(timeout=0.05) is None
            assert watch.next(timeout=0) is None
            assert watch.closed is False
            store.put_object(b"content", "key", bucket)
            assert [event.key for event in self._events(store, watch, bucket, ["key"])] == ["key"]

    def test_a_watch_is_an_iterator(self, store: ObjectStore, bucket: str) -> None:
        """Events can be iterated over, and leaving the loop ends nothing but the loop."""
        with store.watch(bucket) as watch:
            for key in ("a", "b"):
                store.put_object(b"content", key, bucket)
            self._pad(store, bucket)
            keys = []
            for event in watch:
                keys.append(event.key)
                if len(keys) == 2:
                    break
        assert keys == ["a", "b"]

    def test_a_watch_is_closed_from_another_thread(self, store: ObjectStore, bucket: str) -> None:
        """An iteration that waits for the next event ends, and so does every later one."""
        watch = store.watch(bucket)
        found: list[ObjectEvent] = []
        waiting = Thread(target=lambda: found.extend(watch))
        waiting.start()
        watch.close()
        waiting.join(SECONDS)
        assert not waiting.is_alive()
        assert found == []
        assert list(watch) == []

    def test_a_closed_watch_tells_nothing(self, store: ObjectStore, bucket: str) -> None:
        """After the with block nothing is told any more, the watch says so, and closing again does nothing."""
        with store.watch(bucket) as watch:
            pass
        store.put_object(b"content", "key", bucket)
        watch.close()
        assert watch.next(timeout=0.1) is None
        assert watch.closed is True
        assert list(watch) == []

    def test_a_closed_watch_ends_a_loop_with_timeouts(self, store: ObjectStore, bucket: str) -> None:
        """Who waits with a timeout tells by ``closed`` whether to go on."""
        watch = store.watch(bucket)

        def wait() -> None:
            while not watch.closed:
                watch.next(timeout=SECONDS)

        waiting = Thread(target=wait, daemon=True)
        waiting.start()
        watch.close()
        waiting.join(SECONDS)
        assert not waiting.is_alive()

    def test_a_closed_store_ends_its_watches(self, another_store: ObjectStore, bucket: str) -> None:
        """Closing the store ends a watch, with or without StoreClosed, but never leaves it waiting."""
        watch = another_store.watch(bucket)
        ended: list[str] = []

        def wait() -> None:
            try:
                list(watch)
            except StoreClosed:
                ended.append("closed")
            else:
                ended.append("ended")

        waiting = Thread(target=wait)
        waiting.start()
        another_store.close()
        waiting.join(SECONDS)
        assert ended in (["closed"], ["ended"])
        assert watch.closed is True

    def test_a_watch_goes_on_behind_an_event(self, store: ObjectStore, another_store: ObjectStore, bucket: str) -> None:
        """start= takes the cursor of an event: what happened behind it is told, to another store too."""
        with store.watch(bucket) as watch:
            for key in ("a", "b", "c"):
                store.put_object(b"content", key, bucket)
            first = self._events(store, watch, bucket, ["a"])[0]
        if RESUMED_EVENTS in self.limits.lacks:
            assert first.cursor is None
            return
        assert first.cursor is not None
        store.put_object(b"content", "d", bucket)
        with another_store.watch(bucket, start=first.cursor) as watch:
            events = [watch.next(timeout=SECONDS) for _ in range(3)]
            assert [event.key for event in events if event] == ["b", "c", "d"]
            assert watch.gaps == 0

    def _events(
        self, store: ObjectStore, watch: Watch, bucket: str, keys: Iterable[str], *, pad: str = "{}"
    ) -> list[ObjectEvent]:
        """Return the events that are told, padding apart, until there are as many as keys, and what comes with them."""
        expected = len(list(keys))
        self._pad(store, bucket, pad)
        found: list[ObjectEvent] = []
        end = time.monotonic() + SECONDS
        while len(found) < expected and time.monotonic() < end:
            found += _without_padding([watch.next(timeout=1)])
        more = watch.next(timeout=0.05)
        while more is not None:
            found += _without_padding([more])
            more = watch.next(timeout=0.05)
        return found

    def _pad(self, store: ObjectStore, bucket: str, pad: str = "{}") -> None:
        if EVENTS_AT_ONCE in self.limits.lacks:
            for _ in range(PADDING):
                store.put_object(b"", pad.format(PAD), bucket)


def _without_padding(events: Iterable[ObjectEvent | None]) -> list[ObjectEvent]:
    return [event for event in events if event is not None and PAD not in event.key]

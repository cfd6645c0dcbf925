"""Watching through the facade."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest

from data_store.object_store.errors import ConnectionFailed, InvalidArgument
from data_store.object_store.facade.watch import Watch
from data_store.object_store.models import EventKind, NotificationRule, ObjectEvent, WatchOptions
from data_store.object_store.store import ObjectStore
from tests.unit import facade_support
from tests.unit.facade_support import Feed, client_of, event

capable = facade_support.capable


def test_what_is_watched_for_reaches_the_client(capable: ObjectStore) -> None:
    """All kinds from now on, unless told otherwise."""
    capable.watch().close()
    capable.watch("other", prefix="p", suffix="s", events=[EventKind.CREATED], start="c5").close()
    asked = [call for call in client_of(capable).asked if call[0] == "watch"]
    assert asked == [
        ("watch", "root", WatchOptions()),
        ("watch", "other", WatchOptions(prefix="p", suffix="s", events=frozenset({EventKind.CREATED}), cursor="c5")),
    ]


def test_a_watch_is_an_iterator_that_its_block_ends(capable: ObjectStore) -> None:
    """Its cursor is that of the last event that was taken; gaps are counted."""
    with capable.watch(start="c0") as watch:
        (feed,) = client_of(capable).feeds
        assert (iter(watch) is watch, watch.cursor, watch.gaps) == (True, "c0", 0)
        for number in (1, 2):
            feed.waiting.put(event(f"k{number}", cursor=f"c{number}", after_gap=number == 2))
        assert next(watch).key == "k1"
        assert (watch.cursor, watch.gaps) == ("c1", 0)
        assert next(watch).key == "k2"
        assert (watch.cursor, watch.gaps) == ("c2", 1)
    assert feed.closed == 1
    assert list(watch) == []


def test_the_next_event_has_a_timeout(capable: ObjectStore) -> None:
    """None comes when it is over."""
    with capable.watch() as watch:
        assert watch.next(timeout=0) is None
        client_of(capable).feeds[0].waiting.put(event("k"))
        found = watch.next(timeout=10)
        assert found is not None
        assert found.key == "k"
        for timeout in (-1, float("nan"), "1", True):
            with pytest.raises(InvalidArgument, match="timeout"):
                watch.next(timeout)  # type: ignore[arg-type]  # what is to be refused


def test_events_of_one_poll_are_given_one_by_one() -> None:
    """And those that were not taken are dropped with the watch."""

    class Many(Feed):
        def poll(self, timeout: float | None) -> tuple[ObjectEvent, ...]:
            return (event("a"), event("b"), event("c"))

    watch = Watch(Many())
    assert [next(watch).key, next(watch).key] == ["a", "b"]
    watch.close()
    assert watch.next() is None


@pytest.mark.parametrize("ending", ["watch", "block", "store"])
def test_a_watch_says_that_it_is_closed(capable: ObjectStore, ending: str) -> None:
    """A timeout and the end are both None; neither a timeout nor an error is the end."""
    with capable.watch() as watch:
        assert (watch.next(timeout=0), watch.closed) == (None, False)
        client_of(capable).feeds[0].waiting.put(ConnectionFailed("broken"))
        with pytest.raises(ConnectionFailed):
            watch.next()
        assert watch.closed is False
        if ending == "watch":
            watch.close()
        elif ending == "store":
            capable.close()
    assert (watch.next(timeout=60), watch.closed) == (None, True)


@pytest.mark.parametrize("ending", ["watch", "store"])
def test_an_iteration_is_ended_by_another_thread(capable: ObjectStore, ending: str) -> None:
    """That closes the watch, or the store."""
    watch = capable.watch()
    seen: list[str] = []
    begun = threading.Event()

    def iterate() -> None:
        for found in watch:
            seen.append(found.key)
            begun.set()

    thread = threading.Thread(target=iterate)
    thread.start()
    client_of(capable).feeds[0].waiting.put(event("k"))
    assert begun.wait(10)
    (watch if ending == "watch" else capable).close()
    thread.join(10)
    assert (thread.is_alive(), seen) == (False, ["k"])


def test_an_error_of_the_feed_says_where(capable: ObjectStore) -> None:
    """As those of operations do."""
    with capable.watch() as watch:
        client_of(capable).feeds[0].waiting.put(ConnectionFailed("broken"))
        with pytest.raises(ConnectionFailed) as caught:
            watch.next()
    assert (caught.value.operation, caught.value.bucket) == ("watch", "root")


def test_a_store_keeps_no_watch_alive(capable: ObjectStore) -> None:
    """One that nobody holds any more is gone."""
    seen = weakref.ref(capable.watch())
    gc.collect()
    assert seen() is None


def test_notification_rules_come_back(capable: ObjectStore) -> None:
    """An empty list removes them."""
    rule = NotificationRule(id="r", target="arn:aws:sns:default::topic", events=(EventKind.CREATED,), prefix="p/")
    capable.set_notifications([rule])
    assert capable.get_notifications() == [rule]
    capable.set_notifications([])
    assert capable.get_notifications() == []

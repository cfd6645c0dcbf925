"""Events of the embedded store: what feeds deliver, and what they say they may have missed."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from data_store.object_store.adapters.embedded import events as module
from data_store.object_store.adapters.embedded.bell import Bell
from data_store.object_store.adapters.embedded.client import LocalClient, MemoryClient
from data_store.object_store.adapters.embedded.events import KEPT_SECONDS
from data_store.object_store.errors import BucketNotFound, InvalidArgument, ObjectStoreError, PreconditionFailed
from data_store.object_store.feed import EventFeed
from data_store.object_store.models import (
    BucketOptions,
    CopyOptions,
    DeleteOptions,
    EventKind,
    ObjectEvent,
    ObjectIdentifier,
    PutOptions,
    WatchOptions,
)
from tests.unit.embedded_support import BUCKET, finish, local, memory, of, put, start, with_bucket

Client = LocalClient | MemoryClient
PATIENCE = 30.0  # seconds; only a test that fails waits for so long
WRITE = """
client, name = local(Path(sys.argv[1])), sys.argv[2]
for number in range(100):
    put(client, f"{name}-{number:03}", b"x")
client.close()
"""
WATCH = """
from data_store.object_store.models import WatchOptions
client = local(Path(sys.argv[1]))
feed = client.watch(BUCKET, WatchOptions(cursor=sys.argv[2] or None))
print("watching", flush=True)
count = 0
while count < int(sys.argv[3]):
    for event in feed.poll(30):
        print(event.key, event.after_gap, event.cursor, flush=True)
        count += 1
"""


@pytest.fixture(params=["local", "memory"])
def client(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Client]:
    """A store with an empty bucket, of each framework."""
    with with_bucket(of(request.param, tmp_path)) as made:
        yield made


@pytest.fixture
def on_disk(tmp_path: Path) -> Iterator[LocalClient]:
    """A store in a directory, with an empty bucket."""
    with with_bucket(local(tmp_path)) as made:
        yield made


@pytest.fixture
def seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """Feeds that look again only when something wakes them."""
    monkeypatch.setattr(module, "_SHORTEST_PAUSE", 10 * PATIENCE)
    monkeypatch.setattr(module, "_LONGEST_PAUSE", 10 * PATIENCE)


def watch(client: Client, **options: object) -> EventFeed:
    """Return a feed of the bucket of the tests."""
    return client.watch(BUCKET, WatchOptions(**options))  # type: ignore[arg-type]  # as each test gives them


def waiting(feed: EventFeed) -> list[ObjectEvent]:
    """Return all events that are there."""
    found: list[ObjectEvent] = []
    while events := feed.poll(0):
        found += events
    return found


def keys(feed: EventFeed) -> list[str]:
    """Return the keys of all events that are there."""
    return [event.key for event in waiting(feed)]


def collect(feed: EventFeed, count: int) -> list[ObjectEvent]:
    """Wait for so many events."""
    found: list[ObjectEvent] = []
    while len(found) < count:
        events = feed.poll(PATIENCE)
        assert events, f"only {len(found)} events came"
        found += events
    return found


def change(client: Client, statement: str, *values: object) -> None:
    """Change the tables behind the back of the store."""
    with client._database.write() as connection:
        connection.execute(statement, values)


def count_events(client: Client) -> int:
    """Return how many rows the table has."""
    with client._database.read() as connection:
        return int(connection.execute("SELECT count(*) FROM events").fetchone()[0])


def test_an_event_tells_what_was_written(client: Client) -> None:
    """Kind, bucket, key, size, ETag and time of a PUT; no version where the bucket has none."""
    feed = watch(client)
    written = put(client, "a", b"12345")
    (event,) = waiting(feed)
    assert (event.kind, event.bucket, event.key, event.version_id) == (EventKind.CREATED, BUCKET, "a", None)
    assert (event.size, event.etag, event.after_gap) == (5, written.etag, False)
    assert event.time is not None
    assert written.updated_time is not None
    assert abs((event.time - written.updated_time).total_seconds()) < 5


def test_copies_deletes_and_tags_are_events_too(client: Client) -> None:
    """Each in the order in which it happened; deleting what is not there is none."""
    feed = watch(client)
    put(client, "a", b"1")
    client.copy_object(BUCKET, "a", BUCKET, "b", CopyOptions())
    client.set_tags(BUCKET, "a", {"x": "y"})
    client.delete_object(BUCKET, "a", DeleteOptions())
    client.delete_object(BUCKET, "a", DeleteOptions())
    client.delete_objects(BUCKET, [ObjectIdentifier("b"), ObjectIdentifier("c")])
    assert [(event.kind, event.key) for event in waiting(feed)] == [
        (EventKind.CREATED, "a"),
        (EventKind.CREATED, "b"),
        (EventKind.TAGS_CHANGED, "a"),
        (EventKind.REMOVED, "a"),
        (EventKind.REMOVED, "b"),
    ]


def test_versions_and_markers_are_named(client: Client) -> None:
    """In a bucket with versions the event has the id that the operation answered."""
    client.enable_versioning(BUCKET)
    feed = watch(client)
    written = put(client, "a", b"1")
    marker = client.delete_object(BUCKET, "a", DeleteOptions())
    client.delete_object(BUCKET, "a", DeleteOptions(version=written.version_id))
    assert [(event.kind, event.version_id) for event in waiting(feed)] == [
        (EventKind.CREATED, written.version_id),
        (EventKind.MARKER_CREATED, marker.version_id),
        (EventKind.REMOVED, written.version_id),
    ]


def test_a_watch_begins_now(client: Client) -> None:
    """What was written before is not told, what is written once watch() has returned is, however late it is polled."""
    put(client, "before", b"1")
    feed = watch(client)
    put(client, "behind", b"1")
    later = watch(client)
    put(client, "later", b"1")
    assert keys(feed) == ["behind", "later"]
    assert keys(later) == ["later"]
    assert keys(feed) == []


def test_what_failed_is_no_event(client: Client) -> None:
    """The event is in the transaction of the change."""
    feed = watch(client)
    with pytest.raises(PreconditionFailed):
        put(client, "a", b"1", PutOptions(if_match="other"))
    assert keys(feed) == []


def test_a_bucket_that_nobody_watches_is_not_recorded(client: Client) -> None:
    """Watching another bucket changes nothing: writers pay for no event that nobody wants."""
    client.create_bucket("other", BucketOptions())
    feed = client.watch("other", WatchOptions())
    before = count_events(client)
    put(client, "a", b"1")
    assert count_events(client) == before
    assert keys(feed) == []


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"prefix": "logs/"}, ["logs/a.txt", "logs/b.bin"]),
        ({"suffix": ".txt"}, ["logs/a.txt", "%_.txt", "ü.txt"]),
        ({"prefix": "logs/", "suffix": ".txt"}, ["logs/a.txt"]),
        ({"prefix": "%"}, ["%_.txt"]),
        ({"suffix": "ü.txt"}, ["ü.txt"]),
        ({"prefix": "LOGS/"}, []),
        ({"suffix": "and/a/longer/suffix/than/any/key.txt"}, []),
        ({"events": frozenset({EventKind.REMOVED})}, ["ü.txt"]),
        ({"events": frozenset({EventKind.EXPIRED})}, []),
        ({"events": frozenset({EventKind.CREATED}), "prefix": "ü"}, ["ü.txt"]),
    ],
)
def test_filters_are_exact(client: Client, options: dict[str, object], wanted: list[str]) -> None:
    """Prefix and suffix are text, not patterns, and count letters, not bytes."""
    filtered = watch(client, **options)
    for key in ("logs/a.txt", "logs/b.bin", "%_.txt", "ü.txt"):
        put(client, key, b"1")
    client.delete_object(BUCKET, "ü.txt", DeleteOptions())
    if "events" not in options:
        wanted = wanted + [key for key in wanted if key == "ü.txt"]
    assert keys(filtered) == wanted


def test_poll_returns_nothing_after_its_timeout(client: Client) -> None:
    """Also at once."""
    feed = watch(client)
    assert feed.poll(0) == ()
    assert feed.poll(0.01) == ()


def test_closing_from_another_thread_ends_a_poll(client: Client, seldom: None) -> None:
    """It returns () at once, and so does each after it, though there are events."""
    feed = watch(client)
    with ThreadPoolExecutor(1) as thread:
        polled = thread.submit(feed.poll, 2 * PATIENCE)
        assert not polled.done()
        feed.close()
        assert polled.result(PATIENCE) == ()
    put(client, "a", b"1")
    feed.close()
    assert feed.poll(None) == ()


def test_closing_the_client_ends_its_feeds_only(client: Client, seldom: None) -> None:
    """Another client of the same store goes on watching."""
    again = type(client)(client.config)
    feed, other = watch(client), watch(again)
    with ThreadPoolExecutor(1) as thread:
        polled = thread.submit(feed.poll, 2 * PATIENCE)
        client.close()
        assert polled.result(PATIENCE) == ()
    put(again, "a", b"1")
    assert keys(other) == ["a"]
    again.close()


def test_several_watchers_see_everything(client: Client) -> None:
    """Each has a position of its own."""
    feeds = [watch(client) for _ in range(3)]
    with ThreadPoolExecutor(3) as threads:
        found = threads.map(lambda feed: [event.key for event in collect(feed, 50)], feeds)
        for number in range(50):
            put(client, str(number), b"1")
        assert list(found) == [[str(number) for number in range(50)]] * 3


def test_a_writer_of_the_same_process_wakes_a_poll(client: Client, seldom: None) -> None:
    """Even a feed that would not look again for long returns the event."""
    feed = watch(client)
    with ThreadPoolExecutor(1) as thread:
        polled = thread.submit(feed.poll, 2 * PATIENCE)
        put(client, "a", b"1")
        assert [event.key for event in polled.result(PATIENCE)] == ["a"]


def test_a_ring_is_never_missed() -> None:
    """Neither one before the waiting begins, nor one in the middle of it."""
    bell = Bell()
    before = bell.rings
    with ThreadPoolExecutor(2) as threads:
        early = threads.submit(bell.wait, before, 2 * PATIENCE)
        bell.ring()
        late = threads.submit(bell.wait, before, 2 * PATIENCE)
        assert early.result(PATIENCE) is late.result(PATIENCE) is None
    assert bell.rings == before + 1


def test_many_events_come_in_order_and_once(client: Client) -> None:
    """More than a batch, with a filter that passes few: none is lost between batches."""
    everything, few = watch(client), watch(client, suffix="7")
    for number in range(2500):
        client.delete_object(BUCKET, "k", DeleteOptions())
        put(client, f"{number:04}", b"") if number % 100 else put(client, f"{number:04}7", b"")
    wanted = [f"{number:04}" if number % 100 else f"{number:04}7" for number in range(2500)]
    assert keys(everything) == wanted
    assert keys(few) == [key for key in wanted if key.endswith("7")]


def test_a_watch_goes_on_behind_a_cursor(client: Client) -> None:
    """Nothing twice, nothing lost, though nobody was watching meanwhile."""
    feed = watch(client)
    for key in "abc":
        put(client, key, b"1")
    first, second, _ = waiting(feed)
    feed.close()
    put(client, "d", b"1")
    found = waiting(watch(client, cursor=second.cursor))
    assert [(event.key, event.after_gap) for event in found] == [("c", False), ("d", False)]
    assert keys(watch(client, cursor=first.cursor)) == ["b", "c", "d"]


@pytest.mark.parametrize("cursor", ["", "x", "1.2.3.4", "0" * 16 + ".00000000.1.1", "٣.٣.٣.٣"])
def test_a_cursor_that_is_none_is_refused(client: Client, cursor: str) -> None:
    """As a wrong argument, and recording does not begin."""
    with pytest.raises(InvalidArgument, match="cursor"):
        watch(client, cursor=cursor)
    put(client, "a", b"1")
    assert count_events(client) == 0


def test_a_cursor_of_another_bucket_or_store_is_refused(client: Client, tmp_path: Path) -> None:
    """It would say nothing here, or something wrong."""
    feed = watch(client)
    put(client, "a", b"1")
    (event,) = waiting(feed)
    client.create_bucket("other", BucketOptions())
    with pytest.raises(InvalidArgument, match="cursor"):
        client.watch("other", WatchOptions(cursor=event.cursor))
    stranger = memory(f"{tmp_path} stranger")
    stranger.create_bucket(BUCKET, BucketOptions())
    with pytest.raises(InvalidArgument, match="cursor"):
        watch(stranger, cursor=event.cursor)


def test_watching_a_bucket_that_is_not_there_raises(client: Client) -> None:
    """At once, not in the first poll."""
    with pytest.raises(BucketNotFound):
        client.watch("missing", WatchOptions())


def test_the_last_events_of_a_deleted_bucket_still_come(client: Client) -> None:
    """Then BucketNotFound, also if there is a new bucket of that name; a cursor then leads on, behind a gap."""
    feed = watch(client)
    put(client, "a", b"1")
    client.delete_object(BUCKET, "a", DeleteOptions())
    client.delete_bucket(BUCKET)
    last = waiting_before_the_end(feed)[-1]
    assert (last.kind, last.key) == (EventKind.REMOVED, "a")
    client.create_bucket(BUCKET, BucketOptions())
    with pytest.raises(BucketNotFound):
        feed.poll(PATIENCE)
    again = watch(client, cursor=last.cursor)
    put(client, "b", b"1")
    assert [(event.key, event.after_gap) for event in waiting(again)] == [("b", True)]


def waiting_before_the_end(feed: EventFeed) -> list[ObjectEvent]:
    """Return all events that come before BucketNotFound."""
    found: list[ObjectEvent] = []
    with suppress(BucketNotFound):
        while events := feed.poll(PATIENCE):
            found += events
    return found


def test_a_poll_that_waits_ends_with_the_bucket(on_disk: LocalClient, tmp_path: Path) -> None:
    """Another client deletes it."""
    feed = watch(on_disk)
    with ThreadPoolExecutor(1) as thread:
        polled = thread.submit(feed.poll, PATIENCE)
        local(tmp_path).delete_bucket(BUCKET)
        with pytest.raises(BucketNotFound):
            polled.result()


def test_recording_goes_on_for_a_time_behind_the_last_poll(client: Client) -> None:
    """A poll prolongs it, once an hour or so."""
    feed = watch(client)
    soon_over = "UPDATE buckets SET recorded_until = recorded_until - ?"
    change(client, soon_over, (KEPT_SECONDS - 600) * 1_000_000)
    before = recorded_until(client)
    feed.poll(0)
    after = recorded_until(client)
    assert after - before > (KEPT_SECONDS - 700) * 1_000_000
    feed.poll(0)
    assert recorded_until(client) == after


def recorded_until(client: Client) -> int:
    """Return until when the bucket is recorded."""
    with client._database.read() as connection:
        return int(connection.execute("SELECT recorded_until FROM buckets").fetchone()[0])


def test_a_recording_that_had_ended_leaves_a_gap(client: Client) -> None:
    """What was kept comes without a gap, the first event behind the pause says that some may be missing."""
    feed = watch(client)
    put(client, "a", b"1")
    put(client, "b", b"1")
    first = waiting(feed)[0]
    change(client, "UPDATE buckets SET recorded_until = 1")
    put(client, "missed", b"1")
    again = watch(client, cursor=first.cursor)
    for key in "cd":
        put(client, key, b"1")
    wanted = [("c", True), ("d", False)]
    assert [(event.key, event.after_gap) for event in waiting(again)] == [("b", False), *wanted]
    assert [(event.key, event.after_gap) for event in waiting(feed)] == wanted


def test_a_feed_that_slept_too_long_says_so(client: Client) -> None:
    """The poll that finds the recording ended begins it anew, and the next event has after_gap."""
    feed = watch(client, prefix="wanted")
    change(client, "UPDATE buckets SET recorded_until = 1")
    put(client, "wanted-1", b"1")
    assert feed.poll(0) == ()
    put(client, "other", b"1")
    put(client, "wanted-2", b"1")
    assert [(event.key, event.after_gap) for event in waiting(feed)] == [("wanted-2", True)]


def test_recording_ends_after_so_many_events(client: Client) -> None:
    """Nobody polls: the table does not grow for good."""
    feed = watch(client)
    change(client, "UPDATE buckets SET recorded_to = 5")
    for number in range(20):
        put(client, str(number), b"1")
    assert count_events(client) == 5
    assert keys(feed)[:4] == ["0", "1", "2", "3"]
    put(client, "next", b"1")
    assert [(event.key, event.after_gap) for event in waiting(feed)] == [("next", True)]


def age_events(client: Client, up_to: int) -> None:
    """Make the events up to an id older than they are kept."""
    change(client, "UPDATE events SET time = time - ? WHERE id <= ?", (KEPT_SECONDS + 60) * 1_000_000, up_to)


def test_old_events_are_removed_in_batches(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A poll removes one batch and goes on the next time; young ones stay."""
    monkeypatch.setattr(module, "_BATCH", 10)
    monkeypatch.setattr(module, "_LONGEST_PAUSE", 0.0)
    watch(client)
    for number in range(30):
        put(client, str(number), b"1")
    age_events(client, 25)
    feed = watch(client)
    counts = []
    for _ in range(5):
        feed.poll(0)
        counts.append(count_events(client))
    assert counts == [21, 11, 6, 6, 6]


def test_too_many_events_are_removed_whatever_their_age(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest stay, and a watcher that is behind them is told."""
    feed = watch(client)
    for number in range(30):
        put(client, str(number), b"1")
    monkeypatch.setattr(module, "KEPT_EVENTS", 5)
    found = waiting(feed)
    assert [event.key for event in found] == ["25", "26", "27", "28", "29"]
    assert [event.after_gap for event in found] == [True, False, False, False, False]


def test_a_cursor_whose_events_are_no_longer_kept_leads_behind_a_gap(client: Client) -> None:
    """But one behind which nothing was removed does not."""
    feed = watch(client)
    for key in "abc":
        put(client, key, b"1")
    first, second, third = waiting(feed)
    age_events(client, 3)  # the first row says that recording began, then a and b
    watch(client).poll(0)
    assert count_events(client) == 1
    for event, gap in ((first, True), (second, False), (third, None)):
        found = waiting(watch(client, cursor=event.cursor))
        assert [(each.key, each.after_gap) for each in found] == ([] if gap is None else [("c", gap)])


def test_a_cursor_that_a_crash_took_back_leads_behind_a_gap(client: Client) -> None:
    """With durability relaxed a machine can lose its last events, and give their ids anew."""
    feed = watch(client)
    for key in "ab":
        put(client, key, b"1")
    before = waiting(feed)[-1]
    change(client, "DELETE FROM events WHERE key = 'b'")
    change(client, "UPDATE sqlite_sequence SET seq = seq - 1 WHERE name = 'events'")
    ahead = watch(client, cursor=before.cursor)
    put(client, "other", b"1")
    same_id = watch(client, cursor=before.cursor)
    put(client, "next", b"1")
    assert [(event.key, event.after_gap) for event in waiting(ahead)] == [("other", True), ("next", False)]
    assert [(event.key, event.after_gap) for event in waiting(same_id)] == [("next", True)]


def test_events_of_other_processes_come_all_and_once(on_disk: LocalClient, tmp_path: Path) -> None:
    """Three writers; each one's events are in the order in which it wrote."""
    feed = watch(on_disk)
    writers = [start(WRITE, tmp_path, name) for name in "abc"]
    found = [event.key for event in collect(feed, 300)]
    for writer in writers:
        finish(writer)
    assert sorted(found) == sorted(f"{name}-{number:03}" for name in "abc" for number in range(100))
    for name in "abc":
        own = [key for key in found if key.startswith(name)]
        assert own == sorted(own)
    assert keys(feed) == []


def test_a_process_that_was_killed_goes_on_from_its_cursor(on_disk: LocalClient, tmp_path: Path) -> None:
    """Kill -9 of a watcher, writes while nobody watches, a new process: each event exactly once."""
    watcher = start(WATCH, tmp_path, "", 1000)
    assert watcher.stdout is not None
    assert watcher.stdout.readline() == "watching\n"
    for number in range(10):
        put(on_disk, f"{number}", b"1")
    seen = [watcher.stdout.readline().split() for _ in range(10)]
    watcher.send_signal(signal.SIGKILL)
    watcher.communicate(timeout=PATIENCE)
    for number in range(10, 20):
        put(on_disk, f"{number}", b"1")
    rest = [line.split() for line in finish(start(WATCH, tmp_path, seen[4][2], 15)).splitlines()[1:]]
    assert [key for key, _, _ in seen] == [f"{number}" for number in range(10)]
    assert [(key, gap) for key, gap, _ in rest] == [(f"{number}", "False") for number in range(5, 20)]


def test_a_writer_that_is_killed_leaves_an_event_for_each_object_it_left(on_disk: LocalClient, tmp_path: Path) -> None:
    """The object and its event are one transaction."""
    feed = watch(on_disk)
    writer = start(WRITE.replace("range(100)", "range(100_000)"), tmp_path, "k")
    seen = [event.key for event in collect(feed, 20)]
    writer.send_signal(signal.SIGKILL)
    writer.communicate(timeout=PATIENCE)
    seen += keys(feed)
    with on_disk._database.read() as connection:
        there = [key for (key,) in connection.execute("SELECT key FROM current_objects ORDER BY updated")]
    assert seen == there


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_feed_works_on_both_sides_of_a_fork(on_disk: LocalClient) -> None:
    """Though another thread holds the lock that the child needs, and cannot release."""
    feed = watch(on_disk)
    held, forked = threading.Event(), threading.Event()
    holder = threading.Thread(target=hold, args=(on_disk, held, forked))
    holder.start()
    assert held.wait(PATIENCE)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(int(PATIENCE))
        try:
            put(on_disk, "from the child", b"1")
            os.write(writing, feed.poll(PATIENCE)[0].key.encode())
        finally:
            os._exit(0)
    forked.set()
    holder.join()
    os.close(writing)
    with os.fdopen(reading) as pipe:
        assert pipe.read() == "from the child"
    os.waitpid(child, 0)
    assert [event.key for event in collect(feed, 1)] == ["from the child"]


def hold(client: LocalClient, held: threading.Event, until: threading.Event) -> None:
    """Hold the lock of a store's bell."""
    with client._database.bell._rung:
        held.set()
        until.wait(PATIENCE)


def test_a_watch_of_a_store_that_was_replaced_says_so(on_disk: LocalClient, tmp_path: Path) -> None:
    """Its events would never come."""
    feed = watch(on_disk)
    (tmp_path / "data-store.db").rename(tmp_path / "moved.db")
    with pytest.raises(ObjectStoreError):
        feed.poll(PATIENCE)
    (tmp_path / "moved.db").rename(tmp_path / "data-store.db")
    assert feed.poll(0) == ()

"""Tests of ``paging``: pages in order, one of them ahead, and nothing left behind."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager
from contextvars import ContextVar
from itertools import islice
from typing import Any, cast

import pytest

from data_store.object_store import ObjectStore
from data_store.object_store.errors import ObjectStoreError, ServerError, StoreClosed, Throttled
from data_store.object_store.executor import Executor
from data_store.object_store.models import ListOptions, ObjectMetadata, ObjectPage
from data_store.object_store.paging import LookAhead, entries

WAIT = 20  # seconds, after which something hangs
PAGES = 5
SIZE = 3  # entries of a page

variable: ContextVar[str] = ContextVar("variable", default="unset")


class Server:
    """Gives ``PAGES`` pages and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str | None] = []
        self.threads: list[str] = []
        self.seen: list[str] = []
        self.answered = threading.Semaphore(0)
        self.failures: dict[str | None, Exception] = {}

    def page(self, options: ListOptions) -> ObjectPage:
        """Answer."""
        self.asked.append(options.cursor)
        self.threads.append(threading.current_thread().name)
        self.seen.append(variable.get())
        try:
            if options.cursor in self.failures:
                raise self.failures[options.cursor]
            number = int(options.cursor or 0)
            found = tuple(ObjectMetadata(key=f"{number}-{each}") for each in range(SIZE))
            return ObjectPage(found, (), str(number + 1) if number + 1 < PAGES else None)
        finally:
            self.answered.release()

    def wait_for(self, requests: int) -> None:
        """Wait until so many more were answered."""
        for _ in range(requests):
            assert self.answered.acquire(timeout=WAIT)


@pytest.fixture
def asked() -> Server:
    """A server."""
    return Server()


@pytest.fixture
def executor() -> Iterator[Executor]:
    """The threads of a store."""
    executor = Executor(2)
    yield executor
    executor.close()


def locate(error: ObjectStoreError) -> ObjectStoreError:
    """Say where."""
    return error.locate("list_objects", "bucket", None, "test")


def keys(server: Server, executor: Executor | None, limit: int | None = None) -> Iterator[str]:
    """Return the keys of the whole listing."""
    return (each.key for each in listing_of(server, executor, limit))


def listing_of(server: Server, executor: Executor | None, limit: int | None = None) -> Any:
    """Return the whole listing."""
    fetch = LookAhead(server.page, executor)
    return entries(fetch, ListOptions(start_after="a"), locate, lambda page: page.objects, limit)


EVERY = [f"{page}-{each}" for page in range(PAGES) for each in range(SIZE)]


@pytest.mark.parametrize("threads", [None, 1, 3])
def test_a_listing_has_every_entry_once_and_in_order(asked: Server, threads: int | None) -> None:
    """Each page is asked for once, whoever asks."""
    executor = Executor(threads) if threads else None
    assert list(keys(asked, executor)) == EVERY
    assert asked.asked == [None, "1", "2", "3", "4"]
    if executor is not None:
        executor.close()


def test_the_next_page_is_asked_for_while_this_one_is_read(asked: Server, executor: Executor) -> None:
    """In a thread of the store; one page ahead, no more."""
    listing = keys(asked, executor)
    assert list(islice(listing, 2)) == EVERY[:2]
    asked.wait_for(2)
    assert asked.asked == [None, "1"]
    assert asked.threads[0] == threading.current_thread().name
    assert asked.threads[1].startswith("data-store")
    assert list(listing) == EVERY[2:]


def test_who_looks_at_the_first_entry_alone_asks_once(asked: Server, executor: Executor) -> None:
    """As who wants to know whether there is any."""
    assert next(keys(asked, executor)) == EVERY[0]
    executor.close()
    assert asked.asked == [None]


@pytest.mark.parametrize(("limit", "requests"), [(1, 1), (SIZE, 1), (SIZE + 1, 2), (2 * SIZE, 2), (99, PAGES)])
def test_no_page_is_asked_for_that_nobody_wants(asked: Server, executor: Executor, limit: int, requests: int) -> None:
    """``limit`` says where the listing ends."""
    assert list(keys(asked, executor, limit)) == EVERY[:limit]
    executor.close()
    assert len(asked.asked) == requests


def test_without_threads_nothing_is_asked_ahead(asked: Server) -> None:
    """An embedded store answers at once."""
    assert list(islice(keys(asked, None), SIZE)) == EVERY[:SIZE]
    assert asked.asked == [None]


def test_an_error_of_the_next_page_is_raised_when_its_turn_comes(asked: Server, executor: Executor) -> None:
    """What is before it is there to be read; it says where it happened."""
    asked.failures["1"] = Throttled("slow down")
    listing = keys(asked, executor)
    assert list(islice(listing, 2)) == EVERY[:2]
    asked.wait_for(2)
    assert next(listing) == EVERY[2]
    with pytest.raises(Throttled) as caught:
        next(listing)
    assert (caught.value.operation, caught.value.bucket) == ("list_objects", "bucket")
    assert list(listing) == []


def test_a_page_that_leads_to_itself_is_an_error(asked: Server, executor: Executor) -> None:
    """There would be no end of it."""
    fetch = LookAhead(lambda _options: ObjectPage((ObjectMetadata(key="k"),), (), "1"), executor)
    with pytest.raises(ServerError, match="again and again"):
        list(entries(fetch, ListOptions(), locate, lambda page: page.objects))


def test_empty_pages_are_passed_over(executor: Executor) -> None:
    """A page may be empty and still have a cursor."""
    last = ObjectPage((ObjectMetadata(key="k"),))
    fetch = LookAhead(lambda options: last if options.cursor == "1" else ObjectPage((), (), "1"), executor)
    assert [found.key for found in entries(fetch, ListOptions(), locate, lambda page: page.objects)] == ["k"]


# threads


def occupied(executor: Executor) -> tuple[threading.Event, Future[bool]]:
    """Let another task have the executor's one thread, until the event."""
    begun, may_end = threading.Event(), threading.Event()
    other = executor.start(lambda: begun.set() or may_end.wait(WAIT))
    assert begun.wait(WAIT)
    return may_end, other


def test_a_listing_does_not_wait_for_other_transfers(asked: Server) -> None:
    """While they have all threads, pages are asked for in this one."""
    executor = Executor(1)
    may_end, other = occupied(executor)
    assert list(keys(asked, executor)) == EVERY
    assert set(asked.threads) == {threading.current_thread().name}
    may_end.set()
    assert other.result(WAIT)
    executor.close()
    assert len(asked.asked) == PAGES


def test_a_listing_may_go_on_inside_a_task(asked: Server) -> None:
    """In a progress callback, say, even on the only thread."""
    executor = Executor(1)
    listing = keys(asked, executor)
    assert next(listing) == EVERY[0]
    assert executor.run([lambda: list(listing)]) == [EVERY[1:]]
    assert executor.run([lambda: list(keys(asked, executor))]) == [EVERY]
    executor.close()


def test_a_listing_that_is_given_up_leaves_nothing_to_do(asked: Server) -> None:
    """What has not begun does not begin."""
    executor = Executor(1)
    may_end, _other = occupied(executor)
    listing = keys(asked, executor)
    assert list(islice(listing, 2)) == EVERY[:2]
    del listing
    may_end.set()
    executor.close()
    assert asked.asked == [None]


def test_a_listing_that_is_closed_leaves_nothing_to_do(asked: Server) -> None:
    """What has not begun does not begin, and nothing comes any more, of the page that was being read neither."""
    executor = Executor(1)
    may_end, _other = occupied(executor)
    with closing(listing_of(asked, executor)) as listing:
        assert [found.key for found in islice(listing, 2)] == EVERY[:2]
    assert list(listing) == []
    listing.close()
    may_end.set()
    executor.close()
    assert asked.asked == [None]


def test_a_listing_that_is_closed_at_once_asks_for_nothing(asked: Server, executor: Executor) -> None:
    """It has not begun."""
    listing = listing_of(asked, executor)
    listing.close()
    assert list(listing) == []
    assert asked.asked == []


LISTINGS: list[Callable[[ObjectStore], Any]] = [
    lambda store: store.list_files(),
    lambda store: store.list_objects(limit=2),
    lambda store: store.list_prefixes(),
    lambda store: store.list_versions(),
    lambda store: store.list_versions(key="a/1"),
    lambda store: store.list_multipart_uploads(),
    lambda store: store.list_parts("up", store.create_multipart_upload("up").upload_id),
    lambda store: store.head_objects(["a/1", "b/1"]),
    lambda store: store.verify(),
]


@pytest.mark.parametrize("listing_in", LISTINGS)
def test_every_listing_can_be_closed(listing_in: Callable[[ObjectStore], Any]) -> None:
    """All alike; those that have entries have none left then."""
    with ObjectStore("memory://closable") as store:
        for key in ("a/1", "b/1", "c/1"):
            store.put_object(b"", key)
        with closing(listing_in(store)) as listing:
            next(listing, None)
        assert list(listing) == []


def test_closing_ends_a_listing(asked: Server) -> None:
    """Without waiting for who reads it, who is told so; its threads have ended."""
    executor, closed = Executor(1), threading.Event()
    listing = keys(asked, executor)
    assert list(islice(listing, 2)) == EVERY[:2]
    executor.close(closed.set)
    assert closed.is_set()
    assert not [thread for thread in threading.enumerate() if thread.name in asked.threads[1:]]
    assert next(listing) == EVERY[2]
    with pytest.raises(StoreClosed) as caught:
        next(listing)
    assert caught.value.operation == "list_objects"


def test_a_listing_goes_on_in_the_child_of_a_fork(
    asked: Server, executor: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a thread of the parent asks for never comes there."""
    may_end, fetch = threading.Event(), asked.page

    def page(options: ListOptions) -> ObjectPage:
        in_thread = threading.current_thread() is not threading.main_thread()
        return fetch(options) if not in_thread or may_end.wait(WAIT) else ObjectPage()

    monkeypatch.setattr(asked, "page", page)
    listing = keys(asked, executor)
    assert list(islice(listing, 2)) == EVERY[:2]
    with monkeypatch.context() as child:
        child.setattr("os.getpid", lambda: -1)
        assert list(listing) == EVERY[2:]
    assert asked.asked == [None, "1", "2", "3", "4"]
    may_end.set()


@contextmanager
def held_elsewhere(lock: Any) -> Iterator[None]:
    """Have another thread hold a lock."""
    held, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            held.set()
            may_end.wait(WAIT)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(WAIT)
    yield
    may_end.set()
    thread.join()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("give_up", [True, False])
def test_a_fork_amid_a_page_keeps_nobody_waiting(asked: Server, give_up: bool) -> None:
    """The child has no thread that asks, and what others held stays held; it goes on, or gives up, all the same."""
    executor, begun, may_end, fetch = Executor(2), threading.Event(), threading.Event(), asked.page

    def page(options: ListOptions) -> ObjectPage:
        if threading.current_thread() is not threading.main_thread():
            begun.set()
            assert may_end.wait(WAIT)
        return fetch(options)

    ahead = LookAhead(page, executor)
    listing: Any = entries(ahead, ListOptions(), locate, lambda found: found.objects)
    assert [found.key for found in islice(listing, 2)] == EVERY[:2]
    assert begun.wait(WAIT)
    with held_elsewhere(cast("Future[ObjectPage]", ahead._ahead)._condition):  # by who has just got its page
        child = os.fork()
        if child == 0:
            signal.alarm(WAIT)
            found = [] if give_up else [each.key for each in listing]
            listing.close()
            os._exit(0 if found == ([] if give_up else EVERY[2:]) else 1)
    may_end.set()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert [found.key for found in listing] == EVERY[2:]
    executor.close()


def test_the_context_of_the_reader_holds_for_what_is_asked_ahead(asked: Server, executor: Executor) -> None:
    """Spans of pages have the parent that they had without threads."""
    token = variable.set("mine")
    try:
        assert list(keys(asked, executor)) == EVERY
    finally:
        variable.reset(token)
    assert set(asked.seen) == {"mine"}

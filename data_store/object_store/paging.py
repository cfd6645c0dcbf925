"""Listings, page by page: the next one is asked for while this one is read."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from contextvars import copy_context
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Generic, Protocol, TypeVar, cast

from data_store.object_store.errors import ObjectStoreError, ServerError, StoreClosed
from data_store.object_store.executor import Executor
from data_store.object_store.models import ListOptions

__all__ = ["Entries", "LookAhead", "P", "entries", "pages"]


class Page(Protocol):
    """One page of a listing."""

    @property
    def cursor(self) -> str | None:
        """Where the next page begins, or None at the end."""


P = TypeVar("P", bound=Page)
T = TypeVar("T")


class LookAhead(Generic[P]):
    """Asks for pages, each when it is called for, or before.

    Args:
        fetch: asks for one page.
        executor: has the threads that ask ahead; None: nothing is asked ahead.
    """

    def __init__(self, fetch: Callable[[ListOptions], P], executor: Executor | None) -> None:
        self._fetch = fetch
        self._executor = executor
        self._process = os.getpid()
        self._options = ListOptions()
        self._ahead: Future[P] | None = None

    def __call__(self, options: ListOptions) -> P:
        """Return the page: what was asked ahead, which is the next one, if it has begun.

        Raises:
            StoreClosed: the store was closed meanwhile.
        """
        self._options = options
        ahead, self._ahead = self._ahead, None
        # A thread of the parent's never comes to it; others may be busy for long, or be the one that calls.
        if self._executor is None or ahead is None or self._process != os.getpid() or ahead.cancel():
            return self._fetch(options)
        with self._executor.transfer():
            return ahead.result()

    def begin(self, page: P) -> None:
        """Begin to ask for what comes behind the last page; failures are for who calls for it."""
        if self._executor is None or page.cursor in (None, self._options.cursor) or self._process != os.getpid():
            return
        task = partial(copy_context().run, self._fetch, _behind(page, self._options))
        with suppress(StoreClosed), self._executor.transfer():
            self._ahead = self._executor.start(task)

    def end(self) -> None:
        """Forget what was asked ahead; waits for nothing, nor for a lock that a thread held where it was forked."""
        if self._ahead is not None and self._process == os.getpid():
            self._ahead.cancel()


class Entries(chain[T]):
    """The entries of a listing: an iterator as fast as those of ``itertools`` that can be closed as a generator can."""

    _runs: Generator[Sequence[T], None, None]

    @classmethod
    def of(cls, runs: Generator[Sequence[T], None, None]) -> Entries[T]:
        """Return the entries of runs of them, lazily."""
        found = cast("Entries[T]", cls.from_iterable(runs))
        found._runs = runs
        return found

    def close(self) -> None:
        """End the iteration; what was asked ahead and has not begun is not asked any more. May be called twice."""
        self._runs.close()
        deque(self, maxlen=0)  # the rest of the run that is being read


def entries(
    fetch: LookAhead[P],
    options: ListOptions,
    locate: Callable[[ObjectStoreError], ObjectStoreError],
    found_in: Callable[[P], Sequence[T]],
    limit: int | None = None,
) -> Entries[T]:
    """Return the entries of a listing, lazily, at most ``limit``.

    The page behind is asked for when more than the first entry of a page is taken, and there are fewer in it than
    are wanted.

    Args:
        fetch: asks for pages.
        options: those of the first page.
        locate: says where an error happened.
        found_in: picks the entries of a page.
        limit: how many are wanted.
    """
    return Entries.of(_runs(fetch, options, locate, found_in, sys.maxsize if limit is None else limit))


def pages(
    fetch: Callable[[ListOptions], P], options: ListOptions, locate: Callable[[ObjectStoreError], ObjectStoreError]
) -> Iterator[P]:
    """Yield all pages of a listing, lazily.

    Args:
        fetch: asks for one page.
        options: those of the first page.
        locate: says where an error happened.
    """
    while True:
        try:
            page = fetch(options)
        except ObjectStoreError as error:
            locate(error)
            raise
        yield page
        if page.cursor is None:
            return
        if page.cursor == options.cursor:
            raise locate(ServerError("the server answers the same page of the listing again and again"))
        options = _behind(page, options)


def _runs(
    fetch: LookAhead[P],
    options: ListOptions,
    locate: Callable[[ObjectStoreError], ObjectStoreError],
    found_in: Callable[[P], Sequence[T]],
    wanted: int,
) -> Generator[Sequence[T], None, None]:
    try:
        for page in pages(fetch, options, locate):
            found = found_in(page)[:wanted]
            yield found[:1]
            wanted -= len(found)
            if wanted:
                fetch.begin(page)
            yield found[1:]
            if not wanted:
                return
    finally:
        fetch.end()


def _behind(page: Page, options: ListOptions) -> ListOptions:
    return replace(options, cursor=page.cursor, start_after=None)

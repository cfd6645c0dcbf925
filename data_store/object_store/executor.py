"""The threads of one store: tasks run in a bounded number at once, and end together."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

from data_store.object_store.errors import StoreClosed

__all__ = ["Executor"]

T = TypeVar("T")


class Executor:
    """A pool of at most ``max_concurrency`` threads, made when it is first needed."""

    def __init__(self, max_concurrency: int) -> None:
        self.max_concurrency = max_concurrency
        self._changed = threading.Condition()
        self._transfers = 0
        self._closed = False
        self._pool: ThreadPoolExecutor | None = None

    def run(
        self,
        tasks: Iterable[Callable[[], T]],
        concurrency: int | None = None,
        stop: Callable[[], object] | None = None,
    ) -> list[T]:
        """Return the results of the tasks, in their order.

        The next task is taken only when fewer than ``concurrency`` run. The first failure, or an exception in this
        thread (Ctrl-C), calls ``stop``, drops what has not begun, waits for what has, and is raised.
        """
        with self.transfer():
            return self._run(tasks, concurrency or self.max_concurrency, stop)

    @contextlib.contextmanager
    def transfer(self) -> Iterator[None]:
        """Return the block of one transfer; ``close`` waits until it has cleaned up behind itself."""
        with self._changed:
            self._check_open()
            self._transfers += 1
        try:
            yield
        finally:
            with self._changed:
                self._transfers -= 1
                self._changed.notify_all()

    def close(self) -> None:
        """End the threads. Transfers begin no further task but raise ``StoreClosed``; their end is waited for."""
        with self._changed:
            self._closed = True
            self._changed.wait_for(lambda: not self._transfers)
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=True)

    def _run(self, tasks: Iterable[Callable[[], T]], concurrency: int, stop: Callable[[], object] | None) -> list[T]:
        running: set[Future[T]] = set()
        begun: list[Future[T]] = []
        try:
            for task in tasks:
                begun.append(self._threads().submit(task))
                running.add(begun[-1])
                if len(running) >= concurrency:
                    finished, running = wait(running, return_when=FIRST_COMPLETED)
                    for future in finished:
                        future.result()
            return [future.result() for future in begun]
        except BaseException:
            if stop is not None:
                stop()
            for future in running:
                future.cancel()
            wait(running)
            raise

    def _threads(self) -> ThreadPoolExecutor:
        with self._changed:
            self._check_open()
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self.max_concurrency, "data-store")
            return self._pool

    def _check_open(self) -> None:
        if self._closed:
            raise StoreClosed("the store was closed meanwhile")

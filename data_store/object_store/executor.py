"""The threads of one store: tasks run in a bounded number at once, and end together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

__all__ = ["Executor"]

T = TypeVar("T")


class Executor:
    """A pool of at most ``max_concurrency`` threads, made when it is first needed."""

    def __init__(self, max_concurrency: int) -> None:
        self.max_concurrency = max_concurrency
        self._lock = threading.Lock()
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
        running: set[Future[T]] = set()
        begun: list[Future[T]] = []
        try:
            for task in tasks:
                begun.append(self._threads().submit(task))
                running.add(begun[-1])
                if len(running) >= (concurrency or self.max_concurrency):
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

    def close(self) -> None:
        """End the threads, behind the tasks that run."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)

    def _threads(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self.max_concurrency, "data-store")
            return self._pool

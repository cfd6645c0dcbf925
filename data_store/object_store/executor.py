"""The threads of one store: tasks run in a bounded number at once, and end together."""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from typing import NoReturn, TypeVar

from data_store.object_store.errors import StoreClosed

__all__ = ["Executor"]

T = TypeVar("T")


class Executor:
    """A pool of at most ``max_concurrency`` threads, made when it is first needed."""

    def __init__(self, max_concurrency: int) -> None:
        self.max_concurrency = max_concurrency
        self._changed = threading.Condition()
        self._transfers = 0
        self._inside: Counter[int] = Counter()
        self._here = threading.local()
        self._closed = False
        self._at_end: Callable[[], object] | None = None
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

    def lazily(self, tasks: Iterable[Callable[[], T]], stop: Callable[[], object] = lambda: None) -> Iterator[T]:
        """Yield the results of the tasks, in their order; at most ``max_concurrency`` run, or wait to be taken.

        Nothing is held while the caller has the turn, so that ``close`` does not wait for one who never comes back:
        then the next turn raises ``StoreClosed``. The first failure calls ``stop``, drops what has not begun, waits for
        what has, and is raised; so does who stops early, but waits for nothing.
        """
        ahead: deque[Future[T]] = deque()
        remaining = _each_in_turn(tasks)
        try:
            while True:
                for task in itertools.islice(remaining, self.max_concurrency - len(ahead)):
                    with self.transfer():
                        ahead.append(self.start(task))
                if not ahead:
                    return
                with self._changed:
                    self._check_open()
                ahead[0].result()
                yield ahead.popleft().result()
        except BaseException as ended:
            stop()
            for future in ahead:
                future.cancel()
            if not isinstance(ended, GeneratorExit):
                wait(ahead)
            raise

    def start(self, task: Callable[[], T]) -> Future[T]:
        """Return a task that was begun; Ctrl-C, which ends this thread's waiting, does not end it.

        Begun by another task (in a progress callback), it has ended: all threads may be waiting for that task.
        """
        if getattr(self._here, "is_task", False):
            return _done(task)
        return self._threads().submit(self._task, task)

    @contextlib.contextmanager
    def transfer(self) -> Iterator[None]:
        """Return the block of one transfer; ``close`` waits until it has cleaned up behind itself."""
        with self._changed:
            self._check_open()
            self._transfers += 1
        try:
            with self._thread():
                yield
        finally:
            with self._changed:
                self._transfers -= 1
                self._changed.notify_all()
                at_end = self._at_end if not self._transfers else None
            if at_end is not None:
                self._end(at_end)

    def close(self, at_end: Callable[[], object] = lambda: None) -> None:
        """End the threads, then call ``at_end``. Transfers begin no further task but raise ``StoreClosed``.

        Their end is waited for, but not by a thread that is inside one (a progress callback, a signal handler): there
        the last transfer to end does the rest.
        """
        with self._changed:
            self._closed = True
            if threading.get_ident() in self._inside:
                self._at_end = at_end
                return
            self._changed.wait_for(lambda: not self._transfers)
        self._end(at_end)

    def _end(self, at_end: Callable[[], object]) -> None:
        with self._changed:
            pool, self._pool, self._at_end = self._pool, None, None
        if pool is not None:
            pool.shutdown(wait=True)
        at_end()

    @contextlib.contextmanager
    def _thread(self) -> Iterator[None]:
        """Note that this thread is inside a transfer."""
        thread = threading.get_ident()
        with self._changed:
            self._inside[thread] += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside[thread] -= 1
                if not self._inside[thread]:
                    del self._inside[thread]

    def _task(self, task: Callable[[], T]) -> T:
        self._here.is_task = True
        with self._thread():
            return task()

    def _run(self, tasks: Iterable[Callable[[], T]], concurrency: int, stop: Callable[[], object] | None) -> list[T]:
        running: set[Future[T]] = set()
        begun: list[Future[T]] = []
        try:
            for task in tasks:
                begun.append(self.start(task))
                running.add(begun[-1])
                if len(running) >= concurrency:
                    finished, running = wait(running, return_when=FIRST_COMPLETED)
                    for future in finished:
                        future.result()
            return [future.result() for future in begun]
        except BaseException:
            if stop is not None:
                stop()
            for future in begun:
                future.cancel()
            wait(begun)
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


def _each_in_turn(tasks: Iterable[Callable[[], T]]) -> Iterator[Callable[[], T]]:
    """Yield the tasks; an exception of the iterable itself becomes one that raises it when its turn comes."""
    try:
        yield from tasks
    except Exception as error:  # noqa: BLE001 whatever it is, who waits raises it
        yield partial(_raise, error)


def _raise(error: Exception) -> NoReturn:
    raise error


def _done(task: Callable[[], T]) -> Future[T]:
    future: Future[T] = Future()
    try:
        future.set_result(task())
    except Exception as error:  # noqa: BLE001 as a thread of the pool does
        future.set_exception(error)
    return future

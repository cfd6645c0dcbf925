"""Tests of ``executor``: tasks that run in a bounded number and end together."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from data_store.object_store.errors import StoreClosed
from data_store.object_store.executor import Executor

WAIT = 20  # seconds, after which something hangs


def test_results_come_in_the_order_of_their_tasks() -> None:
    """However they end."""
    first_may_end = threading.Event()

    def first() -> int:
        assert first_may_end.wait(WAIT)
        return 1

    def second() -> int:
        first_may_end.set()
        return 2

    assert Executor(2).run([first, second]) == [1, 2]


def test_a_failure_ends_the_rest_and_is_raised() -> None:
    """What has not begun does not begin."""
    begun: list[int] = []

    def fails() -> None:
        raise ValueError("mine")

    def tasks() -> list[Callable[[], object]]:
        return [fails, *(lambda number=number: begun.append(number) for number in range(100))]

    stopped: list[bool] = []
    with pytest.raises(ValueError, match="mine"):
        Executor(1).run(tasks(), stop=lambda: stopped.append(True))
    assert stopped == [True]
    assert not begun


def test_closing_waits_for_transfers_of_other_threads() -> None:
    """They may have something to clean up, and need the client for it."""
    executor, order = Executor(1), []
    begun, may_end = threading.Event(), threading.Event()

    def transfer() -> None:
        with executor.transfer():
            begun.set()
            assert may_end.wait(WAIT)
            order.append("transfer")

    thread = threading.Thread(target=transfer)
    thread.start()
    assert begun.wait(WAIT)
    closer = threading.Thread(target=lambda: executor.close(lambda: order.append("closed")))
    closer.start()
    may_end.set()
    closer.join(WAIT)
    thread.join(WAIT)
    assert order == ["transfer", "closed"]


def test_closing_from_a_task_does_not_wait_for_itself() -> None:
    """As a progress callback does: the transfer ends with StoreClosed, and then the rest is closed."""
    executor = Executor(2)
    closed: list[str] = []

    def tasks() -> list[Callable[[], object]]:
        return [lambda: executor.close(lambda: closed.append("closed")), *([lambda: None] * 20)]

    with pytest.raises(StoreClosed):
        executor.run(tasks(), concurrency=1)
    assert closed == ["closed"]


def test_closing_from_a_signal_handler_does_not_wait_for_itself() -> None:
    """The handler runs in the thread that is inside the transfer."""
    executor = Executor(1)
    closed: list[str] = []
    before = signal.signal(signal.SIGUSR1, lambda *_: executor.close(lambda: closed.append("closed")))
    try:
        with pytest.raises(StoreClosed):
            executor.run([lambda: os.kill(os.getpid(), signal.SIGUSR1), *([lambda: None] * 20)], concurrency=1)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert closed == ["closed"]


def test_a_closed_executor_begins_nothing() -> None:
    """Neither a transfer nor a task."""
    executor = Executor(1)
    executor.close()
    with pytest.raises(StoreClosed):
        executor.run([lambda: 1])


# one by one


def _double(number: int) -> int:
    return 2 * number


def test_results_that_are_taken_one_by_one_come_in_order() -> None:
    """As many as there are tasks."""
    executor = Executor(3)
    assert list(executor.lazily(partial(_double, number) for number in range(20))) == [2 * n for n in range(20)]
    assert list(executor.lazily([])) == []
    executor.close()


def test_no_more_tasks_are_taken_than_may_run() -> None:
    """So that any number of them takes constant memory."""
    executor, taken = Executor(3), []

    def tasks() -> Iterator[Callable[[], int]]:
        for number in range(100):
            taken.append(number)
            yield partial(_double, number)

    results: Any = executor.lazily(tasks())
    for done in range(1, 11):
        next(results)
        assert len(taken) == done + 2
    results.close()
    executor.close()


def test_closing_does_not_wait_for_one_who_takes_no_more_results() -> None:
    """Who comes back gets ``StoreClosed``."""
    executor, closed = Executor(2), threading.Event()
    results = executor.lazily(partial(_double, number) for number in range(10))
    assert next(results) == 0
    thread = threading.Thread(target=executor.close, args=[closed.set])
    thread.start()
    assert closed.wait(WAIT)
    thread.join(WAIT)
    with pytest.raises(StoreClosed):
        next(results)


def test_closing_while_a_result_is_waited_for_ends_the_waiting() -> None:
    """The task that runs comes to its end; the next turn raises."""
    executor, begun, may_end = Executor(1), threading.Event(), threading.Event()
    ended: list[object] = []

    def slow() -> int:
        begun.set()
        assert may_end.wait(WAIT)
        return 1

    def take() -> None:
        try:
            ended.extend(executor.lazily([slow, slow]))
        except StoreClosed as error:
            ended.append(error)

    taker, closer = threading.Thread(target=take), threading.Thread(target=executor.close)
    taker.start()
    assert begun.wait(WAIT)
    closer.start()
    may_end.set()
    taker.join(WAIT)
    closer.join(WAIT)
    assert not taker.is_alive()
    assert not closer.is_alive()
    assert isinstance(ended[-1], StoreClosed)


def test_a_failure_waits_for_what_has_begun() -> None:
    """Nothing goes on behind the caller's back."""
    executor, fail, order = Executor(2), threading.Event(), []

    def fails() -> None:
        assert fail.wait(WAIT)
        raise ValueError("mine")

    def runs() -> None:
        fail.set()
        order.append("ended")

    with pytest.raises(ValueError, match="mine"):
        list(executor.lazily([fails, runs]))
    assert order == ["ended"]
    executor.close()


def test_who_stops_early_drops_what_has_not_begun() -> None:
    """And waits for nothing."""
    executor, begun, may_end = Executor(1), [], threading.Event()

    def task(number: int) -> int:
        begun.append(number)
        assert number == 0 or may_end.wait(WAIT)
        return number

    results: Any = executor.lazily(partial(task, number) for number in range(10))
    assert next(results) == 0
    results.close()
    may_end.set()
    executor.close()
    assert len(begun) <= 2


def test_a_task_takes_results_of_its_own() -> None:
    """All threads may be waiting for it: it runs them itself."""
    executor = Executor(1)
    assert executor.run([lambda: list(executor.lazily(partial(_double, n) for n in range(3)))]) == [[0, 2, 4]]
    executor.close()

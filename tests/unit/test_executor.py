"""Tests of ``executor``: tasks that run in a bounded number and end together."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable

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
        return [fails, *(lambda number=number: begun.append(number) for number in range(100))]  # type: ignore[misc]

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

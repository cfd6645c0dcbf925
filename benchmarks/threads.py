"""Work in plain threads that begin at once: a pool's own cost for each call is not what is measured."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence


def in_threads(
    threads: int,
    items: Sequence[str],
    do: Callable[[str], object],
    warm_up: Callable[[], object] = lambda: None,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Call ``do`` with each item, in so many threads; each warms up before any begins, ``ready`` is called between.

    Raises:
        Exception: the first that a thread raised.
    """
    if threads == 1:
        warm_up()
        ready()
        for item in items:
            do(item)
        return
    failures: list[BaseException] = []
    gate = threading.Barrier(threads, action=ready)

    def work(share: Sequence[str]) -> None:
        try:
            warm_up()
            gate.wait()
            for item in share:
                do(item)
        except threading.BrokenBarrierError:
            pass
        except BaseException as error:  # noqa: BLE001 it is raised where all threads have ended
            failures.append(error)
            gate.abort()

    workers = [threading.Thread(target=work, args=(items[number::threads],)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if failures:
        raise failures[0]

"""Slots: who has one keeps it as long as he lives, and who waits for one gets it in his turn."""

from __future__ import annotations

import gc
import itertools
import threading
import time

import pytest

from data_store.object_store.adapters.s3.slots import Slots


class Owner:
    """Who may have a slot."""


def test_a_slot_is_its_owners_as_long_as_he_lives() -> None:
    """Also where he is garbage that only the collector finds."""
    slots, owner = Slots(1), Owner()
    assert slots.take(owner, 0)
    assert not slots.take(Owner(), 0)
    owner.itself = owner  # type: ignore[attr-defined]  # a cycle
    del owner
    gc.collect()
    first, second = Owner(), Owner()
    assert slots.take(first, 0)
    slots.leave(first)
    slots.leave(first)
    assert slots.take(second, 0)
    assert not slots.take(first, 0)


@pytest.mark.parametrize("size", [1, 4])
def test_who_waits_for_a_slot_gets_one_in_his_turn(size: int) -> None:
    """Threads that come back at once for the slot that they have left do not keep the others from it."""
    slots, inside, most = Slots(size), threading.BoundedSemaphore(size), 400
    turns, shares = itertools.count(), list[int]()

    def work() -> None:
        share = 0
        while next(turns) < most:
            owner = Owner()
            assert slots.take(owner, 10)
            assert inside.acquire(blocking=False)
            time.sleep(0.0005)
            inside.release()
            slots.leave(owner)
            share += 1
        shares.append(share)

    threads = [threading.Thread(target=work) for _ in range(2 * size + 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(shares) == most
    assert min(shares) > most // len(threads) // 2

"""How large the parts of a file are: enough of them for all connections, and none that takes too long."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from data_store.object_store import pace
from data_store.object_store.pace import Pace

MIB = 1024**2
GIB = 1024**3
LEAST = 8 * MIB
MOST = 64 * MIB


class Clock:
    """Stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        """Return the time in seconds."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that rates are measured with."""
    made = Clock()
    monkeypatch.setattr(pace, "time", SimpleNamespace(monotonic=made.monotonic))
    return made


@pytest.fixture
def carried(clock: Clock) -> Callable[[Pace, Sequence[float]], None]:
    """Let one connection carry parts of 16 MiB at rates in bytes a second."""

    def carry(of: Pace, rates: Sequence[float]) -> None:
        for rate in rates:
            with of.measured(16 * MIB):
                clock.now += 16 * MIB / rate

    return carry


@pytest.mark.parametrize(
    ("size", "concurrency", "expected"),
    [
        (0, 4, LEAST),
        (1, 4, LEAST),
        (64 * MIB, 4, LEAST),
        (72 * MIB - 1, 4, LEAST),
        (72 * MIB, 4, 9 * MIB),
        (80 * MIB + 5, 4, 10 * MIB),
        (512 * MIB, 4, MOST),
        (100 * GIB, 4, MOST),
        (1 * GIB, 16, 32 * MIB),
        (64 * MIB, 1, 32 * MIB),
    ],
)
def test_before_anything_is_measured_each_connection_gets_two_parts(size: int, concurrency: int, expected: int) -> None:
    """In whole MiB, not below the configured size, and not above 64 MiB, from where on larger ones save nothing."""
    assert Pace(LEAST, concurrency).part_size(size) == expected


def test_a_configured_size_above_the_largest_holds() -> None:
    """It is the least."""
    assert Pace(100 * MIB + 1, 4).part_size(100 * GIB) == 100 * MIB + 1


@pytest.mark.parametrize(
    ("rate", "expected"),
    [(1000, LEAST), (4 * MIB, LEAST), (8 * MIB, 16 * MIB), (8.3 * MIB, 16 * MIB), (32 * MIB, MOST), (GIB, MOST)],
)
def test_a_part_takes_no_longer_than_two_seconds(
    carried: Callable[[Pace, Sequence[float]], None], rate: float, expected: int
) -> None:
    """At the rate of one connection: so much is sent again if it breaks; unless the least takes longer."""
    made = Pace(LEAST, 4)
    carried(made, [rate])
    assert made.part_size(100 * GIB) == expected


def test_a_fast_connection_gets_no_larger_share_of_a_small_file(
    carried: Callable[[Pace, Sequence[float]], None],
) -> None:
    """The others would have nothing to do."""
    made = Pace(LEAST, 4)
    carried(made, [GIB])
    assert made.part_size(160 * MIB) == 20 * MIB


def test_one_slow_part_does_not_change_everything(carried: Callable[[Pace, Sequence[float]], None]) -> None:
    """It counts for a quarter; many of them do."""
    made = Pace(LEAST, 4)
    carried(made, [32 * MIB, 8 * MIB])
    assert made.part_size(100 * GIB) == 2 * (32 - 6) * MIB
    carried(made, [4 * MIB] * 20)
    assert made.part_size(100 * GIB) == LEAST
    carried(made, [GIB] * 20)
    assert made.part_size(100 * GIB) == MOST


def test_a_clock_that_has_not_moved_is_no_division_by_zero(carried: Callable[[Pace, Sequence[float]], None]) -> None:
    """Small parts may take less than it can tell."""
    made = Pace(LEAST, 4)
    carried(made, [float("inf")])
    assert made.part_size(100 * GIB) == MOST


@pytest.mark.parametrize("failure", [OSError, KeyboardInterrupt])
def test_a_part_that_failed_tells_nothing(
    clock: Clock, carried: Callable[[Pace, Sequence[float]], None], failure: type[BaseException]
) -> None:
    """Neither that it was fast nor that it was slow; what it raised comes out."""
    made = Pace(LEAST, 4)
    carried(made, [16 * MIB])

    def fail(seconds: float) -> None:
        with made.measured(16 * MIB):
            clock.now += seconds
            raise failure

    for seconds in (0, 10_000):
        with pytest.raises(failure):
            fail(seconds)
        assert made.part_size(100 * GIB) == 32 * MIB


def test_threads_measure_at_once(clock: Clock) -> None:
    """Each its own part; whoever ends last finds what the others have found."""
    made, begun, may_end = Pace(LEAST, 4), threading.Barrier(5), threading.Barrier(5)

    def carry() -> None:
        with made.measured(20 * MIB):
            begun.wait(20)
            may_end.wait(20)

    with ThreadPoolExecutor(4) as threads:
        done = [threads.submit(carry) for _ in range(4)]
        begun.wait(20)
        clock.now += 2
        may_end.wait(20)
        for each in done:
            each.result(20)
    assert made.part_size(100 * GIB) == 20 * MIB

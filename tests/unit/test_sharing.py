"""How several connections share one download."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from data_store.object_store.sharing import Climb, Unread
from tests.unit.dict_client import MIB

SIZE = 1000 * MIB


class Run:
    """A climb whose connections deliver what they are told, in windows of half a second."""

    def __init__(self, size: int = SIZE, most: int = 8) -> None:
        self.now = 100.0
        self.done = 0
        self.climb = Climb(size, most, lambda: self.now)

    def window(self, rate: int, delivering: int = 99) -> int:
        """Let half a second go by at a rate in bytes a second, and return how many connections there are then."""
        for _ in range(5):
            self.now += 0.1001
            self.done += rate // 10
            self.climb.measure(self.done, delivering)
        return self.climb.connections


def test_connections_double_as_long_as_it_is_faster() -> None:
    """Up to as many as there may be."""
    run = Run()
    assert [run.window(rate * MIB) for rate in (20, 40, 70, 100, 200)] == [2, 4, 8, 8, 8]
    run = Run(most=6)
    assert [run.window(rate * MIB) for rate in (20, 40, 70, 100)] == [2, 4, 6, 6]


def test_when_it_is_no_faster_nobody_joins_ever_again() -> None:
    """Even if the network has become better meanwhile."""
    run = Run()
    assert [run.window(rate * MIB) for rate in (20, 40, 45, 45, 180)] == [2, 4, 4, 4, 4]


def test_one_slow_moment_is_no_reason_to_stop() -> None:
    """The next one tells whether those that joined were of use."""
    run = Run()
    assert [run.window(rate * MIB) for rate in (20, 40, 10, 80)] == [2, 4, 4, 8]


def test_an_object_that_is_nearly_there_stays_one_stream() -> None:
    """As one of 1 GiB does that comes within one and a half seconds."""
    run = Run()
    assert [run.window(rate * MIB) for rate in (700, 700, 700)] == [1, 1, 1]


def test_nothing_is_measured_before_all_connections_deliver() -> None:
    """Else the time it takes to open one would look as if it were of no use."""
    run = Run()
    assert run.window(20 * MIB) == 2
    assert [run.window(20 * MIB, delivering=1) for _ in range(5)] == [2] * 5
    assert run.window(40 * MIB, delivering=2) == 4


def test_a_connection_that_cannot_be_had_is_the_last_to_join() -> None:
    """The others go on."""
    run = Run()
    assert [run.window(rate * MIB) for rate in (20, 40)] == [2, 4]
    run.climb.refused()
    assert [run.window(rate * MIB) for rate in (80, 160)] == [3, 3]


def test_a_single_connection_stays_alone() -> None:
    """However slow it is."""
    run = Run(most=1)
    assert [run.window(MIB) for _ in range(5)] == [1] * 5


STEPS = st.lists(st.one_of(st.integers(1, 3 * MIB), st.sampled_from(["block", "fail"])), max_size=60)


@given(st.integers(0, 300 * MIB), st.integers(1, 16), STEPS)
def test_every_byte_is_taken_exactly_once(size: int, connections: int, steps: list[int | str]) -> None:
    """Whoever takes how much, and whichever blocks come back."""
    unread, taken = Unread(size, connections), list[tuple[int, int]]()
    for step in steps:
        if isinstance(step, int):
            taken.append(unread.piece(step))
        elif (block := unread.block()) is not None:
            if step == "block":
                taken.append(block)
            else:
                unread.give_back(*block)
    while (piece := unread.piece(MIB))[1]:
        taken.append(piece)
    while (block := unread.block()) is not None:
        taken.append(block)
    end = 0
    for position, length in sorted(each for each in taken if each[1]):
        assert position == end
        end += length
    assert end == size


def test_blocks_become_smaller_towards_the_end() -> None:
    """So that all connections end at about the same time."""
    unread, lengths = Unread(1000 * MIB, 4), list[int]()
    while (block := unread.block()) is not None:
        lengths.append(block[1])
    assert lengths == sorted(lengths, reverse=True)
    assert (lengths[0], lengths[-1]) == (32 * MIB, 4 * MIB)


def test_a_block_that_comes_back_is_read_by_the_stream_where_it_comes_that_way() -> None:
    """Else by whoever is the next to take one."""
    unread = Unread(40 * MIB, 4)
    last, before = unread.block(), unread.block()
    assert last is not None
    assert before is not None
    unread.give_back(*last)
    assert unread.block() == last
    unread.give_back(*before)
    assert unread.piece(100 * MIB) == (0, last[0])
    assert unread.block() is None

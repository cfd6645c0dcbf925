"""How several connections share one download: how many they are, and which bytes each of them reads."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Climb", "Unread"]

_MIB = 1024**2
_WINDOW = 0.5  # seconds
_GAIN = 1.15
_DOUBTS = 2  # windows in a row: one may have been slow for other reasons
_WORTH_IT = 2.0  # seconds left, below which a connection is hardly open before it is all over
_BLOCKS = 2  # for each connection: the last to end have little left to do
_LEAST_BLOCK = 4 * _MIB
_LARGEST_BLOCK = 32 * _MIB  # larger ones save nothing, and keep a thread from other transfers


class Climb:
    """Decides how many connections share a download: twice as many as long as that makes it faster.

    Args:
        size: bytes of the object.
        most: connections at the most.
        clock: tells seconds.

    Attributes:
        connections: how many there are to be; one at first.
    """

    def __init__(self, size: int, most: int, clock: Callable[[], float]) -> None:
        self._size = size
        self._most = most
        self._clock = clock
        self.connections = 1
        self._rate = 0.0
        self._doubts = 0
        self._since = clock()
        self._before = 0

    def measure(self, done: int, delivering: int) -> None:
        """Look at the clock; there may be more ``connections`` then.

        Args:
            done: bytes that were received.
            delivering: connections that have delivered something; before all have, nothing is measured.
        """
        if self.connections == self._most:
            return
        now = self._clock()
        if delivering < self.connections:
            self._since, self._before = now, done
        elif now - self._since >= _WINDOW:
            self._measured(now, done, (done - self._before) / (now - self._since))

    def refused(self) -> None:
        """Take note that a connection cannot be had; no other joins."""
        self.connections -= 1
        self._most = self.connections

    def _measured(self, now: float, done: int, rate: float) -> None:
        if rate < self._rate * _GAIN:
            self._doubts += 1
            self._since, self._before = now, done
            if self._doubts == _DOUBTS:
                self._most = self.connections  # the last to join were of no use
            return
        self._doubts = 0
        if self._size - done > rate * _WORTH_IT:
            self._rate, self._since, self._before = rate, now, done
            self.connections = min(2 * self.connections, self._most)


class Unread:
    """The bytes of an object that nobody has taken: a stream takes them from the front, others blocks from the end.

    Args:
        size: bytes of the object.
        connections: how many share it at the most.
    """

    def __init__(self, size: int, connections: int) -> None:
        self._front, self._end = 0, size
        self._share = _BLOCKS * connections
        self._given_back: list[tuple[int, int]] = []

    def piece(self, most: int) -> tuple[int, int]:
        """Return the position and the length of the stream's next piece: no bytes where it meets the blocks."""
        position, length = self._front, min(most, self._end - self._front)
        self._front += length
        return position, length

    def block(self) -> tuple[int, int] | None:
        """Return the position and the length of a block; None if there is none that the stream would not end sooner."""
        if self._given_back:
            return self._given_back.pop()
        left = self._end - self._front
        if left <= _LEAST_BLOCK:
            return None
        length = max(_LEAST_BLOCK, min(_LARGEST_BLOCK, left // self._share))
        self._end -= length
        return self._end, length

    def give_back(self, position: int, length: int) -> None:
        """Leave a block to another, to the stream if it comes that way."""
        if self._front < self._end == position:
            self._end += length
        else:
            self._given_back.append((position, length))

"""An object becomes a file: over one connection, over several where that is faster.

One connection costs the least work, so a download begins as one stream. What is measured on the way decides whether
others join: tasks that each read a block from the end of the object, until the stream meets them.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from functools import partial
from pathlib import Path
from typing import NamedTuple, cast

from data_store.object_store.body import ObjectBody
from data_store.object_store.checksums import can_combine, new_hasher
from data_store.object_store.client import ObjectStoreClient
from data_store.object_store.errors import ConnectionFailed, Located, Throttled, TimedOut, UnsupportedOperation
from data_store.object_store.executor import Executor
from data_store.object_store.files import AtomicFile, NewFile
from data_store.object_store.models import GetOptions, Object, ObjectMetadata, Progress
from data_store.object_store.reading import Version, open_resuming, without_body
from data_store.object_store.sharing import Climb, Unread

__all__ = ["Downloads"]

_BUFFER = 1024 * 1024
_STREAM = 0  # the number of the first connection
_CANNOT_JOIN = (ConnectionFailed, Throttled, TimedOut, UnsupportedOperation)  # the last: it ignores ranges
_SECONDS_TO_TELL = 0.5


class Downloads:
    """The downloads of one client.

    Args:
        client: the client.
        executor: runs what goes on at the same time.
        attempts: requests at the most for a stream, and for each block that another connection reads.
        clock: tells seconds.
    """

    def __init__(
        self,
        client: ObjectStoreClient,
        executor: Executor,
        attempts: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._executor = executor
        self._attempts = attempts
        self._clock = clock

    def file(self, bucket: str, key: str, path: Path, progress: Progress | None, options: GetOptions) -> ObjectMetadata:
        """Write an object to a file, which appears whole or not at all."""
        target = AtomicFile(path)
        with (
            Located("get_object", bucket, key, str(self._client.config.framework)),
            self._executor.transfer(),
            open_resuming(self._client, bucket, key, options, self._attempts) as found,
            target as file,
        ):
            size = found.content_length
            report = (lambda done: progress(done, size)) if progress is not None else _report_nothing
            content = cast(ObjectBody, found.body).file_range()
            if content is not None:
                file.copy(content, report)
            else:
                self._receive(Version(self._client, bucket, found, options), found, file, report)
            target.commit()
        return without_body(found)

    def _receive(self, version: Version, found: Object, file: NewFile, report: Callable[[int], object]) -> None:
        open_block = partial(version.open, attempts=self._attempts)
        most = self._most(found)
        climb = Climb(found.content_length, most, self._clock)
        shared = _Receiving(found, open_block, file, report, climb, self._executor)
        try:
            shared.run()
        except UnsupportedOperation:  # a server that ignores ranges, and was slow to say so: the stream is over
            if most == 1:
                raise
            with open_block(None, found.content_length) as whole:
                alone = Climb(found.content_length, 1, self._clock)
                _Receiving(whole, open_block, file, report, alone, self._executor, shared.told).run()

    def _most(self, found: Object) -> int:
        """Return how many connections may share an object: more than one if its digest can be put together."""
        algorithm = cast(ObjectBody, found.body).algorithm
        verifiable = algorithm is None or can_combine(algorithm)
        can_be_shared = self._client.is_remote and found.etag is not None and found.size == found.content_length
        return self._executor.max_concurrency if can_be_shared and verifiable else 1


class _Task(NamedTuple):
    """The reading of a block.

    Attributes:
        block: its position and its length.
        done: whether it was read; if not, there was no connection for it.
    """

    block: tuple[int, int]
    done: Future[bool]


class _Receiving:
    """One object on its way to a file. All but the reading of blocks happens in the thread that made it.

    Args:
        found: the object.
        open_block: returns a range of it, from a position, of a length.
        file: what it becomes.
        report: told the bytes that were received, by this thread.
        climb: decides how many connections there are.
        executor: runs the tasks.
        told: bytes that were reported before, of a download that begins again.

    Attributes:
        told: bytes that were reported.
    """

    def __init__(
        self,
        found: Object,
        open_block: Callable[[int, int], Object],
        file: NewFile,
        report: Callable[[int], object],
        climb: Climb,
        executor: Executor,
        told: int = 0,
    ) -> None:
        self._body = cast(ObjectBody, found.body)
        self._size = found.content_length
        self._open_block = open_block
        self._file = file
        self._report = report
        self._climb = climb
        self._executor = executor
        self._unread = Unread(self._size, executor.max_concurrency)
        self._tasks: dict[int, _Task] = {}
        self._thread = threading.get_ident()
        self._ended = False
        self._digests: dict[int, tuple[bytes, int]] = {}
        self._lock = threading.Lock()
        self._done, self.told = 0, told
        self._delivering: set[int] = set()

    def run(self) -> None:
        """Receive all of it; when this raises, nobody is receiving any more."""
        self._file.reserve(self._size)
        try:
            self._read_stream()
            self._read_rest()
        except BaseException:
            self._ended = True
            wait([task.done for task in self._tasks.values() if not task.done.cancel()])
            raise
        if self._digests:
            self._body.finish([self._digests[position] for position in sorted(self._digests)])
        if self._size:
            self._report(self._size)

    def _read_stream(self) -> None:
        buffer = self._new_buffer()
        while (piece := self._unread.piece(len(buffer)))[1]:
            position, length = piece
            self._move(_STREAM, self._body, position, buffer[:length])
            self._tell()
            self._share()
        self._body.close()  # before others are waited for, who may be waiting for a connection

    def _share(self) -> None:
        """See to it that as many connections are at work as there are to be."""
        self._climb.measure(self._done, len(self._delivering))
        self._collect()
        while len(self._tasks) < self._climb.connections - 1 and (block := self._unread.block()):
            number = next(each for each in itertools.count(_STREAM + 1) if each not in self._tasks)
            self._tasks[number] = _Task(block, self._executor.start(partial(self._try_block, number, block)))

    def _collect(self) -> None:
        for number, (block, done) in list(self._tasks.items()):
            if done.done():
                del self._tasks[number]
                if done.cancelled() or not done.result():
                    self._climb.refused()
                    self._unread.give_back(*block)

    def _read_rest(self) -> None:
        """Wait for the tasks, then read here what none of them could begin."""
        for task in self._tasks.values():
            task.done.cancel()
        self._collect()
        while self._tasks:
            wait([task.done for task in self._tasks.values()], _SECONDS_TO_TELL, FIRST_COMPLETED)
            self._collect()
            self._tell()
        while block := self._unread.block():
            self._read_block(_STREAM, block, self._open_block(*block))
            self._tell()

    def _tell(self) -> None:
        """Report what has been received, unless that is all, which has to be verified before.

        In the calling thread and without a lock: a callback may call the store.
        """
        done = self._done
        if self.told < done < self._size:
            self.told = done
            self._report(done)

    def _try_block(self, number: int, block: tuple[int, int]) -> bool:
        """Read a block, or return False if that cannot begin."""
        if threading.get_ident() == self._thread:
            return False  # the download is itself a task, and this one runs in its place
        try:
            found = self._open_block(*block)
        except _CANNOT_JOIN:
            return False
        self._read_block(number, block, found)
        return True

    def _read_block(self, number: int, block: tuple[int, int], found: Object) -> None:
        position, length = block
        hasher = new_hasher(self._body.algorithm) if self._body.algorithm is not None else None
        buffer = self._new_buffer()
        with found:
            for start in range(0, length, len(buffer)):
                if self._ended:
                    return
                piece = buffer[: length - start]
                self._move(number, cast(ObjectBody, found.body), position + start, piece)
                if hasher is not None:
                    hasher.update(piece)
        if hasher is not None:
            self._digests[position] = hasher.digest(), length

    def _move(self, number: int, body: ObjectBody, position: int, piece: memoryview) -> None:
        """Fill a piece of a buffer over a connection of that number, and write it to its place in the file."""
        body.readinto(piece)
        self._file.write_at(position, piece)
        with self._lock:
            self._delivering.add(number)
            self._done += len(piece)

    def _new_buffer(self) -> memoryview:
        return memoryview(bytearray(min(_BUFFER, self._size)))


def _report_nothing(_done: int) -> None:
    """For who does not want to know."""

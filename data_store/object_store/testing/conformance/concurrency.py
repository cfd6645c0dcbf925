"""Many threads with one store: every reader sees one whole object, every writer wins or loses wholly."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Barrier

import pytest

from data_store.object_store.errors import IntegrityError, PreconditionFailed, UploadNotFound
from data_store.object_store.models import Condition
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.needs import needs
from data_store.object_store.testing.conformance.streams import large_size
from data_store.object_store.testing.facts import CONCURRENT_UPLOADS, READS_WHILE_REPLACED
from data_store.object_store.testing.helpers import random_bytes

__all__ = ["Concurrency"]

THREADS = 8
ATTEMPTS = [1, 3]
AT_LEAST = 20
SECONDS = 0.5


def _turns() -> Iterator[int]:
    """Count for half a second, however often that is, but to twenty on a slow server too."""
    end = time.monotonic() + SECONDS
    for turn in itertools.count():
        if turn >= AT_LEAST and time.monotonic() > end:
            return
        yield turn


def _at_once(pool: ThreadPoolExecutor, write: Callable[[bytes], object]) -> list[bytes]:
    """Write in all threads of a pool at the same moment; return the contents whose conditions held."""
    together = Barrier(THREADS)

    def attempt(content: bytes) -> bool:
        together.wait()
        try:
            write(content)
        except PreconditionFailed:
            return False
        return True

    contents = [b"%d" % number for number in range(THREADS)]
    return [content for content, held in zip(contents, pool.map(attempt, contents), strict=True) if held]


class Concurrency(ConformanceGroup):
    """Concurrency."""

    @pytest.fixture
    def eager_switching(self) -> Iterator[None]:
        """Threads take turns after every few instructions, so that a check and the step behind it come apart."""
        before = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        yield
        sys.setswitchinterval(before)

    @pytest.fixture
    def racing_store(self, request: pytest.FixtureRequest, store: ObjectStore) -> Iterator[ObjectStore]:
        """A store with so many attempts a request: the first answer and a repeated one have to tell who lost."""
        retry = store.config.retry.model_copy(update={"max_attempts": request.param})
        with ObjectStore(store.config.model_copy(update={"retry": retry})) as racing:
            yield racing

    def test_threads_write_and_read_their_own_objects(self, store: ObjectStore, bucket: str) -> None:
        """Contents are not mixed up between threads."""

        def round_trip(number: int) -> bool:
            content = random_bytes(20_000, seed=number)
            store.put_object(content, f"key-{number}", bucket)
            return store.read_object(f"key-{number}", bucket) == content

        with ThreadPoolExecutor(THREADS) as pool:
            assert all(pool.map(round_trip, range(40)))

    @property
    def _torn(self) -> tuple[type[IntegrityError], ...]:
        """What a read may raise while the object is replaced."""
        return (IntegrityError,) if READS_WHILE_REPLACED in self.limits.lacks else ()

    def _read(self, store: ObjectStore, key: str, bucket: str) -> bytes:
        while True:
            try:
                return store.read_object(key, bucket)
            except self._torn:
                continue

    def test_one_of_many_writers_wins_wholly(self, store: ObjectStore, bucket: str) -> None:
        """After many writes of one key at once, content, ETag and metadata are those of one of them."""

        def write(number: int) -> tuple[str | None, bytes, str]:
            content = random_bytes(50_000, seed=number)
            answer = store.put_object(content, "key", bucket, metadata={"writer": str(number)})
            return answer.etag, content, str(number)

        with ThreadPoolExecutor(THREADS) as pool:
            written = list(pool.map(write, range(16)))
        with store.get_object("key", bucket) as found:
            assert (found.etag, found.body.read(), (found.metadata or {})["writer"]) in written

    def test_one_of_many_large_writers_wins_wholly(self, store: ObjectStore, bucket: str) -> None:
        """The same holds for objects that travel in parts."""
        contents = [bytes([number]) * large_size(store) for number in range(3)]
        with ThreadPoolExecutor(3) as pool:
            writes = [pool.submit(store.put_object, content, "key", bucket) for content in contents]
        lost = [write for write in writes if isinstance(write.exception(), UploadNotFound)]
        if CONCURRENT_UPLOADS in self.limits.lacks:
            assert len(lost) < len(writes)
            writes = [write for write in writes if write not in lost]
        assert [write.exception() for write in writes] == [None] * len(writes)
        assert store.read_object("key", bucket) in contents

    def test_readers_see_whole_objects_while_they_are_replaced(self, store: ObjectStore, bucket: str) -> None:
        """A read during writes gives the content of one write, under its own ETag."""
        contents = [bytes([number]) * 30_000 for number in range(10)]
        store.put_object(contents[0], "key", bucket)

        def write(content: bytes) -> None:
            store.put_object(content, "key", bucket)

        def read(_number: int) -> bool:
            return self._read(store, "key", bucket) in contents

        with ThreadPoolExecutor(THREADS) as pool:
            writes = [pool.submit(write, content) for content in contents]
            assert all(pool.map(read, range(30)))
            assert [future.result() for future in writes] == [None] * len(contents)

    @needs(Condition.PUT)
    @pytest.mark.usefixtures("eager_switching")
    @pytest.mark.parametrize("racing_store", ATTEMPTS, indirect=True)
    def test_one_of_many_makers_wins(self, racing_store: ObjectStore, bucket: str) -> None:
        """Of many writers at once with if_none_match="*" exactly one succeeds, every time, and the object is its."""
        with ThreadPoolExecutor(THREADS) as pool:
            for turn in _turns():
                make = partial(racing_store.put_object, key=f"key-{turn}", bucket=bucket, if_none_match="*")
                assert _at_once(pool, make) == [racing_store.read_object(f"key-{turn}", bucket)]

    @needs(Condition.PUT)
    @pytest.mark.usefixtures("eager_switching")
    @pytest.mark.parametrize("racing_store", ATTEMPTS, indirect=True)
    def test_one_of_many_changers_wins(self, racing_store: ObjectStore, bucket: str) -> None:
        """Of many writers at once with the same if_match exactly one succeeds, every time, and the object is its."""
        with ThreadPoolExecutor(THREADS) as pool:
            for turn in _turns():
                etag = racing_store.put_object(b"old %d" % turn, "key", bucket).etag
                change = partial(racing_store.put_object, key="key", bucket=bucket, if_match=etag)
                assert _at_once(pool, change) == [racing_store.read_object("key", bucket)]

    @needs(Condition.PUT)
    @pytest.mark.parametrize("racing_store", ATTEMPTS, indirect=True)
    def test_a_counter_of_conditional_writes_loses_nothing(self, racing_store: ObjectStore, bucket: str) -> None:
        """Reading, adding one and writing with if_match, repeated when refused, ends at the exact sum."""
        racing_store.put_object(b"0", "counter", bucket)

        def add_one() -> None:
            while True:
                try:
                    with racing_store.get_object("counter", bucket) as found:
                        value, etag = int(found.body.read()), found.etag
                    racing_store.put_object(str(value + 1).encode(), "counter", bucket, if_match=etag)
                except PreconditionFailed:
                    continue
                except self._torn:
                    continue
                return

        with ThreadPoolExecutor(4) as pool:
            for future in [pool.submit(add_one) for _ in range(12)]:
                future.result()
        assert racing_store.read_object("counter", bucket) == b"12"

    def test_deletions_at_once_all_succeed(self, store: ObjectStore, bucket: str) -> None:
        """Several threads may delete the same key."""
        store.put_object(b"content", "key", bucket)
        with ThreadPoolExecutor(THREADS) as pool:
            outcomes = list(pool.map(lambda _number: store.delete_object("key", bucket), range(THREADS)))
        assert [outcome.error for outcome in outcomes] == [None] * THREADS
        assert store.exists("key", bucket) is False

    def test_a_listing_holds_while_others_write(self, store: ObjectStore, bucket: str) -> None:
        """What is there before and stays is listed, whatever is written and deleted meanwhile."""
        kept = [f"kept-{number}" for number in range(10)]
        for key in kept:
            store.put_object(b"content", key, bucket)

        def churn(number: int) -> None:
            store.put_object(b"content", f"passing-{number}", bucket)
            store.delete_object(f"passing-{number}", bucket)

        with ThreadPoolExecutor(4) as pool:
            churning = [pool.submit(churn, number) for number in range(20)]
            for _ in range(5):
                assert [found.key for found in store.list_objects("kept-", bucket)] == kept
                assert set(kept) <= {found.key for found in store.list_objects(bucket=bucket)}
            assert [future.result() for future in churning] == [None] * 20

    def test_downloads_to_one_file_leave_one_content(self, store: ObjectStore, bucket: str, tmp_path: Path) -> None:
        """Several downloads to the same path at once leave one whole content and no temporary file."""
        contents = [bytes([number]) * 100_000 for number in range(4)]
        for number, content in enumerate(contents):
            store.put_object(content, f"key-{number}", bucket)
        target = tmp_path / "target"
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda number: store.download_file(f"key-{number}", target, bucket), range(4)))
        assert target.read_bytes() in contents
        assert [path.name for path in tmp_path.iterdir()] == ["target"]

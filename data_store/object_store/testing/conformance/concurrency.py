"""Many threads with one store: every reader sees one whole object, every writer wins or loses wholly."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from data_store.object_store.errors import PreconditionFailed
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.streams import large_size
from data_store.object_store.testing.helpers import random_bytes

__all__ = ["Concurrency"]

THREADS = 8


class Concurrency(ConformanceGroup):
    """Concurrency."""

    def test_threads_write_and_read_their_own_objects(self, store: ObjectStore, bucket: str) -> None:
        """Contents are not mixed up between threads."""

        def round_trip(number: int) -> bool:
            content = random_bytes(20_000, seed=number)
            store.put_object(content, f"key-{number}", bucket)
            return store.read_object(f"key-{number}", bucket) == content

        with ThreadPoolExecutor(THREADS) as pool:
            assert all(pool.map(round_trip, range(40)))

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
            list(pool.map(lambda content: store.put_object(content, "key", bucket), contents))
        assert store.read_object("key", bucket) in contents

    def test_readers_see_whole_objects_while_they_are_replaced(self, store: ObjectStore, bucket: str) -> None:
        """A read during writes gives the content of one write, under its own ETag."""
        contents = [bytes([number]) * 30_000 for number in range(10)]
        store.put_object(contents[0], "key", bucket)

        def write(content: bytes) -> None:
            store.put_object(content, "key", bucket)

        def read(_number: int) -> bool:
            return store.read_object("key", bucket) in contents

        with ThreadPoolExecutor(THREADS) as pool:
            writes = [pool.submit(write, content) for content in contents]
            assert all(pool.map(read, range(30)))
            assert [future.result() for future in writes] == [None] * len(contents)

    def test_one_of_many_makers_wins(self, store: ObjectStore, bucket: str) -> None:
        """Of many writers with if_none_match="*" exactly one succeeds, and the object is its."""

        def make(number: int) -> int | None:
            try:
                store.put_object(str(number).encode(), "key", bucket, if_none_match="*")
            except PreconditionFailed:
                return None
            return number

        with ThreadPoolExecutor(THREADS) as pool:
            winners = [number for number in pool.map(make, range(THREADS)) if number is not None]
        assert len(winners) == 1
        assert store.read_object("key", bucket) == str(winners[0]).encode()

    def test_a_counter_of_conditional_writes_loses_nothing(self, store: ObjectStore, bucket: str) -> None:
        """Reading, adding one and writing with if_match, repeated when refused, ends at the exact sum."""
        store.put_object(b"0", "counter", bucket)

        def add_one() -> None:
            while True:
                with store.get_object("counter", bucket) as found:
                    value, etag = int(found.body.read()), found.etag
                try:
                    store.put_object(str(value + 1).encode(), "counter", bucket, if_match=etag)
                except PreconditionFailed:
                    continue
                return

        with ThreadPoolExecutor(4) as pool:
            for future in [pool.submit(add_one) for _ in range(12)]:
                future.result()
        assert store.read_object("counter", bucket) == b"12"

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

"""Ranges: by offset and length, by suffix, several at once (RFC 9110, section 14)."""

from __future__ import annotations

import pytest

from data_store.object_store.errors import InvalidArgument, RangeNotSatisfiable
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.streams import large_size
from data_store.object_store.testing.helpers import random_bytes

__all__ = ["Ranges"]

CONTENT = random_bytes(1000, seed=7)

RANGES = [
    pytest.param(0, 1, CONTENT[:1], id="the first byte"),
    pytest.param(0, None, CONTENT, id="from the start"),
    pytest.param(None, 10, CONTENT[:10], id="a length alone"),
    pytest.param(0, 1000, CONTENT, id="all, by length"),
    pytest.param(999, 1, CONTENT[999:], id="the last byte"),
    pytest.param(100, 200, CONTENT[100:300], id="in the middle"),
    pytest.param(500, None, CONTENT[500:], id="to the end"),
    pytest.param(990, 100, CONTENT[990:], id="over the end"),
    pytest.param(-1, None, CONTENT[-1:], id="the last byte as suffix"),
    pytest.param(-300, None, CONTENT[-300:], id="a suffix"),
    pytest.param(-1000, None, CONTENT, id="a suffix of all"),
    pytest.param(-5000, None, CONTENT, id="a suffix longer than all"),
]


class Ranges(ConformanceGroup):
    """Ranges."""

    @pytest.mark.parametrize(("offset", "length", "expected"), RANGES)
    def test_a_range_gives_its_bytes(
        self, store: ObjectStore, bucket: str, offset: int | None, length: int | None, expected: bytes
    ) -> None:
        """The body has the range's bytes, content_length counts them, and size stays the whole object's."""
        store.put_object(CONTENT, "key", bucket)
        with store.get_object("key", bucket, offset=offset, length=length) as found:
            assert found.body.read() == expected
            assert (found.content_length, found.size) == (len(expected), 1000)

    def test_a_range_carries_the_metadata(self, store: ObjectStore, bucket: str) -> None:
        """A range comes with ETag, type and metadata of the object."""
        answer = store.put_object(CONTENT, "key", bucket, content_type="text/x-own", metadata={"a": "b"})
        with store.get_object("key", bucket, offset=10, length=10) as found:
            assert (found.etag, found.content_type, found.metadata) == (answer.etag, "text/x-own", {"a": "b"})

    @pytest.mark.parametrize("offset", [1000, 1001, 10**12])
    def test_a_range_behind_the_end_is_an_error(self, store: ObjectStore, bucket: str, offset: int) -> None:
        """A range that begins behind the last byte raises RangeNotSatisfiable."""
        store.put_object(CONTENT, "key", bucket)
        with pytest.raises(RangeNotSatisfiable) as caught:
            store.get_object("key", bucket, offset=offset)
        assert (caught.value.bucket, caught.value.key) == (bucket, "key")

    @pytest.mark.parametrize(("offset", "length"), [(0, 1), (1, None), (-5, None)])
    def test_a_range_of_an_empty_object_is_an_error(
        self, store: ObjectStore, bucket: str, offset: int, length: int | None
    ) -> None:
        """An empty object has no byte that a range, or a suffix, could begin with."""
        store.put_object(b"", "key", bucket)
        with pytest.raises(RangeNotSatisfiable):
            store.get_object("key", bucket, offset=offset, length=length)

    def test_offset_zero_is_the_whole_object_even_if_it_is_empty(self, store: ObjectStore, bucket: str) -> None:
        """From the first byte to the end is no range."""
        store.put_object(b"", "key", bucket)
        assert store.get_object("key", bucket, offset=0).read() == b""

    @pytest.mark.parametrize(
        ("offset", "length"),
        [(0, 0), (0, -1), (-5, 3), (1.5, None), (None, 2.5), ("0", None), (True, None), (None, True)],
    )
    def test_an_impossible_range_is_refused(
        self, store: ObjectStore, missing_bucket: str, offset: object, length: object
    ) -> None:
        """An empty, negative or non-integer range raises InvalidArgument before anything is sent."""
        with pytest.raises(InvalidArgument):
            store.get_object("key", missing_bucket, offset=offset, length=length)  # type: ignore[arg-type]  # mistakes

    def test_ranges_of_an_object_in_parts_cross_its_parts(self, store: ObjectStore, bucket: str) -> None:
        """The parts an object was uploaded in do not show in its ranges."""
        content = random_bytes(large_size(store))
        store.put_object(content, "key", bucket)
        edge = store.config.transfer.part_size
        with store.get_object("key", bucket, offset=edge - 100, length=200) as found:
            assert found.body.read() == content[edge - 100 : edge + 100]

    def test_several_ranges_come_in_the_order_asked(self, store: ObjectStore, bucket: str) -> None:
        """get_ranges gives one bytes for each pair, overlapping and out of order too."""
        store.put_object(CONTENT, "key", bucket)
        pairs = [(500, 100), (0, 10), (505, 10), (0, 10), (999, 1)]
        assert store.get_ranges("key", pairs, bucket) == [CONTENT[at : at + length] for at, length in pairs]

    def test_no_ranges_give_nothing(self, store: ObjectStore, bucket: str) -> None:
        """An empty list of ranges is an empty list of bytes."""
        store.put_object(CONTENT, "key", bucket)
        assert store.get_ranges("key", [], bucket) == []

    def test_many_ranges_give_every_byte(self, store: ObjectStore, bucket: str) -> None:
        """A hundred adjacent ranges put together are the object."""
        store.put_object(CONTENT, "key", bucket)
        pairs = [(at, 10) for at in range(0, 1000, 10)]
        assert b"".join(store.get_ranges("key", pairs, bucket)) == CONTENT

    def test_one_range_behind_the_end_fails_all(self, store: ObjectStore, bucket: str) -> None:
        """get_ranges gives all or raises RangeNotSatisfiable."""
        store.put_object(CONTENT, "key", bucket)
        with pytest.raises(RangeNotSatisfiable):
            store.get_ranges("key", [(0, 10), (1000, 1)], bucket)

    @pytest.mark.parametrize("pair", [(0, 0), (-1, 5), (0, -1)])
    def test_an_impossible_pair_is_refused(
        self, store: ObjectStore, missing_bucket: str, pair: tuple[int, int]
    ) -> None:
        """A pair without bytes raises InvalidArgument before anything is sent."""
        with pytest.raises(InvalidArgument):
            store.get_ranges("key", [pair], missing_bucket)

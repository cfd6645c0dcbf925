"""Uploads of streams and iterables, of any size, that arrive whole or not at all."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from data_store.object_store.errors import InvalidArgument, ObjectNotFound
from data_store.object_store.sources import Data
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.streams import (
    BrokenStream,
    Interrupt,
    OneWayStream,
    ProgressLog,
    SourceError,
    chunks,
    large_size,
)
from data_store.object_store.testing.helpers import random_bytes

__all__ = ["Uploading"]


def _sizes(store: ObjectStore) -> dict[str, int]:
    part, threshold = store.config.transfer.part_size, store.config.transfer.multipart_threshold
    return {
        "one byte less than a part": part - 1,
        "exactly a part": part,
        "one byte more than a part": part + 1,
        "exactly the threshold": threshold,
        "one byte more than the threshold": threshold + 1,
        "two parts and a rest": 2 * part + 17,
    }


SIZES = (
    "one byte less than a part",
    "exactly a part",
    "one byte more than a part",
    "exactly the threshold",
    "one byte more than the threshold",
    "two parts and a rest",
)

BODIES_THAT_ARE_NOT_BINARY: dict[object, tuple[object, ...]] = {
    str: ("text",),
    io.StringIO: ("text",),
    list: (["text"],),
    int: (42,),
}


class Uploading(ConformanceGroup):
    """Uploading streams."""

    @pytest.mark.parametrize("size", SIZES)
    def test_a_stream_of_unknown_length_arrives_whole(self, store: ObjectStore, bucket: str, size: str) -> None:
        """A stream that cannot seek and does not tell its length is stored whole, at every size around a part."""
        content = random_bytes(_sizes(store)[size])
        answer = store.put_object(OneWayStream(content), "key", bucket)
        assert answer.size == len(content)
        assert store.read_object("key", bucket) == content

    @pytest.mark.parametrize("size", SIZES)
    def test_bytes_of_every_size_arrive_whole(self, store: ObjectStore, bucket: str, size: str) -> None:
        """Bytes are stored whole, whether they travel in one request or in parts."""
        content = random_bytes(_sizes(store)[size], seed=1)
        answer = store.put_object(content, "key", bucket)
        assert (answer.size, answer.etag) == (len(content), store.head_object("key", bucket).etag)
        assert store.read_object("key", bucket) == content

    def test_a_large_stream_of_known_length_arrives_whole(self, store: ObjectStore, bucket: str) -> None:
        """A stream that cannot seek, with its length given, is stored whole."""
        content = random_bytes(large_size(store))
        store.put_object(OneWayStream(content), "key", bucket, length=len(content))
        assert store.read_object("key", bucket) == content

    @pytest.mark.parametrize("length", [None, 1000])
    def test_a_small_one_way_stream_arrives_whole(self, store: ObjectStore, bucket: str, length: int | None) -> None:
        """A small stream that cannot seek is stored whole, with its length and without."""
        content = random_bytes(1000)
        store.put_object(OneWayStream(content), "key", bucket, length=length)
        assert store.read_object("key", bucket) == content

    def test_a_stream_is_read_from_where_it_stands(self, store: ObjectStore, bucket: str) -> None:
        """What lies before the stream's position is not stored, and the stream stays open."""
        stream = io.BytesIO(b"headcontent")
        stream.seek(4)
        store.put_object(stream, "key", bucket)
        assert store.read_object("key", bucket) == b"content"
        assert not stream.closed

    @pytest.mark.parametrize("make", [io.BytesIO, OneWayStream])
    def test_an_empty_stream_makes_an_empty_object(
        self, store: ObjectStore, bucket: str, make: Callable[[bytes], io.BytesIO | OneWayStream]
    ) -> None:
        """A stream that is at its end is an object of no bytes."""
        store.put_object(make(b""), "key", bucket)
        assert store.head_object("key", bucket).size == 0

    def test_an_iterable_of_bytes_arrives_whole(self, store: ObjectStore, bucket: str) -> None:
        """A generator's pieces are joined in order."""
        content = random_bytes(100_000)
        store.put_object(chunks(content, 777), "key", bucket)
        assert store.read_object("key", bucket) == content

    def test_empty_pieces_do_not_end_an_iterable(self, store: ObjectStore, bucket: str) -> None:
        """An empty piece in the middle is no end."""
        store.put_object([b"a", b"", b"", b"b"], "key", bucket)
        assert store.read_object("key", bucket) == b"ab"

    def test_an_empty_iterable_makes_an_empty_object(self, store: ObjectStore, bucket: str) -> None:
        """An iterable of nothing is an object of no bytes."""
        store.put_object(iter(()), "key", bucket)
        assert store.head_object("key", bucket).size == 0

    def test_a_large_iterable_arrives_whole(self, store: ObjectStore, bucket: str) -> None:
        """A generator of more than a part, with its length given, is stored whole."""
        content = random_bytes(large_size(store), seed=2)
        store.put_object(chunks(content, 1_000_003), "key", bucket, length=len(content))
        assert store.read_object("key", bucket) == content

    def test_an_object_in_parts_keeps_metadata_and_headers(self, store: ObjectStore, bucket: str) -> None:
        """A large object has everything that a small one has."""
        content = random_bytes(large_size(store))
        store.put_object(
            content, "key", bucket, content_type="text/x-large", metadata={"name": "vàlue"}, cache_control="no-cache"
        )
        head = store.head_object("key", bucket)
        assert (head.size, head.content_type, head.cache_control) == (len(content), "text/x-large", "no-cache")
        assert head.metadata == {"name": "vàlue"}

    @pytest.mark.parametrize("declared", [999, 1001], ids=["longer", "shorter"])
    @pytest.mark.parametrize("kind", ["bytes", "seekable", "one way", "iterable"])
    def test_a_body_of_another_length_than_declared_is_refused(
        self, store: ObjectStore, bucket: str, kind: str, declared: int
    ) -> None:
        """A body that is longer or shorter than its declared length stores nothing and keeps the old object."""
        content = random_bytes(1000)
        bodies: dict[str, Data] = {
            "bytes": content,
            "seekable": io.BytesIO(content),
            "one way": OneWayStream(content),
            "iterable": chunks(content, 100),
        }
        store.put_object(b"old", "key", bucket)
        with pytest.raises(InvalidArgument):
            store.put_object(bodies[kind], "key", bucket, length=declared)
        assert store.read_object("key", bucket) == b"old"

    @pytest.mark.parametrize("difference", [-1, 1], ids=["longer", "shorter"])
    def test_a_large_body_of_another_length_than_declared_is_refused(
        self, store: ObjectStore, bucket: str, difference: int
    ) -> None:
        """The same holds where the body travels in parts."""
        content = random_bytes(large_size(store))
        with pytest.raises(InvalidArgument):
            store.put_object(OneWayStream(content), "key", bucket, length=len(content) + difference)
        assert store.exists("key", bucket) is False

    @pytest.mark.parametrize("make", [str, io.StringIO, list, int, type(None)], ids=lambda make: str(make.__name__))
    def test_a_body_that_is_not_binary_is_refused(
        self, store: ObjectStore, bucket: str, make: Callable[..., object]
    ) -> None:
        """Text, numbers and None raise InvalidArgument and store nothing."""
        body = make(*BODIES_THAT_ARE_NOT_BINARY.get(make, ()))
        with pytest.raises(InvalidArgument):
            store.put_object(body, "key", bucket)  # type: ignore[arg-type]  # the mistake under test
        assert store.exists("key", bucket) is False

    @pytest.mark.parametrize("large", [False, True], ids=["small", "large"])
    def test_a_source_that_breaks_keeps_the_old_object(self, store: ObjectStore, bucket: str, large: bool) -> None:
        """What the caller's stream raises reaches the caller, and nothing of the new content is stored."""
        store.put_object(b"old", "key", bucket)
        content = random_bytes(large_size(store) if large else 100_000)
        with pytest.raises(SourceError):
            store.put_object(BrokenStream(content), "key", bucket)
        assert store.read_object("key", bucket) == b"old"

    @pytest.mark.parametrize("large", [False, True], ids=["small", "large"])
    def test_a_source_of_known_length_that_breaks_keeps_the_old_object(
        self, store: ObjectStore, bucket: str, large: bool
    ) -> None:
        """The same holds where the length was declared."""
        store.put_object(b"old", "key", bucket)
        content = random_bytes(large_size(store) if large else 100_000)
        with pytest.raises(SourceError):
            store.put_object(BrokenStream(content), "key", bucket, length=len(content) + 10)
        assert store.read_object("key", bucket) == b"old"

    @pytest.mark.parametrize("large", [False, True], ids=["small", "large"])
    def test_an_interrupted_upload_keeps_the_old_object(self, store: ObjectStore, bucket: str, large: bool) -> None:
        """Ctrl-C in an upload ends it, and the old object stays."""
        store.put_object(b"old", "key", bucket)
        content = random_bytes(large_size(store) if large else 1000)
        with pytest.raises(KeyboardInterrupt):
            store.put_object(content, "key", bucket, progress=Interrupt(KeyboardInterrupt()))
        assert store.read_object("key", bucket) == b"old"

    @pytest.mark.parametrize("large", [False, True], ids=["small", "large"])
    def test_an_interrupted_upload_leaves_no_object(self, store: ObjectStore, bucket: str, large: bool) -> None:
        """Where there was no object, Ctrl-C leaves none."""
        content = random_bytes(large_size(store) if large else 1000)
        with pytest.raises(KeyboardInterrupt):
            store.put_object(OneWayStream(content), "key", bucket, progress=Interrupt(KeyboardInterrupt()))
        with pytest.raises(ObjectNotFound):
            store.head_object("key", bucket)

    @pytest.mark.parametrize("large", [False, True], ids=["small", "large"])
    def test_progress_of_an_upload_rises_to_the_size(self, store: ObjectStore, bucket: str, large: bool) -> None:
        """Progress is cumulative, never falls, and ends at the size; the total is the size."""
        size = large_size(store) if large else 1000
        log = ProgressLog()
        store.put_object(random_bytes(size), "key", bucket, progress=log)
        assert log.done == sorted(log.done)
        assert log.done[-1] == size
        assert log.totals == {size}

    def test_progress_of_an_unknown_length_adds_up(self, store: ObjectStore, bucket: str) -> None:
        """Where the length is not known the total is None until it is, and the bytes add up."""
        size = large_size(store)
        log = ProgressLog()
        store.put_object(OneWayStream(random_bytes(size)), "key", bucket, progress=log)
        assert log.done == sorted(log.done)
        assert log.done[-1] == size
        assert log.totals <= {None, size}

    def test_an_error_of_the_progress_callback_reaches_the_caller(self, store: ObjectStore, bucket: str) -> None:
        """What the callback raises ends the upload as it is, and nothing is stored."""
        with pytest.raises(SourceError):
            store.put_object(random_bytes(1000), "key", bucket, progress=Interrupt(SourceError()))
        assert store.exists("key", bucket) is False

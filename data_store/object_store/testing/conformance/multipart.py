"""Uploads in parts, step by step: any order, any process, invisible until they are complete."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar

import pytest

from data_store.object_store.capabilities import SupportsMultipart, SupportsTags, SupportsVersioning
from data_store.object_store.errors import InvalidPart, ObjectNotFound, UploadNotFound
from data_store.object_store.models import ListOptions, MultipartOptions, PartInfo
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.needs import needs
from data_store.object_store.testing.conformance.streams import OneWayStream
from data_store.object_store.testing.conformance.versioned import listed, write
from data_store.object_store.testing.facts import (
    CONCURRENT_UPLOADS,
    EMPTY_PARTS,
    PARTS_LEFT_OUT,
    SMALL_SOURCES,
    TAGS_OF_UPLOADS,
)
from data_store.object_store.testing.helpers import random_bytes

__all__ = ["FIVE_MIB", "MultipartControl"]

FIVE_MIB = 5 * 1024**2

BODIES: dict[str, Callable[[bytes], object]] = {
    "bytes": lambda content: content,
    "bytearray": bytearray,
    "memoryview": memoryview,
    "seekable": io.BytesIO,
    "one-way": OneWayStream,
}

OPTIONS: MultipartOptions = {
    "content_type": "text/x-parts",
    "metadata": {"name": "välue"},
    "cache_control": "max-age=1",
    "content_disposition": "inline",
    "content_encoding": "x-parts",
    "content_language": "de",
}

RANGES: dict[str, tuple[int, int | None]] = {"whole": (0, None), "start": (0, 4), "middle": (3, 4), "end": (3, None)}


class MultipartControl(ConformanceGroup):
    """Multipart uploads."""

    capability: ClassVar[type | None] = SupportsMultipart

    def test_parts_make_an_object(self, store: ObjectStore, bucket: str) -> None:
        """Completed, the parts are one object, and the answer is what a HEAD reports."""
        contents = [random_bytes(FIVE_MIB, seed=1), random_bytes(1234, seed=2)]
        upload_id = store.create_multipart_upload("key", bucket).upload_id
        parts = [store.upload_part(part, "key", upload_id, n, bucket) for n, part in enumerate(contents, 1)]
        answer = store.complete_multipart_upload("key", upload_id, parts, bucket)
        head = store.head_object("key", bucket)
        assert (answer.key, answer.etag, answer.size) == ("key", head.etag, head.size)
        assert head.size == FIVE_MIB + 1234
        assert store.read_object("key", bucket) == b"".join(contents)

    def test_an_upload_tells_what_it_is(self, store: ObjectStore, bucket: str) -> None:
        """A started upload has key, bucket and id; a part has number, size and a bare ETag."""
        upload = store.create_multipart_upload("key", bucket)
        assert (upload.key, upload.bucket) == ("key", bucket)
        assert upload.upload_id
        part = store.upload_part(b"content", "key", upload.upload_id, 3, bucket)
        assert (part.part_number, part.size) == (3, 7)
        assert part.etag
        assert '"' not in part.etag
        store.abort_multipart_upload("key", upload.upload_id, bucket)

    @pytest.mark.parametrize("order", [(1, 2), (2, 1)], ids=["in order", "out of order"])
    @pytest.mark.parametrize("named", [(1, 2), (2, 1)], ids=["named in order", "named out of order"])
    def test_the_numbers_of_parts_are_their_order(
        self, store: ObjectStore, bucket: str, order: tuple[int, int], named: tuple[int, int]
    ) -> None:
        """Neither when a part arrives nor where it stands in the list counts, only its number."""
        contents = {1: b"a" * FIVE_MIB, 2: b"the end"}
        upload_id = store.create_multipart_upload("key", bucket).upload_id
        parts = {number: store.upload_part(contents[number], "key", upload_id, number, bucket) for number in order}
        store.complete_multipart_upload("key", upload_id, [parts[number] for number in named], bucket)
        assert store.read_object("key", bucket) == contents[1] + contents[2]

    def test_numbers_may_have_gaps(self, store: ObjectStore, bucket: str) -> None:
        """Any rising numbers up to 10,000 will do."""
        upload_id = store.create_multipart_upload("key", bucket).upload_id
        first = store.upload_part(b"a" * FIVE_MIB, "key", upload_id, 7, bucket)
        last = store.upload_part(b"the end", "key", upload_id, 10_000, bucket)
        assert [part.part_number for part in store.list_parts("key", upload_id, bucket)] == [7, 10_000]
        store.complete_multipart_upload("key", upload_id, [first, last], bucket)
        assert store.head_object("key", bucket).size == FIVE_MIB + 7

    @pytest.mark.parametrize("body", BODIES)
    def test_a_part_comes_from_bytes_or_a_stream(self, store: ObjectStore, bucket: str, body: str) -> None:
        """A part may be bytes, or a stream that can seek or not."""
        content = random_bytes(200_000)
        upload_id = store.create_multipart_upload("key", bucket).upload_id
        data = BODIES[body](content)
        part = store.upload_part(data, "key", upload_id, 1, bucket)  # type: ignore[arg-type]  # a table of bodies
        assert part.size == len(content)
        store.complete_multipart_upload("key", upload_id, [part], bucket)
        assert store.read_object("key", bucket) == content

    def test_a_part_is_replaced_by_one_of_its_number(self, store: ObjectStore, bucket: str) -> None:
        """The later part of a number counts."""
        upload_id = store.create_multipart_upload("key", bucket).upload_id
        store.upload_part(b"replaced", "key", upload_id, 1, bucket)
        part = store.upload_part(b"new", "key", upload_id, 1, bucket)
        found = list(store.list_parts("key", upload_id, bucket))
        assert [(each.part_number, each.etag, each.size) for each in found] == [(1, part.etag, 3)]
        store.complete_multipart_upload("key", upload_id, found, bucket)
        assert store.read_object("key", bucket) == b"new"

    def test_a_part_that_is_not_named_is_dropped(self, store: ObjectStore, bucket: str) -> None:
        """Completed without one of its parts, an upload makes the object of the others."""
        upload_id = store.create_multipart_upload("key", bucket).upload_id
        store.upload_part(b"dropped", "key", upload_id, 1, bucket)
        kept = store.upload_part(b"kept", "key", upload_id, 2, bucket)
        if PARTS_LEFT_OUT in self.limits.lacks:
            with pytest.raises(InvalidPart):
                store.complete_multipart_upload("key", upload_id, [kept], bucket)
            assert store.exists("key", bucket) is False
            store.abort_multipart_upload("key", upload_id, bucket)
            return
        store.complete_multipart_upload("key", upload_id, [kept], bucket)
        assert store.read_object("key", bucket) == b"kept"

    def test_one_small_part_is_enough(self, store: ObjectStore, bucket: str) -> None:
        """The last part may be of any size, and the only one is the last."""
        upload_id = store.create_multipart_upload("key", bucket).upload_id
        part = store.upload_part(b"1", "key", upload_id, 1, bucket)
        store.complete_multipart_upload("key", upload_id, [part], bucket)
        assert store.read_object("key", bucket) == b"1"

    @needs(EMPTY_PARTS)
    def test_one_empty_part_makes_an_empty_object(self, store: ObjectStore, bucket: str) -> None:
        """A part of no bytes is a part."""
        upload_id = store.create_multipart_upload("key", bucket).upload_id
        part = store.upload_part(b"", "key", upload_id, 1, bucket)
        assert part.size == 0
        store.complete_multipart_upload("key", upload_id, [part], bucket)
        assert store.head_object("key", bucket).size == 0

    @pytest.mark.parametrize("before", ["nothing", "an object"])
    def test_an_upload_is_invisible_until_it_is_complete(self, store: ObjectStore, bucket: str, before: str) -> None:
        """Until then the key holds what it held, whatever has arrived."""
        if before == "an object":
            store.put_object(b"old", "key", bucket)
        upload_id = store.create_multipart_upload("key", bucket).upload_id
        part = store.upload_part(b"new", "key", upload_id, 1, bucket)
        if before == "an object":
            assert store.read_object("key", bucket) == b"old"
        else:
            assert store.exists("key", bucket) is False
            assert list(store.list_objects(bucket=bucket)) == []
        store.complete_multipart_upload("key", upload_id, [part], bucket)
        assert store.read_object("key", bucket) == b"new"

    def test_an_object_in_parts_has_its_options(self, store: ObjectStore, bucket: str) -> None:
        """Content type, metadata and headers are those that the upload was started with."""
        upload_id = store.create_multipart_upload("key", bucket, **OPTIONS).upload_id
        part = store.upload_part(b"content", "key", upload_id, 1, bucket)
        store.complete_multipart_upload("key", upload_id, [part], bucket)
        head = store.head_object("key", bucket)
        assert {name: getattr(head, name) for name in OPTIONS} == OPTIONS

    @needs(SupportsTags, TAGS_OF_UPLOADS)
    @pytest.mark.parametrize("completed_by", ["the same store", "another store"])
    def test_an_object_in_parts_has_its_tags(
        self, store: ObjectStore, another_store: ObjectStore, bucket: str, completed_by: str
    ) -> None:
        """Tags that an upload was started with are the object's, whoever completes it."""
        upload_id = store.create_multipart_upload("key", bucket, tags={"a": "b c"}).upload_id
        part = store.upload_part(b"content", "key", upload_id, 1, bucket)
        completing = store if completed_by == "the same store" else another_store
        completing.complete_multipart_upload("key", upload_id, [part], bucket)
        assert store.get_tags("key", bucket) == {"a": "b c"}

    @needs(SupportsTags)
    def test_the_context_gives_its_object_tags(self, store: ObjectStore, bucket: str) -> None:
        """One store begins and completes it, which can set what a server drops."""
        with store.multipart_upload("key", bucket, tags={"a": "b c"}) as upload:
            upload.upload_part(b"content")
        assert store.get_tags("key", bucket) == {"a": "b c"}

    def test_parts_are_listed_in_order(self, store: ObjectStore, bucket: str) -> None:
        """list_parts gives number, size, ETag and an aware time of what has arrived."""
        upload_id = store.create_multipart_upload("key", bucket).upload_id
        parts = {n: store.upload_part(b"x" * n, "key", upload_id, n, bucket) for n in (10, 9, 1, 2)}
        found = list(store.list_parts("key", upload_id, bucket))
        assert [(each.part_number, each.size, each.etag) for each in found] == [
            (n, n, parts[n].etag) for n in (1, 2, 9, 10)
        ]
        times = [each.updated_time for each in found if each.updated_time is not None]
        assert [time.utcoffset() for time in times] == [timedelta(0)] * len(times)
        store.abort_multipart_upload("key", upload_id, bucket)

    def test_an_upload_without_parts_lists_none(self, store: ObjectStore, bucket: str) -> None:
        """Nothing has arrived yet."""
        upload_id = store.create_multipart_upload("key", bucket).upload_id
        assert list(store.list_parts("key", upload_id, bucket)) == []
        store.abort_multipart_upload("key", upload_id, bucket)

    @pytest.mark.parametrize("limit", [1, 2, 3])
    def test_pages_of_parts_make_the_whole_listing(self, store: ObjectStore, bucket: str, limit: int) -> None:
        """Wherever pages end, each part is listed once, in order."""
        upload_id = store.create_multipart_upload("key", bucket).upload_id
        for number in range(1, 6):
            store.upload_part(b"part", "key", upload_id, number, bucket)
        assert isinstance(store.client, SupportsMultipart)
        options, found = ListOptions(limit=limit), list[PartInfo]()
        while True:
            page = store.client.list_parts_page(bucket, "key", upload_id, options)
            assert len(page.parts) <= limit
            found += page.parts
            if page.cursor is None:
                break
            options = replace(options, cursor=page.cursor)
        assert [part.part_number for part in found] == [1, 2, 3, 4, 5]
        store.abort_multipart_upload("key", upload_id, bucket)

    def test_uploads_under_way_are_listed(self, store: ObjectStore, other_bucket: str) -> None:
        """In the order of their keys, with id and an aware time; what begins otherwise is not listed."""
        keys = ["a/2", "b", "a/1", "a"]
        ids = {key: store.create_multipart_upload(key, other_bucket).upload_id for key in keys}
        found = list(store.list_multipart_uploads(bucket=other_bucket))
        assert [(each.key, each.upload_id, each.bucket) for each in found] == [
            (key, ids[key], other_bucket) for key in sorted(keys)
        ]
        assert all(each.initiated_time is not None for each in found)
        assert {each.initiated_time.utcoffset() for each in found if each.initiated_time} == {timedelta(0)}
        for prefix, expected in {"a/": ["a/1", "a/2"], "a": ["a", "a/1", "a/2"], "b": ["b"], "c": []}.items():
            assert [each.key for each in store.list_multipart_uploads(prefix, other_bucket)] == expected

    def test_uploads_of_one_key_are_apart(self, store: ObjectStore, bucket: str) -> None:
        """Two uploads of a key know nothing of each other; the one completed last is the object."""
        first, second = (store.create_multipart_upload("key", bucket).upload_id for _ in range(2))
        assert {each.upload_id for each in store.list_multipart_uploads(bucket=bucket)} == {first, second}
        part_of_first = store.upload_part(b"first", "key", first, 1, bucket)
        part_of_second = store.upload_part(b"second", "key", second, 1, bucket)
        store.complete_multipart_upload("key", second, [part_of_second], bucket)
        assert store.read_object("key", bucket) == b"second"
        if CONCURRENT_UPLOADS in self.limits.lacks:
            with pytest.raises(UploadNotFound):
                store.complete_multipart_upload("key", first, [part_of_first], bucket)
            return
        store.complete_multipart_upload("key", first, [part_of_first], bucket)
        assert store.read_object("key", bucket) == b"first"

    def test_a_complete_upload_is_not_under_way(self, store: ObjectStore, bucket: str) -> None:
        """Completed or aborted, an upload is not listed any more."""
        done = store.create_multipart_upload("done", bucket).upload_id
        dropped = store.create_multipart_upload("dropped", bucket).upload_id
        part = store.upload_part(b"content", "done", done, 1, bucket)
        store.complete_multipart_upload("done", done, [part], bucket)
        store.abort_multipart_upload("dropped", dropped, bucket)
        assert list(store.list_multipart_uploads(bucket=bucket)) == []
        assert store.exists("dropped", bucket) is False

    def test_an_upload_goes_on_in_another_store(
        self, store: ObjectStore, another_store: ObjectStore, bucket: str
    ) -> None:
        """Whoever has key and id finds out what has arrived, uploads the rest and completes."""
        upload_id = store.create_multipart_upload("key", bucket, content_type="text/x-resumed").upload_id
        store.upload_part(b"a" * FIVE_MIB, "key", upload_id, 1, bucket)
        found = next(each for each in another_store.list_multipart_uploads("key", bucket))
        arrived = list(another_store.list_parts("key", found.upload_id, bucket))
        assert [part.part_number for part in arrived] == [1]
        rest = another_store.upload_part(b"the end", "key", found.upload_id, 2, bucket)
        another_store.complete_multipart_upload("key", found.upload_id, [*arrived, rest], bucket)
        assert store.read_object("key", bucket) == b"a" * FIVE_MIB + b"the end"
        assert store.head_object("key", bucket).content_type == "text/x-resumed"

    @needs(SMALL_SOURCES)
    @pytest.mark.parametrize("name", RANGES)
    def test_a_part_is_copied_from_an_object(self, store: ObjectStore, bucket: str, name: str) -> None:
        """A part may be another object, or a range of it."""
        offset, length = RANGES[name]
        store.put_object(b"0123456789", "source", bucket)
        upload_id = store.create_multipart_upload("key", bucket).upload_id
        part = store.upload_part_copy(
            "source", "key", upload_id, 1, bucket, src_bucket=bucket, offset=offset, length=length
        )
        expected = b"0123456789"[offset:][:length]
        assert (part.part_number, part.size) == (1, len(expected))
        store.complete_multipart_upload("key", upload_id, [part], bucket)
        assert store.read_object("key", bucket) == expected

    @needs(SMALL_SOURCES)
    def test_uploaded_and_copied_parts_mix(self, store: ObjectStore, bucket: str, other_bucket: str) -> None:
        """Parts come from the caller and from objects of any bucket."""
        store.put_object(b"copied", "source", other_bucket)
        upload_id = store.create_multipart_upload("key", bucket).upload_id
        first = store.upload_part(b"a" * FIVE_MIB, "key", upload_id, 1, bucket)
        second = store.upload_part_copy("source", "key", upload_id, 2, src_bucket=other_bucket, bucket=bucket)
        store.complete_multipart_upload("key", upload_id, [first, second], bucket)
        assert store.read_object("key", bucket) == b"a" * FIVE_MIB + b"copied"

    @needs(SupportsVersioning)
    def test_a_part_is_copied_from_a_version(
        self, store: ObjectStore, versioned_bucket: str, unique_key: str, bucket: str
    ) -> None:
        """src_version names what is copied."""
        first = write(store, b"first", unique_key, versioned_bucket)
        write(store, b"second", unique_key, versioned_bucket)
        upload_id = store.create_multipart_upload("key", bucket).upload_id
        part = store.upload_part_copy(
            unique_key, "key", upload_id, 1, src_bucket=versioned_bucket, bucket=bucket, src_version=first
        )
        store.complete_multipart_upload("key", upload_id, [part], bucket)
        assert store.read_object("key", bucket) == b"first"

    @needs(SupportsVersioning)
    def test_a_complete_upload_is_a_version(self, store: ObjectStore, versioned_bucket: str, unique_key: str) -> None:
        """The answer names the version; the one before stays."""
        before = write(store, b"before", unique_key, versioned_bucket)
        upload_id = store.create_multipart_upload(unique_key, versioned_bucket).upload_id
        part = store.upload_part(b"after", unique_key, upload_id, 1, versioned_bucket)
        answer = store.complete_multipart_upload(unique_key, upload_id, [part], versioned_bucket)
        assert listed(store, unique_key, versioned_bucket) == [(answer.version_id, False), (before, False)]

    def test_a_part_of_a_missing_object_is_not_copied(self, store: ObjectStore, bucket: str) -> None:
        """A missing source raises ObjectNotFound with its key, and the upload goes on."""
        upload_id = store.create_multipart_upload("key", bucket).upload_id
        with pytest.raises(ObjectNotFound) as caught:
            store.upload_part_copy("missing", "key", upload_id, 1, src_bucket=bucket, bucket=bucket)
        assert (caught.value.bucket, caught.value.key) == (bucket, "missing")
        assert list(store.list_parts("key", upload_id, bucket)) == []
        store.abort_multipart_upload("key", upload_id, bucket)

    def test_the_context_completes_its_upload(self, store: ObjectStore, bucket: str) -> None:
        """Left without an error, the block makes the object of its parts, which number themselves."""
        with store.multipart_upload("key", bucket, content_type="text/x-block") as upload:
            upload.upload_part(b"a" * FIVE_MIB)
            upload.upload_part(io.BytesIO(b"the end"))
            assert [part.part_number for part in upload.parts] == [1, 2]
            assert store.exists("key", bucket) is False
        assert store.read_object("key", bucket) == b"a" * FIVE_MIB + b"the end"
        assert store.head_object("key", bucket).content_type == "text/x-block"
        assert list(store.list_multipart_uploads(bucket=bucket)) == []

    @pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
    def test_the_context_aborts_on_an_error(self, store: ObjectStore, bucket: str, error: type[BaseException]) -> None:
        """An exception leaves the block as it is, the key as it was, and no upload."""
        store.put_object(b"old", "key", bucket)

        def fail() -> None:
            with store.multipart_upload("key", bucket) as upload:
                upload.upload_part(b"new", part_number=5)
                raise error("on purpose")

        with pytest.raises(error, match="on purpose"):
            fail()
        assert store.read_object("key", bucket) == b"old"
        assert list(store.list_multipart_uploads(bucket=bucket)) == []

"""Uploads in parts that go wrong: what is refused, and what stays."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import ClassVar

import pytest

from data_store.object_store.capabilities import SupportsMultipart
from data_store.object_store.errors import (
    InvalidArgument,
    InvalidPart,
    PreconditionFailed,
    UploadNotFound,
)
from data_store.object_store.models import Condition, PartInfo
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.needs import needs
from data_store.object_store.testing.facts import ABORTING_AGAIN, SMALL_PARTS

__all__ = ["MultipartErrors"]

OF_UPLOADS: dict[str, Callable[[ObjectStore, str, str], object]] = {
    "upload_part": lambda store, bucket, upload: store.upload_part(b"part", "key", upload, 1, bucket),
    "upload_part_copy": lambda store, bucket, upload: store.upload_part_copy(
        "source", "key", upload, 1, src_bucket=bucket, bucket=bucket
    ),
    "list_parts": lambda store, bucket, upload: list(store.list_parts("key", upload, bucket)),
    "complete": lambda store, bucket, upload: store.complete_multipart_upload(
        "key", upload, [PartInfo(1, "9a0364b9e99bb480dd25e1f0284c8555")], bucket
    ),
}

BAD_PARTS: dict[str, Callable[[PartInfo], list[PartInfo]]] = {
    "one that never arrived": lambda part: [part, replace(part, part_number=part.part_number + 1)],
    "another ETag": lambda part: [replace(part, etag="0123456789abcdef0123456789abcdef")],
}

NO_LISTS: dict[str, Callable[[PartInfo], list[PartInfo]]] = {
    "none": lambda _part: [],
    "one twice": lambda part: [part, part],
    "number 0": lambda part: [replace(part, part_number=0)],
    "number 10,001": lambda part: [replace(part, part_number=10_001)],
}


class MultipartErrors(ConformanceGroup):
    """Multipart uploads that go wrong."""

    capability: ClassVar[type | None] = SupportsMultipart

    @pytest.mark.parametrize("operation", OF_UPLOADS)
    @pytest.mark.parametrize("kind", ["ill-formed", "aborted", "completed"])
    def test_an_upload_that_is_not_under_way_is_not_found(
        self, store: ObjectStore, bucket: str, operation: str, kind: str
    ) -> None:
        """Whatever the shape of the id, UploadNotFound names the key, and nothing is made of it."""
        store.put_object(b"source", "source", bucket)
        upload_id = store.create_multipart_upload("key", bucket).upload_id
        part = store.upload_part(b"part", "key", upload_id, 1, bucket)
        if kind == "completed":
            store.complete_multipart_upload("key", upload_id, [part], bucket)
        else:
            store.abort_multipart_upload("key", upload_id, bucket)
        if kind == "completed" and operation == "complete":
            _complete_again(store, bucket, upload_id, part)
        else:
            with pytest.raises(UploadNotFound) as caught:
                OF_UPLOADS[operation](store, bucket, upload_id if kind != "ill-formed" else "no such upload")
            assert (caught.value.bucket, caught.value.key) == (bucket, "key")
        assert store.exists("key", bucket) is (kind == "completed")
        assert kind != "completed" or store.read_object("key", bucket) == b"part"

    @pytest.mark.parametrize("kind", ["ill-formed", "aborted"])
    def test_aborting_what_is_not_under_way_harms_nothing(self, store: ObjectStore, bucket: str, kind: str) -> None:
        """UploadNotFound, where the server tells; uploads of that key that are under way stay."""
        kept = store.create_multipart_upload("key", bucket).upload_id
        aborted = store.create_multipart_upload("key", bucket).upload_id
        store.abort_multipart_upload("key", aborted, bucket)
        untold = kind == "aborted" and ABORTING_AGAIN in self.limits.lacks
        with contextlib.nullcontext() if untold else pytest.raises(UploadNotFound):
            store.abort_multipart_upload("key", aborted if kind == "aborted" else "no such upload", bucket)
        assert [each.upload_id for each in store.list_multipart_uploads(bucket=bucket)] == [kept]
        store.abort_multipart_upload("key", kept, bucket)

    def test_an_upload_belongs_to_its_key(self, store: ObjectStore, bucket: str) -> None:
        """The id of an upload of another key is not found, and that upload stays as it is."""
        other = store.create_multipart_upload("other", bucket).upload_id
        with pytest.raises(UploadNotFound):
            store.upload_part(b"part", "key", other, 1, bucket)
        assert list(store.list_parts("other", other, bucket)) == []
        store.abort_multipart_upload("other", other, bucket)

    @pytest.mark.parametrize("bad", BAD_PARTS)
    def test_a_bad_part_completes_nothing(self, store: ObjectStore, bucket: str, bad: str) -> None:
        """A part that is missing or another one raises InvalidPart; the old object and the upload stay."""
        store.put_object(b"old", "key", bucket)
        upload_id = store.create_multipart_upload("key", bucket).upload_id
        part = store.upload_part(b"new", "key", upload_id, 1, bucket)
        with pytest.raises(InvalidPart) as caught:
            store.complete_multipart_upload("key", upload_id, BAD_PARTS[bad](part), bucket)
        assert (caught.value.bucket, caught.value.key) == (bucket, "key")
        assert store.read_object("key", bucket) == b"old"
        store.complete_multipart_upload("key", upload_id, [part], bucket)
        assert store.read_object("key", bucket) == b"new"

    def test_a_part_that_was_replaced_completes_nothing(self, store: ObjectStore, bucket: str) -> None:
        """The ETag of a part that another one replaced raises InvalidPart; the upload can be mended."""
        upload_id = store.create_multipart_upload("key", bucket).upload_id
        replaced = store.upload_part(b"replaced", "key", upload_id, 1, bucket)
        part = store.upload_part(b"new", "key", upload_id, 1, bucket)
        with pytest.raises(InvalidPart):
            store.complete_multipart_upload("key", upload_id, [replaced], bucket)
        assert store.exists("key", bucket) is False
        store.complete_multipart_upload("key", upload_id, [part], bucket)
        assert store.read_object("key", bucket) == b"new"

    def test_a_part_that_is_too_small_completes_nothing(self, store: ObjectStore, bucket: str) -> None:
        """A part but the last of less than 5 MiB raises InvalidPart, and no object is made."""
        upload_id = store.create_multipart_upload("key", bucket).upload_id
        parts = [store.upload_part(b"small", "key", upload_id, number, bucket) for number in (1, 2)]
        if SMALL_PARTS in self.limits.lacks:
            store.complete_multipart_upload("key", upload_id, parts, bucket)
            assert store.read_object("key", bucket) == b"smallsmall"
            return
        with pytest.raises(InvalidPart):
            store.complete_multipart_upload("key", upload_id, parts, bucket)
        assert store.exists("key", bucket) is False
        assert len(list(store.list_parts("key", upload_id, bucket))) == 2
        store.abort_multipart_upload("key", upload_id, bucket)

    @pytest.mark.parametrize("bad", NO_LISTS)
    def test_what_is_no_list_of_parts_is_refused(self, store: ObjectStore, bucket: str, bad: str) -> None:
        """No part, one twice and numbers out of 1 to 10,000 raise InvalidArgument; the upload stays."""
        upload_id = store.create_multipart_upload("key", bucket).upload_id
        part = store.upload_part(b"content", "key", upload_id, 1, bucket)
        with pytest.raises(InvalidArgument, match="part"):
            store.complete_multipart_upload("key", upload_id, NO_LISTS[bad](part), bucket)
        assert store.exists("key", bucket) is False
        store.complete_multipart_upload("key", upload_id, [part], bucket)
        assert store.read_object("key", bucket) == b"content"

    def test_one_of_two_completions_makes_the_object(self, store: ObjectStore, bucket: str) -> None:
        """Completed twice at once, the object is whole; the second answer is the same, or UploadNotFound."""
        upload_id = store.create_multipart_upload("key", bucket).upload_id
        part = store.upload_part(b"content", "key", upload_id, 1, bucket)
        together = Barrier(2)

        def complete(_number: int) -> str | None:
            together.wait()
            try:
                return store.complete_multipart_upload("key", upload_id, [part], bucket).etag
            except UploadNotFound:
                return None

        with ThreadPoolExecutor(2) as pool:
            answers = set(pool.map(complete, range(2))) - {None}
        assert answers == {store.head_object("key", bucket).etag}
        assert store.read_object("key", bucket) == b"content"
        assert list(store.list_multipart_uploads(bucket=bucket)) == []

    @needs(Condition.COMPLETE)
    @pytest.mark.parametrize("condition", ["if_none_match", "if_match"])
    def test_a_condition_that_fails_completes_nothing(self, store: ObjectStore, bucket: str, condition: str) -> None:
        """PreconditionFailed keeps the old object; without the condition the upload can be completed."""
        former = store.put_object(b"former", "key", bucket).etag
        store.put_object(b"old", "key", bucket)
        upload_id = store.create_multipart_upload("key", bucket).upload_id
        part = store.upload_part(b"new", "key", upload_id, 1, bucket)
        if_none_match, if_match = ("*", None) if condition == "if_none_match" else (None, former)
        with pytest.raises(PreconditionFailed):
            store.complete_multipart_upload(
                "key", upload_id, [part], bucket, if_match=if_match, if_none_match=if_none_match
            )
        assert store.read_object("key", bucket) == b"old"
        store.complete_multipart_upload("key", upload_id, [part], bucket)
        assert store.read_object("key", bucket) == b"new"

    @needs(Condition.COMPLETE)
    @pytest.mark.parametrize("condition", ["if_none_match", "if_match"])
    def test_a_condition_that_holds_completes(self, store: ObjectStore, bucket: str, condition: str) -> None:
        """if_none_match makes an object where there is none, if_match replaces the one it names."""
        absent = condition == "if_none_match"
        if_match = None if absent else store.put_object(b"old", "key", bucket).etag
        upload_id = store.create_multipart_upload("key", bucket).upload_id
        part = store.upload_part(b"new", "key", upload_id, 1, bucket)
        store.complete_multipart_upload(
            "key", upload_id, [part], bucket, if_match=if_match, if_none_match="*" if absent else None
        )
        assert store.read_object("key", bucket) == b"new"


def _complete_again(store: ObjectStore, bucket: str, upload_id: str, part: PartInfo) -> None:
    """Complete an upload again: the same answer, or UploadNotFound."""
    try:
        again = store.complete_multipart_upload("key", upload_id, [part], bucket)
    except UploadNotFound:
        return
    assert again.etag == store.head_object("key", bucket).etag

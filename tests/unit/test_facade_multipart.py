"""Uploads in parts through the facade."""

from __future__ import annotations

import io
import sys
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from data_store.object_store import checksums
from data_store.object_store.errors import (
    ConnectionFailed,
    InvalidArgument,
    InvalidPart,
    MissingDependency,
    ObjectNotFound,
    PreconditionFailed,
    RangeNotSatisfiable,
    UnsupportedOperation,
    UploadNotFound,
)
from data_store.object_store.models import MultipartUpload, PartInfo
from data_store.object_store.store import ObjectStore
from tests.unit import facade_support
from tests.unit.dict_client import MIB
from tests.unit.facade_support import CapableClient, client_of

capable = facade_support.capable
plain = facade_support.plain

FIVE = bytes(5 * MIB)


def _started(store: ObjectStore, key: str = "k") -> MultipartUpload:
    return store.create_multipart_upload(key)


def _write(store: ObjectStore, parts: list[bytes], ending: type[BaseException] | None = None) -> None:
    with store.multipart_upload("k") as writer:
        for part in parts:
            writer.upload_part(part)
        if ending is not None:
            raise ending


def test_an_object_is_made_of_parts_in_the_order_of_their_numbers(capable: ObjectStore) -> None:
    """However they come, and whatever they are; the answer knows the size."""
    upload = capable.create_multipart_upload("k", content_type="text/plain", metadata={"Name": "value"})
    assert (upload.key, upload.bucket) == ("k", "root")
    last = capable.upload_part(io.BytesIO(b"last"), "k", upload.upload_id, 7)
    first = capable.upload_part(iter([FIVE]), "k", upload.upload_id, 2, length=len(FIVE))
    assert (first.part_number, first.size, last.size) == (2, 5 * MIB, 4)
    assert [part.part_number for part in capable.list_parts("k", upload.upload_id)] == [2, 7]
    assert not capable.exists("k")
    done = capable.complete_multipart_upload("k", upload.upload_id, [last, first])
    assert done.size == 5 * MIB + 4
    found = capable.head_object("k")
    assert (found.content_type, found.metadata) == ("text/plain", {"name": "value"})
    assert capable.read_object("k") == FIVE + b"last"


def test_parts_come_from_another_store(capable: ObjectStore) -> None:
    """All they need is the upload id; what has arrived is listed."""
    upload = _started(capable)
    capable.upload_part(FIVE, "k", upload.upload_id, 1)
    capable.upload_part(b"old", "k", upload.upload_id, 2)
    capable.upload_part(b"new", "k", upload.upload_id, 2)
    capable.complete_multipart_upload("k", upload.upload_id, capable.list_parts("k", upload.upload_id))
    assert capable.read_object("k") == FIVE + b"new"


def test_parts_that_do_not_fit_leave_the_upload(capable: ObjectStore) -> None:
    """Missing, another one, or too small."""
    upload = _started(capable)
    small = capable.upload_part(b"small", "k", upload.upload_id, 1)
    other = capable.upload_part(b"other", "k", upload.upload_id, 2)
    for parts in ([small, other], [PartInfo(3, "etag")], [PartInfo(1, "etag")]):
        with pytest.raises(InvalidPart):
            capable.complete_multipart_upload("k", upload.upload_id, parts)
    assert capable.complete_multipart_upload("k", upload.upload_id, [other]).size == 5


def test_an_upload_that_is_not_under_way_is_told(capable: ObjectStore) -> None:
    """Whatever the shape of its id; what was completed is not under way any more."""
    upload = _started(capable)
    part = capable.upload_part(b"", "k", upload.upload_id, 1)
    capable.complete_multipart_upload("k", upload.upload_id, [part])
    for upload_id in (upload.upload_id, "no such / upload?"):
        with pytest.raises(UploadNotFound):
            capable.upload_part(b"", "k", upload_id, 1)
        with pytest.raises(UploadNotFound):
            list(capable.list_parts("k", upload_id))
        with pytest.raises(UploadNotFound):
            capable.complete_multipart_upload("k", upload_id, [part])
        with pytest.raises(UploadNotFound):
            capable.abort_multipart_upload("k", upload_id)


def test_a_part_is_copied_from_another_object(capable: ObjectStore) -> None:
    """A range, or all from an offset on; pinned to what was measured."""
    capable.put_object(b"0123456789", "source")
    capable.create_bucket("other")
    capable.put_object(FIVE, "source", "other")
    upload = _started(capable)
    capable.upload_part_copy("source", "k", upload.upload_id, 1, src_bucket="other")
    capable.upload_part_copy("source", "k", upload.upload_id, 2, offset=7)
    assert capable.upload_part_copy("source", "k", upload.upload_id, 2, offset=3, length=2).size == 2
    capable.complete_multipart_upload("k", upload.upload_id, capable.list_parts("k", upload.upload_id))
    assert capable.read_object("k") == FIVE + b"34"
    with pytest.raises(RangeNotSatisfiable) as caught:
        capable.upload_part_copy("source", "k", upload.upload_id, 1, offset=10)
    assert (caught.value.operation, caught.value.key) == ("upload_part_copy", "source")
    with pytest.raises(PreconditionFailed):
        capable.upload_part_copy("source", "k", upload.upload_id, 1, if_match="other")
    with pytest.raises(ObjectNotFound):
        capable.upload_part_copy("missing", "k", upload.upload_id, 1)


@pytest.mark.parametrize("with_context", [False, True])
@pytest.mark.parametrize(
    ("algorithm", "module", "package"),
    [("crc32c", "google_crc32c", "google-crc32c"), ("crc64nvme", "anycrc", "anycrc")],
)
def test_nothing_is_started_if_the_library_of_a_checksum_is_missing(
    capable: ObjectStore, monkeypatch: pytest.MonkeyPatch, algorithm: Any, module: str, package: str, with_context: bool
) -> None:
    """Parts would travel in vain: completing needs it at the latest. The error names what to install."""
    checksums._extend.cache_clear()
    monkeypatch.setitem(sys.modules, module, None)
    start = capable.multipart_upload if with_context else capable.create_multipart_upload
    with pytest.raises(MissingDependency, match=rf"{package}.*checksums"):
        start("k", checksum=algorithm)
    assert list(capable.list_multipart_uploads()) == []


# conditions


def test_completing_takes_conditions(capable: ObjectStore) -> None:
    """The upload stays if they do not hold."""
    etag = capable.put_object(b"old", "k").etag
    upload = _started(capable)
    parts = [capable.upload_part(b"new", "k", upload.upload_id, 1)]
    with pytest.raises(PreconditionFailed):
        capable.complete_multipart_upload("k", upload.upload_id, parts, if_none_match="*")
    assert capable.complete_multipart_upload("k", upload.upload_id, parts, if_match=f'"{etag}"').size == 3


def test_conditions_that_a_store_ignores_are_refused(plain: ObjectStore) -> None:
    """Before anything is done; without them it works."""
    upload = _started(plain)
    part = plain.upload_part(b"", "k", upload.upload_id, 1)
    with pytest.raises(UnsupportedOperation, match="conditional"):
        plain.complete_multipart_upload("k", upload.upload_id, [part], if_none_match="*")
    with pytest.raises(UnsupportedOperation, match="conditional"):
        plain.multipart_upload("l", if_none_match="*")
    assert [found.key for found in plain.list_multipart_uploads()] == ["k"]
    plain.complete_multipart_upload("k", upload.upload_id, [part])


# the context manager


def test_a_block_that_ends_well_completes_its_upload(capable: ObjectStore) -> None:
    """Parts are numbered as they come, unless told otherwise."""
    with capable.multipart_upload("k", content_type="text/plain", if_none_match="*") as writer:
        assert writer.upload.key == "k"
        writer.upload_part(FIVE, 2)
        writer.upload_part(b"end")
        assert [part.part_number for part in writer.parts] == [2, 3]
        writer.upload_part(FIVE, 1)
        assert (writer.metadata, capable.exists("k")) == (None, False)
    assert writer.metadata is not None
    assert writer.metadata.size == 10 * MIB + 3
    assert capable.head_object("k").content_type == "text/plain"
    assert list(capable.list_multipart_uploads()) == []


@pytest.mark.parametrize("ending", [ValueError, KeyboardInterrupt])
def test_a_block_that_ends_badly_aborts_its_upload(capable: ObjectStore, ending: type[BaseException]) -> None:
    """Whatever ended it, which goes on."""
    with pytest.raises(ending):
        _write(capable, [b"content"], ending)
    assert list(capable.list_multipart_uploads()) == []
    assert not capable.exists("k")


def test_a_block_whose_parts_do_not_fit_leaves_nothing(capable: ObjectStore) -> None:
    """None, too small, or a condition that does not hold."""
    with pytest.raises(InvalidArgument, match="at least one part"), capable.multipart_upload("k"):
        pass
    with pytest.raises(InvalidPart):
        _write(capable, [b"small", b"small"])
    capable.put_object(b"old", "k")
    with pytest.raises(PreconditionFailed), capable.multipart_upload("k", if_none_match="*") as writer:
        writer.upload_part(b"new")
    assert list(capable.list_multipart_uploads()) == []
    assert capable.read_object("k") == b"old"


def test_an_upload_that_cannot_be_aborted_hides_no_error(capable: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told in a note."""

    class Stuck(CapableClient):
        def abort_multipart_upload(self, bucket: str, key: str, upload_id: str) -> None:
            raise ConnectionFailed("reset")

    monkeypatch.setattr(sys.modules[CapableClient.__module__], "CapableClient", Stuck)
    with pytest.raises(ValueError, match="mine") as caught, capable.multipart_upload("k"):
        raise ValueError("mine")
    (note,) = caught.value.__notes__
    assert "could not be aborted" in note


def test_several_threads_upload_parts_of_one_block(capable: ObjectStore) -> None:
    """Each part gets a number of its own."""
    with capable.multipart_upload("k") as writer:
        threads = [threading.Thread(target=writer.upload_part, args=(FIVE,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert capable.head_object("k").size == 4 * len(FIVE)


# what was left behind


def test_uploads_are_listed_by_prefix(capable: ObjectStore) -> None:
    """Lazily, in the order of their keys."""
    for key in ("b", "a/1", "a/2"):
        _started(capable, key)
    client_of(capable).calls.clear()
    listing = capable.list_multipart_uploads("a/")
    assert client_of(capable).calls == []
    assert [upload.key for upload in listing] == ["a/1", "a/2"]


def test_stale_uploads_are_aborted(capable: ObjectStore) -> None:
    """Never younger ones, nor those of unknown age; a dry run aborts none."""
    times: dict[str, Any] = {"old": timedelta(days=2), "older": timedelta(days=3), "young": timedelta(hours=23)}
    client_of(capable).times = {key: datetime.now(UTC) - age for key, age in times.items()} | {"unknown": None}
    for key in (*times, "unknown"):
        _started(capable, key)
    day = timedelta(days=1)
    assert [found.key for found in capable.abort_stale_uploads(day, dry_run=True)] == ["old", "older"]
    assert len(list(capable.list_multipart_uploads())) == 4
    assert [found.key for found in capable.abort_stale_uploads(day.total_seconds(), "older")] == ["older"]
    assert [found.key for found in capable.abort_stale_uploads(day)] == ["old"]
    assert [found.key for found in capable.list_multipart_uploads()] == ["unknown", "young"]
    assert [found.key for found in capable.abort_stale_uploads(0)] == ["young"]


def test_an_upload_that_is_completed_meanwhile_was_not_aborted(
    capable: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not in the list."""

    class Late(CapableClient):
        def abort_multipart_upload(self, bucket: str, key: str, upload_id: str) -> None:
            raise UploadNotFound

    monkeypatch.setattr(sys.modules[CapableClient.__module__], "CapableClient", Late)
    _started(capable)
    assert capable.abort_stale_uploads(0) == []

"""Multipart uploads in the embedded store: where parts lie, what completing checks, what happens at once."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from data_store.object_store.adapters.embedded import multipart, uploads
from data_store.object_store.adapters.embedded.client import EmbeddedClient, LocalClient
from data_store.object_store.body import Source
from data_store.object_store.errors import (
    BucketNotEmpty,
    BucketNotFound,
    IntegrityError,
    InvalidArgument,
    InvalidPart,
    ObjectNotFound,
    ObjectStoreError,
    PreconditionFailed,
    RangeNotSatisfiable,
    UploadNotFound,
)
from data_store.object_store.models import (
    CompleteOptions,
    CopyOptions,
    CopySource,
    DeleteOptions,
    GetOptions,
    ListOptions,
    ObjectMetadata,
    PartInfo,
    PartOptions,
    PutOptions,
)
from tests.unit.embedded_support import (
    BUCKET,
    LARGE,
    files,
    local,
    of,
    put,
    read,
    started,
    upload_part,
    with_bucket,
)

MIN_PART_SIZE = uploads.MIN_PART_SIZE
EMPTY = {"content": 0, "temp": 0, "pending": 0}


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let parts be small, for the tests to be fast; the limit is tested by name."""
    monkeypatch.setattr(uploads, "MIN_PART_SIZE", LARGE)


@pytest.fixture(params=["local", "memory"])
def client(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EmbeddedClient]:
    """A store with an empty bucket, in a directory and in memory."""
    with with_bucket(of(request.param, tmp_path)) as made:
        yield made


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[LocalClient]:
    """A store with an empty bucket in a directory."""
    with with_bucket(local(tmp_path)) as made:
        yield made


@pytest.mark.parametrize("sizes", [[0], [1], [LARGE], [LARGE, 0], [LARGE, 1], [LARGE, LARGE + 1, 40_000]], ids=str)
def test_an_object_of_parts_is_their_content_and_is_verified_as_a_whole(
    client: EmbeddedClient, sizes: list[int]
) -> None:
    """The ETag is S3's for parts; the MD5 of the whole is reported beside it, by GET and HEAD and for a copy."""
    data = [os.urandom(size) for size in sizes]
    upload, parts = started(client, data, PutOptions(metadata={"a": "1"}, tags={"t": "v"}, content_type="text/plain"))
    made = completed(client, upload, parts)
    whole = b"".join(data)
    digests = b"".join(hashlib.md5(each).digest() for each in data)
    assert (made.etag, made.size) == (f"{hashlib.md5(digests).hexdigest()}-{len(data)}", len(whole))
    client.copy_object(BUCKET, "key", BUCKET, "copy", CopyOptions())
    for key in ("key", "copy"):
        found = client.head_object(BUCKET, key, GetOptions())
        assert read(client, key) == whole
        assert found.checksums == made.checksums
        assert (found.checksums or {})["md5"] == hashlib.md5(whole).hexdigest()
        assert (found.metadata, found.content_type, client.get_tags(BUCKET, key)) == (
            {"a": "1"},
            "text/plain",
            {"t": "v"},
        )


def test_parts_leave_nothing_behind_the_object_and_nothing_when_aborted(disk: LocalClient, tmp_path: Path) -> None:
    """Parts that were replaced, or not chosen, go as well."""
    upload, parts = started(disk, [bytes(LARGE)] * 3)
    again = upload_part(disk, upload, 2, b"1" * LARGE)
    assert files(tmp_path) == {**EMPTY, "content": 3}
    completed(disk, upload, [parts[0], again])
    assert files(tmp_path) == {**EMPTY, "content": 1}
    assert read(disk, "key") == bytes(LARGE) + b"1" * LARGE
    disk.delete_object(BUCKET, "key", DeleteOptions())
    upload, _ = started(disk, [bytes(LARGE), b"small"])
    disk.abort_multipart_upload(BUCKET, "key", upload)
    assert files(tmp_path) == EMPTY
    assert (rows(disk, "contents"), rows(disk, "uploads"), rows(disk, "parts")) == (0, 0, 0)


def test_an_upload_is_invisible_until_it_is_completed(client: EmbeddedClient) -> None:
    """Neither in a listing nor by its key; the bucket is not empty all the same."""
    upload, parts = started(client, [b"1"])
    assert client.list_page(BUCKET, "", ListOptions()).objects == ()
    with pytest.raises(ObjectNotFound):
        read(client, "key")
    with pytest.raises(BucketNotEmpty, match="multipart uploads"):
        client.delete_bucket(BUCKET)
    completed(client, upload, parts)
    assert read(client, "key") == b"1"


WRONG: dict[str, Callable[[list[PartInfo]], Sequence[PartInfo]]] = {
    "no part": lambda parts: [],
    "a part that is missing": lambda parts: [*parts, PartInfo(9, parts[0].etag)],
    "another etag": lambda parts: [replace(parts[0], etag="0" * 32), *parts[1:]],
    "an etag that is none": lambda parts: [replace(parts[0], etag="ö"), *parts[1:]],
    "a small part that is not the last": lambda parts: [parts[0], parts[2], parts[1]],
    "a part twice": lambda parts: [parts[0], parts[0]],
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_parts_that_do_not_fit_are_invalid_and_the_upload_stays(
    client: EmbeddedClient, wrong: Callable[[list[PartInfo]], Sequence[PartInfo]]
) -> None:
    """The old object stays too; the right parts, in any order, complete the upload afterwards."""
    put(client, "key", b"old")
    upload, parts = started(client, [b"1" * LARGE, b"2" * (LARGE - 1), b"3"])
    with pytest.raises(InvalidPart):
        completed(client, upload, wrong(parts))
    assert read(client, "key") == b"old"
    upload_part(client, upload, 2, b"2" * LARGE)
    listed = client.list_parts_page(BUCKET, "key", upload, ListOptions()).parts
    completed(client, upload, listed[::-1])
    assert read(client, "key") == b"1" * LARGE + b"2" * LARGE + b"3"


def test_parts_but_the_last_have_at_least_5_mib() -> None:
    """The limit is S3's."""
    assert MIN_PART_SIZE == 5 * 1024 * 1024


def test_an_upload_that_is_none_is_not_found(client: EmbeddedClient) -> None:
    """Of any shape, of another key, completed or aborted, for each operation."""
    upload, parts = started(client, [b"1"])
    client.abort_multipart_upload(BUCKET, "key", upload)
    alive, _ = started(client, [b"1"], key="other")
    for upload_id in (upload, alive, "", "ö", "x" * 1000):
        for operation in (
            lambda found: upload_part(client, found, 1, b"1"),
            lambda found: client.list_parts_page(BUCKET, "key", found, ListOptions()),
            lambda found: completed(client, found, parts),
            lambda found: client.abort_multipart_upload(BUCKET, "key", found),
        ):
            with pytest.raises(UploadNotFound):
                operation(upload_id)
    with pytest.raises(BucketNotFound):
        client.abort_multipart_upload("missing", "key", upload)


def test_completing_again_is_a_success_while_the_object_is_the_one_it_made(client: EmbeddedClient) -> None:
    """With the same parts; not with others, and not once the object was replaced, by the same content even."""
    upload, parts = started(client, [b"1" * LARGE, b"2"])
    first = completed(client, upload, parts)
    again = completed(client, upload, parts[::-1])
    assert (again.etag, again.size, again.updated_time) == (first.etag, first.size, first.updated_time)
    for others in (parts[:1], [replace(parts[0], etag="no hex"), parts[1]]):
        with pytest.raises(UploadNotFound):
            completed(client, upload, others)
    client.copy_object(BUCKET, "key", BUCKET, "key", CopyOptions(replace=True))
    with pytest.raises(UploadNotFound):
        completed(client, upload, parts)


@pytest.mark.parametrize("same", [True, False])
def test_of_two_that_complete_at_once_one_makes_the_object(disk: LocalClient, tmp_path: Path, same: bool) -> None:
    """The same parts: both are told of it. Other parts: one of them is, to the other the upload is gone."""
    upload, parts = started(disk, [b"1" * LARGE, b"2" * LARGE])
    chosen = [parts, parts if same else parts[:1]]
    together = threading.Barrier(2)

    def complete(number: int) -> object:
        together.wait()
        try:
            return completed(disk, upload, chosen[number]).etag
        except ObjectStoreError as error:
            return type(error)

    with ThreadPoolExecutor(2) as threads:
        outcomes = list(threads.map(complete, range(2)))
    etag = disk.head_object(BUCKET, "key", GetOptions()).etag
    assert outcomes.count(etag) == (2 if same else 1)
    assert same or UploadNotFound in outcomes
    assert files(tmp_path) == {**EMPTY, "content": 1}


def test_a_part_that_is_replaced_while_parts_are_put_together_is_noticed(
    disk: LocalClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The object would have been what nobody asked for: InvalidPart, and the upload stays."""
    upload, parts = started(disk, [b"1" * LARGE, b"2" * LARGE])
    original = multipart.Concatenation

    def meanwhile(*arguments: object) -> object:
        upload_part(disk, upload, 1, b"3" * LARGE)
        return original(*arguments)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(multipart, "Concatenation", meanwhile)
    with pytest.raises(InvalidPart, match="part 1 has ETag"):
        completed(disk, upload, parts)
    assert files(tmp_path) == {**EMPTY, "content": 2}
    with pytest.raises(ObjectNotFound):
        read(disk, "key")


def test_an_upload_that_is_aborted_while_parts_are_put_together_makes_no_object(
    disk: LocalClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """UploadNotFound, and no file is left."""
    upload, parts = started(disk, [b"1" * LARGE, b"2" * LARGE])
    receive = disk._receive_object

    def meanwhile(body: Source, *algorithms: str, needs_md5: bool) -> object:
        disk.abort_multipart_upload(BUCKET, "key", upload)
        return receive(body, *algorithms, needs_md5=needs_md5)

    monkeypatch.setattr(disk, "_receive_object", meanwhile)
    with pytest.raises(UploadNotFound):
        completed(disk, upload, parts)
    assert files(tmp_path) == EMPTY


@pytest.mark.parametrize("damage", ["flipped", "shorter", "gone"])
def test_a_part_that_was_damaged_on_the_disk_makes_no_object(disk: LocalClient, tmp_path: Path, damage: str) -> None:
    """IntegrityError that names the part where it can; once it is uploaded again, the upload can be completed."""
    upload, parts = started(disk, [b"1" * LARGE, b"2"])
    (path,) = (tmp_path / "content").glob("*/*")
    if damage == "flipped":
        path.write_bytes(b"0" + path.read_bytes()[1:])
    elif damage == "shorter":
        os.truncate(path, LARGE - 1)
    else:
        path.unlink()
    with pytest.raises(IntegrityError, match=r"part 1 is damaged|of 100000 bytes|is missing"):
        completed(disk, upload, parts)
    upload_part(disk, upload, 1, b"1" * LARGE)
    assert completed(disk, upload, parts).size == LARGE + 1
    assert files(tmp_path) == {**EMPTY, "content": 1}


def test_a_condition_that_does_not_hold_leaves_object_and_upload(client: EmbeddedClient) -> None:
    """If-Match and If-None-Match are those of a PUT; the upload can be completed afterwards."""
    etag = put(client, "key", b"old").etag
    upload, parts = started(client, [b"1" * LARGE, b"2"])
    for options in (CompleteOptions(if_none_match="*"), CompleteOptions(if_match="other")):
        with pytest.raises(PreconditionFailed):
            completed(client, upload, parts, options)
    assert read(client, "key") == b"old"
    assert completed(client, upload, parts, CompleteOptions(if_match=etag)).size == LARGE + 1


def test_a_condition_holds_at_the_commit_too(disk: LocalClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody writes the object while the parts are put together."""
    upload, parts = started(disk, [b"1" * LARGE, b"2"])
    receive = disk._receive_object

    with monkeypatch.context() as patched:

        def meanwhile(body: Source, *algorithms: str, needs_md5: bool) -> object:
            patched.undo()
            put(disk, "key", b"first")
            return receive(body, *algorithms, needs_md5=needs_md5)

        patched.setattr(disk, "_receive_object", meanwhile)
        with pytest.raises(PreconditionFailed):
            completed(disk, upload, parts, CompleteOptions(if_none_match="*"))
    assert read(disk, "key") == b"first"
    assert completed(disk, upload, parts).size == LARGE + 1


def test_digests_of_the_whole_are_compared_and_kept(client: EmbeddedClient) -> None:
    """The algorithm of the upload is computed anew; a wrong one is refused, and the upload stays."""
    data = [b"1" * LARGE, b"2"]
    upload, parts = started(client, data, PutOptions(checksum="sha256"), PartOptions(checksum="sha256"))
    assert [(part.checksums or {})["sha256"] for part in parts] == [hashlib.sha256(each).hexdigest() for each in data]
    with pytest.raises(IntegrityError, match="sha256"):
        completed(client, upload, parts, CompleteOptions(checksums={"sha256": "0" * 64}))
    digest = hashlib.sha256(b"".join(data)).hexdigest()
    made = completed(client, upload, parts, CompleteOptions(checksums={"sha256": digest}))
    assert (made.checksums or {})["sha256"] == digest
    assert client.head_object(BUCKET, "key", GetOptions()).checksums == made.checksums


def test_a_single_part_becomes_the_content_without_a_copy(disk: LocalClient, tmp_path: Path) -> None:
    """The file of the part is that of the object."""
    upload, parts = started(disk, [b"1" * LARGE], PutOptions(checksum="sha256"), PartOptions(checksum="sha256"))
    before = sorted((tmp_path / "content").glob("*/*"))
    made = completed(disk, upload, parts)
    assert sorted((tmp_path / "content").glob("*/*")) == before
    assert (made.checksums or {})["sha256"] == hashlib.sha256(b"1" * LARGE).hexdigest()
    assert read(disk, "key") == b"1" * LARGE


@pytest.mark.parametrize("size", [100, 3 * LARGE])
def test_a_part_is_made_from_a_range_of_an_object(client: EmbeddedClient, size: int) -> None:
    """Of a version too; the source's ETag is checked, and the range lies inside of it."""
    data = os.urandom(size)
    client.enable_versioning(BUCKET)
    source = put(client, "source", data)
    put(client, "source", b"newer")
    upload, _ = started(client, [])
    wanted = CopySource(BUCKET, "source", source.etag, size // 3, size // 3, version=source.version_id)
    part = client.upload_part_copy(BUCKET, "key", upload, 1, wanted, PartOptions())
    expected = data[size // 3 : 2 * (size // 3)]
    assert (part.etag, part.size) == (hashlib.md5(expected).hexdigest(), len(expected))
    with pytest.raises(PreconditionFailed):
        client.upload_part_copy(BUCKET, "key", upload, 2, replace(wanted, etag="other"), PartOptions())
    with pytest.raises(RangeNotSatisfiable):
        client.upload_part_copy(BUCKET, "key", upload, 2, replace(wanted, length=size), PartOptions())
    completed(client, upload, [part])
    assert read(client, "key") == expected


@pytest.mark.parametrize("limit", [1, 2, 1000])
def test_pages_of_parts_and_uploads_hold_each_once_in_order(client: EmbeddedClient, limit: int) -> None:
    """Parts by number, uploads by key and then by age, though they came otherwise; only those of the prefix."""
    upload, _ = started(client, [])
    for number in (10_000, 1, 20, 3):
        upload_part(client, upload, number, b"%d" % number)
    parts, cursor = [], None
    while True:
        page = client.list_parts_page(BUCKET, "key", upload, ListOptions(limit=limit, cursor=cursor))
        parts += page.parts
        if (cursor := page.cursor) is None:
            break
    assert [(part.part_number, part.size) for part in parts] == [(1, 1), (3, 1), (20, 2), (10_000, 5)]
    others = [started(client, [], key=key)[0] for key in ("key/b", "key/a", "key/b", "other")]
    found, cursor = [], None
    while True:
        listed = client.list_uploads_page(BUCKET, "key", ListOptions(limit=limit, cursor=cursor))
        found += [(each.key, each.upload_id) for each in listed.uploads]
        assert all(each.initiated_time is not None for each in listed.uploads)
        if (cursor := listed.cursor) is None:
            break
    assert found == [("key", upload), ("key/a", others[1]), ("key/b", others[0]), ("key/b", others[2])]


@pytest.mark.parametrize("cursor", ["x", "", "-1", "1.5", "\u0661", "1" * 30])
def test_cursors_that_are_none_are_refused(client: EmbeddedClient, cursor: str) -> None:
    """Of parts and of uploads: InvalidArgument."""
    upload, _ = started(client, [])
    with pytest.raises(InvalidArgument, match="cursor"):
        client.list_parts_page(BUCKET, "key", upload, ListOptions(cursor=cursor))
    with pytest.raises(InvalidArgument, match="cursor"):
        client.list_uploads_page(BUCKET, "", ListOptions(cursor=cursor))


def test_an_upload_into_a_bucket_with_versions_makes_one(client: EmbeddedClient) -> None:
    """What was there stays as a version."""
    client.enable_versioning(BUCKET)
    old = put(client, "key", b"old").version_id
    upload, parts = started(client, [b"new"])
    made = completed(client, upload, parts)
    assert made.version_id not in (None, old)
    assert client.get_object(BUCKET, "key", GetOptions(version=old)).read() == b"old"
    assert read(client, "key") == b"new"


def completed(
    client: EmbeddedClient, upload: str, parts: Sequence[PartInfo], options: CompleteOptions | None = None
) -> ObjectMetadata:
    """Complete the upload of the tests' key."""
    return client.complete_multipart_upload(BUCKET, "key", upload, parts, options or CompleteOptions())


def rows(client: LocalClient, table: str) -> int:
    """Return how many rows a table has."""
    with client._database.read() as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

"""The embedded store after kill -9 inside of operations of several steps: the old state or the new, no file more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from data_store.object_store.adapters.embedded import uploads
from data_store.object_store.adapters.embedded.client import LocalClient
from data_store.object_store.errors import ObjectNotFound
from data_store.object_store.models import BucketOptions, CompleteOptions, DeleteOptions, GetOptions, ListOptions
from tests.unit.embedded_support import BUCKET, LARGE, age, killed, local, put, read, started

# Dies in the call of that number of a method; before it, or just after it where the name says so.
DIE = """
from data_store.object_store.adapters.embedded import changes, content, digests, receiving, uploads
from data_store.object_store.models import CompleteOptions, CopyOptions, ObjectIdentifier, PartOptions
uploads.MIN_PART_SIZE = LARGE
root, where, call, upload = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
module, owner, method = where.split(".")
target = getattr(globals()[module], owner)
original = getattr(target, method)
def dying(*arguments, **options):
    global call
    call -= 1
    if call == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return original(*arguments, **options)
client = local(root, 'full')
setattr(target, method, dying)
"""
COMPLETE = (
    DIE
    + """
parts = client.list_parts_page(BUCKET, 'key', upload, ListOptions()).parts
client.complete_multipart_upload(BUCKET, 'key', upload, parts, CompleteOptions())
"""
)
PART = DIE + "client.upload_part(BUCKET, 'key', upload, 1, Source(io.BytesIO(b'3' * LARGE), LARGE), PartOptions())"
ABORT = DIE + "client.abort_multipart_upload(BUCKET, 'key', upload)"
COPY = DIE + "client.copy_object(BUCKET, 'other', BUCKET, 'key', CopyOptions())"
BULK = DIE + "client.delete_objects(BUCKET, [ObjectIdentifier('key'), ObjectIdentifier('other')])"
REVEAL = DIE + "client.delete_object(BUCKET, 'key', DeleteOptions(version=sys.argv[5]))"

OLD, NEW, OTHER = b"old" * LARGE, b"1" * LARGE + b"2" * LARGE, b"other" * LARGE


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A store with two large objects and an upload of two parts, nobody using it."""
    monkeypatch.setattr(uploads, "MIN_PART_SIZE", LARGE)
    client = local(tmp_path)
    client.create_bucket(BUCKET, BucketOptions())
    put(client, "key", OLD)
    put(client, "other", OTHER)
    started(client, [b"1" * LARGE, b"2" * LARGE])
    client.close()
    return tmp_path


@pytest.mark.parametrize(
    ("where", "call", "done"),
    [
        ("digests.Digests.update", 2, False),
        ("content.FileContents.publish", 1, False),
        ("content.FileContents.hold", 1, False),
        ("changes.Changes.write", 1, False),
        ("changes.Changes.abort", 1, False),
        ("content.FileContents.doubt", 1, False),
        ("content.FileContents.settle", 1, True),
        ("content.FileContents.settle", 2, True),
        ("content.FileContents.settle", 4, True),
    ],
)
def test_completing_that_is_killed_leaves_the_upload_or_the_object(
    root: Path, where: str, call: int, done: bool
) -> None:
    """If it was not done the upload is completed afterwards; if it was, completing again is a success."""
    upload = upload_id(root)
    killed(COMPLETE, root, where, call, upload)
    client = recovered(root)
    assert read(client, "key") == (NEW if done else OLD)
    parts = () if done else client.list_parts_page(BUCKET, "key", upload, ListOptions()).parts
    assert len(parts) == (0 if done else 2)
    assert bool(client.list_uploads_page(BUCKET, "", ListOptions()).uploads) is not done
    if not done:
        client.complete_multipart_upload(BUCKET, "key", upload, parts, CompleteOptions())
        assert read(client, "key") == NEW
    client.close()


@pytest.mark.parametrize(
    ("where", "call", "done"),
    [
        ("content.FileContents.publish", 1, False),
        ("content.FileContents.hold", 1, False),
        ("changes.Changes.drop", 1, False),
        ("content.FileContents.settle", 1, True),
        ("content.FileContents.settle", 2, True),
    ],
)
def test_a_part_whose_upload_is_killed_is_the_old_one_or_the_new_one(
    root: Path, where: str, call: int, done: bool
) -> None:
    """The upload goes on with what is listed."""
    upload = upload_id(root)
    killed(PART, root, where, call, upload)
    client = recovered(root)
    parts = client.list_parts_page(BUCKET, "key", upload, ListOptions()).parts
    client.complete_multipart_upload(BUCKET, "key", upload, parts, CompleteOptions())
    assert read(client, "key") == (b"3" if done else b"1") * LARGE + b"2" * LARGE
    client.close()


@pytest.mark.parametrize(
    ("where", "call", "done"),
    [
        ("changes.Changes.abort", 1, False),
        ("content.FileContents.doubt", 1, False),
        ("content.FileContents.settle", 1, True),
        ("content.FileContents.settle", 2, True),
    ],
)
def test_aborting_that_is_killed_leaves_the_upload_or_nothing_of_it(
    root: Path, where: str, call: int, done: bool
) -> None:
    """The files of its parts go with it."""
    killed(ABORT, root, where, call, upload_id(root))
    client = recovered(root)
    assert len(client.list_uploads_page(BUCKET, "", ListOptions()).uploads) == (0 if done else 1)
    assert len(list((root / "content").glob("*/*"))) == (2 if done else 4)
    client.close()


@pytest.mark.parametrize(
    ("where", "call", "done"),
    [
        ("changes.Changes.share", 1, False),
        ("changes.Changes.write", 1, False),
        ("changes.Changes.drop", 1, False),
        ("content.FileContents.settle", 1, True),
    ],
)
def test_a_copy_that_is_killed_leaves_the_old_object_or_the_copy(root: Path, where: str, call: int, done: bool) -> None:
    """The source is whole in any case."""
    killed(COPY, root, where, call, "")
    client = recovered(root)
    assert read(client, "key") == (OTHER if done else OLD)
    assert read(client, "other") == OTHER
    client.close()


@pytest.mark.parametrize(
    ("where", "call", "done"),
    [
        ("changes.Changes.delete", 2, False),
        ("content.FileContents.doubt", 1, False),
        ("content.FileContents.settle", 1, True),
        ("content.FileContents.settle", 2, True),
    ],
)
def test_deleting_several_that_is_killed_deletes_all_or_none(root: Path, where: str, call: int, done: bool) -> None:
    """They are one transaction."""
    killed(BULK, root, where, call, "")
    client = recovered(root)
    for key, content in (("key", OLD), ("other", OTHER)):
        if done:
            with pytest.raises(ObjectNotFound):
                read(client, key)
        else:
            assert read(client, key) == content
    client.close()


@pytest.mark.parametrize(
    ("where", "call", "done"),
    [
        ("changes.Changes.drop", 1, False),
        ("changes.Changes._reveal", 1, False),
        ("content.FileContents.settle", 1, True),
    ],
)
def test_deleting_the_latest_version_that_is_killed_leaves_it_or_the_one_before(
    root: Path, where: str, call: int, done: bool
) -> None:
    """There is a current object at any time."""
    client = local(root)
    client.enable_versioning(BUCKET)
    latest = put(client, "key", NEW).version_id
    client.close()
    killed(REVEAL, root, where, call, "", latest)
    again = recovered(root)
    assert read(again, "key") == (OLD if done else NEW)
    assert again.get_object(BUCKET, "key", GetOptions(version="null")).read() == OLD
    again.delete_object(BUCKET, "key", DeleteOptions(version=latest))
    assert read(again, "key") == OLD
    again.close()


def upload_id(root: Path) -> str:
    """Return the id of the upload that is under way."""
    client = local(root)
    (found,) = client.list_uploads_page(BUCKET, "", ListOptions()).uploads
    client.close()
    return found.upload_id


def recovered(root: Path) -> LocalClient:
    """Open the store once the grace time is over; its files are those that the database names."""
    age(root)
    client = local(root)
    with client._database.read() as connection:
        named = {file for (file,) in connection.execute("SELECT file FROM contents WHERE file IS NOT NULL")}
        refs = connection.execute(
            """SELECT contents.id, refs, (SELECT count(*) FROM current_objects WHERE content = contents.id)
                + (SELECT count(*) FROM versions WHERE content = contents.id)
                + (SELECT count(*) FROM parts WHERE content = contents.id) FROM contents"""
        ).fetchall()
    assert {path.name for path in (root / "content").glob("*/*")} == named
    assert not [*(root / "temp").iterdir(), *(root / "pending").iterdir()]
    assert all(counted == found for _, counted, found in refs)
    return client

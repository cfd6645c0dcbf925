"""ETags and digests of the embedded store: MD5 as S3 has it, a faster digest beside it, and in its place when large."""

from __future__ import annotations

import hashlib
import io
import os
import re
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import google_crc32c
import pytest

from data_store.object_store import ObjectStore
from data_store.object_store.adapters.embedded import storage
from data_store.object_store.adapters.embedded.content import FileContents
from data_store.object_store.adapters.embedded.digests import BLOCK, FAST, Digests
from data_store.object_store.errors import IntegrityError
from data_store.object_store.files import FileRange
from data_store.object_store.sources import Data
from tests.unit.embedded_support import ON_XFS, can_mount_xfs, files, finish, start

LIMIT = 5 * 1024 * 1024
LARGE = os.urandom(LIMIT + 12_345)


@pytest.fixture(params=["local", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ObjectStore]:
    """A store that would send more than 5 MiB to a server in parts."""
    connection = {"root": tmp_path} if request.param == "local" else {"name": str(tmp_path)}
    transfer = {"multipart_threshold": LIMIT}
    config = {"framework": request.param, "root_bucket": "bucket", "connection": connection, "transfer": transfer}
    with ObjectStore(config) as made:
        yield made


def crc32c(data: bytes) -> str:
    """Return a CRC-32C as it is reported."""
    return f"{google_crc32c.value(data):08x}"


def etag(data: bytes, *cuts: int) -> str:
    """Return the ETag of content that comes in pieces, cut at these places."""
    found = Digests([FAST], 0)
    for start_, end in zip((0, *cuts), (*cuts, len(data)), strict=True):
        found.update(data[start_:end])
    return found.etag


@pytest.mark.parametrize("form", ["bytes", "stream", "unknown"])
def test_up_to_the_size_that_goes_in_parts_the_etag_is_the_md5(store: ObjectStore, form: str) -> None:
    """And one byte more gets an ETag that no client takes for an MD5, from whatever the content came."""
    for data, has_md5 in ((LARGE[:LIMIT], True), (LARGE[: LIMIT + 1], False)):
        bodies: dict[str, Data] = {
            "bytes": data,
            "stream": io.BytesIO(data),
            "unknown": iter([data[:100], data[100:]]),
        }
        done = store.put_object(bodies[form], "key")
        md5 = hashlib.md5(data).hexdigest()
        assert (done.etag == md5) is has_md5
        assert has_md5 or re.fullmatch(r"[0-9a-f]{32}-1", done.etag or "")
        assert done.checksums == ({"md5": md5} if has_md5 else {}) | {"crc32c": crc32c(data)}
        assert store.head_object("key").checksums == done.checksums
        assert store.read_object("key") == data


def test_the_same_content_has_the_same_etag_and_other_content_another(store: ObjectStore, tmp_path: Path) -> None:
    """However it came: as a file, as bytes, as a stream, as a copy."""
    path = tmp_path / "file"
    path.write_bytes(LARGE)
    found = {
        store.upload_file(path, "file").etag,
        store.put_object(LARGE, "bytes").etag,
        store.put_object(iter([LARGE[:7], LARGE[7:]]), "stream").etag,
        store.copy_object("file", "copy").etag,
    }
    assert len(found) == 1
    for other in (LARGE[:-1], LARGE + b"\0", b"\0" + LARGE[1:]):
        assert store.put_object(other, "other").etag not in found


@pytest.mark.parametrize(
    "cuts", [(1,), (BLOCK,), (BLOCK - 1, BLOCK + 1), (BLOCK, 2 * BLOCK, 3 * BLOCK), (3 * BLOCK + 5,)]
)
def test_an_etag_does_not_depend_on_how_the_content_is_cut(cuts: tuple[int, ...]) -> None:
    """Into pieces shorter or longer than the blocks it is made from."""
    assert etag(LARGE, *cuts) == etag(LARGE)


def test_large_content_with_a_content_md5_keeps_its_md5(store: ObjectStore) -> None:
    """It has to be computed in any case, and another one is refused."""
    md5 = hashlib.md5(LARGE)
    found = store.put_object(LARGE, "key", content_md5=b64encode(md5.digest()).decode())
    assert found.etag == md5.hexdigest()
    with pytest.raises(IntegrityError):
        store.put_object(LARGE + b"\0", "key", content_md5=b64encode(md5.digest()).decode())


def test_large_content_with_another_checksum_keeps_its_md5(store: ObjectStore) -> None:
    """Its reads are verified by the digest that was asked for."""
    done = store.put_object(LARGE, "key", checksum="sha256")
    expected = {"md5": hashlib.md5(LARGE).hexdigest(), "sha256": hashlib.sha256(LARGE).hexdigest()}
    assert (done.checksums, done.etag) == (expected, expected["md5"])


def test_without_the_fast_library_all_content_has_its_md5(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is missing then but speed."""
    monkeypatch.setattr(storage, "has_fast", lambda: False)
    md5 = hashlib.md5(LARGE).hexdigest()
    done = store.put_object(LARGE, "key")
    assert (done.etag, done.checksums) == (md5, {"md5": md5})
    assert store.read_object("key") == LARGE


@pytest.fixture
def cloning(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have files be cloned, as Btrfs and XFS do it, on any file system."""

    def clone(_: FileContents, source: FileRange, temporary: io.FileIO) -> bool:
        temporary.write(os.pread(source.fd, source.size, source.offset))
        return True

    monkeypatch.setattr(FileContents, "clone", clone)


@pytest.mark.usefixtures("cloning")
@pytest.mark.parametrize("size", [LIMIT - 1, len(LARGE)])
def test_a_file_that_is_cloned_is_digested_and_its_progress_told(tmp_path: Path, size: int) -> None:
    """As one that is copied."""
    path, root, told = tmp_path / "file", tmp_path / "store", list[int]()
    path.write_bytes(LARGE[:size])
    config = {"framework": "local", "root_bucket": "bucket", "connection": {"root": root}}
    with ObjectStore(config) as store:
        done = store.upload_file(path, "key", progress=lambda at, _: told.append(at))
        assert store.read_object("key") == LARGE[:size]
    assert done.checksums == {"md5": hashlib.md5(LARGE[:size]).hexdigest(), "crc32c": crc32c(LARGE[:size])}
    assert (told, told[-1]) == (sorted(set(told)), size)


@pytest.mark.usefixtures("cloning")
def test_a_file_that_changes_while_it_is_cloned_is_not_stored(tmp_path: Path) -> None:
    """IntegrityError, and nothing is left."""
    path, root = tmp_path / "file", tmp_path / "store"
    path.write_bytes(LARGE)

    def change(_: int, __: int | None) -> None:
        os.utime(path, (1, 1))

    with ObjectStore({"framework": "local", "root_bucket": "bucket", "connection": {"root": root}}) as store:
        with pytest.raises(IntegrityError, match="changed"):
            store.upload_file(path, "key", progress=change)
        assert not store.exists("key")
    assert files(root) == {"content": 0, "temp": 0, "pending": 0}


@pytest.mark.skipif(not can_mount_xfs(), reason="cannot mount an XFS, in a namespace of its own, on this machine")
def test_a_file_on_a_file_system_with_reflinks_takes_no_room_twice(tmp_path: Path) -> None:
    """64 MiB are uploaded, and there is as much room as before."""
    directory = tmp_path / "mnt"
    directory.mkdir()
    script = """
from data_store.object_store import ObjectStore
root = Path(sys.argv[1])
def free():
    os.sync()
    found = os.statvfs(root)
    return found.f_bavail * found.f_frsize
(root / 'file').write_bytes(os.urandom(64 << 20) + b'end')
store = ObjectStore({'framework': 'local', 'root_bucket': 'bucket', 'connection': {'root': root / 'store'}})
before = free()
store.upload_file(root / 'file', 'key')
print(before - free() < 8 << 20, store.read_object('key') == (root / 'file').read_bytes())
"""
    assert finish(start(script, directory, within=[*ON_XFS, str(directory)])) == "True True\n"

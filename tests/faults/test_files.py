"""The caller's own files: Python's own errors, and nothing half-done on either side."""

from __future__ import annotations

import errno
import os
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.checks import assert_hides_secrets, files_in
from tests.faults.disks import can_mount, limited_size, no_permission, read_only_tmpfs, small_tmpfs

CONTENT = random.Random(6).randbytes(2 * 1024**2)
FULL = {"limited size": (limited_size, errno.EFBIG)}
READ_ONLY = {"no permission": (no_permission, errno.EACCES)}
if can_mount():
    FULL["tmpfs"] = (small_tmpfs, errno.ENOSPC)
    READ_ONLY["read-only tmpfs"] = (read_only_tmpfs, errno.EROFS)


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory that others than its owner can reach, which pytest's are not."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


@pytest.mark.parametrize("disk", FULL)
def test_a_full_disk_ends_a_download_and_keeps_no_part(disk, store, bucket, directory):
    """The operating system's error, with the file's name; the old file stays and the temporary one goes."""
    full, number = FULL[disk]
    bucket.put("key", CONTENT)
    with full(directory):
        (directory / "file").write_bytes(b"old file")
        with pytest.raises(OSError, match=os.strerror(number)) as raised:
            store.download_file("key", directory / "file")
        assert raised.value.errno == number
        assert str(directory / "file") in str(raised.value)
        assert (directory / "file").read_bytes() == b"old file"
        assert files_in(directory) == ["file"]
    assert_hides_secrets(raised.value)


@pytest.mark.parametrize("disk", READ_ONLY)
def test_a_read_only_disk_ends_a_download(disk, store, bucket, directory):
    """The operating system's error, and the store can be used afterwards."""
    read_only, number = READ_ONLY[disk]
    bucket.put("key", CONTENT)
    store.head_object("key")
    with read_only(directory):
        with pytest.raises(OSError, match=os.strerror(number)) as raised:
            store.download_file("key", directory / "file")
        assert raised.value.errno == number
        assert str(directory) in str(raised.value)
        assert files_in(directory) == []
    assert store.read_object("key") == CONTENT


@pytest.mark.parametrize("disk", READ_ONLY)
def test_a_target_directory_that_cannot_be_made_ends_a_download(disk, store, bucket, directory):
    """Missing parents are made where that is possible, and it is said where not."""
    read_only, number = READ_ONLY[disk]
    bucket.put("key", CONTENT)
    store.head_object("key")
    with read_only(directory):
        with pytest.raises(OSError, match=os.strerror(number)) as raised:
            store.download_file("key", directory / "a" / "b" / "file")
        assert raised.value.errno == number
        assert not (directory / "a").exists()


@pytest.mark.parametrize("target", ["file/target", "file/a/target"])
def test_a_file_where_a_directory_should_be_ends_a_download(target, store, bucket, tmp_path):
    """A parent is a file: an OSError that names it, and the file stays."""
    bucket.put("key", CONTENT)
    (tmp_path / "file").write_bytes(b"no directory")
    with pytest.raises((NotADirectoryError, FileExistsError)) as raised:
        store.download_file("key", tmp_path / target)
    assert str(tmp_path / "file") in str(raised.value)
    assert files_in(tmp_path) == ["file"]
    assert (tmp_path / "file").read_bytes() == b"no directory"


def test_a_directory_as_target_is_refused(store, bucket, tmp_path):
    """IsADirectoryError with its name, and nothing is written into it."""
    bucket.put("key", CONTENT)
    with pytest.raises(IsADirectoryError) as raised:
        store.download_file("key", tmp_path)
    assert str(tmp_path) in str(raised.value)
    assert files_in(tmp_path) == []


def test_an_unreadable_source_file_is_a_permission_error(store, wire, bucket, directory):
    """Nothing is sent."""
    (directory / "file").write_bytes(CONTENT)
    store.ping()
    wire.forget()
    with no_permission(directory / "file"), pytest.raises(PermissionError) as raised:
        store.upload_file(directory / "file", "key")
    assert str(directory / "file") in str(raised.value)
    assert wire.requests == []
    assert bucket.keys() == []


@pytest.mark.parametrize(("name", "kind"), [("missing", FileNotFoundError), (".", IsADirectoryError)])
def test_a_source_that_is_no_file_is_what_python_says(name, kind, store, wire, tmp_path):
    """A missing file and a directory: nothing is sent."""
    with pytest.raises(kind) as raised:
        store.upload_file(tmp_path / name, "key")
    assert str(tmp_path / name) in str(raised.value)
    assert wire.requests == []

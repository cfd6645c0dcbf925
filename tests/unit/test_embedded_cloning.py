"""Files that share their blocks where the file system can do that, and are copied where it cannot."""

from __future__ import annotations

import errno
import fcntl
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from data_store.object_store import ObjectStore
from data_store.object_store.adapters.embedded.cloning import clone
from data_store.object_store.files import FileRange
from tests.unit.embedded_support import ON_XFS, can_mount_xfs, files, finish, start

BLOCK = 4096
CONTENT = os.urandom(25 * BLOCK + 100)


class Pair:
    """A file with the content, and an empty one; in memory, which is no file system that can clone."""

    def __init__(self) -> None:
        self.source, self.target = os.memfd_create("source"), os.memfd_create("target")
        os.write(self.source, CONTENT)

    @property
    def found(self) -> bytes:
        """What is in the target."""
        return os.pread(self.target, 2 * len(CONTENT), 0)

    def close(self) -> None:
        """Close both."""
        os.close(self.source)
        os.close(self.target)


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Two files."""
    made = Pair()
    yield made
    made.close()


@pytest.mark.parametrize(("offset", "size"), [(0, len(CONTENT)), (BLOCK, BLOCK), (7, 5)])
def test_where_files_cannot_share_blocks_nothing_happens(pair: Pair, offset: int, size: int) -> None:
    """Both are as they were, where they stood; it is no error."""
    assert clone(FileRange(pair.source, offset, size), pair.target) is False
    assert pair.found == b""
    assert os.lseek(pair.target, 0, os.SEEK_CUR) == 0
    assert os.pread(pair.source, len(CONTENT) + 1, 0) == CONTENT


def test_between_two_file_systems_nothing_is_shared(pair: Pair, tmp_path: Path) -> None:
    """A block belongs to one of them."""
    with (tmp_path / "target").open("wb") as target:
        assert clone(FileRange(pair.source, 0, len(CONTENT)), target.fileno()) is False
    assert (tmp_path / "target").read_bytes() == b""


def test_what_is_no_file_is_not_cloned(pair: Pair) -> None:
    """A pipe, say, or one that is closed."""
    reading, writing = os.pipe()
    assert clone(FileRange(reading, 0, 1), pair.target) is False
    os.close(reading)
    os.close(writing)
    assert clone(FileRange(reading, 0, 1), pair.target) is False
    assert pair.found == b""


def test_other_systems_are_not_asked(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """There the same number may be another request."""

    def refuse(*_given: object) -> None:
        raise AssertionError

    monkeypatch.setattr(fcntl, "ioctl", refuse)
    monkeypatch.setattr(sys, "platform", "darwin")
    assert clone(FileRange(pair.source, 0, len(CONTENT)), pair.target) is False


@pytest.mark.parametrize(
    "number", [errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL, errno.ENOTTY, errno.EPERM, errno.ETXTBSY, errno.EBADF]
)
def test_a_file_that_cannot_be_cloned_is_stored_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Whatever the reason is (ioctl_ficlonerange(2)): it is read and written, and nothing else is left."""
    asked: list[int] = []

    def refuse(fd: int, *_given: object) -> None:
        asked.append(fd)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "ioctl", refuse)
    (tmp_path / "file").write_bytes(CONTENT)
    config = {"framework": "local", "root_bucket": "bucket", "connection": {"root": tmp_path / "store"}}
    with ObjectStore(config) as store:
        store.upload_file(tmp_path / "file", "key")
        assert store.read_object("key") == CONTENT
    assert len(asked) == 1
    assert files(tmp_path / "store") == {"content": 1, "temp": 0, "pending": 0}


@pytest.mark.skipif(not can_mount_xfs(), reason="cannot mount an XFS, in a namespace of its own, on this machine")
def test_a_range_of_a_file_is_cloned_where_it_has_whole_blocks(tmp_path: Path) -> None:
    """Or ends where the file does; another is refused, and the target empty. A change of one is none of the other."""
    directory = tmp_path / "mnt"
    directory.mkdir()
    script = """
from data_store.object_store.adapters.embedded.cloning import clone
from data_store.object_store.files import FileRange
root, content = Path(sys.argv[1]), os.urandom(25 * 4096 + 100)
(root / 'source').write_bytes(content)
source = os.open(root / 'source', os.O_RDWR)
whole = [(0, len(content)), (4096, 8192), (8192, len(content) - 8192)]
for number, (offset, size) in enumerate([*whole, (0, 5), (7, 4096)]):
    target = os.open(root / str(number), os.O_RDWR | os.O_CREAT)
    done = clone(FileRange(source, offset, size), target)
    os.pwrite(source, b'!', offset)
    found = os.pread(target, 2 * len(content), 0)
    os.pwrite(source, content[offset:offset + 1], offset)
    print(done, found == (content[offset:offset + size] if done else b''))
"""
    told = finish(start(script, directory, within=[*ON_XFS, str(directory)]))
    assert told.splitlines() == ["True True"] * 3 + ["False True"] * 2

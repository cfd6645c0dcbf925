"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from data_store.object_store import files
from data_store.object_store.errors import InvalidArgument
from data_store.object_store.files import AtomicFile
from tests.unit.interrupts import interrupted_everywhere


def _written(target: Path, content: bytes = b"new") -> None:
    atomic = AtomicFile(target)
    with atomic as file:
        file.write(content)
        atomic.commit()


def test_a_committed_file_is_there_alone(tmp_path: Path) -> None:
    """Nothing else lies beside it."""
    _written(tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_file_is_replaced_in_one_step(tmp_path: Path) -> None:
    """Who has the old file open goes on reading it."""
    target = tmp_path / "file"
    target.write_bytes(b"old")
    with target.open("rb") as reader:
        _written(target)
        assert reader.read() == b"old"
    assert target.read_bytes() == b"new"


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt])
def test_a_block_that_fails_leaves_everything_as_it_was(tmp_path: Path, failure: type[BaseException]) -> None:
    """The old content stays, and no temporary file."""
    target = tmp_path / "file"
    target.write_bytes(b"old")

    def write() -> None:
        with AtomicFile(target) as file:
            file.write(b"new")
            raise failure

    with pytest.raises(failure):
        write()
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # a file that is interrupted while it is opened closes itself
@pytest.mark.parametrize("is_committed", [True, False])
def test_an_interrupt_leaves_nothing_beside_the_target(tmp_path: Path, is_committed: bool) -> None:
    """Wherever it comes: while the file is made, in the block, and while the block is left."""
    target = tmp_path / "file"

    def write() -> None:
        atomic = AtomicFile(target)
        with atomic as file:
            file.write(b"new")
            if is_committed:
                atomic.commit()

    assert interrupted_everywhere(write) > 20
    assert [path.name for path in tmp_path.iterdir()] == ["file"] * is_committed


def test_without_a_commit_nothing_appears(tmp_path: Path) -> None:
    """Leaving the block is not enough."""
    with AtomicFile(tmp_path / "file") as file:
        file.write(b"new")
    assert list(tmp_path.iterdir()) == []


def test_the_target_is_untouched_until_the_commit(tmp_path: Path) -> None:
    """Others never see a part of it."""
    with AtomicFile(tmp_path / "file") as file:
        file.write(b"new")
        file.flush()
        assert not (tmp_path / "file").exists()


def test_missing_parents_are_made(tmp_path: Path) -> None:
    """The whole path."""
    _written(tmp_path / "a" / "b" / "file")
    assert (tmp_path / "a" / "b" / "file").read_bytes() == b"new"


def test_parents_are_not_made_before_the_block(tmp_path: Path) -> None:
    """A download that is refused leaves no directories."""
    AtomicFile(tmp_path / "a" / "file")
    assert list(tmp_path.iterdir()) == []


def test_a_directory_is_refused(tmp_path: Path) -> None:
    """As ``open()`` refuses it."""
    with pytest.raises(IsADirectoryError):
        AtomicFile(tmp_path)


def test_a_pipe_and_a_device_are_refused(tmp_path: Path) -> None:
    """A rename would replace them."""
    os.mkfifo(tmp_path / "pipe")
    for target in (tmp_path / "pipe", Path("/dev/null")):
        with pytest.raises(InvalidArgument, match="regular file"):
            AtomicFile(target)
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_a_parent_that_is_a_file_is_an_os_error(tmp_path: Path) -> None:
    """The caller's own tree is the caller's to mend."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OSError, match="file"), AtomicFile(tmp_path / "file" / "below"):
        pass


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_the_mode_follows_the_umask(tmp_path: Path, mask: int) -> None:
    """As any other new file's."""
    before = os.umask(mask)
    try:
        _written(tmp_path / "file")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o666 & ~mask


def test_a_name_of_full_length_works(tmp_path: Path) -> None:
    """The temporary name does not grow with the target's."""
    _written(tmp_path / ("n" * 255))
    assert (tmp_path / ("n" * 255)).read_bytes() == b"new"


def test_a_commit_outside_the_block_is_an_error(tmp_path: Path) -> None:
    """There is no file to commit."""
    with pytest.raises(ValueError, match="not open"):
        AtomicFile(tmp_path / "file").commit()


def test_a_symbolic_link_to_a_directory_is_refused(tmp_path: Path) -> None:
    """It is a directory to whoever uses it."""
    (tmp_path / "dir").mkdir()
    (tmp_path / "link").symlink_to("dir")
    with pytest.raises(IsADirectoryError):
        AtomicFile(tmp_path / "link")


def test_a_target_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    """What only its owner could read stays so."""
    target = tmp_path / "target"
    target.write_bytes(b"old")
    target.chmod(0o600)
    writing = AtomicFile(target)
    with writing as file:
        file.write(b"new")
        writing.commit()
    assert (target.read_bytes(), target.stat().st_mode & 0o777) == (b"new", 0o600)


def test_a_link_is_followed(tmp_path: Path) -> None:
    """As open() does: the file it names is written, and the link stays."""
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_bytes(b"old")
    link.symlink_to(real)
    writing = AtomicFile(link)
    with writing as file:
        file.write(b"new")
        writing.commit()
    assert link.is_symlink()
    assert real.read_bytes() == b"new"


@pytest.mark.parametrize("has_pwrite", [True, False])
def test_chunks_are_written_where_they_belong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_pwrite: bool
) -> None:
    """In any order, with what the system has."""
    if not has_pwrite:
        monkeypatch.setattr(files, "_pwrite", None)
    writing = AtomicFile(tmp_path / "file")
    with writing as file:
        for offset, chunk in ((6, b"last"), (0, b"fir"), (3, memoryview(b"mid"))):
            file.write_at(offset, chunk)
        writing.commit()
    assert (tmp_path / "file").read_bytes() == b"firmidlast"


def test_a_chunk_is_written_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However little the system takes at once."""
    monkeypatch.setattr(files, "_pwrite", lambda fd, chunk, offset: os.pwrite(fd, chunk[:2], offset))
    writing = AtomicFile(tmp_path / "file")
    with writing as file:
        file.write_at(1, b"12345")
        file.write_at(0, b"0")
        writing.commit()
    assert (tmp_path / "file").read_bytes() == b"012345"


def test_an_error_of_writing_names_the_target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The temporary file is nobody's business."""

    def full(_fd: int, _chunk: memoryview, _offset: int) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files, "_pwrite", full)
    with pytest.raises(OSError, match="No space") as caught, AtomicFile(tmp_path / "file") as file:
        file.write_at(0, b"content")
    assert caught.value.filename == str(tmp_path / "file")


@pytest.mark.parametrize("number", [errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.ENODEV])
def test_a_file_system_that_sets_nothing_aside_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """It only costs more to write then."""
    asked: list[tuple[int, int]] = []

    def refuse(_fd: int, offset: int, size: int) -> None:
        asked.append((offset, size))
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(files, "_fallocate", refuse)
    writing = AtomicFile(tmp_path / "file")
    with writing as file:
        file.reserve(7)
        file.write_at(0, b"content")
        writing.commit()
    assert (tmp_path / "file").read_bytes() == b"content"
    assert asked == [(0, 7)]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EIO])
def test_a_full_disk_is_found_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """The error names the target, and nothing is left."""

    def refuse(_fd: int, _offset: int, _size: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(files, "_fallocate", refuse)
    with pytest.raises(OSError, match=r".") as caught, AtomicFile(tmp_path / "file") as file:
        file.reserve(7)
    assert (caught.value.errno, caught.value.filename) == (number, str(tmp_path / "file"))
    assert list(tmp_path.iterdir()) == []


def test_what_is_set_aside_is_there(tmp_path: Path) -> None:
    """And is the file's size at once; nothing is nothing, which the system would refuse."""
    with AtomicFile(tmp_path / "file") as file:
        file.reserve(0)
        assert os.fstat(file.fileno()).st_size == 0
        file.reserve(10_000)
        assert os.fstat(file.fileno()).st_size == 10_000


def test_where_the_system_has_no_such_call_nothing_is_set_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On macOS and Windows."""
    monkeypatch.setattr(files, "_fallocate", None)
    with AtomicFile(tmp_path / "file") as file:
        file.reserve(10_000)
        assert os.fstat(file.fileno()).st_size == 0

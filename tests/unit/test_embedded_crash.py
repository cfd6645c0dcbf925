"""The embedded store after kill -9, at every step of a PUT and of a DELETE."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from data_store.object_store.adapters.embedded.content import FileContents
from data_store.object_store.body import Source
from data_store.object_store.errors import ObjectNotFound, TimedOut
from data_store.object_store.models import BucketOptions, PutOptions
from tests.unit.embedded_support import BUCKET, LARGE, age, files, finish, killed, local, put, read, start

# The class and the method in whose first call the process dies, and whether the change had been committed.
STEPS = {
    "before_the_file_is_synced": ("content.FileContents.publish", False),
    "before_the_rename": ("content.FileContents._mark", False),
    "after_the_rename_before_the_commit": ("content.FileContents.hold", False),
    "inside_the_transaction": ("changes.Changes.write", False),
    "after_the_commit": ("content.FileContents.settle", True),
}

DIE_IN = """
from data_store.object_store.adapters.embedded import changes, content
module, owner, method = sys.argv[2].split(".")
setattr(getattr(globals()[module], owner), method, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
"""
PUT = DIE_IN + "put(local(Path(sys.argv[1]), 'full'), 'key', b'new' * LARGE)"
DELETE = DIE_IN + "local(Path(sys.argv[1]), 'full').delete_object(BUCKET, 'key', DeleteOptions())"
DIE_IN_THE_BODY = """
class Body(io.BytesIO):
    def read(self, size=-1):
        if self.tell() > LARGE:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().read(size)
from data_store.object_store.adapters.embedded import receiving
receiving._CHUNK = LARGE
local(Path(sys.argv[1]), 'full').put_object(BUCKET, 'key', Source(Body(bytes(5 * LARGE)), 5 * LARGE), PutOptions())
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A store with one large object, nobody using it."""
    client = local(tmp_path)
    client.create_bucket(BUCKET, BucketOptions())
    put(client, "key", b"old" * LARGE)
    client.close()
    return tmp_path


@pytest.mark.parametrize(("step", "committed"), STEPS.values(), ids=STEPS)
def test_a_put_that_is_killed_leaves_the_old_object_or_the_new_one(root: Path, step: str, committed: bool) -> None:
    """The object is whole; a start within the grace time removes nothing, one after it all but the content."""
    expected = (b"new" if committed else b"old") * LARGE
    killed(PUT, root, step)
    left = files(root)
    early = local(root)
    assert read(early, "key") == expected
    assert files(root) == left
    early.close()
    age(root)
    late = local(root)
    assert read(late, "key") == expected
    assert files(root) == {"content": 1, "temp": 0, "pending": 0}
    late.close()


def test_a_put_that_is_killed_in_its_body_leaves_one_temporary_file_which_goes(root: Path) -> None:
    """The file that was being written stays until the grace time is over; the old object is there all the time."""
    killed(DIE_IN_THE_BODY, root)
    assert files(root) == {"content": 1, "temp": 1, "pending": 0}
    age(root)
    client = local(root)
    assert read(client, "key") == b"old" * LARGE
    assert files(root) == {"content": 1, "temp": 0, "pending": 0}
    client.close()


def test_content_of_an_object_whose_delete_was_killed_goes(root: Path) -> None:
    """The commit was done, the file is still there: the mark made before the commit leads the next start to it."""
    killed(DELETE, root, "content.FileContents.settle")
    assert files(root) == {"content": 1, "temp": 0, "pending": 1}
    age(root)
    client = local(root)
    with pytest.raises(ObjectNotFound):
        read(client, "key")
    assert files(root) == {"content": 0, "temp": 0, "pending": 0}
    client.close()


def test_a_delete_that_is_killed_before_its_commit_deletes_nothing(root: Path) -> None:
    """The mark of content that is still referenced goes, the content stays."""
    client = local(root)
    client._contents.doubt([path.name for path in (root / "content").glob("*/*")])
    client.close()
    age(root)
    again = local(root)
    assert read(again, "key") == b"old" * LARGE
    assert files(root) == {"content": 1, "temp": 0, "pending": 0}
    again.close()


@pytest.mark.parametrize("order", ["sleep, publish", "publish, sleep"])
def test_a_writer_that_slept_for_longer_than_the_grace_time_fails_and_loses_nothing(
    root: Path, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its file was collected by another start, so it must not commit a row that names it."""
    sleeper = local(root)
    publish = FileContents.publish

    def sleeping(*arguments: Any) -> None:
        steps = {"sleep": lambda: fall_asleep(root), "publish": lambda: publish(*arguments)}
        for step in order.split(", "):
            steps[step]()

    monkeypatch.setattr(FileContents, "publish", sleeping)
    with pytest.raises(TimedOut, match="cleaned"):
        put(sleeper, "key", b"new" * LARGE)
    assert read(sleeper, "key") == b"old" * LARGE
    assert files(root) == {"content": 1, "temp": 0, "pending": 0}
    sleeper.close()


def fall_asleep(root: Path) -> None:
    """Let the grace time pass, and another process start."""
    age(root)
    finish(start("local(Path(sys.argv[1])).ping()", root))


def test_an_interrupt_just_after_the_commit_keeps_the_content(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C between the commit and the end of the call: a row names the file, so it stays."""
    client = local(root)

    def interrupted(*_: object, **__: object) -> None:
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(client._contents, "settle", interrupted)
    with pytest.raises(KeyboardInterrupt):
        put(client, "key", b"new" * LARGE)
    assert read(client, "key") == b"new" * LARGE
    client.close()


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), OSError("unreadable")], ids=repr)
def test_a_body_that_fails_leaves_the_old_object_and_no_file(root: Path, failure: BaseException) -> None:
    """Also Ctrl-C: the temporary file is removed at once, and the caller sees the body's own exception."""

    class Body(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell():
                raise failure
            return super().read(size)

    client = local(root)
    with pytest.raises(type(failure)) as caught:
        client.put_object(BUCKET, "key", Source(Body(bytes(5 * LARGE)), None), PutOptions())
    assert caught.value is failure
    assert files(root) == {"content": 1, "temp": 0, "pending": 0}
    assert read(client, "key") == b"old" * LARGE
    client.close()

"""The embedded store on full, read-only, damaged and foreign disks."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from data_store.object_store.adapters.embedded import schema
from data_store.object_store.errors import (
    AccessDenied,
    ConfigurationError,
    InsufficientStorage,
    IntegrityError,
    ObjectStoreError,
    ServerError,
    Throttled,
)
from data_store.object_store.models import BucketOptions
from tests.unit.embedded_support import BUCKET, LARGE, files, finish, local, put, read, start

# A limit on the size of a file fails a write as a full disk does, in the middle, and needs no privilege.
FILL = """
import resource
root, limit, size = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
client = local(root, "full")
client.list_buckets()
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    put(client, "key", b"new" * size)
except Exception as error:
    print(type(error).__name__, error)
assert read(client, "key") == b"old" * LARGE
"""
FILL_DISK = """
root = Path(sys.argv[1])
(root / "other").write_bytes(bytes(2_000_000))
client = local(root / "store", "full")
client.create_bucket(BUCKET, BucketOptions())
put(client, "key", b"old" * LARGE)
outcomes = []
for size in (20_000_000, 20_000, 100):
    try:
        for number in range(100_000):
            put(client, f"{size}-{number}", bytes(size))
    except Exception as error:
        outcomes.append(type(error).__name__)
assert read(client, "key") == b"old" * LARGE
assert files(root / "store") == {"content": 1, "temp": 0, "pending": 0}
(root / "other").unlink()
for found in client.list_page(BUCKET, "", ListOptions()).objects:
    client.delete_object(BUCKET, found.key, DeleteOptions())
put(client, "key", b"new" * LARGE)
assert read(client, "key") == b"new" * LARGE
print(*outcomes)
"""
# As root no permission binds; so the script becomes somebody else, if it can.
AS_NOBODY = """
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
client = local(Path(sys.argv[1]))
for action in (lambda: client.create_bucket(BUCKET, BucketOptions()), lambda: put(client, "key", b"new")):
    try:
        action()
    except Exception as error:
        print(type(error).__name__, error)
"""


# Runs a command, in a namespace of its own, where a directory (the first argument) is a disk of 8 MB.
MOUNTED = [
    "unshare",
    "--mount",
    *([] if os.getuid() == 0 else ["--map-root-user"]),
    "sh",
    "-c",
    'mount -t tmpfs -o size=8m none "$0" && exec "$@"',
]


def can_mount() -> bool:
    """Return whether this user may mount a tmpfs on this machine."""
    if not shutil.which("unshare"):
        return False
    return subprocess.run([*MOUNTED, tempfile.gettempdir(), "true"], capture_output=True, check=False).returncode == 0


def sqlite_error(name: str) -> sqlite3.Error:
    """Return an error as SQLite raises it."""
    error = sqlite3.OperationalError(name)
    error.sqlite_errorname, error.sqlite_errorcode = name, getattr(sqlite3, name)
    return error


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A store with one large object, nobody using it."""
    fill(tmp_path)
    return tmp_path


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """A directory that every user can reach, unlike pytest's own."""
    directory = Path(tempfile.mkdtemp())
    directory.chmod(0o755)
    yield directory
    for path in [directory, *directory.rglob("*")]:
        path.chmod(0o755)
    shutil.rmtree(directory)


def test_content_that_does_not_fit_is_insufficient_storage_and_leaves_the_old_object(root: Path) -> None:
    """The file stops growing in the middle of the write: the temporary file is removed, the old content is there."""
    output = finish(start(FILL, root, 2 * LARGE, LARGE))
    assert output.startswith("InsufficientStorage put_object 'bucket/key' (local): File too large")
    assert files(root) == {"content": 1, "temp": 0, "pending": 0}


@pytest.mark.skipif(not can_mount(), reason="cannot mount a small tmpfs, in a namespace of its own, on this machine")
def test_on_a_full_disk_puts_fail_with_insufficient_storage_and_work_again_once_there_is_room(tmp_path: Path) -> None:
    """A tmpfs of 8 MB is filled by large, medium and small objects in turn."""
    assert finish(start(FILL_DISK, tmp_path, within=[*MOUNTED, str(tmp_path)])).split() == ["InsufficientStorage"] * 3


def test_a_store_that_may_be_read_only_denies_access(open_to_all: Path) -> None:
    """Without permission to write, writes raise AccessDenied that names the directory."""
    fill(open_to_all / "store")
    for path in (open_to_all / "store").rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    (open_to_all / "store").chmod(0o555)
    output = finish(start(AS_NOBODY, open_to_all / "store")).splitlines()
    assert len(output) == 2
    assert all(line.startswith("AccessDenied") and str(open_to_all / "store") in line for line in output)


def test_a_root_that_may_not_be_made_denies_access(open_to_all: Path) -> None:
    """The parent directory belongs to somebody else."""
    open_to_all.chmod(0o555)
    output = finish(start(AS_NOBODY, open_to_all / "store")).splitlines()
    assert len(output) == 2
    assert all(line.startswith("AccessDenied") and str(open_to_all / "store") in line for line in output)


@pytest.mark.parametrize("below", [".", "further/down"])
def test_a_file_in_the_way_of_the_root_is_a_configuration_error(tmp_path: Path, below: str) -> None:
    """The message names connection.root and the path."""
    (tmp_path / "file").touch()
    client = local(tmp_path / "file" / below)
    with pytest.raises(ConfigurationError, match=r"connection\.root: .*file.* cannot be a directory"):
        client.ping()
    client.close()


def test_a_root_that_was_removed_is_seen_by_ping(root: Path) -> None:
    """The open database would still answer, from a file that has no name any more."""
    client = local(root)
    client.ping()
    shutil.rmtree(root)
    with pytest.raises(ServerError, match="No such file"):
        client.ping()
    client.close()


@pytest.mark.parametrize("damage", ["nonsense", "half"])
def test_a_damaged_database_is_an_integrity_error(root: Path, damage: str) -> None:
    """Not a database at all, or one whose second half is zeros."""
    path = root / "data-store.db"
    size = path.stat().st_size
    if damage == "nonsense":
        path.write_bytes(b"nonsense" * 1000)
    else:
        path.write_bytes(path.read_bytes()[: size // 2 // 4096 * 4096] + bytes(size // 2))
    client = local(root)
    with pytest.raises(IntegrityError, match=f"store in {root}"):
        read(client, "key")
    client.close()


@pytest.mark.parametrize("damage", ["shorter", "gone"])
def test_content_that_is_not_whole_is_an_integrity_error(root: Path, damage: str) -> None:
    """A content file that was cut or removed by somebody else never becomes wrong bytes, or an endless search."""
    (path,) = (root / "content").glob("*/*")
    path.unlink() if damage == "gone" else os.truncate(path, LARGE)
    client = local(root)
    with pytest.raises(IntegrityError, match=path.name):
        read(client, "key")
    client.close()


def test_a_database_of_a_newer_release_is_refused_and_left_as_it_is(root: Path) -> None:
    """The message says which version was found and what to do."""
    newer = schema.VERSION + 1
    set_version(root, newer)
    client = local(root)
    with pytest.raises(ConfigurationError, match=f"schema version {newer}, this release knows up to {schema.VERSION}"):
        client.list_buckets()
    client.close()
    assert version(root) == newer


def test_an_empty_database_becomes_one_of_this_version(tmp_path: Path) -> None:
    """Version 0 is what a start that was killed before its transaction leaves."""
    set_version(tmp_path, 0)
    client = local(tmp_path)
    assert client.list_buckets() == []
    client.close()
    assert version(tmp_path) == schema.VERSION


def test_only_the_missing_steps_of_a_migration_are_taken(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A release with one step more brings a filled database to its version; the objects stay."""
    monkeypatch.setattr(schema, "_STEPS", (*schema._STEPS, ("ALTER TABLE current_objects ADD COLUMN another TEXT",)))
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)
    client = local(root)
    assert read(client, "key") == b"old" * LARGE
    client.close()
    assert version(root) == schema.VERSION


def test_a_migration_that_fails_leaves_the_version_before(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All steps are one transaction."""
    before = schema.VERSION
    steps = ("ALTER TABLE current_objects ADD COLUMN another TEXT", "nonsense")
    monkeypatch.setattr(schema, "_STEPS", (*schema._STEPS, steps))
    monkeypatch.setattr(schema, "VERSION", before + 1)
    client = local(root)
    with pytest.raises(ServerError, match="nonsense"):
        client.list_buckets()
    client.close()
    assert version(root) == before


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), InsufficientStorage),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), InsufficientStorage),
        (OSError(errno.EROFS, "Read-only file system"), AccessDenied),
        (OSError(errno.EIO, "Input/output error"), ServerError),
        (sqlite_error("SQLITE_FULL"), InsufficientStorage),
        (sqlite_error("SQLITE_READONLY_DIRECTORY"), AccessDenied),
        (sqlite_error("SQLITE_BUSY_SNAPSHOT"), Throttled),
        (sqlite_error("SQLITE_IOERR_WRITE"), ServerError),
        (sqlite_error("SQLITE_CORRUPT_INDEX"), IntegrityError),
        (sqlite3.ProgrammingError("no code"), ServerError),
    ],
    ids=repr,
)
def test_failures_of_the_disk_and_the_database_have_their_class(
    tmp_path: Path, failure: Exception, expected: type[ObjectStoreError]
) -> None:
    """The error carries the reason, the code and where the store lies."""
    error = local(tmp_path).classify(failure)
    assert type(error) is expected
    assert str(tmp_path) in str(error)
    assert error.code == getattr(failure, "sqlite_errorname", errno.errorcode.get(getattr(failure, "errno", 0)))


def test_exceptions_of_others_have_no_class(tmp_path: Path) -> None:
    """What neither SQLite nor the disk raised is not renamed."""
    assert local(tmp_path).classify(KeyError("x")) is None


def test_a_database_that_others_keep_locked_is_throttled(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process writes for longer than a writer waits."""
    monkeypatch.setattr("data_store.object_store.adapters.embedded.database._BUSY_SECONDS", 0.01)
    script = "c = local(Path(sys.argv[1]))\nwith c._database.write():\n    print(flush=True)\n    sys.stdin.read()"
    holder = start(script, root)
    assert holder.stdout is not None
    holder.stdout.readline()
    client = local(root)
    assert read(client, "key") == b"old" * LARGE
    with pytest.raises(Throttled, match="locked"):
        put(client, "key", b"new")
    finish(holder)
    put(client, "key", b"new")
    client.close()


def fill(root: Path) -> None:
    """Make a store with one large object, nobody using it."""
    client = local(root)
    client.create_bucket(BUCKET, BucketOptions())
    put(client, "key", b"old" * LARGE)
    client.close()


def set_version(root: Path, number: int) -> None:
    """Write the schema version of a database that nobody uses."""
    with closing(sqlite3.connect(root / "data-store.db")) as connection:
        connection.execute(f"PRAGMA user_version = {number}")


def version(root: Path) -> int:
    """Return the schema version of a database that nobody uses."""
    with closing(sqlite3.connect(root / "data-store.db")) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])

"""The keys of presigned URLs: for their owner's eyes, replaced as a whole, seen by every process at its next use."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from data_store.object_store.adapters.embedded.client import LocalClient
from data_store.object_store.errors import AccessDenied, ConfigurationError, IntegrityError
from data_store.object_store.models import PresignGetOptions
from tests.unit.embedded_support import BUCKET, age, files, finish, killed, local, memory, start

OPTIONS = PresignGetOptions(expires=600)
FILE = "presign-keys.json"

SIGN = """
from data_store.object_store.models import PresignGetOptions
print(local(Path(sys.argv[1])).presign_get(BUCKET, "key", PresignGetOptions(expires=600)))
"""
# Says "ready" when the store was opened, signs when it is told to.
SIGN_WHEN_TOLD = """
from data_store.object_store.models import PresignGetOptions
client = local(Path(sys.argv[1]))
client.ping()
print("ready", flush=True)
sys.stdin.readline()
print(client.presign_get(BUCKET, "key", PresignGetOptions(expires=600)))
"""
# Checks a URL each time that it is told to.
VERIFY = """
from data_store.object_store.errors import AccessDenied
client = local(Path(sys.argv[1]))
for url in sys.stdin:
    try:
        client.verify_presigned(url.strip(), "GET", {})
        print("good", flush=True)
    except AccessDenied as error:
        print(error.code, flush=True)
"""
ROTATE_OFTEN = """
client = local(Path(sys.argv[1]))
for _ in range(10):
    client.rotate_presign_key(revoke=False)
"""
# Dies before the new file takes its place, or just after.
ROTATE_AND_DIE = """
import data_store.object_store.adapters.embedded.presign_keys as keys
client = local(Path(sys.argv[1]))
replace = Path.replace
def dying(self, target):
    if sys.argv[2] == "after":
        replace(self, target)
    os.kill(os.getpid(), signal.SIGKILL)
Path.replace = dying
client.rotate_presign_key(revoke=True)
"""


def url_of(client: LocalClient) -> str:
    """Return a URL that the store signs now."""
    return client.presign_get(BUCKET, "key", OPTIONS)


def is_good(client: LocalClient, url: str) -> bool:
    """Return whether the store takes a URL; any other error than that it does not know the key is one here too."""
    try:
        return client.verify_presigned(url, "GET", {}).verified
    except AccessDenied as error:
        if error.code != "InvalidAccessKeyId":
            raise
        return False


def test_the_file_is_made_on_first_use_for_its_owner_alone(tmp_path: Path) -> None:
    """Mode 0600 whatever the umask, from the first key on and after every change."""
    before = os.umask(0)
    try:
        client = local(tmp_path / "store")
        client.ping()
        assert not (tmp_path / "store" / FILE).exists()
        url_of(client)
        modes = [stat.S_IMODE((tmp_path / "store" / FILE).stat().st_mode)]
        client.rotate_presign_key(revoke=False)
        modes.append(stat.S_IMODE((tmp_path / "store" / FILE).stat().st_mode))
    finally:
        os.umask(before)
    assert modes == [0o600, 0o600]
    assert files(tmp_path / "store")["temp"] == 0


def test_a_key_has_256_random_bits_and_its_id_says_nothing_of_it(tmp_path: Path) -> None:
    """Two stores have nothing in common, and no repr has the secret."""
    first, second = (local(tmp_path / name).presign_keys()[0] for name in "ab")
    assert len(first.secret_key) >= 43
    assert len({first.access_key, second.access_key, first.secret_key, second.secret_key}) == 4
    assert first.secret_key not in repr(first)


def test_a_store_signs_with_the_same_key_when_it_is_opened_again(tmp_path: Path) -> None:
    """URLs outlive the process that signed them."""
    url = url_of(local(tmp_path))
    assert is_good(local(tmp_path), url)


def test_after_a_rotation_former_urls_are_good_and_new_ones_have_the_new_key(tmp_path: Path) -> None:
    """The former key ends after seven days, the longest life of a URL, whatever follows."""
    client = local(tmp_path)
    former, old = url_of(client), client.presign_keys()[0]
    for _ in range(2):
        client.rotate_presign_key(revoke=False)
    keys = client.presign_keys()
    assert [key.expires_at is None for key in keys] == [True, False, False]
    assert keys[2].access_key == old.access_key
    week_hence = datetime.now(UTC) + timedelta(days=7)
    assert keys[2].expires_at is not None
    assert abs(keys[2].expires_at - week_hence) < timedelta(minutes=5)
    assert is_good(client, former)
    assert keys[0].access_key in url_of(client)


def test_a_former_key_ends_in_time(tmp_path: Path) -> None:
    """It is not among the good ones any more, its URLs are refused, and the next rotation drops it."""
    client = local(tmp_path)
    former = url_of(client)
    client.rotate_presign_key(revoke=False)
    held = json.loads((tmp_path / FILE).read_text())
    held["keys"][1]["until"] = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    (tmp_path / FILE).write_text(json.dumps(held))
    assert len(client.presign_keys()) == 1
    assert not is_good(client, former)
    client.rotate_presign_key(revoke=False)
    assert len(json.loads((tmp_path / FILE).read_text())["keys"]) == 2


def test_a_revocation_is_seen_by_a_process_that_has_the_keys_already(tmp_path: Path) -> None:
    """At its next check, and so is the new key."""
    client = local(tmp_path)
    former = url_of(client)
    other = start(VERIFY, tmp_path)
    assert other.stdin is not None
    assert other.stdout is not None

    def answer(url: str) -> str:
        print(url, file=other.stdin, flush=True)
        assert other.stdout is not None
        return other.stdout.readline().strip()

    assert answer(former) == "good"
    client.rotate_presign_key(revoke=False)
    assert [answer(former), answer(url_of(client))] == ["good", "good"]
    client.rotate_presign_key(revoke=True)
    assert [answer(former), answer(url_of(client))] == ["InvalidAccessKeyId", "good"]
    other.stdin.close()
    assert other.wait(60) == 0
    other.stdout.close()
    assert other.stderr is not None
    other.stderr.close()
    assert not is_good(client, former)


def test_rotations_in_quick_succession_are_all_seen(tmp_path: Path) -> None:
    """However fast they follow each other, and whichever inode the file gets."""
    client, other = local(tmp_path), local(tmp_path)
    for _ in range(50):
        client.rotate_presign_key(revoke=True)
        assert other.presign_keys() == client.presign_keys()


def test_processes_that_make_the_first_key_at_once_agree(tmp_path: Path) -> None:
    """Nobody signs with a key that another one replaces."""
    processes = [start(SIGN_WHEN_TOLD, tmp_path) for _ in range(3)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("now\n")
        process.stdin.flush()
    urls = [finish(process).strip() for process in processes]
    client = local(tmp_path)
    assert len(client.presign_keys()) == 1
    assert all(is_good(client, url) for url in urls)


def test_rotations_of_several_processes_lose_no_key(tmp_path: Path) -> None:
    """Each puts its own in front of all the others."""
    former = url_of(local(tmp_path))
    for process in [start(ROTATE_OFTEN, tmp_path) for _ in range(2)]:
        finish(process)
    client = local(tmp_path)
    assert len(client.presign_keys()) == 21
    assert is_good(client, former)
    assert files(tmp_path)["temp"] == 0


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_process_killed_in_a_rotation_leaves_the_old_keys_or_the_new(tmp_path: Path, moment: str) -> None:
    """What it had written beside goes with other temporary files, and the store is not locked."""
    client = local(tmp_path)
    former = url_of(client)
    killed(ROTATE_AND_DIE, tmp_path, moment)
    assert is_good(client, former) == (moment == "before")
    assert is_good(client, finish(start(SIGN, tmp_path)).strip())
    left = list((tmp_path / "temp").iterdir())
    assert len(left) == (1 if moment == "before" else 0)
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in left)
    age(tmp_path)
    local(tmp_path).ping()
    assert files(tmp_path)["temp"] == 0
    client.rotate_presign_key(revoke=True)
    assert not is_good(client, former)


def test_a_file_that_was_removed_is_made_anew(tmp_path: Path) -> None:
    """Which revokes everything."""
    client = local(tmp_path)
    former = url_of(client)
    (tmp_path / FILE).unlink()
    assert is_good(client, url_of(client))
    assert not is_good(client, former)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        '{"keys": []}',
        '{"keys": [{"id": "A", "secret": "", "until": null}]}',
        '{"keys": [{"id": "A", "secret": 1, "until": null}]}',
        '{"keys": [{"id": "A", "secret": "s", "until": "2026-01-01T00:00:00+00:00"}]}',
        '{"keys": [{"id": "A", "secret": "s", "until": "soon"}]}',
        '{"keys": [{"id": "A"}]}',
        '{"keys": {"id": "A"}}',
        '{"keys": [{"id": "A", "secret": "s\u00e9", "until": null}]}',
        '{"keys": [{"id": "A", "secret": "s", "until": null}, {"id": "B", "secret": "s", "until": "2099-01-01"}]}',
        '{"keys": [{"id": "A", "secret": "s", "until": null}, {"id": "B", "secret": "s", "until": 5}]}',
        "[" * 100_000,
        '{"keys":' * 100_000,
    ],
)
def test_a_damaged_file_signs_nothing_until_it_is_revoked(tmp_path: Path, content: str) -> None:
    """The error says what helps, and shows nothing of the file."""
    client = local(tmp_path)
    url_of(client)
    (tmp_path / FILE).write_text(content, encoding="utf-8")
    with pytest.raises(IntegrityError, match=r"rotate_presign_key\(revoke=True\)") as refused:
        url_of(client)
    assert "secret" not in str(refused.value)
    with pytest.raises(IntegrityError):
        client.rotate_presign_key(revoke=False)
    client.rotate_presign_key(revoke=True)
    assert is_good(client, url_of(client))


def test_a_file_that_others_may_read_signs_nothing(tmp_path: Path) -> None:
    """Neither a store that is opened now, nor one that has the keys; the error says what to do."""
    client = local(tmp_path)
    url = url_of(client)
    for mode in (0o640, 0o604, 0o620, 0o610, 0o666):
        (tmp_path / FILE).chmod(mode)
        for each in (client, local(tmp_path)):
            with pytest.raises(ConfigurationError, match=f"{mode:04o}.*chmod 600"):
                url_of(each)
            with pytest.raises(ConfigurationError, match="chmod 600"):
                each.verify_presigned(url, "GET", {})
    with pytest.raises(ConfigurationError, match="chmod 600"):
        client.rotate_presign_key(revoke=False)
    (tmp_path / FILE).chmod(0o600)
    assert is_good(client, url)


def test_a_file_that_others_may_read_is_replaced_by_a_revocation(tmp_path: Path) -> None:
    """Whoever has read it has nothing."""
    client = local(tmp_path)
    url = url_of(client)
    (tmp_path / FILE).chmod(0o644)
    client.rotate_presign_key(revoke=True)
    assert not is_good(client, url)
    assert is_good(client, url_of(client))


def test_a_file_of_somebody_else_signs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who wrote it knows the key."""
    client = local(tmp_path)
    url_of(client)
    if os.geteuid() == 0:
        os.chown(tmp_path / FILE, 65534, 65534)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    for each in (client, local(tmp_path)):
        with pytest.raises(ConfigurationError, match=r"belongs to user \d+"):
            each.rotate_presign_key(revoke=False)
    with pytest.raises(ConfigurationError, match=r"rotate_presign_key\(revoke=True\)"):
        url_of(local(tmp_path))


@pytest.mark.parametrize("kind", ["a link", "a link to nothing", "a FIFO", "a directory"])
def test_what_is_no_file_signs_nothing(tmp_path: Path, kind: str) -> None:
    """A link may lead to anybody's key, and nobody waits for the writer of a FIFO."""
    root, elsewhere = tmp_path / "store", tmp_path / "elsewhere"
    client = local(root)
    url_of(client)
    path = root / FILE
    path.rename(elsewhere)
    make: dict[str, Callable[[], None]] = {
        "a link": lambda: path.symlink_to(elsewhere),
        "a link to nothing": lambda: path.symlink_to(tmp_path / "nothing"),
        "a FIFO": lambda: os.mkfifo(path, 0o600),
        "a directory": lambda: path.mkdir(0o700),
    }
    make[kind]()
    for each in (client, local(root)):
        with pytest.raises(ConfigurationError, match="must be a file"):
            url_of(each)
        with pytest.raises(ConfigurationError, match="must be a file"):
            each.rotate_presign_key(revoke=False)
    assert not (tmp_path / "nothing").exists()


def test_clients_of_a_memory_store_share_its_keys(tmp_path: Path) -> None:
    """Within the process; stores of other names have others, and rotation is the same."""
    first, second, other = memory(f"{tmp_path}a"), memory(f"{tmp_path}a"), memory(f"{tmp_path}b")
    url = first.presign_get(BUCKET, "key", OPTIONS)
    assert second.verify_presigned(url, "GET", {}).verified
    with pytest.raises(AccessDenied):
        other.verify_presigned(url, "GET", {})
    second.rotate_presign_key(revoke=False)
    assert first.verify_presigned(url, "GET", {}).verified
    assert len(first.presign_keys()) == 2
    second.rotate_presign_key(revoke=True)
    with pytest.raises(AccessDenied):
        first.verify_presigned(url, "GET", {})

"""Runs of lifecycle rules on the embedded store, with a clock that is moved by argument."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from data_store.object_store.adapters.embedded import lifecycle as module
from data_store.object_store.adapters.embedded.client import LocalClient, MemoryClient
from data_store.object_store.errors import BucketNotFound, ObjectNotFound
from data_store.object_store.models import (
    BucketOptions,
    CompleteOptions,
    DeleteOptions,
    EventKind,
    GetOptions,
    LifecycleReport,
    LifecycleRule,
    ListOptions,
    ObjectVersion,
    PartOptions,
    PutOptions,
    Retention,
    RetentionMode,
    Transition,
    WatchOptions,
)
from tests.unit.embedded_support import (
    BUCKET,
    LARGE,
    Source,
    age,
    files,
    finish,
    io,
    local,
    of,
    put,
    read,
    start,
    with_bucket,
)

Client = LocalClient | MemoryClient
NOTHING = LifecycleReport()
EXPIRE = LifecycleRule("expire", expire_after_days=1)
RUN = """
from datetime import UTC, datetime, timedelta
from data_store.object_store.adapters.embedded import lifecycle
lifecycle._BATCH = 5
{}
report = local(Path(sys.argv[1])).run_lifecycle(BUCKET, datetime.now(UTC) + timedelta(days=5))
print(report.expired_objects)
"""
DIE = """
real = lifecycle._Objects.do
def do(self, changes, rules, row):
    if row["key"] == "17":
        os.kill(os.getpid(), signal.SIGKILL)
    return real(self, changes, rules, row)
lifecycle._Objects.do = do
"""


@pytest.fixture(params=["local", "memory"])
def client(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Client]:
    """A store with an empty bucket, of each framework."""
    with with_bucket(of(request.param, tmp_path)) as made:
        yield made


@pytest.fixture
def on_disk(tmp_path: Path) -> Iterator[LocalClient]:
    """A store in a directory, with an empty bucket."""
    with with_bucket(local(tmp_path)) as made:
        yield made


def run(client: Client, days: float = 5, *rules: LifecycleRule) -> LifecycleReport:
    """Run the rules, which are set before if there are any, so many days from now."""
    if rules:
        client.set_lifecycle(BUCKET, rules)
    return client.run_lifecycle(BUCKET, datetime.now(UTC) + timedelta(days=days))


def keys(client: Client) -> list[str]:
    """Return the keys of the current objects."""
    return [found.key for found in client.list_page(BUCKET, "", ListOptions(limit=1000)).objects]


def versions(client: Client) -> list[ObjectVersion]:
    """Return all versions and markers."""
    return list(client.list_versions_page(BUCKET, "", ListOptions(limit=1000)).versions)


def replace(client: Client, key: str, count: int) -> list[str | None]:
    """Write an object so often; return the ids of the versions, oldest first."""
    return [put(client, key, b"%d" % number).version_id for number in range(count)]


def change(client: Client, statement: str, *values: object) -> None:
    """Change the tables behind the back of the store."""
    with client._database.write() as connection:
        connection.execute(statement, values)


def test_objects_expire_when_their_days_are_over(client: Client) -> None:
    """Neither today nor tomorrow, but from the midnight behind the next day on; content goes too."""
    put(client, "small", b"1")
    put(client, "large", bytes(LARGE))
    assert run(client, 0, EXPIRE) == NOTHING
    assert run(client, 0.99) == NOTHING
    assert keys(client) == ["large", "small"]
    assert run(client, 2) == LifecycleReport(expired_objects=2)
    assert keys(client) == []
    assert run(client, 2) == NOTHING
    with client._database.read() as connection:
        assert connection.execute("SELECT count(*) FROM contents").fetchone() == (0,)


def test_the_run_is_exact_at_midnight(client: Client) -> None:
    """A microsecond before, nothing is due."""
    written = put(client, "a", b"1").updated_time
    assert written is not None
    midnight = datetime(written.year, written.month, written.day, tzinfo=UTC) + timedelta(days=2)
    client.set_lifecycle(BUCKET, [EXPIRE])
    assert client.run_lifecycle(BUCKET, midnight - timedelta(microseconds=1)) == NOTHING
    assert client.run_lifecycle(BUCKET, midnight) == LifecycleReport(expired_objects=1)


def test_objects_expire_at_a_date(client: Client) -> None:
    """From that day on, also what is written behind it."""
    put(client, "a", b"1")
    day = datetime.now(UTC) + timedelta(days=3)
    assert run(client, 2, LifecycleRule("r", expire_at=day)) == NOTHING
    assert run(client, 4) == LifecycleReport(expired_objects=1)
    put(client, "b", b"1")
    assert run(client, 4) == LifecycleReport(expired_objects=1)


def test_filters_decide_which_objects_expire(client: Client) -> None:
    """Prefix, tags and sizes together; the others stay."""
    rule = LifecycleRule("r", "logs/", expire_after_days=1, tags={"keep": "no"}, min_size=2, max_size=4)
    for key, size, tags in (
        ("logs/yes", 3, {"keep": "no", "more": "tags"}),
        ("logs/small", 1, {"keep": "no"}),
        ("logs/large", 5, {"keep": "no"}),
        ("logs/tags", 3, {"keep": "yes"}),
        ("logs/none", 3, None),
        ("other", 3, {"keep": "no"}),
    ):
        put(client, key, bytes(size), PutOptions(tags=tags))
    assert run(client, 5, rule) == LifecycleReport(expired_objects=1)
    assert "logs/yes" not in keys(client)
    assert len(keys(client)) == 5


def test_a_bucket_without_rules_and_rules_that_are_not_enabled_do_nothing(client: Client) -> None:
    """However old the objects are."""
    put(client, "a", b"1")
    assert run(client, 9999) == NOTHING
    assert run(client, 9999, LifecycleRule("r", expire_after_days=1, enabled=False)) == NOTHING
    assert keys(client) == ["a"]


def test_rules_of_one_bucket_leave_others_alone(client: Client) -> None:
    """A bucket that is not there is BucketNotFound."""
    client.create_bucket("other", BucketOptions())
    put(client, "a", b"1")
    client.set_lifecycle("other", [EXPIRE])
    assert client.run_lifecycle("other", datetime.now(UTC) + timedelta(days=9)) == NOTHING
    assert keys(client) == ["a"]
    with pytest.raises(BucketNotFound):
        client.run_lifecycle("missing", datetime.now(UTC))


def test_in_a_bucket_with_versions_an_object_gets_a_marker(client: Client) -> None:
    """Its versions stay; a second run makes no second marker."""
    client.enable_versioning(BUCKET)
    ids = replace(client, "a", 2)
    assert run(client, 5, EXPIRE) == LifecycleReport(expired_objects=1)
    found = versions(client)
    assert [(each.is_delete_marker, each.is_latest) for each in found] == [(True, True), (False, False), (False, False)]
    assert [each.version_id for each in found[1:]] == ids[::-1]
    assert run(client, 5) == NOTHING
    with pytest.raises(ObjectNotFound):
        read(client, "a")


def test_in_a_suspended_bucket_a_null_marker_replaces_the_null_version(client: Client) -> None:
    """The versions from before stay."""
    client.enable_versioning(BUCKET)
    ids = replace(client, "a", 1)
    client.suspend_versioning(BUCKET)
    put(client, "a", b"null")
    assert run(client, 5, EXPIRE) == LifecycleReport(expired_objects=1)
    assert [(each.version_id, each.is_delete_marker) for each in versions(client)] == [("null", True), (ids[0], False)]


def test_noncurrent_versions_go_so_many_days_after_they_were_replaced(client: Client) -> None:
    """Their own age does not count, and the current version stays."""
    client.enable_versioning(BUCKET)
    ids = replace(client, "a", 3)
    change(client, "UPDATE versions SET updated = 0")
    change(client, "UPDATE current_objects SET updated = 0")
    rule = LifecycleRule("r", noncurrent_days=2)
    assert run(client, 1, rule) == NOTHING
    assert run(client, 3) == LifecycleReport(deleted_versions=2)
    assert [each.version_id for each in versions(client)] == ids[-1:]
    assert read(client, "a") == b"2"


def test_the_newest_noncurrent_versions_can_be_kept(client: Client) -> None:
    """So many of each key, markers not counted; a marker between those that are kept stays with them."""
    client.enable_versioning(BUCKET)
    ids = replace(client, "a", 3)
    client.delete_object(BUCKET, "a", DeleteOptions())
    ids += replace(client, "a", 2)
    others = replace(client, "b", 2)
    rule = LifecycleRule("r", noncurrent_days=1, noncurrent_keep=2)
    assert run(client, 5, rule) == LifecycleReport(deleted_versions=2)
    left = [each.version_id for each in versions(client) if not each.is_delete_marker]
    assert left == [*ids[:1:-1], *others[::-1]]


def test_tags_and_size_of_the_noncurrent_version_itself_count(client: Client) -> None:
    """Not those of its successor."""
    client.enable_versioning(BUCKET)
    put(client, "a", b"12345", PutOptions(tags={"x": "y"}))
    put(client, "a", b"1")
    put(client, "a", b"12345")
    assert run(client, 5, LifecycleRule("r", noncurrent_days=1, min_size=2, tags={"x": "y"})).deleted_versions == 1
    assert [each.size for each in versions(client)] == [5, 1]


def test_a_marker_goes_when_no_version_is_left_behind_it(client: Client) -> None:
    """Not before; in the run that deletes the last version too."""
    client.enable_versioning(BUCKET)
    replace(client, "a", 2)
    client.delete_object(BUCKET, "a", DeleteOptions())
    client.delete_object(BUCKET, "lone", DeleteOptions())
    markers = LifecycleRule("markers", expire_delete_markers=True)
    assert run(client, 0, markers) == LifecycleReport(deleted_markers=1)
    assert {each.key for each in versions(client)} == {"a"}
    both = (markers, LifecycleRule("versions", noncurrent_days=1))
    assert run(client, 5, *both) == LifecycleReport(deleted_versions=2, deleted_markers=1)
    assert versions(client) == []


def test_an_expiration_removes_lone_markers_when_they_are_old(client: Client) -> None:
    """As on AWS, by the age of the marker."""
    client.enable_versioning(BUCKET)
    client.delete_object(BUCKET, "lone", DeleteOptions())
    assert run(client, 0, EXPIRE) == NOTHING
    assert run(client, 5) == LifecycleReport(deleted_markers=1)


def test_uploads_that_stand_still_are_aborted(client: Client) -> None:
    """So many days after they were started, with their parts; younger ones and other prefixes go on."""
    old, other = (client.create_multipart_upload(BUCKET, key, PutOptions()) for key in ("logs/a", "other"))
    for upload in (old, other):
        body = Source(io.BytesIO(bytes(LARGE)), LARGE)
        client.upload_part(BUCKET, upload.key, upload.upload_id, 1, body, PartOptions())
    rule = LifecycleRule("r", "logs/", abort_uploads_after_days=3)
    assert run(client, 2, rule) == NOTHING
    assert run(client, 5) == LifecycleReport(aborted_uploads=1)
    left = client.list_uploads_page(BUCKET, "", ListOptions(limit=10)).uploads
    assert [upload.upload_id for upload in left] == [other.upload_id]
    parts = client.list_parts_page(BUCKET, "other", other.upload_id, ListOptions(limit=10)).parts
    client.complete_multipart_upload(BUCKET, "other", other.upload_id, parts, CompleteOptions())
    assert read(client, "other") == bytes(LARGE)
    with client._database.read() as connection:
        assert connection.execute("SELECT count(*) FROM contents").fetchone() == (1,)


def test_a_transition_changes_the_storage_class_of_current_objects_once(client: Client) -> None:
    """Content, ETag and time stay, and so do noncurrent versions."""
    client.enable_versioning(BUCKET)
    replace(client, "a", 2)
    before = client.head_object(BUCKET, "a", GetOptions())
    rule = LifecycleRule("r", transition=Transition(storage_class="COLD", after_days=1))
    assert run(client, 0, rule) == NOTHING
    assert run(client, 5) == LifecycleReport(transitioned_objects=1)
    assert run(client, 5) == NOTHING
    after = client.head_object(BUCKET, "a", GetOptions())
    assert (after.storage_class, before.storage_class) == ("COLD", None)
    assert (after.etag, after.updated_time, after.version_id) == (before.etag, before.updated_time, before.version_id)
    assert [each.storage_class for each in versions(client)] == ["COLD", None]


def test_expiration_goes_before_transition(client: Client) -> None:
    """An object that both are due for is deleted."""
    put(client, "a", b"1")
    move = LifecycleRule("move", transition=Transition(storage_class="COLD", after_days=1))
    assert run(client, 5, move, EXPIRE) == LifecycleReport(expired_objects=1)


def test_locked_versions_are_never_deleted(client: Client) -> None:
    """Neither under a legal hold nor while retained, even in a run for a time when the retention is over."""
    client.create_bucket("locked", BucketOptions(object_lock=True))
    until = datetime.now(UTC) + timedelta(days=2)
    retention = Retention(RetentionMode.GOVERNANCE, until)
    for options in (PutOptions(retention=retention), PutOptions(legal_hold=True), PutOptions(), PutOptions()):
        client.put_object("locked", "a", Source(io.BytesIO(b"1"), 1), options)
    client.set_lifecycle("locked", [LifecycleRule("r", expire_after_days=1, noncurrent_days=1)])
    report = client.run_lifecycle("locked", datetime.now(UTC) + timedelta(days=9))
    assert report == LifecycleReport(expired_objects=1, deleted_versions=1)
    left = client.list_versions_page("locked", "", ListOptions(limit=10)).versions
    assert [each.is_delete_marker for each in left] == [True, False, False, False]
    held = client.get_legal_hold("locked", "a", left[2].version_id)
    assert (held, client.get_retention("locked", "a", left[3].version_id) is not None) == (True, True)


def test_what_a_rule_removes_is_an_event_of_its_own_kind(client: Client) -> None:
    """``expired``, for objects, versions and markers; a watcher that wants deletes by users sees none."""
    client.enable_versioning(BUCKET)
    ids = replace(client, "a", 2)
    feed = client.watch(BUCKET, WatchOptions())
    run(client, 5, LifecycleRule("r", noncurrent_days=1))
    run(client, 5, EXPIRE)
    found = feed.poll(0)
    marker = versions(client)[0].version_id
    assert [(event.kind, event.key, event.version_id) for event in found] == [
        (EventKind.EXPIRED, "a", ids[0]),
        (EventKind.EXPIRED, "a", marker),
    ]


def test_more_than_a_page_is_done(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages and batches of any size end in the same, with many versions of one key across pages."""
    monkeypatch.setattr(module, "_PAGE", 7)
    monkeypatch.setattr(module, "_BATCH", 3)
    client.enable_versioning(BUCKET)
    for key, count in (("a", 30), ("b", 1), ("c", 9)):
        replace(client, key, count)
    for number in range(20):
        put(client, f"key-{number}", b"1")
    report = run(
        client,
        5,
        LifecycleRule("r", noncurrent_days=1, noncurrent_keep=3),
        LifecycleRule("e", "key-", expire_after_days=1),
    )
    assert report == LifecycleReport(deleted_versions=26 + 5, expired_objects=20)
    assert [each.key for each in versions(client) if each.key in "abc"] == ["a"] * 4 + ["b"] + ["c"] * 4


def test_an_object_that_is_replaced_between_listing_and_deletion_stays(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is looked at again in the transaction that would delete it."""
    for key in ("a", "b"):
        put(client, key, b"old")
    change(client, "UPDATE current_objects SET updated = 0")
    client.set_lifecycle(BUCKET, [EXPIRE])
    real = module._Objects._apply

    def replaced(self: module._Objects, *args: object) -> None:
        put(client, "a", b"new")
        real(self, *args)  # type: ignore[arg-type]  # passed on

    monkeypatch.setattr(module._Objects, "_apply", replaced)
    assert run(client, 0) == LifecycleReport(expired_objects=1)
    assert keys(client) == ["a"]
    assert read(client, "a") == b"new"


def test_rules_that_are_removed_during_a_run_end_it(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rules are read in each transaction."""
    monkeypatch.setattr(module, "_BATCH", 5)
    for number in range(12):
        put(client, f"{number:02}", b"1")
    real = module._Objects._apply

    def removed(self: module._Objects, *args: object) -> None:
        real(self, *args)  # type: ignore[arg-type]  # passed on
        client.delete_lifecycle(BUCKET)

    monkeypatch.setattr(module._Objects, "_apply", removed)
    assert run(client, 5, EXPIRE) == LifecycleReport(expired_objects=5)
    assert len(keys(client)) == 7


def test_a_bucket_that_is_deleted_and_made_again_during_a_run_is_left_alone(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run ends with BucketNotFound: it is another bucket."""
    put(client, "a", b"1")
    real = module._Objects._apply

    def remade(self: module._Objects, *args: object) -> None:
        client.delete_object(BUCKET, "a", DeleteOptions())
        client.delete_bucket(BUCKET)
        client.create_bucket(BUCKET, BucketOptions())
        put(client, "a", b"2")
        client.set_lifecycle(BUCKET, [EXPIRE])
        real(self, *args)  # type: ignore[arg-type]  # passed on

    monkeypatch.setattr(module._Objects, "_apply", remade)
    with pytest.raises(BucketNotFound):
        run(client, 5, EXPIRE)
    assert read(client, "a") == b"2"


def test_several_runs_at_once_do_each_thing_once(on_disk: LocalClient, tmp_path: Path) -> None:
    """Two processes and two threads; together they count every object once."""
    for number in range(300):
        put(on_disk, str(number), b"1")
    on_disk.set_lifecycle(BUCKET, [EXPIRE])
    jobs = [start(RUN.format(""), tmp_path) for _ in range(2)]
    with ThreadPoolExecutor(2) as threads:
        counts = [report.expired_objects for report in threads.map(lambda _: run(on_disk, 5), range(2))]
    counts += [int(finish(job)) for job in jobs]
    assert sum(counts) == 300
    assert keys(on_disk) == []


def test_writers_go_on_during_a_run(on_disk: LocalClient, tmp_path: Path) -> None:
    """Each write finds its turn between two batches, and what it wrote stays."""
    for number in range(300):
        put(on_disk, f"old-{number}", b"1")
    change(on_disk, "UPDATE current_objects SET updated = 0")
    on_disk.set_lifecycle(BUCKET, [EXPIRE])
    job = start(RUN.format("").replace("timedelta(days=5)", "timedelta(0)"), tmp_path)
    for number in range(100):
        put(on_disk, f"new-{number}", b"1")
    assert int(finish(job)) == 300
    assert len(keys(on_disk)) == 100


def test_a_run_that_is_killed_leaves_whole_batches(on_disk: LocalClient, tmp_path: Path) -> None:
    """Kill -9 in the fourth transaction: the first three are done, its own is not, and the next run does the rest."""
    for number in range(10, 40):
        put(on_disk, f"{number}", bytes(LARGE))
    on_disk.set_lifecycle(BUCKET, [EXPIRE])
    job = start(RUN.format(DIE), tmp_path)
    _, errors = job.communicate(timeout=60)
    assert job.returncode == -signal.SIGKILL, errors
    assert keys(on_disk) == [f"{number}" for number in range(15, 40)]
    assert all(len(read(on_disk, key)) == LARGE for key in keys(on_disk))
    assert run(on_disk, 5) == LifecycleReport(expired_objects=25)
    on_disk.close()
    age(tmp_path)
    assert local(tmp_path).list_buckets()
    assert files(tmp_path) == {"content": 0, "temp": 0, "pending": 0}


def test_a_run_removes_old_events_that_nobody_watches(client: Client) -> None:
    """The job is there for what nobody else does."""
    client.watch(BUCKET, WatchOptions()).close()
    put(client, "a", b"1")
    change(client, "UPDATE events SET time = 0")
    run(client, 0)
    with client._database.read() as connection:
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (0,)

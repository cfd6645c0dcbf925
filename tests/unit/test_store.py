"""The facade: configuration, first use, closing, processes; and the way of its calls to the client."""

from __future__ import annotations

import io
import logging
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from data_store.object_store import registry
from data_store.object_store.configurations import ObjectStoreConfiguration
from data_store.object_store.errors import (
    AccessDenied,
    AlreadyExists,
    BucketNotEmpty,
    BucketNotFound,
    ConfigurationError,
    InvalidArgument,
    ObjectNotFound,
    ObjectStoreError,
    RangeNotSatisfiable,
    ServerError,
    StoreClosed,
)
from data_store.object_store.models import BucketOptions, DeletedObject, DeleteOptions, ListOptions, Object, ObjectPage
from data_store.object_store.store import ObjectStore
from tests.unit.dict_client import MIB, DictClient, PartsClient, VendorError

SECRET = "s3cr3t-Value"
MINIO = f"minio://ACCESS:{SECRET}@localhost:9000/bucket?secure=false"
made: list[DictClient] = []


class CountedClient(PartsClient):
    """Says when it is made."""

    def __init__(self, config: ObjectStoreConfiguration) -> None:
        super().__init__(config)
        made.append(self)


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(registry._registered, "dict", f"{__name__}:CountedClient")
    for name in [name for name in os.environ if name.upper().startswith("DATA_STORE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    made.clear()


@pytest.fixture
def store() -> Iterator[ObjectStore]:
    """A store on dicts; ``store.client.calls`` tells what it was asked."""
    with ObjectStore({"framework": "dict", "root_bucket": "root"}) as store:
        yield store


def _calls(store: ObjectStore) -> list[str]:
    client = store.client
    assert isinstance(client, DictClient)
    return client.calls


def _fill(store: ObjectStore, *keys: str) -> None:
    for key in keys:
        store.put_object(key.encode(), key)
    _calls(store).clear()


# configuration


@pytest.mark.parametrize(
    "form",
    [
        {"framework": "dict", "root_bucket": "root"},
        MappingProxyType({"framework": "dict", "root_bucket": "root"}),
        "store.yaml",
        Path("store.yaml"),
    ],
)
def test_every_form_of_a_configuration_gives_the_same(form: Any) -> None:
    """A dict, any mapping, a path as text or as path, and the model itself."""
    Path("store.yaml").write_text("object_store: {framework: dict, root_bucket: root}\n", encoding="utf-8")
    expected = ObjectStoreConfiguration(framework="dict", root_bucket="root")
    assert ObjectStore(form).config == expected
    assert ObjectStore(expected).config is expected


def test_a_url_gives_the_same_as_its_parts() -> None:
    """``ObjectStore(url)`` and ``from_url`` alike."""
    parts = {"endpoint": "localhost:9000", "secure": False, "access_key": "ACCESS", "secret_key": SECRET}
    expected = ObjectStoreConfiguration(framework="minio", root_bucket="bucket", connection=parts)
    assert ObjectStore(MINIO).config == ObjectStore.from_url(MINIO).config == expected


@pytest.mark.parametrize("form", [5, b"memory://b", ["a"], "missing.yaml", {"framework": "unheard"}, "unheard://b", ""])
def test_what_is_no_configuration_is_refused(form: Any) -> None:
    """With a ``ConfigurationError``, when the store is made."""
    with pytest.raises(ConfigurationError):
        ObjectStore(form)


@pytest.mark.parametrize("form", ["", " "])
def test_an_empty_text_is_no_configuration(form: str) -> None:
    """An unset variable of somebody's script, as a rule."""
    with pytest.raises(ConfigurationError, match="is empty: give a URL or the path of a YAML file"):
        ObjectStore(form)


def test_from_url_takes_urls_only() -> None:
    """A path would be a mistake."""
    with pytest.raises(ConfigurationError):
        ObjectStore.from_url("store.yaml")


def test_nothing_configured_is_the_embedded_store(caplog: pytest.LogCaptureFixture) -> None:
    """One line at INFO says where it is, on first use."""
    with caplog.at_level(logging.INFO, "data_store"), ObjectStore() as store:
        assert caplog.records == []
        assert not Path(".data-store").exists()
        store.put_object(b"content", "k")
        assert store.read_object("k") == b"content"
        (record,) = caplog.records
    assert record.levelname == "INFO"
    assert ".data-store" in record.getMessage()
    assert Path(".data-store").is_dir()


def test_a_configured_store_says_nothing(store: ObjectStore, caplog: pytest.LogCaptureFixture) -> None:
    """Who wrote the configuration knows where it is."""
    with caplog.at_level(logging.INFO, "data_store"):
        store.put_object(b"content", "k")
    assert caplog.records == []


def test_the_configuration_is_frozen(store: ObjectStore) -> None:
    """Changing it would change nothing."""
    with pytest.raises(Exception, match="frozen"):
        store.config.root_bucket = "other"  # type: ignore[misc]  # what is to fail
    with pytest.raises(AttributeError):
        store.config = store.config  # type: ignore[misc]  # what is to fail


def test_secrets_are_not_shown() -> None:
    """In no representation of the store, its configuration or its client's errors."""
    store = ObjectStore(MINIO)
    for text in (repr(store), str(store), repr(store.config), store.config.to_url(), f"{vars(store)}"):
        assert SECRET not in text
    assert repr(store).startswith("ObjectStore('minio://ACCESS:")


# first use


def test_nothing_is_made_before_it_is_used() -> None:
    """No client, no thread, no file."""
    threads = threading.active_count()
    store = ObjectStore({"framework": "dict"})
    assert repr(store)
    store.close()
    assert (made, threading.active_count()) == ([], threads)


def test_one_client_serves_all_threads() -> None:
    """Even when they begin at once; the root bucket is made once."""
    store = ObjectStore({"framework": "dict"})
    start = threading.Barrier(8)
    failed: list[BaseException] = []

    def put(number: int) -> None:
        try:
            start.wait(10)
            store.put_object(b"content", f"k{number}")
        except Exception as error:  # noqa: BLE001  the main thread looks at it
            failed.append(error)

    threads = [threading.Thread(target=put, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert failed == []
    assert len(made) == 1
    assert made[0].calls.count("create_bucket") == 1
    assert len(list(store.list_files())) == 8
    store.close()


def test_the_root_bucket_is_made_on_first_use_of_it(store: ObjectStore) -> None:
    """Not by a call that names another, and not twice."""
    store.ping()
    assert not store.bucket_exists("root")
    store.create_bucket("other")
    store.put_object(b"content", "k", "other")
    assert not store.bucket_exists("root")
    store.put_object(b"content", "k")
    store.put_object(b"content", "l")
    assert store.bucket_exists("root")
    assert _calls(store).count("create_bucket") == 2


def test_a_root_bucket_that_is_there_is_used(store: ObjectStore) -> None:
    """Or that another process makes in between."""
    client = store.client
    assert isinstance(client, DictClient)
    client.buckets["root"] = {}
    store.put_object(b"content", "k")
    assert "create_bucket" not in client.calls


def test_a_root_bucket_that_another_process_makes_meanwhile_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the question and the making."""

    class Late(CountedClient):
        def create_bucket(self, bucket: str, options: BucketOptions) -> Any:
            self.buckets[bucket] = {}
            return super().create_bucket(bucket, options)

    monkeypatch.setattr(sys.modules[__name__], "CountedClient", Late)
    with ObjectStore({"framework": "dict", "root_bucket": "root"}) as store:
        store.put_object(b"content", "k")
        assert store.read_object("k") == b"content"


def test_the_root_bucket_is_not_made_unless_configured() -> None:
    """A server's bucket has an owner."""
    with ObjectStore({"framework": "dict", "root_bucket": "root", "create_root_bucket": False}) as store:
        with pytest.raises(BucketNotFound):
            store.put_object(b"content", "k")
        assert "create_bucket" not in _calls(store)


def test_without_a_root_bucket_a_call_must_name_one() -> None:
    """Before anything is sent."""
    store = ObjectStore("minio://localhost:9000")
    with pytest.raises(InvalidArgument, match="root_bucket"):
        store.read_object("k")


def test_an_unknown_option_is_a_type_error(store: ObjectStore) -> None:
    """As of every Python function."""
    _fill(store, "k")
    with pytest.raises(TypeError, match="contenttype"):
        store.put_object(b"", "k", contenttype="a")  # type: ignore[call-arg]  # what is to fail
    with pytest.raises(TypeError, match="contenttype"):
        store.copy_object("k", "l", contenttype="a")  # type: ignore[call-arg]  # what is to fail
    assert _calls(store) == []


# files


def test_a_file_goes_up_and_comes_down(store: ObjectStore, tmp_path: Path) -> None:
    """Paths are text or path-like."""
    (tmp_path / "a.csv").write_bytes(b"1,2\n")
    assert store.upload_file(str(tmp_path / "a.csv"), "k").size == 4
    store.download_file("k", tmp_path / "down" / "b")
    assert (tmp_path / "down" / "b").read_bytes() == b"1,2\n"


@pytest.mark.parametrize(
    ("name", "key", "given", "expected"),
    [
        ("a.csv", "k", None, "text/csv"),
        ("a", "k.png", None, "image/png"),
        ("a.csv", "k.png", None, "text/csv"),
        ("a.csv", "k", "application/x-own", "application/x-own"),
        ("a", "k", None, None),
    ],
)
def test_upload_file_guesses_the_content_type(
    store: ObjectStore, tmp_path: Path, name: str, key: str, given: str | None, expected: str | None
) -> None:
    """Of the file's name, then of the key's; what is given holds."""
    (tmp_path / name).write_bytes(b"content")
    store.upload_file(tmp_path / name, key, content_type=given)
    assert store.head_object(key).content_type == expected


def test_upload_object_guesses_nothing(store: ObjectStore, tmp_path: Path) -> None:
    """Nor does put_object."""
    (tmp_path / "a.csv").write_bytes(b"content")
    store.upload_object(tmp_path / "a.csv", "a.csv")
    store.put_object(b"content", "b.csv")
    assert [store.head_object(key).content_type for key in ("a.csv", "b.csv")] == [None, None]


@pytest.mark.parametrize("name", ["dir", "dir/", "new/"])
def test_a_directory_is_no_file(store: ObjectStore, tmp_path: Path, name: str) -> None:
    """Neither one that is there, nor what is written as one."""
    (tmp_path / "dir").mkdir()
    _fill(store, "k")
    with pytest.raises(IsADirectoryError):
        store.download_file("k", f"{tmp_path}/{name}")
    assert not (tmp_path / "new").exists()


def test_paths_of_path_like_objects_are_asked_for(store: ObjectStore, tmp_path: Path) -> None:
    """``os.fspath`` decides, not ``str``."""

    class Named:
        def __fspath__(self) -> str:
            return str(tmp_path / "file")

        def __str__(self) -> str:
            return ""

    (tmp_path / "file").write_bytes(b"content")
    store.upload_file(Named(), "k")
    assert store.read_object("k") == b"content"


# reading


def test_reading_in_all_ways(store: ObjectStore) -> None:
    """Whole, as a stream, a range, several ranges, seekable."""
    store.put_object(b"0123456789", "k")
    assert store.read_object("k") == b"0123456789"
    with store.get_file("k") as found:
        assert type(found) is Object
        assert (found.size, found.content_length, found.body.read(3)) == (10, 10, b"012")
    with store.get_object("k", offset=-3) as found:
        assert (found.size, found.content_length, found.body.read()) == (10, 3, b"789")
    assert store.get_object("k", offset=2, length=3).read() == b"234"
    assert store.get_ranges("k", iter([(8, 5), (0, 1)])) == [b"89", b"0"]
    assert store.get_ranges("k", []) == []
    with store.open_object("k", block_size=4) as reader:
        assert isinstance(reader, io.RawIOBase)
        reader.seek(5)
        assert reader.read(2) == b"56"
    with pytest.raises(RangeNotSatisfiable):
        store.get_object("k", offset=10)


def test_exists_tells_a_missing_object_from_a_missing_bucket(store: ObjectStore) -> None:
    """A bucket that is missing is a mistake."""
    _fill(store, "k")
    assert store.exists("k")
    assert not store.exists("missing")
    with pytest.raises(BucketNotFound):
        store.exists("k", "missing")


# deleting many


def test_many_keys_go_in_batches_of_a_thousand(store: ObjectStore) -> None:
    """Read lazily: the first batch is deleted before the second is asked for."""
    store.put_object(b"", "k")
    batches: list[int] = []
    seen: list[int] = []
    client = store.client
    original = client.delete_objects

    def counting(bucket: str, objects: Any, **options: Any) -> list[DeletedObject]:
        batches.append(len(objects))
        return original(bucket, objects, **options)

    def keys() -> Iterator[str]:
        for number in range(2500):
            seen.append(len(batches))
            yield f"k{number}"

    client.delete_objects = counting  # type: ignore[method-assign]  # looks on, nothing more
    outcomes = store.delete_objects(keys())
    assert batches == [1000, 1000, 500]
    assert (seen[999], seen[1000], seen[2000]) == (0, 1, 2)
    assert [outcome.key for outcome in outcomes] == [f"k{number}" for number in range(2500)]


def test_each_key_has_its_own_outcome(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """In order; with ``quiet`` the failures only."""

    class Picky(CountedClient):
        def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> DeletedObject:
            if key == "bad":
                raise VendorError("AccessDenied", 403)
            return super().delete_object(bucket, key, options)

    monkeypatch.setattr(sys.modules[__name__], "CountedClient", Picky)
    _fill(store, "a", "bad", "z")
    outcomes = store.delete_objects(("z", "bad", "missing"))
    assert [(outcome.key, type(outcome.error)) for outcome in outcomes] == [
        ("z", type(None)),
        ("bad", AccessDenied),
        ("missing", type(None)),
    ]
    assert [outcome.key for outcome in store.delete_objects(["a", "bad"], quiet=True)] == ["bad"]
    assert store.delete_objects([], quiet=True) == []
    assert [found.key for found in store.list_files()] == ["bad"]


def test_a_bad_key_of_an_iterator_stops_before_its_batch(store: ObjectStore) -> None:
    """What went before is deleted."""
    _fill(store, "k")
    with pytest.raises(InvalidArgument):
        store.delete_objects(iter(["k", ""]))
    assert store.exists("k")


def test_a_bucket_is_emptied_by_force(store: ObjectStore) -> None:
    """And only by force."""
    store.create_bucket("full")
    store.put_object(b"", "k", "full")
    with pytest.raises(BucketNotEmpty):
        store.delete_bucket("full")
    store.delete_bucket("full", force=True)
    assert not store.bucket_exists("full")


# listings


def test_listings_are_lazy(store: ObjectStore) -> None:
    """A page is asked for when its first object is."""
    _fill(store, *(f"k{number:04}" for number in range(1001)))
    listing = store.list_objects()
    assert _calls(store) == []
    first = [next(listing).key for _ in range(1000)]
    assert (first[0], first[-1], _calls(store)) == ("k0000", "k0999", ["list_page"])
    assert [found.key for found in listing] == ["k1000"]
    assert _calls(store) == ["list_page", "list_page"]


def test_listings_of_a_server_are_a_page_ahead(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once more than one object of a page is taken; closing waits for it."""
    monkeypatch.setattr(CountedClient, "is_remote", True)
    _fill(store, *(f"k{number:04}" for number in range(1001)))
    listing = store.list_objects()
    assert next(listing).key == "k0000"
    assert _calls(store) == ["list_page"]
    assert next(listing).key == "k0001"
    calls = _calls(store)
    store.close()
    assert calls == ["list_page", "list_page", "close"]


@pytest.mark.parametrize(
    ("limit", "expected", "pages"), [(1, 1, 1), (3, 3, 1), (1000, 1000, 1), (1001, 1001, 2), (5000, 1002, 2)]
)
def test_a_limit_ends_a_listing(store: ObjectStore, limit: int, expected: int, pages: int) -> None:
    """Over pages, and without a page too many."""
    _fill(store, *(f"k{number:04}" for number in range(1002)))
    assert len(list(store.list_objects(limit=limit))) == expected
    assert _calls(store) == ["list_page"] * pages


def test_a_limit_counts_objects_not_prefixes(store: ObjectStore) -> None:
    """A page may begin with prefixes."""
    _fill(store, "a/1", "b/1", "c", "d")
    assert [found.key for found in store.list_objects(delimiter="/", limit=2)] == ["c", "d"]


def test_listings_in_all_ways(store: ObjectStore) -> None:
    """Files are recursive, objects have no prefixes, a page has both."""
    _fill(store, "a", "b/1", "b/2", "c")
    assert [found.key for found in store.list_files("b")] == ["b/1", "b/2"]
    assert [found.key for found in store.list_objects(delimiter="/", start_after="a")] == ["c"]
    assert list(store.list_prefixes()) == ["b/"]
    page = store.list_page(delimiter="/", limit=2)
    assert ([found.key for found in page.objects], page.prefixes) == (["a"], ("b/",))
    assert [found.key for found in store.list_page(delimiter="/", cursor=page.cursor).objects] == ["c"]


def test_an_empty_page_is_not_the_end(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a missing cursor is."""

    class Sparse(CountedClient):
        def list_page(self, bucket: str, prefix: str, options: ListOptions) -> ObjectPage:
            if options.cursor is None:
                return ObjectPage(cursor=" ")
            return super().list_page(bucket, prefix, options)

    monkeypatch.setattr(sys.modules[__name__], "CountedClient", Sparse)
    _fill(store, "k")
    assert [found.key for found in store.list_objects()] == ["k"]


def test_a_listing_that_does_not_go_on_ends_with_an_error(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that answers the same cursor for ever must not keep the caller for ever."""

    class Endless(CountedClient):
        def list_page(self, bucket: str, prefix: str, options: ListOptions) -> ObjectPage:
            return ObjectPage(cursor="again")

    monkeypatch.setattr(sys.modules[__name__], "CountedClient", Endless)
    with pytest.raises(ServerError, match="again and again") as caught:
        list(store.list_objects())
    assert (caught.value.operation, caught.value.framework) == ("list_objects", "dict")


# buckets


def test_buckets_are_sorted(store: ObjectStore) -> None:
    """Whatever order the framework has."""
    for name in ("bbb", "ccc", "aaa"):
        store.create_bucket(name)
    assert [bucket.name for bucket in store.list_buckets()] == ["aaa", "bbb", "ccc"]


def test_making_a_bucket_twice_is_an_error(store: ObjectStore) -> None:
    """Even where a server would accept it, and the error says where."""
    store.create_bucket("bucket")
    with pytest.raises(AlreadyExists) as caught:
        store.create_bucket("bucket")
    assert (caught.value.operation, caught.value.bucket, caught.value.framework) == ("create_bucket", "bucket", "dict")


# closing

CLOSED: dict[str, Callable[[ObjectStore], object]] = {
    "client": lambda store: store.client,
    "ping": lambda store: store.ping(),
    "put_object": lambda store: store.put_object(b"", "k"),
    "read_object": lambda store: store.read_object("k"),
    "list_files": lambda store: store.list_files(),
    "list_page": lambda store: store.list_page(),
    "get_ranges": lambda store: store.get_ranges("k", []),
    "delete_objects": lambda store: store.delete_objects([]),
    "other bucket": lambda store: store.read_object("k", "other"),
}


@pytest.mark.parametrize("used", [True, False])
@pytest.mark.parametrize("call", CLOSED.values(), ids=CLOSED)
def test_a_closed_store_says_so(store: ObjectStore, call: Any, used: bool) -> None:
    """Whether it was used before or not; it is not opened again."""
    if used:
        _fill(store, "k")
    store.close()
    store.close()
    with pytest.raises(StoreClosed):
        call(store)
    assert len(made) == used


def test_closing_closes_the_client_once(store: ObjectStore) -> None:
    """And the client itself refuses, for who still has it."""
    client = store.client
    with store as same:
        assert same is store
    store.close()
    assert client.calls == ["close"]  # type: ignore[attr-defined]  # a DictClient
    with pytest.raises(StoreClosed):
        client.ping()


def test_a_listing_ends_with_its_store(store: ObjectStore) -> None:
    """It says so, when it needs another page."""
    _fill(store, *(f"k{number:04}" for number in range(1001)))
    listing = store.list_objects()
    next(listing)
    store.close()
    with pytest.raises(StoreClosed):
        list(listing)


def test_threads_end_with_the_store(store: ObjectStore) -> None:
    """Those that parts needed."""
    before = threading.active_count()
    store.put_object(bytes(17 * MIB), "k")
    assert threading.active_count() > before
    store.close()
    assert threading.active_count() == before


# processes


def test_a_store_is_picklable(tmp_path: Path) -> None:
    """The copy opens the same data; secrets go along."""
    with ObjectStore({"framework": "local", "connection": {"root": str(tmp_path / "data")}}) as store:
        store.put_object(b"content", "k")
        with pickle.loads(pickle.dumps(store)) as copy:
            assert copy.read_object("k") == b"content"
            assert copy.config == store.config
    minio = pickle.loads(pickle.dumps(ObjectStore(MINIO)))
    assert minio.config.connection.secret_key.get_secret_value() == SECRET


def test_a_store_in_memory_is_not_picklable() -> None:
    """Its data would not go along: the error says so."""
    with ObjectStore("memory://bucket") as store, pytest.raises(ConfigurationError, match="pickled"):
        pickle.dumps(store)


_FORKED = """
import os, sys, threading
from data_store.object_store import ObjectStore
from data_store.object_store.errors import StoreClosed

store, closed = ObjectStore({config!r}), ObjectStore({config!r})
store.put_object(bytes(17 << 20), "parent")
closed.close()
client = store.client
child = os.fork()
if child == 0:
    try:
        assert store.client is not client
        assert store.head_object("parent").size == 17 << 20
        store.put_object(b"child", "child")
        store.close()
        try:
            closed.ping()
        except StoreClosed:
            os._exit(0)
    except BaseException as error:
        print(repr(error), file=sys.stderr, flush=True)
    os._exit(1)
_, status = os.waitpid(child, 0)
assert os.waitstatus_to_exitcode(status) == 0
assert store.client is client
assert store.read_object("child") == b"child"
store.close()
"""


def test_a_store_works_on_both_sides_of_a_fork(tmp_path: Path) -> None:
    """The child makes its own client, a closed store stays closed, the parent notices nothing."""
    config: Mapping[str, Any] = {"framework": "local", "connection": {"root": str(tmp_path / "data")}}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _FORKED.format(config=config)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


_FORKED_MEMORY = """
import os
from data_store.object_store import ObjectStore

store = ObjectStore("memory://bucket")
store.put_object(b"parent", "k")
child = os.fork()
if child == 0:
    try:
        store.read_object("k")
    except Exception as error:
        os._exit(0 if "memory" in str(error) else 2)
    os._exit(1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""


def test_a_store_in_memory_does_not_survive_a_fork() -> None:
    """A child that wrote to its own copy would lose it in silence: it gets an error."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _FORKED_MEMORY], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_errors_have_all_that_is_known(store: ObjectStore) -> None:
    """Through the facade too."""
    _fill(store, "k")
    with pytest.raises(ObjectNotFound) as caught:
        store.read_object("missing")
    error: ObjectStoreError = caught.value
    assert (error.operation, error.bucket, error.key, error.framework, error.code, error.request_id) == (
        "get_object",
        "root",
        "missing",
        "dict",
        "NoSuchKey",
        "REQ1",
    )

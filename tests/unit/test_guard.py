"""The guard around every operation of a client: errors, second questions, bodies, logging and tracing."""

from __future__ import annotations

import gc
import io
import logging
import pickle
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from data_store.object_store.body import HeldBody, ObjectBody, Source
from data_store.object_store.client import ObjectStoreClient
from data_store.object_store.errors import (
    AccessDenied,
    BucketNotFound,
    ConnectionFailed,
    InvalidArgument,
    NotFound,
    ObjectNotFound,
    ObjectStoreError,
    PreconditionFailed,
    ServerError,
    StoreClosed,
)
from data_store.object_store.models import (
    Bucket,
    BucketOptions,
    CopyOptions,
    DeleteOptions,
    GetOptions,
    ListOptions,
    Object,
    ObjectIdentifier,
    ObjectMetadata,
    PresignGetOptions,
    PutOptions,
)
from data_store.object_store.sources import IterableReader
from tests.unit.dict_client import DictClient, PartsClient, StreamClient, VendorError

GET = GetOptions()


def _source(content: bytes = b"content") -> Source:
    return Source(io.BytesIO(content), len(content))


@pytest.fixture
def client() -> DictClient:
    """A client whose bucket ``b`` holds ``k``."""
    client = DictClient()
    client.create_bucket("b", BucketOptions())
    client.put_object("b", "k", _source(), PutOptions())
    client.calls.clear()
    return client


CALLS: dict[str, tuple[Any, ...]] = {
    "put_object": ("b", "k", _source(), PutOptions()),
    "get_object": ("b", "k", GET),
    "head_object": ("b", "k", GET),
    "delete_object": ("b", "k", DeleteOptions()),
    "delete_objects": ("b", [ObjectIdentifier("k")]),
    "list_page": ("b", "", ListOptions()),
    "copy_object": ("b", "k", "b", "l", CopyOptions()),
    "create_bucket": ("b", BucketOptions()),
    "delete_bucket": ("b",),
    "list_buckets": (),
    "bucket_exists": ("b",),
    "ping": (),
}


def test_the_table_of_calls_is_complete() -> None:
    """A new operation of the base class joins the tests below."""
    public = {name for name, member in vars(ObjectStoreClient).items() if callable(member) and name[0] != "_"}
    assert public == CALLS.keys() | {"classify", "close", "forget_lacking", "honours", "lacking"}


# errors


class DeniedClient(DictClient):
    """Every operation reaches an SDK that is denied access."""

    def _objects(self, bucket: str) -> Any:
        raise VendorError("AccessDenied", 403)

    def _found(self, bucket: str, key: str, missing: str) -> Any:
        raise VendorError("AccessDenied", 403)

    def create_bucket(self, bucket: str, options: BucketOptions) -> Bucket:
        """Fail."""
        raise VendorError("AccessDenied", 403)

    def list_buckets(self) -> list[Bucket]:
        """Fail."""
        raise VendorError("AccessDenied", 403)

    def ping(self) -> None:
        """Fail."""
        raise VendorError("AccessDenied", 403)


@pytest.mark.parametrize("operation", CALLS.keys() - {"delete_objects"})
def test_every_operation_translates_the_errors_of_its_sdk(operation: str) -> None:
    """With all that is known, and the exception of the SDK as the cause."""
    with pytest.raises(AccessDenied) as caught:
        getattr(DeniedClient(), operation)(*CALLS[operation])
    error = caught.value
    failed = "list_buckets" if operation == "bucket_exists" else operation  # which the base class builds on it
    assert (error.operation, error.framework) == (failed, "memory")
    assert (error.code, error.status, error.request_id, error.reason) == (
        "AccessDenied",
        403,
        "REQ1",
        "vendor says AccessDenied",
    )
    assert error.bucket == ("b" if "b" in CALLS[failed] else None)
    assert isinstance(error.__cause__, VendorError)


def test_an_error_of_one_key_among_many_is_in_its_outcome() -> None:
    """The other keys are deleted."""

    class Picky(DictClient):
        def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Any:
            if key == "bad":
                raise VendorError("AccessDenied", 403)
            return super().delete_object(bucket, key, options)

    client = Picky()
    client.create_bucket("b", BucketOptions())
    first, bad, last = client.delete_objects("b", [ObjectIdentifier(key) for key in ("a", "bad", "z")])
    assert (first.error, last.error, bad.key) == (None, None, "bad")
    assert isinstance(bad.error, AccessDenied)
    assert (bad.error.operation, bad.error.bucket, bad.error.key) == ("delete_object", "b", "bad")


def test_deleting_many_in_a_missing_bucket_is_one_error() -> None:
    """Not one for each key."""
    with pytest.raises(BucketNotFound):
        DictClient().delete_objects("b", [ObjectIdentifier("a"), ObjectIdentifier("b")])


def test_arguments_by_name_are_seen_too() -> None:
    """The guard knows bucket, key, body and options however they are given."""
    client = DictClient()
    client.create_bucket(bucket="b", options=BucketOptions())
    with pytest.raises(ObjectNotFound) as caught:
        client.get_object(key="k", bucket="b", options=GET)
    assert (caught.value.bucket, caught.value.key) == ("b", "k")
    with pytest.raises(PreconditionFailed):
        client.put_object(bucket="b", key="k", body=_source(), options=PutOptions(if_match="e"))

    def chunks() -> Iterator[bytes]:
        yield b"a"
        raise OSError("disk on fire")

    wrapping = WrappingClient()
    wrapping.create_bucket("b", BucketOptions())
    with pytest.raises(OSError, match="disk on fire"):
        wrapping.put_object(bucket="b", key="k", body=Source(IterableReader(chunks()), None), options=PutOptions())


def test_an_error_that_is_already_ours_passes_with_its_fields_filled() -> None:
    """It is the same exception, and what it says itself stays."""
    raised = AccessDenied("no", key="other")

    class Own(DictClient):
        def head_object(self, bucket: str, key: str, options: GetOptions) -> ObjectMetadata:
            raise raised

    with pytest.raises(AccessDenied) as caught:
        Own().head_object("b", "k", GET)
    assert caught.value is raised
    assert (raised.operation, raised.bucket, raised.key, raised.framework) == ("head_object", "b", "other", "memory")
    assert raised.__cause__ is None


def test_an_exception_that_is_nobodys_passes_unchanged() -> None:
    """A mistake in an adapter is not dressed up as an answer of the server."""

    class Wrong(DictClient):
        def ping(self) -> None:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught:
        Wrong().ping()
    assert caught.value.__cause__ is None


def test_ctrl_c_passes() -> None:
    """It is no error."""

    class Interrupted(DictClient):
        def ping(self) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Interrupted().ping()


def test_a_raised_error_is_picklable(client: DictClient) -> None:
    """As the guard raises it, with cause and fields."""
    with pytest.raises(ObjectNotFound) as caught:
        client.get_object("b", "missing", GET)
    found = pickle.loads(pickle.dumps(caught.value))
    assert str(found) == str(caught.value)


def test_operations_of_a_capability_are_guarded() -> None:
    """All public methods of the class are."""
    client = PartsClient()
    with pytest.raises(BucketNotFound) as caught:
        client.create_multipart_upload("b", "k", PutOptions())
    assert (caught.value.operation, caught.value.key) == ("create_multipart_upload", "k")


def test_operations_of_a_mixin_are_guarded() -> None:
    """Wherever in its bases a client class has them from."""

    class Listing:
        def list_versions(self, bucket: str) -> None:
            raise VendorError("AccessDenied", 403)

    class Mixed(Listing, DictClient):
        pass

    with pytest.raises(AccessDenied):
        Mixed().list_versions("b")


def test_a_subclass_is_guarded_once() -> None:
    """Its own methods are; those that it inherits are already."""

    class Sub(DictClient):
        def ping(self) -> None:
            raise VendorError("AccessDenied", 403)

    assert Sub.get_object is DictClient.get_object
    with pytest.raises(AccessDenied):
        Sub().ping()


# conditions that did not hold


class UnclearClient(DictClient):
    """Writes of it fail with Ceph's answer to a lost race, which stands for other failures too."""

    def put_object(self, bucket: str, key: str, body: Source, options: PutOptions) -> ObjectMetadata:
        """Fail."""
        raise VendorError("UnknownError", 500)


@pytest.fixture
def unclear(client: DictClient) -> UnclearClient:
    """The same content, behind a client whose writes fail."""
    unclear = UnclearClient()
    unclear.buckets = client.buckets
    return unclear


@pytest.mark.parametrize("key", ["k", "missing"])
def test_an_unclear_answer_to_a_write_whose_condition_does_not_hold_is_a_lost_race(
    unclear: UnclearClient, key: str
) -> None:
    """The object is not the one to be replaced any more, or there is none."""
    with pytest.raises(PreconditionFailed) as caught:
        unclear.put_object("b", key, _source(), PutOptions(if_match="another"))
    assert (caught.value.operation, caught.value.code, caught.value.status) == ("put_object", "UnknownError", 500)


def test_an_unclear_answer_to_a_write_whose_condition_holds_is_a_failure(unclear: UnclearClient) -> None:
    """Nobody was faster, so the server failed."""
    etag = unclear.head_object("b", "k", GET).etag
    with pytest.raises(ServerError):
        unclear.put_object("b", "k", _source(), PutOptions(if_match=etag))


def test_an_unclear_answer_to_a_write_without_a_condition_asks_nobody(unclear: UnclearClient) -> None:
    """The second question is for if_match alone."""
    with pytest.raises(ServerError):
        unclear.put_object("b", "k", _source(), PutOptions())
    assert unclear.calls == []


def test_an_unclear_answer_stays_where_the_second_question_fails(unclear: UnclearClient) -> None:
    """What is raised is the answer to the write."""

    class Silent(UnclearClient):
        def head_object(self, bucket: str, key: str, options: GetOptions) -> ObjectMetadata:
            raise VendorError("AccessDenied", 403)

    with pytest.raises(ServerError):
        Silent().put_object("b", "k", _source(), PutOptions(if_match="another"))


# what is missing


def test_a_plain_not_found_is_an_object_where_the_bucket_is_there(client: DictClient) -> None:
    """A HEAD's 404 does not say what is missing; the bucket was seen before, so nobody is asked."""
    with pytest.raises(ObjectNotFound) as caught:
        client.head_object("b", "missing", GET)
    assert (caught.value.code, caught.value.status, caught.value.request_id) == ("404", 404, "REQ1")
    assert caught.value.reason == "vendor says 404"
    assert client.calls == ["head_object"]


def test_a_plain_not_found_asks_about_a_bucket_that_was_never_seen(client: DictClient) -> None:
    """Once, and only on the error."""
    client._guard._seen_buckets.clear()
    with pytest.raises(ObjectNotFound):
        client.head_object("b", "missing", GET)
    assert client.calls == ["head_object", "list_buckets"]


def test_a_plain_not_found_is_a_bucket_where_there_is_none(client: DictClient) -> None:
    """And the error names both."""
    with pytest.raises(BucketNotFound) as caught:
        client.head_object("other", "k", GET)
    assert (caught.value.bucket, caught.value.key) == ("other", "k")


def test_a_bucket_that_something_was_signed_for_was_not_seen() -> None:
    """Nobody was asked: a 404 of it later on may be the bucket's."""

    class Signing(DictClient):
        def presign_get(self, bucket: str, key: str, options: PresignGetOptions) -> str:
            return "https://localhost/"

    client = Signing()
    client.presign_get("other", "k", PresignGetOptions(expires=60))
    with pytest.raises(BucketNotFound):
        client.head_object("other", "k", GET)


def test_no_second_question_without_an_error(client: DictClient) -> None:
    """A bucket that was never seen costs nothing while all goes well."""
    client._guard._seen_buckets.clear()
    client.head_object("b", "k", GET)
    client.put_object("b", "k", _source(), PutOptions())
    assert client.calls == ["head_object", "put_object"]


def test_a_deleted_bucket_is_forgotten(client: DictClient) -> None:
    """What was seen once need not be there for ever."""
    client.delete_object("b", "k", DeleteOptions())
    client.delete_bucket("b")
    with pytest.raises(BucketNotFound):
        client.head_object("b", "k", GET)


def test_a_bucket_that_another_deleted_is_forgotten_when_that_shows(client: DictClient) -> None:
    """The first answer that says so is enough."""
    del client.buckets["b"]
    with pytest.raises(BucketNotFound):
        client.get_object("b", "k", GET)
    with pytest.raises(BucketNotFound):
        client.head_object("b", "k", GET)


def test_asking_for_a_bucket_does_not_make_it_seen(client: DictClient) -> None:
    """``bucket_exists`` may say no."""
    assert not client.bucket_exists("other")
    with pytest.raises(BucketNotFound):
        client.head_object("other", "k", GET)


def test_a_second_question_that_fails_does_not_hide_the_first_answer() -> None:
    """No permission to list buckets is no reason to fail otherwise."""

    class Shy(DictClient):
        def list_buckets(self) -> list[Bucket]:
            raise VendorError("AccessDenied", 403)

    with pytest.raises(ObjectNotFound):
        Shy().head_object("b", "k", GET)


def test_a_not_found_without_a_key_is_the_bucket() -> None:
    """There is nothing else to be missing."""

    class Plain(DictClient):
        def list_page(self, bucket: str, prefix: str, options: ListOptions) -> Any:
            raise VendorError("404", 404)

    client = Plain()
    with pytest.raises(BucketNotFound):
        client.list_page("b", "", ListOptions())
    assert client.calls == []


def test_a_not_found_without_a_bucket_stays_one() -> None:
    """Nobody can say more."""

    class Plain(DictClient):
        def ping(self) -> None:
            raise VendorError("404", 404)

    with pytest.raises(NotFound) as caught:
        Plain().ping()
    assert type(caught.value) is NotFound


def test_a_write_with_if_match_on_a_missing_key_is_a_failed_precondition(client: DictClient) -> None:
    """AWS answers 404 where others answer 412."""
    with pytest.raises(PreconditionFailed) as caught:
        client.put_object("b", "missing", _source(), PutOptions(if_match="etag"))
    assert (caught.value.code, caught.value.key, caught.value.operation) == ("NoSuchKey", "missing", "put_object")


def test_a_write_with_if_match_in_a_missing_bucket_is_a_missing_bucket() -> None:
    """The condition is not what is wrong."""
    with pytest.raises(BucketNotFound):
        DictClient().put_object("b", "k", _source(), PutOptions(if_match="etag"))


def test_a_read_with_if_match_of_a_missing_key_is_not_found(client: DictClient) -> None:
    """Only writes are conditional writes."""
    with pytest.raises(ObjectNotFound):
        client.get_object("b", "missing", GetOptions(if_match="etag"))


# the caller's own stream


class WrappingClient(StreamClient):
    """Its SDK wraps what the body raises."""

    def _drain(self, body: Source) -> bytes:
        try:
            return super()._drain(body)
        except Exception as exc:
            raise VendorError("Reset") from exc


@pytest.mark.parametrize("cls", [StreamClient, WrappingClient])
def test_what_the_callers_stream_raises_passes_unchanged(cls: type[StreamClient]) -> None:
    """The same exception with the cause it had, even where an SDK wraps it."""
    cause = ValueError("the caller's")
    failure = LookupError("mine")

    def chunks() -> Iterator[bytes]:
        yield b"abc"
        raise failure from cause

    client = cls()
    client.create_bucket("b", BucketOptions())
    with pytest.raises(LookupError) as caught:
        client.put_object("b", "k", Source(IterableReader(chunks()), None), PutOptions())
    assert caught.value is failure
    assert failure.__cause__ is cause


@pytest.mark.parametrize("cls", [StreamClient, WrappingClient])
def test_a_body_of_another_length_is_an_invalid_argument(cls: type[StreamClient]) -> None:
    """Even where an SDK wraps it, and nothing is stored."""
    client = cls()
    client.create_bucket("b", BucketOptions())
    with pytest.raises(InvalidArgument, match="longer"):
        client.put_object("b", "k", Source(IterableReader([b"abcd"]), 3), PutOptions())
    assert client.buckets["b"] == {}


@pytest.mark.parametrize("cls", [StreamClient, WrappingClient])
def test_what_progress_raises_passes_unchanged(cls: type[StreamClient]) -> None:
    """It is the caller's own too."""

    def refuse(_position: int) -> None:
        raise LookupError("enough")

    client = cls()
    client.create_bucket("b", BucketOptions())
    with pytest.raises(LookupError, match="enough"):
        client.put_object("b", "k", Source(io.BytesIO(b"abc"), 3, progress=refuse), PutOptions())
    assert client.buckets["b"] == {}


# bodies


class _Content(io.BytesIO):
    closes = 0

    def close(self) -> None:
        self.closes += 1
        super().close()


class ContentClient(DictClient):
    """Its bodies count how often they are closed."""

    def _body(self, content: bytes) -> io.BytesIO:
        return _Content(content)


class BreakingClient(DictClient):
    """Its bodies break after three bytes."""

    def _body(self, content: bytes) -> io.BytesIO:
        return _Breaking(content)


class _Breaking(_Content):
    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() >= 3:
            raise VendorError("Reset")
        return super().read(min(3, size or 0))


class ShortClient(DictClient):
    """Its bodies end two bytes early."""

    def _body(self, content: bytes) -> io.BytesIO:
        return _Content(content[:-2])


def _opened(client: DictClient) -> Object:
    client.create_bucket("b", BucketOptions())
    client.put_object("b", "k", _source(), PutOptions())
    return client.get_object("b", "k", GET)


def test_a_body_is_guarded() -> None:
    """An object comes with a guarded stream of its content."""
    found = _opened(ContentClient())
    assert isinstance(found.body, ObjectBody)
    assert found.body.read() == b"content"


def test_a_read_that_fails_is_translated() -> None:
    """A stream fails after the call returned: the error still says which operation it was."""
    client = BreakingClient()
    found = _opened(client)
    assert found.body.read(100) == b"con"
    with pytest.raises(ConnectionFailed) as caught:
        found.body.read(100)
    error = caught.value
    assert (error.operation, error.bucket, error.key, error.framework) == ("get_object", "b", "k", "memory")
    assert isinstance(error.__cause__, VendorError)
    assert client.bodies[0].closed


class ShortHeldClient(ShortClient):
    """Its bodies are in memory, and two bytes short."""

    def _body(self, content: bytes) -> Any:
        return HeldBody(content[:-2])


@pytest.mark.parametrize("client", [ShortClient(), ShortHeldClient()], ids=["stream", "held"])
def test_a_body_that_ends_early_is_a_failed_connection(client: ShortClient) -> None:
    """With all that is known."""
    found = _opened(client)
    with pytest.raises(ConnectionFailed, match="2 bytes early") as caught:
        found.body.read()
    assert (caught.value.operation, caught.value.key, caught.value.framework) == ("get_object", "k", "memory")
    assert client.bodies[0].closed


@pytest.mark.parametrize(
    "end", [lambda found: found.body.read(), lambda found: found.close(), lambda found: found.read()]
)
def test_the_connection_goes_back(end: Any) -> None:
    """Once, when the body is exhausted or closed."""
    client = ContentClient()
    found = _opened(client)
    end(found)
    found.close()
    assert client.bodies[0].closes == 1  # type: ignore[attr-defined]  # a _Content


def test_the_connection_of_an_object_that_is_garbage_goes_back() -> None:
    """Nobody must close what nobody has any more."""
    client = ContentClient()
    found = _opened(client)
    del found
    gc.collect()
    assert client.bodies[0].closed


# closing


@pytest.mark.parametrize("operation", CALLS)
def test_a_closed_client_says_so(client: DictClient, operation: str) -> None:
    """Every operation does, and none reaches the SDK."""
    client.close()
    client.calls.clear()
    with pytest.raises(StoreClosed) as caught:
        getattr(client, operation)(*CALLS[operation])
    assert caught.value.framework == "memory"
    assert client.calls == []


def test_closing_twice_closes_once(client: DictClient) -> None:
    """An adapter need not mind."""
    client.close()
    client.close()
    assert client.calls == ["close"]


def test_a_body_that_is_being_read_outlives_its_client() -> None:
    """Closing is not cutting off."""
    client = ContentClient()
    found = _opened(client)
    client.close()
    assert found.read() == b"content"


# logging


def test_an_operation_is_one_line(client: DictClient, caplog: pytest.LogCaptureFixture) -> None:
    """At DEBUG, with where and how long, without content."""
    with caplog.at_level(logging.DEBUG, "data_store"):
        client.put_object("b", "new\nline", _source(b"private"), PutOptions(metadata={"a": "private"}))
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("data_store.object_store", "DEBUG")
    assert record.getMessage().startswith("put_object bucket='b' key='new\\nline' ok ")
    assert record.getMessage().endswith(" ms")
    assert "private" not in record.getMessage()


@pytest.mark.parametrize("operation", CALLS.keys() - {"delete_objects"})
def test_every_operation_is_one_line(client: DictClient, operation: str, caplog: pytest.LogCaptureFixture) -> None:
    """Those that the base class builds on others as well."""
    if operation == "delete_bucket":
        client.delete_object("b", "k", DeleteOptions())
    arguments = ("new", BucketOptions()) if operation == "create_bucket" else CALLS[operation]
    CALLS["put_object"][2].seek(0)
    with caplog.at_level(logging.DEBUG, "data_store"):
        getattr(client, operation)(*arguments)
    assert len(caplog.records) == 1


def test_an_operation_that_fails_is_one_line(client: DictClient, caplog: pytest.LogCaptureFixture) -> None:
    """With the class of the error."""
    with caplog.at_level(logging.DEBUG, "data_store"), pytest.raises(ObjectNotFound):
        client.get_object("b", "missing", GET)
    (record,) = caplog.records
    assert record.getMessage().startswith("get_object bucket='b' key='missing' ObjectNotFound ")


def test_nothing_is_logged_above_debug(client: DictClient, caplog: pytest.LogCaptureFixture) -> None:
    """A service that logs INFO hears nothing of single operations."""
    with caplog.at_level(logging.INFO, "data_store"), pytest.raises(ObjectNotFound):
        client.get_object("b", "missing", GET)
    assert caplog.records == []


# tracing


@pytest.fixture(scope="module")
def _exporter() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trace, "_TRACER_PROVIDER", provider)  # the public setter works once a process
        yield exporter


@pytest.fixture
def spans(_exporter: InMemorySpanExporter) -> InMemorySpanExporter:
    """The spans of this test."""
    _exporter.clear()
    return _exporter


def test_an_operation_is_one_span(client: DictClient, spans: InMemorySpanExporter) -> None:
    """Of a client, named as the operation, without key or content."""
    spans.clear()
    client.get_object("b", "k", GET).close()
    (found,) = spans.get_finished_spans()
    assert found.name == "object_store.get_object"
    assert found.kind is trace.SpanKind.CLIENT
    assert dict(found.attributes or {}) == {"data_store.framework": "memory", "aws.s3.bucket": "b"}
    assert found.status.is_ok


def test_a_span_without_a_bucket_names_none(client: DictClient, spans: InMemorySpanExporter) -> None:
    """An attribute has a value or is not there."""
    spans.clear()
    client.ping()
    (found,) = spans.get_finished_spans()
    assert dict(found.attributes or {}) == {"data_store.framework": "memory"}


def test_a_span_of_an_operation_that_fails_records_our_error(client: DictClient, spans: InMemorySpanExporter) -> None:
    """By its type, not by that of the SDK."""
    spans.clear()
    with pytest.raises(ObjectStoreError):
        client.get_object("b", "missing", GET)
    (found,) = spans.get_finished_spans()
    assert not found.status.is_ok
    (event,) = found.events
    assert "ObjectNotFound" in str((event.attributes or {})["exception.type"])


def test_without_a_provider_there_is_no_span() -> None:
    """The API alone, without an SDK, costs a look and makes nothing; without the API it works as well."""
    code = (
        "import sys{hide}\n"
        "from data_store.object_store import tracing\n"
        "from contextlib import nullcontext\n"
        "assert type(tracing.span('ping', 'memory', None)) is nullcontext\n"
    )
    for hide in ("", "; sys.modules['opentelemetry'] = None"):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", code.format(hide=hide)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

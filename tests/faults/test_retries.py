"""One retry layer: exactly `retry.max_attempts` requests, counted at the fault server."""

from __future__ import annotations

import io
import random
from collections.abc import Callable

import pytest

from data_store.object_store import AccessDenied, BucketOptions, ObjectStore, ServerError, Throttled
from tests.faults.checks import assert_caused_by_vendor, assert_explains
from tests.faults.test_network import OPERATIONS, SOME, where

COUNTED: dict[str, Callable[[ObjectStore], object]] = {
    **OPERATIONS,
    "put_object (stream)": lambda store: store.put_object(io.BytesIO(b"content"), "key"),
    "put_object (unknown length)": lambda store: store.put_object(iter([b"content"]), "key"),
    "upload_file": lambda store: store.upload_file(__file__, "key"),
    "download_file": lambda store: store.download_file("key", "/dev/null/file"),
    "copy_object": lambda store: store.copy_object("key", "copy"),
    "delete_objects": lambda store: store.delete_objects(["a", "b"]),
    "create_bucket": lambda store: store.create_bucket("new-bucket"),
    "create_bucket (client)": lambda store: store.client.create_bucket("new-bucket", BucketOptions()),
    "delete_bucket": lambda store: store.delete_bucket("bucket"),
    "bucket_exists": lambda store: store.bucket_exists("bucket"),
    "multipart upload": lambda store: store.put_object(bytes(6 * 1024**2), "key"),
}


@pytest.mark.parametrize("operation", COUNTED)
def test_a_busy_server_sees_max_attempts_requests(operation, make_store, alone):
    """A fresh client asks so often and no more, then says that it was throttled."""
    alone.answer(503, "ServiceUnavailable")
    with pytest.raises(Throttled) as raised:
        COUNTED[operation](make_store(alone.endpoint, max_attempts=3))
    assert (len(alone.requests), raised.value.status) == (3, 503)
    assert_caused_by_vendor(raised.value)


@pytest.mark.parametrize("operation", ["put_object", "get_object", "list_objects"])
@pytest.mark.parametrize("status", [429, 503])
def test_a_throttling_server_sees_max_attempts_requests(operation, status, make_store, framework, alone):
    """What says SlowDown is asked so often too, with what pauses the SDK thinks right."""
    alone.answer(status, "SlowDown")
    with pytest.raises(Throttled) as raised:
        OPERATIONS[operation](make_store(alone.endpoint, max_attempts=2))
    assert (len(alone.requests), raised.value.status) == (2, status)
    assert_explains(raised.value, framework, operation, **where(operation))


@pytest.mark.parametrize("attempts", [1, 2, 5])
@pytest.mark.parametrize("operation", ["put_object", "get_object"])
def test_max_attempts_counts_the_first_request(operation, attempts, make_store, alone):
    """One attempt is one request."""
    alone.answer(503, "ServiceUnavailable")
    with pytest.raises(Throttled):
        OPERATIONS[operation](make_store(alone.endpoint, max_attempts=attempts))
    assert len(alone.requests) == attempts


@pytest.mark.parametrize("operation", SOME)
def test_server_errors_are_retried_as_often(operation, make_store, alone):
    """A 500 is tried again as a 503 is."""
    alone.answer(500)
    with pytest.raises(ServerError):
        OPERATIONS[operation](make_store(alone.endpoint, max_attempts=3))
    assert len(alone.requests) == 3


@pytest.mark.parametrize("operation", SOME)
def test_what_will_not_change_is_asked_once(operation, make_store, alone):
    """A refusal (403) is not tried again."""
    alone.answer(403, "AccessDenied")
    with pytest.raises(AccessDenied):
        OPERATIONS[operation](make_store(alone.endpoint, max_attempts=3))
    assert len(alone.requests) == 1


@pytest.mark.parametrize("kind", ["bytes", "stream", "iterable", "file"])
@pytest.mark.parametrize("fault", ["503", "cut"])
def test_a_put_that_is_tried_again_sends_the_whole_body(kind, fault, store, wire, bucket, tmp_path):
    """The first attempt was throttled, or broke in the middle of the body: the second begins at the body's start."""
    content = random.Random(1).randbytes(1024**2)
    if fault == "503":
        wire.answer(503, "ServiceUnavailable", times=1, when=lambda request: request.method == "PUT")
    else:
        wire.cut_request(after=300_000, when=lambda request: request.method == "PUT")
    if kind == "file":
        (tmp_path / "file").write_bytes(content)
        stored = store.upload_file(tmp_path / "file", "key")
    else:
        data = {"bytes": content, "stream": io.BytesIO(content), "iterable": iter([content])}[kind]
        stored = store.put_object(data, "key")
    assert stored.size == len(content)
    assert bucket.content("key") == content
    assert [request.method for request in wire.requests].count("PUT") == 2


def test_a_part_that_is_tried_again_sends_the_whole_part(store, wire, bucket):
    """One part of a multipart upload was throttled once."""
    content = random.Random(2).randbytes(11 * 1024**2)
    wire.answer(503, "ServiceUnavailable", times=1, when=lambda request: "partNumber=2" in request.target)
    store.put_object(io.BytesIO(content), "key")
    assert bucket.content("key") == content
    assert bucket.uploads("key") == []

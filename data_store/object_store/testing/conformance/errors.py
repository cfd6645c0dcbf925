"""Errors: of the right class, with all that is known, and able to travel."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import pytest

from data_store.object_store.errors import (
    AlreadyExists,
    BucketNotEmpty,
    BucketNotFound,
    NotFound,
    NotModified,
    ObjectNotFound,
    ObjectStoreError,
    PreconditionFailed,
    RangeNotSatisfiable,
    UnsupportedOperation,
)
from data_store.object_store.models import Condition, GetOptions
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.needs import lacking

__all__ = ["Errors", "ErrorsOfTheClient"]

Failure = Callable[[ObjectStore, str, str], object]

FAILURES: dict[str, tuple[Failure, type[ObjectStoreError], str]] = {
    "get of a missing object": (lambda s, b, _m: s.get_object("missing", b), ObjectNotFound, "get_object"),
    "head of a missing object": (lambda s, b, _m: s.head_object("missing", b), ObjectNotFound, "head_object"),
    "put into a missing bucket": (lambda s, _b, m: s.put_object(b"a", "missing", m), BucketNotFound, "put_object"),
    "get from a missing bucket": (lambda s, _b, m: s.get_object("missing", m), BucketNotFound, "get_object"),
    "head in a missing bucket": (lambda s, _b, m: s.head_object("missing", m), BucketNotFound, "head_object"),
    "list of a missing bucket": (lambda s, _b, m: list(s.list_objects(bucket=m)), BucketNotFound, "list_objects"),
    "deletion of a missing bucket": (lambda s, _b, m: s.delete_bucket(m), BucketNotFound, "delete_bucket"),
    "deletion of a full bucket": (lambda s, b, _m: s.delete_bucket(b), BucketNotEmpty, "delete_bucket"),
    "second creation of a bucket": (lambda s, b, _m: s.create_bucket(b), AlreadyExists, "create_bucket"),
    "write over an object": (
        lambda s, b, _m: s.put_object(b"a", "key", b, if_none_match="*"),
        PreconditionFailed,
        "put_object",
    ),
    "read of what has changed": (
        lambda s, b, _m: s.get_object("key", b, if_match="0" * 32),
        PreconditionFailed,
        "get_object",
    ),
    "read of what has not changed": (
        lambda s, b, _m: s.get_object("key", b, if_none_match=s.head_object("key", b).etag),
        NotModified,
        "get_object",
    ),
    "range behind the end": (lambda s, b, _m: s.get_object("key", b, offset=100), RangeNotSatisfiable, "get_object"),
}


class Errors(ConformanceGroup):
    """Errors."""

    @pytest.fixture
    def error(self, store: ObjectStore, bucket: str, missing_bucket: str, name: str) -> ObjectStoreError:
        """The error of one failure."""
        store.put_object(b"content", "key", bucket)
        with pytest.raises(ObjectStoreError) as caught:
            FAILURES[name][0](store, bucket, missing_bucket)
        return caught.value

    @pytest.mark.parametrize("name", FAILURES)
    def test_an_error_is_of_its_class(self, store: ObjectStore, error: ObjectStoreError, name: str) -> None:
        """The class is that very one, and a RuntimeError; what is missing is a NotFound."""
        refused = name == "write over an object" and lacking(self, store, Condition.PUT)
        assert type(error) is (UnsupportedOperation if refused else FAILURES[name][1])
        assert isinstance(error, RuntimeError)
        assert isinstance(error, NotFound) == ("missing" in name)

    @pytest.mark.parametrize("name", FAILURES)
    def test_an_error_says_where(
        self, store: ObjectStore, error: ObjectStoreError, name: str, bucket: str, missing_bucket: str
    ) -> None:
        """It carries operation, bucket, key and framework."""
        assert error.operation == FAILURES[name][2]
        assert error.bucket == (missing_bucket if "missing bucket" in name else bucket)
        assert error.key in {None, "key", "missing"}
        assert (error.key is None) == ("bucket" in error.operation or error.operation == "list_objects")
        assert error.framework == store.config.framework

    @pytest.mark.parametrize("name", FAILURES)
    def test_a_message_helps(self, error: ObjectStoreError, name: str) -> None:
        """The message names the bucket and the framework, and ends with what to try."""
        assert error.bucket
        assert error.bucket in str(error)
        assert str(error.framework) in str(error)
        assert str(error).endswith(error.hint)

    @pytest.mark.parametrize("name", FAILURES)
    def test_an_error_travels(self, error: ObjectStoreError, name: str) -> None:
        """An error that was pickled is the same error."""
        copy = pickle.loads(pickle.dumps(error))  # noqa: S301  # made in this line
        assert type(copy) is type(error)
        assert str(copy) == str(error)
        assert (copy.operation, copy.bucket, copy.key, copy.framework, copy.code, copy.status, copy.request_id) == (
            error.operation,
            error.bucket,
            error.key,
            error.framework,
            error.code,
            error.status,
            error.request_id,
        )


class ErrorsOfTheClient(ConformanceGroup):
    """Errors of the client."""

    def test_the_client_raises_our_errors_too(self, store: ObjectStore, bucket: str) -> None:
        """store.client is guarded: no exception of an SDK leaves it."""
        with pytest.raises(ObjectNotFound) as caught:
            store.client.get_object(bucket, "missing", GetOptions())
        assert (caught.value.operation, caught.value.key) == ("get_object", "missing")

    def test_a_missing_bucket_is_told_from_a_missing_object_by_the_client(
        self, store: ObjectStore, missing_bucket: str
    ) -> None:
        """A HEAD has no body that says what is missing, and still the error does."""
        with pytest.raises(BucketNotFound):
            store.client.head_object(missing_bucket, "key", GetOptions())

    def test_the_client_lists_and_pings(self, store: ObjectStore, bucket: str) -> None:
        """Each page, bucket list and ping of the client is that of the store."""
        store.put_object(b"content", "key", bucket)
        assert store.client.head_object(bucket, "key", GetOptions()) == store.head_object("key", bucket)
        assert sorted(found.name for found in store.client.list_buckets()) == [
            found.name for found in store.list_buckets()
        ]
        store.client.ping()

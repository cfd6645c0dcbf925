"""The guard, where a server lacks what its adapter declares, and where a call is about a version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from data_store.object_store.capabilities import SupportsTags, SupportsVersioning
from data_store.object_store.errors import (
    BucketNotFound,
    ConnectionFailed,
    ObjectNotFound,
    ObjectStoreError,
    PreconditionFailed,
    UnsupportedOperation,
    VersionNotFound,
)
from data_store.object_store.feed import EventFeed
from data_store.object_store.models import (
    BucketOptions,
    CopyOptions,
    DeleteOptions,
    EventKind,
    GetOptions,
    ListOptions,
    ObjectEvent,
    ObjectIdentifier,
    ObjectMetadata,
    VersioningStatus,
    VersionPage,
    WatchOptions,
)
from tests.unit.dict_client import DictClient, VendorError


class Answering(DictClient, SupportsVersioning, SupportsTags):
    """Its server gives one answer to everything that is about versions and tags."""

    def __init__(self, answer: Exception) -> None:
        super().__init__()
        self.answer = answer
        self.create_bucket("b", BucketOptions())

    def head_object(self, bucket: str, key: str, options: GetOptions) -> ObjectMetadata:
        """Fail if it is about a version."""
        if options.version is not None:
            raise self.answer
        return super().head_object(bucket, key, options)

    def enable_versioning(self, bucket: str) -> None:
        """Fail."""
        raise self.answer

    def suspend_versioning(self, bucket: str) -> None:
        """Fail."""
        raise self.answer

    def versioning_status(self, bucket: str) -> VersioningStatus:
        """Fail."""
        raise self.answer

    def list_versions_page(self, bucket: str, prefix: str, options: ListOptions) -> VersionPage:
        """Fail."""
        raise self.answer

    def get_tags(self, bucket: str, key: str, version: str | None = None) -> dict[str, str]:
        """Fail."""
        raise self.answer

    def set_tags(self, bucket: str, key: str, tags: Mapping[str, str], version: str | None = None) -> None:
        """Fail."""
        raise self.answer

    def delete_tags(self, bucket: str, key: str, version: str | None = None) -> None:
        """Fail."""
        raise self.answer


# lacking


def test_what_is_not_declared_is_lacking() -> None:
    """Without a question to anybody."""
    client = DictClient()
    why = client.lacking(SupportsVersioning)
    assert why is not None
    assert "memory" in why
    assert client.calls == []


def test_what_is_declared_is_there_until_the_server_says_otherwise() -> None:
    """An adapter serves many servers."""
    assert Answering(UnsupportedOperation("no", status=501)).lacking(SupportsVersioning) is None


@pytest.mark.parametrize(
    "answer", [UnsupportedOperation("not here", status=501), UnsupportedOperation("not here", code="NotImplemented")]
)
def test_a_capability_that_the_server_does_not_implement_is_remembered(answer: UnsupportedOperation) -> None:
    """The error names it, keeps what the server said, and others stay as they were."""
    client = Answering(answer)
    with pytest.raises(UnsupportedOperation, match=r"SupportsVersioning.*not here") as caught:
        client.enable_versioning("b")
    assert (caught.value.operation, caught.value.bucket) == ("enable_versioning", "b")
    assert (caught.value.status, caught.value.code) == (answer.status, answer.code)
    assert client.lacking(SupportsVersioning) == "not here"
    assert client.lacking(SupportsTags) is None


def test_what_was_seen_to_be_lacking_can_be_forgotten() -> None:
    """A server may be replaced by a newer one."""
    client = Answering(UnsupportedOperation("not here", status=501))
    with pytest.raises(UnsupportedOperation):
        client.versioning_status("b")
    client.forget_lacking()
    assert client.lacking(SupportsVersioning) is None


def test_another_refusal_is_not_a_lack() -> None:
    """The operation is there; this one call was not possible."""
    client = Answering(UnsupportedOperation("not this", status=400, code="InvalidRequest"))
    with pytest.raises(UnsupportedOperation) as caught:
        client.set_tags("b", "k", {})
    assert caught.value.reason == "not this"
    assert client.lacking(SupportsTags) is None


def test_an_adapter_can_say_what_its_server_lacks() -> None:
    """Where the server ignores it in silence, the adapter finds out."""
    client = Answering(ZeroDivisionError())
    error = client._lacks(SupportsTags, "it ignores the header")
    assert isinstance(error, UnsupportedOperation)
    assert "SupportsTags" in error.reason
    assert client.lacking(SupportsTags) == "it ignores the header"


# versions


@pytest.mark.parametrize(
    "answer",
    [
        ObjectNotFound("gone"),
        VendorError("404", 404),
        ObjectStoreError("invalid version id", status=400, code="InvalidArgument"),
        ObjectStoreError("Bad Request", status=400),
        UnsupportedOperation("a delete marker", status=405, code="MethodNotAllowed"),
    ],
    ids=lambda answer: str(getattr(answer, "reason", answer)),
)
def test_a_version_that_cannot_be_read_is_not_found(answer: Exception) -> None:
    """Missing, of another shape than the server's ids, or a delete marker: there is no such content."""
    client = Answering(answer)
    with pytest.raises(VersionNotFound) as caught:
        client.head_object("b", "k", GetOptions(version="v"))
    assert (caught.value.operation, caught.value.key) == ("head_object", "k")


def test_a_version_given_by_name_counts_as_well() -> None:
    """Operations without options take it as an argument."""
    client = Answering(ObjectNotFound("gone"))
    with pytest.raises(VersionNotFound):
        client.get_tags("b", "k", version="v")
    with pytest.raises(ObjectNotFound):
        client.get_tags("b", "k")


def test_a_version_in_a_missing_bucket_is_a_missing_bucket() -> None:
    """The version is not what is wrong."""
    with pytest.raises(BucketNotFound):
        Answering(BucketNotFound("no bucket")).head_object("other", "k", GetOptions(version="v"))


def test_another_error_about_a_version_stays() -> None:
    """Only what says that there is none becomes one."""
    refused = ObjectStoreError("the key of SSE-C is missing", status=400, code="InvalidRequest")
    with pytest.raises(ObjectStoreError) as caught:
        Answering(refused).head_object("b", "k", GetOptions(version="v"))
    assert caught.value is refused


def test_deleting_many_takes_a_version_that_is_not_there_for_deleted() -> None:
    """As deleting a missing object is a success."""

    class Strict(DictClient):
        def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Any:
            raise ObjectStoreError("invalid version id", status=400, code="InvalidArgument")

    (outcome,) = Strict().delete_objects("b", [ObjectIdentifier("k", "v")])
    assert (outcome.key, outcome.version_id, outcome.error) == ("k", "v", None)


# conditions


def test_a_conditional_deletion_of_what_is_missing_is_a_failed_precondition() -> None:
    """As that of a write is."""

    class Strict(DictClient):
        def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> Any:
            raise VendorError("NoSuchKey", 404)

    client = Strict()
    client.create_bucket("b", BucketOptions())
    with pytest.raises(PreconditionFailed):
        client.delete_object("b", "k", DeleteOptions(if_match="etag"))


def test_a_missing_source_of_a_conditional_copy_is_not_found() -> None:
    """The condition is about the target."""
    client = DictClient()
    client.create_bucket("b", BucketOptions())
    with pytest.raises(ObjectNotFound):
        client.copy_object("b", "missing", "b", "k", CopyOptions(if_match="etag"))


# feeds


class Feed(EventFeed):
    """Gives one event, then breaks."""

    def __init__(self) -> None:
        self.events = [ObjectEvent(kind=EventKind.CREATED, bucket="b", key="k")]
        self.closed = False

    def poll(self, timeout: float | None) -> Sequence[ObjectEvent]:
        """Return the event, or fail."""
        if not self.events:
            raise VendorError("Reset")
        return [self.events.pop()]

    def close(self) -> None:
        """Note it."""
        self.closed = True


class Watched(DictClient):
    """Has events."""

    def __init__(self) -> None:
        super().__init__()
        self.feed = Feed()

    def watch(self, bucket: str, options: WatchOptions) -> EventFeed:
        """Return the feed."""
        return self.feed


def test_a_feed_is_guarded() -> None:
    """It fails after the call returned, with our error all the same."""
    client = Watched()
    feed = client.watch("b", WatchOptions())
    assert [event.key for event in feed.poll(None)] == ["k"]
    with pytest.raises(ConnectionFailed) as caught:
        feed.poll(None)
    assert (caught.value.operation, caught.value.bucket) == ("watch", "b")
    assert isinstance(caught.value.__cause__, VendorError)


def test_closing_a_guarded_feed_closes_it() -> None:
    """The connection is the adapter's."""
    client = Watched()
    client.watch("b", WatchOptions()).close()
    assert client.feed.closed

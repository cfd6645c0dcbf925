"""Tests of ``copies``: server-side copies of any size; what is kept, what is pinned, what is left."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from data_store.object_store.copies import Copy
from data_store.object_store.errors import (
    AccessDenied,
    ConnectionFailed,
    IntegrityError,
    ObjectNotFound,
    UnsupportedOperation,
)
from data_store.object_store.models import (
    BucketOptions,
    CompleteOptions,
    CopyContentOptions,
    CopyOptions,
    CopySource,
    GetOptions,
    MultipartUpload,
    ObjectMetadata,
    PartInfo,
    PartOptions,
    PutOptions,
    SseCustomer,
    SseS3,
)
from tests.unit.dict_client import PartsClient, TagsClient, VendorError
from tests.unit.transfer_support import (
    CONTENT,
    FIELDS,
    PART,
    SOURCE,
    options_of,
    put,
    stored_content,
    transfers_of,
)

# what is kept


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"content_type": None, "metadata": None},
        {"content_type": "image/png"},
        {"metadata": {"c": "d"}},
        {"metadata": {}},
        {"storage_class": "HOT"},
        {"cache_control": "no-cache"},
        {"content_language": "en", "content_encoding": "br", "storage_class": "HOT"},
    ],
)
@pytest.mark.parametrize("size", [10, PART + 1])
@pytest.mark.parametrize("target", ["l", "k"])
def test_a_copy_keeps_what_is_not_replaced(changes: Any, size: int, target: str) -> None:
    """In one request or in parts, to another key or onto itself."""
    client = PartsClient()
    transfers = transfers_of(client)
    put(client, CONTENT[:size], options=SOURCE)
    done = transfers.copies.copy(Copy("b", "k", "b", target, changes))
    expected = {name: getattr(SOURCE, name) for name in FIELDS}
    expected |= {name: value for name, value in changes.items() if value is not None}
    assert options_of(client, target) == expected
    assert stored_content(client, target) == CONTENT[:size]
    assert (done.key, done.size, done.etag) == (target, size, client.buckets["b"][target].etag)
    assert client.calls.count("upload_part_copy") == (2 if size > PART else 0)
    transfers.close()


@pytest.mark.parametrize(("size", "parts"), [(PART, 0), (PART + 1, 2), (2 * PART + 1, 3)])
def test_a_copy_over_the_threshold_goes_in_parts(size: int, parts: int) -> None:
    """At the exact boundary."""
    client = PartsClient()
    transfers = transfers_of(client)
    put(client, CONTENT[:size])
    transfers.copies.copy(Copy("b", "k", "b", "l", {}))
    assert client.calls.count("upload_part_copy") == parts
    assert client.calls.count("copy_object") == (0 if parts else 1)
    assert stored_content(client, "l") == CONTENT[:size]
    assert client.uploads == {}
    transfers.close()


def test_a_copy_of_a_missing_object_starts_nothing() -> None:
    """The error names the source."""
    client = PartsClient()
    client.create_bucket("b", BucketOptions())
    with pytest.raises(ObjectNotFound) as caught:
        transfers_of(client).copies.copy(Copy("b", "missing", "b", "l", {}))
    assert caught.value.key == "missing"
    assert client.calls == ["create_bucket", "head_object"]


@pytest.mark.parametrize("size", [10, PART + 1])
def test_a_copy_of_an_object_that_is_replaced_meanwhile_leaves_nothing(size: int) -> None:
    """The copy would have the options of one version and the content of another."""

    class Replaced(PartsClient):
        def head_object(self, bucket: str, key: str, options: GetOptions) -> ObjectMetadata:
            found = super().head_object(bucket, key, options)
            put(self, CONTENT[:size])
            return found

    client = Replaced()
    transfers = transfers_of(client)
    put(client, CONTENT[:size])
    with pytest.raises(IntegrityError, match="deleted while it was copied"):
        transfers.copies.copy(Copy("b", "k", "b", "l", {}))
    assert "l" not in client.buckets["b"]
    assert client.uploads == {}
    transfers.close()


@pytest.mark.parametrize("size", [0, 10, PART + 1])
@pytest.mark.parametrize("target", ["l", "k"])
@pytest.mark.parametrize("tags", [None, {"c": "d"}, {}])
def test_a_copy_keeps_its_tags_unless_others_are_given(size: int, target: str, tags: dict[str, str] | None) -> None:
    """They are asked for only where CopyObject does not keep them."""
    client = TagsClient()
    transfers = transfers_of(client)
    put(client, CONTENT[:size], options=replace(SOURCE, tags={"a": "b"}))
    transfers.copies.copy(Copy("b", "k", "b", target, {"tags": tags}))
    assert client.buckets["b"][target].tags == ({"a": "b"} if tags is None else tags)
    assert client.calls.count("get_tags") == (1 if tags is None and size > PART else 0)
    expected = {name: getattr(SOURCE, name) for name in FIELDS}
    assert options_of(client, target) == expected
    transfers.close()


def test_a_server_without_tags_has_none_to_keep() -> None:
    """It says so once, and is not asked again."""

    class Untagged(TagsClient):
        def get_tags(self, bucket: str, key: str, version: str | None = None) -> dict[str, str]:
            self.calls.append("get_tags")
            raise UnsupportedOperation("no tags here", status=501)

    client = Untagged()
    transfers = transfers_of(client)
    put(client, CONTENT)
    for _ in range(2):
        transfers.copies.copy(Copy("b", "k", "b", "l", {}))
        assert stored_content(client, "l") == CONTENT
    assert client.calls.count("get_tags") == 1
    transfers.close()


def test_tags_that_cannot_be_read_are_not_dropped() -> None:
    """The copy is refused, and nothing begins."""

    class Denied(TagsClient):
        def get_tags(self, bucket: str, key: str, version: str | None = None) -> dict[str, str]:
            raise VendorError("AccessDenied", 403)

    client = Denied()
    transfers = transfers_of(client)
    put(client, CONTENT)
    with pytest.raises(AccessDenied):
        transfers.copies.copy(Copy("b", "k", "b", "l", {}))
    assert "create_multipart_upload" not in client.calls
    transfers.close()


def test_a_framework_that_copies_any_size_gets_one_request() -> None:
    """Parts would cost it more."""

    class Embedded(PartsClient):
        max_copy_size = None

    client = Embedded()
    put(client, CONTENT)
    transfers_of(client).copies.copy(Copy("b", "k", "b", "l", {}))
    assert client.calls == ["put_object", "head_object", "copy_object"]


def test_a_server_that_copies_less_gets_parts() -> None:
    """Below the threshold too."""

    class Small(PartsClient):
        max_copy_size = 1000

    client = Small()
    transfers = transfers_of(client)
    put(client, CONTENT[:1001])
    transfers.copies.copy(Copy("b", "k", "b", "l", {}))
    assert client.calls.count("upload_part_copy") == 1
    assert stored_content(client, "l") == CONTENT[:1001]
    transfers.close()


# what a copy asks for


class AskedClient(TagsClient):
    """Notes what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Any] = []

    def head_object(self, bucket: str, key: str, options: GetOptions) -> ObjectMetadata:
        """Note the options."""
        self.asked.append(options)
        return super().head_object(bucket, key, options)

    def copy_object(self, *args: Any) -> ObjectMetadata:
        """Note the options."""
        self.asked.append(args[4])
        return super().copy_object(*args)

    def create_multipart_upload(self, bucket: str, key: str, options: PutOptions) -> MultipartUpload:
        """Note the options."""
        self.asked.append(options)
        return super().create_multipart_upload(bucket, key, options)

    def upload_part_copy(
        self, bucket: str, key: str, upload_id: str, part_number: int, source: CopySource, options: PartOptions
    ) -> PartInfo:
        """Note source and options."""
        self.asked += [source, options]
        return super().upload_part_copy(bucket, key, upload_id, part_number, source, options)

    def complete_multipart_upload(self, *args: Any) -> ObjectMetadata:
        """Note the options."""
        self.asked.append(args[4])
        return super().complete_multipart_upload(*args)


OLD_KEY, NEW_KEY = SseCustomer(bytes(32)), SseCustomer(bytes(range(32)))


@pytest.mark.parametrize("encryption", [NEW_KEY, SseS3(), None])
@pytest.mark.parametrize("size", [10, PART + 1])
def test_a_copy_names_its_source_and_both_encryptions_everywhere(encryption: Any, size: int) -> None:
    """The version, the ETag, the key of the source; the encryption of the copy, and its key with every part."""
    client = AskedClient()
    transfers = transfers_of(client)
    etag = put(client, CONTENT[:size]).etag
    transfers.copies.copy(Copy("b", "k", "b", "l", {"encryption": encryption, "source_encryption": OLD_KEY}, "v1"))
    transfers.close()
    sources = [each for each in client.asked if isinstance(each, CopySource)]
    assert len(sources) == (2 if size > PART else 0)
    for source in sources:
        assert (source.etag, source.version, source.encryption) == (etag, "v1", OLD_KEY)
    for each in client.asked:
        if isinstance(each, GetOptions):
            assert (each.version, each.encryption) == ("v1", OLD_KEY)
        elif isinstance(each, CopyOptions):
            assert (each.source_version, each.source_etag, each.source_encryption) == ("v1", etag, OLD_KEY)
            assert each.encryption == encryption
        elif isinstance(each, PutOptions):
            assert each.encryption == encryption
        elif isinstance(each, PartOptions | CompleteOptions):
            assert each.encryption == (NEW_KEY if encryption == NEW_KEY else None)


def test_the_verification_of_a_move_reads_with_the_key_of_the_copy() -> None:
    """The source's is another."""
    client = AskedClient()
    put(client, b"content")
    transfers_of(client).copies.move(Copy("b", "k", "b", "l", {"encryption": NEW_KEY, "source_encryption": OLD_KEY}))
    heads = [each.encryption for each in client.asked if isinstance(each, GetOptions)]
    assert heads == [OLD_KEY, NEW_KEY, OLD_KEY]


class RekeyingClient(AskedClient):
    """Gives an object the key of the caller, and loses the answer."""

    has: SseCustomer | None = OLD_KEY

    def head_object(self, bucket: str, key: str, options: GetOptions) -> ObjectMetadata:
        """Tell those who have the key."""
        if options.encryption != self.has:
            raise AccessDenied("another key")
        return replace(super().head_object(bucket, key, options), encryption="SSE-C")

    def copy_object(self, *args: Any) -> ObjectMetadata:
        """Copy, and fail."""
        super().copy_object(*args)
        self.has = args[4].encryption
        raise ConnectionFailed("no answer")


def test_an_object_that_has_got_its_new_key_has_been_copied() -> None:
    """An error would make the caller forget the key that reads it."""
    client = RekeyingClient()
    put(client, b"content")
    changes: CopyContentOptions = {"encryption": NEW_KEY, "source_encryption": OLD_KEY}
    copied = transfers_of(client).copies.copy(Copy("b", "k", "b", "k", changes))
    assert (copied.size, copied.encryption, client.has) == (7, "SSE-C", NEW_KEY)


def test_what_fails_under_one_key_has_failed() -> None:
    """The object reads as it did before, and tells nothing."""
    client = RekeyingClient()
    put(client, b"content")
    with pytest.raises(ConnectionFailed):
        transfers_of(client).copies.copy(Copy("b", "k", "b", "k", {"source_encryption": OLD_KEY}))


# what ends a copy early


@pytest.mark.parametrize("fails", [1, 2, 3])
@pytest.mark.parametrize("failure", [VendorError("AccessDenied", 403), KeyboardInterrupt()])
def test_a_copy_that_fails_leaves_nothing(fails: int, failure: BaseException) -> None:
    """Errors and Ctrl-C abort the multipart upload; what was at the target stays."""

    class Failing(PartsClient):
        def upload_part_copy(self, *args: Any) -> PartInfo:
            if args[3] == fails:
                raise failure
            return super().upload_part_copy(*args)

    client = Failing()
    transfers = transfers_of(client)
    put(client, CONTENT)
    put(client, b"old", "l")
    with pytest.raises((AccessDenied, KeyboardInterrupt)):
        transfers.copies.copy(Copy("b", "k", "b", "l", {}))
    assert stored_content(client, "l") == b"old"
    assert client.uploads == {}
    transfers.close()


def test_parts_are_copied_at_once() -> None:
    """As many as configured."""

    class Together(PartsClient):
        barrier = threading.Barrier(3)

        def upload_part_copy(self, *args: Any) -> PartInfo:
            self.barrier.wait(20)
            return super().upload_part_copy(*args)

    client = Together()
    transfers = transfers_of(client, max_concurrency=3)
    put(client, CONTENT)
    transfers.copies.copy(Copy("b", "k", "b", "l", {}))
    assert stored_content(client, "l") == CONTENT
    transfers.close()


def test_parts_of_two_versions_never_become_one_object() -> None:
    """Where the server ignores the condition on the source of a part."""

    class Replaced(PartsClient):
        def upload_part_copy(
            self, bucket: str, key: str, upload_id: str, part_number: int, source: CopySource, options: PartOptions
        ) -> PartInfo:
            if part_number == 2:
                put(self, CONTENT[::-1])
            return super().upload_part_copy(bucket, key, upload_id, part_number, replace(source, etag=None), options)

    client = Replaced()
    transfers = transfers_of(client, max_concurrency=1)
    put(client, CONTENT)
    with pytest.raises(IntegrityError, match="replaced") as caught:
        transfers.copies.copy(Copy("b", "k", "b", "l", {}))
    assert (caught.value.operation, caught.value.framework) == ("copy_object", "memory")
    assert "l" not in client.buckets["b"]
    assert client.uploads == {}
    transfers.close()

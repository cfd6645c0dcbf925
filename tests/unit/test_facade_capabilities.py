"""What a store can do: asking, refusing, and finding out."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from data_store.object_store.capabilities import (
    CAPABILITIES,
    SupportsBucketTags,
    SupportsCors,
    SupportsEncryption,
    SupportsLifecycle,
    SupportsLifecycleRuns,
    SupportsMultipart,
    SupportsNotificationRules,
    SupportsNotifications,
    SupportsObjectLock,
    SupportsPresign,
    SupportsPresignKeys,
    SupportsTags,
    SupportsVersioning,
)
from data_store.object_store.errors import (
    AccessDenied,
    BucketNotFound,
    ConnectionFailed,
    InvalidArgument,
    UnsupportedOperation,
)
from data_store.object_store.models import (
    CorsRule,
    LifecycleRule,
    ListOptions,
    ObjectIdentifier,
    Retention,
    RetentionMode,
    SseKms,
    SseS3,
    VersionPage,
)
from data_store.object_store.store import ObjectStore
from tests.unit import facade_support
from tests.unit.dict_client import DictClient
from tests.unit.facade_support import KEY_OF_32, CapableClient, client_of

capable = facade_support.capable
plain = facade_support.plain

LATER = Retention(RetentionMode.GOVERNANCE, datetime.now(UTC) + timedelta(days=1))


def test_a_store_tells_its_capabilities(capable: ObjectStore, plain: ObjectStore) -> None:
    """What the adapter declares."""
    assert capable.capabilities() == frozenset(CAPABILITIES)
    assert plain.capabilities() == frozenset({SupportsMultipart})
    assert capable.supports(SupportsTags)
    assert not plain.supports(SupportsTags)


def test_what_a_server_was_seen_to_lack_is_not_there(capable: ObjectStore) -> None:
    """And is refused from then on without asking it again."""
    client = client_of(capable)
    client._lacks(SupportsTags, "the server says so")
    assert not capable.supports(SupportsTags)
    assert capable.capabilities() == frozenset(CAPABILITIES) - {SupportsTags}
    with pytest.raises(UnsupportedOperation, match="SupportsTags: the server says so"):
        capable.get_tags("k")
    assert client.calls == []


def test_what_is_no_capability_is_refused(capable: ObjectStore) -> None:
    """It would never be there."""
    with pytest.raises(InvalidArgument, match="SupportsVersioning"):
        capable.supports(CapableClient)


NEEDS: dict[str, tuple[type, Callable[[ObjectStore], object]]] = {
    "enable_versioning": (SupportsVersioning, lambda store: store.enable_versioning()),
    "suspend_versioning": (SupportsVersioning, lambda store: store.suspend_versioning()),
    "versioning_status": (SupportsVersioning, lambda store: store.versioning_status()),
    "list_versions": (SupportsVersioning, lambda store: store.list_versions()),
    "restore_version": (SupportsVersioning, lambda store: store.restore_version("k", "v")),
    "purge": (SupportsVersioning, lambda store: store.purge("k")),
    "get_object version": (SupportsVersioning, lambda store: store.get_object("k", version="v")),
    "get_file version": (SupportsVersioning, lambda store: store.get_file("k", version="v")),
    "read_object version": (SupportsVersioning, lambda store: store.read_object("k", version="v")),
    "open_object version": (SupportsVersioning, lambda store: store.open_object("k", version="v")),
    "get_ranges version": (SupportsVersioning, lambda store: store.get_ranges("k", [(0, 1)], version="v")),
    "head_object version": (SupportsVersioning, lambda store: store.head_object("k", version="v")),
    "exists version": (SupportsVersioning, lambda store: store.exists("k", version="v")),
    "download_file version": (SupportsVersioning, lambda store: store.download_file("k", "file", version="v")),
    "delete_object version": (SupportsVersioning, lambda store: store.delete_object("k", version="v")),
    "delete_objects version": (SupportsVersioning, lambda store: store.delete_objects([ObjectIdentifier("k", "v")])),
    "copy_object version": (SupportsVersioning, lambda store: store.copy_object("k", "l", src_version="v")),
    "move_object version": (SupportsVersioning, lambda store: store.move_object("k", "l", src_version="v")),
    "get_tags": (SupportsTags, lambda store: store.get_tags("k")),
    "set_tags": (SupportsTags, lambda store: store.set_tags("k", {})),
    "delete_tags": (SupportsTags, lambda store: store.delete_tags("k")),
    "put_object tags": (SupportsTags, lambda store: store.put_object(b"", "k", tags={"a": "b"})),
    "copy_object tags": (SupportsTags, lambda store: store.copy_object("k", "l", tags={})),
    "copy_objects tags": (SupportsTags, lambda store: store.copy_objects([("k", "l")], tags={})),
    "create_multipart_upload tags": (SupportsTags, lambda store: store.create_multipart_upload("k", tags={"a": "b"})),
    "multipart_upload tags": (SupportsTags, lambda store: store.multipart_upload("k", tags={"a": "b"})),
    "get_bucket_tags": (SupportsBucketTags, lambda store: store.get_bucket_tags()),
    "set_bucket_tags": (SupportsBucketTags, lambda store: store.set_bucket_tags({})),
    "delete_bucket_tags": (SupportsBucketTags, lambda store: store.delete_bucket_tags()),
    "get_lifecycle": (SupportsLifecycle, lambda store: store.get_lifecycle()),
    "set_lifecycle": (SupportsLifecycle, lambda store: store.set_lifecycle([LifecycleRule("r", expire_after_days=1)])),
    "delete_lifecycle": (SupportsLifecycle, lambda store: store.delete_lifecycle()),
    "run_lifecycle": (SupportsLifecycleRuns, lambda store: store.run_lifecycle()),
    "watch": (SupportsNotifications, lambda store: store.watch()),
    "get_notifications": (SupportsNotificationRules, lambda store: store.get_notifications()),
    "set_notifications": (SupportsNotificationRules, lambda store: store.set_notifications([])),
    "put_object encryption": (SupportsEncryption, lambda store: store.put_object(b"", "k", encryption=SseS3())),
    "get_object encryption": (SupportsEncryption, lambda store: store.get_object("k", encryption=KEY_OF_32)),
    "copy_object key": (SupportsEncryption, lambda store: store.copy_object("k", "l", source_encryption=KEY_OF_32)),
    "upload_part key": (SupportsEncryption, lambda store: store.upload_part(b"", "k", "i", 1, encryption=KEY_OF_32)),
    "put_object retention": (SupportsObjectLock, lambda store: store.put_object(b"", "k", retention=LATER)),
    "put_object hold": (SupportsObjectLock, lambda store: store.put_object(b"", "k", legal_hold=True)),
    "delete_object bypass": (SupportsObjectLock, lambda store: store.delete_object("k", bypass_governance=True)),
    "delete_objects bypass": (SupportsObjectLock, lambda store: store.delete_objects(["k"], bypass_governance=True)),
    "create_bucket": (SupportsObjectLock, lambda store: store.create_bucket("bucket", object_lock=True)),
    "get_retention": (SupportsObjectLock, lambda store: store.get_retention("k")),
    "set_retention": (SupportsObjectLock, lambda store: store.set_retention("k", None)),
    "get_legal_hold": (SupportsObjectLock, lambda store: store.get_legal_hold("k")),
    "set_legal_hold": (SupportsObjectLock, lambda store: store.set_legal_hold("k", True)),
    "get_default_retention": (SupportsObjectLock, lambda store: store.get_default_retention()),
    "set_default_retention": (SupportsObjectLock, lambda store: store.set_default_retention(None)),
    "get_presigned_url": (SupportsPresign, lambda store: store.get_presigned_url("k")),
    "get_presigned_upload_url": (SupportsPresign, lambda store: store.get_presigned_upload_url("k")),
    "presign_upload": (SupportsPresign, lambda store: store.presign_upload("k")),
    "get_presigned_post": (SupportsPresign, lambda store: store.get_presigned_post("k")),
    "presign_multipart": (SupportsPresign, lambda store: store.presign_multipart("k", 1)),
    "verify_presigned": (SupportsPresign, lambda store: store.verify_presigned("http://store/b/k")),
    "rotate_presign_key": (SupportsPresignKeys, lambda store: store.rotate_presign_key()),
    "get_cors": (SupportsCors, lambda store: store.get_cors()),
    "set_cors": (SupportsCors, lambda store: store.set_cors([CorsRule(("*",), ("GET",))])),
    "delete_cors": (SupportsCors, lambda store: store.delete_cors()),
}


@pytest.mark.parametrize("name", NEEDS)
def test_a_call_without_its_capability_names_both(plain: ObjectStore, name: str) -> None:
    """The capability and the framework; nothing is sent, but for the root bucket if keys come one by one."""
    capability, call = NEEDS[name]
    with pytest.raises(UnsupportedOperation, match=capability.__name__) as caught:
        call(plain)
    error = caught.value
    assert "the framework plain does not have it" in error.reason
    assert (error.framework, hasattr(ObjectStore, error.operation or "")) == ("plain", True)
    assert isinstance(plain.client, DictClient)
    assert plain.client.calls == (["list_buckets", "create_bucket"] if name == "delete_objects version" else [])


@pytest.mark.parametrize(
    "call",
    [
        lambda store: store.create_multipart_upload("k"),
        lambda store: store.multipart_upload("k"),
        lambda store: store.upload_part(b"", "k", "i", 1),
        lambda store: store.upload_part_copy("s", "k", "i", 1),
        lambda store: store.list_parts("k", "i"),
        lambda store: store.list_multipart_uploads(),
        lambda store: store.complete_multipart_upload("k", "i", [facade_support.PART]),
        lambda store: store.abort_multipart_upload("k", "i"),
        lambda store: store.abort_stale_uploads(0),
    ],
)
def test_a_server_without_parts_is_not_asked_for_them(plain: ObjectStore, call: Any) -> None:
    """Once it has said so."""
    plain.client._lacks(SupportsMultipart, "no parts here")
    with pytest.raises(UnsupportedOperation, match="SupportsMultipart: no parts here"):
        call(plain)
    assert isinstance(plain.client, DictClient)
    assert plain.client.calls == []


def test_an_encryption_that_a_framework_has_not_is_refused(capable: ObjectStore) -> None:
    """Though it has others."""
    with pytest.raises(UnsupportedOperation, match="no SseKms"):
        capable.put_object(b"", "k", encryption=SseKms())
    assert client_of(capable).calls == []


def test_options_that_say_nothing_need_no_capability(plain: ObjectStore) -> None:
    """None, no tags, no hold, no bypass."""
    plain.put_object(b"content", "k", tags={}, encryption=None, retention=None, legal_hold=False)
    plain.copy_object("k", "l", tags=None, source_encryption=None, src_version=None)
    assert plain.read_object("l", version=None, encryption=None) == b"content"
    plain.delete_object("k", bypass_governance=False)
    plain.create_bucket("bucket", object_lock=False)
    assert plain.bucket_exists("bucket")


# finding out


def test_a_deep_ping_asks_for_every_capability_that_has_a_read(capable: ObjectStore) -> None:
    """On the root bucket, and changes nothing."""
    client = client_of(capable)
    capable.ping(deep=True)
    assert client.calls == [
        "ping",
        "list_buckets",
        "create_bucket",
        "list_buckets",
        "list_versions_page",
        "list_uploads_page",
        "get_tags",
        "get_bucket_tags",
        "get_lifecycle",
        "get_notifications",
        "get_default_retention",
        "get_cors",
    ]
    assert capable.capabilities() == frozenset(CAPABILITIES)


def test_a_deep_ping_finds_what_is_missing(capable: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that has not implemented an operation lacks its capability, until it is asked again."""

    class Lacking(CapableClient):
        has_versions = False

        def list_versions_page(self, bucket: str, prefix: str, options: ListOptions) -> VersionPage:
            if not type(self).has_versions:
                raise UnsupportedOperation("not implemented", code="NotImplemented", status=501)
            return super().list_versions_page(bucket, prefix, options)

    monkeypatch.setattr(sys.modules[CapableClient.__module__], "CapableClient", Lacking)
    capable.ping(deep=True)
    assert not capable.supports(SupportsVersioning)
    Lacking.has_versions = True
    capable.ping()
    assert not capable.supports(SupportsVersioning)
    capable.ping(deep=True)
    assert capable.supports(SupportsVersioning)


def test_a_deep_ping_tells_that_the_server_is_gone(capable: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which is no sign of what it lacks."""

    class Gone(CapableClient):
        def get_bucket_tags(self, bucket: str) -> dict[str, str]:
            raise ConnectionFailed("reset")

    monkeypatch.setattr(sys.modules[CapableClient.__module__], "CapableClient", Gone)
    with pytest.raises(ConnectionFailed):
        capable.ping(deep=True)
    assert capable.supports(SupportsBucketTags)


def test_a_deep_ping_tells_that_the_root_bucket_is_gone(capable: ObjectStore) -> None:
    """Also once it was made; what was seen to be lacking stays known, for nothing was asked."""
    capable.ping(deep=True)
    client = client_of(capable)
    client.delete_bucket("root")
    client._lacks(SupportsTags, "the server says so")
    with pytest.raises(BucketNotFound) as caught:
        capable.ping(deep=True)
    assert (caught.value.operation, caught.value.bucket) == ("ping", "root")
    assert not capable.supports(SupportsTags)


def test_a_deep_ping_asks_on_where_the_bucket_may_not_be_looked_at(
    capable: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Credentials may be good for objects alone."""
    capable.put_object(b"", "k")
    client = client_of(capable)

    def denied(bucket: str) -> bool:
        raise AccessDenied("HeadBucket")

    monkeypatch.setattr(client, "bucket_exists", denied)
    capable.ping(deep=True)
    assert client.calls[-1] == "get_cors"


def test_a_deep_ping_needs_a_root_bucket() -> None:
    """To ask about."""
    with pytest.raises(InvalidArgument, match="root_bucket"):
        ObjectStore("minio://localhost:9000").ping(deep=True)

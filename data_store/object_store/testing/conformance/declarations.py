"""What a store says of its capabilities is true: declared, less what the server was seen to lack."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
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
    SupportsTags,
    SupportsVersioning,
)
from data_store.object_store.errors import ObjectStoreError, UnsupportedOperation
from data_store.object_store.models import CorsRule, ObjectIdentifier, Retention, RetentionMode, SseCustomer, SseS3
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.needs import lacking
from data_store.object_store.testing.conformance.streams import large_size

__all__ = ["CapabilityDeclarations"]

NAMES = {capability.__name__: capability for capability in CAPABILITIES}

USES: dict[str, tuple[type, Callable[[Any, str], object]]] = {
    "list_versions": (SupportsVersioning, lambda store, bucket: list(store.list_versions(bucket=bucket))),
    "enable_versioning": (SupportsVersioning, lambda store, bucket: store.enable_versioning(bucket)),
    "list_multipart_uploads": (
        SupportsMultipart,
        lambda store, bucket: list(store.list_multipart_uploads(bucket=bucket)),
    ),
    "get_tags": (SupportsTags, lambda store, bucket: store.get_tags("key", bucket)),
    "set_tags": (SupportsTags, lambda store, bucket: store.set_tags("key", {"a": "b"}, bucket)),
    "delete_tags": (SupportsTags, lambda store, bucket: store.delete_tags("key", bucket)),
    "get_bucket_tags": (SupportsBucketTags, lambda store, bucket: store.get_bucket_tags(bucket)),
    "delete_bucket_tags": (SupportsBucketTags, lambda store, bucket: store.delete_bucket_tags(bucket)),
    "get_lifecycle": (SupportsLifecycle, lambda store, bucket: store.get_lifecycle(bucket)),
    "delete_lifecycle": (SupportsLifecycle, lambda store, bucket: store.delete_lifecycle(bucket)),
    "run_lifecycle": (SupportsLifecycleRuns, lambda store, bucket: store.run_lifecycle(bucket)),
    "watch": (SupportsNotifications, lambda store, bucket: store.watch(bucket).next(timeout=0.05)),
    "get_notifications": (SupportsNotificationRules, lambda store, bucket: store.get_notifications(bucket)),
    "set_notifications": (SupportsNotificationRules, lambda store, bucket: store.set_notifications([], bucket)),
    "get_cors": (SupportsCors, lambda store, bucket: store.get_cors(bucket)),
    "set_cors": (SupportsCors, lambda store, bucket: store.set_cors([CorsRule(("*",), ("GET",))], bucket)),
    "delete_cors": (SupportsCors, lambda store, bucket: store.delete_cors(bucket)),
    "get_presigned_url": (SupportsPresign, lambda store, bucket: store.get_presigned_url("key", bucket)),
    "presign_upload": (SupportsPresign, lambda store, bucket: store.presign_upload("key", bucket)),
    "get_presigned_post": (SupportsPresign, lambda store, bucket: store.get_presigned_post("key", bucket)),
}


def _retention() -> Retention:
    return Retention(RetentionMode.GOVERNANCE, datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=2))


OPTIONS: dict[str, tuple[type, Callable[[Any, str], object]]] = {
    "tags": (SupportsTags, lambda store, bucket: store.put_object(b"new", "key", bucket, tags={"a": "b"})),
    "tags of a copy": (
        SupportsTags,
        lambda store, bucket: store.copy_object("source", "key", bucket, bucket, tags={"a": "b"}),
    ),
    "tags of parts": (SupportsTags, lambda store, bucket: _in_parts(store, bucket, tags={"a": "b"})),
    "SseS3": (SupportsEncryption, lambda store, bucket: store.put_object(b"new", "key", bucket, encryption=SseS3())),
    "SseS3 of a copy": (
        SupportsEncryption,
        lambda store, bucket: store.copy_object("source", "key", bucket, bucket, encryption=SseS3()),
    ),
    "SseS3 of parts": (SupportsEncryption, lambda store, bucket: _in_parts(store, bucket, encryption=SseS3())),
    "SseCustomer": (
        SupportsEncryption,
        lambda store, bucket: store.put_object(b"new", "key", bucket, encryption=SseCustomer(bytes(32))),
    ),
    "retention": (
        SupportsObjectLock,
        lambda store, bucket: store.put_object(b"new", "key", bucket, retention=_retention()),
    ),
    "legal hold": (SupportsObjectLock, lambda store, bucket: store.put_object(b"new", "key", bucket, legal_hold=True)),
    "legal hold of parts": (SupportsObjectLock, lambda store, bucket: _in_parts(store, bucket, legal_hold=True)),
}


class CapabilityDeclarations(ConformanceGroup):
    """Capabilities."""

    @pytest.fixture
    def new_store(self, store: ObjectStore, bucket: str) -> Iterator[ObjectStore]:
        """A store of this configuration that knows nothing of the server yet; its root bucket is ``bucket``."""
        with ObjectStore(store.config.model_copy(update={"root_bucket": bucket})) as new:
            yield new

    @pytest.mark.parametrize("name", NAMES)
    def test_a_new_store_supports_what_its_adapter_declares(self, new_store: ObjectStore, name: str) -> None:
        """Nobody has been asked: the client's class says it, to a type checker too."""
        declared = isinstance(new_store.client, NAMES[name])
        assert new_store.supports(NAMES[name]) is declared
        assert (NAMES[name] in new_store.capabilities()) is declared
        reason = new_store.client.lacking(NAMES[name])
        assert declared or new_store.config.framework in (reason or "")

    @pytest.mark.parametrize("name", USES)
    def test_an_operation_works_or_is_refused_by_name(
        self, store: ObjectStore, new_store: ObjectStore, other_bucket: str, name: str
    ) -> None:
        """Without its capability it raises UnsupportedOperation naming capability and framework, and harms nothing."""
        capability, use = USES[name]
        store.put_object(b"kept", "key", other_bucket)
        reason = lacking(self, store, capability)
        if reason is None:
            use(new_store, other_bucket)
        else:
            with pytest.raises(UnsupportedOperation) as caught:
                use(new_store, other_bucket)
            assert capability.__name__ in str(caught.value)
            assert new_store.config.framework in str(caught.value)
        assert new_store.supports(capability) is (reason is None)
        assert store.read_object("key", other_bucket) == b"kept"

    @pytest.mark.parametrize("name", OPTIONS)
    def test_an_option_works_or_is_refused(
        self, store: ObjectStore, new_store: ObjectStore, bucket: str, name: str
    ) -> None:
        """Nothing is stored without what was asked for: a refused option leaves the object as it was, and no other."""
        capability, use = OPTIONS[name]
        store.put_object(b"kept", "key", bucket)
        store.put_object(b"source", "source", bucket)
        try:
            use(new_store, bucket)
        except UnsupportedOperation:
            assert store.read_object("key", bucket) == b"kept"
        else:
            assert lacking(self, store, capability) is None
            assert _as_asked(store, bucket, name)
        assert [found.key for found in store.list_objects(bucket=bucket)] == ["key", "source"]

    def test_asking_finds_what_a_server_lacks(self, store: ObjectStore, new_store: ObjectStore) -> None:
        """ping(deep=True) asks about everything that can be asked without harm; nothing that is there is lost."""
        new_store.ping(deep=True)
        unasked = {SupportsEncryption, SupportsNotifications, SupportsLifecycleRuns}
        for capability in CAPABILITIES:
            if capability not in unasked or not isinstance(store.client, capability):
                assert new_store.supports(capability) is (lacking(self, store, capability) is None), capability

    def test_asking_writes_nothing(self, store: ObjectStore, new_store: ObjectStore, bucket: str) -> None:
        """The root bucket is as it was, empty or not."""
        store.put_object(b"kept", "key", bucket)
        for _ in range(2):
            new_store.ping(deep=True)
        assert [found.key for found in store.list_objects(bucket=bucket)] == ["key"]
        assert store.read_object("key", bucket) == b"kept"

    def test_what_is_missing_is_remembered(self, new_store: ObjectStore, bucket: str) -> None:
        """Once a server has said so, supports() knows without asking, until it is asked again."""
        new_store.ping(deep=True)
        before = new_store.capabilities()
        new_store.client.forget_lacking()
        assert new_store.capabilities() >= before
        new_store.ping(deep=True)
        assert new_store.capabilities() == before

    def test_a_version_is_never_ignored(self, store: ObjectStore, new_store: ObjectStore, bucket: str) -> None:
        """Where there are no versions, a read, a copy and a deletion of one leave the object, and do not give it."""
        store.put_object(b"kept", "key", bucket)
        some = "0123456789abcdef0123456789abcdef"
        with pytest.raises(ObjectStoreError):
            new_store.read_object("key", bucket, some)
        with pytest.raises(ObjectStoreError):
            new_store.copy_object("key", "copy", bucket, bucket, src_version=some)
        with contextlib.suppress(UnsupportedOperation):
            new_store.delete_object("key", bucket, some)
        with contextlib.suppress(UnsupportedOperation):
            new_store.delete_objects([ObjectIdentifier("key", some)], bucket)
        assert store.read_object("key", bucket) == b"kept"
        assert store.exists("copy", bucket) is False


def _in_parts(store: ObjectStore, bucket: str, **options: Any) -> None:
    content = bytes(large_size(store))
    store.put_object(content, "key", bucket, **options)


def _as_asked(store: ObjectStore, bucket: str, name: str) -> bool:
    """Return whether the object has what an option asked for."""
    if name.startswith("tags"):
        return store.get_tags("key", bucket) == {"a": "b"}
    key = SseCustomer(bytes(32)) if name == "SseCustomer" else None
    return store.head_object("key", bucket, encryption=key).encryption is not None

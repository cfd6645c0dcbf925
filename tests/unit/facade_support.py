"""A store on dicts with every capability, which tells what it was asked."""

from __future__ import annotations

import itertools
import queue
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from data_store.object_store import registry
from data_store.object_store.capabilities import (
    SupportsBucketTags,
    SupportsEncryption,
    SupportsLifecycle,
    SupportsLifecycleRuns,
    SupportsNotificationRules,
    SupportsNotifications,
    SupportsObjectLock,
    SupportsVersioning,
)
from data_store.object_store.configurations import ObjectStoreConfiguration
from data_store.object_store.errors import VersionNotFound
from data_store.object_store.feed import EventFeed
from data_store.object_store.models import (
    BucketOptions,
    Condition,
    CopyOptions,
    DefaultRetention,
    DeletedObject,
    DeleteOptions,
    EventKind,
    GetOptions,
    LifecycleReport,
    LifecycleRule,
    ListOptions,
    MultipartUpload,
    NotificationRule,
    Object,
    ObjectEvent,
    ObjectMetadata,
    ObjectVersion,
    PartInfo,
    PutOptions,
    Retention,
    SseCustomer,
    SseS3,
    UploadPage,
    VersioningStatus,
    VersionPage,
    WatchOptions,
)
from data_store.object_store.store import ObjectStore
from tests.unit.dict_client import PartsClient, Stored, TagsClient, VendorError
from tests.unit.facade_web import WebOperations

PART = PartInfo(1, "etag")
KEY_OF_32 = SseCustomer(b"k" * 32)


class Feed(EventFeed):
    """Events that a test puts in; ``put(None)`` wakes without one."""

    def __init__(self) -> None:
        self.waiting: queue.Queue[ObjectEvent | Exception | None] = queue.Queue()
        self.closed = 0

    def poll(self, timeout: float | None) -> Sequence[ObjectEvent]:
        """See ``EventFeed``."""
        if self.closed:
            return ()
        try:
            event = self.waiting.get(timeout=timeout)
        except queue.Empty:
            return ()
        if isinstance(event, Exception):
            raise event
        return () if event is None else (event,)

    def close(self) -> None:
        """See ``EventFeed``."""
        self.closed += 1
        self.waiting.put(None)


def event(key: str, **others: Any) -> ObjectEvent:
    """Return an event."""
    return ObjectEvent(kind=EventKind.CREATED, bucket="root", key=key, **others)


class CapableClient(
    TagsClient,
    SupportsVersioning,
    SupportsBucketTags,
    SupportsLifecycle,
    SupportsLifecycleRuns,
    SupportsNotifications,
    SupportsNotificationRules,
    SupportsEncryption,
    SupportsObjectLock,
    WebOperations,
):
    """Has all capabilities. Versions are real; the others are remembered in ``kept`` and given back.

    Attributes:
        asked: the operations with their arguments.
        page_size: versions in a page.
        locked: ids of versions that cannot be deleted.
    """

    conditions = frozenset(Condition)
    encryptions = frozenset({SseS3, SseCustomer})
    page_size = 1000

    def __init__(self, config: ObjectStoreConfiguration | None = None) -> None:
        super().__init__(config)
        self.asked: list[tuple[Any, ...]] = []
        self.kept: dict[str, Any] = {}
        self.status: dict[str, VersioningStatus] = {}
        self.history: dict[tuple[str, str], list[tuple[str, Stored | None]]] = {}
        self.locked: set[str] = set()
        self.feeds: list[Feed] = []
        self.times: dict[str, datetime | None] = {}
        self.ids = itertools.count(1)

    # objects

    def put_object(self, bucket: str, key: str, body: Any, options: PutOptions) -> ObjectMetadata:
        """See ``ObjectStoreClient``."""
        self.asked.append(("put_object", bucket, key, options))
        return self._versioned(bucket, key, super().put_object(bucket, key, body, options))

    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectMetadata:
        """See ``ObjectStoreClient``."""
        self.asked.append(("copy_object", source_bucket, source_key, bucket, key, options))
        if options.source_version is not None:
            current = self.buckets[bucket].get(key)
            self.buckets[source_bucket][source_key] = self._version(source_bucket, source_key, options.source_version)
            copied = super().copy_object(source_bucket, source_key, bucket, key, options)
            if (source_bucket, source_key) != (bucket, key):
                self._put_back(source_bucket, source_key, current)
            return self._versioned(bucket, key, copied)
        return self._versioned(bucket, key, super().copy_object(source_bucket, source_key, bucket, key, options))

    def get_object(self, bucket: str, key: str, options: GetOptions) -> Object:
        """See ``ObjectStoreClient``."""
        self.asked.append(("get_object", bucket, key, options))
        with self._showing(bucket, key, options.version):
            return super().get_object(bucket, key, options)

    def head_object(self, bucket: str, key: str, options: GetOptions) -> ObjectMetadata:
        """See ``ObjectStoreClient``."""
        self.asked.append(("head_object", bucket, key, options))
        with self._showing(bucket, key, options.version):
            found = super().head_object(bucket, key, options)
        history = self.history.get((bucket, key))
        return replace(found, version_id=options.version or (history[0][0] if history else None))

    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> DeletedObject:
        """See ``ObjectStoreClient``."""
        self.asked.append(("delete_object", bucket, key, options))
        if options.version is None:
            super().delete_object(bucket, key, options)
            if self.status.get(bucket) is not VersioningStatus.ENABLED:
                return DeletedObject(key)
            marker = f"v{next(self.ids)}"
            self.history.setdefault((bucket, key), []).insert(0, (marker, None))
            return DeletedObject(key, marker, is_delete_marker=True)
        return self._delete_version(bucket, key, options.version)

    def delete_bucket(self, bucket: str) -> None:
        """See ``ObjectStoreClient``."""
        if any(history for (where, _), history in self.history.items() if where == bucket):
            raise VendorError("BucketNotEmpty", 409)
        super().delete_bucket(bucket)

    def create_bucket(self, bucket: str, options: BucketOptions) -> Any:
        """See ``ObjectStoreClient``."""
        self.asked.append(("create_bucket", bucket, options))
        return super().create_bucket(bucket, options)

    def list_uploads_page(self, bucket: str, prefix: str, options: ListOptions) -> UploadPage:
        """See ``SupportsMultipart``; with times."""
        page = super().list_uploads_page(bucket, prefix, options)
        return replace(page, uploads=tuple(self._timed(upload) for upload in page.uploads))

    # versions

    def enable_versioning(self, bucket: str) -> None:
        """See ``SupportsVersioning``."""
        self.status[bucket] = VersioningStatus.ENABLED

    def suspend_versioning(self, bucket: str) -> None:
        """See ``SupportsVersioning``."""
        self.status[bucket] = VersioningStatus.SUSPENDED

    def versioning_status(self, bucket: str) -> VersioningStatus:
        """See ``SupportsVersioning``."""
        self.calls.append("versioning_status")
        return self.status.get(bucket, VersioningStatus.DISABLED)

    def list_versions_page(self, bucket: str, prefix: str, options: ListOptions) -> VersionPage:
        """See ``SupportsVersioning``; the cursor is a position."""
        self.calls.append("list_versions_page")
        keys = sorted(
            (key for where, key in self.history if where == bucket and key.startswith(prefix)), key=str.encode
        )
        found = [version for key in keys for version in self._listed_versions(bucket, key)]
        start = int(options.cursor or 0)
        end = start + min(options.limit, self.page_size)
        return VersionPage(tuple(found[start:end]), str(end) if end < len(found) else None)

    # the others: remembered and given back

    def get_tags(self, bucket: str, key: str, version: str | None = None) -> dict[str, str]:
        """See ``SupportsTags``."""
        self.asked.append(("get_tags", bucket, key, version))
        return super().get_tags(bucket, key, version)

    def get_bucket_tags(self, bucket: str) -> dict[str, str]:
        """See ``SupportsBucketTags``."""
        self.calls.append("get_bucket_tags")
        return dict(self.kept.get("tags", {}))

    def set_bucket_tags(self, bucket: str, tags: Mapping[str, str]) -> None:
        """See ``SupportsBucketTags``."""
        self.kept["tags"] = tags

    def delete_bucket_tags(self, bucket: str) -> None:
        """See ``SupportsBucketTags``."""
        self.kept.pop("tags", None)

    def get_lifecycle(self, bucket: str) -> list[LifecycleRule]:
        """See ``SupportsLifecycle``."""
        self.calls.append("get_lifecycle")
        return list(self.kept.get("rules", []))

    def set_lifecycle(self, bucket: str, rules: Sequence[LifecycleRule]) -> None:
        """See ``SupportsLifecycle``."""
        self.kept["rules"] = rules

    def delete_lifecycle(self, bucket: str) -> None:
        """See ``SupportsLifecycle``."""
        self.kept.pop("rules", None)

    def run_lifecycle(self, bucket: str, now: datetime) -> LifecycleReport:
        """See ``SupportsLifecycleRuns``."""
        self.asked.append(("run_lifecycle", bucket, now))
        return LifecycleReport(expired_objects=1)

    def watch(self, bucket: str, options: WatchOptions) -> EventFeed:
        """See ``SupportsNotifications``."""
        self.asked.append(("watch", bucket, options))
        self.feeds.append(Feed())
        return self.feeds[-1]

    def get_notifications(self, bucket: str) -> list[NotificationRule]:
        """See ``SupportsNotificationRules``."""
        self.calls.append("get_notifications")
        return list(self.kept.get("notifications", []))

    def set_notifications(self, bucket: str, rules: Sequence[NotificationRule]) -> None:
        """See ``SupportsNotificationRules``."""
        self.kept["notifications"] = rules

    def get_retention(self, bucket: str, key: str, version: str | None = None) -> Retention | None:
        """See ``SupportsObjectLock``."""
        self.asked.append(("get_retention", bucket, key, version))
        return self.kept.get("retention")

    def set_retention(
        self,
        bucket: str,
        key: str,
        retention: Retention | None,
        version: str | None = None,
        *,
        bypass_governance: bool = False,
    ) -> None:
        """See ``SupportsObjectLock``."""
        self.asked.append(("set_retention", bucket, key, version, bypass_governance))
        self.kept["retention"] = retention

    def get_legal_hold(self, bucket: str, key: str, version: str | None = None) -> bool:
        """See ``SupportsObjectLock``."""
        return bool(self.kept.get("hold"))

    def set_legal_hold(self, bucket: str, key: str, hold: bool, version: str | None = None) -> None:
        """See ``SupportsObjectLock``."""
        self.kept["hold"] = hold

    def get_default_retention(self, bucket: str) -> DefaultRetention | None:
        """See ``SupportsObjectLock``."""
        self.calls.append("get_default_retention")
        return self.kept.get("default")

    def set_default_retention(self, bucket: str, retention: DefaultRetention | None) -> None:
        """See ``SupportsObjectLock``."""
        self.kept["default"] = retention

    # inside

    def _versioned(self, bucket: str, key: str, done: ObjectMetadata) -> ObjectMetadata:
        if self.status.get(bucket) is not VersioningStatus.ENABLED:
            return done
        name = f"v{next(self.ids)}"
        self.history.setdefault((bucket, key), []).insert(0, (name, self.buckets[bucket][key]))
        return replace(done, version_id=name)

    def _version(self, bucket: str, key: str, version: str) -> Stored:
        found = dict(self.history.get((bucket, key), [])).get(version)
        if found is None:
            raise VersionNotFound
        return found

    def _put_back(self, bucket: str, key: str, stored: Stored | None) -> None:
        if stored is None:
            self.buckets[bucket].pop(key, None)
        else:
            self.buckets[bucket][key] = stored

    def _showing(self, bucket: str, key: str, version: str | None) -> _Showing:
        return _Showing(self, bucket, key, version)

    def _delete_version(self, bucket: str, key: str, version: str) -> DeletedObject:
        history = self.history.get((bucket, key), [])
        if version in self.locked:
            raise VendorError("AccessDenied", 403)
        if version not in dict(history):
            raise VersionNotFound
        is_marker = dict(history)[version] is None
        history[:] = [each for each in history if each[0] != version]
        self._put_back(bucket, key, history[0][1] if history else None)
        return DeletedObject(key, version, is_delete_marker=is_marker)

    def _listed_versions(self, bucket: str, key: str) -> Iterator[ObjectVersion]:
        for number, (name, stored) in enumerate(self.history[bucket, key]):
            size = None if stored is None else len(stored.content)
            yield ObjectVersion(
                key=key, version_id=name, is_latest=number == 0, is_delete_marker=stored is None, size=size
            )

    def _timed(self, upload: MultipartUpload) -> MultipartUpload:
        return replace(upload, initiated_time=self.times.get(upload.key, datetime.now(UTC)))


class _Showing:
    """A block in which a version is the current one."""

    def __init__(self, client: CapableClient, bucket: str, key: str, version: str | None) -> None:
        self._client = client
        self._where = (bucket, key)
        self._version = version

    def __enter__(self) -> None:
        bucket, key = self._where
        self._current = self._client.buckets.get(bucket, {}).get(key)
        if self._version is not None:
            self._client.buckets[bucket][key] = self._client._version(bucket, key, self._version)

    def __exit__(self, *_: object) -> None:
        if self._version is not None:
            self._client._put_back(*self._where, self._current)


class PlainClient(PartsClient):
    """Has parts, and no other capability."""

    conditions = frozenset()


def client_of(store: ObjectStore) -> CapableClient:
    """Return the client of a capable store."""
    client = store.client
    assert isinstance(client, CapableClient)
    return client


@pytest.fixture
def capable(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    """A store with every capability."""
    monkeypatch.setitem(registry._registered, "capable", f"{__name__}:CapableClient")
    with ObjectStore({"framework": "capable", "root_bucket": "root"}) as store:
        yield store


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    """A store with parts and no other capability."""
    monkeypatch.setitem(registry._registered, "plain", f"{__name__}:PlainClient")
    with ObjectStore({"framework": "plain", "root_bucket": "root"}) as store:
        yield store

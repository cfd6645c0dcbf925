"""A client narrows to its capabilities, and the methods of the facade are typed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import assert_type

from data_store.object_store import (
    CorsRule,
    DefaultRetention,
    DeletedObject,
    EventFeed,
    EventKind,
    LifecycleReport,
    LifecycleRule,
    ListOptions,
    MultipartUpload,
    MultipartWriter,
    NotificationRule,
    ObjectEvent,
    ObjectIdentifier,
    ObjectMetadata,
    ObjectResult,
    ObjectStore,
    ObjectVersion,
    PartInfo,
    PresignedClaims,
    PresignedPart,
    PresignedPost,
    PresignedUpload,
    Retention,
    RetentionMode,
    SseCustomer,
    SseKms,
    SseS3,
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
    Verification,
    VersioningStatus,
    VersionPage,
    Watch,
    WatchOptions,
)


def narrows(store: ObjectStore) -> None:
    """Each capability brings its own operations, and no others."""
    client = store.client
    client.enable_versioning("bucket")  # type: ignore[attr-defined]  # what is to be refused
    if isinstance(client, SupportsVersioning):
        client.enable_versioning("bucket")
        assert_type(client.versioning_status("bucket"), VersioningStatus)
        assert_type(client.list_versions_page("bucket", "", ListOptions()), VersionPage)
        client.get_tags("bucket", "key")  # type: ignore[attr-defined]  # what is to be refused
    if isinstance(store.client, SupportsVersioning):
        store.client.suspend_versioning("bucket")
    if isinstance(client, SupportsTags) and isinstance(client, SupportsLifecycle):
        assert_type(client.get_tags("bucket", "key", "version"), dict[str, str])
        assert_type(client.get_lifecycle("bucket"), list[LifecycleRule])
        client.ping()
    if isinstance(client, SupportsObjectLock):
        assert_type(client.get_retention("bucket", "key"), Retention | None)
        assert_type(client.get_legal_hold("bucket", "key", "version"), bool)


def narrows_for_buckets(store: ObjectStore) -> None:
    """What is set for a bucket, and what the whole server can do."""
    client = store.client
    if isinstance(client, SupportsBucketTags):
        assert_type(client.get_bucket_tags("bucket"), dict[str, str])
        client.get_tags("bucket", "key")  # type: ignore[attr-defined]  # what is to be refused
    if isinstance(client, SupportsLifecycleRuns):
        assert_type(client.run_lifecycle("bucket", datetime.now(UTC)), LifecycleReport)
        client.get_lifecycle("bucket")  # type: ignore[attr-defined]  # what is to be refused
    if isinstance(client, SupportsNotifications):
        assert_type(client.watch("bucket", WatchOptions()), EventFeed)
        client.get_notifications("bucket")  # type: ignore[attr-defined]  # what is to be refused
    if isinstance(client, SupportsNotificationRules):
        assert_type(client.get_notifications("bucket"), list[NotificationRule])
        client.set_notifications("bucket", ["rule"])  # type: ignore[list-item]  # what is to be refused
    if isinstance(client, SupportsCors):
        assert_type(client.get_cors("bucket"), list[CorsRule])
        client.set_cors("bucket", ["rule"])  # type: ignore[list-item]  # what is to be refused
    if isinstance(client, SupportsPresign):
        assert_type(client.presign_parts("bucket", "key", "id", [1], 60), list[PresignedUpload])
        client.presign_keys()  # type: ignore[attr-defined]  # what is to be refused
    if isinstance(client, SupportsPresignKeys):
        client.rotate_presign_key(revoke=True)
    if isinstance(client, SupportsEncryption):
        assert_type(client.encryptions, frozenset[type[SseS3 | SseKms | SseCustomer]])


def asks(store: ObjectStore) -> None:
    """Capabilities are classes."""
    assert_type(store.supports(SupportsVersioning), bool)
    assert_type(store.capabilities(), frozenset[type])
    store.ping(deep=True)
    store.supports("versioning")  # type: ignore[arg-type]  # what is to be refused


def reads_versions(store: ObjectStore, key: SseCustomer) -> None:
    """A version is third, or named; a key is one of the caller."""
    assert_type(store.read_object("key", "bucket", "version"), bytes)
    assert_type(store.head_object("key", version="version", if_modified_since=datetime.now(UTC)), ObjectMetadata)
    store.get_object("key", version="version", encryption=key, if_unmodified_since=datetime.now(UTC))
    store.download_file("key", "file", version="version", encryption=key)
    store.get_object("key", encryption=SseS3())  # type: ignore[arg-type]  # what is to be refused
    store.exists("key", version=5)  # type: ignore[arg-type]  # what is to be refused


def uses_versions(store: ObjectStore) -> None:
    """A listing is an iterator."""
    store.enable_versioning()
    store.suspend_versioning("bucket")
    assert_type(store.versioning_status(), VersioningStatus)
    assert_type(store.list_versions("prefix"), Iterator[ObjectVersion])
    assert_type(store.list_versions(key="key"), Iterator[ObjectVersion])
    assert_type(store.restore_version("key", "version"), ObjectMetadata)
    assert_type(store.purge("key"), list[DeletedObject])
    assert_type(store.delete_object("key", None, "version", bypass_governance=True), DeletedObject)
    store.delete_objects(["key", ObjectIdentifier("key", "version")])
    store.copy_object("key", "other", src_version="version", if_none_match="*")


def uses_parts(store: ObjectStore, parts: Iterator[PartInfo]) -> None:
    """Parts are what completing takes."""
    upload = assert_type(store.create_multipart_upload("key", tags={"a": "b"}, checksum="crc32c"), MultipartUpload)
    store.create_multipart_upload("key", checksum="md5")  # type: ignore[arg-type]  # what is to be refused
    store.create_multipart_upload("key", if_match="etag")  # type: ignore[call-arg]  # what is to be refused
    part = assert_type(store.upload_part(b"data", "key", upload.upload_id, 1), PartInfo)
    assert_type(store.upload_part_copy("source", "key", upload.upload_id, 2, offset=5), PartInfo)
    assert_type(store.list_parts("key", upload.upload_id), Iterator[PartInfo])
    assert_type(store.list_multipart_uploads(), Iterator[MultipartUpload])
    assert_type(store.complete_multipart_upload("key", "id", [part], if_match="etag"), ObjectMetadata)
    store.complete_multipart_upload("key", "id", parts)
    assert_type(store.abort_stale_uploads(timedelta(days=1), dry_run=True), list[MultipartUpload])
    store.abort_stale_uploads(5.5)
    assert_type(store.multipart_upload("key"), AbstractContextManager[MultipartWriter])
    with store.multipart_upload("key", content_type="text/plain", if_none_match="*") as writer:
        assert_type(writer.upload_part(b"data"), PartInfo)
        assert_type(writer.parts, list[PartInfo])
    assert_type(writer.metadata, ObjectMetadata | None)


def uses_rules(store: ObjectStore) -> None:
    """Rules and tags are typed."""
    assert_type(store.get_tags("key"), dict[str, str])
    store.set_tags("key", {"a": "b"}, version="version")
    store.set_tags("key", {"a": 5})  # type: ignore[dict-item]  # what is to be refused
    assert_type(store.get_bucket_tags(), dict[str, str])
    store.set_lifecycle([LifecycleRule("id", "prefix/", expire_after_days=1)])
    LifecycleRule("id", "prefix/", 1)  # type: ignore[call-arg]  # what is to be refused
    assert_type(store.get_lifecycle(), list[LifecycleRule])
    assert_type(store.run_lifecycle(now=datetime.now(UTC)), LifecycleReport)
    assert_type(store.get_retention("key"), Retention | None)
    store.set_retention("key", Retention(RetentionMode.GOVERNANCE, datetime.now(UTC)))
    assert_type(store.get_legal_hold("key"), bool)
    assert_type(store.get_default_retention(), DefaultRetention | None)
    store.put_object(b"", "key", encryption=SseKms("key"), legal_hold=True, storage_class="COLD")


def watches(store: ObjectStore) -> None:
    """A watch is an iterator of events."""
    with store.watch(prefix="p", events=[EventKind.CREATED], start="now") as watch:
        assert_type(watch, Watch)
        assert_type(watch.next(timeout=5), ObjectEvent | None)
        for event in watch:
            assert_type(event, ObjectEvent)
    store.watch(events=["created"])  # type: ignore[list-item]  # what is to be refused
    assert_type(store.get_notifications(), list[NotificationRule])


def uses_many(store: ObjectStore, keys: Iterator[str]) -> None:
    """Results come one by one, or all at once."""
    assert_type(store.head_objects(keys), Iterator[ObjectResult])
    assert_type(store.copy_objects([("a", "b")], quiet=True, content_type="text/plain"), list[ObjectResult])
    assert_type(store.verify("prefix"), Iterator[Verification])


def narrows_what_store_supports(store: ObjectStore) -> None:
    """``supports`` asks; ``isinstance`` narrows."""
    client = store.client
    if store.supports(SupportsMultipart) and isinstance(client, SupportsMultipart):
        client.abort_multipart_upload("bucket", "key", "upload-id")


def presigning_returns_what_a_client_needs(store: ObjectStore) -> None:
    """URLs as text, and with headers, fields or parts as models."""
    assert_type(store.get_presigned_url("key", expires=timedelta(hours=1), method="HEAD"), str)
    store.get_presigned_url("key", method="PUT")  # type: ignore[arg-type]  # what is to be refused
    assert_type(store.get_presigned_upload_url("key", content_type="text/plain"), str)
    store.get_presigned_upload_url("key", content_typ="a")  # type: ignore[call-arg]  # what is to be refused
    assert_type(store.presign_upload("key", content_length=5).headers, Mapping[str, str])
    assert_type(store.get_presigned_post("uploads/${filename}", max_length=10), PresignedPost)
    assert_type(store.presign_multipart("key", 10, tags={"a": "b"}).parts, tuple[PresignedPart, ...])
    assert_type(store.verify_presigned("https://...", headers={"Content-Type": "text/plain"}), PresignedClaims)
    store.set_cors([CorsRule(("*",), ("GET",))])
    store.set_cors([CorsRule("*", "GET")])  # type: ignore[arg-type]  # what is to be refused
    assert_type(store.get_cors("bucket"), list[CorsRule])

"""What is made sure of before an operation: that the server takes the key, and will not ignore an option in silence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from data_store.object_store.adapters.s3.conditions import Conditions
from data_store.object_store.adapters.s3.detection import Detection
from data_store.object_store.adapters.s3.encryption import check_private
from data_store.object_store.adapters.s3.quirks import Habit, ServerQuirks
from data_store.object_store.adapters.s3.uploads_under_way import UploadUnderWay
from data_store.object_store.configurations import ObjectStoreConnectionConfiguration
from data_store.object_store.errors import ObjectNotFound, PreconditionFailed, UnsupportedOperation
from data_store.object_store.models import (
    CompleteOptions,
    Condition,
    ContentOptions,
    CopyOptions,
    CopySource,
    CorsRule,
    DeleteOptions,
    Encryption,
    GetOptions,
    LifecycleRule,
    ListOptions,
    ObjectIdentifier,
    PartOptions,
    PutOptions,
    SseCustomer,
    VersioningStatus,
)

if TYPE_CHECKING:
    from data_store.object_store.adapters.s3.client import S3Client

__all__ = ["Precautions"]

_STANDARD = "STANDARD"


class Precautions:
    """What one client makes sure of; each may raise ``UnsupportedOperation``, before anything is sent of the operation.

    Args:
        client: the client.
        connection: how it reaches the server.
        quirks: what is known of the server.
        is_aws: whether it is AWS itself.
    """

    def __init__(
        self, client: S3Client, connection: ObjectStoreConnectionConfiguration, quirks: ServerQuirks, is_aws: bool
    ) -> None:
        self._client = client
        self._connection = connection
        self._quirks = quirks
        self._detection = Detection(client, is_aws)
        self.conditions = Conditions(client, self._detection, quirks)

    def is_probe(self, key: str) -> bool:
        """Return whether a key is one of a question that is being asked."""
        return self._detection.is_probe(key)

    def forget(self) -> None:
        """Find out anew what the server has."""
        self._detection.forget()

    def put(self, bucket: str, key: str, options: PutOptions) -> None:
        """Before PutObject."""
        self.create(bucket, key, options)
        if options.if_match is not None or options.if_none_match is not None:
            self.conditions.require(bucket, key, Condition.PUT)

    def create(self, bucket: str, key: str, options: PutOptions) -> None:
        """Before an object is made, in whatever way."""
        self._quirks.check(key)
        self._storage_class(options)
        self._encrypted(bucket, key, options.encryption)
        self.tags_of_upload(bucket, key, options.tags)
        if options.retention is not None or options.legal_hold is not None:
            self._detection.require_lock(bucket)

    def tags_of_upload(self, bucket: str, key: str, tags: Mapping[str, str] | None) -> None:
        """Before an object is made with tags."""
        if tags:
            self._detection.require_tags(bucket, key)

    def read(self, key: str, options: GetOptions) -> None:
        """Before GetObject and HeadObject."""
        self._quirks.check(key)
        self._private(options.encryption)

    def delete(self, bucket: str, key: str, options: DeleteOptions) -> None:
        """Before DeleteObject."""
        self._quirks.check(key)
        self.version(bucket, options.version)
        if options.if_match is None or self._detection.is_probe(key):
            return
        self.conditions.require(bucket, key, Condition.DELETE)
        if not self._quirks.has(Habit.DELETES_WHAT_IS_MISSING):
            return
        try:
            self._client.head_object(bucket, key, GetOptions(version=options.version))
        except ObjectNotFound as error:
            raise PreconditionFailed("there is no object") from error

    def delete_many(self, bucket: str, objects: Sequence[ObjectIdentifier]) -> None:
        """Before DeleteObjects."""
        if any(each.version_id is not None for each in objects):
            self._detection.require_versions(bucket)

    def copy(self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions) -> None:
        """Before CopyObject."""
        self._quirks.check(source_key)
        self._quirks.check(key)
        self._storage_class(options)
        self._private(options.source_encryption)
        self._encrypted(bucket, key, options.encryption)
        if options.encryption is not None and self._quirks.has(Habit.COPIES_IN_THE_CLEAR):
            raise UnsupportedOperation("this server ignores the encryption of a copy, and would store it in the clear")
        if options.tags is not None:
            self._detection.require_tags(bucket, key)
        if options.if_match is not None or options.if_none_match is not None:
            self.conditions.require(bucket, key, Condition.COPY)
        self.version(source_bucket, options.source_version)
        if (source_bucket, source_key) == (bucket, key):
            self._new_version(bucket, key, options)
        if options.source_version is not None and self._quirks.has(Habit.COPIES_WHAT_IS_HIDDEN):
            source = GetOptions(version=options.source_version, encryption=options.source_encryption)
            self._client.head_object(source_bucket, source_key, source)

    def part(self, options: PartOptions) -> None:
        """Before UploadPart."""
        self._private(options.encryption)

    def part_copy(self, source: CopySource, options: PartOptions, upload: UploadUnderWay) -> None:
        """Before UploadPartCopy."""
        self._quirks.check(source.key)
        self.version(source.bucket, source.version)
        self._private(source.encryption)
        self._private(options.encryption)
        if source.encryption is not None and self._quirks.has(Habit.COPIES_NO_ENCRYPTED_PARTS):
            raise UnsupportedOperation("this server cannot copy parts of what is encrypted with a key of the caller")
        has_checksum = options.checksum is not None or upload.has_checksum
        if has_checksum and self._quirks.has(Habit.COPIES_NO_CHECKSUMS_OF_PARTS):
            raise UnsupportedOperation("this server has no right checksums of copied parts: send them instead")

    def create_upload(self, bucket: str, key: str, options: PutOptions) -> None:
        """Before CreateMultipartUpload."""
        self.create(bucket, key, options)
        locks = options.retention is not None or options.legal_hold is not None
        if locks and self._quirks.has(Habit.DROPS_LOCKS):
            raise UnsupportedOperation("this server drops the lock of an upload in parts: set it afterwards")

    def complete(self, bucket: str, key: str, upload_id: str, options: CompleteOptions) -> None:
        """Before CompleteMultipartUpload."""
        self._private(options.encryption)
        if options.if_match is not None or options.if_none_match is not None:
            self.conditions.require(bucket, key, Condition.COMPLETE)
        if self._quirks.has(Habit.COMPLETES_AGAIN):
            self._client.list_parts_page(bucket, key, upload_id, ListOptions(limit=1))

    def tags(self, bucket: str, key: str, version: str | None) -> None:
        """Before GetObjectTagging."""
        self._quirks.check(key)
        self.version(bucket, version)

    def change_tags(self, bucket: str, key: str, version: str | None) -> None:
        """Before PutObjectTagging and DeleteObjectTagging: who does not know them may replace or delete the object."""
        self.tags(bucket, key, version)
        self._detection.require_tags(bucket, key)

    def lock(self, bucket: str, key: str, version: str | None) -> None:
        """Before anything about the lock of a version: who does not know it may replace the object."""
        self._quirks.check(key)
        self.version(bucket, version)
        self._detection.require_lock(bucket)

    def lifecycle(self, rules: Sequence[LifecycleRule]) -> None:
        """Before PutBucketLifecycleConfiguration."""
        aborting = [rule.id for rule in rules if rule.abort_uploads_after_days is not None]
        if aborting and self._quirks.has(Habit.ABORTS_BY_ITSELF):
            told = f"the rule {aborting[0]!r} says when to abort uploads, which this server decides by itself"
            raise UnsupportedOperation(told)

    def cors(self, rules: Sequence[CorsRule]) -> None:
        """Before PutBucketCors. A lone ``*`` is one that browsers know (Fetch standard, CORS-preflight fetch)."""
        patterns = [header for rule in rules for header in rule.allowed_headers if "*" in header and header != "*"]
        if patterns and self._quirks.has(Habit.ECHOES_CORS_PATTERNS):
            told = f"this server tells browsers {patterns[0]!r}, which they take for a name: name all headers, or *"
            raise UnsupportedOperation(told)

    def version(self, bucket: str, version: str | None) -> None:
        """Before anything that names a version, and whose answer does not."""
        if version is not None:
            self._detection.require_versions(bucket)

    def _new_version(self, bucket: str, key: str, options: CopyOptions) -> None:
        """Before a copy of an object onto itself, which must not change a version."""
        if not self._quirks.has(Habit.CHANGES_VERSIONS):
            return
        if self._client.versioning_status(bucket) is not VersioningStatus.ENABLED:
            return
        try:
            current = self._client.head_object(bucket, key, GetOptions()).version_id
        except ObjectNotFound:
            return  # under a delete marker
        if options.source_version in (None, current):
            raise UnsupportedOperation("this server would change the version that is there, and make no new one")

    def _storage_class(self, options: ContentOptions) -> None:
        asked = options.storage_class
        if asked not in (None, _STANDARD) and self._quirks.has(Habit.KEEPS_ONE_STORAGE_CLASS):
            raise UnsupportedOperation(f"this server takes every storage class, and keeps all as {_STANDARD}")

    def _encrypted(self, bucket: str, key: str, encryption: Encryption | None) -> None:
        if encryption is None or self._detection.is_probe(key):
            return
        if isinstance(encryption, SseCustomer):
            self._private(encryption)
        self._detection.require_encryption(bucket, key, encryption)

    def _private(self, encryption: SseCustomer | None) -> None:
        if encryption is not None:
            check_private(self._connection)

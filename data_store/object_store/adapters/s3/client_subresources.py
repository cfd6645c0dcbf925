"""The capabilities of an S3 server that are subresources: each is one action of the core."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import ClassVar

from data_store.object_store.adapters.s3.api import S3Api
from data_store.object_store.adapters.s3.endpoint import endpoint
from data_store.object_store.adapters.s3.exchange import AnswerError, Exchange
from data_store.object_store.adapters.s3.integrity import Protection
from data_store.object_store.adapters.s3.listener import Listener
from data_store.object_store.adapters.s3.listings import versions_page_by_key
from data_store.object_store.adapters.s3.precautions import Precautions
from data_store.object_store.adapters.s3.quirks import Habit, ServerQuirks
from data_store.object_store.adapters.s3.transport import Transport
from data_store.object_store.capabilities import (
    SupportsBucketTags,
    SupportsCors,
    SupportsLifecycle,
    SupportsNotificationRules,
    SupportsNotifications,
    SupportsObjectLock,
    SupportsTags,
    SupportsVersioning,
)
from data_store.object_store.client import ObjectStoreClient
from data_store.object_store.configurations import ObjectStoreConfiguration, ObjectStoreConnectionConfiguration
from data_store.object_store.errors import AccessDenied, BucketNotFound, ObjectNotFound, UnsupportedOperation
from data_store.object_store.feed import EventFeed
from data_store.object_store.models import (
    CorsRule,
    DefaultRetention,
    LifecycleRule,
    ListOptions,
    NotificationRule,
    Retention,
    VersioningStatus,
    VersionPage,
    WatchOptions,
)
from data_store.object_store.signing import sigv4

__all__ = ["S3Subresources"]

_METHOD_NOT_ALLOWED = 405
_CORS_OF_SERVER = "MinIO has the rules of its operator alone, for all buckets (MINIO_API_CORS_ALLOW_ORIGIN)"


class S3Subresources(
    ObjectStoreClient,
    SupportsVersioning,
    SupportsTags,
    SupportsBucketTags,
    SupportsLifecycle,
    SupportsNotifications,
    SupportsNotificationRules,
    SupportsObjectLock,
    SupportsCors,
):
    """The subresources of an S3 server, and what reaches it.

    Args:
        config: the configuration.
        signer: gives the current credentials; None: nothing is signed.
    """

    connection_model: ClassVar[type[ObjectStoreConnectionConfiguration]] = ObjectStoreConnectionConfiguration
    _before: Precautions

    def __init__(self, config: ObjectStoreConfiguration, signer: Callable[[], sigv4.Credentials] | None) -> None:
        super().__init__(config)
        connection: ObjectStoreConnectionConfiguration = config.connection
        self._signer = signer
        self._is_aws = endpoint(connection).is_aws
        self._transport = self._make_transport()
        self._quirks = ServerQuirks(lambda: self._api.ping())
        self._protection = Protection(
            config.transfer.integrity == "verified", lambda: self._is_aws or self._quirks.has(Habit.COMPARES_CHECKSUMS)
        )
        self._exchange = self._make_exchange()
        self._api = S3Api(self._exchange)

    def _make_transport(self) -> Transport:
        """Return what carries the requests of the core; the adapter of an SDK that takes part in it returns its own."""
        return Transport(self.config.connection, self.config.retry)

    def _make_exchange(self) -> Exchange:
        """Return what signs them, likewise."""
        where = endpoint(self.config.connection)
        return Exchange(where, self._signer, self._transport, self._quirks.learn, self._protection)

    def _check_bucket(self, bucket: str) -> None:
        """Make sure that there is a bucket, where the server answers as if there were; who may not ask goes on."""
        with suppress(AccessDenied):
            if not self.bucket_exists(bucket):
                raise BucketNotFound("there is no bucket of that name")

    def _set_versioning(self, bucket: str, status: VersioningStatus) -> None:
        """MinIO takes it for a bucket that is missing."""
        self._check_bucket(bucket)
        self._api.put_versioning(bucket, status)

    def _check_lock(self, bucket: str) -> None:
        """Make sure that a new bucket has the lock that it was made with; one that has not is deleted again."""
        try:
            self.get_default_retention(bucket)
        except UnsupportedOperation:
            self.delete_bucket(bucket)
            raise

    def enable_versioning(self, bucket: str) -> None:
        """See ``SupportsVersioning``."""
        self._set_versioning(bucket, VersioningStatus.ENABLED)

    def suspend_versioning(self, bucket: str) -> None:
        """See ``SupportsVersioning``."""
        self._set_versioning(bucket, VersioningStatus.SUSPENDED)

    def versioning_status(self, bucket: str) -> VersioningStatus:
        """See ``SupportsVersioning``."""
        return self._api.get_versioning(bucket)

    def list_versions_page(self, bucket: str, prefix: str, options: ListOptions) -> VersionPage:
        """See ``SupportsVersioning``."""
        if self._quirks.has(Habit.LISTS_VERSIONS_BY_KEY):
            return versions_page_by_key(self._api, bucket, prefix, options)
        return self._api.list_versions_page(bucket, prefix, options)

    def get_tags(self, bucket: str, key: str, version: str | None = None) -> dict[str, str]:
        """See ``SupportsTags``; to versitygw tags of what is hidden by a delete marker are not allowed, not missing."""
        self._before.tags(bucket, key, version)
        try:
            return self._api.get_tags(bucket, key, version)
        except AnswerError as error:
            if error.status != _METHOD_NOT_ALLOWED:
                raise
            raise ObjectNotFound("it is hidden by a delete marker") from error

    def set_tags(self, bucket: str, key: str, tags: Mapping[str, str], version: str | None = None) -> None:
        """See ``SupportsTags``."""
        self._before.change_tags(bucket, key, version)
        self._api.put_tags(bucket, tags, key, version)

    def delete_tags(self, bucket: str, key: str, version: str | None = None) -> None:
        """See ``SupportsTags``."""
        self._before.change_tags(bucket, key, version)
        self._api.delete_tags(bucket, key, version)

    def get_bucket_tags(self, bucket: str) -> dict[str, str]:
        """See ``SupportsBucketTags``; to MinIO a bucket that is missing is one without tags."""
        found = self._api.get_tags(bucket)
        if not found:
            self._check_bucket(bucket)
        return found

    def set_bucket_tags(self, bucket: str, tags: Mapping[str, str]) -> None:
        """See ``SupportsBucketTags``."""
        self._api.put_tags(bucket, tags)

    def delete_bucket_tags(self, bucket: str) -> None:
        """See ``SupportsBucketTags``."""
        self.get_bucket_tags(bucket)  # where tags are unknown, this DELETE might be taken for that of the bucket
        self._api.delete_tags(bucket)

    def get_lifecycle(self, bucket: str) -> list[LifecycleRule]:
        """See ``SupportsLifecycle``."""
        return self._api.get_lifecycle(bucket)

    def set_lifecycle(self, bucket: str, rules: Sequence[LifecycleRule]) -> None:
        """See ``SupportsLifecycle``."""
        self._before.lifecycle(rules)
        self._api.put_lifecycle(bucket, rules, on_trial=not self._is_aws)

    def delete_lifecycle(self, bucket: str) -> None:
        """See ``SupportsLifecycle``."""
        self._api.delete_lifecycle(bucket)

    def watch(self, bucket: str, options: WatchOptions) -> EventFeed:
        """See ``SupportsNotifications``."""
        if not self._quirks.has(Habit.SENDS_EVENTS):
            raise self._lacks(SupportsNotifications, "only MinIO sends events over the connection that asks for them")
        if options.cursor is not None:
            raise UnsupportedOperation("MinIO keeps no events: it sends what happens from now on")
        feed = Listener(self.config.connection, self.config.retry, self._signer, bucket, options)
        feed.start()
        return feed

    def get_notifications(self, bucket: str) -> list[NotificationRule]:
        """See ``SupportsNotificationRules``."""
        return self._api.get_notifications(bucket)

    def set_notifications(self, bucket: str, rules: Sequence[NotificationRule]) -> None:
        """See ``SupportsNotificationRules``."""
        self._api.put_notifications(
            bucket,
            rules,
            minio=self._quirks.has(Habit.NAMES_TAG_EVENTS_ITSELF),
            ceph=self._quirks.has(Habit.ADDS_NOTIFICATION_RULES),
        )

    def get_retention(self, bucket: str, key: str, version: str | None = None) -> Retention | None:
        """See ``SupportsObjectLock``."""
        self._before.lock(bucket, key, version)
        return self._api.get_retention(bucket, key, version)

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
        self._before.lock(bucket, key, version)
        self._api.put_retention(bucket, key, retention, version, bypass_governance=bypass_governance)

    def get_legal_hold(self, bucket: str, key: str, version: str | None = None) -> bool:
        """See ``SupportsObjectLock``."""
        self._before.lock(bucket, key, version)
        return self._api.get_legal_hold(bucket, key, version)

    def set_legal_hold(self, bucket: str, key: str, hold: bool, version: str | None = None) -> None:
        """See ``SupportsObjectLock``."""
        self._before.lock(bucket, key, version)
        self._api.put_legal_hold(bucket, key, hold, version)

    def get_default_retention(self, bucket: str) -> DefaultRetention | None:
        """See ``SupportsObjectLock``; to MinIO a bucket that is missing is one without a lock."""
        try:
            return self._api.get_default_retention(bucket)
        except UnsupportedOperation:
            self._check_bucket(bucket)
            raise

    def set_default_retention(self, bucket: str, retention: DefaultRetention | None) -> None:
        """See ``SupportsObjectLock``."""
        self._api.put_default_retention(bucket, retention)

    def get_cors(self, bucket: str) -> list[CorsRule]:
        """See ``SupportsCors``; MinIO answers as if a bucket had none."""
        found = self._api.get_cors(bucket)
        if not found:
            self._check_cors(bucket)
        return found

    def set_cors(self, bucket: str, rules: Sequence[CorsRule]) -> None:
        """See ``SupportsCors``."""
        self._check_cors(bucket)
        self._before.cors(rules)
        self._api.put_cors(bucket, rules, on_trial=not self._is_aws)

    def delete_cors(self, bucket: str) -> None:
        """See ``SupportsCors``."""
        self._check_cors(bucket)
        self._api.delete_cors(bucket)

    def _check_cors(self, bucket: str) -> None:
        if self._quirks.has(Habit.HIDES_THAT_IT_HAS_NO_CORS) and not self._api.implements_cors(bucket):
            raise self._lacks(SupportsCors, _CORS_OF_SERVER)

"""The subresources of buckets and objects: versioning, tags, lifecycle, notifications, object lock, CORS.

S3 API reference, one method per action.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from xml.etree.ElementTree import Element

from data_store.object_store.adapters.s3 import cors, request_headers
from data_store.object_store.adapters.s3.exchange import AnswerError, Request, xml_answer
from data_store.object_store.adapters.s3.integrity import content_md5
from data_store.object_store.adapters.s3.lifecycle import replace_rules
from data_store.object_store.adapters.s3.objects import ObjectActions, version_query
from data_store.object_store.adapters.s3.xml import parse
from data_store.object_store.adapters.s3.xml_cors import cors_request, cors_rules
from data_store.object_store.adapters.s3.xml_lifecycle import lifecycle_request, lifecycle_rules
from data_store.object_store.adapters.s3.xml_lock import (
    default_retention,
    legal_hold,
    legal_hold_request,
    lock_request,
    retention,
    retention_request,
)
from data_store.object_store.adapters.s3.xml_notifications import notification_request, notification_rules
from data_store.object_store.adapters.s3.xml_tags import tagging_request, tags
from data_store.object_store.adapters.s3.xml_versions import (
    version_page,
    versioning_request,
    versioning_status,
    versions_query,
)
from data_store.object_store.errors import ObjectStoreError, UnsupportedOperation
from data_store.object_store.models import (
    CorsRule,
    DefaultRetention,
    EventKind,
    LifecycleRule,
    ListOptions,
    NotificationRule,
    Retention,
    VersioningStatus,
    VersionPage,
)

__all__ = ["SubresourceActions"]

_NO_TAGS = frozenset({"NoSuchTagSet", "NoSuchTagSetError"})
_NO_CORS = frozenset({"NoSuchCORSConfiguration"})
_NO_LIFECYCLE = frozenset({"NoSuchLifecycleConfiguration"})
_NO_LOCK = frozenset({"NoSuchObjectLockConfiguration", "ObjectLockConfigurationNotFoundError"})
_NOT_LOCKABLE = "nothing is locked in this bucket: make one with create_bucket(..., object_lock=True)"
# Whatever a rule must be was checked before it was sent: what is refused all the same, the server does not do.
_RARE_EVENTS = frozenset({EventKind.EXPIRED, EventKind.TAGS_CHANGED})
_REFUSED = frozenset({"InvalidArgument", "InvalidRequest", "MalformedXML"})


class SubresourceActions(ObjectActions):
    """The subresources of one server."""

    def get_versioning(self, bucket: str) -> VersioningStatus:
        """GetBucketVersioning."""
        names = ("VersioningConfiguration", "GetBucketVersioningResponse")  # moto's
        return versioning_status(self._get(bucket, "versioning", *names))

    def put_versioning(self, bucket: str, status: VersioningStatus) -> None:
        """PutBucketVersioning."""
        self._put(bucket, "versioning", versioning_request(status))

    def list_versions_page(self, bucket: str, prefix: str, options: ListOptions) -> VersionPage:
        """ListObjectVersions, one page."""
        answer = self._exchange.send(Request(method="GET", bucket=bucket, query=versions_query(prefix, options)))
        return version_page(xml_answer(answer, "ListVersionsResult"), prefix, options.cursor)

    def get_tags(self, bucket: str, key: str | None = None, version: str | None = None) -> dict[str, str]:
        """GetObjectTagging, or GetBucketTagging without a key. Ceph may answer with nothing at all."""
        request = Request(method="GET", bucket=bucket, key=key, query={"tagging": "", **version_query(version)})
        try:
            answer = self._exchange.send(request)
        except AnswerError as error:
            if error.code in _NO_TAGS:
                return {}
            raise
        return tags(xml_answer(answer, "Tagging")) if answer.data.strip() else {}

    def put_tags(
        self, bucket: str, tags: Mapping[str, str], key: str | None = None, version: str | None = None
    ) -> None:
        """PutObjectTagging, or PutBucketTagging without a key."""
        self._put(bucket, "tagging", tagging_request(tags), key, version)

    def delete_tags(self, bucket: str, key: str | None = None, version: str | None = None) -> None:
        """DeleteObjectTagging, or DeleteBucketTagging without a key."""
        query = {"tagging": "", **version_query(version)}
        self._exchange.send(Request(method="DELETE", bucket=bucket, key=key, query=query))

    def get_lifecycle(self, bucket: str) -> list[LifecycleRule]:
        """GetBucketLifecycleConfiguration."""
        found = self._lifecycle(bucket)
        return [] if found is None else lifecycle_rules(parse(found))

    def put_lifecycle(self, bucket: str, rules: Sequence[LifecycleRule], *, on_trial: bool = True) -> None:
        """PutBucketLifecycleConfiguration, after the server has shown that it keeps the rules.

        Args:
            bucket: the bucket.
            rules: the rules, at least one.
            on_trial: have it shown; False for AWS, which keeps them, and where a read may be older than the write.
        """
        try:
            if on_trial:
                self._put_lifecycle_on_trial(bucket, rules)
            else:
                self._put(bucket, "lifecycle", lifecycle_request(rules))
        except AnswerError as error:
            if error.code in _REFUSED:
                raise _refusal(error, error.translated.reason) from error
            raise

    def delete_lifecycle(self, bucket: str) -> None:
        """DeleteBucketLifecycle, where there is one: a server that does not know it may delete the bucket."""
        if self._lifecycle(bucket) is not None:
            self._delete(bucket, "lifecycle")

    def get_notifications(self, bucket: str) -> list[NotificationRule]:
        """GetBucketNotificationConfiguration."""
        names = ("NotificationConfiguration", "GetBucketNotificationResponse")  # moto's
        return notification_rules(self._get(bucket, "notification", *names))

    def put_notifications(
        self, bucket: str, rules: Sequence[NotificationRule], *, minio: bool = False, ceph: bool = False
    ) -> None:
        """PutBucketNotificationConfiguration.

        Ceph adds to the rules that are there, and takes no empty configuration: what is left over is deleted by its
        id, which a GET has just shown. MinIO and versitygw take such a DELETE for that of the bucket.

        Args:
            bucket: the bucket.
            rules: the rules.
            minio: write events as MinIO names them.
            ceph: delete what is left over.
        """
        body = notification_request(rules, minio=minio)
        try:
            self._put(bucket, "notification", body)
        except AnswerError as error:
            if error.code == "NoSuchKey":  # Ceph's word for a topic that is not there
                raise ObjectStoreError("the server does not know the target", status=error.status) from error
            if error.code == "InvalidArgument" and any(_RARE_EVENTS & set(rule.events) for rule in rules):
                raise _refusal(error, "this server does not send all of these events") from error
            if rules or error.code != "MalformedXML" or not ceph:
                raise
        if ceph:
            self._delete_other_notifications(bucket, rules)

    def _delete_other_notifications(self, bucket: str, rules: Sequence[NotificationRule]) -> None:
        asked = {rule.id for rule in rules}
        for rule in self.get_notifications(bucket):
            if rule.id and rule.id not in asked:
                self._exchange.send(Request(method="DELETE", bucket=bucket, query={"notification": rule.id}))

    def get_retention(self, bucket: str, key: str, version: str | None = None) -> Retention | None:
        """GetObjectRetention."""
        found = self._get_lock(bucket, key, "retention", version, "Retention", "ObjectLockRetention")  # versitygw's
        return None if found is None else retention(found)

    def put_retention(
        self, bucket: str, key: str, until: Retention | None, version: str | None, *, bypass_governance: bool
    ) -> None:
        """PutObjectRetention."""
        sent = request_headers.bypass_header(bypass_governance)
        try:
            self._put(bucket, "retention", retention_request(until), key, version, sent)
        except AnswerError as error:
            if until is None and error.code in _REFUSED:
                raise _refusal(error, "this server takes no retention away") from error
            raise

    def get_legal_hold(self, bucket: str, key: str, version: str | None = None) -> bool:
        """GetObjectLegalHold."""
        found = self._get_lock(bucket, key, "legal-hold", version, "LegalHold", "ObjectLockLegalHold")
        return found is not None and legal_hold(found)

    def put_legal_hold(self, bucket: str, key: str, hold: bool, version: str | None = None) -> None:
        """PutObjectLegalHold."""
        self._put(bucket, "legal-hold", legal_hold_request(hold), key, version)

    def get_default_retention(self, bucket: str) -> DefaultRetention | None:
        """GetObjectLockConfiguration."""
        try:
            return default_retention(self._get(bucket, "object-lock", "ObjectLockConfiguration"))
        except AnswerError as error:
            if error.code in _NO_LOCK:
                raise _refusal(error, _NOT_LOCKABLE) from error
            raise

    def put_default_retention(self, bucket: str, default: DefaultRetention | None) -> None:
        """PutObjectLockConfiguration."""
        self._put(bucket, "object-lock", lock_request(default))

    def get_cors(self, bucket: str) -> list[CorsRule]:
        """GetBucketCors."""
        found = self._cors(bucket)
        return [] if found is None else cors_rules(parse(found))

    def put_cors(self, bucket: str, rules: Sequence[CorsRule], *, on_trial: bool = True) -> None:
        """PutBucketCors.

        Args:
            bucket: the bucket.
            rules: the rules, at least one.
            on_trial: read them back; False for AWS, which keeps them, and where a read may be older than the write.
        """
        try:
            if on_trial:
                self._put_cors_on_trial(bucket, rules)
            else:
                self._put(bucket, "cors", cors_request(rules))
        except AnswerError as error:
            if error.code in _REFUSED:
                raise _refusal(error, error.translated.reason) from error
            raise

    def delete_cors(self, bucket: str) -> None:
        """DeleteBucketCors, where there is one: a server that does not know it may delete the bucket."""
        if self._cors(bucket) is not None:
            self._delete(bucket, "cors")

    def implements_cors(self, bucket: str) -> bool:
        """Return whether a server has PutBucketCors, by one that it cannot carry out."""
        try:
            self._put(bucket, "cors", b"<CORSConfiguration>")
        except AnswerError as error:
            return error.code != "NotImplemented"
        return True

    def _get(self, bucket: str, subresource: str, *names: str) -> Element:
        return xml_answer(self._exchange.send(Request(method="GET", bucket=bucket, query={subresource: ""})), *names)

    def _get_lock(self, bucket: str, key: str, subresource: str, version: str | None, *names: str) -> Element | None:
        query = {subresource: "", **version_query(version)}
        try:
            answer = self._exchange.send(Request(method="GET", bucket=bucket, key=key, query=query))
        except AnswerError as error:
            if error.code in _NO_LOCK:
                return None
            raise
        return xml_answer(answer, *names)

    def _put_lifecycle_on_trial(self, bucket: str, rules: Sequence[LifecycleRule]) -> None:
        replace_rules(
            rules,
            get=lambda: self._lifecycle(bucket),
            put=lambda body: self._put(bucket, "lifecycle", body),
            delete=lambda: self._delete(bucket, "lifecycle"),  # its server has answered that it knows lifecycles
        )

    def _put_cors_on_trial(self, bucket: str, rules: Sequence[CorsRule]) -> None:
        cors.replace_rules(
            rules,
            get=lambda: self._cors(bucket),
            put=lambda body: self._put(bucket, "cors", body),
            delete=lambda: self._delete(bucket, "cors"),  # its server has answered that it knows them
        )

    def _delete(self, bucket: str, subresource: str) -> None:
        self._exchange.send(Request(method="DELETE", bucket=bucket, query={subresource: ""}))

    def _lifecycle(self, bucket: str) -> bytes | None:
        return self._rules(bucket, "lifecycle", "LifecycleConfiguration", _NO_LIFECYCLE)

    def _cors(self, bucket: str) -> bytes | None:
        return self._rules(bucket, "cors", "CORSConfiguration", _NO_CORS)

    def _rules(self, bucket: str, subresource: str, name: str, none: Set[str]) -> bytes | None:
        """Return the rules as the server has them; None where it answers with one of the codes for none."""
        try:
            answer = self._exchange.send(Request(method="GET", bucket=bucket, query={subresource: ""}))
        except AnswerError as error:
            if error.code in none:
                return None
            raise
        xml_answer(answer, name)
        return answer.data

    def _put(
        self,
        bucket: str,
        subresource: str,
        body: bytes,
        key: str | None = None,
        version: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        sent = {"Content-MD5": content_md5(body), "Content-Type": "application/xml", **(headers or {})}
        query = {subresource: "", **version_query(version)}
        self._exchange.send(Request(method="PUT", bucket=bucket, key=key, query=query, headers=sent, body=body))


def _refusal(error: AnswerError, reason: str) -> UnsupportedOperation:
    told = error.translated
    return UnsupportedOperation(reason, code=told.code, status=told.status, request_id=told.request_id)

"""Finding out which writes of a bucket a server makes conditional, before a condition is first relied on.

Garage ignores If-Match and If-None-Match and overwrites, Ceph ignores them on CompleteMultipartUpload, most servers on
DELETE. So a write whose condition cannot hold is tried on a random key beside the real one: it must fail.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from data_store.object_store.adapters.s3.detection import Detection, one_byte
from data_store.object_store.adapters.s3.errors import is_not_implemented
from data_store.object_store.adapters.s3.quirks import Habit, ServerQuirks
from data_store.object_store.errors import NotFound, PreconditionFailed, UnsupportedOperation
from data_store.object_store.models import (
    CompleteOptions,
    Condition,
    DeleteOptions,
    ObjectMetadata,
    PartOptions,
    PutOptions,
    VersioningStatus,
)

if TYPE_CHECKING:
    from data_store.object_store.adapters.s3.client import S3Client

__all__ = ["Conditions"]

_WRITES = {
    Condition.PUT: "PutObject",
    Condition.COMPLETE: "CompleteMultipartUpload",
    Condition.COPY: "CopyObject",
    Condition.DELETE: "DeleteObject",
}


class Conditions:
    """Which conditions the buckets of one client honour.

    Args:
        client: the client, which asks with its own operations.
        detection: remembers the answers.
        quirks: what is known of the server.
    """

    def __init__(self, client: S3Client, detection: Detection, quirks: ServerQuirks) -> None:
        self._client = client
        self._quirks = quirks
        self._detection = detection
        self._probes: dict[Condition, Callable[[str, str], bool]] = {
            Condition.PUT: self._put,
            Condition.COMPLETE: self._complete,
            Condition.DELETE: self._delete,
        }

    def honours(self, bucket: str, key: str, condition: Condition) -> bool:
        """Return whether writes of this kind can be conditional; no server knows conditions on a copy's target.

        Raises:
            ObjectStoreError: it could not be found out: what would be written cannot be written either, perhaps.
        """
        self._quirks.check(key)
        probe = self._probes.get(condition)
        if probe is None:
            return False
        if not self._detection.remembered(condition, bucket, lambda: _tried(probe, bucket, key)):
            return False
        return condition is not Condition.PUT or not self._has_versions_in_the_way(bucket)

    def require(self, bucket: str, key: str, condition: Condition) -> None:
        """Raise if writes of this kind cannot be conditional."""
        if not self._detection.is_probe(key) and not self.honours(bucket, key, condition):
            raise UnsupportedOperation(
                f"this server does not honour if_match and if_none_match of {_WRITES[condition]} here"
            )

    def _has_versions_in_the_way(self, bucket: str) -> bool:
        """Return whether the bucket has versions, on a server where conditions then fail; it may get them any time."""
        if not self._quirks.has(Habit.CONDITIONS_WITHOUT_VERSIONS):
            return False
        return self._client.versioning_status(bucket) is not VersioningStatus.DISABLED

    def _put(self, bucket: str, key: str) -> bool:
        with self._detection.probe(key) as sibling:
            options = PutOptions(if_match=_etag())
            return self._refused(bucket, lambda: self._client.put_object(bucket, sibling, one_byte(), options))

    def _complete(self, bucket: str, key: str) -> bool:
        client = self._client
        with self._detection.probe(key) as sibling:
            upload = client.create_multipart_upload(bucket, sibling, PutOptions())
            try:
                part = client.upload_part(bucket, sibling, upload.upload_id, 1, one_byte(), PartOptions())
                options = CompleteOptions(if_match=_etag())
                return self._refused(
                    bucket,
                    lambda: client.complete_multipart_upload(bucket, sibling, upload.upload_id, [part], options),
                )
            finally:
                with suppress(NotFound):  # it was completed
                    client.abort_multipart_upload(bucket, sibling, upload.upload_id)

    def _delete(self, bucket: str, key: str) -> bool:
        with self._detection.probe(key) as sibling:
            made = self._client.put_object(bucket, sibling, one_byte(), PutOptions())
            try:
                gone = self._client.delete_object(bucket, sibling, DeleteOptions(if_match=_etag()))
            except PreconditionFailed:
                return True
            finally:
                is_clean = self._detection.clean(bucket, made)
            if is_clean and gone.is_delete_marker:
                self._detection.clean(bucket, ObjectMetadata(key=sibling, version_id=gone.version_id))
        return False

    def _refused(self, bucket: str, write: Callable[[], ObjectMetadata]) -> bool:
        """Return whether a write was refused for its condition; what it has made is deleted."""
        try:
            made = write()
        except PreconditionFailed:
            return True
        self._detection.clean(bucket, made)
        return False


def _tried(probe: Callable[[str, str], bool], bucket: str, key: str) -> bool:
    """Return what a probe finds; one that the server does not implement is a no. Any other failure tells nothing.

    The probe's key may be refused for what it is, below an object on a file system, say: so is the real one, then, and
    others in the bucket are not.
    """
    try:
        return probe(bucket, key)
    except UnsupportedOperation as error:
        if is_not_implemented(error):
            return False
        raise


def _etag() -> str:
    """Return an ETag that no object has."""
    return uuid.uuid4().hex

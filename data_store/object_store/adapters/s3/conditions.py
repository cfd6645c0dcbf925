"""Finding out which writes of a bucket a server makes conditional, before a condition is first relied on.

Garage ignores If-Match and If-None-Match and overwrites, Ceph ignores them on CompleteMultipartUpload, most servers on
DELETE. So a write whose condition cannot hold is tried on a random key beside the real one: it must fail.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

from data_store.object_store.adapters.s3.detection import Detection, one_byte
from data_store.object_store.adapters.s3.errors import is_not_implemented
from data_store.object_store.adapters.s3.probe import Probe
from data_store.object_store.adapters.s3.quirks import Habit, ServerQuirks
from data_store.object_store.errors import UnsupportedOperation, UploadNotFound
from data_store.object_store.models import (
    CompleteOptions,
    Condition,
    DeleteOptions,
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
        self._questions: dict[Condition, Callable[[str, Probe], bool]] = {
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
        question = self._questions.get(condition)
        if question is None:
            return False
        if not self._detection.tried_out(
            condition, bucket, (bucket, key), lambda probe: _asked(question, bucket, probe)
        ):
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

    def _put(self, bucket: str, probe: Probe) -> bool:
        options = PutOptions(if_match=_etag())
        return probe.refuses(lambda: self._client.put_object(bucket, probe.key, one_byte(), options))

    def _complete(self, bucket: str, probe: Probe) -> bool:
        """Ask it of an upload of its own: if that is gone, it was completed before, and the answer lost."""
        client, options = self._client, CompleteOptions(if_match=_etag())
        upload_id = probe.start(lambda: client.create_multipart_upload(bucket, probe.key, PutOptions())).upload_id
        parts = [client.upload_part(bucket, probe.key, upload_id, 1, one_byte(), PartOptions())]
        try:
            return probe.refuses(lambda: client.complete_multipart_upload(bucket, probe.key, upload_id, parts, options))
        except UploadNotFound:
            return False

    def _delete(self, bucket: str, probe: Probe) -> bool:
        """Ask it where nothing is before: who may not delete is told then, and not left with what cannot be deleted."""
        client, options = self._client, DeleteOptions(if_match=_etag())
        probe.refuses(lambda: client.delete_object(bucket, probe.key, options))
        probe.write(lambda: client.put_object(bucket, probe.key, one_byte(), PutOptions()))
        return probe.refuses(lambda: client.delete_object(bucket, probe.key, options))


def _asked(question: Callable[[str, Probe], bool], bucket: str, probe: Probe) -> bool:
    """Return the answer to a question; what the server does not implement is a no. Any other failure tells nothing.

    The probe's key may be refused for what it is, below an object on a file system, say: so is the real one, then, and
    others in the bucket are not.
    """
    try:
        return question(bucket, probe)
    except UnsupportedOperation as error:
        if is_not_implemented(error):
            return False
        raise


def _etag() -> str:
    """Return an ETag that no object has."""
    return uuid.uuid4().hex

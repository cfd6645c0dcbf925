"""Buckets."""

from __future__ import annotations

import itertools

from data_store.object_store import validation
from data_store.object_store.capabilities import SupportsMultipart, SupportsObjectLock, SupportsVersioning
from data_store.object_store.errors import AccessDenied, AlreadyExists, UnsupportedOperation
from data_store.object_store.facade.listing import Listing
from data_store.object_store.facade.multipart import MultipartUploads
from data_store.object_store.facade.versions import Versions
from data_store.object_store.models import Bucket, BucketOptions, DeletedObject, ObjectIdentifier, VersioningStatus

__all__ = ["Buckets"]


class Buckets(Versions, MultipartUploads, Listing):
    """Buckets."""

    def list_buckets(self) -> list[Bucket]:
        """Return the buckets of these credentials, sorted by name."""
        return sorted(self.client.list_buckets(), key=lambda bucket: bucket.name)

    def create_bucket(self, name: str, *, object_lock: bool = False) -> Bucket:
        """Make a bucket; one that exists, the caller's own too, raises ``AlreadyExists``.

        With ``object_lock`` versions in it can be locked (``SupportsObjectLock``), which cannot be changed later.
        """
        name = validation.new_bucket(name)
        options = BucketOptions(object_lock=validation.flag("object_lock", object_lock))
        if object_lock:
            self._capable(SupportsObjectLock, "create_bucket", name)
        if self._is_own_bucket(name):  # us-east-1 and Ceph accept one's own bucket a second time
            there = AlreadyExists("there is a bucket of that name")
            raise there.locate("create_bucket", name, None, self._config.framework)
        return self.client.create_bucket(name, options)

    def delete_bucket(self, name: str, force: bool = False) -> None:
        """Delete an empty bucket; with ``force``, delete its objects, versions, markers and uploads first.

        What others write meanwhile is deleted too, and while they go on, so does this.

        Raises:
            BucketNotEmpty: it has objects or versions, and ``force`` is not given.
            AccessDenied: a version in it has a retention or a legal hold; it and the bucket stay.
        """
        name = validation.bucket(name)
        with self._located("delete_bucket", name):
            if force:
                self._empty(name)
            self.client.delete_bucket(name)

    def bucket_exists(self, name: str) -> bool:
        """Return whether there is a bucket of that name."""
        return self.client.bucket_exists(validation.bucket(name))

    def _is_own_bucket(self, name: str) -> bool:
        try:
            return self.client.bucket_exists(name)
        except AccessDenied:
            return False  # somebody else's, or none: making it tells

    def _empty(self, bucket: str) -> None:
        if self._has_versions(bucket):
            self._delete_versions(bucket)
        self._delete_all(bucket)
        self._abort_all(bucket)

    def _has_versions(self, bucket: str) -> bool:
        if not self.supports(SupportsVersioning):
            return False
        try:
            return self.versioning_status(bucket) is not VersioningStatus.DISABLED
        except UnsupportedOperation:
            return False

    def _delete_versions(self, bucket: str) -> None:
        # From the start each time: a cursor may name a version that is deleted by now.
        stays = None
        while batch := list(itertools.islice(self.list_versions(bucket=bucket), validation.MAX_KEYS)):
            objects = [ObjectIdentifier(each.key, each.version_id) for each in batch]
            if objects == stays:
                return  # deleting the bucket tells
            stays = objects
            # Markers last: of what cannot be deleted, nothing that was deleted before comes back.
            for is_marker in (False, True):
                named = [
                    each for each, found in zip(objects, batch, strict=True) if found.is_delete_marker is is_marker
                ]
                _raise_first(self.delete_objects(named, bucket, quiet=True))

    def _delete_all(self, bucket: str) -> None:
        # Again until a listing is empty: MinIO lists "a/b" only once an object "a" is gone.
        stays = None
        while (first := next(self.list_objects(bucket=bucket, limit=1), None)) is not None and first.key != stays:
            stays = first.key
            _raise_first(
                self.delete_objects((found.key for found in self.list_files(bucket=bucket)), bucket, quiet=True)
            )

    def _abort_all(self, bucket: str) -> None:
        if not self.supports(SupportsMultipart):
            return
        try:
            uploads = list(self.list_multipart_uploads(bucket=bucket))
        except UnsupportedOperation:
            return
        for upload in uploads:
            self._abort(upload)


def _raise_first(failed: list[DeletedObject]) -> None:
    if failed and failed[0].error is not None:
        raise failed[0].error

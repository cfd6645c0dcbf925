"""A random key on which something is tried out, and its end: nothing stays of it, whatever was answered."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from data_store.object_store.errors import (
    AccessDenied,
    ConnectionFailed,
    InvalidArgument,
    NotFound,
    ObjectStoreError,
    PreconditionFailed,
    ServerError,
    StoreClosed,
    TimedOut,
    UnsupportedOperation,
    UploadNotFound,
)
from data_store.object_store.models import (
    DeletedObject,
    DeleteOptions,
    ListOptions,
    MultipartUpload,
    ObjectMetadata,
    ObjectVersion,
    VersioningStatus,
)

if TYPE_CHECKING:
    from data_store.object_store.adapters.s3.client import S3Client

__all__ = ["Probe", "key_beside"]

_logger = logging.getLogger("data_store.object_store")
_PREFIX = ".data-store-probe-"
_MAX_DIRECTORY = 1024 - len(_PREFIX) - len(uuid.uuid4().hex)  # bytes; a key has at most 1,024
_UNCLEAR = (ConnectionFailed, TimedOut, ServerError, StoreClosed, UploadNotFound)  # it may have been done all the same
_Made = TypeVar("_Made", ObjectMetadata, DeletedObject)


class Probe:
    """One random key, and what is known to lie there, or cannot be excluded.

    Args:
        client: the client, which asks with its own operations.
        bucket: the bucket.
        key: the key.
        has_versions: whether the server knows versions; called where an answer says that there is one.

    Attributes:
        key: the key.
    """

    def __init__(self, client: S3Client, bucket: str, key: str, has_versions: Callable[[], bool]) -> None:
        self.key = key
        self._client = client
        self._bucket = bucket
        self._has_versions = has_versions
        self._made: list[ObjectMetadata | DeletedObject] = []
        self._uploads: list[str] = []
        self._may_be_there = False
        self._may_have_uploads = False

    def write(self, send: Callable[[], _Made]) -> _Made:
        """Send what writes or deletes an object under the key."""
        try:
            made = send()
        except BaseException as error:
            self._may_be_there = self._may_be_there or not _was_refused(error)
            raise
        self._made.append(made)
        return made

    def refuses(self, send: Callable[[], _Made]) -> bool:
        """Return whether a write is refused for its condition."""
        try:
            self.write(send)
        except PreconditionFailed:
            return True
        return False

    def start(self, send: Callable[[], MultipartUpload]) -> MultipartUpload:
        """Send what starts an upload under the key."""
        try:
            upload = send()
        except BaseException as error:
            self._may_have_uploads = not _was_refused(error)
            raise
        self._uploads.append(upload.upload_id)
        return upload

    def clean(self) -> bool:
        """Delete what was made; return whether all of it is gone, as far as answers tell. May be called again.

        Never raises: what is left is told in the log, and neither hides what was found out nor why it was not.
        """
        is_clean = True
        if self._uploads or self._may_have_uploads:
            is_clean = self._succeeds(self._abort_uploads)
        if self._made or self._may_be_there:
            is_clean = self._succeeds(self._delete_objects) and is_clean
        return is_clean

    def _succeeds(self, step: Callable[[], None]) -> bool:
        try:
            step()
        except Exception as error:  # noqa: BLE001 whatever it is, it must not hide the outcome
            _logger.warning("a probe may have left something in bucket %r, key %r: %s", self._bucket, self.key, error)
            return False
        return True

    def _abort_uploads(self) -> None:
        """Abort the upload that is known, and others: its start may have been repeated, the first answer lost."""
        for upload_id in self._uploads:
            self._abort(upload_id)
        for upload_id in self._listed_uploads():
            self._abort(upload_id)
        self._uploads.clear()
        self._may_have_uploads = False

    def _listed_uploads(self) -> list[str]:
        try:
            page = self._client.list_uploads_page(self._bucket, self.key, ListOptions())
        except (AccessDenied, UnsupportedOperation):
            if self._may_have_uploads:
                raise
            return []
        return [upload.upload_id for upload in page.uploads if upload.key == self.key]

    def _abort(self, upload_id: str) -> None:
        with suppress(NotFound):  # it was completed
            self._client.abort_multipart_upload(self._bucket, self.key, upload_id)

    def _delete_objects(self) -> None:
        status = self._versioning()
        if status is None:
            self._delete_current()
            status = self._told()
            if status is None:  # MinIO's answer names no marker where versioning is suspended
                message = "nothing tells whether bucket %r has versions: a probe may have left a delete marker, key %r"
                _logger.warning(message, self._bucket, self.key)
        elif status is VersioningStatus.DISABLED:
            self._delete_current()
        if status is VersioningStatus.ENABLED:
            self._delete_versions()
        elif status is VersioningStatus.SUSPENDED:
            self._delete("null")
        self._made.clear()
        self._may_be_there = False

    def _versioning(self) -> VersioningStatus | None:
        """Return how the bucket keeps what was made; the bucket is asked where no answer has told, None if in vain.

        Where versioning is suspended, answers may not name the version, and a DELETE without one leaves a marker.
        """
        told = self._told()
        if told is not None:
            return told
        try:
            return self._client.versioning_status(self._bucket)
        except UnsupportedOperation:
            return VersioningStatus.DISABLED
        except AccessDenied:
            return None

    def _told(self) -> VersioningStatus | None:
        """Return what the answers tell by the versions that they name."""
        ids = {made.version_id for made in self._made} - {None}
        if ids == {"null"}:
            return VersioningStatus.SUSPENDED
        if ids:
            return VersioningStatus.ENABLED if self._has_versions() else VersioningStatus.DISABLED
        return None

    def _delete_versions(self) -> None:
        """Delete all versions, and the markers; what a default retention keeps is hidden by a marker."""
        history, unknown = self._history()
        versions = [each.version_id for each in history if not each.is_delete_marker]
        refusals = [refusal for version in versions if (refusal := self._refusal(version))]
        stays = [*refusals, *unknown]
        is_hidden = bool(history) and history[0].is_delete_marker
        for each in history[1:] if stays and is_hidden else history:
            if each.is_delete_marker:
                self._delete(each.version_id)
        if refusals and not is_hidden:
            self._delete_current()
        if stays:
            raise stays[0]

    def _history(self) -> tuple[list[ObjectVersion], list[AccessDenied]]:
        """Return versions and markers of the key, newest first; a write may have made one before its answer was lost.

        Who may not list them is given those that answers named, and why there may be others where an answer was lost.
        """
        try:
            page = self._client.list_versions_page(self._bucket, self.key, ListOptions())
        except AccessDenied as error:
            named = [_as_version(made) for made in reversed(self._made) if made.version_id is not None]
            if not named:
                raise
            return named, [error] if self._may_be_there else []
        return [each for each in page.versions if each.key == self.key], []

    def _refusal(self, version: str) -> AccessDenied | None:
        try:
            self._delete(version)
        except AccessDenied as error:
            return error
        return None

    def _delete(self, version: str) -> None:
        with suppress(NotFound):
            self._client.delete_object(self._bucket, self.key, DeleteOptions(version=version))

    def _delete_current(self) -> None:
        """Delete what is there without its version, which makes a marker where there are versions."""
        with suppress(NotFound):
            self._made.append(self._client.delete_object(self._bucket, self.key, DeleteOptions()))


def key_beside(key: str) -> str:
    """Return a random key in the directory of another one, or in one above it where that would be too long."""
    directory = key[: key.rfind("/") + 1]
    while len(directory.encode()) > _MAX_DIRECTORY:
        directory = directory[: directory.rfind("/", 0, -1) + 1]
    return f"{directory}{_PREFIX}{uuid.uuid4().hex}"


def _was_refused(error: BaseException) -> bool:
    """Return whether an error tells that nothing was made."""
    return isinstance(error, ObjectStoreError | InvalidArgument) and not isinstance(error, _UNCLEAR)


def _as_version(made: ObjectMetadata | DeletedObject) -> ObjectVersion:
    return ObjectVersion(
        key=made.key,
        version_id=made.version_id or "null",
        is_latest=False,
        is_delete_marker=isinstance(made, DeletedObject),
    )

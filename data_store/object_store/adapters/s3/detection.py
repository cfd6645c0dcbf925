"""Finding out what a server has, before it is relied on.

A server may ignore what it does not know: Garage takes tags and versions without a word, versitygw encryption. So
before an option is first used the server is asked something harmless, and what it has is remembered. What it lacks
raises ``UnsupportedOperation`` before anything is sent.
"""

from __future__ import annotations

import io
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from data_store.object_store.body import Source
from data_store.object_store.errors import AccessDenied, ObjectNotFound, UnsupportedOperation
from data_store.object_store.models import (
    DeleteOptions,
    Encryption,
    ListOptions,
    ObjectMetadata,
    PutOptions,
    VersioningStatus,
)

if TYPE_CHECKING:
    from data_store.object_store.adapters.s3.client import S3Client

__all__ = ["Detection", "one_byte"]

_PROBE = ".data-store-probe-"
_MAX_DIRECTORY = 1024 - len(_PROBE) - len(uuid.uuid4().hex)  # bytes; a key has at most 1,024


class Detection:
    """What one client has found out; used by many threads at once.

    Args:
        client: the client, which asks with its own operations.
        is_aws: whether the server is AWS itself, which does what its documentation says and is asked nothing.
    """

    def __init__(self, client: S3Client, is_aws: bool) -> None:
        self._client = client
        self._is_aws = is_aws
        self._lock = threading.Lock()
        self._asking: dict[tuple[str, str], threading.RLock] = {}
        self._found: dict[tuple[str, str], bool] = {}
        self._probes: set[str] = set()

    def remembered(self, what: str, where: str, find_out: Callable[[], bool]) -> bool:
        """Return what was found out before, or find it out now, which others who ask the same wait for.

        Args:
            what: the question.
            where: what the answer holds for: a bucket, or ``""`` for the server.
            find_out: asks the server.
        """
        if self._is_aws:
            return True
        known = self._found.get((what, where))
        if known is not None:
            return known
        with self._lock:
            asking = self._asking.setdefault((what, where), threading.RLock())
        with asking:
            if (what, where) not in self._found:
                self._found[what, where] = find_out()
            return self._found[what, where]

    def require_versions(self, bucket: str) -> None:
        """Raise if the server does not know versions: it would act on the current object instead."""
        self.remembered("versions", "", lambda: self._knows_versions(bucket))

    def has_versions(self, bucket: str) -> bool:
        """Return whether the server knows versions."""
        try:
            self.require_versions(bucket)
        except UnsupportedOperation:
            return False
        return True

    def require_tags(self, bucket: str, key: str) -> None:
        """Raise if the server has no tags of objects."""
        self.remembered("tags", "", lambda: self._knows_tags(bucket, key))

    def require_lock(self, bucket: str) -> None:
        """Raise if versions in the bucket cannot be locked."""
        self.remembered("lock", bucket, lambda: self._knows_lock(bucket))

    def require_encryption(self, bucket: str, key: str, encryption: Encryption) -> None:
        """Raise if the server would not encrypt what is written with this kind of encryption."""
        kind = type(encryption).__name__
        if not self.remembered(kind, "", lambda: self._encrypts(bucket, key, encryption)):
            raise UnsupportedOperation(f"this server takes {kind}, and does not encrypt")

    @contextmanager
    def probe(self, key: str) -> Iterator[str]:
        """Give a random key beside another one, which ``is_probe`` knows meanwhile."""
        sibling = f"{_directory(key)}{_PROBE}{uuid.uuid4().hex}"
        self._probes.add(sibling)
        try:
            yield sibling
        finally:
            self._probes.discard(sibling)

    def is_probe(self, key: str) -> bool:
        """Return whether a key is one of a question that is being asked."""
        return key in self._probes

    def clean(self, bucket: str, made: ObjectMetadata) -> bool:
        """Delete what a probe has made, without leaving a marker; return whether it is gone.

        A version that may not be deleted, because of the bucket's default retention, is hidden by a marker.
        """
        version = made.version_id if made.version_id and self.has_versions(bucket) else None
        if self._may_delete(bucket, made.key, version):
            return True
        if version is not None:
            self._may_delete(bucket, made.key, None)
        return False

    def _may_delete(self, bucket: str, key: str, version: str | None) -> bool:
        try:
            self._client.delete_object(bucket, key, DeleteOptions(version=version))
        except AccessDenied:
            return False
        return True

    def _knows_versions(self, bucket: str) -> bool:
        try:
            self._client.list_versions_page(bucket, "", ListOptions(limit=1))
        except AccessDenied:
            if self._client.versioning_status(bucket) is VersioningStatus.DISABLED:
                raise
        return True

    def _knows_tags(self, bucket: str, key: str) -> bool:
        with self.probe(key) as sibling, suppress(ObjectNotFound):
            self._client.get_tags(bucket, sibling)
        return True

    def _knows_lock(self, bucket: str) -> bool:
        self._client.get_default_retention(bucket)
        return True

    def _encrypts(self, bucket: str, key: str, encryption: Encryption) -> bool:
        """Write something and look whether the answer says that it was encrypted."""
        with self.probe(key) as sibling:
            made = self._client.put_object(bucket, sibling, one_byte(), PutOptions(encryption=encryption))
            self.clean(bucket, made)
        return made.encryption is not None


def _directory(key: str) -> str:
    """Return what a probe's key begins with: the directory of the real one, or one above it where that is too long."""
    directory = key[: key.rfind("/") + 1]
    while len(directory.encode()) > _MAX_DIRECTORY:
        directory = directory[: directory.rfind("/", 0, -1) + 1]
    return directory


def one_byte() -> Source:
    """Return the content of a probe."""
    return Source(io.BytesIO(b"?"), 1)

"""Finding out what a server has, before it is relied on.

A server may ignore what it does not know: Garage takes tags and versions without a word, versitygw encryption. So
before an option is first used the server is asked something harmless, and what it has is remembered. What it lacks
raises ``UnsupportedOperation`` before anything is sent.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from data_store.object_store.adapters.s3.probe import Probe, key_beside
from data_store.object_store.body import Source
from data_store.object_store.errors import AccessDenied, ObjectNotFound, UnsupportedOperation
from data_store.object_store.models import Encryption, ListOptions, PutOptions, VersioningStatus

if TYPE_CHECKING:
    from data_store.object_store.adapters.s3.client import S3Client

__all__ = ["Detection", "one_byte"]

# What was found out in this process, and left something behind: another client of the server must not ask again.
_FOUND_ANYWHERE: dict[tuple[str, str, str], bool] = {}


class Detection:
    """What one client has found out; used by many threads at once.

    Args:
        client: the client, which asks with its own operations.
        server: where it is, to tell it from others.
        is_aws: whether the server is AWS itself, which does what its documentation says and is asked nothing.
    """

    def __init__(self, client: S3Client, server: str, is_aws: bool) -> None:
        self._client = client
        self._server = server
        self._is_aws = is_aws
        self._lock = threading.Lock()
        self._asking: dict[tuple[str, str], threading.RLock] = {}
        self._found: dict[tuple[str, str], bool] = {}
        self._probes: set[str] = set()
        self._left = 0

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
                self._found[what, where] = self._find_out((self._server, what, where), find_out)
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
    def probe(self, bucket: str, key: str) -> Iterator[Probe]:
        """Give a random key beside another one, which ``is_probe`` knows meanwhile; nothing stays of it in the end.

        Raises:
            AccessDenied: it may not be tried out.
        """
        probe = Probe(self._client, bucket, key_beside(key), lambda: self.has_versions(bucket))
        self._probes.add(probe.key)
        try:
            yield probe
        except AccessDenied as error:
            raise _denied(probe.key, error) from error
        finally:
            self._probes.discard(probe.key)
            if not probe.clean():
                self._left += 1

    def is_probe(self, key: str) -> bool:
        """Return whether a key is one of a question that is being asked."""
        return key in self._probes

    def _find_out(self, question: tuple[str, str, str], find_out: Callable[[], bool]) -> bool:
        if question in _FOUND_ANYWHERE:
            return _FOUND_ANYWHERE[question]
        left = self._left
        found = find_out()
        if self._left > left:
            _FOUND_ANYWHERE[question] = found
        return found

    def _knows_versions(self, bucket: str) -> bool:
        try:
            self._client.list_versions_page(bucket, "", ListOptions(limit=1))
        except AccessDenied:
            if self._client.versioning_status(bucket) is VersioningStatus.DISABLED:
                raise
        return True

    def _knows_tags(self, bucket: str, key: str) -> bool:
        with self.probe(bucket, key) as probe, suppress(ObjectNotFound):
            self._client.get_tags(bucket, probe.key)
        return True

    def _knows_lock(self, bucket: str) -> bool:
        self._client.get_default_retention(bucket)
        return True

    def _encrypts(self, bucket: str, key: str, encryption: Encryption) -> bool:
        """Write something and look whether the answer says that it was encrypted."""
        options = PutOptions(encryption=encryption)
        with self.probe(bucket, key) as probe:
            made = probe.write(lambda: self._client.put_object(bucket, probe.key, one_byte(), options))
        return made.encryption is not None


def _denied(key: str, error: AccessDenied) -> AccessDenied:
    """Return what it means that a probe was denied, to be raised of the operation that needs its answer."""
    reason = f"what this server does here cannot be tried out under the random key {key!r}: {error.reason}"
    return AccessDenied(reason, code=error.code, status=error.status, request_id=error.request_id)


def one_byte() -> Source:
    """Return the content of a probe."""
    return Source(io.BytesIO(b"?"), 1)

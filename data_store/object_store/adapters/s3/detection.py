"""Finding out what a server has, before it is relied on.

A server may ignore what it does not know: Garage takes tags and versions without a word, versitygw encryption. So
before an option is first used the server is asked something harmless, and what it has is remembered. What it lacks
raises ``UnsupportedOperation`` before anything is sent.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from data_store.object_store.adapters.s3.encryption import kept_as
from data_store.object_store.adapters.s3.errors import is_not_implemented
from data_store.object_store.adapters.s3.probe import Probe, key_beside
from data_store.object_store.body import Source
from data_store.object_store.capabilities import SupportsTags
from data_store.object_store.errors import AccessDenied, ObjectNotFound, ObjectStoreError, UnsupportedOperation
from data_store.object_store.models import Encryption, ListOptions, PutOptions, VersioningStatus

if TYPE_CHECKING:
    from data_store.object_store.adapters.s3.client import S3Client

__all__ = ["Detection", "one_byte"]


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A probe, and how it ended: with an answer, or with an error."""

    probe: Probe
    outcome: bool | ObjectStoreError

    def answer(self, *, is_clean: bool) -> bool:
        """Return the answer, or raise the error, as one of the operation that needs the answer."""
        if not isinstance(self.outcome, ObjectStoreError):
            return self.outcome
        raise _of_probe(self.probe.key, self.outcome, is_clean=is_clean) from self.outcome


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
        self._left: dict[tuple[str, str], _Attempt] = {}
        self._probe_keys: set[str] = set()

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
            known = self._found.get((what, where))
            if known is None:
                known = self._found[what, where] = find_out()
            return known

    def tried_out(self, what: str, where: str, beside: tuple[str, str], question: Callable[[Probe], bool]) -> bool:
        """Return what was found out before, or try it out on a random key, of which nothing stays in the end.

        While that cannot be deleted, the question is not asked again in the bucket, and its outcome stands.

        Args:
            what: the question.
            where: what the answer holds for: a bucket, or ``""`` for the server.
            beside: the bucket, and a key whose directory the random one is in.
            question: asks the server.

        Raises:
            ObjectStoreError: it could not be found out; the error is not located, and names the random key.
        """
        return self.remembered(what, where, lambda: self._try_out(what, beside, question))

    def forget(self) -> None:
        """Find everything out again."""
        self._found.clear()

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
        if not self.tried_out("tags", "", (bucket, key), lambda probe: self._knows_tags(bucket, probe)):
            raise UnsupportedOperation(f"this server has no {SupportsTags.__name__}: it does not implement them")

    def require_lock(self, bucket: str) -> None:
        """Raise if versions in the bucket cannot be locked."""
        self.remembered("lock", bucket, lambda: self._knows_lock(bucket))

    def require_encryption(self, bucket: str, key: str, encryption: Encryption) -> None:
        """Raise if the server would not encrypt what is written with this kind of encryption.

        Of each bucket: where one has the same by default, its answer says nothing about others.
        """
        kind = type(encryption).__name__
        if not self.tried_out(kind, bucket, (bucket, key), lambda probe: self._encrypts(bucket, probe, encryption)):
            raise UnsupportedOperation(f"this server takes {kind}, and does not encrypt so")

    def is_probe(self, key: str) -> bool:
        """Return whether a key is one of a question that is being asked."""
        return key in self._probe_keys

    def _try_out(self, what: str, beside: tuple[str, str], question: Callable[[Probe], bool]) -> bool:
        bucket, key = beside
        left = self._left.get((what, bucket))
        if left is not None and not left.probe.clean():
            return left.answer(is_clean=False)
        self._left.pop((what, bucket), None)
        attempt = self._attempt(bucket, key, question)
        is_clean = attempt.probe.clean()
        if not is_clean:
            self._left[what, bucket] = attempt
        return attempt.answer(is_clean=is_clean)

    def _attempt(self, bucket: str, key: str, question: Callable[[Probe], bool]) -> _Attempt:
        probe = Probe(self._client, bucket, key_beside(key), lambda: self.has_versions(bucket))
        self._probe_keys.add(probe.key)
        try:
            return _Attempt(probe, question(probe))
        except ObjectStoreError as error:
            return _Attempt(probe, error)
        except BaseException:
            probe.clean()
            raise
        finally:
            self._probe_keys.discard(probe.key)

    def _knows_versions(self, bucket: str) -> bool:
        try:
            self._client.list_versions_page(bucket, "", ListOptions(limit=1))
        except AccessDenied:
            if self._client.versioning_status(bucket) is VersioningStatus.DISABLED:
                raise
        return True

    def _knows_tags(self, bucket: str, probe: Probe) -> bool:
        try:
            self._client.get_tags(bucket, probe.key)
        except ObjectNotFound:
            return True
        except UnsupportedOperation as error:
            if is_not_implemented(error):
                return False
            raise
        return True

    def _knows_lock(self, bucket: str) -> bool:
        self._client.get_default_retention(bucket)
        return True

    def _encrypts(self, bucket: str, probe: Probe, encryption: Encryption) -> bool:
        """Write something and look whether the answer says that it was encrypted as it was to be."""
        options = PutOptions(encryption=encryption)
        made = probe.write(lambda: self._client.put_object(bucket, probe.key, one_byte(), options))
        return made.encryption == kept_as(encryption)


def _of_probe(key: str, error: ObjectStoreError, *, is_clean: bool) -> ObjectStoreError:
    """Return what the failure of a probe means, to be raised of the operation that needs its answer."""
    reason = f"what this server does here cannot be tried out under the random key {key!r}: {error.reason}"
    if not is_clean:
        reason = f"{reason.rstrip('. ')}; it is not tried again until what is left there can be deleted"
    return type(error)(reason, code=error.code, status=error.status, request_id=error.request_id)


def one_byte() -> Source:
    """Return the content of a probe."""
    return Source(io.BytesIO(b"?"), 1)

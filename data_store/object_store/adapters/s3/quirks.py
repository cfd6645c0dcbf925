"""What servers are known to do without saying so; it is refused before it is sent, or done in another way."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from data_store.object_store.adapters.s3.control_characters import fits_xml
from data_store.object_store.adapters.s3.transport import RETRIED_STATUSES
from data_store.object_store.errors import UnsupportedOperation

__all__ = ["Habit", "ServerQuirks", "identify", "is_suspicious", "refuse"]


class Habit(Enum):
    """What some servers do where S3 does otherwise."""

    LISTS_UPLOADS_BY_KEY = auto()
    """ListMultipartUploads takes its prefix for a whole key, or refuses the marker that a page ends with."""
    LISTS_VERSIONS_BY_KEY = auto()
    """ListObjectVersions loses entries behind a page that ends with a delete marker or with ``"null"``."""
    CONDITIONS_WITHOUT_VERSIONS = auto()
    """In a bucket with versions If-None-Match always holds for PutObject, and If-Match never does."""
    KEEPS_ONE_STORAGE_CLASS = auto()
    """Every storage class is taken, and kept as STANDARD."""
    ABORTS_BY_ITSELF = auto()
    """Uploads are aborted after a time of its own, and a lifecycle rule that says when is refused, or half dropped."""
    SENDS_EVENTS = auto()
    """A GET of a bucket with ``events`` is a stream of events; others take it for a listing of objects."""
    NAMES_TAG_EVENTS_ITSELF = auto()
    """Changes of tags are events of ``s3:ObjectCreated``."""
    DROPS_TAGS = auto()
    """Tags of CreateMultipartUpload and of CopyObject are dropped, and those of a source whose metadata is replaced."""
    HIDES_VERSIONS_FROM_HEAD = auto()
    """A HEAD of the current version ``"null"`` is 404, and of those behind it, while a GET delivers them."""
    INVENTS_VERSIONS = auto()
    """Writes are answered with a version id, though there are no versions."""
    ADDS_NOTIFICATION_RULES = auto()
    """PutBucketNotificationConfiguration adds to what is there and takes no empty list; a DELETE removes one rule."""
    DELETES_WHAT_IS_MISSING = auto()
    """To DeleteObject every condition holds for a key that is missing."""
    COPIES_NO_CHECKSUMS_OF_PARTS = auto()
    """UploadPartCopy into an upload with a checksum is refused when it is completed, or makes a wrong checksum."""
    COPIES_WHAT_IS_HIDDEN = auto()
    """CopyObject from a delete marker copies what it hides."""
    CHANGES_VERSIONS = auto()
    """CopyObject of the current version onto itself changes that version, and makes no new one."""
    COPIES_IN_THE_CLEAR = auto()
    """CopyObject ignores the encryption that the copy is to have."""
    COPIES_NO_ENCRYPTED_PARTS = auto()
    """UploadPartCopy takes no source that is encrypted with a key of the caller."""
    DROPS_LOCKS = auto()
    """Retention and legal hold of CreateMultipartUpload are not all kept."""
    HIDES_VERSIONS_OF_COPIES = auto()
    """The answer to CopyObject has no version id, though there are versions."""
    COMPLETES_AGAIN = auto()
    """Completing an upload that has ended succeeds, with the ETag of whatever parts are named, or fails with a 500."""
    IGNORES_CHECKSUMS = auto()
    """``x-amz-checksum-*`` is not compared with the body, ``x-amz-content-sha256`` is, in presigned requests too."""
    COMPARES_CHECKSUMS = auto()
    """``x-amz-checksum-*`` is compared with the body, as S3 does: nothing else has to protect it."""
    FOLDS_KEYS_OF_FORMS = auto()
    """The key of a form is folded after its prefix was checked, and ``${filename}`` in it stays as it is."""
    HIDES_THAT_IT_HAS_NO_CORS = auto()
    """GetBucketCors says that a bucket has no rules, although none can be set."""
    ECHOES_CORS_PATTERNS = auto()
    """A preflight is answered with the headers that a rule allows, patterns and all, which browsers take for names."""


_HABITS = {
    "minio": frozenset(
        {
            Habit.ABORTS_BY_ITSELF,
            Habit.COMPARES_CHECKSUMS,
            Habit.COPIES_NO_CHECKSUMS_OF_PARTS,
            Habit.HIDES_THAT_IT_HAS_NO_CORS,
            Habit.LISTS_UPLOADS_BY_KEY,
            Habit.NAMES_TAG_EVENTS_ITSELF,
            Habit.SENDS_EVENTS,
        }
    ),
    "ceph": frozenset(
        {
            Habit.ADDS_NOTIFICATION_RULES,
            Habit.COMPLETES_AGAIN,
            Habit.CONDITIONS_WITHOUT_VERSIONS,
            Habit.COPIES_IN_THE_CLEAR,
            Habit.COPIES_NO_ENCRYPTED_PARTS,
            Habit.DROPS_LOCKS,
            Habit.DROPS_TAGS,
            Habit.HIDES_VERSIONS_OF_COPIES,
            Habit.IGNORES_CHECKSUMS,
        }
    ),
    "garage": frozenset(
        {
            Habit.COMPARES_CHECKSUMS,
            Habit.ECHOES_CORS_PATTERNS,
            Habit.INVENTS_VERSIONS,
            Habit.KEEPS_ONE_STORAGE_CLASS,
        }
    ),
    "versitygw": frozenset(
        {
            Habit.CHANGES_VERSIONS,
            Habit.COMPARES_CHECKSUMS,
            Habit.COMPLETES_AGAIN,
            Habit.COPIES_NO_CHECKSUMS_OF_PARTS,
            Habit.COPIES_WHAT_IS_HIDDEN,
            Habit.DELETES_WHAT_IS_MISSING,
            Habit.HIDES_VERSIONS_FROM_HEAD,
            Habit.KEEPS_ONE_STORAGE_CLASS,
            Habit.FOLDS_KEYS_OF_FORMS,
            Habit.LISTS_UPLOADS_BY_KEY,
            Habit.LISTS_VERSIONS_BY_KEY,
        }
    ),
}


@dataclass(frozen=True, slots=True)
class _Quirk:
    """A kind of key that a server stores under another one, or refuses without a reason."""

    server: str
    concerns: Callable[[str], bool]
    reason: str


# MinIO's hasBadPathComponent (cmd/generic-handlers.go): it trims segments, and takes a backslash for a separator.
_DOT_SEGMENT = re.compile(r"(?:^|[/\\])[\t-\r ]*\.{1,2}[\t-\r ]*(?:[/\\]|$)")
_NOT_A_PATH = re.compile(
    r"(?:^|/)(?:\.{0,2}/|\.{1,2}$)"
)  # what Go's path.Clean would change, but for a slash at the end
_PLAIN = re.compile(r"[A-Za-z0-9_-]+(?:[/.][A-Za-z0-9_-]+)*+")  # most keys, in one look
_CEPH_REQUEST_ID = re.compile(r"tx[0-9a-f]{10,}-[0-9a-f]+-")

_QUIRKS = (
    _Quirk(
        "minio",
        lambda key: key.startswith("/"),
        'MinIO drops a leading "/" of a key without a word: it would be another object',
    ),
    _Quirk(
        "minio",
        lambda key: _DOT_SEGMENT.search(key) is not None,
        'MinIO refuses keys with a segment "." or "..", a HEAD of them without saying why',
    ),
    _Quirk(
        "versitygw",
        lambda key: _NOT_A_PATH.search(key) is not None,
        'versitygw folds empty segments, "." and ".." of a key without a word: it would be another object',
    ),
    _Quirk(
        "versitygw",
        lambda key: not fits_xml(key),
        "versitygw lists keys with control characters as others, which cannot be found again",
    ),
    _Quirk(
        "garage",
        lambda key: key.startswith("/"),
        'Garage drops a leading "/" of a key without a word: it would be another object, or the bucket',
    ),
)


def identify(headers: Mapping[str, str]) -> str | None:
    """Return the server that an answer is from: its ``Server`` header, or what else it is known by; None if unknown.

    Args:
        headers: the answer's headers; names in any case.
    """
    request_id, server = headers.get("x-amz-request-id"), headers.get("Server")
    if request_id is not None and _CEPH_REQUEST_ID.match(request_id):
        return "ceph"  # it has no Server header, or that of a proxy before it
    if server is None and request_id is None and "date" in list(headers):  # the only one that writes it like this
        return "garage"
    return server


def refuse(server: str | None, key: str) -> None:
    """Raise ``UnsupportedOperation`` if this server is known not to take the key as it is.

    Args:
        server: what ``identify`` says.
        key: a key.
    """
    name = (server or "").lower()
    for quirk in _QUIRKS:
        if name.startswith(quirk.server) and quirk.concerns(key):
            raise UnsupportedOperation(quirk.reason)


class ServerQuirks:
    """What one client knows of its server; used by many threads at once.

    Args:
        ask: makes the server answer something cheap; the client hands what the answer's headers identify to ``learn``.
            Called before it matters who the server is if no answer has been seen yet. An error is an answer too: what
            ``ask`` raises is raised only if nothing was learnt.
    """

    def __init__(self, ask: Callable[[], object]) -> None:
        self._ask = ask
        self._lock = threading.Lock()
        self._known = False
        self._server: str | None = None

    @property
    def known(self) -> bool:
        """Whether the server has answered yet."""
        return self._known

    def learn(self, server: str | None) -> None:
        """Take what an answer identifies (``identify``), None if it is unknown; the first answer counts."""
        if self._known:
            return
        with self._lock:
            if not self._known:
                self._server = server
                self._known = True

    def has(self, habit: Habit) -> bool:
        """Return whether the server is known for a habit."""
        self._find_out()
        name = (self._server or "").lower()
        return any(name.startswith(server) and habit in habits for server, habits in _HABITS.items())

    def check(self, key: str) -> None:
        """Raise ``UnsupportedOperation`` if the server would not take the key as it is.

        Keys that are safe on every server cost nothing.
        """
        if is_suspicious(key):
            self._find_out()
            refuse(self._server, key)

    def _find_out(self) -> None:
        if self._known:
            return
        try:
            self._ask()
        except Exception as error:
            if not self.known or getattr(error, "status", None) in RETRIED_STATUSES:
                raise  # all attempts were made: another request would have as many again


def is_suspicious(key: str) -> bool:
    """Return whether some server is known not to take the key as it is."""
    return _PLAIN.fullmatch(key) is None and any(quirk.concerns(key) for quirk in _QUIRKS)

"""Everything that can go wrong, as one hierarchy.

::

    ValueError
    ├── ConfigurationError            the configuration is wrong
    │   └── MissingDependency         (also an ImportError) the framework's SDK is not installed
    └── InvalidArgument               a parameter is wrong; nothing was sent

    RuntimeError
    └── ObjectStoreError              what the store or the network answered
        ├── NotFound
        │   ├── BucketNotFound
        │   ├── ObjectNotFound
        │   ├── VersionNotFound
        │   └── UploadNotFound
        ├── AlreadyExists
        ├── BucketNotEmpty
        ├── PreconditionFailed        an If-Match, If-None-Match, ... did not hold
        ├── NotModified               a conditional read: the caller's copy is current
        ├── RangeNotSatisfiable
        ├── InvalidPart               a part of an upload is missing, another one, or too small
        ├── AccessDenied
        ├── Throttled                 429, 503
        ├── ConnectionFailed
        ├── TimedOut
        ├── IntegrityError            bytes are not what they should be
        ├── InsufficientStorage
        ├── ServerError               any other 5xx
        ├── StoreClosed
        └── UnsupportedOperation      this framework or this server cannot do it

Errors about the caller's own file stay what Python users expect: ``FileNotFoundError``,
``IsADirectoryError``, ``PermissionError``.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, ClassVar, Self

__all__ = [
    "AccessDenied",
    "AlreadyExists",
    "BucketNotEmpty",
    "BucketNotFound",
    "ConfigurationError",
    "ConnectionFailed",
    "InsufficientStorage",
    "IntegrityError",
    "InvalidArgument",
    "InvalidPart",
    "MissingDependency",
    "NotFound",
    "NotModified",
    "ObjectNotFound",
    "ObjectStoreError",
    "PreconditionFailed",
    "RangeNotSatisfiable",
    "ServerError",
    "StoreClosed",
    "Throttled",
    "TimedOut",
    "UnsupportedOperation",
    "UploadNotFound",
    "VersionNotFound",
]


class ConfigurationError(ValueError):
    """The configuration cannot be used; the message names the path of the bad key, never a secret's value."""


class MissingDependency(ConfigurationError, ImportError):
    """The SDK of the chosen framework is not installed; the message names the extra to install."""


class InvalidArgument(ValueError):
    """A parameter breaks a rule, which the message names. Nothing was sent."""


class ObjectStoreError(RuntimeError):
    """What the store or the network answered to one operation.

    Adapters make one from a vendor exception (``classify``) with ``reason``, ``code``, ``status`` and
    ``request_id``; the guard adds ``operation``, ``bucket``, ``key`` and ``framework`` before it is raised.

    Attributes:
        reason: what the server or the network said, in its words.
        operation: the method of the store that failed, or one that it stands on (``"put_object"`` of ``upload_file``).
            None if it did not get so far (``StoreClosed``).
        bucket: the bucket it was about, if any.
        key: the key it was about, if any.
        framework: the name of the framework (``"minio"``).
        code: the vendor's error code (``"NoSuchKey"``), if it gave one.
        status: the HTTP status, if there was an HTTP answer.
        request_id: the server's id of the request, for its log.
    """

    hint: ClassVar[str] = "See the reason above; where there is a request id, the server's log has more under it."

    def __init__(
        self,
        reason: str = "",
        *,
        operation: str | None = None,
        bucket: str | None = None,
        key: str | None = None,
        framework: str | None = None,
        code: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.operation = operation
        self.bucket = bucket
        self.key = key
        self.framework = framework
        self.code = code
        self.status = status
        self.request_id = request_id

    def locate(self, operation: str | None, bucket: str | None, key: str | None, framework: str) -> Self:
        """Say where it happened, as far as it is not known yet; return the error itself."""
        self.operation = self.operation or operation
        self.bucket = self.bucket if self.bucket is not None else bucket
        self.key = self.key if self.key is not None else key
        self.framework = self.framework or framework
        return self

    def __str__(self) -> str:
        return f"{self._subject()}: {self._answer()} {self.hint}"

    def _subject(self) -> str:
        where = "/".join(part for part in (self.bucket, self.key) if part is not None)
        subject = " ".join(part for part in (self.operation, repr(where) if where else "") if part)
        framework = f" ({self.framework})" if self.framework else ""
        return f"{subject or type(self).__name__}{framework}"

    def _answer(self) -> str:
        details = [str(self.status)] if self.status else []
        details += [self.code] if self.code else []
        details += [f"request {self.request_id}"] if self.request_id else []
        reason = (self.reason or type(self).__name__).rstrip(". ")
        return f"{reason} [{', '.join(details)}]." if details else f"{reason}."

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (type(self), self.reason, self.__dict__))


class Located:
    """A block whose errors name the operation that it is, whatever did a part of its work.

    Args:
        operation: the operation.
        bucket: the bucket it is about, which errors name unless they know better.
        key: the key, likewise.
        framework: the name of the framework.
        reads: it reads what the caller gave, whose errors about other objects keep the operation that they name.
    """

    __slots__ = ("_reads", "_where")

    def __init__(self, operation: str, bucket: str, key: str | None, framework: str, *, reads: bool = False) -> None:
        self._where = (operation, bucket, key, framework)
        self._reads = reads

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, ObjectStoreError):
            operation, bucket, key, _ = self._where
            if not self._reads or (error.bucket, error.key) == (bucket, key):
                error.operation = operation
            error.locate(*self._where)


def _rebuild(cls: type[ObjectStoreError], reason: str, state: dict[str, Any]) -> ObjectStoreError:
    error = cls(reason)
    error.__dict__.update(state)
    return error


class NotFound(ObjectStoreError):
    """What was asked for does not exist."""

    hint = "Check the bucket and the key."


class BucketNotFound(NotFound):
    """The bucket does not exist."""

    hint = "Check the bucket's name, or make it with create_bucket()."


class ObjectNotFound(NotFound):
    """The bucket has no object under that key."""

    hint = (
        "Check the key: keys are case-sensitive and never normalised. list_objects() shows what is there, "
        "list_versions() what was deleted in a bucket with versions."
    )


class VersionNotFound(NotFound):
    """The object has no version of that id."""

    hint = (
        "Check the version id: list_versions() shows what there is. A delete marker has no content; restore_version() "
        "takes it away."
    )


class UploadNotFound(NotFound):
    """No multipart upload of that id is under way: it never was, was completed or was aborted."""

    hint = "If it was completed, head_object() finds the object; else start the upload again."


class AlreadyExists(ObjectStoreError):
    """What should be made is there already."""

    hint = "Use the one that exists, or choose another name."


class BucketNotEmpty(ObjectStoreError):
    """Only an empty bucket can be deleted."""

    hint = "Delete its objects first, or call delete_bucket(name, force=True)."


class PreconditionFailed(ObjectStoreError):
    """A condition (if_match, if_none_match) did not hold; nothing was changed."""

    hint = "The object is not in the state you expected: read it again, then decide."


class NotModified(ObjectStoreError):
    """A conditional read found that the object still is what the caller has."""

    hint = "The copy you have is current."


class RangeNotSatisfiable(ObjectStoreError):
    """The range begins behind the object's last byte."""

    hint = "Ask for a range inside the object; head_object() tells its size."


class InvalidPart(ObjectStoreError):
    """A multipart upload was not completed: a part is missing, has another ETag, or is too small; the upload stays."""

    hint = "list_parts() shows what has arrived; each part but the last has at least 5 MiB. Upload it again."


class AccessDenied(ObjectStoreError):
    """The credentials are wrong, have expired, or do not permit the operation."""

    hint = (
        "Check the access key, the secret, the session token, this machine's clock and the policy; "
        "of a presigned URL its time, its method, and that the headers which were signed are sent. "
        "A version under a retention or a legal hold cannot be deleted; bypass_governance helps in mode GOVERNANCE."
    )


class Throttled(ObjectStoreError):
    """The server asked for fewer requests (429, 503), and still did after all attempts."""

    hint = "Try again later, with less concurrency or more retry.max_attempts."


class ConnectionFailed(ObjectStoreError):
    """No connection, or it broke and could not be taken up again."""

    hint = "Check the endpoint, that the server runs, and the network between."


class TimedOut(ObjectStoreError):
    """No answer within connect_timeout or read_timeout seconds."""

    hint = "Check the network, or raise connection.connect_timeout or connection.read_timeout."


class IntegrityError(ObjectStoreError):
    """Bytes are not what they should be: a checksum, a length, or a source that changed meanwhile."""

    hint = (
        "No damaged data was taken for good. Try again; if it happens again, what is stored is damaged, or something "
        "between damages data."
    )


class InsufficientStorage(ObjectStoreError):
    """There is no room left to store it."""

    hint = "Free space or raise the quota; the old state is untouched."


class ServerError(ObjectStoreError):
    """The server failed (5xx), and still did after all attempts."""

    hint = "The fault lies with the store, or with what stands before it, and not with the call: check it, try again."


class StoreClosed(ObjectStoreError):
    """The store was closed; a closed store is not opened again."""

    hint = "Make a new ObjectStore."


class UnsupportedOperation(ObjectStoreError):
    """This framework, or this server, cannot do what was asked."""

    hint = "The compatibility table in the documentation says what works where."

"""The guard around every operation of a client: errors in our words, one log line, one span.

It is put around the methods of a client class when the class is made. Only on an error may it ask a second question: a
HEAD that got 404 does not say whether the bucket or the key is missing.
"""

from __future__ import annotations

import functools
import inspect
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from types import FunctionType
from typing import TYPE_CHECKING, Any, Protocol, cast

from data_store.object_store.body import HeldBody, ObjectBody, Source
from data_store.object_store.capabilities import CAPABILITIES, SupportsPresign
from data_store.object_store.errors import (
    BucketNotFound,
    NotFound,
    ObjectNotFound,
    ObjectStoreError,
    PreconditionFailed,
    ServerError,
    StoreClosed,
    UnsupportedOperation,
    VersionNotFound,
)
from data_store.object_store.feed import EventFeed
from data_store.object_store.models import (
    CompleteOptions,
    CopyOptions,
    CopySource,
    DeleteOptions,
    GetOptions,
    Object,
    ObjectEvent,
    ObjectMetadata,
    PutOptions,
)
from data_store.object_store.tracing import span

if TYPE_CHECKING:
    from data_store.object_store.configurations import ObjectStoreConfiguration

__all__ = ["Guard", "put_guard"]

_logger = logging.getLogger("data_store.object_store")
_NOT_OPERATIONS = {"classify", "close", "forget_lacking", "lacking"}
_MAX_SEEN_BUCKETS = 1000
_FOR_OTHERS = frozenset({"honours"})  # asked on behalf of another operation, which its errors are to name
# Their success does not say that the bucket is there: it may be missing or gone, or nobody was asked.
_NOT_SEEING = SupportsPresign.__abstractmethods__ | {"bucket_exists", "delete_bucket"}
_NOT_IMPLEMENTED = 501
_NOT_A_VERSION = frozenset({400, 405})  # an ill-formed id, a delete marker (S3 API reference, GetObject)
# A server may refuse one of their options with 501, and have the rest.
_WITH_OPTIONS = frozenset({"create_multipart_upload", "upload_part", "upload_part_copy", "complete_multipart_upload"})
_OF_VERSION_IDS = frozenset({None, "InvalidArgument", "MethodNotAllowed"})


class _Client(Protocol):
    """What the guard needs of an ``ObjectStoreClient``."""

    config: ObjectStoreConfiguration
    _guard: Guard

    def classify(self, exc: Exception) -> ObjectStoreError | None:
        """Translate."""

    def head_object(self, bucket: str, key: str, options: GetOptions) -> ObjectMetadata:
        """Ask about an object."""

    def bucket_exists(self, bucket: str) -> bool:
        """Ask about a bucket."""


class Guard:
    """What the guard of one client knows.

    Attributes:
        closed: whether the client was closed.
        lacking: what the server was seen to lack of what the adapter declares: capability to the reason.
    """

    def __init__(self, client: _Client) -> None:
        self._client = client
        self._seen_buckets: set[str] = set()
        self.closed = False
        self.lacking: dict[type, str] = {}

    def error(self, call: _Call, exc: Exception) -> Exception:
        """Return what to raise for an exception of an operation, of its body or of its feed."""
        failure = call.failure_of_source()
        if failure is not None:
            return call.located(failure, self.framework) if isinstance(failure, ObjectStoreError) else failure
        error = exc if isinstance(exc, ObjectStoreError) else self._client.classify(exc)
        if error is None:
            return exc
        error = self._in_context(call, error)
        if call.operation not in _FOR_OTHERS:
            error.operation = call.operation
        if isinstance(error, BucketNotFound) and call.bucket is not None:
            self._seen_buckets.discard(call.bucket)
        return call.located(error, self.framework)

    def lacks(self, capability: type, reason: str, error: ObjectStoreError | None = None) -> UnsupportedOperation:
        """Remember that the server lacks a capability; return the error to raise, with what its answer said."""
        self.lacking[capability] = reason
        error = error or UnsupportedOperation()
        told = f"this server has no {capability.__name__}: {reason}"
        return UnsupportedOperation(told, code=error.code, status=error.status, request_id=error.request_id)

    def remember(self, operation: str, bucket: str) -> None:
        """Take note of a bucket that answered."""
        seen = self._seen_buckets
        if bucket in seen:
            if operation == "delete_bucket":
                seen.discard(bucket)
        elif operation not in _NOT_SEEING and len(seen) < _MAX_SEEN_BUCKETS:
            seen.add(bucket)

    @property
    def framework(self) -> str:
        """The name of the framework."""
        return str(self._client.config.framework)

    def _in_context(self, call: _Call, error: ObjectStoreError) -> ObjectStoreError:
        """Return what an answer means to the operation that got it."""
        if isinstance(error, UnsupportedOperation) and error.operation is None:  # else of another operation
            error = self._of_capability(call.operation, error)
        if type(error) is NotFound and call.bucket is not None:
            error = _as(self._which_is_missing(call.bucket, call.key), error)
        of_version = call.version is not None and _is_about_version(error)
        if of_version or (call.source_version is not None and type(error) is ObjectNotFound):
            error = _as(VersionNotFound, error)
        if call.expected_etag is not None and self._says_condition_failed(call, error):
            error = _as(PreconditionFailed, error)
        return error

    def _of_capability(self, operation: str, error: UnsupportedOperation) -> UnsupportedOperation:
        """Return what it means that the server does not implement an operation."""
        capability = next((each for each in CAPABILITIES if operation in vars(each)), None)
        says_so = error.status == _NOT_IMPLEMENTED or error.code == "NotImplemented"
        if capability is None or operation in _WITH_OPTIONS or not says_so:
            return error
        return self.lacks(capability, error.reason, error)

    def _says_condition_failed(self, call: _Call, error: ObjectStoreError) -> bool:
        """Return whether a server that has other words for it said that ``if_match`` of a write did not hold."""
        if isinstance(error, ObjectNotFound):  # AWS answers 404 where others answer 412
            return True
        # Ceph answers so to a write that lost a race, and to whatever else it has no code for.
        unclear = isinstance(error, ServerError) and error.code == "UnknownError"
        if not unclear or call.bucket is None or call.key is None:
            return False
        try:
            return self._client.head_object(call.bucket, call.key, GetOptions()).etag != call.expected_etag
        except ObjectNotFound:
            return True
        except ObjectStoreError:
            return False

    def _which_is_missing(self, bucket: str, key: str | None) -> type[NotFound]:
        if key is None:
            return BucketNotFound
        if bucket in self._seen_buckets:
            return ObjectNotFound
        try:
            return ObjectNotFound if self._client.bucket_exists(bucket) else BucketNotFound
        except ObjectStoreError:
            return ObjectNotFound


def put_guard(cls: type, base: type) -> None:
    """Put the guard around the operations of a client class that have none yet.

    Args:
        cls: the class.
        base: the root of all client classes.
    """
    for name, member in _own_operations(cls, base):
        setattr(cls, name, _closing(member) if name == "close" else _guarded(name, member))


class _Operation:
    """A method of a client, and where in its arguments it has what the guard asks for."""

    def __init__(self, name: str, method: Callable[..., Any]) -> None:
        parameters = list(inspect.signature(method).parameters)[1:]
        self.name = name
        self.bucket_of, self.key_of, self.version_of = (
            _picker(parameters, name) for name in ("bucket", "key", "version")
        )


class _Call:
    """One call of an operation: what the guard knows of it. What only an error asks for is looked up then."""

    __slots__ = ("_args", "_kwargs", "_of", "bucket")

    def __init__(self, of: _Operation, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._of = of
        self._args = args
        self._kwargs = kwargs
        self.bucket: str | None = of.bucket_of(args, kwargs)

    @property
    def operation(self) -> str:
        """The name of the operation."""
        return self._of.name

    @property
    def key(self) -> str | None:
        """The key that it is about."""
        key: str | None = self._of.key_of(self._args, self._kwargs)
        return key

    @property
    def arguments(self) -> tuple[Any, ...]:
        """All arguments."""
        return (*self._args, *self._kwargs.values())

    def failure_of_source(self) -> Exception | None:
        """Return what the caller's own stream raised, which an SDK may have wrapped."""
        return next((a.failure for a in self.arguments if isinstance(a, Source) and a.failure is not None), None)

    @property
    def expected_etag(self) -> str | None:
        """The ETag that a write was to replace, if it is one with ``if_match``."""
        writes = (a.if_match for a in self.arguments if isinstance(a, PutOptions | CompleteOptions | DeleteOptions))
        return next(writes, None)

    @property
    def version(self) -> str | None:
        """The version that it was about, named by itself or in its options."""
        options = (a.version for a in self.arguments if isinstance(a, GetOptions | DeleteOptions))
        return next(options, None) or cast("str | None", self._of.version_of(self._args, self._kwargs))

    @property
    def source_version(self) -> str | None:
        """The version that it was to copy."""
        copies = (a.source_version for a in self.arguments if isinstance(a, CopyOptions))
        parts = (a.version for a in self.arguments if isinstance(a, CopySource))
        return next(copies, None) or next(parts, None)

    def located(self, error: ObjectStoreError, framework: str) -> ObjectStoreError:
        operation = None if self.operation in _FOR_OTHERS else self.operation
        return error.locate(operation, self.bucket, self.key, framework)


def _as(cls: type[ObjectStoreError], error: ObjectStoreError) -> ObjectStoreError:
    """Return the same answer as another class of error."""
    return cls(error.reason, code=error.code, status=error.status, request_id=error.request_id)


def _is_about_version(error: ObjectStoreError) -> bool:
    """Return whether an answer to a call with a version says that there is none of that id, or none with content."""
    if type(error) in (NotFound, ObjectNotFound):
        return True
    is_about_key = "encryption" in error.reason.lower()  # of SSE-C, as Ceph RGW refuses a read without it
    return error.status in _NOT_A_VERSION and error.code in _OF_VERSION_IDS and not is_about_key


def _own_operations(cls: type, root: type) -> Iterator[tuple[str, FunctionType]]:
    """Yield the public methods of a client class that no guard is around yet: its own, and those of mixins."""
    for base in cls.__mro__:
        if base is cls or not issubclass(base, root):
            for name, member in list(vars(base).items()):
                is_operation = isinstance(member, FunctionType) and not name.startswith("_")
                if is_operation and getattr(cls, name) is member and not hasattr(member, "__isabstractmethod__"):
                    yield name, member


def _guarded(operation: str, method: Callable[..., Any]) -> Callable[..., Any]:
    if operation in _NOT_OPERATIONS:
        return method
    described, may_feed = _Operation(operation, method), operation == "watch"

    @functools.wraps(method)
    def guarded(self: _Client, *args: Any, **kwargs: Any) -> Any:
        guard, call = self._guard, _Call(described, args, kwargs)
        if guard.closed:
            raise call.located(StoreClosed("the client is closed"), guard.framework)
        with span(operation, self.config.framework, call.bucket):
            started = time.perf_counter()
            try:
                result = method(self, *args, **kwargs)
            except Exception as exc:
                error = guard.error(call, exc)
                _log(call, started, type(error).__name__)
                if error is exc:
                    raise
                # The caller's own exception keeps the cause it has.
                raise error from (exc if isinstance(error, ObjectStoreError) else error.__cause__)
        _log(call, started, "ok")
        if call.bucket is not None:
            guard.remember(operation, call.bucket)
        if isinstance(result, Object):
            _guard_body(guard, call, result)
        return _GuardedFeed(guard, call, result) if may_feed and isinstance(result, EventFeed) else result

    return guarded


def _picker(parameters: list[str], name: str) -> Callable[[tuple[Any, ...], dict[str, Any]], Any]:
    if name not in parameters:
        return lambda _args, _kwargs: None
    position = parameters.index(name)
    return lambda args, kwargs: args[position] if len(args) > position else kwargs.get(name)


def _closing(close: Callable[[_Client], None]) -> Callable[[_Client], None]:
    @functools.wraps(close)
    def closing(self: _Client) -> None:
        if not self._guard.closed:
            self._guard.closed = True
            close(self)

    return closing


def _guard_body(guard: Guard, call: _Call, found: Object) -> None:
    if isinstance(found.body, HeldBody) and found.body.size == found.content_length:
        return
    guarded = ObjectBody(found.body, found.content_length, lambda exc: guard.error(call, exc))
    object.__setattr__(found, "body", guarded)  # nobody has seen this Object yet: still unborn, so still mutable


class _GuardedFeed(EventFeed):
    """A feed whose errors are ours."""

    def __init__(self, guard: Guard, call: _Call, feed: EventFeed) -> None:
        self._guard = guard
        self._call = call
        self._feed = feed

    def poll(self, timeout: float | None) -> Sequence[ObjectEvent]:
        """See ``EventFeed``."""
        try:
            return self._feed.poll(timeout)
        except Exception as exc:
            error = self._guard.error(self._call, exc)
            if error is exc:
                raise
            raise error from exc

    def close(self) -> None:
        """See ``EventFeed``."""
        self._feed.close()


def _log(call: _Call, started: float, outcome: str) -> None:
    if _logger.isEnabledFor(logging.DEBUG):
        milliseconds = (time.perf_counter() - started) * 1000
        _logger.debug("%s bucket=%r key=%r %s %.1f ms", call.operation, call.bucket, call.key, outcome, milliseconds)

"""ObjectStoreClient: the operations that every framework has, what they promise, and the guard around them.

An author of an adapter implements the abstract methods. Each is one call and one conversion: arguments are validated,
errors are translated (``classify``), logged and traced by the guard, which is put around every public method when the
class is made. So a method holds no try/except, no logging and no validation.
"""

from __future__ import annotations

import functools
import inspect
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from types import FunctionType
from typing import TYPE_CHECKING, Any, ClassVar

from data_store.object_store.body import ObjectBody, Source
from data_store.object_store.errors import (
    BucketNotFound,
    NotFound,
    ObjectNotFound,
    ObjectStoreError,
    PreconditionFailed,
    ServerError,
    StoreClosed,
)
from data_store.object_store.models import (
    Bucket,
    CopyOptions,
    DeletedObject,
    GetOptions,
    ListOptions,
    Object,
    ObjectMetadata,
    ObjectPage,
    PutOptions,
)
from data_store.object_store.tracing import span

if TYPE_CHECKING:
    from data_store.object_store.configurations import ConnectionConfiguration, ObjectStoreConfiguration

__all__ = ["ObjectStoreClient"]

_logger = logging.getLogger("data_store.object_store")
_NOT_OPERATIONS = {"classify", "close"}
_MAX_SEEN_BUCKETS = 1000


class ObjectStoreClient(ABC):
    """One connection to one store, used by many threads at once.

    Attributes:
        connection_model: the model of this framework's ``connection``, a ``ConnectionConfiguration``.
        accepts_streams: True if ``put_object`` takes a body that cannot seek, or whose size is unknown; else such
            bodies are buffered (multipart) or spooled to a temporary file before. It then reads a body once.
        picklable: False if the data lives in this process alone.
    """

    connection_model: ClassVar[type[ConnectionConfiguration]]
    accepts_streams: ClassVar[bool] = False
    picklable: ClassVar[bool] = True

    def __init__(self, config: ObjectStoreConfiguration) -> None:
        self.config = config
        self._closed = False
        self._seen_buckets: set[str] = set()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name, member in _own_operations(cls):
            setattr(cls, name, _closing(member) if name == "close" else _guarded(name, member))

    @property
    def location(self) -> str:
        """Where the data lies, for a person; without secrets."""
        return self.config.to_url()

    @abstractmethod
    def put_object(self, bucket: str, key: str, body: Source, options: PutOptions) -> ObjectMetadata:
        """Store an object, or replace it, in one step: others see the old one or the new one, never a part.

        The answer has ``key``, ``size``, ``etag``, ``updated_time`` and, in a bucket with versions, ``version_id``.
        A condition that does not hold raises ``PreconditionFailed``.
        """

    @abstractmethod
    def get_object(self, bucket: str, key: str, options: GetOptions) -> Object:
        """Return an object with a body that streams; an adapter's body needs ``read(size)`` and ``close()`` only.

        ``size`` is the whole object's, ``content_length`` the body's. A suffix longer than the object is the whole
        object; a range that begins behind the last byte, and any of an empty object, raises ``RangeNotSatisfiable``.

        A body that breaks is taken up again with what is left of ``retry.max_attempts``. An adapter whose system
        repeats requests says with ``attempts`` of the body how many it made (absent: 1), and makes no more than
        ``options.attempts``; one that ignores both may make more requests in all, and is right otherwise.
        """

    @abstractmethod
    def head_object(self, bucket: str, key: str, options: GetOptions) -> ObjectMetadata:
        """Return all that is known of an object but its content; ``metadata`` is ``{}`` if it has none."""

    @abstractmethod
    def delete_object(self, bucket: str, key: str) -> DeletedObject:
        """Delete an object; one that is missing is a success."""

    @abstractmethod
    def list_page(self, bucket: str, prefix: str, options: ListOptions) -> ObjectPage:
        """Return one page of at most ``options.limit`` objects and prefixes together, in UTF-8 byte order of the keys.

        A page may be short, or empty, and still have a cursor.
        """

    @abstractmethod
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectMetadata:
        """Copy on the server, up to 5 GiB; onto itself too where something is replaced. The answer is as of a PUT."""

    @abstractmethod
    def create_bucket(self, bucket: str) -> Bucket:
        """Make a bucket; ``AlreadyExists`` if the server says that there is one."""

    @abstractmethod
    def delete_bucket(self, bucket: str) -> None:
        """Delete an empty bucket, else ``BucketNotEmpty``."""

    @abstractmethod
    def list_buckets(self) -> list[Bucket]:
        """Return the buckets of these credentials, in any order."""

    @abstractmethod
    def ping(self) -> None:
        """Return if the server answers and takes the credentials; raise if not. Needs no bucket."""

    @abstractmethod
    def close(self) -> None:
        """Release pools and files; called once."""

    @abstractmethod
    def classify(self, exc: Exception) -> ObjectStoreError | None:
        """Return one of our errors for an exception of the SDK, or None if it is none.

        The answer carries ``reason`` and, where there are any, ``code``, ``status`` and ``request_id``; the guard adds
        the rest. A plain ``NotFound`` stands for "the bucket or the key" (a HEAD that got 404): the guard finds out.
        """

    def bucket_exists(self, bucket: str) -> bool:
        """Return whether there is a bucket of that name."""
        return any(found.name == bucket for found in self.list_buckets())

    def delete_objects(self, bucket: str, keys: Sequence[str]) -> list[DeletedObject]:
        """Delete up to 1,000 keys; the answer has each key, in the same order, with its own error or None."""
        return [self._delete_one(bucket, key) for key in keys]

    def _delete_one(self, bucket: str, key: str) -> DeletedObject:
        try:
            return self.delete_object(bucket, key)
        except (BucketNotFound, StoreClosed):
            raise
        except ObjectStoreError as error:
            return DeletedObject(key, error=error)

    def _error(self, call: _Call, exc: Exception) -> Exception:
        """Return what to raise for an exception of an operation or of its body."""
        failure = call.failure_of_source()
        cause = failure or exc
        error = cause if isinstance(cause, ObjectStoreError) else None
        if error is None and failure is None:
            error = self.classify(exc)
        if error is None:
            return cause
        if type(error) is NotFound and call.bucket is not None:
            error = _as(self._which_is_missing(call.bucket, call.key), error)
        if call.expected_etag is not None and self._says_condition_failed(call, error):
            error = _as(PreconditionFailed, error)
        if isinstance(error, BucketNotFound) and call.bucket is not None:
            self._seen_buckets.discard(call.bucket)
        return call.located(error, str(self.config.framework))

    def _says_condition_failed(self, call: _Call, error: ObjectStoreError) -> bool:
        """Return whether a server that has other words for it said that ``if_match`` of a write did not hold."""
        if isinstance(error, ObjectNotFound):  # AWS answers 404 where others answer 412
            return True
        # Ceph answers so to a write that lost a race, and to whatever else it has no code for.
        unclear = isinstance(error, ServerError) and error.code == "UnknownError"
        if not unclear or call.bucket is None or call.key is None:
            return False
        try:
            return self.head_object(call.bucket, call.key, GetOptions()).etag != call.expected_etag
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
            return ObjectNotFound if self.bucket_exists(bucket) else BucketNotFound
        except ObjectStoreError:
            return ObjectNotFound

    def _remember(self, operation: str, bucket: str) -> None:
        if operation == "delete_bucket":
            self._seen_buckets.discard(bucket)
        elif operation != "bucket_exists" and len(self._seen_buckets) < _MAX_SEEN_BUCKETS:
            self._seen_buckets.add(bucket)


class _Call:
    """One call of an operation: what the guard knows of it."""

    __slots__ = ("arguments", "bucket", "key", "operation")

    def __init__(self, operation: str, bucket: str | None, key: str | None, arguments: tuple[Any, ...]) -> None:
        self.operation = operation
        self.bucket = bucket
        self.key = key
        self.arguments = arguments

    def failure_of_source(self) -> Exception | None:
        """Return what the caller's own stream raised, which an SDK may have wrapped."""
        return next((a.failure for a in self.arguments if isinstance(a, Source) and a.failure is not None), None)

    @property
    def expected_etag(self) -> str | None:
        """The ETag that a write was to replace, if it is one with ``if_match``."""
        return next((a.if_match for a in self.arguments if isinstance(a, PutOptions)), None)

    def located(self, error: ObjectStoreError, framework: str) -> ObjectStoreError:
        return error.locate(self.operation, self.bucket, self.key, framework)


def _as(cls: type[ObjectStoreError], error: ObjectStoreError) -> ObjectStoreError:
    """Return the same answer as another class of error."""
    return cls(error.reason, code=error.code, status=error.status, request_id=error.request_id)


def _own_operations(cls: type[ObjectStoreClient]) -> Iterator[tuple[str, FunctionType]]:
    """Yield the public methods of a client class that no guard is around yet: its own, and those of mixins."""
    for base in cls.__mro__:
        if base is cls or not issubclass(base, ObjectStoreClient):
            for name, member in list(vars(base).items()):
                is_operation = isinstance(member, FunctionType) and not name.startswith("_")
                if is_operation and getattr(cls, name) is member and not hasattr(member, "__isabstractmethod__"):
                    yield name, member


def _guarded(operation: str, method: Callable[..., Any]) -> Callable[..., Any]:
    if operation in _NOT_OPERATIONS:
        return method
    parameters = list(inspect.signature(method).parameters)[1:]
    bucket_of, key_of = _picker(parameters, "bucket"), _picker(parameters, "key")

    @functools.wraps(method)
    def guarded(self: ObjectStoreClient, *args: Any, **kwargs: Any) -> Any:
        bucket = bucket_of(args, kwargs)
        call = _Call(operation, bucket, key_of(args, kwargs), (*args, *kwargs.values()))
        if self._closed:
            raise call.located(StoreClosed("the client is closed"), str(self.config.framework))
        with span(operation, self.config.framework, bucket):
            started = time.perf_counter()
            try:
                result = method(self, *args, **kwargs)
            except Exception as exc:
                error = self._error(call, exc)
                _log(call, started, type(error).__name__)
                if error is exc:
                    raise
                # The caller's own exception keeps the cause it has.
                raise error from (exc if isinstance(error, ObjectStoreError) else error.__cause__)
        _log(call, started, "ok")
        if bucket is not None:
            self._remember(operation, bucket)
        if isinstance(result, Object):
            _guard_body(self, call, result)
        return result

    return guarded


def _picker(parameters: list[str], name: str) -> Callable[[tuple[Any, ...], dict[str, Any]], Any]:
    if name not in parameters:
        return lambda _args, _kwargs: None
    position = parameters.index(name)
    return lambda args, kwargs: args[position] if len(args) > position else kwargs.get(name)


def _closing(close: Callable[[ObjectStoreClient], None]) -> Callable[[ObjectStoreClient], None]:
    @functools.wraps(close)
    def closing(self: ObjectStoreClient) -> None:
        if not self._closed:
            self._closed = True
            close(self)

    return closing


def _guard_body(client: ObjectStoreClient, call: _Call, found: Object) -> None:
    guarded = ObjectBody(found.body, found.content_length, lambda exc: client._error(call, exc))
    object.__setattr__(found, "body", guarded)  # nobody has seen this Object yet: still unborn, so still mutable


def _log(call: _Call, started: float, outcome: str) -> None:
    if _logger.isEnabledFor(logging.DEBUG):
        milliseconds = (time.perf_counter() - started) * 1000
        _logger.debug("%s bucket=%r key=%r %s %.1f ms", call.operation, call.bucket, call.key, outcome, milliseconds)

"""ObjectStoreClient: the operations that every framework has, what they promise, and the guard around them.

An author of an adapter implements the abstract methods. Each is one call and one conversion: arguments are validated,
errors are translated (``classify``), logged and traced by the guard, which is put around every public method when the
class is made. So a method holds no try/except, no logging and no validation.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from data_store.object_store.body import Source
from data_store.object_store.capabilities import CAPABILITIES
from data_store.object_store.errors import (
    BucketNotFound,
    ObjectStoreError,
    StoreClosed,
    UnsupportedOperation,
    VersionNotFound,
)
from data_store.object_store.guard import Guard, put_guard
from data_store.object_store.models import (
    Bucket,
    BucketOptions,
    ChecksumAlgorithm,
    Condition,
    CopyOptions,
    DeletedObject,
    DeleteOptions,
    GetOptions,
    ListOptions,
    Object,
    ObjectIdentifier,
    ObjectMetadata,
    ObjectPage,
    PutOptions,
)

if TYPE_CHECKING:
    from data_store.object_store.configurations import ConnectionConfiguration, ObjectStoreConfiguration

__all__ = ["ObjectStoreClient"]


class ObjectStoreClient(ABC):
    """One connection to one store, used by many threads at once.

    Attributes:
        connection_model: the model of this framework's ``connection``, a ``ConnectionConfiguration``.
        accepts_streams: True if ``put_object`` takes a body that cannot seek, or whose size is unknown, and
            ``upload_part`` one that cannot seek; else such bodies are buffered (multipart) or spooled to a temporary
            file before. It then reads a body once.
        picklable: False if the data lives in this process alone.
        is_remote: False if no network lies between: then nothing is gained by asking for a page before it is needed.
        conditions: the kinds of writes that take ``if_match`` and ``if_none_match`` for sure. An adapter whose servers
            differ names none, and finds out in ``honours``.
        max_copy_size: bytes that ``copy_object`` copies at the most (S3 API reference, CopyObject: 5 GiB), or None.
    """

    connection_model: ClassVar[type[ConnectionConfiguration]]
    accepts_streams: ClassVar[bool] = False
    picklable: ClassVar[bool] = True
    is_remote: ClassVar[bool] = True
    conditions: ClassVar[frozenset[Condition]] = frozenset({Condition.PUT})
    max_copy_size: ClassVar[int | None] = 5 * 1024**3
    _declared: ClassVar[frozenset[type]] = frozenset()

    def __init__(self, config: ObjectStoreConfiguration) -> None:
        self.config = config
        self._guard = Guard(self)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._declared = frozenset(cls.__mro__) & frozenset(CAPABILITIES)
        put_guard(cls, ObjectStoreClient)

    def lacking(self, capability: type) -> str | None:
        """Return why a capability is not there: not declared, or seen to be missing at the server; None if it is there.

        Asks nobody: what the server lacks is known once it has said so.
        """
        if capability not in self._declared:
            return f"the framework {self.config.framework} does not have it"
        return self._guard.lacking.get(capability)

    def forget_lacking(self) -> None:
        """Take the server for one that may have everything again, until it says otherwise."""
        self._guard.lacking.clear()

    @property
    def upload_checksum(self) -> ChecksumAlgorithm | None:
        """The checksum that protects uploads of more than 1 MiB best, where the caller names none; None: none does."""
        return None

    @property
    def keeps_tags_of_uploads(self) -> bool:
        """Whether an object in parts gets the tags of its upload from the server, whoever completes it.

        False: they are set by the client that began the upload, when it has completed it.
        """
        return True

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
    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> DeletedObject:
        """Delete an object, or a version of it; one that is missing is a success."""

    @abstractmethod
    def list_page(self, bucket: str, prefix: str, options: ListOptions) -> ObjectPage:
        """Return one page of at most ``options.limit`` objects and prefixes together, in UTF-8 byte order of the keys.

        A page may be short, or empty, and still have a cursor.
        """

    @abstractmethod
    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectMetadata:
        """Copy on the server, up to ``max_copy_size`` bytes; onto itself too where something is replaced.

        The answer is as of a PUT.
        """

    @abstractmethod
    def create_bucket(self, bucket: str, options: BucketOptions) -> Bucket:
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

    def honours(self, bucket: str, key: str, condition: Condition) -> bool:
        """Return whether writes of this kind can be conditional; ``key`` is what would be written.

        An adapter whose servers may ignore conditions finds out here, and refuses what it cannot rely on
        (``UnsupportedOperation``) in the operation itself too.
        """
        return condition in self.conditions

    def delete_objects(
        self, bucket: str, objects: Sequence[ObjectIdentifier], *, bypass_governance: bool = False
    ) -> list[DeletedObject]:
        """Delete up to 1,000 objects or versions; the answer has each, in this order, with its own error or None."""
        return [self._delete_one(bucket, each, bypass_governance) for each in objects]

    def _delete_one(self, bucket: str, each: ObjectIdentifier, bypass_governance: bool) -> DeletedObject:
        options = DeleteOptions(version=each.version_id, bypass_governance=bypass_governance)
        try:
            return self.delete_object(bucket, each.key, options)
        except VersionNotFound:
            return DeletedObject(each.key, each.version_id)
        except (BucketNotFound, StoreClosed):
            raise
        except ObjectStoreError as error:
            return DeletedObject(each.key, each.version_id, error=error)

    def _lacks(self, capability: type, reason: str) -> UnsupportedOperation:
        """Remember that the server lacks what the adapter declares; return the error to raise.

        Args:
            capability: one of ``CAPABILITIES``.
            reason: how that is known.
        """
        return self._guard.lacks(capability, reason)

"""Server-side copies and moves of any size: one CopyObject, or parts."""

from __future__ import annotations

import io
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from data_store.object_store.body import Source
from data_store.object_store.capabilities import SupportsTags
from data_store.object_store.client import ObjectStoreClient
from data_store.object_store.configurations import TransferConfiguration
from data_store.object_store.errors import (
    IntegrityError,
    Located,
    ObjectNotFound,
    ObjectStoreError,
    PreconditionFailed,
    UnsupportedOperation,
    VersionNotFound,
)
from data_store.object_store.executor import Executor
from data_store.object_store.models import (
    Condition,
    ContentOptions,
    CopyContentOptions,
    CopyOptions,
    CopySource,
    DeleteOptions,
    Encryption,
    GetOptions,
    ObjectMetadata,
    PutOptions,
    SseCustomer,
    SseKms,
    SseS3,
)
from data_store.object_store.multipart import Multipart, takes_parts
from data_store.object_store.planning import split

__all__ = ["Copies", "Copy"]

_IGNORED = "this server ignores if_match and if_none_match of the target of a copy"
_CONTENT = tuple(ContentOptions.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Copy:
    """What is to be copied where.

    Attributes:
        source_bucket: the bucket of the source.
        source_key: its key.
        bucket: the bucket of the target.
        key: its key.
        changes: what the target has instead of what the source has.
        version: this version of the source; None: the current one.
    """

    source_bucket: str
    source_key: str
    bucket: str
    key: str
    changes: CopyContentOptions
    version: str | None = None

    @property
    def is_onto_itself(self) -> bool:
        """Whether source and target have the same name."""
        return (self.source_bucket, self.source_key) == (self.bucket, self.key)

    @property
    def is_conditional(self) -> bool:
        """Whether the target is written only if a condition holds."""
        return self.changes.get("if_match") is not None or self.changes.get("if_none_match") is not None

    def of_source(self) -> GetOptions:
        """Return how the source is read."""
        return GetOptions(version=self.version, encryption=self.changes.get("source_encryption"))


@dataclass(frozen=True, slots=True)
class _Begun(Copy):
    """A copy, and what the source was when it began."""

    source: ObjectMetadata = field(kw_only=True)

    @property
    def size(self) -> int:
        """Bytes to copy."""
        return self.source.size or 0

    @property
    def encryption(self) -> Encryption | None:
        """How the copy is encrypted; onto itself as it was, which S3 would forget (CopyObject).

        Raises:
            UnsupportedOperation: it is encrypted in a way that cannot be asked for.
        """
        given, was = self.changes.get("encryption"), self.source.encryption
        if given is not None or not self.is_onto_itself or was is None:
            return given
        if was == "SSE-C":
            return self.changes.get("source_encryption")
        if was not in ("AES256", "aws:kms"):
            raise UnsupportedOperation(f"what is encrypted as {was!r} would not stay so: name its encryption")
        return SseKms(self.source.kms_key_id) if was == "aws:kms" else SseS3()

    def of_target(self) -> GetOptions:
        """Return how the copy is read."""
        encryption = self.encryption
        return GetOptions(encryption=encryption if isinstance(encryption, SseCustomer) else None)

    def merged(self) -> dict[str, Any]:
        """Return the content options of the copy: the changes, else what the source has."""
        given = {name: self.changes.get(name) for name in _CONTENT}
        return {name: getattr(self.source, name) if value is None else value for name, value in given.items()}

    def copy_options(self) -> CopyOptions:
        """Merge: S3 replaces all of the content options or none, and forgets the storage class unless it is named."""
        changed = any(self.changes.get(name) is not None for name in _CONTENT if name != "storage_class")
        is_replaced = changed or self.is_onto_itself
        merged = self.merged()
        return CopyOptions(
            **(merged if is_replaced else {"storage_class": merged["storage_class"]}),
            replace=is_replaced,
            tags=self.changes.get("tags"),
            encryption=self.encryption,
            source_version=self.version,
            source_etag=self.source.etag,
            source_updated_time=self.source.updated_time,
            source_encryption=self.changes.get("source_encryption"),
            if_match=self.changes.get("if_match"),
            if_none_match=self.changes.get("if_none_match"),
        )

    def ranges(self, part_size: int) -> list[CopySource]:
        """Return the ranges of the source that become parts."""
        encryption = self.changes.get("source_encryption")
        source = (self.source_bucket, self.source_key, self.source.etag)
        return [
            CopySource(*source, offset, length, version=self.version, encryption=encryption)
            for offset, length in split(self.size, part_size)
        ]


class Copies:
    """The server-side copies of one client.

    Nothing of a copy is visible before all of it is there, and one that ends early leaves nothing. What the source was
    when the copy began is what is copied: if it is replaced meanwhile, nothing is written.
    """

    def __init__(self, client: ObjectStoreClient, config: TransferConfiguration, executor: Executor) -> None:
        self._client = client
        self._config = config
        self._executor = executor

    def copy(self, asked: Copy) -> ObjectMetadata:
        """Copy an object, or a version of it; what the changes do not name stays as the source has it."""
        with Located("copy_object", asked.bucket, asked.key, self._framework):
            return self._copy(self._begun(asked))

    def move(self, asked: Copy) -> ObjectMetadata:
        """Copy, make sure that the copy is there and the source still what was copied, then delete the source.

        Moving a version deletes that version. Onto itself, without a version, it is a copy.
        """
        with Located("move_object", asked.bucket, asked.key, self._framework):
            return self._move(self._begun(asked))

    def _move(self, copy: _Begun) -> ObjectMetadata:
        copied = self._copy(copy)
        if copy.is_onto_itself and (copy.version is None or copied.version_id in (None, copy.version)):
            return copied  # the copy has replaced it: deleting the source would delete the copy
        found = self._client.head_object(copy.bucket, copy.key, copy.of_target())
        if (found.etag, found.size) != (copied.etag, copied.size):
            raise IntegrityError("the copy was replaced before the source was deleted; the source stays")
        self._check_unchanged(copy)
        self._delete_source(copy)
        return copied

    def _delete_source(self, copy: _Begun) -> None:
        """Delete what was copied; where deletions take a condition for sure, nothing else that came in between."""
        options = DeleteOptions(version=copy.version)
        if Condition.DELETE in self._client.conditions:
            options = replace(options, if_match=copy.source.etag, if_updated_time=copy.source.updated_time)
        try:
            self._client.delete_object(copy.source_bucket, copy.source_key, options)
        except PreconditionFailed as error:
            raise self._replaced(copy, "after") from error

    def _begun(self, asked: Copy) -> _Begun:
        source = self._client.head_object(asked.source_bucket, asked.source_key, asked.of_source())
        target = (asked.bucket, asked.key, asked.changes)
        return _Begun(asked.source_bucket, asked.source_key, *target, asked.version, source=source)

    def _copy(self, copy: _Begun) -> ObjectMetadata:
        try:
            copied = self._written(copy)
        except ObjectStoreError as error:
            copied = self._rekeyed(copy, error)
        return replace(copied, size=copy.size)

    def _rekeyed(self, copy: _Begun, error: ObjectStoreError) -> ObjectMetadata:
        """Return an object that has got another key of the caller, though that seems to have failed; or raise.

        Where the answer was lost, a repeated request fails: the old key reads nothing any more.
        """
        old, new = copy.changes.get("source_encryption"), copy.of_target()
        if copy.is_onto_itself and new.encryption not in (None, old):
            with suppress(ObjectStoreError):
                return self._client.head_object(copy.bucket, copy.key, new)
        if copy.is_conditional or not isinstance(error, PreconditionFailed):
            raise error
        raise self._replaced(copy, "while") from error

    def _written(self, copy: _Begun) -> ObjectMetadata:
        if self._goes_in_one(copy):
            options = copy.copy_options()
            return self._client.copy_object(copy.source_bucket, copy.source_key, copy.bucket, copy.key, options)
        return self._put_empty(copy) if copy.size == 0 else self._copy_parts(copy)

    def _goes_in_one(self, copy: _Begun) -> bool:
        most = self._client.max_copy_size
        if most is not None and copy.size > min(most, self._config.copy_threshold) and takes_parts(self._client):
            return False
        return not copy.is_conditional or self._honours(copy, Condition.COPY)

    def _honours(self, copy: _Begun, condition: Condition) -> bool:
        return self._client.honours(copy.bucket, copy.key, condition)

    def _put_empty(self, copy: _Begun) -> ObjectMetadata:
        """Copy nothing under a condition: CopyObject ignores it, and an empty range cannot become a part."""
        if not self._honours(copy, Condition.PUT):
            raise UnsupportedOperation(_IGNORED)
        return self._client.put_object(copy.bucket, copy.key, Source(io.BytesIO(), 0), self._put_options(copy))

    def _copy_parts(self, copy: _Begun) -> ObjectMetadata:
        client = self._client
        if not takes_parts(client) or (copy.is_conditional and not self._honours(copy, Condition.COMPLETE)):
            raise UnsupportedOperation(_IGNORED)
        options, ranges = self._put_options(copy), copy.ranges(self._config.copy_part_size)
        # Ceph RGW 16 ignores the condition on the source of a part, so parts could be of two versions.
        unchanged = partial(self._check_unchanged, copy)
        return Multipart(client, self._executor).copy(ranges, copy.bucket, copy.key, options, unchanged)

    def _put_options(self, copy: _Begun) -> PutOptions:
        return PutOptions(
            **copy.merged(),
            tags=self._tags(copy),
            encryption=copy.encryption,
            if_match=copy.changes.get("if_match"),
            if_none_match=copy.changes.get("if_none_match"),
        )

    def _tags(self, copy: _Begun) -> Mapping[str, str] | None:
        """Return the tags of the copy; those of the source, which only CopyObject keeps by itself."""
        given, client = copy.changes.get("tags"), self._client
        if given is not None or not isinstance(client, SupportsTags) or client.lacking(SupportsTags) is not None:
            return given
        try:
            return client.get_tags(copy.source_bucket, copy.source_key, copy.version) or None
        except UnsupportedOperation:
            return None

    def _check_unchanged(self, copy: _Begun) -> None:
        try:
            found = self._client.head_object(copy.source_bucket, copy.source_key, copy.of_source())
        except (ObjectNotFound, VersionNotFound) as error:
            raise self._replaced(copy, "while") from error
        if _identity(found) != _identity(copy.source):
            raise self._replaced(copy, "while")

    def _replaced(self, copy: _Begun, when: str) -> IntegrityError:
        """Return the error that the source is another one, which is left alone."""
        replaced = IntegrityError(f"the source was replaced or deleted {when} it was copied; what is there now stays")
        return replaced.locate(None, copy.source_bucket, copy.source_key, self._framework)

    @property
    def _framework(self) -> str:
        return str(self._client.config.framework)


def _identity(found: ObjectMetadata) -> tuple[object, ...]:
    """Return what tells a version from one that replaced it; one of the same content may have other metadata."""
    return found.etag, found.size, found.version_id, found.updated_time

"""Deleting objects and versions."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Final

from data_store.object_store import validation
from data_store.object_store.client import ObjectStoreClient
from data_store.object_store.errors import VersionNotFound
from data_store.object_store.facade.base import Facade
from data_store.object_store.models import Condition, DeletedObject, ObjectIdentifier

__all__ = ["Deleting"]

_BATCH: Final = 1000  # keys in one DeleteObjects request (S3 API reference)


class Deleting(Facade):
    """Deletions; what is missing is a success."""

    def delete_file(self, key: str, bucket: str | None = None) -> DeletedObject:
        """Delete an object; one that is missing is a success."""
        return self.delete_object(key, bucket)

    def delete_object(
        self,
        key: str,
        bucket: str | None = None,
        version: str | None = None,
        *,
        if_match: str | None = None,
        bypass_governance: bool = False,
    ) -> DeletedObject:
        """Delete an object, or one version of it for good; what is missing is a success.

        In a bucket with versions, without ``version``, the object gets a delete marker. Deleting a marker reveals what
        is behind it.

        Raises:
            PreconditionFailed: the object's ETag is not ``if_match``; it stays.
            UnsupportedOperation: the server ignores ``if_match`` of deletions; the object stays.
            AccessDenied: the version has a retention or a legal hold.
        """
        key, options = validation.key(key), validation.delete_options(version, if_match, bypass_governance)
        self._permit("delete_object", bucket, key, {"version": version, "bypass_governance": bypass_governance})
        bucket = self._bucket(bucket)
        if options.if_match is not None:
            self._check_honoured("delete_object", bucket, key, Condition.DELETE, "deletions")
        try:
            return self.client.delete_object(bucket, key, options)
        except VersionNotFound:
            return DeletedObject(key, version)

    def delete_objects(
        self,
        keys: Iterable[str | ObjectIdentifier],
        bucket: str | None = None,
        *,
        quiet: bool = False,
        bypass_governance: bool = False,
    ) -> list[DeletedObject]:
        """Delete many objects, or versions; the answer has each in order, with its own error or None.

        ``keys`` is read lazily in batches of 1,000. With ``quiet`` the answer has the failures only, so that any number
        of keys runs in constant memory. A bad key raises ``InvalidArgument`` before its batch is sent; those of a list
        or tuple are all checked first.
        """
        validation.flag("bypass_governance", bypass_governance)
        objects = validation.many("keys", keys, validation.identifier)
        self._permit("delete_objects", bucket, None, {"bypass_governance": bypass_governance})
        bucket, client = self._bucket(bucket), self.client
        outcomes: list[DeletedObject] = []
        while batch := list(itertools.islice(objects, _BATCH)):
            deleted = self._delete_batch(client, bucket, batch, bypass_governance)
            outcomes += [outcome for outcome in deleted if outcome.error is not None] if quiet else deleted
        return outcomes

    def _delete_batch(
        self, client: ObjectStoreClient, bucket: str, batch: Sequence[ObjectIdentifier], bypass_governance: bool
    ) -> list[DeletedObject]:
        versions = [each.version_id for each in batch if each.version_id is not None]
        self._permit("delete_objects", bucket, None, {"version": versions or None})
        deleted = client.delete_objects(bucket, batch, bypass_governance=bypass_governance)
        return [self._outcome(bucket, asked, found) for asked, found in zip(batch, deleted, strict=True)]

    def _outcome(self, bucket: str, asked: ObjectIdentifier, found: DeletedObject) -> DeletedObject:
        if isinstance(found.error, VersionNotFound):
            return DeletedObject(asked.key, asked.version_id)
        if found.error is not None:
            found.error.locate("delete_objects", bucket, found.key, str(self._config.framework))
        return found

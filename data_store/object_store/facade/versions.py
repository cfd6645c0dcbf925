"""Versions of objects."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import partial

from data_store.object_store import validation
from data_store.object_store.capabilities import SupportsVersioning
from data_store.object_store.copies import Copy
from data_store.object_store.errors import InvalidArgument, VersionNotFound
from data_store.object_store.facade.copying import Copying
from data_store.object_store.facade.deleting import Deleting
from data_store.object_store.facade.objects import Objects
from data_store.object_store.models import (
    DeletedObject,
    ListOptions,
    ObjectIdentifier,
    ObjectMetadata,
    ObjectVersion,
    VersioningStatus,
)
from data_store.object_store.paging import entries

__all__ = ["Versions"]


class Versions(Objects, Deleting, Copying):
    """Buckets that keep what was replaced or deleted: ``SupportsVersioning``."""

    def enable_versioning(self, bucket: str | None = None) -> None:
        """Keep versions in a bucket from now on; what is there becomes the version ``"null"``."""
        client = self._capable(SupportsVersioning, "enable_versioning", bucket)
        client.enable_versioning(self._bucket(bucket))

    def suspend_versioning(self, bucket: str | None = None) -> None:
        """Make no further versions; those that are there stay, and writes replace the version ``"null"``."""
        client = self._capable(SupportsVersioning, "suspend_versioning", bucket)
        client.suspend_versioning(self._bucket(bucket))

    def versioning_status(self, bucket: str | None = None) -> VersioningStatus:
        """Return whether a bucket keeps versions."""
        client = self._capable(SupportsVersioning, "versioning_status", bucket)
        return client.versioning_status(self._bucket(bucket))

    def list_versions(
        self, prefix: str = "", bucket: str | None = None, *, key: str | None = None
    ) -> Iterator[ObjectVersion]:
        """Return versions and delete markers, lazily, in UTF-8 byte order of their keys, newest first within a key.

        Args:
            prefix: only keys that begin with it.
            bucket: the bucket.
            key: only those of exactly this key; takes no prefix.
        """
        prefix = validation.prefix(prefix)
        if key is None:
            return self._versions(prefix, bucket)
        if prefix:
            raise InvalidArgument("key and prefix contradict each other: give one")
        beginning_so = self._versions(validation.key(key), bucket)
        # A generator, for takewhile() has no close().
        return (found for found in itertools.takewhile(lambda found: found.key == key, beginning_so))

    def restore_version(self, key: str, version: str, bucket: str | None = None) -> ObjectMetadata:
        """Make a version the current one again; return the object as it is then.

        An older version is copied to the top on the server, of any size, with its metadata, tags, content headers and
        storage class; it stays where it is. The latest is left alone. A delete marker is removed, which reveals what
        is behind it.

        Raises:
            VersionNotFound: the object has no version of that id.
            ObjectNotFound: the marker is removed, and behind it there is nothing but another one.
        """
        key, checked = validation.key(key), validation.needed_version(version)
        with self._located("restore_version", self._name(bucket), key):
            return self._restore(key, checked, bucket)

    def purge(self, key: str, bucket: str | None = None) -> list[DeletedObject]:
        """Delete all versions and markers of exactly this key; the answer has each with its own error or None.

        What cannot be deleted is not raised: look at the answer. An empty one says that there was nothing.

        The oldest version goes first, the markers last: ended early, the object is still what it was. If a version
        cannot be deleted (it is locked), markers stay as well, so that what was deleted does not come back.
        """
        key = validation.key(key)
        with self._located("purge", self._name(bucket), key):
            return self._purge(key, bucket)

    def _purge(self, key: str, bucket: str | None) -> list[DeletedObject]:
        found = list(reversed(list(self.list_versions(bucket=bucket, key=key))))
        outcomes = self.delete_objects([_named(each) for each in found if not each.is_delete_marker], bucket)
        if any(outcome.error is not None for outcome in outcomes):
            return outcomes
        return outcomes + self.delete_objects([_named(each) for each in found if each.is_delete_marker], bucket)

    def _restore(self, key: str, version: str, bucket: str | None) -> ObjectMetadata:
        found = next((each for each in self.list_versions(bucket=bucket, key=key) if each.version_id == version), None)
        bucket = self._bucket(bucket)
        if found is None:
            raise VersionNotFound(f"there is no version {version!r} of {key!r}")
        if found.is_delete_marker:
            self.delete_object(key, bucket, version)
            return self.head_object(key, bucket)
        if found.is_latest:
            return self.head_object(key, bucket, version)
        return self._transfers.copies.copy(Copy(bucket, key, bucket, key, {}, version))

    def _versions(self, prefix: str, bucket: str | None) -> Iterator[ObjectVersion]:
        client = self._capable(SupportsVersioning, "list_versions", bucket)
        bucket = self._bucket(bucket)
        fetch = self._transfers.bulk.pages(partial(client.list_versions_page, bucket, prefix))
        return entries(fetch, ListOptions(), self._locator("list_versions", bucket), lambda page: page.versions)


def _named(version: ObjectVersion) -> ObjectIdentifier:
    return ObjectIdentifier(version.key, version.version_id)

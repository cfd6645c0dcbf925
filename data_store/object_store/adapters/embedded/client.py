"""The embedded store: framework ``local`` in a directory, framework ``memory`` in this process."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from data_store.object_store.adapters.embedded import failures, lifecycle, listing
from data_store.object_store.adapters.embedded.changes import Changes, Content, Stored
from data_store.object_store.adapters.embedded.conditions import check_etag, check_read, check_updated, check_write
from data_store.object_store.adapters.embedded.content import Contents, FileContents, MemoryContents
from data_store.object_store.adapters.embedded.cors import CorsOperations
from data_store.object_store.adapters.embedded.database import Database, FileDatabase, MemoryDatabase
from data_store.object_store.adapters.embedded.events import Watchers
from data_store.object_store.adapters.embedded.found import metadata_of, object_of
from data_store.object_store.adapters.embedded.locks import lock_of
from data_store.object_store.adapters.embedded.multipart import MultipartOperations
from data_store.object_store.adapters.embedded.presign_keys import FileKeys, MemoryKeys, PresignKeys
from data_store.object_store.adapters.embedded.presigning import PresignOperations
from data_store.object_store.adapters.embedded.protection import ObjectLockOperations
from data_store.object_store.adapters.embedded.rows import (
    bucket_id,
    find_object,
    headers,
    moment,
    now,
    packed,
    packed_digests,
    refers_to,
)
from data_store.object_store.adapters.embedded.settings import lifecycle_rules, packed_rules
from data_store.object_store.adapters.embedded.tags import TagOperations
from data_store.object_store.adapters.embedded.versions import VersionOperations
from data_store.object_store.body import Source
from data_store.object_store.capabilities import SupportsLifecycle, SupportsLifecycleRuns, SupportsNotifications
from data_store.object_store.client import ObjectStoreClient
from data_store.object_store.configurations import (
    LocalConnectionConfiguration,
    MemoryConnectionConfiguration,
    ObjectStoreConfiguration,
)
from data_store.object_store.errors import (
    AccessDenied,
    AlreadyExists,
    BucketNotEmpty,
    IntegrityError,
    ObjectStoreError,
    PreconditionFailed,
)
from data_store.object_store.feed import EventFeed
from data_store.object_store.models import (
    Bucket,
    BucketOptions,
    Condition,
    CopyOptions,
    DeletedObject,
    DeleteOptions,
    GetOptions,
    LifecycleReport,
    LifecycleRule,
    ListOptions,
    Object,
    ObjectIdentifier,
    ObjectMetadata,
    ObjectPage,
    PutOptions,
    VersioningStatus,
    WatchOptions,
)

__all__ = ["EmbeddedClient", "LocalClient", "MemoryClient"]

_INSERT_BUCKET = "INSERT OR IGNORE INTO buckets (name, created, versioning, object_lock) VALUES (?, ?, ?, ?)"
_IN_BUCKET = {
    "objects": "SELECT 1 FROM current_objects WHERE bucket = ? LIMIT 1",
    "versions": "SELECT 1 FROM versions WHERE bucket = ? LIMIT 1",
    "multipart uploads": "SELECT 1 FROM uploads WHERE bucket = ? LIMIT 1",
}
_SET_LIFECYCLE = "UPDATE buckets SET lifecycle = ? WHERE id = ?"


class EmbeddedClient(
    VersionOperations,
    MultipartOperations,
    TagOperations,
    ObjectLockOperations,
    CorsOperations,
    PresignOperations,
    SupportsLifecycle,
    SupportsLifecycleRuns,
    SupportsNotifications,
    ObjectStoreClient,
):
    """Every operation, on a database and a place for large content."""

    accepts_streams: ClassVar[bool] = True
    is_remote: ClassVar[bool] = False
    conditions: ClassVar[frozenset[Condition]] = frozenset(Condition)
    max_copy_size: ClassVar[int | None] = None

    def __init__(
        self, config: ObjectStoreConfiguration, database: Database, contents: Contents, keys: PresignKeys, where: str
    ) -> None:
        ObjectStoreClient.__init__(self, config)
        PresignOperations.__init__(self, config.presign, keys)
        self._database = database
        self._contents = contents
        self._where = where
        self._md5_limit = config.transfer.multipart_threshold
        self._watchers = Watchers(database)

    @property
    def location(self) -> str:
        """See ``ObjectStoreClient``."""
        return self._where

    def put_object(self, bucket: str, key: str, body: Source, options: PutOptions) -> ObjectMetadata:
        """See ``ObjectStoreClient``. The ETag is the MD5 of the content; see ``digests`` on that of large content."""
        algorithms = (options.checksum,) if options.checksum else ()
        with self._receive_object(body, *algorithms, needs_md5=options.content_md5 is not None) as content:
            if options.content_md5 is not None:
                _check_md5(content, options.content_md5)

            def put(changes: Changes) -> tuple[Stored, str | None]:
                place = changes.place(bucket, key)
                check_write(place.etag, options)
                stored = Stored(
                    content=self._add(changes, content),
                    size=content.size,
                    etag=content.etag,
                    checksums=packed_digests(content.digests),
                    headers=headers(options),
                    tags=packed(options.tags),
                    updated=now(),
                    storage_class=options.storage_class,
                    lock=lock_of(options.retention, options.legal_hold, place.object_lock, place.default_retention),
                )
                return stored, changes.write(place, key, stored)

            stored, version_id = self._commit(put)
        return stored.metadata(key, version_id, content.checksums)

    def get_object(self, bucket: str, key: str, options: GetOptions) -> Object:
        """See ``ObjectStoreClient``. The body reads on when the object is replaced or deleted meanwhile."""
        row, body, length = self._open(bucket, key, options)
        return object_of(row, body, length)

    def head_object(self, bucket: str, key: str, options: GetOptions) -> ObjectMetadata:
        """See ``ObjectStoreClient``."""
        with self._database.read() as connection:
            row = find_object(connection, bucket, key, options.version)
        check_read(row[2], row[3], options)
        return metadata_of(row)

    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> DeletedObject:
        """See ``ObjectStoreClient``."""
        return self._commit(lambda changes: _delete(changes, bucket, key, options))

    def delete_objects(
        self, bucket: str, objects: Sequence[ObjectIdentifier], *, bypass_governance: bool = False
    ) -> list[DeletedObject]:
        """See ``ObjectStoreClient``; all of them in one transaction, but for those that are locked."""
        deleted = []
        with self._change() as changes:
            for each in objects:
                options = DeleteOptions(version=each.version_id, bypass_governance=bypass_governance)
                try:
                    deleted.append(_delete(changes, bucket, each.key, options))
                except AccessDenied as error:
                    error.locate("delete_objects", bucket, each.key, self.config.framework)
                    deleted.append(DeletedObject(each.key, each.version_id, error=error))
        return deleted

    def list_page(self, bucket: str, prefix: str, options: ListOptions) -> ObjectPage:
        """See ``ObjectStoreClient``. A page shows one state of the bucket."""
        with self._database.snapshot() as connection:
            return listing.list_page(connection, bucket, prefix, options)

    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectMetadata:
        """See ``ObjectStoreClient``; of any size. The copy shares the content, until one of the two is replaced."""

        def copy(changes: Changes) -> tuple[Stored, str | None]:
            source = changes.source(source_bucket, source_key, options.source_version, options.source_updated_time)
            if options.source_etag not in (None, source.etag):
                raise PreconditionFailed(f"the source has ETag {source.etag}", bucket=source_bucket, key=source_key)
            place = changes.place(bucket, key)
            check_write(place.etag, options)
            changes.share(source.content)
            stored = source._replace(
                headers=headers(options) if options.replace else source.headers,
                tags=source.tags if options.tags is None else packed(options.tags),
                storage_class=options.storage_class,
                lock=lock_of(None, None, place.object_lock, place.default_retention),
            )
            return stored, changes.write(place, key, stored)

        stored, version_id = self._commit(copy)
        return stored.metadata(key, version_id)

    def create_bucket(self, bucket: str, options: BucketOptions) -> Bucket:
        """See ``ObjectStoreClient``."""
        created = now()
        status = VersioningStatus.ENABLED if options.object_lock else VersioningStatus.DISABLED
        with self._database.write() as connection:
            values = (bucket, created, status, int(options.object_lock))
            if not connection.execute(_INSERT_BUCKET, values).rowcount:
                raise AlreadyExists(f"there is a bucket {bucket!r}")
        return Bucket(bucket, moment(created))

    def delete_bucket(self, bucket: str) -> None:
        """See ``ObjectStoreClient``."""
        with self._database.write() as connection:
            found = (bucket_id(connection, bucket),)
            for what, statement in _IN_BUCKET.items():
                if connection.execute(statement, found).fetchone():
                    raise BucketNotEmpty(f"bucket {bucket!r} has {what}")
            connection.execute("DELETE FROM buckets WHERE id = ?", found)

    def list_buckets(self) -> list[Bucket]:
        """See ``ObjectStoreClient``."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT name, created FROM buckets ORDER BY name").fetchall()
        return [Bucket(name, moment(created)) for name, created in rows]

    def bucket_exists(self, bucket: str) -> bool:
        """See ``ObjectStoreClient``."""
        with self._database.read() as connection:
            found = connection.execute("SELECT 1 FROM buckets WHERE name = ?", (bucket,)).fetchone()
        return found is not None

    def get_lifecycle(self, bucket: str) -> list[LifecycleRule]:
        """See ``SupportsLifecycle``."""
        with self._database.snapshot() as connection:
            return lifecycle_rules(connection, bucket_id(connection, bucket))

    def set_lifecycle(self, bucket: str, rules: Sequence[LifecycleRule]) -> None:
        """See ``SupportsLifecycle``."""
        with self._database.write() as connection:
            connection.execute(_SET_LIFECYCLE, (packed_rules(rules), bucket_id(connection, bucket)))

    def delete_lifecycle(self, bucket: str) -> None:
        """See ``SupportsLifecycle``."""
        with self._database.write() as connection:
            connection.execute(_SET_LIFECYCLE, (None, bucket_id(connection, bucket)))

    def run_lifecycle(self, bucket: str, now: datetime) -> LifecycleReport:
        """See ``SupportsLifecycleRuns``; in many short transactions."""
        return lifecycle.run(self._database, self._change, bucket, now)

    def watch(self, bucket: str, options: WatchOptions) -> EventFeed:
        """See ``SupportsNotifications``."""
        return self._watchers.watch(bucket, options)

    def ping(self) -> None:
        """Raise if the directory is gone, or the database does not answer."""
        self._database.ping()

    def close(self) -> None:
        """End the feeds, and close the database's connections."""
        self._watchers.close()
        self._database.close()

    def classify(self, exc: Exception) -> ObjectStoreError | None:
        """See ``ObjectStoreClient``."""
        return failures.classify(exc, self._where)


class LocalClient(EmbeddedClient):
    """The embedded store in a directory, for any number of processes and threads at once.

    The directory is made, and what dead processes left is cleaned up, by the first operation.
    """

    connection_model = LocalConnectionConfiguration

    def __init__(self, config: ObjectStoreConfiguration) -> None:
        connection: LocalConnectionConfiguration = config.connection
        root = connection.root.absolute()
        self._files = FileContents(root, durable=connection.durability == "full")
        database = FileDatabase(root / "data-store.db", connection.durability, self._start)
        super().__init__(config, database, self._files, FileKeys(root, database), str(root))

    def _start(self, connection: sqlite3.Connection) -> None:
        self._files.prepare()
        doubtful = self._files.clean()
        if not doubtful:
            return
        connection.execute("BEGIN IMMEDIATE")
        with connection:
            for file in doubtful:
                self._files.settle(file, referenced=refers_to(connection, file))


class MemoryClient(EmbeddedClient):
    """The embedded store in memory: clients of one ``name`` share it, and it lives as long as the process."""

    connection_model = MemoryConnectionConfiguration
    picklable: ClassVar[bool] = False

    def __init__(self, config: ObjectStoreConfiguration) -> None:
        connection: MemoryConnectionConfiguration = config.connection
        store = _memory.get(connection.name) or _memory.setdefault(connection.name, _new_memory_store())
        super().__init__(config, *store, f"memory, name {connection.name!r}")


def _new_memory_store() -> tuple[MemoryDatabase, MemoryContents, MemoryKeys]:
    return MemoryDatabase(), MemoryContents(), MemoryKeys()


_memory: dict[str, tuple[MemoryDatabase, MemoryContents, MemoryKeys]] = {}


def _check_md5(content: Content, content_md5: str) -> None:
    if base64.b64decode(content_md5).hex() != content.md5:
        found = base64.b64encode(bytes.fromhex(content.md5 or "")).decode()
        raise IntegrityError(f"the content_md5 of the content is {found}, not {content_md5}")


def _delete(changes: Changes, bucket: str, key: str, options: DeleteOptions) -> DeletedObject:
    place = changes.place(bucket, key)
    if options.version is None:
        check_etag(place.etag, options.if_match)
        check_updated(place.updated, options.if_updated_time)
        return changes.delete(place, key)
    return changes.delete_version(
        place,
        key,
        options.version,
        bypass_governance=options.bypass_governance,
        if_match=options.if_match,
        if_updated_time=options.if_updated_time,
    )

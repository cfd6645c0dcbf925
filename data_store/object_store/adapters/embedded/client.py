"""The embedded store: framework ``local`` in a directory, framework ``memory`` in this process."""

from __future__ import annotations

import base64
import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import BinaryIO, ClassVar

from data_store.object_store.adapters.embedded import failures, listing
from data_store.object_store.adapters.embedded.content import Contents, FileContents, MemoryContents
from data_store.object_store.adapters.embedded.database import Database, FileDatabase, MemoryDatabase
from data_store.object_store.adapters.embedded.receiving import receive
from data_store.object_store.adapters.embedded.rows import (
    Changes,
    Content,
    Row,
    Stored,
    bucket_id,
    find,
    find_with_content,
    headers,
    moment,
    now,
    object_fields,
    refers_to,
)
from data_store.object_store.body import Source
from data_store.object_store.client import ObjectStoreClient
from data_store.object_store.configurations import (
    LocalConnectionConfiguration,
    MemoryConnectionConfiguration,
    ObjectStoreConfiguration,
)
from data_store.object_store.errors import (
    AlreadyExists,
    BucketNotEmpty,
    IntegrityError,
    NotModified,
    ObjectStoreError,
    PreconditionFailed,
    RangeNotSatisfiable,
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

__all__ = ["EmbeddedClient", "LocalClient", "MemoryClient"]


class EmbeddedClient(ObjectStoreClient):
    """Every operation, on a database and a place for large content."""

    accepts_streams: ClassVar[bool] = True

    def __init__(self, config: ObjectStoreConfiguration, database: Database, contents: Contents, where: str) -> None:
        super().__init__(config)
        self._database = database
        self._contents = contents
        self._where = where

    @property
    def location(self) -> str:
        """See ``ObjectStoreClient``."""
        return self._where

    def put_object(self, bucket: str, key: str, body: Source, options: PutOptions) -> ObjectMetadata:
        """See ``ObjectStoreClient``. The ETag is the MD5 of the content."""
        with receive(self._contents, body, self._resolve) as content:
            _check_md5(content, options.content_md5)
            with self._change() as changes:
                place = changes.place(bucket, key)
                _check_write(place.etag, options)
                if content.file is not None:
                    self._contents.hold(content.file)
                stored = Stored(changes.add(content), content.size, content.etag, headers(options))
                updated = now()
                changes.replace(place, key, updated, options.storage_class, stored)
        return _written(key, stored, updated)

    def get_object(self, bucket: str, key: str, options: GetOptions) -> Object:
        """See ``ObjectStoreClient``. The body reads on when the object is replaced or deleted meanwhile."""
        row, body, length = self._open(bucket, key, options)
        return Object(body=body, content_length=length, **object_fields(row))

    def head_object(self, bucket: str, key: str, options: GetOptions) -> ObjectMetadata:
        """See ``ObjectStoreClient``."""
        with self._database.read() as connection:
            row = find(connection, bucket, key)
        _check_read(row, options)
        return ObjectMetadata(**object_fields(row))

    def delete_object(self, bucket: str, key: str) -> DeletedObject:
        """See ``ObjectStoreClient``."""
        with self._change() as changes:
            changes.remove(changes.place(bucket, key), key)
        return DeletedObject(key)

    def delete_objects(self, bucket: str, keys: Sequence[str]) -> list[DeletedObject]:
        """See ``ObjectStoreClient``; all of them in one transaction."""
        with self._change() as changes:
            for key in keys:
                changes.remove(changes.place(bucket, key), key)
        return [DeletedObject(key) for key in keys]

    def list_page(self, bucket: str, prefix: str, options: ListOptions) -> ObjectPage:
        """See ``ObjectStoreClient``. A page shows one state of the bucket."""
        with self._database.snapshot() as connection:
            return listing.list_page(connection, bucket, prefix, options)

    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectMetadata:
        """See ``ObjectStoreClient``; of any size. The copy shares the content, until one of the two is replaced."""
        with self._change() as changes:
            stored = changes.stored(source_bucket, source_key)
            if options.source_etag not in (None, stored.etag):
                raise PreconditionFailed(f"the source has ETag {stored.etag}", bucket=source_bucket, key=source_key)
            if options.replace:
                stored = stored._replace(headers=headers(options))
            place = changes.place(bucket, key)
            updated = now()
            changes.share(stored.content)
            changes.replace(place, key, updated, options.storage_class, stored)
        return _written(key, stored, updated)

    def create_bucket(self, bucket: str) -> Bucket:
        """See ``ObjectStoreClient``."""
        created = now()
        with self._database.write() as connection:
            statement = "INSERT OR IGNORE INTO buckets (name, created) VALUES (?, ?)"
            if not connection.execute(statement, (bucket, created)).rowcount:
                raise AlreadyExists(f"there is a bucket {bucket!r}")
        return Bucket(bucket, moment(created))

    def delete_bucket(self, bucket: str) -> None:
        """See ``ObjectStoreClient``."""
        with self._database.write() as connection:
            found = (bucket_id(connection, bucket),)
            if connection.execute("SELECT 1 FROM objects WHERE bucket = ? LIMIT 1", found).fetchone():
                raise BucketNotEmpty(f"bucket {bucket!r} has objects")
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

    def ping(self) -> None:
        """Raise if the directory is gone, or the database does not answer."""
        self._database.ping()

    def close(self) -> None:
        """Close the database's connections."""
        self._database.close()

    def classify(self, exc: Exception) -> ObjectStoreError | None:
        """See ``ObjectStoreClient``."""
        return failures.classify(exc, self._where)

    def _open(self, bucket: str, key: str, options: GetOptions) -> tuple[Row, BinaryIO, int]:
        """Look up and open; again if a writer removed the file between the two."""
        lost = None
        while True:
            with self._database.read() as connection:
                row = find_with_content(connection, bucket, key)
            _check_read(row, options)
            start, length = _span(row[1], options)
            file, data = row[-2:]
            if file is None:
                return row, BytesIO(data[start:]), length
            try:
                return row, self._contents.open(file, row[1], start), length
            except FileNotFoundError:
                if file == lost:
                    raise IntegrityError(f"content file {file} is missing (store in {self._where})") from None
                lost = file

    @contextmanager
    def _change(self) -> Iterator[Changes]:
        with self._database.write() as connection:
            changes = Changes(connection)
            yield changes
            self._contents.doubt(changes.unused)
        for file in changes.unused:
            self._contents.settle(file, referenced=False)

    def _resolve(self, file: str) -> None:
        """Settle a file after a failure; if that fails too, the next start does it."""
        with contextlib.suppress(sqlite3.Error, OSError), self._database.read() as connection:
            self._contents.settle(file, referenced=refers_to(connection, file))


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
        super().__init__(config, database, self._files, str(root))

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


def _new_memory_store() -> tuple[MemoryDatabase, MemoryContents]:
    return MemoryDatabase(), MemoryContents()


_memory: dict[str, tuple[MemoryDatabase, MemoryContents]] = {}


def _check_md5(content: Content, content_md5: str | None) -> None:
    if content_md5 is not None and base64.b64decode(content_md5).hex() != content.etag:
        raise IntegrityError(f"the content has MD5 {content.etag} (hex), not the one that was announced")


def _check_write(etag: str | None, options: PutOptions) -> None:
    if options.if_none_match is not None and etag is not None:
        raise PreconditionFailed("there is an object under that key")
    if options.if_match is not None and options.if_match != etag:
        raise PreconditionFailed(f"the object has ETag {etag}" if etag else "there is no object under that key")


def _check_read(row: Row, options: GetOptions) -> None:
    etag = row[2]
    if options.if_match not in (None, etag):
        raise PreconditionFailed(f"the object has ETag {etag}")
    if options.if_none_match in ("*", etag):
        raise NotModified(f"the object has ETag {etag}")


def _span(size: int, options: GetOptions) -> tuple[int, int]:
    """Return first byte and length of what is asked for (RFC 9110, 14.1.2)."""
    offset = options.offset or 0
    if options.offset is None and options.length is None:
        return 0, size
    if offset >= size:
        raise RangeNotSatisfiable(f"the object has {size} bytes, the range begins at {offset}")
    start = offset if offset >= 0 else max(size + offset, 0)
    if size == 0:
        raise RangeNotSatisfiable("the object is empty")
    return start, min(size - start, options.length or size)


def _written(key: str, stored: Stored, updated: int) -> ObjectMetadata:
    return ObjectMetadata(
        key=key,
        size=stored.size,
        etag=stored.etag,
        updated_time=moment(updated),
        checksums={"md5": stored.etag},
    )

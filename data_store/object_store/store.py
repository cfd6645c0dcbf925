"""ObjectStore, the facade: validates, then delegates to the client or to the transfers.

Every method without ``bucket`` works on the root bucket of the configuration. Errors are those of
``data_store.object_store.errors``: ``InvalidArgument`` before anything is sent, an ``ObjectStoreError`` for what the
store or the network answered.
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, Self, Unpack

from data_store import utils
from data_store.object_store import validation
from data_store.object_store.client import ObjectStoreClient
from data_store.object_store.configurations import ObjectStoreConfiguration
from data_store.object_store.content_types import guess_content_type
from data_store.object_store.dsn import configuration_from_url
from data_store.object_store.errors import (
    AccessDenied,
    AlreadyExists,
    ConfigurationError,
    InvalidArgument,
    ObjectNotFound,
    ServerError,
)
from data_store.object_store.factory import ObjectStoreComponentFactory
from data_store.object_store.models import (
    Bucket,
    CopyContentOptions,
    DeletedObject,
    GetOptions,
    ListOptions,
    Object,
    ObjectMetadata,
    ObjectPage,
    Progress,
    UploadOptions,
)
from data_store.object_store.reading import ObjectReader
from data_store.object_store.session import Session
from data_store.object_store.sources import Data, stream_of
from data_store.object_store.transfer import Transfers

__all__ = ["ObjectStore"]

_BATCH = 1000  # keys in one DeleteObjects request (S3 API reference)

Configuration = ObjectStoreConfiguration | dict[str, Any] | str | os.PathLike[str]


class ObjectStore:
    """An object store, made lazily from a configuration.

    Nothing is sent, and no SDK imported, before the first operation. It can be used by many threads at once, after a
    fork (the client is made anew in the child) and, pickled, in other processes.

    Args:
        config: an ``ObjectStoreConfiguration``, a dict, a URL (``minio://...``), or the path of a YAML file. None
            takes ``get_config()["object_store"]``; with nothing configured that is the embedded store under
            ``./.data-store`` or ``DATA_STORE_ROOT``.

    Raises:
        ConfigurationError: the configuration is wrong; the message names the path of the bad key.
    """

    def __init__(self, config: Configuration | None = None) -> None:
        self._config = _configuration(config)
        self._session = Session(self._config, announce=config is None)

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Return the store that a URL describes, as ``ObjectStore(url)`` does."""
        return cls(configuration_from_url(url))

    # the store itself

    @property
    def config(self) -> ObjectStoreConfiguration:
        """The configuration; frozen."""
        return self._config

    @property
    def client(self) -> ObjectStoreClient:
        """The client of the framework, guarded: made on first use, then reused."""
        return self._session.client

    def ping(self) -> None:
        """Raise if the server or the credentials do not answer; needs no bucket."""
        self.client.ping()

    def close(self) -> None:
        """Release pools and threads. A closed store raises ``StoreClosed``; closing it again does nothing."""
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"ObjectStore({self._config.to_url()!r})"

    def __getstate__(self) -> dict[str, Any]:
        if not ObjectStoreComponentFactory.client_class(self._config.framework).picklable:
            raise ConfigurationError(
                f"a {self._config.framework} store lives in one process and cannot be pickled: use framework local"
            )
        return {"config": self._config}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._config = state["config"]
        self._session = Session(self._config, announce=False)

    # upload

    def upload_file(
        self,
        file_path: str | os.PathLike[str],
        key: str,
        bucket: str | None = None,
        *,
        progress: Progress | None = None,
        **options: Unpack[UploadOptions],
    ) -> ObjectMetadata:
        """Store a file; the content type is guessed from the names if it is not given.

        Large files go in parallel parts (``transfer.multipart_threshold``). Others see the old object or the new one,
        never a part; an upload that ends early leaves nothing behind.

        Raises:
            FileNotFoundError, IsADirectoryError, PermissionError: about ``file_path``.
            IntegrityError: the file changed meanwhile, or does not have the given digest; nothing was stored.
            PreconditionFailed: ``if_match`` or ``if_none_match`` does not hold; nothing was stored.
        """
        path = validation.file_path(file_path)
        if options.get("content_type") is None:
            options["content_type"] = guess_content_type(path.name, key if isinstance(key, str) else "")
        return self.upload_object(path, key, bucket, progress=progress, **options)

    def upload_object(
        self,
        file_path: str | os.PathLike[str],
        key: str,
        bucket: str | None = None,
        *,
        progress: Progress | None = None,
        **options: Unpack[UploadOptions],
    ) -> ObjectMetadata:
        """Store a file as ``upload_file`` does, with nothing guessed."""
        path, checked = validation.file_path(file_path), validation.put_options(options)
        key, bucket = validation.key(key), self._bucket(bucket)
        return self._transfers.upload_file(path, bucket, key, checked, progress)

    def put_object(
        self,
        data: Data,
        key: str,
        bucket: str | None = None,
        *,
        length: int | None = None,
        progress: Progress | None = None,
        **options: Unpack[UploadOptions],
    ) -> ObjectMetadata:
        """Store bytes, a binary stream (read from where it stands), or an iterable of bytes.

        ``length`` in bytes is optional; a body that turns out shorter or longer is refused and nothing is stored. A
        stream that cannot seek is uploaded with one part in memory at a time.

        Raises:
            InvalidArgument: ``data`` is text, or not as long as ``length`` says.
            IntegrityError: it does not have the given digest; nothing was stored.
            PreconditionFailed: ``if_match`` or ``if_none_match`` does not hold; nothing was stored.
        """
        checked = validation.put_options(options)
        if length is not None and (isinstance(length, bool) or not isinstance(length, int) or length < 0):
            raise InvalidArgument(f"length must be a whole number of bytes, not {length!r}")
        stream, size = stream_of(data, length)
        key, bucket = validation.key(key), self._bucket(bucket)
        return self._transfers.upload(stream, size, bucket, key, checked, progress)

    # download

    def download_file(
        self,
        key: str,
        file_path: str | os.PathLike[str],
        bucket: str | None = None,
        *,
        progress: Progress | None = None,
    ) -> ObjectMetadata:
        """Write an object to a file, which appears whole and verified or not at all.

        Missing parent directories are made. A connection that breaks is taken up again where it broke, on the same
        version of the object, within ``retry.max_attempts``.

        Raises:
            IsADirectoryError: ``file_path`` is a directory.
            OSError: the file cannot be written (no permission, no space).
            IntegrityError: the bytes are not those of the object, or it was replaced meanwhile.
        """
        path, key, bucket = validation.file_path(file_path), validation.key(key), self._bucket(bucket)
        return self._transfers.download(bucket, key, path, progress)

    def download_object(
        self,
        key: str,
        file_path: str | os.PathLike[str],
        bucket: str | None = None,
        *,
        progress: Progress | None = None,
    ) -> ObjectMetadata:
        """Do the same as ``download_file``."""
        return self.download_file(key, file_path, bucket, progress=progress)

    def get_file(self, key: str, bucket: str | None = None) -> Object:
        """Return a whole object with a streaming body."""
        return self.get_object(key, bucket)

    def get_object(
        self,
        key: str,
        bucket: str | None = None,
        *,
        offset: int | None = None,
        length: int | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
    ) -> Object:
        """Return an object, or ``length`` bytes of it from ``offset``, with a streaming body.

        A negative offset is a suffix: the last bytes, or all if there are fewer. An empty object has no range.
        Close the object, or read it to its end.

        Raises:
            RangeNotSatisfiable: the range begins behind the last byte.
            PreconditionFailed: the ETag is not ``if_match``.
            NotModified: the ETag is ``if_none_match``.
        """
        options = validation.get_options(offset, length, if_match, if_none_match)
        key, bucket = validation.key(key), self._bucket(bucket)
        return self._transfers.open(bucket, key, options)

    def read_object(self, key: str, bucket: str | None = None) -> bytes:
        """Return the whole content of an object."""
        return self.get_object(key, bucket).read()

    def open_object(self, key: str, bucket: str | None = None, *, block_size: int | None = None) -> ObjectReader:
        """Return a seekable reader; each request reads at least ``block_size`` bytes (default 1 MiB) of one version."""
        validation.positive("block_size", block_size)
        key, bucket = validation.key(key), self._bucket(bucket)
        found = self.client.head_object(bucket, key, GetOptions())
        return ObjectReader(self.client, bucket, found, self._config.retry.max_attempts, block_size)

    def get_ranges(self, key: str, ranges: Iterable[tuple[int, int]], bucket: str | None = None) -> list[bytes]:
        """Return the bytes of ``(offset, length)`` pairs, in their order and all of one version of the object.

        A range that ends behind the last byte is cut there; one that begins there raises ``RangeNotSatisfiable``.
        """
        if not isinstance(ranges, Iterable):
            raise InvalidArgument(f"ranges must be an iterable of (offset, length) pairs, not {type(ranges).__name__}")
        options = [validation.byte_range(pair) for pair in ranges]
        key, bucket = validation.key(key), self._bucket(bucket)
        return self._transfers.ranges(bucket, key, options)

    def head_object(self, key: str, bucket: str | None = None) -> ObjectMetadata:
        """Return all that is known of an object but its content."""
        key, bucket = validation.key(key), self._bucket(bucket)
        return self.client.head_object(bucket, key, GetOptions())

    def exists(self, key: str, bucket: str | None = None) -> bool:
        """Return whether there is an object; in a missing bucket raise ``BucketNotFound``."""
        try:
            self.head_object(key, bucket)
        except ObjectNotFound:
            return False
        return True

    # delete

    def delete_file(self, key: str, bucket: str | None = None) -> DeletedObject:
        """Delete an object; one that is missing is a success."""
        return self.delete_object(key, bucket)

    def delete_object(self, key: str, bucket: str | None = None) -> DeletedObject:
        """Delete an object; one that is missing is a success."""
        key, bucket = validation.key(key), self._bucket(bucket)
        return self.client.delete_object(bucket, key)

    def delete_objects(
        self, keys: Iterable[str], bucket: str | None = None, *, quiet: bool = False
    ) -> list[DeletedObject]:
        """Delete many objects; the answer has each key in order, with its own error or None.

        ``keys`` is read lazily in batches of 1,000. With ``quiet`` the answer has the failures only, so that any number
        of keys runs in constant memory. A bad key raises ``InvalidArgument`` before its batch is sent; those of a list
        or tuple are all checked first.
        """
        if isinstance(keys, str | bytes) or not isinstance(keys, Iterable):
            raise InvalidArgument(f"keys must be an iterable of keys, not {type(keys).__name__}")
        if isinstance(keys, Sequence):
            keys = [validation.key(key) for key in keys]
        bucket, client = self._bucket(bucket), self.client
        outcomes: list[DeletedObject] = []
        remaining = iter(keys)
        while batch := [validation.key(key) for key in itertools.islice(remaining, _BATCH)]:
            deleted = client.delete_objects(bucket, batch)
            for outcome in deleted:
                if outcome.error is not None:
                    outcome.error.locate("delete_objects", bucket, outcome.key, self._config.framework)
            outcomes += [outcome for outcome in deleted if outcome.error is not None] if quiet else deleted
        return outcomes

    # list

    def list_files(self, prefix: str = "", bucket: str | None = None) -> Iterator[ObjectMetadata]:
        """Return all objects below a prefix, lazily, in UTF-8 byte order of their keys."""
        return self.list_objects(prefix, bucket)

    def list_objects(
        self,
        prefix: str = "",
        bucket: str | None = None,
        *,
        delimiter: str | None = None,
        start_after: str | None = None,
        limit: int | None = None,
    ) -> Iterator[ObjectMetadata]:
        """Return objects (no prefixes), lazily, in UTF-8 byte order of their keys.

        Args:
            prefix: only keys that begin with it.
            bucket: the bucket.
            delimiter: only keys that do not have it behind the prefix.
            start_after: only keys behind this one.
            limit: at most so many objects.
        """
        validation.positive("limit", limit, sys.maxsize)
        page_size = min(limit or validation.MAX_KEYS, validation.MAX_KEYS) if delimiter is None else None
        pages = self._pages(prefix, bucket, validation.list_options(delimiter, None, start_after, page_size))
        return itertools.islice((found for page in pages for found in page.objects), limit)

    def list_prefixes(self, prefix: str = "", bucket: str | None = None, *, delimiter: str = "/") -> Iterator[str]:
        """Return the common prefixes up to and including the delimiter, lazily, in UTF-8 byte order."""
        pages = self._pages(prefix, bucket, validation.list_options(delimiter or ""))
        return (found for page in pages for found in page.prefixes)

    def list_page(
        self,
        prefix: str = "",
        bucket: str | None = None,
        *,
        delimiter: str | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> ObjectPage:
        """Return one page of at most ``limit`` (1 to 1,000) objects and prefixes; its ``cursor`` asks for the next."""
        options = validation.list_options(delimiter, cursor, None, limit)
        prefix = validation.prefix(prefix)
        return self.client.list_page(self._bucket(bucket), prefix, options)

    # copy

    def copy_object(
        self,
        src_object: str,
        dst_object: str,
        src_bucket: str | None = None,
        dst_bucket: str | None = None,
        **changes: Unpack[CopyContentOptions],
    ) -> ObjectMetadata:
        """Copy on the server, an object of any size.

        None, or a name left out, keeps the source's value (the storage class too); a value replaces only that one. A
        copy onto itself changes what is given and keeps the rest.
        """
        return self._transfers.copy(*self._copy_arguments(src_object, dst_object, src_bucket, dst_bucket, changes))

    def move_object(
        self,
        src_object: str,
        dst_object: str,
        src_bucket: str | None = None,
        dst_bucket: str | None = None,
        **changes: Unpack[CopyContentOptions],
    ) -> ObjectMetadata:
        """Copy as ``copy_object`` does, make sure that the copy is there, then delete the source.

        Not atomic: ended in between, both are there. Moved onto itself, an object stays.
        """
        return self._transfers.move(*self._copy_arguments(src_object, dst_object, src_bucket, dst_bucket, changes))

    # buckets

    def list_buckets(self) -> list[Bucket]:
        """Return the buckets of these credentials, sorted by name."""
        return sorted(self.client.list_buckets(), key=lambda bucket: bucket.name)

    def create_bucket(self, name: str) -> Bucket:
        """Make a bucket; one that exists, the caller's own too, raises ``AlreadyExists``."""
        name = validation.new_bucket(name)
        if self._is_own_bucket(name):  # us-east-1 and Ceph accept one's own bucket a second time
            there = AlreadyExists("there is a bucket of that name")
            raise there.locate("create_bucket", name, None, self._config.framework)
        return self.client.create_bucket(name)

    def delete_bucket(self, name: str, force: bool = False) -> None:
        """Delete an empty bucket; with ``force``, delete its objects first.

        Raises:
            BucketNotEmpty: it has objects, and ``force`` is not given.
        """
        name = validation.bucket(name)
        if force:
            self._delete_all(name)
        self.client.delete_bucket(name)

    def bucket_exists(self, name: str) -> bool:
        """Return whether there is a bucket of that name."""
        return self.client.bucket_exists(validation.bucket(name))

    # inside

    @property
    def _transfers(self) -> Transfers:
        return self._session.transfers

    def _bucket(self, name: str | None) -> str:
        return self._session.root_bucket() if name is None else validation.bucket(name)

    def _delete_all(self, bucket: str) -> None:
        # Again until a listing is empty: MinIO lists "a/b" only once an object "a" is gone.
        stays = None
        while (first := next(self.list_objects(bucket=bucket, limit=1), None)) is not None and first.key != stays:
            stays = first.key
            failed = self.delete_objects((found.key for found in self.list_files(bucket=bucket)), bucket, quiet=True)
            if failed and failed[0].error is not None:
                raise failed[0].error

    def _is_own_bucket(self, name: str) -> bool:
        try:
            return self.client.bucket_exists(name)
        except AccessDenied:
            return False  # somebody else's, or none: making it tells

    def _pages(self, prefix: str, bucket: str | None, options: ListOptions) -> Iterator[ObjectPage]:
        prefix, bucket = validation.prefix(prefix), self._bucket(bucket)
        return _following(self.client, bucket, prefix, options)

    def _copy_arguments(
        self,
        src_object: str,
        dst_object: str,
        src_bucket: str | None,
        dst_bucket: str | None,
        changes: CopyContentOptions,
    ) -> tuple[str, str, str, str, CopyContentOptions]:
        source, target = validation.key(src_object, "src_object"), validation.key(dst_object, "dst_object")
        checked = validation.content_options(changes)
        for name in (src_bucket, dst_bucket):
            if name is not None:
                validation.bucket(name)
        return self._bucket(src_bucket), source, self._bucket(dst_bucket), target, checked


def _configuration(config: Configuration | None) -> ObjectStoreConfiguration:
    if isinstance(config, ObjectStoreConfiguration):
        return config
    if isinstance(config, str) and not config.strip():
        raise ConfigurationError("the configuration is empty: give a URL or the path of a YAML file")
    if isinstance(config, str) and "://" in config:
        return configuration_from_url(config)
    if config is None:
        config = utils.get_config().get("object_store", {})
    elif isinstance(config, str | os.PathLike):
        config = utils.load_yaml(config).get("object_store", {})
    return ObjectStoreConfiguration.model_validate(config)


def _following(client: ObjectStoreClient, bucket: str, prefix: str, options: ListOptions) -> Iterator[ObjectPage]:
    while True:
        page = client.list_page(bucket, prefix, options)
        yield page
        if page.cursor is None:
            return
        if page.cursor == options.cursor:
            endless = ServerError("the server answers the same page of the listing again and again")
            raise endless.locate("list_page", bucket, None, str(client.config.framework))
        options = ListOptions(delimiter=options.delimiter, cursor=page.cursor, limit=options.limit)

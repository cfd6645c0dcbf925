"""An adapter in one file: a store in a dict, registered under the scheme ``dict://``."""
# ruff: noqa: D102 because the base class says what each method promises

from __future__ import annotations

import hashlib
import io
import threading
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime

from data_store.object_store import errors, register
from data_store.object_store import models as m
from data_store.object_store.body import Source
from data_store.object_store.client import ObjectStoreClient
from data_store.object_store.configurations import ConnectionConfiguration, ObjectStoreConfiguration

SCHEME = "dict"
CONTENT_OPTIONS = tuple(m.ContentOptions.__dataclass_fields__)


class DictConnection(ConnectionConfiguration):
    """The connection of ``dict``: stores of one name are one store."""

    embedded = True
    name: str = "default"


class DictError(Exception):
    """This store's own error, as an SDK has one: the class of ours that it stands for, and the reason."""


Stored = tuple[bytes, m.ObjectMetadata]
_STORES: defaultdict[str, dict[str, dict[str, Stored]]] = defaultdict(dict)
_LOCK = threading.RLock()


class DictClient(ObjectStoreClient):
    """Objects in a dict of dicts: bucket, key, content."""

    connection_model = DictConnection

    def __init__(self, config: ObjectStoreConfiguration) -> None:
        super().__init__(config)
        self._buckets = _STORES[config.connection.name]

    def put_object(self, bucket: str, key: str, body: Source, options: m.PutOptions) -> m.ObjectMetadata:
        content = body.read()  # all of it, before anything is touched: it raises if it is not what was announced
        with _LOCK:
            found = self._bucket(bucket).get(key)
            if options.if_none_match and found:
                raise DictError(errors.PreconditionFailed, "there is an object")
            if options.if_match and (not found or found[1].etag != options.if_match):
                raise DictError(errors.PreconditionFailed, "the object has another ETag")
            return self._store(bucket, key, content, options)

    def get_object(self, bucket: str, key: str, options: m.GetOptions) -> m.Object:
        content, found = self._found(bucket, key, options)
        start, size, _ = slice(options.offset, None).indices(len(content))
        if options.offset is not None and start == size:
            raise DictError(errors.RangeNotSatisfiable, f"the object has {size} bytes")
        part = content[start : size if options.length is None else start + options.length]
        fields = {name: getattr(found, name) for name in m.ObjectMetadata.__dataclass_fields__}
        return m.Object(**fields, body=io.BytesIO(part), content_length=len(part))

    def head_object(self, bucket: str, key: str, options: m.GetOptions) -> m.ObjectMetadata:
        return self._found(bucket, key, options)[1]

    def delete_object(self, bucket: str, key: str) -> m.DeletedObject:
        self._bucket(bucket).pop(key, None)
        return m.DeletedObject(key)

    def list_page(self, bucket: str, prefix: str, options: m.ListOptions) -> m.ObjectPage:
        objects = dict(self._bucket(bucket))
        names = dict(_rolled_up(key, prefix, options.delimiter) for key in objects if key.startswith(prefix))
        after = (options.cursor or options.start_after or "").encode()
        left = sorted((name for name in names if name.encode() > after), key=str.encode)
        page = left[: options.limit]
        return m.ObjectPage(
            tuple(replace(objects[name][1], metadata=None) for name in page if not names[name]),
            tuple(name for name in page if names[name]),
            page[-1] if len(left) > len(page) else None,
        )

    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: m.CopyOptions
    ) -> m.ObjectMetadata:
        with _LOCK:
            content, found = self._found(source_bucket, source_key, m.GetOptions(if_match=options.source_etag))
            return self._store(bucket, key, content, options if options.replace else found)

    def create_bucket(self, bucket: str) -> m.Bucket:
        with _LOCK:
            if bucket in self._buckets:
                raise DictError(errors.AlreadyExists, "there is a bucket of that name")
            self._buckets[bucket] = {}
        return m.Bucket(bucket)

    def delete_bucket(self, bucket: str) -> None:
        if self._bucket(bucket):
            raise DictError(errors.BucketNotEmpty, "the bucket has objects")
        del self._buckets[bucket]

    def list_buckets(self) -> list[m.Bucket]:
        return [m.Bucket(name) for name in list(self._buckets)]

    def ping(self) -> None:
        """A dict always answers."""

    def close(self) -> None:
        """The dict stays: other stores of this name use it."""

    def classify(self, exc: Exception) -> errors.ObjectStoreError | None:
        return exc.args[0](exc.args[1]) if isinstance(exc, DictError) else None

    def _bucket(self, bucket: str) -> dict[str, Stored]:
        if bucket not in self._buckets:
            raise DictError(errors.BucketNotFound, "no such bucket")
        return self._buckets[bucket]

    def _found(self, bucket: str, key: str, options: m.GetOptions) -> Stored:
        found = self._bucket(bucket).get(key)
        if found is None:
            raise DictError(errors.ObjectNotFound, "no such key")
        if options.if_match not in {None, found[1].etag}:
            raise DictError(errors.PreconditionFailed, "the object has another ETag")
        if options.if_none_match in {"*", found[1].etag}:
            raise DictError(errors.NotModified, "the object has this ETag")
        return found

    def _store(
        self, bucket: str, key: str, content: bytes, options: m.ContentOptions | m.ObjectMetadata
    ) -> m.ObjectMetadata:
        given = {name: getattr(options, name) for name in CONTENT_OPTIONS}
        given["metadata"] = dict(options.metadata or {})
        etag = hashlib.md5(content, usedforsecurity=False).hexdigest()
        found = m.ObjectMetadata(key=key, size=len(content), etag=etag, updated_time=datetime.now(UTC), **given)
        self._bucket(bucket)[key] = content, found
        return found


def _rolled_up(key: str, prefix: str, delimiter: str | None) -> tuple[str, bool]:
    """Return the key, or the common prefix that hides it, and whether it is a prefix."""
    head, found, _ = key[len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
    return (prefix + head + found, True) if found else (key, False)


register(SCHEME, f"{__name__}:DictClient")

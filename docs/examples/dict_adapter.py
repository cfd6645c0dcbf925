"""An adapter in one file: a store in a dict, registered under the scheme ``dict://``."""
# ruff: noqa: D102 because the base class says what each method promises

from __future__ import annotations

import hashlib
import io
import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from data_store.object_store import errors, register
from data_store.object_store import models as m
from data_store.object_store.body import Source
from data_store.object_store.capabilities import SupportsTags
from data_store.object_store.client import ObjectStoreClient
from data_store.object_store.configurations import ConnectionConfiguration, ObjectStoreConfiguration

SCHEME = "dict"
CONTENT_OPTIONS = tuple(m.ContentOptions.__dataclass_fields__)
NO_OPTIONS = m.GetOptions()


class DictConnection(ConnectionConfiguration):
    """The connection of ``dict``: stores of one name are one store."""

    embedded = True
    name: str = "default"


class DictError(Exception):
    """This store's own error, as an SDK has one: the class of ours that it stands for, and the reason."""


@dataclass(frozen=True)
class Stored:
    """An object: its content, what is known of it, its tags."""

    content: bytes
    metadata: m.ObjectMetadata
    tags: Mapping[str, str]


_STORES: defaultdict[str, dict[str, dict[str, Stored]]] = defaultdict(dict)
_LOCK = threading.RLock()


class DictClient(ObjectStoreClient, SupportsTags):
    """Objects in a dict of dicts (bucket, key, object), with one capability: tags."""

    connection_model = DictConnection
    picklable = False  # another process would find an empty dict
    conditions = frozenset({m.Condition.PUT, m.Condition.COPY, m.Condition.DELETE})  # all that it writes

    def __init__(self, config: ObjectStoreConfiguration) -> None:
        super().__init__(config)
        self._buckets = _STORES[config.connection.name]

    def put_object(self, bucket: str, key: str, body: Source, options: m.PutOptions) -> m.ObjectMetadata:
        content = body.read()  # all of it, before anything is touched: it raises if it is not what was announced
        with _LOCK:
            self._check_target(bucket, key, options.if_match, options.if_none_match)
            return self._store(bucket, key, content, options, options.tags or {})

    def get_object(self, bucket: str, key: str, options: m.GetOptions) -> m.Object:
        found = self._found(bucket, key, options)
        start, size, _ = slice(options.offset, None).indices(len(found.content))
        if options.offset is not None and start == size:
            raise DictError(errors.RangeNotSatisfiable, f"the object has {size} bytes")
        part = found.content[start : size if options.length is None else start + options.length]
        fields = {name: getattr(found.metadata, name) for name in m.ObjectMetadata.__dataclass_fields__}
        return m.Object(**fields, body=io.BytesIO(part), content_length=len(part))

    def head_object(self, bucket: str, key: str, options: m.GetOptions) -> m.ObjectMetadata:
        return self._found(bucket, key, options).metadata

    def delete_object(self, bucket: str, key: str, options: m.DeleteOptions) -> m.DeletedObject:
        with _LOCK:
            self._check_target(bucket, key, options.if_match)
            self._bucket(bucket).pop(key, None)
        return m.DeletedObject(key)

    def list_page(self, bucket: str, prefix: str, options: m.ListOptions) -> m.ObjectPage:
        objects = dict(self._bucket(bucket))
        names = dict(_rolled_up(key, prefix, options.delimiter) for key in objects if key.startswith(prefix))
        after = (options.cursor or options.start_after or "").encode()
        left = sorted((name for name in names if name.encode() > after), key=str.encode)
        page = left[: options.limit]
        return m.ObjectPage(
            tuple(replace(objects[name].metadata, metadata=None) for name in page if not names[name]),
            tuple(name for name in page if names[name]),
            page[-1] if len(left) > len(page) else None,
        )

    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: m.CopyOptions
    ) -> m.ObjectMetadata:
        with _LOCK:
            found = self._found(source_bucket, source_key, m.GetOptions(if_match=options.source_etag))
            self._check_target(bucket, key, options.if_match, options.if_none_match)
            tags = found.tags if options.tags is None else options.tags
            kept = replace(found.metadata, storage_class=options.storage_class or found.metadata.storage_class)
            return self._store(bucket, key, found.content, options if options.replace else kept, tags)

    def get_tags(self, bucket: str, key: str, version: str | None = None) -> dict[str, str]:
        return dict(self._found(bucket, key).tags)

    def set_tags(self, bucket: str, key: str, tags: Mapping[str, str], version: str | None = None) -> None:
        with _LOCK:
            self._bucket(bucket)[key] = replace(self._found(bucket, key), tags=dict(tags))

    def delete_tags(self, bucket: str, key: str, version: str | None = None) -> None:
        self.set_tags(bucket, key, {})

    def create_bucket(self, bucket: str, options: m.BucketOptions) -> m.Bucket:
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

    def _found(self, bucket: str, key: str, options: m.GetOptions = NO_OPTIONS) -> Stored:
        found = self._bucket(bucket).get(key)
        if found is None:
            raise DictError(errors.ObjectNotFound, "no such key")
        _check_read(found.metadata, options)
        return found

    def _check_target(self, bucket: str, key: str, if_match: str | None, if_none_match: str | None = None) -> None:
        found = self._bucket(bucket).get(key)
        if if_none_match and found:
            raise DictError(errors.PreconditionFailed, "there is an object")
        if if_match and (not found or found.metadata.etag != if_match):
            raise DictError(errors.PreconditionFailed, "the object has another ETag")

    def _store(
        self,
        bucket: str,
        key: str,
        content: bytes,
        options: m.ContentOptions | m.ObjectMetadata,
        tags: Mapping[str, str],
    ) -> m.ObjectMetadata:
        given = {name: getattr(options, name) for name in CONTENT_OPTIONS}
        given["metadata"] = dict(options.metadata or {})
        etag = hashlib.md5(content, usedforsecurity=False).hexdigest()
        found = m.ObjectMetadata(key=key, size=len(content), etag=etag, updated_time=datetime.now(UTC), **given)
        self._bucket(bucket)[key] = Stored(content, found, dict(tags))
        return found


def _check_read(found: m.ObjectMetadata, options: m.GetOptions) -> None:
    """Raise what the conditions of a read say, in the order of RFC 9110, 13.2.2."""
    changed = found.updated_time.replace(microsecond=0) if found.updated_time else datetime.now(UTC)
    unmodified_since, modified_since = options.if_unmodified_since, options.if_modified_since
    if options.if_match not in {None, found.etag}:
        raise DictError(errors.PreconditionFailed, "the object has another ETag")
    if options.if_match is None and unmodified_since is not None and changed > unmodified_since:
        raise DictError(errors.PreconditionFailed, "the object was modified since")
    if options.if_none_match in {"*", found.etag}:
        raise DictError(errors.NotModified, "the object has this ETag")
    if options.if_none_match is None and modified_since is not None and changed <= modified_since:
        raise DictError(errors.NotModified, "the object was not modified since")


def _rolled_up(key: str, prefix: str, delimiter: str | None) -> tuple[str, bool]:
    """Return the key, or the common prefix that hides it, and whether it is a prefix."""
    head, found, _ = key[len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
    return (prefix + head + found, True) if found else (key, False)


register(SCHEME, f"{__name__}:DictClient")

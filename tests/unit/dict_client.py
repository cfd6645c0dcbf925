"""Object stores made of dicts, small enough to stage faults by subclassing: adapters, not mocks."""

from __future__ import annotations

import base64
import hashlib
import io
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from data_store.object_store.body import Source
from data_store.object_store.capabilities import SupportsMultipart, SupportsTags
from data_store.object_store.client import ObjectStoreClient
from data_store.object_store.configurations import ConnectionConfiguration, ObjectStoreConfiguration
from data_store.object_store.errors import (
    AccessDenied,
    AlreadyExists,
    BucketNotEmpty,
    BucketNotFound,
    ConnectionFailed,
    IntegrityError,
    InvalidPart,
    NotFound,
    NotModified,
    ObjectNotFound,
    ObjectStoreError,
    PreconditionFailed,
    RangeNotSatisfiable,
    ServerError,
    UploadNotFound,
)
from data_store.object_store.models import (
    Bucket,
    BucketOptions,
    CompleteOptions,
    ContentOptions,
    CopyOptions,
    CopySource,
    DeletedObject,
    DeleteOptions,
    GetOptions,
    ListOptions,
    MultipartUpload,
    Object,
    ObjectMetadata,
    ObjectPage,
    PartInfo,
    PartOptions,
    PartPage,
    PutOptions,
    UploadPage,
)

MIB = 1024**2
CONTENT = (
    "content_type",
    "metadata",
    "cache_control",
    "content_disposition",
    "content_encoding",
    "content_language",
)
_BLOCK = 256 * 1024
_CLASSES: dict[str, type[ObjectStoreError]] = {
    "404": NotFound,
    "AccessDenied": AccessDenied,
    "BadDigest": IntegrityError,
    "BucketAlreadyExists": AlreadyExists,
    "BucketNotEmpty": BucketNotEmpty,
    "InvalidPart": InvalidPart,
    "InvalidRange": RangeNotSatisfiable,
    "NoSuchBucket": BucketNotFound,
    "NoSuchKey": ObjectNotFound,
    "NoSuchUpload": UploadNotFound,
    "NotModified": NotModified,
    "PreconditionFailed": PreconditionFailed,
    "Reset": ConnectionFailed,
    "UnknownError": ServerError,
}


class VendorError(Exception):
    """What the SDK below these clients raises."""

    def __init__(self, code: str, status: int | None = None) -> None:
        super().__init__(f"vendor says {code}")
        self.code = code
        self.status = status


class DictConnection(ConnectionConfiguration):
    """A connection of these clients."""

    embedded = True

    name: str = "default"


@dataclass(frozen=True)
class Stored:
    """A stored object."""

    content: bytes
    etag: str
    options: ContentOptions
    checksums: dict[str, str] | None
    tags: Mapping[str, str]


def configuration(**transfer: Any) -> ObjectStoreConfiguration:
    """Return a configuration for clients that are made by hand, with parts of 5 MiB."""
    sizes = {"part_size": 5 * MIB, "multipart_threshold": 5 * MIB, "copy_part_size": 5 * MIB, "copy_threshold": 5 * MIB}
    return ObjectStoreConfiguration(framework="memory", transfer={**sizes, **transfer})


class DictClient(ObjectStoreClient):
    """Takes bodies with a size that can seek, and has no parts. ``calls`` lists the operations it was asked for."""

    connection_model = DictConnection
    is_remote = False

    def __init__(self, config: ObjectStoreConfiguration | None = None) -> None:
        super().__init__(configuration() if config is None else config)
        self.buckets: dict[str, dict[str, Stored]] = {}
        self.calls: list[str] = []
        self.bodies: list[io.BytesIO] = []
        self._versions = itertools.count(1)

    def put_object(self, bucket: str, key: str, body: Source, options: PutOptions) -> ObjectMetadata:
        """Store an object."""
        self.calls.append("put_object")
        objects = self._objects(bucket)
        self._check_conditions(objects.get(key), options)
        content = self._drain(body)
        if options.content_md5 and base64.b64decode(options.content_md5) != hashlib.md5(content).digest():
            raise VendorError("BadDigest", 400)
        self._check_conditions(objects.get(key), options)
        return self._store(bucket, key, content, options, hashlib.md5(content).hexdigest(), options.tags)

    def get_object(self, bucket: str, key: str, options: GetOptions) -> Object:
        """Return an object."""
        self.calls.append("get_object")
        found = self._found(bucket, key, "NoSuchKey")
        self._check_reading(found, options)
        size = len(found.content)
        start = options.offset or 0
        start = max(0, size + start) if start < 0 else start
        if start >= size and options.offset is not None:
            raise VendorError("InvalidRange", 416)
        end = size if options.length is None else min(size, start + options.length)
        body: Any = self._body(found.content[start:end])
        self.bodies.append(body)
        return Object(**_fields(key, found), body=body, content_length=end - start)

    def head_object(self, bucket: str, key: str, options: GetOptions) -> ObjectMetadata:
        """Return what is known of an object; as with HTTP, a 404 does not say what is missing."""
        self.calls.append("head_object")
        found = self._found(bucket, key, "404")
        self._check_reading(found, options)
        return ObjectMetadata(**_fields(key, found))

    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> DeletedObject:
        """Delete an object."""
        self.calls.append("delete_object")
        self._check_match(self._objects(bucket).get(key), options.if_match)
        self._objects(bucket).pop(key, None)
        return DeletedObject(key)

    def list_page(self, bucket: str, prefix: str, options: ListOptions) -> ObjectPage:
        """Return one page; the cursor is the last name in it."""
        self.calls.append("list_page")
        after = options.cursor or options.start_after or ""
        objects = self._objects(bucket)
        names: dict[str, str | None] = {}
        for key in sorted((key for key in objects if key.startswith(prefix)), key=str.encode):
            name, is_prefix = _rolled_up(key, prefix, options.delimiter)
            if name.encode() > after.encode() and not (is_prefix and after.startswith(name)):
                names.setdefault(name, None if is_prefix else key)
        page = list(names)[: options.limit]
        return ObjectPage(
            tuple(ObjectMetadata(**_listed(name, objects[name])) for name in page if names[name] is not None),
            tuple(name for name in page if names[name] is None),
            page[-1] if len(names) > len(page) else None,
        )

    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectMetadata:
        """Copy an object; as S3 does, forget the storage class unless it is named."""
        self.calls.append("copy_object")
        found = self._found(source_bucket, source_key, "NoSuchKey")
        if options.source_etag not in (None, found.etag):
            raise VendorError("PreconditionFailed", 412)
        given = options if options.replace else found.options
        content = {name: getattr(given, name) for name in CONTENT}
        self._check_conditions(self._objects(bucket).get(key), options)
        kept = ContentOptions(**content, storage_class=options.storage_class)
        tags = found.tags if options.tags is None else options.tags
        return self._store(bucket, key, found.content, kept, found.etag, tags)

    def create_bucket(self, bucket: str, options: BucketOptions) -> Bucket:
        """Make a bucket."""
        self.calls.append("create_bucket")
        if bucket in self.buckets:
            raise VendorError("BucketAlreadyExists", 409)
        self.buckets[bucket] = {}
        return Bucket(bucket)

    def delete_bucket(self, bucket: str) -> None:
        """Delete an empty bucket."""
        self.calls.append("delete_bucket")
        if self._objects(bucket):
            raise VendorError("BucketNotEmpty", 409)
        del self.buckets[bucket]

    def list_buckets(self) -> list[Bucket]:
        """Return the buckets, the last made first."""
        self.calls.append("list_buckets")
        return [Bucket(name) for name in reversed(self.buckets)]

    def ping(self) -> None:
        """Answer."""
        self.calls.append("ping")

    def close(self) -> None:
        """Close."""
        self.calls.append("close")

    def classify(self, exc: Exception) -> ObjectStoreError | None:
        """Return one of our errors for a ``VendorError``."""
        if not isinstance(exc, VendorError):
            return None
        return _CLASSES[exc.code](str(exc), code=exc.code, status=exc.status, request_id="REQ1")

    # where subclasses stage their faults

    def _drain(self, body: Source) -> bytes:
        chunks = []
        while chunk := body.read(_BLOCK):
            chunks.append(chunk)
        return b"".join(chunks)

    def _body(self, content: bytes) -> io.BytesIO:
        return io.BytesIO(content)

    def _checksums(self, content: bytes) -> dict[str, str] | None:
        return {"md5": hashlib.md5(content).hexdigest()}

    # inside

    def _objects(self, bucket: str) -> dict[str, Stored]:
        try:
            return self.buckets[bucket]
        except KeyError:
            raise VendorError("NoSuchBucket", 404) from None

    def _found(self, bucket: str, key: str, missing: str) -> Stored:
        if missing == "404" and bucket not in self.buckets:
            raise VendorError("404", 404)
        found = self._objects(bucket).get(key)
        if found is None:
            raise VendorError(missing, 404)
        return found

    def _store(
        self,
        bucket: str,
        key: str,
        content: bytes,
        options: ContentOptions,
        digest: str,
        tags: Mapping[str, str] | None,
    ) -> ObjectMetadata:
        kept = ContentOptions(storage_class=options.storage_class, **{name: getattr(options, name) for name in CONTENT})
        stored = Stored(content, f"{digest}-{next(self._versions)}", kept, self._checksums(content), tags or {})
        self.buckets[bucket][key] = stored
        return ObjectMetadata(key=key, size=len(content), etag=stored.etag, updated_time=datetime.now(UTC))

    @classmethod
    def _check_conditions(cls, found: Stored | None, options: PutOptions | CopyOptions | CompleteOptions) -> None:
        if options.if_none_match is not None and found is not None:
            raise VendorError("PreconditionFailed", 412)
        cls._check_match(found, options.if_match)

    @staticmethod
    def _check_match(found: Stored | None, etag: str | None) -> None:
        if etag is not None and found is None:
            raise VendorError("NoSuchKey", 404)
        if found is not None and etag not in (None, found.etag):
            raise VendorError("PreconditionFailed", 412)

    @staticmethod
    def _check_reading(found: Stored, options: GetOptions) -> None:
        if options.if_match not in (None, found.etag):
            raise VendorError("PreconditionFailed", 412)
        if options.if_none_match in (found.etag, "*"):
            raise VendorError("NotModified", 304)


class StreamClient(DictClient):
    """Takes bodies of unknown size that cannot seek."""

    accepts_streams = True


@dataclass(frozen=True)
class Started:
    """A multipart upload under way."""

    bucket: str
    key: str
    options: PutOptions
    parts: dict[int, bytes]


class PartsClient(DictClient, SupportsMultipart):
    """Takes bodies with a size, and parts."""

    def __init__(self, config: ObjectStoreConfiguration | None = None) -> None:
        super().__init__(config)
        self.uploads: dict[str, Started] = {}
        self.part_sizes: list[int] = []

    def create_multipart_upload(self, bucket: str, key: str, options: PutOptions) -> MultipartUpload:
        """Start an upload."""
        self.calls.append("create_multipart_upload")
        self._objects(bucket)
        upload_id = f"upload-{next(self._versions)}"
        self.uploads[upload_id] = Started(bucket, key, options, {})
        return MultipartUpload(key, bucket, upload_id)

    def upload_part(
        self, bucket: str, key: str, upload_id: str, part_number: int, body: Source, options: PartOptions
    ) -> PartInfo:
        """Store a part."""
        self.calls.append("upload_part")
        self._upload(upload_id)
        content = self._drain(body)
        return self._keep_part(upload_id, part_number, content)

    def upload_part_copy(
        self, bucket: str, key: str, upload_id: str, part_number: int, source: CopySource, options: PartOptions
    ) -> PartInfo:
        """Store a part from another object."""
        self.calls.append("upload_part_copy")
        found = self._found(source.bucket, source.key, "NoSuchKey")
        if source.etag not in (None, found.etag):
            raise VendorError("PreconditionFailed", 412)
        return self._keep_part(upload_id, part_number, found.content[source.offset : source.offset + source.length])

    def list_parts_page(self, bucket: str, key: str, upload_id: str, options: ListOptions) -> PartPage:
        """Return one page; the cursor is the last number in it."""
        self.calls.append("list_parts_page")
        stored = self._upload(upload_id).parts
        parts = [_part(number, stored[number]) for number in sorted(stored) if number > int(options.cursor or 0)]
        page = tuple(parts[: options.limit])
        return PartPage(page, str(page[-1].part_number) if len(parts) > len(page) else None)

    def list_uploads_page(self, bucket: str, prefix: str, options: ListOptions) -> UploadPage:
        """Return one page; the cursor is the number of uploads before it."""
        self.calls.append("list_uploads_page")
        self._objects(bucket)
        uploads = sorted(_matching(self.uploads, bucket, prefix), key=lambda upload: upload.key.encode())
        start = int(options.cursor or 0)
        end = start + options.limit
        return UploadPage(tuple(uploads[start:end]), str(end) if end < len(uploads) else None)

    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: Sequence[PartInfo], options: CompleteOptions
    ) -> ObjectMetadata:
        """Make the object; parts must be named in order, and all but the last hold 5 MiB."""
        self.calls.append("complete_multipart_upload")
        started = self._upload(upload_id)
        stored = started.parts
        numbers = [part.part_number for part in parts]
        if numbers != sorted(set(numbers) & set(stored)) or any(
            hashlib.md5(stored[part.part_number]).hexdigest() != part.etag for part in parts
        ):
            raise VendorError("InvalidPart", 400)
        contents = [stored[number] for number in numbers]
        if not contents or any(len(content) < 5 * MIB for content in contents[:-1]):
            raise VendorError("InvalidPart", 400)
        self._check_conditions(self._objects(bucket).get(key), options)
        self.part_sizes = [len(content) for content in contents]
        del self.uploads[upload_id]
        content, kept = b"".join(contents), started.options
        done = self._store(bucket, key, content, kept, hashlib.md5(content).hexdigest(), kept.tags)
        return replace(done, size=None)

    def abort_multipart_upload(self, bucket: str, key: str, upload_id: str) -> None:
        """Drop an upload."""
        self.calls.append("abort_multipart_upload")
        self._upload(upload_id)
        del self.uploads[upload_id]

    def _upload(self, upload_id: str) -> Started:
        try:
            return self.uploads[upload_id]
        except KeyError:
            raise VendorError("NoSuchUpload", 404) from None

    def _keep_part(self, upload_id: str, part_number: int, content: bytes) -> PartInfo:
        self._upload(upload_id).parts[part_number] = content
        return _part(part_number, content)


class TagsClient(PartsClient, SupportsTags):
    """Takes tags too."""

    def get_tags(self, bucket: str, key: str, version: str | None = None) -> dict[str, str]:
        """Return the tags."""
        self.calls.append("get_tags")
        return dict(self._found(bucket, key, "NoSuchKey").tags)

    def set_tags(self, bucket: str, key: str, tags: Mapping[str, str], version: str | None = None) -> None:
        """Replace the tags."""
        self.calls.append("set_tags")
        self.buckets[bucket][key] = replace(self._found(bucket, key, "NoSuchKey"), tags=dict(tags))

    def delete_tags(self, bucket: str, key: str, version: str | None = None) -> None:
        """Remove the tags."""
        self.calls.append("delete_tags")
        self.buckets[bucket][key] = replace(self._found(bucket, key, "NoSuchKey"), tags={})


def _part(number: int, content: bytes) -> PartInfo:
    return PartInfo(number, hashlib.md5(content).hexdigest(), len(content))


def _matching(uploads: Mapping[str, Started], bucket: str, prefix: str) -> Iterable[MultipartUpload]:
    for upload_id, started in uploads.items():
        if started.bucket == bucket and started.key.startswith(prefix):
            yield MultipartUpload(started.key, bucket, upload_id)


def _fields(key: str, found: Stored) -> dict[str, Any]:
    content = {name: getattr(found.options, name) for name in CONTENT}
    content["metadata"] = content["metadata"] or {}
    return {
        **_listed(key, found),
        **content,
        "storage_class": found.options.storage_class,
        "checksums": found.checksums,
    }


def _listed(key: str, found: Stored) -> dict[str, Any]:
    return {"key": key, "size": len(found.content), "etag": found.etag}


def _rolled_up(key: str, prefix: str, delimiter: str | None) -> tuple[str, bool]:
    at = key.find(delimiter, len(prefix)) if delimiter else -1
    return (key, False) if at < 0 else (key[: at + len(delimiter or "")], True)

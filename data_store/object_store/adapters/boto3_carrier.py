"""Boto3Carrier: what carries objects with boto3; each method is one call and one conversion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from data_store.object_store.adapters.boto3_multipart import Boto3Multipart, in_memory
from data_store.object_store.adapters.boto3_parameters import copy_source, given
from data_store.object_store.adapters.boto3_results import attempts_made, deleted, headers_of, lost_answers, object_page
from data_store.object_store.adapters.s3 import request_headers
from data_store.object_store.adapters.s3.answers import required_etag
from data_store.object_store.adapters.s3.encryption_results import copy_encryption
from data_store.object_store.adapters.s3.headers import read_object, written_metadata
from data_store.object_store.adapters.s3.markers import start_after
from data_store.object_store.adapters.s3.objects import deleted_object
from data_store.object_store.adapters.s3.ranges import check_range
from data_store.object_store.body import Source
from data_store.object_store.errors import ObjectStoreError
from data_store.object_store.models import (
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
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

__all__ = ["Boto3Carrier"]


class Boto3Carrier(Boto3Multipart):
    """The object operations of one server, through the public API of boto3; see ``Carrier``."""

    def put_object(self, bucket: str, key: str, body: Source, options: PutOptions) -> ObjectMetadata:
        """PutObject."""
        digest = None if options.checksum is None else body.digest(options.checksum).hex()
        sent = self._parameters.of("PutObject", request_headers.put_headers(options, digest))
        answer = self._client.put_object(Bucket=bucket, Key=key, Body=in_memory(body), **sent)
        return written_metadata(bucket, key, headers_of(answer), body.size, required_etag(answer.get("ETag")))

    def lost_answers(self, error: Exception) -> bool:
        """See ``Carrier``."""
        return isinstance(error, ClientError) and lost_answers(error.response)

    def get_object(self, bucket: str, key: str, options: GetOptions) -> Object:
        """GetObject; the body is read from the connection."""
        headers = request_headers.read_headers(options) | request_headers.range_header(options)
        sent = self._parameters.of("GetObject", headers) | given(VersionId=options.version)
        sent.pop("ChecksumMode", None)  # Clients asks
        answer = self._clients.of(options.attempts).get_object(Bucket=bucket, Key=key, **sent)
        return _object(bucket, key, options, answer)

    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> DeletedObject:
        """DeleteObject."""
        sent = self._parameters.of("DeleteObject", request_headers.delete_headers(options))
        sent |= given(VersionId=options.version)
        answer = self._client.delete_object(Bucket=bucket, Key=key, **sent)
        return deleted_object(key, options.version, headers_of(answer))

    def delete_objects(
        self, bucket: str, objects: Sequence[ObjectIdentifier], *, bypass_governance: bool = False
    ) -> dict[ObjectIdentifier, DeletedObject]:
        """DeleteObjects: what the answer tells of each; MinIO drops an outcome where it refuses another key."""
        listed = [_identifier(each) for each in objects]
        sent = self._parameters.of("DeleteObjects", request_headers.bypass_header(bypass_governance))
        answer = self._client.delete_objects(Bucket=bucket, Delete={"Objects": listed}, **sent)
        return deleted(answer, objects)

    def list_page(self, bucket: str, prefix: str, options: ListOptions) -> ObjectPage:
        """ListObjectsV2; botocore asks for keys in URL encoding and decodes them."""
        answer = self._client.list_objects_v2(
            Bucket=bucket,
            Prefix=prefix,
            MaxKeys=options.limit,
            **given(
                Delimiter=options.delimiter,
                ContinuationToken=options.cursor,
                StartAfter=start_after(prefix, options),
            ),
        )
        return object_page(answer, prefix)

    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectMetadata:
        """CopyObject."""
        headers = request_headers.copy_headers(source_bucket, source_key, options)
        source = copy_source(source_bucket, source_key, options.source_version)
        sent = self._parameters.of("CopyObject", headers)
        answer = self._client.copy_object(Bucket=bucket, Key=key, CopySource=source, **sent)
        etag = required_etag(answer.get("CopyObjectResult", {}).get("ETag"))
        copied = written_metadata(bucket, key, headers_of(answer), None, etag)
        return copy_encryption(copied, options, partial(self.head_object, bucket, key))


def _identifier(each: ObjectIdentifier) -> ObjectIdentifierTypeDef:
    return {"Key": each.key} if each.version_id is None else {"Key": each.key, "VersionId": each.version_id}


class _Body:
    """The body of a GET as a raw stream."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        self._body = answer["Body"]
        self.attempts = attempts_made(answer)

    def read(self, size: int, /) -> bytes:
        """Return at most ``size`` bytes."""
        chunk: bytes = self._body.read(size)
        return chunk

    def close(self) -> None:
        """Give the connection back; an unfinished one is closed."""
        self._body.close()


def _object(bucket: str, key: str, options: GetOptions, answer: Mapping[str, Any]) -> Object:
    headers, body = headers_of(answer), _Body(answer)
    try:
        check_range(options, answer["ResponseMetadata"]["HTTPStatusCode"], headers)
    except ObjectStoreError:
        body.close()
        raise
    return read_object(bucket, key, headers, body)

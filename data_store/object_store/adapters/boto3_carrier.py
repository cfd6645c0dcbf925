"""Boto3Carrier: what carries objects of framework ``boto3``: the S3 core, but for what only boto3 does well enough."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from data_store.object_store.adapters.boto3_multipart import Boto3Multipart
from data_store.object_store.adapters.boto3_parameters import copy_source
from data_store.object_store.adapters.boto3_results import deleted, headers_of
from data_store.object_store.adapters.s3 import request_headers
from data_store.object_store.adapters.s3.answers import required_etag
from data_store.object_store.adapters.s3.encryption_results import copy_encryption
from data_store.object_store.adapters.s3.headers import written_metadata
from data_store.object_store.models import CopyOptions, DeletedObject, ObjectIdentifier, ObjectMetadata

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

__all__ = ["Boto3Carrier"]


class Boto3Carrier(Boto3Multipart):
    """The object operations of one server: copies and DeleteObjects through the public API of boto3."""

    def delete_objects(
        self, bucket: str, objects: Sequence[ObjectIdentifier], *, bypass_governance: bool = False
    ) -> dict[ObjectIdentifier, DeletedObject]:
        """DeleteObjects: what the answer tells of each; MinIO drops an outcome where it refuses another key."""
        listed = [_identifier(each) for each in objects]
        sent = self._parameters.of("DeleteObjects", request_headers.bypass_header(bypass_governance))
        answer = self._client.delete_objects(Bucket=bucket, Delete={"Objects": listed}, **sent)
        return deleted(answer, objects)

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

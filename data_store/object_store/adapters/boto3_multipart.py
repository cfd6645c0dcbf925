"""Boto3Multipart: multipart uploads with boto3."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from data_store.object_store.adapters.boto3_parameters import Parameters, copy_source
from data_store.object_store.adapters.boto3_results import attempts_made, headers_of
from data_store.object_store.adapters.s3 import request_headers
from data_store.object_store.adapters.s3.answers import required, required_etag
from data_store.object_store.adapters.s3.api import S3Api
from data_store.object_store.adapters.s3.carrier import Answered
from data_store.object_store.adapters.s3.checksum_headers import from_wire, to_wire
from data_store.object_store.adapters.s3.completion import Completion
from data_store.object_store.adapters.s3.encryption import encryption_told
from data_store.object_store.adapters.s3.exchange import Exchange
from data_store.object_store.models import (
    CompleteOptions,
    CopySource,
    MultipartUpload,
    ObjectMetadata,
    PartInfo,
    PartOptions,
    PutOptions,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef, CompleteMultipartUploadOutputTypeDef

__all__ = ["Boto3Multipart"]

_CHECKSUMS = {"crc32c": "ChecksumCRC32C", "crc64nvme": "ChecksumCRC64NVME", "sha256": "ChecksumSHA256"}


class Boto3Multipart(S3Api):
    """The multipart uploads of one server: all but their parts through the public API of boto3.

    Args:
        exchange: sends what the S3 core carries.
        client: gives what sends the rest.
    """

    def __init__(self, exchange: Exchange, client: Callable[[], S3Client]) -> None:
        super().__init__(exchange)
        self._ask = client
        self._parameters = Parameters(lambda: client().meta.service_model)

    @property
    def _client(self) -> S3Client:
        return self._ask()

    def create_multipart_upload(self, bucket: str, key: str, options: PutOptions) -> Answered[MultipartUpload]:
        """CreateMultipartUpload."""
        sent = self._parameters.of("CreateMultipartUpload", request_headers.upload_headers(options))
        answer = self._client.create_multipart_upload(Bucket=bucket, Key=key, **sent)
        upload_id = required(answer.get("UploadId"), "UploadId")
        return Answered(MultipartUpload(key, bucket, upload_id), encryption_told(headers_of(answer)))

    def upload_part_copy(
        self, bucket: str, key: str, upload_id: str, part_number: int, source: CopySource, options: PartOptions
    ) -> Answered[PartInfo]:
        """UploadPartCopy."""
        sent = self._parameters.of("UploadPartCopy", request_headers.part_copy_headers(source, options))
        answer = self._client.upload_part_copy(
            Bucket=bucket,
            Key=key,
            UploadId=upload_id,
            PartNumber=part_number,
            CopySource=copy_source(source.bucket, source.key, source.version),
            **sent,
        )
        result = answer.get("CopyPartResult", {})
        part = PartInfo(part_number, required_etag(result.get("ETag")), source.length, checksums=_told(result) or None)
        return Answered(part, encryption_told(headers_of(answer)))

    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: Sequence[PartInfo], options: CompleteOptions
    ) -> ObjectMetadata:
        """CompleteMultipartUpload; one that was made by a request whose answer was lost is a success."""
        head, under_way = partial(self.head_object, bucket, key), partial(self._is_under_way, bucket, key, upload_id)
        completion = Completion(bucket, key, parts, options, head, under_way)
        try:
            answer = self._complete_by_boto3(bucket, key, upload_id, parts, options)
        except ClientError as error:
            retried = attempts_made(error.response) > 1
            made = completion.failed(error.response["Error"].get("Code"), retried=retried)
            if made is None:
                raise
            return made
        return completion.succeeded(headers_of(answer), answer.get("ETag"), _told(answer))

    def abort_multipart_upload(self, bucket: str, key: str, upload_id: str) -> None:
        """AbortMultipartUpload."""
        self._client.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload_id)

    def _complete_by_boto3(
        self, bucket: str, key: str, upload_id: str, parts: Sequence[PartInfo], options: CompleteOptions
    ) -> CompleteMultipartUploadOutputTypeDef:
        listed = sorted(parts, key=lambda part: part.part_number)
        return self._client.complete_multipart_upload(
            Bucket=bucket,
            Key=key,
            UploadId=upload_id,
            MultipartUpload={"Parts": [_completed(part) for part in listed]},
            **self._parameters.of("CompleteMultipartUpload", request_headers.complete_headers(options)),
        )


def _completed(part: PartInfo) -> CompletedPartTypeDef:
    told = part.checksums or {}
    digests = {name: to_wire(told[kind]) for kind, name in _CHECKSUMS.items() if kind in told}
    return cast("CompletedPartTypeDef", {"PartNumber": part.part_number, "ETag": part.etag, **digests})


def _told(answer: Mapping[str, Any]) -> dict[str, str]:
    """Return the digests of the whole content that an answer holds."""
    found = {algorithm: from_wire(answer.get(name) or "") for algorithm, name in _CHECKSUMS.items()}
    return {algorithm: digest for algorithm, digest in found.items() if digest}

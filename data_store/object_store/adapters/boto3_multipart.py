"""Boto3Multipart: multipart uploads with boto3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import IO, TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from data_store.object_store.adapters.boto3_connection import Clients
from data_store.object_store.adapters.boto3_parameters import Parameters, copy_source, given
from data_store.object_store.adapters.boto3_results import attempts_made, headers_of
from data_store.object_store.adapters.s3 import request_headers
from data_store.object_store.adapters.s3.answers import required, required_etag
from data_store.object_store.adapters.s3.carrier import Answered
from data_store.object_store.adapters.s3.checksum_headers import from_wire, to_wire
from data_store.object_store.adapters.s3.completion import NO_UPLOAD, Completion
from data_store.object_store.adapters.s3.encryption import encryption_told
from data_store.object_store.adapters.s3.headers import object_metadata, part_info
from data_store.object_store.body import Source
from data_store.object_store.models import (
    CompleteOptions,
    CopySource,
    GetOptions,
    MultipartUpload,
    ObjectMetadata,
    PartInfo,
    PartOptions,
    PutOptions,
)

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef, CompleteMultipartUploadOutputTypeDef

__all__ = ["Boto3Multipart", "in_memory"]

_IN_MEMORY = 1024 * 1024
_CHECKSUMS = {"crc32c": "ChecksumCRC32C", "crc64nvme": "ChecksumCRC64NVME", "sha256": "ChecksumSHA256"}


class Boto3Multipart:
    """The multipart uploads of one server, through the public API of boto3.

    Args:
        clients: the boto3 clients.
    """

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._client = clients.usual
        self._parameters = Parameters(self._client.meta.service_model)

    def create_multipart_upload(self, bucket: str, key: str, options: PutOptions) -> Answered[MultipartUpload]:
        """CreateMultipartUpload."""
        sent = self._parameters.of("CreateMultipartUpload", request_headers.upload_headers(options))
        answer = self._client.create_multipart_upload(Bucket=bucket, Key=key, **sent)
        upload_id = required(answer.get("UploadId"), "UploadId")
        return Answered(MultipartUpload(key, bucket, upload_id), encryption_told(headers_of(answer)))

    def upload_part(
        self, bucket: str, key: str, upload_id: str, part_number: int, body: Source, options: PartOptions
    ) -> Answered[PartInfo]:
        """UploadPart."""
        digest = None if options.checksum is None else body.digest(options.checksum).hex()
        sent = self._parameters.of("UploadPart", request_headers.part_headers(options, digest))
        answer = self._client.upload_part(
            Bucket=bucket, Key=key, UploadId=upload_id, PartNumber=part_number, Body=in_memory(body), **sent
        )
        headers = headers_of(answer)
        return Answered(part_info(part_number, body.size, answer.get("ETag"), headers), encryption_told(headers))

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
            answer = self._complete(bucket, key, upload_id, parts, options)
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

    def head_object(self, bucket: str, key: str, options: GetOptions) -> ObjectMetadata:
        """HeadObject."""
        sent = self._parameters.of("HeadObject", request_headers.read_headers(options))
        sent |= given(VersionId=options.version)
        answer = self._clients.of(options.attempts).head_object(Bucket=bucket, Key=key, **sent)
        return object_metadata(bucket, key, headers_of(answer))

    def _complete(
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

    def _is_under_way(self, bucket: str, key: str, upload_id: str) -> bool:
        try:
            self._client.list_parts(Bucket=bucket, Key=key, UploadId=upload_id, MaxParts=1)
        except ClientError as error:
            if error.response["Error"].get("Code") in NO_UPLOAD:
                return False
            raise
        return True


def in_memory(source: Source) -> IO[bytes] | bytes:
    """Return a small body as bytes, which saves reading it twice and waiting for ``100 Continue``."""
    return source.read() if (source.size or 0) <= _IN_MEMORY else cast(IO[bytes], source)


def _completed(part: PartInfo) -> CompletedPartTypeDef:
    told = part.checksums or {}
    digests = {name: to_wire(told[kind]) for kind, name in _CHECKSUMS.items() if kind in told}
    return cast("CompletedPartTypeDef", {"PartNumber": part.part_number, "ETag": part.etag, **digests})


def _told(answer: Mapping[str, Any]) -> dict[str, str]:
    """Return the digests of the whole content that an answer holds."""
    found = {algorithm: from_wire(answer.get(name) or "") for algorithm, name in _CHECKSUMS.items()}
    return {algorithm: digest for algorithm, digest in found.items() if digest}

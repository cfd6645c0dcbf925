"""The actions on multipart uploads (S3 API reference, one method per action)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from xml.etree.ElementTree import Element

from data_store.object_store.adapters.s3 import headers, request_headers
from data_store.object_store.adapters.s3.answer import Answer
from data_store.object_store.adapters.s3.answers import required, required_etag
from data_store.object_store.adapters.s3.carrier import Answered
from data_store.object_store.adapters.s3.checksum_headers import told_in
from data_store.object_store.adapters.s3.completion import NO_UPLOAD, Completion
from data_store.object_store.adapters.s3.encryption import encryption_told
from data_store.object_store.adapters.s3.exchange import AnswerError, Request, xml_answer
from data_store.object_store.adapters.s3.objects import ObjectActions
from data_store.object_store.adapters.s3.xml_uploads import (
    complete_request,
    part_page,
    part_query,
    upload_page,
    upload_query,
)
from data_store.object_store.body import Source
from data_store.object_store.errors import UploadNotFound
from data_store.object_store.models import (
    CompleteOptions,
    CopySource,
    ListOptions,
    MultipartUpload,
    ObjectMetadata,
    PartInfo,
    PartOptions,
    PartPage,
    PutOptions,
    UploadPage,
)

__all__ = ["MultipartActions"]


class MultipartActions(ObjectActions):
    """The actions on multipart uploads of one server."""

    def create_multipart_upload(self, bucket: str, key: str, options: PutOptions) -> Answered[MultipartUpload]:
        """CreateMultipartUpload. Repeated after a lost answer it leaves an empty upload without parts behind."""
        sent = request_headers.upload_headers(options)
        answer = self._exchange.send(
            Request(method="POST", bucket=bucket, key=key, query={"uploads": ""}, headers=sent)
        )
        root = xml_answer(answer, "InitiateMultipartUploadResult")
        upload_id = required(root.findtext("UploadId"), "UploadId")
        return Answered(MultipartUpload(key, bucket, upload_id), encryption_told(answer.headers))

    def upload_part(
        self, bucket: str, key: str, upload_id: str, part_number: int, body: Source, options: PartOptions
    ) -> Answered[PartInfo]:
        """UploadPart."""
        digest = None if options.checksum is None else body.digest(options.checksum).hex()
        query, sent = _part_query(upload_id, part_number), request_headers.part_headers(options, digest)
        answer = self._exchange.send(
            Request(method="PUT", bucket=bucket, key=key, query=query, headers=sent, body=body)
        )
        part = headers.part_info(part_number, body.size, answer.headers.get("ETag"), answer.headers)
        return Answered(part, encryption_told(answer.headers))

    def upload_part_copy(
        self, bucket: str, key: str, upload_id: str, part_number: int, source: CopySource, options: PartOptions
    ) -> Answered[PartInfo]:
        """UploadPartCopy."""
        query, sent = _part_query(upload_id, part_number), request_headers.part_copy_headers(source, options)
        answer = self._exchange.send(Request(method="PUT", bucket=bucket, key=key, query=query, headers=sent))
        root = xml_answer(answer, "CopyPartResult")
        etag = required_etag(root.findtext("ETag"))
        part = PartInfo(part_number, etag, source.length, checksums=told_in(root) or None)
        return Answered(part, encryption_told(answer.headers))

    def list_parts_page(self, bucket: str, key: str, upload_id: str, options: ListOptions) -> PartPage:
        """ListParts, one page. To Ceph an unknown upload is a missing key."""
        try:
            return self._list_parts(bucket, key, upload_id, options)
        except AnswerError as error:
            if error.code == "NoSuchKey":
                raise _upload_not_found(error) from error
            raise

    def list_uploads_page(self, bucket: str, prefix: str, options: ListOptions, *, encoded: bool = False) -> UploadPage:
        """ListMultipartUploads, one page."""
        query = upload_query(prefix, options, encoded=encoded)
        answer = self._exchange.send(Request(method="GET", bucket=bucket, query=query))
        return upload_page(xml_answer(answer, "ListMultipartUploadsResult"), bucket, prefix)

    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: Sequence[PartInfo], options: CompleteOptions
    ) -> ObjectMetadata:
        """CompleteMultipartUpload; one that was made by a request whose answer was lost is a success."""
        head, under_way = partial(self.head_object, bucket, key), partial(self._is_under_way, bucket, key, upload_id)
        completion = Completion(bucket, key, parts, options, head, under_way)
        try:
            answer, root = self._complete(bucket, key, upload_id, parts, options)
        except AnswerError as error:
            made = completion.failed(error.code, retried=error.retried)
            if made is None:
                raise
            return made
        return completion.succeeded(answer.headers, root.findtext("ETag"), told_in(root))

    def abort_multipart_upload(self, bucket: str, key: str, upload_id: str) -> None:
        """AbortMultipartUpload."""
        self._exchange.send(Request(method="DELETE", bucket=bucket, key=key, query={"uploadId": upload_id}))

    def _complete(
        self, bucket: str, key: str, upload_id: str, parts: Sequence[PartInfo], options: CompleteOptions
    ) -> tuple[Answer, Element]:
        sent, query = request_headers.complete_headers(options), {"uploadId": upload_id}
        answer = self._exchange.send(
            Request(method="POST", bucket=bucket, key=key, query=query, headers=sent, body=complete_request(parts))
        )
        try:
            return answer, xml_answer(answer, "CompleteMultipartUploadResult")
        except AnswerError as error:
            error.retried = answer.was_retried
            raise

    def _is_under_way(self, bucket: str, key: str, upload_id: str) -> bool:
        try:
            self._list_parts(bucket, key, upload_id, ListOptions(limit=1))
        except AnswerError as error:
            if error.code in NO_UPLOAD:
                return False
            raise
        return True

    def _list_parts(self, bucket: str, key: str, upload_id: str, options: ListOptions) -> PartPage:
        query = part_query(upload_id, options)
        answer = self._exchange.send(Request(method="GET", bucket=bucket, key=key, query=query))
        return part_page(xml_answer(answer, "ListPartsResult"))


def _part_query(upload_id: str, part_number: int) -> dict[str, str]:
    return {"partNumber": str(part_number), "uploadId": upload_id}


def _upload_not_found(error: AnswerError) -> UploadNotFound:
    told = error.translated
    return UploadNotFound(told.reason, code=told.code, status=told.status, request_id=told.request_id)

"""The actions on multipart uploads (S3 API reference, one method per action)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from data_store.object_store.adapters.s3 import etags, headers, request_headers, xml
from data_store.object_store.adapters.s3.answers import required, required_etag
from data_store.object_store.adapters.s3.checksum_headers import told_in
from data_store.object_store.adapters.s3.completion import made_before
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

    def create_multipart_upload(self, bucket: str, key: str, options: PutOptions) -> MultipartUpload:
        """CreateMultipartUpload. Repeated after a lost answer it leaves an empty upload without parts behind."""
        sent = request_headers.upload_headers(options)
        answer = self._exchange.send(
            Request(method="POST", bucket=bucket, key=key, query={"uploads": ""}, headers=sent)
        )
        upload_id = xml_answer(answer, "InitiateMultipartUploadResult").findtext("UploadId")
        return MultipartUpload(key, bucket, required(upload_id, "UploadId"))

    def upload_part(
        self, bucket: str, key: str, upload_id: str, part_number: int, body: Source, options: PartOptions
    ) -> PartInfo:
        """UploadPart."""
        digest = None if options.checksum is None else body.digest(options.checksum).hex()
        query, sent = _part_query(upload_id, part_number), request_headers.part_headers(options, digest)
        answer = self._exchange.send(
            Request(method="PUT", bucket=bucket, key=key, query=query, headers=sent, body=body)
        )
        part = headers.part_info(part_number, body.size, answer.headers.get("ETag"), answer.headers)
        if options.checksum is None or digest is None:
            return part
        return replace(part, checksums={**(part.checksums or {}), options.checksum: digest})

    def upload_part_copy(
        self, bucket: str, key: str, upload_id: str, part_number: int, source: CopySource, options: PartOptions
    ) -> PartInfo:
        """UploadPartCopy."""
        query, sent = _part_query(upload_id, part_number), request_headers.part_copy_headers(source, options)
        answer = self._exchange.send(Request(method="PUT", bucket=bucket, key=key, query=query, headers=sent))
        root = xml_answer(answer, "CopyPartResult")
        etag = required_etag(root.findtext("ETag"))
        return PartInfo(part_number, etag, source.length, checksums=told_in(root) or None)

    def list_parts_page(self, bucket: str, key: str, upload_id: str, options: ListOptions) -> PartPage:
        """ListParts, one page. To Ceph an unknown upload is a missing key."""
        query = part_query(upload_id, options)
        try:
            answer = self._exchange.send(Request(method="GET", bucket=bucket, key=key, query=query))
        except AnswerError as error:
            if error.code == "NoSuchKey":
                raise _upload_not_found(error) from error
            raise
        return part_page(xml_answer(answer, "ListPartsResult"))

    def list_uploads_page(self, bucket: str, prefix: str, options: ListOptions, *, encoded: bool = False) -> UploadPage:
        """ListMultipartUploads, one page."""
        query = upload_query(prefix, options, encoded=encoded)
        answer = self._exchange.send(Request(method="GET", bucket=bucket, query=query))
        return upload_page(xml_answer(answer, "ListMultipartUploadsResult"), bucket, prefix)

    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: Sequence[PartInfo], options: CompleteOptions
    ) -> ObjectMetadata:
        """CompleteMultipartUpload.

        A repeated one whose first answer was lost is told that there is no such upload (``made_before``).
        """
        sent = request_headers.complete_headers(options)
        request = Request(
            method="POST",
            bucket=bucket,
            key=key,
            query={"uploadId": upload_id},
            headers=sent,
            body=complete_request(parts),
        )
        try:
            answer = self._exchange.send(request)
        except AnswerError as error:
            found = made_before(
                lambda read: self.head_object(bucket, key, read), parts, options, error.code, retried=error.retried
            )
            if found is not None:
                return found
            if error.code == "InternalError":
                self.list_parts_page(bucket, key, upload_id, ListOptions(limit=1))  # which says that there is none
            raise
        root = xml_answer(answer, "CompleteMultipartUploadResult")
        etag = etags.bare(xml.text(root, "ETag")) or etags.multipart_etag(parts)  # Ceph 16 may leave it empty
        made = headers.written_metadata(bucket, key, answer.headers, _total(parts), etag)
        return replace(made, checksums={**(made.checksums or {}), **told_in(root)} or None)

    def abort_multipart_upload(self, bucket: str, key: str, upload_id: str) -> None:
        """AbortMultipartUpload."""
        self._exchange.send(Request(method="DELETE", bucket=bucket, key=key, query={"uploadId": upload_id}))


def _part_query(upload_id: str, part_number: int) -> dict[str, str]:
    return {"partNumber": str(part_number), "uploadId": upload_id}


def _upload_not_found(error: AnswerError) -> UploadNotFound:
    told = error.translated
    return UploadNotFound(told.reason, code=told.code, status=told.status, request_id=told.request_id)


def _total(parts: Sequence[PartInfo]) -> int | None:
    sizes = [part.size for part in parts]
    return None if None in sizes else sum(size for size in sizes if size is not None)

"""The object operations of the S3 API, keys exactly as they are (S3 API reference, one method per action).

Every method is one exchange and one conversion. It raises ``AnswerError`` for an error answer, ``InvalidAnswer`` for an
answer that is none, and what urllib3 raises for a connection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.etree.ElementTree import Element

from urllib3 import BaseHTTPResponse

from data_store.object_store.adapters.s3 import errors, etags, headers, xml
from data_store.object_store.adapters.s3.answers import required, required_etag
from data_store.object_store.adapters.s3.exchange import (
    AnswerError,
    Exchange,
    Request,
    content_md5,
    drop,
    xml_answer,
)
from data_store.object_store.adapters.s3.ranges import check_range
from data_store.object_store.adapters.s3.sigv4 import encode_path
from data_store.object_store.adapters.s3.transport import attempts_made
from data_store.object_store.body import Source
from data_store.object_store.errors import ObjectStoreError
from data_store.object_store.models import (
    CopyOptions,
    CopySource,
    DeletedObject,
    GetOptions,
    ListOptions,
    MultipartUpload,
    Object,
    ObjectMetadata,
    ObjectPage,
    PartInfo,
    PutOptions,
)

__all__ = ["S3Api"]


class S3Api:
    """The object operations of one server.

    Args:
        exchange: sends the requests.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def put_object(self, bucket: str, key: str, body: Source, options: PutOptions) -> ObjectMetadata:
        """PutObject. A conditional one that had to be repeated may be refused because of its own first attempt."""
        conditions = {
            "If-Match": options.if_match,
            "If-None-Match": options.if_none_match,
            "Content-MD5": options.content_md5,
        }
        sent = headers.content_headers(options) | _given(conditions)
        answer = self._exchange.send(Request(method="PUT", bucket=bucket, key=key, headers=sent, body=body))
        etag = required_etag(answer.headers.get("ETag"))
        return headers.written_metadata(bucket, key, answer.headers, body.size, etag)

    def get_object(self, bucket: str, key: str, options: GetOptions) -> Object:
        """GetObject; the body is read from the connection."""
        sent = headers.read_headers(options) | headers.range_header(options)
        answer = self._exchange.send(
            Request(method="GET", bucket=bucket, key=key, headers=sent, stream=True, attempts=options.attempts)
        )
        body = _Body(answer)
        try:
            check_range(options, answer.status, answer.headers)
        except ObjectStoreError:
            body.close()
            raise
        return headers.read_object(bucket, key, answer.headers, body)

    def head_object(self, bucket: str, key: str, options: GetOptions) -> ObjectMetadata:
        """HeadObject."""
        sent = headers.read_headers(options)
        answer = self._exchange.send(
            Request(method="HEAD", bucket=bucket, key=key, headers=sent, attempts=options.attempts)
        )
        return headers.object_metadata(bucket, key, answer.headers)

    def delete_object(self, bucket: str, key: str) -> DeletedObject:
        """DeleteObject; a missing key is a success."""
        answer = self._exchange.send(Request(method="DELETE", bucket=bucket, key=key))
        return DeletedObject(key, version_id=headers.version_id(answer.headers))

    def delete_objects(self, bucket: str, keys: Sequence[str]) -> dict[str, DeletedObject]:
        """DeleteObjects, 1 to 1,000 keys that fit into XML: what the answer tells of each.

        A key may be missing there: some servers do not name every key as it was.
        """
        body = xml.delete_request(keys)
        sent = {"Content-MD5": content_md5(body), "Content-Type": "application/xml"}
        answer = self._exchange.send(
            Request(method="POST", bucket=bucket, query={"delete": ""}, headers=sent, body=body)
        )
        outcomes = (_deleted(element) for element in xml_answer(answer, "DeleteResult"))
        return {outcome.key: outcome for outcome in outcomes}

    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectMetadata:
        """CopyObject, up to 5 GiB. The answer does not say the size."""
        sent = _copy_source(source_bucket, source_key, options.source_etag) | {
            "x-amz-metadata-directive": "REPLACE" if options.replace else "COPY"
        }
        sent |= headers.content_headers(options) if options.replace else headers.storage_class_header(options)
        answer = self._exchange.send(Request(method="PUT", bucket=bucket, key=key, headers=sent))
        etag = required_etag(xml_answer(answer, "CopyObjectResult").findtext("ETag"))
        return headers.written_metadata(bucket, key, answer.headers, None, etag)

    def list_page(self, bucket: str, prefix: str, options: ListOptions) -> ObjectPage:
        """ListObjectsV2, one page."""
        query = {
            "list-type": "2",
            "encoding-type": "url",
            "max-keys": str(options.limit),
            "prefix": prefix,
            "delimiter": options.delimiter,
            "continuation-token": options.cursor,
            "start-after": None if options.cursor else options.start_after,
        }
        answer = self._exchange.send(Request(method="GET", bucket=bucket, query=_given(query)))
        return xml.object_page(xml_answer(answer, "ListBucketResult"), prefix)

    def create_multipart_upload(self, bucket: str, key: str, options: PutOptions) -> MultipartUpload:
        """CreateMultipartUpload. Repeated after a lost answer it leaves an empty upload without parts behind."""
        sent = headers.content_headers(options)
        answer = self._exchange.send(
            Request(method="POST", bucket=bucket, key=key, query={"uploads": ""}, headers=sent)
        )
        upload_id = xml_answer(answer, "InitiateMultipartUploadResult").findtext("UploadId")
        return MultipartUpload(key, bucket, required(upload_id, "UploadId"))

    def upload_part(self, bucket: str, key: str, upload_id: str, part_number: int, body: Source) -> PartInfo:
        """UploadPart."""
        query = {"partNumber": str(part_number), "uploadId": upload_id}
        answer = self._exchange.send(Request(method="PUT", bucket=bucket, key=key, query=query, body=body))
        return PartInfo(part_number, required_etag(answer.headers.get("ETag")), body.size)

    def upload_part_copy(self, bucket: str, key: str, upload_id: str, part_number: int, source: CopySource) -> PartInfo:
        """UploadPartCopy."""
        query = {"partNumber": str(part_number), "uploadId": upload_id}
        span = {"x-amz-copy-source-range": f"bytes={source.offset}-{source.offset + source.length - 1}"}
        sent = _copy_source(source.bucket, source.key, source.etag) | span
        answer = self._exchange.send(Request(method="PUT", bucket=bucket, key=key, query=query, headers=sent))
        etag = required_etag(xml_answer(answer, "CopyPartResult").findtext("ETag"))
        return PartInfo(part_number, etag, source.length)

    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: Sequence[PartInfo]
    ) -> ObjectMetadata:
        """CompleteMultipartUpload.

        A repeated one whose first answer was lost is told that there is no such upload. It succeeded if the object now
        has the ETag that these parts make.
        """
        body = xml.complete_request(parts)
        request = Request(method="POST", bucket=bucket, key=key, query={"uploadId": upload_id}, body=body)
        try:
            answer = self._exchange.send(request)
        except AnswerError as error:
            if error.code != "NoSuchUpload" or not error.retried:
                raise
            return self._completed_before(bucket, key, parts, error)
        told = etags.bare(xml.text(xml_answer(answer, "CompleteMultipartUploadResult"), "ETag"))
        etag = told or etags.multipart_etag(parts)  # Ceph 16 may leave it empty
        return headers.written_metadata(bucket, key, answer.headers, _total(parts), etag)

    def abort_multipart_upload(self, bucket: str, key: str, upload_id: str) -> None:
        """AbortMultipartUpload."""
        self._exchange.send(Request(method="DELETE", bucket=bucket, key=key, query={"uploadId": upload_id}))

    def ping(self) -> None:
        """ListBuckets. Credentials that are good, but may not list, have been answered too."""
        try:
            xml_answer(self._exchange.send(Request(method="GET")), "ListAllMyBucketsResult")
        except AnswerError as error:
            if not errors.are_good_credentials(error.code, error.server):
                raise

    def _completed_before(self, bucket: str, key: str, parts: Sequence[PartInfo], error: AnswerError) -> ObjectMetadata:
        found = self.head_object(bucket, key, GetOptions())
        if found.etag is None or found.etag != etags.multipart_etag(parts):
            raise error
        return found


class _Body:
    """The body of a GET as a raw stream."""

    def __init__(self, answer: BaseHTTPResponse) -> None:
        self._answer = answer
        self.attempts = attempts_made(answer)

    def read(self, size: int, /) -> bytes:
        """Return at most ``size`` bytes."""
        return self._answer.read(size, decode_content=False)

    def close(self) -> None:
        """Give the connection back; an unfinished one is closed."""
        drop(self._answer)


def _deleted(element: Element) -> DeletedObject:
    key = element.findtext("Key") or ""
    if element.tag == "Error":
        code, message = xml.text(element, "Code"), xml.text(element, "Message") or ""
        return DeletedObject(key, error=errors.from_answer(code, None, message, None))
    marker = xml.text(element, "DeleteMarkerVersionId")
    return DeletedObject(key, version_id=marker or xml.text(element, "VersionId"))


def _copy_source(bucket: str, key: str, etag: str | None) -> dict[str, str]:
    source = f"{bucket}/object/{key}" if bucket.startswith("arn:") else f"/{bucket}/{key}"
    return {"x-amz-copy-source": encode_path(source), **_given({"x-amz-copy-source-if-match": etag})}


def _given(values: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in values.items() if value is not None}


def _total(parts: Sequence[PartInfo]) -> int | None:
    sizes = [part.size for part in parts]
    return None if None in sizes else sum(size for size in sizes if size is not None)

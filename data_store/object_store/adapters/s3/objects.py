"""The actions on one object, and DeleteObjects, keys exactly as they are (S3 API reference, one method per action)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from xml.etree.ElementTree import Element

from data_store.object_store.adapters.s3 import errors, headers, request_headers, xml
from data_store.object_store.adapters.s3.answers import deletion, required_etag, settle
from data_store.object_store.adapters.s3.encryption_results import copy_encryption
from data_store.object_store.adapters.s3.exchange import AnswerError, Exchange, Request, xml_answer
from data_store.object_store.adapters.s3.integrity import content_md5
from data_store.object_store.adapters.s3.ranges import check_range
from data_store.object_store.body import Source
from data_store.object_store.errors import NotFound, ObjectStoreError
from data_store.object_store.models import (
    CopyOptions,
    DeletedObject,
    DeleteOptions,
    GetOptions,
    Object,
    ObjectIdentifier,
    ObjectMetadata,
    PutOptions,
)

__all__ = ["ObjectActions", "deleted_object", "version_query"]

_NO_SUCH_VERSION = frozenset({"InvalidArgument"})  # what an ill-formed id is to MinIO and versitygw


class ObjectActions:
    """The actions on objects of one server.

    Args:
        exchange: sends the requests.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def put_object(self, bucket: str, key: str, body: Source, options: PutOptions) -> ObjectMetadata:
        """PutObject. A conditional one that had to be repeated may be refused because of its own first attempt."""
        digest = None if options.checksum is None else body.digest(options.checksum).hex()
        sent = request_headers.put_headers(options, digest)
        answer = self._exchange.send(Request(method="PUT", bucket=bucket, key=key, headers=sent, body=body))
        etag = required_etag(answer.headers.get("ETag"))
        return headers.written_metadata(bucket, key, answer.headers, body.size, etag)

    def lost_answers(self, error: Exception) -> bool:
        """See ``Carrier``."""
        return isinstance(error, AnswerError) and error.answer_lost

    def get_object(self, bucket: str, key: str, options: GetOptions) -> Object:
        """GetObject; the body is read from the connection."""
        sent = request_headers.read_headers(options) | request_headers.range_header(options)
        query, attempts = version_query(options.version), options.attempts
        answer = self._exchange.send(
            Request(method="GET", bucket=bucket, key=key, query=query, headers=sent, stream=True, attempts=attempts)
        )
        try:
            check_range(options, answer.status, answer.headers)
        except ObjectStoreError:
            answer.close()
            raise
        return headers.read_object(bucket, key, answer.headers, answer)

    def head_object(self, bucket: str, key: str, options: GetOptions) -> ObjectMetadata:
        """HeadObject."""
        sent, query = request_headers.read_headers(options), version_query(options.version)
        answer = self._exchange.send(
            Request(method="HEAD", bucket=bucket, key=key, query=query, headers=sent, attempts=options.attempts)
        )
        return headers.object_metadata(bucket, key, answer.headers)

    def delete_object(self, bucket: str, key: str, options: DeleteOptions) -> DeletedObject:
        """DeleteObject."""
        sent, query = request_headers.delete_headers(options), version_query(options.version)
        answer = self._exchange.send(Request(method="DELETE", bucket=bucket, key=key, query=query, headers=sent))
        return deleted_object(key, options.version, answer.headers)

    def delete_objects(
        self, bucket: str, objects: Sequence[ObjectIdentifier], *, bypass_governance: bool = False
    ) -> dict[ObjectIdentifier, DeletedObject]:
        """DeleteObjects, 1 to 1,000 objects whose keys fit into XML: what the answer tells of each.

        One may be missing there: some servers do not name every key as it was.
        """
        body = xml.delete_request(objects)
        sent = {"Content-MD5": content_md5(body), "Content-Type": "application/xml"}
        sent |= request_headers.bypass_header(bypass_governance)
        answer = self._exchange.send(
            Request(method="POST", bucket=bucket, query={"delete": ""}, headers=sent, body=body)
        )
        return _settled(xml_answer(answer, "DeleteResult"), objects)

    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectMetadata:
        """CopyObject, up to 5 GiB. The answer does not say the size."""
        sent = request_headers.copy_headers(source_bucket, source_key, options)
        answer = self._exchange.send(Request(method="PUT", bucket=bucket, key=key, headers=sent))
        etag = required_etag(xml_answer(answer, "CopyObjectResult").findtext("ETag"))
        copied = headers.written_metadata(bucket, key, answer.headers, None, etag)
        return copy_encryption(copied, options, partial(self.head_object, bucket, key))


def version_query(version: str | None) -> dict[str, str]:
    """Return the query parameter that names a version."""
    return {} if version is None else {"versionId": version}


def deleted_object(key: str, version: str | None, answered: Mapping[str, str]) -> DeletedObject:
    """Return what the headers of an answer to DeleteObject say."""
    is_marker = answered.get("x-amz-delete-marker") == "true"
    return DeletedObject(key, headers.version_id(answered) or version, is_delete_marker=is_marker)


def _settled(root: Element, asked: Sequence[ObjectIdentifier]) -> dict[ObjectIdentifier, DeletedObject]:
    """Return what an answer to DeleteObjects says of each object; Garage names a version where none was asked for."""
    known = set(asked)
    outcomes: dict[ObjectIdentifier, DeletedObject] = {}
    for element in root:
        key = element.findtext("Key") or ""
        named = ObjectIdentifier(key, xml.text(element, "VersionId"))
        named = named if named in known else ObjectIdentifier(key)
        settle(outcomes, named, _outcome(element, named))
    return outcomes


def _outcome(element: Element, named: ObjectIdentifier) -> DeletedObject:
    if element.tag == "Error":
        code, message = xml.text(element, "Code"), xml.text(element, "Message") or ""
        error = errors.from_answer(code, None, message, None)
        is_missing = isinstance(error, NotFound) or (named.version_id is not None and code in _NO_SUCH_VERSION)
        return DeletedObject(named.key, named.version_id, error=None if is_missing else error)
    is_marker = element.findtext("DeleteMarker") == "true"
    return deletion(named, xml.text(element, "DeleteMarkerVersionId"), is_marker=is_marker)

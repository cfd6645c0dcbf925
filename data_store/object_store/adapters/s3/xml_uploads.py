"""Multipart uploads in the S3 protocol (S3 API reference, ListMultipartUploads, ListParts, CompleteMultipartUpload)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from urllib.parse import unquote_plus
from xml.etree.ElementTree import Element

from data_store.object_store.adapters.s3 import markers
from data_store.object_store.adapters.s3.answers import InvalidAnswer, required, required_etag
from data_store.object_store.adapters.s3.checksum_headers import checksum_elements, told_in
from data_store.object_store.adapters.s3.xml import flag, number, text, time
from data_store.object_store.adapters.s3.xml_writer import document, leaf, node
from data_store.object_store.models import ListOptions, MultipartUpload, PartInfo, PartPage, UploadPage

__all__ = ["complete_request", "part_page", "part_query", "upload_page", "upload_query", "whole_page"]

_MAX_PART_NUMBER = 10_000  # S3 user guide, "Amazon S3 multipart upload limits"


def upload_query(prefix: str, options: ListOptions, *, encoded: bool = False) -> dict[str, str]:
    """Return the query of ListMultipartUploads.

    Args:
        prefix: only uploads of keys that begin with it.
        options: where the page begins, and its size.
        encoded: ask for keys in URL encoding, on servers that say in the answer that they did so: Ceph and Garage do
            not. The others write every key as XML that ``parse`` reads.
    """
    query = {"uploads": "", "max-uploads": str(options.limit), "prefix": prefix}
    query |= {"encoding-type": "url"} if encoded else {}
    key, upload_id = markers.split(options.cursor)
    if key:
        query["key-marker"] = key
        query |= {"upload-id-marker": upload_id} if upload_id else {}
    return query


def upload_page(root: Element, bucket: str, prefix: str) -> UploadPage:
    """Return a page of ListMultipartUploads that was asked for with this prefix.

    It is sorted by key, which Garage's are not.

    Raises:
        InvalidAnswer: an entry cannot be, or is none of this listing, or it goes on and does not say where.
    """
    decode = unquote_plus if root.findtext("EncodingType") == "url" else str
    uploads = [_upload(item, bucket, decode) for item in root.iterfind("Upload")]
    if not all(upload.key.startswith(prefix) for upload in uploads):
        raise InvalidAnswer("the listing has keys that do not begin with the prefix")
    cursor = None
    if flag(root, "IsTruncated"):
        key = required(decode(root.findtext("NextKeyMarker") or ""), "NextKeyMarker")
        cursor = markers.join(key, root.findtext("NextUploadIdMarker") or "")
    return UploadPage(tuple(sorted(uploads, key=lambda upload: upload.key.encode())), cursor)


def whole_page(uploads: Iterable[MultipartUpload], prefix: str) -> UploadPage:
    """Return the one page of a listing that the server gives as a whole, whatever it was asked for (MinIO)."""
    found = [upload for upload in uploads if upload.key.startswith(prefix)]
    return UploadPage(tuple(sorted(found, key=lambda upload: (upload.key.encode(), upload.upload_id))))


def part_query(upload_id: str, options: ListOptions) -> dict[str, str]:
    """Return the query of ListParts."""
    query = {"uploadId": upload_id, "max-parts": str(options.limit)}
    return query | ({"part-number-marker": options.cursor} if options.cursor else {})


def part_page(root: Element) -> PartPage:
    """Return a page of ListParts.

    Raises:
        InvalidAnswer: an entry cannot be, or has the number of another, or it goes on and does not say where.
    """
    parts = sorted((_part(item) for item in root.iterfind("Part")), key=lambda part: part.part_number)
    if len({part.part_number for part in parts}) < len(parts):
        raise InvalidAnswer("the listing has two parts of one number")
    goes_on = flag(root, "IsTruncated")
    cursor = required(root.findtext("NextPartNumberMarker"), "NextPartNumberMarker") if goes_on else None
    return PartPage(tuple(parts), cursor)


def complete_request(parts: Iterable[PartInfo]) -> bytes:
    """Return the body of CompleteMultipartUpload, the parts in the order of their numbers."""
    ordered = sorted(parts, key=lambda part: part.part_number)
    return document("CompleteMultipartUpload", *(_part_element(part) for part in ordered))


def _part_element(part: PartInfo) -> str:
    number, etag = leaf("PartNumber", part.part_number), leaf("ETag", part.etag)
    return node("Part", number, etag, checksum_elements(part.checksums))


def _upload(item: Element, bucket: str, decode: Callable[[str], str]) -> MultipartUpload:
    key = required(decode(item.findtext("Key") or ""), "Key")
    upload_id = required(item.findtext("UploadId"), "UploadId")
    return MultipartUpload(key, bucket, upload_id, time(text(item, "Initiated")))


def _part(item: Element) -> PartInfo:
    part_number = number(item, "PartNumber", 1, _MAX_PART_NUMBER)
    if part_number is None:
        raise InvalidAnswer("the listing has a part without a number")
    return PartInfo(
        part_number,
        required_etag(item.findtext("ETag")),
        number(item, "Size"),
        time(text(item, "LastModified")),
        told_in(item) or None,
    )

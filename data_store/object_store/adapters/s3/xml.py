"""The XML of the S3 protocol: what requests hold and answers say (S3 API reference).

Answers come from a server that is trusted with data, not with this process: a document type declaration, the door to
entity expansion and external entities, is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NoReturn
from urllib.parse import unquote_plus
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat
from xml.sax.saxutils import escape

from data_store.object_store.adapters.s3 import etags
from data_store.object_store.adapters.s3.control_characters import fits_xml, restore, shelter
from data_store.object_store.models import ObjectMetadata, ObjectPage, PartInfo

__all__ = [
    "InvalidXml",
    "complete_request",
    "delete_request",
    "fits_xml",
    "object_page",
    "parse",
    "text",
    "time",
]

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_LINE_ENDS = {"\r": "&#13;", "\n": "&#10;"}  # a parser would turn a bare CR into LF (XML 1.0, section 2.11)


class InvalidXml(Exception):  # noqa: N818  the condition's name
    """An answer is not the XML that it should be."""


def parse(data: bytes) -> Element:
    """Return the root element; names come without their namespace.

    Ceph writes control characters of keys as references that XML 1.0 forbids (``&#x01;``, in a continuation token,
    say): they are read as what they mean.

    Raises:
        InvalidXml: it is not well-formed, or has a document type declaration.
    """
    try:
        return _parse(data)
    except expat.ExpatError:
        root = _parse_repaired(shelter(data))
    for element in root.iter():
        element.text = restore(element.text or "")
    return root


def _parse_repaired(data: bytes) -> Element:
    try:
        return _parse(data)
    except expat.ExpatError as error:
        raise InvalidXml(f"the answer is no XML: {error}") from error


def _parse(data: bytes) -> Element:
    builder = TreeBuilder()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, _attributes: builder.start(name.rpartition(" ")[2], {})
    parser.EndElementHandler = lambda name: builder.end(name.rpartition(" ")[2])
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.Parse(data, True)
    return builder.close()


def text(element: Element, path: str) -> str | None:
    """Return the text of a descendant, None if it is missing or empty."""
    return element.findtext(path) or None


def time(value: str | None) -> datetime | None:
    """Return a timestamp of the protocol (ISO 8601) as an aware UTC datetime."""
    if value is None:
        return None
    moment = datetime.fromisoformat(value)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def object_page(root: Element) -> ObjectPage:
    """Return a page of ListObjectsV2 that was asked for with ``encoding-type=url``.

    Raises:
        InvalidXml: a size is no number, or a time none of the protocol.
    """
    try:
        return _object_page(root)
    except (ValueError, OverflowError) as error:
        raise InvalidXml(f"the listing has a value that cannot be: {error}") from error


def _object_page(root: Element) -> ObjectPage:
    decode = unquote_plus if root.findtext("EncodingType") == "url" else str
    truncated = root.findtext("IsTruncated") == "true"
    return ObjectPage(
        objects=tuple(_listed(item, decode(item.findtext("Key") or "")) for item in root.iterfind("Contents")),
        prefixes=tuple(decode(item.findtext("Prefix") or "") for item in root.iterfind("CommonPrefixes")),
        cursor=text(root, "NextContinuationToken") if truncated else None,
    )


def _listed(item: Element, key: str) -> ObjectMetadata:
    etag = etags.bare(item.findtext("ETag"))
    size = item.findtext("Size")
    return ObjectMetadata(
        key=key,
        size=None if size is None else int(size),
        etag=etag,
        updated_time=time(text(item, "LastModified")),
        storage_class=text(item, "StorageClass"),
    )


def delete_request(keys: Sequence[str]) -> bytes:
    """Return the body of DeleteObjects."""
    objects = "".join(f"<Object><Key>{escape(key, _LINE_ENDS)}</Key></Object>" for key in keys)
    return f'<Delete xmlns="{_NAMESPACE}">{objects}</Delete>'.encode()


def complete_request(parts: Sequence[PartInfo]) -> bytes:
    """Return the body of CompleteMultipartUpload, the parts in the order of their numbers."""
    listed = "".join(
        f"<Part><PartNumber>{part.part_number}</PartNumber><ETag>{escape(part.etag)}</ETag></Part>"
        for part in sorted(parts, key=lambda part: part.part_number)
    )
    return f'<CompleteMultipartUpload xmlns="{_NAMESPACE}">{listed}</CompleteMultipartUpload>'.encode()


def _refuse_doctype(*_declaration: object) -> NoReturn:
    raise InvalidXml("the answer has a document type declaration, which is refused")

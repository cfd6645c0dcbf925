"""Objects in the S3 protocol (S3 API reference, ListObjectsV2).

A page has up to a thousand entries, nearly always plain ones: the elements that S3 documents, each once, and text
without markup. A parser makes several calls for each of their elements; here one regular expression takes the run of
plain entries out of the document as columns (``plain_page``). What is left of it, an element in their place, goes
through the parser, and so does the whole of every document that has anything else. Both read the same: a test compares
them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from urllib.parse import unquote_to_bytes
from xml.etree.ElementTree import Element

from data_store.object_store.adapters.s3 import etags
from data_store.object_store.adapters.s3.answers import checked_page
from data_store.object_store.adapters.s3.xml import flag, number, parse, text, time
from data_store.object_store.models import ObjectMetadata, ObjectPage
from data_store.object_store.models.building import listed

__all__ = ["object_page", "plain_page"]

_ROOT = "ListBucketResult"
_MAY_HIDE = re.compile(r'<!|<\?(?!xml version="1\.0"(?: encoding="(?:UTF|utf)-8")?\s*\?>)')
_CHARACTER = r"[^<>&\x00-\x1f\ufffe\uffff]"  # of text that is the same before and after a parser


def _plain(name: str, content: str = f"{_CHARACTER}*") -> str:
    return f"<{name}>{content}</{name}>"


def _once(group: int, element: str) -> str:
    """Return a pattern that fails where the group has matched before."""
    return f"(?({group})(?!)|{element})"


_QUOTE = '(?:&quot;|&#34;|")?'
_COLUMNS = (
    _plain("Key", f"({_CHARACTER}+)"),
    _plain("LastModified", f"({_CHARACTER}+)"),
    _plain("ETag", rf'{_QUOTE}([^<>&"\x00-\x1f\ufffe\uffff]+){_QUOTE}'),
    _plain("Size", "([0-9]{1,19})"),
    _plain("StorageClass", f"({_CHARACTER}+)"),
)
_OTHERS = (
    *map(_plain, ("ChecksumAlgorithm", "ChecksumType", "Type")),
    _plain("Owner", f"(?:{_plain('ID')}|{_plain('DisplayName')})*+"),
)
_ELEMENTS = (*(_once(group, element) for group, element in enumerate(_COLUMNS, start=1)), *_OTHERS)
_ENTRY = re.compile(_plain("Contents", f"(?:{'|'.join(_ELEMENTS)})*+"))
_STRIDE = 1 + len(_COLUMNS)  # between two entries: what is between them, and what the groups hold


def plain_page(data: bytes, prefix: str) -> ObjectPage | None:
    """Return what ``object_page`` returns for a listing of plain entries; None for any other document.

    Raises:
        InvalidAnswer: as ``object_page`` does.
    """
    taken = _taken_apart(data)
    if taken is None:
        return None
    frame, (keys, *others) = taken
    root = parse(frame.encode())
    if root.tag != _ROOT or not _are_all(root) or None in keys:
        return None
    decode = _decoder(root)
    return _page(root, map(listed, map(decode, keys), *_columns(*others)), decode, prefix)


def object_page(root: Element, prefix: str) -> ObjectPage:
    """Return a page of ListObjectsV2 that was asked for with ``encoding-type=url`` and this prefix.

    Raises:
        InvalidAnswer: a size is no size, a time none of the protocol, or an entry cannot be in this listing.
    """
    decode = _decoder(root)
    return _page(root, (_listed(item, decode) for item in root.iterfind("Contents")), decode, prefix)


def _taken_apart(data: bytes) -> tuple[str, list[list[str | Any]]] | None:
    """Return a document with one empty entry in the place of all, and the columns of these; None is what one lacks.

    None if there is no run of plain entries, if more than one, or if what is left could make them something else: a
    comment, a CDATA section, another encoding.
    """
    try:
        pieces = _ENTRY.split(data.lstrip().decode())
    except UnicodeDecodeError:
        return None
    before, after = pieces[0], pieces[-1]
    frame = f"{before}<Contents/>{after}"
    if len(pieces) == 1 or any(pieces[_STRIDE:-1:_STRIDE]) or _MAY_HIDE.search(frame):
        return None
    return frame, [pieces[column::_STRIDE] for column in range(1, _STRIDE)]


def _are_all(root: Element) -> bool:
    """Return whether the one entry of what is left stands where entries of this listing do, and there is no other."""
    return len(root.findall("Contents")) == len([*root.iter("Contents")]) == 1


def _columns(
    times: list[str | None], tags: list[str | None], sizes: list[str | None], classes: list[str | None]
) -> tuple[Iterable[int | None], Iterable[str | None], Iterable[datetime | None], Iterable[str | None]]:
    """Return what ``listed`` takes besides keys."""
    seen: dict[str | None, str | None] = {}  # one text for all entries of a storage class
    lengths = [None if told is None else int(told) for told in sizes]
    return lengths, tags, map(time, times), map(seen.setdefault, classes, classes)


def _page(root: Element, objects: Iterable[ObjectMetadata], decode: Callable[[str], str], prefix: str) -> ObjectPage:
    truncated = flag(root, "IsTruncated")
    page = ObjectPage(
        objects=tuple(objects),
        prefixes=tuple(decode(item.findtext("Prefix") or "") for item in root.iterfind("CommonPrefixes")),
        cursor=text(root, "NextContinuationToken") if truncated else None,
    )
    return checked_page(page, prefix, truncated=truncated)


def _listed(item: Element, decode: Callable[[str], str]) -> ObjectMetadata:
    return listed(
        decode(item.findtext("Key") or ""),
        number(item, "Size"),
        etags.bare(item.findtext("ETag")),
        time(text(item, "LastModified")),
        text(item, "StorageClass"),
    )


def _decoder(root: Element) -> Callable[[str], str]:
    return _decoded if root.findtext("EncodingType") == "url" else str


def _decoded(encoded: str) -> str:
    """Return what ``urllib.parse.unquote_plus`` does, which takes ten times as long for a slash or a space."""
    plainer = encoded.replace("+", " ").replace("%2F", "/").replace("%20", " ")
    return unquote_to_bytes(plainer).decode("utf-8", "replace") if "%" in plainer else plainer

"""The XML of the S3 protocol: what requests hold and answers say (S3 API reference).

Answers come from a server that is trusted with data, not with this process: a document type declaration, the door to
entity expansion and external entities, is refused, and so is every value that cannot be.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from data_store.object_store.adapters.s3.answers import InvalidAnswer
from data_store.object_store.adapters.s3.control_characters import fits_xml, restore, shelter
from data_store.object_store.adapters.s3.xml_writer import document, leaf, node
from data_store.object_store.models import ObjectIdentifier

__all__ = [
    "delete_request",
    "fits_xml",
    "flag",
    "number",
    "parse",
    "text",
    "time",
]

_DIGITS = re.compile(r"[0-9]{1,19}")
_FLAGS = {"true": True, "false": False, "": False}


def parse(data: bytes) -> Element:
    """Return the root element; names come without their namespace.

    Ceph writes control characters of keys as references that XML 1.0 forbids (``&#x01;``, in a continuation token,
    say): they are read as what they mean.

    Raises:
        InvalidAnswer: it is not well-formed, or has a document type declaration.
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
        raise InvalidAnswer(f"the answer is no XML: {error}") from error


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
    """Return a timestamp of the protocol (ISO 8601) as an aware UTC datetime; None for an empty one.

    Raises:
        InvalidAnswer: it is no time.
    """
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is UTC:
            return moment
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidAnswer(f"it has a time that cannot be: {error}") from error


def number(element: Element, path: str, least: int = 0, most: int | None = None) -> int | None:
    """Return the whole number that a descendant is, None if it is missing.

    Raises:
        InvalidAnswer: it is something else, or less than ``least``, or more than ``most``.
    """
    told = element.findtext(path)
    if told is None:
        return None
    found = int(told) if _DIGITS.fullmatch(told) else -1
    if found < least or (most is not None and found > most):
        raise InvalidAnswer(f"the answer has a number that cannot be: {path} is {told!r}")
    return found


def flag(element: Element, path: str) -> bool:
    """Return whether a descendant is ``true``; not, if it is missing or empty.

    Raises:
        InvalidAnswer: it is something else: a listing with it may go on.
    """
    told = element.findtext(path) or ""
    if told not in _FLAGS:
        raise InvalidAnswer(f"the answer has something else than true or false: {path} is {told!r}")
    return _FLAGS[told]


def delete_request(objects: Iterable[ObjectIdentifier]) -> bytes:
    """Return the body of DeleteObjects."""
    listed = (node("Object", leaf("Key", each.key), leaf("VersionId", each.version_id)) for each in objects)
    return document("Delete", *listed)


def _refuse_doctype(*_declaration: object) -> NoReturn:
    raise InvalidAnswer("the answer has a document type declaration, which is refused")

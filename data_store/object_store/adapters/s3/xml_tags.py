"""Tags in the S3 protocol (S3 API reference, Tagging and x-amz-tagging)."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote
from xml.etree.ElementTree import Element

from data_store.object_store.adapters.s3.xml_writer import document, leaf, node

__all__ = ["tag_element", "tagging_header", "tagging_request", "tags"]


def tags(root: Element) -> dict[str, str]:
    """Return the tags of an answer, sorted by their keys: versitygw has no order of its own."""
    found = ((tag.findtext("Key") or "", tag.findtext("Value") or "") for tag in root.iterfind("TagSet/Tag"))
    return dict(sorted(found))


def tagging_request(tags: Mapping[str, str]) -> bytes:
    """Return the body of PutObjectTagging and PutBucketTagging."""
    return document("Tagging", node("TagSet", *(tag_element(key, value) for key, value in tags.items())))


def tag_element(key: str, value: str) -> str:
    """Return one tag."""
    return node("Tag", leaf("Key", key), leaf("Value", value))


def tagging_header(tags: Mapping[str, str]) -> str:
    """Return the value of ``x-amz-tagging``: a URL query, spaces as ``%20``."""
    return "&".join(f"{quote(key, safe='')}={quote(value, safe='')}" for key, value in tags.items())

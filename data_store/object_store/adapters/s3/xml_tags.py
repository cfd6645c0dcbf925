"""Tags in the S3 protocol (S3 API reference, Tagging)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from xml.etree.ElementTree import Element

from data_store.object_store.adapters.s3.answers import InvalidAnswer, required
from data_store.object_store.adapters.s3.xml_writer import document, leaf, node

__all__ = ["tag_element", "tagging_request", "tags", "tags_in"]


def tags(root: Element) -> dict[str, str]:
    """Return the tags of an answer, sorted by their keys: versitygw has no order of its own.

    Raises:
        InvalidAnswer: there is no set of tags, or one that cannot be.
    """
    if root.find("TagSet") is None:
        raise InvalidAnswer("the answer has no TagSet")
    return tags_in(root.iterfind("TagSet/Tag"))


def tags_in(elements: Iterable[Element]) -> dict[str, str]:
    """Return tags, sorted by their keys.

    Raises:
        InvalidAnswer: one has no key, or that of another one.
    """
    found = [(required(tag.findtext("Key"), "Key of a tag"), tag.findtext("Value") or "") for tag in elements]
    named = dict(sorted(found))
    if len(named) < len(found):
        raise InvalidAnswer("there are two tags of one key")
    return named


def tagging_request(tags: Mapping[str, str]) -> bytes:
    """Return the body of PutObjectTagging and PutBucketTagging."""
    return document("Tagging", node("TagSet", *(tag_element(key, value) for key, value in tags.items())))


def tag_element(key: str, value: str) -> str:
    """Return one tag."""
    return node("Tag", leaf("Key", key), leaf("Value", value))

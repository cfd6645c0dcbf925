"""Tags of objects and buckets."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from data_store.object_store.errors import InvalidArgument

__all__ = ["bucket_tags", "tags"]

_MAX_OF_OBJECT = 10  # S3 user guide, "Categorizing your storage using tags"
_MAX_OF_BUCKET = 50  # S3 API reference, PutBucketTagging
_MAX_KEY = 128
_MAX_VALUE = 256
_SYMBOLS = frozenset("+-=._:/@")  # S3 API reference, Tag: with letters, digits and spaces of any script


def tags(value: object, most: int = _MAX_OF_OBJECT) -> dict[str, str]:
    """Check the tags of an object; S3 counts characters in UTF-16."""
    if not isinstance(value, Mapping):
        raise InvalidArgument(f"tags must be a mapping of str to str, not {type(value).__name__}")
    if len(value) > most:
        raise InvalidArgument(f"there are {len(value)} tags, of {most} at the most")
    return {_key(name): _text(f"the value of tag {name!r}", content, 0, _MAX_VALUE) for name, content in value.items()}


def bucket_tags(value: object) -> dict[str, str]:
    """Check the tags of a bucket."""
    return tags(value, _MAX_OF_BUCKET)


def _key(name: object) -> str:
    key = _text(f"the tag key {name!r}", name, 1, _MAX_KEY)
    if key.lower().startswith("aws:"):
        raise InvalidArgument(f"the tag key {name!r} must not begin with aws:, which S3 reserves")
    return key


def _text(what: str, value: object, least: int, most: int) -> str:
    if not isinstance(value, str):
        raise InvalidArgument(f"{what} must be a str, not {type(value).__name__}")
    if not all(unicodedata.category(character)[0] in "LNZ" or character in _SYMBOLS for character in value):
        raise InvalidArgument(f"{what} must be made of letters, digits, spaces and + - = . _ : / @")
    if not least <= len(value.encode("utf-16-le")) // 2 <= most:
        raise InvalidArgument(f"{what} must have {least} to {most} characters")
    return value

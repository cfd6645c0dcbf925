"""Multipart uploads."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from itertools import pairwise

from data_store.object_store.errors import InvalidArgument
from data_store.object_store.models import (
    ChecksumAlgorithm,
    CopySource,
    MultipartOptions,
    PartInfo,
    PartOptions,
    PutOptions,
    SseCustomer,
)
from data_store.object_store.planning import MAX_PARTS
from data_store.object_store.validation.content import checksum, etag
from data_store.object_store.validation.names import key, version
from data_store.object_store.validation.options import stored_with
from data_store.object_store.validation.protection import customer_key
from data_store.object_store.validation.rules import instance, items, positive, text_without_controls, whole

__all__ = ["age", "copy_source", "multipart_options", "part_number", "part_options", "parts"]


def part_number(value: int) -> int:
    """Check the number of a part."""
    return whole("part_number", value, 1, MAX_PARTS)


def parts(values: Iterable[PartInfo]) -> list[PartInfo]:
    """Check the parts of an upload that is to be completed; return them in the order of their numbers."""
    given = [instance("a part", each, PartInfo) for each in items("parts", values)]
    if not given:
        raise InvalidArgument("parts must not be empty: an upload has at least one part")
    for each in given:
        part_number(each.part_number)
        text_without_controls("the etag of a part", each.etag)
    ordered = sorted(given, key=lambda part: part.part_number)
    for one, following in pairwise(ordered):
        if one.part_number == following.part_number:
            raise InvalidArgument(f"part {one.part_number} is there twice")
    return ordered


def multipart_options(options: MultipartOptions) -> PutOptions:
    """Check the options of an upload that is to be started."""
    return stored_with("a multipart upload", options, MultipartOptions.__optional_keys__)


def part_options(algorithm: ChecksumAlgorithm | None, encryption: SseCustomer | None) -> PartOptions:
    """Check the options of a part."""
    checksum(algorithm)
    customer_key(encryption)
    return PartOptions(checksum=algorithm, encryption=encryption)


def copy_source(
    bucket: str,
    source: str,
    of_version: str | None,
    offset: int,
    length: int | None,
    if_match: str | None,
    encryption: SseCustomer | None,
) -> CopySource:
    """Check what a part is made from; without ``length``, that of the answer is 0: to the end."""
    customer_key(encryption, "source_encryption")
    return CopySource(
        bucket,
        key(source, "src_object"),
        etag("if_match", if_match),
        whole("offset", offset, 0),
        positive("length", length) or 0,
        version(of_version, "src_version"),
        encryption,
    )


def age(value: timedelta | float) -> timedelta:
    """Check an age: a timedelta, or seconds; at least 0."""
    if isinstance(value, bool) or not isinstance(value, timedelta | int | float):
        raise InvalidArgument(f"older_than must be a timedelta or seconds, not {type(value).__name__}")
    try:
        given = value if isinstance(value, timedelta) else timedelta(seconds=value)
    except (OverflowError, ValueError):
        raise InvalidArgument(f"older_than must be a number of seconds, not {value}") from None
    if given < timedelta(0):
        raise InvalidArgument("older_than must be at least 0 seconds")
    return given

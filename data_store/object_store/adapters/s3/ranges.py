"""Whether the answer to a GET is the range that was asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping

from data_store.object_store.adapters.s3.request_headers import range_header
from data_store.object_store.errors import RangeNotSatisfiable, ServerError, UnsupportedOperation
from data_store.object_store.models import GetOptions

__all__ = ["check_range"]

_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")
_NUMBER = re.compile(r"[0-9]{1,19}")
_PARTIAL = 206


def check_range(options: GetOptions, status: int, headers: Mapping[str, str]) -> None:
    """Check the answer to a GET before its body is read.

    Args:
        options: what was asked for.
        status: the answer's HTTP status.
        headers: the answer's headers; names in any case.

    Raises:
        RangeNotSatisfiable: the object is empty; MinIO answers a suffix of it with 206, others with 416.
        UnsupportedOperation: the body is not the range: a server may ignore ``Range`` and answer 200 with the whole
            object (RFC 9110, 14.2), which is right only if the range is the whole object.
        ServerError: the answer does not say how long its body is.
    """
    length = headers.get("Content-Length", "")
    if not _NUMBER.fullmatch(length):
        raise ServerError("the answer has no Content-Length, or one that is no number", status=status)
    if int(length) == 0 and range_header(options):
        raise RangeNotSatisfiable("the object is empty", status=status)
    if not _is_asked(options, status, int(length), headers.get("Content-Range", "")):
        raise UnsupportedOperation("the server answered with another range than the one asked for", status=status)


def _is_asked(options: GetOptions, status: int, length: int, content_range: str) -> bool:
    offset, wanted = options.offset or 0, options.length
    if status != _PARTIAL:
        return -offset >= length if offset < 0 else offset == 0 and (wanted is None or wanted >= length)
    sent = _CONTENT_RANGE.fullmatch(content_range)
    if sent is None or int(sent[2]) - int(sent[1]) + 1 != length:
        return False
    if sent[3] == "*":  # how much there is stays open, and so whether it is all that was asked for
        return length == -offset if offset < 0 else int(sent[1]) == offset and length == wanted
    total = int(sent[3])
    first = max(0, total + offset) if offset < 0 else offset
    end = total if wanted is None else min(total, offset + wanted)
    return (int(sent[1]), int(sent[2]) + 1) == (first, end)

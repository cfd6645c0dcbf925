"""Conditions of reads and writes, on an ETag and a time that are known (RFC 9110, 13)."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from data_store.object_store.adapters.embedded.rows import microseconds
from data_store.object_store.errors import NotModified, PreconditionFailed
from data_store.object_store.models import GetOptions

__all__ = ["check_etag", "check_read", "check_updated", "check_write"]

_SECOND = 1_000_000


class _Conditions(Protocol):
    @property
    def if_match(self) -> str | None: ...

    @property
    def if_none_match(self) -> str | None: ...


def check_write(etag: str | None, conditions: _Conditions) -> None:
    """Raise ``PreconditionFailed`` unless the object there, None if there is none, may be replaced."""
    if conditions.if_none_match is not None and etag is not None:
        raise PreconditionFailed("there is an object under that key")
    check_etag(etag, conditions.if_match)


def check_etag(etag: str | None, if_match: str | None) -> None:
    """Raise ``PreconditionFailed`` unless an object, None if there is none, has the ETag that is asked for, if any."""
    if if_match is not None and if_match != etag:
        raise PreconditionFailed(f"the object has ETag {etag}" if etag else "there is no object under that key")


def check_updated(updated: int | None, expected: datetime | None) -> None:
    """Raise ``PreconditionFailed`` unless an object was updated at the very time that is asked for, if any."""
    if expected is not None and updated != microseconds(expected):
        raise PreconditionFailed("the object was replaced, maybe by one of the same content")


def check_read(etag: str, updated: int, options: GetOptions) -> None:
    """Raise ``PreconditionFailed`` or ``NotModified`` unless an object is to be read.

    ETags take precedence over times (RFC 9110, 13.2.2), which are compared in whole seconds, as HTTP has them.
    """
    if options.if_match is not None:
        check_etag(etag, options.if_match)
    elif options.if_unmodified_since is not None and _is_later(updated, options.if_unmodified_since):
        raise PreconditionFailed("the object was modified since then")
    if options.if_none_match is not None:
        if options.if_none_match in ("*", etag):
            raise NotModified(f"the object has ETag {etag}")
    elif options.if_modified_since is not None and not _is_later(updated, options.if_modified_since):
        raise NotModified("the object was not modified since then")


def _is_later(updated: int, moment: datetime) -> bool:
    return updated // _SECOND > microseconds(moment) // _SECOND

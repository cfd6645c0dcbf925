"""Listings, page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Protocol, TypeVar

from data_store.object_store.errors import ObjectStoreError, ServerError
from data_store.object_store.models import ListOptions

__all__ = ["pages"]


class Page(Protocol):
    """One page of a listing."""

    @property
    def cursor(self) -> str | None:
        """Where the next page begins, or None at the end."""


P = TypeVar("P", bound=Page)


def pages(
    fetch: Callable[[ListOptions], P], options: ListOptions, locate: Callable[[ObjectStoreError], ObjectStoreError]
) -> Iterator[P]:
    """Yield all pages of a listing, lazily.

    Args:
        fetch: asks for one page.
        options: those of the first page.
        locate: says where an error happened.
    """
    while True:
        try:
            page = fetch(options)
        except ObjectStoreError as error:
            locate(error)
            raise
        yield page
        if page.cursor is None:
            return
        if page.cursor == options.cursor:
            raise locate(ServerError("the server answers the same page of the listing again and again"))
        options = replace(options, cursor=page.cursor, start_after=None)

"""Listings of objects, and what is known of many objects."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from http import HTTPStatus
from typing import TypeVar

from data_store.object_store import validation
from data_store.object_store.errors import InvalidArgument, ObjectStoreError
from data_store.object_store.facade.base import Facade
from data_store.object_store.models import GetOptions, ListOptions, ObjectMetadata, ObjectPage, ObjectResult
from data_store.object_store.paging import entries

__all__ = ["Listing"]

T = TypeVar("T")


class Listing(Facade):
    """Listings, lazily."""

    def list_files(self, prefix: str = "", bucket: str | None = None) -> Iterator[ObjectMetadata]:
        """Return all objects below a prefix, lazily, in UTF-8 byte order of their keys."""
        return self.list_objects(prefix, bucket)

    def list_objects(
        self,
        prefix: str = "",
        bucket: str | None = None,
        *,
        delimiter: str | None = None,
        start_after: str | None = None,
        limit: int | None = None,
    ) -> Iterator[ObjectMetadata]:
        """Return objects (no prefixes), lazily, in UTF-8 byte order of their keys.

        Args:
            prefix: only keys that begin with it.
            bucket: the bucket.
            delimiter: only keys that do not have it behind the prefix.
            start_after: only keys behind this one.
            limit: at most so many objects.
        """
        validation.positive("limit", limit, sys.maxsize)
        page_size = min(limit or validation.MAX_KEYS, validation.MAX_KEYS) if delimiter is None else None
        options = validation.list_options(delimiter, None, start_after, page_size)
        return self._entries("list_objects", prefix, bucket, options, lambda page: page.objects, limit)

    def list_prefixes(self, prefix: str = "", bucket: str | None = None, *, delimiter: str = "/") -> Iterator[str]:
        """Return the common prefixes up to and including the delimiter, lazily, in UTF-8 byte order."""
        options = validation.list_options(delimiter or "")
        return self._entries("list_prefixes", prefix, bucket, options, lambda page: page.prefixes)

    def list_page(
        self,
        prefix: str = "",
        bucket: str | None = None,
        *,
        delimiter: str | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> ObjectPage:
        """Return one page of at most ``limit`` (1 to 1,000) objects and prefixes; its ``cursor`` asks for the next.

        Raises:
            InvalidArgument: ``cursor`` is none of this listing, as far as the store can tell.
        """
        options = validation.list_options(delimiter, cursor, None, limit)
        prefix = validation.prefix(prefix)
        try:
            return self.client.list_page(self._bucket(bucket), prefix, options)
        except ObjectStoreError as error:
            if cursor is None or error.status != HTTPStatus.BAD_REQUEST:
                raise
            raise InvalidArgument("cursor must be the cursor of the page before") from error

    def head_objects(self, keys: Iterable[str], bucket: str | None = None) -> Iterator[ObjectResult]:
        """Return what is known of many objects, lazily and in order, each with its own error or None.

        ``keys`` is read as the answers are; ``transfer.max_concurrency`` requests are under way at once. A bad key
        raises ``InvalidArgument`` when its turn comes; those of a list or tuple are all checked first.
        """
        checked = validation.many("keys", keys, validation.key)
        return self._transfers.bulk.head(self._bucket(bucket), checked, GetOptions())

    def _entries(
        self,
        operation: str,
        prefix: str,
        bucket: str | None,
        options: ListOptions,
        found_in: Callable[[ObjectPage], Sequence[T]],
        limit: int | None = None,
    ) -> Iterator[T]:
        prefix, bucket = validation.prefix(prefix), self._bucket(bucket)
        fetch = self._transfers.bulk.pages(partial(self.client.list_page, bucket, prefix))
        return entries(fetch, options, self._locator(operation, bucket), found_in, limit)

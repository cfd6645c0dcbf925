"""Pages, limits and starting points of listings."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from data_store.object_store.errors import InvalidArgument
from data_store.object_store.models import ObjectPage
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.listing import keys_of, put_all

__all__ = ["Paging"]

KEYS = ("a", "b", "c/1", "c/2", "c/3", "d", "e/1", "f")


def _pages(
    store: ObjectStore, bucket: str, limit: int, prefix: str = "", delimiter: str | None = None
) -> list[ObjectPage]:
    return list(_following(store, bucket, limit, prefix, delimiter))


def _following(store: ObjectStore, bucket: str, limit: int, prefix: str, delimiter: str | None) -> Iterator[ObjectPage]:
    cursor = None
    for _ in range(50):
        page = store.list_page(prefix, bucket, delimiter=delimiter, cursor=cursor, limit=limit)
        yield page
        cursor = page.cursor
        if cursor is None:
            return
    pytest.fail("the pages have no end")


class Paging(ConformanceGroup):
    """Paging."""

    @pytest.mark.parametrize("limit", [1, 2, 3, 4, 7, 8, 9, 1000])
    def test_pages_together_are_the_listing(self, store: ObjectStore, bucket: str, limit: int) -> None:
        """Whatever the limit, every key is in exactly one page, in order, and no page has more than the limit."""
        put_all(store, bucket, KEYS)
        pages = _pages(store, bucket, limit)
        assert [found.key for page in pages for found in page.objects] == list(KEYS)
        assert all(len(page.objects) <= limit for page in pages)
        assert all(page.prefixes == () for page in pages)

    @pytest.mark.parametrize("limit", [1, 2, 3, 6, 1000])
    def test_pages_with_a_delimiter_have_each_prefix_once(self, store: ObjectStore, bucket: str, limit: int) -> None:
        """Objects and prefixes count together for the limit, and none is there twice or missing."""
        put_all(store, bucket, KEYS)
        pages = _pages(store, bucket, limit, delimiter="/")
        assert [found.key for page in pages for found in page.objects] == ["a", "b", "d", "f"]
        assert [prefix for page in pages for prefix in page.prefixes] == ["c/", "e/"]
        assert all(len(page.objects) + len(page.prefixes) <= limit for page in pages)

    def test_pages_keep_to_the_prefix(self, store: ObjectStore, bucket: str) -> None:
        """A prefix holds on every page."""
        put_all(store, bucket, KEYS)
        pages = _pages(store, bucket, 2, prefix="c/")
        assert [found.key for page in pages for found in page.objects] == ["c/1", "c/2", "c/3"]

    def test_pages_of_special_keys_continue_right(self, store: ObjectStore, bucket: str) -> None:
        """A page may end at any key, and the next one begins with the very next key, however close it is."""
        keys = ["a b", "a%20b", "a+b", "a/b", "a&b", "ä", "😀", "a=b", "a\nb"]
        keys += ["b", "b ", "b!", "b0", "b1", "bb", "b\u0301"]
        put_all(store, bucket, keys)
        pages = _pages(store, bucket, 1)
        assert [found.key for page in pages for found in page.objects] == sorted(keys, key=str.encode)

    def test_the_last_page_has_no_cursor(self, store: ObjectStore, bucket: str) -> None:
        """A page that holds everything has no cursor, nor has one of an empty bucket."""
        assert store.list_page(bucket=bucket).cursor is None
        put_all(store, bucket, KEYS)
        assert store.list_page(bucket=bucket).cursor is None

    def test_a_page_is_made_of_tuples(self, store: ObjectStore, bucket: str) -> None:
        """Objects and prefixes of a page are tuples, empty where there are none."""
        page = store.list_page(bucket=bucket)
        assert (page.objects, page.prefixes) == ((), ())

    @pytest.mark.parametrize("cursor", ["garbage", "AAAA", "%00", "\u00e4"])
    def test_a_cursor_of_nobody_is_refused_or_a_place_in_the_listing(
        self, store: ObjectStore, bucket: str, cursor: str
    ) -> None:
        """It may come back from a web page: the caller's mistake, and never an error of the server."""
        store.put_object(b"", "key", bucket)
        listed: list[str] = []
        with suppress(InvalidArgument):
            listed = [found.key for found in store.list_page(bucket=bucket, cursor=cursor).objects]
        assert listed in ([], ["key"])

    def test_a_cursor_survives_deletion_of_the_page(self, store: ObjectStore, bucket: str) -> None:
        """The next page begins where the last one ended, even if its keys are gone."""
        put_all(store, bucket, ["a", "b", "c", "d"])
        first = store.list_page(bucket=bucket, limit=2)
        for found in first.objects:
            store.delete_object(found.key, bucket)
        second = store.list_page(bucket=bucket, limit=2, cursor=first.cursor)
        assert keys_of(second.objects) == ["c", "d"]

    @pytest.mark.parametrize("limit", [1, 3, 8, 9, 2000])
    def test_a_limit_ends_the_listing(self, store: ObjectStore, bucket: str, limit: int) -> None:
        """list_objects gives at most the limit, from the start."""
        put_all(store, bucket, KEYS)
        assert keys_of(store.list_objects(bucket=bucket, limit=limit)) == list(KEYS)[:limit]

    def test_a_limit_counts_objects_only(self, store: ObjectStore, bucket: str) -> None:
        """With a delimiter, prefixes do not use up the limit of list_objects."""
        put_all(store, bucket, KEYS)
        assert keys_of(store.list_objects(bucket=bucket, delimiter="/", limit=3)) == ["a", "b", "d"]

    @pytest.mark.parametrize(
        ("start_after", "expected"),
        [
            ("a", KEYS[1:]),
            ("b", KEYS[2:]),
            ("bb", KEYS[2:]),
            ("c/1", KEYS[3:]),
            ("c/", KEYS[2:]),
            ("0", KEYS),
            ("f", ()),
            ("z", ()),
        ],
    )
    def test_start_after_is_exclusive(
        self, store: ObjectStore, bucket: str, start_after: str, expected: tuple[str, ...]
    ) -> None:
        """The listing begins behind start_after, whether it is a key or not."""
        put_all(store, bucket, KEYS)
        assert keys_of(store.list_objects(bucket=bucket, start_after=start_after)) == list(expected)

    @pytest.mark.parametrize(
        ("start_after", "expected"), [("c/1", ["c/2", "c/3"]), ("a", ["c/1", "c/2", "c/3"]), ("d", [])]
    )
    def test_start_after_keeps_to_the_prefix(
        self, store: ObjectStore, bucket: str, start_after: str, expected: list[str]
    ) -> None:
        """A start before, inside or behind the prefix changes nothing about the prefix."""
        put_all(store, bucket, KEYS)
        assert keys_of(store.list_objects("c/", bucket, start_after=start_after)) == expected

    def test_start_after_goes_with_delimiter_and_limit(self, store: ObjectStore, bucket: str) -> None:
        """All options of a listing hold together."""
        put_all(store, bucket, KEYS)
        assert keys_of(store.list_objects(bucket=bucket, delimiter="/", start_after="a", limit=2)) == ["b", "d"]

    @pytest.mark.parametrize("limit", [0, -1, 1.5, True])
    def test_an_impossible_limit_is_refused(self, store: ObjectStore, missing_bucket: str, limit: object) -> None:
        """A limit that is no number of at least 1 raises InvalidArgument before anything is sent."""
        with pytest.raises(InvalidArgument, match="limit"):
            store.list_page(bucket=missing_bucket, limit=limit)  # type: ignore[arg-type]  # the mistake under test
        with pytest.raises(InvalidArgument, match="limit"):
            store.list_objects(bucket=missing_bucket, limit=limit)  # type: ignore[arg-type]  # the mistake under test

    def test_a_page_has_at_most_a_thousand(self, store: ObjectStore, missing_bucket: str) -> None:
        """A limit of more than 1,000 for one page raises InvalidArgument."""
        with pytest.raises(InvalidArgument, match="limit"):
            store.list_page(bucket=missing_bucket, limit=1001)

    def test_more_than_a_thousand_keys_are_listed_and_deleted(self, store: ObjectStore, bucket: str) -> None:
        """Listings and bulk deletions go on behind the limit of one request."""
        keys = [f"{number:04}" for number in range(1003)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda key: store.put_object(b"", key, bucket), keys))
        assert keys_of(store.list_objects(bucket=bucket)) == keys
        assert keys_of(store.list_objects(bucket=bucket, limit=1001)) == keys[:1001]
        deleted = store.delete_objects(keys, bucket)
        assert [outcome.key for outcome in deleted] == keys
        assert [outcome for outcome in deleted if outcome.error] == []
        assert list(store.list_objects(bucket=bucket)) == []

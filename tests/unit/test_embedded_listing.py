"""Listings of the embedded store: order, seeks, cursors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_store.object_store.adapters.embedded.client import LocalClient
from data_store.object_store.adapters.embedded.listing import successor
from data_store.object_store.errors import InvalidArgument
from data_store.object_store.models import BucketOptions, DeleteOptions, ListOptions, ObjectIdentifier, ObjectPage
from tests.unit.embedded_support import BUCKET, local, memory, put, with_bucket

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)
BORDERS = st.text(st.sampled_from("/a\x7f\x80\ud7ff\ue000\uffff\U00010000\U0010fffe\U0010ffff"), max_size=4)
KEYS = TEXTS | BORDERS


@pytest.fixture
def client(tmp_path: Path) -> Iterator[LocalClient]:
    """A store with an empty bucket."""
    with with_bucket(local(tmp_path)) as made:
        yield made


@given(prefix=KEYS, text=KEYS)
def test_the_successor_ends_the_range_of_a_prefix(prefix: str, text: str) -> None:
    """In UTF-8 byte order a text lies in [prefix, successor) if and only if it begins with the prefix."""
    end = successor(prefix)
    inside = text.encode() >= prefix.encode() and (end is None or text.encode() < end.encode())
    assert inside == text.startswith(prefix)


@given(
    keys=st.sets(st.text(st.sampled_from("a/é\U0010ffff\uffff"), min_size=1, max_size=6), max_size=12),
    prefix=st.text(st.sampled_from("a/\U0010ffff"), max_size=2),
    delimiter=st.sampled_from([None, "/", "a/", "//", "\U0010ffff", "é"]),
    limit=st.integers(1, 4),
)
def test_pages_are_what_a_plain_model_of_s3_gives(
    keys: set[str], prefix: str, delimiter: str | None, limit: int
) -> None:
    """Any delimiter, prefix and page size: together the pages hold every entry once, in byte order."""
    client = memory("test_pages_are_what_a_plain_model_of_s3_gives")
    client.create_bucket(BUCKET, BucketOptions())
    for key in keys:
        put(client, key, b"")
    entries = [entry for page in pages(client, prefix, delimiter, limit) for entry in entries_of(page, limit)]
    client.delete_objects(BUCKET, list(map(ObjectIdentifier, keys)))
    client.delete_bucket(BUCKET)
    assert entries == model(keys, prefix, delimiter)


def test_a_folder_of_many_keys_is_passed_over_in_a_few_steps(client: LocalClient) -> None:
    """Twenty times the keys below a common prefix, and two entries more, cost some instructions, not thousands."""
    fill(client, "folder", 100)
    few = steps(client, ListOptions(delimiter="/"))
    fill(client, "folder", 2000)
    put(client, "z", b"")
    fill(client, "other", 2000)
    page = client.list_page(BUCKET, "", ListOptions(delimiter="/"))
    assert (page.prefixes, [found.key for found in page.objects]) == (("folder/", "other/"), ["z"])
    assert steps(client, ListOptions(delimiter="/")) < 4 * few


def test_the_last_page_costs_no_more_than_the_first(client: LocalClient) -> None:
    """A cursor is a seek: what lies before it is not read again."""
    fill(client, "folder", 2000)
    options = ListOptions(limit=10)
    first = steps(client, options)
    for page in pages(client, "", None, 500):
        last = page.cursor or options.cursor
        options = ListOptions(limit=10, cursor=last)
    assert steps(client, options) <= first


@pytest.mark.parametrize("delimiter", [None, "/"])
def test_changes_between_pages_neither_repeat_nor_hide_other_keys(client: LocalClient, delimiter: str | None) -> None:
    """The key that the cursor stands on is deleted and one before it is added: the next page begins behind both."""
    for key in ("b", "c", "d"):
        put(client, key, b"")
    page = client.list_page(BUCKET, "", ListOptions(delimiter=delimiter, limit=2))
    client.delete_object(BUCKET, "c", DeleteOptions())
    put(client, "a", b"")
    rest = client.list_page(BUCKET, "", ListOptions(delimiter=delimiter, limit=2, cursor=page.cursor))
    assert ([found.key for found in page.objects], [found.key for found in rest.objects]) == (["b", "c"], ["d"])


@pytest.mark.parametrize("cursor", ["x", "ö", "eA==", "aw==", "a3g", "/w=="])
def test_a_cursor_that_is_none_is_refused(client: LocalClient, cursor: str) -> None:
    """Not base64, of no known kind, without a key, not padded, not UTF-8: InvalidArgument."""
    with pytest.raises(InvalidArgument, match="cursor"):
        client.list_page(BUCKET, "", ListOptions(cursor=cursor))


def fill(client: LocalClient, folder: str, count: int) -> None:
    """Make empty objects below one common prefix, by copying one: that is one small row each."""
    put(client, f"{folder}/", b"")
    with client._change() as changes:
        stored = changes.source(BUCKET, f"{folder}/", None)
        for number in range(count):
            key = f"{folder}/{number:05}"
            changes.share(stored.content)
            changes.write(changes.place(BUCKET, key), key, stored)


def steps(client: LocalClient, options: ListOptions) -> int:
    """Return how many instructions SQLite's machine executes for one page."""
    count = 0

    def step() -> int:
        nonlocal count
        count += 1
        return 0

    with client._database.read() as connection:
        connection.set_progress_handler(step, 1)
    client.list_page(BUCKET, "", options)
    with client._database.read() as connection:
        connection.set_progress_handler(None, 0)
    return count


def pages(client: object, prefix: str, delimiter: str | None, limit: int) -> Iterator[ObjectPage]:
    """Yield all pages of a listing."""
    cursor = None
    while True:
        options = ListOptions(delimiter=delimiter, cursor=cursor, limit=limit)
        page = client.list_page(BUCKET, prefix, options)  # type: ignore[attr-defined]  # any client
        yield page
        cursor = page.cursor
        if cursor is None:
            return


def entries_of(page: ObjectPage, limit: int) -> list[str]:
    """Return objects and prefixes of a page in one order."""
    entries = [found.key for found in page.objects] + list(page.prefixes)
    assert len(entries) <= limit
    return sorted(entries, key=str.encode)


def model(keys: set[str], prefix: str, delimiter: str | None) -> list[str]:
    """Return what a listing is by S3's definition."""
    entries = set()
    for key in keys:
        if key.startswith(prefix):
            head, found, _ = key[len(prefix) :].partition(delimiter) if delimiter else (key[len(prefix) :], "", "")
            entries.add(prefix + head + found)
    return sorted(entries, key=str.encode)

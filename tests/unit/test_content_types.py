"""Media types by file name."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator

import pytest

from data_store.object_store.content_types import guess_content_type


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.txt", "text/plain"),
        ("a.CSV", "text/csv"),
        ("a.json", "application/json"),
        ("a.jsonl", "application/x-ndjson"),
        ("a.html", "text/html"),
        ("a.png", "image/png"),
        ("a.webp", "image/webp"),
        ("a.js", "text/javascript"),
        ("a.md", "text/markdown"),
        ("a.yaml", "application/yaml"),
        ("a.yml", "application/yaml"),
        ("a.parquet", "application/parquet"),
        ("a.pdf", "application/pdf"),
        ("a.zip", "application/zip"),
        ("a.gz", "application/gzip"),
        ("a.csv.gz", "application/gzip"),
        ("a.tgz", "application/gzip"),
        ("a.tar.bz2", "application/x-bzip2"),
        ("a.tar.xz", "application/x-xz"),
        ("a.br", "application/octet-stream"),
        ("dir.html/a", None),
        ("a", None),
        (".png", None),
        ("", None),
        ("a.unheard-of", None),
        ("a.txt\n", None),
    ],
)
def test_the_extension_tells_the_type(name: str, expected: str | None) -> None:
    """Of a compressed file it is the compression: the bytes are not those of the type inside."""
    assert guess_content_type(name) == expected


def test_the_first_name_that_tells_one_decides() -> None:
    """The file's name comes before the key."""
    assert guess_content_type("a.png", "a.txt") == "image/png"
    assert guess_content_type("a", "a.txt") == "text/plain"
    assert guess_content_type() is None


@pytest.mark.parametrize("key", ["data:,a.png", "data:text/html,a.png", "http://host/a.png?b=c.txt"])
def test_a_key_is_no_url(key: str) -> None:
    """Keys may look like URLs; only their end counts."""
    assert guess_content_type(key) in {"image/png", "text/plain"}


@pytest.fixture
def _odd_machine() -> Iterator[None]:
    mimetypes.add_type("application/x-odd", ".txt")
    yield
    mimetypes.init()


@pytest.mark.usefixtures("_odd_machine")
def test_the_machines_own_types_do_not_count() -> None:
    """A type never depends on where the service runs."""
    assert guess_content_type("a.txt") == "text/plain"

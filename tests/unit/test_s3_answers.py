"""What every answer of an S3 server must hold."""

from __future__ import annotations

import pytest

from data_store.object_store.adapters.s3.answers import (
    InvalidAnswer,
    checked_page,
    deletion,
    invalid_answer,
    required_etag,
)
from data_store.object_store.errors import ServerError
from data_store.object_store.models import DeletedObject, ObjectIdentifier, ObjectMetadata, ObjectPage


def test_a_page_that_can_be_is_returned_as_it_is() -> None:
    """Sizes of 0 and unknown ones, the prefix itself, a cursor."""
    objects = (ObjectMetadata(key="a/", size=0), ObjectMetadata(key="a/b"))
    page = ObjectPage(objects=objects, prefixes=("a/c/",), cursor="next")
    assert checked_page(page, "a/", truncated=True) is page


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (ObjectPage(objects=(ObjectMetadata(key=""),)), "without a key"),
        (ObjectPage(objects=(), prefixes=("",)), "without a key"),
        (ObjectPage(objects=(ObjectMetadata(key="b"),)), "prefix"),
        (ObjectPage(objects=(), prefixes=("b/",)), "prefix"),
        (ObjectPage(objects=(ObjectMetadata(key="a", size=-1),)), "negative"),
        (ObjectPage(objects=()), "goes on"),
    ],
)
def test_a_page_that_cannot_be_is_refused(page: ObjectPage, reason: str) -> None:
    """Its keys may be followed by deletions."""
    with pytest.raises(InvalidAnswer, match=reason):
        checked_page(page, "a", truncated=True)


@pytest.mark.parametrize("etag", [None, "", '""'])
def test_a_write_without_an_etag_has_no_receipt(etag: str | None) -> None:
    """With one it is bare."""
    with pytest.raises(InvalidAnswer, match="no ETag"):
        required_etag(etag)
    assert required_etag('"e"') == "e"


def test_an_invalid_answer_is_an_error_of_the_server() -> None:
    """On one line, and not quoted at length."""
    error = invalid_answer(InvalidAnswer("a\nb" + "x" * 1000))
    assert isinstance(error, ServerError)
    assert "says: a bx" in error.reason
    assert len(error.reason) < 300


def test_a_delete_marker_without_an_id_is_not_believed() -> None:
    """It may not be there; one that has an id, or that was to be deleted, is."""
    key, version = ObjectIdentifier("k"), ObjectIdentifier("k", "v")
    assert deletion(key, None, is_marker=True) == DeletedObject("k")
    assert deletion(key, "m", is_marker=True) == DeletedObject("k", "m", is_delete_marker=True)
    assert deletion(version, None, is_marker=True) == DeletedObject("k", "v", is_delete_marker=True)
    assert deletion(version, None, is_marker=False) == DeletedObject("k", "v")

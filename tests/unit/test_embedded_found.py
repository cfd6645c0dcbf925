"""What the embedded store tells of an object: every field of it, whoever makes it from a row."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Iterator
from dataclasses import FrozenInstanceError, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from data_store.object_store.adapters.embedded import found
from data_store.object_store.adapters.embedded.client import LocalClient
from data_store.object_store.adapters.embedded.found import metadata_of, object_of, written
from data_store.object_store.models import Object, ObjectMetadata
from tests.unit.embedded_support import BUCKET, GetOptions, ListOptions, PutOptions, local, put, with_bucket

THEN = datetime(2026, 11, 21, 1, 2, 3, 4, tzinfo=UTC)
MICROSECONDS = 1_795_222_923_000_004
MD5 = "0" * 32
ROW = (
    *("a/ü", 5, MD5, MICROSECONDS, "STANDARD", "text/plain", '{"a": "ü"}'),
    *("no-cache", "inline", "gzip", "de", '{"crc32c": "00000001"}', "v"),
)
BODY = io.BytesIO(b"content")
FOUND: dict[str, Any] = {
    "key": "a/ü",
    "size": 5,
    "etag": MD5,
    "updated_time": THEN,
    "storage_class": "STANDARD",
    "content_type": "text/plain",
    "metadata": {"a": "ü"},
    "cache_control": "no-cache",
    "content_disposition": "inline",
    "content_encoding": "gzip",
    "content_language": "de",
    "checksums": {"md5": MD5, "crc32c": "00000001"},
    "version_id": "v",
    "encryption": None,
    "kms_key_id": None,
}
WRITTEN: dict[str, Any] = {
    "key": "a/ü",
    "size": 5,
    "etag": "e",
    "updated_time": THEN,
    "version_id": "v",
    "checksums": {"md5": MD5},
}
MAKERS: dict[str, tuple[Callable[[], ObjectMetadata], ObjectMetadata]] = {
    "metadata_of": (lambda: metadata_of(ROW), ObjectMetadata(**FOUND)),
    "object_of": (lambda: object_of(ROW, BODY, 3), Object(**FOUND, body=BODY, content_length=3)),
    "written": (lambda: written("a/ü", 5, "e", MICROSECONDS, "v", {"md5": MD5}), ObjectMetadata(**WRITTEN)),
}


def values_of(made: ObjectMetadata) -> dict[str, object]:
    """Return all fields; AttributeError for one that was never set."""
    return {field.name: getattr(made, field.name) for field in fields(made)}


def test_every_maker_is_tested_here() -> None:
    """And every field of what a row tells has a value."""
    assert set(MAKERS) == set(found.__all__)
    assert set(FOUND) == {field.name for field in fields(ObjectMetadata)}


@pytest.mark.parametrize("name", MAKERS)
def test_what_is_found_has_every_field(name: str) -> None:
    """With the values that the constructor gives it: a field that is new is forgotten nowhere."""
    make, expected = MAKERS[name]
    made = make()
    assert values_of(made) == values_of(expected)
    assert type(made) is type(expected)


@pytest.mark.parametrize("name", MAKERS)
def test_what_is_found_cannot_be_changed(name: str) -> None:
    """As any result."""
    made = MAKERS[name][0]()
    for field in fields(made):
        with pytest.raises(FrozenInstanceError):
            setattr(made, field.name, None)


@pytest.mark.parametrize("name", ["metadata_of", "written"])
def test_what_is_found_can_be_compared_and_pickled(name: str) -> None:
    """With what a constructor makes of the same values."""
    make, expected = MAKERS[name]
    assert make() == expected
    assert pickle.loads(pickle.dumps(make())) == expected


def test_columns_without_a_value_are_fields_without_one() -> None:
    """No metadata is an empty one; an ETag that was made of parts is no MD5."""
    row = ("k", 0, f"{MD5}-2", MICROSECONDS, *[None] * 9)
    made = metadata_of(row)
    assert made == ObjectMetadata(key="k", size=0, etag=f"{MD5}-2", updated_time=THEN, metadata={}, checksums={})


# through the store


@pytest.fixture
def client(tmp_path: Path) -> Iterator[LocalClient]:
    """A client with a bucket."""
    with with_bucket(local(tmp_path)) as made:
        yield made


def test_every_answer_of_the_store_has_every_field(client: LocalClient) -> None:
    """Of a PUT, a HEAD, a GET and a listing; they agree on what they know."""
    options = PutOptions(
        content_type="text/plain",
        metadata={"a": "ü"},
        cache_control="no-cache",
        content_disposition="inline",
        content_encoding="gzip",
        content_language="de",
        storage_class="STANDARD",
    )
    stored = values_of(put(client, "key", b"content", options))
    (entry,) = map(values_of, client.list_page(BUCKET, "", ListOptions()).objects)
    with client.get_object(BUCKET, "key", GetOptions()) as reading:
        got = values_of(reading)
        head = values_of(client.head_object(BUCKET, "key", GetOptions()))
        assert reading.read() == b"content"
    assert got == {**head, "body": got["body"], "content_length": 7}
    for told in (stored, entry):
        assert {name: value for name, value in told.items() if value is not None}.items() <= head.items()
    assert (head["metadata"], head["content_language"], stored["size"], entry["size"]) == ({"a": "ü"}, "de", 7, 7)

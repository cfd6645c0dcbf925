"""Results that are made quickly: the same, in everything, as those that a constructor makes."""

from __future__ import annotations

import copy
import io
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from data_store.object_store.models import Object, ObjectMetadata, building
from data_store.object_store.models.building import frozen, listed, unfrozen_metadata, unfrozen_object

THEN = datetime(2026, 11, 21, 1, 2, 3, 4, tzinfo=UTC)
LISTED = {"key": "a/ü", "size": 5, "etag": "e", "updated_time": THEN, "storage_class": "STANDARD"}
METADATA: dict[str, Any] = {
    **LISTED,
    "content_type": "text/plain",
    "version_id": "v",
    "metadata": {"a": "b"},
    "checksums": {"md5": "00"},
    "cache_control": "no-cache",
    "content_disposition": "inline",
    "content_encoding": "gzip",
    "content_language": "de",
    "encryption": "aws:kms",
    "kms_key_id": "k",
}
OBJECT = {**METADATA, "body": io.BytesIO(b"content"), "content_length": 7}


def filled(made: Any, kind: type[ObjectMetadata], values: dict[str, Any]) -> ObjectMetadata:
    """Return a result that was made unfrozen."""
    for name, value in values.items():
        setattr(made, name, value)
    return frozen(made, kind)


@dataclass(frozen=True)
class Made:
    """A result, and the same as its constructor makes it."""

    quickly: ObjectMetadata
    usually: ObjectMetadata


MAKERS: dict[str, Callable[[], Made]] = {
    "listed": lambda: Made(listed(**LISTED), ObjectMetadata(**LISTED)),  # type: ignore[arg-type]  # a dict of values
    "unfrozen_metadata": lambda: Made(
        filled(unfrozen_metadata(), ObjectMetadata, METADATA), ObjectMetadata(**METADATA)
    ),
    "unfrozen_object": lambda: Made(filled(unfrozen_object(), Object, OBJECT), Object(**OBJECT)),
}


def values_of(made: ObjectMetadata) -> dict[str, object]:
    """Return all fields; AttributeError for one that was never set."""
    return {field.name: getattr(made, field.name) for field in fields(made)}


def test_every_maker_is_tested_here() -> None:
    """``frozen`` ends what the others begin."""
    assert {*MAKERS, "frozen"} == set(building.__all__)
    assert set(METADATA) == {field.name for field in fields(ObjectMetadata)}
    assert set(OBJECT) == {field.name for field in fields(Object)}


@pytest.mark.parametrize("name", MAKERS)
def test_what_is_made_quickly_has_every_field(name: str) -> None:
    """With the values that the constructor gives it: a field that is new is forgotten nowhere."""
    made = MAKERS[name]()
    assert values_of(made.quickly) == values_of(made.usually)
    assert type(made.quickly) is type(made.usually)
    assert repr(made.quickly) == repr(made.usually)


@pytest.mark.parametrize("name", MAKERS)
def test_what_is_made_quickly_cannot_be_changed(name: str) -> None:
    """As any result."""
    made: Any = MAKERS[name]().quickly
    before = values_of(made)
    for field in fields(made):
        with pytest.raises(FrozenInstanceError):
            setattr(made, field.name, None)
        with pytest.raises(FrozenInstanceError):
            delattr(made, field.name)
    with pytest.raises((FrozenInstanceError, TypeError)):  # the latter in Python 3.11, of the class with slots
        made.another = 1  # there is none
    assert values_of(made) == before


@pytest.mark.parametrize("name", ["listed", "unfrozen_metadata"])
def test_what_is_made_quickly_is_equal_to_what_is_made_usually(name: str) -> None:
    """In both directions, and to no other."""
    made = MAKERS[name]()
    assert made.quickly == made.usually
    assert made.usually == made.quickly
    assert made.quickly != replace(made.usually, key="another")
    assert replace(made.quickly, key="another") == replace(made.usually, key="another")


def test_an_entry_of_a_listing_can_be_in_a_set() -> None:
    """As one that a constructor has made; they are the same there."""
    made = MAKERS["listed"]()
    assert len({made.quickly, made.usually}) == 1


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda made: pickle.loads(pickle.dumps(made))])
def test_what_is_made_quickly_can_be_copied_and_pickled(name: str, again: Callable[[Any], Any]) -> None:
    """And is a result as any other then, frozen too."""
    made = MAKERS[name]().quickly
    found: Any = again(made)
    assert found.__class__ is made.__class__
    assert {**values_of(found), "body": None} == {**values_of(made), "body": None}
    with pytest.raises(FrozenInstanceError):
        setattr(found, fields(found)[0].name, "another")


@pytest.mark.parametrize(("make", "kind"), [(unfrozen_metadata, ObjectMetadata), (unfrozen_object, Object)])
def test_what_is_not_ready_is_filled_by_plain_assignments(make: Callable[[], Any], kind: type) -> None:
    """Into the fields of what it becomes, and no others."""
    made = make()
    assert {field.name for field in fields(made)} == {field.name for field in fields(kind)}
    made.key = "a"
    made.key = "b"
    assert made.key == "b"
    del made.key
    with pytest.raises(AttributeError):
        made.another = 1


def test_an_object_that_was_made_quickly_is_read_and_closed() -> None:
    """It has the methods of one."""
    content = io.BytesIO(b"content")
    made = filled(unfrozen_object(), Object, {**OBJECT, "body": content})
    assert isinstance(made, Object)
    assert made.read() == b"content"
    assert content.closed

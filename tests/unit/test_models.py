"""The dataclasses that the store takes and returns."""

from __future__ import annotations

import copy
import dataclasses
import io
import pickle
from datetime import UTC, datetime
from typing import Any

import pytest

from data_store.object_store import models
from data_store.object_store.errors import AccessDenied
from data_store.object_store.models import (
    Bucket,
    DeletedObject,
    ListOptions,
    Object,
    ObjectMetadata,
    ObjectPage,
    PartInfo,
    PutOptions,
)
from data_store.object_store.models.building import listed

DATACLASSES = [
    value
    for value in (getattr(models, name) for name in models.__all__)
    if isinstance(value, type) and dataclasses.is_dataclass(value)
]


def test_an_object_of_a_listing_is_one_like_any_other() -> None:
    """Although it is made in another way: equal, hashable, frozen, and the same when pickled, replaced or shown."""
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    found = listed("key", 7, "etag", moment, "STANDARD")
    usual = ObjectMetadata(key="key", size=7, etag="etag", updated_time=moment, storage_class="STANDARD")
    assert type(found) is ObjectMetadata
    assert (found, repr(found), hash(found)) == (usual, repr(usual), hash(usual))
    assert pickle.loads(pickle.dumps(found)) == copy.copy(found) == usual
    assert dataclasses.replace(found, key="other") == dataclasses.replace(usual, key="other")
    assert dataclasses.asdict(found) == dataclasses.asdict(usual)
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.key = "other"  # type: ignore[misc]  # what is tried here


@pytest.mark.parametrize("cls", DATACLASSES)
def test_models_are_frozen_and_slotted(cls: type) -> None:
    """A result cannot be changed, and has no room for misspelt attributes."""
    assert cls.__dataclass_params__.frozen  # type: ignore[attr-defined]  # dataclasses make it
    assert "__slots__" in vars(cls)
    assert not hasattr(object.__new__(cls), "__dict__")


@pytest.mark.parametrize("cls", [cls for cls in DATACLASSES if issubclass(cls, models.ContentOptions | ObjectMetadata)])
def test_many_fields_are_given_by_name(cls: type) -> None:
    """A new option never shifts a positional one."""
    with pytest.raises(TypeError, match="positional"):
        cls("value")


def test_what_was_not_reported_is_none() -> None:
    """None, never empty: ``{}`` would say that there is no metadata."""
    found = ObjectMetadata(key="k")
    values = {field.name: getattr(found, field.name) for field in dataclasses.fields(found) if field.name != "key"}
    assert set(values.values()) == {None}


@pytest.mark.parametrize(
    "value",
    [
        Bucket("b", datetime(2026, 1, 1, tzinfo=UTC)),
        ObjectMetadata(key="k", size=1, metadata={"a": "b"}),
        DeletedObject("k", error=AccessDenied("no", bucket="b")),
        ObjectPage((ObjectMetadata(key="k"),), ("p/",), "cursor"),
        PartInfo(1, "etag"),
        PutOptions(metadata={"a": "b"}),
        ListOptions(),
    ],
)
def test_results_and_options_are_picklable(value: Any) -> None:
    """They cross processes."""
    found = pickle.loads(pickle.dumps(value))
    assert repr(found) == repr(value)


def _object(content: bytes = b"content") -> Object:
    return Object(key="k", size=len(content), body=io.BytesIO(content), content_length=len(content))


def test_an_object_is_read_whole_and_closed() -> None:
    """``read()`` leaves no connection behind."""
    found = _object()
    assert found.read() == b"content"
    assert found.body.closed


def test_an_object_is_closed_by_its_block() -> None:
    """Leaving the ``with`` block closes the body, on an error too."""
    found = _object()
    with pytest.raises(ZeroDivisionError), found:
        raise ZeroDivisionError
    assert found.body.closed


def test_an_object_can_be_closed_twice() -> None:
    """Closing what is closed does nothing."""
    found = _object()
    found.close()
    found.close()
    assert found.body.closed


def test_an_object_has_all_fields_of_its_metadata() -> None:
    """The fields of ``ObjectMetadata`` lie flat in an ``Object``."""
    flat = {field.name for field in dataclasses.fields(Object)}
    assert flat == {field.name for field in dataclasses.fields(ObjectMetadata)} | {"body", "content_length"}


def test_upload_options_are_those_of_a_put() -> None:
    """What the facade takes is what an adapter gets."""
    taken = models.UploadOptions.__annotations__.keys()
    put = {field.name for field in dataclasses.fields(PutOptions)}
    assert set(taken) == put

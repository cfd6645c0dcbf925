"""Tests of conditional copies: one request, parts, or a refusal before anything is written."""

from __future__ import annotations

from typing import Any

import pytest

from data_store.object_store.copies import Copy
from data_store.object_store.errors import PreconditionFailed, UnsupportedOperation
from data_store.object_store.models import Condition, CopyContentOptions
from tests.unit.dict_client import DictClient, PartsClient
from tests.unit.transfer_support import (
    CONTENT,
    FIELDS,
    PART,
    SOURCE,
    options_of,
    put,
    stored_content,
    transfers_of,
)


class ConditionalCopies(PartsClient):
    """Copies conditionally, as the embedded frameworks do."""

    conditions = frozenset(Condition)
    max_copy_size = None


class ConditionalCompletes(PartsClient):
    """Its server ignores conditions of copies, and honours those of completing."""

    conditions = frozenset({Condition.PUT, Condition.COMPLETE})


@pytest.mark.parametrize("cls", [ConditionalCopies, ConditionalCompletes])
@pytest.mark.parametrize("size", [0, 10, PART + 1])
@pytest.mark.parametrize("target", ["l", "k"])
def test_a_conditional_copy_replaces_what_it_expects_and_nothing_else(
    cls: type[PartsClient], size: int, target: str
) -> None:
    """Of every size, in the way that the server honours; what is kept is kept."""
    client = cls()
    transfers = transfers_of(client)
    put(client, b"old", "l")
    put(client, CONTENT[:size], options=SOURCE)
    for changes in ({"if_none_match": "*"}, {"if_match": "another"}):
        before = dict(client.buckets["b"])
        with pytest.raises(PreconditionFailed):
            transfers.copies.copy(Copy("b", "k", "b", target, changes))  # type: ignore[arg-type]  # a TypedDict
        assert client.buckets["b"] == before
    kept: CopyContentOptions = {"if_match": client.buckets["b"][target].etag, "content_language": "fr"}
    transfers.copies.copy(Copy("b", "k", "b", target, kept))
    transfers.copies.copy(Copy("b", "k", "b", "new", {"if_none_match": "*"}))
    assert stored_content(client, target) == stored_content(client, "new") == CONTENT[:size]
    expected = {name: getattr(SOURCE, name) for name in FIELDS}
    assert options_of(client, target) == {**expected, "content_language": "fr"}
    assert client.uploads == {}
    assert ("copy_object" in client.calls) == (cls is ConditionalCopies)
    transfers.close()


class NoConditions(PartsClient):
    """Its server ignores all of them."""

    conditions = frozenset()


@pytest.mark.parametrize(
    ("cls", "size"),
    [(DictClient, 10), (PartsClient, 10), (PartsClient, PART + 1), (NoConditions, 0), (NoConditions, PART + 1)],
)
@pytest.mark.parametrize("changes", [{"if_none_match": "*"}, {"if_match": "etag"}])
def test_a_conditional_copy_is_refused_where_nothing_honours_it(cls: type[DictClient], size: int, changes: Any) -> None:
    """It would overwrite in silence."""
    client = cls()
    transfers = transfers_of(client)
    put(client, CONTENT[:size])
    client.calls.clear()
    with pytest.raises(UnsupportedOperation) as caught:
        transfers.copies.copy(Copy("b", "k", "b", "l", changes))
    assert (caught.value.operation, caught.value.key, caught.value.framework) == ("copy_object", "l", "memory")
    assert client.calls == ["head_object"]
    transfers.close()


@pytest.mark.parametrize("cls", [DictClient, PartsClient])
def test_an_empty_object_is_copied_conditionally_by_a_put(cls: type[DictClient]) -> None:
    """A part has at least a byte, and CopyObject no condition that holds."""
    client = cls()
    put(client, b"", options=SOURCE)
    client.calls.clear()
    transfers_of(client).copies.copy(Copy("b", "k", "b", "l", {"if_none_match": "*"}))
    assert client.calls == ["head_object", "put_object"]
    assert options_of(client, "l") == {name: getattr(SOURCE, name) for name in FIELDS}

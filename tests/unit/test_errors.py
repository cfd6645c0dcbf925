"""The hierarchy of errors: what its docstring draws, and what each error says."""

from __future__ import annotations

import copy
import pickle
import re
from collections.abc import Iterator
from typing import Any

import pytest

from data_store.object_store import errors
from data_store.object_store.errors import (
    BucketNotFound,
    ConfigurationError,
    InvalidArgument,
    MissingDependency,
    NotFound,
    ObjectNotFound,
    ObjectStoreError,
    ServerError,
    Throttled,
)

CLASSES = [getattr(errors, name) for name in errors.__all__]
ANSWERS = [cls for cls in CLASSES if issubclass(cls, ObjectStoreError)]
_BRANCH = re.compile(r"^    ([│ ├└─]*)([A-Z]\w+)")


def _drawn() -> Iterator[tuple[str, str]]:
    """Yield (class, base) of the tree in the module's docstring."""
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        found = _BRANCH.match(line)
        if found:
            depth = len(found[1]) // 4
            above[depth:] = [found[2]]
            if depth:
                yield found[2], above[depth - 1]


def test_the_drawn_tree_is_the_hierarchy() -> None:
    """Each class stands in the docstring once, below the class that it derives from."""
    drawn = list(_drawn())
    assert sorted(name for name, _ in drawn) == sorted(errors.__all__)
    for name, base in drawn:
        assert getattr(errors, name).__bases__[0].__name__ == base


def test_every_class_of_the_module_is_public() -> None:
    """No exception class hides from ``__all__``."""
    found = {
        name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, BaseException)
    }
    assert found == set(errors.__all__)


def test_a_missing_dependency_is_an_import_error_too() -> None:
    """Who catches ``ImportError`` or ``ValueError`` catches it."""
    assert issubclass(MissingDependency, ConfigurationError)
    assert issubclass(MissingDependency, ImportError)


@pytest.mark.parametrize("cls", [ConfigurationError, InvalidArgument])
def test_mistakes_of_the_caller_are_value_errors(cls: type[Exception]) -> None:
    """They are no ``ObjectStoreError``: nothing was sent."""
    assert issubclass(cls, ValueError)
    assert not issubclass(cls, ObjectStoreError)


@pytest.mark.parametrize("cls", ANSWERS)
def test_each_answer_says_what_to_try(cls: type[ObjectStoreError]) -> None:
    """The hint is a sentence of its own."""
    assert re.fullmatch(r"[A-Za-z].*\.", cls.hint)
    assert str(cls("it broke")).endswith(cls.hint)


def test_the_hint_of_a_failed_store_holds_without_a_server() -> None:
    """An embedded store has neither a server nor its log."""
    assert "server" not in ServerError.hint
    assert "log" not in ServerError.hint


def test_hints_differ() -> None:
    """A hint that two classes share tells too little."""
    assert len({cls.hint for cls in ANSWERS}) == len(ANSWERS)


@pytest.mark.parametrize("cls", ANSWERS)
def test_a_bare_error_names_itself_and_nothing_that_is_none(cls: type[ObjectStoreError]) -> None:
    """An error without any field is a sentence too."""
    text = str(cls())
    assert text.startswith(f"{cls.__name__}: {cls.__name__}. ")
    assert "None" not in text


@pytest.mark.parametrize(
    ("fields", "subject"),
    [
        ({"operation": "ping"}, "ping: "),
        ({"operation": "head_bucket", "bucket": "b"}, "head_bucket 'b': "),
        (
            {"operation": "get_object", "bucket": "b", "key": "a/c", "framework": "minio"},
            "get_object 'b/a/c' (minio): ",
        ),
        ({"bucket": "b", "key": "new\nline"}, "'b/new\\nline': "),
        ({"framework": "local"}, "Throttled (local): "),
    ],
)
def test_the_message_begins_with_what_was_asked(fields: dict[str, Any], subject: str) -> None:
    """Operation, bucket, key and framework, as far as they are known."""
    text = str(Throttled("slow down", **fields))
    assert text == f"{subject}slow down. {Throttled.hint}"


def test_the_message_holds_the_answer_of_the_server() -> None:
    """Status, code and request id stand in brackets, for the server's log."""
    error = Throttled("Reduce your rate. ", status=503, code="SlowDown", request_id="R1")
    assert "Reduce your rate [503, SlowDown, request R1]. " in str(error)


@pytest.mark.parametrize("copied", [lambda error: pickle.loads(pickle.dumps(error)), copy.copy])
@pytest.mark.parametrize("cls", ANSWERS)
def test_an_error_keeps_all_its_fields_in_a_copy(cls: type[ObjectStoreError], copied: type) -> None:
    """Errors cross processes (multiprocessing, task queues) whole, notes included."""
    fields: dict[str, Any] = {
        "operation": "get_object",
        "bucket": "b",
        "key": "k",
        "framework": "f",
        "code": "C",
        "request_id": "R",
    }
    error = cls("reason", status=400, **fields)
    error.add_note("while testing")
    found = copied(error)
    assert type(found) is cls
    assert found.__dict__ == error.__dict__
    assert found.args == error.args
    assert str(found) == str(error)


@pytest.mark.parametrize("cls", [ConfigurationError, InvalidArgument, MissingDependency])
def test_mistakes_are_picklable(cls: type[Exception]) -> None:
    """They cross processes as well."""
    found = pickle.loads(pickle.dumps(cls("bad")))
    assert type(found) is cls
    assert str(found) == "bad"


def test_what_is_missing_can_be_caught_as_one() -> None:
    """``except NotFound`` catches a missing bucket and a missing object."""
    assert {BucketNotFound, ObjectNotFound} <= set(NotFound.__subclasses__())

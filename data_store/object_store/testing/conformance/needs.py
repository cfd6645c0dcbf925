"""What a case needs of the server, and what it asserts where that is not there.

Nothing is skipped. A case whose capability the adapter has not declared, or which ``limits.lacks`` names, runs all the
same, to its first use of what is missing: that must be an ``UnsupportedOperation`` which says so. A case that runs to
its end fails, since the limit no longer holds.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from data_store.object_store.capabilities import CAPABILITIES, SupportsMultipart
from data_store.object_store.client import ObjectStoreClient
from data_store.object_store.errors import UnsupportedOperation
from data_store.object_store.models import Condition
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.facts import Fact

if TYPE_CHECKING:
    from data_store.object_store.testing.conformance.group import ConformanceGroup

__all__ = ["By", "Case", "lacking", "needs", "noticing"]

Case = Callable[..., None]
_Decorated = TypeVar("_Decorated", bound=Case)
_NEEDS = "needs"


@dataclass(frozen=True, slots=True)
class By:
    """What a parametrized case needs, by the value of a parameter; a value that is not in the table needs nothing."""

    parameter: str
    facts: Mapping[str, Fact]

    def of(self, arguments: Mapping[str, Any]) -> Iterator[Fact]:
        """Yield what the case with these arguments needs."""
        value = arguments[self.parameter]
        if value in self.facts:
            yield self.facts[value]


def needs(*facts: Fact | By) -> Callable[[_Decorated], _Decorated]:
    """Return a decorator that names what a case needs beyond the capability of its group."""

    def decorate(case: _Decorated) -> _Decorated:
        vars(case)[_NEEDS] = facts
        return case

    return decorate


def lacking(group: ConformanceGroup, store: ObjectStore, fact: Fact) -> str | None:
    """Return why something is not there, by what the adapter declares and what is known of the server."""
    if fact in group.limits.lacks:
        return group.limits.lacks[fact]
    if isinstance(fact, type):
        return None if isinstance(store.client, fact) else f"{store.config.framework} does not declare it"
    if isinstance(fact, Condition):
        return _without_condition(group, store, fact)
    return None


def noticing(case: Case, capability: type | None) -> Case:
    """Return the case as the suite runs it: asserting what happens instead, where something is lacking."""
    named: tuple[Fact | By, ...] = vars(case).get(_NEEDS, ())
    wanted = (*([capability] if capability else ()), *named)
    if not wanted:
        return case

    @functools.wraps(case)
    def noticed(self: ConformanceGroup, **arguments: Any) -> None:
        store = next(each for each in arguments.values() if isinstance(each, ObjectStore))
        facts = [fact for each in wanted for fact in (each.of(arguments) if isinstance(each, By) else (each,))]
        missing = {fact: reason for fact in facts if (reason := lacking(self, store, fact)) is not None}
        if not missing:
            case(self, **arguments)
            return
        store.client.forget_lacking()  # what another case found out is to be found out again
        error = _refusal(functools.partial(case, self, **arguments), missing)
        assert str(store.config.framework) in str(error)
        if all(isinstance(fact, type) for fact in missing):
            words = re.findall(r"\w+", str(error))
            told = [capability for capability in CAPABILITIES if capability.__name__ in words]
            assert told, f"no capability is named: {error}"
            assert [each for each in told if store.supports(each) or lacking(self, store, each) is None] == []

    return noticed


def _refusal(case: Callable[[], None], missing: Mapping[Fact, str]) -> UnsupportedOperation:
    try:
        case()
    except UnsupportedOperation as error:
        return error
    return pytest.fail(f"the case passed, although this is said to be missing: {missing}", pytrace=False)


def _without_condition(group: ConformanceGroup, store: ObjectStore, condition: Condition) -> str | None:
    client = store.client
    if condition in client.conditions:
        return None
    if condition is Condition.COPY:  # then it is a copy in parts, which is completed conditionally
        return lacking(group, store, SupportsMultipart) or lacking(group, store, Condition.COMPLETE)
    if condition is Condition.COMPLETE and not isinstance(client, SupportsMultipart):
        return None  # there is nothing to complete: a write of any size is one
    if type(client).honours is not ObjectStoreClient.honours:
        return None  # it finds out for each server, and the limits say which ones do not
    return f"{store.config.framework} does not declare it"

"""What the conformance suite does where something is missing: nothing is skipped."""

import pkgutil
from collections.abc import Mapping
from importlib import import_module
from inspect import getsource
from types import SimpleNamespace

import pytest

from data_store.object_store import ObjectStore, SupportsNotificationRules, SupportsTags
from data_store.object_store.capabilities import CAPABILITIES
from data_store.object_store.errors import ObjectNotFound, UnsupportedOperation
from data_store.object_store.models import Condition
from data_store.object_store.testing import conformance, facts
from data_store.object_store.testing.conformance.needs import By, Case, needs, noticing
from data_store.object_store.testing.exceptions import TABLE, Limits

CONSTANTS = [name for name in facts.__all__ if name.isupper()]
Lacks = Mapping[facts.Fact, str]


def _run(
    case: Case, store: ObjectStore, capability: type | None = None, lacks: Lacks | None = None, **others: str
) -> None:
    """Run a case as the suite would, in a group about a capability."""
    group = SimpleNamespace(limits=Limits("a server", lacks=lacks or {}))
    noticing(case, capability)(group, store=store, **others)


def _tags(_self: object, store: ObjectStore) -> None:
    store.put_object(b"content", "key", tags={"a": "b"})
    assert store.get_tags("key") == {"a": "b"}


def _rules(_self: object, store: ObjectStore) -> None:
    assert store.get_notifications() == []


def _fails(_self: object, store: ObjectStore) -> None:
    raise AssertionError("on purpose")


def _refuses(_self: object, store: ObjectStore, name: str = "") -> None:
    raise UnsupportedOperation(f"{name} is not there").locate("put_object", None, None, store.config.framework)


def test_a_case_runs_where_what_it_needs_is_there(object_store: ObjectStore) -> None:
    """A case of a capability that the adapter declares is a case like any other."""
    _run(_tags, object_store, SupportsTags)
    with pytest.raises(AssertionError, match="on purpose"):
        _run(_fails, object_store, SupportsTags)


def test_a_case_that_needs_nothing_is_left_as_it_is() -> None:
    """There is nothing around it."""
    assert noticing(_tags, None) is _tags


def test_a_case_of_an_undeclared_capability_must_be_refused(object_store: ObjectStore) -> None:
    """The store has no such rules, says so by name, and the case passes for that."""
    _run(_rules, object_store, SupportsNotificationRules)
    with pytest.raises(AssertionError, match="on purpose"):
        _run(_fails, object_store, SupportsNotificationRules)


def test_a_limit_that_no_longer_holds_fails_its_case(object_store: ObjectStore) -> None:
    """A case that runs to its end, although the table says that it cannot, fails with the table's reason."""
    with pytest.raises(pytest.fail.Exception, match="out of fashion"):
        _run(_tags, object_store, SupportsTags, {SupportsTags: "tags are out of fashion"})
    with pytest.raises(pytest.fail.Exception, match="out of fashion"):
        _run(
            needs(facts.TAGS_WITHOUT_ASCII)(_copy_of(_tags)),
            object_store,
            None,
            {facts.TAGS_WITHOUT_ASCII: "out of fashion"},
        )


def test_another_error_is_no_refusal(object_store: ObjectStore) -> None:
    """Only UnsupportedOperation tells that something is missing."""

    def case(_self: object, store: ObjectStore) -> None:
        store.read_object("missing")

    with pytest.raises(ObjectNotFound):
        _run(case, object_store, SupportsNotificationRules)


def test_a_refusal_must_name_the_capability_that_is_missing(object_store: ObjectStore) -> None:
    """One that names none, or one that is there, fails the case."""
    with pytest.raises(AssertionError, match="no capability is named"):
        _run(_refuses, object_store, SupportsNotificationRules, name="something")
    with pytest.raises(AssertionError):
        _run(_refuses, object_store, SupportsNotificationRules, name="SupportsTags")
    _run(_refuses, object_store, SupportsNotificationRules, name="SupportsNotificationRules")


def test_a_single_thing_is_refused_in_any_words(object_store: ObjectStore) -> None:
    """What is no capability has no name to look for."""
    lacks = {facts.TAGS_WITHOUT_ASCII: "ASCII alone"}
    _run(needs(facts.TAGS_WITHOUT_ASCII)(_copy_of(_refuses)), object_store, None, lacks)


def test_needs_may_follow_a_parameter(object_store: ObjectStore) -> None:
    """Some values of a parameter need what others do not."""

    @needs(By("kind", {"rare": facts.TAGS_WITHOUT_ASCII}))
    def case(_self: object, store: ObjectStore, kind: str) -> None:
        if kind == "rare":
            _refuses(_self, store)

    lacks = {facts.TAGS_WITHOUT_ASCII: "ASCII alone"}
    _run(case, object_store, None, lacks, kind="rare")
    _run(case, object_store, None, lacks, kind="plain")
    with pytest.raises(UnsupportedOperation):
        _run(case, object_store, None, {}, kind="rare")


@pytest.mark.parametrize("name", CONSTANTS)
def test_every_fact_is_asserted_by_a_case(name: str) -> None:
    """A fact that no case knows would be a claim that nobody checks."""
    modules = (
        import_module(f"{conformance.__name__}.{found.name}") for found in pkgutil.iter_modules(conformance.__path__)
    )
    assert any(name in getsource(module) for module in modules)


@pytest.mark.parametrize("limits", TABLE, ids=lambda limits: limits.name)
def test_the_table_names_facts(limits: Limits) -> None:
    """What a server lacks is a capability, a kind of condition, or a fact with a name."""
    known = {*CAPABILITIES, *Condition, *(getattr(facts, name) for name in CONSTANTS)}
    assert limits.lacks.keys() <= known
    assert all(where and what and why for where, what, why in limits.rows())


def _copy_of(case: Case) -> Case:
    """Return a case that can be decorated without changing the one that others use."""

    def copy(_self: object, store: ObjectStore) -> None:
        case(_self, store=store)

    return copy

"""The rules for lifecycle rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from data_store.object_store import validation
from data_store.object_store.errors import InvalidArgument
from data_store.object_store.models import LifecycleRule, Transition

DAY = datetime(2030, 1, 1, tzinfo=UTC)
RULE = LifecycleRule("r", expire_after_days=1)
COLD = Transition(storage_class="COLD", after_days=0)


def _of(**fields: Any) -> LifecycleRule:
    return LifecycleRule("r", **fields)


@pytest.mark.parametrize(
    "rule",
    [
        RULE,
        LifecycleRule("r" * 255, "p/", expire_at=DAY),
        LifecycleRule("ü 1", expire_delete_markers=True, noncurrent_days=1, abort_uploads_after_days=1),
        _of(noncurrent_days=1, noncurrent_keep=100, tags={"a": "b"}),
        _of(transition=COLD, expire_after_days=1, min_size=1, max_size=1),
        _of(transition=Transition(storage_class="COLD", at=DAY), expire_at=DAY + timedelta(days=1), max_size=0),
        _of(transition=Transition(storage_class="COLD", at=DAY), noncurrent_days=1, enabled=False),
        _of(expire_delete_markers=True, min_size=5),
    ],
)
def test_good_rules_come_back_as_they_are(rule: LifecycleRule) -> None:
    """Every field has its use."""
    assert validation.lifecycle_rules([rule]) == [rule]


def test_what_says_nothing_is_left_out() -> None:
    """A filter that lets all objects through; a time of another zone is one of UTC."""
    at = datetime(2030, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    rule = _of(expire_at=at, tags={}, min_size=0)
    assert validation.lifecycle_rules(each for each in [rule]) == [_of(expire_at=DAY)]


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({}, "at least one of"),
        ({"noncurrent_keep": 5}, "at least one of"),
        ({"expire_after_days": 0}, "expire_after_days must be at least 1"),
        ({"expire_after_days": -1}, "expire_after_days must be at least 1"),
        ({"expire_after_days": 1.5}, "expire_after_days must be a whole number"),
        ({"expire_after_days": True}, "expire_after_days must be a whole number"),
        ({"noncurrent_days": 0}, "noncurrent_days must be at least 1"),
        ({"abort_uploads_after_days": 0}, "abort_uploads_after_days must be at least 1"),
        ({"noncurrent_days": 1, "noncurrent_keep": 0}, "noncurrent_keep must be at least 1"),
        ({"noncurrent_days": 1, "noncurrent_keep": 101}, "at most 100"),
        ({"expire_after_days": 1, "noncurrent_keep": 1}, "needs noncurrent_days"),
        ({"expire_after_days": 1, "expire_at": DAY}, "contradict"),
        ({"expire_at": datetime(2030, 1, 1)}, "aware"),
        ({"expire_at": DAY + timedelta(hours=1)}, "midnight UTC"),
        ({"expire_at": datetime(2030, 1, 1, tzinfo=timezone(timedelta(hours=2)))}, "midnight UTC"),
        ({"expire_at": "2030-01-01"}, "must be a datetime"),
        ({"expire_delete_markers": 1}, "True or False"),
        ({"expire_delete_markers": True, "expire_after_days": 1}, "expire_delete_markers takes no"),
        ({"expire_delete_markers": True, "expire_at": DAY}, "expire_delete_markers takes no"),
        ({"expire_delete_markers": True, "tags": {"a": "b"}}, "expire_delete_markers takes no"),
        ({"abort_uploads_after_days": 1, "tags": {"a": "b"}}, "takes no tags or sizes"),
        ({"abort_uploads_after_days": 1, "min_size": 1}, "takes no tags or sizes"),
        ({"abort_uploads_after_days": 1, "max_size": 0}, "takes no tags or sizes"),
        ({"transition": "COLD"}, "must be a Transition"),
        ({"transition": Transition(storage_class="", after_days=1)}, "storage_class"),
        ({"transition": Transition(storage_class="COLD")}, "exactly one"),
        ({"transition": Transition(storage_class="COLD", after_days=1, at=DAY)}, "exactly one"),
        ({"transition": Transition(storage_class="COLD", after_days=-1)}, "at least 0"),
        ({"transition": Transition(storage_class="COLD", at=DAY + timedelta(seconds=1))}, "midnight UTC"),
        ({"transition": COLD, "expire_at": DAY}, "both in days"),
        ({"transition": Transition(storage_class="COLD", at=DAY), "expire_after_days": 1}, "both in days"),
        ({"transition": replace(COLD, after_days=5), "expire_after_days": 5}, "no later than"),
        ({"transition": Transition(storage_class="COLD", at=DAY), "expire_at": DAY}, "no later than"),
        ({"expire_after_days": 1, "min_size": -1}, "min_size must be at least 0"),
        ({"expire_after_days": 1, "max_size": -1}, "max_size must be at least 0"),
        ({"expire_after_days": 1, "min_size": 2, "max_size": 1}, "max_size must be at least min_size"),
        ({"expire_after_days": 1, "tags": {"a": 1}}, "must be a str"),
        ({"expire_after_days": 1, "enabled": None}, "True or False"),
        ({"expire_after_days": 1, "prefix": None}, "must be a str"),
    ],
)
def test_rules_that_contradict_themselves_are_refused(fields: dict[str, Any], rule: str) -> None:
    """The message names the rule by its id too."""
    with pytest.raises(InvalidArgument, match=rule) as caught:
        validation.lifecycle_rules([_of(**fields)])
    assert "lifecycle rule 'r': " in str(caught.value)


@pytest.mark.parametrize(
    ("rules", "rule"),
    [
        ([], "1 to 1000 rules, not 0"),
        ([replace(RULE, id=str(number)) for number in range(1001)], "not 1001"),
        ([RULE, RULE], "'r' is there twice"),
        ([replace(RULE, id="")], "not be empty"),
        ([replace(RULE, id="a\nb")], "control"),
        ([replace(RULE, id="r" * 256)], "more than 255"),
        ([replace(RULE, id=5)], "must be a str"),  # type: ignore[arg-type]  # what is to be refused
        (["rule"], "must be a LifecycleRule"),
        (RULE, "must be a list"),
        ("rules", "must be a list"),
        (None, "must be a list"),
    ],
)
def test_lists_that_are_no_rules_are_refused(rules: Any, rule: str) -> None:
    """Empty, too long, or of something else."""
    with pytest.raises(InvalidArgument, match=rule):
        validation.lifecycle_rules(rules)

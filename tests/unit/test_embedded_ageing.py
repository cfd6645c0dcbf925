"""What lifecycle rules say about one object, version, delete marker or upload."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_store.object_store.adapters.embedded.ageing import Aged, Rules, due
from data_store.object_store.adapters.embedded.rows import microseconds
from data_store.object_store.models import LifecycleRule, Transition

DAY = timedelta(days=1)
WRITTEN = datetime(2014, 1, 15, 10, 30, tzinfo=UTC)
moments = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))
days = st.integers(0, 36_500)


def rules(now: datetime, *which: LifecycleRule) -> Rules:
    """Return the rules at a time."""
    return Rules(which, microseconds(now))


def aged(key: str = "logs/a", since: datetime = WRITTEN, size: int | None = 10, **tags: str) -> Aged:
    """Return something to apply rules to."""
    return Aged(key, microseconds(since), size, tags)


def test_the_example_of_the_user_guide_holds() -> None:
    """Created 2014-01-15 10:30 with 3 days: due on 2014-01-19 00:00 UTC, not a moment before."""
    midnight = datetime(2014, 1, 19, tzinfo=UTC)
    rule = LifecycleRule("r", expire_after_days=3)
    assert due(microseconds(WRITTEN), 3) == microseconds(midnight)
    assert rules(midnight, rule).expire(aged())
    assert not rules(midnight - timedelta(microseconds=1), rule).expire(aged())


@given(moments, days)
def test_days_are_over_at_the_first_midnight_after_they_have_passed(written: datetime, number: int) -> None:
    """The time is a midnight UTC, later than the days by more than nothing and by a day at the most."""
    found = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=due(microseconds(written), number))
    assert (found.hour, found.minute, found.second, found.microsecond) == (0, 0, 0, 0)
    assert timedelta(0) < found - (written + number * DAY) <= DAY


@given(moments, moments, days)
def test_what_is_written_later_is_never_due_earlier(one: datetime, other: datetime, number: int) -> None:
    """The order of two objects stays, and one day more is exactly one day later."""
    first, second = sorted((microseconds(one), microseconds(other)))
    assert due(first, number) <= due(second, number)
    assert due(first, number + 1) - due(first, number) == DAY // timedelta(microseconds=1)


@given(moments)
def test_a_time_of_another_zone_is_the_same_instant(moment: datetime) -> None:
    """Microseconds since 1970 do not depend on the zone that a time is told in."""
    elsewhere = moment.astimezone(timezone(timedelta(hours=9, minutes=30)))
    assert microseconds(elsewhere) == microseconds(moment)
    assert timedelta(microseconds=microseconds(moment)) == moment - datetime(1970, 1, 1, tzinfo=UTC)


def test_a_day_that_has_come_expires_whatever_was_written_when() -> None:
    """Unlike an age, a date holds for what is written behind it too."""
    rule = LifecycleRule("r", expire_at=datetime(2020, 1, 1, tzinfo=UTC))
    late = aged(since=datetime(2020, 1, 2, tzinfo=UTC))
    assert rules(datetime(2020, 1, 2, tzinfo=UTC), rule).expire(late)
    assert rules(datetime(2020, 1, 1, tzinfo=UTC), rule).expire(aged())
    assert not rules(datetime(2019, 12, 31, 23, 59, tzinfo=UTC), rule).expire(aged())


@pytest.mark.parametrize(
    ("filters", "applies"),
    [
        ({"prefix": "logs/"}, True),
        ({"prefix": "log"}, True),
        ({"prefix": "logs/a/"}, False),
        ({"min_size": 10, "max_size": 10}, True),
        ({"min_size": 11}, False),
        ({"max_size": 9}, False),
        ({"tags": {"team": "a"}}, True),
        ({"tags": {"team": "a", "kind": "b"}}, True),
        ({"tags": {"team": "b"}}, False),
        ({"tags": {"other": "a"}}, False),
        ({"prefix": "logs/", "tags": {"team": "a"}, "min_size": 11}, False),
    ],
)
def test_all_filters_of_a_rule_must_hold(filters: dict[str, Any], applies: bool) -> None:
    """Prefix, tags and sizes, which are inclusive."""
    rule = LifecycleRule("r", expire_after_days=1, **filters)
    assert rules(WRITTEN + 3 * DAY, rule).expire(aged(team="a", kind="b")) == applies


def test_a_rule_that_is_not_enabled_does_nothing() -> None:
    """It is only kept."""
    everything = LifecycleRule(
        "r",
        expire_after_days=1,
        noncurrent_days=1,
        abort_uploads_after_days=1,
        transition=Transition(storage_class="COLD", after_days=1),
        enabled=False,
    )
    late = rules(WRITTEN + 900 * DAY, everything)
    assert not late.expire(aged())
    assert not late.expire_noncurrent(aged(), 9)
    assert not late.remove_marker(aged())
    assert not late.abort(aged())
    assert late.storage_class(aged()) is None


def test_the_newest_noncurrent_versions_stay_however_old() -> None:
    """``noncurrent_keep`` counts those that are newer."""
    late = rules(WRITTEN + 9 * DAY, LifecycleRule("r", noncurrent_days=3, noncurrent_keep=2))
    assert [late.expire_noncurrent(aged(), newer) for newer in range(4)] == [False, False, True, True]
    early = rules(WRITTEN + 3 * DAY, LifecycleRule("r", noncurrent_days=3))
    assert not early.expire_noncurrent(aged(), 9)


def test_a_lone_marker_goes_at_once_or_by_its_age() -> None:
    """``expire_delete_markers`` waits for nothing; ``expire_after_days`` counts from the delete."""
    marker = aged(size=None)
    assert rules(WRITTEN, LifecycleRule("r", expire_delete_markers=True)).remove_marker(marker)
    by_age = LifecycleRule("r", expire_after_days=1)
    assert not rules(WRITTEN + DAY, by_age).remove_marker(marker)
    assert rules(WRITTEN + 2 * DAY, by_age).remove_marker(marker)
    assert not rules(WRITTEN, LifecycleRule("r", noncurrent_days=1)).remove_marker(marker)


def test_rules_with_sizes_or_tags_leave_markers_and_uploads_alone() -> None:
    """What has neither cannot match."""
    nothing = aged(size=None)
    for filters in ({"min_size": 0}, {"max_size": 5}, {"tags": {"a": "b"}}):
        rule = LifecycleRule("r", expire_delete_markers=True, abort_uploads_after_days=1, **filters)  # type: ignore[arg-type]  # one of three kinds
        assert not rules(WRITTEN + 9 * DAY, rule).remove_marker(nothing)
        assert not rules(WRITTEN + 9 * DAY, rule).abort(nothing)


def test_the_transition_that_was_due_last_decides() -> None:
    """A chain of classes ends where it should, and before the first one there is none."""
    chain = (
        LifecycleRule("late", transition=Transition(storage_class="COLD", after_days=90)),
        LifecycleRule("soon", transition=Transition(storage_class="COOL", after_days=30)),
        LifecycleRule("day", transition=Transition(storage_class="FROZEN", at=datetime(2015, 1, 1, tzinfo=UTC))),
    )
    found = [rules(WRITTEN + number * DAY, *chain).storage_class(aged()) for number in (30, 31, 91, 400)]
    assert found == [None, "COOL", "COLD", "FROZEN"]


def test_an_upload_is_aborted_so_many_days_after_it_began() -> None:
    """The prefix decides which."""
    rule = LifecycleRule("r", prefix="logs/", abort_uploads_after_days=2)
    assert rules(WRITTEN + 3 * DAY, rule).abort(aged(size=None))
    assert not rules(WRITTEN + 2 * DAY, rule).abort(aged(size=None))
    assert not rules(WRITTEN + 3 * DAY, rule).abort(aged("other", size=None))

"""The rules for versions, conditions, multipart uploads, events and what comes in many."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from data_store.object_store import validation
from data_store.object_store.errors import InvalidArgument
from data_store.object_store.models import (
    CopySource,
    DeleteOptions,
    EventKind,
    GetOptions,
    NotificationRule,
    ObjectIdentifier,
    PartInfo,
    WatchOptions,
)

RULE = NotificationRule(id="r", target="arn:aws:sqs:us-east-1:123:queue", events=[EventKind.CREATED])

# ids


@pytest.mark.parametrize("given", ["v1", "null", "../x", "a b", "ü", "x" * 5000, '"', "%00"])
def test_ids_have_any_shape(given: str) -> None:
    """One that there is none of is told by the store."""
    assert validation.version(given) == validation.needed_version(given) == validation.upload_id(given) == given


@pytest.mark.parametrize("given", ["", "a\nb", "\0", "a\x7f", "\x85", "\ud800", 5, b"v", True])
def test_what_no_id_can_be_is_refused(given: Any) -> None:
    """What would change the request."""
    for check in (validation.version, validation.needed_version, validation.upload_id):
        with pytest.raises(InvalidArgument, match=r"version|upload_id"):
            check(given)


def test_none_is_the_current_version() -> None:
    """But not where one must be named."""
    assert validation.version(None) is None
    with pytest.raises(InvalidArgument):
        validation.needed_version(None)  # type: ignore[arg-type]  # what is to be refused


# conditions


def test_times_are_in_utc() -> None:
    """Whatever their zone."""
    noon = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    expected = GetOptions(if_modified_since=noon.astimezone(UTC), version="v", if_none_match="*")
    assert validation.get_options(if_modified_since=noon, version="v", if_none_match="*") == expected


@pytest.mark.parametrize(
    ("time", "rule"),
    [
        (datetime(2026, 1, 1), "aware"),
        ("Thu, 01 Jan 2026 00:00:00 GMT", "must be a datetime"),
        (0, "must be a datetime"),
        (datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))), "UTC can express"),
    ],
)
def test_bad_times(time: Any, rule: str) -> None:
    """A naive time would be somebody's guess."""
    with pytest.raises(InvalidArgument, match=f"if_modified_since.*{rule}"):
        validation.get_options(if_modified_since=time)
    with pytest.raises(InvalidArgument, match=f"if_unmodified_since.*{rule}"):
        validation.get_options(if_unmodified_since=time)


def test_options_of_a_deletion() -> None:
    """A version takes no ETag."""
    assert validation.delete_options(None, '"e"', True) == DeleteOptions(if_match="e", bypass_governance=True)
    assert validation.delete_options("v", None, False) == DeleteOptions(version="v")
    for version, if_match, bypass in (("v", "e", False), (None, "*", False), ("", None, False), (None, None, 1)):
        with pytest.raises(InvalidArgument):
            validation.delete_options(version, if_match, bypass)  # type: ignore[arg-type]  # what is to be refused


def test_a_range_keeps_version_and_key() -> None:
    """Of the object that it is a range of."""
    assert validation.byte_range((5, 6), GetOptions(version="v", if_match="e")) == GetOptions(
        offset=5, length=6, version="v"
    )


def test_no_tags_of_an_upload_are_nothing_and_of_a_copy_are_none() -> None:
    """Nor is a hold that does not hold."""
    assert validation.put_options({"tags": {}, "legal_hold": False}) == validation.put_options({})
    assert validation.content_options({"tags": {}}) == {"tags": {}}


# uploads


def test_parts_are_put_in_order() -> None:
    """By number; the last may be 10,000."""
    one, two, last = PartInfo(1, "a"), PartInfo(2, "b"), PartInfo(10_000, "c")
    assert validation.parts(iter([two, last, one])) == [one, two, last]


@pytest.mark.parametrize(
    ("parts", "rule"),
    [
        ([], "not be empty"),
        (iter([]), "not be empty"),
        ([PartInfo(1, "a"), PartInfo(2, "b"), PartInfo(1, "c")], "part 1 is there twice"),
        ([PartInfo(0, "a")], "at least 1"),
        ([PartInfo(10_001, "a")], "at most 10000"),
        ([PartInfo(True, "a")], "whole number"),
        ([PartInfo(1, "")], "etag"),
        ([PartInfo(1, "a\r\nb")], "etag"),
        ([PartInfo(1, None)], "etag"),  # type: ignore[arg-type]  # what is to be refused
        ([(1, "a")], "must be a PartInfo"),
        ({1: "a"}, "must be a list"),
        ("parts", "must be a list"),
        (None, "must be a list"),
    ],
)
def test_bad_parts(parts: Any, rule: str) -> None:
    """Whatever an upload could not be completed with."""
    with pytest.raises(InvalidArgument, match=rule):
        validation.parts(parts)


@pytest.mark.parametrize("number", [0, -1, 10_001, True, 1.0, "1", None])
def test_bad_part_numbers(number: Any) -> None:
    """1 to 10,000."""
    with pytest.raises(InvalidArgument, match="part_number"):
        validation.part_number(number)


def test_a_source_without_a_length_goes_to_its_end() -> None:
    """Which is written as 0."""
    source = validation.copy_source("b", "k", "v", 5, None, '"e"', None)
    assert source == CopySource("b", "k", "e", 5, 0, "v")


@pytest.mark.parametrize(
    ("age", "seconds"), [(0, 0), (5, 5), (0.5, 0.5), (timedelta(0), 0), (timedelta(days=1), 86400)]
)
def test_ages_are_timedeltas_or_seconds(age: Any, seconds: float) -> None:
    """At least 0."""
    assert validation.age(age) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "age", [-1, -0.1, timedelta(seconds=-1), True, "5", None, float("nan"), float("inf"), 1e300, datetime.now(UTC)]
)
def test_bad_ages(age: Any) -> None:
    """What is in the future, or no number."""
    with pytest.raises(InvalidArgument, match="older_than"):
        validation.age(age)


# events


def test_what_to_watch_for() -> None:
    """Kinds may be text."""
    options = validation.watch_options("p", "s", iter(["created"]), "c1")  # type: ignore[arg-type]  # of a file
    assert options == WatchOptions(prefix="p", suffix="s", events=frozenset({EventKind.CREATED}), cursor="c1")
    assert validation.watch_options("", "", None, "now") == WatchOptions()


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (("", "", [], "now"), "events must not be empty"),
        (("", "", ["written"], "now"), "events must be of created"),
        (("", "", "created", "now"), "events must be a list"),
        (("\0", "", None, "now"), "prefix"),
        (("", None, None, "now"), "suffix"),
        (("", "", None, ""), "start"),
        (("", "", None, "a\nb"), "start"),
        (("", "", None, None), "start"),
    ],
)
def test_bad_watches(arguments: Any, rule: str) -> None:
    """Nothing would ever come, or something else."""
    with pytest.raises(InvalidArgument, match=rule):
        validation.watch_options(*arguments)


def test_good_notification_rules() -> None:
    """None are good too: they remove those that are there."""
    (checked,) = validation.notification_rules([RULE])
    assert (checked.id, checked.target, list(checked.events)) == (RULE.id, RULE.target, [EventKind.CREATED])
    assert validation.notification_rules(()) == []
    for target in ("arn:aws:sns:default::topic", "arn:minio:sqs::_:webhook", "arn:aws:lambda:eu:1:function:f:2"):
        assert validation.notification_rules([NotificationRule(id="r", target=target, events=["removed"])])  # type: ignore[list-item]  # of a file


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"id": ""}, "id of a rule"),
        ({"id": "r" * 256}, "at most 255"),
        ({"target": "queue"}, "ARN"),
        ({"target": "arn:aws:sqs"}, "ARN"),
        ({"target": "arn:aws:sqs:us-east-1:123:"}, "ARN"),
        ({"target": "arn:aws:sqs:us-east-1:123:a b"}, "ARN"),
        ({"target": None}, "must be a str"),
        ({"events": []}, "not be empty"),
        ({"events": ["written"]}, "events must be of"),
        ({"prefix": "\0"}, "prefix"),
        ({"suffix": 5}, "suffix"),
    ],
)
def test_bad_notification_rules(fields: Any, rule: str) -> None:
    """Each names its rule."""
    given = {"id": "r", "target": RULE.target, "events": [EventKind.CREATED], **fields}
    with pytest.raises(InvalidArgument, match=rule):
        validation.notification_rules([NotificationRule(**given)])


@pytest.mark.parametrize("rules", [[RULE, RULE], ["rule"], RULE, None])
def test_lists_that_are_no_notification_rules(rules: Any) -> None:
    """The same id twice, or something else."""
    with pytest.raises(InvalidArgument):
        validation.notification_rules(rules)


@pytest.mark.parametrize("timeout", [-1, float("nan"), "5", True, timedelta(1)])
def test_bad_timeouts(timeout: Any) -> None:
    """Seconds, at least 0."""
    with pytest.raises(InvalidArgument, match="timeout"):
        validation.timeout(timeout)
    assert validation.timeout(None) is None


# many


def test_objects_are_keys_or_versions() -> None:
    """Each with its own rules."""
    assert validation.identifier("k") == ObjectIdentifier("k")
    assert validation.identifier(ObjectIdentifier("k", "v")) == ObjectIdentifier("k", "v")
    for bad in ("", 5, ("k", "v"), ObjectIdentifier("", "v"), ObjectIdentifier("k", "")):
        with pytest.raises(InvalidArgument):
            validation.identifier(bad)  # type: ignore[arg-type]  # what is to be refused


def test_pairs_are_of_keys() -> None:
    """Source and target."""
    assert validation.key_pair(["a", "b"]) == ("a", "b")  # type: ignore[arg-type]  # a list will do
    for bad in ("ab", ("a",), ("a", "b", "c"), ("a", ""), ("", "b"), (1, "b"), None):
        with pytest.raises(InvalidArgument):
            validation.key_pair(bad)  # type: ignore[arg-type]  # what is to be refused


def test_an_endless_iterable_is_checked_as_it_is_read() -> None:
    """A list is checked before."""
    checked = validation.many("keys", map(str, itertools.count()), validation.key)
    assert [next(checked), next(checked)] == ["0", "1"]
    for bad in ("key", b"key", 5, None, ["k", ""]):
        with pytest.raises(InvalidArgument):
            validation.many("keys", bad, validation.key)  # type: ignore[arg-type]  # what is to be refused

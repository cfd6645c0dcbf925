"""Tags, lifecycle rules, retention and legal hold through the facade."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from data_store.object_store.models import (
    CorsRule,
    DefaultRetention,
    LifecycleReport,
    LifecycleRule,
    Retention,
    RetentionMode,
)
from data_store.object_store.store import ObjectStore
from tests.unit import facade_support
from tests.unit.facade_support import client_of

capable = facade_support.capable

LATER = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)


def test_tags_of_objects_are_replaced_and_removed(capable: ObjectStore) -> None:
    """All of them; a version is named."""
    capable.put_object(b"", "k", tags={"a": "1"})
    assert capable.get_tags("k") == {"a": "1"}
    capable.set_tags("k", {"b": "2"})
    assert capable.get_tags("k", "root", "v1") == {"b": "2"}
    capable.delete_tags("k")
    assert capable.get_tags("k") == {}
    assert ("get_tags", "root", "k", "v1") in client_of(capable).asked


def test_tags_of_buckets_are_replaced_and_removed(capable: ObjectStore) -> None:
    """Up to 50."""
    many = {f"k{number}": "v" for number in range(50)}
    capable.set_bucket_tags(many)
    assert capable.get_bucket_tags() == many
    capable.delete_bucket_tags()
    assert capable.get_bucket_tags() == {}


def test_lifecycle_rules_come_back(capable: ObjectStore) -> None:
    """Replaced all at once, and removed."""
    rules = [LifecycleRule("a", "logs/", expire_after_days=1), LifecycleRule("b", noncurrent_days=2, noncurrent_keep=3)]
    capable.set_lifecycle(iter(rules))
    assert capable.get_lifecycle() == rules
    capable.delete_lifecycle()
    assert capable.get_lifecycle() == []


def test_cors_rules_come_back(capable: ObjectStore) -> None:
    """Replaced all at once, and removed."""
    rules = [CorsRule(("https://a.example",), ("PUT",), ("x-*",), ("ETag",), 5, "a"), CorsRule(("*",), ("GET",))]
    capable.set_cors(iter(rules))
    assert capable.get_cors() == rules
    capable.delete_cors()
    assert capable.get_cors() == []


def test_the_rules_are_run_as_of_a_time(capable: ObjectStore) -> None:
    """This moment, or the one that is given."""
    now = datetime(2030, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    assert capable.run_lifecycle(now=now) == LifecycleReport(expired_objects=1)
    before = datetime.now(UTC)
    capable.run_lifecycle("other")
    first, second = (call for call in client_of(capable).asked if call[0] == "run_lifecycle")
    assert first == ("run_lifecycle", "root", datetime(2030, 1, 1, tzinfo=UTC))
    assert second[1] == "other"
    assert before <= second[2] <= datetime.now(UTC)


def test_retention_is_set_and_taken_away(capable: ObjectStore) -> None:
    """In whole seconds, never less than what was asked for."""
    capable.set_retention("k", Retention(RetentionMode.COMPLIANCE, LATER + timedelta(microseconds=1)), version="v1")
    assert capable.get_retention("k", version="v1") == Retention(RetentionMode.COMPLIANCE, LATER + timedelta(seconds=1))
    capable.set_retention("k", None, bypass_governance=True)
    assert capable.get_retention("k") is None
    assert [call for call in client_of(capable).asked if call[0] == "set_retention"] == [
        ("set_retention", "root", "k", "v1", False),
        ("set_retention", "root", "k", None, True),
    ]


def test_a_legal_hold_is_set_and_taken_away(capable: ObjectStore) -> None:
    """It has no time."""
    capable.set_legal_hold("k", True)
    assert capable.get_legal_hold("k", version="v1")
    capable.set_legal_hold("k", False, "root", "v1")
    assert not capable.get_legal_hold("k")


def test_a_bucket_has_a_default_retention(capable: ObjectStore) -> None:
    """Or none."""
    capable.set_default_retention(DefaultRetention(RetentionMode.GOVERNANCE, days=1))
    assert capable.get_default_retention() == DefaultRetention(RetentionMode.GOVERNANCE, days=1)
    capable.set_default_retention(None)
    assert capable.get_default_retention() is None

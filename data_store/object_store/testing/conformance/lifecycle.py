"""Lifecycle rules: stored as they are, or refused as a whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest

from data_store.object_store.capabilities import SupportsLifecycle
from data_store.object_store.errors import UnsupportedOperation
from data_store.object_store.models import LifecycleRule, Transition
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing import facts
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.needs import By, needs

__all__ = ["Lifecycle"]

MIDNIGHT = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=400)

RULES: dict[str, LifecycleRule] = {
    "expire_after_days": LifecycleRule("rule", expire_after_days=30),
    "expire_at": LifecycleRule("rule", expire_at=MIDNIGHT),
    "expire_delete_markers": LifecycleRule("rule", expire_delete_markers=True),
    "noncurrent_days": LifecycleRule("rule", noncurrent_days=7),
    "noncurrent_keep": LifecycleRule("rule", noncurrent_days=7, noncurrent_keep=3),
    "abort_uploads": LifecycleRule("rule", abort_uploads_after_days=2),
    "transition": LifecycleRule("rule", transition=Transition(storage_class="GLACIER", after_days=60)),
    "transition_at": LifecycleRule("rule", transition=Transition(storage_class="GLACIER", at=MIDNIGHT)),
    "prefix": LifecycleRule("rule", "logs/", expire_after_days=1),
    "prefix_special": LifecycleRule("rule", "a b/<ä&>/", expire_after_days=1),
    "tag": LifecycleRule("rule", tags={"plan": "trial"}, expire_after_days=1),
    "tags": LifecycleRule("rule", tags={"plan": "trial", "team": "a b"}, expire_after_days=1),
    "prefix_and_tag": LifecycleRule("rule", "logs/", tags={"plan": "trial"}, expire_after_days=1),
    "prefix_and_tags": LifecycleRule("rule", "logs/", tags={"plan": "trial", "team": "a"}, expire_after_days=1),
    "min_size": LifecycleRule("rule", min_size=1024, expire_after_days=1),
    "max_size": LifecycleRule("rule", max_size=4096, expire_after_days=1),
    "sizes": LifecycleRule("rule", min_size=1024, max_size=4096, expire_after_days=1),
    "everything": LifecycleRule("rule", "logs/", tags={"a": "b"}, min_size=9, max_size=4096, expire_after_days=1),
    "two_actions": LifecycleRule("rule", expire_after_days=30, noncurrent_days=7),
    "three_actions": LifecycleRule("rule", expire_after_days=30, noncurrent_days=7, abort_uploads_after_days=2),
    "disabled": LifecycleRule("rule", expire_after_days=1, enabled=False),
}
NOT_EVERYWHERE = {
    "expire_delete_markers": facts.LIFECYCLE_DELETE_MARKERS,
    "noncurrent_days": facts.LIFECYCLE_NONCURRENT,
    "noncurrent_keep": facts.LIFECYCLE_NONCURRENT_KEEP,
    "abort_uploads": facts.LIFECYCLE_ABORT,
    "transition": facts.LIFECYCLE_TRANSITION,
    "transition_at": facts.LIFECYCLE_TRANSITION,
    "tag": facts.LIFECYCLE_TAGS,
    "tags": facts.LIFECYCLE_TAGS,
    "prefix_and_tag": facts.LIFECYCLE_TAGS,
    "prefix_and_tags": facts.LIFECYCLE_TAGS,
    "min_size": facts.LIFECYCLE_SIZES,
    "max_size": facts.LIFECYCLE_SIZES,
    "sizes": facts.LIFECYCLE_SIZES,
    "everything": facts.LIFECYCLE_TAGS_AND_SIZES,
    "two_actions": facts.LIFECYCLE_NONCURRENT,
    "three_actions": facts.LIFECYCLE_ABORT_AND_MORE,
}
KEPT = LifecycleRule("kept", "kept/", expire_after_days=9)


def _by_id(rules: list[LifecycleRule]) -> list[LifecycleRule]:
    return sorted(rules, key=lambda rule: rule.id)


class Lifecycle(ConformanceGroup):
    """Lifecycle rules."""

    capability: ClassVar[type | None] = SupportsLifecycle

    def test_a_new_bucket_has_no_rules(self, store: ObjectStore, other_bucket: str) -> None:
        """get_lifecycle returns an empty list."""
        assert store.get_lifecycle(other_bucket) == []

    @needs(By("name", NOT_EVERYWHERE))
    @pytest.mark.parametrize("name", RULES)
    def test_a_rule_comes_back_as_it_was_set(self, store: ObjectStore, other_bucket: str, name: str) -> None:
        """Every action and filter: what is stored is equal to what was given."""
        store.set_lifecycle([RULES[name]], other_bucket)
        assert store.get_lifecycle(other_bucket) == [RULES[name]]

    @pytest.mark.parametrize("name", NOT_EVERYWHERE)
    def test_a_rule_is_kept_whole_or_refused(self, store: ObjectStore, other_bucket: str, name: str) -> None:
        """A server that would store less than the rule says (no filter, say) is not given it; the old rules stay."""
        store.set_lifecycle([KEPT], other_bucket)
        try:
            store.set_lifecycle([RULES[name]], other_bucket)
        except UnsupportedOperation:
            assert store.get_lifecycle(other_bucket) == [KEPT]
        else:
            assert store.get_lifecycle(other_bucket) == [RULES[name]]

    def test_rules_come_back_together(self, store: ObjectStore, other_bucket: str) -> None:
        """Several rules keep their ids, in whatever order a server has them."""
        rules = [LifecycleRule(f"rule {number}", f"{number}/", expire_after_days=number) for number in (3, 1, 2)]
        store.set_lifecycle(rules, other_bucket)
        assert _by_id(store.get_lifecycle(other_bucket)) == _by_id(rules)

    def test_rules_of_one_prefix_are_apart(self, store: ObjectStore, other_bucket: str) -> None:
        """Two rules may be about the same keys."""
        rules = [replace(KEPT, id=name, enabled=name == "a") for name in ("a", "b")]
        store.set_lifecycle(rules, other_bucket)
        assert _by_id(store.get_lifecycle(other_bucket)) == rules

    def test_setting_rules_replaces_them_all(self, store: ObjectStore, other_bucket: str) -> None:
        """None of the former rules is left."""
        store.set_lifecycle([KEPT, LifecycleRule("old", "old/", expire_after_days=1)], other_bucket)
        store.set_lifecycle([LifecycleRule("new", "new/", expire_after_days=2)], other_bucket)
        assert store.get_lifecycle(other_bucket) == [LifecycleRule("new", "new/", expire_after_days=2)]

    def test_rules_are_removed(self, store: ObjectStore, other_bucket: str) -> None:
        """delete_lifecycle leaves none, also where there are none; the bucket stays, although it is empty."""
        store.set_lifecycle([KEPT], other_bucket)
        for _ in range(2):
            store.delete_lifecycle(other_bucket)
            assert store.get_lifecycle(other_bucket) == []
        assert store.bucket_exists(other_bucket) is True

    def test_a_rule_deletes_nothing_at_once(self, store: ObjectStore, other_bucket: str) -> None:
        """Objects that are younger than the rule says stay as they are."""
        store.put_object(b"content", "kept/key", other_bucket)
        store.set_lifecycle([LifecycleRule("rule", "kept/", expire_after_days=365)], other_bucket)
        assert store.read_object("kept/key", other_bucket) == b"content"

"""Rules by which a server sends events to queues and topics of its operator."""

from __future__ import annotations

from typing import ClassVar

import pytest

from data_store.object_store.capabilities import SupportsNotificationRules
from data_store.object_store.errors import ObjectStoreError
from data_store.object_store.models import EventKind, NotificationRule
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup

__all__ = ["NotificationRules"]

NOWHERE = NotificationRule(
    id="nowhere", target="arn:aws:sqs:us-east-1:123456789012:conformance", events=[EventKind.CREATED]
)


class NotificationRules(ConformanceGroup):
    """Notification rules."""

    capability: ClassVar[type | None] = SupportsNotificationRules

    def test_a_new_bucket_sends_nothing(self, store: ObjectStore, other_bucket: str) -> None:
        """get_notifications returns an empty list."""
        assert store.get_notifications(other_bucket) == []

    def test_rules_are_removed_by_an_empty_list(self, store: ObjectStore, other_bucket: str) -> None:
        """Setting none leaves none, also where there are none; the bucket stays, although it is empty."""
        for _ in range(2):
            store.set_notifications([], other_bucket)
            assert store.get_notifications(other_bucket) == []
        assert store.bucket_exists(other_bucket) is True

    def test_notification_rules_come_back_as_they_were_set(
        self, store: ObjectStore, other_bucket: str, notification_target: str
    ) -> None:
        """Each keeps its id, target, kinds, prefix and suffix, and another set replaces them."""
        target = notification_target
        one = NotificationRule(id="one", target=target, events=[EventKind.CREATED], prefix="in/", suffix=".txt")
        two = NotificationRule(id="two", target=target, events=[EventKind.REMOVED], prefix="out/")
        store.set_notifications([one, two], other_bucket)
        found = sorted(store.get_notifications(other_bucket), key=lambda rule: rule.id)
        assert [(rule.id, rule.target, set(rule.events), rule.prefix, rule.suffix) for rule in found] == [
            ("one", target, {EventKind.CREATED}, "in/", ".txt"),
            ("two", target, {EventKind.REMOVED}, "out/", ""),
        ]
        store.set_notifications([one], other_bucket)
        assert [rule.id for rule in store.get_notifications(other_bucket)] == ["one"]
        store.set_notifications([], other_bucket)
        assert store.get_notifications(other_bucket) == []

    def test_a_target_that_the_server_does_not_know_is_an_error(self, store: ObjectStore, other_bucket: str) -> None:
        """A rule that could never be followed is not kept."""
        with pytest.raises(ObjectStoreError) as caught:
            store.set_notifications([NOWHERE], other_bucket)
        assert store.get_notifications(other_bucket) == [], caught.value

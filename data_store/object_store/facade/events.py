"""Events of buckets."""

from __future__ import annotations

from collections.abc import Iterable

from data_store.object_store import validation
from data_store.object_store.capabilities import SupportsNotificationRules, SupportsNotifications
from data_store.object_store.facade.base import Facade
from data_store.object_store.facade.watch import Watch
from data_store.object_store.models import EventKind, NotificationRule

__all__ = ["Events"]


class Events(Facade):
    """Events, watched or sent: ``SupportsNotifications`` and ``SupportsNotificationRules``."""

    def watch(
        self,
        bucket: str | None = None,
        *,
        prefix: str = "",
        suffix: str = "",
        events: Iterable[EventKind] | None = None,
        start: str = "now",
    ) -> Watch:
        """Return the events of a bucket from now on, an iterator that waits; use it in a ``with`` block.

        Args:
            bucket: the bucket.
            prefix: only keys that begin with it.
            suffix: only keys that end with it.
            events: only these kinds; None: all.
            start: ``"now"``, or the ``cursor`` of an event, to go on behind it.
        """
        options = validation.watch_options(prefix, suffix, events, start)
        client = self._capable(SupportsNotifications, "watch", bucket)
        watch = Watch(client.watch(self._bucket(bucket), options), options.cursor)
        self._session.owns(watch)
        return watch

    def get_notifications(self, bucket: str | None = None) -> list[NotificationRule]:
        """Return where the server sends the events of a bucket; ``[]`` if nowhere."""
        client = self._capable(SupportsNotificationRules, "get_notifications", bucket)
        return client.get_notifications(self._bucket(bucket))

    def set_notifications(self, rules: Iterable[NotificationRule], bucket: str | None = None) -> None:
        """Replace all rules of a bucket; an empty list removes them."""
        checked = validation.notification_rules(rules)
        client = self._capable(SupportsNotificationRules, "set_notifications", bucket)
        client.set_notifications(self._bucket(bucket), checked)

"""Lifecycle rules."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from data_store.object_store import validation
from data_store.object_store.capabilities import SupportsLifecycle, SupportsLifecycleRuns
from data_store.object_store.facade.base import Facade
from data_store.object_store.models import LifecycleReport, LifecycleRule

__all__ = ["Lifecycle"]


class Lifecycle(Facade):
    """What the store does to objects by their age: ``SupportsLifecycle`` and ``SupportsLifecycleRuns``."""

    def get_lifecycle(self, bucket: str | None = None) -> list[LifecycleRule]:
        """Return the rules of a bucket; ``[]`` if there are none.

        Raises:
            UnsupportedOperation: a rule that somebody else has set has what ``LifecycleRule`` has no field for.
        """
        client = self._capable(SupportsLifecycle, "get_lifecycle", bucket)
        return client.get_lifecycle(self._bucket(bucket))

    def set_lifecycle(self, rules: Iterable[LifecycleRule], bucket: str | None = None) -> None:
        """Replace all rules of a bucket; there is at least one.

        If it fails, what was there before stays, or a warning is logged. Ended early, by kill -9 say, the new rules may
        be there, disabled: on a server other than AWS they are first tried out so. Set them again.

        Raises:
            UnsupportedOperation: the server has no rules, or does not keep one of these as it is.
            PreconditionFailed: others have set rules meanwhile, which are left alone where that is seen.
        """
        checked = validation.lifecycle_rules(rules)
        client = self._capable(SupportsLifecycle, "set_lifecycle", bucket)
        client.set_lifecycle(self._bucket(bucket), checked)

    def delete_lifecycle(self, bucket: str | None = None) -> None:
        """Remove all rules of a bucket."""
        client = self._capable(SupportsLifecycle, "delete_lifecycle", bucket)
        client.delete_lifecycle(self._bucket(bucket))

    def run_lifecycle(self, bucket: str | None = None, *, now: datetime | None = None) -> LifecycleReport:
        """Do at once what the rules of a bucket say, as of ``now`` (aware; None: this moment); return what was done.

        For a store without a server of its own, whose rules a job runs; servers run theirs themselves.
        """
        moment = datetime.now(UTC) if now is None else validation.aware("now", now)
        client = self._capable(SupportsLifecycleRuns, "run_lifecycle", bucket)
        return client.run_lifecycle(self._bucket(bucket), moment)

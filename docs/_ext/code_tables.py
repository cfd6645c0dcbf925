"""Tables of the errors, of the conformance groups and of what servers refuse."""

from __future__ import annotations

from markdown_text import summary, table

from data_store.object_store import errors as all_errors
from data_store.object_store.testing import ObjectStoreConformance
from data_store.object_store.testing.exceptions import TABLE

__all__ = ["conformance_groups", "errors", "server_limits"]


def errors() -> str:
    """Return each error, in the order of the hierarchy: when it is raised, and the advice in its message."""
    found = [error for name, error in vars(all_errors).items() if name in all_errors.__all__]
    rows = ((f"`{error.__name__}`", summary(error), getattr(error, "hint", "")) for error in found)
    return table(("error", "means", "its advice"), rows)


def conformance_groups() -> str:
    """Return the promises of the conformance suite, one for each test, in the groups of the suite."""
    return "\n".join(_promises(group) for group in ObjectStoreConformance.__bases__)


def server_limits() -> str:
    """Return what servers and frameworks cannot do, and why."""
    return table(("where", "what", "why"), (row for limits in TABLE for row in limits.rows()))


def _promises(group: type) -> str:
    tests = [test for name, test in vars(group).items() if name.startswith("test_")]
    return "\n".join((f"**{group.__name__}** ({len(tests)})\n", *(f"- {summary(test)}" for test in tests), ""))

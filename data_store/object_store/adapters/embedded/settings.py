"""What is set for a whole bucket: its lifecycle rules and tags, as JSON."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from typing import Any

from data_store.object_store.errors import IntegrityError
from data_store.object_store.models import LifecycleRule, Transition

__all__ = ["damaged", "lifecycle_rules", "packed_rules"]


def lifecycle_rules(connection: sqlite3.Connection, bucket: int) -> list[LifecycleRule]:
    """Return the rules of a bucket by its id; ``[]`` if it has none.

    Raises:
        IntegrityError: they are damaged.
    """
    row = connection.execute("SELECT name, lifecycle FROM buckets WHERE id = ?", (bucket,)).fetchone()
    if not (row and row[1]):
        return []
    with damaged("lifecycle rules", row[0]):
        return [_rule(values) for values in json.loads(row[1])]


@contextmanager
def damaged(what: str, bucket: str) -> Iterator[None]:
    """Tell of JSON that is not what was written; what Python says of it would show parts of it."""
    try:
        yield
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        reason = f"the {what} of bucket {bucket!r} are damaged: set or delete them"
        raise IntegrityError(reason, bucket=bucket) from None


def packed_rules(rules: Sequence[LifecycleRule]) -> str:
    """Return the column ``lifecycle``; what comes back from it is equal."""
    return json.dumps([_values(rule) for rule in rules], default=_plain, ensure_ascii=False)


def _values(rule: LifecycleRule | Transition) -> dict[str, Any]:
    values = {each.name: getattr(rule, each.name) for each in fields(rule)}
    return {name: value for name, value in values.items() if value is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return _values(value) if isinstance(value, Transition) else dict(value)


def _rule(values: dict[str, Any]) -> LifecycleRule:
    if "transition" in values:
        values["transition"] = Transition(**_with_time(values["transition"], "at"))
    return LifecycleRule(**_with_time(values, "expire_at"))


def _with_time(values: dict[str, Any], name: str) -> dict[str, Any]:
    return {**values, name: datetime.fromisoformat(values[name])} if name in values else values

"""What is set for a whole bucket: its lifecycle rules and tags, as JSON."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from data_store.object_store.models import LifecycleRule, Transition

__all__ = ["lifecycle_rules", "packed_rules"]


def lifecycle_rules(connection: sqlite3.Connection, bucket: int) -> list[LifecycleRule]:
    """Return the rules of a bucket by its id; ``[]`` if it has none."""
    row = connection.execute("SELECT lifecycle FROM buckets WHERE id = ?", (bucket,)).fetchone()
    return [_rule(values) for values in json.loads(row[0])] if row and row[0] else []


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

"""CORS rules of buckets: kept here, and honoured by whoever serves the store over HTTP."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from data_store.object_store.adapters.embedded.rows import bucket_id
from data_store.object_store.adapters.embedded.settings import damaged
from data_store.object_store.adapters.embedded.storage import Storage
from data_store.object_store.capabilities import SupportsCors
from data_store.object_store.models import CorsRule

__all__ = ["CorsOperations"]

_GET = "SELECT cors FROM buckets WHERE id = ?"
_SET = "UPDATE buckets SET cors = ? WHERE id = ?"


class CorsOperations(Storage, SupportsCors):
    """The column ``cors``."""

    def get_cors(self, bucket: str) -> list[CorsRule]:
        """See ``SupportsCors``.

        Raises:
            IntegrityError: they are damaged.
        """
        with self._database.snapshot() as connection:
            (found,) = connection.execute(_GET, (bucket_id(connection, bucket),)).fetchone()
        with damaged("CORS rules", bucket):
            return [_rule(values) for values in json.loads(found)] if found else []

    def set_cors(self, bucket: str, rules: Sequence[CorsRule]) -> None:
        """See ``SupportsCors``."""
        packed = json.dumps([_values(rule) for rule in rules], ensure_ascii=False)
        with self._database.write() as connection:
            connection.execute(_SET, (packed, bucket_id(connection, bucket)))

    def delete_cors(self, bucket: str) -> None:
        """See ``SupportsCors``."""
        with self._database.write() as connection:
            connection.execute(_SET, (None, bucket_id(connection, bucket)))


def _values(rule: CorsRule) -> dict[str, Any]:
    return {
        "allowed_origins": rule.allowed_origins,
        "allowed_methods": rule.allowed_methods,
        "allowed_headers": rule.allowed_headers,
        "expose_headers": rule.expose_headers,
        "max_age": rule.max_age,
        "id": rule.id,
    }


def _rule(values: dict[str, Any]) -> CorsRule:
    """Return a rule; ``TypeError`` or ``AttributeError`` if it is none."""
    rule = CorsRule(**{name: _plain(value) for name, value in values.items()})
    texts = rule.allowed_origins, rule.allowed_methods, rule.allowed_headers, rule.expose_headers
    if not all(isinstance(each, tuple) and all(isinstance(text, str) for text in each) for each in texts):
        raise TypeError("no lists of texts")
    if not (isinstance(rule.max_age, int | None) and isinstance(rule.id, str | None)):
        raise TypeError("no age, or no id")
    return rule


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value

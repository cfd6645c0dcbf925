"""Setting CORS rules on servers that may keep less of one, with which a page could do more than it is to, or less."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any

from data_store.object_store.adapters.s3 import xml
from data_store.object_store.adapters.s3.putting_back import put_back
from data_store.object_store.adapters.s3.xml_cors import cors_request, cors_rules
from data_store.object_store.errors import PreconditionFailed, UnsupportedOperation
from data_store.object_store.models import CorsRule

__all__ = ["replace_rules"]


def replace_rules(
    rules: Sequence[CorsRule],
    get: Callable[[], bytes | None],
    put: Callable[[bytes], object],
    delete: Callable[[], object],
) -> None:
    """Replace the rules of a bucket; where the server does not keep them, what was there is put back.

    S3 has no condition for it, so that the last of several who do it wins.

    Args:
        rules: the new rules, at least one.
        get: returns the body of GetBucketCors, None where there are no rules.
        put: sends the body of PutBucketCors.
        delete: removes all rules.

    Raises:
        UnsupportedOperation: the server does not keep a rule as it is.
        PreconditionFailed: others have set rules meanwhile, which stay.
    """
    before = get()
    put(cors_request(rules))
    answer = get()
    found = cors_rules(xml.parse(answer)) if answer is not None else []
    if not set(_origins(found)) <= set(_origins(rules)):
        raise PreconditionFailed("others have set CORS rules meanwhile, which stay: read them, then decide")
    lost = _lost(rules, found)
    if lost:
        put_back("CORS", before, put, delete)
        raise UnsupportedOperation(f"this server does not keep CORS rules as they are: {', '.join(lost)}")


def _lost(asked: Sequence[CorsRule], found: Sequence[CorsRule]) -> list[str]:
    if _origins(asked) != _origins(found):
        return ["their number or order"]
    return sorted({each for rule, kept in zip(asked, found, strict=True) for each in _differences(rule, kept)})


def _origins(rules: Sequence[CorsRule]) -> list[frozenset[str]]:
    """Return what rules are told apart by, since their ids are optional."""
    return [frozenset(rule.allowed_origins) for rule in rules]


def _differences(asked: CorsRule, found: CorsRule) -> list[str]:
    names = [field.name for field in fields(CorsRule)]
    return [name for name in names if _plain(getattr(asked, name)) != _plain(getattr(found, name))]


def _plain(value: Any) -> Any:
    """Return a value so that what means the same is equal: Ceph sorts what is in a rule."""
    return frozenset(value) if isinstance(value, tuple) else value

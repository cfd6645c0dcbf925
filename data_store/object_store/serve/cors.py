"""Requests of web pages of other origins: the bucket's rules, applied (Fetch standard, "CORS protocol")."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus

from data_store.object_store.capabilities import SupportsCors
from data_store.object_store.errors import InvalidArgument, ObjectStoreError
from data_store.object_store.models import CorsRule
from data_store.object_store.serve.answers import Answer, RefusalError
from data_store.object_store.store import ObjectStore

__all__ = ["preflight", "rules_of", "sharing_headers"]

_MAX_NAMES = 100
_ALLOW_ORIGIN = "access-control-allow-origin"


def rules_of(store: ObjectStore, bucket: str) -> Sequence[CorsRule]:
    """Return the rules of a bucket; none if there is no such bucket, which is nobody's to find out this way."""
    if not store.supports(SupportsCors):
        return ()
    try:
        return store.get_cors(bucket)
    except (InvalidArgument, ObjectStoreError):
        return ()


def preflight(rules: Iterable[CorsRule], headers: Mapping[str, str]) -> Answer:
    """Return the answer to a preflight request.

    Raises:
        RefusalError: it is none, asks for over 100 headers, or no rule allows what it asks for.
    """
    origin, method = headers.get("origin"), headers.get("access-control-request-method")
    if origin is None or method is None:
        message = "A preflight request has the headers Origin and Access-Control-Request-Method."
        raise RefusalError(HTTPStatus.BAD_REQUEST, "BadRequest", message)
    asked = _names(headers.get("access-control-request-headers", ""))
    rule = _match(rules, origin, method, asked) if len(asked) <= _MAX_NAMES else None
    if rule is None:
        message = "The bucket's CORS rules do not allow this origin, this method or these headers."
        raise RefusalError(HTTPStatus.FORBIDDEN, "AccessForbidden", message)
    allowed = {"access-control-allow-methods": ", ".join(rule.allowed_methods)}
    if asked:
        allowed["access-control-allow-headers"] = ", ".join(asked)
    if rule.max_age is not None:
        allowed["access-control-max-age"] = str(rule.max_age)
    return Answer(HTTPStatus.OK, allowed | _shared(rule, origin))


def sharing_headers(rules: Iterable[CorsRule], method: str, origin: str) -> dict[str, str]:
    """Return the headers that let a page of an origin read the answer to its request; none if no rule allows it."""
    rule = _match(rules, origin, method, ())
    return {} if rule is None else _shared(rule, origin)


def _shared(rule: CorsRule, origin: str) -> dict[str, str]:
    headers = {_ALLOW_ORIGIN: origin, "access-control-allow-credentials": "true"}
    if "*" in rule.allowed_origins:
        headers = {_ALLOW_ORIGIN: "*"}
    if rule.expose_headers:
        headers["access-control-expose-headers"] = ", ".join(rule.expose_headers)
    return headers


def _match(rules: Iterable[CorsRule], origin: str, method: str, headers: Sequence[str]) -> CorsRule | None:
    """Return the first rule that allows all of it."""
    for rule in rules:
        if method in rule.allowed_methods and _matches_any(rule.allowed_origins, origin) and _allows_all(rule, headers):
            return rule
    return None


def _allows_all(rule: CorsRule, headers: Sequence[str]) -> bool:
    patterns = [pattern.lower() for pattern in rule.allowed_headers]
    return all(_matches_any(patterns, name) for name in headers)


def _names(header: str) -> list[str]:
    """Return the names in a header, in lower case, each once."""
    return list(dict.fromkeys(name.strip().lower() for name in header.split(",") if name.strip()))


def _matches_any(patterns: Iterable[str], value: str) -> bool:
    return any(_matches(pattern, value) for pattern in patterns)


def _matches(pattern: str, value: str) -> bool:
    """Return whether a value is what a pattern, which has one star at the most, stands for."""
    before, star, behind = pattern.partition("*")
    if not star:
        return value == pattern
    return len(value) >= len(before) + len(behind) and value.startswith(before) and value.endswith(behind)

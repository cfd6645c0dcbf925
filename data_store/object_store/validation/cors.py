"""Rules of cross-origin resource sharing (S3 API reference, CORSRule)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from data_store.object_store.errors import InvalidArgument
from data_store.object_store.models import CorsRule
from data_store.object_store.validation.rules import TOKEN, instance, items, text, text_without_controls, whole

__all__ = ["cors_rules"]

_MAX_RULES = 100  # S3 API reference, PutBucketCors
_MAX_ID = 255
_MAX_SECONDS = 2**31 - 1
_METHODS = frozenset({"GET", "HEAD", "PUT", "POST", "DELETE"})
_ORIGIN = re.compile(r"\*|[a-z][a-z0-9+.-]*://[^/?#\s@,]+", re.IGNORECASE)
_OF_PAGES = ("http://", "https://")
_OF_FILES = "file://"
_OWN_PORT = re.compile(r"(http://.*):80|(https://.*):443")


def cors_rules(rules: Iterable[CorsRule]) -> list[CorsRule]:
    """Check the rules of a bucket: 1 to 100; lists become tuples, and what browsers send in lower case is told so."""
    checked = [_rule(instance("a rule", each, CorsRule)) for each in items("rules", rules)]
    if not 1 <= len(checked) <= _MAX_RULES:
        raise InvalidArgument(f"there must be 1 to {_MAX_RULES} rules, not {len(checked)}; delete_cors() removes all")
    return checked


def _rule(rule: CorsRule) -> CorsRule:
    if rule.id is not None and len(text_without_controls("the id of a rule", rule.id)) > _MAX_ID:
        raise InvalidArgument(f"the id of a rule has at most {_MAX_ID} characters")
    if rule.max_age is not None:
        whole("max_age", rule.max_age, 0, _MAX_SECONDS)
    return replace(
        rule,
        allowed_origins=tuple(_origin(each) for each in _some("allowed_origins", rule.allowed_origins)),
        allowed_methods=tuple(_method(each) for each in _some("allowed_methods", rule.allowed_methods)),
        # Browsers ask so (Fetch standard, CORS-preflight fetch), and Garage compares the case.
        allowed_headers=tuple(each.lower() for each in _headers("allowed_headers", rule.allowed_headers)),
        expose_headers=_headers("expose_headers", rule.expose_headers),
    )


def _some(name: str, values: Iterable[str]) -> list[str]:
    given = items(name, values)
    if not given:
        raise InvalidArgument(f"{name} of a rule must not be empty")
    return given


def _origin(value: object) -> str:
    origin = text("an origin", value)
    if not _ORIGIN.fullmatch(origin) or not origin.isascii():
        raise InvalidArgument(f'an origin is scheme://host[:port] without a path, or "*", not {origin!r} (RFC 6454)')
    lowered = origin.lower()
    if lowered.startswith(_OF_FILES):
        raise InvalidArgument(
            'an origin cannot be that of files: pages from files have the origin "null", as many have'
        )
    if found := _OWN_PORT.fullmatch(lowered):
        sent = found[1] or found[2]
        raise InvalidArgument(
            f"an origin has no port that is its scheme's own: browsers leave it out, so write {sent!r}"
        )
    # So do they write a host (Fetch standard, "Origin header"), and all servers compare the case.
    return _one_star("an origin", lowered if lowered.startswith(_OF_PAGES) else origin)


def _method(value: object) -> str:
    method = text("a method", value)
    if method not in _METHODS:
        raise InvalidArgument(f"allowed_methods must be of {', '.join(sorted(_METHODS))}, not {method!r}")
    return method


def _headers(name: str, values: Iterable[str]) -> tuple[str, ...]:
    return tuple(_header(name, each) for each in items(name, values))


def _header(name: str, value: object) -> str:
    header = text(f"a header of {name}", value)
    if not TOKEN.fullmatch(header):
        raise InvalidArgument(f"{name} must be names of headers, not {header!r}")
    if name == "expose_headers" and "*" in header:
        raise InvalidArgument("expose_headers must be whole names of headers: servers take no * there")
    return _one_star(name, header)


def _one_star(name: str, value: str) -> str:
    if value.count("*") > 1:
        raise InvalidArgument(f"{name} has at most one *, not {value!r}")
    return value

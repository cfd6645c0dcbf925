"""Rules of cross-origin resource sharing in the S3 protocol (S3 API reference, PutBucketCors)."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element

from data_store.object_store.adapters.s3.answers import InvalidAnswer
from data_store.object_store.adapters.s3.xml import number, text
from data_store.object_store.adapters.s3.xml_writer import document, leaf, node
from data_store.object_store.errors import UnsupportedOperation
from data_store.object_store.models import CorsRule

__all__ = ["cors_request", "cors_rules"]

_LISTS = frozenset({"AllowedHeader", "AllowedMethod", "AllowedOrigin", "ExposeHeader"})
_SINGLE = frozenset({"ID", "MaxAgeSeconds"})


def cors_rules(root: Element) -> list[CorsRule]:
    """Return the rules of GetBucketCors, in their order.

    Raises:
        UnsupportedOperation: one has an element that ``CorsRule`` has no field for.
        InvalidAnswer: one cannot be.
    """
    return [_rule(item) for item in root.iterfind("CORSRule")]


def cors_request(rules: Iterable[CorsRule]) -> bytes:
    """Return the body of PutBucketCors."""
    return document("CORSConfiguration", *(_element(rule) for rule in rules))


def _element(rule: CorsRule) -> str:
    return node(
        "CORSRule",
        leaf("ID", rule.id),
        *(leaf("AllowedOrigin", origin) for origin in rule.allowed_origins),
        *(leaf("AllowedMethod", method) for method in rule.allowed_methods),
        *(leaf("AllowedHeader", header) for header in rule.allowed_headers),
        *(leaf("ExposeHeader", header) for header in rule.expose_headers),
        leaf("MaxAgeSeconds", rule.max_age),
    )


def _rule(item: Element) -> CorsRule:
    _check_known(item)
    return CorsRule(
        allowed_origins=_texts(item, "AllowedOrigin"),
        allowed_methods=_texts(item, "AllowedMethod"),
        allowed_headers=_texts(item, "AllowedHeader"),
        expose_headers=_texts(item, "ExposeHeader"),
        max_age=number(item, "MaxAgeSeconds"),
        id=text(item, "ID"),
    )


def _texts(item: Element, name: str) -> tuple[str, ...]:
    return tuple(each.text or "" for each in item.iterfind(name))


def _check_known(item: Element) -> None:
    names = [child.tag for child in item]
    for name in names:
        if name not in _LISTS and name not in _SINGLE:
            raise UnsupportedOperation(f"the bucket has a CORS rule that CorsRule cannot express: {name}")
        if name in _SINGLE and names.count(name) > 1:
            raise InvalidAnswer(f"the CORS rule has more than one {name}")

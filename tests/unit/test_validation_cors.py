"""The rules for CORS rules."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from data_store.object_store import validation
from data_store.object_store.errors import InvalidArgument
from data_store.object_store.models import CorsRule

RULE = CorsRule(("https://app.example.com",), ("GET",))


@pytest.mark.parametrize(
    "rule",
    [
        RULE,
        CorsRule(("*",), ("GET", "HEAD", "PUT", "POST", "DELETE"), ("*",), ("ETag", "x-amz-version-id"), 0, "i" * 255),
        CorsRule(("http://localhost:*", "https://*.example.com", "http://[::1]:443"), ("PUT",), ("x-amz-*", "a-*-z")),
        CorsRule(("app://My.App", "chrome-extension://abc"), ("GET",), max_age=2**31 - 1, id="ü 1"),
    ],
)
def test_good_rules_come_back_as_they_are(rule: CorsRule) -> None:
    """Every field has its use."""
    assert validation.cors_rules([rule]) == [rule]


def test_there_may_be_a_hundred_rules() -> None:
    """Also those that are equal, from anything that can be gone through once."""
    assert validation.cors_rules(RULE for _ in range(100)) == [RULE] * 100


def test_lists_are_kept_as_tuples() -> None:
    """What is kept cannot be changed."""
    rule: Any = CorsRule(["*"], ["GET"], ["a"], ["b"])  # type: ignore[arg-type]  # what a list becomes
    assert validation.cors_rules([rule]) == [CorsRule(("*",), ("GET",), ("a",), ("b",))]


def test_hosts_and_headers_are_kept_in_lower_case() -> None:
    """As browsers write them, since servers compare the case; a header that is exposed is as it was given."""
    rule = CorsRule(("HTTPS://App.Example.com:8080",), ("PUT",), ("Content-Type",), ("ETag",))
    (kept,) = validation.cors_rules([rule])
    assert kept == CorsRule(("https://app.example.com:8080",), ("PUT",), ("content-type",), ("ETag",))


@pytest.mark.parametrize("rules", [[], [RULE] * 101, ["*"], [None], RULE, "*", None])
def test_rules_are_one_to_a_hundred_rules(rules: Any) -> None:
    """None of them cannot be set, but deleted."""
    with pytest.raises(InvalidArgument, match="rule"):
        validation.cors_rules(rules)


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "app.example.com",
        "https://",
        "https://app.example.com/",
        "https://app.example.com/page",
        "https://app.example.com?q",
        "https://user@app.example.com",
        "https://app example.com",
        "https://app.example.com\n",
        "https://bücher.example",
        "https://*.*",
        "**",
        "http*://app.example.com",
        "null",
        "https://a.example,b.example",
        "https://a.example, https://b.example",
        "file://*",
        "file://",
        "FILE://host",
        1,
        None,
    ],
)
def test_an_origin_is_one_of_the_fetch_standard_or_a_pattern(origin: Any) -> None:
    """Scheme, host and port; a browser writes an international name with ASCII alone, and ``null`` may be anybody."""
    with pytest.raises(InvalidArgument, match="origin"):
        validation.cors_rules([replace(RULE, allowed_origins=(origin,))])


@pytest.mark.parametrize(
    "origin",
    ["https://app.example.com:443", "http://app.example.com:80", "HTTPS://*.example.com:443", "http://[::1]:80"],
)
def test_an_origin_with_its_own_port_is_refused_with_what_browsers_send(origin: str) -> None:
    """They leave it out, so no request would match."""
    sent = origin.lower().rpartition(":")[0]
    with pytest.raises(InvalidArgument, match=rf"browsers leave it out.*'{re.escape(sent)}'"):
        validation.cors_rules([replace(RULE, allowed_origins=(origin,))])


@pytest.mark.parametrize("field", ["allowed_origins", "allowed_methods", "allowed_headers", "expose_headers"])
@pytest.mark.parametrize("value", ["*", "GET", None, 5])
def test_what_is_a_list_is_no_text(field: str, value: Any) -> None:
    """A text would be taken for its letters."""
    with pytest.raises(InvalidArgument, match=field):
        validation.cors_rules([replace(RULE, **{field: value})])


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"allowed_origins": ()}, "allowed_origins of a rule must not be empty"),
        ({"allowed_methods": ()}, "allowed_methods of a rule must not be empty"),
        ({"allowed_methods": ("PATCH",)}, "allowed_methods must be of DELETE, GET, HEAD, POST, PUT, not 'PATCH'"),
        ({"allowed_methods": ("get",)}, "allowed_methods must be of"),
        ({"allowed_methods": ("OPTIONS",)}, "allowed_methods must be of"),
        ({"allowed_methods": ("*",)}, "allowed_methods must be of"),
        ({"allowed_headers": ("",)}, "allowed_headers"),
        ({"allowed_headers": ("content type",)}, "allowed_headers must be names of headers"),
        ({"allowed_headers": ("a:b",)}, "allowed_headers must be names of headers"),
        ({"allowed_headers": ("a\r\nb",)}, "allowed_headers must be names of headers"),
        ({"allowed_headers": ("x-*-*",)}, "allowed_headers has at most one"),
        ({"expose_headers": ("ü",)}, "expose_headers must be names of headers"),
        ({"expose_headers": ("*",)}, "expose_headers must be whole names of headers"),
        ({"max_age": -1}, "max_age must be at least 0"),
        ({"max_age": 2**31}, "max_age must be at least 0 and at most 2147483647"),
        ({"max_age": 1.5}, "max_age must be a whole number"),
        ({"max_age": True}, "max_age must be a whole number"),
        ({"id": "i" * 256}, "at most 255 characters"),
        ({"id": ""}, "the id of a rule must not be empty"),
        ({"id": "a\nb"}, "the id of a rule"),
        ({"id": 1}, "the id of a rule"),
    ],
)
def test_bad_rules_are_refused_by_name(fields: dict[str, Any], rule: str) -> None:
    """Before anything is sent: servers keep much that no browser can match."""
    with pytest.raises(InvalidArgument, match=rule):
        validation.cors_rules([replace(RULE, **fields)])

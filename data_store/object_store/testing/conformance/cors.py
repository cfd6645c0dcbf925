"""Rules of cross-origin resource sharing, and what browsers make of the answers that follow from them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from data_store.object_store.capabilities import SupportsCors
from data_store.object_store.errors import InvalidArgument
from data_store.object_store.models import CorsRule
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing import facts
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.http_clients import CLIENTS, Answer
from data_store.object_store.testing.conformance.needs import By, needs

__all__ = ["Cors"]

PAGE = "https://app.example.com"
OTHER_PAGE = "https://other.example.com"
UPLOADS = CorsRule((PAGE,), ("GET", "PUT"), ("content-type", "x-amz-meta-colour"), ("ETag",), 600, "uploads")
READS = CorsRule(("*",), ("GET",))

RULES: dict[str, CorsRule] = {
    "everyone": READS,
    "origins": CorsRule((PAGE, "http://localhost:*", "https://*.example.com", "http://[::1]:8080"), ("GET",)),
    "methods": CorsRule((PAGE,), ("GET", "HEAD", "PUT", "POST", "DELETE")),
    "headers": CorsRule((PAGE,), ("PUT",), ("content-type", "x-amz-meta-colour", "content-md5")),
    "any header": CorsRule((PAGE,), ("PUT",), ("*",)),
    "header pattern": CorsRule((PAGE,), ("PUT",), ("content-type", "x-amz-*")),
    "exposed": CorsRule((PAGE,), ("GET",), (), ("ETag", "x-amz-version-id")),
    "no age": CorsRule((PAGE,), ("GET",), max_age=0),
    "long age": CorsRule((PAGE,), ("GET",), max_age=2**31 - 1),
    "id": CorsRule((PAGE,), ("GET",), id="a b/<ä&>"),
    "long id": CorsRule((PAGE,), ("GET",), id="i" * 255),
    "everything": UPLOADS,
}
BAD: dict[str, list[Any]] = {
    "no rules": [],
    "too many rules": [READS] * 101,
    "no rule": ["*"],
    "no origin": [replace(READS, allowed_origins=())],
    "a host": [replace(READS, allowed_origins=("app.example.com",))],
    "a path": [replace(READS, allowed_origins=(f"{PAGE}/",))],
    "two stars": [replace(READS, allowed_origins=("https://*.*",))],
    "no method": [replace(READS, allowed_methods=())],
    "a method that S3 has not": [replace(READS, allowed_methods=("PATCH",))],
    "no header": [replace(READS, allowed_headers=("content type",))],
    "two stars in a header": [replace(READS, allowed_headers=("x-*-*",))],
    "a pattern that is exposed": [replace(READS, expose_headers=("x-amz-*",))],
    "a negative age": [replace(READS, max_age=-1)],
    "a long id": [replace(READS, id="i" * 256)],
}


class Cors(ConformanceGroup):
    """Cross-origin rules."""

    capability: ClassVar[type | None] = SupportsCors

    def test_a_new_bucket_has_no_cors_rules(self, store: ObjectStore, other_bucket: str) -> None:
        """get_cors returns an empty list."""
        assert store.get_cors(other_bucket) == []

    @needs(By("name", {"header pattern": facts.CORS_HEADER_PATTERNS}))
    @pytest.mark.parametrize("name", RULES)
    def test_a_cors_rule_comes_back_as_it_was_set(self, store: ObjectStore, other_bucket: str, name: str) -> None:
        """Every field of it, though a server may sort what is in one."""
        store.set_cors([RULES[name]], other_bucket)
        assert _sorted(store.get_cors(other_bucket)) == _sorted([RULES[name]])

    @pytest.mark.parametrize("count", [3, 100])
    def test_cors_rules_keep_their_order(self, store: ObjectStore, other_bucket: str, count: int) -> None:
        """Since the first counts that matches; up to 100, of which two may be equal but for their origins."""
        rules = [CorsRule((f"https://app-{count - n}.example.com",), ("GET",), id=f"rule {n}") for n in range(count)]
        store.set_cors(rules, other_bucket)
        assert store.get_cors(other_bucket) == rules

    def test_what_browsers_write_in_lower_case_is_kept_so(self, store: ObjectStore, other_bucket: str) -> None:
        """Servers compare the case, of a host and of the headers that a preflight names."""
        store.set_cors([CorsRule(("HTTPS://App.Example.com",), ("PUT",), ("Content-Type",))], other_bucket)
        assert store.get_cors(other_bucket) == [CorsRule((PAGE,), ("PUT",), ("content-type",))]

    def test_setting_cors_rules_replaces_them_all(
        self, store: ObjectStore, another_store: ObjectStore, other_bucket: str
    ) -> None:
        """None of the former rules is left, whoever set them."""
        store.set_cors([UPLOADS, READS], other_bucket)
        another_store.set_cors([READS], other_bucket)
        assert store.get_cors(other_bucket) == [READS]

    def test_cors_rules_are_removed(self, store: ObjectStore, other_bucket: str) -> None:
        """delete_cors leaves none, also where there are none, and the bucket stays, though it is empty."""
        store.set_cors([READS], other_bucket)
        for _ in range(2):
            store.delete_cors(other_bucket)
            assert store.get_cors(other_bucket) == []
        assert store.bucket_exists(other_bucket) is True

    @pytest.mark.parametrize("name", BAD)
    def test_bad_cors_rules_are_refused(self, store: ObjectStore, other_bucket: str, name: str) -> None:
        """Before anything is sent: what was set stays."""
        store.set_cors([READS], other_bucket)
        with pytest.raises(InvalidArgument):
            store.set_cors(BAD[name], other_bucket)
        assert store.get_cors(other_bucket) == [READS]

    @pytest.mark.parametrize("headers", [(), ("content-type",), ("content-type", "x-amz-meta-colour")])
    def test_a_preflight_is_answered_by_the_rules(
        self, store: ObjectStore, served: ObjectStore, other_bucket: str, headers: Sequence[str]
    ) -> None:
        """A page of that origin may send that method and those headers."""
        store.set_cors([UPLOADS], other_bucket)
        url = served.get_presigned_upload_url("key", other_bucket)
        assert _may_send(_preflight(url, PAGE, "PUT", headers), PAGE, "PUT", headers)

    @pytest.mark.parametrize(
        ("origin", "method", "headers"),
        [
            (OTHER_PAGE, "PUT", ()),
            ("http://app.example.com", "PUT", ()),
            (f"{PAGE}.evil.example", "PUT", ()),
            (PAGE, "DELETE", ()),
            (PAGE, "PUT", ("x-amz-acl",)),
            (PAGE, "PUT", ("content-type", "x-amz-acl")),
        ],
    )
    def test_a_preflight_that_no_rule_lets_pass_fails(
        self,
        store: ObjectStore,
        served: ObjectStore,
        other_bucket: str,
        origin: str,
        method: str,
        headers: Sequence[str],
    ) -> None:
        """Another origin, method or header: a browser does not send the request."""
        store.set_cors([UPLOADS], other_bucket)
        answer = _preflight(served.get_presigned_upload_url("key", other_bucket), origin, method, headers)
        assert _may_send(answer, origin, method, headers) is (facts.CORS_PREFLIGHTS in self.limits.lacks)

    def test_without_rules_no_preflight_passes(
        self, store: ObjectStore, served: ObjectStore, other_bucket: str
    ) -> None:
        """Neither before any were set, nor once they are deleted."""
        url = served.get_presigned_upload_url("key", other_bucket)
        passed = [_may_send(_preflight(url, PAGE, "PUT"), PAGE, "PUT")]
        store.set_cors([UPLOADS], other_bucket)
        store.delete_cors(other_bucket)
        passed.append(_may_send(_preflight(url, PAGE, "PUT"), PAGE, "PUT"))
        assert passed == [facts.CORS_PREFLIGHTS in self.limits.lacks] * 2

    @pytest.mark.parametrize(
        ("pattern", "origin", "matches"),
        [
            ("*", PAGE, True),
            ("*", "null", True),
            ("http://localhost:*", "http://localhost:5173", True),
            ("http://localhost:*", "http://localhost.evil.example", False),
            ("https://*.example.com", "https://a.b.example.com", True),
            ("https://*.example.com", "https://example.com", False),
            ("https://*.example.com", "https://a.example.com.evil.example", False),
        ],
    )
    def test_the_star_of_an_origin_stands_for_anything(
        self, store: ObjectStore, served: ObjectStore, other_bucket: str, pattern: str, origin: str, matches: bool
    ) -> None:
        """A page may read an answer if its origin matches."""
        store.put_object(b"content", "key", other_bucket)
        store.set_cors([CorsRule((pattern,), ("GET",))], other_bucket)
        answer = _send("GET", served.get_presigned_url("key", other_bucket), origin)
        assert (answer.status, _may_read(answer, origin)) == (200, matches)

    @needs(facts.CORS_HEADER_PATTERNS)
    def test_the_star_of_a_header_stands_for_anything(
        self, store: ObjectStore, served: ObjectStore, other_bucket: str
    ) -> None:
        """A browser is told names."""
        store.set_cors([RULES["header pattern"]], other_bucket)
        url, headers = served.get_presigned_upload_url("key", other_bucket), ("x-amz-meta-colour", "x-amz-tagging")
        assert _may_send(_preflight(url, PAGE, "PUT", headers), PAGE, "PUT", headers)
        assert not _may_send(_preflight(url, PAGE, "PUT", ("x-other",)), PAGE, "PUT", ("x-other",))

    def test_a_page_may_read_what_a_rule_exposes(
        self, store: ObjectStore, served: ObjectStore, other_bucket: str
    ) -> None:
        """An upload and a download by their presigned URLs, with the ETag, and no cache gives it to other pages."""
        store.set_cors([UPLOADS], other_bucket)
        written = _send("PUT", served.get_presigned_upload_url("key", other_bucket), PAGE, b"content")
        read = _send("GET", served.get_presigned_url("key", other_bucket), PAGE)
        assert (written.status, read.status, read.body) == (200, 200, b"content")
        for answer in (written, read):
            assert _may_read(answer, PAGE)
            assert "etag" in _names(answer, "access-control-expose-headers")
            assert "origin" in _names(answer, "vary")

    @pytest.mark.parametrize(("origin", "method"), [(OTHER_PAGE, "GET"), (PAGE, "PUT"), (None, "GET")])
    def test_other_pages_may_not_read(
        self, store: ObjectStore, served: ObjectStore, other_bucket: str, origin: str | None, method: str
    ) -> None:
        """Another origin or method, or no origin: the answer is the same, without leave to read it."""
        store.put_object(b"content", "key", other_bucket)
        store.set_cors([CorsRule((PAGE,), ("GET",))], other_bucket)
        write = served.get_presigned_upload_url if method == "PUT" else served.get_presigned_url
        answer = _send(method, write("key", other_bucket), origin, b"content" if method == "PUT" else None)
        assert answer.status == 200
        assert "access-control-allow-origin" not in answer.headers

    def test_a_later_rule_counts_where_a_former_does_not_match(
        self, store: ObjectStore, served: ObjectStore, other_bucket: str
    ) -> None:
        """Two rules for one origin, each for a method."""
        rules = [CorsRule((PAGE,), ("GET",)), CorsRule((PAGE,), ("PUT",), ("content-type",))]
        store.set_cors(rules, other_bucket)
        url, headers = served.get_presigned_upload_url("key", other_bucket), ("content-type",)
        passed = _may_send(_preflight(url, PAGE, "PUT", headers), PAGE, "PUT", headers)
        assert passed is (facts.CORS_LATER_RULES not in self.limits.lacks)

    def test_browsers_are_told_how_long_an_answer_is_good(
        self, store: ObjectStore, served: ObjectStore, other_bucket: str
    ) -> None:
        """max_age, in seconds, with the answer to a preflight."""
        store.set_cors([UPLOADS], other_bucket)
        told = _preflight(served.get_presigned_upload_url("key", other_bucket), PAGE, "PUT").headers
        expected = None if facts.CORS_MAX_AGE in self.limits.lacks else "600"
        assert told.get("access-control-max-age") == expected

    def test_a_page_may_read_that_there_is_no_object(
        self, store: ObjectStore, served: ObjectStore, other_bucket: str
    ) -> None:
        """Without the headers, a browser would only tell it that the request failed."""
        store.set_cors([UPLOADS], other_bucket)
        answer = _send("GET", served.get_presigned_url("missing", other_bucket), PAGE)
        assert (answer.status, answer.code, _may_read(answer, PAGE)) == (404, "NoSuchKey", True)

    def test_a_page_may_read_that_its_url_has_expired(
        self, store: ObjectStore, served: ObjectStore, other_bucket: str
    ) -> None:
        """To ask for another one."""
        store.set_cors([UPLOADS], other_bucket)
        to_write = served.get_presigned_upload_url("key", other_bucket, expires=1)
        to_read = served.get_presigned_url("key", other_bucket, expires=1)
        time.sleep(2.5)
        write, read = _send("PUT", to_write, PAGE, b"content"), _send("GET", to_read, PAGE)
        assert {write.status, read.status} <= {400, 403}
        assert _may_read(write, PAGE) is (facts.CORS_OF_EXPIRED_WRITES not in self.limits.lacks)
        assert _may_read(read, PAGE) is (facts.CORS_OF_EXPIRED_READS not in self.limits.lacks)
        assert store.exists("key", other_bucket) is False

    def test_the_rules_of_a_bucket_are_its_own(
        self, store: ObjectStore, served: ObjectStore, bucket: str, other_bucket: str
    ) -> None:
        """Another bucket goes without."""
        store.set_cors([UPLOADS], other_bucket)
        store.put_object(b"content", "key", bucket)
        answer = _send("GET", served.get_presigned_url("key", bucket), PAGE)
        assert (answer.status, _may_read(answer, PAGE), store.get_cors(bucket)) == (200, False, [])


def _sorted(rules: Sequence[CorsRule]) -> list[CorsRule]:
    return [
        replace(
            rule,
            allowed_origins=tuple(sorted(rule.allowed_origins)),
            allowed_methods=tuple(sorted(rule.allowed_methods)),
            allowed_headers=tuple(sorted(rule.allowed_headers)),
            expose_headers=tuple(sorted(rule.expose_headers)),
        )
        for rule in rules
    ]


def _send(method: str, url: str, origin: str | None, body: bytes | None = None) -> Answer:
    return CLIENTS["requests"].send(method, url, {"Origin": origin} if origin else {}, body)


def _preflight(url: str, origin: str, method: str, headers: Sequence[str] = ()) -> Answer:
    sent = {"Origin": origin, "Access-Control-Request-Method": method}
    if headers:
        sent["Access-Control-Request-Headers"] = ",".join(sorted(headers))
    return CLIENTS["requests"].send("OPTIONS", url, sent)


def _may_read(answer: Answer, origin: str) -> bool:
    """Return what a browser makes of an answer (Fetch standard, "CORS check")."""
    return answer.headers.get("access-control-allow-origin") in ("*", origin)


def _may_send(answer: Answer, origin: str, method: str, headers: Sequence[str] = ()) -> bool:
    """Return what a browser makes of the answer to a preflight (Fetch standard, "CORS-preflight fetch")."""
    methods = _names(answer, "access-control-allow-methods")
    allowed = _names(answer, "access-control-allow-headers")
    return (
        200 <= answer.status < 300
        and _may_read(answer, origin)
        and not {method.lower(), "*"}.isdisjoint(methods)
        and ("*" in allowed or set(headers) <= allowed)
    )


def _names(answer: Answer, header: str) -> set[str]:
    return {each.strip().lower() for each in answer.headers.get(header, "").split(",")}

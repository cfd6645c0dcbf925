"""Web pages of other origins."""

from __future__ import annotations

import pytest
import requests

from data_store.object_store import CorsRule
from tests.serve.support import Served, code_of

APP = "https://app.example.com"
PUTS = CorsRule((APP, "http://localhost:*"), ("PUT", "POST"), ("Content-*", "x-amz-meta-who"), ("ETag",), 600)
GETS = CorsRule(("*",), ("GET", "HEAD"))


@pytest.fixture(autouse=True)
def rules(served: Served) -> None:
    """Pages of the application may upload, all may read."""
    served.store.put_object(b"x", "x")
    served.store.set_cors([PUTS, GETS])


def preflight(url: str, origin: str, method: str, headers: str | None = None) -> requests.Response:
    """Send what browsers send before."""
    sent = {"Origin": origin, "Access-Control-Request-Method": method}
    if headers is not None:
        sent["Access-Control-Request-Headers"] = headers
    return requests.options(url, headers=sent, timeout=10)


@pytest.mark.parametrize("origin", [APP, "http://localhost:5173"])
def test_a_preflight_is_allowed_by_a_rule(served: Served, origin: str) -> None:
    """Nothing of it needs a signature."""
    answer = preflight(f"{served.url}/photos/new", origin, "PUT", "content-type,X-Amz-Meta-Who")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["access-control-allow-origin"] == origin
    assert answer.headers["access-control-allow-methods"] == "PUT, POST"
    assert answer.headers["access-control-allow-headers"] == "content-type, x-amz-meta-who"
    assert answer.headers["access-control-expose-headers"] == "ETag"
    assert answer.headers["access-control-max-age"] == "600"
    assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize(
    ("bucket", "origin", "method", "headers"),
    [
        ("photos", "https://evil.example.com", "PUT", None),
        ("photos", f"{APP}.evil.com", "PUT", None),
        ("photos", "https://appXexample.com", "PUT", None),
        ("photos", APP, "DELETE", None),
        ("photos", APP, "PUT", "content-type, authorization"),
        ("photos", "null", "PUT", None),
        ("other", APP, "PUT", None),
        ("", APP, "PUT", None),
    ],
)
def test_a_preflight_that_no_rule_allows_is_refused(
    served: Served, bucket: str, origin: str, method: str, headers: str | None
) -> None:
    """Whether there is such a bucket is not said."""
    answer = preflight(f"{served.url}/{bucket}", origin, method, headers)
    assert (answer.status_code, code_of(answer.content)) == (403, "AccessForbidden")
    assert "access-control-allow-origin" not in answer.headers


def test_an_options_request_that_is_no_preflight_is_refused(served: Served) -> None:
    """It does not say what it is about."""
    assert requests.options(f"{served.url}/photos/x", timeout=10).status_code == 400


def test_the_answer_to_a_page_says_who_may_read_it(served: Served) -> None:
    """The rule for the method counts: all may read what everybody may get."""
    answer = requests.get(
        served.store.get_presigned_url("x"), headers={"Origin": "https://any.example.com"}, timeout=10
    )
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
    answer = requests.put(served.store.get_presigned_upload_url("y"), data=b"y", headers={"Origin": APP}, timeout=10)
    assert answer.headers["access-control-allow-origin"] == APP
    assert answer.headers["access-control-expose-headers"] == "ETag"


def test_a_page_can_read_why_it_was_refused(served: Served) -> None:
    """Errors have the headers too."""
    answer = requests.put(f"{served.url}/photos/x", data=b"y", headers={"Origin": APP}, timeout=10)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (403, APP)


def test_a_page_that_no_rule_names_is_not_let_in(served: Served) -> None:
    """The request is done, as every client's, and the browser keeps its answer from the page."""
    headers = {"Origin": "https://evil.example.com"}
    answer = requests.put(served.store.get_presigned_upload_url("y"), data=b"y", headers=headers, timeout=10)
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers


def test_caches_tell_origins_apart(served: Served) -> None:
    """Also where the first request had none: its answer must not serve a page."""
    assert "Origin" in requests.get(served.store.get_presigned_url("x"), timeout=10).headers["vary"]


def test_a_name_that_is_asked_for_again_counts_once(served: Served) -> None:
    """A preflight is anybody's to send, and must not keep the server busy."""
    answer = preflight(f"{served.url}/photos/new", APP, "PUT", "content-type," * 4000 + "Content-Type")
    assert (answer.status_code, answer.headers["access-control-allow-headers"]) == (200, "content-type")


def test_a_preflight_for_too_many_headers_is_refused(served: Served) -> None:
    """Even where all of them are allowed."""
    names = [f"content-{number}" for number in range(101)]
    assert preflight(f"{served.url}/photos/new", APP, "PUT", ",".join(names[1:])).status_code == 200
    answer = preflight(f"{served.url}/photos/new", APP, "PUT", ",".join(names))
    assert (answer.status_code, code_of(answer.content)) == (403, "AccessForbidden")


@pytest.mark.parametrize(("name", "allowed"), [("x-a-b", True), ("x-ab", True), ("x-a", False), ("y-x-ab", False)])
def test_a_pattern_stands_for_whole_names(served: Served, name: str, allowed: bool) -> None:
    """What stands before the star and behind it must not overlap."""
    served.store.set_cors([CorsRule((APP,), ("PUT",), ("x-a*b", "x-a-*"))])
    assert (preflight(f"{served.url}/photos/new", APP, "PUT", name).status_code == 200) == allowed

"""Presigned requests that come in: only what was signed is let through, whatever is changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_store.object_store.errors import AccessDenied
from data_store.object_store.models import PresignGetOptions, PresignPutOptions
from data_store.object_store.signing.sigv4 import Credentials, Scope, presign_query, query_signature
from data_store.object_store.signing.verifying import SignedRequest, check
from tests.unit.verifying_support import BUCKET, HOST, KEY, PREFIX, arrived, code_of, now, presigner, verified

MISMATCH = ("SignatureDoesNotMatch", 403)
DENIED = ("AccessDenied", 403)
MALFORMED = ("AuthorizationQueryParametersError", 400)
OPTIONS = PresignGetOptions(expires=60, version="v1", response_content_type="text/plain")
KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)


def refusal(request: SignedRequest, **named: Any) -> tuple[object, object]:
    """Return code and status with which a request is refused."""
    with pytest.raises(AccessDenied) as refused:
        verified(request, **named)
    assert "X-Amz-Signature=" not in str(refused.value)
    return code_of(refused.value)


def is_refused(request: SignedRequest) -> bool:
    """Return whether a request is refused; anything but AccessDenied is an error."""
    try:
        verified(request)
    except AccessDenied:
        return True
    return False


@given(KEYS, st.sampled_from(["GET", "HEAD"]))
def test_what_was_signed_is_let_through(key: str, method: Any) -> None:
    """For any key, with its method, and what it says is told."""
    options = PresignGetOptions(expires=60, method=method, version="v1", response_content_type="text/plain")
    claims = verified(arrived(method, presigner().get(BUCKET, key, options)))
    assert (claims.bucket, claims.key, claims.version, claims.method) == (BUCKET, key, "v1", method)
    assert claims.verified
    assert claims.overrides == {"response-content-type": "text/plain"}


def test_every_byte_of_a_request_counts() -> None:
    """Host, path and query with any one byte set to any other value: all of them are refused, exhaustively."""
    request = arrived("GET", presigner().get(BUCKET, "a/ö +.txt", OPTIONS))
    assert not is_refused(request)
    text = f"{request.host}\n{request.path}\n{request.query}"
    passed = []
    for position, original in enumerate(text):
        for code in range(256):
            altered = f"{text[:position]}{chr(code)}{text[position + 1 :]}"
            host, _, rest = altered.partition("\n")
            path, _, query = rest.partition("\n")
            # The name of a host has no case (RFC 9110, 4.2.3).
            same = chr(code) == original or (position < len(request.host) and chr(code).lower() == original)
            if not same and not is_refused(request._replace(host=host, path=path, query=query)):
                passed.append(altered)
    assert passed == []


@settings(max_examples=300)
@given(KEYS, st.data())
def test_a_url_altered_anywhere_is_refused(key: str, data: st.DataObject) -> None:
    """Bytes taken away, put in, repeated or exchanged, anywhere behind the host."""
    url = presigner().get(BUCKET, key, OPTIONS)
    start = url.index(PREFIX) + len(PREFIX)
    first, last = sorted([data.draw(st.integers(start, len(url))), data.draw(st.integers(start, len(url)))])
    middle = data.draw(
        st.sampled_from(["", url[first:last] * 2, url[first:last][::-1], url[first:last].swapcase()])
        | st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=9)
    )
    altered = url[:first] + middle + url[last:]
    same = altered.partition("#")[0] == url  # what stands behind it does not travel
    assert same or is_refused(arrived("GET", altered))


def test_each_method_has_its_own_signature() -> None:
    """A URL for one is refused for every other, whatever the letters."""
    signed = {
        "GET": presigner().get(BUCKET, "key", PresignGetOptions(expires=60)),
        "HEAD": presigner().get(BUCKET, "key", PresignGetOptions(expires=60, method="HEAD")),
        "PUT": presigner().put(BUCKET, "key", PresignPutOptions(expires=60)).url,
    }
    for method, url in signed.items():
        let_through = [
            each
            for each in ("GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "PATCH", "")
            if not is_refused(arrived(each, url))
        ]
        assert let_through == [method]


@pytest.mark.parametrize("mapped", ["%61bc", "a%62c", "abc%", "./abc", "abc?", "ab\x00c", "ABC"])
def test_another_spelling_of_the_same_key_is_refused(mapped: str) -> None:
    """Nothing is normalised: there is one way to write a URL."""
    url = presigner().get(BUCKET, "abc", PresignGetOptions(expires=60))
    assert is_refused(arrived("GET", url.replace(f"/{BUCKET}/abc", f"/{BUCKET}/{mapped}")))


@pytest.mark.parametrize("added", ["&x-id=GetObject", "&versionId=v2", "&", "&a"])
def test_a_parameter_that_was_not_signed_is_refused(added: str) -> None:
    """Before the signature and behind it."""
    url = presigner().get(BUCKET, "key", PresignGetOptions(expires=60))
    head, signature = url.split("&X-Amz-Signature=")
    assert is_refused(arrived("GET", url + added))
    assert is_refused(arrived("GET", f"{head}{added}&X-Amz-Signature={signature}"))


def test_parameters_in_another_order_are_refused() -> None:
    """The query is signed as it stands there."""
    url = presigner().get(BUCKET, "key", OPTIONS)
    path, _, query = url.partition("?")
    *pairs, signature = query.split("&")
    assert refusal(arrived("GET", f"{path}?{'&'.join([*reversed(pairs), signature])}")) == MISMATCH


def test_a_request_without_a_signature_is_refused() -> None:
    """The query stripped, and the signature alone."""
    url = presigner().get(BUCKET, "key", OPTIONS)
    assert refusal(arrived("GET", url.partition("?")[0])) == DENIED
    assert refusal(arrived("GET", url.partition("&X-Amz-Signature=")[0])) == DENIED
    assert refusal(arrived("GET", f"{url.partition('?')[0]}?&X-Amz-Signature={'0' * 64}")) == MALFORMED


def test_a_url_is_over_when_its_seconds_are() -> None:
    """To the second; before, it may be a quarter of an hour early, for clocks differ."""
    request = arrived("GET", presigner().get(BUCKET, "key", PresignGetOptions(expires=60)))
    end = verified(request).expires_at
    assert verified(request, at=end - timedelta(seconds=1)).key == "key"
    assert refusal(request, at=end) == DENIED
    assert verified(request, at=end - timedelta(seconds=60, minutes=15)).key == "key"
    assert refusal(request, at=end - timedelta(seconds=61, minutes=15)) == DENIED


def test_a_key_that_is_not_known_or_has_ended_signs_nothing() -> None:
    """Revoked keys are not among the keys any more, former ones have an end."""
    request = arrived("GET", presigner().get(BUCKET, "key", PresignGetOptions(expires=60)))
    ended = Credentials(KEY.access_key, KEY.secret_key, expires_at=now(-1))
    for keys in ([], [Credentials("OTHER", KEY.secret_key)], [ended]):
        with pytest.raises(AccessDenied) as refused:
            check(request, keys, now())
        assert code_of(refused.value) == ("InvalidAccessKeyId", 403)
    still_good = Credentials(KEY.access_key, KEY.secret_key, expires_at=now(5))
    assert check(request, [Credentials("OTHER", "x"), still_good], now()).verified


def test_the_secret_of_another_key_does_not_match() -> None:
    """A key that has the id, but not the secret."""
    request = arrived("GET", presigner(Credentials(KEY.access_key, "guess")).get(BUCKET, "key", OPTIONS))
    assert refusal(request) == MISMATCH


UPLOAD = presigner().put(
    BUCKET, "key", PresignPutOptions(expires=3600, content_type="image/png", content_length=4, metadata={"a": "ö  b"})
)
BOUND = {**UPLOAD.headers, "Content-Length": "4"}


def test_bound_headers_have_to_come_as_they_were_signed() -> None:
    """Others may come too, and white space around a value is none of it (RFC 9110, 5.5)."""
    request = arrived("PUT", UPLOAD.url, BOUND | {"Content-Type": " image/png ", "Accept": "*/*", "Range": "bytes=0-"})
    assert verified(request).bound_headers == ("content-length", "content-type", "x-amz-meta-a")


@pytest.mark.parametrize("name", sorted(BOUND))
@pytest.mark.parametrize("value", [None, "", "5", "image/pnG", "image/png,image/png"])
def test_a_bound_header_that_is_missing_or_other_is_refused(name: str, value: str | None) -> None:
    """Whichever it is."""
    headers = {each: text for each, text in BOUND.items() if each != name} | ({} if value is None else {name: value})
    assert refusal(arrived("PUT", UPLOAD.url, headers)) == MISMATCH


def test_every_byte_of_a_bound_header_counts() -> None:
    """Any visible character in any place of any value."""
    passed = []
    for name, value in BOUND.items():
        for position, original in enumerate(value):
            for code in range(33, 256):
                altered = f"{value[:position]}{chr(code)}{value[position + 1 :]}"
                if chr(code) != original and not is_refused(arrived("PUT", UPLOAD.url, BOUND | {name: altered})):
                    passed.append((name, altered))
    assert passed == []


SPACED = presigner().put(BUCKET, "key", PresignPutOptions(expires=3600, metadata={"a": "x y"}))


@pytest.mark.parametrize("same", ["x y", "x  y", "x\ty", " x \t y\t"])
def test_spaces_and_tabs_are_folded(same: str) -> None:
    """As SigV4 says: hops on the way may write others in their place."""
    assert verified(arrived("PUT", SPACED.url, {"x-amz-meta-a": same})).verified


@pytest.mark.parametrize("white", ["\x85", "\xa0", "\xa0\xa0", "\x0b", "\x0c", "\x1c", "\x1f", "\u2003", "\u3000"])
def test_other_white_space_is_no_space(white: str) -> None:
    """It would be stored: whoever has the URL could alter what is bound."""
    for altered in (f"x{white}y", f"x y{white}", f"{white}x y"):
        assert refusal(arrived("PUT", SPACED.url, {"x-amz-meta-a": altered})) == MISMATCH


@pytest.mark.parametrize("moment", ["99991231T235959Z", "99991225T000000Z", "00010101T000000Z", "00010101T001459Z"])
def test_a_time_at_the_ends_of_the_calendar_is_refused(moment: str) -> None:
    """Seven days after the one there is no time at all; nor a quarter of an hour before the other."""
    query = presigner().get(BUCKET, "key", PresignGetOptions(expires=604_800)).partition("?")[2]
    today = query.partition("X-Amz-Date=")[2][:8]
    time = query.partition("X-Amz-Date=")[2][:16]
    altered = query.replace(time, moment).replace(today, moment[:8])
    request = SignedRequest("GET", HOST, f"/{BUCKET}/key", altered, {})
    assert refusal(request) == (MALFORMED if moment.startswith("9") else MISMATCH)


def test_a_time_of_the_first_year_is_over() -> None:
    """Whoever has the key can sign one."""
    first = datetime(1, 1, 1, tzinfo=UTC)
    path = f"/{BUCKET}/key"
    query = presign_query("GET", HOST, path, {}, {}, KEY, "local", expires=60, now=datetime(2026, 1, 1, tzinfo=UTC))
    head = query.partition("&X-Amz-Signature=")[0].replace("20260101", "00010101")
    signature = query_signature(
        "GET", path, head, {"host": HOST}, "host", KEY, Scope("00010101T000000Z", "00010101", "local")
    )
    request = SignedRequest("GET", HOST, path, f"{head}&X-Amz-Signature={signature}", {})
    assert refusal(request) == DENIED
    assert refusal(request, at=first + timedelta(seconds=60)) == DENIED
    assert verified(request, at=first).key == "key"


def test_a_request_shows_neither_its_query_nor_its_headers() -> None:
    """Whoever has the signature may use it."""
    shown = repr(arrived("PUT", UPLOAD.url, BOUND | {"authorization": "secret"}))
    assert "Signature" not in shown
    assert "X-Amz" not in shown
    assert "secret" not in shown
    assert f"/{BUCKET}/key" in shown


@pytest.mark.parametrize("name", ["x-amz-meta-b", "x-amz-tagging", "x-amz-copy-source", "x-amz-acl", "x-amz-date"])
def test_a_header_of_s3_that_was_not_signed_is_refused(name: str) -> None:
    """Else who has a URL for an upload could make it a copy of something, or add what was not allowed."""
    assert refusal(arrived("PUT", UPLOAD.url, BOUND | {name: "x"})) == DENIED


def test_a_url_for_a_bucket_itself_is_no_use() -> None:
    """Whoever has the key can sign one; there is nothing to do with it."""
    assert refusal(arrived("GET", presigner().get(BUCKET, "", PresignGetOptions(expires=60)))) == MALFORMED

"""GET and HEAD."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import requests

from tests.serve.support import Served, code_of

CONTENT = b"0123456789"
OLD = format_datetime(datetime(2001, 1, 1, tzinfo=UTC), usegmt=True)
LATER = format_datetime(datetime.now(UTC) + timedelta(days=1), usegmt=True)


@pytest.fixture
def ten(served: Served) -> str:
    """The URL of an object of ten bytes."""
    served.store.put_object(CONTENT, "ten", content_type="text/plain", metadata={"owner": "Jürgen"})
    return served.store.get_presigned_url("ten")


def etag_of(served: Served) -> str:
    """Return the ETag of that object, as HTTP has it."""
    return f'"{served.store.head_object("ten").etag}"'


def test_a_get_delivers_content_and_what_is_known_of_it(served: Served, ten: str) -> None:
    """Type, length, ETag, time and metadata come as S3 sends them."""
    answer = requests.get(ten, timeout=10)
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["content-type"] == "text/plain"
    assert answer.headers["content-length"] == "10"
    assert answer.headers["etag"] == etag_of(served)
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["x-amz-meta-owner"] == "=?UTF-8?B?SsO8cmdlbg==?="
    assert answer.headers["last-modified"].endswith("GMT")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_head_has_the_headers_of_a_get_and_no_body(served: Served, ten: str) -> None:
    """The length is that of the content."""
    answer = requests.head(served.store.get_presigned_url("ten", method="HEAD"), timeout=10)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == "10"
    assert answer.headers["etag"] == etag_of(served)


@pytest.mark.parametrize("size", [100_000, 3_000_000])
def test_damaged_content_is_not_delivered_as_if_it_were_right(served: Served, size: int) -> None:
    """A bit that flipped on the disk is found before the last bytes go: the answer fails, or breaks off."""
    served.store.put_object(os.urandom(size), "damaged")
    url = served.store.get_presigned_url("damaged")
    assert requests.get(url, timeout=10).ok
    (file,) = [each for each in served.root.rglob("*") if each.is_file() and each.stat().st_size == size]
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.chmod(0o600)
    file.write_bytes(content)
    try:
        answer = requests.get(url, timeout=10)
    except requests.exceptions.ChunkedEncodingError:
        return  # broken off
    assert (answer.status_code, code_of(answer.content)) == (500, "InternalError")


def test_an_empty_object_is_delivered(served: Served) -> None:
    """No bytes are an answer too."""
    served.store.put_object(b"", "empty")
    answer = requests.get(served.store.get_presigned_url("empty"), timeout=10)
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "0")


def test_overrides_take_the_place_of_what_was_stored(served: Served, ten: str) -> None:
    """They are signed with the URL."""
    overriding = served.store.get_presigned_url("ten", response_content_type="image/png", download_name="Über.png")
    answer = requests.get(overriding, timeout=10)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"].startswith("attachment; filename=")


@pytest.mark.parametrize(
    ("asked", "delivered", "told"),
    [
        ("bytes=0-0", b"0", "bytes 0-0/10"),
        ("bytes=3-5", b"345", "bytes 3-5/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-2", b"89", "bytes 8-9/10"),
        ("bytes=-99", CONTENT, "bytes 0-9/10"),
        ("bytes=8-99999999999999999999", b"89", "bytes 8-9/10"),
    ],
)
def test_a_range_delivers_its_bytes(ten: str, asked: str, delivered: bytes, told: str) -> None:
    """The first, some, those to the end, the last ones; what ends behind the end is cut there."""
    answer = requests.get(ten, headers={"Range": asked}, timeout=10)
    assert (answer.status_code, answer.content) == (206, delivered)
    assert answer.headers["content-range"] == told


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=99-100", "bytes=-0"])
def test_a_range_behind_the_end_is_not_satisfiable(ten: str, asked: str) -> None:
    """416, with the length that there is."""
    answer = requests.get(ten, headers={"Range": asked}, timeout=10)
    assert (answer.status_code, code_of(answer.content)) == (416, "InvalidRange")
    assert answer.headers["content-range"] == "bytes */10"


@pytest.mark.parametrize("asked", ["bytes=0-1,3-4", "bytes=5-2", "bytes=", "bytes=a-b", "lines=1-2", "bytes=--1"])
def test_a_range_that_is_none_is_ignored(ten: str, asked: str) -> None:
    """Several ranges, another unit, nonsense: the whole object, as RFC 9110, 14.2 lets servers do."""
    answer = requests.get(ten, headers={"Range": asked}, timeout=10)
    assert (answer.status_code, answer.content) == (200, CONTENT)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-Match": "{etag}"}, 200),
        ({"If-Match": '"other", {etag}'}, 200),
        ({"If-Match": "*"}, 200),
        ({"If-Match": '"other"'}, 412),
        ({"If-Match": "W/{etag}"}, 412),
        ({"If-None-Match": "{etag}"}, 304),
        ({"If-None-Match": 'W/"other", W/{etag}'}, 304),
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": '"other"'}, 200),
        ({"If-Modified-Since": LATER}, 304),
        ({"If-Modified-Since": OLD}, 200),
        ({"If-Modified-Since": "tomorrow"}, 200),
        ({"If-Unmodified-Since": OLD}, 412),
        ({"If-Unmodified-Since": LATER}, 200),
        ({"If-Match": "{etag}", "If-Unmodified-Since": OLD}, 200),
        ({"If-None-Match": '"other"', "If-Modified-Since": LATER}, 200),
        ({"If-Match": '"other"', "If-None-Match": "{etag}"}, 412),
        ({"If-None-Match": "{etag}", "Range": "bytes=99-"}, 304),
        ({"If-Match": "{etag}", "Range": "bytes=2-3"}, 206),
        ({"If-Range": "{etag}", "Range": "bytes=2-3"}, 206),
        ({"If-Range": '"other"', "Range": "bytes=2-3"}, 200),
        ({"If-Range": OLD, "Range": "bytes=2-3"}, 200),
    ],
)
def test_conditions_hold_in_the_order_of_the_rfc(
    served: Served, ten: str, headers: dict[str, str], status: int
) -> None:
    """RFC 9110, 13.2.2: ETags before times, If-Match before If-None-Match, ranges last."""
    sent = {name: value.format(etag=etag_of(served)) for name, value in headers.items()}
    answer = requests.get(ten, headers=sent, timeout=10)
    assert answer.status_code == status
    assert (answer.headers.get("etag") == etag_of(served)) == (status < 400)


def test_not_modified_since_its_own_time(ten: str) -> None:
    """The time that the server told is good for asking again."""
    told = requests.get(ten, timeout=10).headers["last-modified"]
    answer = requests.get(ten, headers={"If-Modified-Since": told}, timeout=10)
    assert (answer.status_code, answer.content) == (304, b"")


def test_a_version_is_delivered(served: Served) -> None:
    """The URL names it, and nothing else gets there."""
    served.store.enable_versioning()
    first = served.store.put_object(b"first", "kept").version_id
    served.store.put_object(b"second", "kept")
    answer = requests.get(served.store.get_presigned_url("kept", version=first), timeout=10)
    assert (answer.content, answer.headers["x-amz-version-id"]) == (b"first", first)
    gone = requests.get(served.store.get_presigned_url("kept", version="nobody"), timeout=10)
    assert (gone.status_code, code_of(gone.content)) == (404, "NoSuchVersion")


@pytest.mark.parametrize(("bucket", "code"), [(None, "NoSuchKey"), ("elsewhere", "NoSuchBucket")])
def test_what_is_not_there_is_not_found(served: Served, ten: str, bucket: str | None, code: str) -> None:
    """As S3 says it."""
    answer = requests.get(served.store.get_presigned_url("nothing", bucket), timeout=10)
    assert (answer.status_code, code_of(answer.content)) == (404, code)


@pytest.mark.parametrize(
    ("content_type", "sandboxed"),
    [
        ("text/html", True),
        ("TEXT/HTML; charset=utf-8", True),
        ("image/svg+xml", True),
        ("application/xhtml+xml", True),
        ("text/xml", True),
        ("application/xml", True),
        ("text/html, image/png", True),
        ("image/png, text/html", True),
        ("image/png;,text/html", True),
        ("nonsense", True),
        ("image/png", False),
        ("image/jpeg; x=y", False),
        ("video/mp4", False),
        ("application/pdf", False),
        ("text/plain; charset=utf-8", False),
        (None, False),
    ],
)
def test_content_that_could_run_is_sandboxed(served: Served, content_type: str | None, sandboxed: bool) -> None:
    """HTML, SVG, XML and all that is not known to be passive get an origin of their own."""
    served.store.put_object(b"<script>alert(1)</script>", "x", content_type=content_type)
    answer = requests.get(served.store.get_presigned_url("x"), timeout=10)
    assert ("sandbox" in answer.headers.get("content-security-policy", "")) == sandboxed
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_type_of_the_url_is_sandboxed_too(served: Served, ten: str) -> None:
    """The type that counts is the one that is sent."""
    answer = requests.get(served.store.get_presigned_url("ten", response_content_type="text/html"), timeout=10)
    assert "sandbox" in answer.headers["content-security-policy"]


def test_an_object_that_is_replaced_meanwhile_is_read_to_its_end(served: Served) -> None:
    """A body is of one object."""
    size = 8 * 1024 * 1024
    served.store.put_object(b"a" * size, "x")
    with requests.get(served.store.get_presigned_url("x"), stream=True, timeout=10) as answer:
        content = answer.iter_content(65536)
        first = next(content)
        served.store.put_object(b"b" * size, "x")
        assert first + b"".join(content) == b"a" * size

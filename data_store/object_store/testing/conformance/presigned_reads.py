"""Presigned URLs that read: what comes back, from which version, in which part, and under which headers."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any, ClassVar
from urllib.parse import unquote

import pytest

from data_store.object_store.capabilities import SupportsPresign, SupportsVersioning
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.http_clients import CLIENTS, assert_refused
from data_store.object_store.testing.conformance.needs import needs
from data_store.object_store.testing.conformance.versioned import write
from data_store.object_store.testing.facts import OVERRIDES_OF_HEAD, OVERRIDES_OF_RANGES, SEVERAL_RANGES

__all__ = ["PresignedReads"]

CONTENT = b"0123456789"
DAY = timedelta(days=1)
TIME = datetime(2030, 5, 17, 12, 30, tzinfo=UTC)

OVERRIDES: dict[str, tuple[Any, str, Callable[[str], object]]] = {
    "response_content_type": ("text/x-other; charset=utf-8", "content-type", str),
    "response_content_disposition": ('attachment; filename="a b+c.txt"', "content-disposition", str),
    "response_cache_control": ("private, max-age=60", "cache-control", str),
    "response_expires": (TIME, "expires", parsedate_to_datetime),
}
"""Parameter -> a value of it, the header of the answer, and how that is read."""

NAMES = {
    "plain": "report.txt",
    "umlauts": "Jahresübersicht € 2026.pdf",
    "quotes": 'a "quoted" \\ name.txt',
    "emoji": "😀 👩\u200d👩\u200d👧.png",
    "other spaces": "Screenshot 10.00\u202fPM\u00a0(2).png",
    "percent": "100%25 + ; , = *.txt",
}

RANGES: dict[str, tuple[str, bytes, str]] = {
    "first": ("bytes=0-0", b"0", "bytes 0-0/10"),
    "middle": ("bytes=2-5", b"2345", "bytes 2-5/10"),
    "open": ("bytes=7-", b"789", "bytes 7-9/10"),
    "suffix": ("bytes=-3", b"789", "bytes 7-9/10"),
    "beyond the end": ("bytes=8-100", b"89", "bytes 8-9/10"),
}


class PresignedReads(ConformanceGroup):
    """Presigned reads."""

    capability: ClassVar[type | None] = SupportsPresign

    @pytest.mark.parametrize("client", CLIENTS)
    def test_a_presigned_url_is_the_object(self, served: ObjectStore, bucket: str, client: str) -> None:
        """GET gives content, type, length, ETag, time and metadata, to any HTTP client."""
        url = served.get_presigned_url("key", bucket)
        stored = served.put_object(CONTENT, "key", bucket, content_type="text/x-type", metadata={"a": "b"})
        answer = CLIENTS[client].send("GET", url)
        assert (answer.status, answer.body) == (200, CONTENT)
        told = {name: answer.headers[name] for name in ("content-type", "content-length", "x-amz-meta-a")}
        assert told == {"content-type": "text/x-type", "content-length": "10", "x-amz-meta-a": "b"}
        assert answer.headers["etag"] == f'"{stored.etag}"'
        updated = served.head_object("key", bucket).updated_time
        assert updated is not None
        assert parsedate_to_datetime(answer.headers["last-modified"]) == updated.replace(microsecond=0)

    @pytest.mark.parametrize("client", CLIENTS)
    def test_a_presigned_head_tells_without_content(self, served: ObjectStore, bucket: str, client: str) -> None:
        """A URL for HEAD gives the headers alone."""
        served.put_object(CONTENT, "key", bucket, content_type="text/x-type", metadata={"a": "b"})
        answer = CLIENTS[client].send("HEAD", served.get_presigned_url("key", bucket, method="HEAD"))
        assert (answer.status, answer.body) == (200, b"")
        assert (answer.headers["content-length"], answer.headers["content-type"]) == ("10", "text/x-type")
        assert answer.headers["x-amz-meta-a"] == "b"

    def test_a_presigned_url_gives_what_is_there_when_it_is_used(self, served: ObjectStore, bucket: str) -> None:
        """It can be used again and again, and is about whatever the key holds then; empty objects too."""
        url = served.get_presigned_url("key", bucket)
        for content in (b"first", b"second", b""):
            served.put_object(content, "key", bucket)
            assert CLIENTS["requests"].send("GET", url).body == content

    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    @pytest.mark.parametrize("missing", ["object", "bucket"])
    def test_what_a_presigned_url_finds_missing_is_not_found(
        self, served: ObjectStore, bucket: str, missing_bucket: str, missing: str, method: Any
    ) -> None:
        """Signing asks nobody; the answer is 404, of GET with the code of S3."""
        where, code = (bucket, "NoSuchKey") if missing == "object" else (missing_bucket, "NoSuchBucket")
        answer = CLIENTS["httpx"].send(method, served.get_presigned_url("missing", where, method=method))
        assert answer.status == 404
        assert (answer.code, answer.body) == (None, b"") if method == "HEAD" else answer.code == code

    @pytest.mark.parametrize("override", OVERRIDES)
    def test_a_presigned_url_overrides_headers(self, served: ObjectStore, bucket: str, override: str) -> None:
        """The answer has the header that was signed, in spite of what the object was stored with, and no other."""
        stored = {"content_type": "text/x-type", "content_disposition": "inline", "cache_control": "no-cache"}
        served.put_object(CONTENT, "key", bucket, **stored)  # type: ignore[arg-type]  # a table of options
        value, header, read = OVERRIDES[override]
        answer = CLIENTS["requests"].send("GET", served.get_presigned_url("key", bucket, **{override: value}))
        assert (answer.status, read(answer.headers[header])) == (200, value)
        for name in stored.keys() - {override.removeprefix("response_")}:
            assert answer.headers[name.replace("_", "-")] == stored[name]

    @pytest.mark.parametrize("client", CLIENTS)
    def test_a_presigned_url_overrides_all_headers_at_once(self, served: ObjectStore, bucket: str, client: str) -> None:
        """All of them together, through each client, and in a range as well."""
        served.put_object(CONTENT, "key", bucket)
        url = served.get_presigned_url("key", bucket, **{name: value for name, (value, _, _) in OVERRIDES.items()})
        whole, part = (CLIENTS[client].send("GET", url, headers) for headers in ({}, {"Range": "bytes=1-2"}))
        assert (whole.status, part.status) == (200, 206)
        for value, header, read in OVERRIDES.values():
            assert read(whole.headers[header]) == value
            if OVERRIDES_OF_RANGES in self.limits.lacks:
                assert part.headers.get(header) in {"application/octet-stream", None}
            else:
                assert read(part.headers[header]) == value

    def test_a_presigned_head_overrides_headers(self, served: ObjectStore, bucket: str) -> None:
        """What a GET would say, a HEAD says; a server that does not tells what the object was stored with."""
        served.put_object(CONTENT, "key", bucket, content_type="text/x-type")
        url = served.get_presigned_url("key", bucket, method="HEAD", response_content_type="text/x-other")
        answer = CLIENTS["requests"].send("HEAD", url)
        told = "text/x-type" if OVERRIDES_OF_HEAD in self.limits.lacks else "text/x-other"
        assert (answer.status, answer.headers["content-type"]) == (200, told)

    @pytest.mark.parametrize("name", NAMES)
    def test_a_presigned_download_has_a_name(self, served: ObjectStore, bucket: str, name: str) -> None:
        """download_name travels in any letters (RFC 6266, RFC 8187), with a name in ASCII for old clients."""
        served.put_object(CONTENT, "key", bucket)
        url = served.get_presigned_url("key", bucket, download_name=NAMES[name])
        disposition = CLIENTS["httpx"].send("GET", url).headers["content-disposition"]
        found = re.fullmatch(r"""attachment; filename="([ -~]+?)"(?:; filename\*=UTF-8''(\S+))?""", disposition)
        assert found is not None, disposition
        assert (unquote(found[2]) if found[2] else found[1]) == NAMES[name]

    @needs(SupportsVersioning)
    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_a_presigned_url_of_a_version(
        self, served: ObjectStore, versioned_bucket: str, unique_key: str, method: Any
    ) -> None:
        """It gives that version, whatever is current, and 404 once it is deleted; without one, what is current."""
        first, second = (write(served, content, unique_key, versioned_bucket) for content in (b"1", b"22"))
        urls = {
            version: served.get_presigned_url(unique_key, versioned_bucket, version=version, method=method)
            for version in (first, second, None)
        }
        lengths = {None: "2", first: "1", second: "2"}
        for version, url in urls.items():
            assert CLIENTS["requests"].send(method, url).headers["content-length"] == lengths[version]
        served.delete_object(unique_key, versioned_bucket, second)
        assert CLIENTS["requests"].send(method, urls[None]).headers["content-length"] == "1"
        assert CLIENTS["requests"].send(method, urls[second]).status == 404
        served.delete_object(unique_key, versioned_bucket)
        assert CLIENTS["requests"].send(method, urls[None]).status == 404
        assert CLIENTS["requests"].send(method, urls[first]).status == 200

    @pytest.mark.parametrize("client", CLIENTS)
    @pytest.mark.parametrize("name", RANGES)
    def test_a_presigned_url_gives_ranges(self, served: ObjectStore, bucket: str, client: str, name: str) -> None:
        """Range is answered with 206, that part, and where it lies (RFC 9110, section 14)."""
        served.put_object(CONTENT, "key", bucket)
        asked, part, told = RANGES[name]
        answer = CLIENTS[client].send("GET", served.get_presigned_url("key", bucket), {"Range": asked})
        assert (answer.status, answer.body, answer.headers["content-range"]) == (206, part, told)

    @pytest.mark.parametrize("client", CLIENTS)
    def test_a_presigned_range_behind_the_end_is_refused(self, served: ObjectStore, bucket: str, client: str) -> None:
        """There is nothing to give: 416."""
        served.put_object(CONTENT, "key", bucket)
        answer = CLIENTS[client].send("GET", served.get_presigned_url("key", bucket), {"Range": "bytes=10-"})
        assert answer.status == 416
        assert_refused(answer, "InvalidRange")

    def test_several_ranges_of_a_presigned_url_are_given_right_or_not_at_all(
        self, served: ObjectStore, bucket: str
    ) -> None:
        """A server may give the whole, refuse, or give each part as a part of its own; never one part alone."""
        served.put_object(CONTENT, "key", bucket)
        answer = CLIENTS["httpx"].send("GET", served.get_presigned_url("key", bucket), {"Range": "bytes=0-1,4-5"})
        if SEVERAL_RANGES in self.limits.lacks:
            assert (answer.status, answer.body) == (206, b"01")
        elif answer.status == 206:
            assert answer.headers["content-type"].startswith("multipart/byteranges")
        else:
            assert (answer.status, answer.body) == (200, CONTENT) or 400 <= answer.status < 500 or answer.status == 501

    @pytest.mark.parametrize("client", CLIENTS)
    def test_a_presigned_url_is_read_conditionally(self, served: ObjectStore, bucket: str, client: str) -> None:
        """304 where the object is the one that is known, 412 where it is another one, else 200."""
        served.put_object(CONTENT, "key", bucket)
        url, send = served.get_presigned_url("key", bucket), CLIENTS[client].send
        etag = send("GET", url).headers["etag"]
        modified = served.head_object("key", bucket).updated_time
        assert modified is not None
        before, after = (format_datetime(modified + each, usegmt=True) for each in (-DAY, timedelta(seconds=1)))
        expected = {
            ("If-None-Match", etag): (304, b""),
            ("If-None-Match", '"another"'): (200, CONTENT),
            ("If-Match", etag): (200, CONTENT),
            ("If-Modified-Since", before): (200, CONTENT),
            ("If-Unmodified-Since", after): (200, CONTENT),
        }
        for condition, (status, body) in expected.items():
            answer = send("GET", url, dict([condition]))
            assert (answer.status, answer.body) == (status, body), condition
        for condition in (("If-Match", '"another"'), ("If-Unmodified-Since", before)):
            answer = send("GET", url, dict([condition]))
            assert answer.status == 412, condition
            assert answer.code in {"PreconditionFailed", None}

"""What servers do without saying so, and how ETags and ranges are read."""

from __future__ import annotations

import hashlib

import pytest
from urllib3 import HTTPHeaderDict

from data_store.object_store.adapters.s3.etags import bare, checksums, multipart_etag
from data_store.object_store.adapters.s3.quirks import Habit, ServerQuirks, identify, is_suspicious, refuse
from data_store.object_store.adapters.s3.ranges import check_range
from data_store.object_store.errors import (
    ConnectionFailed,
    ObjectStoreError,
    RangeNotSatisfiable,
    ServerError,
    UnsupportedOperation,
)
from data_store.object_store.models import GetOptions, PartInfo

MD5 = "5d41402abc4b2a76b9719d911017c592"
REFUSED_BY_MINIO = ["/a", "//a", ".", "..", "a/..", "../a", "a/./b", "a\\..\\b", " .. /a", "a/.\t"]
SAFE = ["a", "a/b", "a/", "...", "..a", "a..", "a/.b", "a.b/c", "\\a"]


@pytest.mark.parametrize("key", REFUSED_BY_MINIO)
def test_minio_is_not_sent_a_key_that_it_would_not_take(key: str) -> None:
    """MinIO drops a leading slash in silence, and answers a HEAD for a dot segment with a bare 400."""
    with pytest.raises(UnsupportedOperation, match="MinIO"):
        refuse("MinIO", key)
    with pytest.raises(UnsupportedOperation):
        refuse("MinIO/RELEASE.2024-01-01", key)


@pytest.mark.parametrize("server", [None, "AmazonS3", "Ceph Object Gateway (squid)", "nginx"])
@pytest.mark.parametrize("key", REFUSED_BY_MINIO)
def test_other_servers_are_sent_every_key(server: str | None, key: str) -> None:
    """Ceph sends no Server header at all, and takes every key."""
    assert is_suspicious(key)
    refuse(server, key)


@pytest.mark.parametrize("key", SAFE)
def test_a_safe_key_asks_nothing(key: str) -> None:
    """Only a suspicious key is worth a question."""
    quirks = ServerQuirks(lambda: pytest.fail("asked"))
    quirks.check(key)
    assert not quirks.known


def test_the_first_suspicious_key_asks_the_server_once() -> None:
    """What was learnt is remembered."""
    asked = []

    def ask() -> None:
        asked.append(1)
        quirks.learn("MinIO")

    quirks = ServerQuirks(ask)
    for _ in range(2):
        with pytest.raises(UnsupportedOperation):
            quirks.check("/a")
    assert asked == [1]


def test_an_error_is_an_answer_too() -> None:
    """Credentials that may not ask still learn who answers."""

    def ask() -> None:
        quirks.learn(None)
        raise ObjectStoreError("403")

    quirks = ServerQuirks(ask)
    quirks.check("/a")
    assert quirks.known


def test_a_key_is_not_sent_while_the_server_is_unknown() -> None:
    """No answer, no risk."""

    def ask() -> None:
        raise ConnectionFailed("refused")

    with pytest.raises(ConnectionFailed):
        ServerQuirks(ask).check("/a")


def test_the_first_answer_counts() -> None:
    """A proxy's own error page later does not change what the server is."""
    quirks = ServerQuirks(lambda: None)
    quirks.learn("MinIO")
    quirks.learn("nginx")
    with pytest.raises(UnsupportedOperation):
        quirks.check("/a")


def test_an_etag_is_bare() -> None:
    """Servers quote, do not quote, or send an empty one."""
    assert [bare(f'"{MD5}"'), bare(MD5), bare('""'), bare(""), bare(None)] == [MD5, MD5, None, None, None]


@pytest.mark.parametrize(
    ("bucket", "etag", "encryption", "customer"),
    [
        ("b", f"{MD5}-2", None, None),
        ("b", MD5.upper(), None, None),
        ("b", None, None, None),
        ("b", MD5, "aws:kms", None),
        ("b", MD5, "aws:kms:dsse", None),
        ("b", MD5, None, "AES256"),
        ("b--use1-az4--x-s3", MD5, None, None),
    ],
)
def test_an_etag_that_is_no_md5_vouches_for_nothing(
    bucket: str, etag: str | None, encryption: str | None, customer: str | None
) -> None:
    """S3 API reference, Object: what the ETag is not a digest of."""
    assert checksums(bucket, etag, encryption, customer) is None
    assert checksums("b", MD5, "AES256") == checksums("b", MD5) == {"md5": MD5}


def test_the_etag_of_parts_is_the_md5_of_their_md5s() -> None:
    """In the order of their numbers; unknown where a part's ETag is no MD5."""
    digests = [hashlib.md5(text).digest() for text in (b"a", b"b")]
    parts = [PartInfo(2, digests[1].hex()), PartInfo(1, digests[0].hex())]
    assert multipart_etag(parts) == f"{hashlib.md5(b''.join(digests)).hexdigest()}-2"
    assert multipart_etag([*parts, PartInfo(3, "opaque")]) is None


def answer(length: int | None, content_range: str | None = None) -> dict[str, str]:
    """The headers of an answer to a GET."""
    headers = {"Content-Length": None if length is None else str(length), "Content-Range": content_range}
    return {name: value for name, value in headers.items() if value is not None}


@pytest.mark.parametrize(
    ("options", "status", "headers"),
    [
        (GetOptions(), 200, answer(10)),
        (GetOptions(), 200, answer(0)),
        (GetOptions(offset=0, length=10), 200, answer(10)),
        (GetOptions(offset=-10), 200, answer(10)),
        (GetOptions(offset=2, length=3), 206, answer(3, "bytes 2-4/10")),
        (GetOptions(offset=2, length=30), 206, answer(8, "bytes 2-9/10")),
        (GetOptions(offset=-3), 206, answer(3, "bytes 7-9/10")),
        (GetOptions(offset=-30), 206, answer(10, "bytes 0-9/10")),
    ],
)
def test_an_answer_that_is_the_range_is_taken(options: GetOptions, status: int, headers: dict[str, str]) -> None:
    """The whole object is the range where the range is the whole object."""
    check_range(options, status, headers)


@pytest.mark.parametrize(
    ("options", "status", "headers", "expected"),
    [
        (GetOptions(offset=2), 200, answer(10), UnsupportedOperation),
        (GetOptions(offset=0, length=3), 200, answer(10), UnsupportedOperation),
        (GetOptions(offset=-3), 200, answer(10), UnsupportedOperation),
        (GetOptions(offset=2, length=3), 206, answer(3, "bytes 3-5/10"), UnsupportedOperation),
        (GetOptions(offset=2, length=3), 206, answer(4, "bytes 2-5/10"), UnsupportedOperation),
        (GetOptions(offset=2, length=3), 206, answer(3), UnsupportedOperation),
        (GetOptions(offset=-3), 206, answer(0, "bytes 0--1/0"), RangeNotSatisfiable),
        (GetOptions(), 200, answer(None), ServerError),
    ],
)
def test_an_answer_that_is_not_the_range_is_not_taken_for_it(
    options: GetOptions, status: int, headers: dict[str, str], expected: type[ObjectStoreError]
) -> None:
    """A server may ignore Range (RFC 9110, 14.2)."""
    with pytest.raises(expected):
        check_range(options, status, headers)


@pytest.mark.parametrize(
    ("headers", "server"),
    [
        ({"Server": "MinIO", "X-Amz-Request-Id": "18E9F6BBF8E16180"}, "MinIO"),
        ({"Server": "VERSITYGW", "X-Amz-Request-Id": "4TPX"}, "VERSITYGW"),
        ({"x-amz-request-id": "tx000008e82749f7365b253-006b0128b9-100a-default", "Date": "x"}, "ceph"),
        ({"x-amz-request-id": "tx000008e82749f7365b253-006b0128b9-100a-default", "Server": "nginx"}, "ceph"),
        ({"content-type": "application/xml", "date": "Sat, 21 Nov 2026 05:14:33 GMT"}, "garage"),
        ({"Content-Type": "application/xml", "Date": "Sat, 21 Nov 2026 05:14:33 GMT"}, None),
        ({}, None),
    ],
)
def test_a_server_is_known_by_what_it_says_of_itself(headers: dict[str, str], server: str | None) -> None:
    """Ceph by its request ids, whatever stands before it; Garage by saying nothing, in small letters."""
    assert identify(HTTPHeaderDict(headers)) == server


@pytest.mark.parametrize("key", ["/a", "a//b", "./a", "a/./b", "a/../b", "..", "a/.", "a\x01"])
def test_versitygw_is_not_sent_a_key_that_it_would_change(key: str) -> None:
    """It takes keys for paths."""
    with pytest.raises(UnsupportedOperation, match="versitygw"):
        refuse("VERSITYGW", key)


@pytest.mark.parametrize("key", ["a/", "a/b/", "...", "a..b/.c", "a.", ".a/b"])
def test_versitygw_is_sent_keys_that_are_paths(key: str) -> None:
    """A slash at the end stays."""
    refuse("VERSITYGW", key)
    assert not is_suspicious(key)


def test_garage_is_not_sent_a_leading_slash() -> None:
    """To it ``/`` is the bucket itself."""
    with pytest.raises(UnsupportedOperation, match="Garage"):
        refuse("garage", "/")
    refuse("garage", "a//b")


@pytest.mark.parametrize(
    ("server", "habit", "expected"),
    [
        ("MinIO", Habit.SENDS_EVENTS, True),
        ("ceph", Habit.DROPS_TAGS, True),
        ("VERSITYGW", Habit.COMPLETES_AGAIN, True),
        ("garage", Habit.INVENTS_VERSIONS, True),
        ("AmazonS3", Habit.SENDS_EVENTS, False),
        (None, Habit.DROPS_TAGS, False),
    ],
)
def test_habits_belong_to_servers(server: str | None, habit: Habit, expected: bool) -> None:
    """The server is asked for its name where it is not known yet."""
    quirks = ServerQuirks(lambda: quirks.learn(server))
    assert quirks.has(habit) is expected

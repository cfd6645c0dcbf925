"""The rules for what callers pass: each refusal is an ``InvalidArgument`` that names its rule."""

from __future__ import annotations

import base64
import hashlib
from types import MappingProxyType
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_store.object_store import validation
from data_store.object_store.errors import InvalidArgument
from data_store.object_store.models import ListOptions, PutOptions

MD5 = base64.b64encode(hashlib.md5(b"").digest()).decode()
SHA256 = base64.b64encode(hashlib.sha256(b"").digest()).decode()
HEADERS = [
    "content_type",
    "storage_class",
    "cache_control",
    "content_disposition",
    "content_encoding",
    "content_language",
]

# buckets


@pytest.mark.parametrize(
    "name", ["abc", "a" * 63, "a.b.c", "a-b", "1.2.3", "0ab", "1-2-3-4", "xn-a", "a--b", "256.a.0.1"]
)
def test_good_names_of_new_buckets(name: str) -> None:
    """The name comes back as it is."""
    assert validation.new_bucket(name) == name


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("", "3 to 63"),
        ("ab", "3 to 63"),
        ("a" * 64, "3 to 63"),
        ("Abc", "a-z"),
        ("a_b", "a-z"),
        ("abç", "a-z"),
        ("abc\n", "a-z"),
        ("a b", "a-z"),
        ("a/b", "a-z"),
        ("٣٤٥", "a-z"),
        ("-abc", "beginning"),
        ("abc-", "ending"),
        (".abc", "beginning"),
        ("abc.", "ending"),
        ("a..b", r"\.\."),
        ("a.-b", r"\.-"),
        ("a-.b", r"-\."),
        ("192.168.5.4", "IP address"),
        ("999.999.999.999", "IP address"),
        ("01.2.3.4", "IP address"),
        ("xn--bucket", "reserves"),
        ("sthree-bucket", "reserves"),
        ("amzn-s3-demo-bucket", "reserves"),
        ("bucket-s3alias", "reserves"),
        ("bucket--ol-s3", "reserves"),
        ("bucket.mrap", "reserves"),
        ("bucket--x-s3", "reserves"),
        ("bucket--table-s3", "reserves"),
    ],
)
def test_bad_names_of_new_buckets(name: str, rule: str) -> None:
    """The strict rules of S3 hold for buckets that are to be made."""
    with pytest.raises(InvalidArgument, match=rule):
        validation.new_bucket(name)


@pytest.mark.parametrize(
    "name",
    [
        "abc",
        "Legacy_Bucket",
        "a",
        "b" * 255,
        "192.168.5.4",
        "tenant:bucket",
        "arn:aws:s3:us-west-2:123456789012:accesspoint/test",
        "xn--bucket",
    ],
)
def test_names_of_existing_buckets_are_loose(name: str) -> None:
    """Legacy names, tenants and ARNs stay reachable."""
    assert validation.bucket(name) == name


@pytest.mark.parametrize("check", [validation.bucket, validation.new_bucket])
@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "a/b",
        "/",
        "a b",
        "a?b",
        "a#b",
        "a\\b",
        "a\nb",
        "a\r\nHost: b",
        "a\0b",
        "a\x7fb",
        "\ud800bc",
        "b" * 1025,
    ],
)
def test_names_that_no_bucket_can_have(check: Any, name: str) -> None:
    """What would change the request: its path, its query, its headers."""
    with pytest.raises(InvalidArgument, match="bucket"):
        check(name)


@pytest.mark.parametrize("check", [validation.bucket, validation.new_bucket, validation.key, validation.prefix])
@pytest.mark.parametrize("value", [None, b"abc", 123, ["abc"], True])
def test_names_are_text(check: Any, value: Any) -> None:
    """Nothing is turned into text."""
    with pytest.raises(InvalidArgument, match="must be a str"):
        check(value)


# keys


@pytest.mark.parametrize(
    "key",
    [
        "a",
        "/a",
        "a/",
        "//",
        ".",
        "..",
        "a/../b",
        " ",
        " a ",
        "a+b",
        "%2F",
        "a%",
        "\n",
        "\r\n",
        "\x7f",
        "é",
        "😀",
        "\\",
        "?",
        "#",
    ],
)
def test_every_key_of_s3_is_allowed(key: str) -> None:
    """A key is never normalised."""
    assert validation.key(key) == key


@pytest.mark.parametrize(
    ("key", "good"),
    [
        ("a" * 1024, True),
        ("a" * 1025, False),
        ("é" * 512, True),
        ("é" * 513, False),
        ("😀" * 256, True),
        ("😀" * 257, False),
    ],
)
def test_a_key_has_at_most_1024_bytes_of_utf_8(key: str, good: bool) -> None:
    """Bytes count, not characters."""
    if good:
        assert validation.key(key) == key
    else:
        with pytest.raises(InvalidArgument, match="1024 at the most"):
            validation.key(key)


@pytest.mark.parametrize(
    ("key", "rule"),
    [("", "empty"), ("a\0b", "NUL"), ("\0", "NUL"), ("\ud800", "surrogate"), ("a\udfff", "surrogate")],
)
def test_keys_that_are_none(key: str, rule: str) -> None:
    """Empty, with a NUL, or without a UTF-8 form."""
    with pytest.raises(InvalidArgument, match=rule):
        validation.key(key)


def test_a_refusal_names_the_parameter() -> None:
    """A copy has two keys."""
    with pytest.raises(InvalidArgument, match="src_object"):
        validation.key("", "src_object")


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=256))
def test_any_text_is_a_key(key: str) -> None:
    """256 characters have at most 1,024 bytes."""
    assert validation.key(key) == key


def test_a_prefix_may_be_empty() -> None:
    """And holds the other rules of keys."""
    assert validation.prefix("") == ""
    with pytest.raises(InvalidArgument, match="NUL"):
        validation.prefix("\0")


# ranges and conditions of reads


@pytest.mark.parametrize(
    ("offset", "length"), [(None, None), (0, 1), (None, 1), (5, 10), (-1, None), (-1000, None), (2**62, 1)]
)
def test_good_ranges(offset: int | None, length: int | None) -> None:
    """They pass as they are."""
    options = validation.get_options(offset, length)
    assert (options.offset, options.length) == (offset, length)


def test_from_zero_to_the_end_is_no_range() -> None:
    """An empty object has no range, but can be read from its start to its end."""
    assert validation.get_options(0, None).offset is None


def test_from_the_start_to_the_end_is_no_range() -> None:
    """An empty object has no byte 0, but can be read whole."""
    assert validation.get_options(0) == validation.get_options()


@pytest.mark.parametrize(
    ("offset", "length", "rule"),
    [
        (0, 0, "length must be at least 1"),
        (0, -1, "length must be at least 1"),
        (-1, 1, "negative offset"),
        (-5, 5, "negative offset"),
        (1.0, None, "offset must be a whole number"),
        ("1", None, "offset must be a whole number"),
        (True, None, "offset must be a whole number"),
        (False, None, "offset must be a whole number"),
        (0, True, "length must be a whole number"),
        (0, 1.5, "length must be a whole number"),
    ],
)
def test_bad_ranges(offset: Any, length: Any, rule: str) -> None:
    """A range has at least one byte (RFC 9110, 14.1.2); a bool is no number."""
    with pytest.raises(InvalidArgument, match=rule):
        validation.get_options(offset, length)


@pytest.mark.parametrize("name", ["if_match", "if_none_match"])
@pytest.mark.parametrize(
    ("etag", "bare"), [("abc", "abc"), ('"abc"', "abc"), ("d41d8cd9-5", "d41d8cd9-5"), (None, None)]
)
def test_etags_travel_bare(name: str, etag: str | None, bare: str | None) -> None:
    """Quoted or not: servers disagree about quotes, and all take the bare form."""
    assert getattr(validation.get_options(**cast(Any, {name: etag})), name) == bare


@pytest.mark.parametrize("name", ["if_match", "if_none_match"])
@pytest.mark.parametrize(
    "etag", ["", '"', '""', '"a', 'a"', 'a"b', 'W/"abc"', "a b", "a\r\nX: y", "a\n", '"*"', "\u20ac", 1, b"abc", ["a"]]
)
def test_what_is_no_etag(name: str, etag: Any) -> None:
    """S3 has no weak ETags, and If-Match compares strongly (RFC 9110, 13.1.1)."""
    with pytest.raises(InvalidArgument, match=name):
        validation.get_options(**cast(Any, {name: etag}))


def test_if_match_of_anything_is_refused() -> None:
    """``*`` is no ETag; that an object is there, reading it tells."""
    with pytest.raises(InvalidArgument, match="if_match"):
        validation.get_options(if_match="*")


# uploads


def test_an_upload_without_options_has_the_defaults() -> None:
    """Nothing given is nothing set, a None is as good as nothing."""
    assert validation.put_options({}) == PutOptions()
    assert validation.put_options({"content_type": None, "if_match": None, "metadata": None}) == PutOptions()


def test_options_of_an_upload_pass() -> None:
    """What is right goes on."""
    options = validation.put_options(
        {
            "content_type": "text/plain",
            "metadata": {"A": "b"},
            "content_md5": MD5,
            "checksum_sha256": SHA256,
            "if_match": '"e"',
        }
    )
    assert options == PutOptions(
        content_type="text/plain", metadata={"a": "b"}, content_md5=MD5, checksum_sha256=SHA256, if_match="e"
    )


@pytest.mark.parametrize("value", ["etag", "", '"*"', "**", 1, ["*"], True])
def test_a_write_takes_if_none_match_of_anything_only(value: Any) -> None:
    """S3 API reference, PutObject: ``*`` is the one value."""
    with pytest.raises(InvalidArgument, match="if_none_match"):
        validation.put_options({"if_none_match": value})
    assert validation.put_options({"if_none_match": "*"}).if_none_match == "*"


def test_both_conditions_contradict_each_other() -> None:
    """There cannot be an object with an ETag where there is none."""
    with pytest.raises(InvalidArgument, match="contradict"):
        validation.put_options({"if_none_match": "*", "if_match": "etag"})


@pytest.mark.parametrize("name", ["content_md5", "checksum_sha256"])
@pytest.mark.parametrize(
    "value",
    [
        "",
        "x",
        "é",
        hashlib.md5(b"").hexdigest(),
        MD5[:-1],
        MD5 + "\n",
        " " + MD5,
        "AAAA",
        b"AAAA",
        5,
        MD5.replace("=", ""),
    ],
)
def test_what_is_no_digest(name: Any, value: Any) -> None:
    """Base64 of as many bytes as the digest has, with nothing around it."""
    with pytest.raises(InvalidArgument, match=name):
        validation.put_options(cast(Any, {name: value}))


def test_digests_are_not_mixed_up() -> None:
    """An MD5 is no SHA-256."""
    with pytest.raises(InvalidArgument, match="32 bytes"):
        validation.put_options({"checksum_sha256": MD5})
    with pytest.raises(InvalidArgument, match="16 bytes"):
        validation.put_options({"content_md5": SHA256})


@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        " a",
        "a ",
        "a\r\nX-Injected: 1",
        "a\n",
        "\na",
        "a\0",
        "a\tb",
        "é",
        "a\x7f",
        "\ud800",
        b"a",
        1,
        True,
        ["a"],
    ],
)
def test_bad_content_headers(name: Any, value: Any) -> None:
    """No header can be smuggled in, in an upload or a copy."""
    with pytest.raises(InvalidArgument, match=name):
        validation.put_options(cast(Any, {name: value}))
    with pytest.raises(InvalidArgument, match=name):
        validation.content_options(cast(Any, {name: value}))


@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize(
    "value", ["a", "text/plain; charset=utf-8", "attachment; filename=\"a b.txt\"; filename*=UTF-8''%C3%A9"]
)
def test_good_content_headers(name: Any, value: str) -> None:
    """They pass as they are."""
    assert getattr(validation.put_options(cast(Any, {name: value})), name) == value
    assert validation.content_options(cast(Any, {name: value})) == {name: value}


@pytest.mark.parametrize("check", [validation.put_options, validation.content_options])
def test_an_unknown_option_is_an_error(check: Any) -> None:
    """A misspelt option is never dropped in silence."""
    with pytest.raises((TypeError, InvalidArgument), match="contenttype"):
        check({"contenttype": "text/plain"})


# metadata


@pytest.mark.parametrize(
    ("metadata", "rule"),
    [
        ("text", "mapping"),
        ([("a", "b")], "mapping"),
        ({"": "v"}, "token"),
        ({"a b": "v"}, "token"),
        ({"a:": "v"}, "token"),
        ({"a\r\nX": "v"}, "token"),
        ({"a\n": "v"}, "token"),
        ({"é": "v"}, "token"),
        ({1: "v"}, "token"),
        ({b"a": "v"}, "token"),
        ({"a": 1}, "must be a str"),
        ({"a": None}, "must be a str"),
        ({"a": b"v"}, "must be a str"),
        ({"a": "x\r\nX-Injected: 1"}, "control"),
        ({"a": "\t"}, "control"),
        ({"a": "\0"}, "control"),
        ({"a": "\x7f"}, "control"),
        ({"a": "\x85"}, "control"),
        ({"a": "\ud800"}, "surrogate"),
        ({"a": "1", "A": "2"}, "twice"),
        ({"a": "v" * 2048}, "2048"),
        ({"a": "é" * 1000}, "2048"),
        ({f"name{number}": "v" * 100 for number in range(20)}, "2048"),
    ],
)
def test_bad_metadata(metadata: Any, rule: str) -> None:
    """In an upload as in a copy."""
    with pytest.raises(InvalidArgument, match=rule):
        validation.put_options({"metadata": metadata})
    with pytest.raises(InvalidArgument, match=rule):
        validation.content_options({"metadata": metadata})


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"a": ""},
        {"a": " "},
        {"a": "é"},
        {"a-b_c.d": "v"},
        {"!#$%&'*+-.^_`|~0": "v"},
        {"a": "v" * 2047},
        MappingProxyType({"a": "v"}),
    ],
)
def test_good_metadata(metadata: Any) -> None:
    """Names are tokens, values any text without control characters, 2 KB together."""
    assert validation.put_options({"metadata": metadata}).metadata == dict(metadata)


def test_metadata_names_go_in_lower_case_and_the_callers_mapping_stays() -> None:
    """What the caller holds is not changed, and changing it later changes nothing."""
    metadata = {"Name": "v"}
    taken = validation.put_options({"metadata": metadata}).metadata
    assert metadata == {"Name": "v"}
    metadata["Other"] = "w"
    assert taken == {"name": "v"}


def test_a_copy_can_remove_all_metadata() -> None:
    """An empty mapping is a value, None is none."""
    assert validation.content_options({"metadata": {}}) == {"metadata": {}}
    assert validation.content_options({"metadata": None}).get("metadata") is None


def test_a_refusal_does_not_show_the_value_of_metadata() -> None:
    """Values may be private."""
    with pytest.raises(InvalidArgument) as caught:
        validation.put_options({"metadata": {"a": "private\n"}})
    assert "private" not in str(caught.value)


# listings


def test_a_listing_without_options_has_full_pages() -> None:
    """1,000 is the most (S3 API reference, ListObjectsV2)."""
    assert validation.list_options() == ListOptions(limit=1000)
    assert validation.list_options(start_after="") == ListOptions(limit=1000)


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"delimiter": ""}, "delimiter"),
        ({"delimiter": "\0"}, "delimiter"),
        ({"delimiter": 1}, "delimiter"),
        ({"start_after": "\ud800"}, "start_after"),
        ({"start_after": 1}, "start_after"),
        ({"cursor": ""}, "cursor"),
        ({"cursor": 1}, "cursor"),
        ({"cursor": "\ud800"}, "cursor"),
        ({"limit": 0}, "limit"),
        ({"limit": 1001}, "limit must be at least 1 and at most 1000"),
        ({"limit": True}, "limit"),
        ({"limit": 1.0}, "limit"),
        ({"limit": "1"}, "limit"),
    ],
)
def test_bad_options_of_a_listing(options: Any, rule: str) -> None:
    """Each names its parameter."""
    with pytest.raises(InvalidArgument, match=rule):
        validation.list_options(**options)


@pytest.mark.parametrize(
    ("value", "good"), [(1, True), (None, True), (0, False), (-1, False), (True, False), (1.0, False), ("1", False)]
)
def test_positive_numbers(value: Any, good: bool) -> None:
    """Whole numbers of at least 1, or None."""
    if good:
        assert validation.positive("name", value) == value
    else:
        with pytest.raises(InvalidArgument, match="name must be"):
            validation.positive("name", value)

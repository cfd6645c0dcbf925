"""Listings of versions, from servers that order and page them each in its own way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_store.object_store.adapters.s3 import markers, xml
from data_store.object_store.adapters.s3.answers import InvalidAnswer
from data_store.object_store.adapters.s3.xml_versions import (
    version_page,
    versioning_request,
    versioning_status,
    versions_query,
)
from data_store.object_store.models import ListOptions, VersioningStatus

FIRST, SECOND, THIRD = (f"01M7Y7KV{letter}HYY14AFXRQ95PWP3N" for letter in "ABC")


def entry(kind: str, key: str, version: str, latest: bool = False, time: str = "2026-01-01T00:00:00Z") -> str:
    """Return an entry of the listing."""
    size = "" if kind == "DeleteMarker" else "<Size>3</Size><ETag>&quot;e&quot;</ETag>"
    return (
        f"<{kind}><Key>{key}</Key><VersionId>{version}</VersionId><IsLatest>{str(latest).lower()}</IsLatest>"
        f"<LastModified>{time}</LastModified>{size}</{kind}>"
    )


def page(*entries: str, more: str = "", prefix: str = "", cursor: str | None = None, encoding: str = "url"):
    """Return the page that a server's answer is."""
    document = (
        f"<ListVersionsResult><EncodingType>{encoding}</EncodingType>{more}{''.join(entries)}</ListVersionsResult>"
    )
    return version_page(xml.parse(document.encode()), prefix, cursor)


def ids(found) -> list[str]:
    """Return the version ids of a page."""
    return [version.version_id for version in found.versions]


def test_markers_and_versions_stay_in_the_order_of_the_server():
    """Newest first within a key, whatever the clocks of its nodes say."""
    found = page(
        entry("Version", "k", "v3", latest=True, time="2026-01-01T00:00:01Z"),
        entry("DeleteMarker", "k", "v2", time="2026-01-01T00:00:09Z"),
        entry("Version", "k", "v1"),
    )
    assert ids(found) == ["v3", "v2", "v1"]
    assert [version.is_delete_marker for version in found.versions] == [False, True, False]
    assert [version.size for version in found.versions] == [3, None, 3]
    assert found.cursor is None


def test_what_versitygw_lists_apart_is_put_in_order():
    """All markers first, then all versions, with times of whole seconds: its ids tell the order."""
    found = page(
        entry("DeleteMarker", "a", SECOND, time="2026-01-01T00:00:00.9Z"),
        entry("DeleteMarker", "b", THIRD, latest=True),
        entry("Version", "a", THIRD, latest=True),
        entry("Version", "a", FIRST),
        entry("Version", "a", "null", time="2025-01-01T00:00:00Z"),
        entry("Version", "b", FIRST),
    )
    assert [(version.key, version.version_id) for version in found.versions] == [
        ("a", THIRD),
        ("a", SECOND),
        ("a", FIRST),
        ("a", "null"),
        ("b", THIRD),
        ("b", FIRST),
    ]


def test_an_entry_that_the_page_before_ended_with_is_left_out():
    """Versitygw repeats it."""
    found = page(entry("Version", "k", "v2"), entry("Version", "k", "v1"), cursor=markers.join("k", "v2"))
    assert ids(found) == ["v1"]


@pytest.mark.parametrize(
    ("key", "marker", "expected"),
    [
        ("a%2Bb", "a%2Bb", "a+b"),
        ("a%2Bb", "a+b", "a+b"),
        ("a%2520b", "a%2520b", "a%20b"),
        ("k", "k%5Bminio_cache%3Av2%2Creturn%3A%5D", "k[minio_cache:v2,return:]"),
    ],
)
def test_the_cursor_is_what_the_server_wants_to_hear_again(key, marker, expected):
    """Ceph encodes keys, but not its markers; MinIO both, with something of its own behind the key."""
    more = f"<IsTruncated>true</IsTruncated><NextKeyMarker>{marker}</NextKeyMarker>"
    found = page(entry("Version", key, "v"), more=more + "<NextVersionIdMarker>v</NextVersionIdMarker>")
    query = versions_query("", ListOptions(cursor=found.cursor))
    assert (query["key-marker"], query["version-id-marker"]) == (expected, "v")


def test_the_first_page_has_no_markers():
    """MinIO refuses an empty one of a version without one of a key."""
    assert versions_query("p", ListOptions(limit=7)) == {
        "versions": "",
        "encoding-type": "url",
        "max-keys": "7",
        "prefix": "p",
    }


@given(st.text(), st.text())
def test_a_cursor_gives_back_the_markers_that_it_was_made_of(key, version):
    """Slashes and percent signs included."""
    assert markers.split(markers.join(key, version)) == (key, version)


@pytest.mark.parametrize(
    "entries",
    [
        [entry("Version", "", "v")],
        [entry("Version", "k", "")],
        [entry("Version", "other", "v")],
        ["<IsTruncated>true</IsTruncated>"],
        ["<Version><Key>k</Key><VersionId>v</VersionId><Size>x</Size></Version>"],
    ],
)
def test_a_listing_that_cannot_be_is_refused(entries):
    """An entry outside of the prefix may become a deletion outside of it."""
    with pytest.raises(InvalidAnswer):
        page(*entries, prefix="k")


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ("", VersioningStatus.DISABLED),
        ("<Status>Enabled</Status>", VersioningStatus.ENABLED),
        ("<Status>Suspended</Status><MfaDelete>Disabled</MfaDelete>", VersioningStatus.SUSPENDED),
    ],
)
def test_a_bucket_says_whether_it_keeps_versions(told, status):
    """Nothing at all, if it never did."""
    assert versioning_status(xml.parse(f"<VersioningConfiguration>{told}</VersioningConfiguration>".encode())) is status


def test_a_versioning_status_of_another_world_is_refused():
    """Rather than taken for none."""
    with pytest.raises(InvalidAnswer):
        versioning_status(xml.parse(b"<V><Status>On</Status></V>"))


@pytest.mark.parametrize("status", [VersioningStatus.ENABLED, VersioningStatus.SUSPENDED])
def test_a_versioning_status_comes_back_as_it_was_sent(status):
    """Both that a bucket can be set to."""
    assert versioning_status(xml.parse(versioning_request(status))) is status

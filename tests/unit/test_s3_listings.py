"""Listings of versitygw, which loses entries behind some pages and refuses its own markers."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

import pytest

from data_store.object_store.adapters.s3.api import S3Api
from data_store.object_store.adapters.s3.listings import every_upload, versions_page_by_key
from data_store.object_store.errors import UnsupportedOperation
from data_store.object_store.models import ListOptions, VersionPage
from tests.unit.s3_server import Answer, Seen, error

PAGE = 4


def ulid(number: int) -> str:
    """Return an id of versitygw; the higher the younger."""
    return f"01M7Y7KV{number:018d}"


class Gateway:
    """Lists as versitygw does, in pages of four."""

    def __init__(self, versions: list[tuple[str, str, bool]], uploads: list[tuple[str, str]]) -> None:
        self.versions = versions
        self.uploads = uploads

    def answer(self, seen: Seen) -> Answer:
        """Answer a listing."""
        query = dict(parse_qsl(urlsplit(seen.target).query, keep_blank_values=True))
        return self._versions(query) if "versions" in query else self._uploads(query)

    def _versions(self, query: dict[str, str]) -> Answer:
        key, version = query.get("key-marker", ""), query.get("version-id-marker")
        entries = [entry for entry in self.versions if entry[0] >= key]
        if version is not None:
            marked = [i for i, (_, found, is_marker) in enumerate(entries) if found == version and not is_marker]
            entries = entries[marked[0] + 1 :] if marked and version != "null" else []
        page = entries[:PAGE]
        told = sorted(page, key=lambda entry: not entry[2])  # markers first
        body = "".join(
            f"<{'DeleteMarker' if marker else 'Version'}><Key>{key}</Key><VersionId>{version}</VersionId>"
            f"</{'DeleteMarker' if marker else 'Version'}>"
            for key, version, marker in told
        )
        more = f"<IsTruncated>true</IsTruncated><NextKeyMarker>{page[-1][0]}</NextKeyMarker>" if page != entries else ""
        return Answer(body=f"<ListVersionsResult>{more}{body}</ListVersionsResult>".encode())

    def _uploads(self, query: dict[str, str]) -> Answer:
        if "upload-id-marker" in query:
            return error(400, "InvalidArgument")
        entries = [entry for entry in self.uploads if entry[0] > query.get("key-marker", "")]
        page = entries[:PAGE]
        body = "".join(f"<Upload><Key>{key}</Key><UploadId>{found}</UploadId></Upload>" for key, found in page)
        more = ""
        if page != entries:
            more = f"<IsTruncated>true</IsTruncated><NextKeyMarker>{page[-1][0]}</NextKeyMarker>"
            more += f"<NextUploadIdMarker>{page[-1][1]}</NextUploadIdMarker>"
        return Answer(body=f"<ListMultipartUploadsResult>{more}{body}</ListMultipartUploadsResult>".encode())


VERSIONS = [
    ("a", ulid(9), True),
    ("a", ulid(8), False),
    ("a", "null", False),
    ("b", ulid(7), False),
    ("c", ulid(6), True),
    ("c", ulid(5), True),
    ("c", ulid(4), False),
    ("d", ulid(3), False),
]


def everything(api: S3Api, limit: int) -> list[tuple[str, str, bool]]:
    """Return a listing that was read page by page."""
    found: list[tuple[str, str, bool]] = []
    page = VersionPage(cursor=None)
    for _ in range(30):
        page = versions_page_by_key(api, "bucket", "", ListOptions(limit=limit, cursor=page.cursor))
        assert len(page.versions) <= limit
        found += [(each.key, each.version_id, each.is_delete_marker) for each in page.versions]
        if page.cursor is None:
            return found
    raise AssertionError("the listing does not end")


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 1000])
def test_no_version_is_lost_between_pages(limit, server, api):
    """Neither behind a delete marker nor behind the null version, and none comes twice."""
    server.answers = [Gateway(VERSIONS, []).answer]
    assert everything(api, limit) == VERSIONS


def test_a_key_with_more_versions_than_a_page_is_listed_whole(server, api):
    """By the server's own marker, which is right among plain versions."""
    versions = [("k", ulid(20 - number), False) for number in range(11)]
    server.answers = [Gateway(versions, []).answer]
    assert everything(api, 1000) == versions


def test_versions_that_are_deleted_while_they_are_listed_end_no_listing(server, api):
    """The one that a page ended with is gone: the next page begins with the next older one."""
    gateway = Gateway(list(VERSIONS), [])
    server.answers = [gateway.answer]
    first = versions_page_by_key(api, "bucket", "", ListOptions(limit=2))
    gateway.versions = VERSIONS[2:]
    second = versions_page_by_key(api, "bucket", "", ListOptions(limit=2, cursor=first.cursor))
    assert [each.version_id for each in second.versions] == ["null", ulid(7)]


def test_every_upload_is_found_without_the_marker_that_is_refused(server, api):
    """What a page has of its last key waits for the next one."""
    uploads = [(key, f"{key}{number}") for key in ("a", "b", "c") for number in range(3)]
    server.answers = [Gateway([], uploads).answer]
    assert [(each.key, each.upload_id) for each in every_upload(api, "bucket")] == uploads
    assert not any(re.search("upload-id-marker", seen.target) for seen in server.seen)


def test_more_uploads_of_a_key_than_a_page_are_not_hidden(server, api):
    """Some could not be listed: better said than left out."""
    server.answers = [Gateway([], [("a", str(number)) for number in range(9)]).answer]
    with pytest.raises(UnsupportedOperation, match="more uploads of one key"):
        every_upload(api, "bucket")

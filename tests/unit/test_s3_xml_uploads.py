"""Multipart uploads and their parts as XML."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from data_store.object_store.adapters.s3 import xml
from data_store.object_store.adapters.s3.answers import InvalidAnswer
from data_store.object_store.adapters.s3.xml_uploads import (
    complete_request,
    part_page,
    part_query,
    upload_page,
    upload_query,
    whole_page,
)
from data_store.object_store.models import ListOptions, MultipartUpload, PartInfo


def uploads(entries: str, more: str = ""):
    """Return the page of a listing of uploads."""
    document = f"<ListMultipartUploadsResult>{more}{entries}</ListMultipartUploadsResult>"
    return upload_page(xml.parse(document.encode()), "bucket", "")


def upload(key: str, upload_id: str, time: str = "2026-01-02T03:04:05.678Z") -> str:
    """Return an entry."""
    return f"<Upload><Key>{key}</Key><UploadId>{upload_id}</UploadId><Initiated>{time}</Initiated></Upload>"


def test_uploads_are_sorted_by_their_keys():
    """Garage's are not; their times are aware."""
    page = uploads(upload("b", "1") + upload("a", "2") + upload("a", "1"))
    assert [(each.key, each.upload_id) for each in page.uploads] == [("a", "2"), ("a", "1"), ("b", "1")]
    assert page.uploads[0] == MultipartUpload("a", "bucket", "2", datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC))
    assert page.cursor is None


def test_a_listing_of_uploads_goes_on_behind_its_markers():
    """The one of an upload may be missing."""
    more = "<IsTruncated>true</IsTruncated><NextKeyMarker>a b</NextKeyMarker>"
    query = upload_query("p", ListOptions(cursor=uploads(upload("a b", "1"), more).cursor, limit=5))
    assert query == {"uploads": "", "max-uploads": "5", "prefix": "p", "key-marker": "a b"}
    more += "<NextUploadIdMarker>1</NextUploadIdMarker>"
    query = upload_query("", ListOptions(cursor=uploads(upload("a b", "1"), more).cursor), encoded=True)
    assert (query["upload-id-marker"], query["encoding-type"]) == ("1", "url")


@pytest.mark.parametrize(
    "entries", [upload("", "1"), upload("k", ""), "<IsTruncated>true</IsTruncated>", upload("k", "1", "yesterday")]
)
def test_a_listing_of_uploads_that_cannot_be_is_refused(entries):
    """As an answer that is none."""
    with pytest.raises(InvalidAnswer):
        uploads(entries)


def test_a_whole_listing_is_one_page():
    """Of the keys with the prefix, in their order."""
    everything = [MultipartUpload(key, "b", number) for key in ("p/b", "p/a", "q") for number in ("2", "1")]
    page = whole_page(everything, "p/")
    assert [(each.key, each.upload_id) for each in page.uploads] == [
        *(("p/a", "1"), ("p/a", "2"), ("p/b", "1"), ("p/b", "2")),
    ]
    assert page.cursor is None


def test_a_page_of_parts_tells_all_of_them():
    """Numbers in order, bare ETags, digests in hex; that of a whole multipart upload is none of a part."""
    document = (
        "<ListPartsResult><IsTruncated>true</IsTruncated><NextPartNumberMarker>2</NextPartNumberMarker>"
        '<Part><PartNumber>2</PartNumber><ETag>"b"</ETag><Size>1</Size></Part>'
        "<Part><PartNumber>1</PartNumber><ETag>a</ETag><Size>5</Size><LastModified>2026-01-02T03:04:05Z</LastModified>"
        "<ChecksumCRC32C>yZRlqg==</ChecksumCRC32C><ChecksumSHA256>AAAA-2</ChecksumSHA256></Part></ListPartsResult>"
    )
    page = part_page(xml.parse(document.encode()))
    time = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert page.parts == (PartInfo(1, "a", 5, time, {"crc32c": "c99465aa"}), PartInfo(2, "b", 1))
    assert part_query("id", ListOptions(cursor=page.cursor, limit=9)) == {
        "uploadId": "id",
        "max-parts": "9",
        "part-number-marker": "2",
    }


def test_parts_are_completed_in_the_order_of_their_numbers():
    """S3 refuses any other (InvalidPartOrder); their digests go along."""
    parts = [PartInfo(2, "b"), PartInfo(10, "c", checksums={"crc32c": "c99465aa", "md5": "00"}), PartInfo(1, "a")]
    root = xml.parse(complete_request(parts))
    assert [(part.findtext("PartNumber"), part.findtext("ETag"), part.findtext("ChecksumCRC32C")) for part in root] == [
        ("1", "a", None),
        ("2", "b", None),
        ("10", "c", "yZRlqg=="),
    ]

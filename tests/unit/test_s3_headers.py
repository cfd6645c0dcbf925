"""Headers of the S3 protocol and the models they stand for."""

from datetime import UTC, datetime
from io import BytesIO

import pytest
from urllib3 import HTTPHeaderDict

from data_store.object_store.adapters.s3 import headers, request_headers
from data_store.object_store.models import ContentOptions, GetOptions

MD5 = "5d41402abc4b2a76b9719d911017c592"


def test_an_object_is_stored_with_its_content_headers():
    """Metadata values travel encoded where HTTP would change them."""
    options = ContentOptions(
        content_type="text/plain",
        cache_control="no-cache",
        content_disposition="inline",
        content_encoding="gzip",
        content_language="de",
        storage_class="GLACIER",
        metadata={"name": "ü", "empty": ""},
    )
    assert request_headers.content_headers(options) == {
        "Content-Type": "text/plain",
        "Cache-Control": "no-cache",
        "Content-Disposition": "inline",
        "Content-Encoding": "gzip",
        "Content-Language": "de",
        "x-amz-storage-class": "GLACIER",
        "x-amz-meta-name": "=?UTF-8?B?w7w=?=",
        "x-amz-meta-empty": "",
    }


def test_an_object_without_options_is_an_octet_stream():
    """One default on every server; some would choose another."""
    assert request_headers.content_headers(ContentOptions()) == {"Content-Type": "application/octet-stream"}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (GetOptions(), {}),
        (GetOptions(offset=0), {}),
        (GetOptions(offset=5), {"Range": "bytes=5-"}),
        (GetOptions(offset=5, length=2), {"Range": "bytes=5-6"}),
        (GetOptions(length=1), {"Range": "bytes=0-0"}),
        (GetOptions(offset=-3), {"Range": "bytes=-3"}),
    ],
)
def test_a_range_is_inclusive_on_the_wire(options, expected):
    """RFC 9110, 14.1.2."""
    assert request_headers.range_header(options) == expected


def test_an_answer_says_all_of_an_object():
    """Names in any case, the size of the whole object, metadata in lower case and decoded."""
    answer = HTTPHeaderDict(
        {
            "content-length": "2",
            "content-range": "bytes 1-2/5",
            "etag": f'"{MD5}"',
            "last-modified": "Sat, 03 Jan 2026 04:05:06 GMT",
            "content-type": "a/b",
            "X-Amz-Meta-Name": "=?UTF-8?B?w7w=?=",
            "x-amz-version-id": "v",
        }
    )
    found = headers.read_object("bucket", "key", answer, BytesIO(b"el"))
    assert (found.key, found.size, found.content_length, found.etag, found.version_id) == ("key", 5, 2, MD5, "v")
    assert found.updated_time == datetime(2026, 1, 3, 4, 5, 6, tzinfo=UTC)
    assert (found.metadata, found.checksums, found.storage_class) == ({"name": "ü"}, {"md5": MD5}, None)


def test_a_range_of_an_object_of_unknown_size_says_no_size():
    """RFC 9110, 14.4: the range's own length is another thing."""
    answer = HTTPHeaderDict({"Content-Length": "2", "Content-Range": "bytes 1-2/*"})
    found = headers.read_object("bucket", "key", answer, BytesIO(b"el"))
    assert (found.size, found.content_length) == (None, 2)


@pytest.mark.parametrize(
    ("bucket", "answer"),
    [
        ("bucket", {"ETag": f'"{MD5}-2"'}),
        ("bucket", {"ETag": MD5, "x-amz-server-side-encryption": "aws:kms"}),
        ("bucket", {"ETag": MD5, "x-amz-server-side-encryption-customer-algorithm": "AES256"}),
        ("bucket--euw1-az1--x-s3", {"ETag": MD5}),
        ("bucket", {}),
    ],
)
def test_an_etag_that_need_not_be_an_md5_is_no_checksum(bucket, answer):
    """Parts, keys of one's own, directory buckets."""
    assert headers.object_metadata(bucket, "key", HTTPHeaderDict(answer)).checksums is None


@pytest.mark.parametrize("value", [None, "", "yesterday"])
def test_a_date_that_is_none_is_not_reported(value):
    """Better than failing a read over it."""
    answer = {} if value is None else {"Last-Modified": value}
    assert headers.object_metadata("bucket", "key", HTTPHeaderDict(answer)).updated_time is None

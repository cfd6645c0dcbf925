"""PUT of objects and parts."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
import requests

from tests.serve.support import Served, code_of, exchange, pieces

CONTENT = b"hello"
MD5 = base64.b64encode(hashlib.md5(CONTENT).digest()).decode()
SHA256 = base64.b64encode(hashlib.sha256(CONTENT).digest()).decode()


def test_a_put_stores_and_tells_etag_and_version(served: Served) -> None:
    """The answer is that of S3: empty, with quotes around the ETag."""
    served.store.enable_versioning()
    answer = requests.put(served.store.get_presigned_upload_url("x"), data=CONTENT, timeout=10)
    found = served.store.head_object("x")
    assert (answer.status_code, answer.content) == (200, b"")
    assert (answer.headers["etag"], answer.headers["x-amz-version-id"]) == (f'"{found.etag}"', found.version_id)
    assert served.store.read_object("x") == CONTENT


def test_the_first_upload_makes_the_root_bucket(served: Served) -> None:
    """Signing asks nobody, so the bucket need not be there yet; no other bucket is made."""
    assert served.store.list_buckets() == []
    assert requests.put(served.store.get_presigned_upload_url("x"), data=b"x", timeout=10).status_code == 200
    answer = requests.put(served.store.get_presigned_upload_url("x", "other"), data=b"x", timeout=10)
    assert (answer.status_code, code_of(answer.content)) == (404, "NoSuchBucket")


def test_everything_that_was_bound_is_stored(served: Served) -> None:
    """Type, metadata in any letters, tags."""
    options: dict[str, Any] = {"content_type": "text/plain", "metadata": {"who": " Jürgen "}, "tags": {"a": "b c/ü"}}
    upload = served.store.presign_upload("x", content_length=5, content_md5=MD5, checksum_sha256=SHA256, **options)
    assert requests.put(upload.url, data=CONTENT, headers=upload.headers, timeout=10).status_code == 200
    found = served.store.head_object("x")
    assert (found.content_type, found.metadata) == ("text/plain", options["metadata"])
    assert served.store.get_tags("x") == options["tags"]


def test_headers_of_content_that_were_not_bound_are_taken(served: Served) -> None:
    """As S3 does: the signature leaves them to the client."""
    headers = {"Content-Type": "text/css", "Cache-Control": "no-cache", "Content-Disposition": "inline"}
    url = served.store.get_presigned_upload_url("x")
    assert requests.put(url, data=b"x", headers=headers, timeout=10).status_code == 200
    found = served.store.head_object("x")
    assert (found.content_type, found.cache_control, found.content_disposition) == ("text/css", "no-cache", "inline")


@pytest.mark.parametrize(
    ("bound", "headers", "body"),
    [
        ({"content_type": "image/png"}, {"Content-Type": "text/html"}, CONTENT),
        ({"content_type": "image/png"}, {}, CONTENT),
        ({"content_length": 5}, {}, b"longer"),
        ({"content_length": 5}, {}, b"less"),
        ({"content_md5": MD5}, {}, CONTENT),
        ({"metadata": {"a": "b"}}, {"x-amz-meta-a": "c"}, CONTENT),
        ({"metadata": {"a": "b"}}, {"x-amz-meta-a": "b", "x-amz-meta-b": "c"}, CONTENT),
        ({}, {"x-amz-meta-a": "b"}, CONTENT),
        ({}, {"x-amz-tagging": "a=b"}, CONTENT),
        ({}, {"x-amz-acl": "public-read"}, CONTENT),
        ({}, {"x-amz-copy-source": "/photos/other"}, b""),
    ],
)
def test_what_was_not_signed_so_is_refused(
    served: Served, bound: dict[str, Any], headers: dict[str, str], body: bytes
) -> None:
    """Another type, length, digest or metadata, and headers of S3 beyond what was signed."""
    answer = requests.put(served.store.get_presigned_upload_url("x", **bound), data=body, headers=headers, timeout=10)
    assert answer.status_code == 403
    assert not served.store.exists("x")


@pytest.mark.parametrize("bound", [{"content_md5": MD5}, {"checksum_sha256": SHA256}])
def test_another_body_than_the_digest_is_refused(served: Served, bound: dict[str, Any]) -> None:
    """Nothing is stored, and what was there stays."""
    served.store.put_object(b"old", "x")
    upload = served.store.presign_upload("x", **bound)
    answer = requests.put(upload.url, data=b"other", headers=upload.headers, timeout=10)
    assert (answer.status_code, code_of(answer.content)) == (400, "BadDigest")
    assert served.store.read_object("x") == b"old"
    assert served.leftovers == []


def test_an_upload_that_must_not_overwrite_does_not(served: Served) -> None:
    """412, and the first one stays."""
    upload = served.store.presign_upload("x", if_none_match="*")
    assert requests.put(upload.url, data=b"first", headers=upload.headers, timeout=10).status_code == 200
    answer = requests.put(upload.url, data=b"second", headers=upload.headers, timeout=10)
    assert (answer.status_code, code_of(answer.content)) == (412, "PreconditionFailed")
    assert served.store.read_object("x") == b"first"


def test_an_empty_body_is_stored(served: Served) -> None:
    """Its length is said to be nothing, which is a length."""
    assert requests.put(served.store.get_presigned_upload_url("x"), data=b"", timeout=10).status_code == 200
    assert served.store.read_object("x") == b""


def test_a_body_without_a_length_is_refused(served: Served) -> None:
    """As S3 does: chunked or nothing at all."""
    url = served.store.get_presigned_upload_url("x")
    answer = requests.put(url, data=iter([b"a", b"b"]), timeout=10)
    assert (answer.status_code, code_of(answer.content)) == (411, "MissingContentLength")
    assert exchange("PUT", url)[0] == 411
    assert not served.store.exists("x")


def test_more_than_one_request_may_bring_is_refused_at_once(served: Served) -> None:
    """5 GiB and a byte: the body is not waited for."""
    status, body = exchange("PUT", served.store.get_presigned_upload_url("x"), f"Content-Length: {5 * 1024**3 + 1}")
    assert (status, code_of(body)) == (400, "EntityTooLarge")


def test_parts_become_the_object(served: Served) -> None:
    """In any order, with the ETag of each; the service completes it."""
    size = 5 * 1024 * 1024
    content = b"".join(pieces(2 * size + 7))
    upload = served.store.presign_multipart("x", len(content), size)
    for part in reversed(upload.parts):
        data = content[part.offset : part.offset + part.size]
        answer = requests.put(part.url, data=data, timeout=10)
        assert (answer.status_code, answer.headers["etag"]) == (200, f'"{hashlib.md5(data).hexdigest()}"')
    served.store.complete_multipart_upload("x", upload.upload_id, served.store.list_parts("x", upload.upload_id))
    assert served.store.read_object("x") == content


def test_a_part_that_is_not_what_was_signed_is_refused(served: Served) -> None:
    """Its length, its number and its upload are bound; its digest is checked where it comes along."""
    upload = served.store.presign_multipart("x", 6 * 1024 * 1024, 5 * 1024 * 1024)
    url, size = upload.parts[1].url, upload.parts[1].size
    assert requests.put(url, data=b"short", timeout=10).status_code == 403
    assert requests.put(url.replace("partNumber=2", "partNumber=1"), data=bytes(size), timeout=10).status_code == 403
    answer = requests.put(url, data=bytes(size), headers={"Content-MD5": MD5}, timeout=10)
    assert (answer.status_code, code_of(answer.content)) == (400, "BadDigest")
    assert list(served.store.list_parts("x", upload.upload_id)) == []
    served.store.abort_multipart_upload("x", upload.upload_id)
    answer = requests.put(url, data=bytes(size), timeout=10)
    assert (answer.status_code, code_of(answer.content)) == (404, "NoSuchUpload")


@pytest.mark.parametrize(
    "header", ["Content-MD5: nonsense", "If-Match: *", 'If-None-Match: "x"', "Content-Type: \xff", "Content-Type: "]
)
def test_a_header_that_makes_no_sense_is_refused(served: Served, header: str) -> None:
    """Before the body is read."""
    status, body = exchange("PUT", served.store.get_presigned_upload_url("x"), header, "Content-Length: 5")
    assert (status, code_of(body)) == (400, "InvalidArgument")


@pytest.mark.parametrize("encoding", ["aws-chunked", "AWS-Chunked", "gzip, aws-chunked"])
def test_a_body_with_signatures_in_it_is_not_taken(served: Served, encoding: str) -> None:
    """They would be stored as content: SDKs that sign bodies in chunks are told that this is not done here."""
    url = served.store.get_presigned_upload_url("x")
    answer = requests.put(url, data=b"x", headers={"Content-Encoding": encoding}, timeout=10)
    assert (answer.status_code, code_of(answer.content)) == (501, "NotImplemented")
    for sent in ({"x-amz-decoded-content-length": "1"}, {"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER"}):
        answer = requests.put(url, data=b"x", headers=sent, timeout=10)
        assert (answer.status_code, code_of(answer.content)) == (501, "NotImplemented")
    assert not served.store.exists("x")


def test_what_is_bound_is_stored_as_it_was_bound(served: Served) -> None:
    """SigV4 folds spaces before it compares, so more of them are let in; they are not stored."""
    upload = served.store.presign_upload("x", content_type="text/plain; a=b", metadata={"a": "two words"})
    sent = {"Content-Type": "text/plain;   a=b", "x-amz-meta-a": "two   words"}
    assert requests.put(upload.url, data=b"x", headers=sent, timeout=10).status_code == 200
    stored = served.store.head_object("x")
    assert (stored.content_type, stored.metadata) == ("text/plain; a=b", {"a": "two words"})

"""Options as headers: conditions, digests, tags, lock, encryption."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from urllib3 import HTTPHeaderDict

from data_store.object_store.adapters.s3 import headers, request_headers
from data_store.object_store.adapters.s3.checksum_headers import from_wire, start_headers, to_wire, told
from data_store.object_store.adapters.s3.encryption import check_private, encryption_headers
from data_store.object_store.errors import UnsupportedOperation
from data_store.object_store.models import (
    CompleteOptions,
    CopyOptions,
    CopySource,
    DeleteOptions,
    GetOptions,
    PartOptions,
    PutOptions,
    Retention,
    RetentionMode,
    SseCustomer,
    SseKms,
    SseS3,
)
from tests.unit.s3_server import connection

KEY = SseCustomer(b"k" * 32)
KEY_BASE64 = base64.b64encode(KEY.key).decode()
KEY_MD5 = base64.b64encode(hashlib.md5(KEY.key).digest()).decode()
TIME = datetime(2026, 1, 3, 4, 5, 6, tzinfo=UTC)


def test_a_put_carries_its_tags_lock_digest_and_conditions():
    """Tags as a URL query, times of the lock as ISO 8601, the digest in base64."""
    options = PutOptions(
        tags={"a b": "ü&"},
        retention=Retention(RetentionMode.GOVERNANCE, TIME),
        legal_hold=True,
        checksum="crc32c",
        if_match="e",
        encryption=SseS3(),
    )
    sent = request_headers.put_headers(options, "c99465aa")
    assert sent == {
        "Content-Type": "application/octet-stream",
        "x-amz-server-side-encryption": "AES256",
        "x-amz-tagging": "a%20b=%C3%BC%26",
        "x-amz-object-lock-mode": "GOVERNANCE",
        "x-amz-object-lock-retain-until-date": "2026-01-03T04:05:06Z",
        "x-amz-object-lock-legal-hold": "ON",
        "If-Match": "e",
        "x-amz-checksum-crc32c": "yZRlqg==",
    }


@pytest.mark.parametrize(
    ("algorithm", "name", "kind"),
    [("crc32c", "CRC32C", "FULL_OBJECT"), ("crc64nvme", "CRC64NVME", "FULL_OBJECT"), ("sha256", "SHA256", "COMPOSITE")],
)
def test_an_upload_says_what_its_checksum_will_be_of(algorithm, name, kind):
    """Of the content where the digests of parts can be combined."""
    sent = request_headers.upload_headers(PutOptions(checksum=algorithm))
    assert (sent["x-amz-checksum-algorithm"], sent["x-amz-checksum-type"]) == (name, kind)
    assert start_headers(None) == {}


def test_an_upload_is_completed_with_conditions_and_the_digest_of_the_whole():
    """A digest of parts only has no type: Garage refuses it."""
    options = CompleteOptions(if_none_match="*", checksums={"crc32c": "c99465aa"}, encryption=KEY)
    assert request_headers.complete_headers(options) == {
        "If-None-Match": "*",
        "x-amz-checksum-crc32c": "yZRlqg==",
        "x-amz-checksum-type": "FULL_OBJECT",
        "x-amz-server-side-encryption-customer-algorithm": "AES256",
        "x-amz-server-side-encryption-customer-key": KEY_BASE64,
        "x-amz-server-side-encryption-customer-key-MD5": KEY_MD5,
    }
    assert request_headers.complete_headers(CompleteOptions()) == {}


def test_a_read_carries_its_conditions_and_asks_for_checksums():
    """Times as HTTP dates; a range has no checksum to ask for."""
    options = GetOptions(if_none_match="e", if_modified_since=TIME, if_unmodified_since=TIME)
    assert request_headers.read_headers(options) == {
        "If-None-Match": "e",
        "If-Modified-Since": "Sat, 03 Jan 2026 04:05:06 GMT",
        "If-Unmodified-Since": "Sat, 03 Jan 2026 04:05:06 GMT",
        "x-amz-checksum-mode": "ENABLED",
    }
    assert request_headers.read_headers(GetOptions(offset=3)) == {}


def test_a_copy_names_version_key_and_tags():
    """Those of the source, and those of the copy."""
    options = CopyOptions(source_version="v/1", source_encryption=KEY, tags={}, encryption=SseKms("id"))
    sent = request_headers.copy_headers("b", "k?", options)
    assert sent == {
        "x-amz-copy-source": "/b/k%3F?versionId=v%2F1",
        "x-amz-copy-source-server-side-encryption-customer-algorithm": "AES256",
        "x-amz-copy-source-server-side-encryption-customer-key": KEY_BASE64,
        "x-amz-copy-source-server-side-encryption-customer-key-MD5": KEY_MD5,
        "x-amz-server-side-encryption": "aws:kms",
        "x-amz-server-side-encryption-aws-kms-key-id": "id",
        "x-amz-metadata-directive": "COPY",
        "x-amz-tagging-directive": "REPLACE",
        "x-amz-tagging": "",
    }
    part = request_headers.part_copy_headers(CopySource("b", "k", "e", 5, 3, version="v"), PartOptions())
    assert part == {
        "x-amz-copy-source": "/b/k?versionId=v",
        "x-amz-copy-source-if-match": "e",
        "x-amz-copy-source-range": "bytes=5-7",
    }


def test_a_delete_carries_its_condition_and_its_bypass():
    """Nothing of its own otherwise."""
    options = DeleteOptions(if_match="e", bypass_governance=True)
    assert request_headers.delete_headers(options) == {"If-Match": "e", "x-amz-bypass-governance-retention": "true"}
    assert request_headers.delete_headers(DeleteOptions()) == {}


def test_the_context_of_a_kms_key_is_base64_of_json():
    """S3 API reference, PutObject."""
    sent = encryption_headers(SseKms(context={"a": "b"}))["x-amz-server-side-encryption-context"]
    assert json.loads(base64.b64decode(sent)) == {"a": "b"}


@given(st.binary(min_size=4, max_size=32))
def test_a_digest_travels_and_comes_back(digest):
    """Hex here, base64 there."""
    assert from_wire(to_wire(digest.hex())) == digest.hex()


@pytest.mark.parametrize("value", ["yZRlqg==-2", "no base64", ""])
def test_a_digest_of_digests_is_none_of_the_content(value):
    """As those of multipart uploads are."""
    assert told(HTTPHeaderDict({"X-Amz-Checksum-Crc32c": value})) == {}


def test_an_answer_says_how_it_is_kept():
    """Full-object digests beside the MD5, and the encryption."""
    answer = {"ETag": "0" * 32, "x-amz-checksum-crc64nvme": "jSnVw/bqjr4=", "x-amz-server-side-encryption": "AES256"}
    found = headers.object_metadata("b", "k", HTTPHeaderDict(answer))
    assert (found.checksums, found.encryption) == ({"md5": "0" * 32, "crc64nvme": "8d29d5c3f6ea8ebe"}, "AES256")
    part = headers.part_info(3, 5, '"e"', HTTPHeaderDict({"x-amz-checksum-crc32c": "yZRlqg=="}))
    assert (part.etag, part.checksums) == ("e", {"crc32c": "c99465aa"})


@pytest.mark.parametrize("endpoint", ["https://far.example", "127.0.0.1:9000", "localhost:9000", "[::1]:9000", None])
def test_a_key_travels_over_tls_or_within_the_machine(endpoint):
    """AWS is reached over TLS."""
    assert check_private(connection(endpoint)) is None


@pytest.mark.parametrize(
    ("endpoint", "values"),
    [
        ("far.example:9000", {}),
        ("http://127.0.0.1.far.example", {}),
        ("localhost:9000", {"proxy": "http://far.example:3128"}),
    ],
)
def test_a_key_does_not_travel_in_the_clear(endpoint, values):
    """Not to another host, not through a proxy; and the error does not show it."""
    with pytest.raises(UnsupportedOperation, match="TLS"):
        check_private(connection(endpoint, **values))


@pytest.mark.parametrize("name", ["http_proxy", "all_proxy"])
def test_a_key_of_the_caller_does_not_travel_through_a_proxy_of_the_environment(monkeypatch, name):
    """Not even to loopback: without TLS the proxy would read it. A host that goes past the proxy is fine."""
    monkeypatch.setenv(name, "http://proxy.example.com:3128")
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(UnsupportedOperation, match="TLS"):
        check_private(connection("127.0.0.1:9000"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert check_private(connection("127.0.0.1:9000")) is None

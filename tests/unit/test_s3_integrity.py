"""Who protects the content of uploads: a signature, a checksum, an MD5, or nothing but TCP and TLS."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import google_crc32c
import pytest

from data_store.object_store import ObjectStore
from data_store.object_store.adapters.s3 import integrity
from data_store.object_store.adapters.s3.integrity import Protection, content_md5
from data_store.object_store.body import Source
from data_store.object_store.signing.sigv4 import EMPTY_PAYLOAD_HASH, UNSIGNED_PAYLOAD
from tests.unit.s3_server import Answer, RecordingServer, connection, recording_server

CONTENT = bytes(range(256)) * 5000  # more than what is read into memory
SHA256 = hashlib.sha256(CONTENT).hexdigest()
MD5 = {"Content-MD5": base64.b64encode(hashlib.md5(CONTENT).digest()).decode()}
CRC32C = {"x-amz-checksum-crc32c": base64.b64encode(google_crc32c.value(CONTENT).to_bytes(4)).decode()}
OTHER_HEADERS = {"x-amz-checksum-algorithm": "CRC32C", "x-amz-meta-x-amz-checksum-crc32c": "a"}


def large() -> Source:
    """Content that is not in memory."""
    return Source(io.BytesIO(CONTENT), len(CONTENT))


def no_question() -> bool:
    """Fail: the server is not to be asked, which may be a request."""
    raise AssertionError


@pytest.mark.parametrize("is_verified", [True, False])
@pytest.mark.parametrize("headers", [{}, CRC32C])
def test_what_is_in_memory_is_signed_and_nobody_is_asked(is_verified: bool, headers: dict[str, str]) -> None:
    """Every server checks that, and it costs next to nothing."""
    protection = Protection(is_verified, no_question)
    assert protection.payload_hash(CONTENT, headers) == SHA256
    assert protection.payload_hash(b"", headers) == EMPTY_PAYLOAD_HASH == hashlib.sha256(b"").hexdigest()


@pytest.mark.parametrize(
    ("is_verified", "compares", "headers", "signed"),
    [
        (True, True, CRC32C, UNSIGNED_PAYLOAD),
        (True, True, {"x-amz-checksum-sha256": "a"}, UNSIGNED_PAYLOAD),
        (True, True, {}, SHA256),
        (True, True, OTHER_HEADERS, SHA256),
        (True, False, CRC32C, SHA256),
        (True, False, {}, SHA256),
        (False, True, {}, UNSIGNED_PAYLOAD),
        (False, False, {}, UNSIGNED_PAYLOAD),
        (False, False, CRC32C, UNSIGNED_PAYLOAD),
    ],
)
def test_a_large_body_is_signed_unless_its_checksum_is_compared(
    is_verified: bool, compares: bool, headers: dict[str, str], signed: str
) -> None:
    """Or nobody wants it verified; a header that only looks like a checksum is none."""
    source = large()
    assert Protection(is_verified, lambda: compares).payload_hash(source, headers) == signed
    assert source.read() == CONTENT


@pytest.mark.parametrize(
    ("is_verified", "compares", "headers", "sent"),
    [
        (True, True, CRC32C, {}),
        (True, True, {}, MD5),
        (True, True, OTHER_HEADERS, MD5),
        (True, False, CRC32C, MD5),
        (True, False, {}, MD5),
        (False, False, {}, {}),
    ],
)
def test_a_large_body_without_a_signature_has_its_md5_unless_its_checksum_is_compared(
    is_verified: bool, compares: bool, headers: dict[str, str], sent: dict[str, str]
) -> None:
    """That of an anonymous client, say; it can be read afterwards, from its beginning."""
    source = large()
    assert Protection(is_verified, lambda: compares).headers(source, headers) == sent
    assert source.read() == CONTENT


@pytest.mark.parametrize("is_verified", [True, False])
def test_what_is_in_memory_and_has_no_signature_has_its_md5(is_verified: bool) -> None:
    """Every server checks that one too; nothing needs no protection."""
    protection = Protection(is_verified, no_question)
    assert protection.headers(CONTENT, CRC32C) == MD5
    assert protection.headers(b"", {}) == {}


@pytest.mark.parametrize("is_verified", [True, False])
def test_where_no_md5_is_taken_there_is_a_checksum(is_verified: bool) -> None:
    """Unless there is one already, or nobody wants a large body verified; that server is known to compare it."""
    protection = Protection(is_verified, no_question)
    assert protection.checksum(CONTENT, OTHER_HEADERS) == CRC32C
    assert protection.checksum(large(), {}) == (CRC32C if is_verified else {})
    assert protection.checksum(b"", {}) == {}
    for body in (CONTENT, large()):
        assert protection.checksum(body, {"x-amz-checksum-sha256": "a"}) == {}


def test_unless_told_otherwise_nothing_is_believed_of_a_server() -> None:
    """The safe way is the usual one."""
    assert Protection().payload_hash(large(), CRC32C) == SHA256
    assert Protection().upload_checksum() is None


@pytest.mark.parametrize(
    ("is_verified", "compares", "is_fast", "expected"),
    [
        (True, True, True, "crc32c"),
        (True, False, True, None),
        (True, True, False, None),
        (False, True, True, None),
    ],
)
def test_large_uploads_have_a_checksum_where_it_protects_them_for_less(
    monkeypatch: pytest.MonkeyPatch, is_verified: bool, compares: bool, is_fast: bool, expected: str | None
) -> None:
    """Computed by compiled code; in Python it would cost more than what it replaces."""
    monkeypatch.setattr(integrity, "is_fast", lambda _algorithm: is_fast)
    assert Protection(is_verified, lambda: compares).upload_checksum() == expected


def test_a_server_is_not_asked_for_what_nobody_wants() -> None:
    """``transfer.integrity: transport`` costs no request."""
    protection = Protection(is_verified=False, compares=no_question)
    assert protection.upload_checksum() is None
    assert protection.payload_hash(large(), {}) == UNSIGNED_PAYLOAD


@pytest.mark.parametrize("body", [CONTENT, large()], ids=["bytes", "source"])
def test_digests_are_those_of_the_content_from_wherever_it_comes(body: bytes | Source) -> None:
    """In the form of RFC 1864 and of S3; a source can be sent afterwards."""
    assert {"Content-MD5": content_md5(body)} == MD5
    assert Protection().checksum(body, {}) == CRC32C
    assert body == CONTENT or (isinstance(body, Source) and body.read() == CONTENT)


def test_without_a_library_for_crcs_the_checksum_is_a_sha_256(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which Python has, rather than none, and rather than one that is computed in Python."""
    monkeypatch.setattr(integrity, "is_fast", lambda _algorithm: False)
    sha256 = base64.b64encode(hashlib.sha256(CONTENT).digest()).decode()
    assert Protection().checksum(CONTENT, {}) == {"x-amz-checksum-sha256": sha256}
    assert Protection().checksum(b"", {}) == {}


# what servers get to see


@pytest.fixture
def server() -> Iterator[RecordingServer]:
    """A server that stores everything."""
    with recording_server() as running:
        yield running


SERVERS = {
    "minio": {"Server": "MinIO"},
    "versitygw": {"Server": "VERSITYGW"},
    "garage": {"date": "Sat, 21 Nov 2026 00:00:00 GMT"},
    "ceph": {"x-amz-request-id": "tx00000123456789abcdef-0065a-b"},
    "unknown": {"Server": "nginx"},
}
COMPARING = ["minio", "versitygw", "garage"]


def upload(server: RecordingServer, path: Path, name: str, mode: str, **where: Any) -> tuple[str | None, set[str]]:
    """Upload a file to a server of that name; return what was signed for it, and what else protected it."""
    server.answers = [Answer(headers={**SERVERS[name], "ETag": '"e"'})]
    config = {
        "framework": "minio",
        "root_bucket": "bucket",
        "connection": connection(server.address, region="us-east-1", **where),
        "transfer": {"integrity": mode},
    }
    with ObjectStore(config) as store:
        store.upload_file(path, "key")
    (sent,) = [seen for seen in server.seen if seen.method == "PUT"]
    assert sent.body == path.read_bytes()
    told = {name: sent.headers[name] for name in ("content-md5", "x-amz-checksum-crc32c") if name in sent.headers}
    assert told.items() <= {"content-md5": MD5["Content-MD5"], **CRC32C}.items()
    return sent.headers.get("x-amz-content-sha256"), set(told)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A large file."""
    (tmp_path / "file").write_bytes(CONTENT)
    return tmp_path / "file"


@pytest.mark.parametrize("name", SERVERS)
def test_a_file_is_verified_by_each_server_as_it_does_it(server: RecordingServer, path: Path, name: str) -> None:
    """By a checksum where it is compared, which costs an eighth of the digest that is signed elsewhere."""
    signed, beside = (UNSIGNED_PAYLOAD, ["x-amz-checksum-crc32c"]) if name in COMPARING else (SHA256, [])
    assert upload(server, path, name, "verified") == (signed, set(beside))


@pytest.mark.parametrize("name", SERVERS)
def test_a_file_that_nobody_signs_is_verified_too(server: RecordingServer, path: Path, name: str) -> None:
    """By its MD5 where checksums are not compared."""
    protected_by = "x-amz-checksum-crc32c" if name in COMPARING else "content-md5"
    assert upload(server, path, name, "verified", anonymous=True) == (None, {protected_by})


@pytest.mark.parametrize("name", SERVERS)
@pytest.mark.parametrize("anonymous", [True, False])
def test_a_file_that_need_not_be_verified_is_not_read_for_it(
    server: RecordingServer, path: Path, name: str, anonymous: bool
) -> None:
    """``transfer.integrity: transport``."""
    signed = None if anonymous else UNSIGNED_PAYLOAD
    assert upload(server, path, name, "transport", anonymous=anonymous) == (signed, set())

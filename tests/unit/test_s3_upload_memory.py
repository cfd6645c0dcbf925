"""What a client remembers of uploads under way, and what it makes of checksums and tags on the way."""

from __future__ import annotations

import io

import pytest

from data_store.object_store.adapters.s3 import uploads_under_way
from data_store.object_store.adapters.s3.uploads_under_way import UploadsUnderWay, UploadUnderWay
from data_store.object_store.body import Source
from data_store.object_store.errors import ConnectionFailed, IntegrityError, UnsupportedOperation
from data_store.object_store.models import CopySource, PartOptions, PutOptions
from data_store.object_store.store import ObjectStore
from tests.unit.s3_server import Answer, RecordingServer, answers, error, lines

ETAG = "0" * 32
CEPH = {"x-amz-request-id": "tx000008e82749f7365b253-006b0128b9-100a-default"}
UPLOAD = Answer(body=b"<InitiateMultipartUploadResult><UploadId>id</UploadId></InitiateMultipartUploadResult>")
COMPLETED = Answer(body=b"<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>")
COPIED_PART = Answer(body=b"<CopyPartResult><ETag>e</ETag></CopyPartResult>")
CHECKED = PutOptions(checksum="crc32c")


def test_what_is_not_known_of_an_upload_is_nothing():
    """Begun elsewhere, or with nothing that has to be remembered."""
    uploads = UploadsUnderWay()
    uploads.begun("plain", PutOptions(), None, None)
    uploads.told("plain", None)
    assert [uploads.of(upload_id) for upload_id in ("plain", "unknown")] == [UploadUnderWay()] * 2


def test_an_answer_adds_to_what_an_upload_was_begun_with():
    """What it says of the encryption; the rest stays until the upload is gone."""
    uploads = UploadsUnderWay()
    uploads.begun("id", CHECKED, {"a": "b"}, None)
    uploads.told("id", "aws:kms")
    assert uploads.of("id") == UploadUnderWay({"a": "b"}, has_checksum=True, is_encrypted=True, encryption="aws:kms")
    uploads.forget("id")
    assert uploads.of("id") == UploadUnderWay()


def test_tags_are_never_forgotten_for_others(monkeypatch):
    """Too many uploads push out the oldest without tags; if all have some, no more are begun."""
    monkeypatch.setattr(uploads_under_way, "_MAX_UPLOADS", 2)
    uploads = UploadsUnderWay()
    uploads.begun("tagged", PutOptions(), {"a": "b"}, None)
    uploads.begun("checked", CHECKED, None, None)
    uploads.check_room()
    uploads.begun("tagged too", PutOptions(), {"c": "d"}, None)
    known = [uploads.of(upload_id) for upload_id in ("tagged", "checked", "tagged too")]
    assert known == [UploadUnderWay({"a": "b"}), UploadUnderWay(), UploadUnderWay({"c": "d"})]
    with pytest.raises(UnsupportedOperation, match="2 others"):
        uploads.check_room()


@pytest.mark.parametrize("server_name", ["MinIO", "VERSITYGW"])
@pytest.mark.parametrize("begun_with", ["crc32c", None])
def test_no_part_is_copied_into_an_upload_with_a_checksum_that_would_be_wrong(begun_with, server_name, server, client):
    """Neither where the part's own options name it, nor where only those of the upload did."""
    headers = {"Server": server_name}
    upload = Answer(body=UPLOAD.body, headers=headers)
    copied = Answer(body=b"<CopyPartResult><ETag>e</ETag></CopyPartResult>", headers=headers)
    answers(server, ("POST", upload), otherwise=copied)
    client.create_multipart_upload("b", "k", PutOptions(checksum=begun_with))
    source = CopySource("b", "s", None, 0, 1)
    with pytest.raises(UnsupportedOperation, match="checksums of copied parts"):
        client.upload_part_copy("b", "k", "id", 1, source, PartOptions(checksum=None if begun_with else "crc32c"))
    assert [seen.method for seen in server.seen] == ["POST"]
    assert client.upload_part_copy("b", "k", "another", 1, source, PartOptions()).etag == "e"


def test_a_checksum_of_an_upload_that_is_gone_is_forgotten(server, client):
    """Aborted, it is an upload like any other."""
    answers(server, ("POST", Answer(body=UPLOAD.body, headers={"Server": "MinIO"})), otherwise=COPIED_PART)
    client.create_multipart_upload("b", "k", PutOptions(checksum="crc32c"))
    client.abort_multipart_upload("b", "k", "id")
    assert client.upload_part_copy("b", "k", "id", 1, CopySource("b", "s", None, 0, 1), PartOptions()).etag == "e"


@pytest.mark.parametrize("algorithm", ["sha256", "crc32c"])
def test_a_digest_is_told_even_by_a_server_that_ignores_it(algorithm, server, client):
    """It was computed on the way, for an object and for a part."""
    digest = Source(io.BytesIO(b"x"), 1).digest(algorithm).hex()
    answers(server)
    options = PutOptions(checksum=algorithm)
    written = client.put_object("b", "k", Source(io.BytesIO(b"x"), 1), options)
    assert (written.checksums or {})[algorithm] == digest
    part = client.upload_part("b", "k", "id", 1, Source(io.BytesIO(b"x"), 1), PartOptions(checksum=algorithm))
    assert part.checksums == {algorithm: digest}


def test_a_digest_that_the_server_contradicts_is_an_error(server, client):
    """What it has is not what was sent."""
    answers(server, otherwise=Answer(headers={"ETag": ETAG, "x-amz-checksum-crc32c": "AAAAAQ=="}))
    with pytest.raises(IntegrityError, match="crc32c"):
        client.put_object("b", "k", Source(io.BytesIO(b"x"), 1), PutOptions(checksum="crc32c"))
    with pytest.raises(IntegrityError, match="crc32c"):
        client.upload_part("b", "k", "id", 1, Source(io.BytesIO(b"x"), 1), PartOptions(checksum="crc32c"))


@pytest.mark.parametrize(("headers", "kept"), [(CEPH, False), ({"Server": "MinIO"}, True), ({}, True)])
def test_only_ceph_drops_the_tags_of_uploads(headers, kept, server, client):
    """It is asked who it is, once."""
    answers(server, ("GET /$", Answer(body=b"<ListAllMyBucketsResult/>", headers=headers)))
    assert [client.keeps_tags_of_uploads for _ in range(2)] == [kept, kept]
    assert lines(server) == ["GET /"]


def test_who_cannot_be_asked_is_an_error_of_ours(server, client):
    """Of a server that does not answer nothing is known."""
    answers(server, otherwise=Answer(0))
    with pytest.raises(ConnectionFailed):
        _ = client.keeps_tags_of_uploads


def ceph_store(server: RecordingServer) -> ObjectStore:
    """A store on Ceph, which has tags."""
    answers(
        server,
        ("GET /$", Answer(body=b"<ListAllMyBucketsResult/>", headers=CEPH)),
        ("GET .*tagging", error(404, "NoSuchKey", **CEPH)),
        ("GET .*uploadId", Answer(body=b"<ListPartsResult/>")),
        ("POST .*uploads", UPLOAD),
        ("POST", COMPLETED),
    )
    connection = {"endpoint": server.address, "access_key": "A", "secret_key": "S", "region": "us-east-1"}
    return ObjectStore({"framework": "minio", "connection": connection, "root_bucket": "bucket"})


def test_an_upload_whose_tags_only_its_beginner_would_know_is_not_begun(server):
    """Another process may complete it; one without tags is begun."""
    with ceph_store(server) as store:
        with pytest.raises(UnsupportedOperation, match="set_tags") as raised:
            store.create_multipart_upload("k", tags={"a": "b"})
        assert (raised.value.operation, raised.value.bucket, raised.value.key) == (
            "create_multipart_upload",
            "bucket",
            "k",
        )
        assert "POST" not in {seen.method for seen in server.seen}
        assert store.create_multipart_upload("k", tags={}).upload_id == "id"


def test_an_upload_in_one_block_has_its_tags_on_ceph_too(server):
    """Who begins it completes it, and sets them then."""
    with ceph_store(server) as store, store.multipart_upload("k", tags={"a": "b"}) as upload:
        upload.upload_part(b"x")
    assert lines(server)[-1] == "PUT /bucket/k?tagging="
    assert b"<Key>a</Key><Value>b</Value>" in server.seen[-1].body

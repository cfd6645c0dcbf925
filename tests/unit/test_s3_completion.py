"""Completing uploads and copying, by boto3 and by the core: what was made before, and how it is encrypted."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from itertools import chain, repeat

import pytest

from data_store.object_store.adapters.boto3_client import Boto3Client
from data_store.object_store.adapters.s3 import encryption_results, etags
from data_store.object_store.adapters.s3.carrier import Carrier
from data_store.object_store.body import Source
from data_store.object_store.configurations import ObjectStoreConfiguration
from data_store.object_store.errors import PreconditionFailed, ServerError, UploadNotFound
from data_store.object_store.models import (
    CompleteOptions,
    CopyOptions,
    CopySource,
    Encryption,
    ObjectMetadata,
    PartInfo,
    PartOptions,
    PutOptions,
    SseCustomer,
    SseKms,
    SseS3,
)
from tests.unit.s3_server import (
    Answer,
    RecordingServer,
    Seen,
    answers,
    connection,
    error,
    quick_retry,
    recording_server,
)

MD5 = hashlib.md5(b"a").hexdigest()
PARTS = [PartInfo(1, MD5, 1)]
WHOLE = etags.multipart_etag(PARTS)
NEW = CompleteOptions(if_none_match="*")
KEY = SseCustomer(b"k" * 32)

COMPLETE, LIST_PARTS, HEAD, CREATE = "^POST.*uploadId", "^GET.*uploadId", "^HEAD", "^POST.*uploads"
MADE = Answer(headers={"ETag": f'"{WHOLE}"'})
COMPLETED = Answer(body=f"<CompleteMultipartUploadResult><ETag>{WHOLE}</ETag></CompleteMultipartUploadResult>".encode())
STARTED = b"<InitiateMultipartUploadResult><UploadId>id</UploadId></InitiateMultipartUploadResult>"
UNDER_WAY, GONE, GONE_FROM_CEPH = (
    Answer(body=b"<ListPartsResult/>"),
    error(404, "NoSuchUpload"),
    error(404, "NoSuchKey"),
)
REFUSED = error(412, "PreconditionFailed")
KMS = {"x-amz-server-side-encryption": "aws:kms"}
BY_KEY = {"x-amz-server-side-encryption-customer-algorithm": "AES256"}
Outcome = Callable[[CompleteOptions], type]
KINDS = pytest.mark.parametrize(
    ("asked", "headers", "told"), [(SseKms(), KMS, "aws:kms"), (KEY, BY_KEY, "SSE-C")], ids=["SSE-KMS", "SSE-C"]
)


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[RecordingServer, Boto3Client]]:
    """A server and its client, which has both carriers."""
    with recording_server() as running:
        made = connection(running.address)
        client = Boto3Client(ObjectStoreConfiguration(framework="boto3", connection=made, retry=quick_retry()))
        yield running, client
        client.close()


@pytest.fixture
def server(shared: tuple[RecordingServer, Boto3Client]) -> RecordingServer:
    """A server that answers as it is told to."""
    shared[0].seen.clear()
    return shared[0]


@pytest.fixture(params=["boto3", "core"])
def via(request: pytest.FixtureRequest, shared: tuple[RecordingServer, Boto3Client]) -> Carrier:
    """What carries objects."""
    client = shared[1]
    return client._carrier if request.param == "boto3" else client._api


@pytest.fixture
def outcome(via: Carrier, shared: tuple[RecordingServer, Boto3Client]) -> Outcome:
    """Completes, and says what came of it: the class of the result, or of the exception in our words."""

    def complete(options: CompleteOptions) -> type:
        try:
            return type(via.complete_multipart_upload("b", "k", "id", PARTS, options))
        except Exception as raised:  # noqa: BLE001  the SDK's; its meaning is compared
            return type(shared[1].classify(raised) or raised)

    return complete


def completing(server: RecordingServer, *completions: Answer, parts: Answer, head: Answer = MADE) -> None:
    """Answer completions in this order, the last again and again, and the questions after them."""
    coming = chain(completions, repeat(completions[-1]))

    def answer(seen: Seen) -> Answer:
        if seen.method == "POST":
            return next(coming)
        return head if seen.method == "HEAD" else parts

    server.answers = [answer]


def methods(server: RecordingServer) -> list[str]:
    """What was asked."""
    return [seen.method for seen in server.seen]


@pytest.mark.parametrize("gone", [GONE, GONE_FROM_CEPH], ids=["NoSuchUpload", "NoSuchKey"])
@pytest.mark.parametrize("options", [NEW, CompleteOptions(if_match="e")], ids=["if_none_match", "if_match"])
def test_a_conditional_completion_whose_answer_was_lost_is_a_success(
    options: CompleteOptions, gone: Answer, server: RecordingServer, via: Carrier
) -> None:
    """The repeated one is refused for what the first has made; the upload is not there any more."""
    completing(server, Answer(0), REFUSED, parts=gone)
    assert via.complete_multipart_upload("b", "k", "id", PARTS, options).etag == WHOLE
    assert methods(server) == ["POST", "POST", "GET", "HEAD"]


def test_the_object_of_a_rival_is_not_ours(server: RecordingServer, outcome: Outcome) -> None:
    """It has the same content and came between two attempts; our upload is still there."""
    completing(server, error(503, "SlowDown"), REFUSED, parts=UNDER_WAY)
    assert outcome(NEW) is PreconditionFailed


@pytest.mark.parametrize(
    ("parts", "head"),
    [(GONE, Answer(headers={"ETag": "another"})), (GONE, error(404, "NoSuchKey")), (error(403, "AccessDenied"), MADE)],
    ids=["another object", "no object", "parts that cannot be listed"],
)
def test_a_refusal_stays_one_where_nothing_else_is_sure(
    parts: Answer, head: Answer, server: RecordingServer, outcome: Outcome
) -> None:
    """Somebody may have aborted the upload, and somebody else written the object."""
    completing(server, Answer(0), REFUSED, parts=parts, head=head)
    assert outcome(NEW) is PreconditionFailed


def test_a_first_refusal_asks_nothing_further(server: RecordingServer, outcome: Outcome) -> None:
    """No answer was lost."""
    completing(server, REFUSED, parts=GONE)
    assert outcome(NEW) is PreconditionFailed
    assert methods(server) == ["POST"]


def test_a_server_that_fails_has_not_made_what_was_there_before(server: RecordingServer, outcome: Outcome) -> None:
    """The same content may lie under the key already, with other metadata; the upload stays, and can be completed."""
    completing(server, error(500, "InternalError"), parts=UNDER_WAY)
    assert outcome(CompleteOptions()) is ServerError


@pytest.mark.parametrize(
    ("head", "expected"), [(MADE, ObjectMetadata), (Answer(headers={"ETag": "another"}), UploadNotFound)]
)
def test_a_repeated_completion_that_ceph_fails_is_looked_for(
    head: Answer, expected: type, server: RecordingServer, outcome: Outcome
) -> None:
    """That is its answer where there is no such upload."""
    completing(server, Answer(0), error(500, "InternalError"), parts=GONE_FROM_CEPH, head=head)
    assert outcome(CompleteOptions()) is expected


def upload(via: Carrier, asked: Encryption | None, *, copied: bool = False) -> ObjectMetadata:
    """Upload or copy one part, and complete."""
    key = asked if isinstance(asked, SseCustomer) else None
    via.create_multipart_upload("b", "k", PutOptions(encryption=asked))
    if copied:
        source = CopySource("b", "s", "e", 0, 1)
        via.upload_part_copy("b", "k", "id", 1, source, PartOptions(encryption=key))
    else:
        via.upload_part("b", "k", "id", 1, Source(io.BytesIO(b"a"), 1), PartOptions(encryption=key))
    return via.complete_multipart_upload("b", "k", "id", PARTS, CompleteOptions(encryption=key))


def telling(server: RecordingServer, where: str, headers: dict[str, str]) -> None:
    """Answer an upload; only one answer has these headers."""

    def of(name: str, body: bytes, **more: str) -> Answer:
        return Answer(body=body, headers={**more, **(headers if name == where else {})})

    answers(
        server,
        (COMPLETE, of("complete", COMPLETED.body)),
        (CREATE, of("create", STARTED)),
        (HEAD, of("head", b"", ETag=str(WHOLE))),
        ("partNumber", of("part", b"<CopyPartResult><ETag>e</ETag></CopyPartResult>", ETag=MD5)),
    )


@KINDS
@pytest.mark.parametrize("copied", [False, True], ids=["uploaded", "copied"])
@pytest.mark.parametrize("where", ["create", "part", "complete"])
def test_an_upload_says_how_it_is_encrypted(
    where: str,
    copied: bool,
    asked: Encryption,
    headers: dict[str, str],
    told: str,
    server: RecordingServer,
    via: Carrier,
) -> None:
    """Whichever answer tells, and without a further question."""
    telling(server, where, headers)
    assert upload(via, asked, copied=copied).encryption == told
    assert methods(server) == ["POST", "PUT", "POST"]


@KINDS
def test_an_upload_that_no_answer_tells_of_is_asked_for(
    asked: Encryption, headers: dict[str, str], told: str, server: RecordingServer, via: Carrier
) -> None:
    """As one that is copied on MinIO; with the key that it is read with."""
    telling(server, "head", headers)
    assert upload(via, asked, copied=True).encryption == told
    assert methods(server) == ["POST", "PUT", "POST", "HEAD"]
    assert ("x-amz-server-side-encryption-customer-key" in server.seen[-1].headers) is (asked is KEY)


def test_what_the_bucket_encrypts_by_default_is_told(server: RecordingServer, via: Carrier) -> None:
    """By the answer to a part on MinIO."""
    telling(server, "part", {"x-amz-server-side-encryption": "AES256"})
    assert upload(via, None).encryption == "AES256"


def test_an_upload_that_is_not_encrypted_asks_nothing(server: RecordingServer, via: Carrier) -> None:
    """Nor does one that has the id of one that was, and is gone."""
    telling(server, "create", KMS)
    upload(via, SseKms())
    via.create_multipart_upload("b", "k", PutOptions(encryption=SseKms()))
    via.abort_multipart_upload("b", "k", "id")
    telling(server, "none", {})
    server.seen.clear()
    assert upload(via, None).encryption is None
    assert methods(server) == ["POST", "PUT", "POST"]


def test_only_so_many_uploads_are_remembered(
    server: RecordingServer, via: Carrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest is forgotten, which costs no more than what its result says."""
    monkeypatch.setattr(encryption_results, "_MAX_UPLOADS", 1)
    telling(server, "create", KMS)
    via.create_multipart_upload("b", "k", PutOptions(encryption=SseKms()))
    answers(server, (CREATE, Answer(body=STARTED.replace(b"id", b"other"), headers=KMS)), otherwise=COMPLETED)
    via.create_multipart_upload("b", "k", PutOptions(encryption=SseKms()))
    assert via.complete_multipart_upload("b", "k", "id", PARTS, CompleteOptions()).encryption is None
    assert via.complete_multipart_upload("b", "k", "other", PARTS, CompleteOptions()).encryption == "aws:kms"


def copying(server: RecordingServer, copied: dict[str, str], head: Answer) -> None:
    """Answer a copy."""
    body = f"<CopyObjectResult><ETag>{MD5}</ETag></CopyObjectResult>".encode()
    answers(server, (HEAD, head), otherwise=Answer(body=body, headers=copied))


@KINDS
def test_a_copy_says_how_it_is_encrypted(
    asked: Encryption, headers: dict[str, str], told: str, server: RecordingServer, via: Carrier
) -> None:
    """Its ETag is no MD5; where the answer does not tell, HEAD does."""
    for copied, asks in [(headers, ["PUT"]), ({}, ["PUT", "HEAD"])]:
        server.seen.clear()
        copying(server, copied, Answer(headers={"ETag": MD5, **headers}))
        made = via.copy_object("b", "s", "b", "k", CopyOptions(encryption=asked))
        assert (made.encryption, made.checksums, methods(server)) == (told, None, asks)


@pytest.mark.parametrize(("source_etag", "asks"), [(None, 0), (MD5, 0), ("another", 1)])
def test_a_copy_is_asked_for_if_its_etag_is_not_the_sources(
    source_etag: str | None, asks: int, server: RecordingServer, via: Carrier
) -> None:
    """It may be encrypted by the bucket's default, and then its ETag is no MD5."""
    copying(server, {}, Answer(headers={"ETag": MD5, **KMS}))
    made = via.copy_object("b", "s", "b", "k", CopyOptions(source_etag=source_etag))
    assert methods(server).count("HEAD") == asks
    assert (made.encryption, made.checksums) == (("aws:kms", None) if asks else (None, {"md5": MD5}))


@pytest.mark.parametrize("head", [error(403, "AccessDenied"), Answer(headers={"ETag": "another"})])
def test_a_copy_that_cannot_be_looked_at_claims_nothing(head: Answer, server: RecordingServer, via: Carrier) -> None:
    """It was written all the same."""
    copying(server, {}, head)
    made = via.copy_object("b", "s", "b", "k", CopyOptions(encryption=SseS3()))
    assert (made.etag, made.encryption, made.checksums) == (MD5, None, None)
    assert methods(server) == ["PUT", "HEAD"]

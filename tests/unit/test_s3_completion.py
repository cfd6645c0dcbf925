"""Completing uploads and copying, by boto3 and by the core: what was made before, and how it is encrypted."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from itertools import chain, repeat

import pytest

from data_store.object_store.adapters.boto3_client import Boto3Client
from data_store.object_store.adapters.s3 import etags, uploads_under_way
from data_store.object_store.adapters.s3.carrier import Carrier
from data_store.object_store.body import Source
from data_store.object_store.configurations import ObjectStoreConfiguration
from data_store.object_store.errors import PreconditionFailed, ServerError
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


@pytest.fixture
def client(via: Carrier, shared: tuple[RecordingServer, Boto3Client], monkeypatch: pytest.MonkeyPatch) -> Boto3Client:
    """A client with this carrier."""
    monkeypatch.setattr(shared[1], "_carrier", via)
    return shared[1]


def completing(server: RecordingServer, *completions: Answer, parts: Answer, head: Answer = MADE) -> None:
    """Answer completions in this order, the last again and again, and the questions after them."""
    coming = chain(completions, repeat(completions[-1]))

    def answer(seen: Seen) -> Answer:
        if seen.method == "POST":
            return next(coming)
        return head if seen.method == "HEAD" else parts

    server.answers = [answer]


def methods(server: RecordingServer) -> list[str]:
    """What was asked about the key: not who the server is, nor what it does with another key."""
    return [seen.method for seen in server.seen if seen.target.partition("?")[0] == "/b/k"]


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


def test_a_first_completion_that_fails_when_the_object_is_made_is_a_success(
    server: RecordingServer, via: Carrier
) -> None:
    """A server may answer 500 to what it has done; boto3 and the core have not even repeated it."""
    once = ObjectStoreConfiguration(framework="boto3", connection=connection(server.address), retry={"max_attempts": 1})
    client = Boto3Client(once)
    completing(server, error(500, "InternalError"), parts=GONE)
    carrier = client._carrier if type(via) is type(client._carrier) else client._api
    assert carrier.complete_multipart_upload("b", "k", "id", PARTS, CompleteOptions()).etag == WHOLE
    assert methods(server) == ["POST", "GET", "HEAD"]
    client.close()


def test_a_server_that_fails_has_not_made_what_was_there_before(server: RecordingServer, outcome: Outcome) -> None:
    """The same content may lie under the key already, with other metadata; the upload stays, and can be completed."""
    completing(server, error(500, "InternalError"), parts=UNDER_WAY)
    assert outcome(CompleteOptions()) is ServerError


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (MADE, ObjectMetadata),
        (Answer(headers={"ETag": "another"}), ServerError),
        (error(404, "NoSuchKey"), ServerError),
        (error(403, "AccessDenied"), ServerError),
    ],
    ids=["our object", "another object", "no object", "an object that cannot be seen"],
)
@pytest.mark.parametrize("lost", [True, False], ids=["an answer was lost", "every answer is 500"])
def test_a_completion_that_fails_is_looked_for(
    lost: bool, head: Answer, expected: type, server: RecordingServer, outcome: Outcome
) -> None:
    """If it is not found it may have been made and replaced: nobody is told that there was no such upload."""
    failed = error(500, "InternalError")
    completing(server, *([Answer(0)] if lost else []), failed, parts=GONE_FROM_CEPH, head=head)
    assert outcome(CompleteOptions()) is expected


def upload(client: Boto3Client, asked: Encryption | None, *, copied: bool = False) -> ObjectMetadata:
    """Upload or copy one part, and complete."""
    key = asked if isinstance(asked, SseCustomer) else None
    client.create_multipart_upload("b", "k", PutOptions(encryption=asked))
    if copied:
        source = CopySource("b", "s", "e", 0, 1)
        client.upload_part_copy("b", "k", "id", 1, source, PartOptions(encryption=key))
    else:
        client.upload_part("b", "k", "id", 1, Source(io.BytesIO(b"a"), 1), PartOptions(encryption=key))
    return client.complete_multipart_upload("b", "k", "id", PARTS, CompleteOptions(encryption=key))


def encrypting(server: RecordingServer) -> None:
    """Answer to what is tried out on another key that it is encrypted, as it was asked to be."""
    [usual] = server.answers
    assert callable(usual)

    def answer(seen: Seen) -> Answer:
        if "probe" not in seen.target:
            return usual(seen)
        asked = {name: value for name, value in seen.headers.items() if name in (*KMS, *BY_KEY)}
        return Answer(headers={"ETag": MD5, **asked})

    server.answers = [answer]


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
        ("^GET", Answer(body=b"<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>")),
    )
    encrypting(server)


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
    client: Boto3Client,
) -> None:
    """Whichever answer tells, and without a further question."""
    telling(server, where, headers)
    assert upload(client, asked, copied=copied).encryption == told
    assert methods(server) == ["POST", "PUT", "POST"]


@KINDS
def test_an_upload_that_no_answer_tells_of_is_asked_for(
    asked: Encryption, headers: dict[str, str], told: str, server: RecordingServer, client: Boto3Client
) -> None:
    """As one that is copied on MinIO; with the key that it is read with."""
    telling(server, "head", headers)
    assert upload(client, asked, copied=True).encryption == told
    assert methods(server) == ["POST", "PUT", "POST", "HEAD"]
    assert ("x-amz-server-side-encryption-customer-key" in server.seen[-1].headers) is (asked is KEY)


def test_what_the_bucket_encrypts_by_default_is_told(server: RecordingServer, client: Boto3Client) -> None:
    """By the answer to a part on MinIO."""
    telling(server, "part", {"x-amz-server-side-encryption": "AES256"})
    assert upload(client, None).encryption == "AES256"


def test_an_upload_that_is_not_encrypted_asks_nothing(server: RecordingServer, client: Boto3Client) -> None:
    """Nor does one that has the id of one that was, and is gone."""
    telling(server, "create", KMS)
    upload(client, SseKms())
    client.create_multipart_upload("b", "k", PutOptions(encryption=SseKms()))
    client.abort_multipart_upload("b", "k", "id")
    telling(server, "none", {})
    server.seen.clear()
    assert upload(client, None).encryption is None
    assert methods(server) == ["POST", "PUT", "POST"]


def test_only_so_many_uploads_are_remembered(
    server: RecordingServer, client: Boto3Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest is forgotten, which costs no more than what its result says."""
    monkeypatch.setattr(uploads_under_way, "_MAX_UPLOADS", 1)
    telling(server, "create", KMS)
    client.create_multipart_upload("b", "k", PutOptions(encryption=SseKms()))
    answers(server, (CREATE, Answer(body=STARTED.replace(b"id", b"other"), headers=KMS)), otherwise=COMPLETED)
    encrypting(server)
    client.create_multipart_upload("b", "k", PutOptions(encryption=SseKms()))
    assert client.complete_multipart_upload("b", "k", "id", PARTS, CompleteOptions()).encryption is None
    assert client.complete_multipart_upload("b", "k", "other", PARTS, CompleteOptions()).encryption == "aws:kms"


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

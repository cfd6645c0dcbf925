"""What stays of what was tried out on a random key: nothing, or one thing that is told in the log."""

from __future__ import annotations

import io
import logging
import re
import uuid
from collections.abc import Callable, Iterator

import pytest

from data_store.object_store.adapters.minio_client import MinioClient
from data_store.object_store.body import Source
from data_store.object_store.configurations import ObjectStoreConfiguration
from data_store.object_store.errors import ConnectionFailed, ObjectStoreError, UnsupportedOperation
from data_store.object_store.models import Condition, PutOptions, SseS3
from tests.unit.s3_server import STORED, Answer, RecordingServer, Seen, answers, error, lines, recording_server

VERSION = Answer(headers={"ETag": "0" * 32, "x-amz-version-id": "v"})
MARKER = Answer(204, headers={"x-amz-delete-marker": "true", "x-amz-version-id": "m"})
DELETED = Answer(204)
REFUSED = error(412, "PreconditionFailed")
DENIED = error(403, "AccessDenied")
BUSY = error(503, "SlowDown")
LOST = Answer(0)
UPLOAD = Answer(body=b"<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>")
SECRET = "a-secret-key"
PROBE = re.compile(r"\.data-store-probe-[0-9a-f]{32}")


@pytest.fixture
def server() -> Iterator[RecordingServer]:
    """A server that records."""
    with recording_server() as running:
        yield running


@pytest.fixture
def connect(server: RecordingServer) -> Iterator[Callable[..., MinioClient]]:
    """Makes clients of that server."""
    made: list[MinioClient] = []

    def client(attempts: int = 1) -> MinioClient:
        config = {"endpoint": server.address, "access_key": "A", "secret_key": SECRET, "region": "us-east-1"}
        retry = {"max_attempts": attempts, "initial_backoff": 0.001, "max_backoff": 0.002}
        made.append(MinioClient(ObjectStoreConfiguration(framework="minio", connection=config, retry=retry)))
        return made[-1]

    yield client
    for each in made:
        each.close()


@pytest.fixture
def client(connect: Callable[..., MinioClient]) -> MinioClient:
    """A client that asks once."""
    return connect()


@pytest.fixture
def bucket() -> str:
    """A bucket of this test alone: what is left behind is remembered by the process."""
    return f"b-{uuid.uuid4().hex}"


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What stands in the package's log."""
    records = [record for record in caplog.records if record.name == "data_store.object_store"]
    return [record.getMessage() for record in records if record.levelno == logging.WARNING]


def versioning(status: str) -> Answer:
    """The status of a bucket."""
    return Answer(body=f"<VersioningConfiguration><Status>{status}</Status></VersioningConfiguration>".encode())


def listing(server: RecordingServer, *entries: tuple[str, str]) -> Answer:
    """A listing of versions (element, id) of the key that was tried out last, newest first."""
    seen = next(each.target for each in reversed(server.seen) if PROBE.search(each.target))
    key = PROBE.search(seen)[0]
    described = "".join(f"<{tag}><Key>{key}</Key><VersionId>{id_}</VersionId></{tag}>" for tag, id_ in entries)
    return Answer(body=f"<ListVersionsResult>{described}</ListVersionsResult>".encode())


def answer_by(server: RecordingServer, rules: Callable[[str, Seen], Answer | None]) -> None:
    """Answer as ``rules`` say of ``METHOD target`` without its random part; ``STORED`` where they say nothing."""

    def answer(seen: Seen) -> Answer:
        return rules(PROBE.sub(".probe", f"{seen.method} {seen.target}"), seen) or STORED

    server.answers = [answer]


def tried(server: RecordingServer) -> list[str]:
    """What was asked of the random key."""
    return [PROBE.sub("probe", f"{seen.method} {seen.target}") for seen in server.seen if PROBE.search(seen.target)]


def encrypted(client: MinioClient, bucket: str) -> None:
    """Store an object with encryption, which is tried out before."""
    client.put_object(bucket, "k", Source(io.BytesIO(b"x"), 1), PutOptions(encryption=SseS3()))


@pytest.mark.parametrize("condition", [Condition.PUT, Condition.DELETE])
def test_a_suspended_bucket_keeps_no_marker_of_a_probe(condition, server, client, bucket):
    """MinIO's answers do not say that what was written is the version "null": the bucket is asked, once."""
    answers(server, ("GET .*versioning", versioning("Suspended")), ("GET", Answer(body=b"<ListVersionsResult/>")))
    assert client.honours(bucket, "k", condition) is False
    assert tried(server)[-1] == f"DELETE /{bucket}/probe?versionId=null"
    assert lines(server).count(f"GET /{bucket}?versioning=") == 1
    unconditional = [seen for seen in server.seen if seen.method == "DELETE" and "if-match" not in seen.headers]
    assert len(unconditional) == 1


def test_a_bucket_whose_answer_names_the_version_is_not_asked(server, client, bucket):
    """Ceph tells "null" of the marker that its DELETE has made of a suspended bucket's object."""
    marker = Answer(204, headers={"x-amz-delete-marker": "true", "x-amz-version-id": "null"})
    answers(server, ("DELETE", marker), ("GET", Answer(body=b"<ListVersionsResult/>")))
    assert client.honours(bucket, "k", Condition.DELETE) is False
    assert tried(server)[-1] == f"DELETE /{bucket}/probe?versionId=null"
    assert f"GET /{bucket}?versioning=" not in lines(server)


def test_a_probe_whose_answer_was_lost_is_deleted(server, client, bucket):
    """It may have been stored; the question has no answer, and is asked again."""
    answers(server, ("PUT", LOST))
    for _ in range(2):
        with pytest.raises(ConnectionFailed):
            client.honours(bucket, "k", Condition.PUT)
    assert tried(server) == [f"PUT /{bucket}/probe", f"DELETE /{bucket}/probe"] * 2


def test_a_version_whose_answer_was_lost_is_deleted(server, client, bucket):
    """It is looked for: a DELETE without it would leave both the version and a marker."""

    def rules(line: str, seen: Seen) -> Answer | None:
        if "versions=" in line:
            return listing(server, ("Version", "lost"))
        if "versioning=" in line:
            return versioning("Enabled")
        return LOST if line.startswith("PUT") else None

    answer_by(server, rules)
    with pytest.raises(ConnectionFailed):
        encrypted(client, bucket)
    deleted = [line for line in tried(server) if line.startswith("DELETE")]
    assert deleted == [f"DELETE /{bucket}/probe?versionId=lost"]


def test_the_version_of_a_first_attempt_is_deleted_too(server, connect, bucket):
    """Its answer was lost, and the repeated PUT made a second one."""
    attempts: list[Answer] = [LOST, VERSION]

    def rules(line: str, seen: Seen) -> Answer | None:
        if "versions=" in line:
            return listing(server, ("Version", "v"), ("Version", "lost"))
        return attempts.pop(0) if line.startswith("PUT") else None

    answer_by(server, rules)
    with pytest.raises(UnsupportedOperation, match="does not encrypt"):
        encrypted(connect(attempts=2), bucket)
    deleted = [line for line in tried(server) if line.startswith("DELETE")]
    assert deleted == [f"DELETE /{bucket}/probe?versionId=v", f"DELETE /{bucket}/probe?versionId=lost"]


def test_who_may_not_list_versions_deletes_what_answers_have_named(server, client, bucket):
    """The object's version and the marker above it."""
    answers(
        server,
        ("GET .*versions", DENIED),
        ("GET .*versioning", versioning("Enabled")),
        ("DELETE .*versionId", DELETED),
        ("DELETE", MARKER),
        otherwise=VERSION,
    )
    assert client.honours(bucket, "k", Condition.DELETE) is False
    assert {line.partition("?")[2] for line in tried(server) if "versionId" in line} == {"versionId=v", "versionId=m"}


def test_a_server_that_cannot_be_asked_any_more_is_left_alone(server, client, bucket, caplog):
    """Each further question would take its time and fail as well; what ended the probe is raised."""
    answers(server, otherwise=LOST)
    with pytest.raises(ConnectionFailed) as raised:
        client.honours(bucket, "k", Condition.PUT)
    assert raised.value.operation == "put_object"
    assert lines(server) == [f"PUT /{bucket}/.data-store-probe", f"GET /{bucket}?versioning="]
    assert len(said(caplog)) == 1


@pytest.mark.parametrize("refusal", [DENIED, BUSY, error(500, "InternalError"), LOST])
def test_a_probe_that_stays_is_told_and_hides_nothing(refusal, server, connect, bucket, caplog):
    """Its DELETE is repeated as configured; what it has found out holds, for another client of the process too."""
    answers(server, ("DELETE", refusal))
    attempts = 1 if refusal is DENIED else 3
    for _ in range(2):
        client = connect(attempts=3)
        for _ in range(2):
            assert client.honours(bucket, "k", Condition.PUT) is False
    assert tried(server) == [f"PUT /{bucket}/probe", *[f"DELETE /{bucket}/probe"] * attempts]
    (warning,) = said(caplog)
    (key,) = {PROBE.search(seen.target)[0] for seen in server.seen if PROBE.search(seen.target)}
    assert bucket in warning
    assert key in warning
    assert SECRET not in warning


def test_a_write_goes_on_though_its_probe_stays(server, client, bucket):
    """Encryption is there, which is all that was asked."""
    made = Answer(headers={"ETag": "0" * 32, "x-amz-server-side-encryption": "AES256"})
    answers(server, ("DELETE", DENIED), otherwise=made)
    for _ in range(2):
        encrypted(client, bucket)
    assert [line for line in lines(server) if "k" in line.rpartition("/")[2]] == [f"PUT /{bucket}/k"] * 2
    assert len([line for line in tried(server) if line.startswith("PUT")]) == 1


def test_an_upload_that_may_not_be_aborted_is_the_only_one(server, connect, bucket, caplog):
    """Conditional uploads go on: one upload stays in the bucket, whoever of the process asks."""
    answers(server, ("POST .*uploads=", UPLOAD), ("POST .*uploadId", REFUSED), ("DELETE .*uploadId", DENIED))
    for _ in range(2):
        client = connect()
        for _ in range(2):
            assert client.honours(bucket, "k", Condition.COMPLETE) is True
    assert len([line for line in lines(server) if "uploads=" in line]) == 1
    assert [bucket in warning for warning in said(caplog)] == [True]


def uploads(server: RecordingServer, *ids: str) -> Answer:
    """A listing of uploads of the key that was tried out last."""
    key = PROBE.search(next(each.target for each in reversed(server.seen) if PROBE.search(each.target)))[0]
    entries = "".join(f"<Upload><Key>{key}</Key><UploadId>{each}</UploadId></Upload>" for each in ids)
    return Answer(body=f"<ListMultipartUploadsResult>{entries}</ListMultipartUploadsResult>".encode())


@pytest.mark.parametrize("is_repeated", [True, False])
def test_an_upload_whose_start_was_lost_is_aborted(is_repeated, server, connect, bucket):
    """It is looked for, also where the start was repeated."""
    starts: list[Answer] = [LOST, UPLOAD]

    def rules(line: str, seen: Seen) -> Answer | None:
        if line.startswith("POST") and "uploads=" in line:
            return starts.pop(0)
        if line.startswith("GET") and "uploads=" in line:
            return uploads(server, "u0", "u1")
        return REFUSED if line.startswith("POST") else None

    answer_by(server, rules)
    client = connect(attempts=2 if is_repeated else 1)
    if is_repeated:
        assert client.honours(bucket, "k", Condition.COMPLETE) is True
    else:
        with pytest.raises(ConnectionFailed):
            client.honours(bucket, "k", Condition.COMPLETE)
    aborted = {line.partition("?")[2] for line in tried(server) if line.startswith("DELETE")}
    assert aborted == {"uploadId=u0", "uploadId=u1"}


def test_what_was_completed_before_its_answer_was_lost_is_deleted(server, client, bucket):
    """The upload is aborted as well, which it may not have been."""
    answers(server, ("POST .*uploads=", UPLOAD), ("POST .*uploadId", LOST), ("GET .*uploads=", DENIED))
    with pytest.raises(ConnectionFailed):
        client.honours(bucket, "k", Condition.COMPLETE)
    assert [line for line in tried(server) if line.startswith("DELETE")] == [
        f"DELETE /{bucket}/probe?uploadId=u1",
        f"DELETE /{bucket}/probe",
    ]


def test_a_completion_that_was_repeated_is_an_answer(server, connect, bucket):
    """Its upload is gone: the first one was carried out, whatever its condition. What it has made is deleted."""
    completions = [LOST, error(404, "NoSuchUpload")]

    def rules(line: str, seen: Seen) -> Answer | None:
        if "uploads=" in line:
            return UPLOAD if line.startswith("POST") else DENIED
        if line.startswith("HEAD"):
            return Answer(404)
        return completions.pop(0) if line.startswith("POST") else None

    answer_by(server, rules)
    assert connect(attempts=2).honours(bucket, "k", Condition.COMPLETE) is False
    assert tried(server)[-1] == f"DELETE /{bucket}/probe"


@pytest.mark.parametrize(
    ("history", "deleted"),
    [
        ([("Version", "v")], ["?versionId=v", ""]),
        ([("DeleteMarker", "m"), ("Version", "v")], ["?versionId=v"]),
        ([("DeleteMarker", "m"), ("Version", "v"), ("DeleteMarker", "m0")], ["?versionId=v", "?versionId=m0"]),
        ([("Version", "v"), ("DeleteMarker", "m0")], ["?versionId=v", "?versionId=m0", ""]),
    ],
)
def test_a_probe_that_is_retained_is_hidden_by_one_marker(history, deleted, server, client, bucket):
    """A bucket's default retention keeps the version: the marker above it stays, or one is made."""

    def rules(line: str, seen: Seen) -> Answer | None:
        if "versions=" in line:
            return listing(server, *history)
        if line.endswith("versionId=v"):
            return DENIED
        return VERSION if line.startswith("PUT") else DELETED

    answer_by(server, rules)
    assert client.honours(bucket, "k", Condition.PUT) is False
    asked = [line for line in tried(server) if line.startswith("DELETE")]
    assert asked == [f"DELETE /{bucket}/probe{each}" for each in deleted]


def test_the_marker_of_a_probe_that_is_gone_goes_too(server, client, bucket):
    """Nothing stays of a conditional DELETE that was carried out twice."""

    def rules(line: str, seen: Seen) -> Answer | None:
        if "versions=" in line:
            return listing(server, ("DeleteMarker", "m"), ("Version", "v"), ("DeleteMarker", "m0"))
        if line.startswith("DELETE"):
            return DELETED if "versionId" in line else MARKER
        return VERSION

    answer_by(server, rules)
    assert client.honours(bucket, "k", Condition.DELETE) is False
    assert {line.partition("=")[2] for line in tried(server) if "versionId" in line} == {"v", "m", "m0"}


def test_a_write_that_was_refused_needs_no_cleaning(server, client, bucket):
    """Nothing was made."""
    answers(server, otherwise=DENIED)
    for condition in (Condition.PUT, Condition.COMPLETE, Condition.DELETE):
        with pytest.raises(ObjectStoreError):
            client.honours(bucket, "k", condition)
    assert [seen.method for seen in server.seen] == ["PUT", "POST", "DELETE"]

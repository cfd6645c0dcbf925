"""What stays of what was tried out on a random key: nothing, or one thing that is told in the log, and not repeated."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Callable, Iterator

import pytest

from data_store.object_store.adapters.minio_client import MinioClient
from data_store.object_store.body import Source
from data_store.object_store.configurations import ObjectStoreConfiguration
from data_store.object_store.errors import ConnectionFailed, ObjectStoreError, ServerError, UnsupportedOperation
from data_store.object_store.models import Condition, PutOptions, SseS3
from tests.unit.s3_server import Answer, RecordingServer, Seen, answers, error, lines, stored

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
    """A bucket."""
    return "b"


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
    """Answer as ``rules`` say of ``METHOD target`` without its random part; ``stored`` where they say nothing."""

    def answer(seen: Seen) -> Answer:
        return rules(PROBE.sub(".probe", f"{seen.method} {seen.target}"), seen) or stored(seen)

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


def test_a_marker_tells_that_there_are_versions(server, client, bucket):
    """Who may not ask for the status learns it from the answer to a DELETE; what was hidden is deleted as well."""

    def rules(line: str, seen: Seen) -> Answer | None:
        if "versions=" in line:
            return listing(server, ("DeleteMarker", "m"), ("Version", "lost"))
        if line.startswith("PUT"):
            return LOST
        return DENIED if "versioning=" in line else MARKER

    answer_by(server, rules)
    with pytest.raises(ConnectionFailed):
        client.honours(bucket, "k", Condition.PUT)
    deleted = [line.partition("?")[2] for line in tried(server) if line.startswith("DELETE")]
    assert deleted == ["", "versionId=lost", "versionId=m"]


def test_a_version_that_nobody_names_stays_under_one_marker(server, client, bucket, caplog):
    """Who may not list versions either cannot delete it: it is told, and not tried again."""
    answers(server, ("PUT", LOST), ("GET", DENIED), ("DELETE", MARKER))
    for _ in range(3):
        with pytest.raises(ConnectionFailed, match="not tried again"):
            client.honours(bucket, "k", Condition.PUT)
    asked = [line for line in tried(server) if not line.startswith("GET")]
    assert asked == [f"PUT /{bucket}/probe", f"DELETE /{bucket}/probe"]
    assert len(said(caplog)) == 3


def test_a_marker_that_nobody_names_stays(server, client, bucket, caplog):
    """Of a DELETE whose answer was lost, say; the version that was named is deleted."""
    conditional = [error(412, "PreconditionFailed"), LOST]

    def rules(line: str, seen: Seen) -> Answer | None:
        if line.startswith("DELETE"):
            return conditional.pop(0) if "if-match" in seen.headers else DELETED
        if line.startswith("GET"):
            return versioning("Enabled") if "versioning=" in line else DENIED
        return VERSION

    answer_by(server, rules)
    with pytest.raises(ConnectionFailed, match="not tried again"):
        client.honours(bucket, "k", Condition.DELETE)
    assert [line for line in tried(server) if line.startswith("DELETE")][2:] == [f"DELETE /{bucket}/probe?versionId=v"]
    assert len(said(caplog)) == 1


def test_a_bucket_of_which_nothing_is_told_may_keep_a_marker(server, client, bucket, caplog):
    """MinIO's answer to a DELETE does not name the marker where versioning is suspended; the log does."""
    answers(server, ("GET .*versioning", DENIED), ("DELETE", DELETED))
    assert client.honours(bucket, "k", Condition.PUT) is False
    assert tried(server) == [f"PUT /{bucket}/probe", f"DELETE /{bucket}/probe"]
    (warning,) = said(caplog)
    assert "nothing tells whether" in warning
    assert PROBE.search(warning)


def test_nothing_is_deleted_while_the_status_is_unknown(server, client, bucket, caplog):
    """A DELETE without a version would leave a marker in a suspended bucket. The answer holds."""
    statuses = [error(500, "InternalError"), error(500, "InternalError"), versioning("Suspended")]
    answer_by(server, lambda line, seen: statuses.pop(0) if "versioning=" in line else None)
    for _ in range(3):
        assert client.honours(bucket, "k", Condition.PUT) is False
    client.forget_lacking()
    assert client.honours(bucket, "k", Condition.PUT) is False
    assert tried(server) == [f"PUT /{bucket}/probe"]
    assert len(said(caplog)) == 2


def test_a_server_that_cannot_be_asked_any_more_is_left_alone(server, client, bucket, caplog):
    """Each further question would take its time and fail as well; what ended the probe is raised, now and later."""
    answers(server, otherwise=LOST)
    for _ in range(2):
        with pytest.raises(ConnectionFailed):
            client.honours(bucket, "k", Condition.PUT)
    status = f"GET /{bucket}?versioning="
    assert lines(server) == [f"PUT /{bucket}/.data-store-probe", status, status]
    assert len(said(caplog)) == 2


def test_a_server_that_answers_again_is_asked_again(server, client, bucket):
    """What was left is deleted first."""
    answers(server, otherwise=LOST)
    with pytest.raises(ConnectionFailed):
        client.honours(bucket, "k", Condition.PUT)
    answers(server, ("PUT", REFUSED))
    assert client.honours(bucket, "k", Condition.PUT) is True
    assert tried(server) == [f"PUT /{bucket}/probe", f"DELETE /{bucket}/probe", f"PUT /{bucket}/probe"]
    first, deleted, second = (seen.target for seen in server.seen if PROBE.search(seen.target))
    assert first == deleted != second


@pytest.mark.parametrize("refusal", [DENIED, BUSY, error(500, "InternalError"), LOST])
def test_a_probe_that_stays_is_told_and_hides_nothing(refusal, server, connect, bucket, caplog):
    """Its DELETE is repeated as configured; what it has found out holds."""
    answers(server, ("DELETE", refusal))
    client = connect(attempts=3)
    for _ in range(2):
        assert client.honours(bucket, "k", Condition.PUT) is False
    attempts = 1 if refusal is DENIED else 3
    assert tried(server) == [f"PUT /{bucket}/probe", *[f"DELETE /{bucket}/probe"] * attempts]
    (warning,) = said(caplog)
    (key,) = {PROBE.search(seen.target)[0] for seen in server.seen if PROBE.search(seen.target)}
    assert f"{bucket!r}" in warning
    assert key in warning
    assert SECRET not in warning


def test_who_asks_anew_is_asked_for_what_stays_first(server, client, bucket):
    """Until that can be deleted its answer stands, so that there is never more than one."""
    answers(server, ("DELETE", DENIED))
    assert client.honours(bucket, "k", Condition.PUT) is False
    client.forget_lacking()
    assert client.honours(bucket, "k", Condition.PUT) is False
    assert tried(server) == [f"PUT /{bucket}/probe", *[f"DELETE /{bucket}/probe"] * 2]
    answers(server, ("PUT", REFUSED))
    client.forget_lacking()
    assert client.honours(bucket, "k", Condition.PUT) is True
    assert tried(server)[3:] == [f"DELETE /{bucket}/probe", f"PUT /{bucket}/probe"]


def test_each_client_finds_out_for_itself(server, connect, bucket):
    """Others may have another server behind the same address, or other permissions."""
    answers(server)
    assert connect().honours(bucket, "k", Condition.PUT) is False
    answers(server, ("PUT", REFUSED))
    assert connect().honours(bucket, "k", Condition.PUT) is True


def test_a_write_goes_on_though_its_probe_stays(server, client, bucket):
    """Encryption is there, which is all that was asked."""
    made = Answer(headers={"ETag": "0" * 32, "x-amz-server-side-encryption": "AES256"})
    answers(server, ("DELETE", DENIED), ("GET .*versioning", versioning("")), otherwise=made)
    for _ in range(2):
        encrypted(client, bucket)
    assert [line for line in lines(server) if "k" in line.rpartition("/")[2]] == [f"PUT /{bucket}/k"] * 2
    assert len([line for line in tried(server) if line.startswith("PUT")]) == 1


def test_an_upload_that_may_not_be_aborted_is_the_only_one(server, client, bucket, caplog):
    """Conditional uploads go on: one upload stays in the bucket."""
    answers(server, ("POST .*uploads=", UPLOAD), ("POST .*uploadId", REFUSED), ("DELETE .*uploadId", DENIED))
    for _ in range(2):
        assert client.honours(bucket, "k", Condition.COMPLETE) is True
    assert len([line for line in lines(server) if "uploads=" in line]) == 1
    assert [f"{bucket!r}" in warning for warning in said(caplog)] == [True]


@pytest.mark.parametrize("completion", [error(500, "InternalError"), BUSY, LOST])
def test_an_upload_of_a_probe_that_failed_is_the_only_one_too(completion, server, client, bucket):
    """While it may not be aborted, the error is raised again; another bucket, and another question, are asked."""
    answers(server, ("POST .*uploads=", UPLOAD), ("POST .*uploadId", completion), ("DELETE .*uploadId", DENIED))
    kinds = set()
    for _ in range(3):
        with pytest.raises(ObjectStoreError, match="until what is left there can be deleted") as raised:
            client.honours(bucket, "k", Condition.COMPLETE)
        kinds.add((type(raised.value), raised.value.status))
    assert len(kinds) == 1
    assert lines(server).count(f"POST /{bucket}/.data-store-probe?uploads=") == 1
    assert client.honours(bucket, "k", Condition.PUT) is False
    with pytest.raises(ObjectStoreError):
        client.honours("other", "k", Condition.COMPLETE)
    assert lines(server).count("POST /other/.data-store-probe?uploads=") == 1


def test_a_question_is_asked_again_once_its_upload_is_aborted(server, client, bucket):
    """The policy was mended, say: nobody has to start anew."""
    refusals = [DENIED, DENIED]
    completions = [error(500, "InternalError"), REFUSED]

    def rules(line: str, seen: Seen) -> Answer | None:
        if "uploads=" in line:
            return UPLOAD if line.startswith("POST") else DENIED
        if line.startswith("DELETE") and "uploadId" in line and refusals:
            return refusals.pop(0)
        return completions.pop(0) if line.startswith("POST") else None

    answer_by(server, rules)
    for _ in range(2):
        with pytest.raises(ServerError):
            client.honours(bucket, "k", Condition.COMPLETE)
    assert client.honours(bucket, "k", Condition.COMPLETE) is True
    assert len([line for line in tried(server) if line.startswith("POST") and "uploads=" in line]) == 2


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

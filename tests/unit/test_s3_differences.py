"""What a client does after an answer: deletions that found nothing, tags that a server drops, rules on trial."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from data_store.object_store.adapters.boto3_client import Boto3Client
from data_store.object_store.adapters.minio_client import MinioClient
from data_store.object_store.adapters.s3 import uploads_under_way
from data_store.object_store.adapters.s3.client import S3Client
from data_store.object_store.configurations import ObjectStoreConfiguration
from data_store.object_store.errors import (
    AccessDenied,
    ObjectStoreError,
    PreconditionFailed,
    ServerError,
    UnsupportedOperation,
    UploadNotFound,
)
from data_store.object_store.models import (
    CompleteOptions,
    DeletedObject,
    DeleteOptions,
    EventKind,
    LifecycleRule,
    NotificationRule,
    ObjectIdentifier,
    PartInfo,
    PutOptions,
)
from tests.unit.s3_server import Answer, RecordingServer, answers, error, lines, recording_server

NO_CONTENT = Answer(204)
VERSIONS = Answer(body=b"<ListVersionsResult/>")
CEPH = {"x-amz-request-id": "tx000008e82749f7365b253-006b0128b9-100a-default"}
SERVICES = b"<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>"
UPLOAD = Answer(body=b"<InitiateMultipartUploadResult><UploadId>id</UploadId></InitiateMultipartUploadResult>")
COMPLETED = Answer(body=b"<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>")
TAGS = {"a": "1"}
CLIENTS: dict[str, type[S3Client]] = {"minio": MinioClient, "boto3": Boto3Client}


@pytest.fixture
def server() -> Iterator[RecordingServer]:
    """A server that records."""
    with recording_server() as running:
        yield running


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest, server: RecordingServer) -> Iterator[S3Client]:
    """A client of that server, of each framework."""
    config = {"endpoint": server.address, "access_key": "A", "secret_key": "S", "region": "us-east-1"}
    made = CLIENTS[request.param](
        ObjectStoreConfiguration(framework=request.param, connection=config, retry={"max_attempts": 1})
    )
    yield made
    made.close()


def test_a_bulk_delete_forgives_what_is_not_there(server, client):
    """Versions that are missing or ill-formed too; a locked one is an error of its own."""
    body = (
        b"<DeleteResult><Deleted><Key>a</Key><VersionId>1</VersionId></Deleted>"
        b"<Error><Key>b</Key><VersionId>x</VersionId><Code>InvalidArgument</Code></Error>"
        b"<Error><Key>c</Key><VersionId>1</VersionId><Code>InvalidRequest</Code>"
        b"<Message>Object is WORM protected and cannot be overwritten</Message></Error>"
        b"<Deleted><Key>d</Key><VersionId>2</VersionId></Deleted></DeleteResult>"
    )
    answers(server, ("GET .*versions", VERSIONS), ("POST", Answer(body=body)))
    objects = [ObjectIdentifier(key, version) for key, version in (("a", "1"), ("b", "x"), ("c", "1"), ("d", None))]
    outcomes = client.delete_objects("b", objects, bypass_governance=True)
    assert [type(outcome.error) for outcome in outcomes] == [type(None), type(None), AccessDenied, type(None)]
    assert [outcome.version_id for outcome in outcomes] == ["1", "x", "1", None]
    assert outcomes[2].error is not None
    assert (outcomes[2].error.key, outcomes[2].error.framework) == ("c", client.config.framework)
    sent = server.seen[-1]
    assert sent.headers["x-amz-bypass-governance-retention"].lower() == "true"  # older botocore: True
    assert sent.body.count(b"<VersionId>") == 3


def test_a_delete_says_whether_it_was_a_marker(server, client):
    """And repeats the version where the server does not."""
    marker = Answer(204, headers={"x-amz-delete-marker": "true", "x-amz-version-id": "m"})
    answers(server, ("GET .*versions", VERSIONS), (r"DELETE /b/k$", marker), otherwise=NO_CONTENT)
    made = client.delete_object("b", "k", DeleteOptions())
    assert (made.version_id, made.is_delete_marker) == ("m", True)
    gone = client.delete_object("b", "k", DeleteOptions(version="v 1"))
    assert (gone.version_id, gone.is_delete_marker) == ("v 1", False)
    assert parse_qs(urlsplit(server.seen[-1].target).query) == {"versionId": ["v 1"]}


def test_a_delete_that_came_second_is_a_success(server, client):
    """Versitygw tells all but the first of several at once that there is no such key."""
    answers(server, ("DELETE", error(404, "NoSuchKey")))
    assert client.delete_object("b", "k", DeleteOptions()).error is None


def test_a_conditional_delete_of_what_is_missing_is_none(server, client):
    """A missing key does not match."""
    precondition = error(412, "PreconditionFailed")
    answers(server, ("DELETE .*probe", precondition), ("DELETE", error(404, "NoSuchKey")))
    with pytest.raises(PreconditionFailed):
        client.delete_object("b", "k", DeleteOptions(if_match="e"))


@pytest.mark.parametrize(("status", "code"), [(501, "NotImplemented"), (405, "MethodNotAllowed")])
def test_a_server_that_cannot_delete_many_is_asked_once(status, code, server, client):
    """Some gateways do not know DeleteObjects: then objects are deleted one by one."""
    answers(server, ("POST", error(status, code)), otherwise=NO_CONTENT)
    for _ in range(2):
        outcomes = client.delete_objects("b", [ObjectIdentifier("a"), ObjectIdentifier("c")])
        assert outcomes == [DeletedObject("a"), DeletedObject("c")]
    assert [seen.method for seen in server.seen] == ["POST", "DELETE", "DELETE", "DELETE", "DELETE"]


@pytest.mark.parametrize("answer", [error(400, "MalformedXML"), error(403, "AccessDenied"), error(400, "InvalidTag")])
def test_another_refusal_of_many_deletions_deletes_nothing(answer, server, client):
    """It is told."""
    answers(server, ("POST", answer), otherwise=NO_CONTENT)
    with pytest.raises(ObjectStoreError, match="said so"):
        client.delete_objects("b", [ObjectIdentifier("a")])
    assert "DELETE" not in {seen.method for seen in server.seen}


def on_ceph(server: RecordingServer, *rules: tuple[str, Answer]) -> None:
    """Answer as Ceph to the beginning and the end of an upload."""
    answers(
        server,
        *rules,
        ("GET .*tagging", error(404, "NoSuchKey", **CEPH)),
        ("GET /$", Answer(body=SERVICES, headers=CEPH)),
        ("GET .*uploadId", Answer(body=b"<ListPartsResult/>")),
        ("POST .*uploads", UPLOAD),
        ("POST .*uploadId", COMPLETED),
        otherwise=NO_CONTENT,
    )


def complete(client: S3Client) -> None:
    """Complete the upload."""
    client.complete_multipart_upload("b", "k", "id", [PartInfo(1, "e", 1)], CompleteOptions())


def test_ceph_is_given_the_tags_of_an_upload_when_it_is_complete(server, client):
    """It drops those of CreateMultipartUpload; if they cannot be set, completing once more sets them."""
    on_ceph(server, ("PUT .*tagging", error(500, "InternalError")))
    client.create_multipart_upload("b", "k", PutOptions(tags=TAGS))
    with pytest.raises(ServerError):
        complete(client)
    on_ceph(server)
    complete(client)
    assert lines(server)[-1] == "PUT /b/k?tagging="
    assert b"<Key>a</Key><Value>1</Value>" in server.seen[-1].body
    complete(client)
    assert server.seen[-1].method == "POST"


def test_no_tags_of_an_upload_are_lost_in_silence(server, client, monkeypatch):
    """Where no more can be kept the next upload does not begin; one without tags does."""
    monkeypatch.setattr(uploads_under_way, "_MAX_UPLOADS", 1)
    on_ceph(server)
    client.create_multipart_upload("b", "k", PutOptions(tags=TAGS))
    begun = len(server.seen)
    with pytest.raises(UnsupportedOperation, match="abort"):
        client.create_multipart_upload("b", "l", PutOptions(tags=TAGS))
    assert len(server.seen) == begun
    client.create_multipart_upload("b", "l", PutOptions())


UPLOAD_IS_GONE = ("uploadId", error(404, "NoSuchUpload"))
ENDS: list[Callable[[S3Client], object]] = [complete, lambda client: client.abort_multipart_upload("b", "k", "id")]


@pytest.mark.parametrize("end", ENDS)
def test_the_tags_of_an_upload_that_is_gone_are_forgotten(end, server, client, monkeypatch):
    """They take no room any more."""
    monkeypatch.setattr(uploads_under_way, "_MAX_UPLOADS", 1)
    on_ceph(server, UPLOAD_IS_GONE)
    client.create_multipart_upload("b", "k", PutOptions(tags=TAGS))
    with pytest.raises(UploadNotFound):
        end(client)
    assert client.create_multipart_upload("b", "l", PutOptions(tags=TAGS)).upload_id == "id"


def test_the_tags_of_an_upload_that_was_aborted_are_forgotten(server, client, monkeypatch):
    """As those of a complete one."""
    monkeypatch.setattr(uploads_under_way, "_MAX_UPLOADS", 1)
    on_ceph(server)
    for end in reversed(ENDS):
        client.create_multipart_upload("b", "k", PutOptions(tags=TAGS))
        end(client)
    assert lines(server)[-1] == "PUT /b/k?tagging="


RULE = NotificationRule(id="new", target="arn:aws:sqs:eu-west-1:1:x", events=(EventKind.CREATED,))
RULES = (
    b"<NotificationConfiguration><QueueConfiguration><Id>old</Id><Queue>arn:aws:sqs:eu-west-1:1:x</Queue>"
    b"<Event>s3:ObjectCreated:*</Event></QueueConfiguration></NotificationConfiguration>"
)


@pytest.mark.parametrize("rules", [[], [RULE]])
@pytest.mark.parametrize(
    ("headers", "deleted"),
    [
        (CEPH, ["DELETE /b?notification=old"]),
        ({"Server": "MinIO"}, []),
        ({"Server": "VERSITYGW"}, []),
        ({"Server": "AmazonS3"}, []),
        ({"date": "today"}, []),
        ({}, []),
    ],
)
def test_only_ceph_is_sent_a_delete_of_a_notification(headers, deleted, rules, server, client):
    """Others take it for that of the bucket."""
    answers(
        server,
        ("GET /$", Answer(body=SERVICES, headers=headers)),
        ("GET .*notification", Answer(body=RULES, headers=headers)),
        otherwise=Answer(headers=headers),
    )
    client.set_notifications("b", rules)
    assert [line for line in lines(server) if line.startswith("DELETE")] == deleted


def test_aws_is_given_lifecycle_rules_without_a_trial(server):
    """What it answers to a GET may be older than the PUT before."""
    config = {"endpoint": "http://s3.eu-west-1.amazonaws.com", "access_key": "A", "secret_key": "S"}
    config |= {"proxy": f"http://{server.address}", "addressing_style": "path"}
    client = MinioClient(ObjectStoreConfiguration(framework="minio", connection=config))
    client.set_lifecycle("b", [LifecycleRule("a", expire_after_days=1)])
    client.close()
    assert [seen.method for seen in server.seen] == ["PUT"]
    assert b"<Status>Enabled</Status>" in server.seen[0].body

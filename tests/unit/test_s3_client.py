"""What is made sure of before an operation, against servers that ignore what they do not know."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import pytest

from data_store.object_store.adapters.minio_client import MinioClient
from data_store.object_store.body import Source
from data_store.object_store.capabilities import SupportsNotifications, SupportsTags, SupportsVersioning
from data_store.object_store.configurations import ObjectStoreConfiguration
from data_store.object_store.errors import (
    AccessDenied,
    BucketNotFound,
    PreconditionFailed,
    UnsupportedOperation,
    UploadNotFound,
    VersionNotFound,
)
from data_store.object_store.models import (
    BucketOptions,
    CompleteOptions,
    Condition,
    CopyOptions,
    DeleteOptions,
    GetOptions,
    ListOptions,
    ObjectIdentifier,
    PartInfo,
    PutOptions,
    SseCustomer,
    SseS3,
    WatchOptions,
)
from tests.unit.s3_server import (
    STORED,
    UNVERSIONED,
    Answer,
    RecordingServer,
    Seen,
    answers,
    error,
    lines,
    recording_server,
    stored,
)

ETAG = "0" * 32
NO_CONTENT = Answer(204)
VERSIONS = Answer(body=b"<ListVersionsResult/>")
NOT_IMPLEMENTED = error(501, "NotImplemented")
CEPH = {"x-amz-request-id": "tx000008e82749f7365b253-006b0128b9-100a-default"}


@pytest.fixture
def server() -> Iterator[RecordingServer]:
    """A server that records."""
    with recording_server() as running:
        yield running


@pytest.fixture
def client(server: RecordingServer) -> Iterator[MinioClient]:
    """A client of that server."""
    config = {"endpoint": server.address, "access_key": "A", "secret_key": "S", "region": "us-east-1"}
    made = MinioClient(ObjectStoreConfiguration(framework="minio", connection=config, retry={"max_attempts": 1}))
    yield made
    made.close()


def put(client: MinioClient, **options: object) -> None:
    """Store an object."""
    client.put_object("b", "d/k", Source(io.BytesIO(b"x"), 1), PutOptions(**options))  # type: ignore[arg-type]  # any


def test_tags_are_not_given_to_a_server_that_has_none(server, client):
    """Garage would store the object without them; it is asked about a random key beside the real one."""
    answers(server, ("GET .*tagging", NOT_IMPLEMENTED))
    with pytest.raises(UnsupportedOperation, match="SupportsTags"):
        put(client, tags={"a": "b"})
    assert lines(server) == ["GET /b/d/.data-store-probe?tagging="]
    assert client.lacking(SupportsTags) is not None
    assert client.lacking(SupportsVersioning) is None


def test_a_server_that_has_tags_is_asked_once(server, client):
    """The random key is missing, which is an answer."""
    answers(server, ("GET .*tagging", error(404, "NoSuchKey")))
    for _ in range(2):
        put(client, tags={"a": "b"})
    assert lines(server) == ["GET /b/d/.data-store-probe?tagging=", "PUT /b/d/k", "PUT /b/d/k"]


def test_tags_are_not_sent_where_they_would_replace_the_object(server, client):
    """Who does not know ``?tagging`` may take it for a PUT of the object, or its deletion."""
    answers(server, ("GET .*tagging", NOT_IMPLEMENTED))
    for change in (lambda: client.set_tags("b", "k", {"a": "b"}), lambda: client.delete_tags("b", "k")):
        with pytest.raises(UnsupportedOperation):
            change()
    assert {seen.method for seen in server.seen} == {"GET"}


@pytest.mark.parametrize(
    "answer", [NOT_IMPLEMENTED, error(404, "ObjectLockConfigurationNotFoundError")], ids=["server", "bucket"]
)
def test_a_lock_is_not_relied_on_where_there_is_none(answer, server, client):
    """Neither the object is stored nor a hold sent."""
    answers(server, ("GET .*object-lock", answer))
    with pytest.raises(UnsupportedOperation):
        put(client, legal_hold=True)
    with pytest.raises(UnsupportedOperation):
        client.set_legal_hold("b", "k", True)
    assert {seen.method for seen in server.seen} <= {"GET", "HEAD"}


def test_a_bucket_without_the_lock_it_was_made_with_is_deleted(server, client):
    """Garage makes it all the same."""
    answers(server, ("GET .*object-lock", NOT_IMPLEMENTED), otherwise=NO_CONTENT)
    with pytest.raises(UnsupportedOperation):
        client.create_bucket("bucket", BucketOptions(object_lock=True))
    assert lines(server) == ["PUT /bucket", "GET /bucket?object-lock=", "DELETE /bucket"]


@pytest.mark.parametrize("encryption", [SseS3(), SseCustomer(b"k" * 32)])
def test_nothing_is_stored_unencrypted(encryption, server, client):
    """Versitygw ignores the headers; what was tried out is deleted, and the answer remembered."""
    answers(server)
    for _ in range(2):
        with pytest.raises(UnsupportedOperation, match="does not encrypt"):
            put(client, encryption=encryption)
    assert lines(server) == ["PUT /b/d/.data-store-probe", "GET /b?versioning=", "DELETE /b/d/.data-store-probe"]


def test_a_server_that_encrypts_says_so(server, client):
    """In the answer to a random key."""
    encrypted = Answer(headers={"ETag": ETAG, "x-amz-server-side-encryption": "AES256"})
    answers(server, ("GET .*versioning", UNVERSIONED), otherwise=encrypted)
    put(client, encryption=SseS3())
    asked = ["PUT /b/d/.data-store-probe", "GET /b?versioning=", "DELETE /b/d/.data-store-probe"]
    assert lines(server) == [*asked, "PUT /b/d/k"]


def test_a_version_is_not_deleted_where_it_would_be_the_object(server, client):
    """Garage has no versions, and deletes the object."""
    answers(server, ("GET .*versions", NOT_IMPLEMENTED))
    with pytest.raises(UnsupportedOperation, match="SupportsVersioning"):
        client.delete_object("b", "k", DeleteOptions(version="v"))
    with pytest.raises(UnsupportedOperation, match="SupportsVersioning"):
        client.delete_objects("b", [ObjectIdentifier("k", "v")])
    assert {seen.method for seen in server.seen} == {"GET"}


def test_who_may_not_list_versions_is_believed_the_status(server, client):
    """Permissions to delete versions and to list them are two things."""
    status = Answer(body=b"<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>")
    denied = error(403, "AccessDenied")
    answers(server, ("GET .*versions=", denied), ("GET .*versioning=", status), otherwise=NO_CONTENT)
    assert client.delete_object("b", "k", DeleteOptions(version="v")).version_id == "v"


def test_who_may_not_list_versions_of_an_unversioned_bucket_is_refused(server, client):
    """Nothing tells that the server knows versions."""
    answers(
        server,
        ("GET .*versions=", error(403, "AccessDenied")),
        ("GET .*versioning=", Answer(body=b"<VersioningConfiguration/>")),
    )
    with pytest.raises(AccessDenied):
        client.delete_object("b", "k", DeleteOptions(version="v"))
    assert "DELETE" not in {seen.method for seen in server.seen}


@pytest.mark.parametrize("read", ["get_object", "head_object"])
def test_another_version_than_the_one_asked_for_is_not_read(read, server, client):
    """Garage answers with the current object."""
    answers(server, otherwise=Answer(body=b"x", headers={"ETag": ETAG}))
    with pytest.raises(UnsupportedOperation, match="whatever version"):
        getattr(client, read)("b", "k", GetOptions(version="v"))
    assert client.lacking(SupportsVersioning) is not None
    assert getattr(client, read)("b", "k", GetOptions(version="null")).etag == ETAG


GATEWAY = Answer(body=b"<ListAllMyBucketsResult/>", headers={"Server": "VERSITYGW"})
COPIED = Answer(body=b"<CopyObjectResult><ETag>e</ETag></CopyObjectResult>")


def test_a_version_is_looked_for_before_it_is_copied_where_that_would_copy_another(server, client):
    """Versitygw copies what lies below a delete marker."""
    answers(server, ("GET /$", GATEWAY), ("GET .*versions", VERSIONS), ("HEAD", Answer(405)))
    with pytest.raises(VersionNotFound):
        client.copy_object("b", "k", "b", "l", CopyOptions(source_version="v"))
    assert lines(server)[2:] == ["HEAD /b/k?versionId=v"]


def test_a_version_is_copied_without_another_look_where_it_is_found_by_itself(server, client):
    """The server was asked once whether it knows versions: Garage would copy the current object."""
    answers(server, ("GET .*versions=", VERSIONS), ("PUT", COPIED))
    for _ in range(2):
        client.copy_object("b", "k", "b", "l", CopyOptions(source_version="v"))
    assert [line for line in lines(server) if line != "GET /"][1:] == ["PUT /b/l", "PUT /b/l"]
    assert server.seen[-1].headers["x-amz-copy-source"].endswith("?versionId=v")


def test_a_version_is_not_copied_where_it_would_be_the_object(server, client):
    """As on Garage."""
    answers(server, ("GET .*versions", NOT_IMPLEMENTED))
    with pytest.raises(UnsupportedOperation, match="SupportsVersioning"):
        client.copy_object("b", "k", "b", "l", CopyOptions(source_version="v"))
    assert "PUT" not in {seen.method for seen in server.seen}


def test_a_server_that_ignores_conditions_is_found_out(server, client):
    """Garage overwrites: what the question has made is deleted, and the answer remembered."""
    answers(server)
    for condition in ({"if_match": "e"}, {"if_none_match": "*"}):
        with pytest.raises(UnsupportedOperation, match="PutObject"):
            put(client, **condition)
    assert lines(server) == ["PUT /b/d/.data-store-probe", "GET /b?versioning=", "DELETE /b/d/.data-store-probe"]
    assert "if-match" in server.seen[0].headers


@pytest.mark.parametrize("answer", [error(412, "PreconditionFailed"), error(404, "NoSuchKey")])
def test_a_server_that_honours_conditions_is_asked_once_a_bucket(answer, server, client):
    """A missing key does not match, says AWS with 404, Ceph with 412."""
    answers(server, ("PUT .*probe", answer))
    for _ in range(2):
        put(client, if_none_match="*")
    assert lines(server) == ["PUT /b/d/.data-store-probe", "PUT /b/d/k", "PUT /b/d/k"]
    client.put_object("c", "k", Source(io.BytesIO(b"x"), 1), PutOptions(if_match="e"))
    assert lines(server)[3:] == ["PUT /c/.data-store-probe", "PUT /c/k"]


def test_conditions_are_no_use_in_a_bucket_with_versions_on_ceph(server, client):
    """If-None-Match always holds there: whoever counts on it would lose an update."""
    enabled = Answer(body=b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>", headers=CEPH)
    answers(server, ("PUT .*probe", error(412, "PreconditionFailed", **CEPH)), ("GET .*versioning", enabled))
    with pytest.raises(UnsupportedOperation, match="PutObject"):
        put(client, if_none_match="*")
    assert lines(server)[-1] == "GET /b?versioning="


PARTS = [PartInfo(1, "e", 1)]
UPLOAD = Answer(body=b"<InitiateMultipartUploadResult><UploadId>id</UploadId></InitiateMultipartUploadResult>")
COMPLETED = Answer(body=b"<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>")


@pytest.mark.parametrize(("answer", "honoured"), [(COMPLETED, False), (error(412, "PreconditionFailed"), True)])
def test_a_conditional_completion_is_tried_out(answer, honoured, server, client):
    """With an upload of one byte, of which nothing stays."""
    answers(
        server,
        ("POST .*uploads=", UPLOAD),
        ("POST .*uploadId", answer),
        ("DELETE .*uploadId", NO_CONTENT if honoured else error(404, "NoSuchUpload")),
        ("GET /$", Answer(body=b"<ListAllMyBucketsResult/>")),
        ("GET .*versions", NOT_IMPLEMENTED),
    )
    assert client.honours("b", "k", Condition.COMPLETE) is honoured
    assert ("DELETE /b/.data-store-probe" in lines(server)) is not honoured
    assert any("uploadId" in line and line.startswith("DELETE") for line in lines(server))


@pytest.mark.parametrize(("status", "honoured"), [(204, False), (412, True)])
def test_a_conditional_delete_is_tried_out(status, honoured, server, client):
    """Where nothing is, then on an object made for it, which is deleted in the end."""

    def answer(seen: Seen) -> Answer:
        refused = seen.method == "DELETE" and "if-match" in seen.headers
        return Answer(status) if refused else stored(seen)

    server.answers = [answer]
    assert client.honours("b", "k", Condition.DELETE) is honoured
    assert [seen.method for seen in server.seen if "probe" in seen.target] == ["DELETE", "PUT", "DELETE", "DELETE"]


def test_no_condition_holds_for_an_object_that_is_missing(server, client):
    """To versitygw a conditional DELETE of it is a success."""
    conditional = error(412, "PreconditionFailed", Server="VERSITYGW")
    stored = Answer(headers={"ETag": ETAG, "Server": "VERSITYGW"})
    answers(server, ("HEAD", Answer(404)), ("DELETE .*probe", conditional), otherwise=stored)
    with pytest.raises(PreconditionFailed):
        client.delete_object("b", "k", DeleteOptions(if_match="e"))
    assert "DELETE /b/k" not in lines(server)


def test_a_conditional_delete_is_one_request_where_its_condition_is_looked_at(server, client):
    """What AWS would answer to a HEAD is old by then, and may be forbidden."""

    def answer(seen: Seen) -> Answer:
        wrong = "probe" in seen.target and "if-match" in seen.headers
        return error(412, "PreconditionFailed") if wrong else STORED

    server.answers = [answer]
    client.honours("b", "k", Condition.DELETE)
    before = len(server.seen)
    client.delete_object("b", "k", DeleteOptions(if_match="e"))
    assert lines(server)[before:] == ["DELETE /b/k"]


def test_no_server_knows_conditions_on_the_target_of_a_copy(server, client):
    """So nobody is asked."""
    with pytest.raises(UnsupportedOperation, match="CopyObject"):
        client.copy_object("b", "k", "b", "l", CopyOptions(if_none_match="*"))
    assert not client.honours("b", "k", Condition.COPY)
    assert server.seen == []


@pytest.mark.parametrize(
    ("options", "tagged"),
    [
        (CopyOptions(), None),
        (CopyOptions(replace=True), b"<Key>old</Key>"),
        (CopyOptions(tags={"new": "1"}), b"<Key>new</Key>"),
    ],
)
def test_ceph_is_given_the_tags_of_a_copy_afterwards(options, tagged, server, client):
    """Its copies have the source's where metadata is copied, and none where it is replaced."""
    tags = Answer(body=b"<Tagging><TagSet><Tag><Key>old</Key><Value>1</Value></Tag></TagSet></Tagging>", headers=CEPH)
    copied = Answer(body=b"<CopyObjectResult><ETag>e</ETag></CopyObjectResult>", headers=CEPH)
    services = Answer(body=b"<ListAllMyBucketsResult/>", headers=CEPH)
    answers(server, ("GET /$", services), ("GET .*tagging", tags), ("PUT /b/l$", copied))
    client.copy_object("b", "k", "b", "l", options)
    last = server.seen[-1]
    assert (last.body if last.target.endswith("?tagging=") else None) is None if tagged is None else tagged in last.body


def test_a_version_is_read_where_a_head_does_not_find_it(server, client):
    """versitygw: a GET whose body nobody reads."""
    gateway = {"Server": "VERSITYGW"}
    answers(
        server,
        ("GET /$", Answer(body=b"<ListAllMyBucketsResult/>", headers=gateway)),
        ("HEAD", Answer(404, headers=gateway)),
        otherwise=Answer(body=b"abc", headers={"ETag": ETAG, "x-amz-version-id": "null", **gateway}),
    )
    found = client.head_object("b", "k", GetOptions(version="null"))
    assert (found.size, found.version_id, type(found).__name__) == (3, "null", "ObjectMetadata")


def test_another_version_is_not_read_where_a_head_does_not_find_the_one_asked_for(server, client):
    """A gateway before a server without versions: the GET delivers the current object."""
    current = Answer(body=b"abc", headers={"ETag": ETAG, "x-amz-version-id": "another", "Server": "VERSITYGW"})
    answers(server, ("GET /$", GATEWAY), ("HEAD", Answer(404, headers=GATEWAY.headers)), otherwise=current)
    with pytest.raises(UnsupportedOperation, match="whatever version"):
        client.head_object("b", "k", GetOptions(version="v"))


def test_uploads_of_minio_are_listed_as_a_whole(server, client):
    """It takes a prefix for a key; whoever reads all of many uploads asks once, not once for each page."""
    entries = "".join(f"<Upload><Key>{key}</Key><UploadId>1</UploadId></Upload>" for key in ("p/b", "p/a", "q"))
    listing = Answer(body=f"<ListMultipartUploadsResult>{entries}</ListMultipartUploadsResult>".encode())
    minio = Answer(body=b"<ListAllMyBucketsResult/>", headers={"Server": "MinIO"})
    answers(server, ("GET /$", minio), otherwise=listing)
    page = client.list_uploads_page("b", "p/", ListOptions(limit=1))
    assert ([upload.key for upload in page.uploads], page.cursor) == (["p/a", "p/b"], None)
    assert len([seen for seen in server.seen if "uploads" in seen.target]) == 1
    assert "prefix=&" in server.seen[-1].target


@pytest.mark.parametrize(
    ("headers", "code", "answer"),
    [
        ({"Server": "VERSITYGW"}, "NoSuchUpload", COMPLETED),
        (CEPH, "NoSuchKey", COMPLETED),
        (CEPH, "NoSuchKey", error(500, "InternalError")),
    ],
    ids=["versitygw", "Ceph, completed", "Ceph, aborted"],
)
def test_an_upload_that_has_ended_is_not_completed(headers, code, answer, server, client):
    """Versitygw and Ceph would say yes to any list of parts, Ceph that it has failed if the upload was aborted."""
    services = Answer(body=b"<ListAllMyBucketsResult/>", headers=headers)
    answers(server, ("GET /$", services), ("GET .*uploadId", error(404, code, **headers)), otherwise=answer)
    with pytest.raises(UploadNotFound, match="said so"):
        client.complete_multipart_upload("b", "k", "id", PARTS, CompleteOptions())
    assert "POST" not in {seen.method for seen in server.seen}


def test_a_version_id_that_garage_has_invented_is_not_told(server, client):
    """It cannot be read again."""
    answers(server, otherwise=Answer(headers={"ETag": ETAG, "x-amz-version-id": "f" * 64, "date": "today"}))
    written = client.put_object("b", "k", Source(io.BytesIO(b"x"), 1), PutOptions())
    assert written.version_id is None
    with pytest.raises(UnsupportedOperation, match="storage class"):
        put(client, storage_class="GLACIER")


def test_tags_of_a_bucket_that_is_missing_are_an_error(server, client):
    """To MinIO it is a bucket without tags."""
    answers(server, ("GET .*tagging", error(404, "NoSuchTagSet")), ("HEAD", Answer(404)))
    with pytest.raises(BucketNotFound):
        client.get_bucket_tags("bucket")


def test_the_lock_of_a_bucket_that_is_missing_is_an_error(server, client):
    """To MinIO it is a bucket without one; who may not ask about the bucket is told what the server said."""
    no_lock = error(404, "ObjectLockConfigurationNotFoundError")
    answers(server, ("GET .*object-lock", no_lock), ("HEAD", Answer(404)))
    with pytest.raises(BucketNotFound):
        client.get_default_retention("bucket")
    with pytest.raises(BucketNotFound):
        client.get_retention("bucket", "k")
    answers(server, ("GET .*object-lock", no_lock), ("HEAD", Answer(403)))
    with pytest.raises(UnsupportedOperation):
        client.get_default_retention("bucket")


@pytest.mark.parametrize("change", ["enable_versioning", "suspend_versioning"])
def test_a_bucket_that_is_missing_gets_no_versions(change, server, client):
    """MinIO would say that it does."""
    answers(server, ("HEAD", Answer(404)))
    with pytest.raises(BucketNotFound):
        getattr(client, change)("bucket")
    answers(server, ("HEAD", Answer(403)))
    getattr(client, change)("bucket")
    assert [seen.method for seen in server.seen] == ["HEAD", "HEAD", "PUT"]


def test_no_condition_is_promised_before_it_was_tried_out(client):
    """Whoever asks nobody, as the deletion at the end of a move, sends none."""
    assert client.conditions == frozenset()


def test_only_minio_is_asked_for_events(server, client):
    """Ceph would answer with a listing of the bucket."""
    answers(server, otherwise=Answer(body=b"<ListAllMyBucketsResult/>", headers=CEPH))
    with pytest.raises(UnsupportedOperation, match="SupportsNotifications"):
        client.watch("b", WatchOptions())
    assert lines(server) == ["GET /"]
    assert client.lacking(SupportsNotifications) is not None


CHANGES: list[Callable[[MinioClient], object]] = [
    lambda client: client.delete_lifecycle("b"),
    lambda client: client.delete_bucket_tags("b"),
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_subresource_that_the_server_may_not_know_is_not_deleted(change, server, client):
    """The DELETE might be taken for that of the bucket."""
    answers(server, ("GET", NOT_IMPLEMENTED))
    with pytest.raises(UnsupportedOperation):
        change(client)
    assert "DELETE" not in {seen.method for seen in server.seen}

"""What boto3 carries, beside what the S3 core would carry: the same options, requests and results."""

from __future__ import annotations

import base64
import hashlib
import io
import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree

import pytest

from data_store.object_store.adapters.boto3_client import Boto3Client
from data_store.object_store.adapters.boto3_parameters import Parameters, copy_source
from data_store.object_store.adapters.s3.carrier import Carrier
from data_store.object_store.body import Source
from data_store.object_store.configurations import ObjectStoreConfiguration
from data_store.object_store.errors import (
    AccessDenied,
    InvalidPart,
    ObjectStoreError,
    ServerError,
    UnsupportedOperation,
)
from data_store.object_store.models import (
    CompleteOptions,
    CopyOptions,
    CopySource,
    DeletedObject,
    GetOptions,
    ListOptions,
    ObjectIdentifier,
    PartInfo,
    PartOptions,
    PutOptions,
    Retention,
    RetentionMode,
    SseCustomer,
    SseKms,
    SseS3,
)
from tests.unit.s3_server import Answer, RecordingServer, connection, error, quick_retry, recording_server

LATER = datetime(2031, 2, 3, 4, 5, 6, tzinfo=UTC)
KEY = SseCustomer(b"k" * 32)
CONTENT = {
    "content_type": "text/plain",
    "cache_control": "no-cache",
    "content_disposition": "inline",
    "content_encoding": "gzip",
    "content_language": "de",
    "metadata": {"a": "ü ", "b": ""},
    "storage_class": "REDUCED_REDUNDANCY",
}
PUT = PutOptions(
    **CONTENT,  # type: ignore[arg-type]  # a dict of str and a dict
    tags={"a b": "c=&+", "ü": ""},
    retention=Retention(RetentionMode.GOVERNANCE, LATER),
    legal_hold=True,
    encryption=SseKms("key", {"a": "b"}),
)
COPY = CopyOptions(
    **CONTENT,  # type: ignore[arg-type]  # a dict of str and a dict
    replace=True,
    tags={"a": "b"},
    encryption=SseS3(),
    source_version="v+1",
    source_etag="e",
    source_encryption=KEY,
)
PART = CopySource("source", "k ü", "e", 5, 7, "v 1", KEY)
PARTS = [PartInfo(2, "b" * 32, 3, checksums={"crc32c": "00000002"}), PartInfo(1, "a" * 32, 4)]
CHECKSUM = {"x-amz-checksum-crc32c": "AAAAAQ==", "x-amz-checksum-type": "FULL_OBJECT"}
WRITTEN = Answer(headers={"ETag": f'"{"e" * 32}"', "x-amz-version-id": "v1", **CHECKSUM})
SSE_C = "x-amz-server-side-encryption-customer-algorithm"
READ = Answer(headers={**WRITTEN.headers, SSE_C: "AES256", "Last-Modified": "Sat, 21 Nov 2026 00:00:00 GMT"})
ENCRYPTED = {"x-amz-server-side-encryption": "AES256"}
COPIED = Answer(
    body=b'<CopyObjectResult><ETag>"e"</ETag></CopyObjectResult>', headers={"x-amz-version-id": "v2", **ENCRYPTED}
)
PART_COPIED = Answer(body=b"<CopyPartResult><ETag>e</ETag><ChecksumCRC32C>AAAAAQ==</ChecksumCRC32C></CopyPartResult>")
STARTED = Answer(body=b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>")
COMPLETED = Answer(
    body=b"<CompleteMultipartUploadResult><ETag>e-2</ETag><ChecksumCRC32C>AAAAAQ==</ChecksumCRC32C>"
    b"<ChecksumSHA256>AAAAAQ==-2</ChecksumSHA256></CompleteMultipartUploadResult>",
    headers={"x-amz-version-id": "v1", **ENCRYPTED},
)
DELETED = Answer(204, headers={"x-amz-version-id": "v1", "x-amz-delete-marker": "true"})


def source(content: bytes = b"content") -> Source:
    """What a PUT reads from."""
    return Source(io.BytesIO(content), len(content))


Call = Callable[[Carrier], object]
CALLS: dict[str, tuple[Answer, Call]] = {
    "copy": (COPIED, lambda via: via.copy_object("source", "k ü", "b", "k", COPY)),
    "copy as it is": (COPIED, lambda via: via.copy_object("source", "k", "b", "k", CopyOptions(tags={}))),
    "create": (STARTED, lambda via: via.create_multipart_upload("b", "k", PUT)),
    "create crc32c": (STARTED, lambda via: via.create_multipart_upload("b", "k", PutOptions(checksum="crc32c"))),
    "create sha256": (STARTED, lambda via: via.create_multipart_upload("b", "k", PutOptions(checksum="sha256"))),
    "part copy": (PART_COPIED, lambda via: via.upload_part_copy("b", "k", "u", 3, PART, PartOptions(encryption=KEY))),
    "complete": (
        COMPLETED,
        lambda via: via.complete_multipart_upload(
            "b",
            "k",
            "u",
            PARTS,
            CompleteOptions(if_match="e", if_none_match="*", checksums={"crc32c": "00000001"}, encryption=KEY),
        ),
    ),
    "abort": (Answer(204), lambda via: via.abort_multipart_upload("b", "k", "u")),
}
# Of signing, of connections, of what one of both adds by itself.
NOT_COMPARED = {
    *("accept-encoding", "amz-sdk-invocation-id", "amz-sdk-request", "authorization", "connection", "content-length"),
    *("expect", "host", "user-agent", "x-amz-content-sha256", "x-amz-date", "x-amz-copy-source"),
}


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[RecordingServer, Boto3Client]]:
    """A server and its client."""
    with recording_server() as running:
        made = make_client(running)
        yield running, made
        made.close()


@pytest.fixture
def server(shared: tuple[RecordingServer, Boto3Client]) -> RecordingServer:
    """A server that answers as it is told to."""
    shared[0].seen.clear()
    return shared[0]


@pytest.fixture
def client(shared: tuple[RecordingServer, Boto3Client]) -> Boto3Client:
    """A client of that server."""
    return shared[1]


def make_client(server: RecordingServer, **settings: Any) -> Boto3Client:
    """A client with three attempts."""
    made = connection(server.address, **settings)
    return Boto3Client(ObjectStoreConfiguration(framework="boto3", connection=made, retry=quick_retry()))


def told(headers: Mapping[str, str]) -> dict[str, str]:
    """What a request says with its headers; old versions of botocore write ``True``, which servers take as well."""
    said = {name: value for name, value in headers.items() if name not in NOT_COMPARED}
    return {name: "true" if value == "True" else value for name, value in said.items()}


def content_of(body: bytes) -> object:
    """A body, XML without its namespace."""
    if not body.startswith(b"<"):
        return body
    return [(element.tag.rpartition("}")[2], element.text) for element in ElementTree.fromstring(body).iter()]


def query_of(target: str) -> list[tuple[str, str]]:
    """The parameters of a request."""
    return sorted(parse_qsl(urlsplit(target).query, keep_blank_values=True))


@pytest.mark.parametrize("name", CALLS)
def test_boto3_carries_as_the_core_does(server: RecordingServer, client: Boto3Client, name: str) -> None:
    """The same request but for the signature, and the same result: what holds on one framework holds on both."""
    answer, call = CALLS[name]
    server.answers = [answer]
    results = [call(client._carrier), call(client._api)]
    by_boto3, by_core = server.seen
    assert told(by_boto3.headers) == told(by_core.headers)
    assert (by_boto3.method, content_of(by_boto3.body)) == (by_core.method, content_of(by_core.body))
    assert query_of(by_boto3.target) == query_of(by_core.target)
    assert results[0] == results[1]


@pytest.mark.parametrize("version", [None, "v1", "a+b ü&x=1"])
def test_the_source_of_a_copy_is_named_as_the_core_names_it(
    server: RecordingServer, client: Boto3Client, version: str | None
) -> None:
    """Encoded once, the version too."""
    server.answers = [COPIED]
    for via in (client._carrier, client._api):
        via.copy_object("source", "a?versionId=b c", "b", "k", CopyOptions(source_version=version))
    by_boto3, by_core = (seen.headers["x-amz-copy-source"].lstrip("/") for seen in server.seen)
    assert by_boto3 == by_core


def test_a_header_that_boto3_does_not_know_is_not_left_out(client: Boto3Client) -> None:
    """An option that is dropped in silence would be worse than none."""
    parameters = Parameters(lambda: client._client.meta.service_model)
    with pytest.raises(UnsupportedOperation, match=r"does not know x-amz-new of PutObject"):
        parameters.of("PutObject", {"Content-Type": "a", "x-amz-new": "1"})
    assert parameters.of("PutObject", {"content-type": "a"}) == {"ContentType": "a"}


def test_a_source_without_a_version_has_none() -> None:
    """An empty one would be another question."""
    assert copy_source("b", "k", None) == {"Bucket": "b", "Key": "k"}


OUTCOMES = b"""<DeleteResult>
<Deleted><Key>marked</Key><DeleteMarker>true</DeleteMarker><DeleteMarkerVersionId>m</DeleteMarkerVersionId></Deleted>
<Deleted><Key>a</Key><VersionId>v1</VersionId></Deleted>
<Deleted><Key>a</Key><VersionId>v2</VersionId><DeleteMarker>true</DeleteMarker>
  <DeleteMarkerVersionId>v2</DeleteMarkerVersionId></Deleted>
<Deleted><Key>plain</Key><VersionId>invented</VersionId></Deleted>
<Error><Key>a</Key><VersionId>v3</VersionId><Code>AccessDenied</Code><Message>locked</Message></Error>
<Error><Key>a</Key><VersionId>no id</VersionId><Code>InvalidArgument</Code><Message>no</Message></Error>
<Error><Key>plain2</Key><Code>InvalidArgument</Code><Message>no</Message></Error>
</DeleteResult>"""


def test_versions_that_are_deleted_together_have_an_outcome_each(server: RecordingServer, client: Boto3Client) -> None:
    """By key and version; an ill-formed id names nothing that could be there, a version unasked for is the server's."""
    asked = [
        *(ObjectIdentifier("marked"), ObjectIdentifier("a", "v1"), ObjectIdentifier("a", "v2")),
        *(ObjectIdentifier("plain"), ObjectIdentifier("a", "v3"), ObjectIdentifier("a", "no id")),
        ObjectIdentifier("plain2"),
    ]
    server.answers = [Answer(body=OUTCOMES)]
    results = [via.delete_objects("b", asked, bypass_governance=True) for via in (client._carrier, client._api)]
    found = [results[0][each] for each in asked]
    assert found[:4] == [
        DeletedObject("marked", "m", is_delete_marker=True),
        DeletedObject("a", "v1"),
        DeletedObject("a", "v2", is_delete_marker=True),
        DeletedObject("plain"),
    ]
    assert [type(each.error) for each in found[4:]] == [AccessDenied, type(None), ObjectStoreError]
    assert [repr(results[1][each]) for each in asked] == [repr(each) for each in found]
    by_boto3, by_core = server.seen
    assert content_of(by_boto3.body) == content_of(by_core.body)
    assert told(by_boto3.headers)["x-amz-bypass-governance-retention"] == "true"


@pytest.mark.parametrize(("status", "code"), [(501, "NotImplemented"), (405, "MethodNotAllowed")])
def test_a_server_that_cannot_delete_many_deletes_one_by_one(
    server: RecordingServer, client: Boto3Client, status: int, code: str
) -> None:
    """Some gateways do not know DeleteObjects."""
    server.answers = [lambda seen: error(status, code) if seen.method == "POST" else Answer(204)]
    outcomes = client.delete_objects("b", [ObjectIdentifier("a"), ObjectIdentifier("c")])
    assert outcomes == [DeletedObject("a"), DeletedObject("c")]
    assert [seen.target for seen in server.seen if seen.method == "DELETE"] == ["/b/a", "/b/c"]


@pytest.mark.parametrize(("after", "sent"), [("a", None), ("c/", "c/"), ("c/1", "c/1"), ("d", "d")])
def test_a_start_before_the_prefix_is_not_sent(
    server: RecordingServer, client: Boto3Client, after: str, sent: str | None
) -> None:
    """It means nothing, and Garage would find nothing."""
    server.answers = [Answer(body=b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>")]
    client.list_page("b", "c/", ListOptions(start_after=after))
    assert dict(query_of(server.seen[0].target)).get("start-after") == sent


def test_a_digest_is_ours_and_needs_no_library_of_aws(server: RecordingServer, client: Boto3Client) -> None:
    """Of a large body too, which goes as a stream; no trailer, and no second digest beside it."""
    content = b"x" * 2**21
    server.answers = [WRITTEN]
    client._carrier.put_object("b", "k", source(content), PutOptions(checksum="crc64nvme"))
    sent = {name: value for name, value in server.seen[0].headers.items() if "checksum" in name or "trailer" in name}
    assert list(sent) == ["x-amz-checksum-crc64nvme"]
    assert server.seen[0].body == content


def test_a_whole_object_is_asked_for_its_checksums(server: RecordingServer, client: Boto3Client) -> None:
    """The store compares them; botocore, which has a parameter for it, would digest the body once more for nothing."""
    content = b"content"
    wrong = base64.b64encode(hashlib.sha256(b"another").digest()).decode()
    server.answers = [Answer(body=content, headers={"x-amz-checksum-sha256": wrong, "ETag": "e"})]
    read = client.get_object("b", "k", GetOptions())
    assert server.seen[0].headers["x-amz-checksum-mode"] == "ENABLED"
    assert read.checksums == {"sha256": hashlib.sha256(b"another").hexdigest()}
    assert read.read() == content


def test_a_range_is_not_asked_for_checksums(server: RecordingServer, client: Boto3Client) -> None:
    """They are those of the whole."""
    server.answers = [Answer(206, b"nt", {"Content-Range": "bytes 2-3/7", "ETag": "e"})]
    assert client.get_object("b", "k", GetOptions(offset=2, length=2)).read() == b"nt"
    assert "x-amz-checksum-mode" not in server.seen[0].headers


@pytest.mark.parametrize("code", ["AccessDenied", "NoSuchKey", "NoSuchUpload"])
def test_a_server_that_fails_to_complete_has_failed(server: RecordingServer, client: Boto3Client, code: str) -> None:
    """Whatever it says of the upload afterwards."""
    server.answers = [lambda seen: error(500, "InternalError") if seen.method == "POST" else error(404, code)]
    with pytest.raises(ServerError):
        client.complete_multipart_upload("b", "k", "u", PARTS, CompleteOptions())


def test_a_part_that_is_another_one_is_told_as_such(server: RecordingServer, client: Boto3Client) -> None:
    """The upload stays."""
    server.answers = [error(400, "InvalidPart")]
    with pytest.raises(InvalidPart):
        client.complete_multipart_upload("b", "k", "u", PARTS, CompleteOptions())


def test_no_secret_is_in_the_log(server: RecordingServer, caplog: pytest.LogCaptureFixture) -> None:
    """Not in that of botocore either, which logs each request with its headers."""
    server.answers = [lambda seen: STARTED if seen.method == "POST" else READ]
    with caplog.at_level(logging.DEBUG):
        client = make_client(server, session_token="token-of-the-test")
        client.create_multipart_upload("b", "k", PutOptions(encryption=KEY))
        client.head_object("b", "k", GetOptions(encryption=KEY))
        client.close()
    key = base64.b64encode(KEY.key).decode()
    for seen in (each for each in server.seen if each.target.startswith("/b/k")):
        assert seen.headers["x-amz-server-side-encryption-customer-key"] == key
        assert seen.headers["x-amz-security-token"] == "token-of-the-test"
    assert "-customer-key" in caplog.text
    for secret in (key, repr(KEY.key), "token-of-the-test", "SECRET"):
        assert secret not in caplog.text

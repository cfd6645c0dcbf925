"""Answers that no S3 server gives, but broken proxies and other servers do; and secrets that an error once showed."""

from __future__ import annotations

import io
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from data_store import utils
from data_store.object_store import (
    AccessDenied,
    BucketNotEmpty,
    ConfigurationError,
    InvalidArgument,
    ObjectStore,
    ObjectStoreError,
    ServerError,
)
from data_store.object_store.adapters.s3.answers import InvalidAnswer
from data_store.object_store.adapters.s3.headers import object_metadata
from data_store.object_store.adapters.s3.ranges import check_range
from data_store.object_store.body import Source
from data_store.object_store.errors import UnsupportedOperation
from data_store.object_store.models import (
    CompleteOptions,
    CopyOptions,
    CopySource,
    GetOptions,
    ListOptions,
    ObjectIdentifier,
    PartInfo,
    PartOptions,
    PutOptions,
)
from tests.unit.s3_server import Answer, RecordingServer, Seen, error, recording_server

LISTING = "<ListBucketResult><Contents><Key>k</Key><Size>{size}</Size><LastModified>{time}</LastModified></Contents>"


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        (GetOptions(), "bytes 0-1/30"),
        (GetOptions(offset=5), "bytes 5-6/30"),
        (GetOptions(offset=5, length=10), "bytes 5-6/30"),
        (GetOptions(offset=5, length=2), "bytes 5-6/3"),
        (GetOptions(offset=-2), "bytes 0-1/30"),
        (GetOptions(offset=-9), "bytes 28-29/30"),
        (GetOptions(offset=-2), "bytes 3-2/30"),
        (GetOptions(), "bytes 0-1/*"),
    ],
)
def test_a_part_of_the_range_or_another_part_of_the_object_is_not_taken_for_it(options: GetOptions, sent: str) -> None:
    """Two bytes that are not what was asked for would be read as all there is."""
    with pytest.raises(UnsupportedOperation, match="another range"):
        check_range(options, 206, {"Content-Length": "2", "Content-Range": sent})


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        (GetOptions(), "bytes 0-1/2"),
        (GetOptions(offset=28), "bytes 28-29/30"),
        (GetOptions(offset=28, length=10), "bytes 28-29/30"),
        (GetOptions(offset=5, length=2), "bytes 5-6/*"),
        (GetOptions(offset=-2), "bytes 28-29/30"),
        (GetOptions(offset=-9), "bytes 0-1/2"),
    ],
)
def test_the_range_that_was_asked_for_is_taken(options: GetOptions, sent: str) -> None:
    """Cut at the end of the object, as RFC 9110, 14.1.2 says."""
    check_range(options, 206, {"Content-Length": "2", "Content-Range": sent})
    assert sent


@pytest.fixture(params=["minio", "boto3"])
def framework(request: pytest.FixtureRequest) -> str:
    """Each framework that speaks S3: all must judge answers alike."""
    return str(request.param)


@pytest.fixture
def server() -> Iterator[RecordingServer]:
    """A server that answers as it is told to."""
    with recording_server() as running:
        yield running


@pytest.fixture
def store(framework: str, server: RecordingServer) -> Iterator[ObjectStore]:
    """A store of that server, and of the framework in turn."""
    with ObjectStore(f"{framework}://A:S@{server.address}/b") as made:
        yield made


@pytest.mark.parametrize(
    ("size", "time"),
    [("1", "0001-01-01T00:00:00+23:00"), ("1", "yesterday"), ("9" * 5000, ""), ("x", ""), ("", ""), ("-1", "")],
)
def test_a_listing_with_values_that_cannot_be_is_an_error_of_the_server(
    server: RecordingServer, store: ObjectStore, size: str, time: str
) -> None:
    """Neither the calendar's exceptions nor those of int() reach the caller."""
    body = LISTING.format(size=size, time=time) + "</ListBucketResult>"
    server.answers = [Answer(body=body.encode())]
    with pytest.raises(ServerError, match="not what S3 says") as caught:
        list(store.list_files())
    assert caught.value.operation == "list_objects"


@pytest.mark.parametrize(
    "entries",
    [
        "<Contents><Size>1</Size></Contents>",
        "<Contents><Key/></Contents>",
        "<Contents><Key>other</Key></Contents>",
        "<CommonPrefixes/>",
        "<CommonPrefixes><Prefix></Prefix></CommonPrefixes>",
        "<CommonPrefixes><Prefix>other/</Prefix></CommonPrefixes>",
        "<IsTruncated>true</IsTruncated>",
        "<IsTruncated>true</IsTruncated><NextContinuationToken/>",
    ],
)
@pytest.mark.parametrize("encoding", ["", "<EncodingType>url</EncodingType>"])
def test_a_listing_with_entries_that_cannot_be_is_an_error_of_the_server(
    server: RecordingServer, store: ObjectStore, entries: str, encoding: str
) -> None:
    """Without a key, or outside the prefix, which a deletion would follow there; or cut short without a word."""
    server.answers = [Answer(body=f"<ListBucketResult>{encoding}{entries}</ListBucketResult>".encode())]
    with pytest.raises(ServerError, match="not what S3 says"):
        list(store.list_files("mine/"))


def test_a_long_answer_is_not_quoted_whole(server: RecordingServer, store: ObjectStore) -> None:
    """A message is for a line of a log."""
    server.answers = [Answer(body=(LISTING.format(size="x" * 10_000, time="") + "</ListBucketResult>").encode())]
    with pytest.raises(ServerError) as caught:
        list(store.list_files())
    assert len(str(caught.value)) < 500


def test_an_empty_listing_is_none_of_these(server: RecordingServer, store: ObjectStore) -> None:
    """With declaration, comment and namespace."""
    body = b'<?xml version="1.0"?>\n<!-- x -->\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>'
    server.answers = [Answer(body=body)]
    assert list(store.list_files()) == []


BUCKET = "<ListAllMyBucketsResult><Buckets><Bucket>{}</Bucket></Buckets></ListAllMyBucketsResult>"


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html/>",
        "<html><body>Welcome</body></html>",
        "<ListAllMyBucketsResult/>",
        BUCKET.format(""),
        BUCKET.format("<Name>n</Name><CreationDate>yesterday</CreationDate>"),
    ],
)
def test_a_page_that_is_no_list_of_buckets_is_not_taken_for_an_empty_one(
    server: RecordingServer, store: ObjectStore, body: str
) -> None:
    """A router's page of welcome is XML as well."""
    server.answers = [Answer(body=body.encode())]
    with pytest.raises(ServerError):
        store.list_buckets()


@pytest.mark.parametrize("body", [b"", b"<html/>", b"<html><body>Welcome</body></html>"])
def test_a_web_server_does_not_answer_a_ping(server: RecordingServer, store: ObjectStore, body: bytes) -> None:
    """It answers everything with 200."""
    server.answers = [Answer(body=body)]
    with pytest.raises(ServerError, match="not what S3 says"):
        store.ping()


UPLOAD_ID = b"<InitiateMultipartUploadResult><UploadId>id</UploadId></InitiateMultipartUploadResult>"
OPERATIONS: dict[str, tuple[Callable[[Any], object], bytes]] = {
    "put_object": (lambda client: client.put_object("b", "k", source(), PutOptions()), b""),
    "list_page": (lambda client: client.list_page("b", "", ListOptions()), b""),
    "copy_object": (lambda client: client.copy_object("b", "k", "b", "l", CopyOptions()), b"<CopyObjectResult/>"),
    "delete_objects": (lambda client: client.delete_objects("b", [ObjectIdentifier("k"), ObjectIdentifier("l")]), b""),
    "create_multipart_upload": (
        lambda client: client.create_multipart_upload("b", "k", PutOptions()),
        b"<InitiateMultipartUploadResult/>",
    ),
    "upload_part": (lambda client: client.upload_part("b", "k", "id", 1, source(), PartOptions()), b""),
    "upload_part_copy": (
        lambda client: client.upload_part_copy("b", "k", "id", 1, CopySource("b", "k", None, 0, 5), PartOptions()),
        b"<CopyPartResult><ETag/></CopyPartResult>",
    ),
    "complete_multipart_upload": (
        lambda client: client.complete_multipart_upload("b", "k", "id", [PartInfo(1, "e", 5)], CompleteOptions()),
        b"",
    ),
}


def source() -> Source:
    """What a PUT reads from."""
    return Source(io.BytesIO(b"12345"), 5)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("empty", [True, False])
def test_a_success_without_its_receipt_is_none(
    server: RecordingServer, store: ObjectStore, operation: str, empty: bool
) -> None:
    """200 with nothing in it is what a proxy, a web server or a full disk answers: nothing may have been stored."""
    call, lacking = OPERATIONS[operation]
    server.answers = [Answer(body=b"" if empty else lacking)]
    with pytest.raises(ServerError, match="not what S3 says") as caught:
        call(store.client)
    assert caught.value.operation == operation


@pytest.mark.parametrize(
    "body",
    [b"<html/>", UPLOAD_ID, b"<!DOCTYPE html><html/>", b"<?a b?>" * 100 + b"<!-- -->" * 100 + b"<!DOCTYPE a><a/>"],
)
@pytest.mark.parametrize(
    "operation", sorted(set(OPERATIONS) - {"create_multipart_upload", "put_object", "upload_part"})
)
def test_another_answer_is_not_taken_for_the_one_awaited(
    server: RecordingServer, store: ObjectStore, operation: str, body: bytes
) -> None:
    """Well-formed XML, but of something else."""
    server.answers = [Answer(body=body)]
    with pytest.raises(ServerError, match="not what S3 says"):
        OPERATIONS[operation][0](store.client)


def test_a_listing_of_uploads_that_never_ends_is_an_error_of_the_server(server: RecordingServer) -> None:
    """Versitygw is asked for page after page, before any is returned: each must begin behind the one before."""
    uploads = "".join(f"<Upload><Key>{key}</Key><UploadId>u</UploadId></Upload>" for key in "kl")
    more = "<IsTruncated>true</IsTruncated><NextKeyMarker>l</NextKeyMarker>"
    page = f"<ListMultipartUploadsResult>{more}{uploads}</ListMultipartUploadsResult>"
    server.answers = [Answer(body=page.encode(), headers={"Server": "VERSITYGW"})]
    with ObjectStore(f"minio://A:S@{server.address}/b") as store, pytest.raises(ServerError, match="where it has been"):
        list(store.list_multipart_uploads())


OUTCOMES = ["<Deleted><Key>k</Key></Deleted>", "<Error><Key>k</Key><Code>AccessDenied</Code></Error>"]


@pytest.mark.parametrize("outcomes", [OUTCOMES, OUTCOMES[::-1]])
def test_an_object_that_was_deleted_and_was_not_is_an_error_of_the_server(
    server: RecordingServer, store: ObjectStore, outcomes: list[str]
) -> None:
    """Whichever stands last, the other one may be true."""
    server.answers = [Answer(body=f"<DeleteResult>{''.join(outcomes)}</DeleteResult>".encode())]
    with pytest.raises(ServerError, match="deleted and that it was not"):
        OPERATIONS["delete_objects"][0](store.client)


def test_a_listing_that_says_neither_that_it_goes_on_nor_that_it_ends_is_an_error_of_the_server(
    server: RecordingServer, store: ObjectStore
) -> None:
    """To the parser of botocore whatever is not true is false: the rest would be missing in silence."""
    server.answers = [Answer(body=b"<ListBucketResult><IsTruncated>TRUE</IsTruncated></ListBucketResult>")]
    with pytest.raises(ServerError, match="true or false"):
        list(store.list_files())


@pytest.mark.parametrize("read", ["head_object", "get_object"])
@pytest.mark.parametrize("length", ["abc", "-5", "9" * 30, "9" * 5000])
def test_a_read_whose_length_is_no_number_is_an_error_of_the_server(
    server: RecordingServer, store: ObjectStore, read: str, length: str
) -> None:
    """The parser of botocore ends in a ValueError."""
    server.answers = [Answer(headers={"Content-Length": length})]
    with pytest.raises(ServerError):
        getattr(store.client, read)("b", "k", GetOptions())


@pytest.mark.parametrize(
    "date", ["yesterday", "Fri, 31 Dec 9999 23:59:59 -2359", "Fri, 31 Dec 99999999999999999999 23:59:59 GMT"]
)
def test_a_date_that_is_none_does_not_fail_a_read(server: RecordingServer, store: ObjectStore, date: str) -> None:
    """The content is right all the same."""
    server.answers = [Answer(body=b"content", headers={"Last-Modified": date})]
    found = store.get_object("k")
    assert (found.body.read(), found.updated_time) == (b"content", None)


def test_a_mistake_of_the_caller_stays_one(store: ObjectStore) -> None:
    """Our own ValueErrors are not taken for those of a parser."""
    with pytest.raises(InvalidArgument):
        store.read_object("")


@pytest.mark.parametrize("length", ["abc", "-5", "9" * 30])
def test_a_length_that_is_no_number_is_an_error_of_the_server(length: str) -> None:
    """Nobody knows where such a body ends."""
    with pytest.raises(ServerError, match="no Content-Length"):
        check_range(GetOptions(), 200, {"Content-Length": length})
    with pytest.raises(InvalidAnswer, match="no number"):
        object_metadata("b", "k", {"Content-Length": length})


@pytest.mark.parametrize("region", ["us&#10;X-Evil: 1", "\N{CJK UNIFIED IDEOGRAPH-4E2D}"])
def test_a_region_that_fits_no_header_is_an_error_of_the_server(region: str) -> None:
    """http.client would refuse the Authorization header with it, and show it."""
    with recording_server() as server, ObjectStore(f"minio://A:S@{server.address}/b") as store:
        answer = f"<Error><Code>AuthorizationHeaderMalformed</Code><Region>{region}</Region></Error>"
        server.answers = [Answer(400, answer.encode())]
        with pytest.raises(ObjectStoreError) as caught:
            store.read_object("key")
        assert "Signature" not in str(caught.value)


@pytest.mark.parametrize("name", ["access_key", "session_token"])
@pytest.mark.parametrize("value", ["s3cr3t\n", "s3cr3t\r\nX: y", "s3cr3t\N{HORIZONTAL ELLIPSIS}", "s3 cr3t"])
def test_credentials_that_fit_no_header_are_refused_without_being_shown(framework: str, name: str, value: str) -> None:
    """A token read from a file has a line end too many; http.client's error would show it."""
    connection = {"endpoint": "127.0.0.1:9", "access_key": "A", "secret_key": "S", name: value}
    config = {"framework": framework, "root_bucket": "b", "connection": connection}
    with ObjectStore(config) as store, pytest.raises(AccessDenied, match="travel in a header") as caught:
        store.read_object("key")
    assert "cr3t" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN"])
def test_credentials_of_the_environment_that_fit_no_header_are_not_shown(
    monkeypatch: pytest.MonkeyPatch, framework: str, name: str
) -> None:
    """The SDKs' chains have checked nothing."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "A")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "S")
    monkeypatch.setenv(name, "s3cr3t\n")
    with (
        ObjectStore(f"{framework}://127.0.0.1:9/b") as store,
        pytest.raises(AccessDenied, match="travel in a header") as caught,
    ):
        store.read_object("key")
    assert "s3cr3t" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("proxy", ["http://me:s3cr3t@127.0.0.1:99999", "http://me:s3cr3t@[::1", "http://me:s3cr3t@a|b"])
def test_a_proxy_that_cannot_be_is_refused_without_its_password(proxy: str) -> None:
    """urllib3's error would show it, and be no error of ours."""
    with pytest.raises(ConfigurationError, match=r"connection\.proxy") as caught:
        ObjectStore({"framework": "minio", "connection": {"endpoint": "h:1", "proxy": proxy}})
    assert "s3cr3t" not in str(caught.value)


def test_a_file_that_is_nested_too_deep_is_no_yaml(tmp_path) -> None:  # type: ignore[no-untyped-def]  # pytest's
    """The parser ends in a RecursionError."""
    file = tmp_path / "deep.yaml"
    file.write_text("object_store: " + "[" * 5000 + "]" * 5000)
    with pytest.raises(ConfigurationError, match="is not YAML"):
        utils.load_yaml(file)


@pytest.mark.parametrize("framework", ["minio", "boto3"])
def test_deleting_a_bucket_by_force_ends_where_an_object_stays(framework: str) -> None:
    """A server may say that it has deleted what it then lists again."""
    deleted = b"<DeleteResult><Deleted><Key>k</Key></Deleted></DeleteResult>"
    listed = (LISTING.format(size=1, time="2024-01-01T00:00:00Z") + "</ListBucketResult>").encode()
    with recording_server() as server, ObjectStore(f"{framework}://A:S@{server.address}/b") as store:
        in_use = error(409, "BucketNotEmpty", Content_Type="application/xml")
        answers = {"POST": Answer(body=deleted), "DELETE": in_use}
        lists = {"versioning": b"<VersioningConfiguration/>", "uploads": b"<ListMultipartUploadsResult/>"}

        def answer(seen: Seen) -> Answer:
            other = next((body for name, body in lists.items() if f"?{name}=" in seen.target), listed)
            return answers.get(seen.method, Answer(body=other))

        server.answers = [answer]
        with pytest.raises(BucketNotEmpty):
            store.delete_bucket("bkt", force=True)
        assert [seen.method for seen in server.seen].count("POST") == 1

"""Answers that no S3 server gives, but broken proxies and other servers do; and secrets that an error once showed."""

from __future__ import annotations

import pytest

from data_store import utils
from data_store.object_store import (
    AccessDenied,
    BucketNotEmpty,
    ConfigurationError,
    ObjectStore,
    ObjectStoreError,
    ServerError,
)
from data_store.object_store.adapters.s3.headers import object_metadata
from data_store.object_store.adapters.s3.ranges import check_range
from data_store.object_store.errors import UnsupportedOperation
from data_store.object_store.models import GetOptions
from tests.unit.s3_server import Answer, error, recording_server

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


@pytest.mark.parametrize(("size", "time"), [("1", "0001-01-01T00:00:00+23:00"), ("9" * 5000, ""), ("x", "")])
def test_a_listing_with_values_that_cannot_be_is_an_error_of_the_server(size: str, time: str) -> None:
    """Neither the calendar's exceptions nor those of int() reach the caller."""
    with recording_server() as server, ObjectStore(f"minio://A:S@{server.address}/b") as store:
        body = LISTING.format(size=size, time=time) + "</ListBucketResult>"
        server.answers = [Answer(body=body.encode())]
        with pytest.raises(ServerError, match="not what S3 says"):
            list(store.list_files())


@pytest.mark.parametrize("length", ["abc", "-5", "9" * 30])
def test_a_length_that_is_no_number_is_an_error_of_the_server(length: str) -> None:
    """Nobody knows where such a body ends."""
    with pytest.raises(ServerError, match="no Content-Length"):
        check_range(GetOptions(), 200, {"Content-Length": length})
    assert object_metadata("b", "k", {"Content-Length": length}).size is None


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
def test_credentials_that_fit_no_header_are_refused_without_being_shown(name: str, value: str) -> None:
    """A token read from a file has a line end too many; http.client's error would show it."""
    connection = {"endpoint": "127.0.0.1:9", "access_key": "A", "secret_key": "S", name: value}
    config = {"framework": "minio", "root_bucket": "b", "connection": connection}
    with ObjectStore(config) as store, pytest.raises(AccessDenied, match="travel in a header") as caught:
        store.read_object("key")
    assert "cr3t" not in f"{caught.value} {caught.value.__cause__!r} {caught.value.__context__!r}"


def test_a_session_token_of_the_environment_that_fits_no_header_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """The chain of minio-py has checked nothing."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "A")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "S")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "s3cr3t\n")
    with (
        ObjectStore("minio://127.0.0.1:9/b") as store,
        pytest.raises(AccessDenied, match="travel in a header") as caught,
    ):
        store.read_object("key")
    assert "s3cr3t" not in f"{caught.value} {caught.value.__cause__!r} {caught.value.__context__!r}"


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
        server.answers = [lambda seen: answers.get(seen.method, Answer(body=listed))]
        with pytest.raises(BucketNotEmpty):
            store.delete_bucket("bkt", force=True)
        assert [seen.method for seen in server.seen].count("POST") == 1

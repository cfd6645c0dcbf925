"""The object operations against answers that real servers rarely give."""

from __future__ import annotations

import hashlib
import io

import pytest

from data_store.object_store.adapters.s3 import etags
from data_store.object_store.adapters.s3.answers import InvalidAnswer
from data_store.object_store.adapters.s3.exchange import AnswerError
from data_store.object_store.body import Source
from data_store.object_store.errors import AccessDenied, UnsupportedOperation, UploadNotFound
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
from tests.unit.s3_server import Answer, error, s3_api

PARTS = [PartInfo(2, hashlib.md5(b"b").hexdigest(), 1), PartInfo(1, hashlib.md5(b"a").hexdigest(), 5)]
BUCKETS = Answer(body=b"<ListAllMyBucketsResult/>")


@pytest.fixture
def api(server):
    """The API of that server, over one connection."""
    with s3_api(server, 3, max_connections=1) as made:
        yield made


def complete(api):
    """Complete an upload of two parts."""
    return api.complete_multipart_upload("b", "k", "id", PARTS, CompleteOptions())


def test_a_completion_whose_answer_was_lost_is_found_to_have_succeeded(server, api):
    """The second attempt is told that there is no such upload, but the object is the one these parts make."""
    found = Answer(headers={"ETag": f'"{etags.multipart_etag(PARTS)}"', "Content-Length": "0"})
    server.answers = [Answer(0), error(404, "NoSuchUpload"), found]
    assert complete(api).etag == etags.multipart_etag(PARTS)
    assert [seen.method for seen in server.seen] == ["POST", "POST", "HEAD"]


@pytest.mark.parametrize("etag", ["0" * 32 + "-2", "0" * 32])
def test_a_completion_is_not_found_in_another_object(etag, server, api):
    """The key may hold what somebody else wrote."""
    server.answers = [Answer(0), error(404, "NoSuchUpload"), Answer(headers={"ETag": etag})]
    with pytest.raises(AnswerError) as raised:
        complete(api)
    assert type(raised.value.translated) is UploadNotFound


@pytest.mark.parametrize("answer", [error(403, "AccessDenied"), Answer(0)], ids=["forbidden", "broken"])
def test_a_completion_that_cannot_be_looked_for_is_the_error_it_was(answer, server, api):
    """Whatever keeps the object from being seen."""
    server.answers = [Answer(0), error(404, "NoSuchUpload"), answer]
    with pytest.raises(AnswerError) as raised:
        complete(api)
    assert type(raised.value.translated) is UploadNotFound


def test_a_completion_that_is_refused_for_its_parts_is_not_looked_for(server, api):
    """Even if it was repeated: the upload is still there."""
    server.answers = [Answer(0), error(400, "InvalidPart")]
    with pytest.raises(AnswerError):
        complete(api)
    assert [seen.method for seen in server.seen] == ["POST", "POST"]


def test_a_completion_that_is_refused_at_once_is_an_error(server, api):
    """Nothing was lost, so nothing is looked for."""
    server.answers = [error(404, "NoSuchUpload")]
    with pytest.raises(AnswerError):
        complete(api)
    assert len(server.seen) == 1


def test_a_completion_that_fails_after_200_is_an_error(server, api):
    """S3 has to answer before it knows."""
    server.answers = [Answer(200, error(0, "InternalError").body)]
    with pytest.raises(AnswerError):
        complete(api)


def test_a_completion_without_an_etag_has_the_one_that_its_parts_make(server, api):
    """Ceph 16 leaves it empty; the size is the parts'."""
    server.answers = [Answer(body=b"<CompleteMultipartUploadResult><ETag></ETag></CompleteMultipartUploadResult>")]
    done = complete(api)
    assert (done.etag, done.size, done.checksums) == (etags.multipart_etag(PARTS), 6, None)


@pytest.mark.parametrize("options", [GetOptions(offset=1), GetOptions(offset=-2), GetOptions(offset=0, length=2)])
def test_a_whole_object_is_not_taken_for_a_range(options, server, api):
    """A server may ignore Range (RFC 9110, 14.2); the one connection is free again."""
    server.answers = [Answer(body=b"x" * 1_000_000), Answer(body=b"12345")]
    with pytest.raises(UnsupportedOperation, match="range"):
        api.get_object("b", "k", options)
    assert api.get_object("b", "k", GetOptions()).body.read(5) == b"12345"


@pytest.mark.parametrize("read", ["get_object", "head_object"])
@pytest.mark.parametrize("attempts", [1, 2])
def test_a_read_is_sent_as_often_as_its_options_allow(read, attempts, server, api):
    """Whatever is configured."""
    server.answers = [Answer(503)]
    with pytest.raises(AnswerError):
        getattr(api, read)("b", "k", GetOptions(attempts=attempts))
    assert len(server.seen) == attempts


def test_a_body_says_how_many_requests_it_took(server, api):
    """The retries below are among them."""
    server.answers = [Answer(503), Answer(0), Answer(body=b"12345")]
    for attempts in (3, 1):
        body = api.get_object("b", "k", GetOptions()).body
        body.close()
        assert body.attempts == attempts


@pytest.mark.parametrize("options", [GetOptions(offset=5), GetOptions(offset=-5)])
def test_a_range_that_is_refused_stays_refused(options, server, api):
    """Where the object has bytes."""
    server.answers = [error(416, "InvalidRange"), Answer(body=b"123")]
    with pytest.raises(AnswerError) as raised:
        api.get_object("b", "k", options)
    assert raised.value.status == 416


def test_a_bulk_delete_tells_of_each_key(server, api):
    """A version, a delete marker, an error; the body is protected by the MD5 that S3 demands."""
    server.answers = [
        Answer(
            body=b"<DeleteResult><Deleted><Key>a</Key><VersionId>1</VersionId></Deleted>"
            b"<Deleted><Key>b</Key><DeleteMarker>true</DeleteMarker><DeleteMarkerVersionId>2</DeleteMarkerVersionId>"
            b"</Deleted><Error><Key>c</Key><Code>AccessDenied</Code><Message>no</Message></Error></DeleteResult>"
        )
    ]
    asked = [ObjectIdentifier("a", "1"), ObjectIdentifier("b"), ObjectIdentifier("c")]
    told = api.delete_objects("b", asked)
    assert [(found.key, found.version_id) for found in told.values()] == [("a", "1"), ("b", "2"), ("c", None)]
    assert type(told[asked[2]].error) is AccessDenied
    assert (told[asked[0]].error, told[asked[1]].is_delete_marker) == (None, True)
    assert "content-md5" in server.seen[0].headers
    assert server.seen[0].target == "/b?delete="


def test_a_copy_names_its_source_as_it_is(server, api):
    """The source's key is encoded like any, and its ETag travels bare."""
    server.answers = [Answer(body=b"<CopyObjectResult><ETag>&quot;e&quot;</ETag></CopyObjectResult>")]
    done = api.copy_object("b", "a/../ü ", "c", "k", CopyOptions(source_etag="s", storage_class="COLD"))
    sent = server.seen[0].headers
    assert sent["x-amz-copy-source"] == "/b/a/../%C3%BC%20"
    assert (sent["x-amz-copy-source-if-match"], sent["x-amz-metadata-directive"]) == ("s", "COPY")
    assert sent["x-amz-storage-class"] == "COLD"
    assert "content-type" not in sent
    assert done.etag == "e"


def test_a_copy_that_fails_after_200_is_an_error(server, api):
    """Of a part, too."""
    server.answers = [Answer(200, error(0, "InternalError").body)]
    with pytest.raises(AnswerError):
        api.copy_object("b", "k", "b", "l", CopyOptions(replace=True))
    with pytest.raises(AnswerError):
        api.upload_part_copy("b", "l", "id", 1, CopySource("b", "k", None, 0, 10), PartOptions())


def test_a_write_reports_the_answers_time_and_nothing_that_was_not_said(server, api):
    """A date of the server; no content type, no metadata."""
    server.answers = [Answer(headers={"ETag": '"e"', "Date": "Sat, 03 Jan 2026 04:05:06 GMT"})]
    conditions = PutOptions(if_none_match="*", content_md5="1B2M2Y8AsgTpgAmY7PhCfg==")
    done = api.put_object("b", "k", Source(io.BytesIO(b""), 0), conditions)
    assert (done.size, done.etag, done.metadata, done.content_type) == (0, "e", None, None)
    assert done.updated_time is not None
    assert done.updated_time.isoformat() == "2026-01-03T04:05:06+00:00"
    assert server.seen[0].headers["if-none-match"] == "*"
    assert server.seen[0].headers["content-md5"] == "1B2M2Y8AsgTpgAmY7PhCfg=="


def test_a_cursor_takes_the_place_of_start_after(server, api):
    """Both at once are for S3 to interpret, and servers differ."""
    server.answers = [Answer(body=b"<ListBucketResult/>")]
    api.list_page("b", "p/", ListOptions(cursor="c +", start_after="s", delimiter="/", limit=7))
    assert server.seen[0].target == (
        "/b?list-type=2&encoding-type=url&max-keys=7&prefix=p%2F&delimiter=%2F&continuation-token=c%20%2B"
    )


@pytest.mark.parametrize("name", ["AmazonS3", "MinIO"])
def test_credentials_that_may_not_list_buckets_answer_a_ping(name, server, api):
    """Where a wrong secret would have another code."""
    server.answers = [error(403, "AccessDenied", Server=name)]
    assert api.ping() is None


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error(403, "AccessDenied"), AnswerError),
        (error(403, "SignatureDoesNotMatch", Server="AmazonS3"), AnswerError),
        (Answer(body=b"<html/>"), InvalidAnswer),
    ],
)
def test_a_ping_fails_where_credentials_or_server_are_wrong(answer, kind, server, api):
    """To Ceph a wrong secret is AccessDenied, too."""
    server.answers = [answer]
    with pytest.raises(kind):
        api.ping()
    server.answers = [BUCKETS]
    assert api.ping() is None

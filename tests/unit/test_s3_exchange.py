"""One exchange: regions, signatures, protected bodies, and what is an error."""

from __future__ import annotations

import base64
import hashlib
import io

import pytest

from data_store.object_store.adapters.s3.answers import InvalidAnswer
from data_store.object_store.adapters.s3.endpoint import endpoint
from data_store.object_store.adapters.s3.exchange import AnswerError, Exchange, Request, xml_answer
from data_store.object_store.adapters.s3.transport import Transport
from data_store.object_store.body import Source
from data_store.object_store.errors import AccessDenied, ServerError, Throttled
from data_store.object_store.signing.sigv4 import Credentials
from tests.unit.s3_server import Answer, connection, error, quick_retry, recording_server

LARGE = bytes(range(256)) * 8192  # 2 MiB: more than is read into memory


@pytest.fixture
def server():
    """A server that records."""
    with recording_server() as running:
        yield running


@pytest.fixture
def make_exchange(server):
    """Make exchanges with the server, or with AWS where it is the proxy."""
    made = []

    def make(*, token=None, credentials=True, on_answer=lambda _: None, **given):
        configured = connection(**{"endpoint": server.address, **given})
        transport = Transport(configured, quick_retry())
        made.append(transport)
        signer = (lambda: Credentials("ACCESS", "SECRET", token)) if credentials else None
        return Exchange(endpoint(configured), signer, transport, on_answer)

    yield make
    for transport in made:
        transport.close()


def region_signed_for(seen):
    """The region in a request's credential scope."""
    return seen.headers["authorization"].split("/")[2]


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
def test_a_bucket_in_another_region_is_asked_there_once_and_remembered(method, server, make_exchange):
    """The answer names the region in a header; an answer to HEAD can hold it nowhere else."""
    elsewhere = error(400, "AuthorizationHeaderMalformed", x_amz_bucket_region="moon-1")
    server.answers = [elsewhere, Answer()]
    exchange = make_exchange()
    source = Source(io.BytesIO(LARGE), len(LARGE)) if method == "PUT" else b""
    exchange.send(Request(method=method, bucket="b", key="k", body=source))
    exchange.send(Request(method="GET", bucket="b", key="k"))
    assert [region_signed_for(seen) for seen in server.seen] == ["us-east-1", "moon-1", "moon-1"]
    if method == "PUT":
        assert [seen.body for seen in server.seen[:2]] == [LARGE, LARGE]


@pytest.mark.parametrize(("before", "sent"), [(0, 3), (1, 3), (2, 4)])
def test_a_correction_of_the_region_spends_the_same_attempts(before, sent, server, make_exchange):
    """Three, or one more where they were spent before the region was known."""
    elsewhere = error(400, "AuthorizationHeaderMalformed", x_amz_bucket_region="moon-1")
    server.answers = [*[Answer(503)] * before, elsewhere, Answer(503)]
    with pytest.raises(AnswerError):
        make_exchange().send(Request(method="GET", bucket="b", key="k"))
    assert len(server.seen) == sent


def test_an_answer_behind_a_correction_counts_all_requests(server, make_exchange):
    """That which was refused, and its retries, too."""
    elsewhere = error(400, "AuthorizationHeaderMalformed", x_amz_bucket_region="moon-1")
    server.answers = [Answer(503), elsewhere, Answer(503), Answer()]
    answer = make_exchange().send(Request(method="GET", bucket="b", key="k", attempts=5))
    assert (answer.attempts, len(server.seen)) == (4, 4)


def test_a_region_in_the_body_of_an_error_is_found(server, make_exchange):
    """MinIO says it there."""
    server.answers = [error(400, "AuthorizationHeaderMalformed", "<Region>moon-1</Region>"), Answer()]
    make_exchange().send(Request(method="GET", bucket="b"))
    assert region_signed_for(server.seen[1]) == "moon-1"


def test_a_server_that_sends_one_round_in_circles_is_given_up(server, make_exchange):
    """One correction, then the error."""
    server.answers = [
        error(301, "PermanentRedirect", x_amz_bucket_region="moon-1"),
        error(301, "PermanentRedirect", x_amz_bucket_region="mars-1"),
    ]
    with pytest.raises(AnswerError):
        make_exchange().send(Request(method="GET", bucket="b"))
    assert len(server.seen) == 2


def test_the_region_of_a_bucket_on_aws_is_asked_for_once(server, make_exchange):
    """HEAD on the bucket answers it even where it is forbidden; then the bucket's own host is used."""
    server.answers = [Answer(403, headers={"x-amz-bucket-region": "eu-west-3"}), Answer()]
    exchange = make_exchange(endpoint="http://s3.amazonaws.com", proxy=f"http://{server.address}")
    for _ in range(2):
        exchange.send(Request(method="GET", bucket="bucket", key="k"))
    assert [(seen.method, seen.target) for seen in server.seen] == [
        ("HEAD", "http://bucket.s3.us-east-1.amazonaws.com/"),
        ("GET", "http://bucket.s3.eu-west-3.amazonaws.com/k"),
        ("GET", "http://bucket.s3.eu-west-3.amazonaws.com/k"),
    ]
    assert region_signed_for(server.seen[1]) == "eu-west-3"


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_aws_sees_max_attempts_requests_where_the_region_is_unknown(status, server, make_exchange):
    """The question for the region spends them all."""
    server.answers = [Answer(status)]
    exchange = make_exchange(endpoint="http://s3.amazonaws.com", proxy=f"http://{server.address}")
    with pytest.raises(AnswerError) as raised:
        exchange.send(Request(method="GET", bucket="bucket", key="k"))
    assert type(raised.value.translated) is Throttled
    assert len(server.seen) == 3


def test_a_configured_region_is_not_asked_for(server, make_exchange):
    """No request but the one that was meant."""
    exchange = make_exchange(region="eu-west-1", endpoint="http://s3.amazonaws.com", proxy=f"http://{server.address}")
    exchange.send(Request(method="GET", bucket="bucket"))
    assert [seen.target for seen in server.seen] == ["http://bucket.s3.eu-west-1.amazonaws.com/"]


@pytest.mark.parametrize("content", [b"", b"small", LARGE], ids=["empty", "small", "large"])
def test_a_body_is_signed_by_its_digest(content, server, make_exchange):
    """So the server refuses any other, over HTTP too; progress counts what travels, once."""
    positions = []
    source = Source(io.BytesIO(content), len(content), progress=positions.append)
    make_exchange(token="TOKEN").send(Request(method="PUT", bucket="b", key="k", body=source))
    seen = server.seen[0]
    assert seen.body == content
    assert seen.headers["content-length"] == str(len(content))
    assert seen.headers["x-amz-content-sha256"] == hashlib.sha256(content).hexdigest()
    assert seen.headers["x-amz-security-token"] == "TOKEN"
    assert "content-md5" not in seen.headers
    assert positions == sorted(set(positions))
    assert positions[-1:] == ([len(content)] if content else [])


def test_an_anonymous_body_is_protected_by_its_md5(server, make_exchange):
    """There is no signature that could."""
    source = Source(io.BytesIO(LARGE), len(LARGE))
    make_exchange(credentials=False, anonymous=True).send(Request(method="PUT", bucket="b", key="k", body=source))
    seen = server.seen[0]
    assert seen.headers["content-md5"] == base64.b64encode(hashlib.md5(LARGE).digest()).decode()
    assert "authorization" not in seen.headers
    assert seen.body == LARGE


def test_the_callers_own_md5_is_the_one_that_travels(server, make_exchange):
    """The server is to compare the content with it, not with one made from what was read."""
    request = Request(method="PUT", bucket="b", key="k", headers={"Content-MD5": "mine"}, body=b"content")
    make_exchange(credentials=False, anonymous=True).send(request)
    assert server.seen[0].headers["content-md5"] == "mine"


def test_every_request_names_itself_and_its_host(server, make_exchange):
    """The host as it is signed."""
    make_exchange().send(Request(method="GET", bucket="b"))
    assert server.seen[0].headers["user-agent"] == "data-store"
    assert server.seen[0].headers["host"] == server.address
    assert server.seen[0].headers["accept-encoding"] == "identity"


def test_the_server_header_of_each_answer_is_told(server, make_exchange):
    """Of errors too: what a server does in silence is known by it."""
    told = []
    server.answers = [error(404, "NoSuchKey", Server="MinIO"), Answer()]
    exchange = make_exchange(on_answer=told.append)
    with pytest.raises(AnswerError):
        exchange.send(Request(method="GET", bucket="b"))
    exchange.send(Request(method="GET", bucket="b"))
    assert told == ["MinIO", None]


def test_an_error_answer_keeps_code_message_and_request_id(server, make_exchange):
    """As the server gave them."""
    server.answers = [error(403, "InvalidAccessKeyId", x_amz_request_id="ID7")]
    with pytest.raises(AnswerError) as raised:
        make_exchange().send(Request(method="GET", bucket="b", stream=True))
    found = raised.value.translated
    assert type(found) is AccessDenied
    assert (found.code, found.status, found.reason, found.request_id) == ("InvalidAccessKeyId", 403, "said so", "ID7")


@pytest.mark.parametrize(
    ("status", "body", "kind"), [(503, b"<html>busy<br></html>", Throttled), (502, b"", ServerError)]
)
def test_an_answer_of_something_in_between_is_judged_by_its_status(status, body, kind, server, make_exchange):
    """A load balancer speaks no S3."""
    server.answers = [Answer(status, body)]
    with pytest.raises(AnswerError) as raised:
        make_exchange().send(Request(method="GET", bucket="b"))
    assert type(raised.value.translated) is kind
    assert raised.value.retried


def test_an_error_in_an_answer_of_200_is_an_error(server, make_exchange):
    """As with CompleteMultipartUpload and CopyObject, white space in front kept the connection alive."""
    server.answers = [Answer(200, b"  \n\n" + error(0, "InternalError").body)]
    answer = make_exchange().send(Request(method="POST", bucket="b", key="k"))
    with pytest.raises(AnswerError) as raised:
        xml_answer(answer, "CompleteMultipartUploadResult")
    assert type(raised.value.translated) is ServerError


@pytest.mark.parametrize("body", [b"", b"<html/>", b"hello"])
def test_an_answer_that_is_not_what_was_asked_for_is_refused(body, server, make_exchange):
    """A web server that is none for S3."""
    server.answers = [Answer(200, body)]
    answer = make_exchange().send(Request(method="GET", bucket="b"))
    with pytest.raises(InvalidAnswer):
        xml_answer(answer, "ListBucketResult")

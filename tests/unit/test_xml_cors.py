"""CORS rules as XML, and how they are set on servers that may keep less of them."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_store.object_store.adapters.minio_client import MinioClient
from data_store.object_store.adapters.s3 import xml
from data_store.object_store.adapters.s3.answers import InvalidAnswer
from data_store.object_store.adapters.s3.api import S3Api
from data_store.object_store.adapters.s3.cors import replace_rules
from data_store.object_store.adapters.s3.exchange import AnswerError
from data_store.object_store.adapters.s3.xml_cors import cors_request, cors_rules
from data_store.object_store.capabilities import SupportsCors
from data_store.object_store.errors import BucketNotFound, PreconditionFailed, UnsupportedOperation
from data_store.object_store.models import CorsRule
from tests.unit.s3_server import Answer, RecordingServer, answers, error, lines

TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs", "Co", "Cn"]), min_size=1, max_size=20)
TEXTS = st.lists(TEXT, max_size=3).map(tuple)
RULES = st.builds(CorsRule, TEXTS, TEXTS, TEXTS, TEXTS, st.none() | st.integers(0, 2**31 - 1), st.none() | TEXT)
RULE = CorsRule(("https://a.example",), ("GET", "PUT"), ("content-type",), ("ETag",), 60, "new")
BEFORE = cors_request([CorsRule(("https://old.example",), ("GET",))])
NONE = error(404, "NoSuchCORSConfiguration")
NOT_IMPLEMENTED = error(501, "NotImplemented")
MINIO = {"Server": "MinIO"}
GARAGE = {"date": "Sat, 21 Nov 2026 11:42:31 GMT"}


@given(st.lists(RULES, max_size=3))
def test_rules_come_back_as_they_were_sent(rules: list[CorsRule]) -> None:
    """Every field of them, in their order."""
    assert cors_rules(xml.parse(cors_request(rules))) == rules


def test_a_rule_without_an_id_has_none() -> None:
    """As others may have put it; versitygw and Garage keep it empty."""
    (rule,) = cors_rules(xml.parse(b"<C><CORSRule><ID></ID><AllowedOrigin>*</AllowedOrigin></CORSRule></C>"))
    assert rule == CorsRule(("*",), ())


def test_a_rule_that_has_no_model_is_refused_by_name() -> None:
    """Whoever sets the others again would remove what it says."""
    with pytest.raises(UnsupportedOperation, match="CorsRule cannot express: Colour"):
        cors_rules(xml.parse(b"<C><CORSRule><Colour>red</Colour></CORSRule></C>"))


@pytest.mark.parametrize(
    "content",
    ["<ID>a</ID><ID>b</ID>", "<MaxAgeSeconds>-1</MaxAgeSeconds>", "<MaxAgeSeconds>1h</MaxAgeSeconds>"],
)
def test_a_rule_that_cannot_be_is_no_rule(content: str) -> None:
    """Two names, a time that is none."""
    with pytest.raises(InvalidAnswer):
        cors_rules(xml.parse(f"<C><CORSRule>{content}</CORSRule></C>".encode()))


class Bucket:
    """A server that stores ``kept`` instead of what it is given, if that is not None."""

    def __init__(self, before: bytes | None, kept: bytes | None = None) -> None:
        self.stored = before
        self._kept = kept
        self.puts = 0

    def put(self, body: bytes) -> None:
        """Store rules; only the first time something else."""
        self.puts += 1
        self.stored = self._kept if self._kept is not None and self.puts == 1 else body

    def delete(self) -> None:
        """Remove them."""
        self.stored = None

    def set(self, rules: Sequence[CorsRule]) -> None:
        """Replace the rules as the adapters do."""
        replace_rules(rules, lambda: self.stored, self.put, self.delete)


def test_what_a_server_sorts_is_kept() -> None:
    """Ceph sorts methods and origins, and leaves out what is there twice."""
    bucket = Bucket(BEFORE, cors_request([CorsRule(("a:b", "c:d"), ("GET", "PUT"))]))
    bucket.set([CorsRule(("c:d", "a:b", "a:b"), ("PUT", "GET"))])
    assert bucket.puts == 1


@pytest.mark.parametrize("before", [BEFORE, None], ids=["rules", "no rules"])
@pytest.mark.parametrize(
    ("kept", "lost"),
    [
        ([CorsRule(RULE.allowed_origins, RULE.allowed_methods)], "allowed_headers, expose_headers, id, max_age"),
        ([], "their number or order"),
    ],
)
def test_rules_that_a_server_does_not_keep_are_refused(before: bytes | None, kept: list[CorsRule], lost: str) -> None:
    """By the names of what it drops; what was there is put back."""
    bucket = Bucket(before, cors_request(kept))
    with pytest.raises(UnsupportedOperation, match=lost):
        bucket.set([RULE])
    assert bucket.stored == before


def test_rules_that_others_set_meanwhile_stay() -> None:
    """They are not taken for what the server made of ours."""
    theirs = cors_request([CorsRule(("https://theirs.example",), ("GET",))])
    bucket = Bucket(BEFORE, theirs)
    with pytest.raises(PreconditionFailed, match="others have set CORS rules"):
        bucket.set([RULE])
    assert bucket.stored == theirs


def test_that_the_former_rules_could_not_be_put_back_is_logged(
    server: RecordingServer, api: S3Api, caplog: pytest.LogCaptureFixture
) -> None:
    """The reason why they had to be is what is raised."""
    half = Answer(body=cors_request([CorsRule(RULE.allowed_origins, RULE.allowed_methods)]))
    server.answers = [Answer(body=BEFORE), Answer(), half, error(503, "SlowDown")]
    with caplog.at_level(logging.WARNING, "data_store.object_store"), pytest.raises(UnsupportedOperation):
        api.put_cors("b", [RULE])
    assert "could not be put back" in caplog.text


def test_what_is_put_is_protected_by_an_md5(server: RecordingServer, api: S3Api) -> None:
    """S3 demands it; on AWS nothing is read back, where a read may be older than the write."""
    api.put_cors("b", [RULE], on_trial=False)
    (seen,) = server.seen
    assert (seen.target, "content-md5" in seen.headers, seen.body) == ("/b?cors=", True, cors_request([RULE]))


def test_a_rule_that_a_server_refuses_is_one_that_it_does_not_do(server: RecordingServer, api: S3Api) -> None:
    """It was checked before it was sent: Ceph counts the bytes of an id, say."""
    server.answers = [NONE, error(400, "MalformedXML")]
    with pytest.raises(UnsupportedOperation) as caught:
        api.put_cors("b", [RULE])
    assert (caught.value.code, caught.value.status) == ("MalformedXML", 400)
    server.answers = [NONE, error(403, "AccessDenied")]
    with pytest.raises(AnswerError) as denied:
        api.put_cors("b", [RULE])
    assert denied.value.code == "AccessDenied"


def test_rules_that_are_not_there_are_not_deleted(server: RecordingServer, api: S3Api) -> None:
    """A server that does not know the subresource might delete the bucket."""
    server.answers = [NONE]
    api.delete_cors("b")
    server.answers = [Answer(body=BEFORE), Answer(204)]
    api.delete_cors("b")
    assert [seen.method for seen in server.seen] == ["GET", "GET", "DELETE"]


@pytest.mark.parametrize("operation", ["get", "set", "delete"])
def test_a_server_whose_buckets_have_no_rules_is_found_out(
    operation: str, server: RecordingServer, client: MinioClient
) -> None:
    """MinIO says that a bucket has none; a document that no server can store shows that none could be set."""
    answers(
        server,
        ("GET .*cors", Answer(404, NONE.body, MINIO)),
        ("PUT .*cors", NOT_IMPLEMENTED),
        (".*", Answer(headers=MINIO)),
    )
    with pytest.raises(UnsupportedOperation, match=r"SupportsCors.*MINIO_API_CORS_ALLOW_ORIGIN"):
        {"get": client.get_cors, "set": lambda b: client.set_cors(b, [RULE]), "delete": client.delete_cors}[operation](
            "b"
        )
    assert client.lacking(SupportsCors) is not None
    assert not [line for line in lines(server) if line.startswith("DELETE")]
    assert {seen.body for seen in server.seen if seen.method == "PUT"} == {b"<CORSConfiguration>"}


def test_a_minio_with_rules_for_buckets_is_believed(server: RecordingServer, client: MinioClient) -> None:
    """The commercial edition has them, and refuses the document; who may not write one may read all the same."""
    for refusal in (error(400, "MalformedXML"), error(403, "AccessDenied")):
        answers(server, ("GET .*cors", Answer(404, NONE.body, MINIO)), ("PUT .*cors", refusal))
        assert client.get_cors("b") == []
    assert client.lacking(SupportsCors) is None


def test_other_servers_are_not_asked_twice(server: RecordingServer, client: MinioClient) -> None:
    """No rules are no rules."""
    answers(server, ("GET .*cors", NONE))
    assert client.get_cors("b") == []
    assert [seen.method for seen in server.seen] == ["GET"]


def test_a_missing_bucket_is_told(server: RecordingServer, client: MinioClient) -> None:
    """By MinIO too."""
    answers(server, (".*", Answer(404, error(404, "NoSuchBucket").body, MINIO)))
    for call in (client.get_cors, client.delete_cors, lambda b: client.set_cors(b, [RULE])):
        with pytest.raises(BucketNotFound):
            call("b")


@pytest.mark.parametrize(("header", "refused"), [("x-amz-*", True), ("*", False), ("content-type", False)])
def test_patterns_are_not_set_where_browsers_are_told_them(
    header: str, refused: bool, server: RecordingServer, client: MinioClient
) -> None:
    """Garage answers with x-amz-* itself, and browsers look for the name."""
    rule = CorsRule(("*",), ("PUT",), (header,))
    kept = Answer(200, cors_request([rule]), GARAGE)
    answers(server, ("GET .*cors", kept), (".*", Answer(headers=GARAGE)))
    if refused:
        with pytest.raises(UnsupportedOperation, match=r"'x-amz-\*', which they take for a name"):
            client.set_cors("b", [rule])
    else:
        client.set_cors("b", [rule])
    assert ("PUT" in [seen.method for seen in server.seen]) is not refused

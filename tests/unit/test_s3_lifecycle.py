"""Replacing lifecycle rules: what was there stays if it fails."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from data_store.object_store.adapters.s3.answers import InvalidAnswer
from data_store.object_store.adapters.s3.api import S3Api
from data_store.object_store.adapters.s3.exchange import AnswerError
from data_store.object_store.adapters.s3.lifecycle import replace_rules
from data_store.object_store.adapters.s3.xml_lifecycle import lifecycle_request
from data_store.object_store.errors import PreconditionFailed, UnsupportedOperation
from data_store.object_store.models import LifecycleRule
from tests.unit.s3_server import Answer, RecordingServer, Seen, error, recording_server, s3_api

RULES = [LifecycleRule("new", expire_after_days=1)]
BEFORE = lifecycle_request([LifecycleRule("old", expire_after_days=9)])
THEIRS = lifecycle_request([LifecycleRule("theirs", expire_after_days=9)])
WERE = pytest.mark.parametrize("before", [BEFORE, None], ids=["rules", "no rules"])
PUT, GARBAGE = "PUT", Answer(body=b"<html><p>")


class Bucket:
    """The rules of a bucket, as its server keeps them; ``faults`` are played where the calls, by number, come to them.

    Calls are counted from the first GET on (1); a fault is what is answered, after the request was carried out.
    """

    def __init__(self, before: bytes | None, faults: dict[int, Answer]) -> None:
        self.rules = before
        self.faults = faults
        self.asked: list[str] = []

    def __call__(self, seen: Seen) -> Answer:
        """Carry a request out and answer it."""
        self.asked.append(seen.method)
        answer = self._carried_out(seen)
        return self.faults.get(len(self.asked), answer)

    def _carried_out(self, seen: Seen) -> Answer:
        if seen.method == "GET":
            return error(404, "NoSuchLifecycleConfiguration") if self.rules is None else Answer(body=self.rules)
        self.rules = seen.body if seen.method == PUT else None
        return Answer()


@pytest.fixture
def server() -> Iterator[RecordingServer]:
    """A server that records."""
    with recording_server() as running:
        yield running


@pytest.fixture
def api(server: RecordingServer) -> Iterator[S3Api]:
    """The API of that server; each request is sent once."""
    with s3_api(server) as made:
        yield made


@WERE
@pytest.mark.parametrize(
    ("faults", "raised"),
    [
        ({2: Answer(0)}, Exception),
        ({2: error(500, "InternalError")}, AnswerError),
        ({2: error(503, "SlowDown")}, AnswerError),
        ({3: Answer(0), 4: Answer(0)}, Exception),  # a GET is repeated on a new connection
        ({3: GARBAGE}, InvalidAnswer),
        ({3: GARBAGE, 4: GARBAGE}, InvalidAnswer),
        ({3: Answer(body=b"<ListBucketResult/>")}, InvalidAnswer),
        ({3: error(403, "AccessDenied")}, AnswerError),
        ({3: error(404, "NoSuchLifecycleConfiguration")}, UnsupportedOperation),
        ({4: error(500, "InternalError")}, AnswerError),
        ({4: Answer(0)}, Exception),
    ],
)
def test_what_was_there_is_put_back(
    faults: dict[int, Answer], raised: type[Exception], before: bytes | None, server: RecordingServer, api: S3Api
) -> None:
    """Whichever answer is an error, is lost or makes no sense: the server may have taken what was tried out."""
    bucket = Bucket(before, faults)
    server.answers = [bucket]
    with pytest.raises(raised):
        api.put_lifecycle("b", RULES)
    assert bucket.rules == before


@WERE
@pytest.mark.parametrize("refusal", [error(400, "InvalidRequest"), error(501, "NotImplemented")])
def test_nothing_is_undone_of_what_was_refused(
    refusal: Answer, before: bytes | None, server: RecordingServer, api: S3Api
) -> None:
    """Rules that somebody else sets meanwhile would go with it."""
    bucket = Bucket(before, {2: refusal})
    server.answers = [bucket]
    with pytest.raises((AnswerError, UnsupportedOperation)):
        api.put_lifecycle("b", RULES)
    assert bucket.asked == ["GET", "PUT"]


def test_a_refusal_of_a_repeated_request_is_undone() -> None:
    """Its first attempt may have been carried out."""
    kept: list[bytes | None] = [BEFORE]

    def put(body: bytes) -> None:
        kept[0] = body
        if body != BEFORE:
            refused = AnswerError(409, "OperationAborted", "")
            refused.retried = True
            raise refused

    with pytest.raises(AnswerError):
        replace_rules(RULES, lambda: kept[0], put, lambda: kept.clear())
    assert kept == [BEFORE]


@WERE
def test_the_first_error_is_raised_and_the_second_logged(
    before: bytes | None, server: RecordingServer, api: S3Api, caplog: pytest.LogCaptureFixture
) -> None:
    """Where nothing can be put back any more."""
    server.answers = [
        Bucket(before, {3: error(403, "AccessDenied"), 4: error(503, "SlowDown"), 5: error(503, "SlowDown")})
    ]
    with caplog.at_level(logging.WARNING), pytest.raises(AnswerError) as caught:
        api.put_lifecycle("b", RULES)
    assert caught.value.code == "AccessDenied"
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "lifecycle" in caplog.text


@pytest.mark.parametrize("theirs", [THEIRS, None], ids=["rules", "no rules"])
@pytest.mark.parametrize("puts", [1, 2], ids=["behind the trial", "behind the check"])
def test_what_others_set_meanwhile_stays(theirs: bytes | None, puts: int) -> None:
    """Put back, rules that they have just removed would delete objects again."""
    kept: list[bytes | None] = [BEFORE]
    sent: list[bytes] = []

    def put(body: bytes) -> None:
        sent.append(body)
        kept[0] = theirs if len(sent) == puts else body
        if len(sent) == 2:
            raise AnswerError(409, "OperationAborted", "")

    with pytest.raises((AnswerError, PreconditionFailed, UnsupportedOperation)):
        replace_rules(RULES, lambda: kept[0], put, kept.clear)
    assert kept == [theirs]


def test_who_is_disturbed_is_told() -> None:
    """It is not the server that keeps other rules than it was given."""
    with pytest.raises(PreconditionFailed, match="others have set"):
        replace_rules(RULES, lambda: THEIRS, lambda _body: None, lambda: None)


def test_an_interruption_is_undone() -> None:
    """It may come while the answer is waited for."""
    kept: list[bytes | None] = [None]

    def put(body: bytes) -> None:
        kept[0] = body
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replace_rules(RULES, lambda: kept[0], put, lambda: kept.__setitem__(0, None))
    assert kept == [None]

"""What is tried out on a random key: where it lies, and what counts as an answer."""

from __future__ import annotations

import io
import threading

import pytest

from data_store.object_store.body import Source
from data_store.object_store.capabilities import SupportsTags
from data_store.object_store.errors import (
    AccessDenied,
    IntegrityError,
    ObjectStoreError,
    ServerError,
    UnsupportedOperation,
)
from data_store.object_store.models import (
    CompleteOptions,
    Condition,
    CopyOptions,
    DeleteOptions,
    PartInfo,
    PutOptions,
    SseCustomer,
    SseKms,
    SseS3,
)
from tests.unit.s3_server import STORED, UNVERSIONED, Answer, RecordingServer, Seen, answers, error, lines

UPLOAD = Answer(body=b"<InitiateMultipartUploadResult><UploadId>id</UploadId></InitiateMultipartUploadResult>")
NO_UPLOADS = Answer(body=b"<ListMultipartUploadsResult/>")
DENIED = error(403, "AccessDenied")
PATIENCE = 10.0  # seconds until a test gives up; nothing is expected to take so long


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (error(400, "ObjectParentIsFile"), UnsupportedOperation),
        (error(400, "KeyTooLongError"), UnsupportedOperation),
        (error(405, "MethodNotAllowed"), UnsupportedOperation),
        (error(403, "AccessDenied"), AccessDenied),
        (error(500, "InternalError"), ServerError),
    ],
)
@pytest.mark.parametrize("condition", [Condition.PUT, Condition.COMPLETE, Condition.DELETE])
def test_a_probe_that_fails_for_its_key_tells_nothing_of_the_bucket(condition, refusal, kind, server, client):
    """Versitygw, say, with an object ``a`` and a key ``a/b``: the failure is told, and other keys are tried out."""
    kept = error(412, "PreconditionFailed")
    answers(
        server,
        ("(PUT|POST) /b/a/", refusal),
        ("POST .*uploads", UPLOAD),
        ("POST .*uploadId", kept),
        ("GET .*uploads", NO_UPLOADS),
        ("PUT .*probe[^?]*$", kept if condition is Condition.PUT else STORED),
        ("DELETE .*probe[^?]*$", kept),
    )
    for _ in range(2):
        with pytest.raises(kind):
            client.honours("b", "a/b", condition)
    server.answers = [lambda seen, rules=server.answers[0]: _once(seen, rules, server)]
    assert client.honours("b", "b", condition) is True


def _once(seen: Seen, rules, server: RecordingServer) -> Answer:
    """Let the second DELETE of a probe, which cleans up, pass."""
    if seen.method == "DELETE" and "if-match" not in seen.headers:
        return STORED
    return rules(seen)


@pytest.mark.parametrize("condition", [Condition.PUT, Condition.COMPLETE, Condition.DELETE])
@pytest.mark.parametrize("refusal", [error(501, "NotImplemented"), error(501, "Other"), error(400, "NotImplemented")])
def test_what_a_server_does_not_implement_is_not_honoured(condition, refusal, server, client):
    """Which is remembered for the bucket."""

    def answer(seen: Seen) -> Answer:
        if "uploads" in seen.target:
            return UPLOAD
        conditional = "if-match" in seen.headers
        return refusal if conditional else STORED

    server.answers = [answer]
    assert client.honours("b", "k", condition) is False
    asked = len(server.seen)
    assert client.honours("b", "other", condition) is False
    assert len(server.seen) == asked


def test_a_key_that_the_server_would_change_is_not_tried_out(server, client):
    """Its probe would lie elsewhere."""
    services = Answer(body=b"<ListAllMyBucketsResult/>", headers={"Server": "VERSITYGW"})
    answers(server, ("GET /$", services))
    for condition in Condition:
        with pytest.raises(UnsupportedOperation, match="versitygw"):
            client.honours("b", "a/../k", condition)
    assert lines(server) == ["GET /"]


@pytest.mark.parametrize(
    ("key", "directory"),
    [
        ("d/" * 487 + "k", "d/" * 487),
        ("d/" * 488 + "k", "d/" * 487),
        ("d/" + "e" * 1000 + "/k", "d/"),
        ("ü" * 500 + "/k", ""),
        ("k" * 1024, ""),
    ],
    ids=["fits", "one too long", "long segment", "long in bytes", "no directory"],
)
def test_the_key_of_a_probe_is_never_too_long(key, directory, server, client):
    """It lies in a directory above, then."""
    answers(server, otherwise=error(412, "PreconditionFailed"))
    assert client.honours("b", key, Condition.PUT) is True
    (line,) = lines(server)
    assert line == f"PUT /b/{directory}.data-store-probe"
    assert len(server.seen[0].target.encode()) <= len("/b/") + 1024


def test_a_question_about_one_bucket_does_not_wait_for_another_bucket(server, client):
    """A bucket that answers slowly holds nobody up."""
    slow, asked = threading.Event(), threading.Event()

    def answer(seen: Seen) -> Answer:
        if seen.target.startswith("/slow/"):
            asked.set()
            slow.wait(PATIENCE)
        return error(412, "PreconditionFailed")

    server.answers = [answer]
    waiting = threading.Thread(target=lambda: client.honours("slow", "k", Condition.PUT))
    waiting.start()
    try:
        assert asked.wait(PATIENCE)
        assert client.honours("quick", "k", Condition.PUT) is True
        assert waiting.is_alive()
    finally:
        slow.set()
        waiting.join(PATIENCE)


def test_the_same_question_is_asked_once_by_many_threads(server, client):
    """The others wait for its answer."""
    start = threading.Barrier(4)
    answers(server, otherwise=error(412, "PreconditionFailed"))

    def ask() -> None:
        start.wait(PATIENCE)
        client.honours("b", "k", Condition.PUT)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert lines(server) == ["PUT /b/.data-store-probe"]


def test_a_write_under_a_condition_is_not_sent_while_that_is_unknown(server, client):
    """It fails as its probe did."""
    answers(server, otherwise=error(503, "SlowDown"))
    with pytest.raises(ObjectStoreError):
        client.put_object("b", "k", Source(io.BytesIO(b"x"), 1), PutOptions(if_none_match="*"))
    assert lines(server) == ["PUT /b/.data-store-probe"]


def test_who_may_not_try_it_out_is_told_so(server, client):
    """The error is the write's own, and names the random key; nothing is relied on, and nothing remembered."""
    answers(server, ("PUT .*probe", DENIED))
    for _ in range(2):
        with pytest.raises(AccessDenied, match="tried out under the random key") as raised:
            client.put_object("b", "d/k", Source(io.BytesIO(b"x"), 1), PutOptions(if_none_match="*"))
        assert (raised.value.operation, raised.value.key, raised.value.status) == ("put_object", "d/k", 403)
    assert lines(server) == ["PUT /b/d/.data-store-probe"] * 2


@pytest.mark.parametrize("answer", [DENIED, error(500, "InternalError"), error(405, "MethodNotAllowed")])
@pytest.mark.parametrize("asked", ["POST .*uploads=", "PUT .*partNumber", "POST .*uploadId"])
def test_an_error_of_a_probe_is_the_error_of_the_operation(asked, answer, server, client):
    """It names the caller's key and call, and in its reason the random key; whatever was asked about that."""
    answers(server, (f"{asked}.*", answer), ("POST .*uploads=", UPLOAD), ("GET .*uploads", NO_UPLOADS))
    with pytest.raises(ObjectStoreError, match=r"tried out under the random key 'd/\.data-store-probe-") as raised:
        client.complete_multipart_upload("b", "d/k", "u", [PartInfo(1, "e", 1)], CompleteOptions(if_match="e"))
    found = raised.value
    assert (found.operation, found.bucket, found.key) == ("complete_multipart_upload", "b", "d/k")
    assert found.status == answer.status


@pytest.mark.parametrize("options", [{"tags": {"a": "b"}}, {"encryption": SseS3()}, {"if_match": "e"}])
def test_an_error_of_any_question_is_the_error_of_the_write(options, server, client):
    """Tags are asked for with another operation than a write."""
    answers(server, otherwise=DENIED)
    with pytest.raises(AccessDenied, match="tried out under the random key") as raised:
        client.put_object("b", "d/k", Source(io.BytesIO(b"x"), 1), PutOptions(**options))
    assert (raised.value.operation, raised.value.key) == ("put_object", "d/k")


def test_what_has_no_tags_says_so_of_each_operation(server, client):
    """The server is asked once."""
    answers(server, ("GET .*tagging", error(501, "NotImplemented")))
    for _ in range(2):
        with pytest.raises(UnsupportedOperation, match="no SupportsTags") as raised:
            client.set_tags("b", "d/k", {"a": "b"})
        assert (raised.value.operation, raised.value.key) == ("set_tags", "d/k")
        assert raised.value.reason.count("SupportsTags") == 1
    assert client.lacking(SupportsTags) is not None
    assert lines(server) == ["GET /b/d/.data-store-probe?tagging="]


def test_what_was_found_out_is_forgotten_with_what_is_lacking(server, client):
    """As ping(deep=True) does; the server may have another version by now."""
    answers(server)
    assert client.honours("b", "k", Condition.PUT) is False
    answers(server, ("PUT", error(412, "PreconditionFailed")))
    assert client.honours("b", "k", Condition.PUT) is False
    client.forget_lacking()
    assert client.honours("b", "k", Condition.PUT) is True


def test_who_may_not_delete_is_told_before_anything_is_made(server, client):
    """What a conditional DELETE would be tried out on could not be deleted either."""
    answers(server, ("DELETE", DENIED))
    with pytest.raises(AccessDenied, match="tried out"):
        client.delete_object("b", "k", DeleteOptions(if_match="e"))
    assert lines(server) == ["DELETE /b/.data-store-probe"]


def test_a_copy_that_is_encrypted_otherwise_is_told(server, client):
    """It lies there already, and is not what was asked for."""
    kms, s3 = ({"x-amz-server-side-encryption": name, "ETag": '"e"'} for name in ("aws:kms", "AES256"))
    copied = Answer(body=b"<CopyObjectResult><ETag>e</ETag></CopyObjectResult>", headers=s3)
    answers(server, ("GET .*versioning", UNVERSIONED), ("PUT .*/copy", copied), otherwise=Answer(headers=kms))
    with pytest.raises(IntegrityError, match="keeps it as 'AES256'"):
        client.copy_object("b", "k", "b", "copy", CopyOptions(encryption=SseKms()))


@pytest.mark.parametrize("encryption", [SseKms(), SseCustomer(bytes(32))])
def test_another_encryption_is_not_the_one_that_was_asked_for(encryption, server, client):
    """A server may ignore what it does not know, and encrypt by a default of the bucket."""
    by_default = Answer(headers={"ETag": '"e"', "x-amz-server-side-encryption": "AES256"})
    answers(server, ("GET .*versioning", UNVERSIONED), otherwise=by_default)
    for bucket in ("b", "c"):
        with pytest.raises(UnsupportedOperation, match="does not encrypt so"):
            client.put_object(bucket, "k", Source(io.BytesIO(b"secret"), 6), PutOptions(encryption=encryption))
    assert [each.target for each in server.seen if each.method == "PUT" and "probe" not in each.target] == []

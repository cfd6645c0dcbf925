"""Subresources, as servers answer them that do less than S3."""

from __future__ import annotations

import base64
import hashlib
import io
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from data_store.object_store.adapters.s3.exchange import AnswerError
from data_store.object_store.body import Source
from data_store.object_store.errors import ObjectStoreError, UnsupportedOperation, UploadNotFound
from data_store.object_store.models import (
    CompleteOptions,
    EventKind,
    LifecycleRule,
    ListOptions,
    NotificationRule,
    PartInfo,
    PartOptions,
    PutOptions,
    Retention,
    RetentionMode,
)
from tests.unit.s3_server import Answer, error

QUEUE = "arn:aws:sqs:eu-west-1:1:x"
RULE = NotificationRule(id="new", target=QUEUE, events=(EventKind.CREATED,))
UNTIL = Retention(RetentionMode.GOVERNANCE, datetime(2030, 1, 1, tzinfo=UTC))


def configuration(*ids: str) -> Answer:
    """Return the notification rules of a bucket."""
    rules = "".join(
        f"<QueueConfiguration><Id>{name}</Id><Queue>{QUEUE}</Queue><Event>s3:ObjectCreated:*</Event></QueueConfiguration>"
        for name in ids
    )
    return Answer(body=f"<NotificationConfiguration>{rules}</NotificationConfiguration>".encode())


def test_what_is_put_is_protected_by_an_md5(server, api):
    """S3 demands it for lifecycle rules and object lock."""
    api.put_tags("b", {"a": "1"}, "k", "v")
    assert server.seen[0].target == "/b/k?tagging=&versionId=v"
    assert "content-md5" in server.seen[0].headers


@pytest.mark.parametrize("answer", [error(404, "NoSuchTagSet"), Answer(), Answer(body=b"<Tagging><TagSet/></Tagging>")])
def test_no_tags_are_no_tags(answer, server, api):
    """Ceph may send nothing at all."""
    server.answers = [answer]
    assert api.get_tags("b", "k") == {}


def test_rules_that_are_left_over_are_deleted_by_their_ids(server, api):
    """Ceph adds to what is there; only ids that it has just named go into a DELETE."""
    server.answers = [Answer(), configuration("old", "new", ""), Answer()]
    api.put_notifications("b", [RULE], ceph=True)
    assert [f"{seen.method} {seen.target}" for seen in server.seen] == [
        "PUT /b?notification=",
        "GET /b?notification=",
        "DELETE /b?notification=old",
    ]


def test_an_empty_configuration_that_is_refused_is_deleted_rule_by_rule(server, api):
    """As on Ceph; a DELETE without an id may be that of the bucket elsewhere."""
    server.answers = [error(400, "MalformedXML"), configuration("a", "b"), Answer()]
    api.put_notifications("b", [], ceph=True)
    assert [seen.target for seen in server.seen[2:]] == ["/b?notification=a", "/b?notification=b"]


@pytest.mark.parametrize("answer", [Answer(), error(400, "MalformedXML")])
@pytest.mark.parametrize("rules", [[], [RULE]])
def test_no_other_server_is_sent_a_delete_of_a_notification(answer, rules, server, api):
    """MinIO and versitygw would delete the bucket, with an id as well."""
    server.answers = [answer, configuration("old", "new")]
    with suppress(AnswerError):
        api.put_notifications("b", rules)
    assert [seen.method for seen in server.seen] == ["PUT"]


@pytest.mark.parametrize(
    ("answer", "events", "kind"),
    [
        (error(400, "MalformedXML"), (EventKind.CREATED,), AnswerError),
        (error(404, "NoSuchKey"), (EventKind.CREATED,), ObjectStoreError),
        (error(400, "InvalidArgument"), (EventKind.CREATED,), AnswerError),
        (error(400, "InvalidArgument"), (EventKind.EXPIRED,), UnsupportedOperation),
    ],
)
def test_rules_that_are_refused_say_why(answer, events, kind, server, api):
    """A target that is not there is no missing object."""
    server.answers = [answer]
    with pytest.raises(kind) as raised:
        api.put_notifications("b", [NotificationRule(id="a", target=QUEUE, events=events)])
    assert type(raised.value) is kind
    assert len(server.seen) == 1


@pytest.mark.parametrize("code", ["InvalidArgument", "MalformedXML", "InvalidRequest"])
def test_a_lifecycle_rule_that_is_refused_is_not_supported(code, server, api):
    """What a rule must be was checked before; nothing is changed."""
    server.answers = [error(404, "NoSuchLifecycleConfiguration"), error(400, code)]
    with pytest.raises(UnsupportedOperation):
        api.put_lifecycle("b", [LifecycleRule("a", expire_after_days=1)])
    assert [seen.method for seen in server.seen] == ["GET", "PUT"]


def test_a_lifecycle_rule_is_put_at_once_where_no_trial_is_needed(server, api):
    """On AWS, whose answer to a read may be older than the write: the trial would fail, and disable the rules."""
    api.put_lifecycle("b", [LifecycleRule("a", expire_after_days=1)], on_trial=False)
    assert [seen.method for seen in server.seen] == ["PUT"]
    assert b"<Status>Enabled</Status>" in server.seen[0].body


def test_no_lifecycle_rules_are_none(server, api):
    """An error to the server; and there is nothing to delete."""
    server.answers = [error(404, "NoSuchLifecycleConfiguration")]
    assert api.get_lifecycle("b") == []
    api.delete_lifecycle("b")
    assert {seen.method for seen in server.seen} == {"GET"}


@pytest.mark.parametrize(
    "answer", [error(400, "NoSuchObjectLockConfiguration"), error(404, "ObjectLockConfigurationNotFoundError")]
)
def test_a_version_without_a_lock_has_none(answer, server, api):
    """Two codes for it, with two statuses."""
    server.answers = [answer]
    assert api.get_retention("b", "k") is None
    assert api.get_legal_hold("b", "k", "v") is False


def test_a_retention_of_versitygw_is_one(server, api):
    """It has another name for the element."""
    server.answers = [
        Answer(
            body=b"<ObjectLockRetention><Mode>GOVERNANCE</Mode><RetainUntilDate>2030-01-01T00:00:00Z</RetainUntilDate>"
            b"</ObjectLockRetention>"
        )
    ]
    assert api.get_retention("b", "k") == UNTIL


def test_a_retention_that_cannot_be_taken_away_is_not_supported(server, api):
    """Ceph and versitygw refuse an empty one; a refusal of a real one stays what it is."""
    server.answers = [error(400, "MalformedXML")]
    with pytest.raises(UnsupportedOperation, match="takes no retention away"):
        api.put_retention("b", "k", None, None, bypass_governance=True)
    assert server.seen[0].headers["x-amz-bypass-governance-retention"] == "true"
    with pytest.raises(AnswerError):
        api.put_retention("b", "k", UNTIL, None, bypass_governance=False)


def test_parts_of_an_unknown_upload_are_no_missing_key(server, api):
    """To Ceph they are."""
    server.answers = [error(404, "NoSuchKey")]
    with pytest.raises(UploadNotFound):
        api.list_parts_page("b", "k", "id", ListOptions())


@pytest.mark.parametrize("parts", [Answer(body=b"<ListPartsResult/>"), error(404, "NoSuchKey")])
def test_a_completion_that_fails_in_the_server_stays_a_failure(parts, server, api):
    """Where the upload is still there, and where it is gone: the object may have been made, and replaced."""
    server.answers = [error(500, "InternalError"), parts]
    with pytest.raises(AnswerError) as raised:
        api.complete_multipart_upload("b", "k", "id", [PartInfo(1, "e", 1)], CompleteOptions())
    assert raised.value.status == 500


def test_a_digest_is_sent_and_that_of_a_whole_upload_is_read(server, api):
    """With an object and with a part; the other from the body of the answer."""
    server.answers = [Answer(headers={"ETag": "e"})]
    api.put_object("b", "k", Source(io.BytesIO(b"x"), 1), PutOptions(checksum="sha256"))
    part = api.upload_part("b", "k", "id", 1, Source(io.BytesIO(b"x"), 1), PartOptions(checksum="sha256")).result
    digest = base64.b64encode(hashlib.sha256(b"x").digest()).decode()
    assert [seen.headers["x-amz-checksum-sha256"] for seen in server.seen] == [digest] * 2
    told = "<ETag>e-1</ETag><ChecksumCRC32C>yZRlqg==</ChecksumCRC32C>"
    server.answers = [Answer(body=f"<CompleteMultipartUploadResult>{told}</CompleteMultipartUploadResult>".encode())]
    made = api.complete_multipart_upload("b", "k", "id", [part], CompleteOptions())
    assert made.checksums == {"crc32c": "c99465aa"}


def test_a_start_before_the_prefix_is_left_away(server, api):
    """It means the same, and Garage would find nothing."""
    server.answers = [Answer(body=b"<ListBucketResult/>")]
    for start in ("a", "c", "c/d"):
        api.list_page("b", "c/", ListOptions(start_after=start))
    assert ["start-after" in seen.target for seen in server.seen] == [False, False, True]

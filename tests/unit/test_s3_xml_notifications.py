"""Notification rules as XML, and the names of events."""

from __future__ import annotations

import pytest

from data_store.object_store.adapters.s3 import xml
from data_store.object_store.adapters.s3.xml_notifications import (
    event_kind,
    notification_request,
    notification_rules,
)
from data_store.object_store.errors import UnsupportedOperation
from data_store.object_store.models import EventKind, NotificationRule

QUEUE, TOPIC, FUNCTION = (f"arn:aws:{service}:eu-west-1:1:x" for service in ("sqs", "sns", "lambda"))


@pytest.mark.parametrize("minio", [True, False])
@pytest.mark.parametrize("target", [QUEUE, TOPIC, FUNCTION, "arn:minio:sqs::TESTS:webhook"])
def test_rules_come_back_as_they_were_sent(target, minio):
    """To queues, topics and functions, with every kind of event."""
    rules = [
        NotificationRule(id="a", target=target, events=tuple(EventKind), prefix="p&/", suffix=".x"),
        NotificationRule(id="b", target=target, events=(EventKind.REMOVED,)),
    ]
    assert notification_rules(xml.parse(notification_request(rules, minio=minio))) == rules


def test_no_rules_are_an_empty_configuration():
    """Which removes all."""
    assert notification_rules(xml.parse(notification_request([]))) == []


@pytest.mark.parametrize("target", ["queue", "arn:aws:ec2:eu-west-1:1:x", "arn", ""])
def test_a_target_that_is_none_is_refused(target):
    """S3 sends to queues, topics and functions."""
    rule = NotificationRule(id="a", target=target, events=(EventKind.CREATED,))
    with pytest.raises(UnsupportedOperation, match="no ARN"):
        notification_request([rule])


@pytest.mark.parametrize(
    "document",
    [
        "<EventBridgeConfiguration/>",
        f"<QueueConfiguration><Queue>{QUEUE}</Queue><Event>s3:ObjectCreated:Put</Event></QueueConfiguration>",
        f"<QueueConfiguration><Queue>{QUEUE}</Queue><Event>s3:Replication:*</Event></QueueConfiguration>",
    ],
)
def test_a_rule_that_has_no_model_is_refused(document):
    """A narrower one too: as a kind it would be wider than it is."""
    with pytest.raises(UnsupportedOperation):
        notification_rules(xml.parse(f"<NotificationConfiguration>{document}</NotificationConfiguration>".encode()))


def test_all_removals_are_two_kinds():
    """Of objects, and by delete markers."""
    document = (
        f"<N><TopicConfiguration><Topic>{TOPIC}</Topic><Event>s3:ObjectRemoved:*</Event></TopicConfiguration></N>"
    )
    rule = notification_rules(xml.parse(document.encode()))[0]
    assert rule.events == {EventKind.REMOVED, EventKind.MARKER_CREATED}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("s3:ObjectCreated:Put", EventKind.CREATED),
        ("ObjectCreated:CompleteMultipartUpload", EventKind.CREATED),
        ("s3:ObjectCreated:PutTagging", EventKind.TAGS_CHANGED),
        ("s3:ObjectTagging:Delete", EventKind.TAGS_CHANGED),
        ("s3:ObjectCreated:PutRetention", None),
        ("s3:ObjectRemoved:Delete", EventKind.REMOVED),
        ("s3:ObjectRemoved:DeleteMarkerCreated", EventKind.MARKER_CREATED),
        ("s3:LifecycleExpiration:Delete", EventKind.EXPIRED),
        ("s3:ObjectAccessed:Get", None),
    ],
)
def test_an_event_is_of_the_kind_that_its_name_says(name, kind):
    """With and without its namespace; MinIO counts tags among what is created."""
    assert event_kind(name) is kind

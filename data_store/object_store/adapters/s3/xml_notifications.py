"""Events and notification rules in the S3 protocol (S3 user guide, "Amazon S3 Event Notifications")."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.etree.ElementTree import Element

from data_store.object_store.adapters.s3.answers import InvalidAnswer, required
from data_store.object_store.adapters.s3.xml_writer import document, leaf, node
from data_store.object_store.errors import UnsupportedOperation
from data_store.object_store.models import EventKind, NotificationRule

__all__ = ["event_kind", "notification_request", "notification_rules"]

# The first that a name begins with decides. MinIO counts tags, retention and legal hold among what is created.
_KINDS: tuple[tuple[str, EventKind | None], ...] = (
    ("s3:ObjectTagging:", EventKind.TAGS_CHANGED),
    ("s3:ObjectCreated:PutTagging", EventKind.TAGS_CHANGED),
    ("s3:ObjectCreated:DeleteTagging", EventKind.TAGS_CHANGED),
    ("s3:ObjectCreated:PutRetention", None),
    ("s3:ObjectCreated:PutLegalHold", None),
    ("s3:ObjectCreated:", EventKind.CREATED),
    ("s3:ObjectRemoved:DeleteMarkerCreated", EventKind.MARKER_CREATED),
    ("s3:ObjectRemoved:", EventKind.REMOVED),
    ("s3:LifecycleExpiration:", EventKind.EXPIRED),
    ("s3:ObjectLifecycle:Expiration", EventKind.EXPIRED),
)
_NAMES: dict[EventKind, tuple[str, ...]] = {
    EventKind.CREATED: ("s3:ObjectCreated:*",),
    EventKind.REMOVED: ("s3:ObjectRemoved:Delete",),
    EventKind.MARKER_CREATED: ("s3:ObjectRemoved:DeleteMarkerCreated",),
    EventKind.TAGS_CHANGED: ("s3:ObjectTagging:*",),
    EventKind.EXPIRED: ("s3:LifecycleExpiration:*",),
}
_MINIO_NAMES = _NAMES | {
    EventKind.TAGS_CHANGED: ("s3:ObjectCreated:PutTagging", "s3:ObjectCreated:DeleteTagging"),
}
_WHOLE: dict[str, tuple[EventKind, ...]] = {
    "s3:ObjectRemoved:*": (EventKind.REMOVED, EventKind.MARKER_CREATED),
    **{name: (kind,) for kind, names in {*_NAMES.items(), *_MINIO_NAMES.items()} for name in names},
}
_TARGETS = {"sqs": ("Queue", "Queue"), "sns": ("Topic", "Topic"), "lambda": ("CloudFunction", "CloudFunction")}


def event_kind(name: str) -> EventKind | None:
    """Return what an event is about by its name; None for what there is no kind for."""
    full = name if name.startswith("s3:") else f"s3:{name}"
    return next((kind for start, kind in _KINDS if full.startswith(start)), None)


def notification_rules(root: Element) -> list[NotificationRule]:
    """Return the rules that GetBucketNotificationConfiguration tells, sorted by id.

    Raises:
        UnsupportedOperation: there is one that ``NotificationRule`` cannot express.
        InvalidAnswer: one cannot be. It may have no id: MinIO leaves an empty one as it was put.
    """
    rules = [_rule(item) for item in root]
    return sorted(rules, key=lambda rule: rule.id)


def notification_request(rules: Iterable[NotificationRule], *, minio: bool = False) -> bytes:
    """Return the body of PutBucketNotificationConfiguration.

    Args:
        rules: the rules.
        minio: whether the server is MinIO, which has names of its own for the events of tags.

    Raises:
        UnsupportedOperation: a target is no ARN of a queue, a topic or a function.
    """
    names = _MINIO_NAMES if minio else _NAMES
    return document("NotificationConfiguration", *(_element(rule, names) for rule in rules))


def _element(rule: NotificationRule, names: dict[EventKind, tuple[str, ...]]) -> str:
    kind, target = _target(rule.target)
    events = [leaf("Event", name) for event in rule.events for name in names[event]]
    filters = [_filter(name, value) for name, value in (("prefix", rule.prefix), ("suffix", rule.suffix)) if value]
    chosen = node("Filter", node("S3Key", *filters)) if filters else ""
    return node(f"{kind}Configuration", leaf("Id", rule.id), leaf(target, rule.target), *events, chosen)


def _filter(name: str, value: str) -> str:
    return node("FilterRule", leaf("Name", name), leaf("Value", value))


def _target(arn: str) -> tuple[str, str]:
    service = f"{arn}:::".split(":")[2]
    if not arn.startswith("arn:") or service not in _TARGETS:
        raise UnsupportedOperation(f"{arn!r} is no ARN of a queue (sqs), a topic (sns) or a function (lambda)")
    return _TARGETS[service]


def _rule(item: Element) -> NotificationRule:
    kind = item.tag.removesuffix("Configuration")
    if kind not in ("Queue", "Topic", "CloudFunction"):
        raise UnsupportedOperation(f"the bucket has a notification rule that has no model: {item.tag}")
    return NotificationRule(
        id=item.findtext("Id") or "",
        target=required(item.findtext(kind), kind),
        events=_events([event.text or "" for event in item.iterfind("Event")]),
        **_filters(item),
    )


def _filters(item: Element) -> dict[str, str]:
    """Return what a rule chooses keys by; one that is overlooked would make the rule wider than it is."""
    found: dict[str, str] = {}
    for chosen in item.iterfind("Filter/*"):
        if chosen.tag != "S3Key" and len(chosen):  # Ceph's, by tags and by metadata
            raise UnsupportedOperation(f"the bucket has a notification rule that has no model: {chosen.tag}")
        for rule in chosen.iterfind("FilterRule"):
            name = (rule.findtext("Name") or "").lower()
            if name not in ("prefix", "suffix") or name in found:
                raise InvalidAnswer("the notification rule has a filter that cannot be")
            found[name] = rule.findtext("Value") or ""
    return found


def _events(names: Sequence[str]) -> tuple[EventKind, ...]:
    """Return the kinds that names stand for, each once."""
    if not names:
        raise InvalidAnswer("the notification rule has no Event")
    unknown = next((name for name in names if name not in _WHOLE), None)
    if unknown is not None:
        raise UnsupportedOperation(f"the bucket has a notification rule for events that have no kind: {unknown}")
    return tuple(dict.fromkeys(kind for name in names for kind in _WHOLE[name]))

"""Bad input of the capabilities: refused by a rule that the message names, before anything is sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from data_store.object_store.errors import InvalidArgument
from data_store.object_store.models import (
    DefaultRetention,
    EventKind,
    LifecycleRule,
    NotificationRule,
    ObjectIdentifier,
    PartInfo,
    Retention,
    RetentionMode,
    SseCustomer,
    SseKms,
    Transition,
)
from data_store.object_store.testing.conformance.group import ConformanceGroup

__all__ = ["BadInput"]

Call = Callable[[Any, str], object]
NAIVE = datetime(2999, 1, 1)
MIDNIGHT = datetime(2999, 1, 1, tzinfo=UTC)
MIDDAY = MIDNIGHT + timedelta(hours=12)
ARN = "arn:aws:sqs:us-east-1:123456789012:queue"
PART = PartInfo(1, "0123456789abcdef0123456789abcdef")


def _rules(*rules: object) -> Call:
    return lambda store, bucket: store.set_lifecycle(list(rules), bucket)


def _rule(*arguments: object, **fields: object) -> Call:
    return _rules(LifecycleRule(*(arguments or ("rule",)), **fields))  # type: ignore[arg-type]  # the mistakes


def _tags(tags: object) -> Call:
    return lambda store, bucket: store.set_tags("key", tags, bucket)


def _part(number: object) -> Call:
    return lambda store, bucket: store.upload_part(b"", "key", "id", number, bucket)


def _complete(parts: object, upload: object = "id") -> Call:
    return lambda store, bucket: store.complete_multipart_upload("key", upload, parts, bucket)


def _put(**options: object) -> Call:
    return lambda store, bucket: store.put_object(b"content", "key", bucket, **options)


def _copy(**options: object) -> Call:
    return lambda store, bucket: store.copy_object("key", "copy", bucket, bucket, **options)


def _get(**options: object) -> Call:
    return lambda store, bucket: store.get_object("key", bucket, **options)


def _watch(**options: object) -> Call:
    return lambda store, bucket: store.watch(bucket, **options)


def _stale(age: object) -> Call:
    return lambda store, bucket: store.abort_stale_uploads(age, bucket=bucket)


def _notification(target: str, *events: EventKind) -> NotificationRule:
    return NotificationRule(id="rule", target=target, events=events)


def _notify(*rules: object) -> Call:
    return lambda store, bucket: store.set_notifications(list(rules), bucket)


def _retain(retention: object) -> Call:
    return lambda store, bucket: store.set_retention("key", retention, bucket)


def _by_default(retention: object) -> Call:
    return lambda store, bucket: store.set_default_retention(retention, bucket)


def _copied_part(**options: object) -> Call:
    return lambda store, bucket: store.upload_part_copy("key", "copy", "id", 1, bucket, src_bucket=bucket, **options)


VERSIONS: dict[str, tuple[Call, str]] = {
    "empty": (_get(version=""), "version"),
    "no text": (_get(version=7), "version"),
    "control characters": (_get(version="a\nb"), "version"),
    "of a copy": (_copy(src_version=""), "version"),
    "of a deletion": (lambda store, bucket: store.delete_object("key", bucket, ""), "version"),
    "of many": (lambda store, bucket: store.delete_objects([ObjectIdentifier("key", "")], bucket), "version"),
    "to restore": (lambda store, bucket: store.restore_version("key", None, bucket), "version"),
    "empty to restore": (lambda store, bucket: store.restore_version("key", "", bucket), "version"),
    "empty key to restore": (lambda store, bucket: store.restore_version("", "version", bucket), "key"),
    "key and prefix": (lambda store, bucket: store.list_versions("a", bucket, key="b"), "prefix"),
    "empty key": (lambda store, bucket: store.list_versions(bucket=bucket, key=""), "key"),
    "empty key to purge": (lambda store, bucket: store.purge("", bucket), "key"),
    "with if_match": (lambda store, bucket: store.delete_object("key", bucket, "version", if_match="etag"), "if_match"),
}

UPLOADS: dict[str, tuple[Call, str]] = {
    "part 0": (_part(0), "part"),
    "part -1": (_part(-1), "part"),
    "part 10,001": (_part(10_001), "part"),
    "part True": (_part(True), "part"),
    "part text": (_part("1"), "part"),
    "text as part": (lambda store, bucket: store.upload_part("text", "key", "id", 1, bucket), "bytes"),
    "negative length": (lambda store, bucket: store.upload_part(b"", "key", "id", 1, bucket, length=-1), "length"),
    "no upload id": (_complete([PART], ""), "upload_id"),
    "upload id no text": (_complete([PART], None), "upload_id"),
    "no parts": (_complete([]), "part"),
    "a part twice": (_complete([PART, PART]), "part"),
    "no part": (_complete([1]), "part"),
    "no list": (_complete(PART), "part"),
    "both conditions": (
        lambda store, bucket: store.complete_multipart_upload(
            "key", "id", [PART], bucket, if_match="a", if_none_match="*"
        ),
        "if_match",
    ),
    "if_none_match of an ETag": (
        lambda store, bucket: store.complete_multipart_upload("key", "id", [PART], bucket, if_none_match="a"),
        "if_none_match",
    ),
    "negative offset": (_copied_part(offset=-1), "offset"),
    "no length": (_copied_part(length=0), "length"),
    "negative age": (_stale(-1), "older_than"),
    "negative timedelta": (_stale(timedelta(days=-1)), "older_than"),
    "age no number": (_stale("a day"), "older_than"),
    "age None": (_stale(None), "older_than"),
    "age True": (_stale(True), "older_than"),
    "age NaN": (_stale(float("nan")), "older_than"),
}

TAGS: dict[str, tuple[Call, str]] = {
    "eleven": (_tags({f"key-{number}": "" for number in range(11)}), "11 tags"),
    "empty key": (_tags({"": "value"}), "tag"),
    "long key": (_tags({"k" * 129: "value"}), "128"),
    "long value": (_tags({"key": "v" * 257}), "256"),
    "reserved": (_tags({"aws:key": "value"}), "aws:"),
    "value no text": (_tags({"key": 1}), "tag"),
    "key no text": (_tags({1: "value"}), "tag"),
    "no mapping": (_tags(["key"]), "mapping"),
    "None": (_tags(None), "mapping"),
    "control character": (_tags({"key": "a\nb"}), "tag"),
    "markup": (_tags({"<key>": "value"}), "tag"),
    "at an upload": (_put(tags={f"key-{number}": "" for number in range(11)}), "11 tags"),
    "at a copy": (_copy(tags={"k" * 129: "value"}), "128"),
    "of a bucket": (
        lambda store, bucket: store.set_bucket_tags({f"key-{number}": "" for number in range(51)}, bucket),
        "51 tags",
    ),
}

LIFECYCLE: dict[str, tuple[Call, str]] = {
    "no rules": (_rules(), "rules"),
    "no rule": (_rules("rule"), "rule"),
    "no list": (lambda store, bucket: store.set_lifecycle("rule", bucket), "rules"),
    "no action": (_rule(), "at least one"),
    "an id twice": (_rules(*[LifecycleRule("rule", expire_after_days=1)] * 2), "twice"),
    "a long id": (_rule("r" * 256, expire_after_days=1), "255"),
    "zero days": (_rule(expire_after_days=0), "expire_after_days"),
    "negative days": (_rule(noncurrent_days=-1), "noncurrent_days"),
    "no days": (_rule(abort_uploads_after_days="1"), "abort_uploads_after_days"),
    "days and date": (_rule(expire_after_days=1, expire_at=MIDNIGHT), "contradict"),
    "date of no zone": (_rule(expire_at=NAIVE), "expire_at"),
    "date of no midnight": (_rule(expire_at=MIDDAY), "midnight"),
    "markers and days": (_rule(expire_after_days=1, expire_delete_markers=True), "expire_delete_markers"),
    "keep without days": (_rule(noncurrent_keep=1, expire_after_days=1), "noncurrent_days"),
    "keep none": (_rule(noncurrent_keep=0, noncurrent_days=1), "noncurrent_keep"),
    "uploads by tags": (_rule(abort_uploads_after_days=1, tags={"a": "b"}), "abort_uploads_after_days"),
    "uploads by size": (_rule(abort_uploads_after_days=1, min_size=1), "abort_uploads_after_days"),
    "negative size": (_rule(expire_after_days=1, min_size=-1), "min_size"),
    "sizes that exclude all": (_rule(expire_after_days=1, min_size=2, max_size=1), "max_size"),
    "too many tags": (_rule(expire_after_days=1, tags={str(number): "" for number in range(11)}), "tags"),
    "transition never": (_rule(transition=Transition(storage_class="GLACIER")), "Transition"),
    "transition twice": (
        _rule(transition=Transition(storage_class="GLACIER", after_days=1, at=MIDNIGHT)),
        "Transition",
    ),
    "transition to nothing": (_rule(transition=Transition(storage_class="", after_days=1)), "storage_class"),
    "moved when gone": (
        _rule(expire_after_days=1, transition=Transition(storage_class="GLACIER", after_days=2)),
        "expires",
    ),
    "days and dates": (
        _rule(expire_after_days=1, transition=Transition(storage_class="GLACIER", at=MIDNIGHT)),
        "transition",
    ),
    "a long prefix": (_rule("rule", "p" * 1025, expire_after_days=1), "prefix"),
    "enabled by text": (_rule(expire_after_days=1, enabled="yes"), "enabled"),
    "a run of no zone": (lambda store, bucket: store.run_lifecycle(bucket, now=NAIVE), "now"),
}

EVENTS: dict[str, tuple[Call, str]] = {
    "no kinds": (_watch(events=[]), "events"),
    "unknown kind": (_watch(events=["exploded"]), "events"),
    "empty start": (_watch(start=""), "start"),
    "no start": (_watch(start=None), "start"),
    "prefix no text": (_watch(prefix=1), "prefix"),
    "suffix no text": (_watch(suffix=1), "suffix"),
    "no target": (_notify(_notification("no arn", EventKind.CREATED)), "target"),
    "rule of no kinds": (_notify(_notification(ARN)), "events"),
    "a rule twice": (_notify(*[_notification(ARN, EventKind.CREATED)] * 2), "twice"),
    "a rule of no type": (_notify("rule"), "rule"),
}

PROTECTION: dict[str, tuple[Call, str]] = {
    "short key": (_put(encryption=SseCustomer(b"short")), "32 bytes"),
    "no encryption": (_put(encryption="AES256"), "encryption"),
    "key to read": (_get(encryption=SseKms()), "encryption"),
    "key of a source": (_copy(source_encryption=SseCustomer(b"")), "32 bytes"),
    "retention over": (_retain(Retention(RetentionMode.GOVERNANCE, datetime(2001, 1, 1, tzinfo=UTC))), "future"),
    "retention of no zone": (_retain(Retention(RetentionMode.GOVERNANCE, NAIVE)), "until"),
    "unknown mode": (_retain(Retention("FOREVER", MIDNIGHT)), "mode"),  # type: ignore[arg-type]  # the mistake
    "no retention": (_retain("a year"), "etention"),
    "at an upload": (_put(retention=Retention(RetentionMode.COMPLIANCE, NAIVE)), "until"),
    "hold no flag": (_put(legal_hold="ON"), "legal_hold"),
    "default never": (_by_default(DefaultRetention(RetentionMode.GOVERNANCE)), "DefaultRetention"),
    "default twice": (_by_default(DefaultRetention(RetentionMode.GOVERNANCE, 1, 1)), "DefaultRetention"),
    "default of zero days": (_by_default(DefaultRetention(RetentionMode.GOVERNANCE, 0)), "days"),
}

READS_AND_WRITES: dict[str, tuple[Call, str]] = {
    "unknown checksum": (_put(checksum="md4"), "checksum"),
    "time of no zone": (_get(if_modified_since=NAIVE), "if_modified_since"),
    "time no datetime": (_get(if_unmodified_since="yesterday"), "if_unmodified_since"),
    "conditions of a copy": (_copy(if_match="a", if_none_match="*"), "if_match"),
    "if_none_match of a copy": (_copy(if_none_match="etag"), "if_none_match"),
    "if_match of a deletion": (lambda store, bucket: store.delete_object("key", bucket, if_match="*"), "if_match"),
    "no pair": (lambda store, bucket: store.copy_objects(["ab"], bucket, bucket), "pair"),
    "keys as text": (lambda store, bucket: store.head_objects("keys", bucket), "keys"),
    "empty key of many": (lambda store, bucket: store.head_objects(["a", ""], bucket), "key"),
    "unknown capability": (lambda store, _bucket: store.supports(int), "capability"),
    "prefix to verify": (lambda store, bucket: store.verify("p" * 1025, bucket), "prefix"),
    "bucket of no name": (lambda store, _bucket: store.get_lifecycle("sp ace"), "bucket"),
    "bucket no text": (lambda store, _bucket: store.enable_versioning(7), "bucket"),
}

CASES = {
    f"{table}: {name}": case
    for table, cases in {
        "versions": VERSIONS,
        "uploads": UPLOADS,
        "tags": TAGS,
        "lifecycle": LIFECYCLE,
        "events": EVENTS,
        "protection": PROTECTION,
        "others": READS_AND_WRITES,
    }.items()
    for name, case in cases.items()
}


class BadInput(ConformanceGroup):
    """Bad input."""

    @pytest.mark.parametrize("name", CASES)
    def test_bad_input_is_refused_before_anything_is_sent(self, store: Any, missing_bucket: str, name: str) -> None:
        """InvalidArgument names the rule, also where the capability is not there, or the bucket is not."""
        call, rule = CASES[name]
        with pytest.raises(InvalidArgument, match=rule):
            call(store, missing_bucket)
        assert store.bucket_exists(missing_bucket) is False

"""The rules for tags, encryption, retention and checksums."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from data_store.object_store import validation
from data_store.object_store.errors import InvalidArgument
from data_store.object_store.models import (
    DefaultRetention,
    Retention,
    RetentionMode,
    SseCustomer,
    SseKms,
    SseS3,
)

LATER = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
GOVERNANCE = RetentionMode.GOVERNANCE

# tags


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {"k" * 128: "v" * 256},
        {"a": ""},
        {"+-=._:/@ 0": "Zürich 東京 ٣"},
        {str(number): "" for number in range(10)},
        {"Aws": "aws:value"},
    ],
)
def test_good_tags(tags: dict[str, str]) -> None:
    """Letters, digits and spaces of any script, and some signs."""
    assert validation.tags(tags) == tags


@pytest.mark.parametrize(
    ("tags", "rule"),
    [
        ({str(number): "" for number in range(11)}, "11 tags, of 10"),
        ({"": "v"}, "1 to 128"),
        ({"k" * 129: "v"}, "1 to 128"),
        ({"k": "v" * 257}, "0 to 256"),
        ({"k": "\U00020000" * 129}, "0 to 256"),
        ({"a&b": "v"}, "letters"),
        ({"k": "a\nb"}, "letters"),
        ({"k": "a*b"}, "letters"),
        ({"k": "😀"}, "letters"),
        ({"k": "\ud800"}, "letters"),
        ({"aws:k": "v"}, "reserves"),
        ({"AWS:k": "v"}, "reserves"),
        ({"k": 1}, "must be a str, not int"),
        ({"k": None}, "must be a str"),
        ({1: "v"}, "must be a str"),
        ([("k", "v")], "must be a mapping"),
        ("k=v", "must be a mapping"),
        (None, "must be a mapping"),
    ],
)
def test_bad_tags(tags: Any, rule: str) -> None:
    """S3 counts characters in UTF-16."""
    with pytest.raises(InvalidArgument, match=rule):
        validation.tags(tags)


def test_a_bucket_has_more_tags() -> None:
    """Up to 50."""
    tags = {str(number): "" for number in range(50)}
    assert validation.bucket_tags(tags) == tags
    with pytest.raises(InvalidArgument, match="51 tags, of 50"):
        validation.bucket_tags({**tags, "k": ""})


# encryption


@pytest.mark.parametrize(
    "encryption",
    [SseS3(), SseKms(), SseKms("arn:aws:kms:eu-central-1:1:key/2", {"a": "b"}), SseCustomer(bytes(32)), None],
)
def test_good_encryption(encryption: Any) -> None:
    """It comes back as it is."""
    assert validation.put_options({"encryption": encryption}).encryption == encryption
    assert validation.content_options({"encryption": encryption}) == {"encryption": encryption}


@pytest.mark.parametrize(
    ("encryption", "rule"),
    [
        ("AES256", "must be SseS3"),
        (SseS3, "must be SseS3"),
        (bytes(32), "must be SseS3"),
        (SseKms(""), "key_id"),
        (SseKms("a\nb"), "key_id"),
        (SseKms(context={"a": 1}), "context"),  # type: ignore[dict-item]  # what is to be refused
        (SseKms(context={1: "a"}), "context"),  # type: ignore[dict-item]  # what is to be refused
        (SseKms(context="a"), "context"),  # type: ignore[arg-type]  # what is to be refused
        (SseCustomer(b"s3cr3t"), "32 bytes"),
        (SseCustomer(b"s3cr3t" * 6), "32 bytes"),
        (SseCustomer("s3cr3t-" * 4 + "s3cr"), "32 bytes"),  # type: ignore[arg-type]  # what is to be refused
    ],
)
def test_bad_encryption(encryption: Any, rule: str) -> None:
    """No message shows a key."""
    with pytest.raises(InvalidArgument, match=rule) as caught:
        validation.put_options({"encryption": encryption})
    assert "s3cr" not in str(caught.value)


@pytest.mark.parametrize("encryption", [SseS3(), SseKms(), bytes(32), SseCustomer(bytes(16))])
def test_a_read_takes_keys_of_the_caller_only(encryption: Any) -> None:
    """The server knows the others; the same holds for the source of a copy."""
    with pytest.raises(InvalidArgument):
        validation.get_options(encryption=encryption)
    with pytest.raises(InvalidArgument):
        validation.content_options({"source_encryption": encryption})


# retention


def test_a_retention_ends_with_a_second() -> None:
    """Rounded up, in UTC."""
    until = (LATER + timedelta(microseconds=1)).astimezone(timezone(timedelta(hours=5)))
    checked = validation.retention(Retention("GOVERNANCE", until))  # type: ignore[arg-type]  # what a file would say
    assert checked == Retention(GOVERNANCE, LATER + timedelta(seconds=1))
    assert (checked.until.tzinfo, type(checked.mode)) == (UTC, RetentionMode)
    assert validation.retention(Retention(GOVERNANCE, LATER)) == Retention(GOVERNANCE, LATER)


@pytest.mark.parametrize(
    ("retention", "rule"),
    [
        (Retention(GOVERNANCE, datetime.now(UTC) - timedelta(seconds=1)), "future"),
        (Retention(GOVERNANCE, LATER.replace(tzinfo=None)), "aware"),
        (Retention(GOVERNANCE, 5), "must be a datetime"),  # type: ignore[arg-type]  # what is to be refused
        (Retention("SOMETIMES", LATER), "GOVERNANCE or COMPLIANCE"),  # type: ignore[arg-type]  # what is to be refused
        (("GOVERNANCE", LATER), "must be a Retention"),
        (DefaultRetention(GOVERNANCE, days=1), "must be a Retention"),
    ],
)
def test_bad_retentions(retention: Any, rule: str) -> None:
    """The same at an upload."""
    with pytest.raises(InvalidArgument, match=rule):
        validation.retention(retention)
    with pytest.raises(InvalidArgument, match=rule):
        validation.put_options({"retention": retention})


def test_a_default_retention_has_days_or_years() -> None:
    """One of them, at least 1."""
    assert validation.default_retention(DefaultRetention(GOVERNANCE, years=2)).years == 2
    for bad in (
        DefaultRetention(GOVERNANCE),
        DefaultRetention(GOVERNANCE, 1, 1),
        DefaultRetention(GOVERNANCE, 0),
        DefaultRetention(GOVERNANCE, years=-1),
        DefaultRetention(GOVERNANCE, True),
        DefaultRetention("", 1),  # type: ignore[arg-type]  # what is to be refused
        Retention(GOVERNANCE, LATER),
    ):
        with pytest.raises(InvalidArgument, match=r"DefaultRetention|mode of a retention"):
            validation.default_retention(bad)


# checksums


@pytest.mark.parametrize("name", ["crc32c", "crc64nvme", "sha256", None])
def test_good_checksums(name: Any) -> None:
    """Of uploads and of parts."""
    assert validation.put_options({"checksum": name}).checksum == name
    assert validation.part_options(name, None).checksum == name


@pytest.mark.parametrize("name", ["md5", "CRC32C", "", 5, ["sha256"]])
def test_bad_checksums(name: Any) -> None:
    """The message names the good ones."""
    with pytest.raises(InvalidArgument, match="crc32c, crc64nvme, sha256"):
        validation.put_options({"checksum": name})
    with pytest.raises(InvalidArgument, match="crc32c, crc64nvme, sha256"):
        validation.part_options(name, None)

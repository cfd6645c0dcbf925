"""Retention, legal hold and the default retention of the embedded store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from data_store.object_store.adapters.embedded import locks
from data_store.object_store.adapters.embedded.client import EmbeddedClient
from data_store.object_store.errors import AccessDenied, BucketNotFound, UnsupportedOperation, VersionNotFound
from data_store.object_store.models import (
    BucketOptions,
    CompleteOptions,
    CopyOptions,
    DefaultRetention,
    DeleteOptions,
    GetOptions,
    ObjectIdentifier,
    PartOptions,
    PutOptions,
    Retention,
    RetentionMode,
)
from tests.unit.embedded_support import BUCKET, Source, io, memory, put, read, with_bucket

GOVERNANCE, COMPLIANCE = RetentionMode.GOVERNANCE, RetentionMode.COMPLIANCE
NOW = datetime.now(UTC)
SOON, LATER = NOW + timedelta(days=1), NOW + timedelta(days=2)
OVER = NOW - timedelta(seconds=1)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[EmbeddedClient]:
    """A store with an empty bucket whose versions can be locked."""
    with with_bucket(memory(str(tmp_path)), BucketOptions(object_lock=True)) as made:
        yield made


@pytest.mark.parametrize(
    ("options", "bypass", "deletable"),
    [
        (PutOptions(), False, True),
        (PutOptions(retention=Retention(GOVERNANCE, SOON)), False, False),
        (PutOptions(retention=Retention(GOVERNANCE, SOON)), True, True),
        (PutOptions(retention=Retention(COMPLIANCE, SOON)), False, False),
        (PutOptions(retention=Retention(COMPLIANCE, SOON)), True, False),
        (PutOptions(retention=Retention(COMPLIANCE, OVER)), False, True),
        (PutOptions(legal_hold=True), True, False),
        (PutOptions(retention=Retention(GOVERNANCE, SOON), legal_hold=True), True, False),
    ],
)
def test_a_locked_version_cannot_be_deleted(
    client: EmbeddedClient, options: PutOptions, bypass: bool, deletable: bool
) -> None:
    """Current or noncurrent, alone or with others; a delete without a version makes a marker all the same."""
    ids = [put(client, "key", text, options).version_id for text in (b"1", b"2")]
    for version in ids:
        found = client.delete_objects(
            BUCKET, [ObjectIdentifier("key", version), ObjectIdentifier("other")], bypass_governance=bypass
        )
        assert (found[0].error is None) == deletable
        assert found[1].error is None
        if not deletable:
            assert isinstance(found[0].error, AccessDenied)
            assert (found[0].error.bucket, found[0].error.key) == (BUCKET, "key")
            with pytest.raises(AccessDenied):
                client.delete_object(BUCKET, "key", DeleteOptions(version=version, bypass_governance=bypass))
            assert client.get_object(BUCKET, "key", GetOptions(version=version)).read()
    assert client.delete_object(BUCKET, "key", DeleteOptions()).is_delete_marker


def test_what_was_locked_is_reported_as_it_was_given(client: EmbeddedClient) -> None:
    """For the version that is named, else the current one; None and False where there is none."""
    retention = Retention(GOVERNANCE, SOON)
    first = put(client, "key", b"1", PutOptions(retention=retention, legal_hold=True)).version_id
    put(client, "key", b"2")
    assert client.get_retention(BUCKET, "key") is None
    assert client.get_legal_hold(BUCKET, "key") is False
    assert client.get_retention(BUCKET, "key", first) == retention
    assert client.get_legal_hold(BUCKET, "key", first) is True
    client.set_legal_hold(BUCKET, "key", False, first)
    client.set_retention(BUCKET, "key", None, first, bypass_governance=True)
    assert client.get_retention(BUCKET, "key", first) is None
    client.delete_object(BUCKET, "key", DeleteOptions(version=first))
    with pytest.raises(VersionNotFound):
        client.get_retention(BUCKET, "key", first)


@pytest.mark.parametrize(
    ("before", "after", "bypass", "allowed"),
    [
        (None, Retention(GOVERNANCE, SOON), False, True),
        (Retention(GOVERNANCE, SOON), Retention(GOVERNANCE, LATER), False, True),
        (Retention(GOVERNANCE, SOON), Retention(GOVERNANCE, SOON), False, True),
        (Retention(GOVERNANCE, LATER), Retention(GOVERNANCE, SOON), False, False),
        (Retention(GOVERNANCE, LATER), Retention(GOVERNANCE, SOON), True, True),
        (Retention(GOVERNANCE, SOON), None, False, False),
        (Retention(GOVERNANCE, SOON), None, True, True),
        (Retention(GOVERNANCE, SOON), Retention(COMPLIANCE, SOON), False, True),
        (Retention(GOVERNANCE, LATER), Retention(COMPLIANCE, SOON), False, False),
        (Retention(COMPLIANCE, SOON), Retention(COMPLIANCE, LATER), False, True),
        (Retention(COMPLIANCE, LATER), Retention(COMPLIANCE, SOON), True, False),
        (Retention(COMPLIANCE, SOON), Retention(GOVERNANCE, LATER), True, False),
        (Retention(COMPLIANCE, SOON), None, True, False),
        (Retention(COMPLIANCE, OVER), None, False, True),
        (Retention(COMPLIANCE, OVER), Retention(GOVERNANCE, SOON), False, True),
    ],
)
def test_a_retention_only_grows_but_for_who_may_bypass_it(
    client: EmbeddedClient, before: Retention | None, after: Retention | None, bypass: bool, allowed: bool
) -> None:
    """Longer and firmer always; shorter or none at all for GOVERNANCE only, with bypass_governance."""
    put(client, "key", b"1", PutOptions(retention=before))
    if allowed:
        client.set_retention(BUCKET, "key", after, bypass_governance=bypass)
    else:
        with pytest.raises(AccessDenied, match="retained until"):
            client.set_retention(BUCKET, "key", after, bypass_governance=bypass)
    assert client.get_retention(BUCKET, "key") == (after if allowed else before)


@pytest.mark.parametrize(
    "default", [DefaultRetention(GOVERNANCE, days=2), DefaultRetention(COMPLIANCE, years=1), None], ids=str
)
def test_new_versions_get_the_default_of_the_bucket(client: EmbeddedClient, default: DefaultRetention | None) -> None:
    """However they are written, unless they bring their own; those that were there keep theirs."""
    put(client, "before", b"1")
    client.set_default_retention(BUCKET, DefaultRetention(GOVERNANCE, days=9))
    client.set_default_retention(BUCKET, default)
    assert client.get_default_retention(BUCKET) == default
    put(client, "put", b"1")
    client.copy_object(BUCKET, "put", BUCKET, "copy", CopyOptions())
    for key, options in (("completed", PutOptions()), ("held", PutOptions(legal_hold=True))):
        upload = client.create_multipart_upload(BUCKET, key, options).upload_id
        part = client.upload_part(BUCKET, key, upload, 1, Source(io.BytesIO(b"1"), 1), PartOptions())
        client.complete_multipart_upload(BUCKET, key, upload, [part], CompleteOptions())
    assert client.get_legal_hold(BUCKET, "held") is True
    own = Retention(GOVERNANCE, SOON)
    put(client, "own", b"1", PutOptions(retention=own))
    assert client.get_retention(BUCKET, "own") == own
    assert client.get_retention(BUCKET, "before") is None
    for key in ("put", "copy", "completed", "held"):
        found = client.get_retention(BUCKET, key)
        if default is None:
            assert found is None
            continue
        assert found is not None
        assert found.mode is default.mode
        days = (found.until - datetime.now(UTC)) / timedelta(days=1)
        assert 1.9 < days < 2.1 if default.days else 364.9 < days < 366.1


def test_a_year_from_a_leap_day_ends_on_the_first_of_march() -> None:
    """No day less than a year."""
    assert locks._years_later(datetime(2028, 2, 29, tzinfo=UTC), 1) == datetime(2029, 3, 1, tzinfo=UTC)
    assert locks._years_later(datetime(2028, 2, 29, tzinfo=UTC), 4) == datetime(2032, 2, 29, tzinfo=UTC)


def test_in_a_bucket_without_object_lock_nothing_can_be_locked(client: EmbeddedClient) -> None:
    """UnsupportedOperation, and nothing is written; a missing bucket is said to be missing."""
    client.create_bucket("plain", BucketOptions())
    retention = Retention(GOVERNANCE, SOON)
    for options in (PutOptions(retention=retention), PutOptions(legal_hold=True)):
        with pytest.raises(UnsupportedOperation):
            client.put_object("plain", "key", Source(io.BytesIO(b""), 0), options)
        with pytest.raises(UnsupportedOperation):
            client.create_multipart_upload("plain", "key", options)
    client.put_object("plain", "key", Source(io.BytesIO(b""), 0), PutOptions(legal_hold=False))
    for operation in (
        lambda bucket: client.get_retention(bucket, "key"),
        lambda bucket: client.set_retention(bucket, "key", retention),
        lambda bucket: client.get_legal_hold(bucket, "key"),
        lambda bucket: client.set_legal_hold(bucket, "key", True),
        lambda bucket: client.get_default_retention(bucket),
        lambda bucket: client.set_default_retention(bucket, None),
    ):
        with pytest.raises(UnsupportedOperation, match="object_lock"):
            operation("plain")
        with pytest.raises(BucketNotFound):
            operation("missing")


def test_a_locked_version_behind_a_marker_comes_back(client: EmbeddedClient) -> None:
    """The marker is not locked; its lock is still on the version when it is the latest again."""
    version = put(client, "key", b"1", PutOptions(legal_hold=True)).version_id
    marker = client.delete_object(BUCKET, "key", DeleteOptions()).version_id
    client.delete_object(BUCKET, "key", DeleteOptions(version=marker))
    assert read(client, "key") == b"1"
    assert client.get_legal_hold(BUCKET, "key", version) is True

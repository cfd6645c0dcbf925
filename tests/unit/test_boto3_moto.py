"""Framework ``boto3`` under moto's ``mock_aws``: nothing reaches the network, the data path included."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from boto3.session import Session
from moto import mock_aws

from data_store.object_store import ObjectNotFound, ObjectStore, ObjectStoreConfiguration, VersioningStatus

BUCKET = "bucket-of-moto"
REGION = "eu-west-1"
LARGE = bytes(range(256)) * 4096 * 20  # 20 MiB: in parts


@pytest.fixture(autouse=True)
def _nothing_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))


def make_store(**connection: Any) -> ObjectStore:
    """A store on AWS."""
    return ObjectStore(
        ObjectStoreConfiguration(framework="boto3", root_bucket=BUCKET, connection={"region": REGION, **connection})
    )


def of_client() -> ObjectStore:
    """A store with a client of the program's own."""
    client = boto3.client("s3", region_name=REGION)
    connection = {"driver_config": {"client": client}}
    return ObjectStore({"framework": "boto3", "root_bucket": BUCKET, "connection": connection})


def of_session() -> ObjectStore:
    """A store with a session of the program's own."""
    return make_store(driver_config={"session": Session("A", "S", region_name=REGION)})


def made_before() -> ObjectStore:
    """A store whose client is there before moto begins."""
    store = make_store()
    assert store.client is not None
    return store


def with_endpoint() -> ObjectStore:
    """A store whose client is not made before something needs it."""
    return make_store(endpoint=f"https://s3.{REGION}.amazonaws.com")


def with_endpoint_before() -> ObjectStore:
    """Such a store, made before moto begins."""
    store = with_endpoint()
    assert store.client is not None
    return store


@pytest.fixture(params=["inside", "before", "endpoint", "endpoint before", "client", "client before", "session"])
def store(request: pytest.FixtureRequest) -> Iterator[ObjectStore]:
    """A store with a bucket under moto, however it was made."""
    before = {"before": made_before, "client before": of_client, "endpoint before": with_endpoint_before}
    inside = {"inside": make_store, "client": of_client, "session": of_session, "endpoint": with_endpoint}
    made = before[request.param]() if request.param in before else None
    with mock_aws(), made or inside[request.param]() as running:
        running.create_bucket(BUCKET)
        yield running


def test_an_object_is_written_read_and_deleted(store: ObjectStore) -> None:
    """With its metadata and tags."""
    written = store.put_object(b"content", "a b/ü", metadata={"m": "ü"}, tags={"t": "v"}, content_type="text/plain")
    assert store.read_object("a b/ü") == b"content"
    found = store.head_object("a b/ü")
    assert (found.etag, found.size, found.metadata, found.content_type) == (written.etag, 7, {"m": "ü"}, "text/plain")
    assert store.get_tags("a b/ü") == {"t": "v"}
    store.delete_object("a b/ü")
    with pytest.raises(ObjectNotFound):
        store.get_object("a b/ü")


def test_objects_are_listed_copied_and_deleted_together(store: ObjectStore) -> None:
    """What botocore sends and what the core sends meet the same server."""
    for key in ("a/1", "a/2", "b"):
        store.put_object(b"x", key)
    store.copy_object("b", "a/3")
    assert [found.key for found in store.list_objects("a/")] == ["a/1", "a/2", "a/3"]
    assert list(store.list_prefixes()) == ["a/"]
    assert [each.error for each in store.delete_objects(["a/1", "a/2", "a/3"])] == [None] * 3
    assert [found.key for found in store.list_objects()] == ["b"]


def test_a_large_file_goes_up_in_parts_and_comes_down(store: ObjectStore, tmp_path: Path) -> None:
    """Nothing of it by a way of its own."""
    (tmp_path / "up").write_bytes(LARGE)
    written = store.upload_file(tmp_path / "up", "large")
    assert (written.etag or "").endswith("-3")
    store.download_file("large", tmp_path / "down")
    assert (tmp_path / "down").read_bytes() == LARGE
    assert store.get_ranges("large", [(256, 3), (5 << 20, 2)]) == [b"\0\1\2", b"\0\1"]


def test_versions_are_kept(store: ObjectStore) -> None:
    """Subresources, too, are moto's."""
    store.enable_versioning()
    assert store.versioning_status() is VersioningStatus.ENABLED
    first = store.put_object(b"1", "key")
    store.put_object(b"2", "key")
    assert store.get_object("key", version=first.version_id).read() == b"1"
    assert len(list(store.list_versions("key"))) == 2


def test_a_bucket_in_another_region_is_found() -> None:
    """Whatever region the store is configured for."""
    with mock_aws():
        elsewhere = boto3.client("s3", region_name="ap-south-1")
        elsewhere.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "ap-south-1"})
        elsewhere.put_object(Bucket=BUCKET, Key="key", Body=b"content")
        with make_store() as store:
            assert store.read_object("key") == b"content"


def test_what_moto_has_is_there_for_plain_boto3(store: ObjectStore) -> None:
    """And the other way round: both are one server."""
    client = boto3.client("s3", region_name=REGION)
    store.put_object(b"ours", "ours")
    client.put_object(Bucket=BUCKET, Key="theirs", Body=b"theirs")
    assert client.get_object(Bucket=BUCKET, Key="ours")["Body"].read() == b"ours"
    assert store.read_object("theirs") == b"theirs"

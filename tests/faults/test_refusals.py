"""The server answers, and says no."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest

from data_store.object_store import (
    AccessDenied,
    BucketNotFound,
    InsufficientStorage,
    ObjectNotFound,
    ObjectStore,
    ObjectStoreError,
    ServerError,
    UnsupportedOperation,
)
from tests.faults.checks import SECRETS, assert_caused_by_vendor, assert_explains, raw_client
from tests.faults.test_network import OPERATIONS, where

STAGED = [
    (400, "ExpiredToken", AccessDenied),
    (403, "RequestTimeTooSkewed", AccessDenied),
    (403, "AccessDenied", AccessDenied),
    (403, "InvalidAccessKeyId", AccessDenied),
    (500, "InternalError", ServerError),
    (501, "NotImplemented", UnsupportedOperation),
    (507, "XMinioStorageFull", InsufficientStorage),
]


ANSWERED = ("put_object", "get_object", "head_object", "list_buckets")
CASES = [(operation, *staged) for operation in ANSWERED for staged in STAGED]


@pytest.mark.parametrize(("operation", "status", "code", "kind"), CASES)
def test_an_error_of_the_server_keeps_its_class_and_code(operation, status, code, kind, make_store, framework, alone):
    """Both SDKs: the class from the code, else from the status; code, status and request id as the server gave them."""
    alone.answer(status, code, "the server's own words")
    store = make_store(alone.endpoint, session_token=SECRETS[1], max_attempts=1)
    with pytest.raises(ObjectStoreError) as raised:
        OPERATIONS[operation](store)
    assert raised.value.status == status
    assert_explains(raised.value, framework, operation, **where(operation))
    assert_caused_by_vendor(raised.value)
    if operation != "head_object":  # an answer to HEAD has no body that could hold a code
        assert type(raised.value) is kind
        assert (raised.value.code, raised.value.request_id) == (code, "STAGED")
        assert "the server's own words" in str(raised.value)


@pytest.fixture(scope="module")
def private_bucket(any_server) -> Iterator[str]:
    """A private bucket with one object, made with good credentials."""
    name = f"refusals-{uuid4().hex[:12]}"
    with ObjectStore(any_server.url("minio")) as owner:
        owner.create_bucket(name)
        owner.put_object(b"content", "key", name)
        yield name
        owner.delete_bucket(name, force=True)


BAD_CREDENTIALS = {
    "wrong secret": {"secret_key": SECRETS[0]},
    "unknown key": {"access_key": "NOBODY", "secret_key": SECRETS[0]},
    "bad token": {"session_token": SECRETS[1]},
    "anonymous": {"access_key": None, "secret_key": None, "anonymous": True},
}

MISSING: dict[str, Callable[[ObjectStore], object]] = {
    "get_object": lambda store: store.read_object("missing"),
    "head_object": lambda store: store.head_object("missing"),
}
# A token that it cannot decode is to Ceph an invalid argument (400), like any other.
KINDS = {("ceph", "bad token"): ObjectStoreError}


@pytest.mark.parametrize("credentials", BAD_CREDENTIALS)
@pytest.mark.parametrize("operation", ["put_object", "get_object", "head_object", "list_objects"])
def test_bad_credentials_are_access_denied(credentials, operation, make_store, framework, any_server, private_bucket):
    """Whatever is wrong with them, on every operation."""
    good = {"access_key": any_server.access_key, "secret_key": any_server.secret_key}
    store = make_store(any_server.endpoint, root_bucket=private_bucket, **{**good, **BAD_CREDENTIALS[credentials]})
    with pytest.raises(ObjectStoreError) as raised:
        OPERATIONS[operation](store)
    assert type(raised.value) is KINDS.get((any_server.name, credentials), AccessDenied)
    assert_explains(raised.value, framework, operation, **{**where(operation), "bucket": private_bucket})
    assert_caused_by_vendor(raised.value)


@pytest.mark.parametrize("operation", ["get_object", "head_object"])
def test_a_missing_key_and_a_missing_bucket_are_told_apart(
    operation, make_store, framework, any_server, private_bucket
):
    """For a HEAD too, whose answer does not say it."""
    good = {"access_key": any_server.access_key, "secret_key": any_server.secret_key}
    with pytest.raises(ObjectNotFound) as no_key:
        MISSING[operation](make_store(any_server.endpoint, root_bucket=private_bucket, **good))
    assert_explains(no_key.value, framework, operation, bucket=private_bucket, key="missing")
    with pytest.raises(BucketNotFound) as no_bucket:
        MISSING[operation](make_store(any_server.endpoint, root_bucket=f"{private_bucket}-missing", **good))
    assert_explains(no_bucket.value, framework, operation, bucket=f"{private_bucket}-missing", key="missing")


@pytest.mark.parametrize("operation", ["put_object", "delete_object", "list_objects"])
def test_a_missing_bucket_is_named(operation, make_store, framework, any_server, private_bucket):
    """Where only the bucket can be missing."""
    good = {"access_key": any_server.access_key, "secret_key": any_server.secret_key}
    with pytest.raises(BucketNotFound) as raised:
        OPERATIONS[operation](make_store(any_server.endpoint, root_bucket=f"{private_bucket}-missing", **good))
    assert_explains(raised.value, framework, operation, bucket=f"{private_bucket}-missing")


def test_a_policy_that_lets_others_read_does_not_let_them_write(make_store, framework, any_server, private_bucket):
    """Anonymous requests: what the bucket's policy permits is done, the rest is AccessDenied and changes nothing."""
    grant = {"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": ["s3:GetObject"]}
    grant["Resource"] = [f"arn:aws:s3:::{private_bucket}/readable"]
    with raw_client(any_server) as owner:
        owner.put_object(Bucket=private_bucket, Key="readable", Body=b"content")
        policy = {"Version": "2012-10-17", "Statement": [grant]}
        owner.put_bucket_policy(Bucket=private_bucket, Policy=json.dumps(policy))
    store = make_store(
        any_server.endpoint, root_bucket=private_bucket, access_key=None, secret_key=None, anonymous=True
    )
    assert store.read_object("readable") == b"content"
    with pytest.raises(AccessDenied) as raised:
        store.put_object(b"other", "readable")
    assert_explains(raised.value, framework, "put_object", bucket=private_bucket, key="readable")
    assert store.read_object("readable") == b"content"

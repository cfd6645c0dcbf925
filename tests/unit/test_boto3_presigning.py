"""Presigned requests of framework ``boto3``: botocore's own, and what it would do otherwise."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.credentials import RefreshableCredentials

from data_store.object_store.adapters.boto3_client import Boto3Client
from data_store.object_store.adapters.s3.client import S3Client
from data_store.object_store.models import PresignGetOptions, PresignPostOptions, PresignPutOptions
from tests.unit.presign_support import (
    GET,
    NOWHERE,
    ODD_KEYS,
    PUT,
    conditions,
    signed_at,
    signing_client,
    taken_apart,
)

Urls = tuple[str, str]


def of_one_second(sign: Callable[[], Urls]) -> Urls:
    """Return two URLs that were signed in the same second."""
    for _ in range(10):
        urls = sign()
        if signed_at(urls[0]) == signed_at(urls[1]):
            return urls
    raise AssertionError("each was signed in another second")


def _both(sign: Callable[[S3Client], str], one: S3Client, other: S3Client) -> Urls:
    return sign(one), sign(other)


def plain_boto3(**config: Any) -> Any:
    """Return a boto3 client as its documentation makes it."""
    return boto3.client(
        "s3",
        endpoint_url=f"http://{NOWHERE}",
        aws_access_key_id="ACCESS",
        aws_secret_access_key="S3CRET",
        region_name="us-east-1",
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}, **config),
    )


@pytest.mark.parametrize("key", ODD_KEYS)
def test_a_url_is_the_one_that_boto3_signs(key: str) -> None:
    """Byte for byte."""
    theirs = plain_boto3()
    with signing_client("boto3") as client:
        url, expected = of_one_second(
            lambda: (
                client.presign_get("bucket", key, PresignGetOptions(expires=60, response_cache_control="no-store")),
                theirs.generate_presigned_url(
                    "get_object",
                    Params={"Bucket": "bucket", "Key": key, "ResponseCacheControl": "no-store"},
                    ExpiresIn=60,
                ),
            )
        )
    assert url == expected


@pytest.mark.parametrize("key", ODD_KEYS)
@pytest.mark.parametrize(
    ("public_endpoint", "connection"),
    [
        (None, {}),
        ("https://files.example.com/a", {}),
        ("https://files.example.com", {"addressing_style": "virtual"}),
        (None, {"endpoint": None, "region": "eu-west-1"}),
    ],
)
def test_both_frameworks_sign_the_same(key: str, public_endpoint: str | None, connection: dict[str, Any]) -> None:
    """Whoever changes the framework changes no URL, but for the order of its parameters."""
    options = PresignPutOptions(
        expires=60, content_type="a/b", content_length=5, metadata={"a": "ä"}, tags={"b": "c d"}, if_none_match="*"
    )
    with (
        signing_client("boto3", public_endpoint, **connection) as one,
        signing_client("minio", public_endpoint, **connection) as other,
    ):
        signs: tuple[Callable[[S3Client], str], ...] = (
            lambda each: each.presign_put("bucket", key, options).url,
            lambda each: each.presign_get("bucket", key, PresignGetOptions(expires=60, method="HEAD", version="v")),
            lambda each: each.presign_parts("bucket", key, "id", [5], 60)[0].url,
        )
        for sign in signs:
            url, expected = of_one_second(partial(_both, sign, one, other))
            assert taken_apart(url) == taken_apart(expected)
        uploads = [each.presign_put("bucket", key, options) for each in (one, other)]
    assert uploads[0].headers == uploads[1].headers


@pytest.mark.parametrize(
    ("key", "prefix"), [("ä key", None), ("a/${filename}", "a/"), ("${filename}", ""), ("key", None)]
)
def test_both_frameworks_sign_the_same_forms(key: str, prefix: str | None) -> None:
    """With the same conditions, each of them once."""
    options = PresignPostOptions(
        expires=60, key_prefix=prefix, content_type="a/b", max_length=9, metadata={"key": key}, success_status=200
    )
    with signing_client("boto3") as one, signing_client("minio") as other:
        mine, theirs = one.presign_post("bucket", key, options), other.presign_post("bucket", key, options)
    without_time = [each for each in conditions(mine) if "x-amz-date" not in each]
    assert without_time == [each for each in conditions(theirs) if "x-amz-date" not in each]
    assert mine.url == theirs.url
    assert set(mine.fields) == set(theirs.fields)


def test_sigv4_is_used_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Botocore presigns with SigV2 by itself, which binds almost nothing."""
    monkeypatch.setenv("AWS_REQUEST_CHECKSUM_CALCULATION", "when_supported")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    with signing_client("boto3") as client:
        base, parameters = taken_apart(client.presign_put("bucket", "key", PUT).url)
    assert base == f"http://{NOWHERE}/bucket/key"
    assert parameters["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256"
    assert parameters["X-Amz-SignedHeaders"] == "host"


def test_the_region_of_boto3s_chain_is_signed_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment's, say, where the configuration has none."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-north-1")
    with signing_client("boto3", endpoint=None) as client:
        base, parameters = taken_apart(client.presign_get("bucket", "key", GET))
    assert base == "https://bucket.s3.eu-north-1.amazonaws.com/key"
    assert parameters["X-Amz-Credential"].split("/")[2] == "eu-north-1"


def test_the_configured_region_goes_before_boto3s_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for requests."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-north-1")
    with signing_client("boto3", region="garage") as client:
        assert "/garage/s3/" in taken_apart(client.presign_get("bucket", "key", GET))[1]["X-Amz-Credential"]


def test_a_tenants_bucket_is_signed_for() -> None:
    """Names are the server's to judge."""
    with signing_client("boto3") as client:
        assert taken_apart(client.presign_get("tenant:bucket", "key", GET))[0].endswith("/tenant%3Abucket/key")


def test_an_access_point_is_signed_for_where_it_is() -> None:
    """Its ARN names the region, and the host is its own."""
    arn = "arn:aws:s3:eu-north-1:123456789012:accesspoint/point"
    with signing_client("boto3", endpoint=None, region="eu-west-1") as client:
        base, parameters = taken_apart(client.presign_get(arn, "key", GET))
    assert base == "https://point-123456789012.s3-accesspoint.eu-north-1.amazonaws.com/key"
    assert parameters["X-Amz-Credential"].split("/")[2] == "eu-north-1"


def test_no_log_can_be_put_together_to_a_url(caplog: pytest.LogCaptureFixture) -> None:
    """Botocore logs the canonical request and its signature at level DEBUG."""
    caplog.set_level(logging.DEBUG)
    with signing_client("boto3", access_key="ACCESS", secret_key="S3CRET", session_token="T0KEN") as client:
        url = client.presign_get("bucket", "key", GET)
        form = client.presign_post("bucket", "key", PresignPostOptions(expires=60))
    assert "X-Amz-Security-Token=***" in caplog.text
    secrets = (taken_apart(url)[1]["X-Amz-Signature"], form.fields["x-amz-signature"], "T0KEN", "S3CRET", url)
    assert not [secret for secret in secrets if secret in caplog.text]


class Overtaken(str):
    """A token; while it is compared another thread does something."""

    meanwhile: Callable[[], object]

    def __ne__(self, other: object) -> bool:
        differs = str.__ne__(self, other)
        self.meanwhile()
        return differs

    __hash__ = str.__hash__


def test_threads_with_different_tokens_get_each_the_end_of_its_own() -> None:
    """While credentials are refreshed some threads sign with the old ones, and others with the new ones."""
    now = datetime.now(UTC)
    old, new = (
        RefreshableCredentials("key", "secret", "token", now + timedelta(hours=hours), dict, "test") for hours in (1, 2)
    )
    with signing_client("boto3") as client:
        assert isinstance(client, Boto3Client)
        first = client._clients._end_of(old, "old")
        token = Overtaken("old")
        token.meanwhile = lambda: client._clients._end_of(new, "new")
        assert client._clients._end_of(old, token) == first
        assert client._clients._end_of(new, "new") != first

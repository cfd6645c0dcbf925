"""Where requests of framework ``boto3`` go on AWS, and who signs them: as botocore would have it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from data_store.object_store.body import Source
from data_store.object_store.errors import ConfigurationError, UnsupportedOperation
from data_store.object_store.models import GetOptions, PutOptions
from tests.unit.boto3_support import Answering, answered_client, configure_nothing

KEY = "a b/../ü"
PATH = "/a%20b/../%C3%BC"
ACCESS_POINT = "arn:aws:s3:us-west-2:123456789012:accesspoint:mine"
EXPRESS = "mine--use1-az4--x-s3"


@pytest.fixture(autouse=True)
def _nothing_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    configure_nothing(monkeypatch, tmp_path)


def put(client: Any, bucket: str) -> None:
    """A small PUT."""
    client.put_object(bucket, KEY, Source(io.BytesIO(b"content"), 7), PutOptions())


def sent_by_boto3(bucket: str, config: Config | None = None, **where: Any) -> str:
    """Return the URL that plain boto3 sends a PUT to."""
    client = boto3.client("s3", aws_access_key_id="A", aws_secret_access_key="S", config=config, **where)
    answering = Answering()
    client.meta.events.register("before-send.s3", answering)
    client.put_object(Bucket=bucket, Key=KEY, Body=b"content")
    client.close()
    return answering.of("PutObject").url


@pytest.mark.parametrize(
    ("bucket", "region", "environment", "config", "scope"),
    [
        ("plain", "eu-west-1", {}, {}, ("eu-west-1", "s3")),
        ("with.dots", "eu-west-1", {}, {}, ("eu-west-1", "s3")),
        ("plain", "cn-north-1", {}, {}, ("cn-north-1", "s3")),
        ("plain", "eu-west-1", {"AWS_USE_DUALSTACK_ENDPOINT": "true"}, {}, ("eu-west-1", "s3")),
        ("plain", "us-east-2", {"AWS_USE_FIPS_ENDPOINT": "true"}, {}, ("us-east-2", "s3")),
        ("plain", "eu-west-1", {}, {"s3": {"use_accelerate_endpoint": True}}, ("eu-west-1", "s3")),
        (ACCESS_POINT, "us-west-2", {}, {}, ("us-west-2", "s3")),
        (ACCESS_POINT, "eu-west-1", {"AWS_S3_USE_ARN_REGION": "true"}, {}, ("us-west-2", "s3")),
        (EXPRESS, "us-east-1", {}, {}, ("us-east-1", "s3express")),
        (
            "arn:aws:s3-object-lambda:us-west-2:123456789012:accesspoint/mine",
            "us-west-2",
            {},
            {},
            ("us-west-2", "s3-object-lambda"),
        ),
    ],
)
def test_a_request_goes_where_boto3_sends_it(
    monkeypatch: pytest.MonkeyPatch,
    bucket: str,
    region: str,
    environment: dict[str, str],
    config: dict[str, Any],
    scope: tuple[str, str],
) -> None:
    """Also where only botocore knows the host, from environment, configuration or the bucket's name."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    client, answering = answered_client(region=region, driver_config={"config": Config(**config)} if config else {})
    put(client, bucket)
    client.head_object(bucket, KEY, GetOptions())
    sent = answering.of("PutObject")
    assert sent.url == sent_by_boto3(bucket, Config(**config), region_name=region)
    assert sent.url.endswith(PATH)
    assert sent.scope[1:] == scope
    assert answering.of("HeadObject").url == sent.url
    client.close()


def test_s3_express_is_signed_with_the_keys_of_a_session() -> None:
    """Asked for once, and used for reads and writes."""
    client, answering = answered_client(region="us-east-1")
    put(client, EXPRESS)
    client.head_object(EXPRESS, KEY, GetOptions())
    assert [sent.operation for sent in answering.sent].count("CreateSession") == 1
    sent = answering.of("HeadObject")
    assert sent.scope[0] == "SESSION"
    assert sent.headers["x-amz-s3session-token"] == "token"
    client.close()


def test_what_needs_a_signature_that_is_not_installed_is_refused() -> None:
    """A multi-region access point wants SigV4A, which botocore has from awscrt."""
    client, _ = answered_client(region="us-west-2")
    with pytest.raises(UnsupportedOperation, match=r"botocore\[crt\]"):
        put(client, "arn:aws:s3::123456789012:accesspoint:mfzwi23gnjvgw.mrap")
    client.close()


def test_no_region_is_that_of_the_first_answer() -> None:
    """As plain boto3 does it: us-east-1 until the server names another, which is remembered."""
    client, answering = answered_client()
    put(client, "mine")
    assert answering.of("PutObject").scope == ("A", "us-east-1", "s3")
    answering.answers = [
        {"status": 301, "body": b"<Error><Code>PermanentRedirect</Code></Error>", "x_amz_bucket_region": "eu-north-1"},
        {},
    ]
    put(client, "elsewhere")
    put(client, "elsewhere")
    urls = [sent.url for sent in answering.sent if "elsewhere" in sent.url]
    assert urls == [
        f"https://elsewhere.s3.amazonaws.com{PATH}",
        *[f"https://elsewhere.s3.eu-north-1.amazonaws.com{PATH}"] * 2,
    ]
    assert answering.sent[-1].scope == ("A", "eu-north-1", "s3")
    client.close()


def test_a_server_of_ones_own_is_not_asked_for() -> None:
    """The S3 core knows where the buckets of one host stand."""
    client, answering = answered_client(endpoint="s3.example.com:9000", region="garage")
    assert client._clients.places is None
    put(client, "plain")
    assert answering.of("PutObject").url == f"http://s3.example.com:9000/plain{PATH}"
    assert answering.of("PutObject").scope == ("A", "garage", "s3")
    client.close()


def test_the_region_of_the_environment_holds_for_a_server_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """As boto3 has it, for what the core sends and what botocore sends."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-north-1")
    client, answering = answered_client(endpoint="s3.example.com:9000")
    put(client, "plain")
    client.delete_bucket("plain")
    assert {sent.scope[1] for sent in answering.sent} == {"eu-north-1"}
    client.close()


def test_nobody_signs_for_an_anonymous_client() -> None:
    """On AWS too."""
    client, answering = answered_client(region="eu-west-1", anonymous=True)
    put(client, "public")
    assert answering.of("PutObject").url == f"https://public.s3.eu-west-1.amazonaws.com{PATH}"
    assert "authorization" not in answering.of("PutObject").headers
    client.close()


def test_a_client_that_answers_before_it_signs_is_refused() -> None:
    """Botocore's Stubber, say: there is nothing that the core could send."""
    mine = boto3.client("s3", aws_access_key_id="A", aws_secret_access_key="S", region_name="us-east-1")
    mine.meta.events.register("before-call.s3.HeadBucket", lambda **_: (type("", (), {"status_code": 200}), {}))
    client, _ = answered_client(driver_config={"client": mine})
    with pytest.raises(ConfigurationError, match="before-send"):
        put(client, "mine")
    client.close()

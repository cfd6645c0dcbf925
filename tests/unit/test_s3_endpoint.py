"""Where a bucket is: host, path and region."""

import pytest

from data_store.object_store.adapters.s3.endpoint import DEFAULT_REGION, endpoint
from tests.unit.s3_server import connection

AWS_CASES = [
    ({}, "bucket", "eu-west-1", ("bucket.s3.eu-west-1.amazonaws.com", "")),
    ({}, "my.bucket", "eu-west-1", ("s3.eu-west-1.amazonaws.com", "/my.bucket")),
    ({}, "Legacy_Bucket", "us-east-1", ("s3.us-east-1.amazonaws.com", "/Legacy_Bucket")),
    ({}, "bucket", "cn-north-1", ("bucket.s3.cn-north-1.amazonaws.com.cn", "")),
    ({"addressing_style": "path"}, "bucket", "eu-west-1", ("s3.eu-west-1.amazonaws.com", "/bucket")),
    ({"addressing_style": "virtual"}, "my.bucket", "eu-west-1", ("my.bucket.s3.eu-west-1.amazonaws.com", "")),
    (
        {"endpoint": "https://s3.dualstack.eu-west-1.amazonaws.com"},
        "bucket",
        "eu-west-1",
        ("bucket.s3.dualstack.eu-west-1.amazonaws.com", ""),
    ),
    (
        {},
        "arn:aws:s3:eu-west-1:123456789012:accesspoint/mine",
        "eu-west-1",
        ("mine-123456789012.s3-accesspoint.eu-west-1.amazonaws.com", ""),
    ),
]


@pytest.mark.parametrize(("given", "bucket", "region", "expected"), AWS_CASES)
def test_a_bucket_on_aws_is_in_the_host_where_a_certificate_allows_it(given, bucket, region, expected):
    """Virtual-hosted style, but for buckets whose name fits no wildcard certificate or no host name."""
    assert endpoint(connection(**{"endpoint": None, **given})).locate(bucket, region) == expected


@pytest.mark.parametrize("host", ["127.0.0.1:9000", "localhost:9000", "s3.example.com", "[::1]:9000", "minio:9000"])
def test_a_bucket_on_another_server_is_in_the_path(host):
    """Most S3-compatible servers have no wildcard name."""
    assert endpoint(connection(host)).locate("bucket", "us-east-1") == (host, "/bucket")


def test_the_virtual_style_puts_a_bucket_into_any_host():
    """Where the configuration says so."""
    found = endpoint(connection("s3.example.com", addressing_style="virtual"))
    assert found.locate("bucket", "us-east-1") == ("bucket.s3.example.com", "")


def test_a_tenants_bucket_is_encoded_in_the_path():
    """Ceph names a tenant's bucket ``tenant:bucket``."""
    found = endpoint(connection("ceph.example.com", addressing_style="virtual"))
    assert found.locate("tenant:bucket", "us-east-1") == ("ceph.example.com", "/tenant%3Abucket")


@pytest.mark.parametrize(
    ("host", "given", "expected"),
    [
        ("minio:9000", {}, DEFAULT_REGION),
        ("minio:9000", {"region": "moon-1"}, "moon-1"),
        (None, {}, None),
        (None, {"region": "eu-west-1"}, "eu-west-1"),
        ("https://s3.eu-west-1.amazonaws.com", {}, "eu-west-1"),
        ("https://s3-us-west-2.amazonaws.com", {}, "us-west-2"),
        ("https://s3.amazonaws.com", {}, None),
    ],
)
def test_the_region_is_configured_or_in_the_host_or_unknown_on_aws(host, given, expected):
    """Only on AWS must a region that nobody names be asked for."""
    assert endpoint(connection(host, **given)).region_of("bucket") == expected


def test_an_access_point_names_its_region():
    """The ARN holds it."""
    assert endpoint(connection(None)).region_of("arn:aws:s3:eu-west-3:123456789012:accesspoint/mine") == "eu-west-3"

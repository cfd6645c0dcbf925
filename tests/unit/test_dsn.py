"""URLs as configurations, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from data_store.object_store import registry
from data_store.object_store.configurations import (
    ConnectionConfiguration,
    ObjectStoreConfiguration,
    ObjectStoreConnectionConfiguration,
)
from data_store.object_store.dsn import configuration_from_url, parse_url
from data_store.object_store.errors import ConfigurationError

KEYS = {"access_key": "ACCESS", "secret_key": "SECRET"}

GOOD: list[tuple[str, dict[str, Any]]] = [
    (
        "minio://ACCESS:SECRET@localhost:9000/my-bucket?secure=false&retry.max_attempts=5",
        {
            "framework": "minio",
            "root_bucket": "my-bucket",
            "connection": {**KEYS, "endpoint": "localhost:9000", "secure": False},
            "retry": {"max_attempts": 5},
        },
    ),
    ("minio://h", {"framework": "minio", "connection": {"endpoint": "h"}}),
    ("MINIO://h/b/", {"framework": "minio", "root_bucket": "b", "connection": {"endpoint": "h"}}),
    ("minio:///b", {"framework": "minio", "root_bucket": "b"}),
    (
        "minio:///b?endpoint=https://h:1",
        {"framework": "minio", "root_bucket": "b", "connection": {"endpoint": "h:1", "secure": True}},
    ),
    (
        "minio://A%2FB%3A:x%2F%3F%23%40%20%2B+y:z@h/b",
        {
            "framework": "minio",
            "root_bucket": "b",
            "connection": {"endpoint": "h", "access_key": "A/B:", "secret_key": "x/?#@ ++y:z"},
        },
    ),
    ("minio://[::1]:9000/b", {"framework": "minio", "root_bucket": "b", "connection": {"endpoint": "[::1]:9000"}}),
    (
        "minio://h/arn%3Aaws%3As3:::a%2FB",
        {"framework": "minio", "root_bucket": "arn:aws:s3:::a/B", "connection": {"endpoint": "h"}},
    ),
    (
        "minio://h/b?session_token=a%2Bb+c&access_key=ACCESS&secret_key=SECRET",
        {
            "framework": "minio",
            "root_bucket": "b",
            "connection": {**KEYS, "endpoint": "h", "session_token": "a+b+c"},
        },
    ),
    (
        "s3://ACCESS:SECRET@us-east-1/my-bucket?endpoint=http://localhost:9000",
        {
            "framework": "boto3",
            "root_bucket": "my-bucket",
            "connection": {**KEYS, "region": "us-east-1", "endpoint": "localhost:9000", "secure": False},
        },
    ),
    ("s3://", {"framework": "boto3"}),
    ("s3://my-bucket", {"framework": "boto3", "root_bucket": "my-bucket"}),
    ("boto3://my-bucket/", {"framework": "boto3", "root_bucket": "my-bucket"}),
    ("s3://my-bucket-1", {"framework": "boto3", "root_bucket": "my-bucket-1"}),
    ("s3:///my.bucket", {"framework": "boto3", "root_bucket": "my.bucket"}),
    ("s3:///us-east-1", {"framework": "boto3", "root_bucket": "us-east-1"}),
    (
        "s3://us-gov-west-1/b",
        {"framework": "boto3", "root_bucket": "b", "connection": {"region": "us-gov-west-1"}},
    ),
    (
        "s3://ap-southeast-2/b",
        {"framework": "boto3", "root_bucket": "b", "connection": {"region": "ap-southeast-2"}},
    ),
    ("s3://localhost/b", {"framework": "boto3", "root_bucket": "b", "connection": {"endpoint": "localhost"}}),
    ("s3://server:80", {"framework": "boto3", "connection": {"endpoint": "server:80"}}),
    ("s3://10.0.0.1", {"framework": "boto3", "connection": {"endpoint": "10.0.0.1"}}),
    ("s3://s3.example.com/b", {"framework": "boto3", "root_bucket": "b", "connection": {"endpoint": "s3.example.com"}}),
    (
        "s3://my-bucket?region=eu-west-1&create_root_bucket=true&transfer.part_size=64MiB",
        {
            "framework": "boto3",
            "root_bucket": "my-bucket",
            "connection": {"region": "eu-west-1"},
            "create_root_bucket": True,
            "transfer": {"part_size": 64 * 1024**2},
        },
    ),
    ("local://", {}),
    ("local:///my-bucket", {"root_bucket": "my-bucket"}),
    ("local:///var/my%20data/bucket", {"root_bucket": "bucket", "connection": {"root": "/var/my data"}}),
    (
        "local:///bucket?root=relative/path&durability=relaxed",
        {"root_bucket": "bucket", "connection": {"root": "relative/path", "durability": "relaxed"}},
    ),
    ("memory://", {"framework": "memory"}),
    (
        "memory://My-Bucket?name=other&create_root_bucket=false",
        {
            "framework": "memory",
            "root_bucket": "My-Bucket",
            "create_root_bucket": False,
            "connection": {"name": "other"},
        },
    ),
]

BAD = [
    ("", "not a URL"),
    ("s3cr3t", "not a URL"),
    ("minio:/h/b", "not a URL"),
    ("1minio://h/b", "not a URL"),
    ("minio://h/b#s3cr3t", "not a URL"),
    ("minio://h/b\n", "not a URL"),
    ("minio://h/b c", "not a URL"),
    ("minio://A:s3/cr3t@h/b", "write / as %2F"),
    ("minio://A:s3?cr3t@h/b", r"\? as %3F"),
    ("minio://A:s3?cr3t=1@h/b", r"\? as %3F"),
    ("minio://A:s3#cr3t@h/b", "# as %23"),
    ("minio://h/b?proxy=http://u:s3cr3t@p", "@ as %40"),
    ("minio://A:s3cr3t%ff@h/b", "UTF-8"),
    ("minio://A:s3cr3t", "connection.endpoint: must be host"),
    ("minio://A@h/b", "come together"),
    ("minio://:s3cr3t@h/b", "connection.access_key"),
    ("minio://A:@h/b", "connection.secret_key"),
    ("minio://h:0/b", "port must be 1 to 65535"),
    ("minio://h:65536/b", "port must be 1 to 65535"),
    ("minio://h/a/b", "one segment"),
    ("minio://h/b?regoin=s3cr3t", "'regoin': unknown, did you mean region"),
    ("minio://h/b?retry.attempts=1", "'retry.attempts': unknown"),
    ("minio://h/b?retry=1", "'retry': unknown"),
    ("minio://h/b?connection.region=x", "'connection.region': unknown"),
    ("minio://h/b?framework=boto3", "'framework': unknown"),
    ("minio://h/b?root_bucket=b", "'root_bucket': unknown"),
    ("minio://h/b?%0Ax=1", r"'\\nx': unknown"),
    ("minio://h/b?region", "region: has no value"),
    ("minio://h/b?region=", "connection.region"),
    ("minio://h/b?region=a&region=a", "region is given twice"),
    ("minio://h/b?endpoint=h", "endpoint is given twice"),
    ("minio://A:s3cr3t@h/b?secret_key=s3cr3t", "secret_key is given twice"),
    ("minio://A:***@h/b", "secret_key is masked"),
    ("minio://h/b?proxy=http://***%40p:1", "proxy is masked"),
    ("minio://h/b?secure=s3cr3t", "connection.secure"),
    ("minio://h/b?retry.max_attempts=0", "retry.max_attempts"),
    ("minio:///b?secure=false", "needs an endpoint"),
    ("minio:///b?endpoint=https://h&secure=false", "contradicts"),
    ("s3://us-east-1", "could be a bucket as well"),
    ("s3://localhost", "could be a bucket as well"),
    ("s3://my.bucket", "could be a bucket as well"),
    ("s3://my.bucket/", "could be a bucket as well"),
    ("s3://my-bucket/s3cr3t", "no path may follow"),
    ("s3://us-east-1/b?region=us-east-1", "region is given twice"),
    ("s3://localhost/b?endpoint=http://h", "endpoint is given twice"),
    ("local://host/b", "write local:///absolute/path/BUCKET"),
    ("local://./b", "write local:///absolute/path/BUCKET"),
    ("local:///path/", "write local:///absolute/path/BUCKET"),
    ("local:///path/b?root=/x", "root is given twice"),
    ("local://A:s3cr3t@/b", "no credentials"),
    ("local:///b?durability=s3cr3t", "connection.durability"),
    ("memory://b/c", "no path after it"),
    ("memory://A:s3cr3t@b", "no credentials"),
    ("memory://b?root=x", "'root': unknown"),
    ("nothing://b", "unknown framework 'nothing'. Known are: minio"),
    ("minoi://b", "unknown framework 'minoi', did you mean 'minio'"),
    ("aws://b", "unknown framework 'aws': write boto3"),
    ("http://A:s3cr3t@localhost:9000/b", "write minio://host:port/bucket or s3://bucket"),
    ("HTTPS://s3.amazonaws.com/s3cr3t", "write minio://host:port/bucket or s3://bucket"),
    ("memory://s3cr3t_X", "root_bucket: create_root_bucket would make this bucket"),
    ("local:///up", "the last slash.*, and it is no name for a new one: 3 to 63 "),
]


class _ServerConnection(ConnectionConfiguration):
    endpoint: str
    zone: int = 1


class _DirectoryConnection(ConnectionConfiguration):
    embedded: ClassVar[bool] = True
    root: Path | None = None


class _TokenConnection(ConnectionConfiguration):
    token: SecretStr | None = None


class ServerClient:
    """A third party's client for a server."""

    connection_model = _ServerConnection


class DirectoryClient:
    """A third party's client for a directory."""

    connection_model = _DirectoryConnection


class TokenClient:
    """A third party's client of neither kind."""

    connection_model = _TokenConnection


@pytest.fixture
def third_parties(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three registered frameworks, one of each shape."""
    monkeypatch.setattr(registry, "_registered", {})
    for name, client in {"server": ServerClient, "dir": DirectoryClient, "token": TokenClient}.items():
        registry.register(name, f"{__name__}:{client.__name__}")


@pytest.mark.parametrize(("url", "expected"), GOOD, ids=[url for url, _ in GOOD])
def test_a_url_is_the_configuration_it_says(url: str, expected: dict[str, Any]) -> None:
    """A URL and the same configuration as dict are equal."""
    assert configuration_from_url(url) == ObjectStoreConfiguration(**expected)


@pytest.mark.parametrize(("url", "expected"), GOOD, ids=[url for url, _ in GOOD])
def test_to_url_comes_back_as_the_same_configuration(url: str, expected: dict[str, Any]) -> None:
    """With the secrets shown, printing and parsing loses nothing."""
    config = ObjectStoreConfiguration(**expected)
    assert configuration_from_url(config.to_url(show_secrets=True)) == config


@pytest.mark.parametrize(("url", "problem"), BAD, ids=[ascii(url) for url, _ in BAD])
def test_a_bad_url_is_refused_and_not_shown(url: str, problem: str) -> None:
    """The error names the rule, and neither it nor its context holds the secret part of the URL."""
    with pytest.raises(ConfigurationError, match=problem) as caught:
        configuration_from_url(url)
    assert "cr3t" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or "cr3t" not in repr(caught.value.__context__)


def test_the_parsed_url_is_a_plain_dict() -> None:
    """parse_url() validates no values, and gives what ObjectStoreConfiguration takes."""
    assert parse_url("minio://A:S@h:1/b?retry.max_attempts=many") == {
        "framework": "minio",
        "root_bucket": "b",
        "connection": {"endpoint": "h:1", "access_key": "A", "secret_key": "S"},
        "retry": {"max_attempts": "many"},
    }


def test_to_url_masks_secrets() -> None:
    """The secret key, the session token and the proxy's user info are masked, the rest can be read."""
    config = ObjectStoreConfiguration(
        framework="minio",
        root_bucket="b",
        connection={
            "endpoint": "h:1",
            "access_key": "A",
            "secret_key": "s3cr3t",
            "session_token": "s3cr3t",
            "proxy": "http://user:s3cr3t@proxy:3128",
        },
    )
    masked = "minio://A:***@h:1/b?secure=false&session_token=***&proxy=http://***%40proxy:3128"
    assert config.to_url() == masked
    with pytest.raises(ConfigurationError, match="masked"):
        configuration_from_url(masked)
    assert configuration_from_url(config.to_url(show_secrets=True)) == config


_TEXT = st.text(min_size=1, max_size=40).filter(lambda text: text != "***" and "://***@" not in text)

_REGION = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?", fullmatch=True)


@given(access_key=_TEXT, secret_key=_TEXT, bucket=_TEXT, region=_REGION)
@pytest.mark.parametrize("framework", ["minio", "boto3"])
@pytest.mark.parametrize("endpoint", [None, "h", "https://localhost:1", "http://[::1]"])
def test_any_text_survives_the_way_through_a_url(
    framework: str, endpoint: str | None, access_key: str, secret_key: str, bucket: str, region: str
) -> None:
    """Credentials and buckets of any characters, and regions, come back as they were."""
    config = ObjectStoreConfiguration(
        framework=framework,
        root_bucket=bucket,
        connection={"endpoint": endpoint, "access_key": access_key, "secret_key": secret_key, "region": region},
    )
    assert configuration_from_url(config.to_url(show_secrets=True)) == config


@given(secret=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=12), at=st.sampled_from(["@", ""]))
def test_no_error_shows_a_secret_however_badly_it_was_quoted(secret: str, at: str) -> None:
    """The URL is wrong in any case (no attempts), and a raw secret of any characters is not in the error."""
    with pytest.raises(ConfigurationError) as caught:
        configuration_from_url(f"minio://ACCESSKEY:{secret}{at}localhost/bucket?retry.max_attempts=0")
    assert secret not in str(caught.value)


@given(name=st.text(max_size=20), relative=st.booleans())
def test_any_root_survives_the_way_through_a_url(name: str, relative: bool) -> None:
    """Directories of any name come back, absolute or relative."""
    root = Path(name) if relative else Path("/") / name
    config = ObjectStoreConfiguration(connection={"root": root})
    assert configuration_from_url(config.to_url()) == config


@pytest.mark.usefixtures("third_parties")
@pytest.mark.parametrize(
    ("url", "bucket", "connection"),
    [
        ("server://h:1/b?zone=2", "b", _ServerConnection(endpoint="h:1", zone=2)),
        ("server:///?endpoint=unix:/run/x", None, _ServerConnection(endpoint="unix:/run/x")),
        ("dir:///x/y/bucket", "bucket", _DirectoryConnection(root=Path("/x/y"))),
        ("dir:///bucket", "bucket", _DirectoryConnection()),
        ("dir:///default", "default", _DirectoryConnection()),
        ("token://b?token=t%2F1", "b", _TokenConnection(token=SecretStr("t/1"))),
        ("token://", None, _TokenConnection()),
    ],
)
def test_a_registered_framework_has_a_url_scheme(
    url: str, bucket: str | None, connection: ConnectionConfiguration
) -> None:
    """The shape of its URL follows from the fields of its connection model, and to_url() writes the same."""
    config = configuration_from_url(url)
    assert (config.root_bucket, config.connection) == (bucket, connection)
    assert config.create_root_bucket is connection.embedded
    assert config.to_url(show_secrets=True) == url


@pytest.mark.usefixtures("third_parties")
def test_a_third_partys_secret_is_masked_too() -> None:
    """Every SecretStr is a secret, whoever declares it."""
    assert configuration_from_url("token://b?token=s3cr3t").to_url() == "token://b?token=***"


def test_instances_work_as_connection() -> None:
    """A configuration made from models has the URL of one made from a dict."""
    connection = ObjectStoreConnectionConfiguration(endpoint="h:1", access_key="A", secret_key=SecretStr("S"))
    config = ObjectStoreConfiguration(framework="minio", connection=connection)
    assert configuration_from_url("minio://A:S@h:1") == config

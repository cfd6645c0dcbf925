"""The configuration models: defaults, rules, errors, and that secrets stay secret."""

from __future__ import annotations

import copy
import logging
import os
import pickle
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr

from data_store.object_store import registry
from data_store.object_store.configurations import (
    ConnectionConfiguration,
    Framework,
    LocalConnectionConfiguration,
    MemoryConnectionConfiguration,
    ObjectStoreConfiguration,
    ObjectStoreConnectionConfiguration,
    RetryConfiguration,
    TransferConfiguration,
    connection_model,
    known_paths,
)
from data_store.object_store.dsn import configuration_from_url
from data_store.object_store.errors import ConfigurationError, MissingDependency
from data_store.utils import get_config, load_yaml

MIB = 1024**2
GIB = 1024**3
CONFIG = Path(__file__).parents[2] / "config"

EXAMPLES: dict[str, tuple[dict[str, Any], str]] = {
    "embedded.yaml": (
        {
            "framework": "local",
            "root_bucket": "default",
            "connection": {"root": Path(".data-store"), "durability": "full"},
        },
        "local:///default?root=.data-store",
    ),
    "minio.yaml": (
        {
            "framework": Framework.MINIO,
            "root_bucket": "my-bucket",
            "create_root_bucket": True,
            "connection": {"endpoint": "localhost:9000", "secure": False, "region": "us-east-1"},
            "retry": {"max_attempts": 5},
        },
        "minio://localhost:9000/my-bucket?create_root_bucket=true&secure=false&region=us-east-1&retry.max_attempts=5",
    ),
    "s3.yaml": (
        {
            "framework": "boto3",
            "root_bucket": "my-bucket",
            "connection": {"region": "eu-central-1", "connect_timeout": 3, "read_timeout": 30.0},
            "transfer": TransferConfiguration(part_size=16 * MIB, max_concurrency=16),
        },
        "s3://eu-central-1/my-bucket?connect_timeout=3&read_timeout=30"
        "&transfer.part_size=16MiB&transfer.max_concurrency=16",
    ),
    "ceph.yaml": (
        {
            "framework": "boto3",
            "root_bucket": "my-bucket",
            "connection": {
                "endpoint": "rgw.example.com:8443",
                "secure": True,
                "region": "default",
                "addressing_style": "path",
                "ca_bundle": "/etc/ssl/certs/ceph-ca.pem",
            },
        },
        "s3://rgw.example.com:8443/my-bucket?secure=true&region=default"
        "&addressing_style=path&ca_bundle=/etc/ssl/certs/ceph-ca.pem",
    ),
}


class _PluginConnection(ConnectionConfiguration):
    embedded: ClassVar[bool] = True
    shelf: int = 1


class PluginClient:
    """A third party's client."""

    connection_model = _PluginConnection


class ClientWithoutModel:
    """A third party's client that forgot its connection model."""


class ClientWithForeignModel:
    """A third party's client whose model lacks our rules."""

    connection_model = BaseModel


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.upper().startswith("DATA_STORE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(registry, "_registered", {})


def _minio(**connection: Any) -> ObjectStoreConfiguration:
    return ObjectStoreConfiguration(framework="minio", root_bucket="b", connection=connection)


def _as_variables(section: dict[str, Any], prefix: str = "DATA_STORE__OBJECT_STORE") -> dict[str, str]:
    variables: dict[str, str] = {}
    for key, value in section.items():
        name = f"{prefix}__{key.upper()}"
        if isinstance(value, dict):
            variables |= _as_variables(value, name)
        else:
            variables[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return variables


def test_every_file_in_config_has_an_example_here() -> None:
    """A new file in config/ needs its dict and its URL in the table above."""
    assert {file.name for file in CONFIG.iterdir()} == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_dict_yaml_environment_and_url_give_equal_configurations(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """However a configuration is written, it is the same one."""
    as_dict, url = EXAMPLES[name]
    from_yaml = load_yaml(CONFIG / name)["object_store"]
    for variable, text in _as_variables(from_yaml).items():
        monkeypatch.setenv(variable, text)
    expected = ObjectStoreConfiguration.model_validate(as_dict)
    assert ObjectStoreConfiguration.model_validate(from_yaml) == expected
    assert ObjectStoreConfiguration.model_validate(get_config()["object_store"]) == expected
    assert configuration_from_url(url) == expected
    assert configuration_from_url(expected.to_url()) == expected


def test_the_defaults_are_the_embedded_store() -> None:
    """Nothing configured: local, ./.data-store, a root bucket that is made."""
    config = ObjectStoreConfiguration()
    assert config.framework is Framework.LOCAL
    assert config.root_bucket == "default"
    assert config.create_root_bucket is True
    assert config.connection == LocalConnectionConfiguration(root=Path("./.data-store"), durability="full")
    assert config.retry == RetryConfiguration(max_attempts=3, initial_backoff=0.1, max_backoff=5.0)
    assert config.transfer == TransferConfiguration(
        part_size=8 * MIB,
        multipart_threshold=16 * MIB,
        copy_part_size=512 * MIB,
        copy_threshold=5 * GIB,
        max_concurrency=8,
    )


def test_servers_get_no_root_bucket_and_make_none() -> None:
    """On a server the bucket must be named, and is made only if asked."""
    for framework in ("minio", "boto3"):
        config = ObjectStoreConfiguration(framework=framework)
        assert (config.root_bucket, config.create_root_bucket) == (None, False)
    assert ObjectStoreConfiguration(framework="minio", create_root_bucket=True).create_root_bucket is True
    assert ObjectStoreConfiguration(framework="memory", create_root_bucket=False).create_root_bucket is False


def test_a_relative_root_stays_where_it_was_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another working directory later, in a daemon or where the store is unpickled, must not be another store."""
    monkeypatch.chdir(tmp_path)
    config = ObjectStoreConfiguration(connection={"root": "data"})
    monkeypatch.chdir("/")
    assert config.connection.root == tmp_path / "data"


def test_data_store_root_moves_the_embedded_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """DATA_STORE_ROOT is the default of root; a configured root wins, an empty variable is none."""
    monkeypatch.setenv("DATA_STORE_ROOT", "/srv/objects")
    assert ObjectStoreConfiguration().connection.root == Path("/srv/objects")
    assert LocalConnectionConfiguration(root=Path("/x")).root == Path("/x")
    monkeypatch.setenv("DATA_STORE_ROOT", "")
    assert ObjectStoreConfiguration().connection.root == Path(".data-store").absolute()


def test_endpoint_and_access_key_print_as_they_are() -> None:
    """What is no secret is a plain string."""
    connection = _minio(endpoint="localhost:9000", access_key="ACCESS", secret_key="SECRET").connection
    assert f"{connection.endpoint} {connection.access_key}" == "localhost:9000 ACCESS"


@pytest.mark.parametrize("framework", list(Framework))
def test_the_framework_may_be_a_string_or_the_enum(framework: Framework) -> None:
    """Both give equal configurations, with the enum inside."""
    config = ObjectStoreConfiguration(framework=framework.value)
    assert config == ObjectStoreConfiguration(framework=framework)
    assert config.framework is framework


@pytest.mark.parametrize(
    ("given", "secure", "url", "host"),
    [
        ({}, True, None, None),
        ({"endpoint": "h:9000"}, False, "http://h:9000", "h"),
        ({"endpoint": "h"}, False, "http://h", "h"),
        ({"endpoint": "h:9000", "secure": True}, True, "https://h:9000", "h"),
        ({"endpoint": "h:9000", "secure": "true"}, True, "https://h:9000", "h"),
        ({"endpoint": "http://h:9000"}, False, "http://h:9000", "h"),
        ({"endpoint": "HTTPS://My.Host/"}, True, "https://my.host", "my.host"),
        ({"endpoint": "https://h", "secure": True}, True, "https://h", "h"),
        ({"endpoint": "http://h", "secure": "off"}, False, "http://h", "h"),
        ({"endpoint": "[::1]:9000"}, False, "http://[::1]:9000", "::1"),
        ({"endpoint": "minio_server:9000"}, False, "http://minio_server:9000", "minio_server"),
    ],
)
def test_the_scheme_decides_on_tls(given: dict[str, Any], secure: bool, url: str | None, host: str | None) -> None:
    """A bare host is HTTP, a URL says it, no endpoint is AWS over TLS; the result is always a bool."""
    connection = ObjectStoreConnectionConfiguration(**given)
    assert (connection.secure, connection.endpoint_url, connection.host) == (secure, url, host)


@pytest.mark.parametrize(
    ("connection", "problem"),
    [
        (
            {"endpoint": "https://h", "secure": False},
            "connection.endpoint: the scheme https:// contradicts secure=false",
        ),
        ({"endpoint": "http://h", "secure": "yes"}, "connection.endpoint: the scheme http:// contradicts secure=true"),
        ({"secure": False}, "connection.endpoint: secure=false needs an endpoint"),
        ({"endpoint": ""}, "connection.endpoint: must be host"),
        ({"endpoint": "ftp://h"}, "connection.endpoint: must be host:port or a URL"),
        ({"endpoint": "http://"}, "connection.endpoint: must be host"),
        ({"endpoint": "h/path"}, "connection.endpoint: must be host"),
        ({"endpoint": "http://h?x"}, "connection.endpoint: must be host"),
        ({"endpoint": "h:port"}, "connection.endpoint: must be host"),
        ({"endpoint": "h h"}, "connection.endpoint: must be host"),
        ({"endpoint": "h:99999"}, "connection.endpoint: the port must be"),
        ({"endpoint": 9000}, "connection.endpoint: Input should be a valid string; put it in quotes"),
        ({"endpoint": "http://user:s3cr3t@h"}, "connection.endpoint: must not hold credentials"),
        ({"secure": "s3cr3t"}, "connection.secure: Input should be a valid boolean"),
        ({"secure": 5}, "connection.secure: Input should be a valid boolean"),
        ({"access_key": "A"}, "connection.secret_key: access_key and secret_key come together"),
        ({"secret_key": "s3cr3t"}, "connection.secret_key: access_key and secret_key come together"),
        ({"access_key": "", "secret_key": "s3cr3t"}, "connection.access_key: String should have at least 1"),
        ({"access_key": "A", "secret_key": ""}, "connection.secret_key: "),
        ({"access_key": "A", "secret_key": 12345}, "connection.secret_key: Input should be a valid string"),
        ({"access_key": 12345, "secret_key": "s3cr3t"}, "connection.access_key: Input should be a valid string"),
        ({"session_token": "s3cr3t"}, "connection.session_token: needs access_key"),
        (
            {"anonymous": True, "access_key": "A", "secret_key": "s3cr3t"},
            "connection.anonymous: excludes access_key, secret_key",
        ),
        ({"profile": "p", "access_key": "A", "secret_key": "s3cr3t"}, "connection.profile: excludes access_key"),
        ({"profile": "p", "anonymous": True}, "connection.profile: excludes anonymous"),
        ({"profile": ""}, "connection.profile: "),
        ({"region": ""}, "connection.region: "),
        ({"region": "eu-west-1\n"}, "connection.region: must be letters and digits"),
        ({"region": "s3cr3t."}, "connection.region: must be letters and digits"),
        ({"region": "-s3cr3t"}, "connection.region: must be letters and digits"),
        ({"region": "r" * 64}, "connection.region: must be letters and digits"),
        ({"addressing_style": "s3cr3t"}, "connection.addressing_style: Input should be 'auto', 'path' or 'virtual'"),
        ({"connect_timeout": 0}, "connection.connect_timeout: Input should be greater than 0"),
        ({"read_timeout": -1}, "connection.read_timeout: Input should be greater than 0"),
        ({"read_timeout": "inf"}, "connection.read_timeout: Input should be a finite number"),
        ({"max_connections": 0}, "connection.max_connections: Input should be greater than or equal to 1"),
        ({"proxy": "user:s3cr3t@h"}, "connection.proxy: must be a URL"),
        ({"endpoit": "s3cr3t"}, "connection.endpoit: unknown key, did you mean 'endpoint'? Allowed: secure, endpoint"),
        ({"xyz": "s3cr3t"}, "connection.xyz: unknown key. Allowed: secure, endpoint, access_key"),
        ({"root": "s3cr3t"}, "connection.root: unknown key"),
        ({"a\nb": "s3cr3t"}, r"connection.'a\nb': unknown key"),
    ],
)
def test_a_bad_connection_is_refused_with_path_and_rule(connection: dict[str, Any], problem: str) -> None:
    """The message begins with the path of the bad key, tells the rule, and shows no value."""
    with pytest.raises(ConfigurationError) as caught:
        _minio(**connection)
    assert str(caught.value).startswith(problem)
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ({"framework": "minoi"}, "framework: unknown framework 'minoi', did you mean 'minio'? Known are: minio, boto3"),
        ({"framework": "s3"}, "framework: unknown framework 's3': write boto3."),
        ({"framework": "MINIO"}, "framework: unknown framework"),
        ({"framework": 3}, "framework: must be a name, one of minio, boto3, local, memory"),
        ({"framework": None}, "framework: must be a name"),
        ({"root_bucket": ""}, "root_bucket: String should have at least 1 character"),
        ({"root_bucket": 5}, "root_bucket: Input should be a valid string; put it in quotes"),
        (
            {"root_bucket": "s3cr3t_X"},
            "root_bucket: create_root_bucket would make this bucket (in a URL: what stands behind the last slash), ",
        ),
        ({"framework": "memory", "root_bucket": "ab"}, "root_bucket: create_root_bucket would make this bucket "),
        ({"framework": "minio", "root_bucket": "a..b", "create_root_bucket": "yes"}, "root_bucket: create_root_bucket"),
        ({"create_root_bucket": "perhaps"}, "create_root_bucket: Input should be a valid boolean"),
        ({"object_store": {"framework": "minio"}}, "object_store: leave out this level, and give what stands below it"),
        ({"bucket": "b"}, "bucket: unknown key, did you mean 'root_bucket'?"),
        ({"connection": "s3cr3t"}, "connection: must be a mapping of keys to values, not str"),
        ({"connection": []}, "connection: must be a mapping of keys to values, not list"),
        ({"connection": {1: 2}}, "connection: keys must be strings"),
        ({"connection": {"root": 5}}, "connection.root: Input is not a valid path"),
        ({"connection": {"durability": "some"}}, "connection.durability: Input should be 'full' or 'relaxed'"),
        ({"connection": {"endpoint": "h"}}, "connection.endpoint: unknown key. Allowed: root, durability"),
        (
            {"connection": MemoryConnectionConfiguration()},
            "connection: must be LocalConnectionConfiguration, not MemoryConnectionConfiguration",
        ),
        ({"framework": "memory", "connection": {"name": ""}}, "connection.name: "),
        ({"retry": 3}, "retry: must be a mapping"),
        ({"retry": {"max_attempts": 0}}, "retry.max_attempts: Input should be greater than or equal to 1"),
        ({"retry": {"max_attempts": "many"}}, "retry.max_attempts: Input should be a valid integer"),
        ({"retry": {"initial_backoff": -1}}, "retry.initial_backoff: "),
        ({"retry": {"initial_backoff": 2, "max_backoff": 1}}, "retry.max_backoff: must be at least retry.initial_back"),
        ({"retry": {"attempts": 1}}, "retry.attempts: unknown key, did you mean 'max_attempts'?"),
        ({"retry": TransferConfiguration()}, "retry: must be RetryConfiguration, not TransferConfiguration"),
        ({"transfer": {"part_size": 5 * MIB - 1}}, "transfer.part_size: Input should be greater than or equal to 5MiB"),
        ({"transfer": {"part_size": 5 * GIB + 1}}, "transfer.part_size: Input should be less than or equal to 5GiB"),
        ({"transfer": {"multipart_threshold": 1}}, "transfer.multipart_threshold: "),
        ({"transfer": {"copy_part_size": "1MiB"}}, "transfer.copy_part_size: "),
        ({"transfer": {"copy_threshold": "6GiB"}}, "transfer.copy_threshold: "),
        ({"transfer": {"part_size": "large"}}, "transfer.part_size: could not parse"),
        ({"transfer": {"part_size": "9 parts"}}, "transfer.part_size: could not interpret byte unit"),
        ({"transfer": {"max_concurrency": 0}}, "transfer.max_concurrency: "),
        ("s3cr3t", "ObjectStoreConfiguration: must be a mapping of keys to values, not str"),
        (None, "ObjectStoreConfiguration: must be a mapping of keys to values, not NoneType"),
        ({1: 2}, "ObjectStoreConfiguration: keys must be strings"),
    ],
)
def test_a_bad_configuration_is_refused_with_path_and_rule(section: Any, problem: str) -> None:
    """As for connections, at every other place."""
    with pytest.raises(ConfigurationError) as caught:
        ObjectStoreConfiguration.model_validate(section)
    assert str(caught.value).startswith(problem)
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize(
    ("section", "advice"),
    [
        ({"framework": "minio", "connection": {"secure": "perhaps"}}, "; write true or false"),
        ({"connection": {"root": 5}}, "; put it in quotes"),
        ({"create_root_bucket": []}, "; write true or false"),
        ({"transfer": {"part_size": "large"}}, 'such as "64MiB"'),
        ({"transfer": {"part_size": "9 parts"}}, 'such as "64MiB"'),
        ({"framework": "minio", "connection": {"access_key": 5, "secret_key": "s"}}, "; put it in quotes"),
        ({"framework": "minio", "connection": {"access_key": "A", "secret_key": 5}}, "; put it in quotes"),
    ],
)
def test_a_wrong_type_says_what_to_write(section: dict[str, Any], advice: str) -> None:
    """YAML makes numbers and words of what was meant as text, a size or a switch."""
    with pytest.raises(ConfigurationError) as caught:
        ObjectStoreConfiguration.model_validate(section)
    assert str(caught.value).endswith(advice)


def test_a_bucket_that_is_not_made_may_have_a_legacy_name() -> None:
    """Only a new bucket's name must keep S3's rules."""
    for framework in Framework:
        config = ObjectStoreConfiguration(framework=framework, root_bucket="Legacy_Name", create_root_bucket=False)
        assert config.root_bucket == "Legacy_Name"


def test_every_problem_is_told_at_once() -> None:
    """One line for each, so that nobody fixes them one run at a time."""
    with pytest.raises(ConfigurationError) as caught:
        ObjectStoreConfiguration(framework="minio", root_bucket="", connection={"regin": "r"}, retry={"x": 1}, y=1)
    paths = [line.partition(":")[0] for line in str(caught.value).splitlines()]
    assert paths == ["root_bucket", "connection.regin", "retry.x", "y"]


def test_the_parts_raise_configuration_errors_themselves() -> None:
    """A part made alone tells paths from its own root."""
    with pytest.raises(ConfigurationError, match=r"^max_attempts: "):
        RetryConfiguration(max_attempts=0)
    with pytest.raises(ConfigurationError, match=r"^endpoit: unknown key"):
        ObjectStoreConnectionConfiguration.model_validate({"endpoit": "x"})


def test_pydantics_options_are_refused() -> None:
    """A configuration is read in one way."""
    with pytest.raises(TypeError, match="takes no options"):
        ObjectStoreConfiguration.model_validate({}, strict=True)


def test_sizes_may_be_written_with_units() -> None:
    """Integers, strings of digits and units mean bytes."""
    for size in (64 * MIB, str(64 * MIB), "64MiB", "64 mib"):
        assert TransferConfiguration(part_size=size).part_size == 64 * MIB
    assert type(TransferConfiguration(part_size="64MiB").part_size) is int


def test_instances_pass_through() -> None:
    """Models of the right type are taken as they are; None and nothing are the defaults."""
    connection, retry = ObjectStoreConnectionConfiguration(endpoint="h:1"), RetryConfiguration(max_attempts=1)
    config = ObjectStoreConfiguration(framework="boto3", connection=connection, retry=retry, transfer=None)
    assert config.connection is connection
    assert config.retry is retry
    assert config.transfer == TransferConfiguration()
    assert ObjectStoreConfiguration.model_validate(config) is config


@pytest.mark.parametrize("name", ["framework", "root_bucket", "connection", "retry", "new"])
def test_a_configuration_cannot_be_changed(name: str) -> None:
    """Frozen, on every level."""
    config = _minio(endpoint="h:1")
    with pytest.raises(ConfigurationError, match="frozen"):
        setattr(config, name, "other")
    with pytest.raises(ConfigurationError, match="frozen") as caught:
        config.connection.secret_key = "s3cr3t"
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize("name", EXAMPLES)
def test_copies_and_pickles_are_equal(name: str) -> None:
    """A configuration travels to other processes, and is a key of a dict."""
    config = ObjectStoreConfiguration.model_validate(EXAMPLES[name][0])
    for other in (pickle.loads(pickle.dumps(config)), copy.deepcopy(config), config.model_copy()):
        assert other == config
        assert hash(other) == hash(config)
        assert type(other.connection) is type(config.connection)
    assert config != config.model_copy(update={"root_bucket": "other"})


def test_configurations_that_differ_in_a_secret_are_not_equal() -> None:
    """Equality looks into SecretStr."""
    assert _minio(access_key="A", secret_key="S") == _minio(access_key="A", secret_key=SecretStr("S"))
    assert _minio(access_key="A", secret_key="S") != _minio(access_key="A", secret_key="T")


_SECRET = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).map("s3cr3t{}".format)


@given(secret=_SECRET)
def test_no_printed_form_shows_a_secret(secret: str) -> None:
    """Neither repr, str, the masked URL, the JSON dump nor a log line."""
    proxy = f"http://u:{'s3cr3t' * 2}@p:1"
    config = _minio(endpoint="h:1", access_key="A", secret_key=secret, session_token=secret, proxy=proxy)
    record = logging.LogRecord("x", logging.INFO, "f", 1, "%s %r", (config, config.connection), None)
    for text in (repr(config), str(config), config.to_url(), record.getMessage(), repr(config.connection)):
        assert "s3cr3t" not in text
    assert secret not in config.connection.model_dump_json(exclude={"proxy"})


@given(secret=_SECRET, key=st.sampled_from(["secret_key", "session_token", "secretkey", "x", "secure", "read_timeout"]))
def test_no_error_shows_a_secret(secret: str, key: str) -> None:
    """Whatever key a secret was put under, the whole traceback holds rules only."""
    given_keys = {"access_key": "", "proxy": secret, "endpoint": f"http://{secret}@h", key: secret}
    try:
        ObjectStoreConfiguration(framework="boto3", connection=given_keys, retry=secret, transfer={"part_size": secret})
    except ConfigurationError as error:
        told = "".join(traceback.TracebackException.from_exception(error).format()), error.__context__, error.__cause__
    assert "s3cr3t" not in told[0]
    assert told[1:] == (None, None)


def test_a_third_party_brings_its_connection_model() -> None:
    """The class is loaded, its connection_model validates, and its flag decides the embedded defaults."""
    registry.register("plugin", f"{__name__}:PluginClient")
    config = ObjectStoreConfiguration(framework="plugin", connection={"shelf": "7"})
    assert config.connection == _PluginConnection(shelf=7)
    assert (config.framework, config.root_bucket, config.create_root_bucket) == ("plugin", "default", True)
    assert pickle.loads(pickle.dumps(config)) == config
    with pytest.raises(ConfigurationError, match=r"^connection.shelv: unknown key, did you mean 'shelf'\?"):
        ObjectStoreConfiguration(framework="plugin", connection={"shelv": 1})


@pytest.mark.parametrize("client", ["ClientWithoutModel", "ClientWithForeignModel"])
def test_a_third_party_without_a_proper_model_is_refused(client: str) -> None:
    """Only a subclass of ConnectionConfiguration keeps the promises about errors and secrets."""
    registry.register("plugin", f"{__name__}:{client}")
    with pytest.raises(ConfigurationError, match="connection_model must be a subclass of ConnectionConfiguration"):
        ObjectStoreConfiguration(framework="plugin")


def test_a_third_partys_missing_package_stays_a_missing_dependency(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Validation does not turn it into something vaguer."""
    (tmp_path / "plugin_that_needs.py").write_text("import a_missing_sdk")
    monkeypatch.syspath_prepend(str(tmp_path))
    registry.register("plugin", "plugin_that_needs:Client")
    with pytest.raises(MissingDependency, match="a_missing_sdk"):
        ObjectStoreConfiguration(framework="plugin")


def test_known_paths_are_what_the_models_take() -> None:
    """Every leaf with its path, and nothing of another framework."""
    paths = known_paths("memory")
    assert {("framework",), ("create_root_bucket",), ("connection", "name"), ("retry", "max_attempts")} <= paths
    assert not {("connection",), ("retry",), ("connection", "root")} & paths
    assert ("connection", "secret_key") in known_paths("boto3")


@pytest.mark.parametrize("framework", list(Framework))
def test_a_built_in_connection_model_needs_no_import(framework: str) -> None:
    """Configuring a framework imports neither its SDK nor its adapter."""
    script = (
        "import sys\n"
        "from data_store.object_store.configurations import ObjectStoreConfiguration\n"
        f"ObjectStoreConfiguration(framework={str(framework)!r}).to_url()\n"
        "print([name for name in ('minio', 'boto3', 'botocore', 'urllib3') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    assert connection_model(framework).embedded is (framework in ("local", "memory"))

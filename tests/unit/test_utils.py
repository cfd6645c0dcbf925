"""File and environment, as get_config() lays them over each other."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data_store.object_store.configurations import ObjectStoreConfiguration
from data_store.object_store.errors import ConfigurationError
from data_store.utils import get_config, load_yaml

PREFIX = "DATA_STORE__OBJECT_STORE__"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.upper().startswith("DATA_STORE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def _config(monkeypatch: pytest.MonkeyPatch, **variables: str) -> dict[str, Any]:
    for name, value in variables.items():
        monkeypatch.setenv(PREFIX + name, value)
    section: dict[str, Any] = get_config()["object_store"]
    return section


def test_nothing_set_is_an_empty_configuration() -> None:
    """Without file and environment the section is empty, which means the embedded store."""
    assert get_config() == {"object_store": {}}


def test_utils_can_be_imported_first() -> None:
    """The module and the package import each other; either may come first."""
    done = subprocess.run(
        [sys.executable, "-c", "import data_store.utils"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("text", ["12345", "1e10", "true", "null", "[1]", '{"a": 1}', '"quoted"', "007", " x ", "é"])
def test_values_are_the_strings_they_are(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is decoded: what looks like JSON stays the text it is, down to the model's fields."""
    section = _config(
        monkeypatch, FRAMEWORK="minio", CONNECTION__ACCESS_KEY=text, CONNECTION__SECRET_KEY=text, ROOT_BUCKET=text
    )
    config = ObjectStoreConfiguration.model_validate(section)
    assert config.connection.access_key == text
    assert config.connection.secret_key.get_secret_value() == text
    assert config.root_bucket == text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
def test_any_text_travels_through_the_environment(text: str) -> None:
    """Whatever a variable can hold reaches the dict unchanged."""
    with pytest.MonkeyPatch.context() as patch:
        section = _config(patch, FRAMEWORK="boto3", CONNECTION__SECRET_KEY=text)
    assert section["connection"]["secret_key"] == text


def test_strings_become_the_types_of_the_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model, and not the source, turns "5" into a number."""
    section = _config(
        monkeypatch,
        FRAMEWORK="boto3",
        CONNECTION__ENDPOINT="localhost:9000",
        CONNECTION__SECURE="false",
        CONNECTION__READ_TIMEOUT="2.5",
        RETRY__MAX_ATTEMPTS="5",
        TRANSFER__PART_SIZE="64MiB",
        CREATE_ROOT_BUCKET="true",
    )
    config = ObjectStoreConfiguration.model_validate(section)
    assert (config.connection.secure, config.connection.read_timeout) == (False, 2.5)
    assert (config.retry.max_attempts, config.transfer.part_size) == (5, 64 * 1024**2)
    assert config.create_root_bucket is True


def test_the_environment_lies_over_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A variable replaces one value of the file, at any depth; the rest stays."""
    file = tmp_path / "mine.yaml"
    file.write_text("object_store:\n  framework: minio\n  root_bucket: a\n  connection: {endpoint: 'h:1', region: r}\n")
    monkeypatch.setenv("DATA_STORE_CONFIG", str(file))
    assert _config(monkeypatch, CONNECTION__ENDPOINT="other:2") == {
        "framework": "minio",
        "root_bucket": "a",
        "connection": {"endpoint": "other:2", "region": "r"},
    }


def test_the_default_file_is_read_when_it_exists(tmp_path: Path) -> None:
    """config/data-store.yaml in the working directory needs no variable."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config/data-store.yaml").write_text("object_store: {root_bucket: from-default}")
    assert get_config() == {"object_store": {"root_bucket": "from-default"}}


def test_a_named_file_replaces_the_default_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One file is read, never two."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config/data-store.yaml").write_text("object_store: {root_bucket: from-default, framework: memory}")
    (tmp_path / "other.yaml").write_text("object_store: {root_bucket: other}")
    monkeypatch.setenv("DATA_STORE_CONFIG", "other.yaml")
    assert get_config() == {"object_store": {"root_bucket": "other"}}


def test_a_missing_named_file_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong DATA_STORE_CONFIG never selects the embedded store by accident."""
    monkeypatch.setenv("DATA_STORE_CONFIG", "nowhere.yaml")
    with pytest.raises(ConfigurationError, match=r"'nowhere.yaml' cannot be read: No such file"):
        get_config()


@pytest.mark.parametrize(
    "name",
    [
        "DATA_STORE__OBJECTSTORE__FRAMEWORK",
        "DATA_STORE_OBJECT_STORE__FRAMEWORK",
        "DATA_STORE_OBJECT__STORE",
        "data_store_config__x",
        "DATA_STORE__",
        "DATA_STORE__FRAMEWORK",
        "DATA_STORE__OBJECT_STORE",
        "DATA_STORE__OBJECT_STORE__",
        "DATA_STORE__OBJECT_STORE__CONNECTION",
        "DATA_STORE__OBJECT_STORE__CONNECTION__ROOOT",
        "DATA_STORE__OBJECT_STORE__CONNECTION__ENDPOINT",
        "DATA_STORE__OBJECT_STORE__CONNECTION__ROOT__X",
        "DATA_STORE__OBJECT_STORE__FRAMEWORK__X",
        "DATA_STORE__OBJECT_STORE__RETRY",
        "DATA_STORE__OBJECT_STORE__RETRY__ATTEMPTS",
        "data_store__object_store__frame_work",
    ],
)
def test_an_unknown_variable_is_refused_by_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the variable that means nothing to the (embedded) framework, and not its value."""
    monkeypatch.setenv(name, "s3cr3t-value")
    with pytest.raises(ConfigurationError, match=f"{name} ") as caught:
        get_config()
    assert "s3cr3t-value" not in str(caught.value)


def test_a_close_variable_is_suggested(monkeypatch: pytest.MonkeyPatch) -> None:
    """A typo gets the name that was meant."""
    with pytest.raises(ConfigurationError, match=f"did you mean {PREFIX}CONNECTION__ENDPOINT"):
        _config(monkeypatch, FRAMEWORK="minio", CONNECTION__ENDPOIT="h:1")


@pytest.mark.parametrize("rest", ["FRAMEWORK", "CONNECTION__ENDPOINT", "CONNECTION__ROOT", "TRANSFER__PART_SIZE"])
def test_a_mistyped_prefix_gets_the_right_one(rest: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One underscore too few is found, whatever the framework, and never selects the embedded store."""
    monkeypatch.setenv(f"DATA_STORE_OBJECT_STORE__{rest}", "minio")
    with pytest.raises(ConfigurationError, match=rf"did you mean {PREFIX}{rest}\?"):
        get_config()


@pytest.mark.parametrize("name", ["DATA_STORE_ROOT", "DATA_STORE_MINIO_IMAGE", "DATA_STORES__X", "MY_DATA_STORE__X"])
def test_other_variables_are_free(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names without a double underscore, and those of others, are not looked at."""
    monkeypatch.setenv(name, "x")
    assert get_config() == {"object_store": {}}


def test_names_may_be_lower_case(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of variables are case-insensitive, the keys in the dict are lower case."""
    monkeypatch.setenv("data_store__object_store__root_bucket", "Mixed-Case")
    assert get_config() == {"object_store": {"root_bucket": "Mixed-Case"}}


def test_an_unknown_framework_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which variables are known depends on the framework, so it is checked here."""
    with pytest.raises(ConfigurationError, match="unknown framework 'minoi'"):
        _config(monkeypatch, FRAMEWORK="minoi")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("object_store: [1]", "must be a mapping"),
        ("object_store: s3cr3t", "must be a mapping"),
        ("framework: minio\n", "one key at the top"),
        ("object_store: {}\ns3cr3t: 1", "one key at the top"),
        ("s3cr3t", "one key at the top"),
        ("a: 1\nb: 's3cr3t\n", "is not YAML, see line"),
        ("a: !!python/object:s3cr3t.X {}", "is not YAML, see line 1"),
        ("a: 2024-99-99", "is not YAML"),
        ("a: \x01", "is not YAML"),
    ],
)
def test_a_malformed_file_is_refused_without_its_content(text: str, problem: str, tmp_path: Path) -> None:
    """The error says what is wrong and where, and shows nothing of the file."""
    (tmp_path / "bad.yaml").write_text(text)
    with pytest.raises(ConfigurationError, match=problem) as caught:
        load_yaml("bad.yaml")
    assert "s3cr3t" not in str(caught.value)
    assert caught.value.__context__ is None


def test_bytes_that_are_not_utf8_are_refused(tmp_path: Path) -> None:
    """A configuration file is UTF-8."""
    (tmp_path / "bad.yaml").write_bytes(b"object_store: {root_bucket: \xff}")
    with pytest.raises(ConfigurationError, match="is not YAML"):
        load_yaml(tmp_path / "bad.yaml")


def test_a_directory_is_refused(tmp_path: Path) -> None:
    """The system's reason is told."""
    with pytest.raises(ConfigurationError, match="directory"):
        load_yaml(tmp_path)


EMPTY = [
    ("", "'empty.yaml' is empty: it has no object_store"),
    ("# nothing\n", "'empty.yaml' is empty: it has no object_store"),
    ("{}\n", "'empty.yaml' is empty: it has no object_store"),
    ("object_store:\n", "'empty.yaml': object_store has nothing below it"),
]


@pytest.mark.parametrize(("text", "problem"), EMPTY)
def test_an_empty_file_is_refused(text: str, problem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that says nothing never selects the embedded store, read directly or through DATA_STORE_CONFIG."""
    Path("empty.yaml").write_text(text)
    with pytest.raises(ConfigurationError, match=f"{problem}.*write 'object_store: {{}}'"):
        load_yaml("empty.yaml")
    monkeypatch.setenv("DATA_STORE_CONFIG", "empty.yaml")
    with pytest.raises(ConfigurationError, match=problem):
        get_config()


@pytest.mark.parametrize("text", [text for text, _ in EMPTY])
def test_an_empty_default_file_is_refused(text: str) -> None:
    """config/data-store.yaml has to say what it means, as any other file."""
    Path("config").mkdir()
    Path("config/data-store.yaml").write_text(text)
    with pytest.raises(ConfigurationError, match=r"data-store\.yaml'"):
        get_config()


def test_the_defaults_can_be_asked_for() -> None:
    """An explicit empty mapping means the embedded store."""
    Path("defaults.yaml").write_text("object_store: {}\n")
    assert load_yaml("defaults.yaml") == {"object_store": {}}


@pytest.mark.parametrize(
    ("value", "problem"),
    [("", "is set, but empty: unset it"), (" ", "is set, but empty"), ("minio://A:s3cr3t@h/b", "a URL, which is not")],
)
def test_a_variable_that_names_no_file_is_refused(value: str, problem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what DATA_STORE_CONFIG takes, and never shows a URL, which may hold a secret."""
    monkeypatch.setenv("DATA_STORE_CONFIG", value)
    with pytest.raises(ConfigurationError, match=f"DATA_STORE_CONFIG .*{problem}") as caught:
        get_config()
    assert "s3cr3t" not in str(caught.value)

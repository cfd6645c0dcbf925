"""The tables that the pages are generated with tell the truth, and the API page is complete."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

import data_store.object_store
from data_store.object_store import Framework, ObjectStore
from data_store.object_store import errors as all_errors
from data_store.object_store.configurations import known_paths
from data_store.object_store.testing import ObjectStoreConformance
from tests.docs.pages import ROOT

API = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
SAMPLES = {
    "access_key": "A",
    "addressing_style": "path",
    "anonymous": "true",
    "create_root_bucket": "true",
    "durability": "relaxed",
    "endpoint": "localhost:9000",
    "integrity": "transport",
    "proxy": "http://localhost:3128",
    "public_endpoint": "https://files.example.com",
    "secure": "true",
}
NEEDS = {
    "access_key": {"secret_key": "S"},
    "secret_key": {"access_key": "A"},
    "session_token": {"access_key": "A", "secret_key": "S"},
}


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[ModuleType, ModuleType]]:
    """The modules of ``docs/_ext``, imported as Sphinx does."""
    monkeypatch.syspath_prepend(ROOT / "docs" / "_ext")
    import code_tables
    import configuration_tables

    yield configuration_tables, code_tables
    for imported in ("code_tables", "configuration_tables", "markdown_text"):
        sys.modules.pop(imported)


def _value(key: object) -> str:
    """A text that a key takes."""
    name = key.path[-1]
    return SAMPLES.get(name) or ("8MiB" if "bytes" in key.type else "4" if "number" in key.type else "text")


@pytest.mark.parametrize("framework", list(Framework))
def test_every_key_in_the_reference_is_accepted_as_variable_and_parameter(framework, tables, monkeypatch, tmp_path):
    """The names that the reference gives mean the same key, in the environment and in a URL."""
    configuration, _ = tables
    monkeypatch.chdir(tmp_path)
    for key in _keys(configuration, framework):
        value, needs = _value(key), NEEDS.get(key.path[-1], {})
        with monkeypatch.context() as environment:
            environment.setenv("DATA_STORE__OBJECT_STORE__FRAMEWORK", str(framework))
            for name, text in needs.items():
                environment.setenv(f"DATA_STORE__OBJECT_STORE__CONNECTION__{name.upper()}", text)
            environment.setenv(key.variable, value)
            by_environment = ObjectStore().config
        if key.parameter is not None:
            query = "&".join(f"{name}={text}" for name, text in {**needs, key.parameter: value}.items())
            assert ObjectStore.from_url(f"{framework}://?{query}").config == by_environment, key.path


@pytest.mark.parametrize("framework", list(Framework))
def test_the_reference_has_every_key(framework, tables):
    """What can be configured is in the reference, and the page shows it."""
    configuration, _ = tables
    found = {key.path for key in _keys(configuration, framework)} | {("framework",), ("root_bucket",)}
    assert found == set(known_paths(framework))
    page = configuration.configuration_keys()
    assert [path for path in found if f"`{'.'.join(path)}`" not in page] == []


def test_bounds_and_defaults_are_in_the_reference(tables):
    """Sizes have their unit, secrets say that they are, choices are listed."""
    configuration, _ = tables
    page = configuration.configuration_keys()
    assert "| `transfer.part_size` | bytes, at least 5MiB, at most 5GiB | `8MiB` |" in page
    assert "| `connection.secret_key` | secret text, not empty | none |" in page
    assert "| `connection.durability` | `full` or `relaxed` | `full` |" in page


def test_every_error_and_its_advice_is_in_the_table(tables):
    """The table of errors has all of them."""
    _, code = tables
    page = code.errors()
    assert [name for name in all_errors.__all__ if f"`{name}`" not in page] == []
    assert all_errors.Throttled.hint in page


def test_every_promise_of_the_conformance_suite_is_in_the_list(tables):
    """Each group has tests, and each test a sentence."""
    _, code = tables
    lines = code.conformance_groups().splitlines()
    groups = [line for line in lines if line.startswith("**")]
    assert [
        group for group in ObjectStoreConformance.__bases__ if f"**{group.__name__}**" not in " ".join(groups)
    ] == []
    assert len([line for line in lines if line.startswith("- ") and line.endswith(".")]) >= 110


def test_every_public_name_is_in_the_api_reference():
    """What can be imported from the package has an entry."""
    documented = {word.partition("(")[0].rpartition(".")[2] for word in API.split()}
    assert [name for name in data_store.object_store.__all__ if name not in documented] == []


def _keys(configuration, framework):
    """The keys of a framework, but the two that a URL has a place for."""
    models = {
        "connection": configuration.connection_model(framework),
        "retry": configuration.RetryConfiguration,
        "transfer": configuration.TransferConfiguration,
        "presign": configuration.PresignConfiguration,
    }
    top = [key for key in configuration.keys(configuration.ObjectStoreConfiguration) if key.parameter is not None]
    return [*top, *(key for name, model in models.items() for key in configuration.keys(model, name))]

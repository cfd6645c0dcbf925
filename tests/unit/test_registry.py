"""Framework names and the classes that they stand for."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from data_store.object_store import registry
from data_store.object_store.configurations import Framework
from data_store.object_store.errors import ConfigurationError, MissingDependency


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_registered", {})


def _module(directory: Path, name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> str:
    (directory / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(str(directory))
    return name


def test_the_built_in_names_come_first() -> None:
    """The names are those of the enum, in its order."""
    assert registry.names()[:4] == tuple(Framework)


def test_a_registered_class_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """register() adds a name, target() tells its string, load() imports the class."""
    _module(tmp_path, "an_adapter", "class Client: ...", monkeypatch)
    registry.register("x-store+v1.0", "an_adapter:Client")
    assert registry.target("x-store+v1.0") == "an_adapter:Client"
    assert registry.load("x-store+v1.0").__name__ == "Client"


def test_registering_imports_nothing() -> None:
    """A target that does not exist is found out on first use only."""
    registry.register("later", "no.such.module:Client")
    assert "later" in registry.names()


def test_an_entry_point_is_a_framework(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package that declares the entry point needs no register()."""
    point = EntryPoint("plugged", "collections:OrderedDict", registry.ENTRY_POINT_GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [point])
    registry._from_entry_points.cache_clear()
    try:
        assert registry.load("plugged").__name__ == "OrderedDict"
        with pytest.raises(ConfigurationError, match="registered already"):
            registry.register("plugged", "other:Client")
    finally:
        registry._from_entry_points.cache_clear()


@pytest.mark.parametrize("name", ["", "Minio", "1x", "a b", "a_b", "a/b", "é", "x\n"])
def test_a_name_that_is_no_url_scheme_is_refused(name: str) -> None:
    """Every framework has a URL scheme, so its name must be one."""
    with pytest.raises(ConfigurationError, match="lower case"):
        registry.register(name, "module:Class")


@pytest.mark.parametrize("target", ["", "module", "module:", ":Class", "module.Class", "a-b:C", "m:C:D"])
def test_a_malformed_target_is_refused(target: str) -> None:
    """A target is "module:Class"."""
    with pytest.raises(ConfigurationError, match="module:Class"):
        registry.register("mine", target)


def test_a_name_keeps_its_target() -> None:
    """The same target again is fine, another one is an error and changes nothing."""
    registry.register("mine", "one:Client")
    registry.register("mine", "one:Client")
    with pytest.raises(ConfigurationError, match="registered already"):
        registry.register("mine", "two:Client")
    assert registry.target("mine") == "one:Client"


@pytest.mark.parametrize("name", list(Framework))
def test_a_built_in_cannot_be_replaced(name: str) -> None:
    """Nobody swaps what "minio" means."""
    with pytest.raises(ConfigurationError, match="built in"):
        registry.register(name, "evil:Client")


def test_an_unknown_name_lists_the_known_ones() -> None:
    """The message says what could have been meant."""
    with pytest.raises(ConfigurationError, match=r"unknown framework 'xyz'\. Known are: minio, boto3, local, memory"):
        registry.load("xyz")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("minoi", ", did you mean 'minio'?"),
        ("MinIO", ", did you mean 'minio'?"),
        ("Boto3", ", did you mean 'boto3'?"),
        ("s3", ": write boto3."),
        ("AWS", ": write boto3."),
    ],
)
def test_an_unknown_name_gets_the_one_that_was_meant(name: str, meant: str) -> None:
    """In whatever case it is written, and by the name that others have for it."""
    with pytest.raises(ConfigurationError) as caught:
        registry.target(name)
    assert str(caught.value).startswith(f"unknown framework {name!r}{meant} Known are: minio")


@pytest.mark.parametrize("name", ["minio", "boto3"])
def test_a_missing_sdk_names_its_extra(name: str) -> None:
    """Without the SDK the error is both a ConfigurationError and an ImportError, with the extra to install."""
    script = (
        "import sys\n"
        f"sys.modules[{name!r}] = None\n"
        "from data_store.object_store import registry, errors\n"
        "from data_store.object_store.configurations import Framework\n"
        f"try: registry.load(Framework({name!r}))\n"
        "except errors.MissingDependency as error: print(isinstance(error, ImportError), error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("True ")
    assert f"install this package with its extra {name!r}, from a checkout: pip install '.[{name}]'" in done.stdout
    assert "<Framework" not in done.stdout


def test_a_directory_named_as_an_sdk_is_none(tmp_path: Path) -> None:
    """As one that is MinIO's volume, beside a program."""
    (tmp_path / "minio").mkdir()
    script = (
        "import importlib.abc, sys\n"
        "class Hiding(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name == 'minio':\n"
        "            from importlib.machinery import PathFinder\n"
        f"            return PathFinder.find_spec(name, [{str(tmp_path)!r}])\n"
        "sys.meta_path.insert(0, Hiding())\n"
        "from data_store.object_store import registry, errors\n"
        "try: registry.load('minio')\n"
        "except errors.MissingDependency as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "with its extra 'minio'" in done.stdout


@pytest.mark.parametrize("name", ["minio", "boto3"])
@pytest.mark.parametrize(
    "hide",
    [
        "import types; sys.modules[{name!r}] = sys.modules['botocore'] = types.ModuleType({name!r})",
        "import importlib.abc\n"
        "class Blocking(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name in ({name!r}, 'botocore'): raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Blocking())",
    ],
    ids=["stub", "blocked"],
)
def test_an_sdk_that_something_else_stands_for_is_a_missing_dependency(name: str, hide: str) -> None:
    """When a store without keys is made: the framework needs it then."""
    script = (
        f"import sys\n{hide.format(name=name)}\n"
        "from data_store.object_store import ObjectStore, MissingDependency\n"
        f"try: ObjectStore('{name}://localhost:1/bucket').client\n"
        "except MissingDependency as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert f"with its extra {name!r}" in done.stdout


def test_an_sdk_that_cannot_be_imported_later_is_a_missing_dependency_too() -> None:
    """Whenever its framework comes to need it."""
    with pytest.raises(MissingDependency, match=r"no_such_part.*its extra 'minio'"), registry.importing_sdk("minio"):
        import_module("minio.no_such_part")


def test_a_third_party_import_failure_is_a_missing_dependency(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a third-party adapter cannot import is named."""
    _module(tmp_path, "needy_adapter", "import a_missing_sdk", monkeypatch)
    registry.register("needy", "needy_adapter:Client")
    with pytest.raises(MissingDependency, match="a_missing_sdk"):
        registry.load("needy")


@pytest.mark.parametrize("target", ["no_such_module:Client", "json.nowhere:Client", "json:NoClass", "json:dumps"])
def test_a_target_that_is_no_class_is_a_configuration_error(target: str) -> None:
    """A wrong target is the registration's mistake, and not a missing package."""
    registry.register("wrong", target)
    with pytest.raises(ConfigurationError) as caught:
        registry.load("wrong")
    assert not isinstance(caught.value, MissingDependency)

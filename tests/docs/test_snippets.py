"""What the pages show works: Python runs, YAML and TOML are valid, variables and links exist."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path

import pytest
import yaml

from data_store.object_store import EventKind, Framework, ObjectStoreConfiguration, registry
from data_store.object_store.configurations import known_paths
from data_store.utils import load_yaml
from tests.docs.pages import PAGES, ROOT, as_module, name, run_python, snippets

LANGUAGES = {"", "html", "js", "nginx", "python", "sh", "toml", "yaml"}
DIRECTIVE = re.compile(r"\{[a-z-]+\}.*")
VARIABLE = re.compile(r"\bDATA_STORE__[A-Z_]+[A-Z]\b")
AT_MOST_NOT_RUN = 2


def _pages(language: str) -> list[object]:
    found = [page for page in PAGES if any(snippets(page, language))]
    return [pytest.param(page, id=name(page)) for page in found]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory that has what the pages take for granted of a checkout: README.md and the files in ``config/``."""
    shutil.copy(ROOT / "README.md", tmp_path)
    shutil.copytree(ROOT / "config", tmp_path / "config")
    return tmp_path


@pytest.mark.parametrize("page", _pages("python"))
def test_the_python_of_a_page_runs(page: Path, directory: Path) -> None:
    """All blocks of a page run in order, in one namespace; its tests run under pytest, with our plugin."""
    module = as_module(page)
    tests = re.findall(r"^def (test_\w+)", module, re.M)
    script = directory / f"test_{page.stem.replace('-', '_').lower()}_page.py"
    script.write_text(module, encoding="utf-8")
    if tests:
        printed = run_python(directory, "-m", "pytest", "-q", "-p", "no:cacheprovider", script.name)
        assert f"{len(tests)} passed" in printed
    else:
        run_python(directory, script.name)


@pytest.mark.parametrize("page", _pages("yaml"))
def test_the_yaml_of_a_page_is_valid(page: Path, tmp_path: Path) -> None:
    """Each block is a configuration file that is accepted."""
    for snippet in snippets(page, "yaml"):
        assert isinstance(yaml.safe_load(snippet.code), dict)
        (tmp_path / "page.yaml").write_text(snippet.code, encoding="utf-8")
        section = load_yaml(tmp_path / "page.yaml")["object_store"]
        config = ObjectStoreConfiguration.model_validate(section)
        assert config.framework == section["framework"]


@pytest.mark.parametrize("page", _pages("toml"))
def test_the_toml_of_a_page_is_valid(page: Path) -> None:
    """Entry points stand in the group that the registry reads."""
    for snippet in snippets(page, "toml"):
        groups = tomllib.loads(snippet.code)["project"]["entry-points"]
        assert list(groups) == [registry.ENTRY_POINT_GROUP]


@pytest.mark.parametrize("page", [pytest.param(page, id=name(page)) for page in PAGES])
def test_a_page_has_no_block_that_nobody_checks(page: Path) -> None:
    """A fence of another spelling (``py``, ``python3``) would be run by no test."""
    languages = {snippet.language for snippet in snippets(page)}
    assert {language for language in languages - LANGUAGES if not DIRECTIVE.fullmatch(language)} == set()


def test_few_snippets_are_not_run() -> None:
    """A block that is not run says why, and there are very few."""
    reasons = [s.why_not_run for page in PAGES for s in snippets(page, "python") if s.why_not_run is not None]
    assert all(reasons)
    assert len(reasons) <= AT_MOST_NOT_RUN


def test_every_variable_in_the_pages_is_known() -> None:
    """A page names no environment variable that would be refused."""
    known = {
        "__".join(("DATA_STORE", "OBJECT_STORE", *path)).upper() for kind in Framework for path in known_paths(kind)
    }
    named = {found for page in PAGES for found in VARIABLE.findall(page.read_text(encoding="utf-8"))}
    assert named
    assert named - known == set()


def test_every_kind_of_event_is_in_its_table() -> None:
    """By its name and its value, and no other."""
    page = (ROOT / "docs" / "notifications.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([A-Z_]+)` \| `\"([a-z_]+)\"` \| .+ \|$", page, re.M)
    assert rows == [(kind.name, kind.value) for kind in EventKind]


def test_every_relative_link_of_the_readme_exists() -> None:
    """The README is read on its own, too."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []

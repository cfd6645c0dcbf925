"""All checks of the project: `nox`. One of them: `nox -s lint`. What there is: `nox -l`.

The sessions for a Python that is not installed are skipped on a developer's machine and fail where `CI` is set.
The tests against real servers are not here: they are part of the plain `python -m pytest`.
"""

import os
import shutil
from pathlib import Path

import nox

nox.needs_version = ">=2024.4.15"
nox.options.default_venv_backend = "uv"
nox.options.reuse_venv = "yes"
nox.options.error_on_missing_interpreters = "CI" in os.environ

# The cache of pytest stays the developer's own (`pytest --last-failed`).
PYTEST_WITHOUT_SERVERS = ("pytest", "-m", "not server", "--ignore", "tests/browser", "-p", "no:cacheprovider")

# uv takes the Pythons that are there, and downloads none.
os.environ.setdefault("UV_PYTHON_DOWNLOADS", "never")


@nox.session
def lint(session: nox.Session) -> None:
    """Style and formatting."""
    session.install("ruff>=0.6")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Types of the package, of the static typing tests and of the code that starts servers."""
    session.install("-e", ".[dev]")
    session.run("mypy", "data_store", "tests/typing", "tests/servers", "benchmarks")


@nox.session
def imports(session: nox.Session) -> None:
    """Imports point downward, and SDKs stay below the adapters."""
    session.install("-e", ".[dev]")
    session.run("lint-imports")


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation, warnings being errors."""
    session.install("-e", ".[all,docs,testing]")
    session.run("sphinx-build", "-W", "--keep-going", "-b", "html", "docs", f"{session.create_tmp()}/html")


SMOKE = """
import sys
import data_store
from data_store.object_store import MissingDependency, ObjectStore

with ObjectStore("memory://smoke") as store:
    store.put_object(b"bytes", "key")
    assert store.read_object("key") == b"bytes"
for framework in ("minio", "boto3"):
    try:
        with ObjectStore(f"{framework}://access:secret@localhost:1/bucket") as store:
            store.client
        found = True
    except MissingDependency as error:
        assert f"pip install '.[{framework}]'" in str(error)
        found = False
    assert found == (framework == sys.argv[1]), framework
print("works from", data_store.__file__, "with", sys.argv[1] or "no extra")
"""


@nox.session
def wheel(session: nox.Session) -> None:
    """The built wheel installs and works in environments that have nothing else but one extra, or none."""
    dist = Path(session.create_tmp(), "dist")
    shutil.rmtree(dist, ignore_errors=True)
    session.install("build>=1.2")
    session.run("python", "-m", "build", "--outdir", str(dist), silent=True)
    (built,) = dist.glob("*.whl")
    for extra in ("", "minio", "boto3"):
        empty = f"{session.create_tmp()}/empty-{extra}"
        session.run("uv", "venv", "--clear", "--quiet", empty, external=True)
        wanted = f"{built}[{extra}]" if extra else str(built)
        session.run("uv", "pip", "install", "--quiet", "--python", empty, wanted, external=True)
        with session.chdir(session.create_tmp()):
            session.run(f"{empty}/bin/python", "-c", SMOKE, extra, external=True)


@nox.session(python=["3.12", "3.13"])
def tests(session: nox.Session) -> None:
    """Everything that needs no server, on the other Pythons."""
    session.install("-e", ".[test]")
    session.run(*PYTEST_WITHOUT_SERVERS, *session.posargs)


@nox.session(python="3.11")
def lowest(session: nox.Session) -> None:
    """The same on the lowest versions of the dependencies that pyproject.toml allows."""
    session.install("--resolution", "lowest-direct", "-e", ".[test]")
    session.run(*PYTEST_WITHOUT_SERVERS, *session.posargs)

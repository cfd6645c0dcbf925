"""The examples run as scripts, as a newcomer runs them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.py"))


def _run(script: Path, directory: Path) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("DATA_STORE")}
    done = subprocess.run(
        [sys.executable, script],
        cwd=directory,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.parametrize("script", [pytest.param(script, id=script.name) for script in EXAMPLES])
def test_an_example_runs_as_a_script(script: Path, tmp_path: Path) -> None:
    """It ends well, in an empty directory, and shows no traceback on the way."""
    assert "Traceback" not in _run(script, tmp_path)


def test_the_second_run_of_the_first_steps_finds_the_objects_of_the_first(tmp_path: Path) -> None:
    """The embedded store keeps what was stored: an upload and its copy for each run."""
    script = ROOT / "docs" / "examples" / "first_steps.py"
    found = [re.search(r"found (\d+) objects", _run(script, tmp_path)) for _ in range(2)]
    assert [match and match[1] for match in found] == ["0", "2"]
    assert (tmp_path / ".data-store").is_dir()

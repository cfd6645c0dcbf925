"""The examples run as scripts, as a newcomer runs them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, run_python

EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.py"))


@pytest.mark.parametrize("script", [pytest.param(script, id=script.name) for script in EXAMPLES])
def test_an_example_runs_as_a_script(script: Path, tmp_path: Path) -> None:
    """It ends well, in an empty directory, and shows no traceback on the way."""
    assert "Traceback" not in run_python(tmp_path, str(script))


def test_the_second_run_of_the_first_steps_finds_the_objects_of_the_first(tmp_path: Path) -> None:
    """The embedded store keeps what was stored: an upload and its copy for each run."""
    script = ROOT / "docs" / "examples" / "first_steps.py"
    found = [re.search(r"found (\d+) objects", run_python(tmp_path, str(script))) for _ in range(2)]
    assert [match and match[1] for match in found] == ["0", "2"]
    assert (tmp_path / ".data-store").is_dir()

"""The page that the conformance run writes."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conformance import compatibility
from tests.conformance.compatibility import GROUPS, NOT_RUN, PAIRS, Outcomes, expected_cases, read, update, write


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page that is not there yet."""
    monkeypatch.setattr(compatibility, "PAGE", tmp_path / "compatibility.md")
    return tmp_path / "compatibility.md"


def _whole_run() -> Outcomes:
    outcomes = Outcomes()
    for group, tests in expected_cases().items():
        for test, count in tests.items():
            for _ in range(count):
                outcomes.add(group, test, passed=True)
    return outcomes


def test_a_whole_run_is_written(page: Path) -> None:
    """Each group has its number, what did not run says so, and servers have their versions."""
    assert update({"test_memory": _whole_run()}, {"MinIO": "1.2.3"})
    cells, versions = read(page.read_text("utf-8"))
    counts = {GROUPS[group]: str(sum(tests.values())) for group, tests in expected_cases().items()}
    assert counts.items() <= cells[PAIRS["test_memory"]].items()
    assert set(cells[PAIRS["test_local"]].values()) == {NOT_RUN}
    assert versions == {"MinIO": "1.2.3"}


def test_the_cases_that_are_expected_are_those_that_pytest_collects() -> None:
    """Else no run would be whole, and the page would stay as it is for ever."""
    tests = Path(compatibility.__file__).with_name("test_memory.py")
    collect = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", str(tests)]
    ran = subprocess.run(collect, cwd=tests.parents[2], capture_output=True, text=True, check=True)
    expected = sum(sum(cases.values()) for cases in expected_cases().values())
    assert f"{expected} tests collected" in ran.stdout


def test_a_partial_run_is_not_written(page: Path) -> None:
    """A pair of which one case did not run leaves the page alone."""
    outcomes = _whole_run()
    outcomes.cases["Keys"].popitem()
    assert not update({"test_memory": outcomes}, {})
    assert not page.exists()


def test_a_second_run_that_finds_the_same_changes_nothing(page: Path) -> None:
    """The page of an equal run is the same, byte by byte, and is not touched."""
    update({"test_memory": _whole_run()}, {"MinIO": "1.2.3"})
    before = page.read_bytes(), page.stat().st_mtime_ns
    assert not update({"test_memory": _whole_run()}, {"MinIO": "1.2.3"})
    assert (page.read_bytes(), page.stat().st_mtime_ns) == before


def test_a_run_keeps_what_it_did_not_measure(page: Path) -> None:
    """Pairs and versions of an earlier run stay."""
    update({"test_minio_on_minio": _whole_run()}, {"MinIO": "1.2.3"})
    update({"test_memory": _whole_run()}, {"Ceph RGW": "16.2"})
    cells, versions = read(page.read_text("utf-8"))
    assert cells[PAIRS["test_minio_on_minio"]] == cells[PAIRS["test_memory"]]
    assert versions == {"MinIO": "1.2.3", "Ceph RGW": "16.2"}


def test_a_failed_case_is_named(page: Path) -> None:
    """The cell has the number that passed, of how many, and the names of the tests that did not."""
    outcomes = _whole_run()
    test, found = next(iter(outcomes.cases["Moving"].items()))
    found[0] = False
    total = sum(expected_cases()["Moving"].values())
    update({"test_local": outcomes}, {})
    cells, _ = read(page.read_text("utf-8"))
    assert cells[PAIRS["test_local"]]["Moving"] == f"{total - 1} of {total}; not: `{test}`"


def test_a_page_that_was_read_is_written_the_same() -> None:
    """Reading loses nothing that writing needs."""
    versions = {"MinIO": "1.2.3"}
    text = write({PAIRS["test_local"]: _whole_run().cells()}, versions)
    assert write(*read(text)) == text

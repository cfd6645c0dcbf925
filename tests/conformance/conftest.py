"""Keep what the conformance suite finds, and write it to the documentation at the end of the run."""

from collections.abc import Generator

import pytest

from tests.conformance import VERSIONS
from tests.conformance.compatibility import Outcomes, group_of, pair_of, update

FOUND = pytest.StashKey[dict[str, Outcomes]]()
FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Count a case as passed when its setup, its call and its teardown did."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or not report.passed
    pair = pair_of(item)
    if report.when == "teardown" and pair is not None:
        found = item.config.stash.setdefault(FOUND, {}).setdefault(pair, Outcomes())
        found.add(group_of(item), item.originalname, not item.stash[FAILED])  # type: ignore[attr-defined]  # a Function
    return report


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Write the page, for the pairs that ran whole; a run that was broken off leaves it alone."""
    if exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        return
    update(session.config.stash.get(FOUND, {}), VERSIONS)

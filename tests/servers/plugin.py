"""The pytest side of the real servers: their fixtures, and what happens to tests whose server is not here.

A test that uses `minio_server`, or another server's fixture, carries the marker `server(name)`, written or not.
Where a server is not available, its tests are left out and the end of the run says so; where `CI` is `true`
they stay, and fail.
"""

import os
import signal
from collections import Counter
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tests.servers import SERVERS, RealServer, Server, ServerStartError

LEFT_OUT = pytest.StashKey[Counter[str]]()
REASONS = pytest.StashKey[dict[str, str]]()


class RunningServers:
    """The servers of a test run: all that its tests need start side by side, when the first is asked for."""

    def __init__(self, names: set[str]) -> None:
        self._ending = ExitStack()
        self._executor = ThreadPoolExecutor(max_workers=len(SERVERS))
        self._starts = {name: self._executor.submit(self._start, SERVERS[name]()) for name in sorted(names)}

    def _start(self, server: RealServer) -> Server:
        return self._ending.enter_context(server)

    def get(self, name: str) -> Server:
        """The running server; a failure of the test that asks, with the reason, if it did not start."""
        start = self._starts[name]
        error = start.exception()
        if isinstance(error, ServerStartError):
            pytest.fail(str(error), pytrace=False)
        return start.result()

    def close(self) -> None:
        """End them all, those first that are still starting."""
        self._executor.shutdown(wait=True, cancel_futures=True)
        self._ending.close()


def in_ci() -> bool:
    """Whether a missing server is a failure."""
    return os.environ.get("CI", "").lower() == "true"


def needed_servers(item: pytest.Item) -> set[str]:
    """The names in the item's `server` markers."""
    return {str(marker.args[0]) for marker in item.iter_markers("server")}


@pytest.fixture(scope="session")
def running_servers(request: pytest.FixtureRequest) -> Iterator[RunningServers]:
    """The servers that the collected tests need; ended on SIGTERM too, which counts as Ctrl-C meanwhile."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    running = RunningServers(set().union(*(needed_servers(item) for item in request.session.items)))
    try:
        yield running
    finally:
        running.close()
        signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="session")
def minio_server(running_servers: RunningServers) -> Server:
    """MinIO, one for the whole run."""
    return running_servers.get("minio")


@pytest.fixture(scope="session")
def ceph_server(running_servers: RunningServers) -> Server:
    """Ceph RGW, one for the whole run."""
    return running_servers.get("ceph")


@pytest.fixture(scope="session")
def versitygw_server(running_servers: RunningServers) -> Server:
    """versitygw, one for the whole run."""
    return running_servers.get("versitygw")


@pytest.fixture(scope="session")
def garage_server(running_servers: RunningServers) -> Server:
    """Garage, one for the whole run."""
    return running_servers.get("garage")


def pytest_configure(config: pytest.Config) -> None:
    """Make room for what is left out."""
    config.stash[LEFT_OUT] = Counter()
    config.stash[REASONS] = {}


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark what uses a server's fixture, so that `-m "not server"` means what it says."""
    for name in SERVERS:
        if f"{name}_server" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.server(name))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests whose server is not available here; after `-m` and `-k`, and never in CI."""
    if in_ci():
        return
    needed = set().union(*map(needed_servers, items))
    reasons = {name: reason for name in sorted(needed) if (reason := SERVERS[name].why_unavailable())}
    left_out = [item for item in items if needed_servers(item) & reasons.keys()]
    if not left_out:
        return
    config.stash[REASONS] = reasons
    config.stash[LEFT_OUT].update(name for item in left_out for name in needed_servers(item) & reasons.keys())
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if not needed_servers(item) & reasons.keys()]


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A run of which nothing is left, because its server is not here, has not failed."""
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and session.config.stash[LEFT_OUT]:
        session.exitstatus = pytest.ExitCode.OK


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: "pytest.TerminalReporter", config: pytest.Config) -> Generator[None]:
    """Say last, below all other summaries, what was left out and how to get it."""
    yield
    if not config.stash[LEFT_OUT]:
        return
    terminalreporter.write_sep("=", "left out: no server", yellow=True)
    for name, count in sorted(config.stash[LEFT_OUT].items()):
        what = f"{count} {'test' if count == 1 else 'tests'} with {SERVERS[name].title}"
        terminalreporter.write_line(f"{what}: {config.stash[REASONS][name]}.")

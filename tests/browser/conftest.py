"""The browser, the stores, and the page on them.

Where there is no browser, the tests in this directory are left out and the end of the run says so; where `CI` is `true`
they stay, and fail.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.availability import chromium, why_unavailable
from tests.servers.plugin import RunningServers, in_ci

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from data_store.object_store import ObjectStoreConfiguration
    from tests.browser.site import Sites

LEFT_OUT = None if in_ci() else why_unavailable()
STORES = ("local", *(pytest.param(name, marks=pytest.mark.server(name)) for name in ("minio", "ceph")))
FRAMEWORKS = {"minio": "minio", "ceph": "boto3"}
SMALL_PARTS = {"part_size": "5MiB"}  # what S3 allows at least

collect_ignore_glob = ["test_*.py"] if LEFT_OUT else []


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium; not for longer than a module: asyncio cannot be used in this thread meanwhile."""
    reason = why_unavailable()
    if reason is not None:
        pytest.fail(reason, pytrace=False)
    from playwright.sync_api import sync_playwright

    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium's own does not work for root
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=sandbox)
        yield started
        started.close()


@pytest.fixture(scope="module", params=["local"])
def configuration(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ObjectStoreConfiguration:
    """Of a store: the embedded one, or that of the parameter."""
    from data_store.object_store import ObjectStoreConfiguration

    bucket = f"web-upload-{uuid.uuid4().hex[:8]}"
    if request.param == "local":
        connection = {"root": tmp_path_factory.mktemp("store"), "durability": "relaxed"}
        return ObjectStoreConfiguration.model_validate(
            {"framework": "local", "connection": connection, "transfer": SMALL_PARTS}
        )
    running: RunningServers = request.getfixturevalue("running_servers")
    server = running.get(request.param)
    connection = {"endpoint": server.endpoint, "access_key": server.access_key, "secret_key": server.secret_key}
    return ObjectStoreConfiguration.model_validate(
        {
            "framework": FRAMEWORKS[request.param],
            "root_bucket": bucket,
            "create_root_bucket": True,
            "connection": connection,
            "transfer": SMALL_PARTS,
        }
    )


@pytest.fixture
def sites(browser: Browser, configuration: ObjectStoreConfiguration) -> Iterator[Sites]:
    """Opens the example's page, each time with a service of its own."""
    from tests.browser.site import Sites

    with ExitStack() as ending:
        yield Sites(browser, configuration, ending)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A directory for files to upload."""
    return tmp_path


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A run of which nothing is left, because there is no browser, has not failed."""
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and LEFT_OUT:
        session.exitstatus = pytest.ExitCode.OK


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Generator[None]:
    """Say what was left out and how to get it."""
    yield
    if LEFT_OUT:
        terminalreporter.write_sep("=", "left out: no browser", yellow=True)
        terminalreporter.write_line(f"The tests in tests/browser: {LEFT_OUT}.")

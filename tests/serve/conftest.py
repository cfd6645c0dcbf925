"""A store in a directory, and the application that serves it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from data_store.object_store.serve import presigned_app
from data_store.object_store.serve.background import running
from tests.serve.support import Served, open_store


class Switch:
    """An application that is whichever it is at the time: a server takes longer to start and end than most tests."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on."""
        await self.app(scope, receive, send)


@pytest.fixture(scope="session")
def switch() -> Switch:
    """The application of the server of all tests."""
    return Switch()


@pytest.fixture(scope="session")
def url(switch: Switch) -> Iterator[str]:
    """Where that server answers."""
    with running(switch) as url:
        yield url


@pytest.fixture
def served(tmp_path: Path, switch: Switch, url: str) -> Iterator[Served]:
    """A new store that is served."""
    root = tmp_path / "store"
    with open_store(root) as plain, open_store(root, url) as store:
        switch.app = presigned_app(plain)
        yield Served(store, url, root)

"""Kill -9 before each request of setting lifecycle rules, which are tried out disabled before they are enabled."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from data_store.object_store import LifecycleRule, ObjectStore
from data_store.object_store.testing.faults import FaultServer
from tests.faults.test_kills import PAIRS, Operation, _configuration, _run_killed
from tests.servers import Server
from tests.servers.plugin import RunningServers

OLD = [LifecycleRule("old", "old/", expire_after_days=9)]
RULE: dict[str, Any] = {"id": "new", "prefix": "new/", "expire_after_days": 1}
NEW = [LifecycleRule(**RULE)]
DISABLED = [replace(rule, enabled=False) for rule in NEW]


def _prepare(store: ObjectStore, _directory: Path) -> list[Any]:
    store.set_lifecycle(OLD)
    return [[{"rule": RULE}]]


def _check(store: ObjectStore, _arguments: list[Any]) -> None:
    assert store.get_lifecycle() in (OLD, DISABLED, NEW)


SETTING = Operation(_prepare, "set_lifecycle", _check)


@pytest.fixture
def server(name: str, running_servers: RunningServers) -> Server:
    """The real server of a pair."""
    return running_servers.get(name)


@pytest.mark.parametrize(("framework", "name"), PAIRS)
def test_a_process_that_is_killed_leaves_the_old_rules_or_the_new_ones_maybe_disabled(
    framework: str, name: str, server: Server, wire: FaultServer, tmp_path: Path
) -> None:
    """Killed before its first request, its second, ...: until it is through; setting them again then does it."""
    config = _configuration(framework, server, f"kills-{uuid4().hex[:12]}")
    with ObjectStore(config) as store:
        store.create_bucket(config["root_bucket"])
        left: list[list[LifecycleRule]] = []
        killed = True
        while killed:
            arguments = SETTING.prepare(store, tmp_path)
            killed = _run_killed(wire, len(left) + 1, config, SETTING, arguments)
            SETTING.check(store, arguments)
            left.append(store.get_lifecycle())
            store.set_lifecycle(NEW)
            assert store.get_lifecycle() == NEW
        store.delete_bucket(config["root_bucket"], force=True)
    assert [rules for rules, _ in itertools.groupby(left)] == [OLD, DISABLED, NEW]

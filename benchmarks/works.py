"""What a worker measures: each work warms its client up, then does one thing and says what that took."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.clients import Client
from benchmarks.clients.base import Program
from benchmarks.jobs import Sample
from benchmarks.threads import in_threads
from benchmarks.usage import Memory, Usage, whole_process

Parameters = dict[str, Any]


def measured(do: Callable[[], object]) -> Sample:
    """Return what a call takes."""
    memory, started = Memory(), Usage.now()
    do()
    used = started.since()
    return Sample(cpu=used.cpu, wall=used.wall, memory=memory.over_idle())


def up(client: Client, given: Parameters) -> Sample:
    """Upload ``path`` as ``key``."""
    client.sign("PUT", [given["key"]])
    client.get(given["warm"])
    return measured(lambda: client.upload(given["path"], given["key"]))


def down(client: Client, given: Parameters) -> Sample:
    """Download ``key`` to a new file, ``target``, which has to have ``size`` bytes."""
    client.sign("GET", [given["key"]])
    client.get(given["warm"])
    target = Path(given["target"])
    target.unlink(missing_ok=True)
    try:
        sample = measured(lambda: client.download(given["key"], str(target)))
        _check(target.stat().st_size, given["size"])
    finally:
        target.unlink(missing_ok=True)
    return sample


def put(client: Client, given: Parameters) -> Sample:
    """Store objects of ``size`` bytes under ``count`` keys that begin with ``prefix``."""
    keys, data = _keys(given), os.urandom(given["size"])
    client.sign("PUT", keys)
    if isinstance(client, Program):
        return measured(lambda: client.put_all(keys, data))
    return _by_threads(client, lambda: client.get(given["warm"]), keys, lambda key: client.put(key, data))


def put_new(client: Client, given: Parameters) -> Sample:
    """Store new objects in a store that has ``keys`` already, and remove them when they were measured."""
    _fill_volatile(client, given)
    keys, data = _keys({**given, "prefix": "new/"}), os.urandom(given["size"])
    sample = _by_threads(client, lambda: client.put("warm", data), keys, lambda key: client.put(key, data))
    for key in ("warm", *keys):
        client.delete(key)
    return sample


def get_some(client: Client, given: Parameters) -> Sample:
    """Read ``count`` of the ``keys`` that a store has, in no order of its own."""
    _fill_volatile(client, given)
    chosen = [_key(given["prefix"], number * 7919 % given["keys"]) for number in range(given["count"])]
    return _by_threads(
        client, lambda: client.get(chosen[0]), chosen, lambda key: _check(client.get(key), given["size"])
    )


def list_all(client: Client, given: Parameters) -> Sample:
    """List all ``keys``."""
    _fill_volatile(client, given)
    client.get(_key(given["prefix"], 0))
    return measured(lambda: _check(client.list_keys(given["prefix"]), given["keys"]))


def fill(client: Client, given: Parameters) -> Sample:
    """Store ``keys`` objects."""
    data = os.urandom(given["size"])
    return measured(lambda: [client.put(_key(given["prefix"], number), data) for number in range(given["keys"])])


def up_new(client: Client, given: Parameters) -> Sample:
    """Upload ``path``, and remove it."""
    sample = measured(lambda: client.upload(given["path"], "large-new"))
    client.delete("large-new")
    return sample


def down_kept(client: Client, given: Parameters) -> Sample:
    """Upload ``path``, download it as ``down`` does, and remove it."""
    client.put(given["warm"], b"")
    client.upload(given["path"], given["key"])
    try:
        return down(client, given)
    finally:
        client.delete(given["key"])


def get(client: Client, given: Parameters) -> Sample:
    """Read ``count`` keys that begin with ``prefix``, objects of ``size`` bytes."""
    keys = _keys(given)
    client.sign("GET", keys)
    if isinstance(client, Program):
        return measured(lambda: _check(client.get_all(keys), given["size"] * given["count"]))
    return _by_threads(
        client, lambda: client.get(given["warm"]), keys, lambda key: _check(client.get(key), given["size"])
    )


def listing(client: Client, given: Parameters) -> Sample:
    """List ``count`` keys below ``prefix``."""
    client.sign("GET", [])
    client.get(given["warm"])
    return measured(lambda: _check(client.list_keys(given["prefix"]), given["count"]))


def tree_up(client: Client, given: Parameters) -> Sample:
    """Upload all ``count`` files of ``path`` to keys that begin with ``prefix``; the whole process counts."""
    return _whole(client, lambda: client.upload_tree(given["path"], _names(given), given["prefix"]))


def tree_down(client: Client, given: Parameters) -> Sample:
    """Download ``count`` keys that begin with ``prefix`` to the new directory ``target``; the whole process counts."""
    names, target = _names(given), Path(given["target"])
    target.mkdir()
    try:
        sample = _whole(client, lambda: client.download_tree(given["prefix"], names, str(target)))
        _check(sum(file.stat().st_size for file in target.iterdir()), given["size"] * len(names))
    finally:
        shutil.rmtree(target)
    return sample


def _whole(client: Client, do: Callable[[], object]) -> Sample:
    """Return what the whole process takes, from its start: of a program, not of what has started it."""
    if isinstance(client, Program):
        return measured(do)
    memory = Memory()
    do()
    used = whole_process()
    return Sample(cpu=used.cpu, wall=used.wall, memory=memory.over_idle())


def _names(given: Parameters) -> list[str]:
    return [f"{number:06}" for number in range(given["count"])]


def _by_threads(client: Client, warm_up: Callable[[], object], keys: list[str], do: Callable[[str], object]) -> Sample:
    """Share the keys among threads that are connected when the clock starts."""
    begun: list[tuple[Memory, Usage]] = []

    def ready() -> None:
        begun.append((Memory(), Usage.now()))

    in_threads(client.threads, keys, do, warm_up, ready)
    memory, started = begun[0]
    used = started.since()
    return Sample(cpu=used.cpu, wall=used.wall, memory=memory.over_idle())


def _fill_volatile(client: Client, given: Parameters) -> None:
    if client.volatile:
        fill(client, given)


def _keys(given: Parameters) -> list[str]:
    return [_key(given["prefix"], number) for number in range(given["count"])]


def _key(prefix: str, number: int) -> str:
    return f"{prefix}{number // 1000:04}/{number:07}"


def _check(found: int, expected: int) -> None:
    if found != expected:
        raise RuntimeError(f"{found} where {expected} was expected")


WORKS: dict[str, Callable[[Client, Parameters], Sample]] = {
    "up": up,
    "down": down,
    "put": put,
    "put-new": put_new,
    "get-some": get_some,
    "list-all": list_all,
    "fill": fill,
    "up-new": up_new,
    "down-kept": down_kept,
    "get": get,
    "list": listing,
    "tree-up": tree_up,
    "tree-down": tree_down,
}

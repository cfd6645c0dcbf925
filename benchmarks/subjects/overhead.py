"""What the facade costs: each operation through ``ObjectStore``, beside the client's and the adapter's own method.

"Adapter" is the method without the guard, "client" the call of ``store.client``, guarded; both with their options
ready made. The three are measured in turn, in CPU time of this process; what is printed are medians over the runs, in
microseconds an operation (a key, for listings).
"""

from __future__ import annotations

import argparse
import gc
import io
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from benchmarks import machine, options
from benchmarks.interleave import Measured, Results, middle
from benchmarks.report import Report, Unit, publish, table
from data_store.object_store import (
    DeleteOptions,
    GetOptions,
    ListOptions,
    ObjectMetadata,
    ObjectStore,
    PutOptions,
    register,
)
from data_store.object_store.body import Source

KEY, BUCKET, CONTENT = "some/key", "bucket", bytes(4096)
KEYS = 10_000
LAYERS = ("adapter", "client", "facade")


def main(arguments: Sequence[str]) -> None:
    """Measure both frameworks."""
    parser = options.parser("overhead", __doc__)
    parser.add_argument("--operations", type=int, default=10_000, help="in each run; quick: 500")
    given = parser.parse_args(arguments)
    options.settle(given)
    operations = 500 if given.quick else given.operations
    results: Results = {}
    register("null", "benchmarks.null_client:NullClient")
    for name in ("null", "memory"):
        with ObjectStore({"framework": name, "root_bucket": BUCKET, "create_root_bucket": True}) as store:
            _fill(store, name)
            for operation, calls in _operations(store).items():
                units = KEYS if operation.startswith("list") else 1
                count = 3 if units > 1 else operations
                results[f"{name}, {operation}"] = _interleaved(calls, count, units, given.runs)
    publish(_report(given, results), write=given.write)


def _report(given: argparse.Namespace, results: Results) -> Report:
    rows = []
    for title, found in results.items():
        adapter, client, facade = (middle(samples, "cpu") * 1e6 for samples in found.values())
        figures = (adapter, client, facade, facade - client, facade - adapter)
        rows.append([*title.split(", ", 1), *(f"{figure:.2f}" for figure in figures)])
    head = ["framework", "operation", *LAYERS, "facade - client", "facade - adapter"]
    title = "What the facade costs: microseconds of CPU time"
    command = f"python -m benchmarks overhead --runs {given.runs}"
    units = dict.fromkeys(results, Unit("us", 1e6, 2))
    facts = machine.description({}, set())
    lines = table(head, rows, names=2)
    return Report("overhead", title, command, facts, given.runs, results, lines, units=units, plotted=False)


def _fill(store: ObjectStore, name: str) -> None:
    store.put_object(CONTENT, KEY)
    if name == "memory":
        for number in range(KEYS - 1):
            store.put_object(b"", f"key-{number:05}")


Calls = list[Callable[[], object]]


def _operations(store: ObjectStore) -> dict[str, Calls]:
    """Return the calls of each operation: of the adapter, of the client, of the facade."""
    client = store.client
    adapter = _Unguarded(client)

    def put(of: Any) -> Callable[[], object]:
        return lambda: of.put_object(BUCKET, KEY, Source(io.BytesIO(CONTENT), len(CONTENT)), PutOptions())

    def get(of: Any) -> Callable[[], object]:
        return lambda: of.get_object(BUCKET, KEY, GetOptions()).body.read(len(CONTENT))

    def head(of: Any) -> Callable[[], object]:
        return lambda: of.head_object(BUCKET, KEY, GetOptions())

    def delete(of: Any) -> Callable[[], object]:
        return lambda: of.delete_object(BUCKET, "none", DeleteOptions())

    def pages(of: Any) -> Callable[[], object]:
        return lambda: _drain(_all_pages(of))

    return {
        "put 4 KiB": [put(adapter), put(client), lambda: store.put_object(CONTENT, KEY)],
        "get 4 KiB": [get(adapter), get(client), lambda: store.read_object(KEY)],
        "head": [head(adapter), head(client), lambda: store.head_object(KEY)],
        "delete": [delete(adapter), delete(client), lambda: store.delete_object("none")],
        "list 10,000, per key": [pages(adapter), pages(client), lambda: _drain(store.list_files())],
    }


def _all_pages(client: Any) -> Iterator[ObjectMetadata]:
    cursor: str | None = None
    while True:
        page = client.list_page(BUCKET, "", ListOptions(cursor=cursor))
        yield from page.objects
        cursor = page.cursor
        if cursor is None:
            return


def _drain(found: Iterator[ObjectMetadata]) -> None:
    for _ in found:
        pass


class _Unguarded:
    """The methods of a client without the guard, which keeps what it wraps."""

    def __init__(self, client: Any) -> None:
        for name in ("put_object", "get_object", "head_object", "delete_object", "list_page"):
            setattr(self, name, getattr(type(client), name).__wrapped__.__get__(client))


def _interleaved(calls: Calls, count: int, units: int, runs: int) -> dict[str, list[Measured]]:
    """Return the CPU seconds of one call, a unit, of each layer; the first run warms up and does not count."""
    found: dict[str, list[Measured]] = {layer: [] for layer in LAYERS}
    for run in range(runs + 1):
        for call, samples in zip(calls, found.values(), strict=True):
            gc.collect()
            started = time.process_time()
            for _ in range(count):
                call()
            used = (time.process_time() - started) / count / units
            if run:
                samples.append(Measured(cpu=used, wall=used, memory=0, server=None))
    return found

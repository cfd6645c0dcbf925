"""What the facade costs: each operation through ``ObjectStore``, beside the client's and the adapter's own method.

    python -m benchmarks.overhead [--runs 9] [--operations 10000]

"Adapter" is the method without the guard, "client" the call of ``store.client``, guarded; both with their options
ready made. The three are measured in turn, in CPU time of this process; what is printed are medians over the runs, in
microseconds an operation (a key, for listings).
"""

from __future__ import annotations

import argparse
import gc
import io
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

from data_store.object_store import GetOptions, ListOptions, ObjectMetadata, ObjectStore, PutOptions, register
from data_store.object_store.body import Source

KEY, BUCKET, CONTENT = "some/key", "bucket", bytes(4096)
KEYS = 10_000


def main() -> None:
    """Measure both frameworks and print a table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--runs", type=int, default=9)
    arguments.add_argument("--operations", type=int, default=10_000)
    given = arguments.parse_args()
    register("null", "benchmarks.null_client:NullClient")
    print("| framework | operation | adapter | client | facade | facade - client | facade - adapter |")
    print("|---|---|---:|---:|---:|---:|---:|")
    for name in ("null", "memory"):
        with ObjectStore({"framework": name, "root_bucket": BUCKET, "create_root_bucket": True}) as store:
            _fill(store, name)
            for operation, calls in _operations(store).items():
                units = KEYS if operation.startswith("list") else 1
                count = 3 if units > 1 else given.operations
                times = [seconds / units * 1e6 for seconds in _interleaved(calls, count, given.runs)]
                adapter, client, facade = times
                row = [*times, facade - client, facade - adapter]
                print(f"| {name} | {operation} | {' | '.join(f'{value:.2f}' for value in row)} |")


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
        return lambda: of.delete_object(BUCKET, "none")

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


def _interleaved(calls: Calls, count: int, runs: int) -> list[float]:
    """Return the median CPU seconds of one call of each; the first run warms up and does not count."""
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(runs + 1):
        for call, results in zip(calls, times, strict=True):
            gc.collect()
            started = time.process_time()
            for _ in range(count):
                call()
            results.append((time.process_time() - started) / count)
    return [statistics.median(results[1:]) for results in times]


if __name__ == "__main__":
    main()

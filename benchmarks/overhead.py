"""What the facade costs: each operation through ``ObjectStore`` beside the bare adapter method, in one run.

    python -m benchmarks.overhead [--runs 7] [--operations 20000]

The bare call is the adapter's own method without the guard, with its options ready made. Both are measured in turn, in
CPU time of this process; what is printed are medians over the runs, in microseconds an operation (a key, for
listings), and the difference.
"""

from __future__ import annotations

import argparse
import gc
import io
import statistics
import time
from collections.abc import Callable
from typing import Any

from data_store.object_store import GetOptions, ListOptions, ObjectStore, PutOptions, register
from data_store.object_store.body import Source

KEY, BUCKET, CONTENT = "some/key", "bucket", bytes(4096)
KEYS = 10_000


def main() -> None:
    """Measure both frameworks and print a table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--runs", type=int, default=7)
    arguments.add_argument("--operations", type=int, default=20_000)
    given = arguments.parse_args()
    register("null", "benchmarks.null_client:NullClient")
    print("| framework | operation | bare, us | facade, us | difference, us |\n|---|---|---:|---:|---:|")
    for name in ("null", "memory"):
        with ObjectStore({"framework": name, "root_bucket": BUCKET, "create_root_bucket": True}) as store:
            _fill(store, name)
            for operation, (bare, facade, count, units) in _pairs(store, given.operations).items():
                a, b = _interleaved(bare, facade, count, given.runs)
                a, b = a / units * 1e6, b / units * 1e6
                print(f"| {name} | {operation} | {a:.2f} | {b:.2f} | {b - a:.2f} |")


def _fill(store: ObjectStore, name: str) -> None:
    store.put_object(CONTENT, KEY)
    if name == "memory":
        for number in range(KEYS - 1):
            store.put_object(b"", f"key-{number:05}")


Pair = tuple[Callable[[], object], Callable[[], object], int, int]


def _pairs(store: ObjectStore, operations: int) -> dict[str, Pair]:
    client = store.client
    bare = {name: _unguarded(client, name) for name in ("put_object", "get_object", "head_object", "list_page")}
    delete = _unguarded(client, "delete_object")

    def list_bare() -> None:
        cursor: str | None = None
        while True:
            page = bare["list_page"](BUCKET, "", ListOptions(cursor=cursor))
            for _ in page.objects:
                pass
            cursor = page.cursor
            if cursor is None:
                return

    def list_facade() -> None:
        for _ in store.list_files():
            pass

    return {
        "put 4 KiB": (
            lambda: bare["put_object"](BUCKET, KEY, Source(io.BytesIO(CONTENT), len(CONTENT)), PutOptions()),
            lambda: store.put_object(CONTENT, KEY),
            operations,
            1,
        ),
        "get 4 KiB": (
            lambda: bare["get_object"](BUCKET, KEY, GetOptions()).body.read(4096),
            lambda: store.read_object(KEY),
            operations,
            1,
        ),
        "head": (
            lambda: bare["head_object"](BUCKET, KEY, GetOptions()),
            lambda: store.head_object(KEY),
            operations,
            1,
        ),
        "delete": (lambda: delete(BUCKET, "none"), lambda: store.delete_object("none"), operations, 1),
        "list 10,000, per key": (list_bare, list_facade, 3, KEYS),
    }


def _unguarded(client: Any, name: str) -> Callable[..., Any]:
    return getattr(type(client), name).__wrapped__.__get__(client)  # type: ignore[no-any-return]  # what wraps() keeps


def _interleaved(
    first: Callable[[], object], second: Callable[[], object], count: int, runs: int
) -> tuple[float, float]:
    """Return the median CPU seconds of one call of each."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(runs + 1):
        for function, results in zip((first, second), times, strict=True):
            gc.collect()
            started = time.process_time()
            for _ in range(count):
                function()
            results.append((time.process_time() - started) / count)
    return statistics.median(times[0][1:]), statistics.median(times[1][1:])


if __name__ == "__main__":
    main()

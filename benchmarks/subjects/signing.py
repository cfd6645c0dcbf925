"""What signing costs: URLs and forms by each framework, beside those that boto3 and minio-py make themselves.

Nobody is asked in order to sign, so no server is needed. All calls are measured in turn, in CPU time of this process,
each URL for a key of its own; what is printed are medians over the runs, in microseconds a URL. A peer signs what it
can: minio-py's upload URL binds nothing, ours and boto3's bind type and length.
"""

from __future__ import annotations

import argparse
import gc
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks import machine, options
from benchmarks.environments import own_versions
from benchmarks.interleave import Measured, Results, middle
from benchmarks.report import Report, Unit, publish, table
from data_store.object_store import ObjectStore

BUCKET, REGION, HOST = "bucket", "us-east-1", "127.0.0.1:9000"
ACCESS, SECRET = "ACCESS", "secret-of-nobody"
TYPE, LENGTH, EXPIRES = "image/png", 123_456, 3600
BOTO3, MINIO_PY = "boto3 itself", "minio-py itself"

Sign = Callable[[str], object]
Signers = dict[str, dict[str, Sign]]


def main(arguments: Sequence[str]) -> None:
    """Measure each kind of signature."""
    parser = options.parser("signing", __doc__)
    parser.add_argument("--urls", type=int, default=2000, help="in each run; quick: 200")
    given = parser.parse_args(arguments)
    options.settle(given)
    urls = 200 if given.quick else given.urls
    with ExitStack() as stack, tempfile.TemporaryDirectory() as directory:
        signers = _signers(stack, directory)
        results = {kind: _interleaved(by, urls, given.runs) for kind, by in signers.items()}
    publish(_report(given, results), write=given.write)


def _report(given: argparse.Namespace, results: Results) -> Report:
    rows = []
    for kind, found in results.items():
        costs = {name: middle(samples, "cpu") for name, samples in found.items()}
        for name, cost in costs.items():
            rows.append(
                [kind, name, f"{cost * 1e6:.1f}", *(_ratio(cost, costs.get(peer)) for peer in (BOTO3, MINIO_PY))]
            )
    lines = table(["signs", "by", "us a URL", f"/ {BOTO3}", f"/ {MINIO_PY}"], rows, names=2)
    title = "What signing costs: microseconds of CPU time a URL"
    command = f"python -m benchmarks signing --runs {given.runs}"
    units = dict.fromkeys(results, Unit("us", 1e6, 1))
    facts = machine.description(own_versions(["boto3", "minio"]), set())
    return Report("signing", title, command, facts, given.runs, results, lines, units=units, plotted=False)


def _signers(stack: ExitStack, directory: str) -> Signers:
    """Return who signs what: kind of signature, name, call with a key."""
    kinds: Signers = {"GET": {}, "PUT, type and length": {}, "POST form, length range": {}}
    for name, config in _configurations(directory).items():
        store = stack.enter_context(ObjectStore(config))
        _add(kinds, f"`{name}`", _ours(store))
    _add(kinds, BOTO3, _boto3())
    _add(kinds, MINIO_PY, _minio_py())
    return kinds


def _configurations(directory: str) -> dict[str, dict[str, Any]]:
    server = {"endpoint": HOST, "access_key": ACCESS, "secret_key": SECRET, "region": REGION}
    return {
        "local": {"framework": "local", "root_bucket": BUCKET, "connection": {"root": directory}},
        "minio": {"framework": "minio", "root_bucket": BUCKET, "connection": server},
        "boto3": {"framework": "boto3", "root_bucket": BUCKET, "connection": server},
    }


def _add(kinds: Signers, name: str, calls: tuple[Sign, Sign, Sign]) -> None:
    for signers, call in zip(kinds.values(), calls, strict=True):
        signers[name] = call


def _ours(store: ObjectStore) -> tuple[Sign, Sign, Sign]:
    return (
        lambda key: store.get_presigned_url(key, expires=EXPIRES),
        lambda key: store.presign_upload(key, expires=EXPIRES, content_type=TYPE, content_length=LENGTH),
        lambda key: store.get_presigned_post(key, expires=EXPIRES, content_type=TYPE, max_length=LENGTH),
    )


def _boto3() -> tuple[Sign, Sign, Sign]:
    import boto3
    from botocore.config import Config

    client = boto3.client(
        "s3",
        endpoint_url=f"http://{HOST}",
        aws_access_key_id=ACCESS,
        aws_secret_access_key=SECRET,
        region_name=REGION,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )
    bound = {"Bucket": BUCKET, "ContentType": TYPE, "ContentLength": LENGTH}
    conditions = [{"Content-Type": TYPE}, ["content-length-range", 0, LENGTH]]
    return (
        lambda key: client.generate_presigned_url("get_object", {"Bucket": BUCKET, "Key": key}, EXPIRES),
        lambda key: client.generate_presigned_url("put_object", {**bound, "Key": key}, EXPIRES),
        lambda key: client.generate_presigned_post(BUCKET, key, {"Content-Type": TYPE}, list(conditions), EXPIRES),
    )


def _minio_py() -> tuple[Sign, Sign, Sign]:
    from minio import Minio
    from minio.datatypes import PostPolicy

    client = Minio(HOST, access_key=ACCESS, secret_key=SECRET, region=REGION, secure=False)
    life = timedelta(seconds=EXPIRES)

    def form(key: str) -> dict[str, str]:
        policy = PostPolicy(BUCKET, datetime.now(UTC) + life)
        policy.add_equals_condition("key", key)
        policy.add_equals_condition("Content-Type", TYPE)
        policy.add_content_length_range_condition(0, LENGTH)
        return client.presigned_post_policy(policy)

    return (
        lambda key: client.presigned_get_object(BUCKET, key, expires=life),
        lambda key: client.presigned_put_object(BUCKET, key, expires=life),
        form,
    )


def _interleaved(signers: dict[str, Sign], urls: int, runs: int) -> dict[str, list[Measured]]:
    """Return the CPU seconds of one signature by each; the first run warms up and does not count."""
    found: dict[str, list[Measured]] = {name: [] for name in signers}
    for run in range(runs + 1):
        keys = [f"uploads/{run}/{number:06}.png" for number in range(urls)]
        for name, sign in signers.items():
            gc.collect()
            started = time.process_time()
            for key in keys:
                sign(key)
            used = (time.process_time() - started) / urls
            if run:
                found[name].append(Measured(cpu=used, wall=used, memory=0, server=None))
    return found


def _ratio(cost: float, peer: float | None) -> str:
    return f"{cost / peer:.2f}" if peer else ""

"""What signing costs: URLs and forms by each framework, beside those that boto3 and minio-py make themselves.

    python -m benchmarks.presigning [--quick] [--runs 9] [--urls 2000]

Nobody is asked in order to sign, so no server is needed. All calls are measured in turn, in CPU time of this process,
each URL for a key of its own; what is printed are medians over the runs, in microseconds a URL. A peer signs what it
can: minio-py's upload URL binds nothing, ours and boto3's bind type and length.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

from data_store.object_store import ObjectStore

BUCKET, REGION, HOST = "bucket", "us-east-1", "127.0.0.1:9000"
ACCESS, SECRET = "ACCESS", "secret-of-nobody"
TYPE, LENGTH, EXPIRES = "image/png", 123_456, 3600
BOTO3, MINIO_PY = "boto3 itself", "minio-py itself"

Sign = Callable[[str], object]
Signers = dict[str, dict[str, Sign]]


def main() -> None:
    """Measure each kind of signature and print a table."""
    given = _arguments()
    print("| signs | by | us a URL | / boto3 itself | / minio-py itself |")
    print("|---|---|---:|---:|---:|")
    with ExitStack() as stack, tempfile.TemporaryDirectory() as directory:
        for kind, signers in _signers(stack, directory).items():
            costs = _interleaved(signers, given.urls, given.runs)
            for name, cost in costs.items():
                ratios = (_ratio(cost, costs.get(peer)) for peer in (BOTO3, MINIO_PY))
                print(f"| {kind} | {name} | {cost * 1e6:.1f} | {' | '.join(ratios)} |")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--urls", type=int, default=2000, help="in each run")
    parser.add_argument("--quick", action="store_true", help="three runs of 200")
    given = parser.parse_args()
    if given.quick:
        given.runs, given.urls = 3, 200
    return given


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


def _interleaved(signers: dict[str, Sign], urls: int, runs: int) -> dict[str, float]:
    """Return the median CPU seconds of one signature by each; the first run warms up and does not count."""
    times: dict[str, list[float]] = {name: [] for name in signers}
    for run in range(runs + 1):
        keys = [f"uploads/{run}/{number:06}.png" for number in range(urls)]
        for name, sign in signers.items():
            gc.collect()
            started = time.process_time()
            for key in keys:
                sign(key)
            times[name].append((time.process_time() - started) / urls)
    return {name: statistics.median(results[1:]) for name, results in times.items()}


def _ratio(cost: float, peer: float | None) -> str:
    return f"{cost / peer:.2f}" if peer else ""


if __name__ == "__main__":
    main()

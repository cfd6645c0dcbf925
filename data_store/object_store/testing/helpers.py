"""Helpers for tests that use an object store."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from data_store.object_store.store import ObjectStore

__all__ = ["assert_same_object", "random_bytes"]

_CONTENT_OPTIONS = (
    "content_type",
    "metadata",
    "cache_control",
    "content_disposition",
    "content_encoding",
    "content_language",
)


def random_bytes(size: int, *, seed: int = 0) -> bytes:
    """Return ``size`` bytes that do not compress and are the same for the same ``seed``."""
    return random.Random(seed).randbytes(size)  # noqa: S311 because nothing here is a secret


def assert_same_object(
    store: ObjectStore, a: str, b: str, bucket: str | None = None, *, b_bucket: str | None = None
) -> None:
    """Assert that two keys hold the same content, metadata and content headers.

    Args:
        store: where both are.
        a: a key.
        b: another key.
        bucket: the bucket of both; the root bucket where it is None.
        b_bucket: the bucket of ``b``, where it is another one.
    """
    other_bucket = bucket if b_bucket is None else b_bucket
    head_a, head_b = store.head_object(a, bucket), store.head_object(b, other_bucket)
    assert head_a.size == head_b.size
    for name in _CONTENT_OPTIONS:
        assert getattr(head_a, name) == getattr(head_b, name), name
    assert store.read_object(a, bucket) == store.read_object(b, other_bucket), f"{a!r} and {b!r} differ in content"

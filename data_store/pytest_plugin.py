"""The pytest plugin of this package: the fixture ``object_store``.

pytest loads it in every project that has the package installed, so it imports the store only when a test asks, and
stands where its import brings nothing else in.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    from data_store.object_store.store import ObjectStore

__all__ = ["object_store"]


@pytest.fixture
def object_store() -> Iterator[ObjectStore]:
    """An empty ``ObjectStore`` in memory, of this test alone, whose root bucket ``test-bucket`` is made."""
    from data_store.object_store.store import ObjectStore

    connection = {"name": f"object-store-fixture-{uuid4().hex}"}
    with ObjectStore({"framework": "memory", "root_bucket": "test-bucket", "connection": connection}) as store:
        if not store.bucket_exists("test-bucket"):
            store.create_bucket("test-bucket")
        yield store

"""The conformance suite on the embedded store in memory."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from data_store.object_store import ObjectStore
from data_store.object_store.testing import ObjectStoreConformance
from data_store.object_store.testing.exceptions import MEMORY
from tests.conformance import SMALLEST_PARTS


class TestMemory(ObjectStoreConformance):
    """`memory`."""

    limits = MEMORY

    @pytest.fixture(scope="class")
    @classmethod
    def store(cls) -> Iterator[ObjectStore]:
        """A store in memory, of this class alone."""
        config = {"framework": "memory", "connection": {"name": uuid4().hex}, "transfer": SMALLEST_PARTS}
        with ObjectStore(config) as store:
            yield store

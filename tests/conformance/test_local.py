"""The conformance suite on the embedded store on disk."""

from collections.abc import Iterator

import pytest

from data_store.object_store import ObjectStore
from data_store.object_store.testing import ObjectStoreConformance
from tests.conformance import SMALLEST_PARTS


class TestLocal(ObjectStoreConformance):
    """`local`."""

    @pytest.fixture(scope="class")
    @classmethod
    def store(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
        """A store in a temporary directory."""
        connection = {"root": tmp_path_factory.mktemp("store")}
        with ObjectStore({"framework": "local", "connection": connection, "transfer": SMALLEST_PARTS}) as store:
            yield store

"""The conformance suite through `minio` on MinIO."""

from collections.abc import Iterator

import pytest

from data_store.object_store import ObjectStore
from data_store.object_store.testing import ObjectStoreConformance
from data_store.object_store.testing.exceptions import MINIO
from tests.conformance import store_on
from tests.servers import Server


@pytest.mark.server("minio")
class TestMinioOnMinio(ObjectStoreConformance):
    """`minio` on MinIO."""

    limits = MINIO

    @pytest.fixture(scope="class")
    @classmethod
    def store(cls, minio_server: Server) -> Iterator[ObjectStore]:
        """A store on the server of this run."""
        with store_on(minio_server, "minio") as store:
            yield store

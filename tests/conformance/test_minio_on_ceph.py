"""The conformance suite through `minio` on Ceph RGW."""

from collections.abc import Iterator

import pytest

from data_store.object_store import ObjectStore
from data_store.object_store.testing import ObjectStoreConformance
from data_store.object_store.testing.exceptions import CEPH_RGW
from tests.conformance import store_on
from tests.servers import Server


@pytest.mark.server("ceph")
class TestMinioOnCeph(ObjectStoreConformance):
    """`minio` on Ceph RGW."""

    limits = CEPH_RGW

    @pytest.fixture(scope="class")
    @classmethod
    def store(cls, ceph_server: Server) -> Iterator[ObjectStore]:
        """A store on the server of this run."""
        with store_on(ceph_server, "minio") as store:
            yield store

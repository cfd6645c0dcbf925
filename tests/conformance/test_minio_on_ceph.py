"""The conformance suite through `minio` on Ceph RGW."""

import pytest

from data_store.object_store.testing.exceptions import CEPH_RGW
from tests.conformance import OnServer


@pytest.mark.server("ceph")
class TestMinioOnCeph(OnServer):
    """`minio` on Ceph RGW."""

    framework = "minio"
    server_name = "ceph"
    limits = CEPH_RGW

"""The conformance suite through `boto3` on Ceph RGW."""

import pytest

from data_store.object_store.testing.exceptions import CEPH_RGW
from tests.conformance import OnServer


@pytest.mark.server("ceph")
class TestBoto3OnCeph(OnServer):
    """`boto3` on Ceph RGW."""

    framework = "boto3"
    server_name = "ceph"
    limits = CEPH_RGW

"""The conformance suite through `boto3` on Garage."""

import pytest

from data_store.object_store.testing.exceptions import GARAGE
from tests.conformance import OnServer


@pytest.mark.server("garage")
class TestBoto3OnGarage(OnServer):
    """`boto3` on Garage."""

    framework = "boto3"
    server_name = "garage"
    limits = GARAGE

"""The conformance suite through `minio` on Garage."""

import pytest

from data_store.object_store.testing.exceptions import GARAGE
from tests.conformance import OnServer


@pytest.mark.server("garage")
class TestMinioOnGarage(OnServer):
    """`minio` on Garage."""

    framework = "minio"
    server_name = "garage"
    limits = GARAGE

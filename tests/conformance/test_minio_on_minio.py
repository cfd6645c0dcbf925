"""The conformance suite through `minio` on MinIO."""

import pytest

from data_store.object_store.testing.exceptions import MINIO
from tests.conformance import OnServer


@pytest.mark.server("minio")
class TestMinioOnMinio(OnServer):
    """`minio` on MinIO."""

    framework = "minio"
    server_name = "minio"
    limits = MINIO

"""The conformance suite through `boto3` on MinIO."""

import pytest

from data_store.object_store.testing.exceptions import MINIO
from tests.conformance import OnServer


@pytest.mark.server("minio")
class TestBoto3OnMinio(OnServer):
    """`boto3` on MinIO."""

    framework = "boto3"
    server_name = "minio"
    limits = MINIO

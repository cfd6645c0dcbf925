"""The conformance suite through `minio` on versitygw."""

import pytest

from data_store.object_store.testing.exceptions import VERSITYGW
from tests.conformance import OnServer


@pytest.mark.server("versitygw")
class TestMinioOnVersitygw(OnServer):
    """`minio` on versitygw."""

    framework = "minio"
    server_name = "versitygw"
    limits = VERSITYGW

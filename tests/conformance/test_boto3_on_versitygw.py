"""The conformance suite through `boto3` on versitygw."""

import pytest

from data_store.object_store.testing.exceptions import VERSITYGW
from tests.conformance import OnServer


@pytest.mark.server("versitygw")
class TestBoto3OnVersitygw(OnServer):
    """`boto3` on versitygw."""

    framework = "boto3"
    server_name = "versitygw"
    limits = VERSITYGW

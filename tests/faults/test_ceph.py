"""What was seen to depend on the server, against Ceph: broken bodies, retries, and uploads that end early."""

from __future__ import annotations

import pytest

from tests.faults.test_downloads import (
    test_a_body_that_breaks_once_is_taken_up_where_it_broke,
    test_a_damaged_byte_is_an_integrity_error,
    test_two_versions_of_an_object_are_never_mixed,
)
from tests.faults.test_retries import test_a_put_that_is_tried_again_sends_the_whole_body
from tests.faults.test_uploads import (
    test_a_lost_answer_to_completing_an_upload_leaves_no_orphan,
    test_ctrl_c_in_an_upload_leaves_nothing,
)
from tests.servers import Server

__all__ = [
    "test_a_body_that_breaks_once_is_taken_up_where_it_broke",
    "test_a_damaged_byte_is_an_integrity_error",
    "test_a_lost_answer_to_completing_an_upload_leaves_no_orphan",
    "test_a_put_that_is_tried_again_sends_the_whole_body",
    "test_ctrl_c_in_an_upload_leaves_nothing",
    "test_two_versions_of_an_object_are_never_mixed",
]


@pytest.fixture
def server(ceph_server: Server) -> Server:
    """Ceph."""
    return ceph_server

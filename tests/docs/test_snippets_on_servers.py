"""The blocks of the pages that the embedded store cannot run: each runs on the server that it names."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_store.object_store import ObjectStore
from tests.docs.pages import PAGES, name, snippets
from tests.servers import Server

ON_CEPH = [page for page in PAGES if any(snippet.server for snippet in snippets(page))]


@pytest.mark.parametrize("page", [pytest.param(page, id=name(page)) for page in ON_CEPH])
def test_the_blocks_for_ceph_run_there(page: Path, ceph_server: Server) -> None:
    """With the key and the topic that the server has for what the page calls its own."""
    assert ceph_server.kms_key is not None
    assert ceph_server.notification_target is not None
    blocks = [snippet for snippet in snippets(page, "python") if snippet.server is not None]
    assert {block.server for block in blocks} == {"ceph"}
    with ObjectStore(ceph_server.url("boto3")) as store:
        for block in blocks:
            code = block.code.replace("my-key", ceph_server.kms_key)
            code = code.replace("arn:aws:sns:default::uploads", ceph_server.notification_target)
            exec(compile(code, name(page), "exec"), {"store": store})

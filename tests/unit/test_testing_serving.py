"""A store whose presigned URLs are answered, as the suite and other tests get it."""

from pathlib import Path

import pytest
import requests

from data_store.object_store import ObjectStore
from data_store.object_store.testing.serving import answering


def test_what_a_store_without_a_server_signs_is_answered(object_store: ObjectStore) -> None:
    """Inside the block another store of the same data and keys signs for what answers; behind it nobody does."""
    object_store.put_object(b"content", "key")
    with answering(object_store) as served:
        url = served.get_presigned_url("key")
        assert requests.get(url, timeout=10).content == b"content"
        assert not object_store.get_presigned_url("key").startswith(url.partition("?")[0])
        assert requests.put(served.get_presigned_upload_url("new"), data=b"new", timeout=10).status_code == 200
    assert object_store.read_object("new") == b"new"
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=10)


def test_two_stores_are_answered_at_once(tmp_path: Path) -> None:
    """Each on a port of its own, and neither answers what the other signed."""
    one, other = ({"framework": "local", "connection": {"root": tmp_path / name}} for name in ("one", "other"))
    with (
        ObjectStore(one) as first,
        ObjectStore(other) as second,
        answering(first) as served,
        answering(second) as served_too,
    ):
        first.put_object(b"first", "key")
        second.put_object(b"second", "key")
        urls = [store.get_presigned_url("key") for store in (served, served_too)]
        assert [requests.get(url, timeout=10).content for url in urls] == [b"first", b"second"]
        ports = [url.split("/")[2] for url in urls]
        headers = {"Host": ports[0]}
        assert requests.get(urls[0].replace(ports[0], ports[1]), headers=headers, timeout=10).status_code == 403


def test_a_store_with_a_server_is_answered_by_it() -> None:
    """It is the store itself, and nobody is asked."""
    with ObjectStore("minio://key:secret@127.0.0.1:9/bucket") as store, answering(store) as served:
        assert served is store

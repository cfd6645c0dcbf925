"""Presigned requests for keys of every shape: each reaches its object through any HTTP client, or none at all."""

from __future__ import annotations

import contextlib
from typing import ClassVar

import pytest

from data_store.object_store.capabilities import SupportsPresign
from data_store.object_store.errors import UnsupportedOperation
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.http_clients import CLIENTS, RAW, HttpClient, RawClient
from data_store.object_store.testing.conformance.keys import KEYS, LOOK_ALIKES

__all__ = ["PresignedKeys"]

CONTENT = b"content"

FOLDED = [("/a", "a"), ("a//b", "a/b"), ("a/./b", "a/b"), ("c/../a/b", "a/b")]
"""Keys that some servers fold, and into what."""


class PresignedKeys(ConformanceGroup):
    """Presigned keys."""

    capability: ClassVar[type | None] = SupportsPresign

    @pytest.mark.parametrize("name", KEYS)
    def test_a_key_of_any_shape_is_presigned(self, served: ObjectStore, bucket: str, name: str) -> None:
        """Its URLs store and read it, or its rule refuses it; clients that resolve '..' reach no other object."""
        key = KEYS[name]
        if self.limits.refusal(key):
            _assert_stores_nothing(served, bucket, key)
            return
        upload_url, url = served.get_presigned_upload_url(key, bucket), served.get_presigned_url(key, bucket)
        if _has_dot_segments(key):
            for client in CLIENTS.values():
                assert 400 <= client.send("PUT", upload_url, body=CONTENT).status < 500
            assert list(served.list_objects(bucket=bucket)) == []
            assert RAW.send("PUT", upload_url, body=CONTENT).status == 200
            assert RAW.send("GET", url).body == CONTENT
        else:
            assert CLIENTS["requests"].send("PUT", upload_url, body=CONTENT).status == 200
            assert CLIENTS["httpx"].send("GET", url).body == CONTENT
            assert CLIENTS["httpx"].send("PUT", upload_url, body=CONTENT * 2).status == 200
            assert CLIENTS["requests"].send("GET", url).body == CONTENT * 2
        assert [found.key for found in served.list_objects(bucket=bucket)] == [key]

    @pytest.mark.parametrize("name", KEYS)
    def test_a_key_of_any_shape_is_uploaded_by_a_presigned_form(
        self, served: ObjectStore, bucket: str, name: str
    ) -> None:
        """The key is a field of the form: no client changes it."""
        key = KEYS[name]
        if self.limits.form_refusal(key):
            _assert_posts_nothing(served, bucket, key)
            return
        post = served.get_presigned_post(key, bucket)
        assert CLIENTS["requests"].post(post.url, post.fields, CONTENT).status == 204
        assert [found.key for found in served.list_objects(bucket=bucket)] == [key]
        assert served.read_object(key, bucket) == CONTENT

    @pytest.mark.parametrize(("key", "twin"), LOOK_ALIKES, ids=ascii)
    def test_a_presigned_key_never_reaches_its_look_alike(
        self, served: ObjectStore, bucket: str, key: str, twin: str
    ) -> None:
        """Reading and writing one leaves the other alone, through any client."""
        served.put_object(b"twin", twin, bucket)
        try:
            url, upload_url = served.get_presigned_url(key, bucket), served.get_presigned_upload_url(key, bucket)
        except UnsupportedOperation:
            if self.limits.refusal(key):
                return
            raise
        clients: list[HttpClient | RawClient] = [RAW, *CLIENTS.values()]
        for client in clients:
            answer = client.send("GET", url)
            assert 400 <= answer.status < 500
            assert answer.body != b"twin"
            client.send("PUT", upload_url, body=CONTENT)
            assert served.read_object(twin, bucket) == b"twin"
            if not self.limits.refusal(key):
                served.delete_object(key, bucket)
        assert served.read_object(twin, bucket) == b"twin"

    @pytest.mark.parametrize(("key", "twin"), FOLDED, ids=ascii)
    def test_a_new_store_presigns_no_key_that_reaches_its_look_alike(
        self, served: ObjectStore, bucket: str, key: str, twin: str
    ) -> None:
        """Where the server would take one for the other, a store that has not asked it anything yet knows too."""
        served.put_object(b"twin", twin, bucket)
        with ObjectStore(served.config) as new:
            try:
                url, upload_url = new.get_presigned_url(key, bucket), new.get_presigned_upload_url(key, bucket)
            except UnsupportedOperation:
                if self.limits.refusal(key):
                    return
                raise
        assert RAW.send("GET", url).body != b"twin"
        RAW.send("PUT", upload_url, body=CONTENT)
        assert served.read_object(twin, bucket) == b"twin"


def _has_dot_segments(key: str) -> bool:
    """Whether URLs of a key are changed by clients that resolve "." and ".." in paths (RFC 3986, section 5.2.4)."""
    return not {".", ".."}.isdisjoint(key.split("/"))


def _assert_stores_nothing(store: ObjectStore, bucket: str, key: str) -> None:
    """Assert that a key that the server refuses is not signed, or is refused when it is used."""
    with contextlib.suppress(UnsupportedOperation):
        url = store.get_presigned_upload_url(key, bucket)
        assert 400 <= RAW.send("PUT", url, body=CONTENT).status < 500
    assert list(store.list_objects(bucket=bucket)) == []


def _assert_posts_nothing(store: ObjectStore, bucket: str, key: str) -> None:
    with contextlib.suppress(UnsupportedOperation):
        post = store.get_presigned_post(key, bucket)
        assert 400 <= CLIENTS["requests"].post(post.url, post.fields, CONTENT).status < 500
    assert list(store.list_objects(bucket=bucket)) == []

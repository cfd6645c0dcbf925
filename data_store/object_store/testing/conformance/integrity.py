"""Digests that the caller gives are checked before the object becomes visible."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from data_store.object_store.errors import IntegrityError, InvalidArgument
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.streams import OneWayStream, large_size
from data_store.object_store.testing.helpers import random_bytes

__all__ = ["Integrity"]


def _md5(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()


def _sha256(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


DIGESTS: dict[str, Callable[[bytes], str]] = {"content_md5": _md5, "checksum_sha256": _sha256}


class Integrity(ConformanceGroup):
    """Integrity."""

    @pytest.mark.parametrize("name", DIGESTS)
    @pytest.mark.parametrize("large", [False, True], ids=["small", "large"])
    def test_content_with_its_digest_is_stored(self, store: ObjectStore, bucket: str, name: str, large: bool) -> None:
        """The right digest is no obstacle."""
        content = random_bytes(large_size(store) if large else 1000)
        _put(store, content, bucket, name, DIGESTS[name](content))
        assert store.read_object("key", bucket) == content

    @pytest.mark.parametrize("name", DIGESTS)
    @pytest.mark.parametrize("large", [False, True], ids=["small", "large"])
    def test_content_with_another_digest_keeps_the_old_object(
        self, store: ObjectStore, bucket: str, name: str, large: bool
    ) -> None:
        """A digest of other content raises IntegrityError, and the old object stays."""
        store.put_object(b"old", "key", bucket)
        content = random_bytes(large_size(store) if large else 1000)
        with pytest.raises(IntegrityError) as caught:
            _put(store, content, bucket, name, DIGESTS[name](b"other"))
        assert (caught.value.bucket, caught.value.key) == (bucket, "key")
        assert store.read_object("key", bucket) == b"old"

    @pytest.mark.parametrize("name", DIGESTS)
    @pytest.mark.parametrize("large", [False, True], ids=["small", "large"])
    def test_a_stream_with_another_digest_leaves_no_object(
        self, store: ObjectStore, bucket: str, name: str, large: bool
    ) -> None:
        """The same holds for a stream that can be read only once."""
        content = random_bytes(large_size(store) if large else 1000)
        with pytest.raises(IntegrityError):
            _put(store, OneWayStream(content), bucket, name, DIGESTS[name](b"other"))
        assert store.exists("key", bucket) is False

    @pytest.mark.parametrize("name", DIGESTS)
    def test_a_stream_with_its_digest_is_stored(self, store: ObjectStore, bucket: str, name: str) -> None:
        """A stream that can be read only once is stored where its digest is right."""
        content = random_bytes(large_size(store))
        _put(store, OneWayStream(content), bucket, name, DIGESTS[name](content))
        assert store.read_object("key", bucket) == content

    @pytest.mark.parametrize("name", DIGESTS)
    def test_a_file_with_another_digest_leaves_no_object(
        self, store: ObjectStore, bucket: str, tmp_path: Path, name: str
    ) -> None:
        """The same holds for a file."""
        source = tmp_path / "source"
        source.write_bytes(b"content")
        digest = DIGESTS[name](b"other")
        with pytest.raises(IntegrityError):
            store.upload_file(source, "key", bucket, **{name: digest})  # type: ignore[arg-type]  # a parameter
        assert store.exists("key", bucket) is False

    @pytest.mark.parametrize("name", DIGESTS)
    @pytest.mark.parametrize("digest", ["", "no base64!", "c2hvcnQ=", "0" * 32])
    def test_a_malformed_digest_is_refused(
        self, store: ObjectStore, missing_bucket: str, name: str, digest: str
    ) -> None:
        """What is not base64 of the right length raises InvalidArgument before anything is sent."""
        with pytest.raises(InvalidArgument, match=name):
            _put(store, b"content", missing_bucket, name, digest)


def _put(store: ObjectStore, data: bytes | OneWayStream, bucket: str, name: str, digest: str) -> None:
    store.put_object(data, "key", bucket, **{name: digest})  # type: ignore[arg-type]  # the name is a parameter

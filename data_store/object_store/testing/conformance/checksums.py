"""Checksums: computed on the way, kept by the store, compared again when read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from data_store.object_store.capabilities import SupportsMultipart, SupportsVersioning
from data_store.object_store.checksums import new_hasher
from data_store.object_store.errors import BucketNotFound
from data_store.object_store.models import ChecksumAlgorithm
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.needs import needs
from data_store.object_store.testing.conformance.streams import OneWayStream, large_size
from data_store.object_store.testing.conformance.versioned import write
from data_store.object_store.testing.facts import CHECKSUMS_OF_COPIED_PARTS, KEPT_CHECKSUMS
from data_store.object_store.testing.helpers import random_bytes

__all__ = ["Checksums"]

ALGORITHMS: tuple[ChecksumAlgorithm, ...] = ("crc32c", "crc64nvme", "sha256")
KNOWN: dict[str, str] = {  # of b"123456789": the check values of the CRC catalogue (reveng), and FIPS 180-4
    "crc32c": "e3069283",
    "crc64nvme": "ae8b14860a799888",
    "sha256": hashlib.sha256(b"123456789").hexdigest(),
}
BODIES: dict[str, Callable[[bytes], object]] = {"bytes": lambda content: content, "stream": OneWayStream}


def _digest(algorithm: str, content: bytes) -> str:
    hasher = new_hasher(algorithm)
    hasher.update(content)
    return hasher.digest().hex()


class Checksums(ConformanceGroup):
    """Checksums."""

    @pytest.mark.parametrize("algorithm", ALGORITHMS)
    def test_an_upload_has_the_checksum_that_was_asked_for(
        self, store: ObjectStore, bucket: str, algorithm: ChecksumAlgorithm
    ) -> None:
        """The answer has the digest in lower-case hex, and a HEAD tells it, where the server keeps it."""
        answer = store.put_object(b"123456789", "key", bucket, checksum=algorithm)
        assert (answer.checksums or {})[algorithm] == KNOWN[algorithm]
        told = store.head_object("key", bucket).checksums or {}
        assert told.get(algorithm) == (None if KEPT_CHECKSUMS in self.limits.lacks else KNOWN[algorithm])
        with store.get_object("key", bucket) as found:
            assert found.body.read() == b"123456789"
            assert (found.checksums or {}).get(algorithm) == told.get(algorithm)

    @pytest.mark.parametrize("algorithm", ALGORITHMS)
    def test_an_empty_object_has_a_checksum(
        self, store: ObjectStore, bucket: str, algorithm: ChecksumAlgorithm
    ) -> None:
        """No bytes have a digest, too."""
        answer = store.put_object(b"", "key", bucket, checksum=algorithm)
        assert (answer.checksums or {})[algorithm] == _digest(algorithm, b"")
        assert store.read_object("key", bucket) == b""

    @pytest.mark.parametrize("body", BODIES)
    @pytest.mark.parametrize("algorithm", ALGORITHMS)
    def test_a_large_upload_has_the_checksum_of_the_whole(
        self, store: ObjectStore, bucket: str, algorithm: ChecksumAlgorithm, body: str
    ) -> None:
        """In parts too, from bytes or a stream, the digest is that of the whole content."""
        content = random_bytes(large_size(store))
        data = BODIES[body](content)
        answer = store.put_object(data, "key", bucket, checksum=algorithm)  # type: ignore[arg-type]  # a table
        assert (answer.checksums or {})[algorithm] == _digest(algorithm, content)
        told = (store.head_object("key", bucket).checksums or {}).get(algorithm)
        assert told in {None, _digest(algorithm, content)}
        assert store.read_object("key", bucket) == content

    @pytest.mark.parametrize("algorithm", ALGORITHMS)
    def test_a_file_is_uploaded_and_downloaded_with_a_checksum(
        self, store: ObjectStore, bucket: str, tmp_path: Path, algorithm: ChecksumAlgorithm
    ) -> None:
        """A file of several parts goes and comes back whole."""
        content = random_bytes(2 * large_size(store))
        (tmp_path / "source").write_bytes(content)
        answer = store.upload_file(tmp_path / "source", "key", bucket, checksum=algorithm)
        assert (answer.checksums or {})[algorithm] == _digest(algorithm, content)
        store.download_file("key", tmp_path / "target", bucket)
        assert (tmp_path / "target").read_bytes() == content

    @needs(SupportsMultipart)
    @pytest.mark.parametrize("algorithm", ALGORITHMS)
    def test_an_upload_step_by_step_has_checksums(
        self, store: ObjectStore, bucket: str, algorithm: ChecksumAlgorithm
    ) -> None:
        """Started with a checksum, each part has its own."""
        upload_id = store.create_multipart_upload("key", bucket, checksum=algorithm).upload_id
        contents = {1: random_bytes(5 * 1024**2), 2: b"123456789"}
        parts = [
            store.upload_part(content, "key", upload_id, number, bucket, checksum=algorithm)
            for number, content in contents.items()
        ]
        assert (parts[1].checksums or {})[algorithm] == KNOWN[algorithm]
        store.complete_multipart_upload("key", upload_id, parts, bucket)
        assert store.read_object("key", bucket) == contents[1] + contents[2]

    @needs(SupportsMultipart, CHECKSUMS_OF_COPIED_PARTS)
    @pytest.mark.parametrize("algorithm", ALGORITHMS)
    def test_a_part_is_copied_into_an_upload_with_a_checksum(
        self, store: ObjectStore, bucket: str, algorithm: ChecksumAlgorithm
    ) -> None:
        """It goes in beside parts that were sent, and the object has no wrong digest."""
        content = random_bytes(5 * 1024**2)
        store.put_object(content + b"123456789", "source", bucket)
        upload_id = store.create_multipart_upload("key", bucket, checksum=algorithm).upload_id
        copied = store.upload_part_copy(
            "source", "key", upload_id, 1, bucket, src_bucket=bucket, length=len(content), checksum=algorithm
        )
        sent = store.upload_part(b"123456789", "key", upload_id, 2, bucket, checksum=algorithm)
        store.complete_multipart_upload("key", upload_id, [copied, sent], bucket)
        whole = content + b"123456789"
        assert (store.head_object("key", bucket).checksums or {}).get(algorithm) in {None, _digest(algorithm, whole)}
        assert store.read_object("key", bucket) == whole

    @pytest.mark.parametrize("algorithm", ALGORITHMS)
    def test_a_range_of_an_object_with_a_checksum_is_read(
        self, store: ObjectStore, bucket: str, algorithm: ChecksumAlgorithm
    ) -> None:
        """The digest of the whole is none of a range's: a range is read as it is."""
        store.put_object(b"123456789", "key", bucket, checksum=algorithm)
        with store.get_object("key", bucket, offset=2, length=3) as found:
            assert found.body.read() == b"345"

    @pytest.mark.parametrize("algorithm", ALGORITHMS)
    def test_an_object_with_a_checksum_is_copied(
        self, store: ObjectStore, bucket: str, algorithm: ChecksumAlgorithm
    ) -> None:
        """The copy has the content, and no wrong digest."""
        store.put_object(b"123456789", "key", bucket, checksum=algorithm)
        store.copy_object("key", "copy", bucket, bucket)
        assert (store.head_object("copy", bucket).checksums or {}).get(algorithm) in {None, KNOWN[algorithm]}
        assert store.read_object("copy", bucket) == b"123456789"

    def test_what_is_stored_is_verified(self, store: ObjectStore, bucket: str) -> None:
        """verify() reads every object and reports each, in the order of the keys, with what was compared."""
        sizes = {"in/empty": 0, "in/large": large_size(store), "in/small": 1000}
        for key, size in sizes.items():
            store.put_object(random_bytes(size), key, bucket, checksum="sha256" if size == 1000 else None)
        store.put_object(b"other", "out", bucket)
        found = list(store.verify("in/", bucket))
        assert [(each.key, each.error) for each in found] == [(key, None) for key in sizes]
        assert KEPT_CHECKSUMS in self.limits.lacks or "sha256" in found[-1].checked
        assert [each.key for each in store.verify(bucket=bucket)] == [*sizes, "out"]

    def test_verifying_is_lazy(self, store: ObjectStore, bucket: str) -> None:
        """Nothing is read before the first outcome is wanted, and an empty bucket has none."""
        assert list(store.verify(bucket=bucket)) == []
        outcomes = store.verify(bucket=bucket)
        store.put_object(b"content", "key", bucket)
        assert [(each.key, each.error) for each in outcomes] == [("key", None)]

    def test_a_missing_bucket_cannot_be_verified(self, store: ObjectStore, missing_bucket: str) -> None:
        """Verifying what is not there raises BucketNotFound."""
        with pytest.raises(BucketNotFound):
            list(store.verify(bucket=missing_bucket))

    @needs(SupportsVersioning)
    def test_a_version_has_its_checksum(self, store: ObjectStore, versioned_bucket: str, unique_key: str) -> None:
        """An older version keeps its digest, and is verified with it when it is read."""
        first = write(store, b"123456789", unique_key, versioned_bucket, checksum="crc32c")
        write(store, b"second", unique_key, versioned_bucket)
        told = (store.head_object(unique_key, versioned_bucket, first).checksums or {}).get("crc32c")
        assert told == (None if KEPT_CHECKSUMS in self.limits.lacks else KNOWN["crc32c"])
        assert store.read_object(unique_key, versioned_bucket, first) == b"123456789"

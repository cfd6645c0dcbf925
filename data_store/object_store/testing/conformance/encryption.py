"""Encryption at rest by the server, and storage classes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import ClassVar

import pytest

from data_store.object_store.capabilities import SupportsEncryption, SupportsMultipart, SupportsVersioning
from data_store.object_store.errors import NotFound, ObjectStoreError
from data_store.object_store.models import Encryption as AtRest
from data_store.object_store.models import SseCustomer, SseKms, SseS3
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.needs import By, needs
from data_store.object_store.testing.conformance.streams import copied_in_parts, large_size
from data_store.object_store.testing.conformance.versioned import write
from data_store.object_store.testing.facts import (
    COPIES_THAT_ENCRYPT,
    ENCRYPTED_COPIES,
    ENCRYPTION_CUSTOMER,
    ENCRYPTION_KMS,
    ENCRYPTION_S3,
)
from data_store.object_store.testing.helpers import random_bytes

__all__ = ["Encryption"]

KEY = SseCustomer(bytes(range(32)))
OTHER_KEY = SseCustomer(bytes(range(1, 33)))
KINDS: dict[str, Callable[[str | None], AtRest]] = {
    "SseS3": lambda _key: SseS3(),
    "SseKms": lambda key: SseKms(key),
    "SseCustomer": lambda _key: KEY,
}
TOLD = {"SseS3": "AES256", "SseKms": "aws:kms", "SseCustomer": "SSE-C"}
OF_KINDS = By("kind", {"SseS3": ENCRYPTION_S3, "SseKms": ENCRYPTION_KMS, "SseCustomer": ENCRYPTION_CUSTOMER})


def _to_read(encryption: AtRest) -> SseCustomer | None:
    return encryption if isinstance(encryption, SseCustomer) else None


class Encryption(ConformanceGroup):
    """Encryption."""

    capability: ClassVar[type | None] = SupportsEncryption

    @needs(OF_KINDS)
    @pytest.mark.parametrize("kind", KINDS)
    def test_an_object_is_encrypted(self, store: ObjectStore, bucket: str, kms_key: str | None, kind: str) -> None:
        """It comes back as it was, and HEAD tells how it is kept."""
        encryption = KINDS[kind](kms_key)
        store.put_object(b"secret", "key", bucket, encryption=encryption, metadata={"a": "b"})
        head = store.head_object("key", bucket, encryption=_to_read(encryption))
        assert (head.size, head.metadata, head.encryption) == (6, {"a": "b"}, TOLD[kind])
        assert store.read_object("key", bucket, encryption=_to_read(encryption)) == b"secret"
        assert [found.key for found in store.list_objects(bucket=bucket)] == ["key"]

    @needs(OF_KINDS, SupportsMultipart)
    @pytest.mark.parametrize("kind", KINDS)
    def test_a_large_object_is_encrypted(self, store: ObjectStore, bucket: str, kms_key: str | None, kind: str) -> None:
        """In parts too, of which the result tells what HEAD does, and ranges of it can be read."""
        encryption, content = KINDS[kind](kms_key), random_bytes(large_size(store))
        written = store.put_object(content, "key", bucket, encryption=encryption)
        key = _to_read(encryption)
        assert written.encryption == store.head_object("key", bucket, encryption=key).encryption == TOLD[kind]
        assert store.read_object("key", bucket, encryption=key) == content
        assert store.get_ranges("key", [(5, 10)], bucket, encryption=key) == [content[5:15]]

    @needs(OF_KINDS, SupportsMultipart)
    @pytest.mark.parametrize("kind", KINDS)
    def test_an_upload_step_by_step_is_encrypted(
        self, store: ObjectStore, bucket: str, kms_key: str | None, kind: str
    ) -> None:
        """Started with an encryption, the object has it."""
        encryption = KINDS[kind](kms_key)
        key = _to_read(encryption)
        upload_id = store.create_multipart_upload("key", bucket, encryption=encryption).upload_id
        part = store.upload_part(b"secret", "key", upload_id, 1, bucket, encryption=key)
        made = store.complete_multipart_upload("key", upload_id, [part], bucket, encryption=key)
        assert made.encryption == store.head_object("key", bucket, encryption=key).encryption == TOLD[kind]
        assert store.read_object("key", bucket, encryption=key) == b"secret"

    @needs(OF_KINDS, By("kind", dict.fromkeys(KINDS, COPIES_THAT_ENCRYPT)))
    @pytest.mark.parametrize("kind", KINDS)
    def test_a_copy_is_encrypted(self, store: ObjectStore, bucket: str, kms_key: str | None, kind: str) -> None:
        """A plain object gets an encrypted copy, and stays plain itself."""
        encryption = KINDS[kind](kms_key)
        store.put_object(b"secret", "key", bucket, metadata={"a": "b"})
        copied = store.copy_object("key", "copy", bucket, bucket, encryption=encryption)
        head = store.head_object("copy", bucket, encryption=_to_read(encryption))
        assert (head.encryption, head.metadata) == (TOLD[kind], {"a": "b"})
        assert (copied.encryption, copied.checksums) == (head.encryption, head.checksums)
        assert store.read_object("copy", bucket, encryption=_to_read(encryption)) == b"secret"
        assert store.read_object("key", bucket) == b"secret"

    @needs(OF_KINDS, SupportsMultipart)
    @pytest.mark.parametrize("kind", KINDS)
    def test_a_large_copy_is_encrypted(self, store: ObjectStore, bucket: str, kms_key: str | None, kind: str) -> None:
        """The result of one that is made in parts tells what HEAD does."""
        encryption, content = KINDS[kind](kms_key), random_bytes(copied_in_parts(store))
        store.put_object(content, "key", bucket)
        copied = store.copy_object("key", "copy", bucket, bucket, encryption=encryption)
        key = _to_read(encryption)
        assert copied.encryption == store.head_object("copy", bucket, encryption=key).encryption == TOLD[kind]
        assert store.read_object("copy", bucket, encryption=key) == content

    @needs(OF_KINDS, By("kind", dict.fromkeys(KINDS, COPIES_THAT_ENCRYPT)))
    @pytest.mark.parametrize("kind", KINDS)
    def test_other_metadata_leaves_an_object_encrypted(
        self, store: ObjectStore, bucket: str, kms_key: str | None, kind: str
    ) -> None:
        """A copy onto itself keeps what it does not change, and how it is kept is not changed."""
        encryption = KINDS[kind](kms_key)
        key = _to_read(encryption)
        store.put_object(b"secret", "key", bucket, encryption=encryption, metadata={"a": "b"})
        before = store.head_object("key", bucket, encryption=key)
        copied = store.copy_object("key", "key", bucket, bucket, metadata={"c": "d"}, source_encryption=key)
        head = store.head_object("key", bucket, encryption=key)
        assert (head.encryption, head.kms_key_id) == (TOLD[kind], before.kms_key_id)
        assert (head.metadata, copied.encryption) == ({"c": "d"}, head.encryption)
        assert store.read_object("key", bucket, encryption=key) == b"secret"

    @needs(OF_KINDS, By("kind", {"SseKms": ENCRYPTED_COPIES, "SseCustomer": ENCRYPTED_COPIES}))
    @pytest.mark.parametrize("kind", KINDS)
    def test_an_encrypted_object_is_copied(
        self, store: ObjectStore, bucket: str, kms_key: str | None, kind: str
    ) -> None:
        """It is read with its key, where it has one, and written as the copy says."""
        encryption = KINDS[kind](kms_key)
        store.put_object(b"secret", "key", bucket, encryption=encryption)
        store.copy_object("key", "copy", bucket, bucket, source_encryption=_to_read(encryption))
        assert store.read_object("copy", bucket) == b"secret"

    @needs(OF_KINDS, By("kind", {"SseCustomer": ENCRYPTED_COPIES}))
    @pytest.mark.parametrize("kind", KINDS)
    def test_a_large_encrypted_object_is_copied(
        self, store: ObjectStore, bucket: str, kms_key: str | None, kind: str
    ) -> None:
        """So is one that is copied in parts."""
        encryption, content = KINDS[kind](kms_key), random_bytes(copied_in_parts(store))
        store.put_object(content, "key", bucket, encryption=encryption)
        store.copy_object("key", "copy", bucket, bucket, source_encryption=_to_read(encryption))
        assert store.read_object("copy", bucket) == content

    @needs(ENCRYPTION_CUSTOMER)
    @pytest.mark.parametrize("key", [None, OTHER_KEY], ids=["no key", "another key"])
    def test_only_the_key_of_the_caller_reads(self, store: ObjectStore, bucket: str, key: SseCustomer | None) -> None:
        """Without it, or with another one, neither content nor metadata is given."""
        store.put_object(b"secret", "key", bucket, encryption=KEY)
        with pytest.raises(ObjectStoreError):
            store.read_object("key", bucket, encryption=key)
        with pytest.raises(ObjectStoreError):
            store.head_object("key", bucket, encryption=key)
        assert store.read_object("key", bucket, encryption=KEY) == b"secret"

    @needs(ENCRYPTION_CUSTOMER, SupportsVersioning)
    def test_a_version_without_its_key_is_there_all_the_same(
        self, store: ObjectStore, versioned_bucket: str, unique_key: str
    ) -> None:
        """It cannot be read, which is not the same as not being there."""
        version = write(store, b"secret", unique_key, versioned_bucket, encryption=KEY)
        for read in (store.head_object, store.read_object, store.exists):
            with pytest.raises(ObjectStoreError) as caught:
                read(unique_key, versioned_bucket, version)
            assert not isinstance(caught.value, NotFound)
        assert store.exists(unique_key, versioned_bucket, version, encryption=KEY) is True

    @needs(ENCRYPTION_CUSTOMER)
    def test_the_key_of_the_caller_is_never_shown(
        self, store: ObjectStore, bucket: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Neither a log line nor an error has it, in any of the forms in which it travels."""
        secret = b"K\x00ey-that-nobody-may-ever-see-!!!"
        key = SseCustomer(secret[:32])
        with caplog.at_level(logging.DEBUG, logger="data_store"):
            store.put_object(b"secret", "key", bucket, encryption=key)
            with pytest.raises(ObjectStoreError) as caught:
                store.read_object("key", bucket, encryption=OTHER_KEY)
        for told in (caplog.text, str(caught.value), repr(caught.value), repr(key)):
            assert "nobody-may-ever-see" not in told
            assert "bm9ib2R5LW1heS1ldmVyLXNlZ" not in told
            assert "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA" not in told

    @needs(OF_KINDS)
    @pytest.mark.parametrize("kind", KINDS)
    def test_nothing_is_left_of_what_was_tried(
        self, store: ObjectStore, bucket: str, kms_key: str | None, kind: str
    ) -> None:
        """Whatever is written to find out what the server does is gone again."""
        encryption = KINDS[kind](kms_key)
        store.put_object(b"secret", "a/key", bucket, encryption=encryption)
        store.delete_object("a/key", bucket)
        assert list(store.list_objects(bucket=bucket)) == []

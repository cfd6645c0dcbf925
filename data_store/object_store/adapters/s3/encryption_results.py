"""How the server keeps what was copied or put together: not every server says it in the answer that ends that."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace

from data_store.object_store.adapters.s3.encryption import encryption_told
from data_store.object_store.models import CopyOptions, Encryption, GetOptions, ObjectMetadata, SseCustomer

__all__ = ["Head", "UploadEncryption", "copy_encryption"]

_MAX_UPLOADS = 10_000

Head = Callable[[GetOptions], ObjectMetadata]
"""Asks about a key."""


def copy_encryption(copied: ObjectMetadata, options: CopyOptions, head: Head) -> ObjectMetadata:
    """Return a copy with how the server keeps it.

    MinIO's answer does not tell. It is asked where the copy was to be encrypted, or has another ETag than the source:
    that is the MD5 of the content only if the copy is not encrypted with SSE-KMS, as the bucket's default, say.
    """
    expected = options.encryption is None and options.source_etag in (None, copied.etag)
    return copied if copied.encryption or expected else _asked(copied, options.encryption, head)


class UploadEncryption:
    """How the server keeps the uploads under way of one client; used by many threads at once.

    AWS says it in the answer to CompleteMultipartUpload, Ceph and Garage when an upload begins, MinIO with its parts.
    What is forgotten, of more than 10,000 uploads, is only not told in the result.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told: dict[str, str | None] = {}

    def begun(self, upload_id: str, asked: Encryption | None, answered: Mapping[str, str]) -> None:
        """Remember an upload that is to be encrypted, or is by what the answer's headers say."""
        told = encryption_told(answered)
        if told or asked is not None:
            self._keep(upload_id, told)

    def sent(self, upload_id: str, answered: Mapping[str, str]) -> None:
        """Remember what the headers of the answer to a part say."""
        told = encryption_told(answered)
        if told:
            self._keep(upload_id, told)

    def completed(
        self, upload_id: str, made: ObjectMetadata, encryption: SseCustomer | None, head: Head
    ) -> ObjectMetadata:
        """Return an object with how it is kept; the server is asked where it was to be encrypted and never told."""
        with self._lock:
            is_encrypted = upload_id in self._told
            told = self._told.pop(upload_id, None)
        if made.encryption or not is_encrypted:
            return made
        return replace(made, encryption=told) if told else _asked(made, encryption, head)

    def aborted(self, upload_id: str) -> None:
        """Forget an upload."""
        with self._lock:
            self._told.pop(upload_id, None)

    def _keep(self, upload_id: str, told: str | None) -> None:
        with self._lock:
            self._told[upload_id] = told
            if len(self._told) > _MAX_UPLOADS:
                del self._told[next(iter(self._told))]


def _asked(made: ObjectMetadata, encryption: Encryption | None, head: Head) -> ObjectMetadata:
    """Return what was written with what HEAD says of it; without an MD5 that may be none, if that cannot be had."""
    try:
        found = head(GetOptions(encryption=encryption if isinstance(encryption, SseCustomer) else None))
    except Exception:  # noqa: BLE001  it was written, and may only not be read
        found = ObjectMetadata(key=made.key)
    if found.etag != made.etag:
        found = ObjectMetadata(key=made.key)
    digests = {name: digest for name, digest in (made.checksums or {}).items() if name != "md5"}
    return replace(made, encryption=found.encryption, checksums={**digests, **(found.checksums or {})} or None)

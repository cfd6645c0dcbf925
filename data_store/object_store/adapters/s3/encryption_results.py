"""How the server keeps what was copied or put together: not every server says it in the answer that ends that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from data_store.object_store.adapters.s3.encryption import kept_as
from data_store.object_store.adapters.s3.uploads_under_way import UploadUnderWay
from data_store.object_store.errors import IntegrityError
from data_store.object_store.models import CopyOptions, Encryption, GetOptions, ObjectMetadata, SseCustomer

__all__ = ["Head", "copy_encryption", "upload_encryption"]

Head = Callable[[GetOptions], ObjectMetadata]
"""Asks about a key."""


def copy_encryption(copied: ObjectMetadata, options: CopyOptions, head: Head) -> ObjectMetadata:
    """Return a copy with how the server keeps it.

    MinIO's answer does not tell. It is asked where the copy was to be encrypted, or has another ETag than the source:
    that is the MD5 of the content only if the copy is not encrypted with SSE-KMS, as the bucket's default, say.

    Raises:
        IntegrityError: the copy is there, and encrypted in another way than it was to be.
    """
    expected = options.encryption is None and options.source_etag in (None, copied.etag)
    made = copied if copied.encryption or expected else _asked(copied, options.encryption, head)
    if options.encryption is not None and made.encryption not in (None, kept_as(options.encryption)):
        raise IntegrityError(f"the copy was made, and the server keeps it as {made.encryption!r}, not as it was to be")
    return made


def upload_encryption(
    made: ObjectMetadata, upload: UploadUnderWay, encryption: SseCustomer | None, head: Head
) -> ObjectMetadata:
    """Return an object with how it is kept.

    AWS says it in the answer to CompleteMultipartUpload, Ceph and Garage when an upload begins, MinIO with its parts.
    The server is asked where it was to be encrypted and no answer told.

    Args:
        made: what the answer to CompleteMultipartUpload says.
        upload: what is known of the upload.
        encryption: the key that the object is read with, if it is the caller's.
        head: asks about the object.
    """
    if made.encryption or not upload.is_encrypted:
        return made
    return replace(made, encryption=upload.encryption) if upload.encryption else _asked(made, encryption, head)


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

"""What an ETag says beyond "the content changed", and what it does not."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from data_store.object_store.models import PartInfo

__all__ = ["bare", "checksums", "multipart_etag"]

_MD5 = re.compile(r"[0-9a-f]{32}")
_MD5_STAYS = {None, "", "AES256"}
_DIRECTORY_BUCKET = "--x-s3"


def bare(etag: str | None) -> str | None:
    """Return an ETag without its quotes; servers send it both ways. None for an empty one."""
    return (etag or "").strip('"') or None


def checksums(
    bucket: str, etag: str | None, encryption: str | None = None, customer_algorithm: str | None = None
) -> dict[str, str] | None:
    """Return ``{"md5": ...}`` where the ETag is the MD5 of the content, else None.

    S3 API reference, Object: it is not for multipart uploads (``"...-N"``), with SSE-KMS or SSE-C, and in directory
    buckets.

    Args:
        bucket: the object's bucket.
        etag: the ETag without quotes.
        encryption: the answer's ``x-amz-server-side-encryption``.
        customer_algorithm: the answer's ``x-amz-server-side-encryption-customer-algorithm``.
    """
    if etag is None or not _MD5.fullmatch(etag):
        return None
    if encryption not in _MD5_STAYS or customer_algorithm or bucket.endswith(_DIRECTORY_BUCKET):
        return None
    return {"md5": etag}


def multipart_etag(parts: Sequence[PartInfo]) -> str | None:
    """Return the ETag that an object made from these parts gets: the MD5 of the parts' MD5s, then their number.

    With it, whoever lost the answer to CompleteMultipartUpload, and is told ``NoSuchUpload`` when asking again, finds
    out that the first request had been carried out. Not documented, but what AWS, MinIO and Ceph do. None where an
    ETag of a part is no MD5.
    """
    if not all(_MD5.fullmatch(part.etag) for part in parts):
        return None
    digest = hashlib.md5(usedforsecurity=False)
    for part in sorted(parts, key=lambda part: part.part_number):
        digest.update(bytes.fromhex(part.etag))
    return f"{digest.hexdigest()}-{len(parts)}"

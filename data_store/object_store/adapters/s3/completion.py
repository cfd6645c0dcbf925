"""Whether an upload that cannot be completed was completed before, by a request whose answer was lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from data_store.object_store.adapters.s3 import etags
from data_store.object_store.models import CompleteOptions, GetOptions, ObjectMetadata, PartInfo, SseCustomer

__all__ = ["made_before"]

_MAY_BE_DONE = frozenset({"InternalError", "NoSuchUpload"})  # Ceph has the first for an upload that is not under way


def made_before(
    head: Callable[[GetOptions], ObjectMetadata],
    parts: Sequence[PartInfo],
    options: CompleteOptions,
    code: str | None,
    *,
    retried: bool,
) -> ObjectMetadata | None:
    """Return the object that was made: the one that has the ETag of these parts. None if that cannot be told.

    Args:
        head: asks about the key.
        parts: what was to be put together.
        options: how.
        code: the error code that completing was answered with.
        retried: whether that answered a repeated request; a first one has made nothing.
    """
    expected = etags.multipart_etag(parts)
    if not retried or code not in _MAY_BE_DONE or expected is None:
        return None
    encryption = options.encryption if isinstance(options.encryption, SseCustomer) else None
    try:
        found = head(GetOptions(encryption=encryption))
    except Exception:  # noqa: BLE001  what completing was answered with is raised
        return None
    return found if found.etag == expected else None

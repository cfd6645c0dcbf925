"""Asking a server what it has, with one harmless read for each capability."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from data_store.object_store.capabilities import (
    SupportsBucketTags,
    SupportsCors,
    SupportsLifecycle,
    SupportsMultipart,
    SupportsNotificationRules,
    SupportsObjectLock,
    SupportsTags,
    SupportsVersioning,
)
from data_store.object_store.client import ObjectStoreClient
from data_store.object_store.errors import AccessDenied, BucketNotFound, NotFound, UnsupportedOperation
from data_store.object_store.models import ListOptions

__all__ = ["ask"]

_ONE = ListOptions(limit=1)
_QUESTIONS: Final[Mapping[type, Callable[[Any, str], object]]] = {
    # Garage answers GetBucketVersioning, and has none.
    SupportsVersioning: lambda client, bucket: client.list_versions_page(bucket, "", _ONE),
    SupportsMultipart: lambda client, bucket: client.list_uploads_page(bucket, "", _ONE),
    SupportsTags: lambda client, bucket: client.get_tags(bucket, f".data-store-probe-{uuid.uuid4().hex}"),
    SupportsBucketTags: lambda client, bucket: client.get_bucket_tags(bucket),
    SupportsLifecycle: lambda client, bucket: client.get_lifecycle(bucket),
    SupportsNotificationRules: lambda client, bucket: client.get_notifications(bucket),
    SupportsObjectLock: lambda client, bucket: client.get_default_retention(bucket),
    SupportsCors: lambda client, bucket: client.get_cors(bucket),
}
"""Those that have a read. Encryption could only be asked by writing, a watch would begin to record, and signing asks
nobody."""


def ask(client: ObjectStoreClient, bucket: str) -> None:
    """Forget what the server was seen to lack, and ask again; the client's guard remembers the answers.

    Raises:
        BucketNotFound: there is no such bucket, so that nothing can be asked.
    """
    with suppress(AccessDenied):
        if not client.bucket_exists(bucket):
            raise BucketNotFound(f"there is no bucket {bucket!r}")
    client.forget_lacking()
    for capability, question in _QUESTIONS.items():
        if not isinstance(client, capability):
            continue
        try:
            question(client, bucket)
        except (UnsupportedOperation, NotFound, AccessDenied):
            continue

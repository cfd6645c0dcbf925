"""A store whose presigned URLs are answered: by its server, or by ``serve`` where it has none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from data_store.object_store.capabilities import SupportsPresignKeys
from data_store.object_store.store import ObjectStore

__all__ = ["answering"]


@contextmanager
def answering(store: ObjectStore) -> Iterator[ObjectStore]:
    """Yield a store of the same data whose presigned URLs are answered until the end of the block.

    That of a server is the store itself. One that keeps its own keys (``SupportsPresignKeys``) is served on a free port
    of the loopback interface, and its URLs are signed for that.
    """
    if not isinstance(store.client, SupportsPresignKeys):
        yield store
        return
    # Late: a store with a server of its own needs neither.
    from data_store.object_store.serve import presigned_app
    from data_store.object_store.serve.background import running

    with running(presigned_app(store)) as url:
        presign = store.config.presign.model_copy(update={"public_endpoint": url})
        with ObjectStore(store.config.model_copy(update={"presign": presign})) as served:
            yield served

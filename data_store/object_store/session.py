"""The client and the transfers of one store: made on first use, once; anew after a fork; closed for good."""

from __future__ import annotations

import logging
import os
import threading
import weakref
from typing import Protocol

from data_store.object_store.client import ObjectStoreClient
from data_store.object_store.configurations import ObjectStoreConfiguration
from data_store.object_store.errors import AlreadyExists, InvalidArgument, StoreClosed
from data_store.object_store.factory import ObjectStoreComponentFactory
from data_store.object_store.models import BucketOptions
from data_store.object_store.transfer import Transfers

__all__ = ["Session"]

_logger = logging.getLogger("data_store.object_store")
_sessions: weakref.WeakSet[Session] = weakref.WeakSet()
_abandoned: list[object] = []


class Closable(Protocol):
    """What can be closed, by any thread."""

    def close(self) -> None:
        """End it."""


class Session:
    """What a store holds open. Used by many threads at once.

    Args:
        config: the configuration.
        announce: log, once the client is made, where the data lies: nobody has said it.
    """

    _opened: tuple[ObjectStoreClient, Transfers] | None

    def __init__(self, config: ObjectStoreConfiguration, announce: bool) -> None:
        self._config = config
        self._announce = announce
        self._closed = False
        self._reset()
        _sessions.add(self)

    @property
    def client(self) -> ObjectStoreClient:
        """The client."""
        return (self._opened or self._open())[0]

    @property
    def transfers(self) -> Transfers:
        """The transfers of the client."""
        return (self._opened or self._open())[1]

    def root_name(self) -> str:
        """Return the name of the root bucket; asks nobody."""
        root = self._config.root_bucket
        if root is None:
            raise InvalidArgument("no bucket: give one, or set root_bucket in the configuration")
        return root

    def root_bucket(self) -> str:
        """Return the root bucket, made if the configuration says so."""
        root = self.root_name()
        if not self._has_root:
            self._make_root(root)
        return root

    def owns(self, watch: Closable) -> None:
        """Close something with the client, unless nobody holds it any more; at once if the store is closed already."""
        with self._lock:
            closed = self._closed
            self._watches.add(watch)
        if closed:
            watch.close()
            raise StoreClosed("the store was closed meanwhile", framework=str(self._config.framework))

    def close(self) -> None:
        """Close the client and end the threads, once."""
        with self._lock:
            opened, self._opened, self._closed = self._opened, None, True
            watches = list(self._watches)
        for watch in watches:
            watch.close()
        if opened is not None:
            client, transfers = opened
            transfers.close(at_end=client.close)

    def _reset(self) -> None:
        self._lock = threading.RLock()
        self._opened = None
        self._watches: weakref.WeakSet[Closable] = weakref.WeakSet()
        self._has_root = not self._config.create_root_bucket

    def _open(self) -> tuple[ObjectStoreClient, Transfers]:
        with self._lock:
            if self._closed:
                raise StoreClosed("the store is closed", framework=str(self._config.framework))
            if self._opened is None:
                client = ObjectStoreComponentFactory.create_client(self._config)
                self._opened = client, Transfers(client, self._config)
                if self._announce:
                    _logger.info("nothing is configured: the object store is %s", client.location)
            return self._opened

    def _make_root(self, root: str) -> None:
        with self._lock:
            if not self._has_root and not self.client.bucket_exists(root):
                try:
                    self.client.create_bucket(root, BucketOptions())
                except AlreadyExists:
                    _logger.debug("another process made the root bucket %r meanwhile", root)
            self._has_root = True

    def _forget(self) -> None:
        """In the child of a fork: sockets and database connections are the parent's; keep them, unused."""
        _abandoned.append(self._opened)
        self._reset()


def _after_fork() -> None:
    for session in list(_sessions):
        session._forget()


os.register_at_fork(after_in_child=_after_fork)

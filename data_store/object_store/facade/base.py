"""What all methods of the store stand on: configuration, session, client, and what the server has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Final, Self, TypeVar, cast

from data_store.object_store import validation
from data_store.object_store.capabilities import (
    CAPABILITIES,
    SupportsEncryption,
    SupportsObjectLock,
    SupportsTags,
    SupportsVersioning,
)
from data_store.object_store.client import ObjectStoreClient
from data_store.object_store.configurations import ObjectStoreConfiguration
from data_store.object_store.errors import (
    ConfigurationError,
    InvalidArgument,
    Located,
    ObjectStoreError,
    UnsupportedOperation,
)
from data_store.object_store.facade.asking import ask
from data_store.object_store.factory import ObjectStoreComponentFactory
from data_store.object_store.models import Condition
from data_store.object_store.session import Session
from data_store.object_store.transfer import Transfers

__all__ = ["Facade"]

C = TypeVar("C")

_OF_OPTIONS: Final[Mapping[str, type]] = {
    "version": SupportsVersioning,
    "tags": SupportsTags,
    "encryption": SupportsEncryption,
    "source_encryption": SupportsEncryption,
    "retention": SupportsObjectLock,
    "legal_hold": SupportsObjectLock,
    "bypass_governance": SupportsObjectLock,
}


class Facade:
    """The store itself, without operations."""

    _config: ObjectStoreConfiguration
    _session: Session

    @property
    def config(self) -> ObjectStoreConfiguration:
        """The configuration; frozen."""
        return self._config

    @property
    def client(self) -> ObjectStoreClient:
        """The client of the framework, guarded: made on first use, then reused."""
        return self._session.client

    def ping(self, deep: bool = False) -> None:
        """Raise if the server or the credentials do not answer; needs no bucket.

        With ``deep`` it also finds out what the server lacks, anew: each capability that the adapter declares is asked
        one harmless read on the root bucket, which ``create_root_bucket`` makes. What the credentials may not read
        counts as there.

        Raises:
            InvalidArgument: ``deep``, and none is configured.
            BucketNotFound: ``deep``, and there is no bucket of that name.
        """
        if not deep:
            self.client.ping()
            return
        name = self._session.root_name()
        self.client.ping()
        self._session.root_bucket()
        with self._located("ping", name):
            ask(self.client, name)

    def supports(self, capability: type) -> bool:
        """Return whether there is a capability: declared by the adapter, and not seen to be missing at the server.

        Asks nobody: a server says what it lacks when it is first asked (``ping(deep=True)`` asks).
        """
        if capability not in CAPABILITIES:
            raise InvalidArgument(f"capability must be one of {', '.join(each.__name__ for each in CAPABILITIES)}")
        return self.client.lacking(capability) is None

    def capabilities(self) -> frozenset[type]:
        """Return the capabilities that ``supports`` says are there."""
        client = self.client
        return frozenset(each for each in CAPABILITIES if client.lacking(each) is None)

    def close(self) -> None:
        """Release pools and threads. A closed store raises ``StoreClosed``; closing it again does nothing."""
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"ObjectStore({self._config.to_url()!r})"

    def __getstate__(self) -> dict[str, Any]:
        if not ObjectStoreComponentFactory.client_class(self._config.framework).picklable:
            raise ConfigurationError(
                f"a {self._config.framework} store lives in one process and cannot be pickled: use framework local"
            )
        return {"config": self._config}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._config = state["config"]
        self._session = Session(self._config, announce=False)

    @property
    def _transfers(self) -> Transfers:
        return self._session.transfers

    def _bucket(self, name: str | None) -> str:
        """Return the bucket that is meant; the root bucket is made if the configuration says so."""
        return self._session.root_bucket() if name is None else validation.bucket(name)

    def _name(self, name: str | None) -> str:
        """Return the name of the bucket that is meant; asks nobody."""
        return self._session.root_name() if name is None else validation.bucket(name)

    def _capable(self, capability: Callable[..., C], operation: str, bucket: str | None, key: str | None = None) -> C:
        """Return the client, which has a capability, or raise ``UnsupportedOperation``.

        Args:
            capability: one of ``CAPABILITIES`` (a callable, because ``type`` takes no protocols).
            operation: what needs it.
            bucket: what the operation is about; checked here, so that a bad name is found on every framework.
            key: what the operation is about.
        """
        return self._declaring(capability, operation, self._name(bucket), key)

    def _of_the_store(self, capability: Callable[..., C], operation: str) -> C:
        """Do the same for an operation that is about no bucket."""
        return self._declaring(capability, operation, None, None)

    def _declaring(self, capability: Callable[..., C], operation: str, bucket: str | None, key: str | None) -> C:
        self._require(cast(type, capability), operation, bucket, key)
        return cast(C, self.client)

    def _permit(self, operation: str, bucket: str | None, key: str | None, options: Mapping[str, object]) -> None:
        """Raise ``UnsupportedOperation`` if an option that is given needs a capability that is not there."""
        for option, value in options.items():
            capability = _OF_OPTIONS.get(option)
            if capability is None or value is None or value is False:
                continue
            name = self._name(bucket)
            self._require(capability, operation, name, key, f"{option}=")
            if capability is SupportsEncryption:
                self._require_kind(operation, name, key, value)

    def _require(self, capability: type, operation: str, bucket: str | None, key: str | None, what: str = "") -> None:
        reason = self.client.lacking(capability)
        if reason is not None:
            raise self._unsupported(f"{what or 'this'} needs {capability.__name__}: {reason}", operation, bucket, key)

    def _require_kind(self, operation: str, bucket: str, key: str | None, encryption: object) -> None:
        client = self.client
        if isinstance(client, SupportsEncryption) and type(encryption) not in client.encryptions:
            reason = f"the framework {self._config.framework} has no {type(encryption).__name__}"
            raise self._unsupported(reason, operation, bucket, key)

    def _located(self, operation: str, bucket: str, key: str | None = None) -> Located:
        return Located(operation, bucket, key, str(self._config.framework))

    def _locator(
        self, operation: str, bucket: str, key: str | None = None
    ) -> Callable[[ObjectStoreError], ObjectStoreError]:
        """Return what says where a listing failed; its clients call it otherwise."""

        def locate(error: ObjectStoreError) -> ObjectStoreError:
            error.operation = operation
            return error.locate(operation, bucket, key, str(self._config.framework))

        return locate

    def _check_honoured(self, operation: str, bucket: str, key: str, condition: Condition, what: str) -> None:
        """Raise ``UnsupportedOperation`` if the server ignores a condition of such writes."""
        with self._located(operation, bucket, key):
            if not self.client.honours(bucket, key, condition):
                raise UnsupportedOperation(f"this store has no conditional {what}")

    def _unsupported(self, reason: str, operation: str, bucket: str | None, key: str | None) -> UnsupportedOperation:
        return UnsupportedOperation(reason).locate(operation, bucket, key, str(self._config.framework))

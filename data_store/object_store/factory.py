"""ObjectStoreComponentFactory: from a configuration to the client of its framework."""

from __future__ import annotations

from data_store.object_store import registry
from data_store.object_store.client import ObjectStoreClient
from data_store.object_store.configurations import ObjectStoreConfiguration
from data_store.object_store.errors import ConfigurationError

__all__ = ["ObjectStoreComponentFactory"]


class ObjectStoreComponentFactory:
    """Makes the parts of an ``ObjectStore`` from its configuration."""

    @staticmethod
    def client_class(framework: str) -> type[ObjectStoreClient]:
        """Return the client class of a framework.

        Raises:
            MissingDependency: the SDK is not installed.
            ConfigurationError: no such framework, or what is registered is no ``ObjectStoreClient``.
        """
        found = registry.load(framework)
        if not (isinstance(found, type) and issubclass(found, ObjectStoreClient)):
            raise ConfigurationError(f"framework {framework!r}: {found!r} is no ObjectStoreClient")
        return found

    @classmethod
    def create_client(cls, config: ObjectStoreConfiguration) -> ObjectStoreClient:
        """Return a new client; nothing is sent."""
        return cls.client_class(config.framework)(config)

"""ObjectStore, the facade: validates, then delegates to the client or to the transfers.

Every method without ``bucket`` works on the root bucket of the configuration. Errors are those of
``data_store.object_store.errors``: ``InvalidArgument`` before anything is sent, an ``ObjectStoreError`` for what the
store or the network answered.
"""

from __future__ import annotations

import os
from typing import Any, Self

from data_store import utils
from data_store.object_store.configurations import ObjectStoreConfiguration
from data_store.object_store.dsn import configuration_from_url
from data_store.object_store.errors import ConfigurationError
from data_store.object_store.facade.buckets import Buckets
from data_store.object_store.facade.cors import Cors
from data_store.object_store.facade.events import Events
from data_store.object_store.facade.integrity import Integrity
from data_store.object_store.facade.lifecycle import Lifecycle
from data_store.object_store.facade.presigning import Presigning
from data_store.object_store.facade.protection import Protection
from data_store.object_store.facade.tags import Tags
from data_store.object_store.session import Session

__all__ = ["ObjectStore"]

Configuration = ObjectStoreConfiguration | dict[str, Any] | str | os.PathLike[str]


class ObjectStore(Buckets, Tags, Lifecycle, Events, Protection, Integrity, Presigning, Cors):
    """An object store, made lazily from a configuration.

    Nothing is sent, and no SDK imported, before the first operation. It can be used by many threads at once, after a
    fork (the client is made anew in the child) and, pickled, in other processes.

    Args:
        config: an ``ObjectStoreConfiguration``, a dict, a URL (``minio://...``), or the path of a YAML file. None
            takes ``get_config()["object_store"]``; with nothing configured that is the embedded store under
            ``./.data-store`` or ``DATA_STORE_ROOT``.

    Raises:
        ConfigurationError: the configuration is wrong; the message names the path of the bad key.
    """

    def __init__(self, config: Configuration | None = None) -> None:
        self._config = _configuration(config)
        self._session = Session(self._config, announce=config is None)

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Return the store that a URL describes, as ``ObjectStore(url)`` does."""
        return cls(configuration_from_url(url))


def _configuration(config: Configuration | None) -> ObjectStoreConfiguration:
    if isinstance(config, ObjectStoreConfiguration):
        return config
    if isinstance(config, str) and not config.strip():
        raise ConfigurationError("the configuration is empty: give a URL or the path of a YAML file")
    if isinstance(config, str) and "://" in config:
        return configuration_from_url(config)
    if config is None:
        config = utils.get_config().get("object_store", {})
    elif isinstance(config, str | os.PathLike):
        config = utils.load_yaml(config).get("object_store", {})
    return ObjectStoreConfiguration.model_validate(config)

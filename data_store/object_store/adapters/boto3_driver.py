"""What a program hands to framework ``boto3`` in ``connection.driver_config``: a client, a session, a ``Config``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.client import BaseClient
from botocore.config import Config

from data_store.object_store.adapters.s3.driver_config import check_alone, objects_given
from data_store.object_store.configurations import ObjectStoreConnectionConfiguration
from data_store.object_store.errors import ConfigurationError

if TYPE_CHECKING:
    from boto3.session import Session
    from mypy_boto3_s3 import S3Client

__all__ = ["Driver", "driver_of", "served_by"]

_KEYS = ("access_key", "secret_key", "session_token", "profile")
_SETTINGS = ("endpoint", "anonymous", "region", "addressing_style")


@dataclass(frozen=True, slots=True)
class Driver:
    """The program's own objects.

    Attributes:
        client: sends what botocore sends, and signs everything; it is never closed.
        session: what clients are made from.
        config: more for these clients than the configuration of a store has names for.
    """

    client: S3Client | None = None
    session: Session | None = None
    config: Config | None = None

    @property
    def signs(self) -> bool:
        """Whether botocore has to sign: the program may have registered handlers that take part in it."""
        return self.client is not None or self.session is not None


def driver_of(connection: ObjectStoreConnectionConfiguration) -> Driver:
    """Return the objects of a connection.

    Raises:
        ConfigurationError: one is unknown, of another type, or contradicts something else.
    """
    if not connection.driver_config:
        return Driver()
    from boto3.session import Session  # here: who gives nothing does not wait for its import

    given = objects_given(connection, {"client": BaseClient, "session": Session, "config": Config})
    if "client" in given:
        check_alone(connection, "client", *_KEYS, *_SETTINGS)
        if len(given) > 1:
            raise ConfigurationError("connection.driver_config.client: excludes session and config, which made it")
        if given["client"].meta.service_model.service_name != "s3":
            raise ConfigurationError("connection.driver_config.client: must be a client for s3")
    if "session" in given:
        check_alone(connection, "session", *_KEYS)
    return Driver(**given)


def served_by(client: S3Client, connection: ObjectStoreConnectionConfiguration) -> ObjectStoreConnectionConfiguration:
    """Return the connection with what a client knows better: where its server is, and through which proxy."""
    meta = client.meta
    scheme, _, rest = meta.endpoint_url.partition("://")
    proxies, s3 = (getattr(meta.config, name, None) or {} for name in ("proxies", "s3"))
    return connection.model_copy(
        update={
            "endpoint": rest.partition("/")[0],
            "secure": scheme == "https",
            "region": meta.region_name,
            "addressing_style": s3.get("addressing_style") or "auto",
            "proxy": connection.proxy or proxies.get(scheme),
        }
    )

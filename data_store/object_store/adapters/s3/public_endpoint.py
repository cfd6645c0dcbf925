"""Where clients reach the buckets of a server: ``presign.public_endpoint``, or the server's own endpoint."""

from __future__ import annotations

from typing import Literal

from data_store.object_store.adapters.s3.endpoint import DEFAULT_REGION, Endpoint, endpoint
from data_store.object_store.configurations import ObjectStoreConfiguration, ObjectStoreConnectionConfiguration
from data_store.object_store.errors import ConfigurationError
from data_store.object_store.signing.place import Place

__all__ = ["PublicEndpoint"]


class PublicEndpoint:
    """The places that requests of clients are signed for. Nobody is asked.

    Args:
        config: the configuration.

    Attributes:
        where: the server, as clients name it.
        prefix: the path before it all, ``""`` or ``"/prefix"``, which a proxy takes away and nobody signs.
        style: where a bucket stands: ``"virtual"`` or ``"path"``.
    """

    def __init__(self, config: ObjectStoreConfiguration) -> None:
        connection: ObjectStoreConnectionConfiguration = config.connection
        given = config.presign.public_endpoint
        self.where, self.prefix = _as_clients_name_it(connection, given)
        self.style: Literal["path", "virtual"] = _style(self.where)
        self._is_named = given is not None or connection.endpoint is not None
        self._own = endpoint(connection)
        self._fallback: str | None = None if self._own.is_aws or self.where.is_aws else DEFAULT_REGION

    def prefer_region(self, region: str | None) -> None:
        """Take this region where neither the configuration nor a host name has one."""
        self._fallback = region or self._fallback

    def region(self, bucket: str) -> str:
        """Return the region that requests about a bucket are signed for.

        Raises:
            ConfigurationError: only AWS knows it.
        """
        known = self._own.region_of(bucket) if self._own.is_aws else self._own.region
        found = known or self.where.region or self._fallback
        if found is None:
            raise ConfigurationError("connection.region: AWS needs it, and nobody is asked for it in order to sign")
        return found

    def origin(self, region: str) -> str | None:
        """Return the URL of the server without the prefix; None: what everybody takes for AWS in a region."""
        if self.where.is_aws and not self._is_named and self.style == "virtual":
            return None
        return f"{self.where.scheme}://{self.where.host(region)}"

    def locate(self, bucket: str) -> Place:
        """Return where clients reach a bucket.

        Raises:
            ConfigurationError: as ``region``.
        """
        region = self.region(bucket)
        authority, path = self.where.locate(bucket, region)
        return Place(f"{self.where.scheme}://{authority}{self.prefix}", path, region)


def _as_clients_name_it(connection: ObjectStoreConnectionConfiguration, given: str | None) -> tuple[Endpoint, str]:
    if given is None:
        return endpoint(connection), ""
    scheme, _, rest = given.partition("://")
    host, slash, prefix = rest.partition("/")
    public = connection.model_copy(update={"endpoint": host, "secure": scheme == "https"})
    return endpoint(public), slash + prefix


def _style(where: Endpoint) -> Literal["path", "virtual"]:
    if where.style != "auto":
        return where.style
    return "virtual" if where.is_aws else "path"

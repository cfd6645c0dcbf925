"""What an object store is made from: frozen Pydantic models that refuse what they do not know.

Each framework has its own model for ``connection``, chosen by ``framework`` before validation. Whatever is
wrong raises one ``ConfigurationError`` that lists every problem as ``path: rule``, never a secret's value.
"""

from __future__ import annotations

import os
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ByteSize,
    Field,
    SecretStr,
    TypeAdapter,
    ValidationInfo,
    field_validator,
    model_validator,
)

from data_store.object_store import registry, validation
from data_store.object_store.configuration_model import ConfigurationModel, ConnectionConfiguration, part
from data_store.object_store.dsn_text import HOST, render_url
from data_store.object_store.endpoint_text import check_scheme, checked_host
from data_store.object_store.errors import ConfigurationError
from data_store.object_store.presign_configuration import PresignConfiguration

__all__ = [
    "ConfigurationModel",
    "ConnectionConfiguration",
    "Framework",
    "LocalConnectionConfiguration",
    "MemoryConnectionConfiguration",
    "ObjectStoreConfiguration",
    "ObjectStoreConnectionConfiguration",
    "PresignConfiguration",
    "RetryConfiguration",
    "TransferConfiguration",
    "connection_model",
    "known_paths",
]

_MIB = 1024**2
_GIB = 1024**3


class Framework(StrEnum):
    """The built-in frameworks; the values are the names that users write."""

    MINIO = "minio"
    BOTO3 = "boto3"
    LOCAL = "local"
    MEMORY = "memory"


_Text = Annotated[str, Field(min_length=1)]
_Secret = Annotated[SecretStr, Field(min_length=1)]
_Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _ByName(dict[str, Any]):
    """Objects by name; not all of them can be hashed, but a configuration can."""

    def __hash__(self) -> int:  # type: ignore[override]  # a dict has none
        return hash(frozenset(self))


_Objects = Annotated[dict[str, Any], AfterValidator(_ByName)]
_REGION = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?")  # part of signatures, on AWS of host names
_PROXY = re.compile(r"https?://(?:[^/?#\s]*@)?(?P<host>[^/?#\s@]+)/?")


class ObjectStoreConnectionConfiguration(ConnectionConfiguration):
    """How to reach an S3-compatible server (frameworks ``minio`` and ``boto3``).

    Without credentials the SDK looks for them: environment, profile, web identity, instance role.

    Attributes:
        secure: TLS or not. The scheme of ``endpoint`` decides, and contradiction is an error. If neither says
            it: a bare ``host:port`` is reached over HTTP, AWS over TLS. Always resolved to a bool.
        endpoint: the server as ``host:port`` or URL; kept as ``host:port``. None means AWS.
        access_key: the access key id; comes together with ``secret_key``.
        secret_key: the secret access key.
        session_token: the token of temporary credentials.
        anonymous: sign nothing; excludes all credentials.
        profile: the profile of the SDK's credentials file; excludes keys.
        region: the region that requests are signed for: at most 63 letters and digits, with ``-`` and ``_`` between
            them. None leaves it to the SDK.
        addressing_style: whether the bucket stands in the path or in the host name.
        connect_timeout: seconds until a connection must stand.
        read_timeout: seconds that the server may stay silent.
        ca_bundle: a PEM file of certificate authorities to trust instead of the system's.
        client_cert: a PEM file with the client's certificate and its key.
        proxy: URL of an HTTP proxy; may hold credentials, and so stays out of the repr.
        max_connections: connections that are kept open for reuse.
        driver_config: objects of the SDK to use instead of those that would be made, by name; for ``boto3`` ``client``,
            ``session`` and ``config``, for ``minio`` ``credentials``. They are in no URL, no repr and no dump.
    """

    secure: bool | None = None
    endpoint: str | None = None
    access_key: _Text | None = None
    secret_key: _Secret | None = None
    session_token: _Secret | None = None
    anonymous: bool = False
    profile: _Text | None = None
    region: _Text | None = None
    addressing_style: Literal["auto", "path", "virtual"] = "auto"
    connect_timeout: _Seconds = 5.0
    read_timeout: _Seconds = 60.0
    ca_bundle: Path | None = None
    client_cert: Path | None = None
    proxy: str | None = Field(default=None, repr=False)
    max_connections: int = Field(default=32, ge=1)
    driver_config: _Objects = Field(default_factory=_ByName, exclude=True, repr=False)

    @property
    def endpoint_url(self) -> str | None:
        """``"http://host:port"`` or ``"https://host:port"``; None for AWS."""
        if self.endpoint is None:
            return None
        return f"{'https' if self.secure else 'http'}://{self.endpoint}"

    @property
    def host(self) -> str | None:
        """The host name or address alone, without port and brackets; None for AWS."""
        parts = HOST.fullmatch(self.endpoint or "")
        return (parts["v6"] or parts["name"]) if parts else None

    @model_validator(mode="before")
    @classmethod
    def _resolve_secure(cls, data: dict[str, Any]) -> dict[str, Any]:
        if data.get("secure") is not None:
            return data
        endpoint = data.get("endpoint")
        secure = endpoint is None or str(endpoint).lower().startswith("https://")
        return {**data, "secure": secure}

    @field_validator("endpoint")
    @classmethod
    def _normalise_endpoint(cls, value: str | None, info: ValidationInfo) -> str | None:
        secure = info.data.get("secure")
        if value is None:
            if secure is False:
                raise ValueError("secure=false needs an endpoint: without one it is AWS, over TLS")
            return None
        scheme, separator, host = value.rpartition("://")
        check_scheme(scheme.lower(), bool(separator), secure)
        return checked_host(host)

    @field_validator("region")
    @classmethod
    def _can_be_signed_for(cls, value: str | None) -> str | None:
        if value is not None and not _REGION.fullmatch(value):
            raise ValueError("must be letters and digits, with - and _ between them, at most 63")
        return value

    @field_validator("secret_key")
    @classmethod
    def _keys_come_together(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if "access_key" in info.data and (value is None) != (info.data["access_key"] is None):
            raise ValueError("access_key and secret_key come together")
        return value

    @field_validator("session_token")
    @classmethod
    def _token_needs_keys(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is not None and info.data.get("access_key", "") is None:
            raise ValueError("needs access_key and secret_key")
        return value

    @field_validator("anonymous", "profile")
    @classmethod
    def _excludes_keys(cls, value: bool | str | None, info: ValidationInfo) -> bool | str | None:
        given = [name for name in ("access_key", "secret_key", "session_token") if info.data.get(name)]
        given += ["anonymous"] if info.data.get("anonymous") else []
        if value and given:
            raise ValueError(f"excludes {', '.join(given)}")
        return value

    @field_validator("proxy")
    @classmethod
    def _proxy_is_a_url(cls, value: str | None) -> str | None:
        if value is not None:
            found = _PROXY.fullmatch(value)
            if not found:
                raise ValueError("must be a URL, http://host:port or https://host:port")
            checked_host(found["host"])
        return value


def _default_root() -> Path:
    return Path(os.environ.get("DATA_STORE_ROOT") or "./.data-store")


class LocalConnectionConfiguration(ConnectionConfiguration):
    """Where the embedded store lies (framework ``local``).

    Attributes:
        root: its directory, made on first use; default ``DATA_STORE_ROOT``, else ``./.data-store``. A relative
            one is resolved at once: changing the working directory later does not change the store.
        durability: ``full`` survives a crash of the machine; ``relaxed`` leaves out fsync: a crash of the
            process loses nothing, of the machine the last seconds.
    """

    embedded: ClassVar[bool] = True

    root: Annotated[Path, AfterValidator(Path.absolute)] = Field(default_factory=_default_root)
    durability: Literal["full", "relaxed"] = "full"


class MemoryConnectionConfiguration(ConnectionConfiguration):
    """Which store of this process (framework ``memory``).

    Attributes:
        name: stores of one name in one process are the same store.
    """

    embedded: ClassVar[bool] = True

    name: _Text = "default"


class RetryConfiguration(ConfigurationModel):
    """The one retry layer below an operation.

    Attributes:
        max_attempts: requests in total, the first included; of an operation, a part, or a block of a shared download.
        initial_backoff: seconds before the second request; doubled for each further one.
        max_backoff: the longest pause, in seconds; at least ``initial_backoff``.
    """

    max_attempts: int = Field(default=3, ge=1)
    initial_backoff: float = Field(default=0.1, ge=0, allow_inf_nan=False)
    max_backoff: float = Field(default=5.0, ge=0, allow_inf_nan=False)

    @field_validator("max_backoff")
    @classmethod
    def _not_below_initial(cls, value: float, info: ValidationInfo) -> float:
        if value < info.data.get("initial_backoff", 0):
            raise ValueError("must be at least retry.initial_backoff")
        return value


def _bytes(value: Any) -> Any:
    """Return bytes as a number; an adapter is made only for text such as ``"64MiB"``, it costs as much as a model."""
    return value if type(value) is int else TypeAdapter(ByteSize).validate_python(value)


# S3 user guide, "Amazon S3 multipart upload limits": a part, and one PUT or CopyObject, is 5 MiB to 5 GiB.
_PartBytes = Annotated[int, BeforeValidator(_bytes), Field(ge=5 * _MIB, le=5 * _GIB)]


class TransferConfiguration(ConfigurationModel):
    """How much travels at once. Sizes are bytes, as an integer or a string such as ``"64MiB"``.

    Attributes:
        part_size: the size of an uploaded part; grows where 10,000 parts would not hold an object. Without it a stream
            goes in parts of 8 MiB, a file in parts of 8 to 64 MiB, by its size and the speed of uploads before.
        multipart_threshold: an upload larger than this is sent in parts.
        copy_part_size: the size of a part in a copy.
        copy_threshold: a copy larger than this is made in parts.
        max_concurrency: parts or ranges in flight at once, of all calls of a store.
        integrity: what makes sure that content of more than 1 MiB arrives as it was sent: ``verified`` is by digests,
            from this process to where it is stored and back; ``transport`` is by TCP, or TLS, alone, and large content
            is not read in this process.
    """

    part_size: _PartBytes = 8 * _MIB
    multipart_threshold: _PartBytes = 16 * _MIB
    copy_part_size: _PartBytes = 512 * _MIB
    copy_threshold: _PartBytes = 5 * _GIB
    max_concurrency: int = Field(default=8, ge=1)
    integrity: Literal["verified", "transport"] = "verified"


class ObjectStoreConfiguration(ConfigurationModel):
    """Everything an ``ObjectStore`` is made from.

    Attributes:
        framework: a built-in framework or the name of a registered one.
        create_root_bucket: make the root bucket on first use; resolved to true for embedded frameworks, to
            false for servers.
        root_bucket: the bucket of calls that name none; ``"default"`` for embedded frameworks. One that would be
            made has a name that S3 allows for new buckets.
        connection: the framework's connection model, or a mapping of its keys. It is typed ``Any``
            because the framework decides which model it is.
        retry: the retry layer.
        transfer: sizes and concurrency of transfers.
        presign: presigned URLs.
    """

    framework: Framework | str = Framework.LOCAL
    create_root_bucket: bool | None = None
    root_bucket: _Text | None = None
    connection: Any = None
    retry: RetryConfiguration = Field(default_factory=RetryConfiguration)
    transfer: TransferConfiguration = Field(default_factory=TransferConfiguration)
    presign: PresignConfiguration = Field(default_factory=PresignConfiguration)

    def to_url(self, *, show_secrets: bool = False) -> str:
        """The configuration as URL, which ``ObjectStore.from_url`` takes; defaults are left out.

        Args:
            show_secrets: without it secrets are ``***``, and the URL is for people to read:
                parsing it is refused.
        """
        embedded = self.connection.embedded
        parameters = {
            "create_root_bucket": None if self.create_root_bucket == embedded else self.create_root_bucket,
            "retry": self.retry,
            "transfer": self.transfer,
            "presign": self.presign,
        }
        return render_url(self.framework, self.root_bucket, self.connection, parameters, show_secrets=show_secrets)

    @model_validator(mode="before")
    @classmethod
    def _has_no_level_too_many(cls, data: dict[str, Any]) -> dict[str, Any]:
        if "object_store" in data:
            raise ValueError("object_store: leave out this level, and give what stands below it")
        return data

    @field_validator("framework", mode="before")
    @classmethod
    def _is_known(cls, value: Any) -> Framework | str:
        if not isinstance(value, str):
            raise ValueError(f"must be a name, one of {', '.join(registry.names())}")  # noqa: TRY004 Pydantic's protocol
        registry.target(value)
        return Framework(value) if value in list(Framework) else value

    @field_validator("root_bucket")
    @classmethod
    def _can_be_made(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None:
            return "default" if _is_embedded(info) else None
        problem = validation.new_bucket_problem(value) if info.data.get("create_root_bucket") else None
        if problem:
            why = "create_root_bucket would make this bucket (in a URL: what stands behind the last slash)"
            raise ValueError(f"{why}, and it is no name for a new one: {problem}")
        return value

    @field_validator("create_root_bucket")
    @classmethod
    def _embedded_makes_it(cls, value: bool | None, info: ValidationInfo) -> bool:
        return _is_embedded(info) if value is None else value

    @field_validator("connection", mode="before")
    @classmethod
    def _by_framework(cls, value: Any, info: ValidationInfo) -> Any:
        if "framework" not in info.data:
            return value
        return part(connection_model(info.data["framework"]), value)

    @field_validator("retry", mode="before")
    @classmethod
    def _retry(cls, value: Any) -> RetryConfiguration:
        return part(RetryConfiguration, value)

    @field_validator("transfer", mode="before")
    @classmethod
    def _transfer(cls, value: Any) -> TransferConfiguration:
        return part(TransferConfiguration, value)

    @field_validator("presign", mode="before")
    @classmethod
    def _presign(cls, value: Any) -> PresignConfiguration:
        return part(PresignConfiguration, value)


_CONNECTION_MODELS: dict[str, type[ConnectionConfiguration]] = {
    Framework.MINIO: ObjectStoreConnectionConfiguration,
    Framework.BOTO3: ObjectStoreConnectionConfiguration,
    Framework.LOCAL: LocalConnectionConfiguration,
    Framework.MEMORY: MemoryConnectionConfiguration,
}


def connection_model(framework: str) -> type[ConnectionConfiguration]:
    """The model of a framework's ``connection``; imports a third-party client class, never a built-in one.

    Raises:
        ConfigurationError: the framework is unknown, cannot be imported (``MissingDependency`` if something
            is not installed), or its ``connection_model`` is no subclass of ``ConnectionConfiguration``.
    """
    if framework in _CONNECTION_MODELS:
        return _CONNECTION_MODELS[framework]
    client = registry.load(framework)
    model = getattr(client, "connection_model", None)
    if not (isinstance(model, type) and issubclass(model, ConnectionConfiguration)):
        raise ConfigurationError(
            f"framework {framework!r}: {client.__name__}.connection_model must be a subclass of ConnectionConfiguration"
        )
    return model


def known_paths(framework: str) -> frozenset[tuple[str, ...]]:
    """The path of every value that a configuration of this framework takes: ``("retry", "max_attempts")``.

    Raises:
        ConfigurationError: as ``connection_model``.
    """
    parts: dict[str, type[ConfigurationModel]] = {
        "connection": connection_model(framework),
        "retry": RetryConfiguration,
        "transfer": TransferConfiguration,
        "presign": PresignConfiguration,
    }
    values = {(name,) for name in ObjectStoreConfiguration.model_fields if name not in parts}
    nested = {
        (name, field)
        for name, model in parts.items()
        for field, about in model.model_fields.items()
        if not about.exclude  # an object, which no text stands for
    }
    return frozenset(values | nested)


def _is_embedded(info: ValidationInfo) -> bool:
    framework = info.data.get("framework")
    return framework is not None and connection_model(framework).embedded

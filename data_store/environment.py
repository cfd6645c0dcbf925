"""The environment's part of the configuration; in a module of its own, because pydantic-settings is slow to import."""

from __future__ import annotations

from typing import Any

from pydantic import Field
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

__all__ = ["DELIMITER", "PREFIX", "overlaid"]

PREFIX = "DATA_STORE__"
DELIMITER = "__"


class _Strings(EnvSettingsSource):
    """The environment without JSON: an access key of digits stays a string."""

    def decode_complex_value(self, field_name: str, field: FieldInfo | None, value: Any) -> Any:
        return value


class _Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter=DELIMITER)

    object_store: dict[Any, Any] = Field(default_factory=dict)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 as inherited
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return _Strings(settings_cls), init_settings


def overlaid(from_file: dict[str, Any]) -> dict[str, Any]:
    """Return what is below ``object_store`` in a file, with the environment's variables laid over it."""
    return _Settings(**from_file).object_store

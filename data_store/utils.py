"""Where the configuration of ``ObjectStore()`` comes from: a YAML file, and the environment over it."""

from __future__ import annotations

import os
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from data_store.object_store.configurations import Framework, known_paths
from data_store.object_store.errors import ConfigurationError

__all__ = ["get_config", "load_yaml"]

_PREFIX = "DATA_STORE__"
_DELIMITER = "__"
_TOP = "object_store"
_DEFAULT_FILE = Path("config/data-store.yaml")


def get_config() -> dict[str, Any]:
    """What file and environment configure: ``{"object_store": {...}}``, empty inside if neither does.

    The file is the one that ``DATA_STORE_CONFIG`` names, else ``config/data-store.yaml`` in the working directory
    if it exists. Variables such as ``DATA_STORE__OBJECT_STORE__CONNECTION__ENDPOINT`` are laid over it, with their
    values as the strings they are.

    Raises:
        ConfigurationError: the file is missing or malformed, or there is a ``DATA_STORE__*`` variable that
            means nothing to the framework; the message names the variable, never its value.
    """
    named = os.environ.get("DATA_STORE_CONFIG")
    file = Path(named) if named else _DEFAULT_FILE
    from_file = load_yaml(file) if named or file.exists() else {}
    variables = _variables()
    _refuse([name for name, path in variables.items() if len(path) < 2 or path[0] != _TOP], Framework.LOCAL)
    config: dict[str, Any] = _Settings(**from_file).object_store
    framework = config.get("framework")
    framework = framework if isinstance(framework, str) else Framework.LOCAL
    known = known_paths(framework)
    _refuse([name for name, path in variables.items() if path[1:] not in known], framework)
    return {_TOP: config}


def load_yaml(path: str | os.PathLike[str]) -> dict[str, Any]:
    """A YAML file whose one top-level key is ``object_store``, as ``{"object_store": {...}}``.

    Raises:
        ConfigurationError: the file cannot be read, is not YAML, or has another shape; its content is not shown.
    """
    content = _read_yaml(Path(path))
    if content is None:
        content = {}
    if not isinstance(content, dict) or not content.keys() <= {_TOP}:
        raise ConfigurationError(f"{str(path)!r}: the one key at the top must be {_TOP!r}, with all others below it")
    section = content.get(_TOP)
    if not isinstance(section, dict | None):
        raise ConfigurationError(f"{str(path)!r}: {_TOP} must be a mapping of keys to values")
    return {_TOP: section or {}}


def _read_yaml(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        problem = f"is not YAML{f', see line {mark.line + 1}' if mark else ''}"
    raise ConfigurationError(f"configuration file {str(path)!r} {problem}")


class _Strings(EnvSettingsSource):
    """The environment without JSON: an access key of digits stays a string."""

    def decode_complex_value(self, field_name: str, field: FieldInfo | None, value: Any) -> Any:
        return value


class _Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix=_PREFIX, env_nested_delimiter=_DELIMITER)

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


def _variables() -> dict[str, tuple[str, ...]]:
    """The name of each of our variables, with the path that it means."""
    ours = [name for name in os.environ if name.upper().startswith(_PREFIX)]
    return {name: tuple(name[len(_PREFIX) :].lower().split(_DELIMITER)) for name in ours}


def _refuse(unknown: list[str], framework: str) -> None:
    if not unknown:
        return
    known = [_PREFIX + _DELIMITER.join((_TOP, *path)).upper() for path in sorted(known_paths(framework))]
    close = get_close_matches(unknown[0].upper(), known, n=1)
    meant = f"; did you mean {close[0]}?" if close else f"; known are {', '.join(known)}"
    raise ConfigurationError(
        f"unknown environment variable {', '.join(unknown)} for framework {framework!s}, "
        f"which {_PREFIX}OBJECT_STORE__FRAMEWORK chooses{meant}"
    )

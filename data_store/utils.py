"""Where the configuration of ``ObjectStore()`` comes from: a YAML file, and the environment over it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from data_store.object_store.configurations import Framework, known_paths
from data_store.object_store.errors import ConfigurationError

__all__ = ["get_config", "load_yaml"]

_FILE_VARIABLE = "DATA_STORE_CONFIG"
_FAMILY = "DATA_STORE_"
_PREFIX = "DATA_STORE__"
_DELIMITER = "__"
_TOP = "object_store"
_DEFAULT_FILE = Path("config/data-store.yaml")
_DEFAULTS_HINT = f"; for the embedded store with its defaults write '{_TOP}: {{}}'"


def get_config() -> dict[str, Any]:
    """What file and environment configure: ``{"object_store": {...}}``, empty inside if neither does.

    The file is the one that ``DATA_STORE_CONFIG`` names, else ``config/data-store.yaml`` in the working directory
    if it exists. Variables such as ``DATA_STORE__OBJECT_STORE__CONNECTION__ENDPOINT`` are laid over it, with their
    values as the strings they are.

    Raises:
        ConfigurationError: the file is missing, empty or malformed, ``DATA_STORE_CONFIG`` is empty or a URL, or a
            variable that begins with ``DATA_STORE_`` and has a ``__`` in it means nothing to the framework; the
            message names the variable, never its value.
    """
    file = _file()
    from_file = load_yaml(file) if file else {}
    variables = _variables()
    _refuse([name for name, path in variables.items() if len(path) < 2 or path[0] != _TOP], list(Framework))
    config = _overlaid(from_file) if variables else from_file.get(_TOP, {})
    framework = config.get("framework")
    framework = framework if isinstance(framework, str) else Framework.LOCAL
    known = known_paths(framework)
    _refuse([name for name, path in variables.items() if path[1:] not in known], [framework])
    return {_TOP: config}


def _overlaid(from_file: dict[str, Any]) -> dict[str, Any]:
    from data_store.environment import overlaid

    return overlaid(from_file)


def _file() -> Path | None:
    named = os.environ.get(_FILE_VARIABLE)
    if named is None:
        return _DEFAULT_FILE if _DEFAULT_FILE.exists() else None
    if not named.strip():
        raise ConfigurationError(f"{_FILE_VARIABLE} is set, but empty: unset it or name a file")
    if "://" in named:
        raise ConfigurationError(
            f"{_FILE_VARIABLE} holds a URL, which is not accepted there: name a YAML file, or call ObjectStore(url)"
        )
    return Path(named)


def load_yaml(path: str | os.PathLike[str]) -> dict[str, Any]:
    """A YAML file whose one top-level key is ``object_store``, as ``{"object_store": {...}}``.

    Raises:
        ConfigurationError: the file cannot be read, is not YAML, is empty, or has another shape; its content is not
            shown. ``object_store: {}`` is the way to ask for the defaults, which are the embedded store.
    """
    content = _read_yaml(Path(path))
    if content is None or content == {}:
        raise ConfigurationError(f"configuration file {str(path)!r} is empty: it has no {_TOP}{_DEFAULTS_HINT}")
    if not isinstance(content, dict) or content.keys() != {_TOP}:
        raise ConfigurationError(f"{str(path)!r}: the one key at the top must be {_TOP!r}, with all others below it")
    section = content[_TOP]
    if section is None:
        raise ConfigurationError(f"{str(path)!r}: {_TOP} has nothing below it{_DEFAULTS_HINT}")
    if not isinstance(section, dict):
        raise ConfigurationError(f"{str(path)!r}: {_TOP} must be a mapping of keys to values")
    return {_TOP: section}


def _read_yaml(path: Path) -> Any:
    import yaml  # here: a program that configures itself does not need it

    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        problem = f"is not YAML{f', see line {mark.line + 1}' if mark else ''}"
    raise ConfigurationError(f"configuration file {str(path)!r} {problem}")


def _variables() -> dict[str, tuple[str, ...]]:
    """The name of each of our variables, with the path that it means; an empty one where the prefix is mistyped."""
    ours = [name for name in os.environ if name.upper().startswith(_FAMILY) and _DELIMITER in name]
    return {name: _path(name.lower()) for name in ours}


def _path(name: str) -> tuple[str, ...]:
    prefix = _PREFIX.lower()
    return tuple(name.removeprefix(prefix).split(_DELIMITER)) if name.startswith(prefix) else ()


def _refuse(unknown: list[str], frameworks: Sequence[str]) -> None:
    if not unknown:
        return
    paths = sorted(set().union(*map(known_paths, frameworks)))
    known = [_PREFIX + _DELIMITER.join((_TOP, *path)).upper() for path in paths]
    close = get_close_matches(unknown[0].upper(), known, n=1)
    meant = f"; did you mean {close[0]}?" if close else f"; known are {', '.join(known)}"
    chosen = f"framework {frameworks[0]!s}, which {_PREFIX}OBJECT_STORE__FRAMEWORK chooses"
    whose = chosen if len(frameworks) == 1 else "any framework"
    raise ConfigurationError(f"unknown environment variable {', '.join(unknown)} for {whose}{meant}")

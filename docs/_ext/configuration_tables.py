"""The configuration reference, from the Pydantic models: their fields, JSON schemas and docstrings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from markdown_text import attributes, summary, table
from pydantic import BaseModel

from data_store.object_store import (
    Framework,
    ObjectStoreConfiguration,
    PresignConfiguration,
    RetryConfiguration,
    TransferConfiguration,
    registry,
)
from data_store.object_store.configurations import connection_model

__all__ = ["Key", "configuration_keys", "frameworks", "keys"]

_MIB = 1024**2
_KINDS = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}
_FORMATS = {"password": "secret text", "path": "path"}
_UNITS = ((1024 * _MIB, "GiB"), (_MIB, "MiB"))


@dataclass(frozen=True)
class Key:
    """One value that can be configured.

    Attributes:
        path: where it stands: ``("retry", "max_attempts")``.
        type: its type and bounds.
        default: its default, as it is written.
        rule: what its docstring says.
    """

    path: tuple[str, ...]
    type: str
    default: str
    rule: str

    @property
    def variable(self) -> str:
        """The environment variable."""
        return "__".join(("DATA_STORE", "OBJECT_STORE", *self.path)).upper()

    @property
    def parameter(self) -> str | None:
        """The parameter of a URL; None for what has a place of its own in it."""
        if self.path in {("framework",), ("root_bucket",)}:
            return None
        return ".".join(self.path).removeprefix("connection.")


def keys(model: type[BaseModel], *path: str) -> Iterator[Key]:
    """Return the keys of a model whose values are no models, and that texts can give."""
    schema, rules = model.model_json_schema(), attributes(model)
    for name, about in model.model_fields.items():
        if name not in {"connection", "retry", "transfer", "presign"} and not about.exclude:
            field = {**schema["properties"][name], **_limits(model, name)}
            default = _default(field["default"], name) if "default" in field else "see the rule"
            yield Key((*path, name), _type(field, schema, name), default, rules[name])


def frameworks() -> str:
    """Return the built-in frameworks and what they are made from."""
    rows = (
        (f"`{name}`", f"`{connection_model(name).__name__}`", f"`{registry.target(name).partition(':')[2]}`")
        for name in Framework
    )
    return table(("framework", "its `connection`", "client class"), rows)


def configuration_keys() -> str:
    """Return every key, its type, default and rule, with its name in the environment and in URLs."""
    parts = [_part("The store", ObjectStoreConfiguration)]
    for model, names in _connections().items():
        title = f"`connection` of {' and '.join(f'`{name}`' for name in names)}"
        parts.append(_part(title, model, "connection"))
    parts.append(_part("`retry`", RetryConfiguration, "retry"))
    parts.append(_part("`transfer`", TransferConfiguration, "transfer"))
    parts.append(_part("`presign`", PresignConfiguration, "presign"))
    return "\n".join(parts)


def _part(title: str, model: type[BaseModel], *path: str) -> str:
    found = list(keys(model, *path))
    rules = ((f"`{'.'.join(key.path)}`", key.type, key.default, key.rule) for key in found)
    names = ((f"`{'.'.join(key.path)}`", f"`{key.variable}`", _written(key)) for key in found)
    return "\n".join(
        (
            f"**{title}** (`{model.__name__}`). {summary(model)}\n",
            table(("key", "type", "default", "rule"), rules),
            table(("key", "environment", "URL parameter"), names),
        )
    )


def _written(key: Key) -> str:
    return f"`{key.parameter}=`" if key.parameter else "in the URL itself"


def _connections() -> dict[type[BaseModel], list[str]]:
    found: dict[type[BaseModel], list[str]] = {}
    for name in Framework:
        found.setdefault(connection_model(name), []).append(name)
    return found


def _type(field: dict[str, Any], schema: dict[str, Any], name: str) -> str:
    if "$ref" in field:
        return _type(schema["$defs"][field["$ref"].rpartition("/")[2]], schema, name)
    if "anyOf" in field:
        choices = [choice for choice in field["anyOf"] if choice.get("type") != "null"]
        return " or ".join(_type(choice, schema, name) for choice in choices)
    if "enum" in field:
        return " or ".join(f"`{value}`" for value in field["enum"])
    what = "bytes" if _is_size(name) else _FORMATS.get(field.get("format", "")) or _KINDS[field["type"]]
    return ", ".join((what, *_bounds(field, name)))


def _limits(model: type[BaseModel], name: str) -> dict[str, int]:
    """Return bounds that follow a conversion, which a JSON schema leaves out."""
    bounds = {"minimum": "ge", "maximum": "le"}
    constraints = model.model_fields[name].metadata
    return {word: getattr(c, bound) for word, bound in bounds.items() for c in constraints if hasattr(c, bound)}


def _bounds(field: dict[str, Any], name: str) -> Iterator[str]:
    words = {"exclusiveMinimum": "more than", "minimum": "at least", "maximum": "at most"}
    for bound, word in words.items():
        if bound in field:
            yield f"{word} {_number(field[bound], name)}"
    if field.get("minLength") == 1:
        yield "not empty"


def _default(value: object, name: str) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{_number(value, name) if isinstance(value, int | float) else value}`"


def _number(value: float, name: str) -> str:
    if _is_size(name):
        for size, unit in _UNITS:
            if value % size == 0:
                return f"{int(value // size)}{unit}"
    return f"{value:g}"


def _is_size(name: str) -> bool:
    return name.endswith(("_size", "_threshold"))

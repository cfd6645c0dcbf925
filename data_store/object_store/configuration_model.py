"""The base of every configuration model: frozen, and with errors that name paths and rules, never values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from data_store.object_store.errors import ConfigurationError, MissingDependency

__all__ = ["ConfigurationModel", "ConnectionConfiguration", "part"]

_Problem = tuple[tuple[str, ...], str]

_QUOTES = "; put it in quotes"
_SIZE = '; write a number of bytes, or a text such as "64MiB"'
_BOOLEAN = "; write true or false"
_ADVICE = {
    "string_type": _QUOTES,
    "path_type": _QUOTES,
    "bool_type": _BOOLEAN,
    "bool_parsing": _BOOLEAN,
    "byte_size": _SIZE,
    "byte_size_unit": _SIZE,
}
_UNITS = ((1024**3, "GiB"), (1024**2, "MiB"))


class ConfigurationModel(BaseModel):
    """A frozen part of the configuration.

    Unknown keys and wrong values raise one ``ConfigurationError`` that lists every problem as
    ``path: rule``. Pydantic's ``ValidationError``, which shows its input, never leaves.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, validate_default=True)

    def __init__(self, **data: Any) -> None:
        problems = self._fill(data)
        if problems:
            raise ConfigurationError("\n".join(_line(path, rule) for path, rule in problems)) from None

    @classmethod
    def model_validate(cls, obj: Any, **options: Any) -> Self:
        """Make one from a mapping; an instance passes through.

        Raises:
            ConfigurationError: as the constructor, or ``obj`` is no mapping.
            TypeError: one of Pydantic's options was given; a configuration is read in one way.
        """
        if options:
            raise TypeError(f"{cls.__name__}.model_validate() takes no options")
        if isinstance(obj, cls):
            return obj
        rule = _mapping_problem(obj)
        if rule:
            raise ConfigurationError(f"{cls.__name__}: {rule}")
        return cls(**obj)

    if not TYPE_CHECKING:  # a type checker knows from ``frozen`` already, and would allow any name because of this

        def __setattr__(self, name: str, value: object) -> None:
            """Refuse; Pydantic's own error for frozen models shows the value."""
            if not name.startswith("_"):
                raise ConfigurationError(f"{name}: cannot be changed, a configuration is frozen")
            super().__setattr__(name, value)

    def _fill(self, data: Mapping[str, Any]) -> list[_Problem]:
        try:
            super().__init__(**data)
        except ValidationError as error:
            return [problem for item in error.errors() for problem in _problems(type(self), item)]
        return []


class ConnectionConfiguration(ConfigurationModel):
    """Base of every framework's connection model; a third-party client class names its own as ``connection_model``.

    Attributes:
        embedded: whether the framework needs no server. If so, the root bucket is ``"default"`` unless
            another is given, and is made on first use.
    """

    embedded: ClassVar[bool] = False


_M = TypeVar("_M", bound=ConfigurationModel)


def part(model: type[_M], value: Any) -> _M:
    """For the validator of a field that holds ``model``: an instance from a mapping, an instance or None.

    Raises:
        ValueError: what is wrong, in a form that keeps the paths inside the part.
    """
    if isinstance(value, model):
        return value
    if isinstance(value, BaseModel):
        raise ValueError(f"must be {model.__name__}, not {type(value).__name__}")  # noqa: TRY004 for Pydantic
    rule = _mapping_problem({} if value is None else value)
    if rule:
        raise ValueError(rule)
    made = model.__new__(model)
    problems = made._fill(value or {})
    if problems:
        raise _PartError(problems)
    return made


class _PartError(ValueError):
    def __init__(self, problems: list[_Problem]) -> None:
        super().__init__()
        self.problems = problems


def _mapping_problem(value: Any) -> str | None:
    if not isinstance(value, Mapping):
        return f"must be a mapping of keys to values, not {type(value).__name__}"
    return None if all(isinstance(key, str) for key in value) else "keys must be strings"


def _problems(model: type[ConfigurationModel], item: ErrorDetails) -> Iterator[_Problem]:
    path = tuple(str(step) for step in item["loc"])
    cause = item.get("ctx", {}).get("error")
    if isinstance(cause, MissingDependency):
        raise cause
    if isinstance(cause, _PartError):
        for inner, rule in cause.problems:
            yield path + inner, rule
    elif item["type"] == "extra_forbidden":
        yield path, _unknown_key(path[-1], model)
    else:
        yield path, str(cause) if isinstance(cause, ValueError) else _rule(item)


def _rule(item: ErrorDetails) -> str:
    bound = next((value for name, value in item.get("ctx", {}).items() if name in ("ge", "le")), 0)
    for unit, name in _UNITS:
        if bound and bound % unit == 0:
            return item["msg"].replace(str(bound), f"{bound // unit}{name}")
    return item["msg"] + _ADVICE.get(item["type"], "")


def _unknown_key(key: str, model: type[ConfigurationModel]) -> str:
    close = get_close_matches(key, model.model_fields, n=1)
    meant = f", did you mean {close[0]!r}?" if close else "."
    return f"unknown key{meant} Allowed: {', '.join(model.model_fields)}"


def _line(path: tuple[str, ...], rule: str) -> str:
    where = ".".join(step if step.isidentifier() else ascii(step) for step in path)
    return f"{where}: {rule}" if where else rule

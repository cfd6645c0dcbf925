"""``connection.driver_config``: objects of the SDK that a program hands to its framework."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from data_store.object_store.configurations import ObjectStoreConnectionConfiguration
from data_store.object_store.errors import ConfigurationError

__all__ = ["check_alone", "objects_given"]


def objects_given(connection: ObjectStoreConnectionConfiguration, known: Mapping[str, type]) -> dict[str, Any]:
    """Return the objects that were given, those that are None left out.

    Args:
        connection: the connection's configuration.
        known: the type of each object that the framework takes.

    Raises:
        ConfigurationError: the framework does not know one of them, or it has another type.
    """
    given = {name: value for name, value in connection.driver_config.items() if value is not None}
    for name, value in given.items():
        if name not in known:
            allowed = ", ".join(known)
            raise ConfigurationError(f"connection.driver_config.{name}: unknown for this framework. Allowed: {allowed}")
        if not isinstance(value, known[name]):
            raise ConfigurationError(
                f"connection.driver_config.{name}: must be a {known[name].__name__}, not {type(value).__name__}"
            )
    return given


def check_alone(connection: ObjectStoreConnectionConfiguration, name: str, *excluded: str) -> None:
    """Check that nothing else is configured of what an object brings along.

    Raises:
        ConfigurationError: something is.
    """
    fields = type(connection).model_fields
    told = [each for each in excluded if getattr(connection, each) != fields[each].default]
    if told:
        what = ", ".join(f"connection.{each}" for each in told)
        raise ConfigurationError(f"connection.driver_config.{name}: excludes {what}, which it brings along")

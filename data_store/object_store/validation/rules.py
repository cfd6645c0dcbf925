"""Rules that several kinds of parameters share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from data_store.object_store.errors import InvalidArgument

__all__ = [
    "CONTROL",
    "MAX_KEY_BYTES",
    "SURROGATE",
    "TOKEN",
    "aware",
    "flag",
    "instance",
    "items",
    "known",
    "many",
    "positive",
    "text",
    "text_without_controls",
    "utf8",
    "whole",
]

MAX_KEY_BYTES = 1024  # S3 user guide, "Object key naming guidelines"

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
SURROGATE = re.compile(r"[\ud800-\udfff]")
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2; a star is a token's character

T = TypeVar("T")
R = TypeVar("R")


def known(what: str, options: Mapping[str, object], names: frozenset[str]) -> None:
    """Raise ``TypeError``, as every Python function does, for a keyword that there is none of."""
    if unknown := options.keys() - names:
        raise TypeError(f"{what} has no option {', '.join(sorted(unknown))}")


def text(name: str, value: object) -> str:
    """Check that it is a str."""
    if not isinstance(value, str):
        raise InvalidArgument(f"{name} must be a str, not {type(value).__name__}")
    return value


def utf8(name: str, value: object, most: int = MAX_KEY_BYTES) -> int:
    """Check text that has a UTF-8 form and no NUL; return its length in bytes."""
    checked = text(name, value)
    try:
        size = len(checked.encode())
    except UnicodeEncodeError:
        raise InvalidArgument(f"invalid {name}: a lone surrogate has no UTF-8 form") from None
    if size > most:
        raise InvalidArgument(f"invalid {name}: {size} bytes of UTF-8, of {most} at the most")
    if "\0" in checked:
        raise InvalidArgument(f"invalid {name}: it holds a NUL")
    return size


def text_without_controls(name: str, value: object) -> str:
    """Check text that is not empty and has a UTF-8 form and no control characters."""
    checked = text(name, value)
    if not checked or CONTROL.search(checked) or SURROGATE.search(checked):
        raise InvalidArgument(f"{name} must not be empty, nor hold control characters or lone surrogates")
    return checked


def whole(name: str, value: object, least: int, most: int | None = None) -> int:
    """Check a whole number within bounds; a bool is none."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidArgument(f"{name} must be a whole number, not {type(value).__name__}")
    if value < least or (most is not None and value > most):
        raise InvalidArgument(
            f"{name} must be at least {least}{'' if most is None else f' and at most {most}'}, not {value}"
        )
    return value


def positive(name: str, value: int | None, most: int | None = None) -> int | None:
    """Check a whole number of at least 1, or None."""
    return None if value is None else whole(name, value, 1, most)


def flag(name: str, value: object) -> bool:
    """Check that it is True or False."""
    if not isinstance(value, bool):
        raise InvalidArgument(f"{name} must be True or False, not {type(value).__name__}")
    return value


def aware(name: str, value: object) -> datetime:
    """Check a datetime that says its time zone; return it in UTC."""
    if not isinstance(value, datetime):
        raise InvalidArgument(f"{name} must be a datetime, not {type(value).__name__}")
    if value.utcoffset() is None:
        raise InvalidArgument(f"{name} must be an aware datetime: give it a time zone (tzinfo=UTC)")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise InvalidArgument(f"{name} must be a time that UTC can express") from None


def instance(name: str, value: object, kind: type[T]) -> T:
    """Check the type of one of our models."""
    if not isinstance(value, kind):
        raise InvalidArgument(f"{name} must be {_a(kind.__name__)}, not {type(value).__name__}")
    return value


def items(name: str, values: Iterable[T]) -> list[T]:
    """Return the items of an iterable that is not text."""
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        raise InvalidArgument(f"{name} must be a list, not {type(values).__name__}")
    return list(values)


def many(name: str, values: Iterable[T], check: Callable[[T], R]) -> Iterator[R]:
    """Check the items of an iterable that may be endless, one by one; those of a list or tuple are checked now."""
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        raise InvalidArgument(f"{name} must be an iterable of {name}, not {type(values).__name__}")
    return iter([check(each) for each in values]) if isinstance(values, Sequence) else map(check, values)


def _a(noun: str) -> str:
    return f"an {noun}" if noun[0] in "AEIOU" else f"a {noun}"

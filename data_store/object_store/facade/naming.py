"""Errors that leave the store name one of its methods, never what a client calls it, and never nothing."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any, TypeVar

from data_store.object_store.errors import ObjectStoreError

__all__ = ["name_errors"]

T = TypeVar("T")

# ``list_page`` is a method of the store as well, but what was called may be ``list_files``.
_OF_CLIENTS = frozenset({None, "honours", "list_page", "list_parts_page", "list_uploads_page", "list_versions_page"})


def name_errors(cls: type) -> None:
    """Let the errors of a class's own public methods, and of the iterators that they return, name the method.

    Those that name another method of the store, which it called in turn, stay as they are.
    """
    for name, member in list(vars(cls).items()):
        if isinstance(member, FunctionType) and not name.startswith("_"):
            setattr(cls, name, _named(name, member))


def _named(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    is_lazy = str(method.__annotations__.get("return")).startswith("Iterator[")

    @functools.wraps(method)
    def named(*args: Any, **kwargs: Any) -> Any:
        try:
            result = method(*args, **kwargs)
        except ObjectStoreError as error:
            _name(error, name)
            raise
        return _each(name, result) if is_lazy else result

    return named


def _each(name: str, found: Iterator[T]) -> Iterator[T]:
    try:
        yield from found
    except ObjectStoreError as error:
        _name(error, name)
        raise


def _name(error: ObjectStoreError, name: str) -> None:
    if error.operation in _OF_CLIENTS:
        error.operation = name

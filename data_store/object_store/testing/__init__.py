"""For tests: the conformance suite for adapters, and helpers for programs that use an object store.

- ``ObjectStoreConformance`` and its groups: what every adapter must do; subclass it with a ``store`` fixture.
- ``Limits`` and ``KeyRule``: what a server cannot do, declared with a reason.
- ``random_bytes``, ``assert_same_object``: helpers.
- The pytest fixture ``object_store`` is there wherever this package is installed.

Needs pytest (the extra ``testing``) for the suite; importing this package alone does not import it.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from data_store.object_store.testing.conformance import ObjectStoreConformance
    from data_store.object_store.testing.exceptions import KeyRule, Limits
    from data_store.object_store.testing.helpers import assert_same_object, random_bytes

__all__ = ["KeyRule", "Limits", "ObjectStoreConformance", "assert_same_object", "random_bytes"]

_PACKAGE = "data_store.object_store.testing"
_HOMES = {
    "KeyRule": "exceptions",
    "Limits": "exceptions",
    "ObjectStoreConformance": "conformance",
    "assert_same_object": "helpers",
    "random_bytes": "helpers",
}

if "pytest" in sys.modules:  # outside a test run there is nothing to rewrite, and pytest need not be installed
    import pytest

    # Before they are imported, which is why this package imports them late: else a failed assert shows no values.
    pytest.register_assert_rewrite(f"{_PACKAGE}.conformance", f"{_PACKAGE}.helpers")


def __getattr__(name: str) -> Any:
    # Late: the suite needs pytest, the rest does not.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{_PACKAGE}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__

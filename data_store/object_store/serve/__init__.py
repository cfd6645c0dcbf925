"""Answers the URLs and forms that a store without a server of its own signs: an ASGI application (extra ``serve``).

It does what was signed and nothing else, as an S3 server would: no listing, no unsigned access. Mounted into an
application of Starlette, FastAPI or Django's ASGI handler it answers below its mount; ``python -m
data_store.object_store.serve`` runs it alone.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from data_store.object_store.errors import MissingDependency

if TYPE_CHECKING:
    from data_store.object_store.serve.app import PresignedApp
    from data_store.object_store.store import ObjectStore

__all__ = ["presigned_app"]


def presigned_app(store: ObjectStore) -> PresignedApp:
    """Return an ASGI application that answers what this store signed, in any process with the same configuration.

    The store stays the caller's to close, when the application has ended.

    Raises:
        ConfigurationError: the store has a server, which answers its URLs itself.
        MissingDependency: the extra ``serve`` is not installed.
    """
    return loaded("app").PresignedApp(store)  # type: ignore[no-any-return]  # the module is imported by its name


def loaded(module: str) -> Any:
    """Return a module of this package, all of which stand on the extra."""
    try:
        return import_module(f"{__name__}.{module}")
    except ImportError as error:
        raise MissingDependency(
            f"serving presigned URLs needs a package that is missing or too old ({error}): "
            "install this package with its extra 'serve', from a checkout: pip install '.[serve]'"
        ) from error

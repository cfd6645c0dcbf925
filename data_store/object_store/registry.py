"""Framework name -> ``"module:Class"``, as strings: an adapter is imported only when it is used.

Three sources: the built-in frameworks, ``register()``, and the entry points that installed packages
declare in the group ``data_store.object_store.frameworks``. A built-in is never replaced.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec

from data_store.object_store.errors import ConfigurationError, MissingDependency

__all__ = ["ENTRY_POINT_GROUP", "importing_sdk", "load", "names", "register", "target"]

ENTRY_POINT_GROUP = "data_store.object_store.frameworks"

_ADAPTERS = "data_store.object_store.adapters"
_BUILT_IN = {
    "minio": f"{_ADAPTERS}.minio_client:MinioClient",
    "boto3": f"{_ADAPTERS}.boto3_client:Boto3Client",
    "local": f"{_ADAPTERS}.embedded.client:LocalClient",
    "memory": f"{_ADAPTERS}.embedded.client:MemoryClient",
}
_EXTRAS = {"minio", "boto3"}  # each names a framework, the package that it needs, and the extra that installs it
_OTHER_NAMES = {"s3": "boto3", "aws": "boto3"}
_registered: dict[str, str] = {}

_NAME = re.compile(r"[a-z][a-z0-9+.-]*")  # RFC 3986, section 3.1: a name is also a URL scheme
_TARGET = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


def register(name: str, target: str) -> None:
    """Make a framework known to this process.

    Args:
        name: what users write as ``framework`` and as URL scheme; lower case, ``[a-z][a-z0-9+.-]*``.
        target: ``"module:Class"`` of a subclass of ``ObjectStoreClient``; imported on first use.

    Raises:
        ConfigurationError: the name or the target is malformed, the name is a built-in, or it stands
            for another target already. Registering the same target again does nothing.
    """
    if not _NAME.fullmatch(name):
        raise ConfigurationError(f"framework name {name!r}: must be lower case, [a-z][a-z0-9+.-]*")
    if not _TARGET.fullmatch(target):
        raise ConfigurationError(f"framework {name!r}: target {target!r} must have the form 'module:Class'")
    known = _known().get(name, target)
    if known != target:
        kind = "is built in" if name in _BUILT_IN else "is registered already"
        raise ConfigurationError(f"framework {name!r} {kind}, as {known!r}; choose another name")
    _registered[name] = target


def names() -> tuple[str, ...]:
    """All known framework names, the built-in ones first."""
    return tuple(_known())


def target(name: str) -> str:
    """The ``"module:Class"`` that a name stands for; imports nothing.

    Raises:
        ConfigurationError: nothing is known under that name; the message lists the known names, the closest first.
    """
    try:
        return _BUILT_IN.get(name) or _known()[name]  # asking all installed packages takes milliseconds
    except KeyError:
        raise ConfigurationError(
            f"unknown framework {name!r}{_meant(name.lower())} Known are: {', '.join(names())}"
        ) from None


def load(name: str) -> type:
    """The client class of a framework, imported now; its SDK must be there, and may be imported later.

    Raises:
        MissingDependency: the SDK, or something that the adapter imports, is not installed; the message names the
            extra to install, where there is one.
        ConfigurationError: the name is unknown, or its target does not exist or is no class.
    """
    path = target(name)
    module_name, _, class_name = path.partition(":")
    if name in _EXTRAS and not _is_installed(name):
        raise _missing(name, f"No module named {str(name)!r}")
    try:
        module = import_module(module_name)
    except ImportError as error:
        raise _import_failure(str(name), module_name, error) from error
    found = getattr(module, class_name, None)
    if not isinstance(found, type):
        raise ConfigurationError(f"framework {name!r}: {path!r} is not a class")
    return found


@contextmanager
def importing_sdk(name: str) -> Iterator[None]:
    """Inside, a framework imports what it needs of its SDK.

    Raises:
        MissingDependency: it cannot be imported.
    """
    try:
        yield
    except ImportError as error:
        raise _missing(name, error) from error


def _meant(name: str) -> str:
    if name in _OTHER_NAMES:
        return f": write {_OTHER_NAMES[name]}."
    close = get_close_matches(name, names(), n=1)
    return f", did you mean {close[0]!r}?" if close else "."


def _known() -> dict[str, str]:
    # The built-in names come first, and last: the first place decides the order, the last one the value.
    return {**_BUILT_IN, **_from_entry_points(), **_registered, **_BUILT_IN}


@cache
def _from_entry_points() -> dict[str, str]:
    return {point.name: point.value for point in entry_points(group=ENTRY_POINT_GROUP)}


def _import_failure(name: str, module_name: str, error: ImportError) -> ConfigurationError:
    missing = error.name or ""
    if missing and f"{module_name}.".startswith(f"{missing}."):
        return ConfigurationError(f"framework {name!r}: there is no module {missing!r}")
    return _missing(name, error)


def _missing(name: str, why: object) -> MissingDependency:
    if name in _EXTRAS:
        return MissingDependency(
            f"framework {str(name)!r} needs a package that is missing or too old ({why}): "
            f"install this package with its extra {str(name)!r}, from a checkout: pip install '.[{name}]'"
        )
    return MissingDependency(f"framework {name!r} needs a package that is missing or too old: {why}")


def _is_installed(package: str) -> bool:
    """Return whether a package is there; a directory of that name, as a volume of MinIO's may have, is none."""
    try:
        spec = find_spec(package)
    except ImportError:
        return False
    except ValueError:  # something else stands for it in sys.modules: who imports it will see
        return True
    return spec is not None and spec.origin is not None

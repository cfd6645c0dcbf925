"""A configuration as URL: the writing half of ``dsn.py``, which stands below the models because they offer it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pydantic import SecretStr

from data_store.object_store.configuration_model import ConfigurationModel, ConnectionConfiguration

__all__ = ["HOST", "MASK", "render_url"]

MASK = "***"
HOST = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]+))(?::(?P<port>[0-9]{1,5}))?")
_USER_INFO = re.compile(r"(?<=://)[^/?#]*@")


def render_url(
    framework: str,
    bucket: str | None,
    connection: ConnectionConfiguration,
    parameters: Mapping[str, Any],
    *,
    show_secrets: bool,
) -> str:
    """The URL of a configuration; values that are defaults are left out.

    Args:
        framework: the scheme.
        bucket: the root bucket.
        connection: its credentials, endpoint or root go where a URL has a place for them, the rest becomes parameters.
        parameters: further values by name; a model stands for its fields (``retry.max_attempts``), None for nothing.
        show_secrets: False writes ``***`` for a secret and for the user info of a URL inside.
    """
    texts = _changed(connection, show_secrets)
    place = _place(framework, quote(bucket or "", safe=""), connection, texts)
    for name, value in parameters.items():
        if isinstance(value, ConfigurationModel):
            texts |= {f"{name}.{field}": text for field, text in _changed(value, show_secrets).items()}
        elif value is not None:
            texts[name] = _text(value, show_secrets)
    query = "&".join(f"{name}={text}" for name, text in texts.items())
    return f"{framework}://{place}" + (f"?{query}" if query else "")


def _place(framework: str, bucket: str, connection: ConnectionConfiguration, texts: dict[str, str]) -> str:
    """What stands between ``://`` and ``?``; takes out of ``texts`` what it holds."""
    fields = type(connection).model_fields
    if "endpoint" in fields:
        host = texts.pop("endpoint") if _is_host(framework, texts.get("endpoint", "")) else ""
        return f"{_user_info(texts)}{host}/{bucket}"
    if "root" in fields:
        root = texts.pop("root") if _is_absolute(connection) else ""
        return f"{root}/{bucket}"
    return bucket


def _user_info(texts: dict[str, str]) -> str:
    if not {"access_key", "secret_key"} <= texts.keys():
        return ""
    access_key, secret_key = (texts.pop(name).replace("/", "%2F") for name in ("access_key", "secret_key"))
    return f"{access_key.replace(':', '%3A')}:{secret_key}@"


def _is_host(framework: str, endpoint: str) -> bool:
    # A bare name in the host's place of a boto3 URL would be read as a bucket or a region.
    return HOST.fullmatch(endpoint) is not None and (framework != "boto3" or ":" in endpoint)


def _is_absolute(connection: ConnectionConfiguration) -> bool:
    root = Path(getattr(connection, "root", None) or "")
    return root.is_absolute() and root != Path("/")


def _changed(model: ConfigurationModel, show_secrets: bool) -> dict[str, str]:
    fields = type(model).model_fields
    values = {name: getattr(model, name) for name, about in fields.items() if not about.exclude}
    # The default of a root may be another one where the URL is read.
    defaults = {
        name: None if name == "root" else fields[name].get_default(call_default_factory=True) for name in fields
    }
    return {name: _text(value, show_secrets) for name, value in values.items() if value not in (None, defaults[name])}


def _text(value: Any, show_secrets: bool) -> str:
    if isinstance(value, SecretStr):
        return quote(value.get_secret_value(), safe="") if show_secrets else MASK
    text = str(value).lower() if isinstance(value, bool) else str(value)
    masked = text if show_secrets else _USER_INFO.sub(f"{MASK}@", text)
    return quote(masked, safe="/:[]*", errors="surrogateescape")  # as the bytes of a path that is not UTF-8

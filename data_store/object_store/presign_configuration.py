"""How presigned URLs are made; ``configurations`` has it for its users."""

from __future__ import annotations

import re

from pydantic import field_validator

from data_store.object_store.configuration_model import ConfigurationModel
from data_store.object_store.endpoint_text import checked_host

__all__ = ["PresignConfiguration"]

_PUBLIC_ENDPOINT = re.compile(r"(?P<scheme>https?)://(?P<host>[^/?#\s]+)(?P<prefix>(?:/[\w.~-]+)*)/?", re.ASCII)


class PresignConfiguration(ConfigurationModel):
    """How presigned URLs are made.

    Attributes:
        public_endpoint: the URL under which clients reach the store, ``https://files.example.com``, perhaps with a path
            that a proxy takes away again; kept without a slash at its end. None: for servers their own endpoint, for
            embedded stores ``http://127.0.0.1:8333``, where ``python -m data_store.object_store.serve`` answers.
    """

    public_endpoint: str | None = None

    @field_validator("public_endpoint")
    @classmethod
    def _is_a_place(cls, value: str | None) -> str | None:
        if value is None:
            return None
        found = _PUBLIC_ENDPOINT.fullmatch(value)
        if not found:
            raise ValueError("must be a URL, http://host:port or https://host/path, without query and fragment")
        if {".", ".."} & set(found["prefix"].split("/")):
            raise ValueError('must not have "." or ".." in its path')
        return f"{found['scheme']}://{checked_host(found['host'])}{found['prefix']}"

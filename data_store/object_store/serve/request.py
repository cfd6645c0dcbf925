"""A request, as the rest of this package wants it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from starlette.types import Scope

from data_store.object_store.errors import InvalidArgument
from data_store.object_store.signing.sigv4 import encode_path
from data_store.object_store.signing.verifying import SignedRequest

__all__ = ["Request"]

_DECIMAL = re.compile(r"[0-9]{1,19}", re.ASCII)
_SHOWN = 300  # characters of a path


def _encoded(character: str) -> str:
    """Return a pattern for a character, as it is or encoded, or encoded several times."""
    ways = {f"{ord(each):02x}" for each in (character.lower(), character.upper())}
    return f"(?:{re.escape(character)}|%(?:25)*(?:{'|'.join(sorted(ways))}))"


_SIGNING = re.compile("".join(map(_encoded, "x-amz-")), re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Request:
    """A request whose head has come.

    Attributes:
        signed: what a signature is checked of.
        scheme: ``"http"`` or ``"https"``, as far as the server knows.
        prefix: the path that the application is mounted under, encoded; ``""`` without.
    """

    signed: SignedRequest = field(repr=False)  # its query is a secret
    scheme: str
    prefix: str

    @classmethod
    def of(cls, scope: Scope) -> Request:
        """Return the request of an ASGI scope.

        Paths are taken as they travelled (``raw_path``). A server that does not tell that has them decoded; encoded
        again they are what was signed, if the client wrote them as they were signed.
        """
        headers = _headers(scope)
        prefix = encode_path(scope.get("root_path", "").rstrip("/"))
        raw = scope.get("raw_path")
        path = encode_path(_well_formed(scope["path"])) if raw is None else raw.decode("latin-1")
        path = _below(prefix, path)
        query = scope["query_string"].decode("latin-1")
        signed = SignedRequest(scope["method"], headers.get("host", ""), path, query, headers)
        return cls(signed, scope.get("scheme", "http"), prefix)

    @property
    def method(self) -> str:
        """The method."""
        return self.signed.method

    @property
    def path(self) -> str:
        """The path, encoded, without the prefix."""
        return self.signed.path

    @property
    def shown(self) -> str:
        """The path as logs show it: cut where a client began to write what it should have sent as the query."""
        shown = self.path[:_SHOWN]
        found = _SIGNING.search(self.path)
        return shown if found is None or found.start() > _SHOWN else f"{self.path[: found.start()]}..."

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, by their names in lower case."""
        return self.signed.headers

    @property
    def is_form(self) -> bool:
        """Whether it is sent as forms are: to the bucket."""
        return self.method == "POST" and not self.signed.query and "/" not in self.path.strip("/")

    @property
    def content_length(self) -> int | None:
        """Bytes of the body, if the client said so in digits."""
        value = self.signed.headers.get("content-length", "")
        return int(value) if _DECIMAL.fullmatch(value) else None

    @property
    def bucket(self) -> str:
        """The bucket that the path names; ``""`` if there is none."""
        name = self.signed.path.removeprefix("/").partition("/")[0]
        try:
            return unquote(name, errors="strict")
        except UnicodeDecodeError:
            raise InvalidArgument("the bucket is not UTF-8") from None


def _below(prefix: str, path: str) -> str:
    """Return a path without the prefix, of which a proxy may have taken away the beginning already."""
    while prefix:
        if path.startswith(f"{prefix}/"):
            return path[len(prefix) :]
        prefix = prefix[prefix.find("/", 1) :] if "/" in prefix[1:] else ""
    return path


def _well_formed(path: str) -> str:
    """Return a path with question marks for what no UTF-8 was decoded to."""
    return path.encode(errors="replace").decode()


def _headers(scope: Scope) -> dict[str, str]:
    """Return the headers; the values of one that came several times are joined (RFC 9110, 5.3)."""
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        lowered, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers[lowered] = f"{headers[lowered]},{text}" if lowered in headers else text
    return headers

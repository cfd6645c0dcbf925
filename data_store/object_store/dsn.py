"""URL -> configuration; the other direction is ``ObjectStoreConfiguration.to_url``.

::

    minio://ACCESS:SECRET@host:port/bucket?secure=false&retry.max_attempts=5
    boto3://, s3://        the host is a region, an endpoint or the bucket; s3 is another name for boto3
    local:///path/bucket   the last segment is the bucket; local:///bucket has the default root
    memory://bucket
    name://                a registered framework: as minio if its connection has an endpoint,
                           as local if it has a root, else as memory

Parameters are the keys of the connection, ``retry.x``, ``transfer.x`` and ``create_root_bucket``. Everything is
percent-decoded once (RFC 3986; ``+`` is a plus). No error shows a value: any part of a URL may be a mistyped secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any
from urllib.parse import unquote

from data_store.object_store.configurations import (
    Framework,
    ObjectStoreConfiguration,
    connection_model,
    known_paths,
)
from data_store.object_store.dsn_text import MASK
from data_store.object_store.errors import ConfigurationError

__all__ = ["configuration_from_url", "parse_url"]

_Path = tuple[str, ...]
_Item = tuple[_Path, str]

_ALIASES = {"s3": "boto3"}
_WEB = ("http", "https")
_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?:(?P<user>[^/?#]*)@)?(?P<host>[^/?#@]*)"
    r"(?P<path>/[^?#@]*)?(?:\?(?P<query>[^#@]*))?"
)
_SHAPE = (
    "not a URL of the form framework://host/bucket?key=value; in credentials and values "
    "write / as %2F, ? as %3F, # as %23, @ as %40 and a space as %20"
)
# The regions of all AWS partitions: us-east-1, us-gov-west-1, us-isob-east-1, eusc-de-east-1, mx-central-1.
_REGION = re.compile(r"[a-z]{2,4}(-(gov|iso[a-z]?|de))?-(central|(north|south)(east|west)?|east|west)-[0-9]{1,2}")
_IPV4 = re.compile(r"[0-9]+(\.[0-9]+){3}")

_BUCKET = ("root_bucket",)
_ENDPOINT = ("connection", "endpoint")
_REGION_PATH = ("connection", "region")
_ROOT = ("connection", "root")


def configuration_from_url(url: str) -> ObjectStoreConfiguration:
    """The configuration that a URL describes.

    Raises:
        ConfigurationError: the URL or one of its values is wrong; the message names it and shows no value.
    """
    return ObjectStoreConfiguration.model_validate(parse_url(url))


def parse_url(url: str) -> dict[str, Any]:
    """The keys and texts in a URL as nested dict, for ``ObjectStoreConfiguration`` to validate.

    Raises:
        ConfigurationError: no URL, or a web address, an unknown framework, an unknown or doubled parameter, a host that
            could be a bucket as well, or a secret that ``to_url()`` masked.
    """
    parts = _split(url)
    scheme = parts["scheme"].lower()
    if scheme in _WEB:
        raise ConfigurationError(f"URL: {scheme}:// names no framework; write minio://host:port/bucket or s3://bucket")
    framework = _ALIASES.get(scheme, scheme)
    items = [
        *_place(framework, _decoded(parts["host"]), parts["path"]),
        *_user_info(parts["user"], known_paths(framework)),
        *_parameters(parts["query"], framework),
    ]
    return _nested(framework, items)


def _split(url: str) -> dict[str, str]:
    found = _URL.fullmatch(url)
    if not found or any(character <= " " or character == "\x7f" for character in url):
        raise ConfigurationError(_SHAPE)
    return found.groupdict(default="")


def _decoded(text: str) -> str:
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        pass
    raise ConfigurationError("URL: percent-encoded bytes must be UTF-8")


def _user_info(user: str, known: frozenset[_Path]) -> Iterator[_Item]:
    if not user:
        return
    if ("connection", "access_key") not in known:
        raise ConfigurationError("URL: this framework takes no credentials before the @")
    access_key, separator, secret_key = user.partition(":")
    yield ("connection", "access_key"), _decoded(access_key)
    if separator:
        yield ("connection", "secret_key"), _decoded(secret_key)


def _place(framework: str, host: str, path: str) -> Iterator[_Item]:
    fields = connection_model(framework).model_fields
    if framework == Framework.BOTO3:
        yield from _s3_place(host, _one_segment(path))
    elif "endpoint" in fields:
        yield from _given((_ENDPOINT, host), (_BUCKET, _one_segment(path)))
    elif "root" in fields:
        yield from _root_place(framework, host, path)
    else:
        if path:
            raise ConfigurationError(f"URL: the bucket stands right behind {framework}://, and no path after it")
        yield from _given((_BUCKET, host))


def _s3_place(host: str, bucket: str) -> Iterator[_Item]:
    if not host:
        return _given((_BUCKET, bucket))
    if ":" in host or _IPV4.fullmatch(host):
        return _given((_ENDPOINT, host), (_BUCKET, bucket))
    is_region = _REGION.fullmatch(host) is not None
    if (is_region or "." in host or host == "localhost") and not bucket:
        raise ConfigurationError(
            "URL: the host could be a bucket as well as a region or an endpoint; write s3:///BUCKET, "
            "or s3://REGION/BUCKET, s3://ENDPOINT/BUCKET, or s3://?region=REGION, s3://?endpoint=ENDPOINT"
        )
    if is_region or "." in host or host == "localhost":
        return _given((_REGION_PATH if is_region else _ENDPOINT, host), (_BUCKET, bucket))
    if bucket:
        raise ConfigurationError(
            "URL: the host reads as the bucket, and no path may follow it; "
            "a server's name needs a port or a dot, or write s3:///BUCKET?endpoint=SERVER"
        )
    return _given((_BUCKET, host))


def _root_place(framework: str, host: str, path: str) -> Iterator[_Item]:
    root, _, bucket = path.rpartition("/")
    if host or (root and not bucket):
        raise ConfigurationError(
            f"URL: write {framework}:///absolute/path/BUCKET, or {framework}:///BUCKET?root=relative/path"
        )
    return _given((_ROOT, _decoded(root)), (_BUCKET, _decoded(bucket)))


def _one_segment(path: str) -> str:
    segment = path.removeprefix("/").removesuffix("/")
    if "/" in segment:
        raise ConfigurationError("URL: the path is the bucket, one segment; write a / inside its name as %2F")
    return _decoded(segment)


def _given(*items: _Item) -> Iterator[_Item]:
    return ((path, text) for path, text in items if text)


def _parameters(query: str, framework: str) -> Iterator[_Item]:
    allowed = {_parameter_name(path): path for path in sorted(known_paths(framework)) if _is_parameter(path)}
    for pair in filter(None, query.split("&")):
        name, separator, text = pair.partition("=")
        name = _decoded(name)
        if name not in allowed:
            raise ConfigurationError(_unknown(name, allowed))
        if not separator:
            raise ConfigurationError(f"URL parameter {name}: has no value; write {name}=VALUE")
        yield allowed[name], _decoded(text)


def _is_parameter(path: _Path) -> bool:
    return len(path) > 1 or path == ("create_root_bucket",)


def _parameter_name(path: _Path) -> str:
    return ".".join(path).removeprefix("connection.")


def _unknown(name: str, allowed: Iterable[str]) -> str:
    close = get_close_matches(name, allowed, n=1)
    meant = f", did you mean {close[0]}?" if close else "."
    return f"URL parameter {name!a}: unknown{meant} Allowed: {', '.join(allowed)}"


def _nested(framework: str, items: Iterable[_Item]) -> dict[str, Any]:
    result: dict[str, Any] = {"framework": framework}
    for path, text in items:
        inner = result if len(path) == 1 else result.setdefault(path[0], {})
        if path[-1] in inner:
            raise ConfigurationError(f"URL: {_parameter_name(path)} is given twice")
        if text == MASK or f"://{MASK}@" in text:
            raise ConfigurationError(
                f"URL: {_parameter_name(path)} is masked ({MASK}), as to_url() prints it; use to_url(show_secrets=True)"
            )
        inner[path[-1]] = text
    return result

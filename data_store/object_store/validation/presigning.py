"""Presigned URLs and forms."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, get_args
from urllib.parse import quote

from data_store.object_store.errors import InvalidArgument
from data_store.object_store.models import (
    MultipartOptions,
    PresignGetOptions,
    PresignPostOptions,
    PresignPutOptions,
    PresignUploadOptions,
    ReadMethod,
    SseCustomer,
)
from data_store.object_store.models.presigned import MAX_EXPIRES
from data_store.object_store.planning import MAX_PART_SIZE, MAX_SINGLE_PUT, MIN_PART_SIZE, part_size_for
from data_store.object_store.validation.content import content, digest, header, write_conditions
from data_store.object_store.validation.names import key as checked_key
from data_store.object_store.validation.names import version as checked_version
from data_store.object_store.validation.rules import TOKEN, aware, instance, known, text, text_without_controls, whole
from data_store.object_store.validation.tags import tags
from data_store.object_store.validation.uploads import multipart_options

__all__ = [
    "expires_in",
    "presign_get_options",
    "presign_multipart_options",
    "presign_part_size",
    "presign_post_options",
    "presign_put_options",
    "presigned_request",
]

_SUCCESS = (200, 201, 204)  # S3 API reference, POST Object, success_action_status
_FILENAME = "${filename}"
_FORM_CONTENT = frozenset({"content_type", "metadata"})
_URL = re.compile(r"https?://[!-\"$-~]+")
_FIELD_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]*")  # RFC 9110, 5.5
_NEVER_ENCODED = "!#$&+-.^_`|~"  # RFC 8187, attr-char


def expires_in(value: int | timedelta) -> int:
    """Return a life in seconds: 1 to 604,800 (7 days), or a timedelta of whole seconds."""
    if isinstance(value, timedelta):
        seconds, rest = divmod(value, timedelta(seconds=1))
        if rest:
            raise InvalidArgument("expires must be whole seconds")
        value = seconds
    return whole("expires", value, 1, MAX_EXPIRES)


def presign_get_options(
    expires: int | timedelta,
    method: ReadMethod,
    version: str | None,
    download_name: str | None,
    overrides: Mapping[str, Any],
) -> PresignGetOptions:
    """Check what a presigned GET or HEAD is to be."""
    if method not in get_args(ReadMethod):
        raise InvalidArgument(f"method must be GET or HEAD, not {method!r}: uploads have methods of their own")
    checked = dict(overrides)
    if download_name is not None:
        if checked["response_content_disposition"] is not None:
            raise InvalidArgument("download_name makes a response_content_disposition: give one of the two")
        checked["response_content_disposition"] = _attachment(download_name)
    for name, value in checked.items():
        if value is not None and name != "response_expires":
            header(name, value)
    if checked["response_expires"] is not None:
        checked["response_expires"] = aware("response_expires", checked["response_expires"])
    return PresignGetOptions(expires=expires_in(expires), method=method, version=checked_version(version), **checked)


def presign_put_options(expires: int | timedelta, options: PresignUploadOptions) -> PresignPutOptions:
    """Check what a presigned PUT binds."""
    known("a presigned upload", options, PresignUploadOptions.__optional_keys__)
    checked: dict[str, Any] = dict(options)
    digest("content_md5", options.get("content_md5"), 16)
    digest("checksum_sha256", options.get("checksum_sha256"), 32)
    if options.get("content_length") is not None:
        whole("content_length", options["content_length"], 0, MAX_SINGLE_PUT)
    write_conditions(None, options.get("if_none_match"))
    content(checked)
    if "*" in (options.get("content_type") or ""):
        raise InvalidArgument('content_type of a PUT is bound as it is; "image/*" is for get_presigned_post')
    if options.get("tags") is not None:
        checked["tags"] = tags(options["tags"]) or None
    return PresignPutOptions(expires=expires_in(expires), **checked)


def presign_post_options(key: str, expires: int | timedelta, options: Mapping[str, Any]) -> PresignPostOptions:
    """Check a key, which may end with ``${filename}``, and what a form binds."""
    checked = {name: value for name, value in options.items() if value is not None}
    stored_with = {name: value for name, value in checked.items() if name in _FORM_CONTENT}
    content(stored_with)
    checked |= stored_with
    least, most = checked.get("min_length", 0), checked.get("max_length", MAX_SINGLE_PUT)
    whole("min_length", least, 0, MAX_SINGLE_PUT)
    # MinIO takes a most of 0 for no limit at all.
    if whole("max_length", most, 1, MAX_SINGLE_PUT) < least:
        raise InvalidArgument("max_length must be at least min_length")
    _check_success(checked)
    _check_wildcard(checked.get("content_type"))
    return PresignPostOptions(expires=expires_in(expires), key_prefix=_key_prefix(key), **checked)


def presign_multipart_options(options: MultipartOptions, upload_id: str | None) -> None:
    """Check what an upload is started with whose parts are presigned; one that is under way has its options."""
    if upload_id is not None and options:
        raise InvalidArgument(f"an upload has its options from its start: leave out {', '.join(sorted(options))}")
    checked = multipart_options(options)
    if checked.checksum is not None:
        raise InvalidArgument("checksum needs a digest with each part, which a presigned part cannot have yet")
    if isinstance(checked.encryption, SseCustomer):
        raise InvalidArgument("a presigned upload must not hand the key of SseCustomer to its client")


def presign_part_size(size: int, part_size: int | None, default: int) -> int:
    """Check the size of a whole, in bytes, and of its parts; return that of the parts, larger if they were too many."""
    whole("size", size, 1)
    if part_size is not None:
        whole("part_size", part_size, MIN_PART_SIZE, MAX_PART_SIZE)
    return part_size_for(size, part_size or default)


def presigned_request(url: str, method: str | None, headers: Mapping[str, str] | None) -> dict[str, str]:
    """Check a request that is to be verified; return its headers by their names in lower case."""
    if not text("url", url).isascii() or not url:
        raise InvalidArgument("url must be a presigned URL, which is ASCII and not empty")
    if method is not None and not TOKEN.fullmatch(text("method", method)):
        raise InvalidArgument("method must be that of a request, such as GET")
    given = {} if headers is None else instance("headers", headers, Mapping)  # type: ignore[type-abstract]  # isinstance
    lowered = {_header_name(name): _field_value(value) for name, value in given.items()}
    if len(lowered) < len(given):
        raise InvalidArgument("headers have a name twice: in their names case does not matter")
    return lowered


def _header_name(name: object) -> str:
    if not TOKEN.fullmatch(text("a name of headers", name)):
        raise InvalidArgument("headers must have names of visible ASCII (RFC 9110, 5.1)")
    return str(name).lower()


def _field_value(value: object) -> str:
    checked = text("a value of headers", value)
    if not _FIELD_VALUE.fullmatch(checked):
        raise InvalidArgument("headers must have values without control characters and lone surrogates (RFC 9110, 5.5)")
    return checked


def _attachment(name: object) -> str:
    """Return a ``Content-Disposition`` that saves under this name (RFC 6266, RFC 8187), whatever characters it has."""
    given = text_without_controls("download_name", name)
    plain = "".join(each if " " <= each <= "~" and each not in '"\\%' else "_" for each in given)
    extended = quote(given, safe=_NEVER_ENCODED)
    return f'attachment; filename="{plain}"' + ("" if plain == given else f"; filename*=UTF-8''{extended}")


def _check_success(options: Mapping[str, Any]) -> None:
    redirect, status = options.get("success_redirect"), options.get("success_status")
    if redirect is not None and status is not None:
        raise InvalidArgument("success_redirect and success_status exclude each other")
    if redirect is not None and not _URL.fullmatch(text("success_redirect", redirect)):
        raise InvalidArgument("success_redirect must be a URL, http://... or https://..., in ASCII, without #")
    if status is not None and (not isinstance(status, int) or status not in _SUCCESS):
        raise InvalidArgument(f"success_status must be one of {', '.join(map(str, _SUCCESS))}, not {status!r}")


def _check_wildcard(content_type: str | None) -> None:
    kind, wildcard, behind = (content_type or "").partition("/*")
    if behind or "*" in kind or (wildcard and not TOKEN.fullmatch(kind)):
        raise InvalidArgument('content_type must be exact, or a type and "/*": "image/*"')


def _key_prefix(key: object) -> str | None:
    """Check the key; return what stands before ``${filename}``, None where that is not there."""
    prefix, found, behind = checked_key(text("key", key)).partition(_FILENAME)
    if behind:
        raise InvalidArgument(f"{_FILENAME} must end the key: the policy of a form cannot bind what stands behind it")
    return prefix if found else None

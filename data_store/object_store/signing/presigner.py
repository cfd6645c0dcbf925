"""Requests that are signed here and sent by others: URLs to read and to upload, and forms.

The shapes are those of ``SupportsPresign``; nothing here asks a server.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from data_store.object_store.http_dates import http_date
from data_store.object_store.models import (
    PresignedPost,
    PresignedUpload,
    PresignGetOptions,
    PresignPostOptions,
    PresignPutOptions,
)
from data_store.object_store.planning import MAX_SINGLE_PUT
from data_store.object_store.signing.place import Place
from data_store.object_store.signing.sigv4 import (
    Credentials,
    PolicyCondition,
    encode_path,
    host_of,
    presign_query,
    sign_post_policy,
)
from data_store.object_store.signing.upload_headers import bound_headers, metadata_headers

__all__ = ["Presigner"]

_MADE_BY_CLIENTS = frozenset({"Content-Length"})


class Presigner:
    """Signs for the places of buckets.

    Args:
        locate: returns the place of a bucket.
        credentials: returns what to sign with now.
    """

    def __init__(self, locate: Callable[[str], Place], credentials: Callable[[], Credentials]) -> None:
        self._locate = locate
        self._credentials = credentials

    def get(self, bucket: str, key: str, options: PresignGetOptions) -> str:
        """See ``SupportsPresign``."""
        signer = self._signer(bucket, options.expires)
        return signer.url(options.method, key, _read_parameters(options))

    def put(self, bucket: str, key: str, options: PresignPutOptions) -> PresignedUpload:
        """See ``SupportsPresign``."""
        return self.upload(bucket, key, bound_headers(options), options.expires)

    def upload(self, bucket: str, key: str, headers: Mapping[str, str], expires: int) -> PresignedUpload:
        """Return a PUT that has to bring these headers."""
        return self._signer(bucket, expires).upload(key, {}, headers)

    def parts(self, bucket: str, key: str, upload_id: str, sizes: Sequence[int], expires: int) -> list[PresignedUpload]:
        """See ``SupportsPresign``."""
        signer = self._signer(bucket, expires)
        return [
            signer.upload(key, {"partNumber": str(number), "uploadId": upload_id}, {"Content-Length": str(size)})
            for number, size in enumerate(sizes, 1)
        ]

    def post(self, bucket: str, key: str, options: PresignPostOptions) -> PresignedPost:
        """See ``SupportsPresign``."""
        signer = self._signer(bucket, options.expires)
        fields = _form_fields(key, options)
        conditions = _form_conditions(bucket, fields, options)
        signed = sign_post_policy(
            conditions,
            signer.now + timedelta(seconds=options.expires),
            signer.credentials,
            signer.place.region,
            now=signer.now,
        )
        url = signer.place.base + (signer.place.path or "/")
        return PresignedPost(url, fields | signed, signer.expires_at)

    def _signer(self, bucket: str, expires: int) -> _Signer:
        return _Signer(self._locate(bucket), self._credentials(), datetime.now(UTC), expires)


def _form_fields(key: str, options: PresignPostOptions) -> dict[str, str]:
    """Return the fields of a form but those that sign it, and but ``Content-Type`` where any type of a kind will do."""
    exact_type = options.content_type is not None and not options.content_type.endswith("/*")
    given = {
        "key": key,
        "Content-Type": options.content_type if exact_type else None,
        **metadata_headers(options.metadata),
        "success_action_redirect": options.success_redirect,
        "success_action_status": None if options.success_status is None else str(options.success_status),
    }
    return {name: value for name, value in given.items() if value is not None}


def _form_conditions(bucket: str, fields: Mapping[str, str], options: PresignPostOptions) -> list[PolicyCondition]:
    """Return the conditions that bind a form's bucket, fields and the length of its file."""
    conditions: list[PolicyCondition] = [{"bucket": bucket}]
    if options.key_prefix is not None:
        conditions.append(["starts-with", "$key", options.key_prefix])
    conditions += [{name: value} for name, value in fields.items() if name != "key" or options.key_prefix is None]
    if options.content_type is not None and "Content-Type" not in fields:
        conditions.append(["starts-with", "$Content-Type", options.content_type.removesuffix("*")])
    most = MAX_SINGLE_PUT if options.max_length is None else options.max_length
    return [*conditions, ["content-length-range", options.min_length, most]]


class _Signer(NamedTuple):
    """What signs URLs of one bucket, at one time."""

    place: Place
    credentials: Credentials
    now: datetime
    expires: int

    @property
    def expires_at(self) -> datetime:
        """The end of what is signed, in whole seconds as the signature has it, or that of the credentials."""
        end = self.now.replace(microsecond=0) + timedelta(seconds=self.expires)
        return end if self.credentials.expires_at is None else min(end, self.credentials.expires_at)

    def url(
        self, method: str, key: str, parameters: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> str:
        """Return a URL."""
        base, path, region = self.place
        path = f"{path}/{encode_path(key)}"
        query = presign_query(
            method,
            _host_of(base),
            path,
            parameters,
            headers or {},
            self.credentials,
            region,
            expires=self.expires,
            now=self.now,
        )
        return f"{base}{path}?{query}"

    def upload(self, key: str, parameters: Mapping[str, str], headers: Mapping[str, str]) -> PresignedUpload:
        """Return a PUT."""
        to_send = {name: value for name, value in headers.items() if name not in _MADE_BY_CLIENTS}
        return PresignedUpload(self.url("PUT", key, parameters, headers), "PUT", to_send, self.expires_at)


_host_of = lru_cache(maxsize=64)(host_of)


def _read_parameters(options: PresignGetOptions) -> dict[str, str]:
    """Return the parameters of GetObject and HeadObject."""
    expires = options.response_expires
    given = {
        "response-cache-control": options.response_cache_control,
        "response-content-disposition": options.response_content_disposition,
        "response-content-type": options.response_content_type,
        "response-expires": None if expires is None else http_date(expires),
        "versionId": options.version,
    }
    return {name: value for name, value in given.items() if value is not None}

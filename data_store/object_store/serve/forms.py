"""POST of an HTML form (S3 API reference, "POST Object")."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import urlencode

from data_store.object_store import validation
from data_store.object_store.errors import AccessDenied, InvalidArgument
from data_store.object_store.models import ObjectMetadata
from data_store.object_store.serve.answers import XML, Answer, RefusalError, denied, xml_document
from data_store.object_store.serve.bridge import Body, Threads, consume
from data_store.object_store.serve.form_parser import FormReader
from data_store.object_store.serve.request import Request
from data_store.object_store.serve.writing import (
    bucket_of,
    check_plain_body,
    refusing_damage,
    stored_headers,
    upload_options,
)
from data_store.object_store.signing.policy import Policy, check_policy
from data_store.object_store.signing.sigv4 import Credentials, encode_path
from data_store.object_store.signing.upload_headers import put_options
from data_store.object_store.store import ObjectStore

__all__ = ["post"]

_FILENAME = "${filename}"
_URL = re.compile(r"https?://[!-~]+")
_STATUSES = {"200": HTTPStatus.OK, "201": HTTPStatus.CREATED}


Keys = Callable[[], Sequence[Credentials]]
"""What returns the keys that are good."""


class _Target(NamedTuple):
    """Where the file of a form goes, and what binds it."""

    bucket: str
    key: str
    fields: Mapping[str, str]
    policy: Policy


async def post(store: ObjectStore, keys: Keys, request: Request, body: Body, threads: Threads) -> Answer:
    """Return the answer to a form, whose file is stored.

    Raises:
        RefusalError: the form is malformed, not signed, or not what its policy wants; nothing was stored.
    """
    check_plain_body(request.headers)
    if request.content_length is None:
        raise RefusalError(HTTPStatus.LENGTH_REQUIRED, "MissingContentLength", "Content-Length is missing.")
    form = FormReader(request.headers.get("content-type", ""), body.piece)
    await form.read_fields()
    target = await threads.run(partial(_permitted, keys, request.bucket, form))
    stored = await consume(form, partial(_store, store, target), threads)
    return _answer(target, stored, _location(store, request, target))


def _permitted(keys: Keys, bucket: str, form: FormReader) -> _Target:
    """Return what a form may do; its key is checked as it will be, with the name of the file in it."""
    fields = form.fields
    check_plain_body(fields)
    try:
        policy = check_policy(fields, keys(), datetime.now(UTC))
        fields = fields | {"key": _key(fields, form.filename)}
        policy.check(fields, bucket)
    except AccessDenied as error:
        raise denied(error) from error
    return _Target(bucket, fields["key"], fields, policy)


def _key(fields: Mapping[str, str], filename: str) -> str:
    if "key" not in fields:
        raise InvalidArgument("the form has no field named key")
    if _FILENAME in fields["key"] and not filename:
        raise InvalidArgument("the file has no name, which its key should have")
    return validation.key(fields["key"].replace(_FILENAME, filename))


def _store(store: ObjectStore, target: _Target, content: Iterable[bytes]) -> ObjectMetadata:
    options = upload_options(put_options(target.fields))
    with refusing_damage():
        bucket = bucket_of(store, target.bucket)
        return store.put_object(_limited(content, target.policy), target.key, bucket, **options)


def _limited(content: Iterable[bytes], policy: Policy) -> Iterator[bytes]:
    """Yield a file as long as it is not too long; raise at its end, before it is stored, if it is too short."""
    size = 0
    try:
        for block in content:
            size += len(block)
            policy.check_at_most(size)
            yield block
        policy.check_size(size)
    except AccessDenied as error:
        raise denied(error) from error


def _answer(target: _Target, stored: ObjectMetadata, location: str) -> Answer:
    headers = stored_headers(stored) | {"location": location}
    redirect = target.fields.get("success_action_redirect", "")
    if _URL.fullmatch(redirect):
        about = urlencode({"bucket": target.bucket, "key": target.key, "etag": headers["etag"]})
        joined = f"{redirect}{'&' if '?' in redirect else '?'}{about}"
        return Answer(HTTPStatus.SEE_OTHER, headers | {"location": joined})
    status = _STATUSES.get(target.fields.get("success_action_status", ""), HTTPStatus.NO_CONTENT)
    if status != HTTPStatus.CREATED:
        return Answer(status, headers)
    fields = {"Location": location, "Bucket": target.bucket, "Key": target.key, "ETag": headers["etag"]}
    return Answer(status, headers | {"content-type": XML}, xml_document("PostResponse", fields))


def _location(store: ObjectStore, request: Request, target: _Target) -> str:
    """Return the URL of the object, without a signature: it says where it is, and lets nobody read it."""
    base = store.config.presign.public_endpoint or f"{request.scheme}://{request.signed.host}{request.prefix}"
    return f"{base}/{encode_path(f'{target.bucket}/{target.key}')}"

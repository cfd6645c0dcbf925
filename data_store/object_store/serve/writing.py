"""PUT of an object, and of a part of an upload."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from functools import partial
from http import HTTPStatus
from typing import cast

from data_store.object_store import validation
from data_store.object_store.errors import IntegrityError, InvalidArgument
from data_store.object_store.models import ObjectMetadata, PresignedClaims, PutOptions, UploadOptions
from data_store.object_store.planning import MAX_PART_SIZE, MAX_SINGLE_PUT
from data_store.object_store.serve.answers import Answer, RefusalError
from data_store.object_store.serve.request import Request
from data_store.object_store.signing.sigv4 import folded
from data_store.object_store.signing.upload_headers import put_options
from data_store.object_store.sources import Digests
from data_store.object_store.store import ObjectStore

__all__ = ["Upload", "bucket_of", "check_plain_body", "put", "refusing_damage", "stored_headers", "upload_options"]

Upload = Callable[[Iterable[bytes]], Answer]
"""What stores a body, and returns the answer."""


def put(store: ObjectStore, claims: PresignedClaims, request: Request) -> Upload:
    """Return what stores the body of a PUT as its request says; refuses first what needs no body to be refused.

    Raises:
        RefusalError: the length is missing, or more than one request may bring (S3 user guide, "Uploading objects").
        InvalidArgument: a header is wrong.
    """
    length = request.content_length
    if length is None:
        raise RefusalError(HTTPStatus.LENGTH_REQUIRED, "MissingContentLength", "Content-Length is missing.")
    is_part = claims.upload_id is not None or claims.part_number is not None
    if length > (MAX_PART_SIZE if is_part else MAX_SINGLE_PUT):
        raise RefusalError(HTTPStatus.BAD_REQUEST, "EntityTooLarge", "One request brings 5 GiB at the most.")
    # What is checked is a value with its spaces folded (SigV4), so that is also what is stored.
    bound = {name: folded(value) for name, value in request.headers.items() if name in claims.bound_headers}
    options = validation.put_options(upload_options(put_options({**request.headers, **bound})))
    if is_part:
        return partial(_put_part, store, claims, length, Digests(options))
    return partial(_put_object, store, claims, length, upload_options(options))


def check_plain_body(headers: Mapping[str, str]) -> None:
    """Refuse a body that is in chunks with signatures, which would be stored as content (S3, "aws-chunked").

    Raises:
        RefusalError: the headers announce one.
    """
    encodings = [each.strip().lower() for each in headers.get("content-encoding", "").split(",")]
    digest = headers.get("x-amz-content-sha256", "")
    if "aws-chunked" in encodings or "x-amz-decoded-content-length" in headers or digest.startswith("STREAMING-"):
        message = "A body is sent as it is here, not in chunks with signatures or trailers."
        raise RefusalError(HTTPStatus.NOT_IMPLEMENTED, "NotImplemented", message)


def upload_options(options: PutOptions) -> UploadOptions:
    """Return options as the store takes them."""
    given = {each.name: getattr(options, each.name) for each in fields(options)}
    return cast(UploadOptions, {name: value for name, value in given.items() if value is not None})


def bucket_of(store: ObjectStore, name: str) -> str | None:
    """Return a bucket as the store takes it: None for the root bucket, which is then made if it is not there yet."""
    return None if name == store.config.root_bucket else name


def stored_headers(stored: ObjectMetadata) -> dict[str, str]:
    """Return the headers that tell what was stored."""
    headers = {"etag": f'"{stored.etag}"'}
    return headers if stored.version_id is None else headers | {"x-amz-version-id": stored.version_id}


@contextmanager
def refusing_damage() -> Iterator[None]:
    """Refuse a body that has not the digest that the request announced."""
    try:
        yield
    except IntegrityError as error:
        raise RefusalError(HTTPStatus.BAD_REQUEST, "BadDigest", error.reason) from error


def _put_object(
    store: ObjectStore, claims: PresignedClaims, length: int, options: UploadOptions, body: Iterable[bytes]
) -> Answer:
    with refusing_damage():
        bucket = bucket_of(store, claims.bucket)
        stored = store.put_object(body, claims.key, bucket, length=length, **options)
    return Answer(HTTPStatus.OK, stored_headers(stored))


def _put_part(
    store: ObjectStore, claims: PresignedClaims, length: int, digests: Digests, body: Iterable[bytes]
) -> Answer:
    if claims.upload_id is None or claims.part_number is None:
        raise InvalidArgument("a part has an uploadId and a partNumber")
    with refusing_damage():
        bucket = bucket_of(store, claims.bucket)
        checked = _checked(body, digests)
        part = store.upload_part(checked, claims.key, claims.upload_id, claims.part_number, bucket, length=length)
    return Answer(HTTPStatus.OK, {"etag": f'"{part.etag}"'})


def _checked(body: Iterable[bytes], digests: Digests) -> Iterator[bytes]:
    """Yield a body, and raise at its end if it has not the digests that were announced."""
    for block in body:
        digests.update(block)
        yield block
    digests.check()

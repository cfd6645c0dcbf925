"""Presigned requests: what a service hands to clients that have no credentials, and what it is made from.

A presigned URL or form is a bearer secret: whoever has it may do what it says until it expires. So reprs show neither
URLs nor fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypedDict

__all__ = [
    "MAX_EXPIRES",
    "PresignGetOptions",
    "PresignPostOptions",
    "PresignPutOptions",
    "PresignUploadOptions",
    "PresignedClaims",
    "PresignedMultipart",
    "PresignedPart",
    "PresignedPost",
    "PresignedUpload",
    "ReadMethod",
]

ReadMethod = Literal["GET", "HEAD"]
MAX_EXPIRES = 7 * 24 * 3600
"""The longest life of a presigned URL, in seconds (S3 API reference, X-Amz-Expires)."""


@dataclass(frozen=True, slots=True)
class PresignedUpload:
    """A request that uploads, signed.

    Attributes:
        url: where to send the body.
        method: ``"PUT"``.
        headers: exactly the headers that must be sent along. ``Host`` and ``Content-Length`` are not among them: every
            HTTP client makes them itself, and browsers let nobody else.
        expires_at: until when the request may be begun; sooner than asked where temporary credentials end sooner.
    """

    url: str = field(repr=False)
    method: str
    headers: Mapping[str, str]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class PresignedPost:
    """An HTML form that uploads, signed (S3 API reference, "Browser-Based Uploads Using POST").

    Attributes:
        url: the form's ``action``; its ``enctype`` is ``multipart/form-data``.
        fields: its hidden fields, in this order; the field ``file`` comes last.
        expires_at: until when the form may be sent; sooner than asked where temporary credentials end sooner.
    """

    url: str = field(repr=False)
    fields: Mapping[str, str] = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class PresignedPart:
    """One part of an upload, to be sent with PUT; the ETag of the answer is what completing it may name.

    Attributes:
        part_number: 1 to 10,000.
        offset: where its bytes begin in the whole.
        size: bytes, bound: a body of any other length is refused.
        url: where to send them.
    """

    part_number: int
    offset: int
    size: int
    url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PresignedMultipart:
    """A multipart upload whose parts a client sends, in any order and at the same time.

    Attributes:
        key: the key that the object will have.
        bucket: its bucket.
        upload_id: the upload, for ``list_parts``, ``complete_multipart_upload`` and ``abort_multipart_upload``.
        part_size: bytes of each part but the last.
        parts: the parts.
        expires_at: until when a part may be begun; ``presign_multipart`` with ``upload_id`` signs them anew.
    """

    key: str
    bucket: str
    upload_id: str
    part_size: int
    parts: tuple[PresignedPart, ...]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class PresignedClaims:
    """What a presigned URL says of itself; nothing that would let anybody use it.

    Attributes:
        bucket: the bucket.
        key: the key.
        expires_at: until when it may be used; temporary credentials may end sooner.
        expired: whether that is over.
        method: what it is signed for; None where that cannot be told from the URL.
        version: the version it is about.
        upload_id: the upload that it adds a part to.
        part_number: which part.
        bound_headers: names of the headers that a request must bring as signed, in lower case and sorted; not ``host``.
        overrides: the headers that the answer will have, by the names of the parameters (``response-content-type``).
        verified: True: the signature was checked and is right; False: it was not checked.
    """

    bucket: str
    key: str
    expires_at: datetime
    expired: bool
    method: str | None = None
    version: str | None = None
    upload_id: str | None = None
    part_number: int | None = None
    bound_headers: tuple[str, ...] = ()
    overrides: Mapping[str, str] = field(default_factory=dict)
    verified: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PresignGetOptions:
    """Options of a presigned GET or HEAD, as adapters get them.

    Attributes:
        expires: seconds, 1 to 604,800.
        method: ``"GET"`` or ``"HEAD"``.
        version: this version; None: the current one at the time of the request.
        response_content_type: the ``Content-Type`` that the answer is to have (S3 API reference, GetObject).
        response_content_disposition: its ``Content-Disposition``.
        response_cache_control: its ``Cache-Control``.
        response_expires: its ``Expires``, aware.
    """

    expires: int
    method: ReadMethod = "GET"
    version: str | None = None
    response_content_type: str | None = None
    response_content_disposition: str | None = None
    response_cache_control: str | None = None
    response_expires: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PresignPutOptions:
    """Options of a presigned PUT, as adapters get them (validated, metadata names in lower case).

    What is given is bound: the server refuses a request that does otherwise.

    Attributes:
        expires: seconds, 1 to 604,800.
        content_type: the ``Content-Type``.
        content_length: bytes of the body.
        content_md5: base64 of the body's MD5.
        checksum_sha256: base64 of the body's SHA-256.
        metadata: user metadata.
        tags: the object's tags.
        if_none_match: ``"*"``: write only if there is no object.
    """

    expires: int
    content_type: str | None = None
    content_length: int | None = None
    content_md5: str | None = None
    checksum_sha256: str | None = None
    metadata: Mapping[str, str] | None = None
    tags: Mapping[str, str] | None = None
    if_none_match: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PresignPostOptions:
    """Options of a presigned form, as adapters get them.

    Attributes:
        expires: seconds, 1 to 604,800.
        key_prefix: None: the key is bound as it is. Else the key ends with ``${filename}``, where the server puts the
            name of the file, and this is what stands before it, which is bound.
        content_type: the ``Content-Type``; one that ends with ``/*`` binds what stands before the ``*``, and the form
            brings the field itself.
        min_length: bytes of the file at least.
        max_length: bytes of the file at the most; None: 5 GiB.
        metadata: user metadata.
        success_redirect: where the browser goes then (303), with ``bucket``, ``key`` and ``etag`` in the query.
        success_status: the status of the answer instead: 200, 201 (with XML) or 204, the default.
    """

    expires: int
    key_prefix: str | None = None
    content_type: str | None = None
    min_length: int = 0
    max_length: int | None = None
    metadata: Mapping[str, str] | None = None
    success_redirect: str | None = None
    success_status: int | None = None


class PresignUploadOptions(TypedDict, total=False):
    """Keyword arguments of ``presign_upload`` and ``get_presigned_upload_url``.

    What is given is bound: the server refuses a request that does otherwise. See ``PresignPutOptions``.
    """

    content_type: str | None
    content_length: int | None
    content_md5: str | None
    checksum_sha256: str | None
    metadata: Mapping[str, str] | None
    tags: Mapping[str, str] | None
    if_none_match: str | None

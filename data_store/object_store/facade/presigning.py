"""Requests that are signed here and sent by clients that have no credentials."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Unpack

from data_store.object_store import validation
from data_store.object_store.capabilities import SupportsMultipart, SupportsPresign, SupportsPresignKeys
from data_store.object_store.facade.multipart import MultipartUploads
from data_store.object_store.models import (
    Condition,
    MultipartOptions,
    PresignedClaims,
    PresignedMultipart,
    PresignedPart,
    PresignedPost,
    PresignedUpload,
    PresignUploadOptions,
    ReadMethod,
)
from data_store.object_store.planning import split

__all__ = ["Presigning"]


class Presigning(MultipartUploads):
    """Presigned URLs and forms: ``SupportsPresign``.

    Whoever has one may do what it says, and nothing else, for ``expires`` seconds (or a timedelta): 1 second to 7 days;
    temporary credentials end it sooner. They are signed for ``presign.public_endpoint``. Nobody looks whether the
    bucket or the object is there, and no request is made but ``presign_multipart``'s, and one, once, where some servers
    do otherwise in silence than was signed (``if_none_match``, ``checksum_sha256``, ``tags``, ``version``,
    ``${filename}``, keys such as ``/a``): what this server does not keep to is ``UnsupportedOperation``. Ceph, which
    overwrites in buckets with versions, is asked for their state each time that ``if_none_match`` is signed.
    """

    def get_presigned_url(
        self,
        key: str,
        bucket: str | None = None,
        expires: int | timedelta = 3600,
        *,
        version: str | None = None,
        method: ReadMethod = "GET",
        response_content_type: str | None = None,
        response_content_disposition: str | None = None,
        response_cache_control: str | None = None,
        response_expires: datetime | None = None,
        download_name: str | None = None,
    ) -> str:
        """Return a URL that reads an object: for GET (ranges and conditions too), or for HEAD.

        Args:
            key: the object.
            bucket: its bucket; None: the root bucket.
            expires: seconds, or a timedelta.
            version: this version of it; None: the current one when the URL is used.
            method: ``"GET"`` or ``"HEAD"``; a URL for one is refused for the other.
            response_content_type: the ``Content-Type`` of the answer (S3 API reference, GetObject).
            response_content_disposition: its ``Content-Disposition``.
            response_cache_control: its ``Cache-Control``.
            response_expires: its ``Expires``, aware.
            download_name: browsers save under this name, in any letters: makes the ``Content-Disposition``.
        """
        key = validation.key(key)
        overrides = {
            "response_content_type": response_content_type,
            "response_content_disposition": response_content_disposition,
            "response_cache_control": response_cache_control,
            "response_expires": response_expires,
        }
        options = validation.presign_get_options(expires, method, version, download_name, overrides)
        client = self._capable(SupportsPresign, "get_presigned_url", bucket, key)
        self._permit("get_presigned_url", bucket, key, {"version": version})
        name = self._name(bucket)
        with self._located("get_presigned_url", name, key):
            return client.presign_get(name, key, options)

    def get_presigned_upload_url(
        self,
        key: str,
        bucket: str | None = None,
        expires: int | timedelta = 3600,
        **options: Unpack[PresignUploadOptions],
    ) -> str:
        """Return the URL of a PUT that stores an object, as ``presign_upload`` does, which also tells the headers.

        With no options every client can send it as it is: ``requests.put(url, data=file)``.
        """
        return self._presign_put("get_presigned_upload_url", key, bucket, expires, options).url

    def presign_upload(
        self,
        key: str,
        bucket: str | None = None,
        expires: int | timedelta = 3600,
        **options: Unpack[PresignUploadOptions],
    ) -> PresignedUpload:
        """Return a PUT that stores an object, with exactly the headers that its sender must add.

        What the options give is bound, and the server refuses any other type, length, body or overwriting.

        Raises:
            UnsupportedOperation: this store ignores ``if_none_match``: the client would overwrite.
        """
        return self._presign_put("presign_upload", key, bucket, expires, options)

    def get_presigned_post(
        self,
        key: str,
        bucket: str | None = None,
        expires: int | timedelta = 3600,
        *,
        content_type: str | None = None,
        min_length: int | None = None,
        max_length: int | None = None,
        metadata: Mapping[str, str] | None = None,
        success_redirect: str | None = None,
        success_status: int | None = None,
    ) -> PresignedPost:
        """Return an HTML form that stores the file that is chosen in it; its limits are the server's to check.

        Args:
            key: the object; if it ends with ``${filename}``, the name of the file goes there, and what stands before it
                is bound.
            bucket: its bucket; None: the root bucket.
            expires: seconds, or a timedelta.
            content_type: the type, exact; or ``"image/*"``: the form then has to bring a field ``Content-Type``.
            min_length: bytes of the file at least.
            max_length: bytes of the file at the most, at least 1, for some servers take 0 for no limit; None: 5 GiB.
            metadata: user metadata.
            success_redirect: where the browser goes when it is done: a URL without a fragment.
            success_status: 200, 201 or 204: what is answered without a redirect; None: 204.

        Raises:
            UnsupportedOperation: with ``${filename}``: this server would let the client write elsewhere.
        """
        given = {
            "content_type": content_type,
            "min_length": min_length,
            "max_length": max_length,
            "metadata": metadata,
            "success_redirect": success_redirect,
            "success_status": success_status,
        }
        options = validation.presign_post_options(key, expires, given)
        client = self._capable(SupportsPresign, "get_presigned_post", bucket, key)
        name = self._name(bucket)
        with self._located("get_presigned_post", name, key):
            return client.presign_post(name, key, options)

    def presign_multipart(
        self,
        key: str,
        size: int,
        part_size: int | None = None,
        bucket: str | None = None,
        expires: int | timedelta = 3600,
        *,
        upload_id: str | None = None,
        **options: Unpack[MultipartOptions],
    ) -> PresignedMultipart:
        """Start a multipart upload, and return its parts for a client to send, in any order and at the same time.

        The object is there when the service has completed it: ``complete_multipart_upload(key, upload_id,
        list_parts(key, upload_id))``. What is never completed ``abort_stale_uploads`` removes.

        Args:
            key: the object.
            size: bytes of the whole, at least 1.
            part_size: bytes of each part but the last, 5 MiB to 5 GiB; None: ``transfer.part_size``. It grows where
                10,000 parts would not do.
            bucket: its bucket; None: the root bucket.
            expires: seconds, or a timedelta; of the URLs, not of the upload.
            upload_id: an upload that this method started before: its parts are signed anew, and nobody is asked.
            options: what the object is to be stored with; neither ``checksum`` nor a key of SSE-C.

        Raises:
            UnsupportedOperation: an option needs what this store does not have; nothing was started.
        """
        seconds, key = validation.expires_in(expires), validation.key(key)
        validation.presign_multipart_options(options, upload_id)
        part_size = validation.presign_part_size(size, part_size, self._config.transfer.part_size)
        client = self._capable(SupportsPresign, "presign_multipart", bucket, key)
        self._capable(SupportsMultipart, "presign_multipart", bucket, key)
        name = self._name(bucket)
        with self._located("presign_multipart", name, key):
            spans = split(size, part_size)
            with self._upload_to_sign(key, bucket, upload_id, options) as started:
                signed = client.presign_parts(name, key, started, [length for _, length in spans], seconds)
        parts = [
            PresignedPart(number, offset, length, part.url)
            for number, ((offset, length), part) in enumerate(zip(spans, signed, strict=True), 1)
        ]
        return PresignedMultipart(key, name, started, part_size, tuple(parts), signed[0].expires_at)

    def verify_presigned(
        self, url: str, *, method: str | None = None, headers: Mapping[str, str] | None = None
    ) -> PresignedClaims:
        """Return what a presigned URL says of itself, for logs and tests.

        On the embedded store this is the check that ``serve`` makes of a request; URLs for S3 servers are read, and the
        server checks them when they are used.

        Args:
            url: a URL that a store of this configuration has signed.
            method: what it is to be used for; None: whatever it is signed for.
            headers: those of the request. On the embedded store all that are bound must be there (``Content-Length``
                too), and no other ``x-amz-*``; URLs for servers are read without them.

        Raises:
            InvalidArgument: it is no presigned URL of this store's endpoint, or method or headers are no request's.
            AccessDenied: the signature is wrong, or its time is over; on the embedded store only.
        """
        lowered = validation.presigned_request(url, method, headers)
        client = self._of_the_store(SupportsPresign, "verify_presigned")
        return client.verify_presigned(url, method, lowered)

    def rotate_presign_key(self, *, revoke: bool = False) -> None:
        """Sign with a new key from now on: ``SupportsPresignKeys``.

        What was signed before stays good until it expires; with ``revoke`` it is refused at once.
        """
        validation.flag("revoke", revoke)
        client = self._of_the_store(SupportsPresignKeys, "rotate_presign_key")
        client.rotate_presign_key(revoke=revoke)

    def _presign_put(
        self,
        operation: str,
        key: str,
        bucket: str | None,
        expires: int | timedelta,
        options: PresignUploadOptions,
    ) -> PresignedUpload:
        checked, key = validation.presign_put_options(expires, options), validation.key(key)
        client = self._capable(SupportsPresign, operation, bucket, key)
        self._permit(operation, bucket, key, {"tags": checked.tags})
        name = self._name(bucket)
        if checked.if_none_match is not None:
            self._check_honoured(operation, name, key, Condition.PUT, "upload")
        with self._located(operation, name, key):
            return client.presign_put(name, key, checked)

    @contextmanager
    def _upload_to_sign(
        self, key: str, bucket: str | None, upload_id: str | None, options: MultipartOptions
    ) -> Iterator[str]:
        """Yield the upload whose parts are signed; one that was started for that is aborted where signing fails."""
        if upload_id is not None:
            yield validation.upload_id(upload_id)
            return
        upload = self.create_multipart_upload(key, bucket, **options)
        try:
            yield upload.upload_id
        except BaseException as error:
            self._abort_after(upload, error)
            raise

"""Presigned URLs and forms of an S3 server: what is bound and where to, whoever signs it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Protocol

from data_store.object_store.adapters.s3.client_subresources import S3Subresources
from data_store.object_store.adapters.s3.public_endpoint import PublicEndpoint
from data_store.object_store.adapters.s3.quirks import Habit
from data_store.object_store.capabilities import SupportsPresign
from data_store.object_store.configurations import ObjectStoreConfiguration
from data_store.object_store.errors import AccessDenied, UnsupportedOperation
from data_store.object_store.models import (
    PresignedClaims,
    PresignedPost,
    PresignedUpload,
    PresignGetOptions,
    PresignPostOptions,
    PresignPutOptions,
)
from data_store.object_store.signing import sigv4
from data_store.object_store.signing.claims import read_claims
from data_store.object_store.signing.presigner import Presigner
from data_store.object_store.signing.upload_headers import bound_headers

__all__ = ["PAYLOAD_HASH", "RequestSigner", "S3Presigning"]

PAYLOAD_HASH = "x-amz-content-sha256"
"""The header that has the SHA-256 of the body, in hex, which is then signed for the body itself."""


class RequestSigner(Protocol):
    """What signs requests for others to send: the SDK, or the S3 core. It asks nobody."""

    def get(self, bucket: str, key: str, options: PresignGetOptions) -> str:
        """See ``SupportsPresign``."""

    def upload(self, bucket: str, key: str, headers: Mapping[str, str], expires: int) -> PresignedUpload:
        """Return a PUT that has to bring these headers."""

    def parts(self, bucket: str, key: str, upload_id: str, sizes: Sequence[int], expires: int) -> list[PresignedUpload]:
        """See ``SupportsPresign``."""

    def post(self, bucket: str, key: str, options: PresignPostOptions) -> PresignedPost:
        """See ``SupportsPresign``."""


class S3Presigning(S3Subresources, SupportsPresign):
    """The presigned requests of an S3 server.

    Nobody is asked, but once, about what some servers do otherwise in silence: a key that they take for another one, a
    version, tags, ``checksum_sha256``, ``${filename}``. What the server does not keep to is refused.

    Args:
        config: the configuration.
        signer: gives the current credentials; None: there are none, and nothing can be signed.
    """

    def __init__(self, config: ObjectStoreConfiguration, signer: Callable[[], sigv4.Credentials] | None) -> None:
        super().__init__(config, signer)
        self._public = PublicEndpoint(config)

    def presign_get(self, bucket: str, key: str, options: PresignGetOptions) -> str:
        """See ``SupportsPresign``."""
        requests = self._signing(key)
        self._before.version(bucket, options.version)
        return requests.get(bucket, key, options)

    def presign_put(self, bucket: str, key: str, options: PresignPutOptions) -> PresignedUpload:
        """See ``SupportsPresign``.

        With ``checksum_sha256`` a server that has not answered yet is asked who it is: Ceph compares another header
        with the body than the rest, who refuse that one.
        """
        requests = self._signing(key)
        self._before.tags_of_upload(bucket, key, options.tags)
        headers = bound_headers(options)
        if options.checksum_sha256 is not None and not self._is_aws and self._quirks.has(Habit.IGNORES_CHECKSUMS):
            headers[PAYLOAD_HASH] = base64.b64decode(options.checksum_sha256).hex()
        return requests.upload(bucket, key, headers, options.expires)

    def presign_parts(
        self, bucket: str, key: str, upload_id: str, sizes: Sequence[int], expires: int
    ) -> list[PresignedUpload]:
        """See ``SupportsPresign``."""
        return self._signing(key).parts(bucket, key, upload_id, sizes, expires)

    def presign_post(self, bucket: str, key: str, options: PresignPostOptions) -> PresignedPost:
        """See ``SupportsPresign``.

        With ``${filename}`` a server that has not answered yet is asked who it is: to versitygw the key ``up/../b`` has
        the prefix ``up/``, and is ``b``.
        """
        requests = self._signing(key)
        if options.key_prefix is not None and not self._is_aws and self._quirks.has(Habit.FOLDS_KEYS_OF_FORMS):
            raise UnsupportedOperation("this server lets a form write outside the prefix of its key")
        return requests.post(bucket, key, options)

    def verify_presigned(self, url: str, method: str | None, headers: Mapping[str, str]) -> PresignedClaims:
        """See ``SupportsPresign``: what the URL says, unverified; the server alone checks it."""
        return read_claims(url, self._public.locate, datetime.now(UTC))

    def _request_signer(self, credentials: Callable[[], sigv4.Credentials]) -> RequestSigner:
        """Return what signs requests: the S3 core. The adapter of an SDK that signs returns that instead."""
        return Presigner(self._public.locate, credentials)

    @cached_property
    def _requests(self) -> RequestSigner | None:
        """What signs requests, None without credentials; made when it is needed, which is after the SDK's clients."""
        return None if self._signer is None else self._request_signer(self._signer)

    def _signing(self, key: str) -> RequestSigner:
        """Return what signs requests for a key."""
        if self._requests is None:
            raise AccessDenied("there are no credentials to sign with: connection.anonymous is set")
        if not self._is_aws:
            self._quirks.check(key)
        return self._requests

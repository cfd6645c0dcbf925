"""Presigned URLs and forms, which ``serve`` answers: signed with the store's own keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache

from data_store.object_store.adapters.embedded.presign_keys import PresignKeys
from data_store.object_store.capabilities import SupportsPresign, SupportsPresignKeys
from data_store.object_store.configurations import PresignConfiguration
from data_store.object_store.errors import AccessDenied
from data_store.object_store.models import (
    PresignedClaims,
    PresignedPost,
    PresignedUpload,
    PresignGetOptions,
    PresignPostOptions,
    PresignPutOptions,
)
from data_store.object_store.signing.claims import read_query, read_url
from data_store.object_store.signing.place import Place
from data_store.object_store.signing.presigner import Presigner
from data_store.object_store.signing.sigv4 import Credentials, encode_path, host_of
from data_store.object_store.signing.verifying import SignedRequest, check

__all__ = ["DEFAULT_PUBLIC_ENDPOINT", "PresignOperations"]

DEFAULT_PUBLIC_ENDPOINT = "http://127.0.0.1:8333"
"""Where ``python -m data_store.object_store.serve`` answers, unless it is told otherwise."""

_REGION = "local"
_METHODS = ("GET", "HEAD", "PUT")


class PresignOperations(SupportsPresign, SupportsPresignKeys):
    """Signing, and the check of what was signed.

    Args:
        config: where clients find ``serve``.
        keys: the keys of the store.
    """

    def __init__(self, config: PresignConfiguration, keys: PresignKeys) -> None:
        self._public_endpoint = config.public_endpoint or DEFAULT_PUBLIC_ENDPOINT
        self._keys = keys
        self._presigner = Presigner(self._place, lambda: keys.good()[0])

    def presign_get(self, bucket: str, key: str, options: PresignGetOptions) -> str:
        """See ``SupportsPresign``."""
        return self._presigner.get(bucket, key, options)

    def presign_put(self, bucket: str, key: str, options: PresignPutOptions) -> PresignedUpload:
        """See ``SupportsPresign``."""
        return self._presigner.put(bucket, key, options)

    def presign_parts(
        self, bucket: str, key: str, upload_id: str, sizes: Sequence[int], expires: int
    ) -> list[PresignedUpload]:
        """See ``SupportsPresign``."""
        return self._presigner.parts(bucket, key, upload_id, sizes, expires)

    def presign_post(self, bucket: str, key: str, options: PresignPostOptions) -> PresignedPost:
        """See ``SupportsPresign``."""
        return self._presigner.post(bucket, key, options)

    def verify_presigned(self, url: str, method: str | None, headers: Mapping[str, str]) -> PresignedClaims:
        """See ``SupportsPresign``: the check that ``serve`` makes of a request."""
        parts = read_url(url, self._place)
        read_query(parts.query)  # what cannot be read is an InvalidArgument here, as it is in any adapter
        keys, now = self.presign_keys(), datetime.now(UTC)
        *others, last = (method.upper(),) if method else _METHODS
        request = SignedRequest("", host_of(self._public_endpoint), parts.path, parts.query, headers)
        for each in others:
            try:
                return check(request._replace(method=each), keys, now)
            except AccessDenied as error:
                if error.code != "SignatureDoesNotMatch":
                    raise
        return check(request._replace(method=last), keys, now)

    def presign_keys(self) -> Sequence[Credentials]:
        """See ``SupportsPresignKeys``."""
        now = datetime.now(UTC)
        return [key for key in self._keys.good() if key.expires_at is None or now < key.expires_at]

    def rotate_presign_key(self, *, revoke: bool) -> None:
        """See ``SupportsPresignKeys``. Other processes notice when they next sign or check."""
        self._keys.rotate(revoke=revoke)

    def _place(self, bucket: str) -> Place:
        return Place(self._public_endpoint, _path_of(bucket), _REGION)


@lru_cache(maxsize=256)
def _path_of(bucket: str) -> str:
    return f"/{encode_path(bucket)}"

"""What web clients need of a store, for ``facade_support``: everything that is asked is kept, and given back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from data_store.object_store.capabilities import SupportsCors, SupportsPresign, SupportsPresignKeys
from data_store.object_store.models import (
    CorsRule,
    PresignedClaims,
    PresignedPost,
    PresignedUpload,
    PresignGetOptions,
    PresignPostOptions,
    PresignPutOptions,
)
from data_store.object_store.signing.sigv4 import Credentials

__all__ = ["EXPIRES", "WebOperations"]

EXPIRES = datetime(2030, 1, 1, tzinfo=UTC)


class WebOperations(SupportsPresign, SupportsPresignKeys, SupportsCors):
    """Signs nothing: a URL tells the bucket and the key."""

    asked: list[tuple[Any, ...]]
    calls: list[str]
    kept: dict[str, Any]

    def presign_get(self, bucket: str, key: str, options: PresignGetOptions) -> str:
        """See ``SupportsPresign``."""
        self.asked.append(("presign_get", bucket, key, options))
        return f"http://store/{bucket}/{key}"

    def presign_put(self, bucket: str, key: str, options: PresignPutOptions) -> PresignedUpload:
        """See ``SupportsPresign``."""
        self.asked.append(("presign_put", bucket, key, options))
        return PresignedUpload(f"http://store/{bucket}/{key}", "PUT", {}, EXPIRES)

    def presign_parts(
        self, bucket: str, key: str, upload_id: str, sizes: Sequence[int], expires: int
    ) -> list[PresignedUpload]:
        """See ``SupportsPresign``."""
        self.asked.append(("presign_parts", bucket, key, upload_id, list(sizes), expires))
        numbers = range(1, len(sizes) + 1)
        return [PresignedUpload(f"http://store/{bucket}/{key}?partNumber={n}", "PUT", {}, EXPIRES) for n in numbers]

    def presign_post(self, bucket: str, key: str, options: PresignPostOptions) -> PresignedPost:
        """See ``SupportsPresign``."""
        self.asked.append(("presign_post", bucket, key, options))
        return PresignedPost(f"http://store/{bucket}", {"key": key}, EXPIRES)

    def verify_presigned(self, url: str, method: str | None, headers: Mapping[str, str]) -> PresignedClaims:
        """See ``SupportsPresign``."""
        self.asked.append(("verify_presigned", url, method, dict(headers)))
        bucket, _, key = url.removeprefix("http://store/").partition("/")
        return PresignedClaims(bucket, key, EXPIRES, False)

    def presign_keys(self) -> Sequence[Credentials]:
        """See ``SupportsPresignKeys``."""
        return [Credentials("id", "secret")]

    def rotate_presign_key(self, *, revoke: bool) -> None:
        """See ``SupportsPresignKeys``."""
        self.asked.append(("rotate_presign_key", revoke))

    def get_cors(self, bucket: str) -> list[CorsRule]:
        """See ``SupportsCors``."""
        self.calls.append("get_cors")
        return list(self.kept.get("cors", []))

    def set_cors(self, bucket: str, rules: Sequence[CorsRule]) -> None:
        """See ``SupportsCors``."""
        self.kept["cors"] = rules

    def delete_cors(self, bucket: str) -> None:
        """See ``SupportsCors``."""
        self.kept.pop("cors", None)

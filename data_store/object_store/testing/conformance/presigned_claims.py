"""What a presigned URL says of itself, for logs and tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest

from data_store.object_store.capabilities import SupportsMultipart, SupportsPresign, SupportsPresignKeys
from data_store.object_store.errors import AccessDenied, InvalidArgument, UnsupportedOperation
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.keys import KEYS
from data_store.object_store.testing.conformance.needs import needs

__all__ = ["VerifyingPresigned"]


class VerifyingPresigned(ConformanceGroup):
    """Claims of presigned URLs."""

    capability: ClassVar[type | None] = SupportsPresign

    @pytest.mark.parametrize("name", KEYS)
    def test_a_presigned_url_tells_its_key(self, served: ObjectStore, missing_bucket: str, name: str) -> None:
        """Bucket and key as they were given, whatever their letters; verified where the store's own keys signed it."""
        try:
            url = served.get_presigned_url(KEYS[name], missing_bucket)
        except UnsupportedOperation:
            if self.limits.refusal(KEYS[name]):
                return
            raise
        claims = served.verify_presigned(url)
        assert (claims.bucket, claims.key, claims.expired) == (missing_bucket, KEYS[name], False)
        assert claims.verified is isinstance(served.client, SupportsPresignKeys)

    def test_a_presigned_url_tells_what_it_overrides(self, served: ObjectStore, missing_bucket: str) -> None:
        """By the names of the parameters, with their values; and the version."""
        url = served.get_presigned_url(
            "key", missing_bucket, 60, response_content_type="text/x; a=b", download_name="a b.txt"
        )
        claims = served.verify_presigned(url, method="GET")
        assert claims.overrides == {
            "response-content-type": "text/x; a=b",
            "response-content-disposition": 'attachment; filename="a b.txt"',
        }
        assert claims.method in {"GET", None}
        assert (claims.version, claims.upload_id, claims.part_number, claims.bound_headers) == (None, None, None, ())
        assert timedelta(0) < claims.expires_at - datetime.now(UTC) <= timedelta(seconds=60)

    def test_a_presigned_upload_tells_what_it_binds(self, served: ObjectStore, missing_bucket: str) -> None:
        """The names of the headers, in lower case and sorted, without the host; no values."""
        upload = served.presign_upload(
            "key", missing_bucket, content_type="image/png", content_length=7, metadata={"b": "1", "a": "2"}
        )
        headers = {**upload.headers, "Content-Length": "7"}
        claims = served.verify_presigned(upload.url, method="PUT", headers=headers)
        assert claims.bound_headers == ("content-length", "content-type", "x-amz-meta-a", "x-amz-meta-b")
        assert claims.overrides == {}

    @needs(SupportsMultipart)
    def test_a_presigned_part_tells_its_upload(self, served: ObjectStore, bucket: str) -> None:
        """Upload and number."""
        upload = served.presign_multipart("key", 10, bucket=bucket)
        claims = served.verify_presigned(upload.parts[0].url, headers={"Content-Length": "10"})
        assert (claims.upload_id, claims.part_number) == (upload.upload_id, 1)

    def test_what_is_no_presigned_url_has_no_claims(self, served: ObjectStore, missing_bucket: str) -> None:
        """InvalidArgument for other endpoints and for what is not signed, without showing what was given."""
        url = served.get_presigned_url("key", missing_bucket)
        signature = parse_qs(urlsplit(url).query)["X-Amz-Signature"][0]
        for wrong in (
            "",
            "key",
            url.partition("?")[0],
            url.replace(urlsplit(url).netloc, "files.example.com"),
            f"file://{url}",
            url.replace("X-Amz-Date", "X-Amz-Day"),
            url.replace("X-Amz-Signature", "X-Amz-Signed"),
        ):
            with pytest.raises(InvalidArgument) as caught:
                served.verify_presigned(wrong)
            assert signature not in f"{caught.value!r} {caught.value}"

    def test_an_altered_presigned_url_is_no_better_for_being_read(
        self, served: ObjectStore, missing_bucket: str
    ) -> None:
        """Where the store's own keys sign, verifying is the check; elsewhere the claims say that nobody checked."""
        url = served.get_presigned_url("key", missing_bucket)
        signature = parse_qs(urlsplit(url).query)["X-Amz-Signature"][0]
        for altered in (url.replace(signature, "0" * 64), url.replace("/key?", "/yek?")):
            if not isinstance(served.client, SupportsPresignKeys):
                assert served.verify_presigned(altered).verified is False
                continue
            with pytest.raises(AccessDenied) as caught:
                served.verify_presigned(altered)
            assert signature not in f"{caught.value!r} {caught.value}"
        if isinstance(served.client, SupportsPresignKeys):
            with pytest.raises(AccessDenied):
                served.verify_presigned(url, method="PUT")

"""Presigned requests of framework ``boto3``: botocore's own, always SigV4, for the endpoint that clients reach.

What botocore presigns binds whatever its parameters put into headers. It has none for the digest of a body that is
signed for the body itself, and signs the path as it stands in the endpoint: see below.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore import handlers

from data_store.object_store.adapters.boto3_parameters import Parameters, given
from data_store.object_store.adapters.s3.presigning import PAYLOAD_HASH
from data_store.object_store.adapters.s3.public_endpoint import PublicEndpoint
from data_store.object_store.models import (
    PresignedPost,
    PresignedUpload,
    PresignGetOptions,
    PresignPostOptions,
)
from data_store.object_store.signing import sigv4
from data_store.object_store.signing.presigner import Presigner

if TYPE_CHECKING:
    from botocore.awsrequest import AWSRequest
    from mypy_boto3_s3 import S3Client

__all__ = ["Boto3Signer", "prepare_to_sign"]

_PARAMETER = "DataStorePayloadHash"  # ours, gone before botocore looks at the parameters
_LENGTH = "Content-Length"
_SIGNED_AT = "X-Amz-Date="


class Boto3Signer:
    """Signs with botocore; see ``RequestSigner``.

    Args:
        client: gives the boto3 client for the public endpoint in a region.
        public: the public endpoint.
        credentials: gives the current credentials.
        parameters: what boto3 calls headers.
    """

    def __init__(
        self,
        client: Callable[[str], S3Client],
        public: PublicEndpoint,
        credentials: Callable[[], sigv4.Credentials],
        parameters: Parameters,
    ) -> None:
        self._client = client
        self._public = public
        self._credentials = credentials
        self._parameters = parameters
        self._forms = Presigner(public.locate, credentials)

    def get(self, bucket: str, key: str, options: PresignGetOptions) -> str:
        """GetObject, and HeadObject by its method alone: older botocore has no parameters for its overrides."""
        overrides = given(
            VersionId=options.version,
            ResponseContentType=options.response_content_type,
            ResponseContentDisposition=options.response_content_disposition,
            ResponseCacheControl=options.response_cache_control,
            ResponseExpires=options.response_expires,
        )
        return self._url("get_object", bucket, key, overrides, options.expires, options.method)

    def upload(self, bucket: str, key: str, headers: Mapping[str, str], expires: int) -> PresignedUpload:
        """PutObject."""
        bound = {name: value for name, value in headers.items() if name not in (_LENGTH, PAYLOAD_HASH)}
        parameters = self._parameters.of("PutObject", bound)
        if _LENGTH in headers:
            parameters["ContentLength"] = int(headers[_LENGTH])
        if PAYLOAD_HASH in headers:
            parameters[_PARAMETER] = headers[PAYLOAD_HASH]
        end = self._credentials().expires_at
        url = self._url("put_object", bucket, key, parameters, expires)
        to_send = {name: value for name, value in headers.items() if name != _LENGTH}
        return PresignedUpload(url, "PUT", to_send, _expires_at(url, expires, end))

    def parts(self, bucket: str, key: str, upload_id: str, sizes: Sequence[int], expires: int) -> list[PresignedUpload]:
        """UploadPart."""
        end = self._credentials().expires_at
        parts = []
        for number, size in enumerate(sizes, 1):
            parameters = {"UploadId": upload_id, "PartNumber": number, "ContentLength": size}
            url = self._url("upload_part", bucket, key, parameters, expires)
            parts.append(PresignedUpload(url, "PUT", {}, _expires_at(url, expires, end)))
        return parts

    def post(self, bucket: str, key: str, options: PresignPostOptions) -> PresignedPost:
        """POST Object, signed by the S3 core: botocore writes policies in ASCII, and Ceph reads no emoji from that."""
        return self._forms.post(bucket, key, options)

    def _signing(self, bucket: str) -> S3Client:
        return self._client(self._public.region(bucket))

    def _url(
        self, operation: str, bucket: str, key: str, parameters: Mapping[str, Any], expires: int, method: str = "PUT"
    ) -> str:
        url = self._signing(bucket).generate_presigned_url(
            operation, Params={"Bucket": bucket, "Key": key, **parameters}, ExpiresIn=expires, HttpMethod=method
        )
        return self._with_prefix(url)

    def _with_prefix(self, url: str) -> str:
        """Put the prefix in after signing: a proxy takes it away, and the server sees the path without it."""
        if not self._public.prefix:
            return url
        path = url.index("/", url.index("://") + 3)
        return url[:path] + self._public.prefix + url[path:]


def prepare_to_sign(client: S3Client) -> None:
    """Let a client sign PutObject for the digest of its body, which botocore presigns as unknown.

    And leave out what it does about bodies, for which there are none: it costs time.
    """
    events = client.meta.events
    events.register("before-parameter-build.s3.PutObject", _take_payload_hash)
    events.register("before-sign.s3.PutObject", _bind_payload_hash)
    for operation in ("PutObject", "UploadPart"):
        events.unregister(f"before-parameter-build.s3.{operation}", handlers.sse_md5)
        events.unregister(f"before-parameter-build.s3.{operation}", handlers.convert_body_to_file_like_object)


def _take_payload_hash(params: dict[str, Any], context: dict[str, Any], **_event: object) -> None:
    if _PARAMETER in params:
        context[_PARAMETER] = params.pop(_PARAMETER)


def _bind_payload_hash(request: AWSRequest, **_event: object) -> None:
    digest = request.context.get(_PARAMETER)
    if digest is not None:
        request.headers[PAYLOAD_HASH] = digest


def _expires_at(url: str, expires: int, credentials_end: datetime | None) -> datetime:
    at = url.rindex(_SIGNED_AT) + len(_SIGNED_AT)  # in a value its "=" would be encoded
    end = datetime.fromisoformat(url[at : at + len("20260131T235959Z")]) + timedelta(seconds=expires)
    return end if credentials_end is None else min(end, credentials_end)

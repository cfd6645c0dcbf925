"""The ``minio`` framework: minio-py for credentials, regions and buckets, our S3 core for everything else.

minio-py has no public call for a conditional PUT, one page of a listing or the steps of a multipart upload, and below
it urllib3 folds ``a/../b`` into ``b``: so objects go through ``adapters.s3``, over the same connections and with the
credentials of the same provider. So do subresources: one reading of them for both frameworks.
"""

from __future__ import annotations

import configparser
from datetime import UTC
from xml.etree.ElementTree import ParseError

from minio import Minio
from minio.credentials.credentials import Credentials
from minio.credentials.providers import (
    AWSConfigProvider,
    ChainedProvider,
    EnvAWSProvider,
    EnvMinioProvider,
    IamAwsProvider,
    Provider,
    StaticProvider,
)
from minio.error import InvalidResponseError, MinioAdminException, MinioException, S3Error
from minio.error import ServerError as MinioServerError
from urllib3 import PoolManager, Retry, Timeout
from urllib3.exceptions import HTTPError

from data_store.object_store.adapters.s3 import errors
from data_store.object_store.adapters.s3.answers import InvalidAnswer, invalid_answer
from data_store.object_store.adapters.s3.client import S3Client
from data_store.object_store.adapters.s3.driver_config import check_alone, objects_given
from data_store.object_store.adapters.s3.exchange import AnswerError
from data_store.object_store.adapters.s3.headers import check_credentials
from data_store.object_store.adapters.s3.transport import SdkPools
from data_store.object_store.configurations import ObjectStoreConfiguration, ObjectStoreConnectionConfiguration
from data_store.object_store.errors import (
    AccessDenied,
    ObjectStoreError,
    ServerError,
    UnsupportedOperation,
)
from data_store.object_store.models import (
    Bucket,
    BucketOptions,
)
from data_store.object_store.signing import sigv4

__all__ = ["MinioClient"]

_METADATA_SERVICE_SECONDS = 2.0
_EXCLUDED = ("access_key", "secret_key", "session_token", "profile", "anonymous")
_WHAT_TO_SET = (
    "Set connection.access_key and connection.secret_key, or the environment variables AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY (or MINIO_ACCESS_KEY and MINIO_SECRET_KEY)"
)


class MinioClient(S3Client):
    """An S3-compatible server, through minio-py and the S3 core.

    ``connection.driver_config`` takes ``credentials``: a provider of minio-py, which is asked before each request.
    """

    def __init__(self, config: ObjectStoreConfiguration) -> None:
        connection: ObjectStoreConnectionConfiguration = config.connection
        given = objects_given(connection, {"credentials": Provider})
        if given:
            check_alone(connection, "credentials", *_EXCLUDED)
        provider = None if connection.anonymous else _Credentials(given.get("credentials") or _provider(connection))
        super().__init__(config, provider.current if provider else None)
        self._minio = Minio(
            endpoint=connection.endpoint or "s3.amazonaws.com",
            secure=bool(connection.secure),
            region=connection.region,
            credentials=provider,
            http_client=SdkPools(self._transport),
        )
        if connection.addressing_style == "path":
            self._minio.disable_virtual_style_endpoint()  # type: ignore[no-untyped-call]  # minio-py's is not typed
        elif connection.addressing_style == "virtual":
            self._minio.enable_virtual_style_endpoint()  # type: ignore[no-untyped-call]  # minio-py's is not typed

    def create_bucket(self, bucket: str, options: BucketOptions) -> Bucket:
        """See ``ObjectStoreClient``."""
        self._minio.make_bucket(bucket_name=bucket, object_lock=options.object_lock)
        if options.object_lock:
            self._check_lock(bucket)
        return Bucket(bucket)

    def delete_bucket(self, bucket: str) -> None:
        """See ``ObjectStoreClient``."""
        self._minio.remove_bucket(bucket_name=bucket)

    def list_buckets(self) -> list[Bucket]:
        """See ``ObjectStoreClient``."""
        return [Bucket(found.name, found.creation_date) for found in self._minio.list_buckets()]

    def bucket_exists(self, bucket: str) -> bool:
        """See ``ObjectStoreClient``."""
        return self._minio.bucket_exists(bucket_name=bucket)

    def ping(self) -> None:
        """See ``ObjectStoreClient``."""
        self._api.ping()

    def close(self) -> None:
        """See ``ObjectStoreClient``."""
        self._transport.close()

    def classify(self, exc: Exception) -> ObjectStoreError | None:
        """See ``ObjectStoreClient``: exceptions of minio-py, of the core and of urllib3."""
        if isinstance(exc, AnswerError):
            return exc.translated
        if isinstance(exc, MinioException | MinioAdminException):
            return _minio_error(exc)
        if isinstance(exc, NoCredentials):
            return AccessDenied(str(exc))
        malformed = _says(exc, "XML element") or _says(exc, "does not match format")
        if malformed or isinstance(exc, InvalidAnswer | ParseError | UnicodeDecodeError):
            return invalid_answer(exc)
        if _says(exc, "bucket name"):
            return UnsupportedOperation(f"minio-py refuses it: {exc}")
        return errors.from_transport(exc)


class NoCredentials(Exception):  # noqa: N818  the condition's name
    """No provider has credentials."""


class _Credentials(Provider):
    """Another provider, whose failures are one exception, for minio-py and the core alike."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._checked: Credentials | None = None

    def retrieve(self) -> Credentials:
        """Return the current credentials, refreshed where they have expired.

        Raises:
            NoCredentials: there are none.
            AccessDenied: they cannot be sent.
        """
        try:
            found = self._provider.retrieve()
        except (ValueError, OSError, HTTPError, configparser.Error) as error:
            raise NoCredentials(f"no credentials were found: {error}. {_WHAT_TO_SET}") from error
        if found is not self._checked:
            check_credentials(found.access_key, found.session_token or "-")
            self._checked = found
        return found

    def current(self) -> sigv4.Credentials:
        """Return them as the core signs with them."""
        found = self.retrieve()
        end = getattr(found, "expiration", None) or getattr(found, "_expiration", None)  # once private
        expires_at = None if end is None else end.replace(tzinfo=UTC)
        return sigv4.Credentials(found.access_key, found.secret_key, found.session_token, expires_at)


def _provider(connection: ObjectStoreConnectionConfiguration) -> Provider:
    if connection.access_key is not None and connection.secret_key is not None:
        token = connection.session_token
        return StaticProvider(
            access_key=connection.access_key,
            secret_key=connection.secret_key.get_secret_value(),
            session_token=token.get_secret_value() if token else None,
        )
    if connection.profile is not None:
        return AWSConfigProvider(profile=connection.profile)
    return ChainedProvider(
        [EnvAWSProvider(), EnvMinioProvider(), AWSConfigProvider(), IamAwsProvider(http_client=_metadata_service())]
    )


def _metadata_service() -> PoolManager:
    """Return the connections to a machine's metadata service: never through a proxy, and soon given up."""
    return PoolManager(timeout=Timeout(_METADATA_SERVICE_SECONDS), retries=Retry(total=1))


def _says(exc: Exception, words: str) -> bool:
    """Return whether it is a plain ValueError with these words: all that minio-py's helpers raise."""
    return type(exc) is ValueError and words in str(exc)


def _minio_error(exc: Exception) -> ObjectStoreError:
    if isinstance(exc, S3Error):
        request_id = exc.response.headers.get("x-amz-request-id")  # exc.request_id is not public in all versions
        return errors.from_answer(exc.code, exc.response.status, exc.message or "", request_id)
    if isinstance(exc, MinioServerError):
        return errors.from_answer(None, exc.status_code, str(exc), None)
    if isinstance(exc, InvalidResponseError):
        _, (status, *_rest) = exc.__reduce__()  # type: ignore[no-untyped-call]  # the only public way to the status
        return errors.from_answer(None, status, "the answer is no XML", None)
    return ServerError(f"minio-py: {exc}")

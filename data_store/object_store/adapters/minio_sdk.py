"""minio-py, as far as framework ``minio`` needs it: buckets, where credentials come from, its exceptions.

Its import takes as long as that of everything else together, so ``minio_client`` imports this when it is needed.
"""

from __future__ import annotations

import configparser
from datetime import UTC

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
from data_store.object_store.adapters.s3.driver_config import check_alone, objects_given
from data_store.object_store.adapters.s3.headers import check_credentials
from data_store.object_store.adapters.s3.transport import SdkPools, Transport
from data_store.object_store.configurations import ObjectStoreConnectionConfiguration
from data_store.object_store.errors import AccessDenied, ConfigurationError, ObjectStoreError, ServerError
from data_store.object_store.signing import sigv4

__all__ = ["CheckedProvider", "error_of", "make_sdk", "provider_of"]

_METADATA_SERVICE_SECONDS = 2.0
_EXCLUDED = ("access_key", "secret_key", "session_token", "profile", "anonymous")
_WHAT_TO_SET = (
    "Set connection.access_key and connection.secret_key, or the environment variables AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY (or MINIO_ACCESS_KEY and MINIO_SECRET_KEY)"
)


class CheckedProvider(Provider):
    """Another provider, whose failures are ``AccessDenied``, for minio-py and the core alike.

    Args:
        provider: the other.
    """

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._checked: Credentials | None = None

    def retrieve(self) -> Credentials:
        """Return the current credentials, refreshed where they have expired.

        Raises:
            AccessDenied: there are none, or they cannot be sent.
        """
        try:
            found = self._provider.retrieve()
        except (ValueError, OSError, HTTPError, configparser.Error) as error:
            raise AccessDenied(f"no credentials were found: {error}. {_WHAT_TO_SET}") from error
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


def provider_of(connection: ObjectStoreConnectionConfiguration) -> CheckedProvider | None:
    """Return where the credentials come from; None: nothing is signed.

    Raises:
        ConfigurationError: ``connection.driver_config`` has what it cannot have.
    """
    given = objects_given(connection, {"credentials": Provider})
    if given:
        check_alone(connection, "credentials", *_EXCLUDED)
    return None if connection.anonymous else CheckedProvider(given.get("credentials") or _chosen(connection))


def make_sdk(
    connection: ObjectStoreConnectionConfiguration, provider: CheckedProvider | None, transport: Transport
) -> Minio:
    """Return a client of minio-py whose requests a transport carries.

    Raises:
        ConfigurationError: minio-py cannot use the endpoint or the region.
    """
    try:
        sdk = Minio(
            endpoint=connection.endpoint or "s3.amazonaws.com",
            secure=bool(connection.secure),
            region=connection.region,
            credentials=provider,
            http_client=SdkPools(transport),
        )
    except ValueError as error:
        raise ConfigurationError(f"connection: minio-py cannot use it: {error}") from error
    if connection.addressing_style == "path":
        sdk.disable_virtual_style_endpoint()  # type: ignore[no-untyped-call]  # minio-py's is not typed
    elif connection.addressing_style == "virtual":
        sdk.enable_virtual_style_endpoint()  # type: ignore[no-untyped-call]  # minio-py's is not typed
    return sdk


def error_of(exc: Exception) -> ObjectStoreError | None:
    """Return our error for an exception of minio-py; None for any other."""
    if isinstance(exc, S3Error):
        request_id = exc.response.headers.get("x-amz-request-id")  # exc.request_id is not public in all versions
        return errors.from_answer(exc.code, exc.response.status, exc.message or "", request_id)
    if isinstance(exc, MinioServerError):
        return errors.from_answer(None, exc.status_code, str(exc), None)
    if isinstance(exc, InvalidResponseError):
        _, (status, *_rest) = exc.__reduce__()  # type: ignore[no-untyped-call]  # the only public way to the status
        return errors.from_answer(None, status, "the answer is no XML", None)
    return ServerError(f"minio-py: {exc}") if isinstance(exc, MinioException | MinioAdminException) else None


def _chosen(connection: ObjectStoreConnectionConfiguration) -> Provider:
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

"""The ``minio`` framework: minio-py for credentials, regions and buckets, our S3 core for everything else.

minio-py has no public call for a conditional PUT, one page of a listing or the steps of a multipart upload, and below
it urllib3 folds ``a/../b`` into ``b``: so objects go through ``adapters.s3``, over the same connections and with the
credentials of the same provider. So do subresources: one reading of them for both frameworks. minio-py itself is
imported when it is needed: for buckets, for credentials that the configuration does not hold, and on AWS.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError

from data_store.object_store.adapters.s3 import errors
from data_store.object_store.adapters.s3.answers import InvalidAnswer, invalid_answer
from data_store.object_store.adapters.s3.client import S3Client
from data_store.object_store.adapters.s3.exchange import AnswerError
from data_store.object_store.adapters.s3.headers import check_credentials
from data_store.object_store.configurations import ObjectStoreConfiguration, ObjectStoreConnectionConfiguration
from data_store.object_store.errors import ObjectStoreError, UnsupportedOperation
from data_store.object_store.models import Bucket, BucketOptions
from data_store.object_store.registry import importing_sdk
from data_store.object_store.signing import sigv4

if TYPE_CHECKING:
    from minio import Minio

    from data_store.object_store.adapters.minio_sdk import CheckedProvider

__all__ = ["MinioClient"]

_FRAMEWORK = "minio"


class MinioClient(S3Client):
    """An S3-compatible server, through minio-py and the S3 core.

    ``connection.driver_config`` takes ``credentials``: a provider of minio-py, which is asked before each request.
    """

    def __init__(self, config: ObjectStoreConfiguration) -> None:
        connection: ObjectStoreConnectionConfiguration = config.connection
        self._provider = _found(connection) if _has_to_find(connection) else None
        super().__init__(config, self._provider.current if self._provider else _configured(connection))
        self._sdk: Minio | None = self._make_sdk() if self._is_aws else None  # it has rules for endpoints of AWS

    def create_bucket(self, bucket: str, options: BucketOptions) -> Bucket:
        """See ``ObjectStoreClient``."""
        self._minio().make_bucket(bucket_name=bucket, object_lock=options.object_lock)
        if options.object_lock:
            self._check_lock(bucket)
        return Bucket(bucket)

    def delete_bucket(self, bucket: str) -> None:
        """See ``ObjectStoreClient``."""
        self._minio().remove_bucket(bucket_name=bucket)

    def list_buckets(self) -> list[Bucket]:
        """See ``ObjectStoreClient``."""
        return [Bucket(found.name, found.creation_date) for found in self._minio().list_buckets()]

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
        if any(each.__module__ == "minio.error" for each in type(exc).__mro__):  # who raised it has imported it
            from data_store.object_store.adapters.minio_sdk import error_of

            return error_of(exc)
        malformed = _says(exc, "XML element") or _says(exc, "does not match format")
        if malformed or isinstance(exc, InvalidAnswer | ParseError | UnicodeDecodeError):
            return invalid_answer(exc)
        if _says(exc, "bucket name"):
            return UnsupportedOperation(f"minio-py refuses it: {exc}")
        return errors.from_transport(exc)

    def _minio(self) -> Minio:
        """Return the client of minio-py; it holds nothing that two of them could not share, so no lock is held."""
        if self._sdk is None:
            self._sdk = self._make_sdk()
        return self._sdk

    def _make_sdk(self) -> Minio:
        with importing_sdk(_FRAMEWORK):
            from data_store.object_store.adapters.minio_sdk import make_sdk

        connection: ObjectStoreConnectionConfiguration = self.config.connection
        return make_sdk(connection, self._provider or _found(connection), self._transport)


def _has_to_find(connection: ObjectStoreConnectionConfiguration) -> bool:
    """Return whether the credentials, if there are any, are not in the configuration."""
    return bool(connection.driver_config) or (connection.secret_key is None and not connection.anonymous)


def _found(connection: ObjectStoreConnectionConfiguration) -> CheckedProvider | None:
    """Return what minio-py has credentials from; None: nothing is signed."""
    with importing_sdk(_FRAMEWORK):
        from data_store.object_store.adapters.minio_sdk import provider_of

    return provider_of(connection)


def _configured(connection: ObjectStoreConnectionConfiguration) -> Callable[[], sigv4.Credentials] | None:
    """Return what gives the credentials of the configuration; None: nothing is signed."""
    if connection.access_key is None or connection.secret_key is None:
        return None
    credentials = sigv4.Credentials(
        connection.access_key,
        connection.secret_key.get_secret_value(),
        None if connection.session_token is None else connection.session_token.get_secret_value(),
    )

    @cache
    def current() -> sigv4.Credentials:
        check_credentials(credentials.access_key, credentials.session_token or "-")
        return credentials

    return current


def _says(exc: Exception, words: str) -> bool:
    """Return whether it is a plain ValueError with these words: all that minio-py's helpers raise."""
    return type(exc) is ValueError and words in str(exc)

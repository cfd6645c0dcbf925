"""Framework ``boto3``: AWS S3 and every S3-compatible server, through the public API of boto3.

boto3 carries objects and makes buckets. Subresources, and the listings of versions, uploads and parts, go through the
S3 core with boto3's credentials: botocore's parser takes a listing of versions apart, and boto3 has no call for a
stream of events or for removing one notification rule.
"""

from __future__ import annotations

from collections.abc import Callable

from botocore.exceptions import ClientError

from data_store.object_store.adapters import boto3_errors
from data_store.object_store.adapters.boto3_carrier import Boto3Carrier
from data_store.object_store.adapters.boto3_connection import Clients
from data_store.object_store.adapters.boto3_parameters import Parameters, given
from data_store.object_store.adapters.boto3_presigning import Boto3Signer
from data_store.object_store.adapters.boto3_results import buckets
from data_store.object_store.adapters.s3.client import S3Client
from data_store.object_store.adapters.s3.endpoint import DEFAULT_REGION, endpoint
from data_store.object_store.adapters.s3.errors import are_good_credentials
from data_store.object_store.adapters.s3.presigning import RequestSigner
from data_store.object_store.configurations import ObjectStoreConfiguration, ObjectStoreConnectionConfiguration
from data_store.object_store.errors import NotFound, ObjectStoreError
from data_store.object_store.models import Bucket, BucketOptions
from data_store.object_store.signing import sigv4

__all__ = ["Boto3Client"]


class Boto3Client(S3Client):
    """Talks to AWS S3, or to a compatible server, with boto3.

    Credentials come from the configuration, else from boto3's own chain. ``retry.max_attempts`` is botocore's
    ``total_max_attempts`` in its mode ``standard``: a client that meets many failures spends botocore's quota of
    retries, and then makes one attempt until requests succeed again. botocore chooses its own pauses (random, up to 20
    seconds): ``retry.initial_backoff`` and ``retry.max_backoff`` cannot be set there, and hold for what the S3 core
    sends. Environment variables and profiles that name endpoints or checksums have no effect.
    """

    def __init__(self, config: ObjectStoreConfiguration) -> None:
        connection: ObjectStoreConnectionConfiguration = config.connection
        super().__init__(config, None if connection.anonymous else self._credentials)
        self._endpoint = endpoint(connection)
        self._clients = Clients(connection, self._endpoint, config.retry, self._quirks.learn)
        self._client = self._clients.usual
        self._carrier = Boto3Carrier(self._clients)
        self._public.prefer_region(self._clients.session_region)

    def create_bucket(self, bucket: str, options: BucketOptions) -> Bucket:
        """Make a bucket; on AWS in the configured region."""
        region = self._client.meta.region_name
        constrained = self._endpoint.is_aws and region not in (DEFAULT_REGION, "aws-global")
        self._client.create_bucket(
            Bucket=bucket,
            **given(
                CreateBucketConfiguration={"LocationConstraint": region} if constrained else None,
                ObjectLockEnabledForBucket=options.object_lock or None,
            ),
        )
        if options.object_lock:
            self._check_lock(bucket)
        return Bucket(bucket)

    def delete_bucket(self, bucket: str) -> None:
        """Delete an empty bucket."""
        self._client.delete_bucket(Bucket=bucket)

    def bucket_exists(self, bucket: str) -> bool:
        """Ask with HeadBucket, which other people's buckets answer too."""
        try:
            self._client.head_bucket(Bucket=bucket)
        except ClientError as error:
            if isinstance(self.classify(error), NotFound):
                return False
            raise
        return True

    def list_buckets(self) -> list[Bucket]:
        """List the buckets of these credentials."""
        return buckets(self._client.list_buckets())

    def ping(self) -> None:
        """Ask for the list of buckets. Credentials that are good, but may not list, have been answered too."""
        try:
            self._client.list_buckets()
        except ClientError as error:
            answer = error.response
            server = answer["ResponseMetadata"]["HTTPHeaders"].get("server")
            if not are_good_credentials(answer["Error"].get("Code"), server):
                raise

    def close(self) -> None:
        """Close the connections."""
        self._clients.close()
        self._transport.close()

    def classify(self, exc: Exception) -> ObjectStoreError | None:
        """Return our error for an exception of botocore, of the S3 core or of urllib3."""
        return boto3_errors.classify(exc)

    def _request_signer(self, credentials: Callable[[], sigv4.Credentials]) -> RequestSigner:
        """Return what signs requests: botocore."""
        return Boto3Signer(
            lambda region: self._clients.signing(self._public, region),
            self._public,
            credentials,
            Parameters(self._client.meta.service_model),
        )

    def _credentials(self) -> sigv4.Credentials:
        return self._clients.credentials()

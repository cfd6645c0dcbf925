"""Framework ``boto3``: AWS S3 and every S3-compatible server, through the public API of boto3.

Objects, parts, listings and subresources go through the S3 core with boto3's credentials: botocore needs a millisecond
of CPU time for each request, its parser takes a listing of versions apart, and it has no call for a stream of events.
boto3 itself is asked for buckets, copies, DeleteObjects, the beginning and end of multipart uploads, and for URLs; for
a server with an endpoint its client is made then, unless the program gives a client or a session of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from data_store.object_store.adapters import boto3_errors
from data_store.object_store.adapters.boto3_carrier import Boto3Carrier
from data_store.object_store.adapters.boto3_connection import Clients
from data_store.object_store.adapters.boto3_driver import driver_of, served_by
from data_store.object_store.adapters.boto3_exchange import Boto3Exchange
from data_store.object_store.adapters.boto3_parameters import Parameters, given
from data_store.object_store.adapters.boto3_presigning import Boto3Signer
from data_store.object_store.adapters.boto3_results import buckets
from data_store.object_store.adapters.boto3_transport import EventTransport
from data_store.object_store.adapters.s3.client import S3Client
from data_store.object_store.adapters.s3.endpoint import DEFAULT_REGION, endpoint
from data_store.object_store.adapters.s3.errors import are_good_credentials
from data_store.object_store.adapters.s3.exchange import Exchange
from data_store.object_store.adapters.s3.presigning import RequestSigner
from data_store.object_store.adapters.s3.transport import Transport
from data_store.object_store.configurations import ObjectStoreConfiguration, ObjectStoreConnectionConfiguration
from data_store.object_store.errors import ObjectStoreError
from data_store.object_store.models import Bucket, BucketOptions
from data_store.object_store.signing import sigv4

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client as SdkClient

__all__ = ["Boto3Client"]


class Boto3Client(S3Client):
    """Talks to AWS S3, or to a compatible server, with boto3.

    Credentials come from the configuration, else from boto3's own chain; ``connection.driver_config`` takes a client, a
    session or a ``Config`` of the program's own. Environment variables and profiles that name URLs of endpoints, or
    checksums, have no effect; those that choose another endpoint of AWS (dual-stack, FIPS, an ARN's region) have.

    What the S3 core sends is repeated with the pauses of ``retry``. For what botocore sends, ``retry.max_attempts`` is
    its ``total_max_attempts`` in its mode ``standard``: the pauses are its own (random, up to 20 seconds), and a client
    that meets many failures spends its quota of retries, and then makes one attempt until requests succeed again.
    """

    def __init__(self, config: ObjectStoreConfiguration) -> None:
        connection: ObjectStoreConnectionConfiguration = config.connection
        self._driver = driver_of(connection)
        if self._driver.client is not None:
            connection = served_by(self._driver.client, connection)
            config = config.model_copy(update={"connection": connection})
        self._endpoint = endpoint(connection)
        self._clients = Clients(connection, self._driver, config.retry, lambda server: self._quirks.learn(server))
        super().__init__(config, None if connection.anonymous else self._clients.credentials)
        self._carrier = Boto3Carrier(self._exchange, lambda: self._clients.usual)
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

    @property
    def _client(self) -> SdkClient:
        return self._clients.usual

    def _make_transport(self) -> Transport:
        """Return what tells the handlers of botocore's event before-send of each request."""
        return EventTransport(self.config.connection, self.config.retry, self._clients.events)

    def _make_exchange(self) -> Exchange:
        """Return what has botocore sign what it alone can sign."""
        return Boto3Exchange(
            self._clients.where,
            None if self._driver.signs else self._signer,
            self._transport,
            self._quirks.learn,
            self._protection,
            places=self._clients.places,
            botocore_signs=self._driver.signs,
        )

    def _request_signer(self, credentials: Callable[[], sigv4.Credentials]) -> RequestSigner:
        """Return what signs requests: botocore; the core for a client of the program's, which may sign with SigV2."""
        if self._driver.client is not None:
            return super()._request_signer(credentials)
        return Boto3Signer(
            lambda region: self._clients.signing(self._public, region),
            self._public,
            credentials,
            Parameters(lambda: self._client.meta.service_model),
        )

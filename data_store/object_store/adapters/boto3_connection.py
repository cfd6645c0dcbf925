"""boto3 clients that do what the configuration says."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from json import JSONDecodeError
from typing import TYPE_CHECKING, Any, TypeVar

from botocore import UNSIGNED
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials, ReadOnlyCredentials, RefreshableCredentials
from botocore.exceptions import BotoCoreError, NoCredentialsError
from botocore.handlers import validate_bucket_name
from botocore.utils import is_valid_endpoint_url, is_valid_ipv6_endpoint_url, validate_region_name

from data_store.object_store.adapters.boto3_driver import Driver
from data_store.object_store.adapters.boto3_headers import check_signed
from data_store.object_store.adapters.boto3_places import PlacedEndpoint, Places
from data_store.object_store.adapters.boto3_presigning import prepare_to_sign
from data_store.object_store.adapters.boto3_session import BotocoreSession, drop_request
from data_store.object_store.adapters.s3.endpoint import DEFAULT_REGION, Endpoint, endpoint
from data_store.object_store.adapters.s3.headers import check_credentials
from data_store.object_store.adapters.s3.public_endpoint import PublicEndpoint
from data_store.object_store.adapters.s3.quirks import identify
from data_store.object_store.adapters.s3.route import tls_context
from data_store.object_store.configurations import ObjectStoreConnectionConfiguration, RetryConfiguration
from data_store.object_store.errors import AccessDenied, ConfigurationError
from data_store.object_store.models.presigned import MAX_EXPIRES
from data_store.object_store.signing import sigv4

if TYPE_CHECKING:
    from botocore.hooks import BaseEventHooks
    from mypy_boto3_s3 import S3Client

__all__ = ["Clients"]

_Made = TypeVar("_Made")

_REDIRECTS = frozenset({301, 302, 307})


class Clients:
    """The boto3 clients of one store: one that sends, and one for each region that URLs are signed for.

    All share one session, and so its credentials and their refresh; boto3's own chain finds what the configuration
    leaves open. Used by many threads at once.

    Args:
        connection: the server and how to reach it.
        driver: the program's own objects.
        retry: how many attempts a request has.
        on_answer: called with the server that each answer identifies (``quirks.identify``).

    Attributes:
        places: what botocore is asked where buckets stand; None: the S3 core knows, for the server has one host.
        where: the server, with its buckets.
        session_region: the region of boto3's own chain: of the environment, or of the profile.

    Raises:
        ConfigurationError: boto3 or TLS cannot use it.
    """

    def __init__(
        self,
        connection: ObjectStoreConnectionConfiguration,
        driver: Driver,
        retry: RetryConfiguration,
        on_answer: Callable[[str | None], object],
    ) -> None:
        self._connection = connection
        self._driver = driver
        self._retry = retry
        self._on_answer = on_answer
        self._lock = threading.RLock()  # a signal handler may close what its thread is making
        self._usual = driver.client
        self._server = endpoint(connection)
        self._session = driver.session or _checked(partial(BotocoreSession, connection))
        self.session_region = _checked(lambda: self._session.region_name)
        default = None if connection.endpoint is None else DEFAULT_REGION
        self._region = self._server.region or self.session_region or default
        _checked(self._prepare)
        is_asked = connection.endpoint is None or driver.signs
        self.places = Places(self.usual) if is_asked else None
        self.where = self._where()
        self._signing: dict[str, S3Client] = {}
        self._ends: tuple[str | None, datetime | None] = None, None

    def credentials(self) -> sigv4.Credentials:
        """Return the current credentials, refreshed where they have expired.

        Raises:
            NoCredentialsError: boto3's chain finds none.
            AccessDenied: they cannot be read, or not be sent.
        """
        found = None if self._driver.client else self._session.get_credentials()
        if self._driver.client and self.places:
            now = self.places.of(None, None).credentials()
        else:
            now = None if found is None else _frozen(found)
        if now is None or now.access_key is None or now.secret_key is None:
            raise NoCredentialsError
        check_credentials(now.access_key, now.token or "-")
        return sigv4.Credentials(now.access_key, now.secret_key, now.token, self._end_of(found, now.token))

    @property
    def usual(self) -> S3Client:
        """The client that sends; made when it is needed, which takes some 80 ms.

        Raises:
            ConfigurationError: boto3 cannot make it.
        """
        return self._usual or self._make_once()

    @property
    def events(self) -> BaseEventHooks:
        """The events whose handlers take part in what the S3 core sends."""
        return self._session.events if self.places is None else self.usual.meta.events

    def signing(self, public: PublicEndpoint, region: str) -> S3Client:
        """Return the client that signs requests for the public endpoint in a region; it sends none."""
        with self._lock:
            if region not in self._signing:
                self._signing[region] = _checked(partial(self._make_signing, public, region))
            return self._signing[region]

    def close(self) -> None:
        """Close the connections, but not those of a client that is the program's own."""
        if self.places is not None:
            self.places.close()
        with self._lock:
            for client in self._signing.values():
                client.close()
            if self._usual is not None and self._driver.client is None:
                self._usual.close()

    def _where(self) -> Endpoint:
        """Return the server with the region that is known, its buckets where botocore says."""
        if self.places is None:
            # A Config may name the region, too, and botocore has other names for regions with FIPS endpoints.
            is_botocores = self._driver.config is not None or "fips" in (self._region or "")
            region = self.usual.meta.region_name if is_botocores else self._region
            return replace(self._server, region=region)
        server, of_client = self._server, self.usual.meta.region_name
        known = None if of_client == "aws-global" else of_client
        return PlacedEndpoint(server.scheme, server.authority, server.is_aws, server.style, known, self.places)

    def _prepare(self) -> None:
        """Find what cannot be used, before anything is sent: certificates, an endpoint, a region, credentials."""
        _check_certificates(self._connection)
        url = self._connection.endpoint_url
        if url is not None and not (is_valid_endpoint_url(url) or is_valid_ipv6_endpoint_url(url)):
            raise ValueError(f"botocore cannot use the endpoint {self._connection.endpoint}")
        if self._region is not None:
            validate_region_name(self._region)
            if not self._region.isprintable():  # the "$" of botocore's rule lets a line end pass
                raise ValueError("the region must not end with a line end")
        if isinstance(self._session, BotocoreSession) and not self._connection.anonymous and not self._driver.client:
            self._session.find_credentials(self._region)

    def _make_once(self) -> S3Client:
        with self._lock:
            if self._usual is None:
                self._usual = _checked(self._make)
            return self._usual

    def _make(self) -> S3Client:
        client: S3Client = self._session.client(
            "s3",
            endpoint_url=self._connection.endpoint_url,
            region_name=self._region,
            verify=None if self._connection.ca_bundle is None else str(self._connection.ca_bundle),
            config=_config(self._connection, self._driver.config, self._retry.max_attempts),
        )
        _register(client, self._on_answer)
        if not self._server.is_aws:
            client.meta.events.register_first("needs-retry.s3", _follow_no_redirect)
        return client

    def _make_signing(self, public: PublicEndpoint, region: str) -> S3Client:
        """Say where the bucket stands, and which host: else botocore presigns for the one host of all regions of AWS.

        That (``s3.amazonaws.com``) redirects requests about buckets that are new, or elsewhere.
        """
        config = _config(self._connection, self._driver.config, 1).merge(
            Config(
                signature_version="s3v4",
                s3={"addressing_style": public.style, "us_east_1_regional_endpoint": "regional"},
                parameter_validation=False,
            )
        )
        client: S3Client = self._session.client(
            "s3", endpoint_url=public.origin(region), region_name=region, config=config
        )
        client.meta.events.unregister("before-parameter-build.s3", validate_bucket_name)
        prepare_to_sign(client)
        return client

    def _end_of(self, found: Credentials | None, token: str | None) -> datetime | None:
        """Return when temporary credentials end; found out once for each token."""
        if not isinstance(found, RefreshableCredentials):
            return None
        ends = self._ends  # another thread may replace it at any time
        if ends[0] != token:
            ends = self._ends = token, _end(found)
        return ends[1]


def _checked(make: Callable[[], _Made]) -> _Made:
    """Return what is made from the configuration.

    Raises:
        ConfigurationError: boto3 or TLS cannot use it.
    """
    wrong: Exception
    try:
        return make()
    except JSONDecodeError as error:
        wrong = ValueError(f"what should be JSON is none: {error}")  # it holds all of the text, with its secrets
    except (BotoCoreError, ValueError, OSError) as error:
        wrong = error
    except (AttributeError, KeyError, TypeError) as error:  # all that botocore says of files with other contents
        wrong = ValueError(f"botocore cannot read a file or an answer that it is set by: {error!r}")
    raise ConfigurationError(f"connection: {wrong}") from wrong


def _check_certificates(connection: ObjectStoreConnectionConfiguration) -> None:
    """Load the files once: botocore would do so on the first request, and call it a failed connection."""
    if connection.ca_bundle is None and connection.client_cert is None:
        return
    tls_context(connection)


def _config(connection: ObjectStoreConnectionConfiguration, more: Config | None, attempts: int) -> Config:
    """Say what no environment variable, profile or ``more`` may change: endpoints, checksums, attempts, timeouts."""
    theirs: Any = more or Config()
    ours: dict[str, Any] = {
        "s3": {**(getattr(theirs, "s3", None) or {}), "addressing_style": connection.addressing_style},
        "request_checksum_calculation": "when_required",
        "response_checksum_validation": "when_required",
        "ignore_configured_endpoint_urls": True,
        "connect_timeout": connection.connect_timeout,
        "read_timeout": connection.read_timeout,
        "max_pool_connections": connection.max_connections,
        "retries": {"total_max_attempts": attempts, "mode": "standard"},
    }
    if connection.anonymous:
        ours["signature_version"] = UNSIGNED
    elif connection.endpoint is not None:  # AWS has buckets that want another: S3 Express, multi-region access points
        ours["signature_version"] = "s3v4"
    if connection.proxy is not None:
        ours["proxies"] = {"http": connection.proxy, "https": connection.proxy}
    if connection.client_cert is not None:
        ours["client_cert"] = str(connection.client_cert)
    merged: Config = theirs.merge(Config(**ours))
    return merged


def _frozen(found: Credentials) -> ReadOnlyCredentials:
    try:
        return found.get_frozen_credentials()
    except OSError as error:  # of a program that has them, or a file with a token
        raise AccessDenied(f"the credentials cannot be read: {error}") from error


def _end(found: RefreshableCredentials) -> datetime | None:
    """Return when credentials end, in whole seconds, by what botocore makes public: whether they end within a time."""
    if not found.refresh_needed(MAX_EXPIRES):
        return None
    now = datetime.now(UTC).replace(microsecond=0)
    left = bisect_left(range(MAX_EXPIRES), True, key=lambda seconds: found.refresh_needed(seconds + 1))
    return now + timedelta(seconds=left)


def _register(client: S3Client, on_answer: Callable[[str | None], object]) -> None:
    def learn(http_response: Any, **_event: object) -> None:
        on_answer(identify(http_response.headers))

    events = client.meta.events
    events.register("after-call.s3", learn)
    events.register("needs-retry.s3", drop_request)
    events.register_last("request-created.s3", _check_credentials)  # behind what signs
    # Names are the server's to judge: botocore's rule shuts out Ceph's tenants ("tenant:bucket").
    events.unregister("before-parameter-build.s3", validate_bucket_name)


def _check_credentials(request: AWSRequest, **_event: object) -> None:
    check_signed(dict(request.headers.items()))


def _follow_no_redirect(request_dict: dict[str, Any], response: Any, **_event: object) -> None:
    """Keep botocore from asking for the bucket's region after a redirect that names none.

    It would ask with HeadBucket; a web server that redirects everything redirects that too, and so on without end.
    """
    if response is None or response[0].status_code not in _REDIRECTS:
        return
    answer = response[1]
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    if "x-amz-bucket-region" not in headers and not answer.get("Error", {}).get("Region"):
        request_dict["context"].setdefault("s3_redirect", {})["redirected"] = True

"""boto3 clients that do what the configuration says."""

from __future__ import annotations

import ssl
import threading
from bisect import bisect_left
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from json import JSONDecodeError
from typing import TYPE_CHECKING, Any

import boto3.session
import botocore.session
from botocore import UNSIGNED
from botocore.config import Config
from botocore.credentials import Credentials, RefreshableCredentials
from botocore.exceptions import BotoCoreError, NoCredentialsError
from botocore.handlers import validate_bucket_name
from botocore.loaders import Loader, create_loader

from data_store.object_store.adapters.boto3_answers import AnswerParsers
from data_store.object_store.adapters.boto3_logging import mask_secrets
from data_store.object_store.adapters.boto3_presigning import prepare_to_sign
from data_store.object_store.adapters.boto3_results import note_lost_answer
from data_store.object_store.adapters.s3.control_characters import shelter
from data_store.object_store.adapters.s3.endpoint import DEFAULT_REGION, Endpoint
from data_store.object_store.adapters.s3.headers import check_credentials
from data_store.object_store.adapters.s3.public_endpoint import PublicEndpoint
from data_store.object_store.adapters.s3.quirks import identify
from data_store.object_store.configurations import ObjectStoreConnectionConfiguration, RetryConfiguration
from data_store.object_store.errors import ConfigurationError
from data_store.object_store.models.presigned import MAX_EXPIRES
from data_store.object_store.signing import sigv4

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["Clients"]

_REDIRECTS = frozenset({301, 302, 307})


class Clients:
    """The boto3 clients of one store: botocore sets the attempts of a client, not of a request, so one per number.

    All share one session, and so its credentials and their refresh; boto3's own chain finds what the configuration
    leaves open. Used by many threads at once.

    Args:
        connection: the server and how to reach it.
        where: the same server as an endpoint.
        retry: how many attempts a request has if nothing else is said.
        on_answer: called with the server that each answer identifies (``quirks.identify``).

    Raises:
        ConfigurationError: boto3 or TLS cannot use it.
    """

    def __init__(
        self,
        connection: ObjectStoreConnectionConfiguration,
        where: Endpoint,
        retry: RetryConfiguration,
        on_answer: Callable[[str | None], object],
    ) -> None:
        self._connection = connection
        self._where = where
        self._on_answer = on_answer
        self._lock = threading.Lock()
        wrong: Exception | None = None
        try:
            _check_certificates(connection)
            self._session = _session(connection)
            self.usual = self._make(retry.max_attempts)
        except JSONDecodeError as error:
            wrong = ValueError(f"what should be JSON is none: {error}")  # it holds all of the text, with its secrets
        except (BotoCoreError, ValueError) as error:
            wrong = error
        if wrong is not None:
            raise ConfigurationError(f"connection: {wrong}") from wrong
        self._made = {retry.max_attempts: self.usual}
        self._signing: dict[str, S3Client] = {}
        self._ends: tuple[str | None, datetime | None] = None, None

    def of(self, attempts: int | None) -> S3Client:
        """Return the client whose requests are sent so often at the most; the usual one for None."""
        if attempts is None:
            return self.usual
        with self._lock:  # a session makes one client at a time
            if attempts not in self._made:
                self._made[attempts] = self._make(attempts)
            return self._made[attempts]

    def credentials(self) -> sigv4.Credentials:
        """Return the current credentials, refreshed where they have expired, for requests that boto3 does not have.

        Raises:
            NoCredentialsError: boto3's chain finds none.
            AccessDenied: they cannot be sent.
        """
        found = self._session.get_credentials()
        now = None if found is None else found.get_frozen_credentials()
        if now is None or now.access_key is None or now.secret_key is None:
            raise NoCredentialsError
        check_credentials(now.access_key, now.token or "-")
        return sigv4.Credentials(now.access_key, now.secret_key, now.token, self._end_of(found, now.token))

    @property
    def session_region(self) -> str | None:
        """The region of boto3's own chain: of the environment, or of the profile."""
        return self._session.region_name

    def signing(self, public: PublicEndpoint, region: str) -> S3Client:
        """Return the client that signs requests for the public endpoint in a region; it sends none."""
        with self._lock:
            if region not in self._signing:
                self._signing[region] = self._make_signing(public, region)
            return self._signing[region]

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            for client in (*self._made.values(), *self._signing.values()):
                client.close()

    def _make(self, attempts: int) -> S3Client:
        default_region = None if self._connection.endpoint is None else DEFAULT_REGION
        client: S3Client = self._session.client(
            "s3",
            endpoint_url=self._connection.endpoint_url,
            region_name=self._where.region or self._session.region_name or default_region,
            verify=None if self._connection.ca_bundle is None else str(self._connection.ca_bundle),
            config=_config(self._connection, attempts),
        )
        _register(client, self._on_answer)
        if not self._where.is_aws:
            client.meta.events.register_first("needs-retry.s3", _follow_no_redirect)
        return client

    def _make_signing(self, public: PublicEndpoint, region: str) -> S3Client:
        """Say where the bucket stands, and which host: else botocore presigns for the one host of all regions of AWS.

        That (``s3.amazonaws.com``) redirects requests about buckets that are new, or elsewhere.
        """
        config = _config(self._connection, 1).merge(
            Config(
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


def _session(connection: ObjectStoreConnectionConfiguration) -> boto3.session.Session:
    mask_secrets()
    core = botocore.session.Session()
    core.register_component("response_parser_factory", AnswerParsers())
    core.register("needs-retry", _drop_request)
    core.register("needs-retry.s3", _note_lost_answer)
    session = boto3.session.Session(
        aws_access_key_id=connection.access_key,
        aws_secret_access_key=_revealed(connection.secret_key),
        aws_session_token=_revealed(connection.session_token),
        profile_name=connection.profile,
        botocore_session=core,
    )
    # Only now: boto3 adds a search path to the loader that it finds.
    core.register_component("data_loader", _loader(core.get_config_variable("data_path")))
    return session


@cache
def _loader(data_path: str | None) -> Loader:
    """Return what holds botocore's models of services, 12 MiB and 80 ms of parsing, once for all clients.

    The model of S3 is the one that botocore puts together from several files: that is done before threads share it.
    """
    loader = create_loader(data_path)
    loader.load_service_model("s3", "service-2", api_version=None)
    return loader


def _check_certificates(connection: ObjectStoreConnectionConfiguration) -> None:
    """Load the files once: botocore would do so on the first request, and call it a failed connection."""
    if connection.ca_bundle is None and connection.client_cert is None:
        return
    try:
        context = ssl.create_default_context(cafile=connection.ca_bundle)
        if connection.client_cert is not None:
            context.load_cert_chain(connection.client_cert)
    except OSError as error:
        raise ConfigurationError(f"connection.ca_bundle or connection.client_cert cannot be used: {error}") from error


def _config(connection: ObjectStoreConnectionConfiguration, attempts: int) -> Config:
    """Say what an environment variable or a profile must not change: endpoints, checksums, attempts, timeouts."""
    return Config(
        signature_version=UNSIGNED if connection.anonymous else "s3v4",
        s3={"addressing_style": connection.addressing_style},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        ignore_configured_endpoint_urls=True,  # type: ignore[call-arg]  # a real option that the stubs lack
        connect_timeout=connection.connect_timeout,
        read_timeout=connection.read_timeout,
        max_pool_connections=connection.max_connections,
        retries={"total_max_attempts": attempts, "mode": "standard"},
        proxies={"http": connection.proxy, "https": connection.proxy} if connection.proxy else None,
        client_cert=None if connection.client_cert is None else str(connection.client_cert),
    )


def _end(found: RefreshableCredentials) -> datetime | None:
    """Return when credentials end, in whole seconds, by what botocore makes public: whether they end within a time."""
    if not found.refresh_needed(MAX_EXPIRES):
        return None
    now = datetime.now(UTC).replace(microsecond=0)
    left = bisect_left(range(MAX_EXPIRES), True, key=lambda seconds: found.refresh_needed(seconds + 1))
    return now + timedelta(seconds=left)


def _revealed(secret: Any) -> str | None:
    return None if secret is None else secret.get_secret_value()


def _register(client: S3Client, on_answer: Callable[[str | None], object]) -> None:
    def learn(http_response: Any, **_event: object) -> None:
        on_answer(identify(http_response.headers))

    events = client.meta.events
    events.register("after-call.s3", learn)
    events.register("before-send.s3", _check_credentials)
    events.register("before-call.s3.GetObject", _ask_for_checksums)
    events.register("before-parse.s3.ListObjectsV2", _make_parseable)
    # Names are the server's to judge: botocore's rule shuts out Ceph's tenants ("tenant:bucket").
    events.unregister("before-parameter-build.s3", validate_bucket_name)


def _ask_for_checksums(params: dict[str, Any], **_event: object) -> None:
    """Ask for the checksums of a whole object; botocore's own parameter for it would digest each body here as well."""
    if "Range" not in params["headers"]:
        params["headers"]["x-amz-checksum-mode"] = "ENABLED"


def _check_credentials(request: Any, **_event: object) -> None:
    """Check what the chain found, refreshed perhaps, before ``http.client`` does, whose error would show it."""
    signed, token = (_text(request.headers.get(name)) for name in ("Authorization", "X-Amz-Security-Token"))
    credential = signed.partition(" Credential=")[2].rpartition(", SignedHeaders=")[0]
    check_credentials(credential or "-", token or "-")


def _text(header: bytes | str | None) -> str:
    """Return a header's value as text; botocore has made bytes of some."""
    return header.decode("latin-1") if isinstance(header, bytes) else header or ""


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


def _drop_request(**event: Any) -> None:
    """Take the request out of botocore's exception before anybody has it: headers hold keys of SSE-C and tokens.

    Of every service, so also of those that credentials come from.
    """
    caught = event["caught_exception"]
    if hasattr(caught, "request"):
        caught.request = None


def _note_lost_answer(**event: Any) -> None:
    response = event["response"]
    note_lost_answer(event["request_dict"], None if response is None else response[1])


def _make_parseable(response_dict: dict[str, Any], **_event: object) -> None:
    """Repair a listing that no parser takes, which botocore has by now declared a hidden error 500."""
    body = response_dict["body"]
    repaired = shelter(body)
    if repaired != body and b"<ListBucketResult" in body:
        response_dict.update(body=repaired, status_code=200)

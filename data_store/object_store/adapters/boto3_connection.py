"""A boto3 client that does what the configuration says."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import boto3.session
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from botocore.handlers import validate_bucket_name

from data_store.object_store.adapters.s3.control_characters import shelter
from data_store.object_store.adapters.s3.endpoint import DEFAULT_REGION, Endpoint
from data_store.object_store.configurations import ObjectStoreConnectionConfiguration, RetryConfiguration
from data_store.object_store.errors import ConfigurationError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["connect"]

_REDIRECTS = frozenset({301, 302, 307})


def connect(
    connection: ObjectStoreConnectionConfiguration,
    where: Endpoint,
    retry: RetryConfiguration,
    on_answer: Callable[[str | None], object],
) -> S3Client:
    """Return a client made from the configuration, with boto3's own chain for the credentials and region left open.

    Args:
        connection: the server and how to reach it.
        where: the same server as an endpoint.
        retry: how many attempts.
        on_answer: called with the ``Server`` header of each answer.

    Raises:
        ConfigurationError: boto3 or TLS cannot use it.
    """
    try:
        _check_certificates(connection)
        session = boto3.session.Session(
            aws_access_key_id=connection.access_key,
            aws_secret_access_key=_revealed(connection.secret_key),
            aws_session_token=_revealed(connection.session_token),
            profile_name=connection.profile,
        )
        default_region = None if connection.endpoint is None else DEFAULT_REGION
        client: S3Client = session.client(
            "s3",
            endpoint_url=connection.endpoint_url,
            region_name=where.region or session.region_name or default_region,
            verify=None if connection.ca_bundle is None else str(connection.ca_bundle),
            config=_config(connection, retry),
        )
    except (BotoCoreError, ValueError) as error:
        raise ConfigurationError(f"connection: {error}") from error
    _register(client, on_answer)
    if not where.is_aws:
        client.meta.events.register_first("needs-retry.s3", _follow_no_redirect)
    return client


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


def _config(connection: ObjectStoreConnectionConfiguration, retry: RetryConfiguration) -> Config:
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
        retries={"total_max_attempts": retry.max_attempts, "mode": "standard"},
        proxies={"http": connection.proxy, "https": connection.proxy} if connection.proxy else None,
        client_cert=None if connection.client_cert is None else str(connection.client_cert),
    )


def _revealed(secret: Any) -> str | None:
    return None if secret is None else secret.get_secret_value()


def _register(client: S3Client, on_answer: Callable[[str | None], object]) -> None:
    def learn(http_response: Any, **_event: object) -> None:
        on_answer(http_response.headers.get("Server"))

    events = client.meta.events
    events.register("after-call.s3", learn)
    events.register("before-parse.s3.ListObjectsV2", _make_parseable)
    # Names are the server's to judge: botocore's rule shuts out Ceph's tenants ("tenant:bucket").
    events.unregister("before-parameter-build.s3", validate_bucket_name)


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


def _make_parseable(response_dict: dict[str, Any], **_event: object) -> None:
    """Repair a listing that no parser takes, which botocore has by now declared a hidden error 500."""
    body = response_dict["body"]
    repaired = shelter(body)
    if repaired != body and b"<ListBucketResult" in body:
        response_dict.update(body=repaired, status_code=200)

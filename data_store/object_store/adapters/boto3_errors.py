"""The exceptions of botocore, and of the S3 core beside it, as our errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore import exceptions as botocore

from data_store.object_store.adapters.s3.answers import InvalidAnswer, invalid_answer
from data_store.object_store.adapters.s3.errors import from_answer, from_transport, said_in_headers
from data_store.object_store.adapters.s3.exchange import AnswerError
from data_store.object_store.errors import (
    AccessDenied,
    ConnectionFailed,
    IntegrityError,
    ObjectStoreError,
    TimedOut,
    UnsupportedOperation,
)

__all__ = ["answered", "classify"]

_NO_CREDENTIALS = (
    "no credentials: give connection.access_key and connection.secret_key, a connection.profile, "
    "or connection.anonymous=true, or let boto3 find them (environment, profile, web identity, instance role)"
)
_NEWER_THAN_1_36 = tuple(
    found for name in ("LoginError", "UnknownTokenProviderError") if (found := getattr(botocore, name, None))
)
# The first that fits decides. Where no words stand, botocore's own do: they hold no secret.
_KINDS: tuple[tuple[tuple[type[Exception], ...], type[ObjectStoreError], str | None], ...] = (
    ((botocore.NoCredentialsError,), AccessDenied, _NO_CREDENTIALS),
    (
        (
            botocore.PartialCredentialsError,
            botocore.CredentialRetrievalError,
            botocore.MetadataRetrievalError,
            botocore.NoAuthTokenError,
            botocore.TokenRetrievalError,
            botocore.UnknownCredentialError,
            botocore.RefreshWithMFAUnsupportedError,
            botocore.InvalidIMDSEndpointError,
            botocore.InvalidIMDSEndpointModeError,
            botocore.InfiniteLoopConfigError,
            botocore.InvalidConfigError,
            botocore.ConfigNotFound,
            botocore.ConfigParseError,
            botocore.ProfileNotFound,
            botocore.SSOError,
            *_NEWER_THAN_1_36,
        ),
        AccessDenied,
        None,
    ),
    ((botocore.ReadTimeoutError,), TimedOut, "no answer in time"),
    ((botocore.ConnectTimeoutError,), TimedOut, "no connection in time"),
    ((botocore.IncompleteReadError,), ConnectionFailed, "the connection ended before the whole answer had come"),
    ((botocore.UnseekableStreamError,), ConnectionFailed, "the connection broke, and the body cannot be sent again"),
    ((botocore.ProxyConnectionError,), ConnectionFailed, "no connection through the proxy"),
    ((botocore.SSLError,), ConnectionFailed, "TLS: no secure connection"),
    ((botocore.ConnectionError, botocore.HTTPClientError), ConnectionFailed, "the connection failed"),
    ((botocore.InvalidProxiesConfigError,), ConnectionFailed, "the proxy's TLS settings cannot be used"),
    (
        (
            botocore.BaseEndpointResolverError,
            botocore.EndpointProviderError,
            botocore.InvalidHostLabelError,
            botocore.UnknownRegionError,
        ),
        ConnectionFailed,
        None,
    ),
    ((botocore.ChecksumError, botocore.FlexibleChecksumError), IntegrityError, None),
    (
        (
            botocore.ValidationError,
            botocore.ParamValidationError,
            botocore.InvalidDNSNameError,
            botocore.InvalidS3AddressingStyleError,
            botocore.UnsupportedS3ArnError,
            botocore.UnsupportedS3AccesspointConfigurationError,
            botocore.UnsupportedS3ConfigurationError,
            botocore.UnsupportedSignatureVersionError,
            botocore.MissingDependencyException,
        ),
        UnsupportedOperation,
        None,
    ),
)


def classify(exc: Exception) -> ObjectStoreError | None:
    """Return the error for an exception of botocore or of the S3 core and its transport; None for any other."""
    if isinstance(exc, botocore.ClientError):
        return answered(exc.response)
    if isinstance(exc, AnswerError):
        return exc.translated
    if isinstance(exc, InvalidAnswer):
        return invalid_answer(exc)
    if not isinstance(exc, botocore.BotoCoreError):
        return from_transport(exc)
    return _from_cause(exc) or _from_kind(exc)


def answered(response: Mapping[str, Any]) -> ObjectStoreError:
    """Return the error for an error answer, as ``ClientError.response`` has it.

    Without a body, as after a HEAD, botocore makes the code from the status and the message from its name.
    """
    said, answer = response.get("Error", {}), response.get("ResponseMetadata", {})
    code, message = said.get("Code"), said.get("Message") or ""
    if code is None or code.isdigit():
        code, hint = said_in_headers(answer.get("HTTPHeaders", {}))
        message = hint or message
    return from_answer(code, answer.get("HTTPStatusCode"), message, answer.get("RequestId"))


def _from_cause(exc: botocore.BotoCoreError) -> ObjectStoreError | None:
    """Return what the transport's own exception says, which botocore's quotes together with URLs."""
    cause = exc.kwargs.get("error")
    return from_transport(cause) if isinstance(cause, Exception) else None


def _from_kind(exc: botocore.BotoCoreError) -> ObjectStoreError:
    for types, kind, reason in _KINDS:
        if isinstance(exc, types):
            return kind(reason or " ".join(str(exc).split()))
    return ObjectStoreError(f"{type(exc).__name__}: {exc}")

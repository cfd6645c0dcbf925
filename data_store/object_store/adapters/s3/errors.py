"""What a server or the transport says went wrong, as our errors: the one table for both SDKs."""

from __future__ import annotations

import errno
import http.client
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from http import HTTPStatus

import urllib3.exceptions as urllib3

from data_store.object_store.adapters.s3.connections import ConnectionsInUse
from data_store.object_store.errors import (
    AccessDenied,
    AlreadyExists,
    BucketNotEmpty,
    BucketNotFound,
    ConnectionFailed,
    InsufficientStorage,
    IntegrityError,
    InvalidPart,
    NotFound,
    NotModified,
    ObjectNotFound,
    ObjectStoreError,
    PreconditionFailed,
    RangeNotSatisfiable,
    ServerError,
    StoreClosed,
    Throttled,
    TimedOut,
    UnsupportedOperation,
    UploadNotFound,
    VersionNotFound,
)

__all__ = ["are_good_credentials", "from_answer", "from_transport", "is_not_implemented", "said_in_headers"]

_TELL_WRONG_CREDENTIALS = frozenset({"AmazonS3", "MinIO"})

# S3 API reference, "Error responses"; beyond it MinIO's cmd/api-errors.go (XMinio...) and Ceph's rgw_common.cc.
_CODES: dict[type[ObjectStoreError], tuple[str, ...]] = {
    BucketNotFound: ("InvalidBucketName", "NoSuchBucket"),
    ObjectNotFound: ("NoSuchKey",),
    VersionNotFound: ("NoSuchVersion",),
    UploadNotFound: ("NoSuchUpload",),
    AlreadyExists: ("BucketAlreadyExists", "BucketAlreadyOwnedByYou"),
    BucketNotEmpty: ("BucketNotEmpty",),
    PreconditionFailed: ("PreconditionFailed", "ConditionalRequestConflict"),
    NotModified: ("NotModified",),
    RangeNotSatisfiable: ("InvalidRange",),
    InvalidPart: ("EntityTooSmall", "InvalidPart", "InvalidPartOrder"),
    AccessDenied: (
        "AccessDenied",
        "AccessForbidden",
        "AccountProblem",
        "AllAccessDisabled",
        "AuthorizationHeaderMalformed",
        "AuthorizationParametersError",
        "AuthorizationQueryParametersError",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSecurity",
        "InvalidToken",
        "InvalidTokenId",
        "MissingSecurityHeader",
        "NotSignedUp",
        "RequestExpired",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "TokenRefreshRequired",
        "UnauthorizedAccess",
        "UserSuspended",
    ),
    Throttled: (
        "BandwidthLimitExceeded",
        "RequestLimitExceeded",
        "ServerBusy",
        "ServiceUnavailable",
        "SlowDown",
        "SlowDownRead",
        "SlowDownWrite",
        "Throttling",
        "ThrottlingException",
        "TooManyRequests",
        "TooManyRequestsException",
    ),
    TimedOut: ("RequestTimeout", "RequestTimeoutException"),
    IntegrityError: (
        "BadDigest",
        "ChecksumMismatch",
        "IncompleteBody",
        "InvalidChecksum",
        "InvalidDigest",
        "XAmzContentChecksumMismatch",
        "XAmzContentSHA256Mismatch",
        "XMinioObjectTampered",
    ),
    InsufficientStorage: (
        "InsufficientStorage",
        "InsufficientStorageSpace",
        "QuotaExceeded",
        "XMinioAdminBucketQuotaExceeded",
        "XMinioStorageFull",
    ),
    ServerError: ("InternalError", "InternalServerError"),
    ObjectStoreError: ("KMS.NotFoundException", "kms:KeyNotFound"),  # MinIO's has the status of a missing object
    UnsupportedOperation: (
        "DirectoryObjectContainsData",
        "ExistingObjectIsDirectory",
        "InvalidBucketState",
        "InvalidObjectState",
        "InvalidStorageClass",
        "InvalidTag",
        "KeyTooLong",
        "KeyTooLongError",
        "MalformedXML",
        "MetadataTooLarge",
        "MethodNotAllowed",
        "NotImplemented",
        "ObjectParentIsFile",
        "UnsupportedNotification",
        "UnsupportedOperation",
        "XMinioInvalidObjectName",
        "XMinioInvalidResourceName",
        "XMinioInvalidUTF",
        "XMinioObjectExistsAsDirectory",
        "XMinioParentIsObject",
    ),
}
# Codes that say too little; the server's words tell.
_BY_WORDS: tuple[tuple[str, re.Pattern[str], type[ObjectStoreError]], ...] = (
    ("InvalidRequest", re.compile("WORM protected"), AccessDenied),
    ("InvalidRequest", re.compile("object ?lock", re.IGNORECASE), UnsupportedOperation),
    ("InvalidRequest", re.compile("over a secure connection"), UnsupportedOperation),
    ("InvalidRequest", re.compile("Empty body|Source object is too small"), UnsupportedOperation),  # Garage, of parts
)
_BY_CODE = {code: kind for kind, codes in _CODES.items() for code in codes}

_BY_STATUS: dict[int, type[ObjectStoreError]] = {
    304: NotModified,
    401: AccessDenied,
    403: AccessDenied,
    404: NotFound,
    405: UnsupportedOperation,
    407: ConnectionFailed,
    408: TimedOut,
    412: PreconditionFailed,
    416: RangeNotSatisfiable,
    429: Throttled,
    501: UnsupportedOperation,
    503: Throttled,
    504: TimedOut,
    507: InsufficientStorage,
}

_UNREACHABLE = {
    errno.EADDRNOTAVAIL,
    errno.EHOSTDOWN,
    errno.EHOSTUNREACH,
    errno.ENETDOWN,
    errno.ENETRESET,
    errno.ENETUNREACH,
    errno.ENOTCONN,
}
_NOT_TLS = {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"}  # OpenSSL before and from 3.2 on, at an HTTP answer
_TRANSPORT = (
    ConnectionsInUse,
    urllib3.HTTPError,
    urllib3.LocationValueError,
    urllib3.ProxySchemeUnknown,
    urllib3.ProxySchemeUnsupported,
    http.client.HTTPException,
    ssl.SSLError,
    socket.gaierror,
    socket.herror,
    TimeoutError,
    ConnectionError,
)
# The first that fits any link of the chain decides. Our own words: the libraries' hold URLs, which may hold secrets.
_KINDS: tuple[tuple[tuple[type[Exception], ...], type[ObjectStoreError], str], ...] = (
    (
        (ConnectionsInUse,),
        ConnectionFailed,
        "all connections (connection.max_connections) are in use, by open bodies perhaps",
    ),
    ((urllib3.ClosedPoolError,), StoreClosed, "the connection pool was closed meanwhile"),
    ((ssl.SSLCertVerificationError,), ConnectionFailed, "TLS: the server's certificate was not accepted"),
    ((urllib3.ProxyError,), ConnectionFailed, "no connection through the proxy"),
    ((socket.gaierror, socket.herror), ConnectionFailed, "the host name cannot be resolved"),
    ((ConnectionRefusedError,), ConnectionFailed, "the connection was refused"),
    ((urllib3.NewConnectionError,), ConnectionFailed, "no connection"),  # urllib3 makes it a ConnectTimeoutError too
    ((urllib3.ConnectTimeoutError,), TimedOut, "no connection in time"),
    ((urllib3.TimeoutError, TimeoutError), TimedOut, "no answer in time"),
    ((urllib3.SSLError, ssl.SSLError), ConnectionFailed, "TLS: no secure connection"),
    ((urllib3.ResponseError,), ServerError, "the server kept answering with an error or a redirect"),
    (
        (urllib3.IncompleteRead, urllib3.InvalidChunkLength, http.client.IncompleteRead),
        ConnectionFailed,
        "the connection ended before the whole answer had come",
    ),
    ((ConnectionError, urllib3.ProtocolError, http.client.HTTPException), ConnectionFailed, "the connection broke"),
    (
        (urllib3.LocationValueError, urllib3.ProxySchemeUnknown, urllib3.ProxySchemeUnsupported),
        ConnectionFailed,
        "the address of the server or of the proxy cannot be used",
    ),
)


def from_answer(code: str | None, status: int | None, message: str, request_id: str | None) -> ObjectStoreError:
    """Return the error for an S3 error answer.

    Args:
        code: the code in the answer's body (``"NoSuchKey"``); None where it had none, as with every HEAD.
        status: the HTTP status.
        message: the server's own words; where it has none (Ceph), the code or the status stands for them.
        request_id: the server's id of the request.
    """
    kind = _by_words(code, message) or _BY_CODE.get(code or "") or _by_status(status)
    reason = message or code or _phrase(status)
    return kind(reason, code=code, status=status, request_id=request_id)


def is_not_implemented(error: ObjectStoreError) -> bool:
    """Return whether the server said that it does not know the operation, or an option of it."""
    return error.status == HTTPStatus.NOT_IMPLEMENTED or error.code == "NotImplemented"


def said_in_headers(headers: Mapping[str, str]) -> tuple[str | None, str]:
    """Return code and message of an error that has no body; MinIO puts those of a HEAD into headers.

    Args:
        headers: the answer's headers, names in lower case or case-insensitive.
    """
    return headers.get("x-minio-error-code"), headers.get("x-minio-error-desc", "").strip('"')


def from_transport(exc: BaseException) -> ObjectStoreError | None:
    """Return the error for an exception of urllib3, ``http.client``, ``ssl`` or ``socket``; None for any other.

    The reason never holds a URL: that of a proxy may hold a password, that of a request a signature.
    """
    chain = tuple(_chain(exc))
    if not _is_transport(exc):
        return None
    for types, kind, reason in _KINDS:
        if any(isinstance(link, types) for link in chain):
            return kind(_with_details(reason, chain))
    return ConnectionFailed(_with_details("the connection failed", chain))


def _by_words(code: str | None, message: str) -> type[ObjectStoreError] | None:
    return next((kind for known, words, kind in _BY_WORDS if code == known and words.search(message)), None)


def _by_status(status: int | None) -> type[ObjectStoreError]:
    if status is None:
        return ObjectStoreError
    return _BY_STATUS.get(status) or (ServerError if status >= 500 else ObjectStoreError)


def _phrase(status: int | None) -> str:
    known = status in HTTPStatus.__members__.values()
    return HTTPStatus(status).phrase if status is not None and known else "the server gave no reason"


def _is_transport(exc: BaseException) -> bool:
    return isinstance(exc, _TRANSPORT) or (isinstance(exc, OSError) and exc.errno in _UNREACHABLE)


def _chain(exc: BaseException) -> Iterator[BaseException]:
    """Yield the exception, then what it was made from, innermost last."""
    seen: set[int] = set()
    link: BaseException | None = exc
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = _origin(link)


def _origin(exc: BaseException) -> BaseException | None:
    attributes = (getattr(exc, name, None) for name in ("reason", "original_error", "__cause__"))
    candidates = (*attributes, *exc.args)
    return next((candidate for candidate in candidates if isinstance(candidate, BaseException)), None)


def _with_details(reason: str, chain: tuple[BaseException, ...]) -> str:
    where = next((peer for peer in map(_peer, chain) if peer), "")
    why = next((text for text in map(_words, reversed(chain)) if text), "")
    return f"{reason}{f' ({where})' if where else ''}{f': {why}' if why else ''}"


def _peer(exc: BaseException) -> str:
    """Return ``host:port``, where urllib3 says it."""
    if not isinstance(exc, urllib3.NewConnectionError | urllib3.PoolError):
        return ""
    peer = getattr(exc, "conn" if isinstance(exc, urllib3.NewConnectionError) else "pool", None)
    host, port = getattr(peer, "host", None), getattr(peer, "port", None)
    return f"{host}:{port}" if host and port else ""


def _words(exc: BaseException) -> str:
    """Return the operating system's or OpenSSL's words."""
    if isinstance(exc, ssl.SSLError):  # both are there only if OpenSSL raised it
        words = getattr(exc, "verify_message", None) or getattr(exc, "reason", None) or ""
        return f"{words}: does the server speak plain HTTP? then secure: false" if words in _NOT_TLS else words
    if not isinstance(exc, OSError):
        return ""
    refused_by_proxy = str(exc).startswith("Tunnel connection failed")  # http.client: the proxy's status line
    return exc.strerror or (str(exc) if refused_by_proxy else "")


def are_good_credentials(code: str | None, server: str | None) -> bool:
    """Return whether an error answer proves that the credentials are good: they are known, but may not do it.

    Only some servers say which; to Ceph a wrong secret is ``AccessDenied`` as well.
    """
    return code == "AccessDenied" and server in _TELL_WRONG_CREDENTIALS

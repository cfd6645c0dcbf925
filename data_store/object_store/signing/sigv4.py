"""AWS Signature Version 4, the way S3 wants it: headers, query, POST policy.

Pure functions: nothing here sends, reads a clock or keeps state but a bounded cache of derived signing keys.
The rules are those of the Amazon S3 API reference, "Authenticating Requests (AWS Signature Version 4)"; the
steps have its names:

    canonical request -> string to sign -> signing key -> signature

What is signed must be what is sent, byte for byte. So every function takes a URL whose path and query are
already encoded (:func:`encode_path`, :func:`encode_query`), never encodes it again, and refuses one that a
server would encode differently.
"""

import base64
import hmac
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import quote

from data_store.object_store.models.presigned import MAX_EXPIRES

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
EMPTY_PAYLOAD_HASH = sha256(b"").hexdigest()

Pairs = Mapping[str, str] | Iterable[tuple[str, str]]
"""Names and values; as pairs, a name may come more than once."""

PolicyCondition = dict[str, str] | Sequence[str | int]
"""``{"bucket": "b"}``, ``["starts-with", "$key", "user/"]`` or ``["content-length-range", 1, 10]``."""

# Hop-by-hop headers, and those that clients and proxies add or rewrite after signing: botocore's list, and
# accept-encoding, which botocore would sign if given. Other SDKs leave it out, because proxies rewrite it.
_UNSIGNED_HEADERS = frozenset(
    {
        "accept-encoding",
        "baggage",
        "connection",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "traceparent",
        "tracestate",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "x-amzn-trace-id",
    }
)
_ADDED_HEADERS = frozenset({"authorization", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"})

_URL = re.compile(
    r"(?P<origin>https?://[^/?#@\s]+)"
    r"(?P<path>/(?:[\w.~/-]++|%[0-9A-F]{2})*+)"
    r"(?:\?(?P<query>(?:[\w.~=&-]++|%[0-9A-F]{2})*+))?",
    re.ASCII,
)
_is_unreserved = re.compile(r"[A-Za-z0-9._~/-]*").fullmatch  # most keys are, and it takes half the time of quote
_SPACES = re.compile(r"[ \t]+")
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


@dataclass(frozen=True, slots=True)
class Credentials:
    """What requests are signed with. Its repr shows neither the secret key nor the session token."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None
    """When temporary credentials end (aware); None: never. Signing does not look at it."""


class Scope(NamedTuple):
    """What a signature is good for; as text, the credential scope. ``timestamp`` is ``20130524T000000Z``."""

    timestamp: str
    date: str
    region: str
    service: str = "s3"

    def __str__(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


def encode_path(path: str) -> str:
    """A key or path as it stands in a URL: each UTF-8 byte but ``A-Z a-z 0-9 - . _ ~ /`` as ``%XX``, upper case.

    Nothing is normalised: ``a/../b``, ``//`` and a trailing ``/`` stay, ``%2F`` becomes ``%252F``. A lone
    surrogate raises UnicodeEncodeError (a ValueError).
    """
    return path if _is_unreserved(path) else quote(path, safe="/")


def encode_query(parameters: Pairs) -> str:
    """Parameters as they stand in a URL, in the order given; as :func:`encode_path`, but ``/`` is encoded.

    A parameter without a value (``?uploads``) has the empty string for its value and is written ``uploads=``.
    """
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in _pairs(parameters))


def sign_headers(
    method: str,
    url: str,
    headers: Pairs,
    credentials: Credentials,
    region: str,
    *,
    payload_hash: str,
    now: datetime,
    service: str = "s3",
) -> dict[str, str]:
    """The headers that sign a request when added to it (S3 API reference, "Using the Authorization Header").

    ``url`` is the encoded URL that will be requested. All ``headers`` are signed and must be sent as given (in
    UTF-8), but for those that hops on the way may change. If there is no ``host`` among them, the URL's is
    signed: in lower case, without a port that is the scheme's own. ``payload_hash`` is the body's SHA-256 in
    lower-case hex, :data:`EMPTY_PAYLOAD_HASH` or :data:`UNSIGNED_PAYLOAD`. ``now`` is aware; servers refuse a
    request more than 15 minutes off their clock.

    Raises ValueError for a URL that is not encoded, a naive ``now``, and a header that signing itself adds.
    """
    target = _target(url)
    scope = _scope(now, region, service)
    added = {"x-amz-content-sha256": payload_hash, "x-amz-date": scope.timestamp}
    if credentials.session_token:
        added["x-amz-security-token"] = credentials.session_token
    signable = _signable_headers(target.host, headers)
    if not _ADDED_HEADERS.isdisjoint(signable):
        raise ValueError(f"signing adds these headers itself, leave them out: {', '.join(sorted(_ADDED_HEADERS))}")
    signable.update(added)
    signed_headers = _signed_headers(signable)
    query = _canonical_query(target.query)
    request = _canonical_request(method, target.path, query, signable, signed_headers, payload_hash)
    added["Authorization"] = (
        f"{ALGORITHM} Credential={credentials.access_key}/{scope}, SignedHeaders={signed_headers}, "
        f"Signature={_signature(_string_to_sign(request, scope), credentials, scope)}"
    )
    return added


def presign_query(
    method: str,
    host: str,
    path: str,
    parameters: Mapping[str, str],
    headers: Pairs,
    credentials: Credentials,
    region: str,
    *,
    expires: int,
    now: datetime,
) -> str:
    """The query that signs a URL (S3 API reference, "Using Query Parameters"): who has it may do ``method``.

    ``host`` is the Host header that clients send (:func:`host_of`), ``path`` is encoded (:func:`encode_path`), the
    ``parameters`` are not. ``headers`` are bound: the request must bring each with this value. The payload is not
    signed, unless an ``x-amz-content-sha256`` is among them. ``expires`` is in seconds from ``now``, 1 to
    ``MAX_EXPIRES``; temporary credentials may end before.

    The parameters stand in the order in which they are signed, the signature comes last: so such a URL is checked as
    it is, byte for byte, and not taken apart and put together again.

    Raises ValueError for a naive ``now`` and ``expires`` out of its range.
    """
    if not 1 <= expires <= MAX_EXPIRES:
        raise ValueError(f"expires must be 1 to {MAX_EXPIRES} seconds, not {expires}")
    scope, head, token = _query_head(credentials, region, int(_aware(now).timestamp()))
    signable = _signable_headers(host, headers)
    signed_headers = _signed_headers(signable)
    query = f"{head}{expires}{token}&X-Amz-SignedHeaders={signed_headers.replace(';', '%3B')}"
    if parameters:
        query = _canonical_query(f"{query}&{encode_query(parameters)}")
    signature = query_signature(method, path, query, signable, signed_headers, credentials, scope)
    return f"{query}&X-Amz-Signature={signature}"


def query_signature(
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    signed_headers: str,
    credentials: Credentials,
    scope: Scope,
) -> str:
    """What ``X-Amz-Signature`` is; ``query`` is all that stands before it, ``path`` is as it travels.

    ``headers`` are those that ``signed_headers`` names, in lower case, and their values as :func:`folded` gives them.
    """
    payload_hash = headers.get("x-amz-content-sha256", UNSIGNED_PAYLOAD)
    request = _canonical_request(method, path, query, headers, signed_headers, payload_hash)
    return _signature(_string_to_sign(request, scope), credentials, scope)


def host_of(origin: str) -> str:
    """The Host header of requests to an origin, perhaps with a path: in lower case, without its scheme's own port."""
    scheme, _, rest = origin.partition("://")
    return rest.partition("/")[0].removesuffix(_DEFAULT_PORTS[scheme]).lower()


def folded(value: str) -> str:
    """The value of a header as it is signed: trimmed, and one space for several spaces and tabs.

    Other white space, such as a no-break space, is part of the value: it would be stored.
    """
    if "  " in value or "\t" in value:
        value = _SPACES.sub(" ", value)
    return value.strip(" ")


def sign_post_policy(
    conditions: Iterable[PolicyCondition],
    expiration: datetime,
    credentials: Credentials,
    region: str,
    *,
    now: datetime,
) -> dict[str, str]:
    """The fields that sign an HTML form's upload (S3 API reference, "Browser-Based Uploads Using POST").

    The policy holds ``conditions``, then those for the fields returned here. The form must also bring the
    fields that ``conditions`` name, and its file last. ``expiration`` is aware, and cut to whole seconds.

    Raises ValueError for a naive ``now`` or ``expiration``.
    """
    scope = _scope(now, region)
    fields = {
        "x-amz-algorithm": ALGORITHM,
        "x-amz-credential": f"{credentials.access_key}/{scope}",
        "x-amz-date": scope.timestamp,
    }
    if credentials.session_token:
        fields["x-amz-security-token"] = credentials.session_token
    policy = {
        "expiration": _utc(expiration).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "conditions": [*conditions, *({name: value} for name, value in fields.items())],
    }
    # In UTF-8 as it is: Ceph does not put together again what JSON writes in two escapes, as it does an emoji.
    fields["policy"] = base64.b64encode(json.dumps(policy, ensure_ascii=False).encode()).decode()
    fields["x-amz-signature"] = sign_policy(fields["policy"], credentials, region, now=now)
    return fields


def sign_policy(policy: str, credentials: Credentials, region: str, *, now: datetime) -> str:
    """The signature of a POST policy: here the string to sign is the Base64 of the policy document itself."""
    return _signature(policy, credentials, _scope(now, region))


class _Target(NamedTuple):
    """A URL in parts, all as they travel; ``host`` is the Host header that belongs to it."""

    host: str
    path: str
    query: str


def _scope(now: datetime, region: str, service: str = "s3") -> Scope:
    return _scope_of(int(_aware(now).timestamp()), region, service)


@lru_cache(maxsize=64)
def _scope_of(second: int, region: str, service: str) -> Scope:
    timestamp = datetime.fromtimestamp(second, UTC).strftime("%Y%m%dT%H%M%SZ")
    return Scope(timestamp, timestamp[:8], region, service)


@lru_cache(maxsize=64)
def _query_head(credentials: Credentials, region: str, second: int) -> tuple[Scope, str, str]:
    """What all URLs of one second have: the scope, the query up to the value of X-Amz-Expires, the session token."""
    scope = _scope(datetime.fromtimestamp(second, UTC), region)
    parameters = {
        "X-Amz-Algorithm": ALGORITHM,
        "X-Amz-Credential": f"{credentials.access_key}/{scope}",
        "X-Amz-Date": scope.timestamp,
        "X-Amz-Expires": "",
    }
    token = f"&{encode_query({'X-Amz-Security-Token': credentials.session_token})}" if credentials.session_token else ""
    return scope, encode_query(parameters), token


def _utc(time: datetime) -> datetime:
    return _aware(time).astimezone(UTC)


def _aware(time: datetime) -> datetime:
    if time.tzinfo is None:
        raise ValueError("a time to sign must be aware (have a time zone)")
    return time


def _target(url: str) -> _Target:
    match = _URL.fullmatch(url)
    if match is None:
        raise ValueError("the URL to sign must be http(s)://host/path?query, encoded by encode_path and encode_query")
    origin, path, query = match.groups(default="")
    return _Target(host_of(origin), path, query)


def _pairs(pairs: Pairs) -> Iterable[tuple[str, str]]:
    return pairs.items() if isinstance(pairs, Mapping) else pairs


def _signable_headers(host: str, headers: Pairs) -> dict[str, str]:
    """Names in lower case; values with white space trimmed and folded, joined by commas if a name repeats."""
    signable: dict[str, str] = {}
    for name, value in _pairs(headers):
        name = name.lower()
        if name not in _UNSIGNED_HEADERS:
            value = folded(value)
            signable[name] = f"{signable[name]},{value}" if name in signable else value
    signable.setdefault("host", host)
    return signable


def _signed_headers(signable: Mapping[str, str]) -> str:
    return ";".join(sorted(signable))


def _canonical_query(query: str) -> str:
    """Sorted by name, then value; not as text, where ``a-b=`` would come before ``a=``."""
    if not query:
        return ""
    return "&".join(f"{name}={value}" for name, _, value in sorted(p.partition("=") for p in query.split("&")))


def _canonical_request(
    method: str, path: str, query: str, signable: Mapping[str, str], signed_headers: str, payload_hash: str
) -> str:
    canonical_headers = "".join([f"{name}:{signable[name]}\n" for name in signed_headers.split(";")])
    return "\n".join((method.upper(), path, query, canonical_headers, signed_headers, payload_hash))


def _string_to_sign(canonical_request: str, scope: Scope) -> str:
    return f"{ALGORITHM}\n{scope.timestamp}\n{scope}\n{sha256(canonical_request.encode()).hexdigest()}"


@lru_cache(maxsize=64)
def _signing_key(secret_key: str, date: str, region: str, service: str) -> hmac.HMAC:
    """The signing key, set up: a copy of it is ready sooner than one that is made from the bytes."""
    key = f"AWS4{secret_key}".encode()
    for step in (date, region, service, "aws4_request"):
        key = hmac.digest(key, step.encode(), "sha256")
    return hmac.new(key, digestmod="sha256")


def _signature(string_to_sign: str, credentials: Credentials, scope: Scope) -> str:
    key = _signing_key(credentials.secret_key, scope.date, scope.region, scope.service)
    signature = key.copy()
    signature.update(string_to_sign.encode())
    return signature.hexdigest()

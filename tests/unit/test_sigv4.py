"""Signature Version 4: AWS's published examples, botocore as a second opinion, and what is refused."""

import base64
import json
import re
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4PostAuth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given, settings
from hypothesis import strategies as st

from data_store.object_store.models.presigned import MAX_EXPIRES
from data_store.object_store.signing.sigv4 import (
    EMPTY_PAYLOAD_HASH,
    UNSIGNED_PAYLOAD,
    Credentials,
    PolicyCondition,
    encode_path,
    encode_query,
    host_of,
    presign_query,
    sign_headers,
    sign_policy,
    sign_post_policy,
)

# Everything AWS publishes is signed with this pair (S3 API reference, "Signature Calculations for the
# Authorization Header", "Using Query Parameters", "Browser-Based Uploads Using POST").
AWS_EXAMPLE = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
AWS_HOST = "https://examplebucket.s3.amazonaws.com"
AWS_NOW = datetime(2013, 5, 24, tzinfo=UTC)
AWS_SCOPE = "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"

AWS_POLICY = """{ "expiration": "2015-12-30T12:00:00.000Z",
  "conditions": [
    {"bucket": "sigv4examplebucket"},
    ["starts-with", "$key", "user/user1/"],
    {"acl": "public-read"},
    {"success_action_redirect": "http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html"},
    ["starts-with", "$Content-Type", "image/"],
    {"x-amz-meta-uuid": "14365123651274"},
    {"x-amz-server-side-encryption": "AES256"},
    ["starts-with", "$x-amz-meta-tag", ""],

    {"x-amz-credential": "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request"},
    {"x-amz-algorithm": "AWS4-HMAC-SHA256"},
    {"x-amz-date": "20151229T000000Z" }
  ]
}""".replace("\n", "\r\n")
AWS_POLICY_NOW = datetime(2015, 12, 29, tzinfo=UTC)


@pytest.mark.parametrize(
    ("method", "target", "headers", "body", "signed_headers", "signature"),
    [
        pytest.param(
            "GET",
            "/test.txt",
            {"Range": "bytes=0-9"},
            b"",
            "host;range;x-amz-content-sha256;x-amz-date",
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
            id="get object with a range",
        ),
        pytest.param(
            "PUT",
            "/" + encode_path("test$file.text"),
            {"Date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"},
            b"Welcome to Amazon S3.",
            "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
            id="put object with a dollar in its key",
        ),
        pytest.param(
            "GET",
            "/?lifecycle",
            {},
            b"",
            "host;x-amz-content-sha256;x-amz-date",
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
            id="get bucket lifecycle",
        ),
        pytest.param(
            "GET",
            "/?" + encode_query({"prefix": "J", "max-keys": "2"}),
            {},
            b"",
            "host;x-amz-content-sha256;x-amz-date",
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
            id="list objects with a prefix",
        ),
    ],
)
def test_headers_are_signed_as_aws_publishes_it(
    method: str, target: str, headers: dict[str, str], body: bytes, signed_headers: str, signature: str
) -> None:
    """The four examples of the Authorization header give the signatures that AWS prints."""
    payload_hash = sha256(body).hexdigest()
    added = sign_headers(
        method, AWS_HOST + target, headers, AWS_EXAMPLE, "us-east-1", payload_hash=payload_hash, now=AWS_NOW
    )
    assert added == {
        "x-amz-content-sha256": payload_hash,
        "x-amz-date": "20130524T000000Z",
        "Authorization": f"AWS4-HMAC-SHA256 Credential={AWS_SCOPE}, "
        f"SignedHeaders={signed_headers}, Signature={signature}",
    }


def test_a_url_is_presigned_as_aws_publishes_it() -> None:
    """The example of a presigned GET gives AWS's query, whole."""
    host = host_of(AWS_HOST)
    query = presign_query("GET", host, "/test.txt", {}, {}, AWS_EXAMPLE, "us-east-1", expires=86400, now=AWS_NOW)
    assert query == (
        "X-Amz-Algorithm=AWS4-HMAC-SHA256"
        "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
        "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    )


def test_a_post_policy_is_signed_as_aws_publishes_it() -> None:
    """AWS's policy document, line ends and all, gives the signature that AWS prints."""
    policy = base64.b64encode(AWS_POLICY.encode()).decode()
    assert (
        sign_policy(policy, AWS_EXAMPLE, "us-east-1", now=AWS_POLICY_NOW)
        == "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e"
    )


def test_a_post_policy_holds_what_aws_puts_into_it() -> None:
    """Our document says the same as AWS's, and its fields sign exactly that document."""
    published = json.loads(AWS_POLICY)
    own = published["conditions"][:-3]
    expiration = datetime(2015, 12, 30, 12, tzinfo=UTC)
    fields = sign_post_policy(own, expiration, AWS_EXAMPLE, "us-east-1", now=AWS_POLICY_NOW)
    made = json.loads(base64.b64decode(fields["policy"]))
    assert made["expiration"] == "2015-12-30T12:00:00Z"
    assert sorted(map(repr, made["conditions"])) == sorted(map(repr, published["conditions"]))
    signature = sign_policy(fields["policy"], AWS_EXAMPLE, "us-east-1", now=AWS_POLICY_NOW)
    assert fields["x-amz-signature"] == signature


# --- botocore as a second opinion -----------------------------------------------------------------

METHODS = st.sampled_from(["GET", "HEAD", "PUT", "POST", "DELETE", "get"])
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,15}", fullmatch=True)
ODD_KEYS = [
    "",
    "/",
    "//",
    "a//b",
    "a/../b",
    "./",
    ".",
    "..",
    "%2F",
    "%",
    "a+b c",
    "é~*'()!$&,;=:@?#[]",
    "🪣/\n",
    "\x00",
]
KEYS = TEXT | st.sampled_from(ODD_KEYS) | st.lists(st.sampled_from(ODD_KEYS), max_size=4).map("/".join)
HOSTS = st.sampled_from(
    [
        "localhost:9000",
        "S3.Example.com",
        "b.s3.eu-west-1.amazonaws.com:443",
        "127.0.0.1:80",
        "[::1]:9000",
        "[::80]",
    ]
)
ORIGINS = st.builds("{}://{}".format, st.sampled_from(["http", "https"]), HOSTS)
PATHS = st.builds("/{}/{}".format, NAMES, KEYS.map(encode_path))
QUERIES = st.lists(st.tuples(TEXT, TEXT | NAMES), max_size=4)
# botocore's presigner keeps only the first of several parameters with one name.
UNAMBIGUOUS_QUERIES = st.dictionaries(TEXT, TEXT | NAMES, max_size=4)


def urls(queries: st.SearchStrategy[Any]) -> st.SearchStrategy[str]:
    """Encoded URLs of any origin and path."""
    return st.builds("{}{}?{}".format, ORIGINS, PATHS, queries.map(encode_query))


# Older botocores leave out only some of these: user-agent, expect, transfer-encoding and x-amzn-trace-id.
UNSIGNED_NAMES = [
    *("accept-encoding", "baggage", "connection", "expect", "keep-alive", "proxy-authenticate"),
    *("proxy-authorization", "te", "traceparent", "tracestate", "trailer", "transfer-encoding", "upgrade"),
    *("user-agent", "x-amzn-trace-id"),
]
# Nor are headers compared that signing adds itself, and Date, which botocore rewrites.
LEFT_OUT = {*UNSIGNED_NAMES, "authorization", "x-amz-date", "date"}
HEADER_NAMES = NAMES.filter(lambda name: name.lower() not in LEFT_OUT)
KNOWN_NAMES = st.sampled_from(
    [
        "Host",
        "content-type",
        "Content-MD5",
        "RANGE",
        "x-amz-meta-a",
        "X-Amz-Meta-A",
        "User-Agent",
        "Expect",
        "X-Amzn-Trace-Id",
    ]
)
# botocore folds no-break spaces and the like as well, which are no spaces to servers.
WITHOUT_OTHER_SPACES = st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"], include_characters=" ")
HEADER_VALUES = st.text(WITHOUT_OTHER_SPACES, max_size=20) | st.sampled_from(
    ["", " ", "  a   b  ", "\ta\t\tb ", '"quoted  text"', "a,b", ","]
)
HEADERS = st.lists(st.tuples(HEADER_NAMES | KNOWN_NAMES, HEADER_VALUES), max_size=6)

CREDENTIALS = st.builds(
    Credentials,
    access_key=st.from_regex(r"[A-Za-z0-9]{1,20}", fullmatch=True),
    secret_key=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40),
    session_token=st.none() | st.from_regex(r"[A-Za-z0-9+/=]{1,60}", fullmatch=True),
)
REGIONS = st.sampled_from(["us-east-1", "eu-central-1", "", "default"]) | NAMES
TIMES = st.datetimes(
    datetime(2000, 1, 1),
    datetime(2099, 12, 31),
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=-9, minutes=-30)), timezone(timedelta(hours=14))]),
)


def botocore_credentials(credentials: Credentials) -> BotocoreCredentials:
    """The same credentials as botocore has them."""
    return BotocoreCredentials(credentials.access_key, credentials.secret_key, credentials.session_token)


def botocore_request(method: str, url: str, headers: list[tuple[str, str]], now: datetime) -> AWSRequest:
    """A request whose context tells botocore's signing steps the time (``add_auth`` reads it from the clock)."""
    request = AWSRequest(method=method, url=url)
    for name, value in headers:
        request.headers[name] = value
    request.context["timestamp"] = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    return request


def sign_with_botocore(auth: Any, request: AWSRequest) -> None:
    """The steps of botocore's ``add_auth`` after it has read the clock (its type stubs lack two of them)."""
    auth._modify_request_before_signing(request)
    string_to_sign = auth.string_to_sign(request, auth.canonical_request(request))
    auth._inject_signature_to_request(request, auth.signature(string_to_sign, request))


@settings(max_examples=200)
@given(METHODS, urls(QUERIES), HEADERS, CREDENTIALS, REGIONS, TIMES, st.none() | st.binary(max_size=20))
def test_headers_are_signed_as_botocore_signs_them(
    method: str,
    url: str,
    headers: list[tuple[str, str]],
    credentials: Credentials,
    region: str,
    now: datetime,
    body: bytes | None,
) -> None:
    """For any request, every header that we add is botocore's; no body stands for an unsigned payload."""
    request = botocore_request(method, url, headers, now)
    request.data = body or b""
    request.context["client_config"] = SimpleNamespace(s3={"payload_signing_enabled": body is not None})
    sign_with_botocore(S3SigV4Auth(botocore_credentials(credentials), "s3", region), request)

    payload_hash = UNSIGNED_PAYLOAD if body is None else sha256(body).hexdigest()
    added = sign_headers(method, url, headers, credentials, region, payload_hash=payload_hash, now=now)
    assert added == {name: request.headers[name] for name in added}
    assert ("x-amz-security-token" in added) == (credentials.session_token is not None)


@settings(max_examples=200)
@given(
    METHODS,
    urls(UNAMBIGUOUS_QUERIES),
    HEADERS,
    st.none() | st.just(EMPTY_PAYLOAD_HASH),
    CREDENTIALS,
    REGIONS,
    TIMES,
    st.integers(1, MAX_EXPIRES),
)
def test_urls_are_presigned_as_botocore_presigns_them(
    method: str,
    url: str,
    headers: list[tuple[str, str]],
    payload_hash: str | None,
    credentials: Credentials,
    region: str,
    now: datetime,
    expires: int,
) -> None:
    """For any request, its body bound by a hash or not, the parameters are botocore's, the signature comes last."""
    if payload_hash is not None:
        headers = [*headers, ("X-Amz-Content-SHA256", payload_hash)]
    request = botocore_request(method, url, headers, now)
    auth = S3SigV4QueryAuth(botocore_credentials(credentials), "s3", region, expires=expires)
    sign_with_botocore(auth, request)

    parts = urlsplit(url)
    parameters = dict(parse_qsl(parts.query, keep_blank_values=True))
    query = presign_query(
        method, host_of(url), parts.path, parameters, headers, credentials, region, expires=expires, now=now
    )
    assert sorted(query.split("&")) == sorted(urlsplit(str(request.url)).query.split("&"))
    names = [pair.partition("=")[0] for pair in query.split("&")]
    assert names == [*sorted(names[:-1]), "X-Amz-Signature"]


CONDITIONS = st.lists(
    st.dictionaries(NAMES, TEXT, min_size=1, max_size=1)
    | st.tuples(st.sampled_from(["eq", "starts-with"]), NAMES.map("${}".format), TEXT).map(list)
    | st.tuples(st.just("content-length-range"), st.integers(0, 9), st.integers(9, 2**40)).map(list),
    max_size=4,
)


@settings(max_examples=50)
@given(CONDITIONS, CREDENTIALS, REGIONS, TIMES)
def test_post_policies_are_signed_as_botocore_signs_them(
    conditions: list[PolicyCondition], credentials: Credentials, region: str, expiration: datetime
) -> None:
    """For any conditions the fields are botocore's, signed by its clock, whose time ours is then given.

    But for how JSON writes letters: botocore escapes them.
    """
    request = AWSRequest()
    expires = expiration.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    request.context["s3-presign-post-policy"] = {"expiration": expires, "conditions": list(conditions)}
    S3SigV4PostAuth(botocore_credentials(credentials), "s3", region).add_auth(request)

    now = datetime.strptime(request.context["timestamp"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    fields = sign_post_policy(conditions, expiration, credentials, region, now=now)
    theirs = dict(request.context["s3-presign-post-fields"])
    if json.loads(base64.b64decode(theirs["policy"])) == json.loads(base64.b64decode(fields["policy"])):
        theirs["policy"] = fields["policy"]
        theirs["x-amz-signature"] = sign_policy(fields["policy"], credentials, region, now=now)
    assert fields == theirs


# --- encoding -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "encoded"),
    [
        ("AZaz09-._~/", "AZaz09-._~/"),
        ("a/../b", "a/../b"),
        ("./a//b/", "./a//b/"),
        ("/leading", "/leading"),
        ("%2F", "%252F"),
        ("a+b c", "a%2Bb%20c"),
        ("é🪣", "%C3%A9%F0%9F%AA%A3"),
        ("\x00\n?#*'()", "%00%0A%3F%23%2A%27%28%29"),
    ],
)
def test_a_path_is_encoded_by_s3s_rule_and_never_normalised(key: str, encoded: str) -> None:
    """Only unreserved characters and the slash stay; nothing is folded or decoded."""
    assert encode_path(key) == encoded


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_an_encoded_path_gives_its_key_back(key: str) -> None:
    """No two keys share an encoded path, and it is made of S3's characters only."""
    encoded = encode_path(key)
    assert unquote(encoded) == key
    assert re.fullmatch(r"(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})*", encoded)


def test_a_query_keeps_its_order_and_repeated_names() -> None:
    """Parameters travel as given, slashes encoded, and one without a value keeps its ``=``."""
    assert encode_query([("b", "x/y z"), ("a", ""), ("b", "=&+")]) == "b=x%2Fy%20z&a=&b=%3D%26%2B"


def test_parameters_are_sorted_by_name_and_not_as_text() -> None:
    """The order on the wire does not change a signature, even where one name begins another."""
    one, other = (
        sign_headers("GET", f"{AWS_HOST}/?{query}", {}, AWS_EXAMPLE, "r", payload_hash=UNSIGNED_PAYLOAD, now=AWS_NOW)
        for query in ("a=2&a=1&a-b=3", "a-b=3&a=1&a=2")
    )
    assert one == other


# --- what is signed, and what is refused ----------------------------------------------------------


def signed_headers(url: str, headers: dict[str, str]) -> str:
    """The SignedHeaders part that signing a GET gives."""
    added = sign_headers("GET", url, headers, AWS_EXAMPLE, "r", payload_hash=EMPTY_PAYLOAD_HASH, now=AWS_NOW)
    return added["Authorization"].split("SignedHeaders=")[1].split(",")[0]


@pytest.mark.parametrize("name", [*UNSIGNED_NAMES, "User-Agent", "TE"])
def test_headers_that_change_on_the_way_are_not_signed(name: str) -> None:
    """What a client library or a proxy rewrites cannot break a signature."""
    assert signed_headers(f"{AWS_HOST}/k", {name: "x"}) == "host;x-amz-content-sha256;x-amz-date"


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://S3.Example.com:443", "s3.example.com"),
        ("http://s3.example.com:80", "s3.example.com"),
        ("http://s3.example.com:443", "s3.example.com:443"),
        ("http://[::1]:9000", "[::1]:9000"),
    ],
)
def test_the_signed_host_is_the_one_that_clients_send(origin: str, host: str) -> None:
    """A scheme's own port is not part of the Host header, any other is."""
    implied, given_ = (
        sign_headers("GET", f"{origin}/k", headers, AWS_EXAMPLE, "r", payload_hash=UNSIGNED_PAYLOAD, now=AWS_NOW)
        for headers in ({}, {"Host": host})
    )
    assert implied == given_


def test_bound_headers_stand_in_the_presigned_url() -> None:
    """A browser must send each bound header, and the URL says which."""
    headers = {"Content-Type": "image/png", "content-length": "17"}
    query, other = (
        presign_query("PUT", "h", "/k", {}, bound, AWS_EXAMPLE, "r", expires=60, now=AWS_NOW)
        for bound in (headers, headers | {"content-length": "18"})
    )
    assert "&X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost&" in query
    assert query != other


@pytest.mark.parametrize(
    "url",
    [
        "examplebucket/key",
        "ftp://host/key",
        "https://host",
        "https://user:password@host/key",
        "https://host/a key",
        "https://host/a+b",
        "https://host/é",
        "https://host/%2f",
        "https://host/100%",
        "https://host/key#fragment",
        "https://host/key?prefix=a/b",
        "https://host/key\n",
    ],
)
def test_a_url_that_is_not_encoded_is_refused(url: str) -> None:
    """It would reach the server as other bytes than were signed; the message does not repeat it."""
    with pytest.raises(ValueError, match="encoded by encode_path and encode_query") as refused:
        signed_headers(url, {})
    assert url not in str(refused.value)


@pytest.mark.parametrize("name", ["Authorization", "X-Amz-Date", "x-amz-content-sha256", "X-Amz-Security-Token"])
def test_a_header_that_signing_adds_is_refused(name: str) -> None:
    """It would stand twice in the request, with two values."""
    with pytest.raises(ValueError, match="signing adds these headers itself"):
        signed_headers(f"{AWS_HOST}/k", {name: "x"})


@pytest.mark.parametrize("expires", [0, -1, MAX_EXPIRES + 1])
def test_a_url_lives_one_second_to_seven_days(expires: int) -> None:
    """S3's limits on X-Amz-Expires hold before anything is signed."""
    with pytest.raises(ValueError, match="1 to 604800 seconds"):
        presign_query("GET", "h", "/k", {}, {}, AWS_EXAMPLE, "r", expires=expires, now=AWS_NOW)


def test_a_time_without_a_zone_is_refused() -> None:
    """It would be taken for local time, and the server would see a skewed clock."""
    with pytest.raises(ValueError, match="time zone"):
        presign_query("GET", "h", "/k", {}, {}, AWS_EXAMPLE, "r", expires=60, now=AWS_NOW.replace(tzinfo=None))


def test_credentials_show_no_secret() -> None:
    """Neither the secret key nor the session token is in a repr."""
    shown = repr(Credentials("AKID", "SECRET", "TOKEN", AWS_NOW))
    assert "AKID" in shown
    assert "SECRET" not in shown
    assert "TOKEN" not in shown

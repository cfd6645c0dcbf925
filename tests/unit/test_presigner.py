"""Presigned requests: what a URL and a form say, and what they bind."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_store.object_store.errors import InvalidArgument
from data_store.object_store.models import PresignGetOptions, PresignPutOptions, PutOptions
from data_store.object_store.signing.claims import read_claims, read_url
from data_store.object_store.signing.place import Place
from data_store.object_store.signing.presigner import Presigner
from data_store.object_store.signing.sigv4 import Credentials
from data_store.object_store.signing.upload_headers import bound_headers, put_options
from tests.unit.verifying_support import BASE, BUCKET, HOST, KEY, arrived, form, now, presigner, verified

DIGEST = base64.b64encode(sha256(b"body").digest()).decode()
MD5 = base64.b64encode(bytes(16)).decode()
EVERYTHING: dict[str, Any] = {
    "content_type": "image/png",
    "content_length": 17,
    "content_md5": MD5,
    "checksum_sha256": DIGEST,
    "metadata": {"owner": "Zoë", "plain": "x"},
    "tags": {"a b": "c&d", "empty": ""},
    "if_none_match": "*",
}


def parameters(url: str) -> dict[str, str]:
    """Return the query of a URL, decoded."""
    return {name: value for name, [value] in parse_qs(urlsplit(url).query, strict_parsing=True).items()}


def conditions(fields: Any) -> list[Any]:
    """Return the conditions of a form's policy."""
    found: list[Any] = json.loads(base64.b64decode(fields["policy"]))["conditions"]
    return found


def test_a_url_is_for_the_public_place_and_its_prefix_is_not_signed() -> None:
    """What a proxy lets through, without the prefix, has the right signature."""
    url = presigner().get(BUCKET, "a key", PresignGetOptions(expires=60))
    assert url.startswith(f"{BASE}/{BUCKET}/a%20key?X-Amz-Algorithm=AWS4-HMAC-SHA256&")
    request = arrived("GET", url)
    assert (request.host, request.path) == (HOST, f"/{BUCKET}/a%20key")
    assert verified(request).verified


@pytest.mark.parametrize("path", ["", "/bucket"])
def test_the_bucket_stands_in_the_host_or_in_the_path(path: str) -> None:
    """Both styles of address are signed, and a form is sent to the bucket itself."""
    made = Presigner(lambda bucket: Place("https://bucket.example", path, "eu-west-1"), lambda: KEY)
    url = made.get(BUCKET, "key", PresignGetOptions(expires=60))
    assert urlsplit(url).path == f"{path}/key"
    assert "/eu-west-1/s3/aws4_request" in parameters(url)["X-Amz-Credential"]


def test_overrides_and_the_version_are_parameters() -> None:
    """They are S3's names, the time is an HTTP date, and what was not asked for is not there."""
    options = PresignGetOptions(
        expires=60,
        version="v/1",
        response_content_type="text/plain; charset=utf-8",
        response_content_disposition='attachment; filename="a"',
        response_cache_control="no-store",
        response_expires=datetime(2026, 1, 2, 4, 4, 5, tzinfo=UTC) + timedelta(hours=-1),
    )
    found = parameters(presigner().get(BUCKET, "key", options))
    assert {name: value for name, value in found.items() if not name.startswith("X-Amz-")} == {
        "response-cache-control": "no-store",
        "response-content-disposition": 'attachment; filename="a"',
        "response-content-type": "text/plain; charset=utf-8",
        "response-expires": "Fri, 02 Jan 2026 03:04:05 GMT",
        "versionId": "v/1",
    }


def test_a_plain_put_binds_nothing_but_the_host() -> None:
    """So every client can send it as it is."""
    upload = presigner().put(BUCKET, "key", PresignPutOptions(expires=60))
    assert (upload.method, upload.headers) == ("PUT", {})
    assert parameters(upload.url)["X-Amz-SignedHeaders"] == "host"


def test_what_the_options_of_a_put_give_is_bound() -> None:
    """Each has its header, which is signed and told to the sender; the length is signed and left to the client."""
    upload = presigner().put(BUCKET, "key", PresignPutOptions(expires=60, **EVERYTHING))
    assert upload.headers == {
        "Content-Type": "image/png",
        "Content-MD5": MD5,
        "x-amz-checksum-sha256": DIGEST,
        "If-None-Match": "*",
        "x-amz-tagging": "a%20b=c%26d&empty=",
        "x-amz-meta-owner": "=?UTF-8?B?Wm/Dqw==?=",
        "x-amz-meta-plain": "x",
    }
    signed = parameters(upload.url)["X-Amz-SignedHeaders"].split(";")
    assert signed == sorted([*(name.lower() for name in upload.headers), "content-length", "host"])


def test_the_headers_of_an_upload_give_its_options_back() -> None:
    """What was asked for is what the server reads."""
    headers = {name.lower(): value for name, value in bound_headers(PresignPutOptions(expires=1, **EVERYTHING)).items()}
    expected = {name: value for name, value in EVERYTHING.items() if name != "content_length"}
    assert put_options(headers) == PutOptions(**expected, checksum="sha256")
    assert put_options({"host": "h", "cache-control": "no-store"}) == PutOptions(cache_control="no-store")


@pytest.mark.parametrize("tagging", ["a=b&a=c", "a", "a=%FF", "&"])
def test_tags_that_cannot_be_read_are_refused(tagging: str) -> None:
    """A wrong query is not taken for other tags."""
    with pytest.raises(InvalidArgument, match="x-amz-tagging"):
        put_options({"x-amz-tagging": tagging})


def test_parts_are_numbered_and_their_lengths_bound() -> None:
    """Each is a PUT of its own, and no other length or number has its signature."""
    made = presigner().parts(BUCKET, "key", "upload/=", [5, 5, 1], 60)
    found = [parameters(part.url) for part in made]
    assert [(each["partNumber"], each["uploadId"]) for each in found] == [(str(n), "upload/=") for n in (1, 2, 3)]
    assert {each["X-Amz-SignedHeaders"] for each in found} == {"content-length;host"}
    assert len({each["X-Amz-Signature"] for each in found}) == 3
    assert all(part.headers == {} and part.method == "PUT" for part in made)


def test_a_form_binds_all_that_it_brings() -> None:
    """Every field has a condition, the length has a range, and the bucket is named."""
    post = form("key", None, content_type="image/png", max_length=10, metadata={"owner": "Zoë"}, success_status=201)
    assert post.url == f"{BASE}/{BUCKET}"
    named = {name: value for name, value in post.fields.items() if name not in ("policy", "x-amz-signature")}
    exact = {name: value for each in conditions(post.fields) if isinstance(each, dict) for name, value in each.items()}
    assert exact == named | {"bucket": BUCKET}
    assert [each for each in conditions(post.fields) if isinstance(each, list)] == [["content-length-range", 0, 10]]
    assert named["x-amz-meta-owner"] == "=?UTF-8?B?Wm/Dqw==?="
    assert (named["success_action_status"], named["Content-Type"]) == ("201", "image/png")


def test_a_form_for_any_file_name_or_any_image_binds_what_stands_before() -> None:
    """The form has the variable as its key, and brings the type itself; without a limit it is S3's, 5 GiB."""
    post = form(content_type="image/*", success_redirect="https://example.com/done")
    assert post.fields["key"] == "uploads/${filename}"
    assert "Content-Type" not in post.fields
    assert [each for each in conditions(post.fields) if isinstance(each, list)] == [
        ["starts-with", "$key", "uploads/"],
        ["starts-with", "$Content-Type", "image/"],
        ["content-length-range", 0, 5 * 1024**3],
    ]
    assert {"success_action_redirect": "https://example.com/done"} in conditions(post.fields)


def test_temporary_credentials_end_sooner_than_what_they_sign() -> None:
    """expires_at says the earlier of the two, for uploads, parts and forms, and the token is signed."""
    end = now(30)
    temporary = presigner(Credentials("AKID", "secret", "to/ken", end))
    upload = temporary.put(BUCKET, "key", PresignPutOptions(expires=60))
    assert upload.expires_at == end
    assert parameters(upload.url)["X-Amz-Security-Token"] == "to/ken"
    assert temporary.parts(BUCKET, "key", "id", [1], 10)[0].expires_at < end


def test_a_life_is_counted_from_the_second_that_the_signature_names() -> None:
    """expires_at is what the server will find: X-Amz-Date, in whole seconds, and X-Amz-Expires."""
    upload = presigner().put(BUCKET, "key", PresignPutOptions(expires=60))
    date = datetime.strptime(parameters(upload.url)["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert upload.expires_at == date + timedelta(seconds=60)


def test_what_was_presigned_shows_no_secret() -> None:
    """Whoever has the URL or the fields may upload: no repr has them."""
    upload = presigner().put(BUCKET, "key", PresignPutOptions(expires=60))
    assert "X-Amz" not in repr(upload)
    assert "policy" not in repr(form())


@given(st.text(min_size=1).filter(lambda key: key.isprintable()), st.sampled_from(["GET", "HEAD"]))
def test_the_claims_of_a_url_are_what_was_asked_for(key: str, method: Any) -> None:
    """For any key; the method cannot be told from a URL, and nothing was verified."""
    made = presigner()
    url = made.get(BUCKET, key, PresignGetOptions(expires=60, method=method, version="v1", response_content_type="a/b"))
    claims = read_claims(url, made._locate, now())
    assert (claims.bucket, claims.key, claims.version) == (BUCKET, key, "v1")
    assert (claims.method, claims.verified, claims.expired) == (None, False, False)
    assert claims.overrides == {"response-content-type": "a/b"}
    assert read_claims(url, made._locate, claims.expires_at).expired


def test_the_claims_of_a_part_name_the_upload_and_the_bound_length() -> None:
    """And the names of headers that are bound, without host."""
    made = presigner()
    claims = read_claims(made.parts(BUCKET, "key", "up/id", [1, 2], 60)[1].url, made._locate, now())
    assert (claims.upload_id, claims.part_number, claims.bound_headers) == ("up/id", 2, ("content-length",))


def test_the_bucket_of_a_virtual_host_is_found() -> None:
    """Dots in its name or not, the bucket is what stands before the endpoint."""

    def locate(bucket: str) -> Place:
        return Place(f"https://{bucket}.s3.example.com", "", "local")

    url = Presigner(locate, lambda: KEY).get("a.b.c", "bucket/key", PresignGetOptions(expires=60))
    claims = read_claims(url, locate, now())
    assert (claims.bucket, claims.key) == ("a.b.c", "bucket/key")


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "key",
        f"{BASE}/{BUCKET}/key",
        f"{BASE}/{BUCKET}/key?a=b",
        "http{rest}",
        "https://other.example.com{path}",
        "{url}#fragment",
        "{url}&X-Amz-Date=20260101T000000Z",
        "{url} ",
        "{url}é",
        f"{BASE}/{BUCKET}/?{{query}}",
        f"{BASE}/b%75cket/key?{{query}}",
        f"{BASE}/{BUCKET}/%FF?{{query}}",
    ],
)
def test_what_is_no_presigned_url_of_this_place_is_refused(wrong: str) -> None:
    """Another place, another shape or no signature: the message does not repeat the URL."""
    made = presigner()
    url = made.get(BUCKET, "key", PresignGetOptions(expires=60))
    parts = urlsplit(url)
    given_ = wrong.format(
        url=url, rest=url.removeprefix("https"), path=f"{parts.path}?{parts.query}", query=parts.query
    )
    with pytest.raises(InvalidArgument) as refused:
        read_claims(given_, made._locate, now())
    assert "X-Amz-Signature=" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Amz-Algorithm", "AWS4-HMAC-SHA1"),
        ("X-Amz-Credential", "AKID/20260101/local/s3"),
        ("X-Amz-Credential", "AKID/20010101/local/s3/aws4_request"),
        ("X-Amz-Date", "20261301T000000Z"),
        ("X-Amz-Date", "99991231T235959Z"),
        ("X-Amz-Expires", "0"),
        ("X-Amz-Expires", "604801"),
        ("X-Amz-Expires", "+60"),
        ("X-Amz-SignedHeaders", "range"),
        ("X-Amz-SignedHeaders", "range;host"),
        ("X-Amz-SignedHeaders", "host;host"),
        ("X-Amz-Signature", "A" * 64),
        ("X-Amz-Signature", "a" * 63),
    ],
)
def test_a_parameter_that_no_signer_writes_is_refused(name: str, value: str) -> None:
    """The message names the parameter."""
    made = presigner()
    url = made.get(BUCKET, "key", PresignGetOptions(expires=60))
    given_ = url.replace(f"{name}={quote(parameters(url)[name], safe='')}", f"{name}={quote(value, safe='')}")
    assert unquote(given_) != unquote(url)
    with pytest.raises(InvalidArgument, match=name if value != "20261301T000000Z" else "X-Amz-"):
        read_claims(given_, made._locate, now())


def test_a_url_that_ends_after_all_time_is_refused() -> None:
    """The calendar of Python ends with the year 9999."""
    made = presigner()
    url = made.get(BUCKET, "key", PresignGetOptions(expires=604_800))
    time = parameters(url)["X-Amz-Date"]
    far = url.replace(time, "99991231T235959Z").replace(f"%2F{time[:8]}%2F", "%2F99991231%2F")
    with pytest.raises(InvalidArgument, match="X-Amz-Expires"):
        read_claims(far, made._locate, now())


def test_the_parts_of_a_url_do_not_show_its_signature() -> None:
    """Nor anything else of its query."""
    made = presigner()
    shown = repr(read_url(made.get(BUCKET, "key", PresignGetOptions(expires=60)), made._locate))
    assert f"/{BUCKET}/key" in shown
    assert "X-Amz" not in shown

"""A presigned URL does what it is signed for, until it expires, and nothing else: no part of it can be changed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ClassVar
from urllib.parse import parse_qsl, quote, urlsplit

import pytest

from data_store.object_store.capabilities import SupportsMultipart, SupportsPresign, SupportsPresignKeys
from data_store.object_store.errors import AccessDenied
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.http_clients import CLIENTS, RAW, assert_refused
from data_store.object_store.testing.conformance.needs import By, needs
from data_store.object_store.testing.facts import PUBLIC_NAMES

__all__ = ["PresignedSignatures"]

CONTENT = b"content"
METHODS = ("GET", "HEAD", "PUT", "POST", "DELETE", "PATCH")

URLS: dict[str, Callable[[ObjectStore, str], str]] = {
    "GET": lambda store, bucket: store.get_presigned_url("key", bucket),
    "HEAD": lambda store, bucket: store.get_presigned_url("key", bucket, method="HEAD"),
    "PUT": lambda store, bucket: store.get_presigned_upload_url("key", bucket),
    "part": lambda store, bucket: _part(store, bucket),
}
"""What a URL is signed for -> a URL."""

OTHERS: dict[str, str] = {
    "X-Amz-Algorithm": "AWS4-HMAC-SHA1",
    "X-Amz-Credential": "AKIAIOSFODNN7EXAMPLE/20300101/us-east-1/s3/aws4_request",
    "X-Amz-Date": "20300101T000000Z",
    "X-Amz-Expires": "604799",
    "X-Amz-SignedHeaders": "x-amz-meta-a",
    "X-Amz-Signature": "0" * 64,
    "response-content-type": "text/html",
}
"""Each parameter of a URL, and another value for it."""

ALTERED = [("GET", name) for name in OTHERS] + [("PUT", name) for name in OTHERS if name != "response-content-type"]

ADDED = ["versionId=null", "response-content-disposition=inline", "acl=", "tagging=", "uploads=", "partNumber=1", "x=y"]


class PresignedSignatures(ConformanceGroup):
    """Presigned signatures."""

    capability: ClassVar[type | None] = SupportsPresign

    @needs(By("signed", {"part": SupportsMultipart}))
    @pytest.mark.parametrize("client", CLIENTS)
    @pytest.mark.parametrize("used", METHODS)
    @pytest.mark.parametrize("signed", URLS)
    def test_a_presigned_url_is_good_for_its_method_alone(
        self, served: ObjectStore, bucket: str, signed: str, used: str, client: str
    ) -> None:
        """A URL for GET does not PUT, POST, DELETE or HEAD, and so on: nothing is read, stored or deleted."""
        served.put_object(b"kept", "key", bucket)
        url = URLS[signed](served, bucket)
        answer = CLIENTS[client].send(used, url, body=CONTENT if used in {"PUT", "POST", "PATCH"} else None)
        if used == signed or (signed, used) == ("part", "PUT"):
            assert answer.status == 200
        else:
            assert 400 <= answer.status < 500, answer.body[:500]
            assert b"kept" not in answer.body
        assert served.read_object("key", bucket) == (CONTENT if signed == used == "PUT" else b"kept")
        if signed == "part":
            assert len(list(served.list_multipart_uploads(bucket=bucket))) == 1

    @pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "_method"])
    def test_a_header_does_not_change_the_method_of_a_presigned_url(
        self, served: ObjectStore, bucket: str, header: str
    ) -> None:
        """What some frameworks take for the method is not looked at."""
        served.put_object(b"kept", "key", bucket)
        answer = CLIENTS["requests"].send("GET", served.get_presigned_url("key", bucket), {header: "DELETE"})
        assert (answer.status, answer.body) == (200, b"kept")
        upload_url = served.get_presigned_upload_url("key", bucket)
        for override in ("GET", "PUT", "DELETE"):
            answer = CLIENTS["requests"].send("POST", upload_url, {header: override}, CONTENT)
            assert 400 <= answer.status < 500
        assert served.read_object("key", bucket) == b"kept"

    @pytest.mark.parametrize(("method", "parameter"), ALTERED)
    def test_a_presigned_url_cannot_be_altered(
        self, served: ObjectStore, bucket: str, method: str, parameter: str
    ) -> None:
        """Each parameter with another value, and each taken away, is refused."""
        served.put_object(b"kept", "key", bucket)
        if method == "GET":
            url = served.get_presigned_url("key", bucket, response_content_type="text/plain")
        else:
            url = served.get_presigned_upload_url("key", bucket)
        address, _, query = url.partition("?")
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True)
        assert parameter in dict(pairs)
        changed = [(name, OTHERS[name] if name == parameter else value) for name, value in pairs]
        removed = [(name, value) for name, value in pairs if name != parameter]
        body = CONTENT if method == "PUT" else None
        for wrong in (changed, removed):
            assert_refused(CLIENTS["httpx"].send(method, f"{address}?{_query(wrong)}", body=body))
        assert served.read_object("key", bucket) == b"kept"

    @pytest.mark.parametrize("added", ADDED)
    def test_nothing_can_be_added_to_a_presigned_url(self, served: ObjectStore, bucket: str, added: str) -> None:
        """Another parameter, in front or behind, is refused: it would ask for something else."""
        served.put_object(b"kept", "key", bucket)
        for method, url in (
            ("GET", served.get_presigned_url("key", bucket)),
            ("PUT", served.get_presigned_upload_url("key", bucket)),
        ):
            for wrong in (f"{url}&{added}", url.replace("?", f"?{added}&")):
                answer = CLIENTS["requests"].send(method, wrong, body=CONTENT if method == "PUT" else None)
                assert answer.status >= 400
                assert b"kept" not in answer.body
        assert served.read_object("key", bucket) == b"kept"

    @pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
    @pytest.mark.parametrize("client", CLIENTS)
    def test_without_its_query_a_presigned_url_is_nothing(
        self, served: ObjectStore, bucket: str, client: str, method: str
    ) -> None:
        """Nobody reads, writes or deletes without a signature, and nobody lists the bucket."""
        served.put_object(b"kept", "key", bucket)
        address, _, _ = served.get_presigned_url("key", bucket).partition("?")
        for where in (address, address.removesuffix("/key"), address.removesuffix("key")):
            answer = CLIENTS[client].send(method, where, body=CONTENT if method == "PUT" else None)
            assert 400 <= answer.status < 500
            assert b"kept" not in answer.body
        assert served.read_object("key", bucket) == b"kept"

    @pytest.mark.parametrize("method", ["GET", "PUT"])
    def test_a_presigned_url_is_good_for_its_object_alone(
        self, served: ObjectStore, bucket: str, other_bucket: str, method: str
    ) -> None:
        """Another key, another bucket, the bucket itself, or a key in other letters: all refused."""
        served.put_object(b"kept", "key", bucket)
        served.put_object(b"kept", "other", bucket)
        served.put_object(b"kept", "key", other_bucket)
        sign = served.get_presigned_url if method == "GET" else served.get_presigned_upload_url
        url = sign("key", bucket)
        own = f"/{bucket}/key?"
        assert own in url
        for other in (
            f"/{bucket}/other?",
            f"/{bucket}/key/?",
            f"/{bucket}/KEY?",
            f"/{other_bucket}/key?",
            f"/{bucket}?",
        ):
            body = CONTENT if method == "PUT" else None
            assert_refused(CLIENTS["requests"].send(method, url.replace(own, other), body=body))
        assert served.read_object("other", bucket) == b"kept"
        assert served.read_object("key", other_bucket) == b"kept"

    @pytest.mark.parametrize("host", ["files.example.com", "127.0.0.1:1", "localhost"])
    def test_a_presigned_url_is_good_for_its_host_alone(self, served: ObjectStore, bucket: str, host: str) -> None:
        """The name that it is signed for is part of the signature."""
        served.put_object(b"kept", "key", bucket)
        assert_refused(RAW.send("GET", served.get_presigned_url("key", bucket), {"Host": host}))
        assert_refused(RAW.send("PUT", served.get_presigned_upload_url("key", bucket), {"Host": host}, CONTENT))
        assert served.read_object("key", bucket) == b"kept"

    @pytest.mark.parametrize(
        "public", ["http://localhost:8080", "http://files.example.com", "https://files.example.com:8443"]
    )
    def test_presigned_urls_are_for_the_public_endpoint(self, served: ObjectStore, bucket: str, public: str) -> None:
        """They name the host that clients see, and are good where a proxy hands that name on."""
        served.put_object(CONTENT, "key", bucket)
        host = urlsplit(public).netloc
        own = urlsplit(served.get_presigned_url("key", bucket)).netloc
        presign = served.config.presign.model_copy(update={"public_endpoint": public})
        with ObjectStore(served.config.model_copy(update={"presign": presign})) as behind_a_proxy:
            urls = {
                "GET": behind_a_proxy.get_presigned_url("key", bucket),
                "PUT": behind_a_proxy.get_presigned_upload_url("key", bucket),
            }
            assert behind_a_proxy.verify_presigned(urls["GET"]).key == "key"
        for method, url in urls.items():
            assert url.startswith(f"{public}/")
            sent = f"http://{own}{url.removeprefix(public)}"
            body = CONTENT if method == "PUT" else None
            answer = RAW.send(method, sent, {"Host": host}, body)
            assert answer.status == (404 if PUBLIC_NAMES in self.limits.lacks and "example" in host else 200)
            assert_refused(RAW.send(method, sent, None, body))

    @needs(SupportsMultipart)
    def test_presigned_urls_expire(self, served: ObjectStore, bucket: str) -> None:
        """After their time none of them reads or stores anything; a URL that has longer goes on."""
        served.put_object(b"kept", "key", bucket)
        lasting = served.get_presigned_url("key", bucket, expires=60)
        get = served.get_presigned_url("key", bucket, expires=1)
        head = served.get_presigned_url("key", bucket, expires=1, method="HEAD")
        put = served.get_presigned_upload_url("key", bucket, expires=1)
        post = served.get_presigned_post("key", bucket, expires=1)
        multipart = served.presign_multipart("key", 10, bucket=bucket, expires=1)
        time.sleep(2.5)  # a second, and what the clocks cut off
        send = CLIENTS["requests"].send
        assert_refused(send("GET", get), "AccessDenied", "ExpiredToken", "InvalidRequest")
        assert send("HEAD", head).status in {400, 403}
        assert_refused(send("PUT", put, body=CONTENT))
        assert_refused(CLIENTS["requests"].post(post.url, post.fields, CONTENT))
        assert_refused(send("PUT", multipart.parts[0].url, body=bytes(10)))
        assert list(served.list_parts("key", multipart.upload_id, bucket)) == []
        assert served.read_object("key", bucket) == b"kept"
        assert send("GET", lasting).body == b"kept"
        if isinstance(served.client, SupportsPresignKeys):  # verifying is the check there
            with pytest.raises(AccessDenied, match="expired"):
                served.verify_presigned(get)
        else:
            assert served.verify_presigned(get).expired is True
        assert served.verify_presigned(lasting).expired is False


def _part(store: ObjectStore, bucket: str) -> str:
    return store.presign_multipart("key", len(CONTENT), bucket=bucket).parts[0].url


def _query(pairs: list[tuple[str, str]]) -> str:
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in pairs)

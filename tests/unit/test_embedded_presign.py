"""Presigned URLs of the embedded store, through the facade: signed and checked without a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from data_store.object_store import ObjectStore, ObjectStoreConfiguration
from data_store.object_store.adapters.embedded.presigning import DEFAULT_PUBLIC_ENDPOINT
from data_store.object_store.capabilities import SupportsPresign, SupportsPresignKeys
from data_store.object_store.errors import AccessDenied, ConfigurationError, InvalidArgument, StoreClosed


@pytest.fixture(params=["local", "memory"])
def config(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStoreConfiguration:
    """A configuration of each framework, with a public endpoint."""
    connection = {"root": tmp_path} if request.param == "local" else {"name": str(tmp_path)}
    return ObjectStoreConfiguration(
        framework=request.param,
        connection=connection,
        presign={"public_endpoint": "https://files.example.com/objects"},
    )


@pytest.fixture
def store(config: ObjectStoreConfiguration) -> Iterator[ObjectStore]:
    """A store that signs."""
    with ObjectStore(config) as made:
        yield made


def test_the_embedded_store_signs_and_has_keys(store: ObjectStore) -> None:
    """It says so, without having signed anything."""
    assert store.supports(SupportsPresign)
    assert store.supports(SupportsPresignKeys)


def test_urls_are_for_the_public_endpoint(store: ObjectStore) -> None:
    """Its scheme, host and prefix; without one, for where serve answers."""
    assert store.get_presigned_url("a b", "bucket").startswith("https://files.example.com/objects/bucket/a%20b?X-Amz-")
    assert store.get_presigned_post("key", "bucket").url == "https://files.example.com/objects/bucket"
    with ObjectStore(store.config.model_copy(update={"presign": type(store.config.presign)()})) as plain:
        assert plain.get_presigned_url("key", "bucket").startswith(f"{DEFAULT_PUBLIC_ENDPOINT}/bucket/key?")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_url_to_read_is_verified_and_tells_its_method(store: ObjectStore, method: Any) -> None:
    """Whether the method is asked for or not; another one is refused."""
    url = store.get_presigned_url("key", "bucket", method=method, response_content_type="a/b", download_name="ö.txt")
    for asked in (None, method, method.lower()):
        claims = store.verify_presigned(url, method=asked)
        assert (claims.method, claims.bucket, claims.key, claims.verified) == (method, "bucket", "key", True)
    assert sorted(claims.overrides) == ["response-content-disposition", "response-content-type"]
    for other in {"GET", "HEAD", "PUT", "DELETE"} - {method}:
        with pytest.raises(AccessDenied) as refused:
            store.verify_presigned(url, method=other)
        assert (refused.value.code, refused.value.operation) == ("SignatureDoesNotMatch", "verify_presigned")


def test_an_upload_is_verified_with_the_headers_that_it_must_bring(store: ObjectStore) -> None:
    """Without them the signature cannot be right, and the message names what is missing."""
    upload = store.presign_upload("key", "bucket", content_type="image/png", content_length=4, metadata={"a": "ö"})
    headers = {**upload.headers, "Content-Length": "4"}
    claims = store.verify_presigned(upload.url, headers=headers)
    assert (claims.method, claims.bound_headers) == ("PUT", ("content-length", "content-type", "x-amz-meta-a"))
    with pytest.raises(AccessDenied, match="content-length"):
        store.verify_presigned(upload.url, headers=upload.headers)
    with pytest.raises(AccessDenied):
        store.verify_presigned(upload.url, headers=headers | {"Content-Type": "text/html"})
    with pytest.raises(AccessDenied, match="x-amz-copy-source"):
        store.verify_presigned(upload.url, headers=headers | {"x-amz-copy-source": "/b/k"})


def test_parts_are_verified_with_their_length(store: ObjectStore) -> None:
    """Each tells its upload and its number."""
    store.create_bucket("bucket")
    multipart = store.presign_multipart("key", 11 * 1024**2, 5 * 1024**2, "bucket")
    for part in multipart.parts:
        claims = store.verify_presigned(part.url, headers={"content-length": str(part.size)})
        assert (claims.upload_id, claims.part_number) == (multipart.upload_id, part.part_number)
        with pytest.raises(AccessDenied):
            store.verify_presigned(part.url, headers={"content-length": str(part.size + 1)})


def test_an_altered_url_and_one_that_is_over_are_refused(store: ObjectStore) -> None:
    """The error names the operation and shows nothing of the URL."""
    url = store.get_presigned_url("key", "bucket", 1)
    flipped = "0" if url[-1] != "0" else "1"
    for wrong in (url[:-1] + flipped, url.replace("/key?", "/kez?"), url.replace("Expires=1&", "Expires=9&")):
        with pytest.raises(AccessDenied) as refused:
            store.verify_presigned(wrong)
        assert urlsplit(url).query[-64:-1] not in str(refused.value)


@pytest.mark.parametrize(
    "wrong", ["http://files.example.com/objects", "https://files.example.com", "https://other.example.com/objects"]
)
def test_a_url_of_another_endpoint_is_an_invalid_argument(store: ObjectStore, wrong: str) -> None:
    """Its scheme, host or prefix is not ours: there is nothing to check."""
    url = store.get_presigned_url("key", "bucket")
    with pytest.raises(InvalidArgument, match="no presigned URL of this store"):
        store.verify_presigned(url.replace("https://files.example.com/objects", wrong))


def test_every_byte_of_a_url_counts(store: ObjectStore) -> None:
    """Any one of them altered is refused: by the check, or because it is not our endpoint."""
    url = store.get_presigned_url("ö/key", "bucket")
    client: Any = store.client
    passed = []
    for position, original in enumerate(url):
        for other in {chr(ord(original) ^ 1), original.swapcase(), "0", "z", "%", "&", "/", "#", "?"} - {original}:
            altered = f"{url[:position]}{other}{url[position + 1 :]}"
            try:
                client.verify_presigned(altered, "GET", {})
            except (AccessDenied, InvalidArgument):
                continue
            passed.append(altered)
    assert passed == []


def test_rotation_and_revocation_go_through_the_facade(store: ObjectStore) -> None:
    """Rotated: former URLs are good; revoked: refused at once."""
    url = store.get_presigned_url("key", "bucket")
    store.rotate_presign_key()
    assert store.verify_presigned(url).verified
    store.rotate_presign_key(revoke=True)
    with pytest.raises(AccessDenied) as refused:
        store.verify_presigned(url)
    assert refused.value.code == "InvalidAccessKeyId"


def test_signing_looks_for_neither_bucket_nor_object(store: ObjectStore) -> None:
    """The root bucket is not made, either."""
    assert store.get_presigned_url("key")
    assert store.list_buckets() == []


def test_a_closed_store_signs_nothing(config: ObjectStoreConfiguration) -> None:
    """As it does nothing else."""
    store = ObjectStore(config)
    store.close()
    with pytest.raises(StoreClosed):
        store.get_presigned_url("key", "bucket")


def test_a_multipart_upload_that_cannot_be_signed_is_not_left_behind(tmp_path: Path) -> None:
    """It was started in order to sign its parts, and nobody knows of it."""
    with ObjectStore({"framework": "local", "root_bucket": "bucket", "connection": {"root": tmp_path}}) as store:
        store.get_presigned_url("key")
        (tmp_path / "presign-keys.json").chmod(0o644)
        with pytest.raises(ConfigurationError, match="chmod"):
            store.presign_multipart("key", 10)
        assert list(store.list_multipart_uploads()) == []

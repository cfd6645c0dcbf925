"""What was not signed is not done."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
import requests

from data_store.object_store import AccessDenied, ConfigurationError, ObjectStore
from data_store.object_store.serve import presigned_app
from tests.serve.support import Served, code_of, eventually, exchange


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "TRACE"])
def test_an_unsigned_request_is_refused(served: Served, method: str) -> None:
    """There is no listing, and nothing is open to everybody."""
    served.store.put_object(b"secret", "x")
    for path in ("/", "/photos", "/photos/", "/photos/x", "/?list-type=2", "/photos?uploads"):
        status, body = exchange(method, served.url + path, "Content-Length: 0")
        assert status == 403
        assert b"secret" not in body


@pytest.mark.parametrize("method", ["HEAD", "PUT", "POST", "DELETE", "PATCH"])
def test_a_url_for_get_does_nothing_else(served: Served, method: str) -> None:
    """The method is signed."""
    served.store.put_object(b"kept", "x")
    answer = requests.request(method, served.store.get_presigned_url("x"), data=b"new", timeout=10)
    assert answer.status_code == 403
    assert served.store.read_object("x") == b"kept"


def test_a_url_that_has_expired_is_refused(served: Served) -> None:
    """The answer says so, for people to read."""
    served.store.put_object(b"x", "x")
    url = served.store.get_presigned_url("x", expires=1)
    assert eventually(lambda: requests.get(url, timeout=10).status_code == 403)
    assert "expired" in requests.get(url, timeout=10).text


def test_a_revoked_key_ends_what_it_signed(served: Served) -> None:
    """At once, in the server's process too; what is signed afterwards is good."""
    served.store.put_object(b"x", "x")
    url = served.store.get_presigned_url("x")
    served.store.rotate_presign_key()
    assert requests.get(url, timeout=10).status_code == 200
    served.store.rotate_presign_key(revoke=True)
    answer = requests.get(url, timeout=10)
    assert (answer.status_code, code_of(answer.content)) == (403, "InvalidAccessKeyId")
    assert requests.get(served.store.get_presigned_url("x"), timeout=10).status_code == 200


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("/photos/a", "/photos/%61"),
        ("/photos/a", "//photos/a"),
        ("/photos/a", "/photos//a"),
        ("/photos/a", "/photos/./a"),
        ("/photos/a", "/photos/x/../a"),
        ("/photos/a", "/photos/x/%2e%2e/a"),
        ("/photos/a", "/photos%2Fa"),
        ("/photos/a", "/photos/a%00"),
        ("/photos/a", "/photos/a%ff"),
        ("/photos/a", "/photos/a/"),
        ("/photos/a", "/photos/a;x"),
        ("X-Amz-Expires=3600", "X-Amz-Expires=3601"),
        ("X-Amz-Expires=3600", "X-Amz-Expires=3600&x=y"),
        ("X-Amz-Expires=3600", "X-Amz-Expires=3600&X-Amz-Expires=3600"),
        ("X-Amz-Algorithm", "x-amz-algorithm"),
    ],
)
def test_no_other_way_of_writing_a_url_is_good(served: Served, before: str, after: str) -> None:
    """Paths and queries count as they travel, and nothing is normalised."""
    served.store.put_object(b"x", "a")
    url = served.store.get_presigned_url("a")
    assert before in url
    status, _ = exchange("GET", url.replace(before, after))
    assert status in (400, 403)
    assert exchange("GET", url)[0] == 200


@pytest.mark.parametrize(
    "key", ["../up", "a/../b", "a//b", "/a", "a/", ".", "%2e%2e", "a%00", "a b+c", "ü/日本", "a?b#c"]
)
def test_every_odd_key_is_one_key(served: Served, key: str) -> None:
    """What looks like a path, or like an encoded one, is a name."""
    url = served.store.get_presigned_upload_url(key)
    assert exchange("PUT", url, "Content-Length: 1", body=b"x")[0] == 200
    assert [found.key for found in served.store.list_objects()] == [key]
    assert exchange("GET", served.store.get_presigned_url(key)) == (200, b"x")


def test_another_host_is_refused(served: Served) -> None:
    """The host is signed."""
    served.store.put_object(b"x", "x")
    url = served.store.get_presigned_url("x")
    answer = requests.get(url, headers={"Host": "example.com"}, timeout=10)
    assert (answer.status_code, code_of(answer.content)) == (403, "SignatureDoesNotMatch")


def test_an_error_shows_no_secret_and_cannot_run(served: Served) -> None:
    """Its document has neither query nor signature, is no script and is kept nowhere."""
    answer = requests.get(served.store.get_presigned_url("nothing<&>"), timeout=10)
    secret = urlsplit(answer.url).query.rpartition("=")[2]
    assert secret not in answer.text
    assert "X-Amz" not in answer.text
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/xml"


def test_a_store_that_fails_does_not_say_where_it_lies(served: Served) -> None:
    """The log says what the client is not told."""
    served.store.put_object(b"x" * 100_000, "x")
    [file] = [each for each in (served.root / "content").rglob("*") if each.is_file()]
    file.write_bytes(b"short")
    answer = requests.get(served.store.get_presigned_url("x"), timeout=10)
    assert (answer.status_code, code_of(answer.content)) == (500, "InternalError")
    assert str(served.root) not in answer.text


def test_a_store_with_a_server_is_not_served() -> None:
    """Its server answers what it signed."""
    with (
        ObjectStore("minio://key:secret@localhost:9000/photos?secure=false") as store,
        pytest.raises(ConfigurationError),
    ):
        presigned_app(store)


def test_what_is_served_is_what_the_store_itself_verifies(served: Served) -> None:
    """Both make the same check."""
    url = served.store.get_presigned_url("x")
    assert served.store.verify_presigned(url).verified
    with pytest.raises(AccessDenied):
        served.store.verify_presigned(url.replace("/photos/x", "/photos/y"))

"""POST of forms."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from data_store.object_store import PresignedPost
from tests.serve.support import Served, answer_of, code_of, connect, exchange, head

BOUNDARY = "----data-store"


def send(post: PresignedPost, content: bytes = b"hello", fields: Mapping[str, str] | None = None) -> requests.Response:
    """Send a form; ``fields`` are added to those of the form, or replace them."""
    data, files = {**post.fields, **(fields or {})}, {"file": ("a.txt", content)}
    return requests.post(post.url, data=data, files=files, timeout=10, allow_redirects=False)


def encoded(fields: Iterable[tuple[str, str]]) -> bytes:
    """Return fields as they stand in a form."""
    parts = (f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields)
    return "".join(parts).encode()


def file_of(content: bytes, name: str = "a.txt") -> bytes:
    """Return a file as it stands in a form, without the boundary behind it."""
    top = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    return top.encode() + content


END = f"\r\n--{BOUNDARY}--\r\n".encode()
TYPE = f"Content-Type: multipart/form-data; boundary={BOUNDARY}"


def send_raw(url: str, body: bytes) -> tuple[int, bytes]:
    """Send the body of a form as it is."""
    return exchange("POST", url, TYPE, f"Content-Length: {len(body)}", body=body)


def test_a_form_stores_its_file(served: Served) -> None:
    """With the type and the metadata that were bound; the answer is empty."""
    post = served.store.get_presigned_post("x", content_type="text/plain", metadata={"who": "Jürgen"})
    answer = send(post)
    found = served.store.head_object("x")
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["etag"] == f'"{found.etag}"'
    assert (found.content_type, found.metadata) == ("text/plain", {"who": "Jürgen"})
    assert served.store.read_object("x") == b"hello"


def test_a_form_tells_what_was_stored_where_it_is_wanted(served: Served) -> None:
    """201 has a document, 200 has none."""
    answer = send(served.store.get_presigned_post("a&b", success_status=201))
    assert (answer.status_code, answer.headers["content-type"]) == (201, "application/xml")
    assert "<PostResponse>" in answer.text
    assert "<Bucket>photos</Bucket><Key>a&amp;b</Key>" in answer.text
    answer = send(served.store.get_presigned_post("x", success_status=200))
    assert (answer.status_code, answer.content) == (200, b"")


def test_a_form_sends_the_browser_on(served: Served) -> None:
    """With bucket, key and ETag in the query, behind what the URL had."""
    post = served.store.get_presigned_post("a b", success_redirect="https://app.example.com/done?n=1")
    answer = send(post)
    target = urlsplit(answer.headers["location"])
    told = {"n": ["1"], "bucket": ["photos"], "key": ["a b"], "etag": [answer.headers["etag"]]}
    assert answer.status_code == 303
    assert (target.netloc, parse_qs(target.query)) == ("app.example.com", told)


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        ("ü 日本 😀.txt", "up/ü 日本 😀.txt"),
        ("C:\\\\fakepath\\\\a.txt", "up/a.txt"),
        ("../../etc/passwd", "up/passwd"),
        ('a\\"b.txt', 'up/a"b.txt'),
        ("a%22b.txt", "up/a%22b.txt"),
    ],
)
def test_the_name_of_the_file_ends_the_key(served: Served, sent: str, key: str) -> None:
    """The name alone, without directories, as browsers and other clients write it."""
    post = served.store.get_presigned_post("up/${filename}")
    body = encoded(post.fields.items()) + file_of(b"x", sent) + END
    assert send_raw(post.url, body)[0] == 204
    assert [found.key for found in served.store.list_objects()] == [key]


@pytest.mark.parametrize(
    ("size", "status", "code"),
    [
        (2, 400, "EntityTooSmall"),
        (3, 204, ""),
        (5, 204, ""),
        (6, 400, "EntityTooLarge"),
        (10**7, 400, "EntityTooLarge"),
    ],
)
def test_the_length_of_the_file_is_limited(served: Served, size: int, status: int, code: str) -> None:
    """Both ends of the range are in it; nothing else is stored."""
    answer = send(served.store.get_presigned_post("x", min_length=3, max_length=5), bytes(size))
    assert (answer.status_code, code_of(answer.content)) == (status, code)
    assert served.store.exists("x") == (status == 204)
    assert served.leftovers == []


def test_a_file_that_is_too_long_is_refused_before_it_has_come(served: Served) -> None:
    """The answer comes while the client still sends."""
    post = served.store.get_presigned_post("x", max_length=2 * 1024 * 1024)
    with connect(post.url) as connection:
        connection.sendall(head("POST", post.url, TYPE, f"Content-Length: {10**9}"))
        connection.sendall(encoded(post.fields.items()) + file_of(bytes(4 * 1024 * 1024)))
        status, _, body = answer_of(connection)
    assert (status, code_of(body)) == (400, "EntityTooLarge")
    assert served.leftovers == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"key": "other"}, "AccessDenied"),
        ({"Content-Type": "text/html"}, "AccessDenied"),
        ({"x-amz-meta-who": "me"}, "AccessDenied"),
        ({"x-amz-meta-more": "me"}, "AccessDenied"),
        ({"acl": "public-read"}, "AccessDenied"),
        ({"success_action_redirect": "https://evil.example.com"}, "AccessDenied"),
        ({"bucket": "other"}, "AccessDenied"),
        ({"x-amz-signature": "0" * 64}, "SignatureDoesNotMatch"),
        ({"policy": "e30="}, "SignatureDoesNotMatch"),
        ({"x-amz-credential": "nobody/20260101/local/s3/aws4_request"}, "InvalidArgument"),
    ],
)
def test_a_form_that_is_not_what_was_signed_is_refused(served: Served, fields: dict[str, str], code: str) -> None:
    """Each field is bound, and there are no others."""
    post = served.store.get_presigned_post("x", content_type="text/plain", metadata={"who": "you"})
    answer = send(post, fields=fields)
    assert (answer.status_code in (400, 403), code_of(answer.content)) == (True, code)
    assert not served.store.exists("x")


def test_a_type_of_a_kind_is_the_clients_choice(served: Served) -> None:
    """``image/*``: any image, and nothing else."""
    post = served.store.get_presigned_post("x", content_type="image/*")
    assert send(post, fields={"Content-Type": "text/html"}).status_code == 403
    assert send(post).status_code == 403
    assert send(post, fields={"Content-Type": "image/png"}).status_code == 204
    assert served.store.head_object("x").content_type == "image/png"


def test_a_form_for_one_bucket_is_refused_by_another(served: Served) -> None:
    """The bucket stands in the URL and in the policy."""
    served.store.create_bucket("other")
    post = served.store.get_presigned_post("x")
    body = encoded(post.fields.items()) + file_of(b"x") + END
    assert send_raw(post.url.replace("/photos", "/other"), body)[0] == 403
    assert not served.store.exists("x", "other")


def test_a_form_that_has_expired_is_refused(served: Served) -> None:
    """As soon as its time is over."""
    post = served.store.get_presigned_post("x", expires=1)
    time.sleep(1.1)
    answer = send(post)
    assert (answer.status_code, code_of(answer.content)) == (403, "AccessDenied")


def test_fields_behind_the_file_are_ignored(served: Served) -> None:
    """As S3 does: they count for nothing, whatever they are."""
    post = served.store.get_presigned_post("x")
    behind = b"\r\n" + encoded([("key", "other"), ("acl", "x" * 30_000)])[:-2]
    body = encoded(post.fields.items()) + file_of(b"hello") + behind + END
    assert send_raw(post.url, body)[0] == 204
    assert served.store.read_object("x") == b"hello"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"end": b""}, "MalformedPOSTRequest"),
        ({"end": b"\r\n"}, "MalformedPOSTRequest"),
        ({"file": b""}, "MalformedPOSTRequest"),
        ({"more": [("key", "twice")]}, "MalformedPOSTRequest"),
        ({"more": [("", "nameless")]}, "MalformedPOSTRequest"),
        ({"file": f"--{BOUNDARY}\r\nX-Long: {'a' * 30_000}".encode()}, "MalformedPOSTRequest"),
        ({"more": [("x-ignore-a", "a" * 30_000)]}, "MaxPostPreDataLengthExceededError"),
        ({"more": [(f"x-ignore-{n}", "") for n in range(200)]}, "MaxPostPreDataLengthExceededError"),
    ],
)
def test_a_form_that_is_broken_is_refused(served: Served, change: dict[str, Any], code: str) -> None:
    """Ended early, without a file, with fields too many, too long or twice: nothing is stored."""
    post = served.store.get_presigned_post("x")
    fields = [*post.fields.items(), *change.get("more", [])]
    body = encoded(fields) + change.get("file", file_of(b"hello")) + change.get("end", END)
    status, answer = send_raw(post.url, body)
    assert (status, code_of(answer)) == (400, code)
    assert not served.store.exists("x")
    assert served.leftovers == []


def test_what_is_no_form_is_refused(served: Served) -> None:
    """Another type, no boundary, no length."""
    url = served.store.get_presigned_post("x").url
    for kind in (
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        f"multipart/form-data; boundary={'b' * 99}",
    ):
        status, body = exchange("POST", url, f"Content-Type: {kind}", "Content-Length: 2", body=b"{}")
        assert (status, code_of(body)) == (400, "RequestIsNotMultiPartContent")
    status, body = exchange("POST", url, TYPE, "Transfer-Encoding: chunked", body=b"0\r\n\r\n")
    assert (status, code_of(body)) == (411, "MissingContentLength")


def test_content_that_looks_like_a_boundary_is_content(served: Served) -> None:
    """Line ends, dashes and half a boundary."""
    content = f"\r\n--{BOUNDARY[:-1]}\r\n--\r\n\r\n--{BOUNDARY}x\r".encode() * 5000
    post = served.store.get_presigned_post("x")
    status, _ = send_raw(
        post.url, encoded(post.fields.items()) + file_of(content.replace(BOUNDARY.encode(), b"")) + END
    )
    assert status == 204
    assert served.store.read_object("x") == content.replace(BOUNDARY.encode(), b"")


def test_a_form_with_signatures_in_its_body_is_not_taken(served: Served) -> None:
    """As a PUT of that kind is not."""
    post = served.store.get_presigned_post("x")
    body = encoded(post.fields.items()) + file_of(b"hello") + END
    answer = exchange(
        "POST", post.url, TYPE, "Content-Encoding: aws-chunked", f"Content-Length: {len(body)}", body=body
    )
    assert (answer[0], code_of(answer[1])) == (501, "NotImplemented")
    assert not served.store.exists("x")

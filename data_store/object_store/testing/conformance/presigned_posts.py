"""HTML forms that upload: they do what their policy says, and nothing else."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest

from data_store.object_store.capabilities import SupportsPresign
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.http_clients import CLIENTS, assert_refused
from data_store.object_store.testing.conformance.needs import needs
from data_store.object_store.testing.facts import (
    FORM_ETAGS,
    FORM_FILES,
    FORM_LENGTHS,
    FORM_NAMES,
    FORM_REDIRECTS,
    FORM_TYPE_LISTS,
)

__all__ = ["PresignedPosts"]

CONTENT = b"content"

Fields = dict[str, str]

FORMS: dict[str, tuple[dict[str, Any], Fields]] = {
    "nothing": ({}, {}),
    "a type": ({"content_type": "image/png"}, {}),
    "a kind of types": ({"content_type": "image/*"}, {"Content-Type": "image/webp"}),
    "a range of lengths": ({"min_length": 7, "max_length": 7}, {}),
    "metadata": ({"metadata": {"plain": "a  b", "letters": "Überschrift € 😀"}}, {}),
    "all": (
        {"content_type": "image/*", "min_length": 1, "max_length": 100, "metadata": {"a": "b"}, "success_status": 201},
        {"Content-Type": "image/gif"},
    ),
}
"""What a form binds -> its options, and the fields that whoever sends it adds."""

BROKEN: dict[str, tuple[dict[str, Any], Callable[[Fields], Fields], bytes]] = {
    "another key": ({}, lambda fields: _with(fields, "key", "other"), CONTENT),
    "a longer key": ({}, lambda fields: _with(fields, "key", "key/more"), CONTENT),
    "no key": ({}, lambda fields: _with(fields, "key", None), CONTENT),
    "another type": ({"content_type": "image/png"}, lambda fields: _with(fields, "content-type", "text/html"), CONTENT),
    "no type": ({"content_type": "image/png"}, lambda fields: _with(fields, "content-type", None), CONTENT),
    "another kind of type": (
        {"content_type": "image/*"},
        lambda fields: {**fields, "Content-Type": "text/html"},
        CONTENT,
    ),
    "a type that only looks alike": (
        {"content_type": "image/*"},
        lambda fields: {**fields, "Content-Type": "imagery/png"},
        CONTENT,
    ),
    "no kind of type": ({"content_type": "image/*"}, dict, CONTENT),
    "too long": ({"max_length": 6}, dict, CONTENT),
    "much too long": ({"max_length": 6}, dict, bytes(300_000)),
    "too short": ({"min_length": 8}, dict, CONTENT),
    "empty": ({"min_length": 1}, dict, b""),
    "another metadata": ({"metadata": {"a": "b"}}, lambda fields: _with(fields, "x-amz-meta-a", "c"), CONTENT),
    "no metadata": ({"metadata": {"a": "b"}}, lambda fields: _with(fields, "x-amz-meta-a", None), CONTENT),
    "more metadata": ({}, lambda fields: {**fields, "x-amz-meta-more": "c"}, CONTENT),
    "access for all": ({}, lambda fields: {**fields, "acl": "public-read"}, CONTENT),
    "an unbound type": ({}, lambda fields: {**fields, "Content-Type": "text/html"}, CONTENT),
    "an unbound redirect": ({}, lambda fields: {**fields, "success_action_redirect": "http://example.com/"}, CONTENT),
    "another status": ({"success_status": 201}, lambda fields: _with(fields, "success_action_status", "200"), CONTENT),
    "another redirect": (
        {"success_redirect": "http://example.com/done"},
        lambda fields: _with(fields, "success_action_redirect", "http://example.org/done"),
        CONTENT,
    ),
    "a policy that allows more": ({"max_length": 6}, lambda fields: _with_policy(fields, 6, 600), CONTENT),
    "no policy": ({}, lambda fields: _with(fields, "policy", None), CONTENT),
    "an empty policy": ({}, lambda fields: _with(fields, "policy", ""), CONTENT),
    "a policy that is none": ({}, lambda fields: _with(fields, "policy", "bm9uZQ=="), CONTENT),
    "another signature": ({}, lambda fields: _with(fields, "x-amz-signature", "0" * 64), CONTENT),
    "no signature": ({}, lambda fields: _with(fields, "x-amz-signature", None), CONTENT),
    "another time": ({}, lambda fields: _with(fields, "x-amz-date", "20300101T000000Z"), CONTENT),
    "another signer": (
        {},
        lambda fields: _with(fields, "x-amz-credential", "AKIAIOSFODNN7EXAMPLE/20300101/us-east-1/s3/aws4_request"),
        CONTENT,
    ),
    "no fields at all": ({}, lambda _fields: {"key": "key"}, CONTENT),
}
"""What is wrong -> the options of the form, what becomes of its fields, and the file."""


class PresignedPosts(ConformanceGroup):
    """Presigned forms."""

    capability: ClassVar[type | None] = SupportsPresign

    @pytest.mark.parametrize("client", CLIENTS)
    @pytest.mark.parametrize("form", FORMS)
    def test_a_presigned_form_takes_a_file(self, served: ObjectStore, bucket: str, form: str, client: str) -> None:
        """Its fields, and a file: the object is stored with what was bound."""
        options, added = FORMS[form]
        post = served.get_presigned_post("key", bucket, **options)
        answer = CLIENTS[client].post(post.url, {**post.fields, **added}, CONTENT)
        assert answer.status == options.get("success_status", 204), answer.body[:500]
        assert served.read_object("key", bucket) == CONTENT
        head = served.head_object("key", bucket)
        assert head.metadata == options.get("metadata", {})
        if "content_type" in options:
            assert head.content_type == added.get("Content-Type", options["content_type"])

    @pytest.mark.parametrize("broken", BROKEN)
    def test_a_presigned_form_does_nothing_else(self, served: ObjectStore, bucket: str, broken: str) -> None:
        """Whatever of it is otherwise, it is refused, and nothing is stored or replaced."""
        served.put_object(b"kept", "key", bucket)
        options, change, content = BROKEN[broken]
        post = served.get_presigned_post("key", bucket, **options)
        fields = change(dict(post.fields))
        answer = CLIENTS["requests"].post(post.url, fields, content)
        assert_refused(answer)
        assert served.read_object("key", bucket) == b"kept"
        assert [found.key for found in served.list_objects(bucket=bucket)] == ["key"]

    def test_a_list_of_types_is_refused_by_a_form_of_a_kind_of_types(self, served: ObjectStore, bucket: str) -> None:
        """Browsers take the last one of a list: each must be of the kind (S3 API reference, POST policy)."""
        post = served.get_presigned_post("key", bucket, content_type="image/*")
        fields = {**post.fields, "Content-Type": "image/png,text/html"}
        answer = CLIENTS["requests"].post(post.url, fields, CONTENT)
        if FORM_TYPE_LISTS in self.limits.lacks:
            assert answer.status == 204
            assert served.head_object("key", bucket).content_type == "image/png,text/html"
        else:
            assert_refused(answer)
            assert served.exists("key", bucket) is False

    @pytest.mark.parametrize(
        ("options", "content", "code"),
        [({"max_length": 6}, CONTENT, "EntityTooLarge"), ({"min_length": 8}, CONTENT, "EntityTooSmall")],
        ids=["too long", "too short"],
    )
    def test_a_presigned_form_tells_what_is_wrong_with_the_length(
        self, served: ObjectStore, bucket: str, options: dict[str, Any], content: bytes, code: str
    ) -> None:
        """A web page can tell its user: the code is that of S3."""
        post = served.get_presigned_post("key", bucket, **options)
        told = "InvalidRequest" if FORM_LENGTHS in self.limits.lacks else code
        assert_refused(CLIENTS["httpx"].post(post.url, post.fields, content), told)

    @pytest.mark.parametrize("client", CLIENTS)
    @pytest.mark.parametrize("status", [200, 201, 204])
    def test_a_presigned_form_answers_with_its_status(
        self, served: ObjectStore, bucket: str, status: int, client: str
    ) -> None:
        """200 and 204 without a body, 201 with one in XML that tells bucket, key and ETag."""
        post = served.get_presigned_post("a b/key", bucket, success_status=status)
        answer = CLIENTS[client].post(post.url, post.fields, CONTENT)
        assert answer.status == status
        etag = served.head_object("a b/key", bucket).etag or ""
        assert answer.headers.get("etag") == (None if FORM_ETAGS in self.limits.lacks else f'"{etag}"')
        if status == 201:
            told = answer.body.decode()
            assert f"<Bucket>{bucket}</Bucket>" in told
            assert "<Key>a b/key</Key>" in told
            assert etag in told
        else:
            assert answer.body == b""

    @pytest.mark.parametrize("client", CLIENTS)
    def test_a_presigned_form_sends_the_browser_on(self, served: ObjectStore, bucket: str, client: str) -> None:
        """303 to success_redirect, which is told bucket, key and ETag."""
        post = served.get_presigned_post("a b/ä", bucket, success_redirect="http://example.com/done")
        answer = CLIENTS[client].post(post.url, post.fields, CONTENT)
        assert answer.status == 303
        page, _, query = answer.headers["location"].partition("?")
        told = parse_qs(query, strict_parsing=True)
        assert (page, told["bucket"], told["key"]) == ("http://example.com/done", [bucket], ["a b/ä"])
        assert told["etag"][0].strip('"') == served.head_object("a b/ä", bucket).etag

    def test_a_presigned_form_adds_to_the_query_of_a_redirect(self, served: ObjectStore, bucket: str) -> None:
        """What its query had stays; a server that cannot add to it makes it part of a value."""
        post = served.get_presigned_post("key", bucket, success_redirect="http://example.com/done?a=b")
        answer = CLIENTS["requests"].post(post.url, post.fields, CONTENT)
        told = parse_qs(urlsplit(answer.headers["location"]).query)
        assert answer.status == 303
        if FORM_REDIRECTS in self.limits.lacks:
            assert told["a"] == [f"b?bucket={bucket}"]
        else:
            assert (told["a"], told["bucket"], told["key"]) == (["b"], [bucket], ["key"])

    @needs(FORM_NAMES)
    @pytest.mark.parametrize("client", CLIENTS)
    @pytest.mark.parametrize("name", ["report.txt", "annual report (1).txt", "Übersicht 😀.txt", "100%+.txt"])
    def test_a_presigned_form_puts_the_name_of_the_file_into_the_key(
        self, served: ObjectStore, bucket: str, name: str, client: str
    ) -> None:
        """``${filename}`` becomes the name of the file, as the browser sends it."""
        post = served.get_presigned_post("uploads/${filename}", bucket)
        assert post.fields["key"] == "uploads/${filename}"
        assert CLIENTS[client].post(post.url, post.fields, CONTENT, name).status == 204
        assert [found.key for found in served.list_objects(bucket=bucket)] == [f"uploads/{name}"]

    @needs(FORM_NAMES)
    def test_a_presigned_form_with_a_prefix_takes_any_key_below_it(self, served: ObjectStore, bucket: str) -> None:
        """A page may name the key itself, below the prefix and nowhere else."""
        post = served.get_presigned_post("uploads/of-mine/${filename}", bucket)
        chosen = {**post.fields, "key": "uploads/of-mine/2026/report.txt"}
        assert CLIENTS["requests"].post(post.url, chosen, CONTENT).status == 204
        for key in ("uploads/of-others/${filename}", "uploads/of-mine", "x/uploads/of-mine/a", "${filename}", ""):
            assert_refused(CLIENTS["requests"].post(post.url, {**post.fields, "key": key}, CONTENT))
        assert [found.key for found in served.list_objects(bucket=bucket)] == ["uploads/of-mine/2026/report.txt"]

    @needs(FORM_NAMES)
    def test_the_prefix_of_a_presigned_form_holds_against_dots(self, served: ObjectStore, bucket: str) -> None:
        """A key that begins with the prefix is a key like any other, or refused: it leads nowhere else."""
        with ObjectStore(served.config) as new:  # which has not heard from the server yet
            post = new.get_presigned_post("uploads/${filename}", bucket)
        CLIENTS["requests"].post(post.url, {**post.fields, "key": "uploads/../escaped"}, CONTENT)
        assert {found.key for found in served.list_objects(bucket=bucket)} <= {"uploads/../escaped"}

    def test_a_presigned_form_is_good_for_its_bucket_alone(
        self, served: ObjectStore, bucket: str, other_bucket: str
    ) -> None:
        """Sent to another one it is refused."""
        post = served.get_presigned_post("key", bucket)
        assert bucket in post.url
        answer = CLIENTS["httpx"].post(post.url.replace(bucket, other_bucket), post.fields, CONTENT)
        assert_refused(answer)
        assert list(served.list_objects(bucket=other_bucket)) == []

    def test_what_follows_the_file_of_a_presigned_form_does_not_count(self, served: ObjectStore, bucket: str) -> None:
        """Fields behind the file are not looked at (S3 API reference, POST Object), so none of them changes the key."""
        post = served.get_presigned_post("key", bucket)
        parts = [*((name, None, value.encode()) for name, value in post.fields.items()), ("file", "f", CONTENT)]
        answer = CLIENTS["requests"].send("POST", post.url, *_multipart([*parts, ("key", None, b"other")]))
        assert answer.status == 204 or 400 <= answer.status < 500
        assert {found.key for found in served.list_objects(bucket=bucket)} <= {"key"}

    def test_a_presigned_form_without_a_file_stores_nothing(self, served: ObjectStore, bucket: str) -> None:
        """There is nothing to store: 4xx."""
        post = served.get_presigned_post("key", bucket)
        parts = [(name, None, value.encode()) for name, value in post.fields.items()]
        answer = CLIENTS["httpx"].send("POST", post.url, *_multipart(parts))
        if FORM_FILES in self.limits.lacks:
            assert answer.status == 204
            assert served.exists("key", bucket) is True
        else:
            assert_refused(answer)
            assert list(served.list_objects(bucket=bucket)) == []

    def test_a_presigned_form_of_a_missing_bucket_is_not_found(self, served: ObjectStore, missing_bucket: str) -> None:
        """404, and nothing makes the bucket."""
        post = served.get_presigned_post("key", missing_bucket)
        answer = CLIENTS["requests"].post(post.url, post.fields, CONTENT)
        assert (answer.status, answer.code) == (404, "NoSuchBucket")
        assert served.bucket_exists(missing_bucket) is False


def _with(fields: Fields, name: str, value: str | None) -> Fields:
    """Return fields with one of another value, in its place, or without it."""
    changed = {each: value if each.lower() == name else old for each, old in fields.items()}
    return {each: new for each, new in changed.items() if new is not None}


def _with_policy(fields: Fields, most: int, more: int) -> Fields:
    policy = json.loads(base64.b64decode(fields["policy"]))
    for condition in policy["conditions"]:
        if isinstance(condition, list) and condition[0] == "content-length-range":
            assert condition[2] == most
            condition[2] = more
    return _with(fields, "policy", base64.b64encode(json.dumps(policy).encode()).decode())


def _multipart(parts: Sequence[tuple[str, str | None, bytes]]) -> tuple[dict[str, str], bytes]:
    """Return the headers and the body of a form, with its parts in this order."""
    body = b"".join(
        f'--boundary\r\nContent-Disposition: form-data; name="{name}"'.encode()
        + (f'; filename="{file}"' if file else "").encode()
        + b"\r\n\r\n"
        + content
        + b"\r\n"
        for name, file, content in parts
    )
    return {"Content-Type": "multipart/form-data; boundary=boundary"}, body + b"--boundary--\r\n"

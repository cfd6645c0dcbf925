"""Presigned PUTs that bind nothing, or what the client is to send: the good ways through."""

from __future__ import annotations

import base64
import hashlib
import io
from pathlib import Path
from typing import ClassVar

import httpx
import pytest
import requests

from data_store.object_store.capabilities import SupportsPresign, SupportsTags, SupportsVersioning
from data_store.object_store.models import Condition, PresignUploadOptions
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.http_clients import CLIENTS, assert_refused
from data_store.object_store.testing.conformance.needs import By, needs
from data_store.object_store.testing.conformance.versioned import listed
from data_store.object_store.testing.facts import CONDITIONS_WITH_VERSIONS
from data_store.object_store.testing.helpers import random_bytes

__all__ = ["PresignedUploads"]

CONTENT = b"content"

BOUND: dict[str, PresignUploadOptions] = {
    "nothing": {},
    "content_type": {"content_type": "text/x-type; charset=utf-8"},
    "content_length": {"content_length": len(CONTENT)},
    "content_md5": {"content_md5": base64.b64encode(hashlib.md5(CONTENT, usedforsecurity=False).digest()).decode()},
    "checksum_sha256": {"checksum_sha256": base64.b64encode(hashlib.sha256(CONTENT).digest()).decode()},
    "metadata": {
        "metadata": {"plain": "a  b", "letters": " Überschrift € 😀 ", "word": "=?UTF-8?B?eA==?=", "empty": ""}
    },
    "tags": {"tags": {"a": "b c", "d+e": "f=g/h", "empty": ""}},
    "if_none_match": {"if_none_match": "*"},
}
"""What an upload may bind."""


class PresignedUploads(ConformanceGroup):
    """Presigned uploads."""

    capability: ClassVar[type | None] = SupportsPresign

    @pytest.mark.parametrize("client", CLIENTS)
    def test_a_presigned_url_takes_an_upload(self, served: ObjectStore, bucket: str, client: str) -> None:
        """With nothing bound a plain PUT does, again and again; the ETag of the answer is the object's."""
        url = served.get_presigned_upload_url("key", bucket)
        for content in (CONTENT, random_bytes(100_000), b""):
            answer = CLIENTS[client].send("PUT", url, body=content)
            assert answer.status == 200
            assert served.read_object("key", bucket) == content
            assert answer.headers["etag"] == f'"{served.head_object("key", bucket).etag}"'

    def test_the_guides_lines_work_presigned(self, served: ObjectStore, bucket: str, tmp_path: Path) -> None:
        """A file goes up and down with two lines of requests."""
        (tmp_path / "report.pdf").write_bytes(random_bytes(300_000))
        upload_url = served.get_presigned_upload_url("reports/report.pdf", bucket, 600)
        with (tmp_path / "report.pdf").open("rb") as f:
            requests.put(upload_url, data=f, timeout=30).raise_for_status()
        download_url = served.get_presigned_url("reports/report.pdf", bucket, 600)
        assert requests.get(download_url, timeout=30).content == random_bytes(300_000)

    def test_httpx_streams_a_presigned_upload_and_download(self, served: ObjectStore, bucket: str) -> None:
        """A stream whose length is told goes up, and one comes down."""
        content = random_bytes(300_000)
        with httpx.Client(trust_env=False, timeout=30) as client:
            url = served.get_presigned_upload_url("key", bucket)
            headers = {"Content-Length": str(len(content))}
            client.put(url, content=io.BytesIO(content), headers=headers).raise_for_status()
            with client.stream("GET", served.get_presigned_url("key", bucket)) as response:
                assert b"".join(response.iter_bytes(8192)) == content

    def test_a_presigned_upload_that_binds_no_type_takes_any(self, served: ObjectStore, bucket: str) -> None:
        """What the client says of itself is what is stored."""
        url = served.get_presigned_upload_url("key", bucket)
        assert CLIENTS["requests"].send("PUT", url, {"Content-Type": "text/x-mine"}, CONTENT).status == 200
        assert served.head_object("key", bucket).content_type == "text/x-mine"

    @needs(By("bound", {"tags": SupportsTags, "if_none_match": Condition.PUT}))
    @pytest.mark.parametrize("client", CLIENTS)
    @pytest.mark.parametrize("bound", BOUND)
    def test_the_headers_of_a_presigned_upload_are_what_must_be_sent(
        self, served: ObjectStore, bucket: str, bound: str, client: str
    ) -> None:
        """Sent with exactly these, the object is stored with what was bound; Host and Content-Length are not theirs."""
        upload = served.presign_upload("key", bucket, **BOUND[bound])
        assert upload.method == "PUT"
        assert {name.lower() for name in upload.headers}.isdisjoint({"host", "content-length"})
        assert bool(upload.headers) is (bound not in {"nothing", "content_length"})
        answer = CLIENTS[client].send(upload.method, upload.url, upload.headers, CONTENT)
        assert (answer.status, answer.body[:500]) == (200, b"")
        assert served.read_object("key", bucket) == CONTENT
        head = served.head_object("key", bucket)
        assert head.metadata == BOUND[bound].get("metadata", {})
        if bound == "content_type":
            assert head.content_type == BOUND[bound]["content_type"]
        if bound == "tags":
            assert served.get_tags("key", bucket) == BOUND[bound]["tags"]

    def test_everything_is_bound_by_a_presigned_upload_at_once(self, served: ObjectStore, bucket: str) -> None:
        """All options that every server has are sent together, and each header is needed: without it, it is refused."""
        options: PresignUploadOptions = {}
        for name, bound in BOUND.items():
            if name not in ("if_none_match", "tags"):
                options |= bound
        upload = served.presign_upload("key", bucket, **options)
        for left_out in upload.headers:
            headers = {name: value for name, value in upload.headers.items() if name != left_out}
            assert_refused(CLIENTS["httpx"].send("PUT", upload.url, headers, CONTENT))
        assert served.exists("key", bucket) is False
        assert CLIENTS["httpx"].send("PUT", upload.url, upload.headers, CONTENT).status == 200
        assert served.head_object("key", bucket).metadata == options["metadata"]

    def test_the_url_alone_is_that_of_the_presigned_upload(self, served: ObjectStore, bucket: str) -> None:
        """get_presigned_upload_url binds as presign_upload does, whose headers go with it."""
        url = served.get_presigned_upload_url("key", bucket, content_type="text/x-type")
        assert_refused(CLIENTS["requests"].send("PUT", url, {"Content-Type": "text/html"}, CONTENT))
        assert CLIENTS["requests"].send("PUT", url, {"Content-Type": "text/x-type"}, CONTENT).status == 200
        assert served.head_object("key", bucket).content_type == "text/x-type"

    @needs(Condition.PUT)
    @pytest.mark.parametrize("client", CLIENTS)
    def test_a_presigned_upload_does_not_overwrite(self, served: ObjectStore, bucket: str, client: str) -> None:
        """With if_none_match the second upload is refused, and the object of the first one stays."""
        upload = served.presign_upload("key", bucket, if_none_match="*")
        send = CLIENTS[client].send
        assert send("PUT", upload.url, upload.headers, b"first").status == 200
        second = send("PUT", upload.url, upload.headers, b"second")
        assert (second.status, second.code) == (412, "PreconditionFailed")
        assert_refused(send("PUT", upload.url, {}, b"third"))
        assert served.read_object("key", bucket) == b"first"

    @needs(SupportsVersioning, Condition.PUT, CONDITIONS_WITH_VERSIONS)
    def test_a_presigned_upload_does_not_overwrite_a_version(
        self, served: ObjectStore, versioned_bucket: str, unique_key: str
    ) -> None:
        """In a bucket with versions too."""
        upload = served.presign_upload(unique_key, versioned_bucket, if_none_match="*")
        answers = [CLIENTS["requests"].send("PUT", upload.url, upload.headers, CONTENT) for _ in range(2)]
        assert [answer.status for answer in answers] == [200, 412]
        assert len(listed(served, unique_key, versioned_bucket)) == 1

    @needs(SupportsVersioning)
    def test_a_presigned_upload_makes_a_version(
        self, served: ObjectStore, versioned_bucket: str, unique_key: str
    ) -> None:
        """In a bucket with versions what was there stays, as one."""
        url = served.get_presigned_upload_url(unique_key, versioned_bucket)
        for content in (b"first", b"second"):
            assert CLIENTS["requests"].send("PUT", url, body=content).status == 200
        newest, former = (version for version, _ in listed(served, unique_key, versioned_bucket))
        assert served.read_object(unique_key, versioned_bucket, former) == b"first"
        assert served.read_object(unique_key, versioned_bucket, newest) == b"second"

    def test_a_presigned_upload_to_a_missing_bucket_is_not_found(
        self, served: ObjectStore, missing_bucket: str
    ) -> None:
        """404, and nothing makes the bucket."""
        answer = CLIENTS["requests"].send("PUT", served.get_presigned_upload_url("key", missing_bucket), body=CONTENT)
        assert (answer.status, answer.code) == (404, "NoSuchBucket")
        assert served.bucket_exists(missing_bucket) is False

"""What a presigned PUT binds: anything else is refused, and nothing is stored."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Mapping
from typing import ClassVar

import httpx
import pytest

from data_store.object_store.capabilities import SupportsPresign, SupportsTags
from data_store.object_store.models import PresignUploadOptions
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.http_clients import CLIENTS, RAW, assert_refused
from data_store.object_store.testing.conformance.needs import By, needs
from data_store.object_store.testing.facts import (
    BROKEN_UPLOADS,
    FOLDED_SPACES,
    UNSIGNED_ACCESS,
    UNSIGNED_COPIES,
    UNSIGNED_METADATA,
    UNSIGNED_TAGS,
)

__all__ = ["PresignedLimits"]

CONTENT = b"content"
OTHER = b"CONTENT"


def _md5(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()


def _sha256(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


Headers = dict[str, str]

WRONG: dict[str, tuple[PresignUploadOptions, Callable[[Headers], Headers], bytes]] = {
    "another type": ({"content_type": "image/png"}, lambda sent: _with(sent, "content-type", "text/html"), CONTENT),
    "a type with more": (
        {"content_type": "image/png"},
        lambda sent: _with(sent, "content-type", "image/png; a=b"),
        CONTENT,
    ),
    "no type": ({"content_type": "image/png"}, lambda sent: _with(sent, "content-type", None), CONTENT),
    "a longer body": ({"content_length": 7}, dict, CONTENT + b"!"),
    "a shorter body": ({"content_length": 7}, dict, CONTENT[:-1]),
    "no body": ({"content_length": 7}, dict, b""),
    "a body where none is bound": ({"content_length": 0}, dict, CONTENT),
    "a body of another MD5": ({"content_md5": _md5(CONTENT)}, dict, OTHER),
    "another MD5": ({"content_md5": _md5(CONTENT)}, lambda sent: _with(sent, "content-md5", _md5(OTHER)), OTHER),
    "no MD5": ({"content_md5": _md5(CONTENT)}, lambda sent: _with(sent, "content-md5", None), OTHER),
    "a body of another SHA-256": ({"checksum_sha256": _sha256(CONTENT)}, dict, OTHER),
    "no SHA-256": ({"checksum_sha256": _sha256(CONTENT)}, lambda _sent: {}, OTHER),
    "another metadata": ({"metadata": {"a": "b"}}, lambda sent: _with(sent, "x-amz-meta-a", "c"), CONTENT),
    "metadata of another name": (
        {"metadata": {"a": "b"}},
        lambda sent: _with(_with(sent, "x-amz-meta-a", None), "x-amz-meta-b", "b"),
        CONTENT,
    ),
    "no metadata": ({"metadata": {"a": "b"}}, lambda sent: _with(sent, "x-amz-meta-a", None), CONTENT),
    "a metadata twice": ({"metadata": {"a": "b"}}, lambda sent: _with(sent, "x-amz-meta-a", "b,c"), CONTENT),
    "other tags": ({"tags": {"a": "b"}}, lambda sent: _with(sent, "x-amz-tagging", "a=c"), CONTENT),
    "more tags": ({"tags": {"a": "b"}}, lambda sent: _with(sent, "x-amz-tagging", "a=b&c=d"), CONTENT),
    "no tags": ({"tags": {"a": "b"}}, lambda sent: _with(sent, "x-amz-tagging", None), CONTENT),
}
"""What is bound, what becomes of the headers, and the body."""

WHITE = {"a no-break space": "\xa0", "two no-break spaces": "\xa0\xa0"}
"""In place of a space; each character is a byte of the header."""


class PresignedLimits(ConformanceGroup):
    """Presigned limits."""

    capability: ClassVar[type | None] = SupportsPresign

    @needs(By("wrong", dict.fromkeys(("other tags", "more tags", "no tags"), SupportsTags)))
    @pytest.mark.parametrize("client", CLIENTS)
    @pytest.mark.parametrize("wrong", WRONG)
    def test_what_a_presigned_upload_binds_cannot_be_otherwise(
        self, served: ObjectStore, bucket: str, wrong: str, client: str
    ) -> None:
        """Type, length, digest, metadata, tags: a request that does otherwise is refused, and the object stays."""
        served.put_object(b"kept", "key", bucket)
        options, change, content = WRONG[wrong]
        upload = served.presign_upload("key", bucket, **options)
        assert_refused(CLIENTS[client].send("PUT", upload.url, change(dict(upload.headers)), content))
        assert served.read_object("key", bucket) == b"kept"

    @pytest.mark.parametrize("white", WHITE)
    def test_bound_metadata_takes_no_other_white_space(self, served: ObjectStore, bucket: str, white: str) -> None:
        """SigV4 folds spaces and tabs, and no other white space, which would be stored."""
        served.put_object(b"kept", "key", bucket)
        upload = served.presign_upload("key", bucket, metadata={"a": "x y"})
        headers = {**upload.headers, "x-amz-meta-a": f"x{WHITE[white]}y"}
        assert_refused(RAW.send("PUT", upload.url, headers, CONTENT))
        assert served.read_object("key", bucket) == b"kept"

    def test_bound_metadata_takes_no_space_of_unicode(self, served: ObjectStore, bucket: str) -> None:
        """The same in UTF-8, of which some servers know that it is a space."""
        served.put_object(b"kept", "key", bucket)
        upload = served.presign_upload("key", bucket, metadata={"a": "x y"})
        answer = RAW.send("PUT", upload.url, {**upload.headers, "x-amz-meta-a": "x\xc2\xa0y"}, CONTENT)
        if FOLDED_SPACES in self.limits.lacks:
            assert answer.status == 200
            assert served.head_object("key", bucket).metadata != {"a": "x y"}
        else:
            assert_refused(answer)
            assert served.read_object("key", bucket) == b"kept"

    def test_a_presigned_length_holds_in_spite_of_chunks(self, served: ObjectStore, bucket: str) -> None:
        """A body that does not tell its length (chunked) is refused where one is bound."""
        upload = served.presign_upload("key", bucket, content_length=7)
        for body in (CONTENT, CONTENT * 1000):
            with httpx.Client(trust_env=False) as client:
                answer = client.put(upload.url, content=iter([body]), headers=dict(upload.headers))
            assert 400 <= answer.status_code < 500
        assert served.exists("key", bucket) is False

    @pytest.mark.parametrize("bound", ["nothing bound", "metadata bound"])
    def test_a_presigned_upload_takes_no_other_metadata(self, served: ObjectStore, bucket: str, bound: str) -> None:
        """An x-amz-meta header that was not signed is refused; a server that stores it does so beside what is bound."""
        metadata = {"a": "b"} if bound == "metadata bound" else None
        upload = served.presign_upload("key", bucket, metadata=metadata)
        answer = CLIENTS["requests"].send("PUT", upload.url, {**upload.headers, "x-amz-meta-more": "c"}, CONTENT)
        if UNSIGNED_METADATA in self.limits.lacks:
            assert answer.status == 200
            assert served.head_object("key", bucket).metadata == {**(metadata or {}), "more": "c"}
        else:
            assert_refused(answer)
            assert served.exists("key", bucket) is False

    def test_a_presigned_upload_takes_no_other_tags(self, served: ObjectStore, bucket: str) -> None:
        """Tags that were not signed are refused; a server that stores them takes them from anybody with the URL."""
        url = served.get_presigned_upload_url("key", bucket)
        answer = CLIENTS["httpx"].send("PUT", url, {"x-amz-tagging": "a=b"}, CONTENT)
        if UNSIGNED_TAGS in self.limits.lacks:
            assert answer.status == 200
            assert served.get_tags("key", bucket) == {"a": "b"}
        else:
            assert_refused(answer)
            assert served.exists("key", bucket) is False

    def test_a_presigned_upload_gives_nobody_access(self, served: ObjectStore, bucket: str) -> None:
        """An access rule that was not signed is refused, or makes no difference: nobody reads without a signature."""
        url = served.get_presigned_upload_url("key", bucket)
        answer = CLIENTS["httpx"].send("PUT", url, {"x-amz-acl": "public-read"}, CONTENT)
        assert answer.status == 200 or 400 <= answer.status < 500
        anonymous = CLIENTS["httpx"].send("GET", url.partition("?")[0])
        if UNSIGNED_ACCESS in self.limits.lacks:
            assert (anonymous.status, anonymous.body) == (200, CONTENT)
        else:
            assert_refused(anonymous)

    @pytest.mark.parametrize("bound", ["nothing", "type and length"])
    def test_a_presigned_upload_copies_nothing(self, served: ObjectStore, bucket: str, bound: str) -> None:
        """With x-amz-copy-source it would store what its owner may read, and the client may not."""
        served.put_object(b"secret", "secret", bucket)
        options: PresignUploadOptions = (
            {} if bound == "nothing" else {"content_type": "image/png", "content_length": len(CONTENT)}
        )
        upload = served.presign_upload("key", bucket, **options)
        headers = {**upload.headers, "x-amz-copy-source": f"/{bucket}/secret"}
        answer = CLIENTS["requests"].send("PUT", upload.url, headers, CONTENT)
        if UNSIGNED_COPIES in self.limits.lacks:
            assert answer.status == 200
            assert served.read_object("key", bucket) == b"secret"
        else:
            assert_refused(answer)
            assert served.exists("key", bucket) is False

    def test_a_presigned_upload_that_stops_half_way_stores_nothing(self, served: ObjectStore, bucket: str) -> None:
        """A client that sends less than it said, and goes, leaves the object as it was."""
        served.put_object(b"kept", "key", bucket)
        url = served.get_presigned_upload_url("key", bucket)
        RAW.abandon("PUT", url, {"Content-Length": "1000000"}, bytes(100_000))
        if BROKEN_UPLOADS in self.limits.lacks:
            assert _becomes(lambda: served.head_object("key", bucket).size == 100_000)
        else:
            time.sleep(0.5)  # until the server has noticed
            assert served.read_object("key", bucket) == b"kept"

    def test_a_presigned_upload_with_a_digest_is_stored_whole_or_not_at_all(
        self, served: ObjectStore, bucket: str
    ) -> None:
        """A body that breaks off has another MD5, on every server."""
        served.put_object(b"kept", "key", bucket)
        upload = served.presign_upload("key", bucket, content_md5=_md5(bytes(1_000_000)))
        RAW.abandon("PUT", upload.url, {**upload.headers, "Content-Length": "1000000"}, bytes(100_000))
        time.sleep(0.5)  # until the server has noticed
        assert served.read_object("key", bucket) == b"kept"


def _with(headers: Mapping[str, str], name: str, value: str | None) -> Headers:
    """Return headers with one of another value, or without it."""
    others = {each: old for each, old in headers.items() if each.lower() != name}
    return others if value is None else {**others, name: value}


def _becomes(holds: Callable[[], bool]) -> bool:
    """Return whether something holds within half a minute."""
    deadline = time.monotonic() + 30
    while not (held := holds()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return held

"""What is signed, without asking anybody, and what is refused before it is signed."""

from __future__ import annotations

import os
import pickle
import warnings
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest

from data_store.object_store.capabilities import SupportsMultipart, SupportsPresign
from data_store.object_store.errors import InvalidArgument
from data_store.object_store.store import ObjectStore
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.http_clients import CLIENTS
from data_store.object_store.testing.conformance.needs import needs
from data_store.object_store.testing.facts import PICKLING

__all__ = ["PresignArguments", "Presigning"]

LIVES = {
    "zero": 0,
    "negative": -1,
    "more than a week": 604_801,
    "a fraction": 1.5,
    "a float": 60.0,
    "True": True,
    "text": "60",
    "None": None,
    "no time at all": timedelta(0),
    "less than a second": timedelta(milliseconds=999),
    "a fraction of a second more": timedelta(seconds=1, microseconds=1),
    "a second more than a week": timedelta(days=7, seconds=1),
}

SIGNERS: dict[str, Callable[..., object]] = {
    "get_presigned_url": lambda store, **options: store.get_presigned_url("key", **options),
    "get_presigned_upload_url": lambda store, **options: store.get_presigned_upload_url("key", **options),
    "presign_upload": lambda store, **options: store.presign_upload("key", **options),
    "get_presigned_post": lambda store, **options: store.get_presigned_post("key", **options),
    "presign_multipart": lambda store, **options: store.presign_multipart("key", 10, **options),
}

WRONG: dict[str, tuple[str, Mapping[str, Any]]] = {
    "PUT by the method for reads": ("get_presigned_url", {"method": "PUT"}),
    "a method in lower case": ("get_presigned_url", {"method": "get"}),
    "two dispositions": ("get_presigned_url", {"download_name": "a", "response_content_disposition": "inline"}),
    "an empty name": ("get_presigned_url", {"download_name": ""}),
    "a name with a new line": ("get_presigned_url", {"download_name": "a\r\nSet-Cookie: b"}),
    "a type with a new line": ("get_presigned_url", {"response_content_type": "a\r\nSet-Cookie: b"}),
    "a naive time": ("get_presigned_url", {"response_expires": datetime(2030, 1, 1)}),
    "an empty version": ("get_presigned_url", {"version": ""}),
    "a digest that is none": ("presign_upload", {"content_md5": "abc"}),
    "a digest of another length": ("presign_upload", {"checksum_sha256": "XUFAKrxLKna5cZ2REBfFkg=="}),
    "a negative length": ("presign_upload", {"content_length": -1}),
    "a length over 5 GiB": ("presign_upload", {"content_length": 5 * 1024**3 + 1}),
    "a length that is no number": ("presign_upload", {"content_length": "7"}),
    "another condition": ("presign_upload", {"if_none_match": "abc"}),
    "metadata with a space": ("presign_upload", {"metadata": {"a b": "c"}}),
    "a range upside down": ("get_presigned_post", {"min_length": 2, "max_length": 1}),
    "a negative range": ("get_presigned_post", {"min_length": -1}),
    "a status that is none": ("get_presigned_post", {"success_status": 302}),
    "two answers": ("get_presigned_post", {"success_status": 201, "success_redirect": "http://example.com/"}),
    "a redirect to a script": ("get_presigned_post", {"success_redirect": "javascript:alert(1)"}),
    "a redirect with a fragment": ("get_presigned_post", {"success_redirect": "http://example.com/#done"}),
    "no length at all": ("get_presigned_post", {"max_length": 0}),
    "a wildcard in the middle": ("get_presigned_post", {"content_type": "im*/png"}),
    "a wildcard behind nothing": ("get_presigned_post", {"content_type": "/*"}),
    "parts under 5 MiB": ("presign_multipart", {"part_size": 1024}),
    "a checksum of parts": ("presign_multipart", {"checksum": "sha256"}),
}

UNVERIFIED: dict[str, Mapping[str, Any]] = {
    "a URL that is no text": {"url": 5},
    "a URL in bytes": {"url": b"http://127.0.0.1/bucket/key?a"},
    "a URL with a lone surrogate": {"url": "http://127.0.0.1/bucket/\ud800?a"},
    "an empty method": {"method": ""},
    "a method that is no text": {"method": 5},
    "a method with a lone surrogate": {"method": "\ud800"},
    "headers that are no mapping": {"headers": 5},
    "headers that are text": {"headers": "x"},
    "a name that is no text": {"headers": {5: "x"}},
    "a name in bytes": {"headers": {b"x": "y"}},
    "a value that is no text": {"headers": {"x": 5}},
    "a value with a lone surrogate": {"headers": {"content-type": "\ud800"}},
    "a value with a new line": {"headers": {"content-type": "a\nb"}},
}


class PresignArguments(ConformanceGroup):
    """Arguments of presigning."""

    @pytest.mark.parametrize("signer", SIGNERS)
    @pytest.mark.parametrize("life", LIVES)
    def test_what_is_no_life_of_a_presigned_url_is_refused(
        self, store: ObjectStore, missing_bucket: str, life: str, signer: str
    ) -> None:
        """A URL lives a second to seven days; anything else is an InvalidArgument, a ValueError, before signing."""
        with pytest.raises(InvalidArgument, match="expires") as caught:
            SIGNERS[signer](store, bucket=missing_bucket, expires=LIVES[life])
        assert isinstance(caught.value, ValueError)

    @pytest.mark.parametrize("wrong", WRONG)
    def test_what_cannot_be_presigned_is_refused(self, store: ObjectStore, missing_bucket: str, wrong: str) -> None:
        """Each mistake is an InvalidArgument, a ValueError, before signing."""
        signer, options = WRONG[wrong]
        with pytest.raises(InvalidArgument):
            SIGNERS[signer](store, bucket=missing_bucket, **options)

    @pytest.mark.parametrize("key", ["", "k" * 1025, "a\0b", "a\ud800b", b"bytes", None, 1], ids=ascii)
    def test_what_is_no_key_is_not_presigned(self, store: ObjectStore, missing_bucket: str, key: Any) -> None:
        """No method signs it."""
        for sign in (
            lambda: store.get_presigned_url(key, missing_bucket),
            lambda: store.presign_upload(key, missing_bucket),
            lambda: store.get_presigned_upload_url(key, missing_bucket),
            lambda: store.get_presigned_post(key, missing_bucket),
            lambda: store.presign_multipart(key, 10, bucket=missing_bucket),
        ):
            with pytest.raises(InvalidArgument, match="key"):
                sign()


class Presigning(ConformanceGroup):
    """Presigning."""

    capability: ClassVar[type | None] = SupportsPresign

    @pytest.mark.parametrize("life", [1, 3600, 604_800, timedelta(seconds=1), timedelta(days=7)], ids=str)
    def test_a_presigned_url_lives_as_long_as_it_is_asked_to(
        self, served: ObjectStore, missing_bucket: str, life: int | timedelta
    ) -> None:
        """Seconds or a timedelta, a second to a week; expires_at says until when."""
        seconds = life if isinstance(life, int) else int(life.total_seconds())
        before = datetime.now(UTC).replace(microsecond=0)
        upload = served.presign_upload("key", missing_bucket, life)
        post = served.get_presigned_post("key", missing_bucket, life)
        claims = served.verify_presigned(served.get_presigned_url("key", missing_bucket, life), method="GET")
        for told in (upload.expires_at, post.expires_at, claims.expires_at):
            assert told.utcoffset() == timedelta(0)
            assert before <= told - timedelta(seconds=seconds) <= datetime.now(UTC)

    def test_presigning_asks_nobody(self, served: ObjectStore, missing_bucket: str) -> None:
        """Neither whether the bucket is there, nor anything else: it works with the server down."""
        config = served.config.model_copy(update={"root_bucket": missing_bucket})
        if hasattr(config.connection, "endpoint"):
            connection = config.connection.model_copy(update={"endpoint": "127.0.0.1:9"})  # nobody is there
            config = config.model_copy(update={"connection": connection})
        with ObjectStore(config) as unreachable:
            assert "/key?" in unreachable.get_presigned_url("key", response_content_type="text/plain")
            assert "/key?" in unreachable.get_presigned_upload_url("key")
            unreachable.presign_upload("key", content_type="image/png", content_length=1, metadata={"a": "b"})
            assert unreachable.get_presigned_post("key").fields["key"] == "key"
        assert served.bucket_exists(missing_bucket) is False

    def test_presigned_urls_are_of_signature_version_4(self, served: ObjectStore, bucket: str) -> None:
        """On every framework, with the headers that are bound among those that are signed."""
        upload = served.presign_upload("key", bucket, content_type="image/png", content_length=1, metadata={"a": "b"})
        query = parse_qs(urlsplit(upload.url).query)
        assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
        signed = query["X-Amz-SignedHeaders"][0].split(";")
        assert {"host", "content-type", "content-length", "x-amz-meta-a"} <= set(signed)
        assert "x-amz-algorithm" in {name.lower() for name in served.get_presigned_post("key", bucket).fields}

    @needs(SupportsMultipart)
    def test_nothing_that_is_presigned_is_shown(self, served: ObjectStore, bucket: str) -> None:
        """Whoever has a signature may use it: no repr has one."""
        upload = served.presign_upload("key", bucket, content_type="image/png")
        post = served.get_presigned_post("key", bucket)
        multipart = served.presign_multipart("key", 10, bucket=bucket)
        claims = served.verify_presigned(upload.url, headers=upload.headers)
        signatures = [_signature(url) for url in (upload.url, multipart.parts[0].url)]
        signatures.append(next(value for name, value in post.fields.items() if name.lower() == "x-amz-signature"))
        for shown in (upload, post, multipart, multipart.parts[0], claims):
            for text in (repr(shown), str(shown)):
                assert not any(signature in text for signature in signatures)
                assert post.fields["policy"] not in text
                assert "X-Amz-Signature" not in text

    @pytest.mark.parametrize("wrong", UNVERIFIED)
    def test_what_is_no_request_is_not_verified(self, served: ObjectStore, missing_bucket: str, wrong: str) -> None:
        """An InvalidArgument, a ValueError, before the URL is looked at."""
        upload = served.presign_upload("key", missing_bucket, content_type="image/png")
        given: dict[str, Any] = {"url": upload.url, "headers": upload.headers, **UNVERIFIED[wrong]}
        with pytest.raises(InvalidArgument):
            served.verify_presigned(given.pop("url"), **given)

    def test_a_presigned_url_of_the_end_of_time_is_refused(self, served: ObjectStore, missing_bucket: str) -> None:
        """Its time is none that can be told: it is malformed, whoever checks it."""
        url = served.get_presigned_url("key", missing_bucket, 604_800)
        time = parse_qs(urlsplit(url).query)["X-Amz-Date"][0]
        far = url.replace(time, "99991231T235959Z").replace(f"%2F{time[:8]}%2F", "%2F99991231%2F")
        with pytest.raises(InvalidArgument, match="X-Amz-Expires"):
            served.verify_presigned(far)

    def test_a_pickled_store_presigns(self, served: ObjectStore, bucket: str) -> None:
        """What a copy of the store in another process signs is as good."""
        served.put_object(b"content", "key", bucket)
        assert CLIENTS["requests"].send("GET", served.get_presigned_url("key", bucket)).body == b"content"
        if PICKLING in self.limits.lacks:
            with pytest.raises((TypeError, ValueError, RuntimeError, pickle.PicklingError), match="process"):
                pickle.dumps(served)
            return
        with pickle.loads(pickle.dumps(served)) as copy:  # noqa: S301  # made in this line
            url = copy.get_presigned_url("key", bucket)
        assert CLIENTS["requests"].send("GET", url).body == b"content"

    def test_a_forked_store_presigns(self, served: ObjectStore, bucket: str) -> None:
        """What a child of this process signs is as good, or it is told clearly that it cannot."""
        served.put_object(b"content", "key", bucket)
        assert served.get_presigned_url("key", bucket)
        signed = _in_a_fork(lambda: served.get_presigned_url("key", bucket))
        if PICKLING in self.limits.lacks and not signed.startswith("http"):
            assert "process" in signed
        else:
            assert CLIENTS["requests"].send("GET", signed).body == b"content"


def _in_a_fork(call: Callable[[], str]) -> str:
    """Return what a call returns in a child of this process, or the text of its error."""
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of Python 3.12, where there are threads
        child = os.fork()
    if not child:
        try:
            text = call()
        except BaseException as error:  # noqa: BLE001  the child must not go on with the parent's tests
            text = str(error)
        os.write(writer, text.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return text


def _signature(url: str) -> str:
    return parse_qs(urlsplit(url).query)["X-Amz-Signature"][0]

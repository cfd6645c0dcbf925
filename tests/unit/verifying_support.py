"""What the tests of signing and of checking share: a presigner with a known key, and its URLs as they come in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from data_store.object_store.models import PresignedClaims, PresignedPost, PresignPostOptions
from data_store.object_store.signing.place import Place
from data_store.object_store.signing.presigner import Presigner
from data_store.object_store.signing.sigv4 import Credentials, encode_path
from data_store.object_store.signing.verifying import SignedRequest, check

__all__ = ["BASE", "BUCKET", "HOST", "KEY", "PREFIX", "arrived", "code_of", "form", "now", "presigner", "verified"]

BUCKET = "bucket"
HOST = "files.example.com:8443"
PREFIX = "/objects"
BASE = f"https://{HOST}{PREFIX}"
KEY = Credentials("AKIDEXAMPLE", "secret")


def now(seconds: float = 0) -> datetime:
    """Return the time, so many seconds from now."""
    return datetime.now(UTC) + timedelta(seconds=seconds)


def presigner(key: Credentials = KEY) -> Presigner:
    """Return a presigner for a place with a prefix, buckets in the path."""
    return Presigner(lambda bucket: Place(BASE, f"/{encode_path(bucket)}", "local"), lambda: key)


def arrived(method: str, url: str, headers: Mapping[str, str] | None = None) -> SignedRequest:
    """Return the request for a URL as the server gets it: the client keeps the fragment, a proxy the prefix."""
    scheme_and_host, _, target = url.partition("/objects/")
    path, _, query = f"/{target}".partition("#")[0].partition("?")
    lowered = {name.lower(): value for name, value in (headers or {}).items()}
    return SignedRequest(method, scheme_and_host.partition("://")[2], path, query, lowered)


def verified(request: SignedRequest, at: datetime | None = None) -> PresignedClaims:
    """Check a request against the key of these tests."""
    return check(request, [KEY], at or now())


def form(key: str = "uploads/${filename}", prefix: str | None = "uploads/", **options: Any) -> PresignedPost:
    """Return a form; it lives for a minute if nothing else is said."""
    return presigner().post(BUCKET, key, PresignPostOptions(**{"expires": 60, "key_prefix": prefix, **options}))


def code_of(error: object) -> tuple[object, object]:
    """Return code and status of a refusal."""
    return getattr(error, "code", None), getattr(error, "status", None)

"""Where botocore says that a bucket stands, and how requests about it are signed.

botocore knows more of AWS than the S3 core: access points, S3 Express, acceleration, dual-stack and FIPS endpoints, set
in environment or profile. It is asked with a call that ends before it is signed, so nobody else is.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import ReadOnlyCredentials
from botocore.signers import RequestSigner

from data_store.object_store.adapters.boto3_headers import as_texts
from data_store.object_store.adapters.s3.endpoint import Endpoint
from data_store.object_store.errors import ConfigurationError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["Place", "PlacedEndpoint", "Places"]

_MOST = 1024
_SIGV4 = frozenset({"v4", "s3v4"})
_RESOLVED, _SIGNED = "before-endpoint-resolution.s3", ("before-sign.s3.HeadBucket", "before-sign.s3.ListBuckets")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a bucket stands.

    Attributes:
        authority: ``host`` or ``host:port``.
        path: the encoded path; a key follows it after a ``/``.
        region: the region that requests are signed for.
        is_plain: whether they are signed for ``s3`` with SigV4, as the S3 core does it.
    """

    authority: str
    path: str
    region: str
    is_plain: bool
    _auth_path: str | None = field(repr=False)
    _context: Mapping[str, Any] = field(repr=False)
    _signer: RequestSigner = field(repr=False)

    def sign(self, operation: str, method: str, url: str, headers: Mapping[str, str]) -> dict[str, str]:
        """Return the headers of a request that botocore has signed; handlers of ``before-sign`` take part.

        Its payload is not signed for.
        """
        key = urlsplit(url).path[len(self.path) :]
        auth_path = None if self._auth_path is None else self._auth_path.rstrip("/") + key
        request = AWSRequest(method, url, headers, auth_path=auth_path)
        request.context = {**self._context, "signing": dict(self._context.get("signing") or {})}
        self._signer.sign(operation, request)
        return as_texts(dict(request.headers.items()))

    def credentials(self) -> ReadOnlyCredentials | None:
        """Return the current credentials of the client, refreshed where they have expired."""
        found: ReadOnlyCredentials | None = self._signer.get_auth_instance("s3", self.region, "s3v4").credentials
        return found


class Places:
    """The places of buckets, each asked for once; used by many threads at once.

    Args:
        client: the client that is asked.
    """

    def __init__(self, client: S3Client) -> None:
        self._client = client
        self._config = client.meta.config.merge(_unsigned_payload(client.meta.config))
        self._question = threading.local()
        events = client.meta.events
        events.register_first(_RESOLVED, self._name_region)
        for event in _SIGNED:
            events.register_first(event, self._answer)
        self.of = lru_cache(_MOST)(self._ask)

    def close(self) -> None:
        """Leave the client as it was."""
        events = self._client.meta.events
        events.unregister(_RESOLVED, self._name_region)
        for event in _SIGNED:
            events.unregister(event, self._answer)

    def _ask(self, bucket: str | None, region: str | None) -> Place:
        """Return the place of a bucket, or of the service for None.

        Args:
            bucket: the bucket.
            region: its region, where it is not that of the client.

        Raises:
            ConfigurationError: the client does not come to sign.
        """
        self._question.region = region
        self._question.is_open = True
        try:
            if bucket is None:
                self._client.list_buckets()
            else:
                self._client.head_bucket(Bucket=bucket)
        except _Found as found:
            return found.place
        finally:
            self._question.is_open = False
        raise ConfigurationError(
            "connection.driver_config: something answers the client's calls before they are signed, "
            "where the store cannot: answer at the event before-send instead"
        )

    def _name_region(self, builtins: dict[str, Any], **_event: object) -> None:
        if getattr(self._question, "is_open", False) and self._question.region is not None:
            builtins["AWS::Region"] = self._question.region

    def _answer(
        self, request: AWSRequest, request_signer: RequestSigner, signature_version: Any, **_event: object
    ) -> None:
        if not getattr(self._question, "is_open", False):
            return
        url = urlsplit(str(request.url))
        signing = request.context.get("signing") or {}
        raise _Found(
            Place(
                authority=url.netloc,
                path=url.path.rstrip("/"),
                region=signing.get("region") or request_signer.region_name,
                is_plain=signature_version in _SIGV4 and signing.get("signing_name", "s3") == "s3",
                _auth_path=request.auth_path,
                _context={**request.context, "client_config": self._config},
                _signer=request_signer,
            )
        )


@dataclass(frozen=True, slots=True)
class PlacedEndpoint(Endpoint):
    """A server whose buckets stand where botocore says.

    Attributes:
        places: says it.
    """

    places: Places

    def host(self, region: str) -> str:
        """See ``Endpoint``."""
        return self.places.of(None, region).authority

    def locate(self, bucket: str, region: str) -> tuple[str, str]:
        """See ``Endpoint``."""
        place = self.places.of(bucket, region)
        return place.authority, place.path

    def region_of(self, bucket: str) -> str:
        """See ``Endpoint``; that of botocore's first answer."""
        return self.places.of(bucket, None).region


class _Found(Exception):  # noqa: N818  it is what was asked for
    """Ends a call of botocore that has said all that is asked."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place


def _unsigned_payload(config: Config) -> Config:
    """Return that the body is not signed for: a checksum travels with it, and botocore does not get to see it."""
    s3: Any = {**(getattr(config, "s3", None) or {}), "payload_signing_enabled": False}
    return Config(s3=s3)

"""What the tests of presigned requests for S3 servers share."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from data_store.object_store.adapters.boto3_client import Boto3Client
from data_store.object_store.adapters.minio_client import MinioClient
from data_store.object_store.adapters.s3.client import S3Client
from data_store.object_store.configurations import ObjectStoreConfiguration, PresignConfiguration
from data_store.object_store.models import (
    PresignedPost,
    PresignGetOptions,
    PresignPostOptions,
    PresignPutOptions,
)

FRAMEWORKS = {"minio": MinioClient, "boto3": Boto3Client}
KEYS = {"access_key": "ACCESS", "secret_key": "S3CRET"}
NOWHERE = "127.0.0.1:9"  # the port of the discard service, where nobody listens
GET = PresignGetOptions(expires=60)
PUT = PresignPutOptions(expires=60)
POST = PresignPostOptions(expires=60)
ODD_KEYS = ("a b/ä?#&=+%/🙂.txt", "a/../b", "//x/", "/./.", "%2F", "~*'()!;:@$,", "a\\b", "ä" * 500)


@contextmanager
def signing_client(framework: str, public_endpoint: str | None = None, **connection: Any) -> Iterator[S3Client]:
    """Make a client; ``connection`` is ``KEYS`` and ``NOWHERE`` unless it says otherwise.

    Of a server that is nowhere it knows already that it has everything.
    """
    given = {"endpoint": NOWHERE, **connection}
    if not {"anonymous", "access_key", "profile", "credentials"} & set(given):
        given |= KEYS
    given.pop("credentials", None)
    config = ObjectStoreConfiguration(
        framework=framework, connection=given, presign=PresignConfiguration(public_endpoint=public_endpoint)
    )
    client = FRAMEWORKS[framework](config)
    if given["endpoint"] == NOWHERE:
        has_everything(client)
    try:
        yield client
    finally:
        client.close()


def has_everything(client: S3Client) -> None:
    """Make a client believe that its server has answered, and has everything."""
    client._quirks.learn("AmazonS3")
    client._before._detection._is_aws = True


def taken_apart(url: str) -> tuple[str, dict[str, str]]:
    """Return what stands before the query, and the parameters, whose order does not matter."""
    base, _, query = url.partition("?")
    return base, dict(parse_qsl(query, keep_blank_values=True, strict_parsing=True))


def bound(url: str) -> list[str]:
    """Return the headers that a URL binds."""
    return taken_apart(url)[1]["X-Amz-SignedHeaders"].split(";")


def signed_at(url: str) -> datetime:
    """Return when a URL was signed."""
    return datetime.strptime(taken_apart(url)[1]["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def conditions(form: PresignedPost) -> list[Any]:
    """Return the conditions of a form's policy, in an order that can be compared."""
    policy = json.loads(base64.b64decode(form.fields["policy"]))
    return sorted(policy["conditions"], key=json.dumps)

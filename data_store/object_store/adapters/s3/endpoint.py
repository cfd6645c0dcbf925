"""Where a bucket is: the host, the path in front of the key, and the region to sign for.

Pure functions. AWS has a host for each region and wants the bucket in the host name; other servers have one host, and
most of them want the bucket in the path.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from data_store.object_store.configurations import ObjectStoreConnectionConfiguration
from data_store.object_store.signing.sigv4 import encode_path

__all__ = ["DEFAULT_REGION", "Endpoint", "endpoint"]

DEFAULT_REGION = "us-east-1"
"""What requests are signed for where nobody names a region: AWS's first, which other servers take for their own."""

_AWS_HOST = re.compile(
    r"(?P<service>s3|s3-fips)(?P<dualstack>\.dualstack)?(?:[.-](?P<region>[a-z]{2,}(?:-[a-z]+)+-\d+))?"
    r"\.(?P<domain>amazonaws\.com(?:\.cn)?)"
)
_HOST_LABELS = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*")
_ACCESS_POINT = re.compile(
    r"arn:aws[a-z-]*:s3:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):accesspoint[:/](?P<name>[a-z0-9-]+)"
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server, and how it is addressed.

    Attributes:
        scheme: ``"http"`` or ``"https"``.
        authority: ``host`` or ``host:port``; on AWS a pattern with the region left out.
        is_aws: whether it is AWS itself.
        style: where the bucket stands; ``"auto"``: in the host name on AWS, in the path elsewhere.
        region: the region that is known beforehand, from the configuration or the host name.
    """

    scheme: str
    authority: str
    is_aws: bool
    style: Literal["auto", "path", "virtual"]
    region: str | None

    def host(self, region: str) -> str:
        """Return the authority for requests that name no bucket."""
        if not self.is_aws:
            return self.authority
        domain = ".amazonaws.com.cn" if region.startswith("cn-") else ".amazonaws.com"
        return f"{self.authority}.{region}{domain}"

    def locate(self, bucket: str, region: str) -> tuple[str, str]:
        """Return the authority and the encoded path of a bucket; a key follows the path after a ``/``."""
        access_point = _ACCESS_POINT.fullmatch(bucket) if self.is_aws else None
        if access_point:
            name, account, region = access_point["name"], access_point["account"], access_point["region"]
            return f"{name}-{account}.{self.host(region).replace('s3', 's3-accesspoint', 1)}", ""
        if self._in_host(bucket):
            return f"{bucket}.{self.host(region)}", ""
        return self.host(region), "/" + encode_path(bucket)

    def region_of(self, bucket: str) -> str | None:
        """Return the region of a bucket where it needs no question to the server."""
        access_point = _ACCESS_POINT.fullmatch(bucket) if self.is_aws else None
        if access_point:
            return access_point["region"]
        return self.region or (None if self.is_aws else DEFAULT_REGION)

    def _in_host(self, bucket: str) -> bool:
        if self.style == "path" or not _HOST_LABELS.fullmatch(bucket):
            return False
        if self.style == "virtual":
            return True
        # A wildcard certificate covers one label: over TLS a bucket with dots fits only into the path.
        return self.is_aws and (self.scheme == "http" or "." not in bucket)


def endpoint(connection: ObjectStoreConnectionConfiguration) -> Endpoint:
    """Return the endpoint that a configuration means; no endpoint is AWS."""
    aws = _AWS_HOST.fullmatch(connection.endpoint or "s3.amazonaws.com")
    authority = f"{aws['service']}{aws['dualstack'] or ''}" if aws else connection.endpoint or ""
    return Endpoint(
        scheme="https" if connection.secure else "http",
        authority=authority,
        is_aws=aws is not None,
        style=connection.addressing_style,
        region=connection.region or (aws["region"] if aws else None),
    )

"""How a server protects what it keeps: encryption at rest, retention, legal hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

__all__ = ["DefaultRetention", "Encryption", "Retention", "RetentionMode", "SseCustomer", "SseKms", "SseS3"]


@dataclass(frozen=True, slots=True)
class SseS3:
    """Server-side encryption with keys that the store manages (S3 user guide, SSE-S3)."""


@dataclass(frozen=True, slots=True)
class SseKms:
    """Server-side encryption with a key of the server's key management service (S3 user guide, SSE-KMS).

    Attributes:
        key_id: id or ARN of the key; None: the server's default key.
        context: the encryption context; reading needs none.
    """

    key_id: str | None = None
    context: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class SseCustomer:
    """Server-side encryption with a key of the caller, who must give it again to read (S3 user guide, SSE-C).

    Attributes:
        key: 32 bytes, for AES-256. Sent with each request, over TLS only (loopback excepted); never shown.
    """

    key: bytes = field(repr=False)


Encryption = SseS3 | SseKms | SseCustomer


class RetentionMode(StrEnum):
    """How firmly a version is kept (S3 user guide, Object Lock)."""

    GOVERNANCE = "GOVERNANCE"
    """Who has the permission may delete it with ``bypass_governance``."""
    COMPLIANCE = "COMPLIANCE"
    """Nobody may delete it, nor shorten the time."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How long a version cannot be deleted.

    Attributes:
        mode: how firmly.
        until: the aware time until when; servers keep seconds.
    """

    mode: RetentionMode
    until: datetime


@dataclass(frozen=True, slots=True)
class DefaultRetention:
    """The retention that new objects of a bucket get; exactly one of ``days`` and ``years``."""

    mode: RetentionMode
    days: int | None = None
    years: int | None = None

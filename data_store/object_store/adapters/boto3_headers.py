"""Headers as botocore has them: of a request before it is sent."""

from __future__ import annotations

from collections.abc import Mapping

from data_store.object_store.adapters.s3.headers import check_credentials

__all__ = ["as_texts", "check_signed"]


def check_signed(headers: Mapping[str, bytes | str]) -> None:
    """Check what the chain found, refreshed perhaps, before it is sent: botocore's own way would show it in an error.

    Raises:
        AccessDenied: it cannot be sent.
    """
    signed, token = (_text(headers.get(name, "")) for name in ("Authorization", "X-Amz-Security-Token"))
    credential = signed.partition(" Credential=")[2].rpartition(", SignedHeaders=")[0]
    check_credentials(credential or "-", token or "-")


def as_texts(headers: Mapping[str, bytes | str]) -> dict[str, str]:
    """Return headers as the S3 core has them."""
    return {name: _text(value) for name, value in headers.items()}


def _text(value: bytes | str) -> str:
    """Return a header's value as text; botocore has made bytes of some."""
    return value.decode("latin-1") if isinstance(value, bytes) else value

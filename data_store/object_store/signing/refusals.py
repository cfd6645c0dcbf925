"""How presigned requests are refused: codes and statuses are S3's (S3 API reference, "Error responses")."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from data_store.object_store.errors import AccessDenied, InvalidArgument
from data_store.object_store.signing.sigv4 import Credentials

__all__ = ["BAD_REQUEST", "FORBIDDEN", "key_of", "malformed"]

BAD_REQUEST = 400
FORBIDDEN = 403


def key_of(access_key: str, keys: Sequence[Credentials], now: datetime) -> Credentials:
    """Return the key of an id.

    Raises:
        AccessDenied: there is none, or not any more.
    """
    for key in keys:
        if key.access_key == access_key and (key.expires_at is None or now < key.expires_at):
            return key
    raise AccessDenied("the key that signed is not known, or no longer", code="InvalidAccessKeyId", status=FORBIDDEN)


@contextmanager
def malformed() -> Iterator[None]:
    """Refuse what is no query that was signed."""
    try:
        yield
    except InvalidArgument as error:
        raise AccessDenied(str(error), code="AuthorizationQueryParametersError", status=BAD_REQUEST) from None

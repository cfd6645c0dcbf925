"""Encryption, retention and legal hold."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import get_args

from data_store.object_store.errors import InvalidArgument
from data_store.object_store.models import (
    DefaultRetention,
    Encryption,
    Retention,
    RetentionMode,
    SseCustomer,
    SseKms,
)
from data_store.object_store.validation.content import header
from data_store.object_store.validation.rules import aware, instance, text, whole

__all__ = ["customer_key", "default_retention", "encryption", "retention"]

_KEY_BYTES = 32  # AES-256, the only algorithm of SSE-C

_MAX_YEARS = 100  # S3 user guide, "Setting or modifying a retention period": 36,500 days, 100 years
_MAX_DAYS = 36_500
_LAST_YEAR = 9998


def encryption(value: object, name: str = "encryption") -> None:
    """Check how something is encrypted, or None. No message shows a key."""
    if value is None:
        return
    if not isinstance(value, get_args(Encryption)):
        raise InvalidArgument(f"{name} must be SseS3(), SseKms(...) or SseCustomer(...), not {type(value).__name__}")
    if isinstance(value, SseCustomer):
        customer_key(value, name)
    if isinstance(value, SseKms):
        _kms(value)


def customer_key(value: object, name: str = "encryption") -> None:
    """Check the key of the caller that something was encrypted with, or None."""
    if value is None:
        return
    key = instance(name, value, SseCustomer).key
    if not isinstance(key, bytes) or len(key) != _KEY_BYTES:
        raise InvalidArgument(f"the key of SseCustomer must be {_KEY_BYTES} bytes")


def retention(value: object) -> Retention:
    """Check a retention; its end, in UTC, is rounded up to whole seconds, which is what servers keep."""
    given = instance("retention", value, Retention)
    until = aware("until of Retention", given.until)
    if until <= datetime.now(UTC):
        raise InvalidArgument("until of Retention must lie in the future")
    if until.year > _LAST_YEAR:
        raise InvalidArgument(f"until of Retention must lie before the year {_LAST_YEAR + 1}")
    if until.microsecond:
        until = until.replace(microsecond=0) + timedelta(seconds=1)
    return Retention(_mode(given.mode), until)


def default_retention(value: object) -> DefaultRetention:
    """Check the retention that new objects of a bucket get."""
    given = instance("retention", value, DefaultRetention)
    if (given.days is None) == (given.years is None):
        raise InvalidArgument("DefaultRetention has exactly one of days and years")
    for name, number, most in (("days", given.days, _MAX_DAYS), ("years", given.years, _MAX_YEARS)):
        if number is not None:
            whole(f"{name} of DefaultRetention", number, 1, most)
    return DefaultRetention(_mode(given.mode), given.days, given.years)


def _mode(value: object) -> RetentionMode:
    try:
        return RetentionMode(value)  # type: ignore[arg-type]  # what it is, is the question
    except ValueError:
        raise InvalidArgument(f"mode of a retention must be {' or '.join(RetentionMode)}, not {value!r}") from None


def _kms(value: SseKms) -> None:
    if value.key_id is not None:
        header("key_id of SseKms", value.key_id)
    context: object = {} if value.context is None else value.context
    if not isinstance(context, Mapping):
        raise InvalidArgument(f"context of SseKms must be a mapping of str to str, not {type(context).__name__}")
    for name, content in context.items():
        text("a name in the context of SseKms", name)
        text("a value in the context of SseKms", content)

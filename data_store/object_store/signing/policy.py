"""Checking forms that come in (S3 API reference, "Browser-Based Uploads Using POST", "POST Policy")."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from data_store.object_store.errors import AccessDenied, InvalidArgument
from data_store.object_store.planning import MAX_SINGLE_PUT
from data_store.object_store.signing.claims import read_scope
from data_store.object_store.signing.refusals import BAD_REQUEST, FORBIDDEN, key_of
from data_store.object_store.signing.sigv4 import ALGORITHM, Credentials, sign_policy

__all__ = ["Policy", "check_policy"]

_UNCONDITIONED = frozenset({"file", "policy", "x-amz-signature"})
_IGNORED = "x-ignore-"
_SIGNING = ("policy", "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature")
_OPERATORS = ("eq", "starts-with")


class _Condition(NamedTuple):
    """What the value of a field must be, or begin with."""

    operator: str
    field: str
    value: str

    def holds(self, found: str | None) -> bool:
        if found is None:
            return False
        if self.operator == "eq":
            return found == self.value
        # "image/png,text/html" is a list, of which browsers take the last one (WHATWG Fetch, "extract a MIME type").
        values = [each.lstrip() for each in found.split(",")] if self.field == "content-type" else [found]
        return all(each.startswith(self.value) for each in values)

    def __str__(self) -> str:
        return json.dumps([self.operator, f"${self.field}", self.value])


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy whose signature is right and whose time is not over.

    Attributes:
        expires_at: until when.
        min_length: bytes of the file at least.
        max_length: bytes of the file at the most.
        conditions: what the fields must be.
    """

    expires_at: datetime
    min_length: int
    max_length: int
    conditions: tuple[_Condition, ...]

    def check(self, fields: Mapping[str, str], bucket: str) -> None:
        """Check the fields of the form, all of them, and the bucket that it was sent to.

        Args:
            fields: by their names; ``${filename}`` in ``key`` was replaced already. Case does not matter in the names.
            bucket: the bucket.

        Raises:
            AccessDenied: a condition is broken, or a field has none.
        """
        values = {"bucket": bucket} | _lowered(fields)
        if values["bucket"] != bucket:
            raise _denied(f"Policy Condition failed: the form is for another bucket than {bucket!r}")
        for condition in self.conditions:
            if not condition.holds(values.get(condition.field)):
                raise _denied(f"Policy Condition failed: {condition}")
        known = {condition.field for condition in self.conditions} | _UNCONDITIONED
        extra = sorted(name for name in values if name not in known and not name.startswith(_IGNORED))
        if extra:
            raise _denied(f"Extra input fields: {', '.join(extra)}")

    def check_size(self, size: int) -> None:
        """Check the bytes of the file; those that came so far, to stop one that is too long.

        Raises:
            AccessDenied: ``EntityTooLarge`` or ``EntityTooSmall`` (400).
        """
        self.check_at_most(size)
        if size < self.min_length:
            reason = f"the file has {size} bytes, of {self.min_length} at least"
            raise AccessDenied(reason, code="EntityTooSmall", status=BAD_REQUEST)

    def check_at_most(self, size: int) -> None:
        """Check that a file that has brought so many bytes is not too long already."""
        if size > self.max_length:
            reason = f"the file has more than {self.max_length} bytes"
            raise AccessDenied(reason, code="EntityTooLarge", status=BAD_REQUEST)


def check_policy(fields: Mapping[str, str], keys: Sequence[Credentials], now: datetime) -> Policy:
    """Return the policy of a form, after its signature was found to be right, and its time not to be over.

    Args:
        fields: those that came before the file, by their names; case does not matter.
        keys: the keys that may have signed.
        now: the time.

    Raises:
        AccessDenied: it is refused, with ``code`` and ``status`` as S3 has them: ``AccessDenied`` (403; not signed,
            expired), ``InvalidAccessKeyId`` (403), ``SignatureDoesNotMatch`` (403), ``InvalidPolicyDocument`` (400),
            ``InvalidArgument`` (400; a field that signs is wrong).
    """
    values = _lowered(fields)
    missing = [name for name in _SIGNING if name not in values]
    if missing:
        raise AccessDenied(f"the form has no {', '.join(missing)}", code="AccessDenied", status=FORBIDDEN)
    if values["x-amz-algorithm"] != ALGORITHM:
        raise _malformed("InvalidArgument", f"x-amz-algorithm must be {ALGORITHM}")
    try:
        access_key, scope, signed_at = read_scope(values["x-amz-credential"], values["x-amz-date"])
    except InvalidArgument as error:
        raise _malformed("InvalidArgument", str(error)) from None
    right = sign_policy(values["policy"], key_of(access_key, keys, now), scope.region, now=signed_at)
    if not hmac.compare_digest(right.encode(), values["x-amz-signature"].encode()):
        reason = "the signature is not that of this policy"
        raise AccessDenied(reason, code="SignatureDoesNotMatch", status=FORBIDDEN)
    policy = _read(values["policy"])
    if now >= policy.expires_at:
        raise _denied("Policy expired")
    return policy


def _read(encoded: str) -> Policy:
    """Read a policy whose signature is right: it says what its signer wanted, but he may have written anything."""
    try:
        document = json.loads(base64.b64decode(encoded, validate=True))
        expires_at = datetime.fromisoformat(document["expiration"])
        least, most, conditions = 0, MAX_SINGLE_PUT, []
        for each in document["conditions"]:
            operator, name, value = _triple(each)
            if operator == "content-length-range":
                least, most = max(least, int(name)), min(most, int(value))
            elif operator in _OPERATORS:
                conditions.append(_Condition(operator, name.removeprefix("$").lower(), value))
            else:
                raise _malformed("InvalidPolicyDocument", "the policy has an unknown condition")
    except (binascii.Error, ValueError, KeyError, TypeError, AttributeError):
        raise _malformed("InvalidPolicyDocument", "the policy cannot be read") from None
    return Policy(expires_at.astimezone(UTC), least, most, tuple(conditions))


def _triple(condition: Any) -> tuple[str, Any, Any]:
    """Return operator, name and value; ``{"name": "value"}`` is short for ``["eq", "$name", "value"]``."""
    if isinstance(condition, dict):
        [(name, value)] = condition.items()
        return "eq", name, value
    operator, name, value = condition
    return str(operator).lower(), name, value


def _lowered(fields: Mapping[str, str]) -> dict[str, str]:
    lowered = {name.lower(): value for name, value in fields.items()}
    if len(lowered) < len(fields):
        raise _malformed("InvalidArgument", "the form has a field twice")
    return lowered


def _denied(reason: str) -> AccessDenied:
    return AccessDenied(f"Invalid according to Policy: {reason}", code="AccessDenied", status=FORBIDDEN)


def _malformed(code: str, reason: str) -> AccessDenied:
    return AccessDenied(reason, code=code, status=BAD_REQUEST)

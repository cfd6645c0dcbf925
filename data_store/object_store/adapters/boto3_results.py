"""What boto3 returns, as models: pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from urllib3 import HTTPHeaderDict

from data_store.object_store.adapters.s3.answers import InvalidAnswer, deletion, settle
from data_store.object_store.adapters.s3.errors import from_answer
from data_store.object_store.adapters.s3.xml import time
from data_store.object_store.errors import NotFound
from data_store.object_store.models import Bucket, DeletedObject, ObjectIdentifier

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import DeletedObjectTypeDef, DeleteObjectsOutputTypeDef, ErrorTypeDef

__all__ = ["attempts_made", "buckets", "deleted", "headers_of"]

_NO_SUCH_VERSION = "InvalidArgument"  # what an ill-formed id is to MinIO and versitygw


def headers_of(answer: Mapping[str, Any]) -> HTTPHeaderDict:
    """Return the headers of an answer."""
    return HTTPHeaderDict(answer["ResponseMetadata"]["HTTPHeaders"])


def attempts_made(answer: Mapping[str, Any]) -> int:
    """Return how many requests were sent for an answer."""
    retries: int = answer["ResponseMetadata"].get("RetryAttempts", 0)
    return 1 + retries


def buckets(answer: Mapping[str, Any]) -> list[Bucket]:
    """Return the buckets of an answer to ListBuckets.

    Raises:
        InvalidAnswer: it has no list of them.
    """
    if "Buckets" not in answer:
        raise InvalidAnswer("the answer has no Buckets")
    return [Bucket(found["Name"], _time(found.get("CreationDate"))) for found in answer["Buckets"]]


def deleted(
    answer: DeleteObjectsOutputTypeDef, asked: Iterable[ObjectIdentifier]
) -> dict[ObjectIdentifier, DeletedObject]:
    """Return what an answer to DeleteObjects says of each object; it may leave some out."""
    known = set(asked)
    outcomes: dict[ObjectIdentifier, DeletedObject] = {}
    for done in answer.get("Deleted", []):
        named = _named(done, known)
        is_marker = done.get("DeleteMarker", False)
        settle(outcomes, named, deletion(named, done.get("DeleteMarkerVersionId"), is_marker=is_marker))
    request_id = answer["ResponseMetadata"].get("RequestId")
    for failed in answer.get("Errors", []):
        named = _named(failed, known)
        settle(outcomes, named, _failed(failed, named, request_id))
    return outcomes


def _named(item: DeletedObjectTypeDef | ErrorTypeDef, known: set[ObjectIdentifier]) -> ObjectIdentifier:
    """Return which object an entry is about; Garage names a version where none was asked for."""
    key = item.get("Key", "")
    named = ObjectIdentifier(key, item.get("VersionId") or None)
    return named if named in known else ObjectIdentifier(key)


def _failed(item: ErrorTypeDef, named: ObjectIdentifier, request_id: str | None) -> DeletedObject:
    code = item.get("Code")
    error = from_answer(code, None, item.get("Message") or "", request_id)
    is_missing = isinstance(error, NotFound) or (named.version_id is not None and code == _NO_SUCH_VERSION)
    return DeletedObject(named.key, named.version_id, error=None if is_missing else error)


def _time(told: datetime | str | None) -> datetime | None:
    """Return a time as the parser of a client has it: ours leaves it as it is."""
    return told if isinstance(told, datetime) else time(told)

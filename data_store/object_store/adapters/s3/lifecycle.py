"""Setting lifecycle rules on servers that may store half of one.

Ceph drops the sizes of a filter, and Garage its tags: the rule that is left would delete more than was asked for. So
rules are tried out disabled, and enabled once the server has given all of them back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, replace
from typing import Any

from data_store.object_store.adapters.s3 import xml
from data_store.object_store.adapters.s3.exchange import AnswerError
from data_store.object_store.adapters.s3.putting_back import put_back
from data_store.object_store.adapters.s3.xml_lifecycle import lifecycle_request, lifecycle_rules
from data_store.object_store.errors import PreconditionFailed, UnsupportedOperation
from data_store.object_store.models import LifecycleRule

__all__ = ["replace_rules"]

_SERVER_FAILS, _NOT_IMPLEMENTED = 500, 501


def replace_rules(
    rules: Sequence[LifecycleRule],
    get: Callable[[], bytes | None],
    put: Callable[[bytes], object],
    delete: Callable[[], object],
) -> None:
    """Replace the rules of a bucket; what was there stays if that fails, or a warning is logged where it cannot.

    What others set meanwhile is left alone; S3 has no condition for it, so that the last of several may still win.

    Ended early (kill -9), what is there is what was, or the new rules, disabled, or the new rules: setting them again
    leads to the last.

    Args:
        rules: the new rules, at least one.
        get: returns the body of GetBucketLifecycleConfiguration, None where there are no rules.
        put: sends the body of PutBucketLifecycleConfiguration.
        delete: removes all rules, with nothing asked before: the answer may be what fails.

    Raises:
        UnsupportedOperation: the server does not keep a rule as it is.
        PreconditionFailed: others have set rules meanwhile.
    """
    before = get()
    disabled = [replace(rule, enabled=False) for rule in rules]
    try:
        put(lifecycle_request(disabled))
    except BaseException as error:
        if not _is_refusal(error) and not _is_foreign(disabled, get):
            put_back("lifecycle", before, put, delete)
        raise
    try:
        _check_kept(disabled, get())
        put(lifecycle_request(rules))
    except BaseException:
        if not _is_foreign(disabled, get):
            put_back("lifecycle", before, put, delete)
        raise


def _is_refusal(error: BaseException) -> bool:
    """Return whether an answer says that nothing was changed, by this request nor by one that it repeats."""
    if not isinstance(error, AnswerError) or error.retried:
        return False
    return error.status < _SERVER_FAILS or error.status == _NOT_IMPLEMENTED


def _is_foreign(tried: Sequence[LifecycleRule], get: Callable[[], bytes | None]) -> bool:
    """Return whether the bucket has other rules than those that are tried out, or none; False if it does not tell."""
    try:
        answer = get()
        return answer is None or _has_others(tried, _kept(answer).values())
    except Exception:  # noqa: BLE001  the answer may be what fails
        return False


def _has_others(tried: Sequence[LifecycleRule], found: Iterable[LifecycleRule]) -> bool:
    ids = {rule.id for rule in tried}
    return any(rule.id not in ids for rule in found)


def _kept(answer: bytes | None) -> dict[str, LifecycleRule]:
    return {rule.id: rule for rule in lifecycle_rules(xml.parse(answer))} if answer else {}


def _check_kept(asked: Sequence[LifecycleRule], answer: bytes | None) -> None:
    kept = _kept(answer)
    if _has_others(asked, kept.values()):
        raise PreconditionFailed("others have set lifecycle rules meanwhile, which stay: read them, then decide")
    for rule in asked:
        found = kept.get(rule.id)
        lost = ["the rule"] if found is None else _differences(rule, found)
        if lost:
            raise UnsupportedOperation(f"this server does not keep the lifecycle rule {rule.id!r}: {', '.join(lost)}")


def _differences(asked: LifecycleRule, found: LifecycleRule) -> list[str]:
    names = [field.name for field in fields(LifecycleRule)]
    return [name for name in names if _plain(getattr(asked, name)) != _plain(getattr(found, name))]


def _plain(value: Any) -> Any:
    """Return a value so that what means the same is equal: no tags and no least size can be said in two ways."""
    return None if value in ({}, 0) else value

"""What every answer of an S3 server must hold, whichever SDK has read it (S3 API reference)."""

from __future__ import annotations

from data_store.object_store.adapters.s3 import etags
from data_store.object_store.errors import ServerError
from data_store.object_store.models import DeletedObject, ObjectIdentifier, ObjectPage

__all__ = ["InvalidAnswer", "checked_page", "deletion", "invalid_answer", "required", "required_etag", "settle"]

_MAX_QUOTED = 200


class InvalidAnswer(Exception):  # noqa: N818  the condition's name
    """An answer is not what S3 says: another server's, a broken proxy's, one that was cut."""


def invalid_answer(exc: Exception) -> ServerError:
    """Return the error that such an answer is; what is quoted from it is cut."""
    why = " ".join(str(exc).split())
    return ServerError(f"the server's answer is not what S3 says: {why[:_MAX_QUOTED]}")


def required(value: str | None, name: str) -> str:
    """Return what an answer must have.

    Raises:
        InvalidAnswer: it is missing or empty.
    """
    if not value:
        raise InvalidAnswer(f"the answer has no {name}")
    return value


def required_etag(etag: str | None) -> str:
    """Return the ETag of what was written, bare: an answer without one is no receipt.

    Raises:
        InvalidAnswer: it is missing or empty.
    """
    return required(etags.bare(etag), "ETag")


def deletion(named: ObjectIdentifier, marker: str | None, *, is_marker: bool) -> DeletedObject:
    """Return what DeleteObjects says of one object.

    A delete marker without an id is not believed: MinIO speaks of one wherever versioning is suspended, also where it
    has made none, and DeleteObject there says nothing of either.

    Args:
        named: the object, and the version that was to be deleted.
        marker: the id of the delete marker that was made or deleted, where the answer has one.
        is_marker: whether the answer speaks of a delete marker.
    """
    version = (marker if is_marker else None) or named.version_id
    return DeletedObject(named.key, version, is_delete_marker=is_marker and version is not None)


def settle(outcomes: dict[ObjectIdentifier, DeletedObject], named: ObjectIdentifier, outcome: DeletedObject) -> None:
    """Add what became of one object of a DeleteObjects.

    Raises:
        InvalidAnswer: it was said to be deleted before, and now that it was not, or the other way round.
    """
    before = outcomes.setdefault(named, outcome)
    if (before.error is None) != (outcome.error is None):
        raise InvalidAnswer("the answer says of one object that it was deleted and that it was not")


def checked_page(page: ObjectPage, prefix: str, *, truncated: bool) -> ObjectPage:
    """Return a page of a listing in which everything can be true.

    A key outside the prefix may become a deletion outside of it; a truncated page without a token would pass for the
    whole listing.

    Raises:
        InvalidAnswer: there is something else.
    """
    names = [*(found.key for found in page.objects), *page.prefixes]
    if not all(names):
        raise InvalidAnswer("the listing has an entry without a key")
    if not all(name.startswith(prefix) for name in names):
        raise InvalidAnswer("the listing has keys that do not begin with the prefix")
    if any(found.size is not None and found.size < 0 for found in page.objects):
        raise InvalidAnswer("the listing has a negative size")
    if truncated and page.cursor is None:
        raise InvalidAnswer("the listing goes on, but does not say where")
    return page

"""What is answered, and how errors become answers (S3 API reference, "Error responses")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import IO
from xml.sax.saxutils import escape

from data_store.object_store.errors import (
    AccessDenied,
    BucketNotFound,
    InsufficientStorage,
    InvalidArgument,
    NotFound,
    ObjectNotFound,
    ObjectStoreError,
    PreconditionFailed,
    RangeNotSatisfiable,
    StoreClosed,
    Throttled,
    TimedOut,
    UnsupportedOperation,
    UploadNotFound,
    VersionNotFound,
)
from data_store.object_store.xml_text import NOT_IN_XML

__all__ = ["XML", "Answer", "RefusalError", "denied", "refusal_of", "xml_document"]

XML = "application/xml"


@dataclass(slots=True)
class Answer:
    """An answer.

    Attributes:
        status: its status.
        headers: names in lower case.
        body: its body, or the beginning of it.
        rest: what follows the beginning, to be closed.
    """

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    rest: IO[bytes] | None = None


class RefusalError(Exception):
    """A request that is refused; the message is the client's to see.

    Attributes:
        status: the status.
        code: the code of S3.
        headers: headers of the answer besides.
    """

    def __init__(self, status: int, code: str, message: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = dict(headers or {})

    def answer(self, resource: str, request_id: str) -> Answer:
        """Return the answer.

        Args:
            resource: the path of the request, encoded.
            request_id: what the log calls the request.
        """
        fields = {"Code": self.code, "Message": str(self), "Resource": resource, "RequestId": request_id}
        headers = {"content-type": XML, "cache-control": "no-store"}
        return Answer(self.status, headers | self.headers, xml_document("Error", fields))


_BY_ERROR: Mapping[type[ObjectStoreError], tuple[int, str, str]] = {
    BucketNotFound: (HTTPStatus.NOT_FOUND, "NoSuchBucket", "The bucket does not exist."),
    ObjectNotFound: (HTTPStatus.NOT_FOUND, "NoSuchKey", "There is no object under that key."),
    VersionNotFound: (HTTPStatus.NOT_FOUND, "NoSuchVersion", "The object has no version of that id."),
    UploadNotFound: (HTTPStatus.NOT_FOUND, "NoSuchUpload", "No upload of that id is under way."),
    NotFound: (HTTPStatus.NOT_FOUND, "NoSuchKey", "What was asked for does not exist."),
    PreconditionFailed: (HTTPStatus.PRECONDITION_FAILED, "PreconditionFailed", "A precondition does not hold."),
    RangeNotSatisfiable: (
        HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
        "InvalidRange",
        "The range begins behind the last byte.",
    ),
    UnsupportedOperation: (HTTPStatus.NOT_IMPLEMENTED, "NotImplemented", "This store has no such thing."),
    Throttled: (HTTPStatus.SERVICE_UNAVAILABLE, "SlowDown", "The store is busy: try again."),
    TimedOut: (HTTPStatus.SERVICE_UNAVAILABLE, "SlowDown", "The store was too slow: try again."),
    StoreClosed: (HTTPStatus.SERVICE_UNAVAILABLE, "ServiceUnavailable", "The store is closed."),
    InsufficientStorage: (HTTPStatus.INSUFFICIENT_STORAGE, "InsufficientStorage", "There is no room left."),
}
"""What a client is told. The store's own words may say where it lies, and are for the log."""

_FAILURE = (HTTPStatus.INTERNAL_SERVER_ERROR, "InternalError", "The store failed; its log says how.")


def refusal_of(error: Exception) -> RefusalError:
    """Return the refusal that an error of the store, or of checking a request, becomes."""
    if isinstance(error, RefusalError):
        return error
    if isinstance(error, InvalidArgument):
        return RefusalError(HTTPStatus.BAD_REQUEST, "InvalidArgument", str(error))
    for known, told in _BY_ERROR.items():
        if isinstance(error, known):
            return RefusalError(*told)
    return RefusalError(*_FAILURE)


def denied(error: AccessDenied) -> RefusalError:
    """Return the refusal that a failed check of a signature or a policy becomes; its reason is meant for the client."""
    return RefusalError(error.status or HTTPStatus.FORBIDDEN, error.code or "AccessDenied", error.reason)


def xml_document(root: str, fields: Mapping[str, str]) -> bytes:
    """Return a document of one level; characters that XML has not become question marks."""
    texts = {name: escape(NOT_IN_XML.sub("?", value)) for name, value in fields.items()}
    inside = "".join(f"<{name}>{text}</{name}>" for name, text in texts.items())
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root}>{inside}</{root}>'.encode()

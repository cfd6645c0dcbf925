"""How botocore reads the answers of S3: as strictly as the S3 core does.

Its own parser takes any XML for the one that it waits for, an empty body too, and fails with ValueError, KeyError and
others on values that cannot be. A session's parsers are a component of it, which is where the AWS CLI puts its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from botocore.model import Shape
from botocore.parsers import ResponseParser, ResponseParserFactory, RestXMLParser

from data_store.object_store.adapters.s3.answers import InvalidAnswer, required

__all__ = ["AnswerParsers"]

_BEFORE_ROOT = rb"(?:\s|(?><\?.*?\?>)|(?><!--.*?-->))*+"  # possessive: nothing is tried twice
_ROOT = re.compile(_BEFORE_ROOT + rb"<(?:[\w.-]+:)?([\w.-]+)", re.DOTALL)
_ROOTS = {
    "CompleteMultipartUploadOutput": "CompleteMultipartUploadResult",
    "CopyObjectOutput": "CopyObjectResult",
    "CreateMultipartUploadOutput": "InitiateMultipartUploadResult",
    "DeleteObjectsOutput": "DeleteResult",
    "ListBucketsOutput": "ListAllMyBucketsResult",
    "UploadPartCopyOutput": "CopyPartResult",
}
_REDIRECTED = 301
# To botocore whatever is not "true" is false.
_FLAG = re.compile(rb"<(?:[\w.-]+:)?DeleteMarker>([^<]*)<")
_FLAGS = frozenset({b"true", b"false", b""})
# The rest of an error may quote the request, and so a key of SSE-C; botocore's exception keeps it all.
_TOLD_OF_ERRORS = frozenset({"Code", "Message", "Region"})
_HEADERS_OF_ERRORS = frozenset(
    {
        "content-length",
        "content-type",
        "date",
        "location",
        "retry-after",
        "server",
        "x-amz-bucket-region",
        "x-amz-delete-marker",
        "x-amz-id-2",
        "x-amz-request-id",
        "x-amz-retry-after",
        "x-amz-version-id",
        "x-minio-error-code",
        "x-minio-error-desc",
    }
)


class AnswerParsers(ResponseParserFactory):
    """Makes the parsers of a session: ours for S3's protocol, botocore's for those that credentials come by."""

    def create_parser(self, protocol_name: str) -> ResponseParser:
        """Return a new parser."""
        if protocol_name == "rest-xml":
            return _Parser(timestamp_parser=str)  # whoever needs a time reads it
        return super().create_parser(protocol_name)


class _Parser(RestXMLParser):
    """Reads answers of S3, or raises InvalidAnswer."""

    def parse(self, response: Mapping[str, Any], shape: Shape) -> Any:
        """Return what an answer says; times as the text that they are."""
        try:
            answer = super().parse(response, shape)
        except Exception as error:
            _drop(response["body"])
            raise InvalidAnswer(f"botocore cannot read it: {error}") from error
        if response["status_code"] >= _REDIRECTED:
            _forget_quoted(answer)
        elif shape is not None:
            _check_root(response["body"], _ROOTS.get(shape.name))
            _check_single(answer, shape)
            _check_names(answer)
        return answer


def _drop(body: Any) -> None:
    """End an answer whose body is still on the wire."""
    if not isinstance(body, bytes):
        body.close()


def _check_root(body: Any, name: str | None) -> None:
    """Check what kind of XML it is, where it is any; botocore has found it well-formed by now."""
    if name is None:
        return
    found = _ROOT.match(body)
    if found is None or found[1].decode() != name:
        raise InvalidAnswer(f"the answer is no {name}")
    if not _FLAGS.issuperset(_FLAG.findall(body)):
        raise InvalidAnswer("the answer has something else than true or false")


def _check_single(value: Any, shape: Any) -> None:
    """Check that nothing stands there twice that can be there once: botocore makes a list of it, of texts say."""
    if shape.type_name == "list":
        for item in value:
            _check_single(item, shape.member)
    elif shape.type_name == "structure":
        for name in value.keys() & shape.members.keys():
            _check_single(value[name], shape.members[name])
    elif isinstance(value, list):
        raise InvalidAnswer(f"the answer has more than one {shape.name}")


def _check_names(answer: Mapping[str, Any]) -> None:
    for bucket in answer.get("Buckets") or ():
        required(bucket.get("Name"), "Name")


def _forget_quoted(answer: dict[str, Any]) -> None:
    """Leave out of an error what may hold a secret of the request."""
    told, headers = answer.get("Error", {}), answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    for name in told.keys() - _TOLD_OF_ERRORS:
        del told[name]
    for name in headers.keys() - _HEADERS_OF_ERRORS:
        del headers[name]

"""The S3 API, keys exactly as they are: ``S3Api`` has a method for each action (S3 API reference).

Every method is one exchange and one conversion. It raises ``AnswerError`` for an error answer, ``InvalidAnswer`` for an
answer that is none, and what urllib3 raises for a connection.
"""

from __future__ import annotations

from data_store.object_store.adapters.s3 import errors, markers
from data_store.object_store.adapters.s3.exchange import AnswerError, Request, xml_answer
from data_store.object_store.adapters.s3.multipart import MultipartActions
from data_store.object_store.adapters.s3.subresources import SubresourceActions
from data_store.object_store.adapters.s3.xml_listing import object_page, plain_page
from data_store.object_store.errors import NotFound
from data_store.object_store.models import ListOptions, ObjectPage

__all__ = ["S3Api"]


class S3Api(MultipartActions, SubresourceActions):
    """The actions of one server.

    Args:
        exchange: sends the requests.
    """

    def list_page(self, bucket: str, prefix: str, options: ListOptions) -> ObjectPage:
        """ListObjectsV2, one page."""
        query = {
            "list-type": "2",
            "encoding-type": "url",
            "max-keys": str(options.limit),
            "prefix": prefix,
            "delimiter": options.delimiter,
            "continuation-token": options.cursor,
            "start-after": markers.start_after(prefix, options),
        }
        given = {name: value for name, value in query.items() if value is not None}
        answer = self._exchange.send(Request(method="GET", bucket=bucket, query=given))
        page = plain_page(answer.data, prefix)
        return object_page(xml_answer(answer, "ListBucketResult"), prefix) if page is None else page

    def bucket_exists(self, bucket: str) -> bool:
        """HeadBucket, which other people's buckets answer too."""
        try:
            self._exchange.send(Request(method="HEAD", bucket=bucket))
        except AnswerError as error:
            if isinstance(error.translated, NotFound):
                return False
            raise
        return True

    def ping(self) -> None:
        """ListBuckets. Credentials that are good, but may not list, have been answered too."""
        try:
            xml_answer(self._exchange.send(Request(method="GET")), "ListAllMyBucketsResult")
        except AnswerError as error:
            if not errors.are_good_credentials(error.code, error.server):
                raise

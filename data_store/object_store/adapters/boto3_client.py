"""Framework ``boto3``: AWS S3 and every S3-compatible server, through the public API of boto3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError
from urllib3 import HTTPHeaderDict

from data_store.object_store.adapters import boto3_errors
from data_store.object_store.adapters.boto3_connection import Clients
from data_store.object_store.adapters.s3 import etags
from data_store.object_store.adapters.s3.answers import InvalidAnswer, checked_page, required, required_etag
from data_store.object_store.adapters.s3.control_characters import restore
from data_store.object_store.adapters.s3.endpoint import DEFAULT_REGION, endpoint
from data_store.object_store.adapters.s3.errors import are_good_credentials, from_answer
from data_store.object_store.adapters.s3.headers import object_metadata, range_header, read_object, written_metadata
from data_store.object_store.adapters.s3.quirks import ServerQuirks, is_suspicious
from data_store.object_store.adapters.s3.ranges import check_range
from data_store.object_store.adapters.s3.xml import fits_xml, time
from data_store.object_store.body import Source
from data_store.object_store.capabilities import SupportsMultipart
from data_store.object_store.client import ObjectStoreClient
from data_store.object_store.configurations import ObjectStoreConfiguration, ObjectStoreConnectionConfiguration
from data_store.object_store.errors import NotFound, ObjectStoreError
from data_store.object_store.metadata import encode_metadata
from data_store.object_store.models import (
    Bucket,
    ContentOptions,
    CopyOptions,
    CopySource,
    DeletedObject,
    GetOptions,
    ListOptions,
    MultipartUpload,
    Object,
    ObjectMetadata,
    ObjectPage,
    PartInfo,
    PutOptions,
)

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import DeleteObjectsOutputTypeDef

__all__ = ["Boto3Client"]

_IN_MEMORY = 1024 * 1024
_DEFAULT_CONTENT_TYPE = "application/octet-stream"
_CONTENT = {
    "content_type": "ContentType",
    "cache_control": "CacheControl",
    "content_disposition": "ContentDisposition",
    "content_encoding": "ContentEncoding",
    "content_language": "ContentLanguage",
}


class Boto3Client(ObjectStoreClient, SupportsMultipart):
    """Talks to AWS S3, or to a compatible server, with boto3.

    Credentials come from the configuration, else from boto3's own chain. ``retry.max_attempts`` is botocore's
    ``total_max_attempts`` in its mode ``standard``: a client that meets many failures spends botocore's quota of
    retries, and then makes one attempt until requests succeed again. botocore chooses its own pauses (random, up to 20
    seconds): ``retry.initial_backoff`` and ``retry.max_backoff`` cannot be set there and have no effect. Environment
    variables and profiles that name endpoints or checksums have none either.
    """

    connection_model = ObjectStoreConnectionConfiguration

    def __init__(self, config: ObjectStoreConfiguration) -> None:
        super().__init__(config)
        connection: ObjectStoreConnectionConfiguration = config.connection
        self._endpoint = endpoint(connection)
        self._quirks = ServerQuirks(lambda: self._client.list_buckets())
        self._clients = Clients(connection, self._endpoint, config.retry, self._quirks.learn)
        self._client = self._clients.usual

    def put_object(self, bucket: str, key: str, body: Source, options: PutOptions) -> ObjectMetadata:
        """Store an object with one PutObject."""
        self._quirks.check(key)
        answer = self._client.put_object(
            Bucket=bucket,
            Key=key,
            Body=_body(body),
            **_content(options),
            **_given(IfMatch=options.if_match, IfNoneMatch=options.if_none_match, ContentMD5=options.content_md5),
        )
        return written_metadata(bucket, key, _headers(answer), body.size, required_etag(answer.get("ETag")))

    def get_object(self, bucket: str, key: str, options: GetOptions) -> Object:
        """Read an object, or a range of it."""
        self._quirks.check(key)
        answer = self._clients.of(options.attempts).get_object(
            Bucket=bucket, Key=key, **_given(Range=range_header(options).get("Range")), **_conditions(options)
        )
        return _object(bucket, key, options, answer)

    def head_object(self, bucket: str, key: str, options: GetOptions) -> ObjectMetadata:
        """Ask for everything but the content."""
        self._quirks.check(key)
        answer = self._clients.of(options.attempts).head_object(Bucket=bucket, Key=key, **_conditions(options))
        return object_metadata(bucket, key, _headers(answer))

    def delete_object(self, bucket: str, key: str) -> DeletedObject:
        """Delete an object."""
        self._quirks.check(key)
        answer = self._client.delete_object(Bucket=bucket, Key=key)
        return DeletedObject(key, answer.get("VersionId"))

    def delete_objects(self, bucket: str, keys: Sequence[str]) -> list[DeletedObject]:
        """Delete many with one DeleteObjects.

        Keys that XML cannot hold or a server may misread go one by one, and so do those that the answer leaves out:
        where MinIO refuses a key, it drops another one's outcome.
        """
        together = [key for key in dict.fromkeys(keys) if fits_xml(key) and not is_suspicious(key)]
        outcomes = self._delete_together(bucket, together) if together else {}
        return [outcomes[key] if key in outcomes else self._delete_one(bucket, key) for key in keys]

    def list_page(self, bucket: str, prefix: str, options: ListOptions) -> ObjectPage:
        """List one page with ListObjectsV2; botocore asks for keys in URL encoding and decodes them."""
        answer = self._client.list_objects_v2(
            Bucket=bucket,
            Prefix=prefix,
            MaxKeys=options.limit,
            **_given(
                Delimiter=options.delimiter,
                ContinuationToken=options.cursor,
                StartAfter=options.start_after if options.cursor is None else None,
            ),
        )
        return _page(answer, prefix)

    def copy_object(
        self, source_bucket: str, source_key: str, bucket: str, key: str, options: CopyOptions
    ) -> ObjectMetadata:
        """Copy with CopyObject."""
        self._quirks.check(source_key)
        self._quirks.check(key)
        answer = self._client.copy_object(
            Bucket=bucket,
            Key=key,
            CopySource={"Bucket": source_bucket, "Key": source_key},
            **_copied_content(options),
            **_given(CopySourceIfMatch=options.source_etag),
        )
        etag = required_etag(answer.get("CopyObjectResult", {}).get("ETag"))
        return written_metadata(bucket, key, _headers(answer), None, etag)

    def create_multipart_upload(self, bucket: str, key: str, options: PutOptions) -> MultipartUpload:
        """Start a multipart upload."""
        self._quirks.check(key)
        answer = self._client.create_multipart_upload(Bucket=bucket, Key=key, **_content(options))
        return MultipartUpload(key, bucket, required(answer.get("UploadId"), "UploadId"))

    def upload_part(self, bucket: str, key: str, upload_id: str, part_number: int, body: Source) -> PartInfo:
        """Upload one part."""
        answer = self._client.upload_part(
            Bucket=bucket, Key=key, UploadId=upload_id, PartNumber=part_number, Body=_body(body)
        )
        return PartInfo(part_number, required_etag(answer.get("ETag")), body.size)

    def upload_part_copy(self, bucket: str, key: str, upload_id: str, part_number: int, source: CopySource) -> PartInfo:
        """Make a part from a range of another object."""
        self._quirks.check(source.key)
        answer = self._client.upload_part_copy(
            Bucket=bucket,
            Key=key,
            UploadId=upload_id,
            PartNumber=part_number,
            CopySource={"Bucket": source.bucket, "Key": source.key},
            CopySourceRange=f"bytes={source.offset}-{source.offset + source.length - 1}",
            **_given(CopySourceIfMatch=source.etag),
        )
        return PartInfo(part_number, required_etag(answer.get("CopyPartResult", {}).get("ETag")), source.length)

    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: Sequence[PartInfo]
    ) -> ObjectMetadata:
        """Make the object.

        If a retry is refused, the request before it may have been carried out and its answer lost (S3 then says
        ``NoSuchUpload``, Ceph ``InternalError``): the object's ETag tells.
        """
        listed = sorted(parts, key=lambda part: part.part_number)
        expected = etags.multipart_etag(listed)
        try:
            answer = self._client.complete_multipart_upload(
                Bucket=bucket,
                Key=key,
                UploadId=upload_id,
                MultipartUpload={"Parts": [{"PartNumber": part.part_number, "ETag": part.etag} for part in listed]},
            )
        except ClientError as error:
            found = self._made_before(bucket, key, expected) if _was_retried(error) else None
            if found is None:
                raise
            return found
        etag = etags.bare(answer.get("ETag")) or expected  # Ceph 16 leaves it out now and then
        return written_metadata(bucket, key, _headers(answer), _total_size(parts), etag)

    def abort_multipart_upload(self, bucket: str, key: str, upload_id: str) -> None:
        """Drop a multipart upload."""
        self._client.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload_id)

    def create_bucket(self, bucket: str) -> Bucket:
        """Make a bucket; on AWS in the configured region."""
        region = self._client.meta.region_name
        constrained = self._endpoint.is_aws and region not in (DEFAULT_REGION, "aws-global")
        configuration = {"LocationConstraint": region} if constrained else None
        self._client.create_bucket(Bucket=bucket, **_given(CreateBucketConfiguration=configuration))
        return Bucket(bucket)

    def delete_bucket(self, bucket: str) -> None:
        """Delete an empty bucket."""
        self._client.delete_bucket(Bucket=bucket)

    def bucket_exists(self, bucket: str) -> bool:
        """Ask with HeadBucket, which other people's buckets answer too."""
        try:
            self._client.head_bucket(Bucket=bucket)
        except ClientError as error:
            if isinstance(self.classify(error), NotFound):
                return False
            raise
        return True

    def list_buckets(self) -> list[Bucket]:
        """List the buckets of these credentials."""
        return _buckets(self._client.list_buckets())

    def ping(self) -> None:
        """Ask for the list of buckets. Credentials that are good, but may not list, have been answered too."""
        try:
            self._client.list_buckets()
        except ClientError as error:
            answer = error.response
            server = answer["ResponseMetadata"]["HTTPHeaders"].get("server")
            if not are_good_credentials(answer["Error"].get("Code"), server):
                raise

    def close(self) -> None:
        """Close the connections."""
        self._clients.close()

    def classify(self, exc: Exception) -> ObjectStoreError | None:
        """Return our error for an exception of botocore or urllib3."""
        return boto3_errors.classify(exc)

    def _delete_together(self, bucket: str, keys: Sequence[str]) -> dict[str, DeletedObject]:
        answer = self._client.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys]})
        outcomes = _deleted(answer)
        for outcome in outcomes.values():
            if outcome.error is not None:
                self._locate(outcome.error, bucket, outcome.key)
        return outcomes

    def _locate(self, error: ObjectStoreError, bucket: str, key: str) -> None:
        error.operation, error.bucket, error.key = "delete_objects", bucket, key
        error.framework = str(self.config.framework)

    def _made_before(self, bucket: str, key: str, etag: str | None) -> ObjectMetadata | None:
        """Return the object if it has this ETag."""
        try:
            found = object_metadata(bucket, key, _headers(self._client.head_object(Bucket=bucket, Key=key)))
        except ClientError:
            return None
        return found if etag is not None and found.etag == etag else None


class _Body:
    """The body of a GET as a raw stream."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        self._body = answer["Body"]
        self.attempts = _attempts(answer)

    def read(self, size: int, /) -> bytes:
        """Return at most ``size`` bytes."""
        chunk: bytes = self._body.read(size)
        return chunk

    def close(self) -> None:
        """Give the connection back; an unfinished one is closed."""
        self._body.close()


def _given(**parameters: Any) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if value is not None}


def _conditions(options: GetOptions) -> dict[str, Any]:
    return _given(IfMatch=options.if_match, IfNoneMatch=options.if_none_match)


def _content(options: ContentOptions) -> dict[str, Any]:
    content = _given(**{parameter: getattr(options, name) for name, parameter in _CONTENT.items()})
    return {
        "ContentType": _DEFAULT_CONTENT_TYPE,
        **content,
        **_given(StorageClass=options.storage_class),
        "Metadata": encode_metadata(options.metadata or {}),
    }


def _copied_content(options: CopyOptions) -> dict[str, Any]:
    if options.replace:
        return {"MetadataDirective": "REPLACE", **_content(options)}
    return {"MetadataDirective": "COPY", **_given(StorageClass=options.storage_class)}


def _body(source: Source) -> IO[bytes] | bytes:
    """Return a small body as bytes, which saves reading it twice and waiting for ``100 Continue``."""
    return source.read() if (source.size or 0) <= _IN_MEMORY else cast(IO[bytes], source)


def _headers(answer: Mapping[str, Any]) -> HTTPHeaderDict:
    return HTTPHeaderDict(answer["ResponseMetadata"]["HTTPHeaders"])


def _object(bucket: str, key: str, options: GetOptions, answer: Mapping[str, Any]) -> Object:
    headers, body = _headers(answer), _Body(answer)
    try:
        check_range(options, answer["ResponseMetadata"]["HTTPStatusCode"], headers)
    except ObjectStoreError:
        body.close()
        raise
    return read_object(bucket, key, headers, body)


def _buckets(answer: Mapping[str, Any]) -> list[Bucket]:
    if "Buckets" not in answer:
        raise InvalidAnswer("the answer has no Buckets")
    return [Bucket(found["Name"], time(found.get("CreationDate"))) for found in answer["Buckets"]]


def _page(answer: Mapping[str, Any], prefix: str) -> ObjectPage:
    truncated = bool(answer.get("IsTruncated"))
    cursor = answer.get("NextContinuationToken") if truncated else None
    page = ObjectPage(
        objects=tuple(_listed(item) for item in answer.get("Contents", ())),
        prefixes=tuple(item["Prefix"] for item in answer.get("CommonPrefixes", ())),
        cursor=restore(cursor) if cursor else None,
    )
    return checked_page(page, prefix, truncated=truncated)


def _listed(item: Mapping[str, Any]) -> ObjectMetadata:
    return ObjectMetadata(
        key=item["Key"],
        size=item.get("Size"),
        etag=etags.bare(item.get("ETag")),
        updated_time=time(item.get("LastModified")),
        storage_class=item.get("StorageClass"),
    )


def _deleted(answer: DeleteObjectsOutputTypeDef) -> dict[str, DeletedObject]:
    outcomes = {}
    for found in answer.get("Deleted", []):
        key = found.get("Key", "")
        outcomes[key] = DeletedObject(key, found.get("DeleteMarkerVersionId") or found.get("VersionId"))
    request_id = answer["ResponseMetadata"].get("RequestId")
    for failed in answer.get("Errors", []):
        key = failed.get("Key", "")
        error = from_answer(failed.get("Code"), None, failed.get("Message") or "", request_id)
        outcomes[key] = DeletedObject(key, error=None if isinstance(error, NotFound) else error)
    return outcomes


def _was_retried(error: ClientError) -> bool:
    return _attempts(error.response) > 1


def _attempts(answer: Mapping[str, Any]) -> int:
    """Return how many requests were sent for an answer."""
    retries: int = answer["ResponseMetadata"].get("RetryAttempts", 0)
    return 1 + retries


def _total_size(parts: Sequence[PartInfo]) -> int | None:
    sizes = [part.size for part in parts]
    return None if None in sizes else sum(size for size in sizes if size is not None)

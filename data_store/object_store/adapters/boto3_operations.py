"""What botocore calls a request of the S3 core: its events have the name of the operation in theirs."""

from __future__ import annotations

from data_store.object_store.adapters.s3.exchange import Request

__all__ = ["operation_of"]

_COPIES = "x-amz-copy-source"
# By method, and the query parameter that says what it is about; "" is the bucket or object itself.
_SERVICE = {("GET", ""): "ListBuckets"}
_BUCKET = {
    ("GET", ""): "ListObjectsV2",
    ("HEAD", ""): "HeadBucket",
    ("POST", "delete"): "DeleteObjects",
    ("GET", "cors"): "GetBucketCors",
    ("PUT", "cors"): "PutBucketCors",
    ("DELETE", "cors"): "DeleteBucketCors",
    ("GET", "lifecycle"): "GetBucketLifecycleConfiguration",
    ("PUT", "lifecycle"): "PutBucketLifecycleConfiguration",
    ("DELETE", "lifecycle"): "DeleteBucketLifecycle",
    ("GET", "notification"): "GetBucketNotificationConfiguration",
    ("PUT", "notification"): "PutBucketNotificationConfiguration",
    ("GET", "object-lock"): "GetObjectLockConfiguration",
    ("PUT", "object-lock"): "PutObjectLockConfiguration",
    ("GET", "tagging"): "GetBucketTagging",
    ("PUT", "tagging"): "PutBucketTagging",
    ("DELETE", "tagging"): "DeleteBucketTagging",
    ("GET", "uploads"): "ListMultipartUploads",
    ("GET", "versioning"): "GetBucketVersioning",
    ("PUT", "versioning"): "PutBucketVersioning",
    ("GET", "versions"): "ListObjectVersions",
}
_OBJECT = {
    ("GET", ""): "GetObject",
    ("HEAD", ""): "HeadObject",
    ("PUT", ""): "PutObject",
    ("DELETE", ""): "DeleteObject",
    ("GET", "legal-hold"): "GetObjectLegalHold",
    ("PUT", "legal-hold"): "PutObjectLegalHold",
    ("PUT", "partNumber"): "UploadPart",
    ("GET", "retention"): "GetObjectRetention",
    ("PUT", "retention"): "PutObjectRetention",
    ("GET", "tagging"): "GetObjectTagging",
    ("PUT", "tagging"): "PutObjectTagging",
    ("DELETE", "tagging"): "DeleteObjectTagging",
    ("GET", "uploadId"): "ListParts",
    ("DELETE", "uploadId"): "AbortMultipartUpload",
    ("POST", "uploadId"): "CompleteMultipartUpload",
    ("POST", "uploads"): "CreateMultipartUpload",
}
_COPIED = {"PutObject": "CopyObject", "UploadPart": "UploadPartCopy"}
_SUBRESOURCES = frozenset(about for table in (_BUCKET, _OBJECT) for _, about in table) - {""}


def operation_of(request: Request) -> str:
    """Return the operation that a request is, in the words of the API; ``"Other"`` for what AWS does not have."""
    about = next((name for name in dict(request.query) if name in _SUBRESOURCES), "") if request.query else ""
    if request.bucket is None:
        return _SERVICE.get((request.method, about), "Other")
    table = _BUCKET if request.key is None else _OBJECT
    name = table.get((request.method, about), "Other")
    return _COPIED.get(name, name) if _COPIES in request.headers else name

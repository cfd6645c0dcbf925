"""The public names: what users may rely on."""

from __future__ import annotations

import data_store.object_store
from data_store.object_store import errors

PUBLIC = [
    "AccessDenied",
    "AlreadyExists",
    "Bucket",
    "BucketNotEmpty",
    "BucketNotFound",
    "BucketOptions",
    "ChecksumAlgorithm",
    "CompleteOptions",
    "Condition",
    "ConfigurationError",
    "ConnectionConfiguration",
    "ConnectionFailed",
    "CopyContentOptions",
    "CopyOptions",
    "CopySource",
    "CorsRule",
    "Credentials",
    "DefaultRetention",
    "DeleteOptions",
    "DeletedObject",
    "Encryption",
    "EventFeed",
    "EventKind",
    "Framework",
    "GetOptions",
    "InsufficientStorage",
    "IntegrityError",
    "InvalidArgument",
    "InvalidPart",
    "LifecycleReport",
    "LifecycleRule",
    "ListOptions",
    "LocalConnectionConfiguration",
    "MemoryConnectionConfiguration",
    "MissingDependency",
    "MultipartOptions",
    "MultipartUpload",
    "MultipartWriter",
    "NotFound",
    "NotModified",
    "NotificationRule",
    "Object",
    "ObjectEvent",
    "ObjectIdentifier",
    "ObjectMetadata",
    "ObjectNotFound",
    "ObjectPage",
    "ObjectReader",
    "ObjectResult",
    "ObjectStore",
    "ObjectStoreClient",
    "ObjectStoreComponentFactory",
    "ObjectStoreConfiguration",
    "ObjectStoreConnectionConfiguration",
    "ObjectStoreError",
    "ObjectVersion",
    "PartInfo",
    "PartOptions",
    "PartPage",
    "PreconditionFailed",
    "PresignConfiguration",
    "PresignGetOptions",
    "PresignPostOptions",
    "PresignPutOptions",
    "PresignUploadOptions",
    "PresignedClaims",
    "PresignedMultipart",
    "PresignedPart",
    "PresignedPost",
    "PresignedUpload",
    "Progress",
    "PutOptions",
    "RangeNotSatisfiable",
    "ReadConditions",
    "ReadMethod",
    "Retention",
    "RetentionMode",
    "RetryConfiguration",
    "ServerError",
    "Source",
    "SseCustomer",
    "SseKms",
    "SseS3",
    "StoreClosed",
    "SupportsBucketTags",
    "SupportsCors",
    "SupportsEncryption",
    "SupportsLifecycle",
    "SupportsLifecycleRuns",
    "SupportsMultipart",
    "SupportsNotificationRules",
    "SupportsNotifications",
    "SupportsObjectLock",
    "SupportsPresign",
    "SupportsPresignKeys",
    "SupportsTags",
    "SupportsVersioning",
    "Throttled",
    "TimedOut",
    "TransferConfiguration",
    "Transition",
    "UnsupportedOperation",
    "UploadNotFound",
    "UploadOptions",
    "UploadPage",
    "Verification",
    "VersionNotFound",
    "VersionPage",
    "VersioningStatus",
    "Watch",
    "WatchOptions",
    "register",
]


def test_the_public_names_are_frozen() -> None:
    """One that goes breaks users; one that comes is a decision."""
    assert sorted(data_store.object_store.__all__) == PUBLIC


def test_every_public_name_is_there_and_documented() -> None:
    """With a docstring of its own, which a type alias cannot have."""
    for name in set(PUBLIC) - {"ChecksumAlgorithm", "Encryption", "Progress", "ReadMethod"}:
        assert getattr(data_store.object_store, name).__doc__


def test_all_errors_are_public() -> None:
    """Nobody can handle an error that cannot be imported."""
    assert set(errors.__all__) <= set(PUBLIC)


def test_nothing_else_lies_in_the_package() -> None:
    """Modules aside, what can be imported from it is public."""
    found = {name for name, value in vars(data_store.object_store).items() if name[0] != "_" and not _is_module(value)}
    assert found == set(PUBLIC)


def _is_module(value: object) -> bool:
    return type(value).__name__ == "module"

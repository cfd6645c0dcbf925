"""What the store takes (options) and returns: frozen, slotted dataclasses.

Times are aware UTC datetimes, sizes are bytes, ETags come without quotes. What a response did not report is
``None``, never empty: a listing reports no metadata (``metadata is None``), a HEAD of an object that has none does
(``metadata == {}``).
"""

from data_store.object_store.models.events import (
    EventKind,
    NotificationRule,
    ObjectEvent,
    WatchOptions,
)
from data_store.object_store.models.lifecycle import (
    LifecycleReport,
    LifecycleRule,
    Transition,
)
from data_store.object_store.models.objects import (
    Bucket,
    DeletedObject,
    Object,
    ObjectIdentifier,
    ObjectMetadata,
    ObjectPage,
    ObjectResult,
    ObjectVersion,
    Progress,
    Verification,
    VersioningStatus,
    VersionPage,
)
from data_store.object_store.models.options import (
    BucketOptions,
    ChecksumAlgorithm,
    CompleteOptions,
    Condition,
    ContentOptions,
    CopyContentOptions,
    CopyOptions,
    CopySource,
    DeleteOptions,
    GetOptions,
    ListOptions,
    MultipartOptions,
    PartOptions,
    PutOptions,
    ReadConditions,
    UploadOptions,
)
from data_store.object_store.models.protection import (
    DefaultRetention,
    Encryption,
    Retention,
    RetentionMode,
    SseCustomer,
    SseKms,
    SseS3,
)
from data_store.object_store.models.uploads import (
    MultipartUpload,
    PartInfo,
    PartPage,
    UploadPage,
)

__all__ = [
    "Bucket",
    "BucketOptions",
    "ChecksumAlgorithm",
    "CompleteOptions",
    "Condition",
    "ContentOptions",
    "CopyContentOptions",
    "CopyOptions",
    "CopySource",
    "DefaultRetention",
    "DeleteOptions",
    "DeletedObject",
    "Encryption",
    "EventKind",
    "GetOptions",
    "LifecycleReport",
    "LifecycleRule",
    "ListOptions",
    "MultipartOptions",
    "MultipartUpload",
    "NotificationRule",
    "Object",
    "ObjectEvent",
    "ObjectIdentifier",
    "ObjectMetadata",
    "ObjectPage",
    "ObjectResult",
    "ObjectVersion",
    "PartInfo",
    "PartOptions",
    "PartPage",
    "Progress",
    "PutOptions",
    "ReadConditions",
    "Retention",
    "RetentionMode",
    "SseCustomer",
    "SseKms",
    "SseS3",
    "Transition",
    "UploadOptions",
    "UploadPage",
    "Verification",
    "VersionPage",
    "VersioningStatus",
    "WatchOptions",
]

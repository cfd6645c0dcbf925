"""The conformance suite: what every adapter must do, as pytest classes, one a group.

::

    class TestMyStore(ObjectStoreConformance):
        limits = Limits("my server", keys=(...))     # only where something cannot be done

        @pytest.fixture(scope="class")
        @classmethod
        def store(cls):
            with ObjectStore("mystore://...?transfer.part_size=5MiB&transfer.multipart_threshold=5MiB") as store:
                yield store

A group whose ``capability`` the adapter inherits is a promise of the adapter; of one that does not, each case asserts
that it is told so. What a server lacks of what its adapter declares stands in ``limits.lacks``, and is asserted in the
same way: nothing is skipped, and a limit that no longer holds fails its case.

The fixture ``store`` has class scope or a wider one. Its configuration must lead to the same data whenever a store is
made from it. With the smallest sizes for parts, as above, the suite moves fewer bytes.
"""

from __future__ import annotations

from data_store.object_store.testing.conformance.bad_input import BadInput
from data_store.object_store.testing.conformance.bucket_tags import BucketTags
from data_store.object_store.testing.conformance.buckets import Buckets
from data_store.object_store.testing.conformance.bulk import Bulk
from data_store.object_store.testing.conformance.checksums import Checksums
from data_store.object_store.testing.conformance.concurrency import Concurrency
from data_store.object_store.testing.conformance.conditional_reads import ConditionalReads
from data_store.object_store.testing.conformance.conditional_writes import ConditionalWrites
from data_store.object_store.testing.conformance.conditions import Conditions
from data_store.object_store.testing.conformance.copying import Copying
from data_store.object_store.testing.conformance.cors import Cors
from data_store.object_store.testing.conformance.declarations import CapabilityDeclarations
from data_store.object_store.testing.conformance.deleting import Deleting
from data_store.object_store.testing.conformance.downloading import Downloading
from data_store.object_store.testing.conformance.encryption import Encryption
from data_store.object_store.testing.conformance.errors import Errors, ErrorsOfTheClient
from data_store.object_store.testing.conformance.events import Events
from data_store.object_store.testing.conformance.group import ConformanceGroup
from data_store.object_store.testing.conformance.integrity import Integrity
from data_store.object_store.testing.conformance.keys import Keys
from data_store.object_store.testing.conformance.large_copies import LargeCopies
from data_store.object_store.testing.conformance.lifecycle import Lifecycle
from data_store.object_store.testing.conformance.lifecycle_of_the_store import LifecycleOfTheStore
from data_store.object_store.testing.conformance.lifecycle_runs import Expiry, LifecycleRuns
from data_store.object_store.testing.conformance.listing import Listing
from data_store.object_store.testing.conformance.metadata import Metadata
from data_store.object_store.testing.conformance.missing_buckets import MissingBuckets
from data_store.object_store.testing.conformance.moving import Moving
from data_store.object_store.testing.conformance.multipart import MultipartControl
from data_store.object_store.testing.conformance.multipart_errors import MultipartErrors
from data_store.object_store.testing.conformance.needs import needs
from data_store.object_store.testing.conformance.notification_rules import NotificationRules
from data_store.object_store.testing.conformance.object_lock import ObjectLock
from data_store.object_store.testing.conformance.objects import Objects
from data_store.object_store.testing.conformance.paging import Paging
from data_store.object_store.testing.conformance.presign_arguments import PresignArguments, Presigning
from data_store.object_store.testing.conformance.presign_rotation import PresignRotation
from data_store.object_store.testing.conformance.presigned_claims import VerifyingPresigned
from data_store.object_store.testing.conformance.presigned_keys import PresignedKeys
from data_store.object_store.testing.conformance.presigned_limits import PresignedLimits
from data_store.object_store.testing.conformance.presigned_multipart import PresignedParts
from data_store.object_store.testing.conformance.presigned_posts import PresignedPosts
from data_store.object_store.testing.conformance.presigned_reads import PresignedReads
from data_store.object_store.testing.conformance.presigned_signatures import PresignedSignatures
from data_store.object_store.testing.conformance.presigned_uploads import PresignedUploads
from data_store.object_store.testing.conformance.ranges import Ranges
from data_store.object_store.testing.conformance.reading import Reading
from data_store.object_store.testing.conformance.stale_uploads import StaleUploads
from data_store.object_store.testing.conformance.storage_classes import StorageClasses
from data_store.object_store.testing.conformance.tags import Tags
from data_store.object_store.testing.conformance.upload_files import UploadingFiles
from data_store.object_store.testing.conformance.uploading import Uploading
from data_store.object_store.testing.conformance.version_deleting import VersionDeleting
from data_store.object_store.testing.conformance.version_listing import VersionListing
from data_store.object_store.testing.conformance.version_restoring import VersionRestoring
from data_store.object_store.testing.conformance.versions import Versions

__all__ = [
    "BadInput",
    "BucketTags",
    "Buckets",
    "Bulk",
    "CapabilityDeclarations",
    "Checksums",
    "Concurrency",
    "ConditionalReads",
    "ConditionalWrites",
    "Conditions",
    "ConformanceGroup",
    "Copying",
    "Cors",
    "Deleting",
    "Downloading",
    "Encryption",
    "Errors",
    "ErrorsOfTheClient",
    "Events",
    "Expiry",
    "Integrity",
    "Keys",
    "LargeCopies",
    "Lifecycle",
    "LifecycleOfTheStore",
    "LifecycleRuns",
    "Listing",
    "Metadata",
    "MissingBuckets",
    "Moving",
    "MultipartControl",
    "MultipartErrors",
    "NotificationRules",
    "ObjectLock",
    "ObjectStoreConformance",
    "Objects",
    "Paging",
    "PresignArguments",
    "PresignRotation",
    "PresignedKeys",
    "PresignedLimits",
    "PresignedParts",
    "PresignedPosts",
    "PresignedReads",
    "PresignedSignatures",
    "PresignedUploads",
    "Presigning",
    "Ranges",
    "Reading",
    "StaleUploads",
    "StorageClasses",
    "Tags",
    "Uploading",
    "UploadingFiles",
    "VerifyingPresigned",
    "VersionDeleting",
    "VersionListing",
    "VersionRestoring",
    "Versions",
    "needs",
]


class ObjectStoreConformance(
    Buckets,
    MissingBuckets,
    Objects,
    Uploading,
    UploadingFiles,
    Integrity,
    Checksums,
    Reading,
    Ranges,
    Downloading,
    Conditions,
    ConditionalReads,
    ConditionalWrites,
    Listing,
    Paging,
    Keys,
    Metadata,
    Copying,
    LargeCopies,
    Moving,
    Deleting,
    Bulk,
    Concurrency,
    Versions,
    VersionListing,
    VersionDeleting,
    VersionRestoring,
    MultipartControl,
    MultipartErrors,
    StaleUploads,
    Tags,
    BucketTags,
    Lifecycle,
    LifecycleRuns,
    Expiry,
    Events,
    NotificationRules,
    Encryption,
    StorageClasses,
    ObjectLock,
    PresignArguments,
    Presigning,
    PresignedReads,
    PresignedUploads,
    PresignedLimits,
    PresignedSignatures,
    PresignedKeys,
    PresignedPosts,
    PresignedParts,
    VerifyingPresigned,
    PresignRotation,
    Cors,
    CapabilityDeclarations,
    BadInput,
    LifecycleOfTheStore,
    Errors,
    ErrorsOfTheClient,
):
    """All groups in one class."""

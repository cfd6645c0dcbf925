"""What only some frameworks have, one Protocol each.

An adapter inherits the protocols it has, so that a forgotten method fails when the adapter is made and a type
checker sees the signatures. A server may lack what its adapter has: it says so when it is first asked, and the client
remembers (``ObjectStoreClient.lacking``).

Beyond its operations a capability stands for options: ``SupportsVersioning`` for ``version``, ``SupportsTags`` for
``tags``, ``SupportsEncryption`` for ``encryption``, ``SupportsObjectLock`` for ``retention`` and ``legal_hold``. The
facade refuses an option whose capability the adapter has not declared; an adapter whose servers may ignore an option
in silence makes sure before it relies on it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Protocol, runtime_checkable

from data_store.object_store.body import Source
from data_store.object_store.feed import EventFeed
from data_store.object_store.models import (
    CompleteOptions,
    CopySource,
    CorsRule,
    DefaultRetention,
    LifecycleReport,
    LifecycleRule,
    ListOptions,
    MultipartUpload,
    NotificationRule,
    ObjectMetadata,
    PartInfo,
    PartOptions,
    PartPage,
    PresignedClaims,
    PresignedPost,
    PresignedUpload,
    PresignGetOptions,
    PresignPostOptions,
    PresignPutOptions,
    PutOptions,
    Retention,
    SseCustomer,
    SseKms,
    SseS3,
    UploadPage,
    VersioningStatus,
    VersionPage,
    WatchOptions,
)
from data_store.object_store.signing.sigv4 import Credentials

__all__ = [
    "CAPABILITIES",
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
]


@runtime_checkable
class SupportsVersioning(Protocol):
    """Buckets that keep what was replaced or deleted (S3 user guide, "Using versioning in S3 buckets").

    A version is read, deleted and copied with ``version`` of the options. An id that names no version of the object,
    whatever its shape, raises ``VersionNotFound``, and so does reading a delete marker. Before versioning was enabled,
    and while it is suspended, writes make the version ``"null"``.
    """

    @abstractmethod
    def enable_versioning(self, bucket: str) -> None:
        """Keep versions from now on."""

    @abstractmethod
    def suspend_versioning(self, bucket: str) -> None:
        """Make no further versions; those that are there stay."""

    @abstractmethod
    def versioning_status(self, bucket: str) -> VersioningStatus:
        """Return whether the bucket keeps versions."""

    @abstractmethod
    def list_versions_page(self, bucket: str, prefix: str, options: ListOptions) -> VersionPage:
        """Return one page of versions and delete markers; a page may be short, or empty, and still have a cursor."""


@runtime_checkable
class SupportsMultipart(Protocol):
    """Uploads in parts: the object is invisible until it is completed (S3 API reference, CreateMultipartUpload).

    Parts are numbered from 1 to 10,000, and each but the last has at least 5 MiB. An upload id that names no upload
    under way raises ``UploadNotFound``, whatever its shape.
    """

    @abstractmethod
    def create_multipart_upload(self, bucket: str, key: str, options: PutOptions) -> MultipartUpload:
        """Start an upload of an object with these options (conditions and digests are not among them)."""

    @abstractmethod
    def upload_part(
        self, bucket: str, key: str, upload_id: str, part_number: int, body: Source, options: PartOptions
    ) -> PartInfo:
        """Upload one part; ``body`` has a size, and can seek unless ``accepts_streams``.

        A part of the same number is replaced.
        """

    @abstractmethod
    def upload_part_copy(
        self, bucket: str, key: str, upload_id: str, part_number: int, source: CopySource, options: PartOptions
    ) -> PartInfo:
        """Make a part from a range of another object."""

    @abstractmethod
    def list_parts_page(self, bucket: str, key: str, upload_id: str, options: ListOptions) -> PartPage:
        """Return one page of the parts that have arrived, in the order of their numbers."""

    @abstractmethod
    def list_uploads_page(self, bucket: str, prefix: str, options: ListOptions) -> UploadPage:
        """Return one page of the uploads under way whose keys begin with ``prefix``, with their times."""

    @abstractmethod
    def complete_multipart_upload(
        self, bucket: str, key: str, upload_id: str, parts: Sequence[PartInfo], options: CompleteOptions
    ) -> ObjectMetadata:
        """Make the object from these parts, in the order of their numbers; other parts are dropped.

        A part that is missing or has another ETag, or one but the last that is too small, raises ``InvalidPart``; the
        upload stays. Conditions are given only if ``honours(bucket, key, Condition.COMPLETE)``.
        """

    @abstractmethod
    def abort_multipart_upload(self, bucket: str, key: str, upload_id: str) -> None:
        """Drop the upload and its parts."""


@runtime_checkable
class SupportsTags(Protocol):
    """Tags of objects: at most 10, keys of 1 to 128 and values of up to 256 characters.

    S3 user guide, "Categorizing your storage using tags".
    """

    @abstractmethod
    def get_tags(self, bucket: str, key: str, version: str | None = None) -> dict[str, str]:
        """Return the tags; ``{}`` if there are none."""

    @abstractmethod
    def set_tags(self, bucket: str, key: str, tags: Mapping[str, str], version: str | None = None) -> None:
        """Replace all tags."""

    @abstractmethod
    def delete_tags(self, bucket: str, key: str, version: str | None = None) -> None:
        """Remove all tags."""


@runtime_checkable
class SupportsBucketTags(Protocol):
    """Tags of buckets: at most 50 (S3 API reference, PutBucketTagging)."""

    @abstractmethod
    def get_bucket_tags(self, bucket: str) -> dict[str, str]:
        """Return the tags; ``{}`` if there are none."""

    @abstractmethod
    def set_bucket_tags(self, bucket: str, tags: Mapping[str, str]) -> None:
        """Replace all tags."""

    @abstractmethod
    def delete_bucket_tags(self, bucket: str) -> None:
        """Remove all tags."""


@runtime_checkable
class SupportsLifecycle(Protocol):
    """Rules by which the store deletes or moves objects by their age; see ``LifecycleRule``."""

    @abstractmethod
    def get_lifecycle(self, bucket: str) -> list[LifecycleRule]:
        """Return the rules; ``[]`` if there are none."""

    @abstractmethod
    def set_lifecycle(self, bucket: str, rules: Sequence[LifecycleRule]) -> None:
        """Replace all rules, at least one."""

    @abstractmethod
    def delete_lifecycle(self, bucket: str) -> None:
        """Remove all rules."""


@runtime_checkable
class SupportsLifecycleRuns(Protocol):
    """A store without a server of its own: a job runs the rules."""

    @abstractmethod
    def run_lifecycle(self, bucket: str, now: datetime) -> LifecycleReport:
        """Do what the rules say at this time."""


@runtime_checkable
class SupportsNotifications(Protocol):
    """Events that come to the caller."""

    @abstractmethod
    def watch(self, bucket: str, options: WatchOptions) -> EventFeed:
        """Return a feed of what happens from now on, or behind the cursor of the options."""


@runtime_checkable
class SupportsNotificationRules(Protocol):
    """Events that the server sends to queues, topics or functions."""

    @abstractmethod
    def get_notifications(self, bucket: str) -> list[NotificationRule]:
        """Return the rules; ``[]`` if there are none."""

    @abstractmethod
    def set_notifications(self, bucket: str, rules: Sequence[NotificationRule]) -> None:
        """Replace all rules; an empty sequence removes them."""


@runtime_checkable
class SupportsEncryption(Protocol):
    """Encryption at rest by the server, chosen object by object with ``encryption`` of the options.

    Attributes:
        encryptions: the kinds it takes.
    """

    encryptions: ClassVar[frozenset[type[SseS3 | SseKms | SseCustomer]]]


@runtime_checkable
class SupportsObjectLock(Protocol):
    """Versions that cannot be deleted, in a bucket made with ``object_lock`` (S3 user guide, "Using Object Lock").

    In any other bucket these raise ``UnsupportedOperation``. Deleting a locked version raises ``AccessDenied``.
    """

    @abstractmethod
    def get_retention(self, bucket: str, key: str, version: str | None = None) -> Retention | None:
        """Return how long the version cannot be deleted; None if it has no retention."""

    @abstractmethod
    def set_retention(
        self,
        bucket: str,
        key: str,
        retention: Retention | None,
        version: str | None = None,
        *,
        bypass_governance: bool = False,
    ) -> None:
        """Set it, or take it away; making it shorter needs the mode GOVERNANCE and ``bypass_governance``."""

    @abstractmethod
    def get_legal_hold(self, bucket: str, key: str, version: str | None = None) -> bool:
        """Return whether there is a legal hold on the version."""

    @abstractmethod
    def set_legal_hold(self, bucket: str, key: str, hold: bool, version: str | None = None) -> None:
        """Set a legal hold, or take it away."""

    @abstractmethod
    def get_default_retention(self, bucket: str) -> DefaultRetention | None:
        """Return the retention that new objects get; None if there is none."""

    @abstractmethod
    def set_default_retention(self, bucket: str, retention: DefaultRetention | None) -> None:
        """Set it, or take it away."""


@runtime_checkable
class SupportsPresign(Protocol):
    """Requests that are signed here and sent by clients without credentials, for ``presign.public_endpoint``.

    Signing makes no request, unless the store has to be asked what it honours; it is AWS Signature Version 4:
    nothing in a URL that is signed can be changed, and what its options bind is refused otherwise. Without credentials
    to sign with (anonymous) it is ``AccessDenied``, and a region that only the server knows is a
    ``ConfigurationError``.
    """

    @abstractmethod
    def presign_get(self, bucket: str, key: str, options: PresignGetOptions) -> str:
        """Return a URL that reads, with GET or HEAD as the options say, not with the other."""

    @abstractmethod
    def presign_put(self, bucket: str, key: str, options: PresignPutOptions) -> PresignedUpload:
        """Return a PUT of an object. ``if_none_match`` is given only if ``honours(bucket, key, Condition.PUT)``."""

    @abstractmethod
    def presign_parts(
        self, bucket: str, key: str, upload_id: str, sizes: Sequence[int], expires: int
    ) -> list[PresignedUpload]:
        """Return PUTs of the parts 1, 2, ... of an upload, each with its length in bytes bound."""

    @abstractmethod
    def presign_post(self, bucket: str, key: str, options: PresignPostOptions) -> PresignedPost:
        """Return a form that uploads an object."""

    @abstractmethod
    def verify_presigned(self, url: str, method: str | None, headers: Mapping[str, str]) -> PresignedClaims:
        """Return what a URL says, checked where the store's own keys signed it; none of ours is ``AccessDenied``.

        Args:
            url: the URL, as it was signed.
            method: what it is to be used for; None: whatever it is signed for.
            headers: those that the request brings, by their names in lower case.
        """


@runtime_checkable
class SupportsPresignKeys(Protocol):
    """A store without a server of its own: it signs with keys that it keeps, and ``serve`` answers what they signed."""

    @abstractmethod
    def presign_keys(self) -> Sequence[Credentials]:
        """Return the keys that are good, the one that signs first; makes one if there is none."""

    @abstractmethod
    def rotate_presign_key(self, *, revoke: bool) -> None:
        """Sign with a new key from now on; what former keys signed stays good until it expires, unless ``revoke``."""


@runtime_checkable
class SupportsCors(Protocol):
    """Rules for web pages of other origins, bucket by bucket; see ``CorsRule``."""

    @abstractmethod
    def get_cors(self, bucket: str) -> list[CorsRule]:
        """Return the rules, in their order; ``[]`` if there are none."""

    @abstractmethod
    def set_cors(self, bucket: str, rules: Sequence[CorsRule]) -> None:
        """Replace all rules, at least one."""

    @abstractmethod
    def delete_cors(self, bucket: str) -> None:
        """Remove all rules."""


CAPABILITIES: tuple[type, ...] = (
    SupportsVersioning,
    SupportsMultipart,
    SupportsTags,
    SupportsBucketTags,
    SupportsLifecycle,
    SupportsLifecycleRuns,
    SupportsNotifications,
    SupportsNotificationRules,
    SupportsEncryption,
    SupportsObjectLock,
    SupportsPresign,
    SupportsPresignKeys,
    SupportsCors,
)
"""All of them."""

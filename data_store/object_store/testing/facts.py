"""Single things that a server or a framework may lack, by name; ``exceptions.py`` says who does, and why.

A whole capability is named by its class (``SupportsTags``), conditions on a kind of write by a ``Condition``, and
everything else by a constant of this module.
"""

from __future__ import annotations

from data_store.object_store.models import Condition

__all__ = [
    "ABORTING_AGAIN",
    "BROKEN_UPLOADS",
    "CHECKSUMS_OF_COPIED_PARTS",
    "CLEARED_RETENTION",
    "CONCURRENT_UPLOADS",
    "CONDITIONS_WITH_VERSIONS",
    "COPIES_THAT_ENCRYPT",
    "CORS_HEADER_PATTERNS",
    "CORS_LATER_RULES",
    "CORS_MAX_AGE",
    "CORS_OF_EXPIRED_READS",
    "CORS_OF_EXPIRED_WRITES",
    "CORS_PREFLIGHTS",
    "DEFAULT_RETENTION",
    "DELETED_MARKERS_OF_MANY",
    "DELETED_NULL_MARKERS",
    "EMPTY_PARTS",
    "ENCRYPTED_COPIES",
    "ENCRYPTION_CUSTOMER",
    "ENCRYPTION_KMS",
    "ENCRYPTION_S3",
    "EVENTS_AT_ONCE",
    "FOLDED_SPACES",
    "FORM_ETAGS",
    "FORM_FILES",
    "FORM_LENGTHS",
    "FORM_NAMES",
    "FORM_REDIRECTS",
    "FORM_TYPE_LISTS",
    "FULL_METADATA",
    "KEPT_CHECKSUMS",
    "KEYS_BELOW_OBJECTS",
    "LIFECYCLE_ABORT",
    "LIFECYCLE_ABORT_AND_MORE",
    "LIFECYCLE_DELETE_MARKERS",
    "LIFECYCLE_NONCURRENT",
    "LIFECYCLE_NONCURRENT_KEEP",
    "LIFECYCLE_SIZES",
    "LIFECYCLE_SOON",
    "LIFECYCLE_TAGS",
    "LIFECYCLE_TAGS_AND_SIZES",
    "LIFECYCLE_TRANSITION",
    "LISTING_BELOW_OBJECTS",
    "LOCKED_UPLOADS",
    "LONG_METADATA_NAMES",
    "MARKERS_ARE_ABSENCE",
    "MARKERS_OVER_MARKERS",
    "MARKERS_WITHOUT_OBJECTS",
    "METADATA_UNDERSCORES",
    "OVERRIDES_OF_HEAD",
    "OVERRIDES_OF_RANGES",
    "PARTS_LEFT_OUT",
    "PICKLING",
    "PUBLIC_NAMES",
    "READS_WHILE_REPLACED",
    "RESUMED_EVENTS",
    "REVEALED_VERSIONS",
    "SEVERAL_RANGES",
    "SMALL_PARTS",
    "SMALL_SOURCES",
    "TAGS_IN_ONE_STEP",
    "TAGS_OF_UPLOADS",
    "TAGS_WITHOUT_ASCII",
    "TIMES_IN_SECONDS",
    "TOLD_NULL_MARKERS",
    "TOLD_NULL_VERSIONS",
    "UNSIGNED_ACCESS",
    "UNSIGNED_COPIES",
    "UNSIGNED_METADATA",
    "UNSIGNED_TAGS",
    "VERSIONS_OF_CHANGES",
    "Fact",
    "title",
]

Fact = type | str
"""A capability, a ``Condition``, or a constant of this module."""

PICKLING = "pickling a store"
LISTING_BELOW_OBJECTS = "listing 'a/b' where there is an object 'a'"
KEYS_BELOW_OBJECTS = "an object 'a/b' beside an object 'a'"
READS_WHILE_REPLACED = "reading an object whole while it is replaced"
FULL_METADATA = "2,048 bytes of metadata"
METADATA_UNDERSCORES = "underscores in names of metadata"
LONG_METADATA_NAMES = "names of metadata of 100 bytes"

CONDITIONS_WITH_VERSIONS = "conditional writes in a bucket with versions"
MARKERS_ARE_ABSENCE = "writing with if_none_match over a delete marker"
VERSIONS_OF_CHANGES = "a copy of a version onto itself, which is a new one"
REVEALED_VERSIONS = "revealing the newest version by removing a delete marker, where there is a version 'null'"
MARKERS_WITHOUT_OBJECTS = "a delete marker for a key that never was"
MARKERS_OVER_MARKERS = "a second delete marker above the first"
TOLD_NULL_VERSIONS = "telling of a write, and of a read without a version, that it is about the version 'null'"
TOLD_NULL_MARKERS = "telling that a deletion made the delete marker 'null'"
DELETED_NULL_MARKERS = "telling that a version 'null' that was deleted was a delete marker"
DELETED_MARKERS_OF_MANY = "telling by delete_objects that a version that was deleted was a delete marker"

PARTS_LEFT_OUT = "completing an upload without some of its parts"
SMALL_PARTS = "refusing parts under 5 MiB"
EMPTY_PARTS = "an upload of one empty part"
CONCURRENT_UPLOADS = "two uploads of one key in parts at once"
SMALL_SOURCES = "a part copied from an object under 3 KiB"
ABORTING_AGAIN = "telling that an upload to abort has ended already"

TAGS_OF_UPLOADS = "an upload in parts that is started with tags, and completed by anybody"
TAGS_IN_ONE_STEP = "large uploads, and copies, that have their tags at once"
TAGS_WITHOUT_ASCII = "tags in other letters than ASCII"

LIFECYCLE_DELETE_MARKERS = "lifecycle: expire_delete_markers"
LIFECYCLE_NONCURRENT = "lifecycle: noncurrent_days"
LIFECYCLE_NONCURRENT_KEEP = "lifecycle: noncurrent_keep"
LIFECYCLE_ABORT = "lifecycle: abort_uploads_after_days"
LIFECYCLE_ABORT_AND_MORE = "lifecycle: abort_uploads_after_days with another action"
LIFECYCLE_TRANSITION = "lifecycle: transition to a class of AWS"
LIFECYCLE_TAGS = "lifecycle: filter by tags"
LIFECYCLE_SIZES = "lifecycle: filter by size"
LIFECYCLE_TAGS_AND_SIZES = "lifecycle: filter by tags and sizes together"
LIFECYCLE_SOON = "lifecycle: rules that run within a test"

EVENTS_AT_ONCE = "events one by one"
RESUMED_EVENTS = "watching from a cursor"

ENCRYPTION_S3 = "encryption: SseS3"
ENCRYPTION_KMS = "encryption: SseKms"
ENCRYPTION_CUSTOMER = "encryption: SseCustomer"
COPIES_THAT_ENCRYPT = "encryption: copies that encrypt"
ENCRYPTED_COPIES = "encryption: copies of what is encrypted with SseKms or SseCustomer"

KEPT_CHECKSUMS = "checksums kept by the server"
CHECKSUMS_OF_COPIED_PARTS = "a part copied into an upload with a checksum"

TIMES_IN_SECONDS = "if_modified_since with the time that an object tells"

UNSIGNED_METADATA = "presigned uploads: refusing metadata that is not bound"
UNSIGNED_TAGS = "presigned uploads: refusing tags that are not bound"
UNSIGNED_ACCESS = "presigned uploads: refusing, or ignoring, an access rule that is not bound"
FOLDED_SPACES = "presigned uploads: telling a space of Unicode from that which was bound"
UNSIGNED_COPIES = "presigned uploads: refusing to copy another object instead"
OVERRIDES_OF_HEAD = "presigned HEAD: overridden headers"
OVERRIDES_OF_RANGES = "presigned GET of a range: overridden headers"
SEVERAL_RANGES = "refusing several ranges, or giving all of them"
BROKEN_UPLOADS = "presigned uploads: one that breaks off leaves the object as it was"
FORM_NAMES = "forms: the name of the file in the key"
FORM_FILES = "forms: refusing one without a file"
FORM_ETAGS = "forms: an answer with the ETag"
FORM_REDIRECTS = "forms: a redirect to a URL with a query"
FORM_TYPE_LISTS = "forms: refusing a list of types where a kind of types is bound"
FORM_LENGTHS = "forms: telling that a file is too long or too short"
PUBLIC_NAMES = "answering to any public name that a URL is signed for"

DEFAULT_RETENTION = "a default retention that new objects tell"
CLEARED_RETENTION = "taking a retention away"
LOCKED_UPLOADS = "retention and legal hold of an upload in parts"

CORS_PREFLIGHTS = "CORS: preflights that are answered by the rules of a bucket made over S3"
CORS_HEADER_PATTERNS = "CORS: a pattern among the headers that a request may bring"
CORS_LATER_RULES = "CORS: a second rule for an origin, for other methods or headers"
CORS_MAX_AGE = "CORS: telling browsers max_age"
CORS_OF_EXPIRED_READS = "CORS: letting pages read that a presigned URL to read has expired"
CORS_OF_EXPIRED_WRITES = "CORS: letting pages read that a presigned URL to write has expired"


def title(fact: Fact) -> str:
    """Return a fact in words, for a table."""
    if isinstance(fact, Condition):
        return f"conditions (`if_match`, `if_none_match`): {fact}"
    return f"`{fact.__name__}`" if isinstance(fact, type) else fact

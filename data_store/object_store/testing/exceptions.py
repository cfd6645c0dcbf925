"""The one table of what a server or framework cannot do, with the reason.

The conformance suite skips nothing: a case that meets an exception asserts what happens instead (for a key that is
refused: ``UnsupportedOperation`` with a reason, nothing stored and nothing else touched). An exception that no longer
holds fails its case, so the table cannot outlive its reasons.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from data_store.object_store.capabilities import (
    SupportsBucketTags,
    SupportsCors,
    SupportsLifecycle,
    SupportsNotificationRules,
    SupportsNotifications,
    SupportsObjectLock,
    SupportsTags,
    SupportsVersioning,
)
from data_store.object_store.models import Condition
from data_store.object_store.testing.facts import (
    ABORTING_AGAIN,
    BROKEN_UPLOADS,
    CHECKSUMS_OF_COPIED_PARTS,
    CLEARED_RETENTION,
    CONCURRENT_UPLOADS,
    CONDITIONS_WITH_VERSIONS,
    COPIES_THAT_ENCRYPT,
    CORS_HEADER_PATTERNS,
    CORS_LATER_RULES,
    CORS_MAX_AGE,
    CORS_OF_EXPIRED_READS,
    CORS_OF_EXPIRED_WRITES,
    CORS_PREFLIGHTS,
    DEFAULT_RETENTION,
    DELETED_MARKERS_OF_MANY,
    DELETED_NULL_MARKERS,
    EMPTY_PARTS,
    ENCRYPTED_COPIES,
    ENCRYPTION_CUSTOMER,
    ENCRYPTION_KMS,
    ENCRYPTION_S3,
    EVENTS_AT_ONCE,
    FOLDED_SPACES,
    FORM_ETAGS,
    FORM_FILES,
    FORM_LENGTHS,
    FORM_NAMES,
    FORM_REDIRECTS,
    FORM_TYPE_LISTS,
    FULL_METADATA,
    KEPT_CHECKSUMS,
    KEYS_BELOW_OBJECTS,
    LIFECYCLE_ABORT,
    LIFECYCLE_ABORT_AND_MORE,
    LIFECYCLE_DELETE_MARKERS,
    LIFECYCLE_NONCURRENT,
    LIFECYCLE_NONCURRENT_KEEP,
    LIFECYCLE_SIZES,
    LIFECYCLE_SOON,
    LIFECYCLE_TAGS,
    LIFECYCLE_TAGS_AND_SIZES,
    LIFECYCLE_TRANSITION,
    LISTING_BELOW_OBJECTS,
    LOCKED_UPLOADS,
    LONG_METADATA_NAMES,
    MARKERS_ARE_ABSENCE,
    MARKERS_OVER_MARKERS,
    MARKERS_WITHOUT_OBJECTS,
    METADATA_UNDERSCORES,
    OVERRIDES_OF_HEAD,
    OVERRIDES_OF_RANGES,
    PARTS_LEFT_OUT,
    PICKLING,
    PUBLIC_NAMES,
    READS_WHILE_REPLACED,
    RESUMED_EVENTS,
    REVEALED_VERSIONS,
    SEVERAL_RANGES,
    SMALL_PARTS,
    SMALL_SOURCES,
    TAGS_IN_ONE_STEP,
    TAGS_OF_UPLOADS,
    TAGS_WITHOUT_ASCII,
    TIMES_IN_SECONDS,
    TOLD_NULL_MARKERS,
    TOLD_NULL_VERSIONS,
    UNSIGNED_ACCESS,
    UNSIGNED_COPIES,
    UNSIGNED_METADATA,
    UNSIGNED_TAGS,
    VERSIONS_OF_CHANGES,
    Fact,
    title,
)

__all__ = [
    "CEPH_RGW",
    "CONCURRENT_UPLOADS",
    "FULL_METADATA",
    "GARAGE",
    "KEYS_BELOW_OBJECTS",
    "LISTING_BELOW_OBJECTS",
    "LONG_METADATA_NAMES",
    "MEMORY",
    "METADATA_UNDERSCORES",
    "MINIO",
    "NO_LIMITS",
    "PICKLING",
    "READS_WHILE_REPLACED",
    "TABLE",
    "VERSITYGW",
    "KeyRule",
    "Limits",
]


@dataclass(frozen=True, slots=True)
class KeyRule:
    """Keys that a server refuses.

    Attributes:
        rule: which keys, in words.
        reason: why.
        refuses: whether a key is one of them.
    """

    rule: str
    reason: str
    refuses: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one server or framework cannot do.

    Attributes:
        name: the server or framework.
        keys: the keys it refuses; each such write must end as ``UnsupportedOperation``.
        form_keys: further keys that it refuses in a form, where they are the value of a field.
        lacks: what it lacks (a capability, a ``Condition``, or a constant of ``facts``) -> the reason.
    """

    name: str = ""
    keys: tuple[KeyRule, ...] = ()
    form_keys: tuple[KeyRule, ...] = ()
    lacks: Mapping[Fact, str] = field(default_factory=dict)

    def refusal(self, key: str) -> KeyRule | None:
        """Return the rule by which a key is refused, or None if it must be taken."""
        return next((rule for rule in self.keys if rule.refuses(key)), None)

    def form_refusal(self, key: str) -> KeyRule | None:
        """Return the rule by which a form with a key is refused, or None if it must be taken."""
        return self.refusal(key) or next((rule for rule in self.form_keys if rule.refuses(key)), None)

    def rows(self) -> Iterator[tuple[str, str, str]]:
        """Yield where, what and why, for a table."""
        for rule in self.keys:
            yield self.name, f"a key with {rule.rule}", rule.reason
        for rule in self.form_keys:
            yield self.name, f"a form for a key with {rule.rule}", rule.reason
        for fact, reason in self.lacks.items():
            yield self.name, title(fact), reason


NO_LIMITS = Limits()

MEMORY = Limits(
    "memory",
    lacks={PICKLING: "the store lives in one process: another one would find it empty, so pickling it is an error"},
)

MINIO = Limits(
    "MinIO",
    keys=(
        KeyRule(
            "a leading '/'",
            "MinIO drops it in silence and would store another key, so it is refused before it is sent",
            lambda key: key.startswith("/"),
        ),
        KeyRule(
            "an empty segment ('a//b')",
            "MinIO maps keys to paths, where it means the same as 'a/b'",
            lambda key: "//" in key,
        ),
        KeyRule(
            "a segment '.' or '..', also with spaces around it or between backslashes",
            "MinIO maps keys to paths, where it means another directory",
            lambda key: any(segment.strip() in {".", ".."} for segment in re.split(r"[/\\]", key)),
        ),
        KeyRule(
            "a segment of more than 255 bytes",
            "MinIO maps keys to paths, and file systems take no longer names",
            lambda key: any(len(segment.encode()) > 255 for segment in key.split("/")),
        ),
    ),
    lacks={
        LISTING_BELOW_OBJECTS: "MinIO's listings do not look below an object: 'a/b' is stored and can be read, but is "
        "not listed until 'a' is deleted",
        FULL_METADATA: "MinIO counts the eleven bytes of 'x-amz-meta-' for each name as well and refuses what is over",
        Condition.DELETE: "MinIO ignores If-Match of a DELETE and would delete whatever is there",
        ABORTING_AGAIN: "to MinIO that is a success; an id of another shape is UploadNotFound there too",
        TAGS_WITHOUT_ASCII: "MinIO takes ASCII alone in the keys and values of tags (InvalidTag)",
        LIFECYCLE_ABORT: "MinIO refuses it: it aborts uploads by itself, after a day",
        LIFECYCLE_ABORT_AND_MORE: "MinIO would keep the other actions and drop this one in silence",
        LIFECYCLE_TRANSITION: "MinIO knows the tiers of its operator alone (InvalidStorageClass)",
        LIFECYCLE_SOON: "to MinIO a day is the shortest age, and it has no shorter days for tests",
        EVENTS_AT_ONCE: "the last releases of MinIO hold events back until 4 KiB have gathered",
        RESUMED_EVENTS: "MinIO's stream of events has no memory",
        CHECKSUMS_OF_COPIED_PARTS: "MinIO computes none for a part that it copies, and then misses it (InvalidPart)",
        ENCRYPTION_CUSTOMER: "MinIO takes keys of the caller over TLS alone, and the suite's server speaks HTTP",
        TOLD_NULL_VERSIONS: "MinIO names no version then; reads, copies and deletions take 'null' all the same",
        TOLD_NULL_MARKERS: "MinIO answers as without versions, and delete_objects speaks of a marker also where "
        "none was made; it is made, and listed as 'null'",
        DELETED_NULL_MARKERS: "MinIO names the version alone",
        DELETED_MARKERS_OF_MANY: "MinIO names the version alone",
        MARKERS_WITHOUT_OBJECTS: "MinIO makes none; delete_objects names one that is not there",
        MARKERS_OVER_MARKERS: "MinIO leaves the first, and makes a second one by delete_objects alone",
        SupportsCors: "MinIO has the rules of its operator alone, for all buckets: MINIO_API_CORS_ALLOW_ORIGIN",
        UNSIGNED_TAGS: "MinIO stores them",
        FOLDED_SPACES: "MinIO folds spaces of Unicode, as in U+00A0, and stores them",
        FORM_TYPE_LISTS: "MinIO takes 'image/png,text/html' for 'image/*', and browsers may take it for text/html",
        UNSIGNED_COPIES: "MinIO takes an x-amz-copy-source that is not signed: whoever has the URL of an upload "
        "can make it a copy of any object that the signer may read",
    },
)

CEPH_RGW = Limits(
    "Ceph RGW",
    form_keys=(
        KeyRule(
            "spaces at its ends",
            "Ceph RGW trims the values of fields, which then are not what the policy says",
            lambda key: key != key.strip(" "),
        ),
    ),
    lacks={
        METADATA_UNDERSCORES: "Ceph RGW stores them as dashes, without saying so",
        LONG_METADATA_NAMES: "Ceph RGW stores names as extended attributes, which have 100 bytes with their prefix "
        "(osd_max_attr_name_len), and answers 500 to longer ones",
        Condition.COMPLETE: "Ceph RGW ignores conditions of CompleteMultipartUpload and would replace whatever is "
        "there; what has one is a single PUT, up to 5 GiB",
        Condition.DELETE: "Ceph RGW ignores If-Match of a DELETE and would delete whatever is there",
        SupportsNotifications: "Ceph RGW sends events to topics alone",
        PARTS_LEFT_OUT: "Ceph RGW refuses to complete an upload (InvalidPart) unless all parts that arrived are named",
        LIFECYCLE_NONCURRENT_KEEP: "Ceph RGW would drop the number in silence, and delete all noncurrent versions",
        LIFECYCLE_SIZES: "Ceph RGW would drop the filter in silence, and expire objects of any size",
        LIFECYCLE_TAGS_AND_SIZES: "Ceph RGW would drop the sizes in silence",
        KEPT_CHECKSUMS: "Ceph RGW 16 ignores checksums, and accepts wrong ones: the signature protects what is sent, "
        "and reads are compared with the MD5, which objects in parts do not have",
        ENCRYPTION_S3: "Ceph RGW 16 ignores it and would store in the clear",
        COPIES_THAT_ENCRYPT: "Ceph RGW ignores the encryption of a copy and would store in the clear",
        ENCRYPTED_COPIES: "Ceph RGW cannot copy what is encrypted (NotImplemented); with SseKms, it can in parts",
        CONDITIONS_WITH_VERSIONS: "where a bucket ever had versions, Ceph RGW replaces in spite of if_none_match, and "
        "refuses any if_match",
        CLEARED_RETENTION: "Ceph RGW refuses an empty retention (MalformedXML); it can be made shorter",
        TOLD_NULL_VERSIONS: "Ceph RGW names no version then; reads, copies and deletions take 'null' all the same",
        DELETED_NULL_MARKERS: "Ceph RGW names the version alone",
        MARKERS_OVER_MARKERS: "to Ceph RGW the object is deleted already: it makes none, and names none",
        LOCKED_UPLOADS: "Ceph RGW drops the legal hold that an upload is started with; set it afterwards",
        TAGS_OF_UPLOADS: "Ceph RGW drops the tags that an upload is started with; set them once it is complete",
        UNSIGNED_METADATA: "Ceph RGW stores it",
        UNSIGNED_TAGS: "Ceph RGW stores them",
        SEVERAL_RANGES: "Ceph RGW gives the first one",
        FORM_FILES: "Ceph RGW stores an object all the same, of nothing or an empty line",
        FORM_ETAGS: "Ceph RGW sends it with the status 201, in XML, and with a redirect alone",
        FORM_REDIRECTS: "Ceph RGW appends a second '?'",
        FORM_TYPE_LISTS: "Ceph RGW takes 'image/png,text/html' for 'image/*', and browsers may take it for text/html",
        UNSIGNED_ACCESS: "with x-amz-acl: public-read, the object is public to read",
        UNSIGNED_COPIES: "Ceph RGW takes an x-amz-copy-source that is not signed: whoever has the URL of an upload can "
        "make it a copy of any object that the signer may read",
        PUBLIC_NAMES: "Ceph RGW takes a name that it is not configured with (rgw_dns_name) for that of a bucket",
        TAGS_IN_ONE_STEP: "Ceph RGW drops the tags of uploads in parts, and those that a copy replaces; they are set "
        "afterwards: a process that is killed in between leaves the object without tags",
        CORS_LATER_RULES: "Ceph RGW looks at the first rule for an origin alone: say all in one",
        CORS_OF_EXPIRED_READS: "Ceph RGW answers without the headers: a page sees that its request failed, not why",
        CORS_OF_EXPIRED_WRITES: "Ceph RGW answers without the headers: a page sees that its request failed, not why",
    },
)

VERSITYGW = Limits(
    "versitygw",
    keys=(
        KeyRule(
            "a leading '/'",
            "versitygw maps keys to paths and would drop it in silence, so it is refused before it is sent",
            lambda key: key.startswith("/"),
        ),
        KeyRule(
            "an empty segment ('a//b')",
            "versitygw maps keys to paths and would store 'a/b', so it is refused before it is sent",
            lambda key: "//" in key,
        ),
        KeyRule(
            "a segment '.' or '..'",
            "versitygw maps keys to paths and would store another key, so it is refused before it is sent",
            lambda key: any(segment in {".", ".."} for segment in key.split("/")),
        ),
        KeyRule(
            "a segment of more than 255 bytes",
            "versitygw maps keys to paths, and file systems take no longer names",
            lambda key: any(len(segment.encode()) > 255 for segment in key.split("/")),
        ),
        KeyRule(
            "a control character, U+FFFE or U+FFFF",
            "versitygw lists it as U+FFFD, since XML cannot hold it, so that the object would not be found again; "
            "it is refused before it is sent",
            lambda key: re.search("[\x01-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", key) is not None,
        ),
        KeyRule(
            "a trailing '/' and content",
            "versitygw maps keys to paths: it is a directory, which holds no content; an empty object is taken",
            lambda key: key.endswith("/"),
        ),
    ),
    form_keys=(
        KeyRule(
            "a newline",
            "versitygw takes no line feed without a carriage return in a form",
            lambda key: re.search("(?<!\r)\n", key) is not None,
        ),
    ),
    lacks={
        KEYS_BELOW_OBJECTS: "versitygw maps keys to paths, where 'a' cannot be a file and a directory; the second of "
        "the two is refused",
        READS_WHILE_REPLACED: "versitygw may send the ETag of the old object with the content of the new one, which "
        "data-store notices and reports as IntegrityError",
        SupportsLifecycle: "versitygw has no lifecycle rules (NotImplemented)",
        SupportsNotifications: "versitygw sends no events to clients",
        SupportsNotificationRules: "versitygw has no notifications of buckets (NotImplemented)",
        ENCRYPTION_S3: "versitygw ignores it and would store in the clear",
        ENCRYPTION_KMS: "versitygw ignores it and would store in the clear",
        ENCRYPTION_CUSTOMER: "versitygw ignores it and would store in the clear",
        CHECKSUMS_OF_COPIED_PARTS: "versitygw takes the whole source's for a part's: the object would have a wrong one",
        TIMES_IN_SECONDS: "versitygw compares fractions of a second, which it does not tell",
        DEFAULT_RETENTION: "versitygw keeps the default with the bucket: objects do not tell that they have it",
        MARKERS_ARE_ABSENCE: "versitygw takes a delete marker for an object: if_none_match='*' fails over one",
        VERSIONS_OF_CHANGES: "versitygw changes the version that is there, and makes no new one",
        REVEALED_VERSIONS: "versitygw reveals 'null', however old it is; the newer ones can be read as versions",
        CLEARED_RETENTION: "versitygw refuses an empty retention; it can be made shorter",
        TOLD_NULL_VERSIONS: "versitygw names no version then; reads, copies and deletions take 'null' all the same",
        MARKERS_WITHOUT_OBJECTS: "versitygw makes none",
        CORS_OF_EXPIRED_READS: "versitygw answers without the headers: a page sees that its request failed, not why",
        FORM_NAMES: "versitygw stores ${filename} as it stands, and checks the prefix before it resolves '..'",
        BROKEN_UPLOADS: "versitygw stores what has arrived, unless content_md5 or checksum_sha256 is bound",
    },
)

GARAGE = Limits(
    "Garage",
    keys=(
        KeyRule(
            "a leading '/'",
            "Garage drops it in silence and would store another key (with '/', touch the bucket itself), so it is "
            "refused before it is sent",
            lambda key: key.startswith("/"),
        ),
    ),
    form_keys=(
        KeyRule(
            "a control character other than a tab, or a byte order mark",
            "Garage takes fields for headers, which hold none (InvalidRequest)",
            lambda key: re.search("[\x01-\x08\x0a-\x1f\x7f\ufeff]", key) is not None,
        ),
    ),
    lacks={
        CONCURRENT_UPLOADS: "Garage forgets an upload when a younger one of the same key is completed; it then ends as "
        "UploadNotFound",
        SupportsVersioning: "Garage has no versions: it ignores the version of a read and of a deletion",
        SupportsTags: "Garage has no tags, and ignores those of an upload",
        SupportsBucketTags: "Garage has no tags",
        SupportsObjectLock: "Garage has no object lock, and ignores retention and legal hold of an upload",
        SupportsNotifications: "Garage sends no events",
        SupportsNotificationRules: "Garage sends no events",
        Condition.PUT: "Garage ignores conditions of writes and would replace whatever is there",
        Condition.COMPLETE: "Garage ignores conditions of writes and would replace whatever is there",
        Condition.DELETE: "Garage ignores If-Match of a DELETE and would delete whatever is there",
        SMALL_PARTS: "Garage takes parts of any size",
        EMPTY_PARTS: "Garage refuses an empty part",
        SMALL_SOURCES: "Garage copies no parts from objects that it keeps with their metadata, under 3 KiB",
        LIFECYCLE_DELETE_MARKERS: "Garage has no versions",
        LIFECYCLE_NONCURRENT: "Garage has no versions, and would drop the action in silence",
        LIFECYCLE_NONCURRENT_KEEP: "Garage has no versions, and would drop the action in silence",
        LIFECYCLE_ABORT_AND_MORE: "Garage would drop what is about versions in silence",
        LIFECYCLE_TRANSITION: "Garage has no storage classes, and would drop the action in silence",
        LIFECYCLE_TAGS: "Garage has no tags, and would drop the filter in silence: the rule would be about all objects",
        LIFECYCLE_TAGS_AND_SIZES: "Garage has no tags, and would drop that filter in silence",
        LIFECYCLE_SOON: "to Garage a day is the shortest age, and it runs its rules once a day",
        OVERRIDES_OF_HEAD: "Garage overrides the headers of a whole GET alone",
        OVERRIDES_OF_RANGES: "Garage overrides the headers of a whole GET alone",
        FOLDED_SPACES: "Garage folds spaces of Unicode, as in U+00A0, and stores them",
        FORM_LENGTHS: "Garage answers InvalidRequest to everything that a form may not",
        ENCRYPTION_S3: "Garage ignores it and would store in the clear",
        ENCRYPTION_KMS: "Garage ignores it and would store in the clear",
        CORS_PREFLIGHTS: "Garage does not know whose bucket is meant until a request is signed, and lets all pass; the "
        "answer to the request itself follows the rules, and so do preflights for buckets with a global name",
        CORS_HEADER_PATTERNS: "Garage answers browsers with the pattern, which they take for a name; a lone * works",
        CORS_MAX_AGE: "Garage keeps it, and does not tell it: browsers then take 5 s",
    },
)

TABLE: tuple[Limits, ...] = (MEMORY, MINIO, CEPH_RGW, VERSITYGW, GARAGE)
"""All exceptions that this project knows; ``docs/compatibility.md`` shows them."""

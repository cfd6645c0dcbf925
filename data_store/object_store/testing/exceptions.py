"""The one table of what a server or framework cannot do, with the reason.

The conformance suite skips nothing: a case that meets an exception asserts what happens instead (for a key that is
refused: ``UnsupportedOperation`` with a reason, nothing stored and nothing else touched). An exception that no longer
holds fails its case, so the table cannot outlive its reasons.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

__all__ = [
    "CEPH_RGW",
    "FULL_METADATA",
    "LISTING_BELOW_OBJECTS",
    "LONG_METADATA_NAMES",
    "MEMORY",
    "METADATA_UNDERSCORES",
    "MINIO",
    "NO_LIMITS",
    "PICKLING",
    "TABLE",
    "KeyRule",
    "Limits",
]

PICKLING = "pickling a store"
LISTING_BELOW_OBJECTS = "listing 'a/b' where there is an object 'a'"
FULL_METADATA = "2,048 bytes of metadata"
METADATA_UNDERSCORES = "underscores in names of metadata"
LONG_METADATA_NAMES = "names of metadata of 100 bytes"


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
        lacks: what it lacks (a constant of this module) -> the reason.
    """

    name: str = ""
    keys: tuple[KeyRule, ...] = ()
    lacks: Mapping[str, str] = field(default_factory=dict)

    def refusal(self, key: str) -> KeyRule | None:
        """Return the rule by which a key is refused, or None if it must be taken."""
        return next((rule for rule in self.keys if rule.refuses(key)), None)


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
    },
)

CEPH_RGW = Limits(
    "Ceph RGW",
    lacks={
        METADATA_UNDERSCORES: "Ceph RGW stores them as dashes, without saying so",
        LONG_METADATA_NAMES: "Ceph RGW stores names as extended attributes, which have 100 bytes with their prefix "
        "(osd_max_attr_name_len), and answers 500 to longer ones",
    },
)

TABLE: tuple[Limits, ...] = (MEMORY, MINIO, CEPH_RGW)
"""All exceptions that this project knows; ``docs/compatibility.md`` shows them."""

"""Answers that are well-formed XML of the right kind, and say what cannot be: none of it is believed."""

from __future__ import annotations

import pytest

from data_store.object_store.adapters.s3 import xml
from data_store.object_store.adapters.s3.answers import InvalidAnswer
from data_store.object_store.adapters.s3.xml_lifecycle import lifecycle_rules
from data_store.object_store.adapters.s3.xml_listing import object_page
from data_store.object_store.adapters.s3.xml_lock import default_retention, legal_hold, retention
from data_store.object_store.adapters.s3.xml_notifications import notification_rules
from data_store.object_store.adapters.s3.xml_tags import tags
from data_store.object_store.adapters.s3.xml_uploads import part_page, upload_page
from data_store.object_store.adapters.s3.xml_versions import version_page
from data_store.object_store.errors import UnsupportedOperation
from data_store.object_store.models import LifecycleRule, Transition

ENABLED = "<Status>Enabled</Status>"
EXPIRES = "<Expiration><Days>1</Days></Expiration>"
MOVES = "<Transition>{}</Transition>"
ABSURD = "7" + 25 * "Z"  # a ULID of the year 37,648
DATE = "<RetainUntilDate>2030-01-01T00:00:00Z</RetainUntilDate>"
GOVERNANCE = "<Mode>GOVERNANCE</Mode>"
LOCKS = "<ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>{}</DefaultRetention></Rule>"
TAG = "<Tag><Key>{}</Key><Value>{}</Value></Tag>"
PART = "<Part><PartNumber>{}</PartNumber><ETag>e</ETag></Part>"
CANNOT_BE = [
    (legal_hold, "LegalHold", ["", "<Status/>", "<Status>on</Status>", "<Status>PERHAPS</Status>"]),
    (
        retention,
        "Retention",
        [
            GOVERNANCE,
            f"{GOVERNANCE}<RetainUntilDate/>",
            DATE,
            f"<Mode/>{DATE}",
            f"{GOVERNANCE}<RetainUntilDate>some day</RetainUntilDate>",
            "<Something/>",
        ],
    ),
    (
        default_retention,
        "ObjectLockConfiguration",
        [
            "",
            "<ObjectLockEnabled>Disabled</ObjectLockEnabled>",
            LOCKS.format(""),
            LOCKS.format("<Days>1</Days>"),
            LOCKS.format(GOVERNANCE),
            LOCKS.format(f"{GOVERNANCE}<Days>0</Days>"),
            LOCKS.format(f"{GOVERNANCE}<Days>x</Days>"),
            LOCKS.format(f"{GOVERNANCE}<Days>1</Days><Years>1</Years>"),
        ],
    ),
    (
        tags,
        "Tagging",
        [
            "",
            "<TagSet><Tag><Value>v</Value></Tag></TagSet>",
            "<TagSet><Tag><Key/><Value>v</Value></Tag></TagSet>",
            f"<TagSet>{TAG.format('k', 1)}{TAG.format('k', 2)}</TagSet>",
        ],
    ),
    (
        part_page,
        "ListPartsResult",
        [
            *(PART.format(number) for number in (0, -1, 10_001, "x", "one", "")),
            PART.format(1) + PART.format(1),
            PART.format(1) + PART.format("01"),
            "<Part><ETag>e</ETag></Part>",
            "<Part><PartNumber>1</PartNumber></Part>",  # without an ETag it cannot be completed
            "<IsTruncated>true</IsTruncated>",
        ],
    ),
]


def rules(content: str) -> list[LifecycleRule]:
    """Return the rules of an answer with one."""
    return lifecycle_rules(xml.parse(f"<L><Rule><ID>a</ID>{content}</Rule></L>".encode()))


@pytest.mark.parametrize(
    "content",
    [
        EXPIRES,
        f"<Status/>{EXPIRES}",
        f"<Status>Maybe</Status>{EXPIRES}",
        f"<Status>enabled</Status>{EXPIRES}",
        f"{ENABLED}<Status>Disabled</Status>{EXPIRES}",
        f"{ENABLED}<Expiration><Days>0</Days></Expiration>",
        f"{ENABLED}<Expiration><Days>-1</Days></Expiration>",
        f"{ENABLED}<Expiration><Days>1.5</Days></Expiration>",
        f"{ENABLED}<Expiration><Days>soon</Days></Expiration>",
        f"{ENABLED}<Expiration><Days>\N{ARABIC-INDIC DIGIT ONE}</Days></Expiration>",
        f"{ENABLED}<Expiration><Days>1_0</Days></Expiration>",
        f"{ENABLED}<Expiration><Days/></Expiration>",
        f"{ENABLED}<Expiration><Days>{'9' * 5000}</Days></Expiration>",
        f"{ENABLED}<Expiration><Days>1</Days><Days>2</Days></Expiration>",
        f"{ENABLED}{EXPIRES}<Expiration><Days>2</Days></Expiration>",
        f"{ENABLED}<Expiration><Days>1</Days><Date>2030-01-01T00:00:00Z</Date></Expiration>",
        f"{ENABLED}<Expiration><Date>tomorrow</Date></Expiration>",
        f"{ENABLED}<Expiration><ExpiredObjectDeleteMarker>perhaps</ExpiredObjectDeleteMarker></Expiration>",
        f"{ENABLED}<NoncurrentVersionExpiration><NoncurrentDays>0</NoncurrentDays></NoncurrentVersionExpiration>",
        f"{ENABLED}{EXPIRES}<AbortIncompleteMultipartUpload><DaysAfterInitiation>0</DaysAfterInitiation>"
        "</AbortIncompleteMultipartUpload>",
        ENABLED + MOVES.format("<Days>1</Days>"),
        ENABLED + MOVES.format("<StorageClass>GLACIER</StorageClass>"),
        ENABLED + MOVES.format("<StorageClass>G</StorageClass><Days>1</Days><Date>2030-01-01T00:00:00Z</Date>"),
        f"{ENABLED}{EXPIRES}<Filter><Tag><Value>v</Value></Tag></Filter>",
        f"{ENABLED}{EXPIRES}<Filter><And><Tag><Key>k</Key></Tag><Tag><Key>k</Key></Tag></And></Filter>",
        f"{ENABLED}{EXPIRES}<Filter><ObjectSizeLessThan>0</ObjectSizeLessThan></Filter>",
        f"{ENABLED}{EXPIRES}<Filter><ObjectSizeGreaterThan>-1</ObjectSizeGreaterThan></Filter>",
        f"{ENABLED}{EXPIRES}<Filter><Prefix>a</Prefix></Filter><Prefix>b</Prefix>",
        f"{ENABLED}{EXPIRES}<Filter><Prefix>a</Prefix><Prefix>b</Prefix></Filter>",
    ],
)
def test_a_lifecycle_rule_that_cannot_be_is_refused(content):
    """What a program does by it would be something else than what the server does."""
    with pytest.raises(InvalidAnswer):
        rules(content)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (ENABLED, "no action"),
        (
            f"{ENABLED}<Expiration><ExpiredObjectDeleteMarker>false</ExpiredObjectDeleteMarker></Expiration>",
            "no action",
        ),
        (
            f"{ENABLED}<NoncurrentVersionExpiration><NewerNoncurrentVersions>3</NewerNoncurrentVersions>"
            "</NoncurrentVersionExpiration>",
            "without NoncurrentDays",
        ),
    ],
)
def test_a_lifecycle_rule_that_servers_have_and_the_model_has_not_is_refused_by_name(content, named):
    """Garage drops actions that it does not know; MinIO counts versions without days."""
    with pytest.raises(UnsupportedOperation, match=named):
        rules(content)


def test_a_lifecycle_rule_may_have_no_id_and_move_at_once():
    """Garage leaves the id out where none was given; S3 takes 0 days for a transition."""
    document = f"<L><Rule>{ENABLED}{MOVES.format('<StorageClass>G</StorageClass><Days>0</Days>')}</Rule></L>"
    moves = LifecycleRule("", transition=Transition(storage_class="G", after_days=0))
    assert lifecycle_rules(xml.parse(document.encode())) == [moves]


@pytest.mark.parametrize(
    ("read", "root", "content"), [(read, root, each) for read, root, contents in CANNOT_BE for each in contents]
)
def test_what_cannot_be_is_refused(read, root, content):
    """Half of it is not none: a version would pass for one that is not locked, say."""
    with pytest.raises(InvalidAnswer):
        read(xml.parse(f"<{root}>{content}</{root}>".encode()))


def test_the_first_and_the_last_part_number_are_taken():
    """With what may be missing or empty of a part."""
    parts = PART.format(10_000) + PART.format(1)
    found = part_page(xml.parse(f"<ListPartsResult><IsTruncated/>{parts}</ListPartsResult>".encode()))
    assert [part.part_number for part in found.parts] == [1, 10_000]


@pytest.mark.parametrize("size", ["-1", "", "x", "1.0", "+1", "1_0", "9" * 5000])
@pytest.mark.parametrize(
    "read",
    [
        lambda size: part_page(listing("Part", f"<PartNumber>1</PartNumber><ETag>e</ETag>{size}")),
        lambda size: version_page(listing("Version", f"<Key>k</Key><VersionId>v</VersionId>{size}"), ""),
        lambda size: object_page(listing("Contents", f"<Key>k</Key>{size}"), ""),
    ],
    ids=["part", "version", "object"],
)
def test_a_size_that_cannot_be_is_refused(read, size):
    """In each kind of listing."""
    with pytest.raises(InvalidAnswer):
        read(f"<Size>{size}</Size>")


def listing(name: str, *entries: str, more: str = ""):
    """Return a listing."""
    items = "".join(f"<{name}>{entry}</{name}>" for entry in entries)
    return xml.parse(f"<Listing>{more}{items}</Listing>".encode())


@pytest.mark.parametrize("told", ["TRUE", "yes", "1", " true"])
@pytest.mark.parametrize(
    "read",
    [
        part_page,
        lambda root: upload_page(root, "b", ""),
        lambda root: version_page(root, ""),
        lambda root: object_page(root, ""),
    ],
    ids=["parts", "uploads", "versions", "objects"],
)
def test_a_listing_that_may_go_on_is_not_taken_for_a_whole_one(read, told):
    """S3 says true or false."""
    with pytest.raises(InvalidAnswer):
        read(listing("X", more=f"<IsTruncated>{told}</IsTruncated>"))


def test_a_version_that_is_a_delete_marker_as_well_is_refused():
    """One of them cannot be."""
    entry = "<Key>k</Key><VersionId>v</VersionId>"
    with pytest.raises(InvalidAnswer, match="as well"):
        version_page(xml.parse(f"<L><Version>{entry}</Version><DeleteMarker>{entry}</DeleteMarker></L>".encode()), "")


def test_an_id_with_a_time_that_no_calendar_has_is_an_id():
    """It is opaque, and at the most younger than all others."""
    entry = "<Key>k</Key><VersionId>{}</VersionId>"
    known = "01M7Y7KVAHYY14AFXRQ95PWP3N"
    found = version_page(listing("Version", *(entry.format(each) for each in (known, "null", ABSURD))), "")
    assert [version.version_id for version in found.versions] == [ABSURD, known, "null"]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "<Event>s3:ObjectCreated:*</Event><Filter><S3Key><FilterRule><Name>colour</Name></FilterRule></S3Key></Filter>",
        "<Event>s3:ObjectCreated:*</Event><Filter><S3Key><FilterRule><Value>p</Value></FilterRule></S3Key></Filter>",
        "<Event>s3:ObjectCreated:*</Event><Filter><S3Key><FilterRule><Name>prefix</Name></FilterRule>"
        "<FilterRule><Name>Prefix</Name></FilterRule></S3Key></Filter>",
    ],
)
def test_a_notification_rule_that_cannot_be_is_refused(content):
    """Without events, or with a filter that would be overlooked."""
    rule = f"<QueueConfiguration><Queue>arn:aws:sqs:::q</Queue>{content}</QueueConfiguration>"
    with pytest.raises(InvalidAnswer):
        notification_rules(xml.parse(f"<N>{rule}</N>".encode()))


def test_a_notification_rule_that_chooses_by_tags_has_no_model():
    """Ceph has those: without them the rule would be wider than it is."""
    chosen = "<Filter><S3Tags><FilterRule><Name>k</Name><Value>v</Value></FilterRule></S3Tags></Filter>"
    rule = f"<TopicConfiguration><Topic>arn:aws:sns:::t</Topic><Event>s3:ObjectCreated:*</Event>{chosen}"
    with pytest.raises(UnsupportedOperation, match="S3Tags"):
        notification_rules(xml.parse(f"<N>{rule}</TopicConfiguration></N>".encode()))

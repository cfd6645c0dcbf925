"""The XML of the S3 protocol, from servers of several minds."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_store.object_store.adapters.s3 import xml
from data_store.object_store.adapters.s3.answers import InvalidAnswer
from data_store.object_store.adapters.s3.xml_listing import object_page
from data_store.object_store.models import ObjectIdentifier

PAGE = """<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated><NextContinuationToken>to+ken%20</NextContinuationToken>
<Contents><Key>{key}</Key><LastModified>2026-01-02T03:04:05.678Z</LastModified><ETag>&quot;{etag}&quot;</ETag>
<Size>7</Size><StorageClass>STANDARD</StorageClass></Contents>
<CommonPrefixes><Prefix>a+b%2Fc/</Prefix></CommonPrefixes></ListBucketResult>"""


@pytest.mark.parametrize(
    ("key", "expected"), [("a+b", "a b"), ("a%20b", "a b"), ("a%2Bb", "a+b"), ("%0A%252F", "\n%2F")]
)
def test_keys_of_a_listing_are_decoded_as_every_server_encodes_them(key, expected):
    """AWS and MinIO write a space as ``+``, Ceph as ``%20``; a plus sign is ``%2B`` to all."""
    page = object_page(xml.parse(PAGE.format(key=key, etag="e").encode()), "")
    assert [found.key for found in page.objects] == [expected]


def test_a_listing_gives_bare_etags_aware_times_and_an_untouched_cursor():
    """What a listing does not report is None: metadata, and whether the ETag is an MD5."""
    page = object_page(xml.parse(PAGE.format(key="k", etag="0" * 32).encode()), "")
    found = page.objects[0]
    assert (found.size, found.etag, found.storage_class) == (7, "0" * 32, "STANDARD")
    assert found.updated_time == datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
    assert (found.metadata, found.checksums, found.content_type) == (None, None, None)
    assert (page.prefixes, page.cursor) == (("a b/c/",), "to+ken%20")


@pytest.mark.parametrize(("right", "wrong"), [("<Size>7<", "<Size>seven<"), ("2026-01-02T", "yesterday")])
def test_a_listing_with_impossible_values_is_refused(right, wrong):
    """As an answer that is none, not as a mistake of the caller."""
    with pytest.raises(InvalidAnswer, match="cannot be"):
        object_page(xml.parse(PAGE.format(key="k", etag="e").replace(right, wrong).encode()), "")


def test_the_last_page_has_no_cursor():
    """Whatever token stands there."""
    last = PAGE.format(key="k", etag="e").replace("true", "false")
    assert object_page(xml.parse(last.encode()), "").cursor is None


@pytest.mark.parametrize(
    "document",
    [
        '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>',
        '<!DOCTYPE a SYSTEM "http://127.0.0.1/x.dtd"><a/>',
        "<!DOCTYPE html><html><p>&#x01;</p></html>",
    ],
)
def test_a_document_type_declaration_is_refused(document):
    """No entity is expanded, none is fetched."""
    with pytest.raises(InvalidAnswer, match="document type"):
        xml.parse(document.encode())


@pytest.mark.parametrize(
    "document", ["", "text", "<a>", "<html><p>one<br></html>", "<a>&nope;</a>", "<a>&#x110000;</a>"]
)
def test_what_is_no_xml_is_said_to_be_none(document):
    """An error page, an empty answer, a cut one."""
    with pytest.raises(InvalidAnswer, match="no XML"):
        xml.parse(document.encode())


def test_references_that_xml_forbids_are_read_as_what_they_mean():
    """Ceph writes the control characters of a key so, in a continuation token for one."""
    root = xml.parse("<a><b>x&#x01;y&#31;&#10;&#xA;&amp;\x02\ufffe</b></a>".encode())
    assert root.findtext("b") == "x\x01y\x1f\n\n&\x02\ufffe"


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_text_survives_a_server_that_escapes_it_however_oddly(text):
    """Every character as a reference, legal in XML or not."""
    document = "<a>" + "".join(f"&#x{ord(character):x};" for character in text) + "</a>"
    if "\0" not in text:
        assert xml.parse(document.encode()).text == text


def test_the_body_of_a_bulk_delete_keeps_keys_as_they_are():
    """Markup is escaped, and line ends, which a parser would change."""
    keys = ["a&b<c>", "cr\rlf\n", "tab\t", "ü🎉"]
    root = xml.parse(xml.delete_request(ObjectIdentifier(key, "v" if key == keys[0] else None) for key in keys))
    assert [found.text for found in root.iter("Key")] == keys
    assert [found.text for found in root.iter("VersionId")] == ["v"]


@pytest.mark.parametrize(("key", "fits"), [("a\n\r\tb", True), ("🎉", True), ("\x01", False), ("\ufffe", False)])
def test_some_keys_fit_into_no_xml(key, fits):
    """XML 1.0 cannot hold most control characters, not even escaped."""
    assert xml.fits_xml(key) is fits


def test_a_time_without_a_zone_is_utc():
    """S3 knows no other."""
    assert xml.time("2026-01-02T03:04:05") == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

"""Pages of objects, which are read as columns where their entries are plain: no other way than by a parser."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote, quote_plus, unquote_plus
from xml.etree.ElementTree import Element, fromstring
from xml.sax.saxutils import escape

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from data_store.object_store.adapters.s3 import xml_listing
from data_store.object_store.adapters.s3.answers import InvalidAnswer
from data_store.object_store.adapters.s3.api import S3Api
from data_store.object_store.adapters.s3.exchange import AnswerError
from data_store.object_store.adapters.s3.xml import parse
from data_store.object_store.adapters.s3.xml_listing import object_page, plain_page
from data_store.object_store.models import ListOptions, ObjectMetadata, ObjectPage
from tests.unit.s3_server import Answer, RecordingServer

DECLARED = '<?xml version="1.0" encoding="UTF-8"?>\n'
NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
ENTRY = (
    "<Contents><Key>{key}</Key><LastModified>2026-01-02T03:04:05.678Z</LastModified><ETag>&quot;e&quot;</ETag>"
    "<Size>7</Size>{more}<StorageClass>STANDARD</StorageClass></Contents>"
)
PLAIN = ENTRY.format(key="k", more="")


def listing(content: str, root: str = "ListBucketResult", before: str = DECLARED) -> bytes:
    """Return an answer."""
    return f'{before}<{root} xmlns="{NAMESPACE}">{content}</{root}>'.encode()


SAMPLE = listing(PLAIN * 2 + "<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes>")


def read_plainly(data: bytes) -> ObjectPage:
    """Return a page as it stands in the S3 API reference, read with the standard library."""
    root = fromstring(data)

    decode = unquote_plus if root.findtext("{*}EncodingType") == "url" else str
    objects = (
        ObjectMetadata(
            key=decode(item.findtext("{*}Key") or ""),
            size=int(item.findtext("{*}Size") or 0) if item.find("{*}Size") is not None else None,
            etag=(item.findtext("{*}ETag") or "").strip('"') or None,
            updated_time=aware(item),
            storage_class=item.findtext("{*}StorageClass") or None,
        )
        for item in root.iterfind("{*}Contents")
    )
    prefixes = tuple(decode(item.findtext("{*}Prefix") or "") for item in root.iterfind("{*}CommonPrefixes"))
    cursor = root.findtext("{*}NextContinuationToken") if root.findtext("{*}IsTruncated") == "true" else None
    return ObjectPage(tuple(objects), prefixes, cursor)


def aware(item: Element) -> datetime | None:
    """Return the time of an entry."""
    told = item.findtext("{*}LastModified")
    moment = datetime.fromisoformat(told) if told else None
    return moment.replace(tzinfo=moment.tzinfo or UTC) if moment else None


def outcome(data: bytes) -> ObjectPage | type[InvalidAnswer]:
    """Return what the parser makes of an answer."""
    try:
        return object_page(parse(data.lstrip()), "")
    except InvalidAnswer:
        return InvalidAnswer


def quick_outcome(data: bytes) -> ObjectPage | type[InvalidAnswer] | None:
    """Return what is made of an answer without a parser for its entries."""
    try:
        return plain_page(data, "")
    except InvalidAnswer:
        return InvalidAnswer


# generated documents

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), min_size=1)
keys = st.one_of(texts, texts.map(quote), texts.map(quote_plus), st.text("ab%2F0+ ", min_size=1), st.just("a\tb\nc"))


def element(name: str, *contents: str) -> st.SearchStrategy[str]:
    """Return an element with one of these texts, written as XML can be written."""
    sections = [f"<![CDATA[{text}]]>" for text in contents if "]]>" not in text]
    odd = [f"{escape(text)}<!-- {PLAIN} --><Key>inner</Key>" for text in contents]
    references = ["".join(f"&#x{ord(character):x};" for character in text) for text in contents]
    usual = [escape(text, {'"': "&quot;"}) for text in contents] * 8
    told = st.sampled_from([*usual, *map(escape, contents), *sections, *references, *odd])
    return told.map(lambda text: f"<{name}>{text}</{name}>")


OTHERS = [
    "<Owner><ID>i</ID><DisplayName>d</DisplayName></Owner>",
    "<Owner><Key>inner</Key></Owner>",
    "<Type>Normal</Type>",
    "<ChecksumAlgorithm>CRC32</ChecksumAlgorithm>",
    "<ChecksumType/>",
    f"<RestoreStatus>{PLAIN}</RestoreStatus>",
    "\n  ",
    "<!-- a comment -->",
    "<?an instruction?>",
    "<Key>second</Key>",
    "<Size>2</Size>",
]


@st.composite
def entries(draw: st.DrawFn) -> str:
    """An entry, in any order, with more or less in it than usual."""
    optional = [
        element("LastModified", "2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05", "2026-01-02T03:04:05+02:00", ""),
        element("ETag", '"e"', "e", "", '"', '""e', 'e"f'),
        element("Size", "0", "0012", "9" * 19),
        element("StorageClass", "STANDARD", "", "a&b"),
    ]
    left_out = draw(st.integers(0, 9))
    children = [draw(field) for number, field in enumerate(optional) if number != left_out]
    children += draw(st.lists(st.sampled_from(OTHERS), max_size=2))
    key = draw(keys.flatmap(lambda key: element("Key", key)))
    return f"<Contents>{''.join(draw(st.permutations([key, *children])))}</Contents>"


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    """A page."""
    run = "".join(draw(st.lists(st.one_of(st.just(PLAIN), entries()), max_size=4)))
    parts = [
        draw(
            st.sampled_from([run, run, f"<!-- {PLAIN} -->{run}", f"<Other>{PLAIN}</Other>{run}", f"\n{run}\n{PLAIN}"])
        ),
        draw(st.sampled_from(["", "<EncodingType>url</EncodingType>", "<EncodingType></EncodingType>"])),
        draw(st.sampled_from(["", "<IsTruncated>false</IsTruncated>", "<IsTruncated>true</IsTruncated>"])),
        draw(st.sampled_from(["", "<CommonPrefixes><Prefix>p%2F</Prefix></CommonPrefixes>", "<Contents/>"])),
        "<NextContinuationToken>t&amp;&lt;</NextContinuationToken>",
    ]
    before = draw(
        st.sampled_from([DECLARED, DECLARED, "", "\n", '<?xml version="1.0"?>', f"{DECLARED}<!-- {PLAIN} -->"])
    )
    root = draw(st.sampled_from(["ListBucketResult", f'ListBucketResult xmlns="{NAMESPACE}"']))
    return f"{before}<{root}>{''.join(draw(st.permutations(parts)))}</ListBucketResult>".encode()


@settings(deadline=None)
@given(documents())
def test_a_page_says_what_the_standard_library_reads_in_it(data: bytes) -> None:
    """Any order, unknown elements, comments, sections, references, with a namespace or none."""
    expected = read_plainly(data.lstrip())
    if not all(found.key for found in expected.objects):
        assert outcome(data) is InvalidAnswer
        assert quick_outcome(data) in (InvalidAnswer, None)
        return
    assert outcome(data) == expected
    assert quick_outcome(data) in (expected, None)


@settings(deadline=None)
@given(st.lists(texts.map(quote_plus), min_size=1), st.integers(0, 10**19 - 1), st.datetimes(), st.sampled_from("!a~"))
def test_plain_pages_are_read_without_a_parser(
    keys: list[str], size: int, moment: datetime, storage_class: str
) -> None:
    """And say what the standard library reads in them."""
    told = {"<Size>7": f"<Size>{size}", "2026-01-02T03:04:05.678Z": moment.isoformat(), "STANDARD": storage_class}
    run = "".join(ENTRY.format(key=key, more="") for key in keys)
    for usual, value in told.items():
        run = run.replace(usual, value)
    data = listing(f"{PLAIN}{run}<EncodingType>url</EncodingType>")
    assert plain_page(data, "") == read_plainly(data)


@settings(deadline=None)
@given(
    st.integers(0, len(SAMPLE)),
    st.integers(0, 30),
    st.sampled_from(
        ["", "<", ">", "&", "/", '"', "\r", "\x01", "\xff", "<!--", "-->", "]]>", "<Key>", "<Contents>", PLAIN]
    ),
)
def test_a_page_that_was_damaged_is_never_read_otherwise_than_by_the_parser(start: int, length: int, put: str) -> None:
    """What it refuses is refused, what it takes means the same."""
    data = SAMPLE[:start] + put.encode("latin-1") + SAMPLE[start + length :]
    assert quick_outcome(data) in (outcome(data), None)


@pytest.mark.parametrize(
    "entry",
    [
        PLAIN,
        ENTRY.format(key="a%2Fb+c%20d", more="<Type>Normal</Type>"),
        ENTRY.format(key="ü/🎉", more="<Owner><ID>i</ID><DisplayName>d</DisplayName></Owner>"),
        "<Contents><LastModified>2026-01-02T03:04:05Z</LastModified><ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm>"
        "<ChecksumType>FULL_OBJECT</ChecksumType><ETag>&#34;e&#34;</ETag><Key>k</Key><Size>3</Size>"
        "<StorageClass>STANDARD</StorageClass></Contents>",
    ],
    ids=["MinIO, Garage", "Ceph", "AWS", "versitygw"],
)
def test_entries_as_servers_write_them_are_plain(entry: str) -> None:
    """Otherwise listings are right, and take four times as long."""
    data = listing(entry * 3 + "<EncodingType>url</EncodingType>")
    page = plain_page(data, "")
    assert page is not None
    assert page == read_plainly(data)
    assert len(page.objects) == 3


@pytest.mark.parametrize(
    "data",
    [
        listing(f"<Other>{PLAIN}</Other>"),
        listing(f"<Other>{PLAIN}</Other><Contents/>"),
        listing(f"<!-- {PLAIN} -->"),
        listing(f"<![CDATA[{PLAIN}]]>"),
        listing(f"<?about {PLAIN} ?>"),
        listing(PLAIN, before='<?xml version="1.0" encoding="ISO-8859-1"?>'),
        listing(PLAIN, before="<!DOCTYPE ListBucketResult>"),
        listing(f"{PLAIN}<Contents a='1'><Key>l</Key></Contents>"),
        listing(f"{PLAIN}<Name/>{PLAIN}"),
        listing(PLAIN, root="Error"),
        listing(PLAIN).decode().encode("utf-16"),
        listing(PLAIN.replace("<Key>k</Key>", "")),
        listing(""),
        b"",
    ],
)
def test_what_is_no_plain_listing_is_left_to_the_parser(data: bytes) -> None:
    """Entries that are none, that would be missing, or that would mean something else."""
    assert plain_page(data, "") is None


@pytest.mark.parametrize("content", [PLAIN, PLAIN.replace("<Size>", "<Size> ")])
@pytest.mark.parametrize(
    ("wrong", "prefix"),
    [
        (listing("{}<IsTruncated>true</IsTruncated>"), ""),
        (listing("{}<IsTruncated>perhaps</IsTruncated>"), ""),
        (listing("{}<CommonPrefixes><Prefix/></CommonPrefixes>"), ""),
        (listing("{}"), "other/"),
        (listing("{}<Name>"), ""),
        (listing("{}") + b"<a/>", ""),
    ],
)
def test_a_page_that_cannot_be_is_refused(
    server: RecordingServer, api: S3Api, content: str, wrong: bytes, prefix: str
) -> None:
    """Plain or not."""
    server.answers = [Answer(body=wrong.replace(b"{}", content.encode()))]
    with pytest.raises(InvalidAnswer):
        api.list_page("b", prefix, ListOptions())


def test_an_error_in_the_place_of_a_page_is_raised(server: RecordingServer, api: S3Api) -> None:
    """With status 200; whatever else is in it."""
    server.answers = [Answer(body=f"<Error><Code>SlowDown</Code>{PLAIN}</Error>".encode())]
    with pytest.raises(AnswerError) as caught:
        api.list_page("b", "", ListOptions())
    assert caught.value.code == "SlowDown"


def test_the_cursor_of_a_plain_page_may_hold_what_xml_cannot(server: RecordingServer, api: S3Api) -> None:
    """Ceph writes control characters of a key into it, as references."""
    more = "<IsTruncated>true</IsTruncated><NextContinuationToken>a&#x01;b</NextContinuationToken>"
    server.answers = [Answer(body=listing(PLAIN + more))]
    page = api.list_page("b", "", ListOptions())
    assert (page.cursor, [found.key for found in page.objects]) == ("a\x01b", ["k"])


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])))
@example("%2%20%%2F%%2041%C3%20%A9+%2B%e2%82%ac%FFü")
def test_keys_are_decoded_as_the_standard_library_does(encoded: str) -> None:
    """Broken escapes included."""
    assert xml_listing._decoded(encoded) == unquote_plus(encoded)
